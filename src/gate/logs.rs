//! What was found in logs, held against the limits of the scenario.

use std::collections::{BTreeMap, VecDeque};

use crate::record::{LogCount, LogRuleText, LogSourceRead, LogSourceText, RunRecord};
use crate::units::{Nanos, Ratio};

/// The time over which a limit for a minute is held.
const MINUTE: Nanos = Nanos::from_secs(60);

/// The share of the run over which lines may be missing of a log, and a limit that is kept still
/// counts as kept: that of starts that may be dropped.
const LOST: f64 = 0.01;

/// The most gaps of one log that are told; they repeat themselves.
const MAX_GAPS: usize = 20;

/// All rules and all logs of a run; nothing of a run that reads none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFindings {
    /// Each rule, in the order of the scenario.
    pub rules: Vec<LogOutcome>,
    /// Each log, in the order of the scenario.
    pub sources: Vec<LogSeen>,
}

/// One rule with what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOutcome {
    /// What is looked for, and the limits for it.
    pub rule: LogRuleText,
    /// Lines in the whole run, warm-up included.
    pub lines: u64,
    /// The most of them in any minute.
    pub most_per_minute: u64,
    /// What became of the limits.
    pub status: LogStatus,
    /// Why nothing is known, if that is so.
    pub note: Option<String>,
    /// The first lines, without secrets.
    pub samples: Vec<LogSample>,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSample {
    /// The start of the interval in which it was read, since the start of the run.
    pub at: Nanos,
    /// The phase of the load at that time.
    pub phase: String,
    /// The line.
    pub text: String,
}

/// What became of the limits of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStatus {
    /// They were kept.
    Kept,
    /// One was not.
    Missed,
    /// None was broken by what was read, but not everything was read.
    Unknown,
    /// There are none.
    Informs,
}

impl LogStatus {
    /// In words, for people and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
            Self::Informs => "informs",
        }
    }
}

/// One log, and how much of it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSeen {
    /// Its name, and whether it may be missing.
    pub source: LogSourceText,
    /// Whether it was there at any time.
    pub was_there: bool,
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Lines that were too long to be looked at as a whole.
    pub cut: u64,
    /// For how long lines may have been written that were not read.
    pub lost: Nanos,
    /// Why it was not there, or lines may be missing, with the start of the interval.
    pub gaps: Vec<(Nanos, String)>,
}

impl LogFindings {
    /// Whether a run fails for them.
    pub fn fails(&self) -> bool {
        self.rules.iter().any(LogOutcome::fails) || self.sources.iter().any(LogSeen::fails)
    }
}

impl LogOutcome {
    /// Whether a run fails for it: missing data is no success.
    pub fn fails(&self) -> bool {
        matches!(self.status, LogStatus::Missed | LogStatus::Unknown)
    }

