//! The feature checklist: which boxes are ticked by steps that did what they should.

use std::collections::BTreeMap;

use crate::record::{CheckReport, CheckRow, Criterion, Group, Pick, RunRecord};
use crate::units::Ratio;

/// The share of a step's tries that may fail: the box is for "it works", not for "it worked once".
/// It has to be below this.
pub const MOST_FAILED: Ratio = Ratio(0.01);

/// One box of the checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureRow {
    /// What has to work.
    pub criterion: &'static Criterion,
    /// Whether it does.
    pub state: FeatureState,
}

/// What is known of a feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureState {
    /// Every step with its tag succeeded at least once, and failed in less than 1 %.
    Ticked {
        /// How often its steps succeeded.
        passed: u64,
        /// How often they failed.
        failed: u64,
    },
    /// A step with its tag failed too often.
    Broken {
        /// How often its steps succeeded.
        passed: u64,
        /// How often they failed.
        failed: u64,
        /// The step that failed most often, with its journey.
        step: String,
    },
    /// Nobody knows: no step has its tag, or one was never done.
    Open {
        /// The step that was never done, with its journey; `None` where no step has the tag.
        untried: Option<String>,
    },
}

/// What one step did, in all that was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Did {
    passed: u64,
    failed: u64,
}

impl Did {
    fn add(&mut self, passed: u64, failed: u64) {
        self.passed = self.passed.saturating_add(passed);
        self.failed = self.failed.saturating_add(failed);
    }

    fn is_broken(self) -> bool {
        let all = self.passed.saturating_add(self.failed);
        self.failed > 0 && Ratio::of(self.failed, all).is_none_or(|share| share >= MOST_FAILED)
    }
}

/// A step by feature, journey and name. Two steps of one name are two ways of doing the same
/// thing, of which a journey goes one: approve or reject.
type Key<'a> = (&'a str, &'a str, &'a str);

/// All 27 boxes in the order of the guide, by what these runs and checks have shown.
///
/// All phases of a run count: a login is done before anything is measured. The same step of several
/// runs and checks adds up, so that whoever has mended something gives only what came after.
pub fn features<'a>(
    records: impl IntoIterator<Item = &'a RunRecord>,
    reports: impl IntoIterator<Item = &'a CheckReport>,
) -> Vec<FeatureRow> {
    let mut steps: BTreeMap<Key<'a>, Did> = BTreeMap::new();
    for record in records {
        of_run(record, &mut steps);
    }
    for row in reports.into_iter().flat_map(|report| &report.rows) {
        of_check(row, &mut steps);
    }
    let row = |criterion: &'static Criterion| FeatureRow {
        criterion,
        state: state(steps.iter().filter(|((feature, ..), _)| *feature == criterion.id)),
    };
    Criterion::in_group(Group::Feature).map(row).collect()
}

fn of_run<'a>(record: &'a RunRecord, steps: &mut BTreeMap<Key<'a>, Did>) {
    let pick = Pick::all(&record.header.load.phases);
    for tagged in &record.header.features {
        let own = record.catalogue.matching(|series| {
            let of_step = series.kind.is_http() || series.kind.is_query();
            of_step
                && (&series.journey, &series.step, &series.name)
                    == (&tagged.journey, &tagged.step, &tagged.series)
        });
        let counts = record.totals.counts(&pick, own);
        let failed = counts.failed().min(counts.tried());
        let key = (&*tagged.feature, &*tagged.journey, &*tagged.step);
        steps.entry(key).or_default().add(counts.tried().saturating_sub(failed), failed);
    }
}

fn of_check<'a>(row: &'a CheckRow, steps: &mut BTreeMap<Key<'a>, Did>) {
    let Some(step) = &row.step else { return };
    let Some(feature) = &step.feature else { return };
    let key = (&**feature, &*step.journey, &*row.name);
    steps.entry(key).or_default().add(step.passed, step.failed);
}

