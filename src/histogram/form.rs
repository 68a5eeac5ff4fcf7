//! The stored form of a distribution: HdrHistogram's V2, deflated, which every HdrHistogram reads.
//!
//! From <https://github.com/HdrHistogram/HdrHistogram>, `AbstractHistogram.encodeIntoByteBuffer`:
//! a head of 40 bytes, then the count of each step up to the last one as a number of variable
//! length (zigzag LEB128), where a negative number stands for so many steps without a value. All
//! of it is a zlib stream behind a cookie and a length.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

use super::steps::{STEPS, top_of};
use super::{DIGITS, DecodeError, HIGHEST, Histogram};
use crate::units::Nanos;

/// First four bytes of the deflated form and of what is inside.
const DEFLATED: u32 = 0x1c84_9314;
const PLAIN: u32 = 0x1c84_9313;

/// Bytes before the counts once the form is inflated: cookie, length of the counts, offset,
/// digits, lowest and highest value, ratio.
const HEAD: usize = 40;

/// Longest form, inflated: [`STEPS`] counts of at most nine bytes each, and the head.
const LONGEST: usize = 300_000;

/// Most bytes of one count: a number of 56 bits. More is beyond all measure.
const COUNT_BYTES: u32 = 8;

/// Shorter forms are kept as they are, in a stream without compression. Deflated, the distributions
/// of 100 endpoints with 20 requests each take 103 bytes on average; as they are, 118.
const WORTH_DEFLATING: usize = 512;

/// Makes stored forms, one after the other in the same memory.
#[derive(Debug)]
pub struct Encoder {
    plain: Vec<u8>,
    deflate: Option<Compress>,
}

impl Encoder {
    /// An encoder without memory.
    pub fn new() -> Self {
        Self { plain: Vec::new(), deflate: None }
    }

    /// The stored form of `histogram`.
    pub fn encode(&mut self, histogram: &Histogram) -> Vec<u8> {
        self.write(histogram);
        let mut bytes = Vec::with_capacity(self.plain.len() + 32);
        bytes.extend(DEFLATED.to_be_bytes());
        bytes.extend([0; 4]);
        if self.plain.len() < WORTH_DEFLATING {
            store(&self.plain, &mut bytes);
        } else {
            let deflate =
                self.deflate.get_or_insert_with(|| Compress::new(Compression::fast(), true));
            squeeze(deflate, &self.plain, &mut bytes);
        }
        let length = u32::try_from(bytes.len() - 8).unwrap_or(u32::MAX);
        if let Some(place) = bytes.get_mut(4..8) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        bytes
    }

    /// Writes the form as it is before it is deflated.
    fn write(&mut self, histogram: &Histogram) {
        let plain = &mut self.plain;
        plain.clear();
        plain.extend(PLAIN.to_be_bytes());
        // The length of the counts, and an offset that nobody uses.
        plain.extend([0; 8]);
        plain.extend(u32::from(DIGITS).to_be_bytes());
        plain.extend(1_u64.to_be_bytes());
        plain.extend(HIGHEST.0.to_be_bytes());
        plain.extend(1.0_f64.to_be_bytes());
        let mut next = 0;
        for (step, count) in histogram.steps() {
            let gap = u64::try_from(step - next).unwrap_or(u64::MAX);
            match gap {
                0 => {}
                // As the library writes it: a single step without a value is a count of zero.
                1 => plain.push(0),
                _ => number(plain, 2 * gap - 1),
            }
            number(plain, count.saturating_mul(2));
            next = step + 1;
        }
        if next == 0 {
            plain.push(0);
        }
        let length = u32::try_from(plain.len() - HEAD).unwrap_or(u32::MAX);
        if let Some(place) = plain.get_mut(4..8) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// A number of variable length: seven bits a byte, the lowest first; the ninth byte counts whole.
fn number(into: &mut Vec<u8>, mut number: u64) {
    for _ in 0..8 {
        let [low, ..] = number.to_le_bytes();
        if number < 0x80 {
            into.push(low);
            return;
        }
        into.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    into.push(low);
}

/// A zlib stream (RFC 1950) of one block that is not compressed (RFC 1951, 3.2.4).
fn store(plain: &[u8], into: &mut Vec<u8>) {
    let length = u16::try_from(plain.len()).unwrap_or(u16::MAX);
    into.extend([0x78, 0x01, 0x01]);
    into.extend(length.to_le_bytes());
    into.extend((!length).to_le_bytes());
    into.extend(plain);
    // Adler-32. So few bytes can't make the sums overflow.
    let (low, high) = plain.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = low + u32::from(*byte);
        (low, high + low)
    });
    let sum = (high.rem_euclid(65_521) << 16) | low.rem_euclid(65_521);
    into.extend(sum.to_be_bytes());
}

/// A zlib stream, compressed.
fn squeeze(deflate: &mut Compress, plain: &[u8], into: &mut Vec<u8>) {
    deflate.reset();
    loop {
        let done = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX);
        let rest = plain.get(done..).unwrap_or_default();
        into.reserve(rest.len() + 64);
        // Deflating to memory has no way to fail.
        match deflate.compress_vec(rest, into, FlushCompress::Finish) {
            Ok(Status::StreamEnd) | Err(_) => break,
            Ok(Status::Ok | Status::BufError) => {}
        }
    }
}

