//! What is taken from an answer, and kept.

use std::fmt;
use std::str::FromStr;

use super::diagnostic::did_you_mean;
use super::grammar::{GrammarError, written_as_text};
use super::template::Template;
use super::words::{cut, first_word, outside, unquote};

/// The largest compiled pattern in bytes.
const MAX_PATTERN: usize = 1_000_000;

/// What is looked at in an answer.
///
/// ```text
/// extract = "status" | "body" | "size" | "duration" | "rows" | "row." column
///         | "header " name | "cookie " name | JSONPath
///         | "len(" extract ")" | "regex " quoted pattern with one group
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extract {
    /// Status code.
    Status,
    /// Body as text.
    Body,
    /// Bytes of the body.
    Size,
    /// Sending, waiting and receiving.
    Duration,
    /// A header by its name (lower case).
    Header(String),
    /// A cookie that the answer sets, by its name.
    Cookie(String),
    /// What a JSONPath finds in the body.
    Json(JsonPath),
    /// How many elements (or characters) it has.
    Length(Box<Self>),
    /// The group of a pattern, wherever it matches the body.
    Regex(String),
    /// Rows of an `sql` step.
    Rows,
    /// A column of the first row of an `sql` step.
    Row(String),
}

/// A JSONPath (RFC 9535), known to be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(String);

written_as_text! {
    JsonPath: TEXT, "a JSONPath such as `$.version`", ["$.version", "$.farms[*].id"];
    Capture: TEXT, "what to keep, such as `$.id`, `$.farms[*].id | random` or `header location`",
        ["$.token", "$.farms[*].id | random", "header location", "regex \"csrf=([^&]+)\" | first"];
}

impl JsonPath {
    /// The path to a key of the root; the key is a plain word.
    pub(super) fn of_key(key: &str) -> Self {
        Self(format!("$.{key}"))
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JsonPath {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        match serde_json_path::JsonPath::parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => {
                Err(GrammarError::new(format!("`{text}` is not a JSONPath: {}", error.message())))
            }
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `pattern` is one that can be used, and how many groups it has.
pub(super) fn pattern_groups(pattern: &str) -> Result<usize, GrammarError> {
    match regex::RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build() {
        Ok(regex) => Ok(regex.captures_len() - 1),
        Err(error) => {
            let text = error.to_string();
            let reason =
                text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            Err(GrammarError::new(format!("`{pattern}` is not a pattern: {reason}")))
        }
    }
}

impl FromStr for Extract {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let text = text.trim();
        if text.starts_with('$') {
            return text.parse().map(Self::Json);
        }
        if let Some(inner) = text.strip_prefix("len(").and_then(|rest| rest.strip_suffix(')')) {
            return inner.parse().map(|inner| Self::Length(Box::new(inner)));
        }
        if let Some(column) = text.strip_prefix("row.") {
            return named(column, text, "row.status").map(Self::Row);
        }
        match first_word(text) {
            ("status", "") => Ok(Self::Status),
            ("body", "") => Ok(Self::Body),
            ("size", "") => Ok(Self::Size),
            ("duration", "") => Ok(Self::Duration),
            ("rows", "") => Ok(Self::Rows),
            ("header", name) => {
                named(name, text, "header location").map(|name| Self::Header(name.to_lowercase()))
            }
            ("cookie", name) => named(name, text, "cookie csrf").map(Self::Cookie),
            ("regex", pattern) => regex_extract(pattern),
            (word, _) => Err(unknown(text, word)),
        }
    }
}

fn named(name: &str, text: &str, example: &str) -> Result<String, GrammarError> {
    let fits =
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "\"'()".contains(c));
    let message =
        || GrammarError::new(format!("`{text}` names nothing: write it like `{example}`"));
    fits.then(|| name.to_owned()).ok_or_else(message)
}

fn regex_extract(pattern: &str) -> Result<Extract, GrammarError> {
    if pattern.is_empty() {
        return Err(GrammarError::new("`regex` takes a pattern, like `regex \"csrf=([^&]+)\"`"));
    }
    let pattern = unquote(pattern)?;
    match pattern_groups(&pattern)? {
        1 => Ok(Extract::Regex(pattern)),
        count => Err(GrammarError::new(format!(
            "the pattern `{pattern}` has {count} groups, it takes one: the text to keep"
        ))),
    }
}

fn unknown(text: &str, word: &str) -> GrammarError {
    let known = ["status", "body", "size", "duration", "rows", "header", "cookie", "regex", "len"];
    let advice = match did_you_mean(word, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            format!("known are {}, `row.column` and JSONPaths such as `$.id`", known.join(", "))
        }
    };
    GrammarError::new(format!("`{text}` is nothing that an answer has; {advice}"))
}

