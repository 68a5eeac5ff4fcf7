//! The figures that the guide sets targets for, each with what was measured.

use super::figures::{Figures, Times, Values};
use super::known::Known;
use super::measured::{Finding, Line, Measure};
use super::{Answer, Row, Source, Standing, State, database, ruled};
use crate::record::DatabaseReading;
use crate::units::{Bytes, Nanos, Ratio, f64_to_u64, group_thousands};

/// A figure with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is called in documents.
    pub id: &'static str,
    /// What it says, with the guide's limit.
    pub text: &'static str,
    measure: Measured,
    /// A command that would measure it.
    how: &'static str,
}

/// What is held against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measured {
    /// Of all requests, answered ones.
    Response(Of),
    /// Times to the first byte.
    Waiting(Of),
    /// Durations of queries.
    Query(Of),
    /// The share of requests that fail.
    Errors,
    /// The share of the pool, or of the connections, that is in use.
    Pool,
    /// How often something happened that must not.
    Never(DatabaseReading),
    /// The most memory of a process of the system.
    Memory,
    /// The mean use of processors by a process of the system.
    Cpu,
    /// How long it takes on average to connect to the database: what the target itself says.
    Connecting,
}

/// A figure of a distribution with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Of(Pick, Nanos);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pick {
    Mean,
    P95,
    P99,
}

/// The guide's "2 GB".
const MEMORY_LIMIT: f64 = 2e9;
/// The guide's "50 %", of one processor.
const CPU_LIMIT: Ratio = Ratio(0.5);
/// The guide's limit for connecting to the database, in milliseconds.
const CONNECT_LIMIT_MS: f64 = 10.0;

/// Last parts of readings that are the memory of a process or container.
const MEMORY: [&str; 4] = ["rss_bytes", "pss_bytes", "memory_bytes", "memory_used_bytes"];
/// Last parts of readings that are its use of processors.
const CPU: [&str; 2] = ["cpu", "cpu_use"];
/// Last parts of readings that are the time to connect to the database.
const CONNECT: [&str; 2] = ["db_connect_ms", "connect_ms"];
/// Monitors that don't look at the system that is decided on.
const NOT_OF_TARGET: [&str; 2] = ["loadgate", "host"];

const RUN: &str = "loadgate run --scenario all";
const TAP: &str = "loadgate run --scenario all, with `tap:` in the scenario";
const MONITORED: &str = "loadgate run --scenario all, with a monitor of the database";
const PROCESS: &str = "loadgate observe --for 48h, with a monitor of the process";

const fn ms(pick: Pick, millis: u64) -> Of {
    Of(pick, Nanos(millis * 1_000_000))
}

impl Target {
    /// All of them, in the order of the guide.
    pub const ALL: &[Self] = &[
        Self::new(
            "target.query-mean",
            "Average query time < 50 ms",
            Measured::Query(ms(Pick::Mean, 50)),
            TAP,
        ),
        Self::new(
            "target.query-p95",
            "P95 query time < 200 ms",
            Measured::Query(ms(Pick::P95, 200)),
            TAP,
        ),
        Self::new(
            "target.query-p99",
            "P99 query time < 500 ms",
            Measured::Query(ms(Pick::P99, 500)),
            TAP,
        ),
        Self::new("target.pool", "Connection pool usage < 80 %", Measured::Pool, MONITORED),
        Self::new(
            "target.response-mean",
            "API response time < 200 ms on average",
            Measured::Response(ms(Pick::Mean, 200)),
            RUN,
        ),
        Self::new(
            "target.response-p95",
            "P95 response time < 500 ms",
            Measured::Response(ms(Pick::P95, 500)),
            RUN,
        ),
        Self::new(
            "target.database-connect",
            "Database connection time < 10 ms on average",
            Measured::Connecting,
            "loadgate run --scenario all, with a reading `db_connect_ms` of the health endpoint",
        ),
        Self::new(
            "target.first-byte",
            "Time to first byte < 100 ms on average",
            Measured::Waiting(ms(Pick::Mean, 100)),
            RUN,
        ),
        Self::new("target.errors", "Error rate < 1 % of requests", Measured::Errors, RUN),
        Self::new(
            "target.database-errors",
            "Database connection errors: 0",
            Measured::Never(DatabaseReading::ConnectionErrors),
            MONITORED,
        ),
        Self::new(
            "target.query-timeouts",
            "Query timeout errors: 0",
            Measured::Never(DatabaseReading::QueryTimeouts),
            TAP,
        ),
        Self::new("target.memory", "Memory usage < 2 GB", Measured::Memory, PROCESS),
        Self::new("target.cpu", "CPU usage < 50 % on average", Measured::Cpu, PROCESS),
    ];

