//! One number from a database, for assertions on its data.

use super::{Databases, message};
use crate::engine::clock::within;
use crate::plan::Statement;
use crate::units::{Decimal, Nanos};

/// Longest wait for a number: a count over a large table takes minutes, and nobody waits for it
/// but the report.
const PATIENCE: Nanos = Nanos::from_secs(300);

impl Databases {
    /// Asks for one row with one number. An error is a sentence for people, in the database's own
    /// words where it has any.
    pub async fn number(&self, statement: &Statement) -> Result<Decimal, String> {
        let rows = match within(PATIENCE, self.ask(statement, &|| {})).await {
            Some(Ok(rows)) => rows,
            Some(Err(error)) => return Err(message(&error)),
            None => return Err(format!("no answer of the database within {PATIENCE}")),
        };
        match (rows.count, rows.first.as_slice()) {
            (1, [(_, Some(text))]) => {
                let number = text.parse();
                // What stands there instead may be personal: it is not repeated.
                number.map_err(|_text| {
                    "the statement gives no number of at most 26 digits before and 12 after the \
                     point"
                        .to_owned()
                })
            }
            (1, [(_, None)]) => {
                Err("the statement gives NULL; write `coalesce(…, 0)` around it".to_owned())
            }
            (1, columns) => {
                Err(format!("the statement gives {} columns, one is wanted", columns.len()))
            }
            (count, _) => Err(format!("the statement gives {count} rows, one is wanted")),
        }
    }
}

/// The text of PostgreSQL's `numeric` in its binary form, to the last digit: the number of its
/// digits, the weight of the first, sign and scale, and then digits to the base of 10,000
/// (`numeric_send` of `src/backend/utils/adt/numeric.c`). `None` for anything else.
pub(super) fn numeric_text(bytes: &[u8]) -> Option<String> {
    let mut words = bytes.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let mut next = || words.next();
    let (length, weight) = (u16::from_be_bytes(next()?), i16::from_be_bytes(next()?));
    let (sign, scale) = (u16::from_be_bytes(next()?), u16::from_be_bytes(next()?));
    let digits: Vec<u16> = words.by_ref().map(u16::from_be_bytes).collect();
    if digits.len() != usize::from(length) || digits.iter().any(|digit| *digit > 9_999) {
        return None;
    }
    let sign = match sign {
        0x0000 => "",
        0x4000 => "-",
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    // The digit of a weight; what is not sent is 0.
    let digit = |at: i32| {
        let place = usize::try_from(i32::from(weight) - at).ok();
        place.and_then(|place| digits.get(place)).copied().unwrap_or(0)
    };
    let written = |weights: &mut dyn Iterator<Item = i32>| {
        let groups: Vec<String> = weights.map(|at| format!("{:04}", digit(at))).collect();
        groups.concat()
    };
    let whole = written(&mut (0..=i32::from(weight).max(0)).rev());
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if scale == 0 {
        return Some(format!("{sign}{whole}"));
    }
    let groups = i32::from(scale.div_ceil(4));
    let part = written(&mut (1..=groups).map(|at| -at));
    let part = part.get(..usize::from(scale))?;
    Some(format!("{sign}{whole}.{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[u16], want: Option<&str>) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(numeric_text(&bytes).as_deref(), want, "{words:?}");
    }

    #[test]
    fn a_numeric_is_read_to_the_last_digit() {
        check(&[0, 0, 0, 0], Some("0"));
        check(&[0, 0, 0, 2], Some("0.00"));
        check(&[1, 0, 0, 0, 42], Some("42"));
        check(&[2, 1, 0x4000, 0, 12, 3_456], Some("-123456"));
        // Zeros at the end of a whole number are not sent.
        check(&[1, 2, 0, 0, 5], Some("500000000"));
        check(&[2, 0, 0, 2, 19, 9_900], Some("19.99"));
        check(&[1, u16::MAX, 0, 3, 50], Some("0.005"));
        check(&[1, u16::MAX - 1, 0x4000, 8, 7], Some("-0.00000007"));
        check(&[2, 0, 0, 5, 1, 2_345], Some("1.23450"));
        check(&[0, 0, 0xC000, 0], Some("NaN"));
    }

    #[test]
    fn what_is_no_numeric_is_none() {
        check(&[2, 0, 0, 0, 1], None);
        check(&[1, 0, 0, 0, 10_000], None);
        check(&[1, 0, 0x1234, 0, 1], None);
        check(&[1, 0], None);
    }
}
