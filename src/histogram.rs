//! The distribution of one series: record, merge, ask, encode.

mod form;
mod pages;
mod steps;

pub use form::{Encoder, values_of};
use pages::Pages;
use steps::{bottom_of, middle_of, step_of, top_of};
use thiserror::Error;

use crate::units::{Nanos, count_to_f64, f64_to_u64};

/// Longest duration that is resolved: ten minutes.
pub const HIGHEST: Nanos = Nanos::from_secs(600);

/// Significant decimal digits that every recorded value keeps.
const DIGITS: u8 = 3;

/// A latency distribution in nanoseconds with three significant digits up to ten minutes.
///
/// An HDR histogram (Tene, <https://hdrhistogram.github.io/HdrHistogram/>): constant time to
/// record, exact merge, and memory for those parts of the range only in which there are values: a
/// few KiB, and 250 if they are everywhere. What lies beyond ten minutes is kept at ten minutes
/// and counted in [`Histogram::beyond`], so nothing is clamped without a word.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    pages: Pages,
    len: u64,
    beyond: u64,
}

/// A stored histogram that can't be read.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The bytes are not an HDR histogram in V2 (deflated) form.
    #[error("not an HDR V2 histogram: {0}")]
    Form(String),
    /// The histogram holds values that one of ours can't have.
    #[error("a histogram with values beyond ten minutes")]
    Range,
}

impl Histogram {
    /// An empty distribution. It has no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one value.
    #[inline]
    pub fn record(&mut self, value: Nanos) {
        if value > HIGHEST {
            self.beyond += 1;
        }
        self.pages.count(step_of(value.0.min(HIGHEST.0)));
        self.len += 1;
    }

    /// Adds all values of `other`, exactly.
    pub fn merge(&mut self, other: &Self) {
        let Self { pages, len, beyond } = other;
        self.pages.merge(pages);
        self.len = self.len.saturating_add(*len);
        self.beyond = self.beyond.saturating_add(*beyond);
    }

    /// Forgets all values. The memory is kept for those that come next, unless there were none
    /// since the last time: then it is given back.
    pub fn reset(&mut self) {
        if self.is_empty() {
            self.pages = Pages::default();
        } else {
            self.pages.clear();
            (self.len, self.beyond) = (0, 0);
        }
    }

    /// How many values were recorded.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many values were longer than [`HIGHEST`].
    pub fn beyond(&self) -> u64 {
        self.beyond
    }

    /// The value below or at which the share `quantile` (0 to 1) of all values lies; `None` when
    /// empty.
    ///
    /// By counts, as HdrHistogram does it: the highest equivalent value of the bucket that holds
    /// the value number ceil(quantile × n).
    pub fn at(&self, quantile: f64) -> Option<Nanos> {
        let rank = f64_to_u64((quantile.min(1.0) * count_to_f64(self.len)).ceil()).max(1);
        let mut seen = 0_u64;
        let (step, _) = self.steps().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= rank
        })?;
        let value = if quantile == 0.0 { bottom_of(step) } else { top_of(step) };
        Some(Nanos(value.min(HIGHEST.0)))
    }

    /// The largest value, to three digits; `None` when empty.
    pub fn max(&self) -> Option<Nanos> {
        // The top of the bucket; nothing above the range was recorded.
        self.steps().next_back().map(|(step, _)| Nanos(top_of(step).min(HIGHEST.0)))
    }

    /// The smallest value, to three digits; `None` when empty.
    pub fn min(&self) -> Option<Nanos> {
        self.steps().next().map(|(step, _)| Nanos(bottom_of(step)))
    }

    /// The mean; `None` when empty.
    pub fn mean(&self) -> Option<Nanos> {
        let share = |(step, count)| {
            count_to_f64(middle_of(step)) * count_to_f64(count) / count_to_f64(self.len)
        };
        let mean: f64 = self.steps().map(share).sum();
        (!self.is_empty()).then(|| Nanos::from_secs_f64(mean / 1e9))
    }

    /// Each value that occurs with its count, rising.
    pub fn values(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        self.steps().map(|(step, count)| (Nanos(top_of(step)), count))
    }

    /// The HDR V2 form, deflated: what the store keeps and every HdrHistogram reads. For many of
    /// them an [`Encoder`] saves memory and time.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::new().encode(self)
    }

    /// Reads what [`Histogram::encode`] wrote; `beyond` is kept beside it.
    pub fn decode(bytes: &[u8], beyond: u64) -> Result<Self, DecodeError> {
        let mut fresh = Self::new();
        fresh.merge_encoded(bytes, beyond)?;
        Ok(fresh)
    }

    /// Adds what [`Histogram::encode`] wrote, exactly: [`Histogram::decode`] and
    /// [`Histogram::merge`] without a histogram in between, for the many that a run has. After an
    /// error a part of it may have been added.
    pub fn merge_encoded(&mut self, bytes: &[u8], beyond: u64) -> Result<(), DecodeError> {
        let Self { pages, len, beyond: own } = self;
        form::read(bytes, |step, count| {
            *len = len.saturating_add(count);
            pages.add(step, count)
        })?;
        *own = own.saturating_add(beyond);
        Ok(())
    }

    /// The steps that were counted with their counts, rising.
    fn steps(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> + '_ {
        self.pages.iter()
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        (self.len, self.beyond) == (other.len, other.beyond) && self.steps().eq(other.steps())
    }
}

