//! What a virtual user does: branches, loops, polling, redirects, cookies, failures, cleanup.

use super::*;

fn steps(steps: &str) -> Arc<Plan> {
    once(&format!("journeys: {{ j: {{ steps: [ {steps} ] }} }}"))
}

/// One journey.
fn once(text: &str) -> Arc<Plan> {
    limited(&format!("{text}\nload: [ {{ phase: p, rate: 1/s, for: 10s }} ]"), 1)
}

/// What arrived: method and path, milliseconds.
type Log = Vec<(String, u64)>;

fn logged(plan: &Arc<Plan>, mut server: impl FnMut(&Request, Nanos) -> Said) -> (Ran, Log) {
    let mut log = Vec::new();
    let ran = play(plan, |request, now| {
        log.push((format!("{} {}", request.method, request.target()), now.0.div_euclid(1_000_000)));
        server(request, now)
    });
    (ran, log)
}

fn shown(log: &Log) -> Vec<(&str, u64)> {
    log.iter().map(|(what, at)| (what.as_str(), *at)).collect()
}

fn names(log: &Log) -> Vec<&str> {
    log.iter().map(|(what, _)| what.as_str()).collect()
}

/// Answers after as many milliseconds as the last part of the path says.
fn by_path(request: &Request, now: Nanos) -> Said {
    let digits = request.target().rsplit('/').next().unwrap_or_default();
    (now + ms(digits.parse().unwrap_or(1)), status(200))
}

#[test]
fn branches_start_together_and_join_at_the_latest_end() {
    let plan =
        steps("{ get: /a/10 }, { parallel: [ { get: /b/30 }, { get: /c/20 } ] }, { get: /d/5 }");
    let (ran, log) = logged(&plan, by_path);
    let want = [("GET /a/10", 0), ("GET /b/30", 10), ("GET /c/20", 10), ("GET /d/5", 40)];
    assert_eq!(shown(&log), want);
    assert_near(ran.values("GET /c/20", Metric::Response).max(), ms(20));
    assert_near(ran.values("GET /d/5", Metric::Response).max(), ms(5));
    assert_near(ran.values("j", Metric::Iteration).max(), ms(45));
}

#[test]
fn branches_within_branches_do_not_lose_each_other() {
    let inner = |x: &str, y: &str| {
        format!(
            "{{ group: g, steps: [ {{ get: /in/1 }}, {{ parallel: [ {{ get: {x} }}, {{ get: {y} }} ] }}, {{ get: /out/1 }} ] }}"
        )
    };
    let (left, right) = (inner("/a/50", "/b/60"), inner("/c/5", "/d/6"));
    let plan = steps(&format!("{{ parallel: [ {left}, {right} ] }}, {{ get: /end/1 }}"));
    let (ran, log) = logged(&plan, by_path);
    assert_eq!(log.len(), 9);
    assert_eq!(shown(&log).last(), Some(&("GET /end/1", 62)));
    assert_eq!(ran.sent(), 9);
    assert_near(ran.values("j", Metric::Iteration).max(), ms(63));
}

#[test]
fn a_branch_with_nothing_to_do_leaves_the_others_alone() {
    let plan = steps(
        "{ parallel: [ { parallel: [ { get: /no, sample: 0% } ] }, { get: /a/9 }, { get: /b/3 } ] }, \
         { get: /end/1 }",
    );
    let (_, log) = logged(&plan, by_path);
    assert_eq!(shown(&log), [("GET /a/9", 0), ("GET /b/3", 0), ("GET /end/1", 9)]);
}

#[test]
fn a_branch_that_ends_the_journey_cuts_off_the_others() {
    let plan = steps(
        "{ parallel: [ { get: /slow/500 }, { get: /bad, on_fail: end }, { think: 3s } ] }, \
         { get: /never }",
    );
    let (ran, log) = logged(&plan, |request, now| match request.target() {
        "/bad" => (now + ms(5), status(500)),
        _ => by_path(request, now),
    });
    assert_eq!(log.len(), 2);
    let slow = ran.counts("GET /slow/500");
    assert_eq!((slow.started, slow.failed_by(ErrorKind::Interrupted)), (1, 1));
    assert_eq!(ran.counts("GET /bad").failed_by(ErrorKind::Status5xx), 1);
    assert_eq!((ran.journeys().started, ran.journeys().failed()), (1, 1));
    assert_eq!(ran.sent(), 2);
}

