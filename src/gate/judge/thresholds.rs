//! Thresholds of the candidate: absolute ones beside the baseline's, relative ones by comparison.

use super::sentences::{change, signed};
use super::sides::Sides;
use super::{About, Case, Findings, rows};
use crate::gate::evidence::{Evidence, RelativeThreshold};
use crate::gate::ruling::Verdict;
use crate::gate::threshold::{Outcome, Status};
use crate::record::ThresholdText;
use crate::scenario::Relation;
use crate::stats::compare::{Comparison, Figures, Pair, Row, Settings, Tier};
use crate::stats::quantile::RunPercentile;

pub(super) fn judge(case: &Case<'_>, sides: &Sides<'_>, findings: &mut Findings) -> Vec<Outcome> {
    let settings = rows::settings(case.policy);
    let mut outcomes = Vec::new();
    for outcome in case.thresholds {
        let text = ThresholdText {
            subject: outcome.subject.clone(),
            condition: outcome.condition.clone(),
            optional: outcome.optional,
        };
        if let Some(relative) = Relative::of(&text, sides) {
            let outcome = relative.outcome(outcome, &settings);
            tell_relative(&outcome, findings);
            outcomes.push(outcome);
        } else {
            tell(outcome, case.baseline_thresholds, findings);
            outcomes.push(outcome.clone());
        }
    }
    outcomes
}

fn called(outcome: &Outcome) -> String {
    let measured = outcome.measured.as_ref().map(|figure| format!(" ({figure})"));
    format!("`{} {}`{}", outcome.subject, outcome.condition, measured.unwrap_or_default())
}

/// An absolute limit: what the baseline missed as well is no fault of the candidate.
fn tell(outcome: &Outcome, baseline: &[Outcome], findings: &mut Findings) {
    let same =
        |other: &&Outcome| other.subject == outcome.subject && other.condition == outcome.condition;
    let before = baseline.iter().find(same).map(|other| other.status);
    let what = called(outcome);
    match (outcome.status, before) {
        (Status::Passed, _) => {}
        (Status::Failed, Some(Status::Failed)) => {
            let text = format!("the limit {what} is missed, as the baseline missed it");
            findings.candidate(Verdict::Hold, About::Other, text);
        }
        (Status::Failed, Some(Status::Passed)) => {
            let text = format!("the limit {what} is missed");
            findings.candidate(Verdict::NoGo, About::Other, text);
        }
        (Status::Failed, _) => {
            let text =
                format!("the limit {what} is missed; whether the baseline kept it is not known");
            findings.candidate(Verdict::Hold, About::Other, text);
        }
        (Status::NoData | Status::Undecided | Status::NeedsBaseline, _) if outcome.optional => {}
        (Status::NoData | Status::Undecided | Status::NeedsBaseline, _) => {
            let note = outcome.note.clone().unwrap_or_else(|| "nothing was measured".to_owned());
            let text = format!("the limit {what} has no answer: {note}");
            findings.candidate(Verdict::Hold, About::Other, text);
        }
    }
}

fn tell_relative(outcome: &Outcome, findings: &mut Findings) {
    let what = called(outcome);
    match outcome.status {
        Status::Passed => {}
        Status::Failed => {
            let text = format!("the limit {what} is missed");
            findings.baseline(Verdict::NoGo, About::Other, text);
        }
        Status::Undecided => {
            let note = outcome.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            let text = format!("the limit {what} is undecided{note}");
            findings.baseline(Verdict::Hold, About::Other, text);
        }
        Status::NoData | Status::NeedsBaseline if outcome.optional => {}
        Status::NoData | Status::NeedsBaseline => {
            let note = outcome.note.clone().unwrap_or_default();
            let text = format!("the limit {what} has no answer: {note}");
            findings.baseline(Verdict::Hold, About::Other, text);
        }
    }
}

/// A limit relative to the baseline with what was measured on both sides.
struct Relative {
    threshold: Result<RelativeThreshold, String>,
    pair: Pair,
}

