//! The feature checklist: which steps of a plan tick which boxes, and doing all of them alone.

use super::{Leaf, Op, Plan};
use crate::names::SeriesKind;
use crate::record::FeatureStep;
use crate::units::Ratio;

impl Plan {
    /// All steps with a `feature:`, sessions first; steps with the same name and endpoint once.
    pub fn features(&self) -> Vec<FeatureStep> {
        let mut features = Vec::new();
        for tagged in self.steps().filter_map(tagged) {
            if !features.contains(&tagged) {
                features.push(tagged);
            }
        }
        features
    }

    /// All steps, those of logins first.
    fn steps(&self) -> impl Iterator<Item = &Leaf> {
        let logins = self.sessions.iter().flat_map(|session| &session.program.steps);
        let journeys = self.journeys.iter();
        logins.chain(journeys.flat_map(|one| one.program.steps.iter().chain(&one.cleanup.steps)))
    }

    /// Lets every journey do what it does only sometimes (`sample: 5%`): who plays it once wants to
    /// see all of it.
    pub fn leave_nothing_out(&mut self) {
        let journeys = self.journeys.iter_mut();
        let programs = journeys.flat_map(|one| [&mut one.program, &mut one.cleanup]);
        for op in programs.flat_map(|program| &mut program.ops) {
            if let Op::Sample { share, .. } = op {
                *share = Ratio(1.0);
            }
        }
    }

    /// Leaves nothing but the steps: what is read beside a load, and asked of the data before and
    /// after it, belongs to runs. So do databases that no step asks: they need not be there.
    pub fn leave_steps_alone(&mut self) {
        if !self.steps().any(asks_database) {
            self.databases = Vec::new();
        }
        self.monitors = Vec::new();
        self.integrity = Vec::new();
        self.logs = None;
        self.tap = None;
    }
}

fn asks_database(leaf: &Leaf) -> bool {
    leaf.about.as_ref().is_some_and(|about| about.kind == SeriesKind::SqlStep)
}

fn tagged(leaf: &Leaf) -> Option<FeatureStep> {
    let (feature, about) = (leaf.feature.as_ref()?, leaf.about.as_ref()?);
    Some(FeatureStep {
        feature: feature.clone(),
        journey: about.journey.clone(),
        step: about.step.clone(),
        series: about.name.clone(),
    })
}
