//! Checks and captures made executable: questions asked of an answer.

mod catch;
mod expectation;
mod found;
mod path;
mod skim;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::ops::ControlFlow::{self, Continue};

pub use catch::Catch;
pub use expectation::Expectation;
use found::{Found, Nodes};
use http::HeaderName;
use http::header::SET_COOKIE;
pub use path::Path;
use path::Wanted;
use regex::Regex;
use serde_json::Value;

use super::{Answer, HttpAnswer, Rows, Text};
use crate::names::ErrorKind;
use crate::units::Nanos;

/// How often the text of a body is read before it is parsed, once for all that follow. Parsing costs
/// as much as reading it nine times (20 µs and 2.3 µs for 2.5 KB on a busy machine, 2026-11-22), so
/// that a body costs at most twice what the better way would have.
const MAX_READINGS: u32 = 8;

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
    /// Nodes of a JSON body.
    Json(Path),
    /// How many: elements of a list, characters of a text, or nodes found.
    Length(Box<Self>),
    /// The first group of each match in the body.
    Regex(Regex),
    /// Number of rows of an SQL answer.
    Rows,
    /// A column of the first row of an SQL answer.
    Row(String),
}

/// An answer that is being looked at: its body is parsed at most once, and only if it has to be.
#[derive(Debug)]
pub struct Looked<'a> {
    answer: Option<&'a Answer<'a>>,
    text: OnceCell<Option<&'a str>>,
    json: OnceCell<Option<Value>>,
    readings: Cell<u32>,
}

/// What is asked of, ready to be gone through more than once.
#[derive(Debug)]
enum Values<'v, 'a> {
    /// Of a JSON body.
    Nodes(Nodes<'v>),
    /// Of everything else, where it lies.
    Asked(&'v Question, &'v Looked<'a>, Option<&'v str>),
}

/// What is done with one value after the other, until it breaks off.
type Sink<'s> = &'s mut dyn FnMut(Found<'_>) -> ControlFlow<()>;

impl<'a> Looked<'a> {
    /// Looks at an answer.
    pub fn at(answer: &'a Answer<'a>) -> Self {
        Self { answer: Some(answer), ..Self::nothing() }
    }

    /// Looks at nothing: for conditions on variables.
    pub fn nothing() -> Self {
        Self { answer: None, text: OnceCell::new(), json: OnceCell::new(), readings: Cell::new(0) }
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

    fn rows(&self) -> Option<&'a Rows> {
        match self.answer {
            Some(Answer::Rows(rows)) => Some(rows),
            Some(Answer::Http(_)) | None => None,
        }
    }

    fn duration(&self) -> Option<Nanos> {
        let http = self.http().map(|answer| answer.duration);
        http.or_else(|| self.rows().map(|rows| rows.duration))
    }

    /// The body, if it is UTF-8 throughout.
    fn text(&self) -> Option<&'a str> {
        *self.text.get_or_init(|| std::str::from_utf8(self.http()?.body).ok())
    }

    fn body(&self) -> Cow<'a, str> {
        match (self.text(), self.http()) {
            (Some(text), _) => Cow::Borrowed(text),
            (None, Some(answer)) => String::from_utf8_lossy(answer.body),
            (None, None) => Cow::Borrowed(""),
        }
    }

    fn json(&self) -> Option<&Value> {
        let parse = || serde_json::from_str(self.text()?).ok();
        self.json.get_or_init(parse).as_ref()
    }

    /// What lies at a path of a JSON body.
    fn nodes(&self, path: &Path, wanted: Wanted) -> Nodes<'_> {
        if self.json.get().is_none() && self.readings.get() < MAX_READINGS {
            self.readings.set(self.readings.get() + 1);
            let Some(body) = self.text() else { return Nodes::default() };
            if let Some(nodes) = path.follow(body, wanted) {
                return nodes;
            }
        }
        self.json().map(|json| path.find(json)).unwrap_or_default()
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

