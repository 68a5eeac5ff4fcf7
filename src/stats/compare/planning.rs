//! What a comparison could show, and what it would take to decide one.

use super::super::decision::Decision;
use super::super::estimate::count;
use super::super::quantile::RunPercentile;
use super::bounds::{Family, Figures};
use super::decide::{decide, is_below_floor};
use super::spread::{Residuals, Spread};
use super::{
    DesignError, Pair, Row, Settings, Tier, families, members, repetitions_a_side, requests, tier,
    tier_at,
};
use crate::units::{count_to_f64, f64_to_u64};

/// More repetitions than this are not proposed: the noise itself is then the matter.
pub const MOST_REPETITIONS: u64 = 40;

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

/// How much one family moves from repetition to repetition of the same build.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// The group.
    pub group: u8,
    /// The percentile.
    pub percentile: f64,
    /// Standard deviation of the shared effect.
    pub run_noise: f64,
    /// The degrees of freedom behind it.
    pub df: f64,
}

/// The baseline as both sides of a comparison that is planned.
struct Planned {
    pairs: Vec<Pair>,
    tiers: Vec<Tier>,
}

impl Planned {
    fn of(pairs: &[Pair], settings: &Settings) -> Result<Self, DesignError> {
        let twice = |pair: &Pair| Pair { candidate: pair.baseline.clone(), ..pair.clone() };
        let pairs: Vec<_> = pairs.iter().map(twice).collect();
        super::check_design(&pairs, settings)?;
        let tiers = pairs.iter().map(|pair| tier(pair, settings)).collect();
        Ok(Self { pairs, tiers })
    }

    /// Each family with the places of its pairs, residuals and variances.
    fn families<'a>(
        &'a self,
        settings: &'a Settings,
    ) -> impl Iterator<Item = ((u8, f64), Vec<usize>, Residuals, Spread)> + 'a {
        let judged: Vec<_> = self.tiers.iter().map(|tier| *tier > Tier::NotGated).collect();
        families(&self.pairs).into_iter().filter_map(move |family| {
            let members = members(&self.pairs, &judged, family);
            let pairs = members.of(&self.pairs);
            let scale = 2.0 / count(pairs.first()?.baseline.len());
            let residuals = Residuals::of_baseline(&pairs, scale, settings)?;
            let spread = Spread::of(&residuals, &settings.of_family(family))?;
            Some((family, members.places, residuals, spread))
        })
    }
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
    let planned = Planned::of(pairs, settings)?;
    let one = |(pair, tier): (&Pair, &Tier)| Detectable {
        endpoint: pair.endpoint.clone(),
        percentile: pair.percentile,
        tier: *tier,
        ratio: None,
    };
    let mut rows: Vec<_> = planned.pairs.iter().zip(&planned.tiers).map(one).collect();
    let comparisons = rows.iter().filter(|row| row.tier > Tier::NotGated).count();
    for (_, places, residuals, spread) in planned.families(settings) {
        let found = Family::from_spread(&residuals, &spread, comparisons, settings);
        for (at, figures) in places.iter().zip(found.figures) {
            if let Some(row) = rows.get_mut(*at) {
                row.ratio = Some(figures.detectable);
            }
        }
    }
    Ok(rows)
}

/// The noise of each family from the repetitions of the baseline alone: with its square it makes
/// a noise profile. `candidate` of the pairs is not looked at; families of which nothing is known
/// are left out.
pub fn run_noise(pairs: &[Pair], settings: &Settings) -> Result<Vec<Noise>, DesignError> {
    let planned = Planned::of(pairs, settings)?;
    let one = |((group, percentile), _, _, spread): (_, _, _, Spread)| Noise {
        group,
        percentile,
        run_noise: spread.shared.sqrt(),
        df: spread.shared_df,
    };
    Ok(planned.families(settings).map(one).collect())
}

/// As [`decided_from`] for all pairs and with more repetitions than there are; `None` when nothing
/// is undecided of which the spread is known.
pub(super) fn to_decide(pairs: &[Pair], rows: &[Row], settings: &Settings) -> Option<u64> {
    let open = |row: &Row| {
        let full = row.tier == Tier::Full && row.figures.is_some();
        full && row.decision == Decision::Inconclusive
    };
    if !rows.iter().any(open) {
        return None;
    }
    let more = f64_to_u64(repetitions_a_side(pairs).floor()).saturating_add(1);
    decided_from(pairs, &vec![true; pairs.len()], settings, more)
}

