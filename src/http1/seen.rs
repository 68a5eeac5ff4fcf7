//! Heads that have come before.
//!
//! A server answers the same question with the same head, but for the date, which changes once a
//! second. To compare a head with those that came lately costs a tenth of reading it.

use std::fmt;

use super::Header;
use super::head::{Ends, Head};

/// Most heads that are remembered: one for each kind of answer that a journey meets.
const MOST: usize = 8;

/// Longest head that is remembered, in bytes.
const LONGEST: usize = 4 << 10;

/// After so many answers in a row with unknown heads only one in as many is remembered: there is a
/// number in each of them, and remembering costs as much as reading.
const PATIENCE: u32 = 64;

/// The heads that a worker has read lately, for all of its connections.
#[derive(Default)]
pub struct Seen {
    heads: Vec<Known>,
    /// The one that came last.
    last: usize,
    /// The one that the next new head replaces.
    oldest: usize,
    /// Unknown heads since the last known one.
    missed: u32,
}

/// A head that was read before, to the empty line: whatever begins with it has the same head.
pub(super) struct Known {
    text: Box<str>,
    pub(super) status: u16,
    /// How the body ends after any request but `HEAD`, and whether the connection stays open.
    pub(super) framing: (Ends, bool),
    places: Box<[Place]>,
}

/// Where a header stands in its head.
#[derive(Clone, Copy)]
struct Place {
    name: (u16, u16),
    value: (u16, u16),
}

impl fmt::Debug for Seen {
    /// Shows how many there are, and nothing of what came: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("heads", &self.heads.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("length", &self.length()).finish_non_exhaustive()
    }
}

impl Seen {
    /// The number of the head with which `input` begins, if it is known.
    #[inline]
    pub(super) fn find(&mut self, input: &[u8]) -> Option<usize> {
        let heads = &self.heads;
        let begins = |at: &usize| {
            heads.get(*at).is_some_and(|known| input.starts_with(known.text.as_bytes()))
        };
        let found = Some(self.last).filter(begins).or_else(|| (0..heads.len()).find(begins));
        if let Some(at) = found {
            (self.last, self.missed) = (at, 0);
        }
        found
    }

    /// The head with this number.
    pub(super) fn get(&self, at: usize) -> Option<&Known> {
        self.heads.get(at)
    }

    /// Remembers the head with which `input` begins, unless that is not likely to be of use.
    pub(super) fn learn(&mut self, input: &[u8], head: &Head<'_>, framing: (Ends, bool)) {
        self.missed = self.missed.saturating_add(1);
        if self.missed > PATIENCE && !self.missed.is_multiple_of(PATIENCE) {
            return;
        }
        let Some(known) = Known::new(input, head, framing) else { return };
        if self.heads.len() < MOST {
            self.heads.push(known);
        } else if let Some(place) = self.heads.get_mut(self.oldest) {
            *place = known;
            self.oldest = (self.oldest + 1) & (MOST - 1);
        }
    }
}

impl Known {
    fn new(input: &[u8], head: &Head<'_>, framing: (Ends, bool)) -> Option<Self> {
        let bytes = input.get(..head.length).filter(|bytes| bytes.len() <= LONGEST)?;
        let text = std::str::from_utf8(bytes).ok()?;
        let begin = bytes.as_ptr().addr();
        let place = |part: &[u8]| {
            let start = part.as_ptr().addr().checked_sub(begin)?;
            Some((u16::try_from(start).ok()?, u16::try_from(start + part.len()).ok()?))
        };
        let places = head.headers.iter().map(|Header { name, value }| {
            Some(Place { name: place(name.as_bytes())?, value: place(value)? })
        });
        let places = places.collect::<Option<_>>()?;
        Some(Self { text: text.into(), status: head.status, framing, places })
    }

