//! Heads from their blocks (RFC 7541, sections 3 and 6).

use std::rc::Rc;

use thiserror::Error;

use super::head::Head;
use super::primitive::{Unreadable, take_number, take_text};
use super::statics::{self, STATICS};
use super::table::{Table, USUAL};

/// A block that can't be decoded, so that none after it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Undecodable {
    /// It ends within a field, or a number or a text in it is none.
    #[error("a number or a text in it is none")]
    Unreadable,
    /// It points at a field that is not there.
    #[error("it points at field {0}, which is not there")]
    NoField(u32),
    /// It makes the table larger than was agreed on, or behind a field.
    #[error("it makes the table {0} bytes large, which it may not")]
    Size(u32),
}

impl From<Unreadable> for Undecodable {
    fn from(_: Unreadable) -> Self {
        Self::Unreadable
    }
}

/// Decodes the blocks of a connection, one after the other.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
}

/// What a block needs to be decoded again to the same head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing but itself.
    Nothing,
    /// The state in which the connection was.
    State,
}

/// Where a field's name comes from, and whether the field is to be put into the table.
#[derive(Clone, Copy)]
enum Literal {
    Inserted,
    Passing,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder with the usual table of 4 KiB.
    pub fn new() -> Self {
        Self { table: Table::new(USUAL) }
    }

    /// Decodes a block to `head`, of which the fields beyond `limit` bytes (with 32 for each
    /// field) are left out.
    pub fn decode(
        &mut self,
        block: &[u8],
        head: &mut Head,
        limit: usize,
    ) -> Result<(), Undecodable> {
        self.decode_noting(block, head, limit).map(|_| ())
    }

    /// The same, and what it would take to decode the block again.
    pub(super) fn decode_noting(
        &mut self,
        block: &[u8],
        head: &mut Head,
        limit: usize,
    ) -> Result<Needs, Undecodable> {
        head.clear();
        let (mut rest, mut needs, mut begun) = (block, Needs::Nothing, false);
        while let Some(first) = rest.first().copied() {
            let number = match first {
                0x80.. => {
                    let number = take_number(&mut rest, 7)?;
                    self.indexed(number, head, limit)?;
                    number
                }
                0x40..=0x7F => self.literal(&mut rest, (6, Literal::Inserted), head, limit)?,
                0x20..=0x3F => {
                    let size = take_number(&mut rest, 5)?;
                    if begun || super::wide(size) > USUAL {
                        return Err(Undecodable::Size(size));
                    }
                    self.table.resize(super::wide(size));
                    needs = Needs::State;
                    continue;
                }
                0x00..=0x1F => self.literal(&mut rest, (4, Literal::Passing), head, limit)?,
            };
            begun = true;
            if super::wide(number) > STATICS.len() {
                needs = Needs::State;
            }
        }
        // What a smaller table holds of the fields that were put in is not what this one does.
        let whole = self.table.most() == USUAL && !head.is_over(limit);
        Ok(if whole { needs } else { Needs::State })
    }

    /// Does what a remembered block did to the table.
    pub(super) fn replay(&mut self, head: &Rc<Head>) {
        self.table.replay(head);
    }

    /// Whether blocks do to the table what they did when they were remembered.
    pub(super) fn is_usual(&self) -> bool {
        self.table.most() == USUAL
    }

    fn field(&self, number: u32) -> Result<(&[u8], &[u8]), Undecodable> {
        let at = super::wide(number);
        let found = match at.checked_sub(STATICS.len() + 1) {
            Some(dynamic) => self.table.get(dynamic),
            None => statics::get(at).map(|(name, value)| (name.as_bytes(), value.as_bytes())),
        };
        found.ok_or(Undecodable::NoField(number))
    }

    fn indexed(&self, number: u32, head: &mut Head, limit: usize) -> Result<(), Undecodable> {
        let (name, value) = self.field(number)?;
        head.add(name, value, limit);
        Ok(())
    }

