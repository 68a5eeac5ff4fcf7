//! A percentile of one repetition with the error it has within that repetition.
//!
//! Requests are not independent: a burst or a pause makes many of them slow together, so the
//! binomial error of a percentile is about half of the true one. Blocks of some seconds are nearly
//! independent; the spread of their exceedances gives the error of the distribution function at
//! the percentile, and the inverse of the distribution function turns it into an error of the
//! percentile (Woodruff, *Confidence intervals for medians and other position measures*, JASA 47
//! (1952); Serfling, *Approximation Theorems*, section 2.6).

use super::estimate::{Estimate, count, t_quantile, wilson};
use crate::units::{Nanos, count_to_f64, f64_to_u64};

/// A block is a twelfth of the repetition, within these limits in seconds.
const BLOCK_S: (f64, f64) = (3.0, 30.0);

/// Into how many blocks a repetition of middling length is cut.
const BLOCKS: f64 = 12.0;

/// How often each value occurred.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values in rising order, each once.
    steps: Vec<(Nanos, u64)>,
    total: u64,
}

impl Tally {
    /// No values.
    pub const fn nothing() -> Self {
        Self { steps: Vec::new(), total: 0 }
    }

    /// From values with their counts, in any order.
    pub fn of(counted: impl IntoIterator<Item = (Nanos, u64)>) -> Self {
        let mut all: Vec<_> = counted.into_iter().filter(|(_, times)| *times > 0).collect();
        // Sums are of sorted parts, which this sort merges where the unstable one would not.
        all.sort_by_key(|(value, _)| *value);
        let mut steps: Vec<(Nanos, u64)> = Vec::with_capacity(all.len());
        for (value, times) in all {
            match steps.last_mut() {
                Some((last, sum)) if *last == value => *sum = sum.saturating_add(times),
                _ => steps.push((value, times)),
            }
        }
        let total = steps.iter().fold(0_u64, |sum, (_, times)| sum.saturating_add(*times));
        Self { steps, total }
    }

    /// All values of several tallies.
    pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::of(parts.into_iter().flat_map(|part| part.steps.iter().copied()))
    }

    /// Each value with its count, rising.
    pub fn values(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        self.steps.iter().copied()
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The first value at which ceil(`quantile` × n) values are reached; `None` when empty.
    pub fn at(&self, quantile: f64) -> Option<Nanos> {
        // A hair is taken off, so that 0.95 × 100 is 95 and not the next after it.
        let rank = (quantile * count_to_f64(self.total) - 1e-9).ceil();
        let rank = f64_to_u64(rank).clamp(1, self.total.max(1));
        let mut reached = 0_u64;
        self.steps.iter().find_map(|(value, times)| {
            reached = reached.saturating_add(*times);
            (reached >= rank).then_some(*value)
        })
    }

    /// How many values lie above `limit`.
    pub fn above(&self, limit: Nanos) -> u64 {
        let beyond = self.steps.partition_point(|(value, _)| *value <= limit);
        self.steps.iter().skip(beyond).fold(0, |sum, (_, times)| sum.saturating_add(*times))
    }
}

/// A percentile of one endpoint in one repetition, as comparisons want it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunPercentile {
    /// Natural logarithm of the percentile in nanoseconds.
    pub ln_value: f64,
    /// Variance of `ln_value` within the repetition.
    pub variance: f64,
    /// How many requests it rests on.
    pub n: u64,
}

impl RunPercentile {
    /// Keeps the place of a repetition in which the endpoint had no requests; a pair with such a
    /// place is only shown.
    pub const NOTHING: Self = Self { ln_value: f64::NAN, variance: f64::NAN, n: 0 };
}

/// One endpoint over one repetition: its requests, whole and in blocks of time.
#[derive(Clone, Debug)]
pub struct Repetition {
    whole: Tally,
    blocks: Vec<Tally>,
}

impl Repetition {
    /// From its intervals in the order of time, each so many `seconds` long.
    ///
    /// The blocks are a twelfth of the repetition, at least 3 s and at most 30 s, and at least
    /// two; what remains joins the last.
    pub fn of(intervals: &[Tally], seconds: f64) -> Self {
        let (shortest, longest) = BLOCK_S;
        let long = (count(intervals.len()) * seconds / BLOCKS).max(shortest).min(longest);
        let wanted = f64_to_u64((long / seconds).round_ties_even()).max(1);
        let length = usize::try_from(wanted).unwrap_or(usize::MAX).min(intervals.len().max(1));
        let number = intervals.chunks_exact(length).len().max(2);
        let (most, rest) = intervals
            .split_at_checked(length.saturating_mul(number - 1))
            .unwrap_or((intervals, &[]));
        let blocks: Vec<_> = most.chunks(length).chain([rest]).map(Tally::sum).collect();
        Self { whole: Tally::sum(&blocks), blocks }
    }

