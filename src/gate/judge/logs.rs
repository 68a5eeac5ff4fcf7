//! Limits for logs that the candidate does not keep.

use super::{About, Case, Findings};
use crate::gate::evidence::Evidence;
use crate::gate::logs::{LogOutcome, LogStatus};
use crate::gate::ruling::Verdict;

/// What stands in a log stands there, however the run went else: repetitions that are no
/// measurements count here, too.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let all = || case.candidate.repetitions.iter().flat_map(|one| &one.logs.rules);
    let mut told: Vec<&str> = Vec::new();
    for outcome in all() {
        let name = outcome.rule.name.as_str();
        if told.contains(&name) {
            continue;
        }
        told.push(name);
        let alike = all().filter(|other| other.rule.name == name && other.fails());
        // What is broken says more than what is not known.
        let Some(worst) = alike.min_by_key(|own| own.status != LogStatus::Missed) else { continue };
        let (verdict, text) = said(worst, case.baseline.repetitions);
        findings.candidate(verdict, About::Other, text);
    }
    let sources = case.candidate.repetitions.iter().flat_map(|one| &one.logs.sources);
    let mut absent: Vec<&str> = Vec::new();
    for source in sources.filter(|source| source.fails()) {
        let name = source.source.name.as_str();
        if !absent.contains(&name) {
            absent.push(name);
            let text = format!("the log `{name}` was never there, so that nothing is known of it");
            findings.candidate(Verdict::Hold, About::Other, text);
        }
    }
}

/// What the version before wrote as well is no fault of the candidate; what nobody has read is no
/// proof.
fn said(worst: &LogOutcome, baseline: &[Evidence]) -> (Verdict, String) {
    let name = &worst.rule.name;
    let limits = worst.limits().unwrap_or_default();
    let what = format!("the logs have {} lines of `{name}`, wanted {limits}", worst.lines);
    if worst.status != LogStatus::Missed {
        let note = worst.note.as_deref().unwrap_or("nothing is known");
        return (
            Verdict::Hold,
            format!("whether the logs keep `{name}` ({limits}) is not known: {note}"),
        );
    }
    let before = || {
        let rules = baseline.iter().flat_map(|one| &one.logs.rules);
        rules.filter(|own| own.rule.name == *name)
    };
    match () {
        () if before().any(|own| own.status == LogStatus::Missed) => {
            (Verdict::Hold, format!("{what}, as with the baseline"))
        }
        () if before().next().is_some() && before().all(|own| !own.fails()) => {
            (Verdict::NoGo, what)
        }
        () => (Verdict::Hold, format!("{what}; what the baseline wrote is not known")),
    }
}
