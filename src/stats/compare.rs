//! Whether a candidate is slower than its baseline: many endpoints, few repetitions, one decision.
//!
//! The unit is the repetition, not the request: one figure `y = ln percentile` for each
//! repetition, endpoint and percentile (Kalibera and Jones, *Rigorous benchmarking in reasonable
//! time*, ISMM 2013; Zhang et al., *Treadmill*, ISCA 2016). The spread of y has two parts: what
//! moves all endpoints of a repetition together (the machine, its neighbours, garbage collection),
//! and what each endpoint has of its own. See [`Comparison::of`] for the formulas.
//!
//! Alarms are held family-wise over all pairs that are compared, so that one run of the same build
//! against itself seldom raises any (Bonferroni). For GO every pair must pass, which needs no
//! correction (intersection-union: Berger, Technometrics 24 (1982)).

mod bounds;
mod decide;
mod planning;
mod session;
mod spread;

use bounds::Family;
pub use bounds::{Figures, Relative};
pub use planning::{
    Detectable, MOST_REPETITIONS, Noise, decided_from, run_noise, smallest_detectable,
};
pub use session::between_sessions;
use thiserror::Error;

use super::decision::Decision;
use super::estimate::{Estimate, count, mean};
use super::quantile::RunPercentile;
use crate::units::{Nanos, Ratio, count_to_f64};

/// One endpoint at one percentile on both sides: an entry for each repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What the endpoint is called in the result.
    pub endpoint: String,
    /// What kind of thing it is. Pairs of one group and percentile make a family: they share the
    /// machine's moods.
    pub group: u8,
    /// Which percentile: 0.95 is P95.
    pub percentile: f64,
    /// Lines of its own, instead of [`Settings::lines`].
    pub lines: Option<Lines>,
    /// The repetitions of the baseline, in the same order for all pairs; one without requests is
    /// [`RunPercentile::NOTHING`].
    pub baseline: Vec<RunPercentile>,
    /// The repetitions of the candidate, in the same order for all pairs.
    pub candidate: Vec<RunPercentile>,
}

/// A variance that was estimated elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variance {
    /// The variance of y.
    pub value: f64,
    /// The degrees of freedom it was estimated with.
    pub df: f64,
}

/// How repetitions of the two sides belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Each side by its own mean; right for interleaved repetitions (A B B A) as well.
    #[default]
    Unpaired,
    /// Repetition i of both sides are neighbours in time.
    Paired,
}

/// The ratios at which a change becomes something else, in rising order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lines {
    /// What WARN must exclude.
    pub warn: f64,
    /// The largest ratio that is accepted by best estimate; what NO-GO must exclude.
    pub go: f64,
    /// Beyond this ratio a change is large; what GO must exclude.
    pub nogo: f64,
    /// Beyond this ratio a change is severe.
    pub rollback: f64,
}

impl Lines {
    /// The part of the way from 1 to the GO line at which the WARN line stands: 1.03 of 1.10.
    const WARN_PART: f64 = 0.3;

    /// With the WARN line that belongs to the GO line.
    pub fn new(go: f64, nogo: f64, rollback: f64) -> Self {
        Self { warn: 1.0 + Self::WARN_PART * (go - 1.0), go, nogo, rollback }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Self { warn: 1.03, go: 1.10, nogo: 1.20, rollback: 1.50 }
    }
}

/// What is known beforehand of one family of pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The group of the family.
    pub group: u8,
    /// Its percentile.
    pub percentile: f64,
    /// Instead of [`Settings::profile`].
    pub profile: Option<Variance>,
    /// Instead of [`Settings::session`].
    pub session: Option<Variance>,
}

