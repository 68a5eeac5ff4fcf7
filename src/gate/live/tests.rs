//! The live alarm in simulated time.

use super::*;
use crate::histogram::Histogram;
use crate::names::{ErrorKind, Series, SeriesKind};
use crate::record::{
    Cell, Counts, End, FORMAT, Generator, Header, Load, Origin, RunRecord, SeriesRule, StopReason,
    Tally, Totals, ValidityPolicy,
};
use crate::stats::estimate::normal_quantile;
use crate::units::f64_to_u64;

/// Requests of each series in a second.
const RATE: u64 = 50;

/// How a second goes: how much slower the first series is, and how many of its requests fail.
#[derive(Clone, Copy)]
struct Second {
    slower: f64,
    failed: u64,
}

const CALM: Second = Second { slower: 1.0, failed: 0 };

fn slow(slower: f64) -> Second {
    Second { slower, ..CALM }
}

fn failing(failed: u64) -> Second {
    Second { failed, ..CALM }
}

/// A target with two endpoints whose distributions are the same every second.
struct Target {
    catalogue: Catalogue,
    /// Phases of a run: a lead-in, and what is measured.
    phases: Vec<PhaseInfo>,
}

impl Target {
    fn new(lead: u64, length: u64) -> Self {
        let mut catalogue = Catalogue::new();
        for name in ["GET /api/farms", "GET /api/products"] {
            let [name, journey, step] = [name, "customer", "View"].map(str::to_owned);
            let kind = SeriesKind::Endpoint;
            let series =
                Series { kind, name, journey, step, endpoint: String::new(), tapped: None };
            catalogue.intern(&series).unwrap();
        }
        let phase = |name: &str, start, length, measure| PhaseInfo {
            name: name.to_owned(),
            load: "100/s".to_owned(),
            start: Nanos::from_secs(start),
            length: Nanos::from_secs(length),
            measure,
        };
        let phases = vec![phase("lead-in", 0, lead, false), phase("steady", lead, length, true)];
        Self { catalogue, phases }
    }

    fn interval(&self, start: u64, length: u64, second: Second) -> Interval {
        let phase = u8::from(Nanos::from_secs(start) >= self.phases[1].start);
        let mut interval = Interval {
            start: Nanos::from_secs(start),
            length: Nanos::from_secs(length),
            ..Interval::default()
        };
        for (series, Second { slower, failed }) in [(SeriesId(3), second), (SeriesId(4), CALM)] {
            let mut histogram = Histogram::new();
            for _ in 0..length {
                histogram.extend((0..RATE - failed).map(|at| response(at, slower)));
            }
            let cell = Cell { phase, series, metric: Metric::Response, histogram };
            interval.cells.push(cell.encode());
            let mut counts = Counts { started: RATE * length, ..Counts::default() };
            (0..failed * length).for_each(|_| counts.fail(ErrorKind::Status5xx));
            interval.tallies.push(Tally { phase, series, counts });
        }
        interval
    }

    /// A repetition of which the machine is so much slower.
    fn repetition(&self, machine: f64) -> Evidence {
        let seconds = self.phases[1].length.0.div_euclid(1_000_000_000);
        let mut interval = self.interval(0, 1, slow(machine));
        let intervals: Vec<_> = (0..seconds)
            .map(|at| {
                interval.start = Nanos::from_secs(at);
                interval.clone()
            })
            .collect();
        let record = RunRecord {
            header: Header {
                format: FORMAT,
                id: format!("{machine}"),
                scenario: "customer".to_owned(),
                started_unix_ns: 0,
                seed: 1,
                load: Load {
                    phases: self.phases.clone(),
                    max_users: None,
                    workers: 1,
                    precision: None,
                },
                leaks: Vec::new(),
                journeys: vec!["customer".to_owned()],
                thresholds: Vec::new(),
                integrity: Vec::new(),
                origin: Origin::default(),
                policy: ValidityPolicy::default(),
                gate: Policy::default(),
                repetition: None,
                logs: crate::record::LogsText::default(),
                observation: None,
                features: Vec::new(),
            },
            catalogue: self.catalogue.clone(),
            totals: Totals::from_intervals(&intervals).unwrap(),
            intervals,
            end: Some(End {
                reason: StopReason::Complete,
                lasted: Nanos::from_secs(seconds),
                generator: Generator::default(),
                samples: Vec::new(),
                notes: Vec::new(),
                integrity: Vec::new(),
            }),
        };
        Evidence::of(&record, &Wanted::of(&Policy::default(), &[])).unwrap()
    }

