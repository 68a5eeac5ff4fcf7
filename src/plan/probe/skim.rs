//! JSON text, read value by value without building anything.

/// The text is not JSON (RFC 8259) from here on, or it ends too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJson;

/// A place in a JSON text.
///
/// What is passed over is looked at as far as the grammar goes; values are not: a number may be
/// larger than any of ours, an escape half a surrogate pair.
#[derive(Debug)]
pub(super) struct Skim<'a> {
    text: &'a str,
    at: usize,
}

/// The name of a member, as it is written between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// With its quotes.
    quoted: &'a str,
    escaped: Escaped,
}

/// Whether a text is written with escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaped {
    Yes,
    No,
}

/// What a value is, as its first byte says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    /// Text, number, `true`, `false` or `null`.
    Single,
}

/// The lists and objects around a place, from the outermost on: a bit each, so that the usual
/// depths need no memory.
#[derive(Debug, Default)]
struct Nesting {
    /// The innermost ones, 1 for an object; the last is the lowest bit.
    bits: u128,
    depth: u32,
    /// Those around them, when there are more than fit.
    outer: Vec<u128>,
}

impl Nesting {
    fn push(&mut self, kind: Kind) {
        if self.depth > 0 && self.depth.is_multiple_of(u128::BITS) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u128::from(kind == Kind::Object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.bits >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(u128::BITS) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    fn innermost(&self) -> Option<Kind> {
        let kind = if self.bits & 1 == 1 { Kind::Object } else { Kind::List };
        (self.depth > 0).then_some(kind)
    }
}

impl<'a> Skim<'a> {
    /// The beginning of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What the next value is.
    pub(super) fn kind(&mut self) -> Result<Kind, NotJson> {
        Ok(match self.peek().ok_or(NotJson)? {
            b'{' => Kind::Object,
            b'[' => Kind::List,
            _ => Kind::Single,
        })
    }

    /// Goes into a list or an object; whether there is something in it. If there is not, it is
    /// behind it.
    pub(super) fn enter(&mut self, kind: Kind) -> bool {
        self.peek();
        self.at += 1;
        !self.closes(kind)
    }

    /// Goes on behind a value within a list or an object; whether another one follows. If there is
    /// none, it is behind the list or object.
    pub(super) fn another(&mut self, kind: Kind) -> Result<bool, NotJson> {
        if self.closes(kind) {
            return Ok(false);
        }
        self.expect(b',')?;
        Ok(true)
    }

    /// The name of the next member; its value follows.
    pub(super) fn name(&mut self) -> Result<Name<'a>, NotJson> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let escaped = self.rest_of_text()?;
        let quoted = self.text.get(start..self.at).ok_or(NotJson)?;
        self.expect(b':')?;
        Ok(Name { quoted, escaped })
    }

    /// The text of the next value, which is behind it then.
    pub(super) fn value(&mut self) -> Result<&'a str, NotJson> {
        self.peek();
        let start = self.at;
        self.skip()?;
        self.text.get(start..self.at).ok_or(NotJson)
    }

    /// Whether nothing but space is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Passes over the next value, whatever is in it.
    pub(super) fn skip(&mut self) -> Result<(), NotJson> {
        let mut nesting = Nesting::default();
        loop {
            let first = self.peek().ok_or(NotJson)?;
            self.at += 1;
            match first {
                b'"' => drop(self.rest_of_text()?),
                b'{' => {
                    if !self.closes(Kind::Object) {
                        nesting.push(Kind::Object);
                        self.name()?;
                        continue;
                    }
                }
                b'[' => {
                    if !self.closes(Kind::List) {
                        nesting.push(Kind::List);
                        continue;
                    }
                }
                b'0'..=b'9' | b'-' => self.rest_of_number(first)?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                _ => return Err(NotJson),
            }
            // Behind a value: what it is in goes on or ends, and then what that is in.
            loop {
                let Some(kind) = nesting.innermost() else { return Ok(()) };
                if self.another(kind)? {
                    if kind == Kind::Object {
                        self.name()?;
                    }
                    break;
                }
                nesting.pop();
            }
        }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The next byte that is no space; it stays.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, wanted: u8) -> Result<(), NotJson> {
        let found = self.peek();
        self.at += 1;
        if found == Some(wanted) { Ok(()) } else { Err(NotJson) }
    }

    /// Whether a list or an object ends here; then it is behind it.
    #[inline]
    fn closes(&mut self, kind: Kind) -> bool {
        let end = if kind == Kind::Object { b'}' } else { b']' };
        let closes = self.peek() == Some(end);
        self.at += usize::from(closes);
        closes
    }

    /// Passes over a text whose first quote is behind.
    #[inline]
    fn rest_of_text(&mut self) -> Result<Escaped, NotJson> {
        let mut escaped = Escaped::No;
        loop {
            match self.stop()? {
                b'"' => return Ok(escaped),
                b'\\' => self.escape()?,
                _ => return Err(NotJson),
            }
            escaped = Escaped::Yes;
        }
    }

    /// The next quote, backslash or control character; it is behind it then.
    #[inline]
    fn stop(&mut self) -> Result<u8, NotJson> {
        let rest = self.bytes().get(self.at..).ok_or(NotJson)?;
        let (words, _) = rest.as_chunks::<8>();
        let mut plain = 0_usize;
        for word in words {
            let stops = stops(u64::from_le_bytes(*word));
            if stops != 0 {
                break;
            }
            plain += 8;
        }
        let rest = rest.get(plain..).unwrap_or_default();
        let more = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
        let more = more.ok_or(NotJson)?;
        self.at += plain + more + 1;
        rest.get(more).copied().ok_or(NotJson)
    }

