//! The two parts of the spread between repetitions: shared by all endpoints, and each one's own.

use super::super::estimate::{count, mean};
use super::super::quantile::RunPercentile;
use super::{Layout, Pair, Settings};

/// Added to the variance within, so that no endpoint alone makes the shared effect: (2 %)².
const WEIGHT_VARIANCE: f64 = 0.02 * 0.02;

/// The least share of its own residual that an endpoint is taken to keep.
const LEAST_KEPT: f64 = 0.05;

/// From how many endpoints on the excess over the variance within can be estimated.
const EXCESS_FROM: usize = 4;

/// What is left of y when the mean of its side is taken away, endpoint by endpoint.
#[derive(Clone, Debug)]
pub(super) struct Residuals {
    /// Candidate less baseline for each endpoint, in logarithms.
    pub(super) change: Vec<f64>,
    /// For each endpoint its residual in every repetition.
    by_endpoint: Vec<Vec<f64>>,
    /// Mean variance within the repetitions for each endpoint.
    within: Vec<f64>,
    /// The WARN line of each endpoint.
    pub(super) warn: Vec<f64>,
    /// What turns a variance of y into one of the change.
    pub(super) scale: f64,
    /// Degrees of freedom of a residual's variance.
    df: f64,
}

impl Residuals {
    /// Of both sides.
    pub(super) fn of(pairs: &[&Pair], settings: &Settings) -> Option<Self> {
        let first = pairs.first()?;
        let (left, right) = (count(first.baseline.len()), count(first.candidate.len()));
        let paired = settings.layout == Layout::Paired;
        let one = if paired { paired_residuals } else { unpaired_residuals };
        let (scale, df) = if paired {
            (1.0 / left, left - 1.0)
        } else {
            (1.0 / left + 1.0 / right, left + right - 2.0)
        };
        let mut all = Self::empty(scale, df);
        for pair in pairs {
            let (change, residuals, within) = one(pair);
            all.change.push(change);
            all.by_endpoint.push(residuals);
            all.within.push(within.max(settings.least_variance));
            all.warn.push(pair.lines.unwrap_or(settings.lines).warn);
        }
        Some(all)
    }

    /// Of the baseline alone; `scale` is that of the comparison which is planned.
    pub(super) fn of_baseline(pairs: &[&Pair], scale: f64, settings: &Settings) -> Option<Self> {
        let df = count(pairs.first()?.baseline.len()) - 1.0;
        let mut all = Self::empty(scale, df);
        for pair in pairs {
            all.change.push(0.0);
            all.by_endpoint.push(centred(&values(&pair.baseline)));
            all.within.push(mean(&variances(&pair.baseline)).max(settings.least_variance));
            all.warn.push(pair.lines.unwrap_or(settings.lines).warn);
        }
        Some(all)
    }

    fn empty(scale: f64, df: f64) -> Self {
        let none = Vec::new;
        Self { change: none(), by_endpoint: Vec::new(), within: none(), warn: none(), scale, df }
    }

    /// How much each endpoint has to say of the shared effect: `1/(w + 0.02²)`, 1 together.
    fn weights(&self) -> Vec<f64> {
        let raw: Vec<_> =
            self.within.iter().map(|within| 1.0 / (within + WEIGHT_VARIANCE)).collect();
        let total: f64 = raw.iter().sum();
        raw.iter().map(|weight| weight / total).collect()
    }

    /// The shared effect in every repetition: residuals weighted by how well each is known.
    pub(super) fn shared(&self) -> Vec<f64> {
        let repetitions = self.by_endpoint.first().map_or(0, Vec::len);
        let mut shared = vec![0.0; repetitions];
        for (weight, residuals) in self.weights().iter().zip(&self.by_endpoint) {
            for (sum, residual) in shared.iter_mut().zip(residuals) {
                *sum += weight * residual;
            }
        }
        shared
    }

    /// The same variances seen in a comparison of `repetitions` on each side.
    pub(super) fn planned(&self, spread: &Spread, repetitions: f64) -> (Self, Spread) {
        let more = (2.0 * repetitions - 2.0 - self.df).max(0.0);
        let spread = Spread {
            shared_df: spread.shared_df + more,
            own_df: spread.own_df + more,
            ..spread.clone()
        };
        (Self { scale: 2.0 / repetitions, ..self.clone() }, spread)
    }
}

