//! What is sent is counted, exactly once, whatever happens.

use loadgate::walk::Stop;
use proptest::prelude::*;

use super::*;

/// One step of a random journey.
fn step() -> impl Strategy<Value = String> {
    let leaf = (0..4_u8, 0..5_u8).prop_map(|(path, more)| {
        let more = ["", ", on_fail: end", ", repeat: 0..2", ", eventually: 150ms", ", sample: 50%"]
            [usize::from(more)];
        format!("{{ get: /{path}, check: status in 200 302{more} }}")
    });
    let pause = (0..200_u64).prop_map(|pause| format!("{{ think: {pause}ms }}"));
    prop_oneof![4 => leaf, 1 => pause].prop_recursive(2, 8, 3, |inner| {
        let list = prop::collection::vec(inner, 1..4).prop_map(|list| list.join(", "));
        prop_oneof![
            list.clone().prop_map(|list| format!("{{ parallel: [ {list} ] }}")),
            list.prop_map(|list| format!("{{ group: g, repeat: 1..2, steps: [ {list} ] }}")),
        ]
    })
}

fn scenario() -> impl Strategy<Value = String> {
    let steps = || prop::collection::vec(step(), 1..4).prop_map(|list| list.join(", "));
    let load = prop_oneof![
        (1..60_u64, any::<bool>()).prop_map(|(rate, poisson)| {
            let arrivals = if poisson { "poisson" } else { "constant" };
            format!("rate: {rate}/s, arrivals: {arrivals}")
        }),
        (0..5_u64, 0..5_u64).prop_map(|(from, to)| format!("users: {from}..{to}")),
    ];
    let session = prop_oneof![Just(""), Just("session: s, "), Just("session: s, feed: own, ")];
    let cleanup = prop_oneof![Just(""), Just(", cleanup: [ { delete: /0 } ]")];
    (steps(), load.clone(), load, session, cleanup).prop_map(|(steps, a, b, session, cleanup)| {
        format!(
            "graceful_stop: 300ms\n\
             feeders: {{ users: {{ csv: two.csv }}, own: {{ csv: cities.csv, pick: unique }} }}\n\
             sessions: {{ s: {{ feed: users, ttl: 1s, steps: [ {{ post: /login, check: status == 200 }} ] }} }}\n\
             journeys: {{ j: {{ {session}steps: [ {steps} ]{cleanup} }} }}\n\
             load:\n- {{ phase: a, {a}, for: 1s, measure: false }}\n\
             - {{ phase: b, {b}, for: 1s, max_users: 5 }}"
        )
    })
}

/// A server that draws its answers from a list.
fn server(answers: Vec<(u8, u64)>, sent: &mut u64) -> impl FnMut(&Request, Nanos) -> Said {
    let mut next = answers.into_iter().cycle();
    move |request, now| {
        *sent += 1;
        let (kind, delay) = next.next().unwrap();
        let said = match kind {
            0 => status(500),
            1 => status(401),
            2 => Ok(answer(302, &[("location", "/elsewhere")], "")),
            3 => Err(Failure::new(ErrorKind::Reset, "reset")),
            4 if request.method == "POST" => status(403),
            _ => status(200),
        };
        (now + Nanos(delay), said)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_counted_once(
        text in scenario(),
        answers in prop::collection::vec((0..12_u8, 0..400_000_000_u64), 1..40),
        workers in 1..4_usize,
        stop in prop::option::of((0..2_500_u64, any::<bool>())),
    ) {
        let plan = plan_of(&text);
        let how = |hard| if hard { Stop::AtOnce } else { Stop::Gracefully };
        let stops = stop.iter().map(|(at, hard)| (ms(*at), how(*hard))).collect();
        let circumstances = Circumstances { workers, stops };
        let mut sent = 0;
        let run = simulate_under(&plan, &circumstances, server(answers, &mut sent));
        let ran = Ran { plan, run };
        prop_assert_eq!(ran.sent(), sent);

        // Every answer is in one distribution; redirects and polls have no end of their own.
        let http = || ran.run.catalogue.matching(|series| series.kind.is_http());
        let all = ran.pick(None);
        let counts = ran.run.totals.counts(&all, http());
        let ended = ran.run.totals.histogram(&all, http(), Metric::Response).len()
            + ran.run.totals.histogram(&all, http(), Metric::Failed).len();
        prop_assert!(ended <= sent, "{} of {}", ended, sent);
        prop_assert!(counts.failed() <= sent);

        // Every journey that began has ended, in one way.
        let journeys = ran.journeys();
        let whole = ran.values("j", Metric::Iteration).len();
        prop_assert_eq!(journeys.started, whole + journeys.failed());
        prop_assert!(ran.run.ended <= ms(2_301), "{}", ran.run.ended);
    }
}
