//! Heads to their blocks (RFC 7541, section 6), so that what was sent before is a byte or two.

use super::primitive::{put_number, put_text};
use super::statics::{self, STATICS};
use super::table::{Table, USUAL};

/// Names whose values are watched. A journey sends fewer than this.
const NAMES: usize = 64;

/// A name whose values are new more often than this, less what was known meanwhile, is not put into
/// the table any more: it would push out what does repeat.
const PATIENCE: u8 = 16;

/// How many misses are remembered: so many known values, and a name is tried again.
const MOST_MISSES: u8 = 64;

/// The largest part of the table that one field may take, in bytes.
const LARGEST: usize = 1_024;

/// Fields whose values are secrets: no table may have them, here or at a proxy, because who can try
/// values and see lengths could guess them (RFC 7541, section 7.1.3).
const SECRET: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// Encodes the heads of a connection, one after the other.
#[derive(Debug)]
pub struct Encoder {
    table: Table,
    names: Vec<Name>,
    /// All misses of the names.
    misses: u32,
    /// A size of the table that the peer has to be told at the beginning of the next block: the
    /// smallest that it has had meanwhile.
    smallest: Option<usize>,
}

/// What is known of a name's values.
#[derive(Debug)]
struct Name {
    name: Box<str>,
    misses: u8,
}

/// A block that is being written.
#[derive(Debug)]
pub struct Block<'e> {
    encoder: &'e mut Encoder,
    out: &'e mut Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder with the usual table of 4 KiB.
    pub fn new() -> Self {
        Self { table: Table::new(USUAL), names: Vec::new(), misses: 0, smallest: None }
    }

    /// The peer lets the table hold so many bytes; more than the usual 4 KiB are not used.
    pub(super) fn resize(&mut self, most: usize) {
        let most = most.min(USUAL);
        if most != self.table.most() {
            self.table.resize(most);
            self.smallest = Some(self.smallest.map_or(most, |smallest| smallest.min(most)));
        }
    }

    /// Begins a block, which is appended to `out`.
    pub fn begin<'e>(&'e mut self, out: &'e mut Vec<u8>) -> Block<'e> {
        if let Some(smallest) = self.smallest.take() {
            put_number(smallest, 5, 0x20, out);
            if smallest != self.table.most() {
                put_number(self.table.most(), 5, 0x20, out);
            }
        }
        Block { encoder: self, out }
    }

    /// Notes that a value of the name was known.
    fn known(&mut self, name: &str) {
        // Most journeys come to send nothing new.
        if self.misses > 0
            && let Some(known) = self.names.iter_mut().find(|known| *known.name == *name)
            && known.misses > 0
        {
            known.misses -= 1;
            self.misses -= 1;
        }
    }

    /// Notes that a value of the name is new; whether it is worth putting into the table.
    fn missed(&mut self, name: &str) -> bool {
        if let Some(known) = self.names.iter_mut().find(|known| *known.name == *name) {
            let more = if known.misses < MOST_MISSES { 2 } else { 0 };
            known.misses += more;
            self.misses += u32::from(more);
            return known.misses <= PATIENCE;
        }
        if self.names.len() < NAMES {
            self.names.push(Name { name: name.into(), misses: 0 });
            return true;
        }
        false
    }
}