impl Relative {
    /// `None` for an absolute limit, or without a baseline.
    fn of(text: &ThresholdText, sides: &Sides<'_>) -> Option<Self> {
        if sides.baseline.runs.is_empty() || !RelativeThreshold::is_relative(text) {
            return None;
        }
        let threshold = RelativeThreshold::read(text);
        let quantile = threshold.as_ref().map_or(0.0, |threshold| threshold.quantile);
        let side = |side: &[&Evidence]| side.iter().map(|one| one.threshold(text)).collect();
        let pair = Pair {
            endpoint: String::new(),
            group: 0,
            percentile: quantile,
            lines: None,
            baseline: side(&sides.baseline.runs),
            candidate: side(&sides.candidate.runs),
        };
        Some(Self { threshold, pair })
    }

    fn outcome(&self, asked: &Outcome, settings: &Settings) -> Outcome {
        let (status, measured, note) = match &self.threshold {
            Err(reason) => (Status::NoData, None, Some(reason.clone())),
            Ok(threshold) => self.compare(threshold, settings),
        };
        Outcome { status, measured, note, ..asked.clone() }
    }

    fn compare(
        &self,
        threshold: &RelativeThreshold,
        settings: &Settings,
    ) -> (Status, Option<String>, Option<String>) {
        let none = |why: &str| (Status::NoData, None, Some(why.to_owned()));
        let missing = |side: &[RunPercentile]| side.iter().all(|one| one.n == 0);
        if missing(&self.pair.baseline) || missing(&self.pair.candidate) {
            return none("nothing was measured on one side");
        }
        let found = Comparison::of(std::slice::from_ref(&self.pair), settings);
        let Some(row) = found.ok().and_then(|found| found.rows.into_iter().next()) else {
            return none("both sides have other repetitions");
        };
        let Some(figures) = row.figures else {
            let why = match row.tier {
                Tier::NotGated => "too few values to compare",
                Tier::Coarse | Tier::Full => "nothing is known of the noise: repeat the run",
            };
            return (Status::NoData, row.ratio.map(change), Some(why.to_owned()));
        };
        let status = status(threshold, &figures, row.tier);
        let few = status == Status::Undecided && row.tier != Tier::Full;
        (status, measured(&row), few.then(|| "too few values to be sure".to_owned()))
    }
}

fn measured(row: &Row) -> Option<String> {
    let found = row.estimate()?;
    Some(format!("{} [{}, {}]", change(found.value), signed(found.low), signed(found.high)))
}

/// Failed when the limit is surely broken. Passed when the estimate keeps it, there is data enough
/// to be judged in full, and what is as far again beyond the limit is excluded: as GO is said of a
/// series.
fn status(threshold: &RelativeThreshold, figures: &Figures, tier: Tier) -> Status {
    let limit = threshold.limit;
    let (value, low, high) =
        (figures.change.exp_m1(), figures.low_warn.exp_m1(), figures.high_family.exp_m1());
    let relation = threshold.relation;
    // The end of the interval that would keep the limit first.
    let surely_broken = match relation {
        Relation::Less | Relation::LessOrEqual => !relation.holds(low, limit),
        Relation::Greater | Relation::GreaterOrEqual => !relation.holds(high, limit),
        Relation::Equal => low > limit || high < limit,
    };
    match () {
        () if relation.holds(value, limit)
            && tier == Tier::Full
            && excluded(threshold, figures) =>
        {
            Status::Passed
        }
        () if surely_broken => Status::Failed,
        () => Status::Undecided,
    }
}

/// Whether a change that is as far again beyond the limit is excluded: of `<= +10 %` one above
/// 20 %, of `<= -10 %` one above 0 %.
fn excluded(threshold: &RelativeThreshold, figures: &Figures) -> bool {
    let limit = threshold.limit;
    let above = figures.high.exp_m1() <= limit + limit.abs();
    // The mirror of the upper bound.
    let below = (2.0 * figures.change - figures.high).exp_m1() >= limit - limit.abs();
    match threshold.relation {
        Relation::Less | Relation::LessOrEqual => above,
        Relation::Greater | Relation::GreaterOrEqual => below,
        Relation::Equal => above && below,
    }
}
