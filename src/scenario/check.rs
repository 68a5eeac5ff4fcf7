//! What an answer must be.

use std::fmt;
use std::str::FromStr;

use super::diagnostic::did_you_mean;
use super::extract::{Extract, pattern_groups};
use super::grammar::{Grammar, GrammarError, written_as_text};
use super::template::Template;
use super::words::{cut, outside, unquote, words};
use crate::units::{Bytes, Nanos};

/// How what was found is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`: is one of several
    In,
    /// `contains`
    Contains,
    /// `not contains`
    NotContains,
    /// `matches`: a regular expression
    Matches,
    /// `exists`
    Exists,
    /// `missing`
    Missing,
}

impl Comparison {
    /// All words, longer ones before those that they begin with.
    const WORDS: [(&'static str, Self); 12] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
        ("not contains", Self::NotContains),
        ("contains", Self::Contains),
        ("matches", Self::Matches),
        ("exists", Self::Exists),
        ("missing", Self::Missing),
        ("in", Self::In),
    ];

    /// How it is written.
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, comparison)| *comparison == self);
        known.map(|(word, _)| *word).unwrap_or_default()
    }

    /// Whether it asks for the order of two numbers.
    pub fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }
}

/// What it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Nothing: `exists` and `missing`.
    None,
    /// One text or number.
    One(Template),
    /// Several: `in`.
    Many(Vec<Template>),
}

impl Operand {
    /// All templates of it.
    pub fn templates(&self) -> &[Template] {
        match self {
            Self::None => &[],
            Self::One(template) => std::slice::from_ref(template),
            Self::Many(templates) => templates,
        }
    }
}

/// What an answer must be.
///
/// ```text
/// check      = extract comparison [ operand ]
/// comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "contains" | "not contains"
///            | "matches" | "exists" | "missing"
/// operand    = text [in quotes], with variables; several after "in"; none after "exists"
/// ```
/// `status == 200`, `len($.farms) > 0`, `body matches "^<html"`, `$.id == ${orderId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is looked at.
    pub extract: Extract,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub operand: Operand,
    source: String,
}

written_as_text! {
    Check: TEXT, "a check such as `status == 200`, `$.token exists` or `len($.farms) > 0`",
        ["status == 200", "status in 200 201", "$.token exists", "len($.farms) > 0",
         "body contains \"farm\"", "duration < 500ms"];
}

impl Check {
    /// The check as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Check {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let (left, comparison, right) = split(source, Self::WANTED)?;
        let extract: Extract = left.parse()?;
        let operand = operand(comparison, right)?;
        let check = Self { extract, comparison, operand, source: source.trim().to_owned() };
        check.verify()?;
        Ok(check)
    }
}

impl Check {
    /// Whether what was written can ever be compared.
    fn verify(&self) -> Result<(), GrammarError> {
        let fixed = self.operand.templates().iter().filter_map(Template::as_literal);
        for text in fixed {
            let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
            let (fits, wanted) = match (&self.extract, self.comparison) {
                (_, Comparison::Matches | Comparison::Contains | Comparison::NotContains) => {
                    (true, "")
                }
                (Extract::Duration, _) => {
                    (is_number || text.parse::<Nanos>().is_ok(), Nanos::WANTED)
                }
                (Extract::Size, _) => (is_number || text.parse::<Bytes>().is_ok(), Bytes::WANTED),
                (Extract::Status | Extract::Rows | Extract::Length(_), _) => {
                    (text.parse::<u64>().is_ok(), "a whole number")
                }
                (_, order) if order.is_order() => (is_number, "a number"),
                (_, _) => (true, ""),
            };
            if !fits {
                let (extract, word) = (&self.extract, self.comparison.word());
                let message = format!("`{extract} {word}` takes {wanted}, found `{text}`");
                return Err(GrammarError::new(message));
            }
        }
        Ok(())
    }
}

/// What stands left and right of the comparison, which is the first one outside of quotes and
/// brackets.
pub(super) fn split<'a>(
    source: &'a str,
    wanted: &str,
) -> Result<(&'a str, Comparison, &'a str), GrammarError> {
    let source = source.trim();
    let mut after_space = false;
    for (at, char) in outside(source) {
        let (left, rest) = cut(source, at);
        let found = Comparison::WORDS.iter().find(|(word, _)| match rest.strip_prefix(word) {
            // A word stands between spaces, a sign doesn't have to.
            Some(after) if word.starts_with(char::is_alphabetic) => {
                after_space && (after.is_empty() || after.starts_with([' ', '\t', '"', '\'', '[']))
            }
            Some(_) => true,
            None => false,
        });
        if let Some((word, comparison)) = found {
            let right = rest.strip_prefix(word).unwrap_or_default().trim();
            return Ok((left.trim(), *comparison, right));
        }
        if char == '=' {
            return Err(GrammarError::new(format!("`=` in `{source}` must be `==`")));
        }
        after_space = char.is_whitespace();
    }
    let words = source.split_whitespace().nth(1).unwrap_or_default();
    let advice = did_you_mean(words, Comparison::WORDS.iter().map(|(word, _)| *word))
        .map(|meant| format!("; did you mean `{meant}`?"))
        .unwrap_or_default();
    Err(GrammarError::new(format!("expected {wanted}, found `{source}`{advice}")))
}