/// Variances of y from repetition to repetition.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    /// Of the effect that all endpoints share.
    pub(super) shared: f64,
    /// The degrees of freedom of `shared`.
    pub(super) shared_df: f64,
    /// Of each endpoint's own effect.
    pub(super) own: Vec<f64>,
    /// The degrees of freedom of `own`.
    pub(super) own_df: f64,
}

impl Spread {
    /// `None` when nothing is known of the shared effect: one repetition against one, no profile.
    pub(super) fn of(found: &Residuals, settings: &Settings) -> Option<Self> {
        let (weights, effect) = (found.weights(), found.shared());
        let seen: f64 = effect.iter().map(|shared| shared * shared).sum();
        let (known, known_df) =
            settings.profile.map_or((0.0, 0.0), |profile| (profile.value * profile.df, profile.df));
        let shared_df = found.df + known_df;
        // Written so that a profile that is no number decides nothing.
        if !(shared_df > 0.0 && (seen + known).is_finite()) {
            return None;
        }
        let (raw_own, excess) = own_variances(found, &weights, &effect);
        let prior = settings.prior_df;
        let shrink = |(within, own): (&f64, &f64)| {
            let shrunk = (prior * (within + excess) + found.df * own) / (prior + found.df);
            shrunk.max(settings.least_variance)
        };
        Some(Self {
            shared: ((seen + known) / shared_df).max(settings.least_variance),
            shared_df,
            own: found.within.iter().zip(&raw_own).map(shrink).collect(),
            own_df: found.df + prior,
        })
    }
}

/// Each endpoint's variance beside the shared effect, and by how much it exceeds the variance
/// within on average; the latter where there are endpoints enough to say.
fn own_variances(found: &Residuals, weights: &[f64], effect: &[f64]) -> (Vec<f64>, f64) {
    if found.by_endpoint.len() < 2 || found.df <= 0.0 {
        return (found.within.clone(), 0.0);
    }
    let one = |(residuals, weight): (&Vec<f64>, &f64)| {
        let squares = residuals.iter().zip(effect).map(|(all, shared)| (all - shared).powi(2));
        squares.sum::<f64>() / found.df / (1.0 - weight).max(LEAST_KEPT)
    };
    let own: Vec<f64> = found.by_endpoint.iter().zip(weights).map(one).collect();
    if own.len() < EXCESS_FROM {
        return (own, 0.0);
    }
    let both = || own.iter().zip(&found.within);
    let over: f64 = both().map(|(own, within)| (own - within) / (within * within)).sum();
    let weight: f64 = both().map(|(_, within)| 1.0 / (within * within)).sum();
    (own, (over / weight).max(0.0))
}

/// Change, residuals and variance within when each side has its own mean.
fn unpaired_residuals(pair: &Pair) -> (f64, Vec<f64>, f64) {
    let (left, right) = (values(&pair.baseline), values(&pair.candidate));
    let change = mean(&right) - mean(&left);
    let residuals = [centred(&left), centred(&right)].concat();
    let within = mean(&[variances(&pair.baseline), variances(&pair.candidate)].concat());
    (change, residuals, within)
}

/// Change, residuals and variance within of the differences of neighbours.
fn paired_residuals(pair: &Pair) -> (f64, Vec<f64>, f64) {
    let both = || pair.baseline.iter().zip(&pair.candidate);
    let changes: Vec<_> = both().map(|(left, right)| right.ln_value - left.ln_value).collect();
    let within: Vec<_> = both().map(|(left, right)| right.variance + left.variance).collect();
    (mean(&changes), centred(&changes), mean(&within))
}

fn values(side: &[RunPercentile]) -> Vec<f64> {
    side.iter().map(|cell| cell.ln_value).collect()
}

fn variances(side: &[RunPercentile]) -> Vec<f64> {
    side.iter().map(|cell| cell.variance).collect()
}

fn centred(values: &[f64]) -> Vec<f64> {
    let centre = mean(values);
    values.iter().map(|value| value - centre).collect()
}
