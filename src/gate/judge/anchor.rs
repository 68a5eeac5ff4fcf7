//! The old version measured again now: whether the environment is still that of the baseline.

use super::rows::{Beforehand, Compared};
use super::sentences::{change, name, percentile};
use super::series::Table;
use super::sides::{Sides, sound};
use super::{About, Case, Finding, Findings, Ground};
use crate::gate::evidence::Evidence;
use crate::gate::ruling::Verdict;
use crate::record::Policy;
use crate::stats::decision::Decision;

/// How the environment stands beside that of the baseline.
enum Environment {
    Same,
    /// With the largest change, in words.
    Slower(String),
    Faster(String),
    Unknown,
}

/// Without an anchor nothing changes. A changed environment takes the force from what rests on a
/// comparison: it becomes HOLD.
pub(super) fn judge(case: &Case<'_>, sides: &Sides<'_>, findings: &mut Findings) {
    if case.anchor.is_empty() || sides.baseline.runs.is_empty() {
        return;
    }
    let anchor = sound(case.anchor);
    let environment = if anchor.is_empty() {
        Environment::Unknown
    } else {
        look(&sides.baseline.runs, &anchor, case.policy)
    };
    let text = match environment {
        Environment::Same => return,
        Environment::Slower(by) => {
            soften(findings);
            format!(
                "the environment has changed: the old version itself is slower than its \
                     baseline ({by}); capture the baseline again, or let both take turns"
            )
        }
        // What is slower all the same is slower indeed.
        Environment::Faster(by) => format!(
            "the environment has changed: the old version itself is faster than its baseline \
             ({by}), which hides what has become slower; capture the baseline again, or let both \
             take turns"
        ),
        Environment::Unknown => "the old version, measured again, does not show whether the \
                                 environment is still that of the baseline: measure it more often"
            .to_owned(),
    };
    // Before all else that is held.
    let (verdict, ground, about) = (Verdict::Hold, Ground::Baseline, About::Other);
    findings.all.insert(0, Finding { verdict, ground, about, text });
}

fn soften(findings: &mut Findings) {
    for finding in &mut findings.all {
        let comparison = finding.ground == Ground::Baseline;
        if comparison && matches!(finding.verdict, Verdict::NoGo | Verdict::Rollback) {
            finding.text = format!(
                "{}; {} is withheld, because the environment has changed",
                finding.text,
                finding.verdict.word()
            );
            finding.verdict = Verdict::Hold;
        }
    }
}

fn look(baseline: &[&Evidence], anchor: &[&Evidence], policy: &Policy) -> Environment {
    let compare = |before: &[&Evidence], now: &[&Evidence]| {
        let table = Table::of(before, now, policy);
        let beforehand = Beforehand { noise: Vec::new(), sessions: Vec::new() };
        Compared::of(&table, &beforehand, policy)
    };
    let found = compare(baseline, anchor);
    if found.comparison.decision.is_alarm() {
        return Environment::Slower(largest(&found));
    }
    // A faster machine is GO for the anchor, and would be for a slower candidate.
    let mirrored = compare(anchor, baseline);
    if mirrored.comparison.decision.is_alarm() {
        Environment::Faster(smallest(&found))
    } else if found.comparison.decision == Decision::Go {
        Environment::Same
    } else {
        Environment::Unknown
    }
}

fn largest(found: &Compared) -> String {
    let rows = found.rows.iter().filter(|one| one.row.ratio.is_some());
    let one = rows.max_by(|one, other| by(one).total_cmp(&by(other)));
    one.map(told).unwrap_or_default()
}

fn smallest(found: &Compared) -> String {
    let rows = found.rows.iter().filter(|one| one.row.ratio.is_some());
    let one = rows.min_by(|one, other| by(one).total_cmp(&by(other)));
    one.map(told).unwrap_or_default()
}

fn by(judged: &super::rows::Judged) -> f64 {
    judged.row.ratio.map_or(1.0, |ratio| ratio.value)
}

fn told(judged: &super::rows::Judged) -> String {
    let row = &judged.row;
    format!("{} {}: {}", name(&row.place), percentile(row.quantile), change(by(judged)))
}
