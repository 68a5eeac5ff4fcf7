//! `think`: a pause of the virtual user, as a person reads and decides.
//!
//! ```yaml
//! - think: 3s
//! - think: { mean: 3s, dist: lognormal, max: 15s }
//! ```
//! The next step is meant to start when the pause is over, however late the generator is.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::plan::{Action, Answer, Builder, Dice, Failure, Outcome, Request, Step, StepKind, View};
use crate::scenario::{At, NodeId, ThinkDistribution, ThinkSpec};
use crate::units::Nanos;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "a think step", deny_unknown_fields)]
#[schemars(rename = "ThinkStep")]
struct Spec {
    /// How long: `3s`, or a distribution such as `{ mean: 3s, dist: lognormal, max: 15s }`.
    think: At<ThinkSpec>,
}

pub(super) struct Kind;

impl StepKind for Kind {
    fn words(&self) -> &'static [&'static str] {
        &["think"]
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Spec>()
    }

    fn read(&self, node: NodeId, builder: &mut Builder<'_>) {
        if let Some(spec) = builder.read::<Spec>(node) {
            builder.unmeasured("think", Box::new(Think(spec.think.value)));
        }
    }
}

#[derive(Debug)]
struct Think(ThinkSpec);

impl Step for Think {
    fn action(&self, view: &mut View<'_>, _request: &mut Request) -> Result<Action, Failure> {
        Ok(Action::Wait(draw(&self.0, view.dice)))
    }

    fn settle(&self, _answer: &Answer<'_>, _view: &mut View<'_>) -> Outcome {
        Outcome::default()
    }
}

/// A pause by the step's distribution, within its limits.
fn draw(think: &ThinkSpec, dice: &mut Dice) -> Nanos {
    let mean = think.mean.as_secs_f64();
    let sd = think.sd.map_or(mean * 0.5, Nanos::as_secs_f64);
    let seconds = match think.distribution {
        ThinkDistribution::Constant => mean,
        ThinkDistribution::Exponential => mean * dice.exponential(),
        ThinkDistribution::Uniform => {
            let low = think.min.unwrap_or_default();
            let high = think.max.unwrap_or(Nanos(think.mean.0.saturating_mul(2)));
            return dice.between(low.min(high), high);
        }
        ThinkDistribution::Normal => mean + sd * dice.normal(),
        ThinkDistribution::Lognormal => {
            // Mean and standard deviation of the pause itself give those of its logarithm.
            let spread = (1.0 + (sd / mean.max(1e-12)).powi(2)).ln();
            mean * (spread.sqrt() * dice.normal() - spread * 0.5).exp()
        }
    };
    let pause = Nanos::from_secs_f64(seconds);
    pause.max(think.min.unwrap_or(Nanos::ZERO)).min(think.max.unwrap_or(Nanos::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(distribution: ThinkDistribution) -> f64 {
        let think = ThinkSpec { distribution, ..ThinkSpec::constant(Nanos::from_millis(300)) };
        let mut dice = Dice::new(1, 1);
        (0..50_000).map(|_| draw(&think, &mut dice).as_millis_f64()).sum::<f64>() / 50_000.0
    }

    #[test]
    fn every_distribution_has_the_mean_that_was_asked_for() {
        for distribution in [
            ThinkDistribution::Constant,
            ThinkDistribution::Exponential,
            ThinkDistribution::Uniform,
            ThinkDistribution::Lognormal,
        ] {
            let mean = mean_of(distribution);
            assert!((mean - 300.0).abs() < 5.0, "{distribution:?} {mean}");
        }
        // A normal pause can't be negative, which lifts its mean a little.
        assert!((mean_of(ThinkDistribution::Normal) - 300.0).abs() < 10.0);
    }

    #[test]
    fn a_pause_keeps_its_limits() {
        let think = ThinkSpec {
            distribution: ThinkDistribution::Lognormal,
            min: Some(Nanos::from_millis(200)),
            max: Some(Nanos::from_millis(400)),
            ..ThinkSpec::constant(Nanos::from_millis(300))
        };
        let mut dice = Dice::new(1, 1);
        for _ in 0..1_000 {
            let pause = draw(&think, &mut dice);
            assert!((200..=400).contains(&pause.0.div_euclid(1_000_000)), "{pause}");
        }
    }
}
