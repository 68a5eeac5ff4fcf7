//! A load that goes on after a stop, and starts that are too late to be made.

use super::*;

const SCENARIO: &str = "\
    feeders: { cities: { csv: cities.csv, pick: shuffle } }\n\
    journeys:\n\
    \x20 a: { weight: 2, feed: cities, steps: [ { get: \"/a/${city}\" } ] }\n\
    \x20 b: { weight: 1, steps: [ { get: /b } ] }\n\
    load: [ { phase: p, rate: 7/s, for: 20s } ]";

/// The plan with another course.
fn with(plan: Arc<Plan>, change: impl FnOnce(&mut Plan)) -> Arc<Plan> {
    let mut plan = Arc::into_inner(plan).unwrap();
    change(&mut plan);
    Arc::new(plan)
}

/// When which request came.
fn arrivals(plan: &Arc<Plan>, workers: usize) -> Vec<(Nanos, String)> {
    let mut came = Vec::new();
    play_with(plan, workers, |request, now| {
        came.push((now, request.target().to_owned()));
        (now + MS, status(200))
    });
    came.sort();
    came
}

#[test]
fn what_goes_on_sends_what_it_would_have_sent_without_the_stop() {
    let whole = arrivals(&plan_of(SCENARIO), 1);
    assert_eq!(whole.len(), 140);
    for from in [1, 3_333, 9_999, 19_990, 30_000] {
        let rest: Vec<_> = whole.iter().filter(|(at, _)| *at >= ms(from)).cloned().collect();
        for workers in [1, 3] {
            let plan = with(plan_of(SCENARIO), |plan| plan.course.from = ms(from));
            assert_eq!(arrivals(&plan, workers), rest, "{from} {workers}");
        }
    }
}

#[test]
fn intervals_keep_their_numbers_when_the_load_goes_on() {
    let mut course = loadgate::plan::Course::default();
    assert_eq!(course.first_beat(), 0);
    course.interval = Nanos::from_secs(60);
    for (from, beat) in [(0, 0), (59_999, 0), (60_000, 1), (3_601_000, 60)] {
        course.from = ms(from);
        assert_eq!(course.first_beat(), beat, "{from}");
    }
}

#[test]
fn a_start_that_is_too_late_is_counted_and_not_made() {
    // The worker is shown the time only after ten seconds: as if its process had been stopped.
    let plan = with(plan_of(SCENARIO), |plan| plan.course.latest_start = Some(ms(2_000)));
    let share = loadgate::walk::Share { index: 0, of: 1 };
    let mut worker = loadgate::walk::Worker::new(&plan, share);
    worker.advance(ms(10_000));
    let due = 71;
    let late = 56;
    let mut collector = loadgate::recorder::Collector::new(plan.catalogue.clone(), 1);
    let batch = worker.shard.take();
    collector.merge(Nanos::ZERO, Nanos::SECOND, std::slice::from_ref(&batch));
    let phases: Vec<_> = plan.phases.iter().map(Phase::info).collect();
    let journeys = collector.catalogue().matching(|series| series.kind == SeriesKind::Journey);
    let counts = collector.totals().counts(&Pick::all(&phases), journeys.collect::<Vec<_>>());
    assert_eq!((counts.started, counts.dropped), (due - late, late));
}
