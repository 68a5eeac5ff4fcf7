//! Whether what monitors read grows without end: memory, open files, connections.

use std::collections::BTreeMap;

use crate::names::SeriesId;
use crate::record::{Interval, ProcessReading, Reading, RunRecord, ThresholdText};
use crate::scenario::{ReadingLimit, ReadingTest, Relation};
use crate::stats::estimate::Estimate;
use crate::stats::leak::{Finding, Growth, Reason, Sample, Settings, judge};
use crate::units::{Nanos, ReadingUnit, count_to_f64, f64_to_u64, format_nanos};

/// The limit that says so: `limits: { rss_bytes: no leak }`.
pub const NO_LEAK: &str = "no leak";
/// Memory that a service may use, if its limits don't say another: that of a staging test.
pub const MEMORY_LIMIT: f64 = 2e9;
/// Samples of so long are one: the least of the levels, which is what counts of them, and the mean
/// of the load. So two days are 2,880 samples, however often was read.
const SAMPLE: Nanos = Nanos::from_secs(60);
/// How long before the end the highest level is taken for the present one: a collector's sawtooth
/// reaches a limit with its tips.
const PRESENT: Nanos = Nanos::from_secs(7_200);
/// How long what is to be judged has to be read, in hours: two of warm-up and four of floors.
const NEEDED_HOURS: f64 = 6.0;
/// What loadgate says of itself is not of the system that is tested.
const OWN: &str = "loadgate.";

/// What is said of one reading.
#[derive(Clone, Debug, PartialEq)]
pub struct LeakRow {
    /// Its name, with its unit last: `app.rss_bytes`.
    pub reading: String,
    /// Whether it grows without end.
    pub finding: LeakFinding,
    /// Growth an hour in the reading's unit, each end at 99 %; `n` floors. `None` where it was read
    /// for too short a time.
    pub slope: Option<Estimate>,
    /// Growth an hour that is accepted.
    pub accepted: Option<f64>,
    /// The median level after collection.
    pub level: Option<f64>,
    /// For how long it was read, since the last start of what was read.
    pub lasted: Nanos,
    /// The level that it must not reach, where there is one.
    pub limit: Option<f64>,
    /// Hours until it reaches the limit, at the slope; of a leak only.
    pub hours_left: Option<f64>,
}

/// Whether a reading grows without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeakFinding {
    /// It does.
    Leak,
    /// It does not.
    Clean,
    /// Neither is shown, for this reason.
    Open(String),
}

impl LeakFinding {
    /// One word: `LEAK`, `CLEAN`, `OPEN`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Leak => "LEAK",
            Self::Clean => "CLEAN",
            Self::Open(_) => "OPEN",
        }
    }
}

impl LeakRow {
    /// What is found, for people: `app.rss_bytes: LEAK, 2.01 MB/h [1.95, 2.08]`.
    pub fn text(&self) -> String {
        let growth = match self.growth_text() {
            none if none.is_empty() => none,
            growth => format!(", {growth}"),
        };
        let word = match &self.finding {
            LeakFinding::Open(why) => why.as_str(),
            LeakFinding::Leak | LeakFinding::Clean => self.finding.word(),
        };
        format!("{}: {word}{growth}", self.reading)
    }

    /// Its growth with the interval: `2.01 MB/h [1.95, 2.08]`.
    pub fn growth_text(&self) -> String {
        let Some(slope) = self.slope else { return String::new() };
        let one = |value: f64| match ReadingUnit::of(&self.reading) {
            ReadingUnit::Bytes => format!("{:.2}", value / 1e6),
            ReadingUnit::BytesPerSecond
            | ReadingUnit::Seconds
            | ReadingUnit::Milliseconds
            | ReadingUnit::Share
            | ReadingUnit::PerSecond
            | ReadingUnit::Count => format!("{value:.2}"),
        };
        let unit = match ReadingUnit::of(&self.reading) {
            ReadingUnit::Bytes => " MB/h",
            ReadingUnit::BytesPerSecond
            | ReadingUnit::Seconds
            | ReadingUnit::Milliseconds
            | ReadingUnit::Share
            | ReadingUnit::PerSecond
            | ReadingUnit::Count => "/h",
        };
        format!("{}{unit} [{}, {}]", one(slope.value), one(slope.low), one(slope.high))
    }
}

