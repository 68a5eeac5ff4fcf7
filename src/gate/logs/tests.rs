//! Limits for logs, by records made by hand.

use super::*;
use crate::names::Catalogue;
use crate::record::{
    FORMAT, Gauges, Header, Interval, Load, LogsRead, LogsText, Origin, PhaseInfo, Policy, Totals,
    ValidityPolicy,
};

fn rule(name: &str) -> LogRuleText {
    LogRuleText { name: name.to_owned(), ..LogRuleText::default() }
}

fn open(name: &str) -> LogSourceRead {
    LogSourceRead { name: name.to_owned(), is_open: true, ..LogSourceRead::default() }
}

/// A run of `seconds` intervals of a second that reads `a`, and `b`, which may be missing.
fn record(rules: Vec<LogRuleText>, seconds: u64, found: &[(u64, LogsRead)]) -> RunRecord {
    let source = |name: &str, optional| LogSourceText { name: name.to_owned(), optional };
    let phase = |name: &str, start| PhaseInfo {
        name: name.to_owned(),
        load: String::new(),
        start: Nanos::from_secs(start),
        length: Nanos::from_secs(seconds),
        measure: start > 0,
    };
    let interval = |at| Interval {
        start: Nanos::from_secs(at),
        length: Nanos::SECOND,
        gauges: Gauges {
            logs: found
                .iter()
                .find(|(own, _)| *own == at)
                .map(|own| own.1.clone())
                .unwrap_or_default(),
            ..Gauges::default()
        },
        ..Interval::default()
    };
    RunRecord {
        header: Header {
            format: FORMAT,
            id: "run".to_owned(),
            scenario: "a".to_owned(),
            started_unix_ns: 0,
            seed: 1,
            load: Load {
                phases: vec![phase("warm-up", 0), phase("steady", 10)],
                max_users: None,
                workers: 1,
                precision: None,
            },
            journeys: Vec::new(),
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin::default(),
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: None,
            logs: LogsText { sources: vec![source("a", false), source("b", true)], rules },
            observation: None,
            features: Vec::new(),
            leaks: Vec::new(),
        },
        catalogue: Catalogue::new(),
        totals: Totals::default(),
        intervals: (0..seconds).map(interval).collect(),
        end: None,
    }
}

fn count(rule: &str, lines: u64, samples: &[&str]) -> LogCount {
    let samples = samples.iter().map(|text| (*text).to_owned()).collect();
    LogCount { rule: rule.to_owned(), lines, samples }
}

/// What is found of `x` in these seconds, `a` being there from the first.
fn lines(seconds: &[(u64, u64)]) -> Vec<(u64, LogsRead)> {
    let counts = |lines| vec![count("x", lines, &[])];
    let mut found = vec![(0, LogsRead { counts: Vec::new(), sources: vec![open("a")] })];
    for (at, own) in seconds {
        match found.iter_mut().find(|(known, _)| known == at) {
            Some((_, read)) => read.counts = counts(*own),
            None => found.push((*at, LogsRead { counts: counts(*own), sources: Vec::new() })),
        }
    }
    found
}

#[track_caller]
fn check(rule: LogRuleText, seconds: u64, found: &[(u64, LogsRead)], want: (LogStatus, u64, u64)) {
    let judged = judge(&record(vec![rule], seconds, found));
    let [own] = judged.rules.as_slice() else { panic!("{judged:?}") };
    assert_eq!((own.status, own.lines, own.most_per_minute), want);
}

#[test]
fn a_limit_is_kept_or_not() {
    let limited = |limit| LogRuleText { limit: Some(limit), ..rule("x") };
    check(limited(0), 5, &lines(&[]), (LogStatus::Kept, 0, 0));
    check(limited(0), 5, &lines(&[(3, 1)]), (LogStatus::Missed, 1, 1));
    check(limited(3), 5, &lines(&[(0, 1), (4, 2)]), (LogStatus::Kept, 3, 3));
    check(rule("x"), 5, &lines(&[(0, 9)]), (LogStatus::Informs, 9, 9));
    let must = LogRuleText { must_see: true, ..rule("x") };
    check(must.clone(), 5, &lines(&[]), (LogStatus::Missed, 0, 0));
    check(must, 5, &lines(&[(1, 1)]), (LogStatus::Kept, 1, 1));
}

#[test]
fn a_minute_is_any_sixty_seconds() {
    let often = |most| LogRuleText { per_minute: Some(most), ..rule("x") };
    // 59 to 60 s apart: from the first line's interval to the end of the last one's.
    check(often(3), 200, &lines(&[(10, 2), (69, 2)]), (LogStatus::Missed, 4, 4));
    check(often(3), 200, &lines(&[(10, 2), (70, 2)]), (LogStatus::Kept, 4, 2));
    check(often(3), 200, &lines(&[(10, 2), (40, 1), (80, 2), (99, 1)]), (LogStatus::Missed, 6, 4));
}

#[test]
fn an_interval_of_a_minute_is_a_minute() {
    let often = LogRuleText { per_minute: Some(3), ..rule("x") };
    let mut record = record(vec![often], 3, &lines(&[(0, 3), (1, 2), (2, 3)]));
    for (at, interval) in (0..).zip(&mut record.intervals) {
        (interval.start, interval.length) = (Nanos::from_secs(60 * at), MINUTE);
    }
    assert_eq!(judge(&record).rules[0].most_per_minute, 3);
}

#[test]
fn what_was_not_read_is_no_success() {
    let limited = LogRuleText { limit: Some(1), ..rule("x") };
    check(limited.clone(), 5, &[], (LogStatus::Unknown, 0, 0));
    let lost = |millis| {
        let mut found = lines(&[(1, 1)]);
        found[0].1.sources[0].lost = Nanos::from_millis(millis);
        found
    };
    check(limited.clone(), 100, &lost(1_000), (LogStatus::Kept, 1, 1));
    check(limited.clone(), 100, &lost(1_001), (LogStatus::Unknown, 1, 1));
    // What is broken is broken, whatever is missing, and what was seen was seen.
    check(LogRuleText { limit: Some(0), ..rule("x") }, 10, &lost(5_000), (LogStatus::Missed, 1, 1));
    check(LogRuleText { must_see: true, ..rule("x") }, 10, &lost(5_000), (LogStatus::Kept, 1, 1));
    let judged = judge(&record(vec![limited], 5, &[]));
    assert_eq!(judged.rules[0].note.as_deref(), Some("the log `a` was never there"));
    assert!(judged.sources[0].fails() && !judged.sources[1].fails() && judged.fails());
    assert!(!judge(&record(Vec::new(), 5, &lines(&[]))).fails());
}

#[test]
fn samples_have_their_time_and_phase() {
    let read = |samples| LogsRead { counts: vec![count("x", 2, samples)], sources: Vec::new() };
    let found = [(3, read(&["one", "two"])), (12, read(&["three", "four"]))];
    let judged = judge(&record(vec![rule("x")], 20, &found));
    let samples = judged.rules[0].samples.iter();
    let told: Vec<_> = samples.map(|own| (own.at, own.phase.as_str(), own.text.as_str())).collect();
    let second = Nanos::from_secs;
    let first = [(second(3), "warm-up", "one"), (second(3), "warm-up", "two")];
    assert_eq!(told, [first[0], first[1], (second(12), "steady", "three")]);
}
