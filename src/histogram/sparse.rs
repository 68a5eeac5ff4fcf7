//! Reading a stored distribution without making a histogram of it.

use std::io::Read;

use flate2::bufread::ZlibDecoder;

use super::{DIGITS, DecodeError, HIGHEST, Histogram};
use crate::units::Nanos;

/// First four bytes of the deflated form and of what is inside.
const DEFLATED: u32 = 0x1c84_9314;
const PLAIN: u32 = 0x1c84_9313;

/// Three digits need 2,048 steps in a power of two, of which the upper half is used.
const HALF: u64 = 1_024;

/// The most bytes that a histogram of our range inflates to: 31,744 counts of 9 bytes, and a head.
const MOST_BYTES: u64 = 300_000;

/// Each value of a stored histogram with its count, rising: what [`Histogram::decode`] and
/// [`Histogram::values`] give, at a tenth of the time. A run of a minute has thousands of small
/// distributions, and each would need a quarter of a megabyte for a moment.
pub fn values_of(bytes: &[u8]) -> Result<Vec<(Nanos, u64)>, DecodeError> {
    let mut head = Cut(bytes);
    if head.word()? != DEFLATED {
        return slowly(bytes);
    }
    let length = head.word()?;
    let deflated = head.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    let mut inflated = Vec::with_capacity(1_024);
    ZlibDecoder::new(deflated)
        .take(MOST_BYTES)
        .read_to_end(&mut inflated)
        .map_err(|error| DecodeError::Form(error.to_string()))?;
    let mut plain = Cut(&inflated);
    let (cookie, length, offset, digits) =
        (plain.word()?, plain.word()?, plain.word()?, plain.word()?);
    let (lowest, highest, scale) = (plain.long()?, plain.long()?, plain.long()?);
    let ours = (PLAIN, 0, u32::from(DIGITS), 1, HIGHEST.0, 1.0_f64.to_bits());
    if (cookie, offset, digits, lowest, highest, scale) != ours {
        return slowly(bytes);
    }
    counts(plain.take(usize::try_from(length).unwrap_or(usize::MAX))?)
}

/// A histogram of another shape is read as a whole.
fn slowly(bytes: &[u8]) -> Result<Vec<(Nanos, u64)>, DecodeError> {
    Ok(Histogram::decode(bytes, 0)?.values().collect())
}

/// The counts of the steps in order; a negative one stands for so many steps without.
fn counts(bytes: &[u8]) -> Result<Vec<(Nanos, u64)>, DecodeError> {
    let mut values = Vec::new();
    let mut rest = Cut(bytes);
    let mut step = 0_u64;
    while !rest.0.is_empty() {
        let number = rest.varint()?;
        // Zigzag: even numbers are counts, odd ones are runs of zeros.
        let half = number >> 1;
        if number & 1 == 1 {
            step = step.saturating_add(half).saturating_add(1);
            continue;
        }
        if half > 0 {
            let value = top_of(step).ok_or(DecodeError::Range)?;
            values.push((Nanos(value), half));
        }
        step = step.saturating_add(1);
    }
    Ok(values)
}

/// The largest value of a step; `None` beyond the range.
fn top_of(step: u64) -> Option<u64> {
    let power = u32::try_from(step.div_euclid(HALF).saturating_sub(1)).ok()?;
    let within = if step < HALF { step } else { step.rem_euclid(HALF) + HALF };
    let width = 1_u64.checked_shl(power)?;
    let low = within.checked_mul(width)?;
    // The step that holds the highest value is the last one.
    (low <= HIGHEST.0).then(|| low + (width - 1))
}

/// Bytes that are read from the front.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let short = || DecodeError::Form("it ends too early".to_owned());
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, length: usize) -> Result<u64, DecodeError> {
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn word(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::try_from(self.number(4)?).unwrap_or(u32::MAX))
    }

    fn long(&mut self) -> Result<u64, DecodeError> {
        self.number(8)
    }

    /// LEB128 of at most nine bytes, the last of which counts whole.
    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for at in 0..9_u32 {
            let byte = self.number(1)?;
            let last = at == 8 || byte & 0x80 == 0;
            number |= (if at == 8 { byte } else { byte & 0x7f }) << (7 * at);
            if last {
                break;
            }
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(histogram: &Histogram) {
        let want: Vec<_> = histogram.values().collect();
        assert_eq!(values_of(&histogram.encode()).unwrap(), want);
    }

    #[test]
    fn the_ends_of_the_range_are_read() {
        let mut histogram = Histogram::new();
        check(&histogram);
        histogram.extend([0, 1, 2_047, 2_048, 600_000_000_000, u64::MAX].map(Nanos));
        check(&histogram);
    }

    #[test]
    fn bytes_that_are_no_histogram_are_refused() {
        let mut histogram = Histogram::new();
        histogram.extend([5, 70_000, 9_000_000].map(Nanos));
        let bytes = histogram.encode();
        for length in 0..bytes.len() {
            assert!(values_of(&bytes[..length]).is_err(), "{length}");
        }
        assert!(values_of(b"not a histogram").is_err());
    }

    proptest! {
        #[test]
        fn the_values_are_those_of_the_histogram(
            values in prop::collection::vec((0_u32..40, any::<u32>(), 1_usize..400), 0..60),
        ) {
            let mut histogram = Histogram::new();
            for (shift, value, times) in values {
                let value = Nanos(u64::from(value) << 8 >> shift);
                histogram.extend(std::iter::repeat_n(value, times));
            }
            check(&histogram);
        }

        #[test]
        fn damaged_bytes_never_panic(at in 0_usize..80, byte in any::<u8>()) {
            let mut histogram = Histogram::new();
            histogram.extend((1..60).map(|value| Nanos(value * 77_777)));
            let mut bytes = histogram.encode();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _ = values_of(&bytes);
        }
    }
}