/// Judges every reading that is watched for leaks, in one pass over the intervals; by name.
///
/// Watched are memory (`rss_bytes`, `pss_bytes`, what has `heap` and `bytes` in its name), open
/// files and connections, and what the scenario says. The throughput of the intervals is taken out
/// as load. Of what was started anew only the time since then counts.
pub fn leaks(record: &RunRecord) -> Vec<LeakRow> {
    let http: Vec<SeriesId> = record.catalogue.matching(|series| series.kind.is_http()).collect();
    let mut watched = Watch::new(&record.header.leaks);
    for interval in &record.intervals {
        watched.take(interval, load(interval, &http));
    }
    watched.rows(&record.header.thresholds)
}

/// What is watched, interval by interval.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// What the scenario says is to be watched, too.
    names: Vec<String>,
    watched: BTreeMap<String, Watched>,
    restarts: BTreeMap<String, f64>,
}

impl Watch {
    pub(super) fn new(names: &[String]) -> Self {
        Self { names: names.to_vec(), watched: BTreeMap::new(), restarts: BTreeMap::new() }
    }

    /// Takes what was read in an interval, at so many requests a second.
    pub(super) fn take(&mut self, interval: &Interval, load: Option<f64>) {
        let Self { names, watched, restarts } = self;
        for Reading { what, value } in &interval.gauges.readings {
            if let Some(monitor) = what.strip_suffix(ProcessReading::Restarts.word()) {
                let before = restarts.insert(monitor.to_owned(), *value);
                if before.is_some_and(|before| before < *value) {
                    let own = |name: &&String| name.starts_with(monitor);
                    let names: Vec<String> = watched.keys().filter(own).cloned().collect();
                    for name in names {
                        watched.remove(&name);
                    }
                }
            } else if let Some(own) = watched.get_mut(what) {
                own.add(interval, *value, load);
            } else if is_watched(names, what) && watched.len() < Reading::MAX_NAMES {
                let mut own = Watched::new(interval.start);
                own.add(interval, *value, load);
                watched.insert(what.clone(), own);
            }
        }
    }

    /// What is said of each so far, by name.
    pub(super) fn rows(&self, limits: &[ThresholdText]) -> Vec<LeakRow> {
        self.watched.iter().map(|(name, own)| own.row(name.clone(), limits)).collect()
    }
}

/// Whether a reading of this name is watched.
fn is_watched(names: &[String], what: &str) -> bool {
    if what.starts_with(OWN) {
        return false;
    }
    if names.iter().any(|name| name == what) {
        return true;
    }
    let base = what.split('{').next().unwrap_or_default();
    let last = base.rsplit('.').next().unwrap_or_default();
    let is_memory = is_memory(last) || (last.contains("heap") && last.ends_with("_bytes"));
    // A rate does not pile up.
    let piles_up = |word: &str| last == word || last.ends_with(&format!("_{word}"));
    let is_limit = last.contains("max") || last.contains("limit");
    (is_memory || piles_up("fds") || piles_up("connections")) && !is_limit
}

/// Whether it is all memory of a process, which has a limit.
fn is_memory(last: &str) -> bool {
    let whole = ["rss_bytes", "pss_bytes", "resident_memory_bytes"];
    whole.iter().any(|word| last == *word || last.ends_with(&format!("_{word}")))
}

/// Requests a second in an interval.
fn load(interval: &Interval, http: &[SeriesId]) -> Option<f64> {
    let own = interval.tallies.iter().filter(|tally| http.contains(&tally.series));
    let started: u64 = own.map(|tally| tally.counts.started).sum();
    let seconds = interval.length.as_secs_f64();
    (seconds > 0.0).then(|| count_to_f64(started) / seconds)
}

/// One reading as it is read.
#[derive(Clone, Debug)]
struct Watched {
    start: Nanos,
    end: Nanos,
    minutes: Vec<Minute>,
}

/// What is kept of a minute.
#[derive(Clone, Copy, Debug)]
struct Minute {
    at: u64,
    lowest: f64,
    highest: f64,
    load: f64,
    loads: f64,
}

