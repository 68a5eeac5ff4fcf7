//! One pattern: a regular expression that is known to be one.

use std::fmt;
use std::str::FromStr;

use regex::bytes::RegexBuilder;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use thiserror::Error;

/// The most memory that one pattern may take: what needs more has a count such as `{1000}` of
/// something large in it.
pub(super) const MAX_SIZE: usize = 1 << 20;

/// A regular expression, in the syntax of the `regex` crate, that some lines match and some don't.
///
/// Capital and small letters differ, unless it begins with `(?i)`. `^` and `$` are the ends of a
/// line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is no regular expression, or too large a one: the reason says where to look.
    #[error("`{0}` is not a pattern: {1}")]
    Unreadable(String, String),
    /// Every line would match: more of the text that is looked for has to be written.
    #[error("`{0}` matches every line; write a part of the lines that are meant")]
    Everything(String),
}

impl Pattern {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it means.
    pub(super) fn parsed(&self) -> Option<Hir> {
        parse(&self.0).ok()
    }
}

/// A log can hold any bytes, so that a pattern may match what is no text.
fn parse(text: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    ParserBuilder::new().utf8(false).build().parse(text).map_err(Box::new)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let unreadable = |why: String| {
            // The last of its lines says what is wrong; those before show the pattern again.
            let why = why.lines().last().unwrap_or_default().trim();
            let why = why.trim_start_matches("error: ").to_owned();
            PatternError::Unreadable(text.to_owned(), why)
        };
        let parsed = parse(text).map_err(|error| unreadable(error.to_string()))?;
        let regex = RegexBuilder::new(text).size_limit(MAX_SIZE).build();
        let regex = regex.map_err(|error| unreadable(error.to_string()))?;
        // What may be empty, and asks for nothing around it, is found in every line.
        let may_be_empty = parsed.properties().minimum_len() == Some(0);
        if may_be_empty && regex.is_match(b"") && regex.is_match(b"-") {
            return Err(PatternError::Everything(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let got = text.parse::<Pattern>();
        assert_eq!(got.map_or_else(|error| error.to_string(), |own| own.to_string()), want);
    }

    #[test]
    fn a_pattern_is_read_or_says_what_is_wrong() {
        check(r"Prisma Client 7\.0\.1", r"Prisma Client 7\.0\.1");
        check("(?i)error|fail", "(?i)error|fail");
        check("^$", "^$");
        check("a(b", "`a(b` is not a pattern: unclosed group");
        check(
            "[z-a]",
            "`[z-a]` is not a pattern: invalid character class range, the start must be <= the end",
        );
        let huge = r"\w{1000}\w{1000}";
        let told = huge.parse::<Pattern>().unwrap_err().to_string();
        assert!(told.contains("is not a pattern"), "{told}");
    }

    #[test]
    fn what_every_line_matches_is_no_pattern() {
        for text in ["", ".*", "x*", "(?i)", "a|"] {
            check(
                text,
                &format!("`{text}` matches every line; write a part of the lines that are meant"),
            );
        }
    }
}