fn state<'a>(steps: impl Iterator<Item = (&'a Key<'a>, &'a Did)>) -> FeatureState {
    let mut sum = Did::default();
    let (mut worst, mut untried): (Option<(Did, String)>, Option<String>) = (None, None);
    for ((_, journey, step), did) in steps {
        sum.add(did.passed, did.failed);
        let name = format!("{journey} › {step}");
        if did.is_broken() && worst.as_ref().is_none_or(|(known, _)| did.failed > known.failed) {
            worst = Some((*did, name));
        } else if did.passed == 0 && did.failed == 0 {
            untried.get_or_insert(name);
        }
    }
    let Did { passed, failed } = sum;
    match (worst, untried) {
        (Some((_, step)), _) => FeatureState::Broken { passed, failed, step },
        (None, None) if passed > 0 => FeatureState::Ticked { passed, failed },
        (None, untried) => FeatureState::Open { untried },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CheckOutcome, CheckStep, TargetInfo};
    use crate::units::Nanos;

    /// A step: feature, journey, name, endpoint, passed, failed.
    type Step<'a> = (&'a str, &'a str, &'a str, &'a str, u64, u64);

    fn report(steps: &[Step<'_>]) -> CheckReport {
        let row = |(feature, journey, name, endpoint, passed, failed): &Step<'_>| CheckRow {
            name: (*name).to_owned(),
            kind: "step".to_owned(),
            outcome: CheckOutcome::Passed,
            expected: String::new(),
            found: String::new(),
            took: Nanos::ZERO,
            attempts: 1,
            proves: Vec::new(),
            step: Some(CheckStep {
                journey: (*journey).to_owned(),
                endpoint: (*endpoint).to_owned(),
                feature: (!feature.is_empty()).then(|| (*feature).to_owned()),
                passed: *passed,
                failed: *failed,
            }),
        };
        CheckReport {
            profile: "critical".to_owned(),
            started_unix_ns: 0,
            lasted: Nanos::ZERO,
            target: TargetInfo::default(),
            rows: steps.iter().map(row).collect(),
        }
    }

    #[track_caller]
    fn check(steps: &[Step<'_>], want: &FeatureState) {
        let rows = features([], &[report(steps)]);
        assert_eq!(rows.len(), 27);
        let row = rows.iter().find(|row| row.criterion.id == "farm.list").unwrap();
        assert_eq!(row.state, *want);
        let others = rows.iter().filter(|row| row.criterion.id != "farm.list");
        let open = FeatureState::Open { untried: None };
        assert!(others.into_iter().all(|row| row.state == open));
    }

    fn step(name: &'static str, passed: u64, failed: u64) -> Step<'static> {
        ("farm.list", "customer", name, "GET /a", passed, failed)
    }

    #[test]
    fn a_box_is_ticked_when_every_step_has_succeeded_and_fewer_than_one_in_a_hundred_failed() {
        let broken = |passed, failed, name: &str| FeatureState::Broken {
            passed,
            failed,
            step: format!("customer › {name}"),
        };
        check(&[], &FeatureState::Open { untried: None });
        check(&[("", "customer", "a", "GET /a", 3, 0)], &FeatureState::Open { untried: None });
        check(&[step("a", 1, 0)], &FeatureState::Ticked { passed: 1, failed: 0 });
        check(&[step("a", 100, 1)], &FeatureState::Ticked { passed: 100, failed: 1 });
        // One of a hundred is not fewer than one in a hundred.
        check(&[step("a", 99, 1)], &broken(99, 1, "a"));
        check(&[step("a", 0, 1)], &broken(0, 1, "a"));
        check(&[step("a", 900, 1), step("b", 1, 1), step("c", 5, 3)], &broken(906, 5, "c"));
    }

    #[test]
    fn a_step_that_was_never_done_leaves_the_box_open() {
        let untried = Some("customer › b".to_owned());
        check(&[step("a", 5, 0), step("b", 0, 0)], &FeatureState::Open { untried });
        // A failure says more than what is not known.
        let step_a = "customer › a".to_owned();
        check(
            &[step("a", 0, 2), step("b", 0, 0)],
            &FeatureState::Broken { passed: 0, failed: 2, step: step_a },
        );
    }

    #[test]
    fn two_ways_of_one_step_are_one_step() {
        let approve = ("farm.list", "admin", "decide", "POST /approve", 1, 0);
        let reject = ("farm.list", "admin", "decide", "POST /reject", 0, 0);
        check(&[approve, reject], &FeatureState::Ticked { passed: 1, failed: 0 });
    }

    #[test]
    fn several_reports_add_up() {
        let reports = [report(&[step("a", 1, 1)]), report(&[step("a", 200, 0)])];
        let row = features([], &reports).into_iter().find(|row| row.criterion.id == "farm.list");
        assert_eq!(row.unwrap().state, FeatureState::Ticked { passed: 201, failed: 1 });
    }
}
