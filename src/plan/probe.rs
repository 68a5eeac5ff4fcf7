//! Checks and captures made executable: questions asked of an answer.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::sync::Arc;

use http::HeaderName;
use http::header::SET_COOKIE;
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Answer, Dice, Failure, HttpAnswer, Slot, Text, View};
use crate::names::ErrorKind;
use crate::scenario::{Comparison, Picker};
use crate::units::{Nanos, format_nanos};

/// What is asked of an answer.
#[derive(Debug)]
pub enum Question {
    /// A text of variables; the answer does not matter.
    Text(Text),
    /// The status.
    Status,
    /// The body as text.
    Body,
    /// The body's length in bytes.
    Size,
    /// The time of the whole exchange.
    Duration,
    /// A header's value.
    Header(HeaderName),
    /// A cookie that the answer sets.
    Cookie(String),
    /// Nodes of a JSON body (RFC 9535).
    Json(JsonPath),
    /// How many: elements of a list, characters of a text, or nodes found.
    Length(Box<Self>),
    /// The first group of each match in the body.
    Regex(Regex),
    /// Number of rows of an SQL answer.
    Rows,
    /// A column of the first row of an SQL answer.
    Row(String),
}

/// A check or condition made executable.
#[derive(Debug)]
pub struct Expectation {
    /// What is asked.
    pub question: Question,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub operands: Vec<Text>,
    /// A pattern for [`Comparison::Matches`].
    pub pattern: Option<Regex>,
    /// The check as its author wrote it.
    pub source: String,
}

/// A capture made executable.
#[derive(Debug)]
pub struct Catch {
    /// Which variable gets the value.
    pub slot: Slot,
    /// Its name, for messages.
    pub name: String,
    /// What is asked.
    pub question: Question,
    /// Which of several values is taken.
    pub picker: Picker,
    /// What is taken when there is none.
    pub default: Option<Text>,
    /// The capture as its author wrote it.
    pub source: String,
}

/// An answer that is being looked at: its body is parsed at most once.
#[derive(Debug)]
pub struct Looked<'a> {
    answer: Option<&'a Answer<'a>>,
    json: OnceCell<Option<Value>>,
}

impl<'a> Looked<'a> {
    /// Looks at an answer.
    pub fn at(answer: &'a Answer<'a>) -> Self {
        Self { answer: Some(answer), json: OnceCell::new() }
    }

    /// Looks at nothing: for conditions on variables.
    pub fn nothing() -> Self {
        Self { answer: None, json: OnceCell::new() }
    }

    /// The kind of failure that the status stands for, if it stands for one.
    pub fn status_class(&self) -> Option<ErrorKind> {
        match self.http()?.status {
            400..=499 => Some(ErrorKind::Status4xx),
            500.. => Some(ErrorKind::Status5xx),
            _ => None,
        }
    }

    fn http(&self) -> Option<&'a HttpAnswer<'a>> {
        match self.answer {
            Some(Answer::Http(answer)) => Some(answer),
            Some(Answer::Rows(_)) | None => None,
        }
    }

    fn json(&self) -> Option<&Value> {
        let parse = || serde_json::from_slice(self.http()?.body).ok();
        self.json.get_or_init(parse).as_ref()
    }

    fn body(&self) -> Cow<'a, str> {
        self.http().map_or(Cow::Borrowed(""), |answer| String::from_utf8_lossy(answer.body))
    }
}

impl Question {
    /// Whether the answer's body has to be read for it.
    pub fn needs_body(&self) -> bool {
        match self {
            Self::Body | Self::Json(_) | Self::Regex(_) => true,
            Self::Length(inner) => inner.needs_body(),
            Self::Text(_)
            | Self::Status
            | Self::Size
            | Self::Duration
            | Self::Header(_)
            | Self::Cookie(_)
            | Self::Rows
            | Self::Row(_) => false,
        }
    }

    /// Whether the values are likely to be secrets, which must not get into messages.
    fn is_secret(&self) -> bool {
        const WORDS: [&str; 5] = ["token", "secret", "password", "csrf", "session"];
        match self {
            Self::Cookie(_) | Self::Header(_) => true,
            Self::Json(path) => {
                let path = path.to_string().to_ascii_lowercase();
                WORDS.iter().any(|word| path.contains(word))
            }
            Self::Length(_)
            | Self::Text(_)
            | Self::Status
            | Self::Body
            | Self::Size
            | Self::Duration
            | Self::Regex(_)
            | Self::Rows
            | Self::Row(_) => false,
        }
    }

