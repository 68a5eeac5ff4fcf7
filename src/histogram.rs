//! The distribution of one series: record, merge, ask, encode.

mod sparse;

use std::io::{Cursor, Read};

use flate2::read::ZlibDecoder;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
pub use sparse::values_of;
use thiserror::Error;

use crate::units::Nanos;

/// Longest duration that is resolved: ten minutes.
pub const HIGHEST: Nanos = Nanos::from_secs(600);

/// Significant decimal digits that every recorded value keeps.
const DIGITS: u8 = 3;

/// First bytes of the V2 form, deflated; the length of the rest follows in four bytes.
const COOKIE: [u8; 4] = [0x1c, 0x84, 0x93, 0x14];

/// Bytes before the counts once the form is inflated: cookie, length of the counts, offset,
/// digits, lowest and highest value, ratio.
const HEAD: usize = 40;

/// Longest form, inflated: about 31,000 buckets with a count of at most nine bytes each.
const LONGEST: usize = 300_000;

/// Most bytes of one count, as a number of 56 bits takes them.
const COUNT_BYTES: usize = 8;

/// A latency distribution in nanoseconds with three significant digits up to ten minutes.
///
/// An HDR histogram (Tene, <https://hdrhistogram.github.io/HdrHistogram/>): constant memory
/// (about 250 KiB of address space, of which only touched pages count), constant time to record, exact merge.
/// What lies beyond ten minutes is kept at ten minutes and counted in [`Histogram::beyond`], so
/// nothing is clamped without a word.
#[derive(Clone, Debug)]
pub struct Histogram {
    inner: hdrhistogram::Histogram<u64>,
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
    /// An empty distribution.
    pub fn new() -> Self {
        // The bounds are constants that the crate accepts; its own fallback is auto-resizing.
        let inner = hdrhistogram::Histogram::new_with_bounds(1, HIGHEST.0, DIGITS)
            .or_else(|_bounds| hdrhistogram::Histogram::new(DIGITS))
            .unwrap_or_else(|_digits| unreachable!("three digits are within 0 to 5"));
        Self { inner, beyond: 0 }
    }

    /// Adds one value.
    pub fn record(&mut self, value: Nanos) {
        if value > HIGHEST {
            self.beyond += 1;
        }
        self.inner.saturating_record(value.0.min(HIGHEST.0));
    }

    /// Adds all values of `other`, exactly.
    pub fn merge(&mut self, other: &Self) {
        let Self { inner, beyond } = other;
        if inner.is_empty() {
            return;
        }
        // Both have the same bounds, so the addition has no way to fail.
        let added = self.inner.add(inner);
        debug_assert!(added.is_ok(), "histograms of one shape add up");
        self.beyond = self.beyond.saturating_add(*beyond);
    }

    /// Forgets all values and keeps the memory.
    pub fn reset(&mut self) {
        if !self.is_empty() {
            self.inner.reset();
            self.beyond = 0;
        }
    }

    /// How many values were recorded.
    pub fn len(&self) -> u64 {
        self.inner.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
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
        (!self.is_empty()).then(|| Nanos(self.inner.value_at_quantile(quantile).min(self.top())))
    }

    /// The largest value, to three digits; `None` when empty.
    pub fn max(&self) -> Option<Nanos> {
        (!self.is_empty()).then(|| Nanos(self.top()))
    }

    /// The smallest value, to three digits; `None` when empty.
    pub fn min(&self) -> Option<Nanos> {
        (!self.is_empty()).then(|| Nanos(self.inner.min()))
    }

    /// The mean; `None` when empty.
    pub fn mean(&self) -> Option<Nanos> {
        (!self.is_empty()).then(|| Nanos::from_secs_f64(self.inner.mean() / 1e9))
    }

    /// Each value that occurs with its count, rising.
    pub fn values(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        self.inner
            .iter_recorded()
            .map(|step| (Nanos(step.value_iterated_to()), step.count_at_value()))
    }