    fn baseline() -> Vec<Evidence> {
        let target = Self::new(0, 60);
        [0.99, 1.01, 1.0, 1.02, 0.98].map(|machine| target.repetition(machine)).into()
    }
}

/// The request of this number in a second: log-normal around 20 ms.
fn response(at: u64, slower: f64) -> Nanos {
    let quantile = (count_to_f64(at) + 0.5) / count_to_f64(RATE);
    Nanos(f64_to_u64(2e7 * slower * (0.4 * normal_quantile(quantile)).exp()))
}

/// Watches one long run, second by second, and gives every alarm.
fn watch(watch: &mut Watch, seconds: u64, how: impl Fn(u64) -> Second) -> Vec<Alarm> {
    let target = Target::new(0, seconds);
    let mut made: Vec<(Second, Interval)> = Vec::new();
    let alarms = (0..seconds).filter_map(|at| {
        let second = how(at);
        let same = |(known, _): &&(Second, Interval)| {
            known.failed == second.failed && known.slower.to_bits() == second.slower.to_bits()
        };
        let known = made.iter().find(same).map(|(_, interval)| interval.clone());
        let mut interval = known.unwrap_or_else(|| {
            made.push((second, target.interval(0, 1, second)));
            made[made.len() - 1].1.clone()
        });
        interval.start = Nanos::from_secs(at);
        watch.take(&interval, &target.catalogue, &target.phases)
    });
    alarms.collect()
}

fn with_baseline() -> Watch {
    Watch::new(&Policy::default(), Some(&Target::baseline()))
}

#[test]
fn a_slow_down_that_lasts_is_an_alarm_when_the_window_is_full_of_it() {
    let alarms = watch(&mut with_baseline(), 900, |at| slow(if at < 300 { 1.0 } else { 1.8 }));
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    assert_eq!((alarm.at, alarm.kind), (Nanos::from_secs(420), AlarmKind::Change));
    assert_eq!(
        alarm.what,
        "`GET /api/farms` (View) p95 is 80 % slower than the baseline over the last 2m, certainly \
         more than 20 %; `GET /api/farms` (View) p99 is 80 % slower than the baseline over the \
         last 2m, certainly more than 20 %"
    );
}

#[test]
fn a_spike_that_is_shorter_than_the_window_is_none() {
    for (length, slower) in [(10, 50.0), (60, 9.0), (114, 3.0)] {
        let spike = |at| slow(if (300..300 + length).contains(&at) { slower } else { 1.0 });
        assert_eq!(watch(&mut with_baseline(), 700, spike), [], "{length} s");
    }
    let pulsing = |at: u64| slow(if at.rem_euclid(120) < 20 { 4.0 } else { 1.0 });
    assert_eq!(watch(&mut with_baseline(), 900, pulsing), []);
}

#[test]
fn a_slow_down_below_the_last_line_is_none() {
    assert_eq!(watch(&mut with_baseline(), 600, |_| slow(1.45)), []);
}

#[test]
fn without_a_baseline_only_failures_are_watched() {
    let policy = Policy::default();
    assert_eq!(watch(&mut Watch::new(&policy, None), 600, |_| slow(9.0)), []);
    assert_eq!(watch(&mut Watch::new(&policy, Some(&[])), 600, |_| slow(9.0)), []);
    // 16 % of the one endpoint are 8 % of all requests.
    let from_200 = |at| failing(if at < 200 { 0 } else { 8 });
    let alarms = watch(&mut Watch::new(&policy, None), 600, from_200);
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    assert_eq!((alarm.at, alarm.kind), (Nanos::from_secs(320), AlarmKind::Errors));
    assert_eq!(
        alarm.what,
        "8.0 % of 12,000 requests failed over the last 2m, more than 5.0 % and surely more than \
         2.0 %"
    );
}

#[test]
fn failures_that_pass_are_none() {
    let policy = Policy::default();
    let outage = |at| failing(if (200..310).contains(&at) { 40 } else { 0 });
    assert_eq!(watch(&mut Watch::new(&policy, None), 600, outage), []);
    // 8 % of one endpoint are 4 % of all.
    assert_eq!(watch(&mut Watch::new(&policy, None), 600, |_| failing(4)), []);
}

