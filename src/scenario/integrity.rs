//! Assertions on the data of a database: `after == before + created("POST /api/orders")`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::diagnostic::did_you_mean;
use super::grammar::{GrammarError, written_as_text};
use super::words::{cut, outside, unquote};
use crate::units::Decimal;

/// What has to be true of a database when the run is over.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an assertion of `integrity`", deny_unknown_fields)]
#[schemars(rename = "Integrity")]
pub struct IntegritySpec {
    /// What it says, for reports.
    pub name: At<String>,
    /// Name of the database in `databases`; `default` if left out.
    #[serde(default)]
    pub database: Option<At<String>>,
    /// The statement, which only reads and gives one row with one number. It is asked before the
    /// first request and after the last.
    pub sql: At<String>,
    /// What the number has to be, for example `after == before + created("POST /api/orders")`.
    pub expect: At<Expected>,
}

/// What is held against the expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// `after`: the number after the run.
    After,
    /// `change`: by how much it is larger than before the run.
    Change,
}

/// How it is held against the expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versus {
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
}

/// One part of the sum that is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A number.
    Number(Decimal),
    /// `before`: the number before the run.
    Before,
    /// `created("POST /api/orders", …)`: how many requests of these endpoints have succeeded.
    Created(Vec<String>),
}

/// What a number of the database has to be.
///
/// ```text
/// expected = ( "after" | "change" ) ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum
/// sum      = [ "-" ] term { ( "+" | "-" ) term }
/// term     = number | "before" | "created(" endpoint { "," endpoint } ")"
/// ```
/// An endpoint is a pattern in which `*` stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What is held against the sum.
    pub held: Held,
    /// How.
    pub versus: Versus,
    /// The parts of the sum, each with whether it is taken away.
    pub terms: Vec<(Sign, Term)>,
    source: String,
}

/// Whether a part of the sum is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is added.
    Plus,
    /// It is taken away.
    Minus,
}

written_as_text! {
    Expected: TEXT, "an expectation such as `after == before + created(\"POST /api/orders\")`",
        ["after == 0", "after == before + created(\"POST /api/orders\")", "change <= 100"];
}