/// The lines, the error rates and what is known of the machine beforehand.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The lines of pairs that have none of their own.
    pub lines: Lines,
    /// Probability of any false WARN over all pairs.
    pub alpha_warn: f64,
    /// Probability of any false NO-GO or ROLLBACK over all pairs.
    pub alpha_nogo: f64,
    /// Probability with which GO overlooks a change at its line, for one pair.
    pub beta: f64,
    /// The part of an alpha that is spent on the shared effect.
    pub shared_part: f64,
    /// Degrees of freedom that the prediction from within the repetitions is worth.
    pub prior_df: f64,
    /// Slow requests expected on a side from which on a pair is judged in full.
    pub exceed_full: f64,
    /// Slow requests expected on a side from which on a pair is compared at all.
    pub exceed_coarse: f64,
    /// Slow requests expected in each repetition of a pair that is compared.
    pub exceed_repetition: f64,
    /// No variance of y is believed to be smaller.
    pub least_variance: f64,
    /// From how many endpoints on each is compared with the others as well.
    pub site_from: usize,
    /// How repetitions belong together.
    pub layout: Layout,
    /// Variance of the shared effect from repetitions of other days.
    pub profile: Option<Variance>,
    /// Variance between sessions of measuring, when the baseline is of another session.
    pub session: Option<Variance>,
    /// Single families of which something else is known beforehand.
    pub known: Vec<Known>,
    /// Changes that are surely smaller than this are GO.
    pub ignore_below: Option<Nanos>,
}

impl Settings {
    /// What holds for one family.
    fn of_family(&self, (group, percentile): (u8, f64)) -> Self {
        let same = |known: &&Known| {
            known.group == group && known.percentile.to_bits() == percentile.to_bits()
        };
        let known = self.known.iter().find(same);
        Self {
            profile: known.map_or(self.profile, |known| known.profile),
            session: known.map_or(self.session, |known| known.session),
            ..self.clone()
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lines: Lines::default(),
            alpha_warn: 0.05,
            alpha_nogo: 0.01,
            beta: 0.05,
            shared_part: 0.5,
            prior_df: 8.0,
            exceed_full: 200.0,
            exceed_coarse: 50.0,
            exceed_repetition: 1.0,
            least_variance: 0.005 * 0.005,
            site_from: 8,
            layout: Layout::Unpaired,
            profile: None,
            session: None,
            known: Vec::new(),
            ignore_below: None,
        }
    }
}

/// Repetitions that cannot be compared as they were given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DesignError {
    /// The repetitions are those of a side, so each pair has as many as the first.
    #[error("`{endpoint}` has other repetitions than the first pair")]
    Ragged {
        /// The pair that differs.
        endpoint: String,
    },
    /// Paired repetitions need a partner each; give the same number or compare unpaired.
    #[error("{baseline} and {candidate} repetitions can't be paired")]
    Unpaired {
        /// Repetitions of the baseline.
        baseline: usize,
        /// Repetitions of the candidate.
        candidate: usize,
    },
}

/// How much a pair has to say, by its counts alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Too few requests: shown only.
    NotGated,
    /// Enough to raise an alarm, too few to hold anything up.
    Coarse,
    /// Enough to demand an answer.
    Full,
}

/// What became of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The endpoint of the pair.
    pub endpoint: String,
    /// The percentile of the pair.
    pub percentile: f64,
    /// How much the pair has to say.
    pub tier: Tier,
    /// What is decided of it.
    pub decision: Decision,
    /// Requests of the baseline.
    pub requests_baseline: u64,
    /// Requests of the candidate.
    pub requests_candidate: u64,
    /// Candidate over baseline, for pairs that are only shown too; `None` without requests.
    pub ratio: Option<f64>,
    /// The estimate with its bounds; `None` when nothing is known of the spread.
    pub figures: Option<Figures>,
    /// Whether it is GO because the change is surely below [`Settings::ignore_below`].
    pub below_floor: bool,
}

impl Row {
    /// Candidate over baseline, from the family-wise lower bound of WARN to the upper one of GO.
    pub fn estimate(&self) -> Option<Estimate> {
        self.figures.as_ref().map(|figures| Estimate {
            value: figures.change.exp(),
            low: figures.low_warn.exp(),
            high: figures.high.exp(),
            n: self.requests_baseline.saturating_add(self.requests_candidate),
        })
    }
}

/// What all pairs of one group and percentile have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// The group.
    pub group: u8,
    /// The percentile.
    pub percentile: f64,
    /// Median ratio over the endpoints, with the interval that the shared noise gives it; `n` is
    /// the number of endpoints.
    pub ratio: Estimate,
    /// Standard deviation of the shared effect from repetition to repetition: the run noise.
    pub run_noise: f64,
    /// The degrees of freedom behind it; with its square they make a noise profile, when none was
    /// given.
    pub df: f64,
}

/// How much of what was asked the decision covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// Endpoints that are judged in full at one percentile at least.
    pub endpoints: usize,
    /// Endpoints there are.
    pub endpoints_all: usize,
    /// The share of all requests that they make; `None` without requests.
    pub requests: Option<Ratio>,
}

