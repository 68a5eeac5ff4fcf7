//! PostgreSQL's lexical structure (its manual, section 4.1): a text as its words, values and marks.

/// A piece of a text. Whitespace is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// A keyword or a name without quotes.
    Word(&'t str),
    /// A name in quotes: what stands between them, with its own quotes still doubled.
    Quoted(&'t str),
    /// A name with Unicode escapes, as written: `U&"…"`.
    Escaped(&'t str),
    /// A constant or a parameter. What it is nobody needs to know.
    Value,
    /// An operator, or a byte that belongs nowhere.
    Operator(&'t str),
    /// One of `( ) [ ] , ; .`
    Mark(u8),
    /// The operator `::`.
    Cast,
    /// A comment with its delimiters.
    Comment(&'t str),
}

/// Reads a text piece by piece, in one pass.
///
/// Every text has pieces: a constant, a name or a comment that has no end reaches to the end of
/// the text. Strings are read as with `standard_conforming_strings = on`, the server's default
/// since 9.1.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

/// What a backslash is in a string.
#[derive(Clone, Copy)]
enum Backslash {
    /// A character like any other.
    Plain,
    /// It takes the next character with it: `E'…'`.
    Escapes,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes are read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    /// The text from `start` to here. All borders are beside ASCII or at the ends of the text.
    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes on while `wanted` says so.
    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
    }

    /// Goes behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, end: &str) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.find(end).map_or(rest.len(), |at| at + end.len());
    }

    fn word(&mut self) -> Piece<'t> {
        let start = self.at;
        self.skip(is_inside);
        let word = self.since(start);
        match (word, self.byte(0)) {
            ("e" | "E", Some(b'\'')) => self.string(Backslash::Escapes),
            ("b" | "B" | "x" | "X" | "n" | "N", Some(b'\'')) => self.string(Backslash::Plain),
            ("u" | "U", Some(b'&')) if self.byte(1) == Some(b'\'') => {
                self.at += 1;
                self.string(Backslash::Plain)
            }
            ("u" | "U", Some(b'&')) if self.byte(1) == Some(b'"') => {
                self.at += 1;
                self.quoted();
                Piece::Escaped(self.since(start))
            }
            _ => Piece::Word(word),
        }
    }

    /// From the opening quote behind the closing one; a doubled quote is part of the string.
    fn string(&mut self, backslash: Backslash) -> Piece<'t> {
        self.at += 1;
        loop {
            match backslash {
                Backslash::Plain => self.skip(|byte| byte != b'\''),
                Backslash::Escapes => self.skip(|byte| byte != b'\'' && byte != b'\\'),
            }
            match (self.byte(0), self.byte(1)) {
                (None, _) => return Piece::Value,
                (Some(b'\\'), Some(_)) | (Some(_), Some(b'\'')) => self.at += 2,
                (Some(b'\\'), None) => self.at += 1,
                (Some(_), _) => {
                    self.at += 1;
                    return Piece::Value;
                }
            }
        }
    }

    fn quoted(&mut self) -> Piece<'t> {
        self.at += 1;
        let start = self.at;
        loop {
            self.skip(|byte| byte != b'"');
            if self.byte(0).is_some() && self.byte(1) == Some(b'"') {
                self.at += 2;
                continue;
            }
            let name = self.since(start);
            self.at += usize::from(self.byte(0).is_some());
            return Piece::Quoted(name);
        }
    }

    /// A number with whatever letters stand at it: hexadecimal digits, an exponent, or what a
    /// server of version 15 or newer calls trailing junk.
    fn number(&mut self) -> Piece<'t> {
        let start = self.at;
        loop {
            self.skip(|byte| is_inside(byte) && byte != b'$');
            let exponent =
                matches!(self.since(start).as_bytes(), [b'0'..=b'9' | b'.', .., b'e' | b'E'])
                    && !matches!(
                        self.since(start).as_bytes(),
                        [b'0', b'x' | b'X' | b'b' | b'B' | b'o' | b'O', ..]
                    );
            match (self.byte(0), self.byte(1)) {
                // Not `1..9`, which is two numbers with two dots between.
                (Some(b'.'), next) if next != Some(b'.') => self.at += 1,
                (Some(b'+' | b'-'), Some(b'0'..=b'9')) if exponent => self.at += 1,
                _ => return Piece::Value,
            }
        }
    }

    fn dollar(&mut self) -> Piece<'t> {
        let start = self.at;
        self.at += 1;
        match self.byte(0) {
            // The placeholder of the normal form itself.
            Some(b'?') => {
                self.at += 1;
                return Piece::Value;
            }
            Some(b'0'..=b'9') => {
                self.skip(is_inside);
                return Piece::Value;
            }
            Some(byte) if is_first(byte) => self.skip(|byte| is_inside(byte) && byte != b'$'),
            Some(_) | None => {}
        }
        if self.byte(0) == Some(b'$') {
            self.at += 1;
            let delimiter = self.since(start);
            self.skip_past(delimiter);
            return Piece::Value;
        }
        self.at = start + 1;
        Piece::Operator(self.since(start))
    }

    fn line_comment(&mut self) -> Piece<'t> {
        let start = self.at;
        self.skip(|byte| byte != b'\n' && byte != b'\r');
        Piece::Comment(self.since(start))
    }

    /// Comments nest, unlike in standard SQL's lesser dialects.
    fn block_comment(&mut self) -> Piece<'t> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match (self.byte(0), self.byte(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                (Some(_), _) => {
                    self.at += 1;
                    self.skip(|byte| byte != b'/' && byte != b'*');
                }
                (None, _) => depth = 0,
            }
            if depth == 0 {
                return Piece::Comment(self.since(start));
            }
        }
    }

    /// As many operator characters as the server takes: up to a comment, and without a sign at
    /// the end unless another character allows it, so that `=-1` is `=` and `-1`.
    fn operator(&mut self) -> Piece<'t> {
        let start = self.at;
        while self.byte(0).is_some_and(is_operator) && !self.begins_comment() {
            self.at += 1;
        }
        let signs_may_end = self.since(start).bytes().any(|byte| b"~!@#%^&|`?".contains(&byte));
        while !signs_may_end && self.at > start + 1 && self.since(start).ends_with(['+', '-']) {
            self.at -= 1;
        }
        match self.since(start) {
            "!=" => Piece::Operator("<>"),
            operator => Piece::Operator(operator),
        }
    }

    fn begins_comment(&self) -> bool {
        matches!((self.byte(0), self.byte(1)), (Some(b'-'), Some(b'-')) | (Some(b'/'), Some(b'*')))
    }
}

