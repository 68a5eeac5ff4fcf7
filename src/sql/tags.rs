//! Comments: the tags that sqlcommenter writes there, and the text without them.

use super::lexer::{Lexer, Piece};

/// Most tags that are read from one statement. sqlcommenter's own libraries write up to nine.
pub const MAX_TAGS: usize = 32;
/// Most bytes of a tag's key or value; a longer one is left out, because a part of it would be
/// another value.
pub const MAX_TAG: usize = 1024;

/// Bytes of a `traceparent`: version, trace id, parent id and flags (W3C Trace Context).
const TRACEPARENT: usize = 55;

/// Adds the tags of a comment: `/*key='value',key='value'*/`, with both sides URL-encoded.
///
/// A comment that is anything else has no tags.
pub(super) fn read(comment: &str, tags: &mut Vec<(String, String)>) {
    for (key, value) in pairs(inside(comment)) {
        if tags.len() == MAX_TAGS {
            return;
        }
        if let (Some(key), Some(value)) = (decoded(key), decoded(value)) {
            tags.push((key, value));
        }
    }
}

/// The trace context that a statement carries in a comment before or after it, such as
/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
///
/// Looks at nothing but these comments, so it costs no more than they are long.
pub fn traceparent(text: &str) -> Option<&str> {
    let (leading, bare, trailing) = around(text);
    let pieces = [leading, trailing].into_iter().flat_map(Lexer::new);
    let mut values = pieces.filter_map(|piece| {
        let Piece::Comment(comment) = piece else { return None };
        let mut pairs = pairs(inside(comment));
        pairs.find(|(key, _)| *key == "traceparent").map(|(_, value)| value)
    });
    values.find(|value| is_traceparent(value) && !bare.is_empty())
}

/// The text without the comments, the space and the semicolons around it.
///
/// What a statement is known again by, before its normal form is made: a comment with a trace
/// differs each time, and the rest is the same bytes. Two texts that give the same are the same
/// statement; the reverse is what [`Normal`](super::Normal) is for. Looks at nothing but the ends
/// of the text.
pub fn without_comments(text: &str) -> &str {
    around(text).1
}

/// The comments before a statement, the statement, and the comments after it.
fn around(text: &str) -> (&str, &str, &str) {
    let edge = |c: char| c.is_ascii_whitespace() || c == '\x0b' || c == ';';
    let mut rest = text.trim_start_matches(edge);
    while let Some(inner) = rest.strip_prefix("/*")
        && let Some((comment, after)) = inner.split_once("*/")
        && !comment.contains("/*")
    {
        rest = after.trim_start_matches(edge);
    }
    let leading = text.get(..text.len() - rest.len()).unwrap_or_default();
    let mut bare = rest.trim_end_matches(edge);
    while let Some(inner) = bare.strip_suffix("*/")
        && let Some((before, comment)) = inner.rsplit_once("/*")
        // Of nested comments the outer one begins earlier.
        && !comment.contains("*/")
    {
        bare = before.trim_end_matches(edge);
    }
    (leading, bare, rest.get(bare.len()..).unwrap_or_default())
}

/// What stands between a comment's delimiters.
fn inside(comment: &str) -> &str {
    match comment.strip_prefix("/*") {
        Some(rest) => rest.strip_suffix("*/").unwrap_or(rest),
        None => comment.strip_prefix("--").unwrap_or(comment),
    }
}

/// The pairs of a comment, still encoded. What is no pair ends them.
fn pairs(comment: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = comment;
    std::iter::from_fn(move || {
        let (key, after) = rest.split_once("='")?;
        let end = closing_quote(after)?;
        let (value, after) = after.split_at_checked(end)?;
        rest = after.strip_prefix('\'')?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
        let key = key.trim();
        (!key.is_empty() && !key.contains(char::is_whitespace)).then_some((key, value))
    })
}

/// Where the next quote is that no backslash stands before.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'\'' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Undoes the URL encoding and the backslashes before quotes; `None` when it is too long or not
/// UTF-8.
fn decoded(text: &str) -> Option<String> {
    if text.len() > MAX_TAG {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok(),
            [b'%', high, low, after @ ..]
                if let (Some(high), Some(low)) = (digit(*high), digit(*low)) =>
            {
                bytes.push(high << 4 | low);
                after
            }
            [b'\\', quote @ (b'\'' | b'\\'), after @ ..] => {
                bytes.push(*quote);
                after
            }
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn is_traceparent(value: &str) -> bool {
    value.len() == TRACEPARENT
        && value.bytes().enumerate().all(|(at, byte)| match at {
            2 | 35 | 52 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[track_caller]
    fn check(comment: &str, want: &[(&str, &str)]) {
        let mut tags = Vec::new();
        read(comment, &mut tags);
        let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(tags, want);
    }

    #[test]
    fn tags_are_read_as_sqlcommenter_writes_them() {
        check("/*a='1',b%20c='%2Fapi%2Ffarms'*/", &[("a", "1"), ("b c", "/api/farms")]);
        check("/* route='it\\'s', db_driver='pg' */", &[("route", "it's"), ("db_driver", "pg")]);
        check("/*a='%zz%4'*/", &[("a", "%zz%4")]);
        check("/*a='%ff',b='1'*/", &[("b", "1")]);
        check("-- a='1'", &[("a", "1")]);
        check("/* find a farm */", &[]);
        check("/* see a='1' */", &[]);
        check("/*a='no end*/", &[]);
        check(&format!("/*a='{}',b='1'*/", "x".repeat(MAX_TAG + 1)), &[("b", "1")]);
        let many: Vec<_> = (0..100).map(|at| format!("k{at}='v'")).collect();
        let mut tags = Vec::new();
        read(&format!("/*{}*/", many.join(",")), &mut tags);
        assert_eq!(tags.len(), MAX_TAGS);
    }

    #[test]
    fn a_trace_is_found_before_and_after_the_statement_and_not_in_it() {
        let tag = format!("/*a='1',traceparent='{TRACE}'*/");
        for text in [
            format!("SELECT 1 {tag}"),
            format!("SELECT 1 {tag};"),
            format!("SELECT 1; {tag} /* more */ "),
            format!("{tag} SELECT 1"),
            format!("/* a */ {tag}\nSELECT 1"),
        ] {
            assert_eq!(traceparent(&text), Some(TRACE), "{text}");
        }
        for text in [
            format!("SELECT '{}'", tag.replace('\'', "''")),
            format!("SELECT $${tag}$$"),
            format!("SELECT {tag} 1"),
            format!("SELECT 1 /*traceparent='{}'*/", TRACE.trim_start_matches('0')),
            format!("SELECT 1 /*traceparent='{}'*/", TRACE.to_uppercase()),
            "SELECT 1".to_owned(),
            tag,
            String::new(),
        ] {
            assert_eq!(traceparent(&text), None, "{text}");
        }
    }

    #[test]
    fn only_comments_around_the_statement_are_cut_off() {
        for (text, want) in [
            ("/* a */ SELECT 1 /* b */ /* c */ ; ", "SELECT 1"),
            ("SELECT /* a */ 1", "SELECT /* a */ 1"),
            ("SELECT '/* a */'", "SELECT '/* a */'"),
            ("SELECT 1 /* a /* b */ */", "SELECT 1 /* a /* b */ */"),
            ("/* a /* b */ */ SELECT 1", "/* a /* b */ */ SELECT 1"),
            ("/*/ SELECT 1", "/*/ SELECT 1"),
            ("SELECT 1 */", "SELECT 1 */"),
            ("/* a */", ""),
            ("", ""),
        ] {
            assert_eq!(without_comments(text), want);
        }
    }
}
