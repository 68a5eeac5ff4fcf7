//! Logins that are kept and shared, and rows that belong to one user at a time.

use std::collections::BTreeSet;

use super::*;

/// Two identities, drawn one after the other; the login takes 100 ms.
fn with_session(more: &str, journey: &str, load: &str) -> Arc<Plan> {
    plan_of(&format!(
        "feeders: {{ users: {{ csv: two.csv, pick: sequential }}, one: {{ csv: one.csv }}, \
           own: {{ csv: two.csv, pick: unique }}, cities: {{ csv: cities.csv }} }}\n\
         sessions: {{ s: {{ feed: users, {more} steps: [ {{ post: /login, json: {{ email: '${{email}}' }}, \
           check: status == 200, capture: {{ token: $.token }} }} ], \
           use: {{ headers: {{ authorization: '${{token}}' }} }} }} }}\n\
         journeys: {{ j: {{ session: s, {journey} }} }}\nload: [ {load} ]"
    ))
}

const STEPS: &str = "steps: [ { get: /me, headers: { x-who: '${email}' } } ]";

/// A server with logins: gives numbered tokens and accepts those that it has not forgotten.
#[derive(Default)]
struct Shop {
    logins: Vec<(String, Nanos)>,
    forgotten: BTreeSet<String>,
    seen: Vec<(String, String)>,
    refuse: bool,
}