    /// Every value that answers the question.
    fn values(&self, looked: &Looked<'_>, view: &mut View<'_>) -> Vec<String> {
        let http = looked.http();
        match self {
            Self::Text(text) => text.render(view).into_iter().collect(),
            Self::Status => http.map(|answer| answer.status.to_string()).into_iter().collect(),
            Self::Body => vec![looked.body().into_owned()],
            Self::Size => http.map(|answer| answer.body_bytes.to_string()).into_iter().collect(),
            Self::Duration => duration(looked).map(|d| d.0.to_string()).into_iter().collect(),
            Self::Header(name) => headers(http, name),
            Self::Cookie(name) => cookie(http, name),
            Self::Json(path) => json_values(looked, path),
            Self::Length(inner) => vec![inner.length(looked, view).to_string()],
            Self::Regex(pattern) => groups(pattern, &looked.body()),
            Self::Rows => rows(looked).map(|rows| rows.count.to_string()).into_iter().collect(),
            Self::Row(column) => row(looked, column),
        }
    }

    fn length(&self, looked: &Looked<'_>, view: &mut View<'_>) -> usize {
        if let Self::Json(path) = self {
            let nodes = looked.json().map(|json| path.query(json).all()).unwrap_or_default();
            return match nodes.as_slice() {
                [Value::Array(list)] => list.len(),
                [Value::Object(map)] => map.len(),
                [Value::String(text)] => text.chars().count(),
                several => several.len(),
            };
        }
        match self.values(looked, view).as_slice() {
            [one] => one.chars().count(),
            several => several.len(),
        }
    }
}

fn rows<'a>(looked: &Looked<'a>) -> Option<&'a super::Rows> {
    match looked.answer {
        Some(Answer::Rows(rows)) => Some(rows),
        Some(Answer::Http(_)) | None => None,
    }
}

fn duration(looked: &Looked<'_>) -> Option<Nanos> {
    let http = looked.http().map(|answer| answer.duration);
    http.or_else(|| rows(looked).map(|rows| rows.duration))
}

fn row(looked: &Looked<'_>, column: &str) -> Vec<String> {
    let first = rows(looked).map(|rows| rows.first.as_slice()).unwrap_or_default();
    first.iter().filter(|(name, _)| name == column).filter_map(|(_, v)| v.clone()).collect()
}

fn headers(http: Option<&HttpAnswer<'_>>, name: &HeaderName) -> Vec<String> {
    http.into_iter()
        .flat_map(|answer| answer.headers.all(name.as_str()))
        .map(|value| String::from_utf8_lossy(value).into_owned())
        .collect()
}

fn cookie(http: Option<&HttpAnswer<'_>>, name: &str) -> Vec<String> {
    headers(http, &SET_COOKIE)
        .iter()
        .filter_map(|line| line.split(';').next()?.split_once('='))
        .filter(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
        .collect()
}

fn json_values(looked: &Looked<'_>, path: &JsonPath) -> Vec<String> {
    let Some(json) = looked.json() else { return Vec::new() };
    let text = |node: &Value| match node {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            node.to_string()
        }
    };
    path.query(json).all().into_iter().map(text).collect()
}

/// The first group of each match, or the whole match if the pattern has no group.
fn groups(pattern: &Regex, body: &str) -> Vec<String> {
    pattern
        .captures_iter(body)
        .filter_map(|found| found.get(1).or_else(|| found.get(0)))
        .map(|group| group.as_str().to_owned())
        .collect()
}

impl Expectation {
    /// Whether the answer is as expected; if not, the failure says what was there instead.
    pub fn check(&self, looked: &Looked<'_>, view: &mut View<'_>) -> Result<(), Failure> {
        let found = self.question.values(looked, view);
        let mut wanted = Vec::with_capacity(self.operands.len());
        for operand in &self.operands {
            let text = operand.render(view).map_err(|missing| {
                Failure::new(ErrorKind::Data, format!("check `{}`: {missing}", self.source))
            })?;
            wanted.push(text);
        }
        if self.compare(&found, &wanted) {
            return Ok(());
        }
        let was = self.describe(&found);
        Err(Failure::new(ErrorKind::Check, format!("check `{}` failed: {was}", self.source)))
    }