#[test]
fn loops_conditions_and_samples_do_what_they_say() {
    let plan = once(
        "variables: { role: admin }\njourneys: { j: { steps: [ { get: /three, repeat: 3 }, \
         { get: /yes, if: '${role} == admin' }, { get: /no, if: '${role} != admin' }, \
         { get: /always, sample: 100% }, { get: /never, sample: 0% }, { get: /zero, repeat: 0..0 }, \
         { group: g, repeat: 2, steps: [ { get: /g }, { get: /h, repeat: 2 } ] } ] } }",
    );
    let (_, log) = logged(&plan, quick);
    let want = "/three /three /three /yes /always /g /h /h /g /h /h";
    let want: Vec<String> = want.split(' ').map(|path| format!("GET {path}")).collect();
    assert_eq!(names(&log), want);
}

#[test]
fn a_repeat_and_a_sample_are_as_frequent_as_written() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: /r, repeat: 1..3 }, { get: /s, sample: 20% } ] } }\n\
         load: [ { phase: p, rate: 1000/s, for: 10s } ]",
    );
    let ran = play(&plan, quick);
    assert!(ran.counts("GET /r").started.abs_diff(20_000) < 400);
    assert!(ran.counts("GET /s").started.abs_diff(2_000) < 150);
}

#[test]
fn eventually_asks_again_until_the_checks_hold() {
    let plan = steps("{ get: /x, check: status == 200, eventually: 1s }, { get: /end }");
    let (ran, log) = logged(&plan, |_, now| {
        let ready = now >= ms(300);
        (now + ms(10), status(if ready { 200 } else { 404 }))
    });
    let want =
        [("GET /x", 0), ("GET /x", 110), ("GET /x", 220), ("GET /x", 330), ("GET /end", 340)];
    assert_eq!(shown(&log), want);
    let counts = ran.counts("GET /x");
    assert_eq!((counts.started, counts.failed(), counts.checks_passed), (4, 0, 1));
    assert_near(ran.values("GET /x", Metric::Response).max(), ms(10));
    // What was not yet there is no success: it is in the distribution of its own.
    assert_eq!(ran.values("GET /x", Metric::Response).len(), 1);
    assert_eq!(ran.values("GET /x", Metric::Failed).len(), 3);
}

#[test]
fn eventually_gives_up_at_its_deadline() {
    let plan = steps("{ get: /x, check: '$.done == yes', eventually: 250ms, on_fail: end }");
    let (ran, log) = logged(&plan, |_, now| (now + ms(10), Ok(answer(200, &[], "{}"))));
    assert_eq!(log.len(), 4);
    let counts = ran.counts("GET /x");
    assert_eq!((counts.started, counts.failed_by(ErrorKind::Check)), (4, 1));
    assert_eq!(ran.journeys().failed(), 1);
}

#[test]
fn asking_again_does_not_add_up_redirects() {
    let plan = steps("{ get: /x, check: '$.done == yes', eventually: 5s }");
    let (ran, _) = logged(&plan, |request, now| {
        if request.target() == "/x" {
            return (now + MS, Ok(answer(302, &[("location", "/y")], "")));
        }
        let body = if now > Nanos::from_secs(3) { r#"{"done":"yes"}"# } else { "{}" };
        (now + MS, Ok(answer(200, &[], body)))
    });
    assert_eq!(ran.counts("GET /x").failed(), 0);
}

fn redirected(status: u16, step: &str, location: &'static str) -> (Ran, Vec<(String, String)>) {
    let mut seen = Vec::new();
    let ran = play(&steps(step), |request, now| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        seen.push((format!("{} {}", request.method, request.target()), body));
        let first = ["/old", "/old/x"].contains(&request.target());
        let answer = if first {
            answer(status, &[("location", location)], "")
        } else {
            answer(200, &[], "")
        };
        (now + ms(10), Ok(answer))
    });
    (ran, seen)
}