/// Shows each step of a stored distribution that has a count, with it, rising.
///
/// Only a histogram of our shape is read, with counts that are not absurd, and only as many bytes
/// are inflated as it can have.
pub(super) fn read(
    bytes: &[u8],
    mut seen: impl FnMut(usize, u64) -> bool,
) -> Result<(), DecodeError> {
    let rest = bytes.strip_prefix(&DEFLATED.to_be_bytes());
    let mut head = Cut(rest.ok_or_else(|| form("it does not begin as one"))?);
    let length = head.word()?;
    let deflated = head.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    let limit = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
    let mut plain = Vec::with_capacity(1_024);
    ZlibDecoder::new(deflated)
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|error| DecodeError::Form(error.to_string()))?;
    let mut plain = Cut(&plain);
    let (cookie, length, offset, digits) =
        (plain.word()?, plain.word()?, plain.word()?, plain.word()?);
    let (lowest, highest, ratio) = (plain.long()?, plain.long()?, plain.long()?);
    let ours = (PLAIN, 0, u32::from(DIGITS), 1, HIGHEST.0, 1.0_f64.to_bits());
    let whole = usize::try_from(length).is_ok_and(|length| length == plain.0.len());
    if !whole || (cookie, offset, digits, lowest, highest, ratio) != ours {
        return Err(form("it has another shape than ours"));
    }
    if plain.0.len() + HEAD > LONGEST {
        return Err(form("it is too long"));
    }
    let mut step = 0_u64;
    while !plain.0.is_empty() {
        let number = plain.varint()?;
        // Zigzag: even numbers are counts, odd ones are runs of zeros.
        let half = number >> 1;
        if number & 1 == 1 {
            step = step.saturating_add(half).saturating_add(1);
            continue;
        }
        if half > 0 && !usize::try_from(step).is_ok_and(|step| seen(step, half)) {
            return Err(DecodeError::Range);
        }
        step = step.saturating_add(1);
    }
    Ok(())
}

/// Each value of a stored histogram with its count, rising: what [`Histogram::decode`] and
/// [`Histogram::values`] give, without the histogram. A run of a minute has thousands of them.
pub fn values_of(bytes: &[u8]) -> Result<Vec<(Nanos, u64)>, DecodeError> {
    let mut values = Vec::new();
    read(bytes, |step, count| {
        values.push((Nanos(top_of(step)), count));
        step < STEPS
    })?;
    Ok(values)
}

fn form(what: &str) -> DecodeError {
    DecodeError::Form(what.to_owned())
}

/// Bytes that are cut off from the front.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| form("it ends too early"))?;
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

    /// What [`number`] wrote, if it is not too large.
    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for at in 0..COUNT_BYTES {
            let byte = self.number(1)?;
            number |= (byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(form("a count is beyond all measure"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use hdrhistogram::serialization::{
        Deserializer, Serializer, V2DeflateSerializer, V2Serializer,
    };
    use proptest::prelude::*;

    use super::*;

    type Theirs = hdrhistogram::Histogram<u64>;

    /// The library that defines the form reads what we write, and we read what it writes.
    fn check(histogram: &Histogram) {
        let want: Vec<_> = histogram.values().collect();
        let mut encoder = Encoder::new();
        let bytes = encoder.encode(histogram);
        assert_eq!(encoder.encode(histogram), bytes, "an encoder has no memory of what was before");
        assert_eq!(values_of(&bytes).unwrap(), want);
        assert_eq!(Histogram::decode(&bytes, histogram.beyond()).unwrap(), *histogram);

        let theirs: Theirs = Deserializer::new().deserialize(&mut Cursor::new(&bytes)).unwrap();
        let read = theirs.iter_recorded();
        let read = read.map(|step| (Nanos(step.value_iterated_to()), step.count_at_value()));
        assert_eq!(read.collect::<Vec<_>>(), want);
        let mut plain = Vec::new();
        V2Serializer::new().serialize(&theirs, &mut plain).unwrap();
        assert_eq!(encoder.plain, plain);
        let mut deflated = Vec::new();
        V2DeflateSerializer::new().serialize(&theirs, &mut deflated).unwrap();
        assert_eq!(values_of(&deflated).unwrap(), want);
    }

    /// A deflated V2 form with this head and these counts.
    fn stored(digits: u32, highest: u64, counts: &[u8]) -> Vec<u8> {
        let length = u32::try_from(counts.len()).unwrap();
        let plain = [
            &PLAIN.to_be_bytes()[..],
            &length.to_be_bytes(),
            &[0; 4],
            &digits.to_be_bytes(),
            &1_u64.to_be_bytes(),
            &highest.to_be_bytes(),
            &1_f64.to_be_bytes(),
            counts,
        ]
        .concat();
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&plain).unwrap();
        let packed = packed.finish().unwrap();
        let length = u32::try_from(packed.len()).unwrap();
        [&DEFLATED.to_be_bytes()[..], &length.to_be_bytes(), &packed].concat()
    }

    #[test]
    fn only_a_histogram_of_our_shape_is_read() {
        let one = Histogram::decode(&stored(3, HIGHEST.0, &[0x01, 0x02]), 0).unwrap();
        assert_eq!((one.len(), one.max()), (1, Some(Nanos(1))));
        for foreign in [
            stored(5, HIGHEST.0, &[0x01, 0x02]),
            stored(3, u64::MAX, &[0x01, 0x02]),
            stored(3, HIGHEST.0, &[0xff; 9]),
            stored(3, HIGHEST.0, &vec![0x02; LONGEST]),
        ] {
            assert!(matches!(Histogram::decode(&foreign, 0), Err(DecodeError::Form(_))));
        }
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
            drop(values_of(&bytes));
        }
    }
}