    /// Its length with the empty line, in bytes.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// Name and value of each header.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.places.iter().filter_map(|place| Some((self.name(*place)?, self.value(*place)?)))
    }

    /// The values of one header; names are compared without regard to case.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        // The length of a name tells almost all others apart.
        let as_long = |place: &&Place| usize::from(place.name.1 - place.name.0) == name.len();
        let named = self.places.iter().filter(as_long).filter(|place| {
            self.name(**place).is_some_and(|known| known.eq_ignore_ascii_case(name))
        });
        named.filter_map(|place| self.value(*place))
    }

    fn name(&self, place: Place) -> Option<&str> {
        self.text.get(usize::from(place.name.0)..usize::from(place.name.1))
    }

    fn value(&self, place: Place) -> Option<&[u8]> {
        self.text.as_bytes().get(usize::from(place.value.0)..usize::from(place.value.1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asked, Keep, Limits, Reader, slots};
    use super::*;

    /// What one answer is, as text.
    fn answer(seen: &mut Seen, limits: Limits, asked: Asked, input: &[u8]) -> String {
        let mut reader = Reader::new(limits);
        reader.begin(asked, Keep::Body);
        let mut slots = slots();
        match reader.feed_again(input, &mut slots, seen) {
            Ok(Some(answer)) => {
                let headers: Vec<_> = answer.headers.iter().collect();
                let kinds: Vec<_> = answer.headers.texts("CONTENT-TYPE").collect();
                let body = String::from_utf8_lossy(answer.body);
                let (status, open) = (answer.status, answer.reusable);
                format!("{status} {headers:?} {kinds:?} {body:?} {open}")
            }
            other => format!("{other:?}"),
        }
    }

    fn ok(date: u32, body: &str) -> Vec<u8> {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type:  text/plain \r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    #[test]
    fn an_answer_with_a_head_that_is_known_is_the_same_answer() {
        let mut seen = Seen::default();
        let mut inputs = vec![
            ok(1, "abc"),
            ok(1, "xyz"),
            ok(1, "ab"),
            ok(2, "abc"),
            b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec(),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_vec(),
            b"HTTP/1.1 404 Not Found\r\nX: \xff\r\nContent-Length: 0\r\n\r\n".to_vec(),
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec(),
            // More than one answer, and less.
            [ok(1, "abc"), ok(1, "abc")].concat(),
            ok(1, "abc")[..40].to_vec(),
            ok(1, "abc")[..ok(1, "abc").len() - 1].to_vec(),
        ];
        inputs.extend(inputs.clone());
        for asked in [Asked::Other, Asked::Head, Asked::Other] {
            for input in &inputs {
                let fresh = answer(&mut Seen::default(), Limits::default(), asked, input);
                assert_eq!(answer(&mut seen, Limits::default(), asked, input), fresh);
            }
        }
        assert!(seen.heads.len() > 3, "{seen:?}");
    }

    #[test]
    fn a_known_head_that_is_too_long_for_a_reader_is_refused() {
        let (mut seen, input) = (Seen::default(), ok(1, "abc"));
        assert!(answer(&mut seen, Limits::default(), Asked::Other, &input).starts_with("200"));
        let short = Limits { head: 20, ..Limits::default() };
        let refused = answer(&mut seen, short, Asked::Other, &input);
        assert_eq!(refused, answer(&mut Seen::default(), short, Asked::Other, &input));
        assert!(refused.contains("HeadTooLong"), "{refused}");
    }

    #[test]
    fn few_heads_are_remembered_and_of_heads_with_numbers_only_some() {
        let mut seen = Seen::default();
        for date in 0..1_000 {
            answer(&mut seen, Limits::default(), Asked::Other, &ok(date, ""));
        }
        assert_eq!(seen.heads.len(), MOST);
        let oldest = seen.oldest;
        answer(&mut seen, Limits::default(), Asked::Other, &ok(5_000, ""));
        assert_eq!((seen.missed, seen.oldest), (1_001, oldest));
        // Some came when there was no patience left.
        assert!((200..1_000).any(|date| seen.find(&ok(date, "")).is_some()));
        assert_eq!(seen.missed, 0);
    }
}