#[test]
fn redirects_are_followed_as_browsers_do() {
    for (status, location, want) in [
        (303, "/new", ("GET /new", "")),
        (302, "/new", ("GET /new", "")),
        (301, "http://shop/new?a=1", ("GET /new?a=1", "")),
        (307, "/new", ("POST /new", "text")),
        (308, "new", ("POST /old/new", "text")),
        (303, "?page=2", ("GET /old/x?page=2", "")),
        (303, "../up", ("GET /up", "")),
    ] {
        let (ran, seen) = redirected(status, "{ post: /old/x, body: text }", location);
        assert_eq!((seen[1].0.as_str(), seen[1].1.as_str()), want, "{status} {location}");
        let counts = ran.counts("POST /old/x");
        assert_eq!((counts.started, counts.failed()), (2, 0));
        // Both answers are one response to the user.
        assert_near(ran.values("POST /old/x", Metric::Response).max(), ms(20));
    }
}

#[test]
fn redirects_end_at_their_limit_and_at_the_border_of_the_target() {
    let (ran, seen) = redirected(302, "{ get: /old, redirects: 3 }", "/old");
    assert_eq!(seen.len(), 4);
    assert_eq!(ran.counts("GET /old").failed_by(ErrorKind::Redirect), 1);
    let (ran, seen) = redirected(302, "{ get: /old }", "https://elsewhere/");
    assert_eq!(seen.len(), 1);
    assert_eq!(ran.counts("GET /old").failed_by(ErrorKind::Redirect), 1);
    // Without redirects the answer itself is what the step wants to see.
    let (ran, seen) = redirected(302, "{ get: /old, redirects: 0, check: status == 302 }", "/old");
    assert_eq!((seen.len(), ran.counts("GET /old").failed()), (1, 0));
}

#[test]
fn a_target_with_a_path_keeps_cookies_and_redirects_right() {
    let overrides = Overrides {
        seed: 7,
        target: Some("http://shop/base".to_owned()),
        load: LoadOverrides { iterations: Some(1), ..LoadOverrides::default() },
        ..Overrides::default()
    };
    let plan = plan_with("journeys: { j: { steps: [ { get: /a }, { get: /c } ] } }", &overrides);
    let mut seen = Vec::new();
    play(&plan, |request, now| {
        let cookie = request.header("cookie").map(str::to_owned);
        seen.push((request.target().to_owned(), cookie));
        let headers = [("location", "/base/b"), ("set-cookie", "s=1; Path=/base")];
        let first = request.target() == "/base/a";
        (now + MS, Ok(answer(if first { 302 } else { 200 }, &headers, "")))
    });
    let cookie = || Some("s=1".to_owned());
    let want = [("/base/a", None), ("/base/b", cookie()), ("/base/c", cookie())];
    assert_eq!(seen, want.map(|(path, cookie)| (path.to_owned(), cookie)));
}

#[test]
fn cookies_last_as_long_as_the_journey() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: /login }, { get: /x } ] } }\n\
         load: [ { phase: p, users: 1, for: 20ms } ]",
    );
    let mut seen = Vec::new();
    play(&plan, |request, now| {
        seen.push((request.target().to_owned(), request.header("cookie").is_some()));
        (now + ms(1), Ok(answer(200, &[("set-cookie", "sid=1; Path=/")], "")))
    });
    assert!(seen.len() > 10);
    assert!(seen.iter().all(|(path, cookie)| *cookie == (path == "/x")), "{seen:?}");
}

