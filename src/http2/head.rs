//! The head of an answer: its status and its fields, where they lie.

use std::fmt;

use super::broken::Malformed;

/// What every field counts beside its name and value (RFC 7541, section 4.1), in bytes.
pub(super) const OVERHEAD: usize = 32;

/// Memory that a head keeps for the next one, in bytes.
const KEPT: usize = 16 << 10;

/// The head of an answer, or its trailers.
#[derive(Clone, Default)]
pub struct Head {
    /// 0 where none came.
    pub(super) status: u16,
    /// What `content-length` says.
    pub(super) length: Option<u64>,
    /// What is wrong with it, if anything is.
    pub(super) wrong: Option<Malformed>,
    /// Which fields its block put into the dynamic table, in order.
    pub(super) inserted: Vec<usize>,
    /// Name and value of all fields, one after the other.
    text: Vec<u8>,
    places: Vec<Place>,
    /// Length of all fields as the standard counts it, in bytes.
    size: usize,
}

/// Where a field stands.
#[derive(Clone, Copy)]
struct Place {
    name: usize,
    value: usize,
    end: usize,
}

impl fmt::Debug for Head {
    /// Shows how much there is, and nothing of what came: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("status", &self.status)
            .field("fields", &self.places.len())
            .finish_non_exhaustive()
    }
}

impl Head {
    /// The status, from 100 to 999; 0 of trailers.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// All fields but `:status`, in the order in which they came. Names are in lower case.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.all_fields().filter(|(name, _)| !name.starts_with(':'))
    }

    /// All fields, with those that begin with a colon and stand for the first line of HTTP/1.
    pub fn all_fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.places.iter().filter_map(|place| {
            let name = self.text.get(place.name..place.value)?;
            let value = self.text.get(place.value..place.end)?;
            Some((std::str::from_utf8(name).ok()?, value))
        })
    }

    /// Name and value of the field with this number, as they stand one after the other, and where
    /// the value begins.
    pub(super) fn field(&self, at: usize) -> Option<(&[u8], usize)> {
        let place = self.places.get(at)?;
        Some((self.text.get(place.name..place.end)?, place.value - place.name))
    }

    /// Forgets everything; the memory stays.
    pub(super) fn clear(&mut self) {
        (self.status, self.length, self.wrong, self.size) = (0, None, None, 0);
        self.places.clear();
        self.inserted.clear();
        self.text.clear();
        if self.text.capacity() > KEPT {
            *self = Self::default();
        }
    }

    /// The memory that fields are written to: [`Head::note`] makes one of what was appended.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Where the next field begins.
    pub(super) fn next(&self) -> usize {
        self.text.len()
    }

    /// Appends a field, the parts of which are known to be well.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8], limit: usize) {
        let start = self.next();
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value);
        self.note(start, start + name.len(), limit);
    }

    /// What was appended from `start` is a field whose value begins at `value`; the number that
    /// it has. A head that is longer than `limit` stays as it was.
    pub(super) fn note(&mut self, start: usize, value: usize, limit: usize) -> Option<usize> {
        let end = self.text.len();
        self.size = self.size.saturating_add(end - start + OVERHEAD);
        if self.size > limit {
            self.text.truncate(start);
            return None;
        }
        let wrong = self.judge(start, value);
        if self.wrong.is_none() {
            self.wrong = wrong;
        }
        self.places.push(Place { name: start, value, end });
        Some(self.places.len() - 1)
    }

    /// Whether it was longer than it may be, so that fields are missing.
    pub(super) fn is_over(&self, limit: usize) -> bool {
        self.size > limit
    }

    /// Takes what a field means for the answer; what is wrong with it.
    fn judge(&mut self, start: usize, value: usize) -> Option<Malformed> {
        let name = self.text.get(start..value).unwrap_or_default();
        let value = self.text.get(value..).unwrap_or_default();
        match name {
            b":status" => {
                if !self.places.is_empty() {
                    return Some(Malformed::Status);
                }
                let status = status(value);
                self.status = status.unwrap_or_default();
                return status.is_none().then_some(Malformed::Status);
            }
            [b':', ..]
            | b"connection"
            | b"proxy-connection"
            | b"keep-alive"
            | b"transfer-encoding"
            | b"upgrade" => return Some(Malformed::Field),
            b"content-length" => match (decimal(value), self.length) {
                (None, _) => return Some(Malformed::Length),
                (Some(new), Some(old)) if new != old => return Some(Malformed::Length),
                (Some(new), _) => self.length = Some(new),
            },
            _ => {}
        }
        let named = !name.is_empty() && name.iter().all(|byte| is_of_name(*byte));
        let valued = !value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'));
        (!named || !valued).then_some(Malformed::Bytes)
    }
}

