//! One run record for everything that stores or shows records: made from a seed, small, and with
//! names that try to break out of every format.

pub(crate) mod ruling;

use loadgate::histogram::Histogram;
use loadgate::names::{Catalogue, ErrorKind, Metric, Series, SeriesId, SeriesKind};
use loadgate::record::{
    Answered, Asserted, Cell, Counts, Created, End, ErrorSample, FORMAT, FormatVersion, Gauges,
    Generator, Header, Interval, Load, Machine, Origin, PhaseInfo, Policy, PrecisionText, Queued,
    Reading, RunRecord, StopReason, Tally, TargetInfo, ThresholdText, Totals, ValidityPolicy,
    WorkerUse,
};
use loadgate::units::{Decimal, Nanos, Ratio};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Seconds that the run lasts; the first is warm-up.
const SECONDS: u64 = 6;

/// A complete run of six seconds with two journeys, a login, two queries and some errors.
pub(crate) fn record() -> RunRecord {
    let mut catalogue = Catalogue::new();
    let ids = Ids::of(&mut catalogue);
    let mut random = Pcg64::seed_from_u64(42);
    let intervals: Vec<Interval> =
        (0..SECONDS).map(|second| interval(second, &ids, &mut random)).collect();
    RunRecord {
        header: header("20260102-030405-fixture"),
        catalogue,
        totals: Totals::from_intervals(&intervals).unwrap(),
        intervals,
        end: Some(end(&ids)),
    }
}

/// The same as a loadgate of this format knew it.
pub(crate) fn record_of(format: FormatVersion) -> RunRecord {
    let mut record = record();
    record.header.format = format;
    if format.minor < 3 {
        for interval in &mut record.intervals {
            interval.gauges.readings.clear();
        }
        record.header.integrity.clear();
        record.end.iter_mut().for_each(|end| end.integrity.clear());
    }
    if format.minor < 2 {
        record.header.origin.target.local = false;
        record.header.load.precision = None;
        for worker in record.end.iter_mut().flat_map(|end| &mut end.generator.workers) {
            (worker.busy, worker.queued) = (Nanos::ZERO, None);
        }
    }
    record
}

/// What is known before the first request.
pub(crate) fn header(id: &str) -> Header {
    let phase = |name: &str, load: &str, start, length, measure| PhaseInfo {
        name: name.to_owned(),
        load: load.to_owned(),
        start: Nanos::from_secs(start),
        length: Nanos::from_secs(length),
        measure,
    };
    Header {
        format: FORMAT,
        id: id.to_owned(),
        scenario: "customer".to_owned(),
        started_unix_ns: 1_767_323_045_123_456_789,
        seed: 42,
        load: Load {
            phases: vec![
                phase("warm-up", "1/s..20/s", 0, 1, false),
                phase("steady", "20/s", 1, 5, true),
            ],
            max_users: Some(100),
            workers: 2,
            precision: Some(PrecisionText {
                word: "exact".to_owned(),
                chosen_for: Some("10/s".to_owned()),
            }),
        },
        leaks: Vec::new(),
        journeys: vec!["customer".to_owned(), "=cmd()|calc".to_owned()],
        integrity: vec!["orders are conserved".to_owned(), "no <b>orphans</b>".to_owned()],
        thresholds: vec![ThresholdText {
            subject: "http_req_response{journey:customer}".to_owned(),
            condition: "p(95) < 500ms".to_owned(),
            optional: false,
        }],
        origin: origin(),
        policy: ValidityPolicy::default(),
        gate: Policy::default(),
        repetition: None,
        logs: loadgate::record::LogsText::default(),
        observation: None,
        features: Vec::new(),
    }
}

fn origin() -> Origin {
    Origin {
        loadgate: "0.1.0".to_owned(),
        git: Some("0123abc-dirty".to_owned()),
        scenario_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        scenario_path: "scenarios/customer.yaml".to_owned(),
        machine: Machine {
            host: "bench-1".to_owned(),
            system: "Linux 6.12.1".to_owned(),
            cpu: "Example CPU @ 3.00GHz".to_owned(),
            cpus: 2,
            memory_bytes: 8_000_000_000,
            open_files: 1_048_576,
            local_ports: 28_232,
        },
        target: TargetInfo {
            url: "http://127.0.0.1:3000".to_owned(),
            version: Some("7.0.1".to_owned()),
            embedded: true,
            local: true,
        },
        engine: "tokio, HTTP/1.1".to_owned(),
        flags: vec!["--rate 20/s".to_owned()],
    }
}