    /// Every value that answers the question; `text` is that of a [`Question::Text`].
    fn values<'v, 'a>(&'v self, looked: &'v Looked<'a>, text: Option<&'v str>) -> Values<'v, 'a> {
        if let Self::Json(path) = self {
            Values::Nodes(looked.nodes(path, Wanted::Value))
        } else {
            Values::Asked(self, looked, text)
        }
    }

    fn each(&self, looked: &Looked<'_>, text: Option<&str>, see: Sink<'_>) -> ControlFlow<()> {
        let http = looked.http();
        match self {
            Self::Text(_) => text.map(Found::Text).into_iter().try_for_each(see),
            Self::Status => {
                http.into_iter().try_for_each(|http| see(Found::Whole(http.status.into())))
            }
            Self::Body => see(Found::Text(&looked.body())),
            Self::Size => http.into_iter().try_for_each(|http| see(Found::Whole(http.body_bytes))),
            Self::Duration => {
                looked.duration().into_iter().try_for_each(|duration| see(Found::Whole(duration.0)))
            }
            Self::Header(name) => headers(http, name)
                .try_for_each(|value| see(Found::Text(&String::from_utf8_lossy(value)))),
            Self::Cookie(name) => cookies(http, name, see),
            Self::Json(path) => Values::Nodes(looked.nodes(path, Wanted::Value)).each(see),
            Self::Length(inner) => see(Found::Whole(inner.length(looked, text))),
            Self::Regex(pattern) => pattern
                .captures_iter(&looked.body())
                .filter_map(|found| found.get(1).or_else(|| found.get(0)))
                .try_for_each(|group| see(Found::Text(group.as_str()))),
            Self::Rows => {
                looked.rows().into_iter().try_for_each(|rows| see(Found::Whole(rows.count)))
            }
            Self::Row(column) => {
                let first = looked.rows().map(|rows| rows.first.as_slice()).unwrap_or_default();
                let values = first.iter().filter(|(name, _)| name == column);
                values.flat_map(|(_, value)| value).try_for_each(|value| see(Found::Text(value)))
            }
        }
    }

    fn length(&self, looked: &Looked<'_>, text: Option<&str>) -> u64 {
        let length = if let Self::Json(path) = self {
            looked.nodes(path, Wanted::Length).length()
        } else {
            let (mut count, mut length) = (0, 0);
            let _all = self.each(looked, text, &mut |found| {
                count += 1;
                length = found.text().chars().count();
                Continue(())
            });
            if count == 1 { length } else { count }
        };
        u64::try_from(length).unwrap_or(u64::MAX)
    }
}

impl Values<'_, '_> {
    /// Goes through all values.
    fn each(&self, see: Sink<'_>) -> ControlFlow<()> {
        match self {
            Self::Nodes(nodes) => nodes.iter().try_for_each(|node| node.show(&mut *see)),
            Self::Asked(question, looked, text) => question.each(looked, *text, see),
        }
    }

    /// How many there are.
    fn count(&self) -> usize {
        if let Self::Nodes(nodes) = self {
            return nodes.len();
        }
        let mut count = 0;
        let _all = self.each(&mut |_| {
            count += 1;
            Continue(())
        });
        count
    }
}

fn headers<'a>(http: Option<&HttpAnswer<'a>>, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    http.into_iter().flat_map(|answer| answer.headers.all(name.as_str()))
}

/// The values of a cookie that the answer sets.
fn cookies(http: Option<&HttpAnswer<'_>>, name: &str, see: Sink<'_>) -> ControlFlow<()> {
    for line in headers(http, &SET_COOKIE) {
        let line = String::from_utf8_lossy(line);
        let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
        if let Some((_, value)) = pair.filter(|(found, _)| found.trim() == name) {
            see(Found::Text(value.trim()))?;
        }
    }
    Continue(())
}