/// The fewest repetitions on each side, at least `least`, with which all pairs that matter are
/// decided if they have samples enough then;
/// `None` when more than [`MOST_REPETITIONS`] would be needed. Pairs of whose spread nothing is
/// known hinder nothing.
///
/// Variances keep their value and gain degrees of freedom, and estimates may move by half of a
/// standard error of what is to come; counts grow in proportion, so that pairs which are too small
/// now must be decided as well once they are full. `matters` has an
/// entry for each pair.
pub fn decided_from(
    pairs: &[Pair],
    matters: &[bool],
    settings: &Settings,
    least: u64,
) -> Option<u64> {
    let tiers = |repetitions: u64| -> Vec<Tier> {
        pairs.iter().map(|pair| grown(pair, repetitions, settings)).collect()
    };
    let largest = tiers(MOST_REPETITIONS.max(least));
    let judged: Vec<_> = largest.iter().map(|tier| *tier > Tier::NotGated).collect();
    let known: Vec<_> = families(pairs)
        .into_iter()
        .filter_map(|family| {
            let members = members(pairs, &judged, family);
            let own = settings.of_family(family);
            let residuals = Residuals::of(&members.of(pairs), &own)?;
            let spread = Spread::of(&residuals, &own)?;
            let se = Family::from_spread(&residuals, &spread, pairs.len(), &own)
                .figures
                .iter()
                .map(|figures| figures.se)
                .collect();
            Some(Continued { places: members.places, residuals, spread, se, settings: own })
        })
        .collect();
    let decided = |repetitions: u64| {
        let mut tiers = tiers(repetitions);
        let comparisons = tiers.iter().filter(|tier| **tier > Tier::NotGated).count();
        let shown = tiers.iter_mut().zip(matters).filter(|(_, matters)| !**matters);
        shown.for_each(|(tier, _)| *tier = Tier::NotGated);
        known.iter().all(|family| family.is_decided(pairs, &tiers, (repetitions, comparisons)))
    };
    let highest = MOST_REPETITIONS.max(least);
    if !decided(highest) {
        return None;
    }
    // By halves: what is decided with some repetitions is decided with more, but for pairs that
    // become full on the way; where those matter the figure is an upper one.
    let (mut low, mut high) = (least.saturating_sub(1), highest);
    while high - low > 1 {
        let middle = u64::midpoint(low, high);
        if decided(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// How far the estimates are reckoned to move on the way to more repetitions, in standard errors
/// of that way.
const MOVES: [f64; 3] = [-0.5, 0.0, 0.5];

/// A family that goes on as it began.
struct Continued {
    places: Vec<usize>,
    residuals: Residuals,
    spread: Spread,
    /// Standard errors of the changes as they are.
    se: Vec<f64>,
    settings: Settings,
}

impl Continued {
    /// Whether no pair that is judged in full then stays undecided, wherever the estimates move.
    fn is_decided(
        &self,
        pairs: &[Pair],
        tiers: &[Tier],
        (repetitions, comparisons): (u64, usize),
    ) -> bool {
        let (residuals, spread) = self.residuals.planned(&self.spread, count_to_f64(repetitions));
        let still = Family::from_spread(&residuals, &spread, comparisons, &self.settings);
        // What the estimate still moves is what its variance still shrinks.
        let shrinks = |(now, then): (&f64, &Figures)| (now * now - then.se * then.se).max(0.0);
        let way: Vec<f64> =
            self.se.iter().zip(&still.figures).map(|both| shrinks(both).sqrt()).collect();
        MOVES.into_iter().all(|part| {
            let mut moved = residuals.clone();
            moved.change.iter_mut().zip(&way).for_each(|(change, way)| *change += part * way);
            let found = Family::from_spread(&moved, &spread, comparisons, &self.settings);
            self.places.iter().zip(&found.figures).all(|(at, figures)| {
                let (Some(pair), Some(tier)) = (pairs.get(*at), tiers.get(*at)) else {
                    return true;
                };
                *tier < Tier::Full || self.settles(pair, figures)
            })
        })
    }

    fn settles(&self, pair: &Pair, figures: &Figures) -> bool {
        let lines = pair.lines.unwrap_or(self.settings.lines);
        decide(figures, lines) != Decision::Inconclusive
            || is_below_floor(pair, figures, &self.settings)
    }
}

/// How much a pair has to say with `repetitions` on each side, each as large as until now.
fn grown(pair: &Pair, repetitions: u64, settings: &Settings) -> Tier {
    let total = |side: &[RunPercentile]| {
        count_to_f64(requests(side)) / count(side.len().max(1)) * count_to_f64(repetitions)
    };
    tier_at(pair, total(&pair.baseline).min(total(&pair.candidate)), settings)
}