    /// Whether a condition on variables holds; one that can't be decided does not.
    pub fn holds(&self, view: &mut View<'_>) -> bool {
        self.check(&Looked::nothing(), view).is_ok()
    }

    fn compare(&self, found: &[String], wanted: &[String]) -> bool {
        let one = wanted.first().map_or("", String::as_str);
        let all = |test: &dyn Fn(&str) -> bool| {
            !found.is_empty() && found.iter().all(|value| test(value))
        };
        let order = |value: &str| self.order(value, one);
        match self.comparison {
            Comparison::Exists => found.iter().any(|value| !value.is_empty()),
            Comparison::Missing => found.is_empty(),
            Comparison::Equal => all(&|value| self.equal(value, one)),
            Comparison::NotEqual => all(&|value| !self.equal(value, one)),
            Comparison::In => all(&|value| wanted.iter().any(|wanted| self.equal(value, wanted))),
            Comparison::Contains => found.iter().any(|value| value.contains(one)),
            Comparison::NotContains => !found.iter().any(|value| value.contains(one)),
            Comparison::Matches => {
                all(&|value| self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(value)))
            }
            Comparison::Less => all(&|value| order(value).is_some_and(Ordering::is_lt)),
            Comparison::LessOrEqual => all(&|value| order(value).is_some_and(Ordering::is_le)),
            Comparison::Greater => all(&|value| order(value).is_some_and(Ordering::is_gt)),
            Comparison::GreaterOrEqual => all(&|value| order(value).is_some_and(Ordering::is_ge)),
        }
    }

    /// Numbers are equal by value (`1.0` is `1`), all else by text.
    fn equal(&self, value: &str, wanted: &str) -> bool {
        value == wanted || self.order(value, wanted).is_some_and(Ordering::is_eq)
    }

    /// How a value compares with the wanted one, both being numbers (or durations).
    fn order(&self, value: &str, wanted: &str) -> Option<Ordering> {
        // Whole numbers exactly: ids can be longer than a floating-point number is exact.
        if let (Ok(value), Ok(wanted)) = (value.parse::<i128>(), wanted.parse::<i128>()) {
            return Some(value.cmp(&wanted));
        }
        let wanted = match (&self.question, wanted.parse::<Nanos>()) {
            (Question::Duration, Ok(nanos)) => crate::units::count_to_f64(nanos.0),
            _ => wanted.parse().ok()?,
        };
        value.parse::<f64>().ok()?.partial_cmp(&wanted)
    }

    fn describe(&self, found: &[String]) -> String {
        let cut = |text: &str| {
            let short: String = text.chars().take(80).collect();
            if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
        };
        match (found, &self.question) {
            ([], _) => "found nothing".to_owned(),
            ([one], Question::Duration) => {
                let took = one.parse().map_or(Nanos::ZERO, Nanos);
                format!("it took {}", format_nanos(took))
            }
            (_, question) if question.is_secret() => "found something else".to_owned(),
            ([one], _) => format!("found {}", cut(one)),
            ([first, ..], _) => format!("found {} values, the first {}", found.len(), cut(first)),
        }
    }
}

impl Catch {
    /// Takes the value out of the answer and gives it to the variable.
    pub fn take(&self, looked: &Looked<'_>, view: &mut View<'_>) -> Result<(), Failure> {
        let values = self.question.values(looked, view);
        let picked = match self.picker {
            Picker::Count => Some(values.len().to_string()),
            Picker::All if !values.is_empty() => Some(values.join(",")),
            Picker::All => None,
            Picker::First => values.into_iter().next(),
            Picker::Last => values.into_iter().next_back(),
            Picker::Nth(at) => values.into_iter().nth(at),
            Picker::Random => random(values, view.dice),
        };
        let value = match (picked, &self.default) {
            (Some(value), _) => value,
            (None, Some(default)) => default
                .render(view)
                .map_err(|missing| Failure::new(ErrorKind::Data, missing.to_string()))?,
            (None, None) => {
                view.variables.unset(self.slot);
                let message = format!("capture `{}: {}` found nothing", self.name, self.source);
                return Err(Failure::new(ErrorKind::Capture, message));
            }
        };
        view.variables.set(self.slot, Arc::from(value));
        Ok(())
    }
}

