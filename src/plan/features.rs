//! Which steps of a plan tick which boxes of the feature checklist.

use super::{Leaf, Plan};
use crate::record::FeatureStep;

impl Plan {
    /// All steps with a `feature:`, sessions first; steps with the same name and endpoint once.
    pub fn features(&self) -> Vec<FeatureStep> {
        let logins = self.sessions.iter().flat_map(|session| &session.program.steps);
        let journeys = self.journeys.iter();
        let steps = journeys.flat_map(|one| one.program.steps.iter().chain(&one.cleanup.steps));
        let mut features = Vec::new();
        for tagged in logins.chain(steps).filter_map(tagged) {
            if !features.contains(&tagged) {
                features.push(tagged);
            }
        }
        features
    }
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