    const fn new(
        id: &'static str,
        text: &'static str,
        measure: Measured,
        how: &'static str,
    ) -> Self {
        Self { id, text, measure, how }
    }

    /// What was measured; `None` when nothing was.
    fn found(&self, known: &Known) -> Option<Measure> {
        match self.measure {
            Measured::Response(of) => times(known, |own| own.response, of),
            Measured::Waiting(of) => times(known, |own| own.waiting, of),
            Measured::Query(of) => times(known, |own| own.queries, of),
            Measured::Errors => ruled::errors(known),
            Measured::Pool => database::pool(known),
            Measured::Never(reading) => never(known, reading),
            Measured::Memory => limited(known, &MEMORY, |own| {
                let most = Bytes(f64_to_u64(own.max));
                Some((own.max < MEMORY_LIMIT, format!("{most} at most, limit 2 GB")))
            }),
            Measured::Cpu => limited(known, &CPU, |own| {
                let mean = Ratio(own.mean()?);
                Some((mean < CPU_LIMIT, format!("{mean} on average, limit {CPU_LIMIT}")))
            }),
            Measured::Connecting => limited(known, &CONNECT, |own| {
                // As the guide's other times: in two days one of many thousand is always slow.
                let mean = own.mean()?;
                let most = own.max;
                let text = format!(
                    "{mean:.1} ms on average, {most:.1} ms at most, limit {CONNECT_LIMIT_MS} ms"
                );
                Some((mean < CONNECT_LIMIT_MS, text))
            }),
        }
    }

    fn row(&self, known: &Known) -> Row {
        let found = self.found(known).map(|found| found.at(Line::Go));
        let (standing, state) = match found {
            None => {
                let why = "not measured".to_owned();
                (Standing::Missing, State::Missing { why, how: self.how.to_owned() })
            }
            Some(Finding { answer, figure, source }) => {
                let standing = match answer {
                    Answer::Yes => Standing::Good,
                    Answer::Open => Standing::Open,
                    Answer::No => Standing::Bad,
                };
                (standing, State::Measured { answer, figure, source })
            }
        };
        Row { id: self.id.to_owned(), text: self.text.to_owned(), standing, state }
    }
}

/// Each target with what was measured.
pub(super) fn rows(known: &Known) -> Vec<Row> {
    Target::ALL.iter().map(|target| target.row(known)).collect()
}

/// A statement that can only be met or missed.
fn measure(go: Answer, figure: String, source: Source) -> Measure {
    Measure { go, no_go: Answer::Open, rollback: Answer::Open, figure, source }
}

fn met(holds: bool) -> Answer {
    if holds { Answer::Yes } else { Answer::No }
}

/// A distribution of each record against its limit.
fn times(known: &Known, of: fn(&Figures) -> Option<Times>, Of(pick, limit): Of) -> Option<Measure> {
    let each = known.figures.iter().filter_map(|figures| {
        let times = of(figures)?;
        let value = match pick {
            Pick::Mean => times.mean,
            Pick::P95 => times.p95,
            Pick::P99 => times.p99,
        };
        let figure = format!("{value}, n {}, limit {limit}", group_thousands(times.n));
        Some(measure(met(value < limit), figure, figures.source.clone()))
    });
    each.reduce(Measure::and)
}

/// What must not happen, in any record.
fn never(known: &Known, reading: DatabaseReading) -> Option<Measure> {
    let (count, source) = database::counted(&known.figures, reading)?;
    Some(measure(met(count == 0), group_thousands(count), source))
}

/// Readings of the system itself whose names end so: neither loadgate's own nor the host's.
fn limited(
    known: &Known,
    names: &[&str],
    judge: impl Fn(&Values) -> Option<(bool, String)>,
) -> Option<Measure> {
    let mut found: Option<Measure> = None;
    for figures in &known.figures {
        for (name, values) in &figures.readings {
            let (monitor, last) = name.rsplit_once('.').unwrap_or(("", name));
            if !names.contains(&last) || NOT_OF_TARGET.contains(&monitor) {
                continue;
            }
            let Some((holds, text)) = judge(values) else { continue };
            let figure = format!("`{name}` {text}");
            let one = measure(met(holds), figure, figures.source.clone());
            found = Some(match found {
                Some(before) => before.and(one),
                None => one,
            });
        }
    }
    found
}
