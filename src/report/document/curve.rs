//! A whole distribution as the points of a curve.

use crate::histogram::Histogram;
use crate::names::{Metric, SeriesId};
use crate::record::{Bank, Pick, RunRecord};
use crate::units::{Nanos, count_to_f64};

/// Points for each factor of ten in the share of values above.
const PER_DECADE: i32 = 16;

/// Quantiles that people ask for and that are not among the points by themselves.
const ASKED: [f64; 2] = [0.5, 0.95];

/// No share above is smaller: one value in a thousand million.
const MOST_DECADES: i32 = 9;

/// The percentiles of all requests, as densely as their number allows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// How many values there are.
    pub n: u64,
    /// Quantiles with their values, both rising; the last is the largest value, at quantile 1.
    pub points: Vec<(f64, Nanos)>,
}

impl Curve {
    /// Response times of all successful requests in the measured phases, logins included.
    pub fn of(record: &RunRecord) -> Self {
        let pick = Pick::of(&record.header.load.phases, Bank::Measured);
        let http: Vec<SeriesId> =
            record.catalogue.matching(|series| series.kind.is_http()).collect();
        Self::from(&record.totals.histogram(&pick, http.iter().copied(), Metric::Response))
    }
}

impl From<&Histogram> for Curve {
    fn from(histogram: &Histogram) -> Self {
        let n = histogram.len();
        // Beyond one value in n every quantile is the largest value.
        let steps = (0..=PER_DECADE * MOST_DECADES).map(|step| {
            let above = 10.0_f64.powf(-f64::from(step) / f64::from(PER_DECADE));
            (above, 1.0 - above)
        });
        let steps = steps.chain(ASKED.map(|quantile| (1.0 - quantile, quantile)));
        let known = steps.filter(|(above, _)| above * count_to_f64(n) >= 1.0);
        let mut quantiles: Vec<f64> = known.map(|(_, quantile)| quantile).collect();
        quantiles.sort_unstable_by(f64::total_cmp);
        let inner =
            quantiles.into_iter().filter_map(|quantile| Some((quantile, histogram.at(quantile)?)));
        let last = histogram.max().map(|max| (1.0, max));
        Self { n, points: inner.chain(last).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_rises_and_ends_with_the_largest_value() {
        let mut histogram = Histogram::new();
        (1..=1_000).for_each(|value| histogram.record(Nanos::from_millis(value)));
        let curve = Curve::from(&histogram);
        assert_eq!(curve.n, 1_000);
        assert_eq!(curve.points.len(), 16 * 3 + 2 + ASKED.len());
        assert!(curve.points.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{curve:?}");
        assert_eq!(curve.points.last(), Some(&(1.0, histogram.max().unwrap())));
        for asked in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let found = curve.points.iter().find(|(own, _)| (own - asked).abs() < 1e-12).unwrap();
            assert_eq!(Some(found.1), histogram.at(asked), "{asked}");
        }
    }

    #[test]
    fn nothing_has_no_points_and_one_value_is_all_of_them() {
        assert_eq!(Curve::from(&Histogram::new()), Curve::default());
        let mut histogram = Histogram::new();
        histogram.record(Nanos::from_millis(3));
        assert_eq!(Curve::from(&histogram).points.len(), 2);
    }
}
