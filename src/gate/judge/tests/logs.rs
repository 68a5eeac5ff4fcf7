//! Limits for logs that the candidate does not keep.

use super::*;
use crate::gate::logs::{LogFindings, LogOutcome, LogSeen, LogStatus};
use crate::record::{LogRuleText, LogSourceText};

fn found(status: LogStatus, lines: u64) -> LogFindings {
    let name = "timeouts".to_owned();
    let rule = LogRuleText { name, limit: Some(0), ..LogRuleText::default() };
    let note = (status == LogStatus::Unknown).then(|| "the log `a` was never there".to_owned());
    let outcome =
        LogOutcome { rule, lines, most_per_minute: lines, status, note, samples: Vec::new() };
    LogFindings { rules: vec![outcome], sources: Vec::new() }
}

/// One repetition of the candidate and one of the baseline with these outcomes.
#[track_caller]
fn check(candidate: (LogStatus, u64), baseline: Option<LogStatus>, want: (Verdict, &str)) {
    let mut trial = trial();
    trial.candidate[1].logs = found(candidate.0, candidate.1);
    trial.candidate[2].logs = found(LogStatus::Kept, 0);
    trial.baseline[0].logs = baseline.map(|status| found(status, 9)).unwrap_or_default();
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, want.0);
    let first = ruling.reasons[0].text.as_str();
    assert!(want.0 == Verdict::Go || first == want.1, "{first}");
}

#[test]
fn new_lines_are_no_go_and_old_ones_are_not() {
    use LogStatus::{Informs, Kept, Missed, Unknown};
    let what = "the logs have 3 lines of `timeouts`, wanted at most 0";
    check((Kept, 0), None, (Verdict::Go, ""));
    check((Informs, 3), Some(Kept), (Verdict::Go, ""));
    check((Missed, 3), Some(Kept), (Verdict::NoGo, what));
    let both = format!("{what}, as with the baseline");
    check((Missed, 3), Some(Missed), (Verdict::Hold, &both));
    for baseline in [None, Some(Unknown)] {
        let open = format!("{what}; what the baseline wrote is not known");
        check((Missed, 3), baseline, (Verdict::Hold, &open));
    }
    let unknown = "whether the logs keep `timeouts` (at most 0) is not known: the log `a` was \
                   never there";
    check((Unknown, 0), Some(Kept), (Verdict::Hold, unknown));
}

#[test]
fn a_log_that_was_never_there_is_no_success() {
    for (optional, want) in [(false, Verdict::Hold), (true, Verdict::Go)] {
        let mut trial = trial();
        let seen = LogSeen {
            source: LogSourceText { name: "a".to_owned(), optional },
            was_there: false,
            lines: 0,
            bytes: 0,
            cut: 0,
            lost: Nanos::ZERO,
            gaps: Vec::new(),
        };
        trial.candidate[0].logs.sources.push(seen);
        assert_eq!(trial.judge().verdict, want);
    }
}
