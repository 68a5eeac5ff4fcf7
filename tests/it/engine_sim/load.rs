//! Phases, users, shares of workers, seeds.

use std::collections::{BTreeMap, BTreeSet};

use loadgate::record::Totals;
use loadgate::units::count_to_f64;

use super::*;

fn one_step(load: &str) -> Arc<Plan> {
    plan_of(&format!("journeys: {{ j: {{ steps: [ {{ get: / }} ] }} }}\nload: [ {load} ]"))
}

#[test]
fn think_times_count_from_the_end_of_the_pause() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: /a }, { think: 100ms }, { get: /b } ] } }\n\
         load: [ { phase: p, rate: 10/s, for: 1s } ]",
    );
    let mut arrived = Vec::new();
    let ran = play(&plan, |request, now| {
        arrived.push((request.target().to_owned(), now));
        (now + ms(7), status(200))
    });
    assert_near(ran.values("GET /b", Metric::Response).max(), ms(7));
    assert_near(ran.values("j", Metric::Iteration).max(), ms(114));
    assert!(arrived.contains(&("/b".to_owned(), ms(107))), "{arrived:?}");
}

#[test]
fn a_closed_model_keeps_its_users_busy_until_the_end() {
    let ran =
        play(&one_step("{ phase: p, users: 4, for: 2s }"), |_, now| (now + ms(10), status(200)));
    // Each user begins 200 journeys in 2 s; the one that would begin at 2 s is not begun.
    assert_eq!(ran.journeys().started, 800);
    assert_eq!(ran.run.ended, ms(2_000));
    assert!(ran.run.intervals.iter().take(2).all(|interval| interval.gauges.active_users == 4));
}

#[test]
fn users_join_and_leave_with_the_ramp() {
    let mut users: BTreeMap<u64, u64> = BTreeMap::new();
    let load = "{ phase: up, users: 0..10, for: 10s }, { phase: down, users: 10..0, for: 10s }";
    let ran = play(&one_step(load), |_, now| {
        *users.entry(now.0.div_euclid(1_000_000_000)).or_default() += 1;
        (now + ms(10), status(200))
    });
    // With so many users on average in second k the server sees 100 requests of each.
    for (second, seen) in &users {
        let at = count_to_f64(*second) + 0.5;
        let level = if *second < 10 { at } else { 20.0 - at };
        let want = level * 100.0;
        assert!((count_to_f64(*seen) - want).abs() <= 60.0, "second {second}: {seen} for {want}");
    }
    assert_eq!(ran.sent(), users.values().sum::<u64>());
}

#[test]
fn iterations_are_exact_with_any_number_of_workers() {
    for load in ["rate: 100/s", "users: 7", "users: 30"] {
        let plan = limited(
            &format!(
                "journeys: {{ j: {{ steps: [ {{ get: / }} ] }} }}\n\
                 load: [ {{ phase: p, {load}, for: 1s }} ]"
            ),
            20,
        );
        for workers in [1, 3] {
            let ran = play_with(&plan, workers, quick);
            assert_eq!((ran.journeys().started, ran.sent()), (20, 20), "{load} {workers}");
            assert!(ran.run.ended < Nanos::from_secs(2), "{}", ran.run.ended);
        }
    }
}

#[test]
fn iterations_of_a_later_phase_are_its_own() {
    let load = "{ phase: warm, users: 3, for: 1s, measure: false }, \
                { phase: steady, users: 3, for: 5s, iterations: 60 }";
    let ran = play(&one_step(load), |_, now| (now + ms(10), status(200)));
    assert_eq!(ran.counts_in(0, "j").started, 300);
    assert_eq!(ran.counts_in(1, "j").started, 60);
}

#[test]
fn a_request_belongs_to_the_phase_in_which_it_was_meant_to_start() {
    let load = "{ phase: warm, rate: 10/s, for: 1s, measure: false }, \
                { phase: steady, rate: 10/s, for: 1s }";
    let ran = play(&one_step(load), |_, now| (now + ms(500), status(200)));
    for phase in [0, 1] {
        assert_eq!(ran.counts_in(phase, "GET /").started, 10);
        assert_eq!(ran.values_in(phase, "GET /", Metric::Response).len(), 10);
        assert_eq!(ran.values_in(phase, "j", Metric::Iteration).len(), 10);
    }
}

#[test]
fn a_poisson_process_arrives_at_random_and_is_answered_whole() {
    let load = "{ phase: p, rate: 200/s, for: 20s, arrivals: poisson }";
    let mut times = Vec::new();
    let ran = play(&one_step(load), |_, now| {
        times.push(now);
        (now + MS, status(200))
    });
    assert!(ran.sent().abs_diff(4_000) < 200, "{}", ran.sent());
    let gaps: BTreeSet<Nanos> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() > 3_000);
    assert_near(ran.values("GET /", Metric::Response).max(), MS);
}

