//! Blocks of heads that have come before.
//!
//! A server answers the same question with the same head, but for the date, which changes once a
//! second. Where its block says all by itself, as nginx writes it, two blocks that are equal are one
//! head: to compare them costs a tenth of decoding. A block that points at what was sent before on
//! its connection is short, and decoding it is copying.

use std::fmt;
use std::rc::Rc;

use super::decoder::{Decoder, Needs, Undecodable};
use super::head::Head;

/// Most blocks that are remembered: one for each kind of answer that a journey meets.
const MOST: usize = 8;

/// Longest block that is remembered, in bytes.
const LONGEST: usize = 4 << 10;

/// After so many answers in a row with unknown heads only one in as many is remembered: there is a
/// number in each of them, and remembering costs as much as decoding.
const PATIENCE: u32 = 64;

/// The blocks that a worker has decoded lately, for all of its connections.
#[derive(Default)]
pub struct Seen {
    blocks: Vec<Known>,
    /// The one that came last.
    last: usize,
    /// The one that the next new block replaces.
    oldest: usize,
    /// Unknown blocks since the last known one.
    missed: u32,
}

/// A block that says all by itself, and its head.
struct Known {
    block: Box<[u8]>,
    head: Rc<Head>,
}

impl fmt::Debug for Seen {
    /// Shows how many there are, and nothing of what came: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("blocks", &self.blocks.len()).finish_non_exhaustive()
    }
}

impl Seen {
    /// Decodes a block: to a head that is known, or else to `own`.
    #[inline]
    pub(super) fn decode(
        &mut self,
        decoder: &mut Decoder,
        block: &[u8],
        own: &mut Head,
        limit: usize,
    ) -> Result<Option<Rc<Head>>, Undecodable> {
        if decoder.is_usual()
            && let Some(head) = self.find(block, limit)
        {
            decoder.replay(&head);
            return Ok(Some(head));
        }
        if decoder.decode_noting(block, own, limit)? == Needs::Nothing {
            self.learn(block, own);
        }
        Ok(None)
    }

    #[inline]
    fn find(&mut self, block: &[u8], limit: usize) -> Option<Rc<Head>> {
        let blocks = &self.blocks;
        let is = |at: &usize| blocks.get(*at).is_some_and(|known| *known.block == *block);
        let found = Some(self.last).filter(is).or_else(|| (0..blocks.len()).find(is))?;
        (self.last, self.missed) = (found, 0);
        let head = &self.blocks.get(found)?.head;
        (!head.is_over(limit)).then(|| Rc::clone(head))
    }

    /// Remembers a block, unless that is not likely to be of use.
    fn learn(&mut self, block: &[u8], head: &Head) {
        self.missed = self.missed.saturating_add(1);
        if self.missed > PATIENCE && !self.missed.is_multiple_of(PATIENCE) {
            return;
        }
        if block.len() > LONGEST {
            return;
        }
        let known = Known { block: block.into(), head: Rc::new(head.clone()) };
        if self.blocks.len() < MOST {
            self.blocks.push(known);
        } else if let Some(place) = self.blocks.get_mut(self.oldest) {
            *place = known;
            self.oldest = (self.oldest + 1) & (MOST - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields = (u16, Vec<(String, Vec<u8>)>);

    fn decoded(seen: &mut Seen, decoder: &mut Decoder, block: &[u8], limit: usize) -> Fields {
        let mut own = Head::default();
        let known = seen.decode(decoder, block, &mut own, limit).unwrap();
        let head = known.as_deref().unwrap_or(&own);
        let fields = head.fields().map(|(name, value)| (name.to_owned(), value.to_vec()));
        (head.status(), fields.collect())
    }

    fn with(date: u32) -> Vec<u8> {
        let text = date.to_string();
        let length = u8::try_from(text.len()).unwrap();
        // `:status: 200`, a server put into the table, a date that is not.
        [&[0x88, 0x76, 1, b'n', 0x0f, 0x12, length], text.as_bytes()].concat()
    }

    #[test]
    fn a_block_that_is_known_is_the_same_head_and_does_the_same_to_the_table() {
        let blocks = [
            with(1),
            with(1),
            with(2),
            vec![0x88, 0xbe],
            vec![0x88, 0xbf],
            with(1),
            vec![0x88, 0xc0],
        ];
        let (mut seen, mut decoder) = (Seen::default(), Decoder::new());
        let mut alone = Decoder::new();
        for (at, block) in blocks.iter().cycle().take(50).enumerate() {
            let fresh = decoded(&mut Seen::default(), &mut alone, block, 1_000);
            assert_eq!(decoded(&mut seen, &mut decoder, block, 1_000), fresh, "{at}");
        }
        assert_eq!(seen.blocks.len(), 2);
    }

    #[test]
    fn a_known_head_that_is_too_long_or_has_another_table_is_decoded_again() {
        let (mut seen, mut decoder) = (Seen::default(), Decoder::new());
        assert_eq!(decoded(&mut seen, &mut decoder, &with(1), 1_000).1.len(), 2);
        assert_eq!(decoded(&mut seen, &mut decoder, &with(1), 85).1.len(), 1);
        // A table in which nothing stays.
        decoded(&mut seen, &mut decoder, &[0x20, 0x88], 1_000);
        decoded(&mut seen, &mut decoder, &with(1), 1_000);
        let gone = seen.decode(&mut decoder, &[0x88, 0xbe], &mut Head::default(), 1_000);
        assert_eq!(gone.unwrap_err(), Undecodable::NoField(62));
    }

    #[test]
    fn few_blocks_are_remembered_and_of_those_with_numbers_only_some() {
        let (mut seen, mut decoder) = (Seen::default(), Decoder::new());
        for date in 0..1_000 {
            decoded(&mut seen, &mut decoder, &with(date), 1_000);
        }
        assert_eq!(seen.blocks.len(), MOST);
        assert!((200..1_000).any(|date| seen.find(&with(date), 1_000).is_some()));
        assert_eq!(seen.missed, 0);
    }
}
