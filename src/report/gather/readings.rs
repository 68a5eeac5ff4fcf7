//! What monitors read, held against the limits of the scenario, and else against those of a staging
//! test, which inform: no exit code and no verdict depends on them.

use std::collections::BTreeMap;

use super::Source;
use crate::gate::leaks::MEMORY_LIMIT;
use crate::gate::limit::{is_measured, is_of_run};
use crate::gate::threshold::{self, Outcome, Status};
use crate::record::{ContainerReading, DatabaseReading, ProcessReading, Reading, ThresholdText};
use crate::report::document::{QueryRow, ReadingRow};
use crate::units::{Nanos, ReadingUnit};

/// The share of the connections, or of the pool, that is in use has to be below this.
const USE_LIMIT: f64 = 0.8;
/// The mean time of each statement has to be below this, in milliseconds.
const MEAN_LIMIT_MS: f64 = 50.0;
/// Its 95th percentile.
const P95_LIMIT: Nanos = Nanos::from_millis(200);
/// Its 99th percentile.
const P99_LIMIT: Nanos = Nanos::from_millis(500);

/// The mean share of the processors has to be below this.
const CPU_LIMIT: f64 = 0.5;
/// What loadgate uses itself is no matter of the system that is tested.
const OWN: &str = "loadgate.";

/// All values of one name.
struct Values {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

impl Values {
    fn add(&mut self, value: f64) {
        let Self { count, sum, min, max } = self;
        *count = count.saturating_add(1);
        *sum += value;
        *min = min.min(value);
        *max = max.max(value);
    }