    /// The HDR V2 form, deflated: what the store keeps and every HdrHistogram reads.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to memory can't fail, and the counts fit because they were counted in 64 bits.
        let written = V2DeflateSerializer::new().serialize(&self.inner, &mut bytes);
        debug_assert!(written.is_ok(), "a histogram is written to memory");
        bytes
    }

    /// Reads what [`Histogram::encode`] wrote; `beyond` is kept beside it.
    pub fn decode(bytes: &[u8], beyond: u64) -> Result<Self, DecodeError> {
        let mut fresh = Self::new();
        fresh.merge_encoded(bytes, beyond)?;
        Ok(fresh)
    }

    /// Adds what [`Histogram::encode`] wrote, exactly: [`Histogram::decode`] and
    /// [`Histogram::merge`] without a histogram in between, for the many that a run has.
    pub fn merge_encoded(&mut self, bytes: &[u8], beyond: u64) -> Result<(), DecodeError> {
        let stored: hdrhistogram::Histogram<u64> = Deserializer::new()
            .deserialize(&mut Cursor::new(inflated(bytes)?))
            .map_err(|error| DecodeError::Form(error.to_string()))?;
        self.inner.add(&stored).map_err(|_too_large| DecodeError::Range)?;
        self.beyond = self.beyond.saturating_add(beyond);
        Ok(())
    }

    /// HdrHistogram's maximum is the top of the bucket; nothing above the range was recorded.
    fn top(&self) -> u64 {
        self.inner.max().min(HIGHEST.0)
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner && self.beyond == other.beyond
    }
}

impl Extend<Nanos> for Histogram {
    fn extend<I: IntoIterator<Item = Nanos>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.record(value));
    }
}

/// The V2 form without its compression.
///
/// The library believes what it reads: bytes that are not ours could make it take gigabytes, or
/// overflow. So it is shown only a histogram of our shape, whose counts are not absurd.
fn inflated(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let form = |what: &str| DecodeError::Form(what.to_owned());
    let packed = bytes.strip_prefix(&COOKIE).and_then(|rest| rest.get(4..));
    let packed = packed.ok_or_else(|| form("it does not begin as one"))?;
    let mut plain = Vec::new();
    let limit = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
    ZlibDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|error| DecodeError::Form(error.to_string()))?;
    let (head, counts) = plain.split_at_checked(HEAD).ok_or_else(|| form("it is too short"))?;
    let length = u32::try_from(counts.len()).unwrap_or(u32::MAX);
    let ours = plain.len() <= LONGEST
        && head.get(4..8) == Some(&length.to_be_bytes())
        && head.get(12..16) == Some(&u32::from(DIGITS).to_be_bytes())
        && head.get(16..24) == Some(&1_u64.to_be_bytes())
        && head.get(24..32) == Some(&HIGHEST.0.to_be_bytes());
    if !ours {
        return Err(form("it has another shape than ours"));
    }
    // Each byte but the last of a number has its highest bit set.
    if counts.windows(COUNT_BYTES).any(|bytes| bytes.iter().all(|byte| *byte >= 0x80)) {
        return Err(form("a count is beyond all measure"));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;
    use crate::units::{count_to_f64, f64_to_u64};

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

    /// A deflated V2 form with this head and these counts.
    fn form(digits: u32, highest: u64, counts: &[u8]) -> Vec<u8> {
        let length = u32::try_from(counts.len()).unwrap();
        let plain = [
            &[0x1c, 0x84, 0x93, 0x13][..],
            &length.to_be_bytes(),
            &[0; 4],
            &digits.to_be_bytes(),
            &1_u64.to_be_bytes(),
            &highest.to_be_bytes(),
            &1_f64.to_be_bytes(),
            counts,
        ]
        .concat();
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&plain).unwrap();
        let packed = packed.finish().unwrap();
        let length = u32::try_from(packed.len()).unwrap();
        [&COOKIE[..], &length.to_be_bytes(), &packed].concat()
    }

    #[test]
    fn only_a_histogram_of_our_shape_is_read() {
        let one = Histogram::decode(&form(3, HIGHEST.0, &[0x01, 0x02]), 0).unwrap();
        assert_eq!((one.len(), one.max()), (1, Some(Nanos(1))));
        for foreign in [
            form(5, HIGHEST.0, &[0x01, 0x02]),
            form(3, u64::MAX, &[0x01, 0x02]),
            form(3, HIGHEST.0, &[0xff; 9]),
            form(3, HIGHEST.0, &vec![0x02; LONGEST]),
        ] {
            assert!(matches!(Histogram::decode(&foreign, 0), Err(DecodeError::Form(_))));
        }
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
        fn merging_equals_recording_all(
            a in prop::collection::vec(0_u64..700_000_000_000, 0..200),
            b in prop::collection::vec(0_u64..700_000_000_000, 0..200),
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(merged, of(&[a, b].concat()));
        }

        #[test]
        fn decoding_gives_what_was_encoded(
            values in prop::collection::vec(0_u64..700_000_000_000, 0..200),
        ) {
            let histogram = of(&values);
            let back = Histogram::decode(&histogram.encode(), histogram.beyond()).unwrap();
            prop_assert_eq!(back, histogram);
        }
    }
}
