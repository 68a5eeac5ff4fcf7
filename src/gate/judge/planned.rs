//! What a comparison with a baseline could show, from the baseline alone.

use super::rows::{group, pairs, settings};
use super::series::Table;
use super::sides::sound;
use crate::gate::evidence::Evidence;
use crate::gate::noise::{Detectable, Noise, Reach};
use crate::record::{Compared, Policy};
use crate::stats::compare::{self, Tier, run_noise, smallest_detectable};

/// The smallest change that each row would show, in the order of a ruling's rows, and the noise
/// of each family.
pub(in crate::gate) fn planned(
    repetitions: &[Evidence],
    policy: &Policy,
) -> (Vec<Detectable>, Vec<Noise>) {
    let kept = sound(repetitions);
    let table = Table::of(&kept, &[], policy);
    let (pairs, settings) = (pairs(&table), settings(policy));
    // All pairs have the same repetitions, so that neither is refused.
    let found = smallest_detectable(&pairs, &settings).unwrap_or_default();
    let row = |found: &compare::Detectable| {
        let line = table.series.get(found.endpoint.parse::<usize>().ok()?)?;
        let enough = line.requests().0 >= policy.least;
        let reach = match found.tier {
            _ if !enough => Reach::Shown,
            Tier::NotGated => Reach::Shown,
            Tier::Coarse => Reach::Coarse,
            Tier::Full => Reach::Full,
        };
        Some(Detectable {
            place: line.place.clone(),
            quantile: found.percentile,
            reach,
            ratio: found.ratio.filter(|ratio| ratio.is_finite() && enough),
        })
    };
    let noise = |noise: compare::Noise| Noise {
        of: if noise.group == group(Compared::Http) { Compared::Http } else { Compared::Sql },
        quantile: noise.percentile,
        run_noise: noise.run_noise,
        df: noise.df,
    };
    let noises = run_noise(&pairs, &settings).unwrap_or_default();
    (found.iter().filter_map(row).collect(), noises.into_iter().map(noise).collect())
}
