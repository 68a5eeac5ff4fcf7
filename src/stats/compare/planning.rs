//! What a comparison could show, and what it would take to decide one.

use super::super::decision::Decision;
use super::super::estimate::count;
use super::bounds::Family;
use super::spread::Residuals;
use super::{DesignError, Pair, Row, Settings, Tier, percentiles, repetitions_a_side, tier};
use crate::units::f64_to_u64;

/// More repetitions than this are not proposed: the noise itself is then the matter.
const MOST_REPETITIONS: u64 = 40;

/// The least distance to the line that is reckoned with.
const LEAST_DISTANCE: f64 = 0.01;

/// What a baseline can show of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Detectable {
    /// The endpoint.
    pub endpoint: String,
    /// The percentile.
    pub percentile: f64,
    /// How much the pair will have to say.
    pub tier: Tier,
    /// The smallest ratio that would be found 9 times of 10; `None` for pairs that are only shown.
    pub ratio: Option<f64>,
}

/// The smallest slow-down of each endpoint that a candidate with the same plan would show.
///
/// `exp(ln 1.03 + h + 1.28 √V)`, `V` the endpoint's own variance from the baseline's repetitions
/// and `h` its family-wise half width. The baseline stands for both sides; `candidate` of the
/// pairs is not looked at.
pub fn smallest_detectable(
    pairs: &[Pair],
    settings: &Settings,
) -> Result<Vec<Detectable>, DesignError> {
    let twice = |pair: &Pair| Pair { candidate: pair.baseline.clone(), ..pair.clone() };
    let planned: Vec<_> = pairs.iter().map(twice).collect();
    super::check_design(&planned, settings)?;
    let one = |pair: &Pair| Detectable {
        endpoint: pair.endpoint.clone(),
        percentile: pair.percentile,
        tier: tier(pair, settings),
        ratio: None,
    };
    let mut rows: Vec<_> = planned.iter().map(one).collect();
    let comparisons = rows.iter().filter(|row| row.tier > Tier::NotGated).count();
    for percentile in percentiles(&planned) {
        let member = |row: &Detectable| {
            row.tier > Tier::NotGated && row.percentile.to_bits() == percentile.to_bits()
        };
        let sides: Vec<_> = planned
            .iter()
            .zip(&rows)
            .filter(|(_, row)| member(row))
            .map(|(pair, _)| pair.baseline.as_slice())
            .collect();
        let scale = 2.0 / count(sides.first().map_or(1, |side| side.len()));
        let family = Residuals::of_side(&sides, scale, settings)
            .and_then(|residuals| Family::from_residuals(&residuals, comparisons, settings));
        let found = family.into_iter().flat_map(|family| family.figures);
        for (row, figures) in rows.iter_mut().filter(|row| member(row)).zip(found) {
            row.ratio = Some(figures.detectable);
        }
    }
    Ok(rows)
}

/// `R ((U-d) / max(0.01, ln 1.20 - max(d, 0)))²` for the pair that needs most, at most 40; `None`
/// when nothing is undecided, nothing is known of the spread, or there are as many already.
pub(super) fn to_decide(pairs: &[Pair], rows: &[Row], settings: &Settings) -> Option<u64> {
    let now = repetitions_a_side(pairs);
    let needed = |row: &Row| {
        let figures = row.figures.filter(|_| row.decision == Decision::Inconclusive)?;
        let distance = (settings.nogo.ln() - figures.change.max(0.0)).max(LEAST_DISTANCE);
        Some((now * ((figures.high - figures.change) / distance).powi(2)).max(now + 1.0))
    };
    let most = rows.iter().filter_map(needed).reduce(f64::max)?;
    let capped = f64_to_u64(most.ceil()).min(MOST_REPETITIONS);
    (capped > f64_to_u64(now)).then_some(capped)
}
