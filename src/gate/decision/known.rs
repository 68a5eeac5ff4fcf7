//! What a decision rests on, as plain data: whoever has it fills it in, and what nobody has is
//! missing.

use super::Source;
use super::figures::Figures;
use crate::gate::ruling::Ruling;
use crate::record::{
    Asserted, Attestation, CheckOutcome, CheckReport, CheckRow, Policy, RunRecord,
};
use crate::units::Nanos;

/// Everything that is known of a candidate.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Name of the baseline, for the commands that would answer what is missing.
    pub baseline: String,
    /// What the gate says of the candidate beside the baseline.
    pub ruling: Option<Ruling>,
    /// The rules by which it says so.
    pub policy: Policy,
    /// The candidate's assertions on data.
    pub integrity: Vec<Asserted>,
    /// The same of the baseline: what was broken before is no fault of the candidate.
    pub integrity_before: Vec<Asserted>,
    /// Figures of the candidate's runs, and of the observation if there is one.
    pub figures: Vec<Figures>,
    /// The observation of 24 to 48 hours.
    pub observation: Option<Observed>,
    /// What was found of everything that could leak.
    pub leaks: Vec<Leak>,
    /// Rules for log files, with what was seen.
    pub logs: Vec<LogRule>,
    /// What checks found, in the order in which they ended.
    pub checks: Vec<CheckReport>,
    /// The features of the checklist that steps have shown.
    pub features: Vec<Feature>,
    /// The daily tasks of the observation that it has answered by itself.
    pub tasks: Vec<Task>,
    /// What people said, in the order in which they did.
    pub attestations: Vec<Attestation>,
}

/// How long the candidate was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Id of the observation.
    pub id: String,
    /// When it began, nanoseconds since 1970-01-01 UTC.
    pub started_unix_ns: u64,
    /// How long it is meant to last.
    pub planned: Nanos,
    /// How long it has lasted, without the time of which nothing is known.
    pub watched: Nanos,
    /// The time of which nothing is known.
    pub missed: Nanos,
    /// What it was made from, if nothing was measured.
    pub simulated: Option<String>,
}

/// What was found of something that could leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// Name of the reading.
    pub reading: String,
    /// Whether it grows without end.
    pub found: Found,
    /// With its figures, for people: `+0.2 MB/h [-0.1, +0.5]`.
    pub figure: String,
    /// Where that stands.
    pub source: Source,
}

/// Whether something bad was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// It was.
    Bad,
    /// It was looked for, and surely is not there.
    Clean,
    /// It was looked for, and that decided neither way.
    Open,
}

/// A rule for log files, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRule {
    /// Its name.
    pub name: String,
    /// What its lines are about.
    pub topic: LogTopic,
    /// How many lines it took.
    pub lines: u64,
    /// Whether its limit was kept.
    pub found: Found,
    /// Where that stands.
    pub source: Source,
}

/// What the lines of a log are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogTopic {
    /// Connections to the database.
    Connections,
    /// Queries that took too long.
    Timeouts,
    /// Migrations of the database.
    Migrations,
    /// Everything else.
    Other,
}

/// A feature of the checklist, with the steps that use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Id of the criterion.
    pub id: String,
    /// How often its steps passed.
    pub passed: u64,
    /// How often they failed.
    pub failed: u64,
    /// Where that stands.
    pub source: Source,
}

/// A daily task that an observation has answered by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Id of the criterion.
    pub id: String,
    /// What came of it.
    pub found: Found,
    /// With its figures, for people.
    pub figure: String,
    /// Where that stands.
    pub source: Source,
}

impl Observed {
    /// What a record says of its observation; `None` for a run that is none.
    pub fn of(record: &RunRecord) -> Option<Self> {
        let observation = record.header.observation.as_ref()?;
        let last = record.intervals.last().map(|last| last.start + last.length);
        let missed = record.intervals.iter().filter_map(|interval| interval.gauges.gap.as_ref());
        let watched = record.intervals.iter().map(|interval| interval.length);
        let sum = |sum: Nanos, one: Nanos| Nanos(sum.0.saturating_add(one.0));
        Some(Self {
            id: record.header.id.clone(),
            started_unix_ns: record.header.started_unix_ns,
            planned: observation.planned,
            // A length that no clock has passed can't have been watched.
            watched: watched.fold(Nanos::ZERO, sum).min(last.unwrap_or_default()),
            missed: missed.map(|gap| gap.length).fold(Nanos::ZERO, sum),
            simulated: observation.simulated.clone(),
        })
    }

    /// Its name, for people.
    pub(super) fn source(&self) -> Source {
        Source::of(format!("observation {}", self.id))
    }
}

impl Known {
    /// The versions that the candidate's target reported.
    pub(super) fn versions(&self) -> &[String] {
        self.ruling.as_ref().map(|ruling| ruling.candidate.versions.as_slice()).unwrap_or_default()
    }

    /// The newest report of each profile, in the order in which they ended.
    pub fn newest_checks(&self) -> Vec<&CheckReport> {
        let is_newest = |at: usize, report: &CheckReport| {
            !self.checks.iter().skip(at + 1).any(|later| later.profile == report.profile)
        };
        let all = self.checks.iter().enumerate();
        all.filter(|(at, report)| is_newest(*at, report)).map(|(_, report)| report).collect()
    }

    /// Whether checks were made of the version that is to be decided on, as far as both are known.
    pub(super) fn is_of_candidate(&self, report: &CheckReport) -> bool {
        let versions = self.versions();
        let checked = report.target.version.as_ref();
        versions.is_empty() || checked.is_none_or(|version| versions.contains(version))
    }

    /// Since when the candidate is known to be there, nanoseconds since 1970-01-01 UTC: its first
    /// run, or the first check before it that saw its version. `None` without a run.
    pub(super) fn since_unix_ns(&self) -> Option<u64> {
        let runs = &self.ruling.as_ref()?.candidate.runs;
        let first = runs.iter().map(|run| run.started_unix_ns).min()?;
        let seen = |report: &&CheckReport| {
            let version = report.target.version.as_ref();
            version.is_some_and(|version| self.versions().contains(version))
        };
        // Another deployment of the same version long ago says nothing: only what no check of
        // another version came after is of this one.
        let other = self.checks.iter().rposition(|report| {
            report.started_unix_ns < first && report.target.version.is_some() && !seen(&report)
        });
        let since = self.checks.iter().skip(other.map_or(0, |at| at + 1)).filter(seen);
        let seen = since.map(|report| report.started_unix_ns).min();
        Some(seen.map_or(first, |seen| seen.min(first)))
    }
}

/// How many rows of a report ended in a way.
pub(super) fn ended(report: &CheckReport, outcome: CheckOutcome) -> usize {
    report.rows.iter().filter(|row: &&CheckRow| row.outcome == outcome).count()
}
