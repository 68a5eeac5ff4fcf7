//! Repetitions distilled from records made by hand.

use super::{Evidence, Wanted};
use crate::gate::ruling::{Place, RowKind};
use crate::gate::validity::FaultKind;
use crate::histogram::Histogram;
use crate::names::{Catalogue, ErrorKind, Metric, Series, SeriesId, SeriesKind};
use crate::record::{
    Cell, Counts, End, FORMAT, Generator, Header, Interval, Load, Origin, PhaseInfo, Policy,
    RunRecord, StopReason, Tally, ThresholdText, Totals, ValidityPolicy,
};
use crate::stats::errors::Stretch;
use crate::units::Nanos;

/// Ten seconds of warm-up, a minute and a half that is measured, ten seconds of cooling.
fn record() -> RunRecord {
    let phase = |name: &str, from, length, measure| PhaseInfo {
        name: name.to_owned(),
        load: "10/s".to_owned(),
        start: Nanos::from_secs(from),
        length: Nanos::from_secs(length),
        measure,
    };
    let phases = vec![
        phase("warmup", 0, 10, false),
        phase("steady", 10, 90, true),
        phase("out", 100, 10, false),
    ];
    RunRecord {
        header: Header {
            format: FORMAT,
            id: "run".to_owned(),
            scenario: "customer".to_owned(),
            started_unix_ns: 7,
            seed: 1,
            load: Load { phases, max_users: None, workers: 1, precision: None },
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
        catalogue: Catalogue::new(),
        totals: Totals::default(),
        intervals: Vec::new(),
        end: Some(End {
            reason: StopReason::Complete,
            lasted: Nanos::from_secs(110),
            generator: Generator::default(),
            samples: Vec::new(),
            notes: Vec::new(),
            integrity: Vec::new(),
        }),
    }
}

fn series(record: &mut RunRecord, kind: SeriesKind, name: &str, endpoint: &str) -> SeriesId {
    let [name, journey, step, endpoint] = [name, "customer", "Look", endpoint].map(str::to_owned);
    record.catalogue.intern(&Series { kind, name, journey, step, endpoint, tapped: None }).unwrap()
}

/// An interval from this second on with values of one series in milliseconds.
fn interval(at: u64, phase: u8, series: SeriesId, values: &[u64]) -> Interval {
    let kept = |metric: Metric| {
        let mut histogram = Histogram::new();
        histogram.extend(values.iter().map(|value| Nanos::from_millis(*value)));
        Cell { phase, series, metric, histogram }.encode()
    };
    let started = u64::try_from(values.len()).unwrap();
    let mut counts = Counts { started, ..Counts::default() };
    counts.fail(ErrorKind::Status5xx);
    Interval {
        start: Nanos::from_secs(at),
        length: Nanos::SECOND,
        cells: vec![kept(Metric::Response), kept(Metric::Query), kept(Metric::Failed)],
        tallies: vec![Tally { phase, series, counts }],
        ..Interval::default()
    }
}

fn distil(record: &RunRecord) -> Evidence {
    let mut record = record.clone();
    record.totals = Totals::from_intervals(&record.intervals).unwrap();
    Evidence::of(&record, &Wanted::of(&Policy::default(), &record.header.thresholds)).unwrap()
}

fn place(kind: RowKind, name: &str) -> Place {
    let own = |text: &str| if kind == RowKind::Query { String::new() } else { text.to_owned() };
    Place { kind, name: name.to_owned(), journey: own("customer"), step: own("Look") }
}

#[test]
fn only_measured_phases_count() {
    let mut record = record();
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /api/farms", "");
    record.intervals = vec![
        interval(5, 0, farms, &[900; 40]),
        interval(20, 1, farms, &[100; 90]),
        interval(21, 1, farms, &[300; 10]),
        interval(105, 2, farms, &[900; 40]),
    ];
    let found = distil(&record);
    let farms = &found.series[0];
    assert_eq!((farms.requests, found.measured), (100, Nanos::from_secs(90)));
    assert!((farms.figure(0.95).ln_value - 300e6_f64.ln()).abs() < 1e-3);
    assert_eq!(farms.figure(0.95).n, 100);
    assert_eq!(farms.figure(0.5).n, 0, "nobody asked for it");
    assert_eq!(farms.all(), Stretch { errors: 2, requests: 100 });
    assert_eq!(farms.place, place(RowKind::Endpoint, "GET /api/farms"));
}

#[test]
fn an_interval_that_straddles_two_phases_is_told_by_its_cells() {
    let mut record = record();
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /", "");
    let mut both = interval(9, 0, farms, &[900; 50]);
    both.length = Nanos(1_500_000_000);
    let measured = interval(9, 1, farms, &[100; 20]);
    both.cells.extend(measured.cells);
    both.tallies.extend(measured.tallies);
    // What was begun in the measured phase may end after it.
    let late = interval(101, 1, farms, &[100; 5]);
    record.intervals = (10..100).map(|at| interval(at, 1, farms, &[100; 3])).collect();
    record.intervals.push(both);
    record.intervals.push(late);
    let farms = distil(&record).series.remove(0);
    assert_eq!(farms.requests, 270 + 20 + 5);
    let requests: Vec<_> = farms.stretches.iter().map(|one| one.requests).collect();
    assert_eq!(requests, [90 + 20, 90, 90 + 5]);
}

#[test]
fn a_run_of_a_month_with_many_series_takes_little_memory() {
    let mut record = record();
    let month = Nanos::from_secs(31 * 86_400);
    record.header.load.phases[1].length = month;
    record.end.as_mut().unwrap().lasted = month;
    let names = (0..200).map(|at| format!("GET /{at}"));
    let all: Vec<_> =
        names.map(|name| series(&mut record, SeriesKind::Endpoint, &name, "")).collect();
    record.intervals =
        vec![interval(10, 1, all[0], &[100; 3]), interval(31 * 86_000, 1, all[1], &[100; 3])];
    let found = distil(&record);
    let lengths: Vec<usize> = found.series.iter().map(|one| one.stretches.len()).collect();
    assert_eq!(lengths[0], 1);
    assert!((900..=1_000).contains(&lengths[1]), "{}", lengths[1]);
    assert_eq!(lengths[2..].iter().sum::<usize>(), 0);
    assert_eq!(found.series[1].all(), Stretch { errors: 1, requests: 3 });
}

#[test]
fn a_short_interval_at_the_end_joins_the_last() {
    let mut record = record();
    record.end.as_mut().unwrap().lasted = Nanos(99_400_000_000);
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /", "");
    record.intervals = (10..100).map(|at| interval(at, 1, farms, &[100; 3])).collect();
    record.intervals[89].length = Nanos(400_000_000);
    let found = distil(&record);
    assert_eq!(found.measured, Nanos(89_400_000_000));
    assert_eq!((found.series[0].requests, found.series[0].stretches.len()), (270, 3));
}

#[test]
fn the_variance_within_is_that_of_the_blocks() {
    // The same requests, the slow ones spread out or all within three seconds.
    let of = |slow: fn(u64) -> bool| {
        let mut record = record();
        let farms = series(&mut record, SeriesKind::Endpoint, "GET /", "");
        let values = |at: u64| {
            let mut values: Vec<u64> = (0..60).map(|value| 100 + value).collect();
            if slow(at) {
                values = values.iter().map(|value| value + 40).collect();
            }
            values
        };
        record.intervals = (10..100).map(|at| interval(at, 1, farms, &values(at))).collect();
        distil(&record).series[0].figure(0.95)
    };
    let (spread, burst) = (of(|at| at % 9 == 0), of(|at| (50..60).contains(&at)));
    assert_eq!(spread.n, burst.n);
    assert!(burst.variance > 2.0 * spread.variance, "{burst:?} {spread:?}");
}

#[test]
fn a_query_is_one_whatever_caused_it() {
    let mut record = record();
    let one = series(&mut record, SeriesKind::ServerQuery, "farm.findMany", "GET /a");
    let other = series(&mut record, SeriesKind::ServerQuery, "farm.findMany", "GET /b");
    let own = series(&mut record, SeriesKind::SqlStep, "farm.findMany", "");
    record.intervals = vec![
        interval(20, 1, one, &[10; 30]),
        interval(21, 1, other, &[10; 12]),
        interval(22, 1, own, &[10; 7]),
    ];
    let found = distil(&record);
    let counts: Vec<_> = found.series.iter().map(|one| (one.kind, one.requests)).collect();
    assert_eq!(counts, [(SeriesKind::ServerQuery, 42), (SeriesKind::SqlStep, 7)]);
    assert_eq!(found.series[0].place, place(RowKind::Query, "farm.findMany"));
}

#[test]
fn logins_and_steps_are_told_apart() {
    let mut record = record();
    let login = series(&mut record, SeriesKind::Login, "POST /api/login", "");
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /api/farms", "");
    record.intervals = vec![interval(20, 1, login, &[10; 4]), interval(20, 1, farms, &[10; 5])];
    let kinds: Vec<_> = distil(&record).series.iter().map(|one| one.place.kind).collect();
    assert_eq!(kinds, [RowKind::Login, RowKind::Endpoint]);
}

#[test]
fn relative_thresholds_take_all_series_of_their_subject() {
    let mut record = record();
    let text = |subject: &str, condition: &str| {
        let [subject, condition] = [subject, condition].map(str::to_owned);
        ThresholdText { subject, condition, optional: false }
    };
    record.header.thresholds = vec![
        text("http_req_response{endpoint:GET *}", "p(95) <= +10%"),
        text("http_req_response{phase:warmup}", "med <= +10%"),
        text("http_req_response", "p(95) <= 100ms"),
        text("http_req_response", "avg <= +10%"),
        text("sql_query_duration", "p(99) <= +10%"),
    ];
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /api/farms", "");
    let cart = series(&mut record, SeriesKind::Endpoint, "GET /api/cart", "");
    let order = series(&mut record, SeriesKind::Endpoint, "POST /api/orders", "");
    record.intervals = vec![
        interval(5, 0, farms, &[700; 3]),
        interval(20, 1, farms, &[100; 50]),
        interval(20, 1, cart, &[200; 50]),
        interval(30, 1, order, &[900; 90]),
    ];
    let found = distil(&record);
    let figures: Vec<_> = found.relative.iter().map(|(_, found)| found.map(|one| one.n)).collect();
    // A phase of its own and an average are not compared with a baseline.
    assert_eq!(figures, [Some(100), None]);
    let all = found.threshold(&record.header.thresholds[0]);
    assert!((all.ln_value - 200e6_f64.ln()).abs() < 1e-3);
    assert_eq!(found.threshold(&record.header.thresholds[3]).n, 0);
}

#[test]
fn a_record_without_anything_is_distilled() {
    let mut record = record();
    series(&mut record, SeriesKind::Endpoint, "GET /", "");
    let found = distil(&record);
    assert_eq!((found.series[0].requests, found.series[0].figures.len()), (0, 0));
    assert_eq!(found.faults[0].kind, FaultKind::NothingMeasured);
    record.end = None;
    record.header.load.phases.clear();
    record.intervals = vec![Interval::default(); 2];
    assert_eq!(distil(&record).measured, Nanos::ZERO);
}

#[test]
fn a_run_that_was_cut_short_is_no_repetition() {
    let mut record = record();
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /", "");
    record.intervals = vec![interval(20, 1, farms, &[100; 50])];
    let end = record.end.as_mut().unwrap();
    end.reason = StopReason::Interrupted;
    end.lasted = Nanos::from_secs(70);
    let found = distil(&record);
    assert_eq!(found.faults().len(), 1);
    assert_eq!(found.faults()[0].kind, FaultKind::CutShort);
    assert_eq!(
        found.faults()[0].text,
        "the run was interrupted after 1m 10s of 1m 40s: run it again"
    );
    // What was cut off was not to be measured.
    record.end.as_mut().unwrap().lasted = Nanos::from_secs(103);
    assert!(distil(&record).faults().is_empty());
}

#[test]
fn damaged_intervals_are_an_error() {
    let mut record = record();
    let farms = series(&mut record, SeriesKind::Endpoint, "GET /", "");
    record.intervals = vec![interval(20, 1, farms, &[100; 50])];
    record.intervals[0].cells[0].bytes.truncate(9);
    assert!(Evidence::of(&record, &Wanted::of(&Policy::default(), &[])).is_err());
}

#[test]
fn each_quantile_is_wanted_once() {
    let mut policy = Policy::default();
    policy.figures.extend(policy.figures.clone());
    policy.figures[0].quantile = 1.0;
    let wanted = Wanted::of(&policy, &[]);
    assert_eq!(wanted.quantiles(crate::record::Compared::Http).len(), 2);
    assert_eq!(wanted.quantiles(crate::record::Compared::Sql).len(), 2);
}