/// A comparison with its decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The worst over all pairs that count.
    pub decision: Decision,
    /// Over how many pairs the alarms are held.
    pub comparisons: usize,
    /// What the pairs of a percentile have in common, where it could be estimated.
    pub sites: Vec<Site>,
    /// The pairs in the order in which they were given.
    pub rows: Vec<Row>,
    /// What the decision covers.
    pub coverage: Coverage,
    /// Repetitions a side that would decide the undecided pairs, if estimates and variances stay
    /// what they are.
    pub repetitions_to_decide: Option<u64>,
}

impl Comparison {
    /// Compares all pairs and decides.
    ///
    /// For each group and percentile, with `R_A`, `R_B` repetitions, `k = 1/R_A + 1/R_B` and
    /// `nu = R_A + R_B - 2`:
    ///
    /// - `d = mean y_B - mean y_A`; residuals `e = y - mean of its side`.
    /// - Shared effect of a repetition: `u = Σ g e` with weights `g ~ 1/(w + 0.02²)`, `w` the mean
    ///   variance within; its variance is `Σ u² / nu`, pooled with the noise profile.
    /// - Own variance `Σ (e-u)² / nu / (1-g)`, shrunk towards `w` plus a common excess with 8
    ///   degrees of freedom (as Smyth, SAGMB 3 (2004), does for genes).
    /// - `se² = k (shared + own)`, degrees of freedom by Satterthwaite (Biometrics 2 (1946));
    ///   `U = d + t(.95, df) se`.
    /// - `L = d - √(t(1-α/2, nu_u)² V_u + t(1-α/2m, nu_c)² V_c)` over `m` pairs: the shared effect
    ///   is one draw for all of them, the own ones are m.
    /// - From 8 endpoints on, the relative change `r` is `d` less that part of the site's median
    ///   shift which the shared noise explains; only the own noise is left in its bounds.
    ///
    /// Which pairs are judged is settled by counts, before anything is looked at.
    pub fn of(pairs: &[Pair], settings: &Settings) -> Result<Self, DesignError> {
        check_design(pairs, settings)?;
        let tiers: Vec<_> = pairs.iter().map(|pair| tier(pair, settings)).collect();
        let judged = |tier: &&Tier| **tier > Tier::NotGated;
        let comparisons = tiers.iter().filter(judged).count();
        let mut rows: Vec<_> =
            pairs.iter().zip(&tiers).map(|(pair, tier)| bare(pair, *tier)).collect();
        let mut sites = Vec::new();
        for family in families(pairs) {
            let known = settings.of_family(family);
            let judged: Vec<_> = tiers.iter().map(|tier| *tier > Tier::NotGated).collect();
            let members = members(pairs, &judged, family);
            let Some(found) = Family::of(&members.of(pairs), comparisons, &known) else { continue };
            sites.push(found.site(family));
            for (at, figures) in members.places.iter().zip(found.figures) {
                if let (Some(row), Some(pair)) = (rows.get_mut(*at), pairs.get(*at)) {
                    decide::settle(row, pair, figures, settings);
                }
            }
        }
        Ok(Self {
            decision: decide::worst(&rows),
            comparisons,
            sites,
            coverage: coverage(&rows),
            repetitions_to_decide: planning::to_decide(pairs, &rows, settings),
            rows,
        })
    }
}

/// Whether all pairs have the same repetitions.
fn check_design(pairs: &[Pair], settings: &Settings) -> Result<(), DesignError> {
    let shape = |pair: &Pair| (pair.baseline.len(), pair.candidate.len());
    let Some((baseline, candidate)) = pairs.first().map(shape) else { return Ok(()) };
    if settings.layout == Layout::Paired && baseline != candidate {
        return Err(DesignError::Unpaired { baseline, candidate });
    }
    match pairs.iter().find(|pair| shape(pair) != (baseline, candidate)) {
        Some(other) => Err(DesignError::Ragged { endpoint: other.endpoint.clone() }),
        None => Ok(()),
    }
}

/// Groups with their percentiles, each once.
fn families(pairs: &[Pair]) -> Vec<(u8, f64)> {
    let mut seen: Vec<(u8, f64)> = Vec::new();
    for pair in pairs {
        if !seen.iter().any(|family| is_of(pair, *family)) {
            seen.push((pair.group, pair.percentile));
        }
    }
    seen
}

