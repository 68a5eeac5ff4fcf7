//! What was found in logs, in the JSON document.

use serde::Serialize;

use crate::gate::logs::{LogOutcome, LogSample, LogSeen, LogStatus};

/// One rule.
#[derive(Serialize)]
pub(super) struct LogJson<'a> {
    name: &'a str,
    about: Option<&'a str>,
    lines: u64,
    most_per_minute: u64,
    limit: Option<u64>,
    limit_per_minute: Option<u64>,
    must_see: bool,
    status: &'static str,
    holds: Option<bool>,
    note: Option<&'a str>,
    samples: Vec<SampleJson<'a>>,
}

#[derive(Serialize)]
struct SampleJson<'a> {
    at_ns: u64,
    phase: &'a str,
    line: &'a str,
}

/// One log.
#[derive(Serialize)]
pub(super) struct LogSourceJson<'a> {
    name: &'a str,
    optional: bool,
    was_there: bool,
    lines: u64,
    bytes: u64,
    cut_lines: u64,
    not_read_ns: u64,
    gaps: Vec<GapJson<'a>>,
}

#[derive(Serialize)]
struct GapJson<'a> {
    at_ns: u64,
    why: &'a str,
}

impl<'a> LogJson<'a> {
    pub(super) fn of(outcome: &'a LogOutcome) -> Self {
        let LogOutcome { rule, lines, most_per_minute, status, note, samples } = outcome;
        let sample =
            |own: &'a LogSample| SampleJson { at_ns: own.at.0, phase: &own.phase, line: &own.text };
        Self {
            name: &rule.name,
            about: rule.about.as_deref(),
            lines: *lines,
            most_per_minute: *most_per_minute,
            limit: rule.limit,
            limit_per_minute: rule.per_minute,
            must_see: rule.must_see,
            status: status.word(),
            holds: match status {
                LogStatus::Kept => Some(true),
                LogStatus::Missed => Some(false),
                LogStatus::Unknown | LogStatus::Informs => None,
            },
            note: note.as_deref(),
            samples: samples.iter().map(sample).collect(),
        }
    }
}

impl<'a> LogSourceJson<'a> {
    pub(super) fn of(seen: &'a LogSeen) -> Self {
        let LogSeen { source, was_there, lines, bytes, cut, lost, gaps } = seen;
        Self {
            name: &source.name,
            optional: source.optional,
            was_there: *was_there,
            lines: *lines,
            bytes: *bytes,
            cut_lines: *cut,
            not_read_ns: lost.0,
            gaps: gaps.iter().map(|(at, why)| GapJson { at_ns: at.0, why }).collect(),
        }
    }
}