impl<'t> Iterator for Lexer<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        self.skip(is_space);
        let start = self.at;
        Some(match (self.byte(0)?, self.byte(1)) {
            (b'-', Some(b'-')) => self.line_comment(),
            (b'/', Some(b'*')) => self.block_comment(),
            (b'\'', _) => self.string(Backslash::Plain),
            (b'"', _) => self.quoted(),
            (b'$', _) => self.dollar(),
            (b'.', Some(b'0'..=b'9')) | (b'0'..=b'9', _) => self.number(),
            (b':', Some(b':')) => {
                self.at += 2;
                Piece::Cast
            }
            (b':', Some(b'=')) => {
                self.at += 2;
                Piece::Operator(self.since(start))
            }
            (mark @ (b'(' | b')' | b'[' | b']' | b',' | b';' | b'.'), _) => {
                self.at += 1;
                Piece::Mark(mark)
            }
            (byte, _) if is_first(byte) => self.word(),
            (byte, _) if is_operator(byte) => self.operator(),
            _ => {
                self.at += 1;
                Piece::Operator(self.since(start))
            }
        })
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

/// What a name begins with. Bytes beyond ASCII are letters, whatever they mean.
pub(super) fn is_first(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || !byte.is_ascii()
}

/// What a name goes on with.
pub(super) fn is_inside(byte: u8) -> bool {
    is_first(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_operator(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[Piece<'_>]) {
        assert_eq!(Lexer::new(text).collect::<Vec<_>>(), want, "{text}");
    }

    #[test]
    fn a_constant_is_one_value_however_it_is_written() {
        let values = [
            "'it''s'",
            "E'it\\'s'",
            "e'a\\\\'",
            "U&'d\\0061'",
            "B'01'",
            "x'1F'",
            "N'a'",
            "$1",
            "$12",
            "1",
            "1.5",
            ".5",
            "1.",
            "1e9",
            "1.5E-9",
            "1e+9",
            "0xFF",
            "1_000",
            "$$a'b$$",
            "$a$x $b$ y$a$",
            "$?",
            "'no end",
            "$$no end",
            "E'no end\\",
            "12junk",
        ];
        for value in values {
            check(value, &[Piece::Value]);
        }
    }

    #[test]
    fn operators_end_where_the_server_ends_them() {
        use Piece::{Operator, Value};
        check("=-1", &[Operator("="), Operator("-"), Value]);
        check("@-1", &[Operator("@-"), Value]);
        check("<>--no\n1", &[Operator("<>"), Piece::Comment("--no"), Value]);
        check("*/*c*/1", &[Operator("*"), Piece::Comment("/*c*/"), Value]);
        check("!=", &[Operator("<>")]);
        check("->>", &[Operator("->>")]);
        check("?|", &[Operator("?|")]);
        check("0x1e+5", &[Value, Operator("+"), Value]);
        check("1..9", &[Value, Piece::Mark(b'.'), Value]);
    }

    #[test]
    fn names_and_comments_are_read_with_their_borders() {
        use Piece::{Cast, Comment, Escaped, Mark, Quoted, Word};
        check(
            "\"a\"\"b\".ä$1::text",
            &[Quoted("a\"\"b"), Mark(b'.'), Word("ä$1"), Cast, Word("text")],
        );
        check(
            "U&\"d\\0061\" u&x",
            &[Escaped("U&\"d\\0061\""), Word("u"), Piece::Operator("&"), Word("x")],
        );
        check("/* a /* b */ c */x", &[Comment("/* a /* b */ c */"), Word("x")]);
        check("/* a /* b */ c", &[Comment("/* a /* b */ c")]);
        check("/*/ x", &[Comment("/*/ x")]);
        check("--\r\nx", &[Comment("--"), Word("x")]);
    }
}