impl Shop {
    fn serve(&mut self, request: &Request, now: Nanos) -> Said {
        if request.target() == "/login" {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let who = body["email"].as_str().unwrap().to_owned();
            self.logins.push((who.clone(), now));
            let token = format!("{who}#{}", self.logins.len());
            let body = format!(r#"{{"token":"{token}"}}"#);
            let status = if self.refuse { 403 } else { 200 };
            return (now + ms(100), Ok(answer(status, &[], &body)));
        }
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let token = header("authorization");
        self.seen.push((token.clone(), header("x-who")));
        let known = token.contains('#') && !self.forgotten.contains(&token);
        (now + ms(10), status(if known { 200 } else { 401 }))
    }
}

fn at_shop(plan: &Arc<Plan>, shop: &mut Shop) -> Ran {
    play(plan, |request, now| shop.serve(request, now))
}

#[test]
fn an_identity_logs_in_once_and_all_its_journeys_share_it() {
    let plan = with_session("", STEPS, "{ phase: p, rate: 100/s, for: 1s }");
    let mut shop = Shop::default();
    let ran = at_shop(&plan, &mut shop);
    assert_eq!(shop.logins.len(), 2);
    assert_eq!(shop.seen.len(), 100);
    assert!(shop.seen.iter().all(|(token, who)| token.starts_with(who)), "{:?}", shop.seen);
    assert_eq!(ran.counts("POST /login").started, 2);
    // The login is outside of the times of the step that waited for it.
    assert_near(ran.values("GET /me", Metric::Response).max(), ms(10));
    assert_eq!(ran.journeys().failed(), 0);
}

#[test]
fn a_shared_login_shares_nothing_but_itself() {
    let steps = "feed: cities, steps: [ { get: '/${city}', capture: { seen: 'header x-seen' } }, \
                 { get: '/again/${city}/${seen}' } ]";
    let plan = with_session("", steps, "{ phase: p, rate: 100/s, for: 1s }");
    let mut shop = Shop::default();
    let mut paths = Vec::new();
    let mut calls = 0;
    play(&plan, |request, now| {
        if request.target() == "/login" {
            return shop.serve(request, now);
        }
        paths.push(request.target().to_owned());
        calls += 1;
        // Every 17th request is refused once, so that logins happen within journeys, too.
        if calls % 17 == 0 {
            return (now + MS, status(401));
        }
        (now + MS, Ok(answer(200, &[("x-seen", request.target().trim_start_matches('/'))], "")))
    });
    for city in ["Aachen", "Bonn", "Celle", "Duisburg"] {
        let visits = paths.iter().filter(|path| **path == format!("/{city}")).count();
        assert!((25..=37).contains(&visits), "{city}: {visits}");
        let again = paths.iter().filter(|path| path.starts_with(&format!("/again/{city}/")));
        assert!(again.clone().count() >= 25);
        let seen: BTreeSet<_> = again.collect();
        assert_eq!(seen.len(), 1, "{seen:?}");
    }
}

#[test]
fn a_login_is_renewed_before_its_time_is_over() {
    let plan = with_session("ttl: 15s,", STEPS, "{ phase: p, rate: 10/s, for: 40s }");
    let mut shop = Shop::default();
    at_shop(&plan, &mut shop);
    let mine: Vec<_> = shop.logins.iter().filter(|(who, _)| who == "a@x").map(|l| l.1).collect();
    assert_eq!(mine.len(), 4, "{mine:?}");
    assert!(mine.windows(2).all(|pair| pair[1] - pair[0] <= ms(10_500)), "{mine:?}");
}

#[test]
fn a_refused_login_is_made_again_once_and_the_step_is_sent_again() {
    let plan = with_session("", STEPS, "{ phase: p, rate: 100/s, for: 1s }");
    let mut shop = Shop::default();
    let ran = play(&plan, |request, now| {
        if now >= ms(500) {
            shop.forgotten.extend(["a@x#1".to_owned(), "b@x#2".to_owned()]);
        }
        shop.serve(request, now)
    });
    assert_eq!(shop.logins.len(), 4, "{:?}", shop.logins);
    let me = ran.counts("GET /me");
    assert_eq!((me.failed(), ran.journeys().failed()), (0, 0));
    assert_eq!(me.started, 100 + me.relogins);
    assert!(me.relogins >= 2);
    // Whoever was refused waited for the login as a person would.
    assert_near(ran.values("GET /me", Metric::Response).max(), ms(120));
}

#[test]
fn a_second_refusal_is_an_error() {
    let plan = with_session("", STEPS, "{ phase: p, rate: 1/s, for: 1s }");
    let ran = play(&plan, |request, now| {
        let body = r#"{"token":"x"}"#;
        let login = request.target() == "/login";
        (now + MS, Ok(answer(if login { 200 } else { 401 }, &[], body)))
    });
    let me = ran.counts("GET /me");
    assert_eq!((me.started, me.relogins, me.failed_by(ErrorKind::Status4xx)), (2, 1, 1));
    assert_eq!(ran.counts("POST /login").started, 2);
}

#[test]
fn a_failed_login_ends_the_journey_and_those_that_waited_for_it() {
    let plan = with_session("", STEPS, "{ phase: p, rate: 100/s, for: 1s }");
    let mut shop = Shop { refuse: true, ..Shop::default() };
    let ran = at_shop(&plan, &mut shop);
    assert!(shop.seen.is_empty());
    assert_eq!((ran.journeys().started, ran.journeys().failed()), (100, 100));
    assert!((10..=22).contains(&shop.logins.len()), "{}", shop.logins.len());
    assert_eq!(ran.counts("POST /login").failed(), u64::try_from(shop.logins.len()).unwrap());
    assert!(ran.run.ended <= ms(1_200));
}

/// While one user logs in again in one branch, another branch of it ends its journey; whoever
/// waits for the login must not wait for ever.
#[test]
fn a_login_that_is_cut_off_is_taken_over_by_those_who_wait() {
    let journey =
        "steps: [ { parallel: [ { get: /me }, { get: /bad, on_fail: end, if: '${seq} == 2' } ] } ]";
    let plan = with_session("", journey, "{ phase: p, rate: 10/s, for: 1s }");
    let mut shop = Shop::default();
    let ran = play(&plan, |request, now| {
        if request.target() == "/bad" {
            return (now + ms(50), status(500));
        }
        if now >= ms(200) {
            shop.forgotten.extend(["a@x#1".to_owned()]);
        }
        shop.serve(request, now)
    });
    assert_eq!(ran.journeys().failed(), 1);
    assert!(ran.run.ended <= ms(1_500), "{}", ran.run.ended);
    assert_eq!(ran.journeys().failed_by(ErrorKind::Interrupted), 0);
}

#[test]
fn unique_rows_belong_to_one_live_user_and_the_rest_is_dropped() {
    let steps = "steps: [ { get: '/${email}' } ]";
    let plan = plan_of(&format!(
        "feeders: {{ own: {{ csv: two.csv, pick: unique }} }}\n\
         journeys: {{ j: {{ feed: own, {steps} }} }}\nload: [ {{ phase: p, rate: 100/s, for: 1s }} ]"
    ));
    // Each of two workers has one row, and may not use the other's.
    for (workers, started) in [(1, 67), (2, 50)] {
        let mut busy: Vec<(String, Nanos)> = Vec::new();
        let ran = play_with(&plan, workers, |request, now| {
            busy.retain(|(_, until)| *until > now);
            assert!(busy.iter().all(|(who, _)| *who != request.target()), "{busy:?}");
            busy.push((request.target().to_owned(), now + ms(25)));
            (now + ms(25), status(200))
        });
        let journeys = ran.journeys();
        assert_eq!(journeys.started + journeys.dropped, 100);
        assert_eq!(journeys.started, ran.sent());
        assert_eq!(journeys.started, started);
    }
}

#[test]
fn a_user_without_a_row_tries_again_and_is_counted() {
    let plan = plan_of(
        "feeders: { own: { csv: one.csv, pick: unique } }\n\
         journeys: { j: { feed: own, steps: [ { get: '/${email}' } ] } }\n\
         load: [ { phase: p, users: 2, for: 5s }, { phase: q, users: 2, for: 5s } ]",
    );
    let ran = play(&plan, |_, now| (now + ms(10), status(200)));
    assert!((995..=1_000).contains(&ran.sent()), "{}", ran.sent());
    let dropped = ran.journeys().dropped;
    assert!((9..=11).contains(&dropped), "{dropped}");
}