/// The number of a status: three digits that begin with another than 0.
fn status(value: &[u8]) -> Option<u16> {
    let number = decimal(value).filter(|_| value.len() == 3)?;
    u16::try_from(number).ok().filter(|number| *number >= 100)
}

/// A number of digits alone: no sign, no space, no overflow.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        let more = number.checked_mul(10)?.checked_add(u64::from(digit))?;
        (digit < 10).then_some(more)
    })
}

/// Whether a byte may stand in a name (RFC 9110, section 5.6.2), in lower case (RFC 9113, section
/// 8.2.1).
fn is_of_name(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'^' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)]) -> Head {
        let mut head = Head::default();
        for (name, value) in fields {
            head.add(name.as_bytes(), value.as_bytes(), 1_000);
        }
        head
    }

    #[test]
    fn a_head_gives_its_fields_in_order() {
        let head = head(&[(":status", "204"), ("x-a", "1"), ("x-a", ""), ("b", "\u{e9}")]);
        assert_eq!((head.status(), head.wrong), (204, None));
        let fields: Vec<_> = head.fields().collect();
        assert_eq!(fields, [("x-a", &b"1"[..]), ("x-a", b""), ("b", "\u{e9}".as_bytes())]);
        assert_eq!(head.field(1), Some((&b"x-a1"[..], 3)));
        assert_eq!(format!("{head:?}"), "Head { status: 204, fields: 4, .. }");
    }

    #[test]
    fn what_no_answer_may_have_is_told() {
        let check = |fields: &[(&str, &str)], want: Option<Malformed>| {
            assert_eq!(head(fields).wrong, want, "{fields:?}");
        };
        let ok = (":status", "200");
        check(&[ok, ("content-length", "12"), ("content-length", "12")], None);
        check(&[ok, ("content-length", "12"), ("content-length", "13")], Some(Malformed::Length));
        for length in ["", "-1", "1 ", "99999999999999999999"] {
            check(&[ok, ("content-length", length)], Some(Malformed::Length));
        }
        for status in ["", "20", "099", "2000", "2x0", "+20"] {
            check(&[(":status", status)], Some(Malformed::Status));
        }
        check(&[ok, ok], Some(Malformed::Status));
        check(&[("a", "b"), ok], Some(Malformed::Status));
        for name in [":path", ":", "connection", "transfer-encoding", "keep-alive", "upgrade"] {
            check(&[ok, (name, "x")], Some(Malformed::Field));
        }
        for name in ["", "X-Upper", "a b", "a:b", "a\u{e9}", "a\n"] {
            check(&[ok, (name, "x")], Some(Malformed::Bytes));
        }
        for value in ["a\nb", "a\r", "\0"] {
            check(&[ok, ("a", value)], Some(Malformed::Bytes));
        }
        check(&[ok, ("a", " \t\u{e9}\u{7f}")], None);
    }

    #[test]
    fn a_head_that_is_too_long_keeps_what_it_had() {
        let mut head = head(&[(":status", "200"), ("a", "b")]);
        assert!(!head.is_over(1_000));
        head.add(b"long", &[b'x'; 900], 1_000);
        head.add(b"c", b"d", 1_000);
        assert!(head.is_over(1_000));
        assert_eq!(head.fields().count(), 1);
        head.clear();
        assert!(!head.is_over(1_000) && head.next() == 0);
    }
}