fn is_of(pair: &Pair, (group, percentile): (u8, f64)) -> bool {
    pair.group == group && pair.percentile.to_bits() == percentile.to_bits()
}

/// Where the pairs of a family stand.
struct Members {
    places: Vec<usize>,
}

/// The pairs of a family that are compared.
fn members(pairs: &[Pair], judged: &[bool], family: (u8, f64)) -> Members {
    let all = pairs.iter().zip(judged).enumerate();
    let taken = all.filter(|(_, (pair, judged))| **judged && is_of(pair, family));
    Members { places: taken.map(|(at, _)| at).collect() }
}

impl Members {
    fn of<'a>(&self, pairs: &'a [Pair]) -> Vec<&'a Pair> {
        self.places.iter().filter_map(|at| pairs.get(*at)).collect()
    }
}

/// How much a pair has to say: the slow requests expected on the side that has fewer, and in each
/// repetition.
pub fn tier(pair: &Pair, settings: &Settings) -> Tier {
    let fewer = requests(&pair.baseline).min(requests(&pair.candidate));
    tier_at(pair, count_to_f64(fewer), settings)
}

/// The same with so many requests on the side that has fewer.
fn tier_at(pair: &Pair, fewer: f64, settings: &Settings) -> Tier {
    let slow = |requests: f64| (1.0 - pair.percentile) * requests;
    let total = slow(fewer);
    let all = || pair.baseline.iter().chain(&pair.candidate);
    let least = slow(count_to_f64(all().map(|cell| cell.n).min().unwrap_or(0)));
    let known = all().all(|cell| cell.n > 0 && (cell.ln_value + cell.variance).is_finite());
    match () {
        () if !known || least < settings.exceed_repetition => Tier::NotGated,
        () if total >= settings.exceed_full => Tier::Full,
        () if total >= settings.exceed_coarse => Tier::Coarse,
        () => Tier::NotGated,
    }
}

/// A pair of which nothing but its counts and means is known.
fn bare(pair: &Pair, tier: Tier) -> Row {
    let ratio = (mean_ln(&pair.candidate) - mean_ln(&pair.baseline)).exp();
    Row {
        endpoint: pair.endpoint.clone(),
        percentile: pair.percentile,
        tier,
        decision: match tier {
            Tier::NotGated => Decision::NotGated,
            Tier::Coarse => Decision::Coarse,
            Tier::Full => Decision::Inconclusive,
        },
        requests_baseline: requests(&pair.baseline),
        requests_candidate: requests(&pair.candidate),
        ratio: ratio.is_finite().then_some(ratio),
        figures: None,
        below_floor: false,
    }
}

fn requests(side: &[RunPercentile]) -> u64 {
    side.iter().fold(0, |sum, cell| sum.saturating_add(cell.n))
}

fn mean_ln(side: &[RunPercentile]) -> f64 {
    mean(&side.iter().map(|cell| cell.ln_value).collect::<Vec<_>>())
}

/// Endpoints with a pair that is judged in full, and their part of the requests.
fn coverage(rows: &[Row]) -> Coverage {
    let mut named: Vec<(&str, u64, bool)> = Vec::new();
    for row in rows {
        let requests = row.requests_baseline.saturating_add(row.requests_candidate);
        let full = row.tier == Tier::Full;
        match named.iter_mut().find(|(endpoint, ..)| *endpoint == row.endpoint) {
            Some((_, _, covered)) => *covered |= full,
            None => named.push((&row.endpoint, requests, full)),
        }
    }
    let sum = |full: bool| {
        let counted = named.iter().filter(|(.., covered)| !full || *covered);
        counted.fold(0_u64, |sum, (_, requests, _)| sum.saturating_add(*requests))
    };
    Coverage {
        endpoints: named.iter().filter(|(.., covered)| *covered).count(),
        endpoints_all: named.len(),
        requests: Ratio::of(sum(true), sum(false)),
    }
}

/// Repetitions of both sides as one figure: as many on each side would give the same spread.
fn repetitions_a_side(pairs: &[Pair]) -> f64 {
    pairs.first().map_or(0.0, |pair| {
        2.0 / (1.0 / count(pair.baseline.len()) + 1.0 / count(pair.candidate.len()))
    })
}