fn end(ids: &Ids) -> End {
    End {
        reason: StopReason::Complete,
        lasted: Nanos::from_secs(SECONDS),
        generator: Generator {
            cpu: Nanos::from_millis(480),
            workers: vec![
                WorkerUse {
                    cpu: Nanos::from_millis(250),
                    peak: Ratio(0.071),
                    busy: Nanos::ZERO,
                    queued: Some(Queued {
                        total: Nanos::from_millis(90),
                        peak: Ratio(0.031),
                        above: Nanos::ZERO,
                    }),
                },
                WorkerUse {
                    cpu: Nanos::from_millis(220),
                    peak: Ratio(0.066),
                    ..WorkerUse::default()
                },
            ],
            requests_sent: 133,
            peak_rss_bytes: 41_000_000,
        },
        samples: vec![ErrorSample {
            series: ids.order,
            kind: ErrorKind::Status5xx,
            status: Some(503),
            message: "\x1b[31mno <b>connection</b>\x1b[0m | pool\r\nexhausted".to_owned(),
            at: Nanos::from_millis(2_345),
        }],
        notes: vec!["the monitor `rss` failed: no such process".to_owned()],
        integrity: integrity(),
    }
}

/// Two assertions that hold; of a request of the second nobody knows what became of it.
fn integrity() -> Vec<Asserted> {
    let expected = "1042.5".parse().unwrap();
    vec![
        Asserted {
            name: "orders are conserved".to_owned(),
            expect: "after == before + created(\"POST /api/orders\")".to_owned(),
            answer: Answered::Holds,
            before: Some("1000.5".parse().unwrap()),
            after: Some(expected),
            created: Some(Created { surely: 42, perhaps: 0 }),
            expected: Some((expected, expected)),
            note: None,
        },
        Asserted {
            name: "no <b>orphans</b>".to_owned(),
            expect: "after <= created(\"POST /api/orders\")".to_owned(),
            answer: Answered::Holds,
            before: Some(Decimal::default()),
            after: Some(Decimal::of(1)),
            created: Some(Created { surely: 42, perhaps: 1 }),
            expected: Some((Decimal::of(42), Decimal::of(43))),
            note: None,
        },
    ]
}

struct Ids {
    login: SeriesId,
    journey: SeriesId,
    list: SeriesId,
    order: SeriesId,
    hostile: SeriesId,
    idle: SeriesId,
    query: SeriesId,
    query_again: SeriesId,
    statement: SeriesId,
}

impl Ids {
    fn of(catalogue: &mut Catalogue) -> Self {
        let mut add = |kind, name: &str, journey: &str, step: &str, endpoint: &str| {
            let series = Series {
                kind,
                name: name.to_owned(),
                journey: journey.to_owned(),
                step: step.to_owned(),
                endpoint: endpoint.to_owned(),
                tapped: None,
            };
            catalogue.intern(&series).unwrap()
        };
        let find = "farm.findMany";
        Self {
            login: add(SeriesKind::Login, "POST /api/auth/login", "shopper", "Log in", ""),
            journey: add(SeriesKind::Journey, "customer", "customer", "", ""),
            list: add(SeriesKind::Endpoint, "GET /api/farms", "customer", "View farm list", ""),
            order: add(SeriesKind::Endpoint, "POST /api/orders", "customer", "Place an order", ""),
            hostile: add(
                SeriesKind::Endpoint,
                "GET /<script>alert(1)</script>",
                "=cmd()|calc",
                "\x1b[31m`step` | with *marks*, and a comma",
                "",
            ),
            idle: add(SeriesKind::Endpoint, "GET /never", "customer", "Never reached", ""),
            query: add(
                SeriesKind::ServerQuery,
                find,
                "customer",
                "View farm list",
                "GET /api/farms",
            ),
            query_again: add(
                SeriesKind::ServerQuery,
                find,
                "customer",
                "Place an order",
                "POST /api/orders",
            ),
            statement: add(
                SeriesKind::SqlStep,
                "SELECT \"a|b\" FROM farms WHERE id = $1",
                "=cmd()|calc",
                "Ask",
                "",
            ),
        }
    }
}