#[test]
fn failures_are_counted_by_kind() {
    let plan = steps(
        "{ get: /s4 }, { get: /s5 }, { get: /check, check: '$.a == 1' }, \
         { get: /capture, capture: { v: $.v } }, { get: '/data/${v}' }, \
         { get: /teapot, check: status == 418 }, { get: /reset }",
    );
    let (ran, log) = logged(&plan, |request, now| {
        let said = match request.target() {
            "/s4" => status(404),
            "/s5" => status(503),
            "/teapot" => status(418),
            "/reset" => Err(Failure::new(ErrorKind::Reset, "gone")),
            _ => Ok(answer(200, &[], "{}")),
        };
        (now + MS, said)
    });
    assert_eq!(log.len(), 6);
    for (name, kind) in [
        ("GET /s4", ErrorKind::Status4xx),
        ("GET /s5", ErrorKind::Status5xx),
        ("GET /check", ErrorKind::Check),
        ("GET /capture", ErrorKind::Capture),
        ("GET /data/{v}", ErrorKind::Data),
        ("GET /reset", ErrorKind::Reset),
    ] {
        let counts = ran.counts(name);
        assert_eq!((counts.failed_by(kind), counts.failed()), (1, 1), "{name}");
        assert_eq!(ran.values(name, Metric::Response).len(), 0, "{name}");
        let id = ran.named(name)[0];
        let sample = ran.run.samples.iter().find(|s| s.series == id && s.kind == kind);
        assert!(sample.is_some_and(|sample| !sample.message.is_empty()), "{name}");
    }
    assert_eq!(ran.counts("GET /data/{v}").started, 0);
    assert_eq!(ran.counts("GET /teapot").failed(), 0);
    assert_eq!(ran.journeys().failed(), 0);
}

#[test]
fn the_first_message_of_every_kind_is_kept_however_many_come_before() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: /a } ] } }\nload: [ { phase: p, rate: 100/s, for: 5s } ]",
    );
    let ran = play(&plan, |_, now| (now + MS, status(if now > ms(4_000) { 404 } else { 500 })));
    let kinds: Vec<_> = ran.run.samples.iter().map(|sample| sample.kind).collect();
    assert_eq!(kinds, [ErrorKind::Status5xx, ErrorKind::Status4xx]);
}

#[test]
fn abort_ends_the_run_for_all_workers() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: /a, on_fail: abort } ] } }\n\
         load: [ { phase: p, rate: 100/s, for: 10s } ]",
    );
    let ran = play_with(&plan, 3, |_, now| {
        (now + MS, status(if now < Nanos::SECOND { 200 } else { 500 }))
    });
    assert!(ran.run.ended < ms(1_100), "{}", ran.run.ended);
    assert_eq!(ran.sent(), 101);
}

#[test]
fn cleanup_always_runs_and_is_not_part_of_the_journey() {
    for (bad, failed) in [("/b", 1), ("/none", 0)] {
        let plan = once(
            "journeys: { j: { steps: [ { get: /a }, { get: /b, on_fail: end } ], \
             cleanup: [ { delete: /a }, { delete: /b } ] } }",
        );
        let (ran, log) = logged(&plan, |request, now| {
            (
                now + ms(10),
                status(if request.target() == bad && request.method == "GET" { 500 } else { 200 }),
            )
        });
        assert_eq!(names(&log), ["GET /a", "GET /b", "DELETE /a", "DELETE /b"]);
        assert_eq!(ran.journeys().failed(), failed);
        if failed == 0 {
            assert_near(ran.values("j", Metric::Iteration).max(), ms(20));
        }
    }
}

#[test]
fn queries_of_server_timing_are_recorded_by_endpoint() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: /a }, { get: /b } ] } }\n\
         load: [ { phase: p, rate: 10/s, for: 1s } ]",
    );
    let header = r#"db;desc="farm.findMany";dur=1.5, db;desc="user.find";dur=20, app;dur=40"#;
    let ran =
        play_with(&plan, 2, |_, now| (now + MS, Ok(answer(200, &[("server-timing", header)], ""))));
    for (name, want) in [("farm.findMany", Nanos(1_500_000)), ("user.find", ms(20))] {
        assert_eq!(ran.named(name).len(), 2, "one for each endpoint");
        let values = ran.values(name, Metric::Query);
        assert_eq!(values.len(), 20);
        assert_near(values.max(), want);
        assert_near(values.min(), want);
    }
}