#[test]
fn a_series_has_its_own_budget_and_one_that_always_failed_is_none() {
    let budget = |weight| SeriesRule {
        pattern: "GET /api/farms".to_owned(),
        weight,
        errors: Some(Lines { go: Ratio(0.001), no_go: Ratio(0.005), rollback: Ratio(0.01) }),
        ..SeriesRule::default()
    };
    let with = |rule| Policy { series: vec![rule], ..Policy::default() };
    let strict = with(budget(1.0));
    let alarms = watch(&mut Watch::new(&strict, None), 300, |_| failing(1));
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    assert!(alarm.what.starts_with(
        "2.0 % of 6,000 requests of `GET /api/farms` (View) failed over the last 2m, more than 1.0 %"
    ));
    assert_eq!(watch(&mut Watch::new(&with(budget(0.5)), None), 300, |_| failing(1)), []);
    assert_eq!(watch(&mut Watch::new(&with(budget(0.0)), None), 300, |_| failing(1)), []);
    // Of the baseline none failed, so 8 % of one endpoint are as grave as they look.
    let alarms = watch(&mut with_baseline(), 300, |_| failing(4));
    assert_eq!(alarms.len(), 1, "{alarms:?}");
}

#[test]
fn series_count_by_their_weight() {
    let rule =
        |weight| SeriesRule { pattern: "GET /api/*".to_owned(), weight, ..SeriesRule::default() };
    for (weight, alarms) in [(1.0, 1), (0.5, 0), (0.0, 0)] {
        let policy = Policy { series: vec![rule(weight)], ..Policy::default() };
        let mut one = Watch::new(&policy, Some(&Target::baseline()));
        assert_eq!(watch(&mut one, 300, |_| slow(2.0)).len(), alarms, "{weight}");
    }
}

#[test]
fn only_measured_time_counts_over_all_repetitions() {
    let target = Target::new(10, 30);
    let mut one = with_baseline();
    let mut alarms = Vec::new();
    let terrible = Second { slower: 20.0, failed: 30 };
    let made = [target.interval(0, 1, terrible), target.interval(10, 1, CALM)];
    let slower = target.interval(10, 1, slow(2.0));
    for repetition in 0..12 {
        for at in 0..42 {
            let [lead, calm] = &made;
            let steady = if repetition < 3 { calm } else { &slower };
            // Two seconds after its end the last answers of the phase come in.
            let mut interval = if at < 10 { lead.clone() } else { steady.clone() };
            interval.start = Nanos::from_secs(at);
            alarms.extend(one.take(&interval, &target.catalogue, &target.phases));
        }
    }
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    // Three repetitions of 30 s before, and the window.
    assert_eq!((alarm.at, alarm.kind), (Nanos::from_secs(210), AlarmKind::Change));
}

#[test]
fn memory_is_bounded_by_the_window() {
    let mut one = with_baseline();
    assert_eq!(watch(&mut one, 119, |_| CALM), []);
    assert_eq!(one.window.pieces(), 23);
    for _ in 0..8 {
        assert_eq!(watch(&mut one, 150, |_| CALM), []);
        assert_eq!(one.window.pieces(), 24);
        assert_eq!(one.series.len(), 2);
    }
}

#[test]
fn minutes_are_looked_at_as_well_as_seconds() {
    let target = Target::new(0, 3_600);
    let policy = Policy { sustained: Nanos::from_secs(300), ..Policy::default() };
    let mut one = Watch::new(&policy, Some(&Target::baseline()));
    let [calm, slower] = [CALM, slow(1.9)].map(|how| target.interval(0, 60, how));
    let alarms: Vec<_> = (0..30)
        .filter_map(|minute| {
            let mut interval = if minute < 10 { calm.clone() } else { slower.clone() };
            interval.start = Nanos::from_secs(minute * 60);
            one.take(&interval, &target.catalogue, &target.phases)
        })
        .map(|alarm| alarm.at)
        .collect();
    assert_eq!(alarms, [Nanos::from_secs(15 * 60)]);
}

#[test]
fn a_repetition_that_is_no_measurement_is_no_baseline() {
    let mut baseline = Target::baseline();
    baseline.push(Target::new(0, 0).repetition(1.0));
    assert!(!baseline[5].faults().is_empty());
    let mut one = Watch::new(&Policy::default(), Some(&baseline));
    assert_eq!(watch(&mut one, 300, |_| slow(2.0)).len(), 1);
}