/// One second: requests with all their parts, a query for each, and now and then a failure.
fn interval(second: u64, ids: &Ids, random: &mut Pcg64) -> Interval {
    let phase = u8::from(second > 0);
    let mut made = Made { phase, cells: Vec::new(), tallies: Vec::new() };
    made.requests(ids.list, 10, 12, random);
    made.requests(ids.order, 6, 60, random);
    made.requests(ids.hostile, 4, 5, random);
    if second == 0 {
        made.requests(ids.login, 3, 90, random);
    }
    made.values(ids.query, Metric::Query, (10, 3), random);
    made.values(ids.query_again, Metric::Query, (6, 20), random);
    made.values(ids.statement, Metric::Query, (4, 1), random);
    for (id, count) in [(ids.query, 10), (ids.query_again, 6), (ids.statement, 4)] {
        made.tally(id, Counts { started: count, ..Counts::default() });
    }
    made.values(ids.journey, Metric::Iteration, (4, 400), random);
    made.tally(ids.journey, Counts { started: 4, ..Counts::default() });
    made.values(SeriesId::RUN, Metric::ScheduleLag, (20, 1), random);
    made.tally(SeriesId::RUN, Counts { dropped: u64::from(second == 4), ..Counts::default() });
    made.connections(second, random);
    if second == 2 {
        let mut counts = Counts { started: 1, ..Counts::default() };
        counts.fail(ErrorKind::Status5xx);
        made.tally(ids.order, counts);
        made.values(ids.order, Metric::Failed, (1, 4), random);
    }
    made.tally(ids.idle, Counts::default());
    made.interval(second)
}

struct Made {
    phase: u8,
    cells: Vec<Cell>,
    tallies: Vec<Tally>,
}

impl Made {
    /// `count` requests whose answers take about `millis` milliseconds.
    fn requests(&mut self, series: SeriesId, count: u64, millis: u64, random: &mut Pcg64) {
        self.values(series, Metric::Response, (count, millis), random);
        self.values(series, Metric::Duration, (count, millis), random);
        self.values(series, Metric::Waiting, (count, millis), random);
        let counts = Counts {
            started: count,
            checks_passed: count,
            sent_bytes: count * 250,
            received_bytes: count * 4_000,
            ..Counts::default()
        };
        self.tally(series, counts);
    }

    fn connections(&mut self, second: u64, random: &mut Pcg64) {
        use Metric::{Connecting, LookingUp, Receiving, Sending, Waiting};
        if second < 2 {
            for metric in [LookingUp, Connecting, Sending, Waiting, Receiving] {
                self.values(SeriesId::FRESH, metric, (5, 1), random);
            }
            let counts = Counts { started: 5, connections: 5, ..Counts::default() };
            self.tally(SeriesId::FRESH, counts);
        }
        for metric in [Sending, Waiting, Receiving] {
            self.values(SeriesId::REUSED, metric, (15, 1), random);
        }
        self.tally(SeriesId::REUSED, Counts { started: 15, ..Counts::default() });
    }

    /// `count` values of about `millis` milliseconds.
    fn values(
        &mut self,
        series: SeriesId,
        metric: Metric,
        (count, millis): (u64, u64),
        random: &mut Pcg64,
    ) {
        let mut histogram = Histogram::new();
        for _ in 0..count {
            let spread: u64 = random.random_range(800..1_600);
            histogram.record(Nanos::from_micros(millis * spread));
        }
        self.cells.push(Cell { phase: self.phase, series, metric, histogram });
    }

    fn tally(&mut self, series: SeriesId, counts: Counts) {
        let phase = self.phase;
        match self.tallies.iter_mut().find(|tally| tally.series == series) {
            Some(tally) => tally.counts.merge(&counts),
            None => self.tallies.push(Tally { phase, series, counts }),
        }
    }

    fn interval(mut self, second: u64) -> Interval {
        self.cells.sort_by_key(|cell| (cell.phase, cell.series, cell.metric));
        self.tallies.retain(|tally| !tally.counts.is_empty());
        Interval {
            start: Nanos::from_secs(second),
            length: Nanos::SECOND,
            cells: self.cells.iter().map(Cell::encode).collect(),
            tallies: self.tallies,
            gauges: Gauges {
                active_users: 5 + second,
                generator_cpu: Nanos::from_millis(80),
                readings: readings(second),
                ..Gauges::default()
            },
        }
    }
}

/// What a monitor read: every other second, and at the end the slowest statement.
fn readings(second: u64) -> Vec<Reading> {
    let more = f64::from(u32::try_from(second).unwrap());
    let read = [
        ("db.connections", 12.0 + more),
        ("db.connections_limit", 97.0),
        ("db.connections_use", 0.125 + more / 16.0),
        ("db.pool_use", 0.5 + more / 8.0),
        ("db.statement_mean_ms", 1.5 + more),
        ("db.oldest_transaction_s", 0.25),
        ("db.connection_errors", 0.0),
        ("<b>other|reading</b>", more),
    ];
    let mut readings: Vec<Reading> = Vec::new();
    if second.is_multiple_of(2) {
        readings.extend(read.into_iter().filter_map(|(what, value)| Reading::new(what, value)));
    }
    if second + 1 == SECONDS {
        readings.extend(Reading::new("db.slowest_statement_mean_ms", 61.5));
    }
    readings
}