impl Extend<Nanos> for Histogram {
    fn extend<I: IntoIterator<Item = Nanos>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.record(value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        histogram.extend(values.iter().copied().map(Nanos));
        histogram
    }

    #[test]
    fn nothing_recorded_has_no_percentile() {
        assert_eq!(Histogram::new().at(0.99), None);
        assert_eq!(Histogram::new().max(), None);
    }

    #[test]
    fn what_is_beyond_the_range_is_counted() {
        let histogram = of(&[1_000, 700_000_000_000]);
        assert_eq!(histogram.beyond(), 1);
        assert_eq!(histogram.len(), 2);
        assert_eq!(histogram.max(), Some(HIGHEST));
    }

    #[test]
    fn foreign_bytes_are_refused() {
        assert!(Histogram::decode(b"not a histogram", 0).is_err());
        assert!(Histogram::decode(&[], 0).is_err());
    }

    /// The same values in the histogram that defines how ours has to answer.
    fn theirs(values: &[u64]) -> hdrhistogram::Histogram<u64> {
        let mut theirs = hdrhistogram::Histogram::new_with_bounds(1, HIGHEST.0, DIGITS).unwrap();
        for value in values {
            theirs.saturating_record(*value.min(&HIGHEST.0));
        }
        theirs
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_a_thousandth_of_the_sorted_list(
            mut values in prop::collection::vec(1_u64..600_000_000_000, 1..400),
            quantile in 0.0..1.0_f64,
        ) {
            let histogram = of(&values);
            values.sort_unstable();
            let count = u64::try_from(values.len()).unwrap();
            let rank = f64_to_u64((quantile * count_to_f64(count)).ceil().max(1.0));
            let exact = values[usize::try_from(rank).unwrap() - 1];
            let got = histogram.at(quantile).unwrap().0;
            let off = count_to_f64(got.abs_diff(exact));
            prop_assert!(off <= count_to_f64(exact) * 0.001 + 1.0);
        }

        #[test]
        fn every_answer_is_that_of_hdr_histogram(
            values in prop::collection::vec((0_u64..=HIGHEST.0, 0_u32..40), 1..200),
            quantiles in prop::collection::vec(0.0..=1.0_f64, 5),
        ) {
            let values: Vec<u64> = values.iter().map(|(value, shift)| value >> shift).collect();
            let (ours, theirs) = (of(&values), theirs(&values));
            for quantile in quantiles.into_iter().chain([0.0, 0.5, 0.999, 1.0]) {
                let want = theirs.value_at_quantile(quantile).min(HIGHEST.0);
                prop_assert_eq!(ours.at(quantile), Some(Nanos(want)));
            }
            prop_assert_eq!(ours.max(), Some(Nanos(theirs.max().min(HIGHEST.0))));
            prop_assert_eq!(ours.min(), Some(Nanos(theirs.min())));
            prop_assert_eq!(ours.mean(), Some(Nanos::from_secs_f64(theirs.mean() / 1e9)));
            let all: Vec<_> = theirs
                .iter_recorded()
                .map(|step| (Nanos(step.value_iterated_to()), step.count_at_value()))
                .collect();
            prop_assert_eq!(ours.values().collect::<Vec<_>>(), all);
        }

        #[test]
        fn what_is_reset_is_as_new(
            a in prop::collection::vec(0_u64..700_000_000_000, 0..50),
            b in prop::collection::vec(0_u64..700_000_000_000, 0..50),
        ) {
            let mut again = of(&a);
            for _ in 0..2 {
                again.reset();
                prop_assert!(again == Histogram::new());
            }
            again.extend(b.iter().copied().map(Nanos));
            prop_assert_eq!(again, of(&b));
        }

        #[test]
        fn merging_equals_recording_all(
            a in prop::collection::vec(0_u64..700_000_000_000, 0..200),
            b in prop::collection::vec(0_u64..700_000_000_000, 0..200),
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(merged, of(&[a, b].concat()));
        }
    }
}