impl fmt::Display for Extract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status => f.write_str("status"),
            Self::Body => f.write_str("body"),
            Self::Size => f.write_str("size"),
            Self::Duration => f.write_str("duration"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::Json(path) => write!(f, "{path}"),
            Self::Length(inner) => write!(f, "len({inner})"),
            Self::Regex(pattern) => write!(f, "regex \"{}\"", pattern.replace('"', "\\\"")),
            Self::Rows => f.write_str("rows"),
            Self::Row(column) => write!(f, "row.{column}"),
        }
    }
}

/// Which of several values is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Picker {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
    /// Any one, by the run's seed.
    Random,
    /// All of them, joined by commas.
    All,
    /// The one with this number, counted from 0.
    Nth(usize),
    /// How many there are.
    Count,
}

/// What is kept of an answer in a variable.
///
/// ```text
/// capture = extract [ "|" picker ] [ "|" "default" text ]
/// picker  = "first" | "last" | "random" | "all" | "count" | "nth" number
/// ```
/// Without a default, an answer in which nothing is found is a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Where to look.
    pub extract: Extract,
    /// Which of the values found.
    pub picker: Picker,
    /// Kept when nothing is found.
    pub default: Option<Template>,
    source: String,
}

impl Capture {
    /// The capture as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Capture {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for (at, _) in outside(source).into_iter().filter(|(_, char)| *char == '|') {
            pieces.push(source.get(from..at).unwrap_or_default().trim());
            from = at + 1;
        }
        pieces.push(cut(source, from).1.trim());
        let mut pieces = pieces.into_iter();
        let extract = pieces.next().unwrap_or_default().parse()?;
        let mut capture =
            Self { extract, picker: Picker::First, default: None, source: source.to_owned() };
        for (at, piece) in pieces.enumerate() {
            match first_word(piece) {
                ("default", text) if capture.default.is_none() => {
                    capture.default = Some(unquote(text)?.parse()?);
                }
                _ if at == 0 => capture.picker = piece.parse()?,
                _ => {
                    let message = format!("`| {piece}` is one too many: a picker and a default");
                    return Err(GrammarError::new(message));
                }
            }
        }
        Ok(capture)
    }
}

impl FromStr for Picker {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        match first_word(text) {
            ("first", "") => Ok(Self::First),
            ("last", "") => Ok(Self::Last),
            ("random", "") => Ok(Self::Random),
            ("all", "") => Ok(Self::All),
            ("count", "") => Ok(Self::Count),
            ("nth", number) => match number.parse() {
                Ok(number) => Ok(Self::Nth(number)),
                Err(_) => Err(GrammarError::new("`nth` takes a number from 0, like `nth 2`")),
            },
            (word, _) => {
                let known = ["first", "last", "random", "all", "count", "nth", "default"];
                let advice = match did_you_mean(word, known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("known are {}", known.join(", ")),
                };
                Err(GrammarError::new(format!("`| {text}` picks nothing; {advice}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<Capture>() {
            Ok(Capture { extract, picker, default, .. }) => {
                let default = default.map(|text| format!(" or {text}")).unwrap_or_default();
                format!("{extract} {picker:?}{default}")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn captures_are_read() {
        check("$.farms[*].id | random", "$.farms[*].id Random");
        check("$.a[?@.b == 'x|y' || @.c].id | last", "$.a[?@.b == 'x|y' || @.c].id Last");
        check("header Location", "header location First");
        check("cookie csrf", "cookie csrf First");
        check("regex \"csrf=([^&|]+)\" | first", "regex \"csrf=([^&|]+)\" First");
        check("status", "status First");
        check("row.id", "row.id First");
        check("$.x | default none", "$.x First or none");
        check("$.x | nth 2 | default ''", "$.x Nth(2) or ");
        check("len($.x)", "len($.x) First");
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        check("$.x | radnom", "`| radnom` picks nothing; did you mean `random`?");
        check("$.x | nth x", "`nth` takes a number from 0, like `nth 2`");
        check("$.x | first | last", "`| last` is one too many: a picker and a default");
        check("header", "`header` names nothing: write it like `header location`");
        check("row.", "`row.` names nothing: write it like `row.status`");
        check("regex \"a\"", "the pattern `a` has 0 groups, it takes one: the text to keep");
        check("regex", "`regex` takes a pattern, like `regex \"csrf=([^&]+)\"`");
        check("headers x", "`headers x` is nothing that an answer has; did you mean `header`?");
        let bad = "$.x[".parse::<Capture>().unwrap_err().to_string();
        assert!(bad.starts_with("`$.x[` is not a JSONPath: "), "{bad}");
    }
}
