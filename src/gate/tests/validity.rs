//! What makes a run no measurement.

use super::*;
use crate::record::{ErrorSample, Queued};

#[test]
fn a_sound_run_is_valid() {
    assert_eq!(reasons(&run().record), Vec::<String>::new());
}

#[test]
fn a_generator_at_its_limits_makes_the_run_invalid() {
    let mut run = run();
    run.values(0, SeriesId::RUN, Metric::ScheduleLag, &[900; 100]);
    run.values(1, SeriesId::RUN, Metric::ScheduleLag, &[80; 100]);
    let journey = run.series(SeriesKind::Journey, "customer");
    run.counts(1, journey, Counts { dropped: 24, ..started(1) });
    let end = run.record.end.as_mut().unwrap();
    let worker = |peak: f64, seconds| WorkerUse {
        peak: Ratio(peak),
        busy: Nanos::from_secs(seconds),
        ..WorkerUse::default()
    };
    end.generator.workers = vec![worker(0.99, 2), worker(0.5, 0), worker(0.97, 14)];
    assert_eq!(
        reasons(&run.record),
        [
            "p99 schedule lag 80.0 ms is above 50.0 ms: use more workers or a lower rate",
            "20.0 % of all starts were dropped (25 of 125), the limit is 1.0 %: raise `max_users`, \
             or lower the rate to what the target can do",
            "worker 2 used up to 97.0 % of a processor, for 14.0 s above the limit of 90.0 %, and \
             so did another one: use more workers, another machine or a lower rate",
        ]
    );
}

/// What is said of workers that used this, on so many processors, with the target elsewhere.
#[track_caller]
fn check_workers(cpus: u64, workers: Vec<WorkerUse>, want: &[&str]) {
    let mut run = run();
    run.record.header.origin.machine.cpus = cpus;
    run.record.header.load.workers = workers.len().try_into().unwrap();
    run.record.end.as_mut().unwrap().generator.workers = workers;
    let found = faults(&run.record);
    assert!(found.iter().all(|fault| fault.kind.is_of_generator()));
    assert_eq!(found.into_iter().map(|fault| fault.text).collect::<Vec<_>>(), want);
}

fn waited(peak: f64, above_s: u64) -> WorkerUse {
    let above = Nanos::from_secs(above_s);
    let queued = Queued { total: above, peak: Ratio(peak), above };
    WorkerUse { queued: Some(queued), ..WorkerUse::default() }
}

#[test]
fn a_worker_of_an_older_record_is_busy_for_an_unknown_time() {
    let busy = WorkerUse { peak: Ratio(0.97), ..WorkerUse::default() };
    check_workers(
        2,
        vec![busy],
        &[
            "worker 0 used up to 97.0 % of a processor, the limit is 90.0 %: use more workers, another \
             machine or a lower rate",
        ],
    );
}

#[test]
fn a_worker_that_waits_for_a_processor_makes_the_run_invalid() {
    let said = "waited up to 45.0 % of the time for a processor, for 9.00 s more than the limit of \
                10.0 %";
    let other = "something else keeps its processor busy: end that, or give loadgate processors \
                 of its own";
    check_workers(2, vec![waited(0.45, 9)], &[&format!("worker 0 {said}: {other}")]);
    check_workers(
        8,
        vec![waited(0.9, 8), waited(0.45, 9), waited(0.2, 7)],
        &[&format!("worker 1 {said}, and so did 2 others: {other}")],
    );
    check_workers(
        2,
        vec![waited(0.45, 9), waited(0.0, 0), waited(0.1, 1)],
        &[&format!("worker 0 {said}: 3 workers share 2 processors: use fewer workers")],
    );
}