/// What stands right of the comparison.
pub(super) fn operand(comparison: Comparison, text: &str) -> Result<Operand, GrammarError> {
    let word = comparison.word();
    let missing = || GrammarError::new(format!("`{word}` takes a value after it"));
    match comparison {
        Comparison::Exists | Comparison::Missing if text.is_empty() => Ok(Operand::None),
        Comparison::Exists | Comparison::Missing => {
            Err(GrammarError::new(format!("`{word}` takes nothing after it, found `{text}`")))
        }
        _ if text.is_empty() => Err(missing()),
        Comparison::In => {
            let words = words(text)?;
            if words.is_empty() {
                return Err(missing());
            }
            words.iter().map(|word| word.parse()).collect::<Result<_, _>>().map(Operand::Many)
        }
        Comparison::Matches => {
            let pattern = unquote(text)?;
            pattern_groups(&pattern)?;
            Ok(Operand::One(Template::literal(pattern)))
        }
        Comparison::Equal
        | Comparison::NotEqual
        | Comparison::Less
        | Comparison::LessOrEqual
        | Comparison::Greater
        | Comparison::GreaterOrEqual
        | Comparison::Contains
        | Comparison::NotContains => {
            if text.starts_with('=') {
                return Err(GrammarError::new(format!("`{word}=` has one `=` too many")));
            }
            unquote(text)?.parse().map(Operand::One)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<Check>() {
            Ok(check) => {
                let operand: Vec<&str> =
                    check.operand.templates().iter().map(Template::source).collect();
                format!("{} ~ {} ~ {}", check.extract, check.comparison.word(), operand.join(" ~ "))
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn checks_are_read() {
        check("status == 200", "status ~ == ~ 200");
        check("status==200", "status ~ == ~ 200");
        check("status in 200 201", "status ~ in ~ 200 ~ 201");
        check("status in [200, 201]", "status ~ in ~ 200 ~ 201");
        check("$.token exists", "$.token ~ exists ~ ");
        check("len($.farms) > 0", "len($.farms) ~ > ~ 0");
        check("body contains \"a == b\"", "body ~ contains ~ a == b");
        check("body not contains error", "body ~ not contains ~ error");
        check("header Content-Type contains json", "header content-type ~ contains ~ json");
        check("rows == 1", "rows ~ == ~ 1");
        check("row.status == PENDING", "row.status ~ == ~ PENDING");
        check("$.id == ${orderId}", "$.id ~ == ~ ${orderId}");
        check("duration < 500ms", "duration ~ < ~ 500ms");
        check("size <= 5MiB", "size ~ <= ~ 5MiB");
        check("$..[?(@.a=='b c')].x != ''", "$..[?(@.a=='b c')].x ~ != ~ ");
        check("$['a in b'] == 5", "$['a in b'] ~ == ~ 5");
        check("$.inside in x", "$.inside ~ in ~ x");
        check(r#"body matches "^<html.*\d+$""#, r"body ~ matches ~ ^<html.*\d+$$");
        check("$.status == two words", "$.status ~ == ~ two words");
        check("regex \"id=(\\d+)\" == 7", "regex \"id=(\\d+)\" ~ == ~ 7");
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let wanted = Check::WANTED;
        check("status", &format!("expected {wanted}, found `status`"));
        check("", &format!("expected {wanted}, found ``"));
        check(
            "$.a exist",
            &format!("expected {wanted}, found `$.a exist`; did you mean `exists`?"),
        );
        check("status = 200", "`=` in `status = 200` must be `==`");
        check("status === 200", "`===` has one `=` too many");
        check("status ==", "`==` takes a value after it");
        check("status in", "`in` takes a value after it");
        check("$.a exists 5", "`exists` takes nothing after it, found `5`");
        check("status == ok", "`status ==` takes a whole number, found `ok`");
        check("$.a > x", "`$.a >` takes a number, found `x`");
        check("duration < 5x", &format!("`duration <` takes {}, found `5x`", Nanos::WANTED));
        check("body contains \"x", "the quotes of `\"x` don't match");
        check("$.id == ${x", "`${` at offset 0 of `${x` has no `}`");
        check("stauts == 200", "`stauts` is nothing that an answer has; did you mean `status`?");
    }

    #[test]
    fn a_path_or_pattern_that_is_wrong_is_found_before_the_run() {
        let error = |text: &str| text.parse::<Check>().unwrap_err().to_string();
        assert!(error("$.a[ exists").contains("expected a check"), "{}", error("$.a[ exists"));
        assert!(error("$.a..[ == 5]] == 2").contains("not a JSONPath"));
        assert!(
            error("body matches (").contains("is not a pattern: "),
            "{}",
            error("body matches (")
        );
        let large = "body matches (a{1000}){1000}";
        assert!(error(large).contains("is not a pattern"), "{}", error(large));
    }
}