    fn none() -> Self {
        Self { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

/// One row a name, those of one monitor together, and what the tap has to say of the same limits.
pub(super) fn rows(source: &Source<'_>, queries: &[QueryRow]) -> Vec<ReadingRow> {
    let read = values(source);
    let limits = limits(source);
    // The limits are the same for every database, also where nothing was read for them.
    let mut names: Vec<(&str, Option<DatabaseReading>, String)> = Vec::new();
    for what in read.keys().chain(limits.keys().filter(|what| !read.contains_key(*what))) {
        match DatabaseReading::of(what) {
            Some((before, one)) => names.push((before, Some(one), what.clone())),
            None => names.push(("", None, what.clone())),
        }
    }
    // A tap alone reads nothing that a monitor would have to.
    let of_monitor = |one: DatabaseReading| !is_tapped(one);
    let mut monitors: Vec<&str> =
        names.iter().filter(|name| name.1.is_some_and(of_monitor)).map(|name| name.0).collect();
    monitors.sort_unstable();
    monitors.dedup();
    for monitor in monitors {
        let judged = DatabaseReading::ALL.into_iter().filter(|one| is_always_judged(*one));
        for one in judged {
            let what = format!("{monitor}{}", one.word());
            if !read.contains_key(&what) && !limits.contains_key(&what) {
                names.push((monitor, Some(one), what));
            }
        }
    }
    names.sort_by(|one, other| {
        let key = |name: &(&str, Option<DatabaseReading>, String)| (name.1.is_none(), name.1);
        one.0.cmp(other.0).then(key(one).cmp(&key(other))).then(one.2.cmp(&other.2))
    });
    let rows = names.iter().map(|(_, known, what)| {
        let usual = row(what, *known, read.get(what));
        limits.get(what).map_or(usual.clone(), |own| decided(usual, own))
    });
    rows.chain(tapped(queries)).collect()
}

/// The outcomes of the scenario's own limits by the name of their reading.
fn limits(source: &Source<'_>) -> BTreeMap<String, Vec<Outcome>> {
    let thresholds = &source.record.header.thresholds;
    let own = thresholds.iter().filter(|text| text.reading().is_some());
    let own: Vec<ThresholdText> = own.cloned().collect();
    let outcomes = threshold::judge_by(source.record, &own);
    let mut limits: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for (text, outcome) in own.iter().zip(outcomes) {
        limits.entry(text.reading().unwrap_or_default().to_owned()).or_default().push(outcome);
    }
    limits
}

/// The row with the limits of the scenario in place of the usual one. Of several the one is told
/// that decides.
fn decided(usual: ReadingRow, own: &[Outcome]) -> ReadingRow {
    let texts: Vec<&str> = own.iter().map(|outcome| outcome.condition.as_str()).collect();
    let of = |status: Status| own.iter().find(|outcome| outcome.status == status);
    let (holds, told) = match (of(Status::Failed), of(Status::NoData)) {
        (Some(missed), _) => (Some(false), Some(missed)),
        (None, Some(open)) => (None, Some(open)),
        (None, None) => (Some(true), own.first()),
    };
    let judged = told.and_then(|outcome| outcome.measured.clone());
    ReadingRow { limit: Some(texts.join(", ")), holds, judged, decides: true, ..usual }
}

/// A sentence for each limit that was missed and decides nothing: the others are told as thresholds.
pub(super) fn notes(rows: &[ReadingRow]) -> Vec<String> {
    let missed = rows.iter().filter(|row| row.holds == Some(false) && !row.decides);
    let told = missed.filter_map(|row| {
        let (limit, judged) = (row.limit.as_ref()?, row.judged.as_ref()?);
        let of = if is_of_database(&row.name) { "the database" } else { "a staging test" };
        let name = &row.name;
        Some(format!("a limit for {of} is missed: `{name}` reached {judged}, the limit is {limit}"))
    });
    told.collect()
}

/// Whether it is what a monitor of a database or a tap reads.
fn is_of_database(name: &str) -> bool {
    DatabaseReading::of(name).is_some() || name.starts_with("tap.")
}

/// The values of measured phases by name; what is of the whole run is where it ended.
fn values(source: &Source<'_>) -> BTreeMap<String, Values> {
    let mut read: BTreeMap<String, Values> = BTreeMap::new();
    let phases = &source.record.header.load.phases;
    for interval in &source.record.intervals {
        let is_measured = is_measured(phases, interval.start);
        for Reading { what, value } in &interval.gauges.readings {
            let has_room = read.len() < Reading::MAX_NAMES || read.contains_key(what);
            if (is_measured || is_of_run(what)) && has_room {
                read.entry(what.clone()).or_insert_with(Values::none).add(*value);
            }
        }
    }
    read
}

/// Limits of which people have to know that nothing is known.
fn is_always_judged(one: DatabaseReading) -> bool {
    use DatabaseReading as What;
    matches!(
        one,
        What::ConnectionsUse
            | What::SlowestStatement
            | What::ConnectionErrors
            | What::QueryTimeouts
    )
}

/// What a tap reads as well as a monitor, or instead of it.
fn is_tapped(one: DatabaseReading) -> bool {
    matches!(one, DatabaseReading::ConnectionErrors | DatabaseReading::QueryTimeouts)
}

fn row(what: &str, known: Option<DatabaseReading>, values: Option<&Values>) -> ReadingRow {
    let values = values.filter(|values| values.count > 0);
    let mean = values.map(|values| values.sum / f64::from(values.count));
    let max = values.map(|values| values.max);
    let (limit, judged, holds) = match usual(what, known) {
        Some((text, Usual::Below(limit))) => (Some(text), max, max.map(|max| max < limit)),
        Some((text, Usual::MeanBelow(limit))) => (Some(text), mean, mean.map(|mean| mean < limit)),
        Some((text, Usual::None)) => (Some(text), max, max.map(|max| max <= 0.0)),
        None => (None, None, None),
    };
    ReadingRow {
        name: what.to_owned(),
        min: values.map(|values| values.min),
        mean,
        max,
        limit: limit.map(str::to_owned),
        holds,
        judged: judged.map(|value| ReadingUnit::of(what).text(value)),
        decides: false,
    }
}

/// A limit of a staging test.
#[derive(Clone, Copy, Debug)]
enum Usual {
    /// All values have to be below it.
    Below(f64),
    /// Their mean has to be.
    MeanBelow(f64),
    /// There must be none.
    None,
}

/// The limit that a staging test has for a reading, in words and as a number.
fn usual(what: &str, known: Option<DatabaseReading>) -> Option<(&'static str, Usual)> {
    use DatabaseReading as What;
    match known {
        Some(What::ConnectionsUse | What::PoolUse) => Some(("< 80 %", Usual::Below(USE_LIMIT))),
        Some(What::SlowestStatement) => Some(("< 50 ms", Usual::Below(MEAN_LIMIT_MS))),
        Some(What::ConnectionErrors | What::QueryTimeouts) => Some(("0", Usual::None)),
        Some(_) => None,
        None if what.starts_with(OWN) => None,
        None => {
            let last = what.rsplit('.').next().unwrap_or_default();
            let memory = [ProcessReading::Rss.word(), ContainerReading::Memory.word()];
            if memory.contains(&last) {
                Some(("< 2 GB", Usual::Below(MEMORY_LIMIT)))
            } else if last == ProcessReading::Cpu.word() {
                Some(("avg < 50 %", Usual::MeanBelow(CPU_LIMIT)))
            } else {
                None
            }
        }
    }
}

/// The slowest statement by percentile, of those that the tap saw.
fn tapped(queries: &[QueryRow]) -> Vec<ReadingRow> {
    let seen = queries.iter().filter(|row| row.text.is_some());
    let seen: Vec<_> = seen.filter_map(|row| row.duration).collect();
    let slowest = |name: &str, limit: Nanos, worst: Option<Nanos>| {
        let worst = worst?;
        Some(ReadingRow {
            name: name.to_owned(),
            min: None,
            mean: None,
            max: Some(worst.as_millis_f64()),
            limit: Some(format!("< {limit}")),
            holds: Some(worst < limit),
            judged: Some(worst.to_string()),
            decides: false,
        })
    };
    let p95 = seen.iter().map(|latency| latency.p95).max();
    let p99 = seen.iter().map(|latency| latency.p99).max();
    let rows = [
        slowest("tap.slowest_statement_p95_ms", P95_LIMIT, p95),
        slowest("tap.slowest_statement_p99_ms", P99_LIMIT, p99),
    ];
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::{Checks, Latency};

    fn statement(p95_ms: u64, p99_ms: u64, text: Option<&str>) -> QueryRow {
        let time = Nanos::from_millis(1);
        QueryRow {
            source: "tap",
            name: "SELECT farms by id".to_owned(),
            journey: None,
            step: None,
            count: 9,
            errors: 0,
            checks: Checks::default(),
            duration: Some(Latency {
                n: 9,
                mean: time,
                p50: time,
                p90: time,
                p95: Nanos::from_millis(p95_ms),
                p99: Nanos::from_millis(p99_ms),
                p999: time,
                max: time,
                beyond: 0,
            }),
            endpoints: Vec::new(),
            text: text.map(str::to_owned),
            callers: Vec::new(),
        }
    }

    #[test]
    fn the_slowest_statement_of_the_tap_is_held_against_the_limits() {
        let text = Some("SELECT a FROM farms WHERE id = $?");
        let queries = [statement(3, 500, text), statement(199, 7, text), statement(900, 900, None)];
        let rows = tapped(&queries);
        let shown = |row: &ReadingRow| format!("{} {:?} {:?}", row.name, row.max, row.holds);
        assert_eq!(
            rows.iter().map(shown).collect::<Vec<_>>(),
            [
                "tap.slowest_statement_p95_ms Some(199.0) Some(true)",
                "tap.slowest_statement_p99_ms Some(500.0) Some(false)",
            ]
        );
        assert_eq!(
            notes(&rows),
            ["a limit for the database is missed: `tap.slowest_statement_p99_ms` reached 500 ms, \
              the limit is < 500 ms"]
        );
        assert_eq!(tapped(&queries[2..]), [], "only the tap's statements");
    }
}