    /// Takes a field whose value is there, and its name or the number of one; that number.
    fn literal(
        &mut self,
        rest: &mut &[u8],
        (prefix, kind): (u32, Literal),
        head: &mut Head,
        limit: usize,
    ) -> Result<u32, Undecodable> {
        let number = take_number(rest, prefix)?;
        let start = head.next();
        if number == 0 {
            take_text(rest, head.text())?;
        } else {
            let (name, _) = self.field(number)?;
            head.text().extend_from_slice(name);
        }
        let value = head.next();
        take_text(rest, head.text())?;
        if matches!(kind, Literal::Inserted) {
            let text = head.text().get(start..).unwrap_or_default();
            self.table.insert(text, value - start);
        }
        let noted = head.note(start, value, limit);
        if let (Some(at), Literal::Inserted) = (noted, kind) {
            head.inserted.push(at);
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(head: &Head) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (0..)
            .map_while(|at| head.field(at))
            .map(|(both, value)| (text(&both[..value]), text(&both[value..])))
            .collect()
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    /// Decodes blocks one after the other, as the examples of the standard do.
    fn check(table: usize, blocks: &[(&str, &[(&str, &str)])], left: &[(&str, &str)]) {
        let mut decoder = Decoder { table: Table::new(table) };
        for (block, want) in blocks {
            let mut head = Head::default();
            decoder.decode(&hex(block), &mut head, 10_000).unwrap();
            let want: Vec<_> =
                want.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(fields(&head), want);
        }
        for (number, (name, value)) in left.iter().enumerate() {
            let want = (name.as_bytes(), value.as_bytes());
            assert_eq!(decoder.table.get(number), Some(want), "{number}");
        }
        assert_eq!(decoder.table.get(left.len()), None);
    }

    const FIRST: [(&str, &str); 4] = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];

    #[test]
    fn fields_of_the_standard() {
        // RFC 7541, C.2.
        check(
            4_096,
            &[(
                "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
                &[("custom-key", "custom-header")],
            )],
            &[("custom-key", "custom-header")],
        );
        check(4_096, &[("040c 2f73 616d 706c 652f 7061 7468", &[(":path", "/sample/path")])], &[]);
        check(
            4_096,
            &[("1008 7061 7373 776f 7264 0673 6563 7265 74", &[("password", "secret")])],
            &[],
        );
        check(4_096, &[("82", &[(":method", "GET")])], &[]);
    }

    #[test]
    fn requests_of_the_standard() {
        let second = [FIRST.as_slice(), &[("cache-control", "no-cache")]].concat();
        let third = [
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ];
        let left = [
            ("custom-key", "custom-value"),
            ("cache-control", "no-cache"),
            (":authority", "www.example.com"),
        ];
        // RFC 7541, C.3 and C.4.
        for blocks in [
            [
                "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
                "8286 84be 5808 6e6f 2d63 6163 6865",
                "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
            ],
            [
                "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
                "8286 84be 5886 a8eb 1064 9cbf",
                "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
            ],
        ] {
            let [a, b, c] = blocks;
            check(4_096, &[(a, &FIRST), (b, &second), (c, &third)], &left);
        }
    }

    #[test]
    fn answers_of_the_standard_from_a_small_table() {
        let date = "Mon, 21 Oct 2013 20:13:21 GMT";
        let later = "Mon, 21 Oct 2013 20:13:22 GMT";
        let location = ("location", "https://www.example.com");
        let private = ("cache-control", "private");
        let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
        let first = [(":status", "302"), private, ("date", date), location];
        let second = [(":status", "307"), private, ("date", date), location];
        let third = [
            (":status", "200"),
            private,
            ("date", later),
            location,
            ("content-encoding", "gzip"),
            ("set-cookie", cookie),
        ];
        let left = [("set-cookie", cookie), ("content-encoding", "gzip"), ("date", later)];
        // RFC 7541, C.5 and C.6.
        for blocks in [
            [
                "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 \
                 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 \
                 6c65 2e63 6f6d",
                "4803 3330 37c1 c0bf",
                "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d \
                 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 \
                 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e \
                 3d31",
            ],
            [
                "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 \
                 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
                "4883 640e ffc1 c0bf",
                "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab \
                 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f \
                 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
            ],
        ] {
            let [a, b, c] = blocks;
            check(256, &[(a, &first), (b, &second), (c, &third)], &left);
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        let check = |block: &[u8], want: Undecodable| {
            let got = Decoder::new().decode(block, &mut Head::default(), 1_000);
            assert_eq!(got, Err(want), "{block:x?}");
        };
        check(&[0x80], Undecodable::NoField(0));
        check(&[0xbe], Undecodable::NoField(62));
        check(&[0x7f, 0x00], Undecodable::NoField(63));
        check(&[0x0f, 0x60, 0], Undecodable::NoField(111));
        check(&[0x40], Undecodable::Unreadable);
        check(&[0x40, 1, b'a'], Undecodable::Unreadable);
        check(&[0x41, 5, b'a'], Undecodable::Unreadable);
        // 4,097 bytes, and a size behind a field.
        check(&[0x3f, 0xe2, 0x1f], Undecodable::Size(4_097));
        check(&[0x88, 0x20], Undecodable::Size(0));
    }

    #[test]
    fn the_table_takes_what_the_head_has_no_room_for() {
        let mut decoder = Decoder::new();
        let mut head = Head::default();
        let long = [&[0x88, 0x40, 1, b'a', 100][..], &[b'x'; 100]].concat();
        decoder.decode(&long, &mut head, 100).unwrap();
        assert_eq!((head.is_over(100), head.fields().count(), head.status()), (true, 0, 200));
        decoder.decode(&[0x88, 0xbe], &mut head, 1_000).unwrap();
        assert_eq!(head.fields().next(), Some(("a", &[b'x'; 100][..])));
    }

    #[test]
    fn a_block_says_whether_it_can_be_remembered() {
        let mut decoder = Decoder::new();
        let mut needs = |block: &[u8]| {
            let mut head = Head::default();
            (decoder.decode_noting(block, &mut head, 1_000).unwrap(), head.inserted)
        };
        let inserting = [0x88, 0x54, 1, b'a', 0x00, 1, b'b', 0, 0x40, 1, b'c', 0];
        assert_eq!(needs(&inserting), (Needs::Nothing, vec![1, 3]));
        assert_eq!(needs(&[0x88]), (Needs::Nothing, vec![]));
        assert_eq!(needs(&[0xbe]), (Needs::State, vec![]));
        assert_eq!(needs(&[0x7e, 0]), (Needs::State, vec![0]));
        assert_eq!(needs(&[0x3f, 0xe1, 0x1f, 0x88]), (Needs::State, vec![]));
        assert_eq!(needs(&[0x88; 24]), (Needs::State, vec![]));
        assert_eq!(needs(&[0x20, 0x88]), (Needs::State, vec![]));
        assert_eq!(needs(&[0x88]), (Needs::State, vec![]));
    }
}