    /// Its limits in words: `at most 0`, `at most 5 a minute`, `at least 1`; `None` without any.
    pub fn limits(&self) -> Option<String> {
        let LogRuleText { limit, per_minute, must_see, .. } = &self.rule;
        let all = [
            limit.map(|most| format!("at most {most}")),
            per_minute.map(|most| format!("at most {most} a minute")),
            must_see.then(|| "at least 1".to_owned()),
        ];
        let all: Vec<String> = all.into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

impl LogSeen {
    /// Whether a run fails for it: a log that was never there, and has to be.
    pub fn fails(&self) -> bool {
        !self.was_there && !self.source.optional
    }
}

/// Holds what was found against the limits of the run. Of repetitions that are one record the
/// limits are for all of them together.
pub fn judge(record: &RunRecord) -> LogFindings {
    let text = &record.header.logs;
    let lasted = record.intervals.iter().fold(Nanos::ZERO, |sum, one| sum + one.length);
    let sources: Vec<LogSeen> = text.sources.iter().map(|source| seen(record, source)).collect();
    let gap = sources.iter().find_map(|source| missing(source, lasted));
    let mut found = counted(record);
    let rules = text.rules.iter().map(|rule| {
        let Counted { lines, most_per_minute, samples } =
            found.remove(&rule.name).unwrap_or_default();
        let status = status(rule, lines, most_per_minute, gap.is_some());
        let note = gap.clone().filter(|_| status == LogStatus::Unknown);
        LogOutcome { rule: rule.clone(), lines, most_per_minute, status, note, samples }
    });
    LogFindings { rules: rules.collect(), sources }
}

/// What was read of one log over the whole run.
fn seen(record: &RunRecord, source: &LogSourceText) -> LogSeen {
    let mut seen = LogSeen {
        source: source.clone(),
        was_there: false,
        lines: 0,
        bytes: 0,
        cut: 0,
        lost: Nanos::ZERO,
        gaps: Vec::new(),
    };
    for interval in &record.intervals {
        let of_source = |read: &&LogSourceRead| read.name == source.name;
        for read in interval.gauges.logs.sources.iter().filter(of_source) {
            let LogSourceRead { name: _, lines, bytes, cut, is_open, lost, gaps } = read;
            // What was there and away again within one interval was read all the same.
            seen.was_there |= *is_open || *bytes > 0;
            seen.lines = seen.lines.saturating_add(*lines);
            seen.bytes = seen.bytes.saturating_add(*bytes);
            seen.cut = seen.cut.saturating_add(*cut);
            seen.lost = seen.lost + *lost;
            let room = MAX_GAPS.saturating_sub(seen.gaps.len());
            seen.gaps.extend(gaps.iter().take(room).map(|why| (interval.start, why.clone())));
        }
    }
    seen
}

/// Why it can't be said of a log that something is not in it; `None` if it can.
fn missing(seen: &LogSeen, lasted: Nanos) -> Option<String> {
    let LogSeen { source, was_there, lost, .. } = seen;
    let share = Ratio::of(lost.0, lasted.0).unwrap_or_default();
    match () {
        () if source.optional => None,
        () if !was_there => Some(format!("the log `{}` was never there", source.name)),
        () if share.0 > LOST => Some(format!(
            "of the log `{}` what was written in {lost} of {lasted} may not have been read",
            source.name
        )),
        () => None,
    }
}

fn status(rule: &LogRuleText, lines: u64, most_per_minute: u64, is_partial: bool) -> LogStatus {
    let LogRuleText { limit, per_minute, must_see, .. } = rule;
    let over = limit.is_some_and(|most| lines > most);
    let often = per_minute.is_some_and(|most| most_per_minute > most);
    let has_limit = limit.is_some() || per_minute.is_some();
    match () {
        () if over || often => LogStatus::Missed,
        () if has_limit && is_partial => LogStatus::Unknown,
        () if *must_see && lines == 0 && is_partial => LogStatus::Unknown,
        () if *must_see && lines == 0 => LogStatus::Missed,
        () if *must_see || has_limit => LogStatus::Kept,
        () => LogStatus::Informs,
    }
}

/// What was found of one rule.
#[derive(Default)]
struct Counted {
    lines: u64,
    most_per_minute: u64,
    samples: Vec<LogSample>,
}

/// The intervals of the last minute in which a rule was matched, and their sum.
#[derive(Default)]
struct Minute {
    intervals: VecDeque<(Nanos, u64)>,
    sum: u64,
}

impl Minute {
    /// Adds an interval, and gives how many lines there are in the minute at its end.
    fn add(&mut self, (start, end): (Nanos, Nanos), lines: u64) -> u64 {
        self.intervals.push_back((start, lines));
        self.sum = self.sum.saturating_add(lines);
        // What began a minute before the end of this interval is of the same minute.
        let is_over = |(began, _): &mut (Nanos, u64)| *began + MINUTE < end && *began < start;
        while let Some((_, old)) = self.intervals.pop_front_if(is_over) {
            self.sum = self.sum.saturating_sub(old);
        }
        self.sum
    }
}

fn counted(record: &RunRecord) -> BTreeMap<String, Counted> {
    let mut found: BTreeMap<String, Counted> = BTreeMap::new();
    let mut minutes: BTreeMap<&str, Minute> = BTreeMap::new();
    let phases = &record.header.load.phases;
    for interval in &record.intervals {
        let end = interval.start + interval.length;
        let phase = phases.iter().rfind(|phase| phase.start <= interval.start);
        for LogCount { rule, lines, samples } in &interval.gauges.logs.counts {
            let own = found.entry(rule.clone()).or_default();
            own.lines = own.lines.saturating_add(*lines);
            let minute = minutes.entry(rule).or_default().add((interval.start, end), *lines);
            own.most_per_minute = own.most_per_minute.max(minute);
            let room = LogCount::MAX_SAMPLES.saturating_sub(own.samples.len());
            own.samples.extend(samples.iter().take(room).map(|text| LogSample {
                at: interval.start,
                phase: phase.map(|phase| phase.name.clone()).unwrap_or_default(),
                text: text.clone(),
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests;