impl Block<'_> {
    /// Appends a field, whose name is in lower case.
    pub fn field(&mut self, name: &str, value: &str) {
        if SECRET.contains(&name) {
            let (named, _) = statics::find(name, value);
            return self.literal((named.unwrap_or_default(), name), value, (4, 0x10));
        }
        let (old, same) = self.encoder.table.find(name.as_bytes(), value.as_bytes());
        if let Some(same) = same {
            self.encoder.known(name);
            return put_number(STATICS.len() + 1 + same, 7, 0x80, self.out);
        }
        let (named, whole) = statics::find(name, value);
        if let Some(whole) = whole {
            return put_number(whole, 7, 0x80, self.out);
        }
        let named = named.or(old.map(|old| STATICS.len() + 1 + old)).unwrap_or_default();
        let fits = name.len() + value.len() <= LARGEST.min(self.encoder.table.most());
        if fits && self.encoder.missed(name) {
            self.literal((named, name), value, (6, 0x40));
            self.encoder.table.insert_parts(name.as_bytes(), value.as_bytes());
        } else {
            self.literal((named, name), value, (4, 0));
        }
    }

    /// A field with its value, by the number of its name or by the name.
    fn literal(&mut self, (number, name): (usize, &str), value: &str, (prefix, high): (u32, u8)) {
        put_number(number, prefix, high, self.out);
        if number == 0 {
            put_text(name.as_bytes(), self.out);
        }
        put_text(value.as_bytes(), self.out);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decoder::Decoder;
    use super::super::head::Head;
    use super::*;

    fn block(encoder: &mut Encoder, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut block = encoder.begin(&mut out);
        for (name, value) in fields {
            block.field(name, value);
        }
        out
    }

    /// What the peer makes of a block.
    fn read(decoder: &mut Decoder, block: &[u8]) -> Vec<(String, String)> {
        let mut head = Head::default();
        decoder.decode(block, &mut head, 1 << 20).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (0..)
            .map_while(|at| head.field(at))
            .map(|(both, value)| (text(&both[..value]), text(&both[value..])))
            .collect()
    }

    fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const REQUEST: [(&str, &str); 7] = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "shop.example"),
        (":path", "/api/farms"),
        ("user-agent", "loadgate/1"),
        ("accept-encoding", "gzip, deflate, br"),
        ("x-own", "value"),
    ];

    #[test]
    fn a_request_that_was_sent_before_takes_a_byte_a_field() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        for length in [85, 7, 7, 7] {
            let block = block(&mut encoder, &REQUEST);
            assert_eq!(read(&mut decoder, &block), owned(&REQUEST));
            assert!(block.len() <= length, "{}", block.len());
        }
    }

    #[test]
    fn secrets_are_never_put_into_a_table() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let fields = [("cookie", "a=b"), ("authorization", "Bearer x"), ("x", "y")];
        let first = block(&mut encoder, &fields);
        // Never indexed: 0001 and the number of the name, 32 and 23.
        assert_eq!(first.get(..2), Some(&[0x1f, 17][..]));
        let second = block(&mut encoder, &fields);
        assert_eq!(second.len(), first.len() - 4);
        for block in [first, second] {
            assert_eq!(read(&mut decoder, &block), owned(&fields));
        }
        assert_eq!(encoder.table.get(1), None);
    }

    #[test]
    fn values_that_do_not_repeat_do_not_push_out_those_that_do() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        for number in 0..1_000 {
            let own = number.to_string();
            let fields = [("x-seq", own.as_str()), ("x-same", "always the same"), (":path", "/a")];
            let block = block(&mut encoder, &fields);
            assert_eq!(read(&mut decoder, &block), owned(&fields));
            assert!(number == 0 || block.len() < 16, "{number}: {block:x?}");
        }
        // They are tried again when they begin to repeat: never here, and the table stays small.
        assert!((0..).map_while(|at| encoder.table.get(at)).count() < 40);
    }

    #[test]
    fn a_table_that_the_peer_makes_smaller_and_larger_is_told() {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        let mut check = |sizes: &[usize], begin: &[u8]| {
            for size in sizes {
                encoder.resize(*size);
            }
            let block = block(&mut encoder, &REQUEST);
            assert!(block.starts_with(begin), "{block:x?}");
            assert_eq!(read(&mut decoder, &block), owned(&REQUEST));
        };
        check(&[], &[0x82]);
        check(&[0], &[0x20, 0x82]);
        check(&[0], &[0x82]);
        check(&[100], &[0x3f, 69, 0x82]);
        check(&[40, 200, 1 << 20], &[0x3f, 9, 0x3f, 0xe1, 0x1f, 0x82]);
        check(&[1 << 30], &[0x82]);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            heads in proptest::collection::vec(
                proptest::collection::vec(("(x-[a-d]|:path|cookie|date)", "[ -~]{0,40}"), 0..8),
                0..20,
            ),
            sizes in proptest::collection::vec(0_usize..9_000, 0..20),
        ) {
            let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
            for (at, head) in heads.iter().enumerate() {
                if let Some(size) = sizes.get(at).filter(|_| at.is_multiple_of(3)) {
                    encoder.resize(*size);
                }
                let fields: Vec<_> = head.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                let block = block(&mut encoder, &fields);
                prop_assert_eq!(read(&mut decoder, &block), owned(&fields));
            }
        }
    }
}
