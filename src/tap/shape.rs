//! A text without its plain constants: what is cheap to find and has the same normal form.
//!
//! An application that writes its values into the text sends another text each time. To read its
//! normal form takes microseconds; to leave out what is a constant for certain takes tenths of
//! one, and what is left is nearly always known.

/// Writes `text` with `0` for each run of digits that is a number, and `''` for each plain string,
/// into `shape`. False when it has what takes a lexer to tell: comments, dollar quotes, escapes.
///
/// What was written is SQL itself, and has the normal form of `text`.
pub(super) fn write(text: &str, shape: &mut Vec<u8>) -> bool {
    shape.clear();
    let bytes = text.as_bytes();
    let (mut at, mut before) = (0, b' ');
    while let Some(byte) = bytes.get(at).copied() {
        let rest = bytes.get(at..).unwrap_or_default();
        let next = rest.get(1).copied().unwrap_or_default();
        let length = match byte {
            b'-' if next == b'-' => return false,
            b'/' if next == b'*' => return false,
            b'\\' => return false,
            // A parameter is left as it is; a dollar within a name is rare.
            b'$' if !next.is_ascii_digit() || is_word(before) => return false,
            // A letter before a quote says how to read the string.
            b'\'' if is_word(before) || before == b'&' => return false,
            b'\'' => match quoted(rest, b'\'') {
                Some(length) => {
                    shape.extend_from_slice(b"''");
                    length
                }
                None => return false,
            },
            b'"' => match quoted(rest, b'"') {
                Some(length) => {
                    shape.extend_from_slice(rest.get(..length).unwrap_or_default());
                    length
                }
                None => return false,
            },
            b'0'..=b'9' if !is_word(before) => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                // With a letter behind it is hexadecimal, has an exponent, or is two things.
                if rest.get(digits).copied().is_some_and(is_word) {
                    return false;
                }
                shape.push(b'0');
                digits
            }
            _ => {
                shape.push(byte);
                1
            }
        };
        at += length;
        before = bytes.get(at.saturating_sub(1)).copied().unwrap_or(b' ');
    }
    true
}

/// The length of what begins with a quote, with both quotes, of which a doubled one is a part;
/// `None` if it does not end, or has a backslash, which some strings read otherwise.
fn quoted(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\\', _) => return None,
            (byte, Some(after)) if *byte == quote && *after == quote => at += 2,
            (byte, _) if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Whether a byte can be a part of a name, a parameter or a number.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'"' | b'\'') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sql::Normal;

    fn shape(text: &str) -> Option<String> {
        let mut shape = Vec::new();
        write(text, &mut shape).then(|| String::from_utf8(shape).unwrap())
    }

    #[test]
    fn plain_constants_are_left_out() {
        for (text, want) in [
            ("SELECT a FROM t1 WHERE id = 12345", "SELECT a FROM t1 WHERE id = 0"),
            ("SELECT 1.25, -7, $12, 'it''s', \"a 5\"", "SELECT 0.0, -0, $12, '', \"a 5\""),
            ("UPDATE t SET a='x' WHERE b='y''z'", "UPDATE t SET a='' WHERE b=''"),
        ] {
            assert_eq!(shape(text).as_deref(), Some(want));
        }
        for text in
            ["SELECT E'a'", "SELECT $$a$$", "SELECT 1 -- a", "/* a */ SELECT 1", "SELECT 'a", "a\\"]
        {
            assert_eq!(shape(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_has_the_same_form(words in prop::collection::vec(prop::sample::select(vec![
            "SELECT", "a", "t1", "_2", "1", "23", "4.5", ".6", "7e8", "9e+1", "0x1f", "1_000", "'x'",
            "'1'", "''", "'''", "'a''b'", "\"q 9\"", "\"", "'", "$1", "$23", "$$", "$a$", "E'", "U&",
            "&", "B'01'", "x'1F'", "N", "::int", "::varchar(10)", "-", "--", "/*", "*/", "/", "*",
            "(", ")", ",", ";", " ", " ", "\n", "IN", "=", "ANY", "VALUES", "ORDER BY", "LIMIT",
            "é", "\\", "interval", "[", "]", ".", ":", "1a", "a1",
        ]), 0..25)) {
            let text = words.concat();
            if let Some(shape) = shape(&text) {
                prop_assert_eq!(Normal::of(&shape).text, Normal::of(&text).text, "{}", shape);
            }
        }
    }
}
