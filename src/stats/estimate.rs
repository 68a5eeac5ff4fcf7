//! A figure with its interval, and the quantiles, means and bounds that intervals are made of.

use statrs::distribution::{Continuous, ContinuousCDF, Normal, StudentsT};

use crate::units::count_to_f64;

/// Above this many degrees of freedom Student's t is expanded around the normal law, where two
/// terms give ten digits and the incomplete beta function loses them.
const EXPAND_FROM: f64 = 1e4;

/// Newton steps that polish a t quantile. Below one degree of freedom the library's inverse is off
/// by up to a factor of three, from one on by 4e-8 (statrs 0.19.1); each step squares the error.
const POLISH: usize = 3;

/// A figure that is never shown alone: its interval and the count behind it belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The best estimate.
    pub value: f64,
    /// Lower end of the interval; who makes the estimate says at which confidence.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// How many samples it rests on.
    pub n: u64,
}

/// The value below which a standard normal variable lies with probability `p`.
///
/// Infinite at and beyond 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    inside(p, |p| Normal::standard().inverse_cdf(p))
}

/// The value below which Student's t with `df` degrees of freedom lies with probability `p`.
///
/// Student, *The probable error of a mean*, Biometrika 6 (1908). `df` need not be whole
/// (Satterthwaite). Without degrees of freedom nothing is known of the spread, so the quantile is
/// infinite on the side where `p` lies.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    inside(p, |p| {
        if df > EXPAND_FROM {
            return expanded(normal_quantile(p), df);
        }
        let Ok(law) = StudentsT::new(0.0, 1.0, df) else {
            return f64::INFINITY * side(p);
        };
        // By the upper tail, where small probabilities keep their digits.
        let tail = p.min(1.0 - p);
        let mut upper = law.inverse_cdf(1.0 - tail);
        for _ in 0..POLISH {
            let better = upper + (law.sf(upper) - tail) / law.pdf(upper);
            if better.is_finite() {
                upper = better;
            }
        }
        upper * side(p)
    })
}

/// Student's t from the normal quantile, for many degrees of freedom: Abramowitz and Stegun,
/// *Handbook of Mathematical Functions*, 26.7.5.
fn expanded(z: f64, df: f64) -> f64 {
    let square = z * z;
    let first = (square + 1.0) / 4.0;
    let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    z * (1.0 + (first + second / df) / df)
}

/// Wilson's bounds on a share that was seen `share` times in `n`: `(low, high)`.
///
/// Wilson, *Probable inference, the law of succession, and statistical inference*, JASA 22 (1927):
/// `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`. `n` is a sample size corrected for
/// clustering where there is any, so it need not be whole. From nothing follows nothing: (0, 1).
pub fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    if !z.is_finite() || n <= 0.0 {
        return (0.0, 1.0);
    }
    let square = z * z / n;
    let centre = (share + square / 2.0) / (1.0 + square);
    let spread = (share * (1.0 - share) / n + square / (4.0 * n)).max(0.0).sqrt();
    let half = z / (1.0 + square) * spread;
    (centre - half, centre + half)
}

/// A length as a floating-point number.
pub(super) fn count(len: usize) -> f64 {
    count_to_f64(u64::try_from(len).unwrap_or(u64::MAX))
}

/// The arithmetic mean; not a number when there is nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// The middle value, or the mean of the two in the middle; not a number when there is nothing.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    middle(&sorted)
}

/// The median of values in rising order.
pub(super) fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() >> 1;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len() & 1 == 1 {
        at(half)
    } else {
        half.checked_sub(1).map_or(f64::NAN, |before| f64::midpoint(at(before), at(half)))
    }
}

/// `quantile` of a probability between 0 and 1, and infinite outside.
fn inside(p: f64, quantile: impl FnOnce(f64) -> f64) -> f64 {
    match p {
        _ if p.is_nan() => f64::NAN,
        _ if p <= 0.0 => f64::NEG_INFINITY,
        _ if p >= 1.0 => f64::INFINITY,
        _ => quantile(p),
    }
}

/// On which side of the middle a probability lies.
fn side(p: f64) -> f64 {
    if p < 0.5 { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{got} is not {want}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        near(normal_quantile(0.975), 1.959_963_984_540_054);
        near(normal_quantile(0.01), -2.326_347_874_040_841);
        near(t_quantile(0.975, 1.0), 12.706_204_736_174_7);
        near(t_quantile(0.95, 8.0), 1.859_548_037_530_9);
        near(t_quantile(0.05, 8.0), -1.859_548_037_530_9);
        near(t_quantile(0.995, 2.0), 9.924_843_200_918_07);
        near(t_quantile(0.99, 1e12), normal_quantile(0.99));
        near(t_quantile(0.5, 4.0), 0.0);
    }

    #[test]
    fn what_is_unknown_is_unbounded() {
        let infinite = |value: f64| value.is_infinite().then(|| value.is_sign_positive());
        assert_eq!(infinite(t_quantile(0.95, 0.0)), Some(true));
        assert_eq!(infinite(t_quantile(0.05, f64::NAN)), Some(false));
        assert_eq!(infinite(normal_quantile(1.0)), Some(true));
        assert!(normal_quantile(f64::NAN).is_nan());
        assert_eq!(wilson(0.3, 0.0, 1.6), (0.0, 1.0));
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        near(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        near(median(&[3.0, 1.0, 2.0]), 2.0);
        assert!(median(&[]).is_nan());
    }

    proptest! {
        #[test]
        fn a_t_quantile_has_its_probability(p in 1e-6..0.999_999_f64, ln_df in -0.5..9.2_f64) {
            let law = StudentsT::new(0.0, 1.0, ln_df.exp()).unwrap();
            let back = law.cdf(t_quantile(p, ln_df.exp()));
            prop_assert!((back - p).abs() < 1e-9, "{} is not {}", back, p);
        }

        #[test]
        fn the_expansion_joins_where_it_begins(p in 1e-6..0.999_999_f64) {
            let (below, above) = (t_quantile(p, 1e4), t_quantile(p, 1e4 + 1e-6));
            prop_assert!((below - above).abs() < 1e-9, "{} is not {}", below, above);
        }

        #[test]
        fn wilson_bounds_hold_the_share(
            share in 0.0..=1.0_f64, n in 1.0..1e7_f64, z in 0.1..5.0_f64,
        ) {
            let (low, high) = wilson(share, n, z);
            prop_assert!(low <= share + 1e-12 && share <= high + 1e-12);
            prop_assert!(low >= -1e-12 && high <= 1.0 + 1e-12);
        }
    }
}