/// What a server is asked, by the number of the journey.
fn asked(plan: &Arc<Plan>, workers: usize) -> BTreeMap<String, Vec<String>> {
    let mut asked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    play_with(plan, workers, |request, now| {
        let number = request.header("x-seq").unwrap().to_owned();
        let what = format!("{} {now} {:?}", request.target(), request.header("x-id"));
        asked.entry(number).or_default().push(what);
        (now + ms(3), status(200))
    });
    asked
}

const VARIED: &str = "feeders: { cities: { csv: cities.csv, pick: shuffle } }
http: { headers: { x-seq: '${seq}', x-id: '${uuid}' } }
journeys:
  a:
    weight: 3
    feed: cities
    steps:
      - { get: '/a/${city}', repeat: 1..3 }
      - think: { mean: 50ms, dist: lognormal }
      - { get: /sampled, sample: 50% }
  b: { steps: [ { get: /b } ] }
load: [ { phase: p, rate: 50/s, for: 4s, arrivals: poisson } ]";

#[test]
fn the_same_seed_does_the_same_with_any_number_of_workers() {
    let plan = plan_of(VARIED);
    let one = asked(&plan, 1);
    assert!(one.len() > 150);
    assert_eq!(one, asked(&plan, 1));
    assert_eq!(one, asked(&plan, 3));
    let other = plan_with(VARIED, &Overrides { seed: 8, ..Overrides::default() });
    assert_ne!(one, asked(&other, 1));
}

#[test]
fn every_journey_has_a_number_of_its_own_whatever_the_phases() {
    let plan = plan_of(
        "journeys: { j: { steps: [ { get: '/${seq}' } ] } }\n\
         load:\n- { phase: up, users: 0..5, for: 1s }\n- { phase: down, users: 5..0, for: 1s }\n\
         - { phase: open, rate: 100/s, for: 1s }\n- { phase: again, users: 5, for: 1s }",
    );
    for workers in [1, 3] {
        let mut seen = BTreeSet::new();
        play_with(&plan, workers, |request, now| {
            assert!(seen.insert(request.target().to_owned()), "{} at {now}", request.target());
            (now + ms(10), status(200))
        });
    }
}

#[test]
fn totals_are_the_sum_of_the_intervals() {
    let ran = play_with(&plan_of(VARIED), 2, |request, now| {
        let failed = request.target().contains("Bonn");
        (now + ms(700), status(if failed { 500 } else { 200 }))
    });
    assert_eq!(Totals::from_intervals(&ran.run.intervals).unwrap(), ran.run.totals);
    assert!(ran.run.intervals.len() >= 4);
}

/// A step whose variable has no value fails at once, a pause of nothing takes no time, and a
/// condition skips all there is: none of it may keep the worker at one point in time.
#[test]
fn a_journey_that_does_nothing_does_not_spin() {
    for steps in [
        "{ get: /, if: '${x} == 2' }",
        "{ think: 0s }",
        "{ get: /once, capture: { y: $.none }, if: '${x} == 2' }, { get: '/${y}' }",
    ] {
        let plan = plan_of(&format!(
            "variables: {{ x: '1' }}\n\
             journeys: {{ j: {{ steps: [ {steps} ], cleanup: [ {{ get: /, if: '${{x}} == 2', \
             capture: {{ y: $.none }} }} ] }} }}\n\
             load: [ {{ phase: p, users: 2, for: 1s }} ]"
        ));
        let ran = play(&plan, quick);
        let started = ran.journeys().started;
        assert!((1_000..=2_100).contains(&started), "{steps}: {started}");
    }
}

#[test]
fn a_ramp_of_the_rate_starts_what_its_integral_says() {
    let ran = play(&one_step("{ phase: p, rate: 0/s..100/s, for: 10s }"), quick);
    assert_eq!(ran.sent(), 500);
}

#[test]
fn every_request_of_every_round_has_its_lag() {
    let ran =
        play(&one_step("{ phase: p, users: 4, for: 2s }"), |_, now| (now + ms(10), status(200)));
    let lag = ran.values("run", Metric::ScheduleLag);
    assert_eq!((lag.len(), lag.max()), (800, Some(Nanos::ZERO)));
}

#[test]
fn a_step_that_has_nothing_to_send_is_an_error_and_no_request() {
    let plan = plan_of(
        "journeys: { j: { steps: [\n\
           { get: /a, capture: { id: $.id } },\n\
           { get: \"/b/${id}\" }, { get: \"/c/${id}\" } ] } }\n\
         load: [ { phase: p, rate: 10/s, for: 1s } ]",
    );
    let mut arrived = 0_u64;
    let ran = play(&plan, |_, now| {
        arrived += 1;
        (now + ms(1), status(200))
    });
    assert_eq!(arrived, 10);
    let first = ran.counts("GET /a");
    assert_eq!((first.started, first.failed_by(ErrorKind::Capture), first.unsent), (10, 10, 0));
    for name in ["GET /b/{id}", "GET /c/{id}"] {
        let counts = ran.counts(name);
        assert_eq!((counts.started, counts.unsent, counts.tried()), (0, 10, 10), "{name}");
        assert_eq!(counts.failed_by(ErrorKind::Data), 10, "{name}");
    }
}
