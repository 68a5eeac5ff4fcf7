//! From the two variances to the bounds of every change of one percentile.

use super::super::estimate::{Estimate, count, median, t_quantile};
use super::spread::{Residuals, Spread};
use super::{Pair, Settings, Site};
use crate::units::f64_to_u64;

/// The change of one pair with its bounds; all are differences of logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Candidate less baseline: d.
    pub change: f64,
    /// Upper bound for this pair alone, at 1 - beta: U.
    pub high: f64,
    /// Lower bound over all pairs together, at 1 - alpha of WARN.
    pub low_warn: f64,
    /// Lower bound over all pairs together, at 1 - alpha of NO-GO.
    pub low_nogo: f64,
    /// Upper bound over all pairs together, at 1 - alpha of WARN: the mirror of `low_warn`.
    pub high_family: f64,
    /// Standard error of the change.
    pub se: f64,
    /// Its degrees of freedom (Satterthwaite).
    pub df: f64,
    /// Against the other endpoints, where there are enough of them.
    pub relative: Option<Relative>,
    /// The smallest slow-down of this endpoint alone that would be found 9 times of 10.
    pub detectable: f64,
}

/// The change of one pair beside what the shared noise explains of the site's shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relative {
    /// The change: r.
    pub change: f64,
    /// Lower bound over all pairs together, at 1 - alpha of WARN.
    pub low_warn: f64,
    /// Lower bound over all pairs together, at 1 - alpha of NO-GO.
    pub low_nogo: f64,
}

/// The normal quantile of the power with which [`Figures::detectable`] is found.
const POWER: f64 = 1.28;

/// The pairs of one percentile, computed.
#[derive(Clone, Debug)]
pub(super) struct Family {
    /// In the order of the pairs.
    pub(super) figures: Vec<Figures>,
    common: Common,
}

/// What is the same for all pairs of a percentile.
#[derive(Clone, Copy, Debug)]
struct Common {
    /// Median change.
    site: f64,
    /// Standard deviation of the shared effect.
    run_noise: f64,
    /// The degrees of freedom of the run noise.
    run_df: f64,
    /// Variance of the change from the shared effect and the session.
    shared: f64,
    /// Its degrees of freedom.
    shared_df: f64,
    /// How far the shared noise alone moves the site.
    reach: f64,
    /// The part of `site` that the shared noise explains.
    noise: f64,
    /// Quantiles for an endpoint's own noise over all pairs, for WARN and NO-GO.
    own_warn: f64,
    own_nogo: f64,
    /// Quantiles for the shared noise, for WARN and NO-GO.
    shared_warn: f64,
    shared_nogo: f64,
}

impl Family {
    /// `None` when there is no pair, or nothing is known of the shared effect.
    pub(super) fn of(pairs: &[&Pair], comparisons: usize, settings: &Settings) -> Option<Self> {
        let residuals = Residuals::of(pairs, settings)?;
        let spread = Spread::of(&residuals, settings)?;
        Some(Self::from_spread(&residuals, &spread, comparisons, settings))
    }

    /// The same from residuals and the variances that they gave.
    pub(super) fn from_spread(
        residuals: &Residuals,
        spread: &Spread,
        comparisons: usize,
        settings: &Settings,
    ) -> Self {
        let common = Common::of(residuals, spread, comparisons, settings);
        let relative = residuals.change.len() >= settings.site_from;
        let one = |((change, own), warn): ((&f64, &f64), &f64)| {
            let own = Own { variance: own * residuals.scale, df: spread.own_df, warn: *warn };
            let figures = common.figures(*change, &own, settings);
            if relative { figures } else { Figures { relative: None, ..figures } }
        };
        let own = residuals.change.iter().zip(&spread.own).zip(&residuals.warn);
        Self { figures: own.map(one).collect(), common }
    }

    /// What the pairs have in common.
    pub(super) fn site(&self, (group, percentile): (u8, f64)) -> Site {
        let Common { site, reach, run_noise, run_df, .. } = self.common;
        let ratio = Estimate {
            value: site.exp(),
            low: (site - reach).exp(),
            high: (site + reach).exp(),
            n: f64_to_u64(count(self.figures.len())),
        };
        Site { group, percentile, ratio, run_noise, df: run_df }
    }
}

/// An endpoint's own part of the variance of its change.
struct Own {
    variance: f64,
    df: f64,
    /// Its WARN line.
    warn: f64,
}

impl Common {
    fn of(residuals: &Residuals, spread: &Spread, comparisons: usize, settings: &Settings) -> Self {
        let (shared, shared_df) =
            with_session(spread.shared * residuals.scale, spread.shared_df, settings);
        let site = median(&residuals.change);
        let reach = t_quantile(1.0 - settings.beta, shared_df) * shared.sqrt();
        let pairs = count(comparisons.max(1));
        let own = |alpha: f64| {
            t_quantile(1.0 - alpha * (1.0 - settings.shared_part) / pairs, spread.own_df)
        };
        let common = |alpha: f64| t_quantile(1.0 - alpha * settings.shared_part, shared_df);
        Self {
            site,
            run_noise: spread.shared.sqrt(),
            run_df: spread.shared_df,
            shared,
            shared_df,
            reach,
            // Not `clamp`, which panics where the reach is no number.
            noise: site.max(-reach).min(reach),
            own_warn: own(settings.alpha_warn),
            own_nogo: own(settings.alpha_nogo),
            shared_warn: common(settings.alpha_warn),
            shared_nogo: common(settings.alpha_nogo),
        }
    }

    fn figures(&self, change: f64, own: &Own, settings: &Settings) -> Figures {
        let variance = self.shared + own.variance;
        let df = satterthwaite(&[(self.shared, self.shared_df), (own.variance, own.df)]);
        let se = variance.sqrt();
        let (warn, nogo) =
            (self.own_warn * own.variance.sqrt(), self.own_nogo * own.variance.sqrt());
        let wide =
            |quantile: f64, half: f64| (quantile * quantile * self.shared + half * half).sqrt();
        let relative = change - self.noise;
        Figures {
            change,
            high: change + t_quantile(1.0 - settings.beta, df) * se,
            low_warn: change - wide(self.shared_warn, warn),
            low_nogo: change - wide(self.shared_nogo, nogo),
            high_family: change + wide(self.shared_warn, warn),
            se,
            df,
            relative: Some(Relative {
                change: relative,
                low_warn: relative - warn,
                low_nogo: relative - nogo,
            }),
            detectable: (own.warn.ln() + warn + POWER * own.variance.sqrt()).exp(),
        }
    }
}

/// Adds the variance between sessions, once for each side.
fn with_session(shared: f64, df: f64, settings: &Settings) -> (f64, f64) {
    settings.session.map_or((shared, df), |session| {
        let sessions = 2.0 * session.value;
        (shared + sessions, satterthwaite(&[(shared, df), (sessions, session.df)]))
    })
}

/// Degrees of freedom of a sum of variances: `(Σ V)² / Σ (V²/df)`.
fn satterthwaite(parts: &[(f64, f64)]) -> f64 {
    let total: f64 = parts.iter().map(|(variance, _)| variance).sum();
    let spread: f64 = parts.iter().map(|(variance, df)| variance * variance / df).sum();
    total * total / spread
}
