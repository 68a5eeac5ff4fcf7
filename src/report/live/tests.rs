//! What a live view shows of intervals that are made up.

use proptest::prelude::*;

use super::*;
use crate::histogram::Histogram;
use crate::names::{Catalogue, ErrorKind, Metric, Series, SeriesId, SeriesKind};
use crate::record::{Cell, Counts, ErrorSample, Gauges, Interval, PhaseInfo, Tally, Totals};
use crate::units::Nanos;

/// A run that is made up second by second.
struct Made {
    catalogue: Catalogue,
    totals: Totals,
    samples: Vec<ErrorSample>,
    view: View,
    seconds: u64,
}

/// What one series did in a second: how long its answers took, and what failed.
type Did<'a> = (SeriesId, &'a [u64], &'a [ErrorKind]);

impl Made {
    fn new(names: &[&str]) -> Self {
        let mut catalogue = Catalogue::new();
        for name in names {
            catalogue.intern(&series(name, SeriesKind::Endpoint)).unwrap();
        }
        let phases = vec![phase("warm-up", 0, 5), phase("steady", 5, 95)];
        let subject = Subject { scenario: "shop".to_owned(), ..Subject::default() };
        let view = View::new(&subject, phases, Nanos::from_secs(100));
        Self { catalogue, totals: Totals::default(), samples: Vec::new(), view, seconds: 0 }
    }

    fn id(&self, name: &str) -> SeriesId {
        self.catalogue.matching(|series| series.name == name).next().unwrap()
    }