#[test]
fn a_worker_that_waits_for_a_moment_or_that_nobody_counted_is_valid() {
    // The fixture has ten minutes that are measured, of which 1 % are six seconds.
    check_workers(2, vec![waited(0.9, 5)], &[]);
    check_workers(2, vec![WorkerUse::default()], &[]);
    let mut short = run();
    short.record.header.origin.machine.cpus = 1;
    short.record.end.as_mut().unwrap().lasted = Nanos::from_secs(70);
    let mut of = |seconds| {
        short.record.end.as_mut().unwrap().generator.workers = vec![waited(0.9, seconds)];
        faults(&short.record).len()
    };
    assert_eq!([of(1), of(2)], [0, 1]);
}

#[test]
fn workers_may_wait_where_the_target_uses_their_processors() {
    let mut run = run();
    run.record.header.origin.target.local = true;
    run.record.end.as_mut().unwrap().generator.workers = vec![waited(0.6, 9)];
    let mut on = |cpus| {
        run.record.header.origin.machine.cpus = cpus;
        faults(&run.record).into_iter().map(|fault| fault.kind).collect::<Vec<_>>()
    };
    assert_eq!(on(2), []);
    assert_eq!(on(1), [FaultKind::Queued]);
}

#[test]
fn one_request_that_the_generator_failed_makes_the_run_invalid() {
    let mut run = run();
    let farms = run.series(SeriesKind::Endpoint, "GET /");
    let counts = |failed: u64| {
        let mut counts = started(failed);
        (0..failed).for_each(|_| counts.fail(ErrorKind::Generator));
        counts
    };
    run.counts(0, farms, counts(7));
    assert_eq!(reasons(&run.record), Vec::<String>::new());
    run.counts(1, farms, counts(1));
    assert_eq!(
        reasons(&run.record),
        ["the generator itself failed 1 request: it had no socket, port or memory left"]
    );
    run.counts(1, farms, counts(1_499));
    run.record.end.as_mut().unwrap().samples = vec![ErrorSample {
        series: farms,
        kind: ErrorKind::Generator,
        status: None,
        message: "no file left".to_owned(),
        at: Nanos::ZERO,
    }];
    assert_eq!(reasons(&run.record), ["the generator itself failed 1,500 requests: no file left"]);
    assert!(faults(&run.record)[0].kind.is_of_generator());
}

#[test]
fn a_run_without_figures_is_invalid() {
    let mut run = Run::new();
    let only = |record: &RunRecord| {
        let mut all = reasons(record);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    };
    assert!(only(&run.record).starts_with("no request was measured: "));
    let end = run.record.end.as_mut().unwrap();
    end.reason = StopReason::Interrupted;
    end.lasted = Nanos::from_secs(12);
    assert!(only(&run.record).starts_with(
        "the run was interrupted after 12.0 s, the first measured phase `steady` starts at 1m: "
    ));
    run.record.end = None;
    assert!(only(&run.record).starts_with("the run is unfinished"));
    run.record.end = Run::new().record.end;
    run.record.header.load.phases.retain(|phase| !phase.measure);
    assert!(only(&run.record).starts_with("no phase is measured: "));
}

#[test]
fn who_ended_a_run_decides_who_is_to_blame() {
    let mut run = run();
    let kinds = |record: &RunRecord| {
        let all = faults(record).into_iter().chain(cut_short(record));
        all.map(|fault| (fault.kind, fault.kind.is_of_generator())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&run.record), []);
    for (reason, want) in [
        (StopReason::Aborted, (FaultKind::Aborted, false)),
        (StopReason::Interrupted, (FaultKind::CutShort, true)),
        (StopReason::Killed, (FaultKind::CutShort, true)),
    ] {
        let end = run.record.end.as_mut().unwrap();
        (end.reason, end.lasted) = (reason, Nanos::from_secs(300));
        assert_eq!(kinds(&run.record), [want]);
        // Before anything was measured.
        run.record.end.as_mut().unwrap().lasted = Nanos::from_secs(12);
        assert_eq!(faults(&run.record)[0].kind, want.0);
    }
    let nothing = Run::new();
    assert_eq!(kinds(&nothing.record), [(FaultKind::NothingMeasured, false)]);
}
