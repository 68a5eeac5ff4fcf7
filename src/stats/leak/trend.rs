//! The slope of a series and whether it rises, without a model of its noise.

use super::super::estimate::{count, mean, middle, normal_quantile};
use super::floors::Floor;
use crate::units::f64_to_u64;

/// Correlation of neighbours beyond which nothing is believed.
const MOST_CORRELATION: f64 = 0.95;

/// The trend of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trend {
    /// Median slope of all pairs (Theil 1950; Sen, JASA 63 (1968)).
    pub(super) slope: f64,
    /// Lower end of its interval.
    pub(super) low: f64,
    /// Upper end of its interval.
    pub(super) high: f64,
    /// Mann and Kendall's S in standard deviations, with continuity correction.
    pub(super) z: f64,
}

impl Trend {
    /// Kendall's S has variance `n(n-1)(2n+5)/18` when the values are independent (Mann,
    /// Econometrica 13 (1945)); for an AR(1) series it is inflated by `1 + 2 Σ (1-k/n) rho^k`, with
    /// rho the correlation of neighbours after the trend is taken out (Yue and Wang, Water
    /// Resources Management 18 (2004)). The slopes at ranks `(N ± C)/2`, `C` the normal quantile
    /// times that deviation, are the interval (Sen).
    pub(super) fn of(floors: &[Floor], alpha: f64) -> Option<Self> {
        let sorted = slopes(floors);
        let slope = middle(&sorted);
        let number = count(floors.len());
        let independent = number * (number - 1.0) * (2.0 * number + 5.0) / 18.0;
        let deviation = (independent * inflation(floors, slope)).sqrt();
        let pairs = count(sorted.len());
        let reach = normal_quantile(1.0 - alpha) * deviation;
        let rank = |at: f64| {
            let at = usize::try_from(f64_to_u64(at.floor())).unwrap_or(usize::MAX);
            sorted.get(at.min(sorted.len().checked_sub(1)?)).copied()
        };
        // All pairs go forward in time, so a slope has the sign of its change.
        let signs: f64 = sorted.iter().copied().map(sign).sum();
        Some(Self {
            slope,
            low: rank((pairs - reach) / 2.0)?,
            high: rank(f64::midpoint(pairs, reach))?,
            z: (signs - sign(signs)) / deviation,
        })
    }
}

/// The slopes of all pairs, rising.
pub(super) fn slopes(floors: &[Floor]) -> Vec<f64> {
    let mut all: Vec<_> = floors
        .iter()
        .enumerate()
        .flat_map(|(at, from)| {
            let later = floors.iter().skip(at + 1);
            later.map(|to| (to.level - from.level) / (to.hours - from.hours))
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

/// By how much correlation of neighbours inflates the variance.
fn inflation(floors: &[Floor], slope: f64) -> f64 {
    let mut rest: Vec<_> = floors.iter().map(|floor| floor.level - slope * floor.hours).collect();
    let centre = mean(&rest);
    for value in &mut rest {
        *value -= centre;
    }
    let square: f64 = rest.iter().map(|value| value * value).sum();
    let lagged: f64 = rest.iter().zip(rest.iter().skip(1)).map(|(a, b)| a * b).sum();
    // Where nothing is left beside the trend there is nothing to correlate.
    let rho = if square > 0.0 { (lagged / square).clamp(0.0, MOST_CORRELATION) } else { 0.0 };
    let number = count(floors.len());
    let terms = (1..floors.len()).map(count).map(|lag| (1.0 - lag / number) * rho.powf(lag));
    1.0 + 2.0 * terms.sum::<f64>()
}

/// -1, 0 or 1.
fn sign(value: f64) -> f64 {
    match value {
        _ if value > 0.0 => 1.0,
        _ if value < 0.0 => -1.0,
        _ => 0.0,
    }
}