    fn second(&mut self, did: &[Did<'_>]) {
        let phase = u8::from(self.seconds >= 5);
        let mut interval = Interval {
            start: Nanos::from_secs(self.seconds),
            length: Nanos::SECOND,
            gauges: Gauges {
                active_users: 7,
                generator_cpu: Nanos(250_000_000),
                ..Gauges::default()
            },
            ..Interval::default()
        };
        for (series, times, failed) in did {
            let mut histogram = Histogram::new();
            histogram.extend(times.iter().copied().map(Nanos));
            let cell = Cell { phase, series: *series, metric: Metric::Response, histogram };
            let started = u64::try_from(times.len() + failed.len()).unwrap();
            let mut counts = Counts { started, ..Counts::default() };
            failed.iter().for_each(|kind| counts.fail(*kind));
            let tally = Tally { phase, series: *series, counts };
            self.totals.add_cell(&cell);
            self.totals.add_tally(&tally);
            interval.cells.push(cell.encode());
            interval.tallies.push(tally);
        }
        self.seconds += 1;
        self.view.take(&interval, &self.catalogue);
    }

    fn frame(&self) -> Frame {
        let (catalogue, totals, samples) = (&self.catalogue, &self.totals, &self.samples);
        self.view.frame(Stage::Running, &SoFar { catalogue, totals, samples })
    }
}

fn series(name: &str, kind: SeriesKind) -> Series {
    Series {
        kind,
        name: name.to_owned(),
        journey: "customer".to_owned(),
        step: "look".to_owned(),
        endpoint: String::new(),
        tapped: None,
    }
}

fn phase(name: &str, start: u64, length: u64) -> PhaseInfo {
    PhaseInfo {
        name: name.to_owned(),
        load: "5/s".to_owned(),
        start: Nanos::from_secs(start),
        length: Nanos::from_secs(length),
        measure: name == "steady",
    }
}

fn about(got: Option<u64>, want: u64) {
    let got = got.unwrap();
    assert!(got.abs_diff(want) <= want.div_euclid(500), "{got} is not about {want}");
}

#[test]
fn before_the_first_second_there_are_no_figures() {
    let frame = Made::new(&["GET /a"]).frame();
    assert_eq!((frame.elapsed_ns, frame.phase), (0, 0));
    assert_eq!(frame.now, Now::default());
    assert_eq!(frame.total, Sums::default());
    assert_eq!(frame.points, Points::default());
    let json = serde_json::to_value(&frame).unwrap();
    assert_eq!(json["now"]["response"]["p95_ns"], serde_json::Value::Null);
    assert_eq!(json["endpoints"][0]["response"]["max_ns"], serde_json::Value::Null);
    assert_eq!((&json["stage"], &json["said"]), (&"running".into(), &serde_json::Value::Null));
}

#[test]
fn the_last_second_the_last_ten_and_all_are_told_apart() {
    let mut made = Made::new(&["GET /a", "GET /b"]);
    let (a, b) = (made.id("GET /a"), made.id("GET /b"));
    for _ in 0..15 {
        made.second(&[(a, &[5_000_000; 4], &[]), (b, &[], &[])]);
    }
    for _ in 0..9 {
        made.second(&[(a, &[1_000_000; 2], &[ErrorKind::Timeout])]);
    }
    made.second(&[(a, &[2_000_000], &[]), (b, &[9_000_000], &[])]);
    let frame = made.frame();
    assert!((frame.now.rate - 2.0).abs() < 1e-9 && frame.now.error_rate.abs() < 1e-9);
    assert!((frame.now.cpu - 0.25).abs() < 1e-9);
    about(frame.now.response.max_ns, 9_000_000);
    assert_eq!((frame.total.requests, frame.total.errors), (60 + 27 + 2, 9));
    about(frame.total.response.p50_ns, 5_000_000);
    let row = &frame.endpoints[0];
    assert_eq!((row.requests, row.errors, row.recent_errors), (88, 9, 9));
    assert!((row.recent_rate - 2.8).abs() < 1e-9, "{}", row.recent_rate);
    about(row.recent.p50_ns, 1_000_000);
    about(row.recent.max_ns, 2_000_000);
    about(row.response.max_ns, 5_000_000);
    assert_eq!(frame.endpoints[1].requests, 1);
    assert_eq!((frame.phase, frame.phases[0].measured, frame.phases[1].measured), (1, false, true));
    assert_eq!(frame.points.requests.iter().sum::<u64>(), frame.total.requests);
    assert_eq!(frame.points.users, [7; 25]);
}

#[test]
fn what_is_no_request_is_in_no_figure_of_requests() {
    let mut made = Made::new(&["GET /a"]);
    let query = made.catalogue.intern(&series("farm.findMany", SeriesKind::ServerQuery)).unwrap();
    let reused = SeriesId::REUSED;
    made.second(&[
        (made.id("GET /a"), &[1_000], &[]),
        (query, &[9_000_000], &[]),
        (reused, &[8_000_000], &[]),
    ]);
    let frame = made.frame();
    assert_eq!((frame.total.requests, frame.endpoints.len()), (1, 1));
    about(frame.now.response.max_ns, 1_000);
    about(frame.points.p99_ns[0], 1_000);
}

#[test]
fn what_failed_last_stands_first_with_the_message_that_was_kept() {
    let mut made = Made::new(&["GET /a", "GET /b"]);
    let (a, b) = (made.id("GET /a"), made.id("GET /b"));
    made.samples.push(ErrorSample {
        series: a,
        kind: ErrorKind::Status5xx,
        status: Some(500),
        message: "status 500: \x1b[2Jout of \u{202e}memory".to_owned(),
        at: Nanos(5),
    });
    made.second(&[(a, &[], &[ErrorKind::Status5xx, ErrorKind::Status5xx])]);
    made.second(&[(b, &[], &[ErrorKind::Timeout])]);
    made.second(&[(a, &[], &[ErrorKind::Reset]), (b, &[5], &[])]);
    let frame = made.frame();
    let lines: Vec<_> = frame
        .errors
        .iter()
        .map(|line| {
            (line.last_ns.div_euclid(1_000_000_000), line.kind, &*line.endpoint, line.count)
        })
        .collect();
    let [reset, timeout, status] =
        [ErrorKind::Reset, ErrorKind::Timeout, ErrorKind::Status5xx].map(ErrorKind::word);
    assert_eq!(
        lines,
        [(3, reset, "GET /a", 1), (2, timeout, "GET /b", 1), (1, status, "GET /a", 2)]
    );
    assert_eq!(frame.errors[0].message, None);
    let message = frame.errors[2].message.as_deref();
    assert_eq!(message, Some("status 500: \\u{1b}[2Jout of \\u{202e}memory"));
    assert_eq!(frame.kinds[0], KindCount { kind: status, count: 2 });
    assert_eq!(frame.kinds.len(), 3);
}

#[test]
fn names_and_tables_have_limits() {
    let long = format!("GET /{}\u{7}", "x".repeat(1_000));
    let names: Vec<String> = (0..MAX_ROWS + 30).map(|at| format!("{at} {long}")).collect();
    let mut made = Made::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let ids: Vec<SeriesId> = made.catalogue.matching(|series| series.kind.is_http()).collect();
    let did: Vec<Did<'_>> =
        ids.iter().map(|id| (*id, [].as_slice(), [ErrorKind::Dns].as_slice())).collect();
    made.second(&did);
    let frame = made.frame();
    assert_eq!((frame.endpoints.len(), frame.endpoints_left_out), (MAX_ROWS, 30));
    assert_eq!(frame.errors.len(), MAX_ERROR_LINES);
    assert_eq!(frame.total.errors, u64::try_from(ids.len()).unwrap());
    assert!(frame.endpoints.iter().all(|row| row.name.chars().count() <= 300));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_points_add_up_to_the_totals(
        seconds in prop::collection::vec(
            (prop::collection::vec(1_u64..60_000_000_000, 0..5), 0_usize..3), 1..40),
    ) {
        let mut made = Made::new(&["GET /a"]);
        let a = made.id("GET /a");
        for (times, failed) in &seconds {
            made.second(&[(a, times.as_slice(), vec![ErrorKind::Check; *failed].as_slice())]);
        }
        let frame = made.frame();
        prop_assert_eq!(frame.points.requests.iter().sum::<u64>(), frame.total.requests);
        prop_assert_eq!(frame.points.errors.iter().sum::<u64>(), frame.total.errors);
        prop_assert_eq!(frame.endpoints[0].response, frame.total.response);
        let highest = frame.points.p99_ns.iter().flatten().max().copied();
        prop_assert!(highest <= frame.total.response.max_ns);
        prop_assert_eq!(frame.points.start_ns.len(), seconds.len());
    }
}