impl Versus {
    /// All, longer ones before those that they begin with.
    const WORDS: [(&'static str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// Whether `value` stands so to `expected`.
    pub fn holds(self, value: Decimal, expected: Decimal) -> bool {
        match self {
            Self::Equal => value == expected,
            Self::NotEqual => value != expected,
            Self::Less => value < expected,
            Self::LessOrEqual => value <= expected,
            Self::Greater => value > expected,
            Self::GreaterOrEqual => value >= expected,
        }
    }
}

impl Expected {
    /// The expectation as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The patterns of all endpoints whose requests are counted.
    pub fn endpoints(&self) -> impl Iterator<Item = &str> {
        let created = self.terms.iter().filter_map(|(_, term)| match term {
            Term::Created(patterns) => Some(patterns),
            Term::Number(_) | Term::Before => None,
        });
        created.flatten().map(String::as_str)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Expected {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let source = source.trim();
        let unfit = || {
            use super::grammar::Grammar;
            GrammarError::new(format!("expected {}, found `{source}`", Self::WANTED))
        };
        let starts = outside(source).into_iter().find(|(_, char)| "<>=!".contains(*char));
        let (left, rest) = cut(source, starts.ok_or_else(unfit)?.0);
        let known = Versus::WORDS.iter().find(|(word, _)| rest.starts_with(word));
        let Some((word, versus)) = known else {
            let message = format!("`=` in `{source}` must be `==`");
            return Err(if rest.starts_with('=') { GrammarError::new(message) } else { unfit() });
        };
        let right = rest.strip_prefix(word).unwrap_or_default();
        let (held, terms) = (held(left.trim())?, sum(right)?);
        Ok(Self { held, versus: *versus, terms, source: source.to_owned() })
    }
}

fn held(text: &str) -> Result<Held, GrammarError> {
    match text {
        "after" => Ok(Held::After),
        "change" => Ok(Held::Change),
        _ => {
            let advice = match did_you_mean(text, ["after", "change"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`after` and `change` (what is after minus what was before) can".to_owned(),
            };
            Err(GrammarError::new(format!("`{text}` can't stand on the left; {advice}")))
        }
    }
}

/// The parts between signs that stand outside of brackets.
fn sum(text: &str) -> Result<Vec<(Sign, Term)>, GrammarError> {
    let mut terms = Vec::new();
    let (mut from, mut sign) = (0, Sign::Plus);
    let signs = outside(text).into_iter().filter_map(|(at, char)| match char {
        '+' => Some((at, Sign::Plus)),
        '-' => Some((at, Sign::Minus)),
        _ => None,
    });
    for (at, next) in signs.chain([(text.len(), Sign::Plus)]) {
        let part = text.get(from..at).unwrap_or_default().trim();
        // Only the first part may have its sign before it.
        if from > 0 || !part.is_empty() || at == text.len() {
            terms.push((sign, term(part)?));
        }
        (from, sign) = (at + 1, next);
    }
    Ok(terms)
}

fn term(text: &str) -> Result<Term, GrammarError> {
    if text.is_empty() {
        return Err(GrammarError::new("a number, `before` or `created(\"…\")` is missing"));
    }
    if text == "before" {
        return Ok(Term::Before);
    }
    if let Some(rest) = text.strip_prefix("created").map(str::trim_start) {
        let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        return inner.map_or_else(|| Err(unknown(text)), endpoints).map(Term::Created);
    }
    text.parse().map(Term::Number).map_err(|_no_number| unknown(text))
}

fn unknown(text: &str) -> GrammarError {
    let word = text.split('(').next().unwrap_or(text).trim();
    let near = did_you_mean(word, ["before", "created"]);
    let advice = match near.or((word == "created").then_some(word)) {
        Some("created") => "write `created(\"POST /api/orders\")`".to_owned(),
        Some(near) => format!("did you mean `{near}`?"),
        None => "numbers, `before` and `created(\"…\")` can be added".to_owned(),
    };
    GrammarError::new(format!("`{text}` can't be expected; {advice}"))
}

/// Patterns between commas, with or without quotes.
fn endpoints(text: &str) -> Result<Vec<String>, GrammarError> {
    let mut patterns = Vec::new();
    let mut from = 0;
    let commas = outside(text).into_iter().filter(|(_, char)| *char == ',').map(|(at, _)| at);
    for at in commas.chain([text.len()]) {
        let pattern = unquote(text.get(from..at).unwrap_or_default().trim())?;
        if pattern.trim().is_empty() {
            let message = "`created` takes endpoints, for example `created(\"POST /api/orders\")`";
            return Err(GrammarError::new(message));
        }
        patterns.push(pattern.trim().to_owned());
        from = at + 1;
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<Expected>() {
            Ok(Expected { held, versus, terms, .. }) => {
                let terms = terms.iter().map(|(sign, term)| {
                    let sign = if *sign == Sign::Plus { "+" } else { "-" };
                    match term {
                        Term::Number(number) => format!(" {sign}{number}"),
                        Term::Before => format!(" {sign}before"),
                        Term::Created(patterns) => format!(" {sign}{patterns:?}"),
                    }
                });
                format!("{held:?} {versus:?}{}", terms.collect::<String>())
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn expectations_are_read() {
        check("after == 0", "After Equal +0");
        check("after==-1.50", "After Equal -1.5");
        check("change <= 100", "Change LessOrEqual +100");
        check("after != before", "After NotEqual +before");
        check(
            "after == before + created(\"POST /api/checkout\")",
            "After Equal +before +[\"POST /api/checkout\"]",
        );
        check(
            "after >= before - created('DELETE /a/{id}', POST /x-y*) + 2 - 1",
            "After GreaterOrEqual +before -[\"DELETE /a/{id}\", \"POST /x-y*\"] +2 -1",
        );
        check("change > created(\"a, b <= (c\")", "Change Greater +[\"a, b <= (c\"]");
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        check(
            "after",
            "expected an expectation such as `after == before + created(\"POST /api/orders\")`, found `after`",
        );
        check("after = 5", "`=` in `after = 5` must be `==`");
        check("aftr == 5", "`aftr` can't stand on the left; did you mean `after`?");
        check(
            "5 == after",
            "`5` can't stand on the left; `after` and `change` (what is after minus what was \
             before) can",
        );
        check("after == befor", "`befor` can't be expected; did you mean `before`?");
        check(
            "after == create(\"POST /x\")",
            "`create(\"POST /x\")` can't be expected; write `created(\"POST /api/orders\")`",
        );
        check(
            "after == created",
            "`created` can't be expected; write `created(\"POST /api/orders\")`",
        );
        check(
            "after == 1e9",
            "`1e9` can't be expected; numbers, `before` and `created(\"…\")` can be added",
        );
        for missing in ["after ==", "after == 5 +", "after == + + 5", "after == before - - 5"] {
            check(missing, "a number, `before` or `created(\"…\")` is missing");
        }
        check(
            "after == created(\"a\",)",
            "`created` takes endpoints, for example `created(\"POST /api/orders\")`",
        );
        check("after == created(\"a)", "the quotes of `\"a` don't match");
    }
}