fn random(values: Vec<String>, dice: &mut Dice) -> Option<String> {
    let at = dice.below(u64::try_from(values.len()).ok()?);
    values.into_iter().nth(usize::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::{Rows, Variables};
    use super::*;
    use crate::http1::{Header, Headers};

    const HEADERS: &[Header<'_>] = &[
        Header { name: "Content-Type", value: b"application/json" },
        Header { name: "set-cookie", value: b"sid=abc; Path=/; HttpOnly" },
    ];

    fn answer() -> Answer<'static> {
        Answer::Http(HttpAnswer {
            status: 200,
            headers: Headers::new(HEADERS),
            body: br#"{"farms":[{"id":"a","n":1},{"id":"b","n":2}],"total":2,"ok":true}"#,
            body_bytes: 66,
            duration: Nanos::from_millis(12),
        })
    }

    fn holds(question: Question, comparison: Comparison, operands: &[&str]) -> bool {
        let pattern = (comparison == Comparison::Matches).then(|| Regex::new(operands[0]).unwrap());
        let expectation = Expectation {
            question,
            comparison,
            operands: operands.iter().map(|text| Text::literal(text)).collect(),
            pattern,
            source: "x".to_owned(),
        };
        let (mut variables, mut dice) = (Variables::default(), Dice::new(0, 0));
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
        expectation.check(&Looked::at(&answer()), &mut view).is_ok()
    }

    fn path(text: &str) -> Question {
        Question::Json(JsonPath::parse(text).unwrap())
    }

    #[test]
    fn questions_find_what_is_in_the_answer() {
        use Comparison::*;
        assert!(holds(Question::Status, Equal, &["200"]));
        assert!(holds(Question::Status, In, &["201", "200"]));
        assert!(!holds(Question::Status, NotEqual, &["200"]));
        assert!(holds(path("$.total"), Greater, &["1.5"]));
        assert!(holds(path("$.farms[*].id"), In, &["a", "b"]));
        assert!(!holds(path("$.farms[*].id"), Equal, &["a"]));
        assert!(!holds(path("$.nothing"), Equal, &["1"]));
        assert!(holds(path("$.nothing"), Missing, &[]));
        assert!(holds(Question::Length(Box::new(path("$.farms"))), Equal, &["2"]));
        assert!(holds(
            Question::Header(HeaderName::from_static("content-type")),
            Contains,
            &["json"]
        ));
        assert!(holds(Question::Cookie("sid".to_owned()), Equal, &["abc"]));
        assert!(holds(Question::Duration, Less, &["20ms"]));
        assert!(!holds(Question::Duration, Less, &["10ms"]));
        assert!(holds(Question::Body, Matches, &["total.:2"]));
        assert!(holds(Question::Size, GreaterOrEqual, &["66"]));
        assert!(!holds(Question::Rows, Equal, &["0"]));
    }

    #[test]
    fn a_capture_without_a_value_is_a_failure_and_takes_the_old_value_away() {
        let (mut variables, mut dice) = (Variables::default(), Dice::new(3, 0));
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
        let mut catch = Catch {
            slot: Slot(0),
            name: "id".to_owned(),
            question: path("$.farms[*].id"),
            picker: Picker::Random,
            default: None,
            source: "$.farms[*].id".to_owned(),
        };
        catch.take(&Looked::at(&answer()), &mut view).unwrap();
        assert!(["a", "b"].contains(&&**view.variables.get(Slot(0)).unwrap()));
        catch.question = path("$.none");
        let failure = catch.take(&Looked::at(&answer()), &mut view).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Capture);
        assert!(view.variables.get(Slot(0)).is_none());
    }

    #[test]
    fn rows_answer_questions_too() {
        let rows = Rows {
            count: 1,
            first: vec![("status".to_owned(), Some("PENDING".to_owned()))],
            duration: Nanos(5),
        };
        let rows = Answer::Rows(&rows);
        let looked = Looked::at(&rows);
        let (mut variables, mut dice) = (Variables::default(), Dice::new(3, 0));
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
        assert_eq!(Question::Row("status".to_owned()).values(&looked, &mut view), ["PENDING"]);
        assert_eq!(Question::Rows.values(&looked, &mut view), ["1"]);
    }
}