    /// Passes over what stands behind a backslash.
    fn escape(&mut self) -> Result<(), NotJson> {
        let kind = *self.bytes().get(self.at).ok_or(NotJson)?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let digits = self.bytes().get(self.at..self.at + 4).ok_or(NotJson)?;
                self.at += 4;
                let all = digits.iter().all(u8::is_ascii_hexdigit);
                if all { Ok(()) } else { Err(NotJson) }
            }
            _ => Err(NotJson),
        }
    }

    /// Passes over a number whose first byte is behind (RFC 8259 section 6).
    #[inline]
    fn rest_of_number(&mut self, first: u8) -> Result<(), NotJson> {
        let first = if first == b'-' { self.next() } else { Some(first) };
        match first {
            // Behind a leading zero there is no further digit.
            Some(b'0') => {}
            Some(b'1'..=b'9') => drop(self.digits()),
            _ => return Err(NotJson),
        }
        if self.take(|byte| byte == b'.') && self.digits() == 0 {
            return Err(NotJson);
        }
        if self.take(|byte| matches!(byte, b'e' | b'E')) {
            self.take(|byte| matches!(byte, b'+' | b'-'));
            if self.digits() == 0 {
                return Err(NotJson);
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes().get(self.at).copied();
        self.at += 1;
        byte
    }

    /// Passes over the next byte if it is such.
    #[inline]
    fn take(&mut self, is_such: impl Fn(u8) -> bool) -> bool {
        let takes = self.bytes().get(self.at).is_some_and(|byte| is_such(*byte));
        self.at += usize::from(takes);
        takes
    }

    /// Passes over digits; how many they were.
    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.take(|byte| byte.is_ascii_digit()) {}
        self.at - start
    }

    fn word(&mut self, rest: &[u8]) -> Result<(), NotJson> {
        let found = self.bytes().get(self.at..self.at + rest.len());
        self.at += rest.len();
        if found == Some(rest) { Ok(()) } else { Err(NotJson) }
    }
}

impl<'a> Name<'a> {
    /// Whether it is this one; an error when it is no text.
    #[inline]
    pub(super) fn is(self, wanted: &str) -> Result<bool, NotJson> {
        match self.escaped {
            Escaped::No => Ok(self.plain() == wanted),
            Escaped::Yes => {
                let name: String = serde_json::from_str(self.quoted).map_err(|_error| NotJson)?;
                Ok(name == wanted)
            }
        }
    }

    fn plain(self) -> &'a str {
        self.quoted.get(1..self.quoted.len() - 1).unwrap_or_default()
    }
}

/// A text without escapes, from its quotes; `None` when `value` is something else.
pub(super) fn plain_text(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

/// The high bit of each byte that is a quote, a backslash or a control character. Bytes above the
/// lowest that is one may be marked too (Mycroft's test for a zero byte; Warren, Hacker's Delight,
/// section 6-1).
fn stops(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let quotes = zero(word ^ u64::from_le_bytes([b'"'; 8]));
    let backslashes = zero(word ^ u64::from_le_bytes([b'\\'; 8]));
    let controls = word.wrapping_sub(u64::from_le_bytes([0x20; 8])) & !word;
    (quotes | backslashes | controls) & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn is_json(text: &str) -> bool {
        let mut skim = Skim::new(text);
        skim.skip().is_ok() && skim.is_at_end()
    }

    #[test]
    fn the_grammar_of_json_is_kept() {
        for text in [
            "0",
            "-0",
            "10",
            "1.5",
            "-1.50e+07",
            "1E9",
            "\"\"",
            "\"\\u00fC\\n\"",
            " [ ] ",
            "{}",
            "[[],{},[{}]]",
            "{\"a\":{\"b\":[1,null,true,false]}}",
            "\"12345678\\\"90\"",
            "[1 , 2]",
        ] {
            assert!(is_json(text), "{text}");
        }
        for text in [
            "",
            " ",
            "01",
            "+1",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "[1,]",
            "[,1]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "[1}",
            "{\"a\":1]",
            "tru",
            "truee",
            "nul",
            "[",
            "{",
            "[[]",
            "1 2",
            "]",
        ] {
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn any_depth_is_passed_over_and_kinds_are_not_mixed_up() {
        for depth in [1, 127, 128, 129, 256, 257, 1_000] {
            let open: String =
                (0..depth).map(|at| if at % 3 == 0 { "{\"a\":" } else { "[" }).collect();
            let close: String =
                (0..depth).rev().map(|at| if at % 3 == 0 { "}" } else { "]" }).collect();
            assert!(is_json(&format!("{open}1{close}")), "{depth}");
            let (_, last) = close.split_at(1);
            assert!(!is_json(&format!("{open}1?{last}")), "{depth}");
            assert!(!is_json(&format!("{open}1{last}")), "{depth}");
        }
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_json_takes(text in r#"[\[\]{}:,"\\ue0-9a \-+.tfn]{0,24}"#) {
            prop_assert_eq!(is_json(&text), serde_json::from_str::<IgnoredAny>(&text).is_ok());
        }

        #[test]
        fn words_of_eight_bytes_are_looked_at_as_single_ones_are(bytes in any::<[u8; 8]>()) {
            let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
            let found = stops(u64::from_le_bytes(bytes));
            let found = (found != 0).then(|| found.trailing_zeros() >> 3);
            prop_assert_eq!(found.map(|at| usize::try_from(at).unwrap()), first);
        }
    }
}
