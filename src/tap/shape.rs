//! A text without its plain constants: what is cheap to find and has the same normal form.
//!
//! An application that writes its values into the text sends another text each time. To read its
//! normal form takes microseconds; to leave out what is a constant for certain takes tenths of
//! one, and what is left is nearly always known.

/// Writes `text` with `0` for each run of digits that is a number, and `''` for each plain string,
/// into `shape`. False when it has what takes a lexer to tell: comments, dollar quotes, escapes.
///
/// What was written is SQL itself, and has the normal form of `text`.
pub(super) fn write(text: &[u8], shape: &mut Vec<u8>) -> bool {
    shape.clear();
    let (mut rest, mut before) = (text, b' ');
    loop {
        // Most bytes are letters and spaces, which stay as they are.
        let plain = rest.iter().take_while(|byte| !is_special(**byte)).count();
        let (run, after) = rest.split_at(plain);
        shape.extend_from_slice(run);
        before = run.last().copied().unwrap_or(before);
        let Some(byte) = after.first().copied() else { return true };
        let Some(length) = special(after, before, shape) else { return false };
        before = after.get(length.saturating_sub(1)).copied().unwrap_or(byte);
        rest = after.get(length..).unwrap_or_default();
    }
}

/// Whether a byte can be the first of anything but a name, a space or an operator.
const fn is_special(byte: u8) -> bool {
    matches!(byte, b'-' | b'/' | b'\\' | b'$' | b'\'' | b'"' | b'0'..=b'9')
}

/// Writes what begins with a special byte, and says how long it is; `None` if that takes a lexer.
fn special(rest: &[u8], before: u8, shape: &mut Vec<u8>) -> Option<usize> {
    let byte = rest.first().copied()?;
    let next = rest.get(1).copied().unwrap_or_default();
    match byte {
        b'-' if next == b'-' => None,
        b'/' if next == b'*' => None,
        b'\\' => None,
        // A parameter is left as it is; a dollar within a name is rare.
        b'$' if !next.is_ascii_digit() || is_word(before) => None,
        // A letter before a quote says how to read the string.
        b'\'' if is_word(before) || before == b'&' => None,
        b'\'' => {
            let length = quoted(rest, b'\'')?;
            shape.extend_from_slice(b"''");
            Some(length)
        }
        b'"' => {
            let length = quoted(rest, b'"')?;
            shape.extend_from_slice(rest.get(..length)?);
            Some(length)
        }
        b'0'..=b'9' if !is_word(before) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            // With a letter behind it is hexadecimal, has an exponent, or is two things.
            if rest.get(digits).copied().is_some_and(is_word) {
                return None;
            }
            shape.push(b'0');
            Some(digits)
        }
        _ => {
            shape.push(byte);
            Some(1)
        }
    }
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
        write(text.as_bytes(), &mut shape).then(|| String::from_utf8(shape).unwrap())
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
