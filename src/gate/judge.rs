//! The judgement on a candidate: one function of distilled repetitions and a policy.

mod alarms;
mod anchor;
mod cleared;
mod drift;
mod equal;
mod errors;
mod fewer;
mod integrity;
mod logs;
mod missing;
mod planned;
mod rows;
mod sentences;
mod series;
mod settle;
mod sides;
mod thresholds;
mod weights;

pub(super) use errors::limits;
pub(super) use planned::planned;
use rows::Compared;
pub(super) use rows::{group, lines, settings};
pub(super) use sentences::{name, percent, percentile};
use series::Table;
pub(super) use series::rule;
use sides::Sides;

use super::evidence::Evidence;
use super::identity::Difference;
use super::live::Alarm;
use super::ruling::{Reason, Ruling, Verdict};
use super::threshold::Outcome;
use crate::record::Policy;

/// The most reasons that are told; what is beyond is counted.
const MOST_REASONS: usize = 12;

/// What is judged, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What the candidate is compared with.
    pub baseline: Group<'a>,
    /// What is judged.
    pub candidate: Group<'a>,
    /// The old version measured again now, to see whether the environment has changed. Empty
    /// where that was not done.
    pub anchor: &'a [Evidence],
    /// Repetitions of some other baseline of this scenario, for the run noise of the machine: with
    /// them one repetition on each side can be judged. Where either side has more they have no
    /// effect: such a comparison shows the noise itself. Empty where there are none.
    pub noise: &'a [Evidence],
    /// The rules.
    pub policy: &'a Policy,
    /// How both sides were measured.
    pub design: Design,
    /// Differences between the sides that were accepted by name.
    pub accepted: &'a [Difference],
    /// Outcomes of the candidate's thresholds. Those relative to a baseline need not be answered:
    /// the repetitions answer them.
    pub thresholds: &'a [Outcome],
    /// Outcomes of the same thresholds for the baseline.
    pub baseline_thresholds: &'a [Outcome],
    /// The live alarm that went off while the candidate was measured.
    pub alarm: Option<&'a Alarm>,
}

/// The repetitions of one side, in any order.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Name of the baseline, or id of the run or of its set.
    pub name: &'a str,
    /// Each repetition.
    pub repetitions: &'a [Evidence],
}

/// How both sides were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// The baseline was stored before: between both lies time in which the machine can change.
    Stored,
    /// Old and new took turns (A B B A), so that drift meets both.
    Interleaved,
}

/// On what a finding rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    /// On a comparison with the baseline, which a changed environment spoils.
    Baseline,
    /// On the candidate alone.
    Candidate,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// A series that is slower, or none that is: the rows themselves say whether both are equal.
    Change,
    /// The data decides neither way, or there is too little of it: more could decide.
    Open,
    /// In more than speed both sides surely differ: what fails, what must be there.
    Differs,
    /// Everything else that keeps a candidate back.
    Other,
}

/// What speaks for a verdict.
#[derive(Clone, Debug)]
struct Finding {
    verdict: Verdict,
    ground: Ground,
    about: About,
    text: String,
}

/// What was found until now.
#[derive(Debug, Default)]
struct Findings {
    all: Vec<Finding>,
    notes: Vec<String>,
}

impl Findings {
    fn baseline(&mut self, verdict: Verdict, about: About, text: String) {
        self.all.push(Finding { verdict, ground: Ground::Baseline, about, text });
    }

    fn candidate(&mut self, verdict: Verdict, about: About, text: String) {
        self.all.push(Finding { verdict, ground: Ground::Candidate, about, text });
    }

    fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// The gravest.
    fn verdict(&self) -> Verdict {
        self.all.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Go)
    }

    /// Whether it is HOLD, and for nothing but want of data.
    fn only_open(&self) -> bool {
        let mut held = self.all.iter().filter(|finding| finding.verdict > Verdict::Go);
        self.verdict() == Verdict::Hold && held.all(|finding| finding.about == About::Open)
    }

    /// Those that speak against GO, the gravest first; of an INVALID comparison nothing else.
    fn reasons(&self) -> Vec<Reason> {
        let verdict = self.verdict();
        let told = |finding: &&Finding| match verdict {
            Verdict::Invalid => finding.verdict == Verdict::Invalid,
            Verdict::Go => true,
            Verdict::Hold | Verdict::NoGo | Verdict::Rollback => finding.verdict > Verdict::Go,
        };
        let mut told: Vec<_> = self.all.iter().filter(told).collect();
        told.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
        let more = told.len().saturating_sub(MOST_REASONS);
        let reason =
            |finding: &&Finding| Reason { verdict: finding.verdict, text: finding.text.clone() };
        let mut reasons: Vec<_> = told.iter().take(MOST_REASONS).map(reason).collect();
        if let Some(first) = told.get(MOST_REASONS) {
            reasons.push(Reason { verdict: first.verdict, text: format!("and {more} more") });
        }
        reasons
    }
}

/// Judges a candidate against its baseline.
///
/// The verdict is the gravest of all findings: what became slower (see
/// [`crate::stats::compare`]), what fails, what has vanished, which limits were missed, how much
/// of the load could be judged, and whether the runs are measurements at all. Missing data is
/// never GO.
pub fn judge(case: &Case<'_>) -> Ruling {
    let policy = case.policy;
    let mut findings = Findings::default();
    let sides = Sides::of(case, &mut findings);
    let table = Table::of(&sides.baseline.runs, &sides.candidate.runs, policy);
    let compared = Compared::of(&table, &sides.beforehand(case), policy);
    let errors = errors::judge(&table, policy);
    alarms::find(&table, &compared, &errors, policy, &mut findings);
    let thresholds = thresholds::judge(case, &sides, &mut findings);
    integrity::judge(case, &mut findings);
    logs::judge(case, &mut findings);
    alarms::live(case.alarm, &mut findings);
    anchor::judge(case, &sides, &mut findings);
    let drift = drift::judge(&sides.baseline.runs, &sides.candidate.runs, &mut findings);
    let settle = (findings.verdict() == Verdict::Hold)
        .then(|| settle::settle(&table, &compared, &errors, &sides, policy))
        .flatten();
    Ruling {
        verdict: findings.verdict(),
        equivalence: equal::judge(&compared, &findings),
        only_open: findings.only_open(),
        reasons: findings.reasons(),
        notes: findings.notes,
        baseline: sides.baseline.side,
        candidate: sides.candidate.side,
        sites: compared.sites(),
        coverage: compared.coverage,
        rows: compared.rows.into_iter().map(|row| row.row).collect(),
        errors: errors.rows,
        drift,
        thresholds,
        settle,
        accepted: case.accepted.to_vec(),
    }
}

#[cfg(test)]
mod tests;