impl Watched {
    fn new(start: Nanos) -> Self {
        Self { start, end: start, minutes: Vec::new() }
    }

    fn add(&mut self, interval: &Interval, value: f64, load: Option<f64>) {
        self.end = self.end.max(interval.start + interval.length);
        let at = interval.start.since(self.start).0.div_euclid(SAMPLE.0);
        if self.minutes.last().is_none_or(|last| last.at != at) {
            self.minutes.push(Minute { at, lowest: value, highest: value, load: 0.0, loads: 0.0 });
        }
        if let Some(minute) = self.minutes.last_mut() {
            minute.lowest = minute.lowest.min(value);
            minute.highest = minute.highest.max(value);
            if let Some(load) = load {
                minute.load += load;
                minute.loads += 1.0;
            }
        }
    }

    fn row(&self, reading: String, thresholds: &[ThresholdText]) -> LeakRow {
        let hours = |minute: &Minute| count_to_f64(minute.at) * SAMPLE.as_secs_f64() / 3_600.0;
        let sample = |minute: &Minute| Sample {
            hours: hours(minute),
            level: minute.lowest,
            load: (minute.loads > 0.0).then(|| minute.load / minute.loads),
        };
        let samples: Vec<Sample> = self.minutes.iter().map(sample).collect();
        let lasted = self.end.since(self.start);
        let growth = judge(&samples, &Settings::default());
        let limit = limit(&reading, thresholds);
        let finding = match &growth {
            None => LeakFinding::Open(too_short(lasted)),
            Some(found) => finding(found),
        };
        let slope = growth.map(|found| found.slope);
        let left = slope.zip(limit).filter(|_| finding == LeakFinding::Leak);
        let left = left.and_then(|(slope, limit)| self.hours_left(slope.value, limit));
        LeakRow {
            reading,
            finding,
            slope,
            accepted: growth.map(|found| found.limit),
            level: growth.map(|found| found.level),
            lasted,
            limit,
            hours_left: left,
        }
    }

    /// From the highest level of the last hours; zero where it is reached.
    fn hours_left(&self, slope: f64, limit: f64) -> Option<f64> {
        let minutes = PRESENT.0.div_euclid(SAMPLE.0);
        let last = self.minutes.last()?.at;
        let present = self.minutes.iter().filter(|minute| minute.at + minutes >= last);
        let highest = present.map(|minute| minute.highest).fold(f64::NEG_INFINITY, f64::max);
        (slope > 0.0).then(|| ((limit - highest) / slope).max(0.0))
    }
}

fn too_short(lasted: Nanos) -> String {
    let needed = format_nanos(Nanos::from_secs(f64_to_u64(NEEDED_HOURS * 3_600.0)));
    format!("too short to say: read for {}, {needed} are needed", format_nanos(lasted))
}

fn finding(growth: &Growth) -> LeakFinding {
    match growth.finding {
        Finding::Leak => LeakFinding::Leak,
        Finding::Clean => LeakFinding::Clean,
        Finding::Inconclusive(reason) => LeakFinding::Open(match reason {
            Reason::StillSettling => {
                "it grew, and no longer does so in the second half: measure on".to_owned()
            }
            Reason::OneStep => "half of the growth came at one time: measure on".to_owned(),
            Reason::TooNoisy => "it varies too much to say: measure longer".to_owned(),
        }),
    }
}

/// The level that a reading must not reach: that of its own limits, else that of a staging test.
fn limit(reading: &str, thresholds: &[ThresholdText]) -> Option<f64> {
    let own = thresholds.iter().filter(|text| text.reading() == Some(reading));
    let limits = own.filter_map(|text| {
        let limit: ReadingLimit = text.condition.parse().ok()?;
        let ReadingTest::Compare { relation, .. } = &limit.test else { return None };
        let is_upper = matches!(relation, Relation::Less | Relation::LessOrEqual);
        limit.test.value(ReadingUnit::of(reading)).ok()?.filter(|_| is_upper)
    });
    let usual =
        || is_memory(reading.rsplit('.').next().unwrap_or_default()).then_some(MEMORY_LIMIT);
    limits.reduce(f64::min).or_else(usual)
}