    /// How many requests there are.
    pub fn len(&self) -> u64 {
        self.whole.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// The percentile with its variance within the repetition; `None` when there is nothing.
    ///
    /// `variance = ([ln Q(p+se) - ln Q(p-se)] / 2)²` with `se` the block error of the distribution
    /// function at the percentile (Woodruff).
    pub fn percentile(&self, p: f64) -> Option<RunPercentile> {
        let quantile = self.whole.at(p)?;
        let error = self.share_error(p, quantile);
        let least = 1.0 / count_to_f64(self.whole.len());
        let high = ln(self.whole.at((p + error).min(1.0))?);
        let low = ln(self.whole.at((p - error).max(least))?);
        let variance = ((high - low) / 2.0).powi(2);
        Some(RunPercentile { ln_value: ln(quantile), variance, n: self.whole.len() })
    }

    /// The percentile in nanoseconds with a two-sided interval; `None` when there is nothing.
    ///
    /// Wilson's bounds on the share `p` at the effective sample size `p(1-p)/se²` (never more
    /// than the requests there were), inverted. The number of blocks gives the degrees of freedom.
    pub fn estimate(&self, p: f64, confidence: f64) -> Option<Estimate> {
        let quantile = self.whole.at(p)?;
        let requests = count_to_f64(self.whole.len());
        let effective = (p * (1.0 - p) / self.share_error(p, quantile).powi(2)).min(requests);
        let spread = t_quantile(f64::midpoint(1.0, confidence), count(self.blocks.len()) - 1.0);
        let (low, high) = wilson(p, effective, spread);
        let nanos = |found: Nanos| count_to_f64(found.0);
        Some(Estimate {
            value: nanos(quantile),
            low: nanos(self.whole.at(low)?),
            high: nanos(self.whole.at(high)?),
            n: self.whole.len(),
        })
    }

    /// Standard error of the share of values up to `value`, from the spread over the blocks:
    /// `√(K/(K-1) Σ r²) / n` with `r` the exceedances of a block less those expected.
    fn share_error(&self, p: f64, value: Nanos) -> f64 {
        let number = count(self.blocks.len());
        let requests = count_to_f64(self.whole.len());
        let surplus = |block: &Tally| {
            count_to_f64(block.above(value)) - (1.0 - p) * count_to_f64(block.len())
        };
        let squares: f64 = self.blocks.iter().map(|block| surplus(block).powi(2)).sum();
        let error = (number / (number - 1.0) * squares).sqrt() / requests;
        // The distribution function has steps of one request.
        error.max(0.5 / requests)
    }
}

/// The logarithm of a value; what took no time is taken as one nanosecond.
fn ln(value: Nanos) -> f64 {
    count_to_f64(value.0.max(1)).ln()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(values: &[u64]) -> Tally {
        Tally::of(values.iter().map(|value| (Nanos(*value), 1)))
    }

    #[test]
    fn a_quantile_is_the_value_at_its_rank() {
        let hundred = Tally::of((1..=100).rev().map(|value| (Nanos(value), 1)));
        assert_eq!(hundred.at(0.95), Some(Nanos(95)));
        assert_eq!(hundred.at(0.951), Some(Nanos(96)));
        assert_eq!(hundred.at(0.0), Some(Nanos(1)));
        assert_eq!(hundred.at(1.0), Some(Nanos(100)));
        assert_eq!(hundred.above(Nanos(95)), 5);
        assert_eq!(Tally::default().at(0.5), None);
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Repetition::of(&[], 1.0).percentile(0.95), None);
        assert_eq!(Repetition::of(&vec![Tally::default(); 9], 1.0).estimate(0.95, 0.9), None);
    }

    #[test]
    fn one_request_has_a_percentile() {
        let one = Repetition::of(&[tally(&[7])], 1.0).percentile(0.99).unwrap();
        assert_eq!((one.n, one.variance.to_bits()), (1, 0));
    }

    #[test]
    fn a_remainder_joins_the_last_block() {
        let eleven = vec![tally(&[1]); 11];
        let lens: Vec<_> = Repetition::of(&eleven, 1.0).blocks.iter().map(Tally::len).collect();
        assert_eq!(lens, [3, 3, 5]);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_value(
            values in prop::collection::vec(prop::collection::vec(1_u64..1_000_000, 0..40), 1..40),
            p in 0.01..0.999_f64,
        ) {
            let intervals: Vec<_> = values.iter().map(|values| tally(values)).collect();
            let repetition = Repetition::of(&intervals, 1.0);
            if let Some(found) = repetition.estimate(p, 0.9) {
                prop_assert!(found.low <= found.value && found.value <= found.high);
                prop_assert!(repetition.percentile(p).unwrap().variance >= 0.0);
            }
        }

        #[test]
        fn bursts_widen_the_error(shift in 0_usize..60) {
            // The same 600 requests: the slow ones spread out, or all in one block.
            let request = |slow: bool| if slow { 900 } else { 100 };
            let spread: Vec<_> = (0..60)
                .map(|at| tally(&[100, 100, 100, 100, 100, 100, 100, 100, 100, request(at % 2 == 0)]))
                .collect();
            let burst: Vec<_> = (0..60)
                .map(|at| tally(&[request((at + 60 - shift) % 60 < 3); 10]))
                .collect();
            let error = |intervals: &[Tally]| {
                Repetition::of(intervals, 1.0).share_error(0.95, Nanos(100))
            };
            prop_assert!(error(&burst) > 2.0 * error(&spread));
        }
    }
}
