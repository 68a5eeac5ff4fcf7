//! A document that somebody has, read back: whether it is what loadgate wrote.

use serde_json::Value;
use thiserror::Error;

use super::{
    DecisionDocument, FORMAT, HTML_END, HTML_START, MARKDOWN_END, MARKDOWN_START, canonical,
};

/// In what form a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The document for machines.
    Json,
    /// The page.
    Html,
    /// Markdown.
    Markdown,
}

/// Why a file is no document that can be verified.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is something else.
    #[error("there are no data of a decision in it")]
    NoDocument,
    /// Its data can't be read.
    #[error("its data can't be read: {0}")]
    Damaged(String),
    /// It was written by another loadgate.
    #[error("its data are of format {found}; this loadgate reads format {FORMAT}")]
    Format {
        /// The format of the file.
        found: u64,
    },
    /// It does not say what its data say.
    #[error("{0}")]
    Edited(String),
}

/// Reads a document. It is given back only if every character of the file follows from its data.
pub fn read(text: &str) -> Result<(Kind, DecisionDocument), ReadError> {
    let kind = match text.trim_start().chars().next() {
        Some('{') => Kind::Json,
        Some('<') => Kind::Html,
        Some(_) | None => Kind::Markdown,
    };
    let (data, claimed) = data(kind, text)?;
    let found = data.get("loadgate_decision").and_then(Value::as_u64);
    match found {
        Some(found) if found == u64::from(FORMAT) => {}
        Some(found) => return Err(ReadError::Format { found }),
        None => return Err(ReadError::NoDocument),
    }
    let damaged = |error: serde_json::Error| ReadError::Damaged(error.to_string());
    let document: DecisionDocument = serde_json::from_value(data.clone()).map_err(damaged)?;
    let fault = |error: super::RenderError| ReadError::Damaged(error.to_string());
    let sha256 = document.sha256().map_err(fault)?;
    if claimed.is_some_and(|claimed| claimed != sha256) {
        let text = format!("its data were changed: their SHA-256 is {sha256}, not what it says");
        return Err(ReadError::Edited(text));
    }
    let written = match kind {
        Kind::Json => document.json(),
        Kind::Html => document.html(),
        Kind::Markdown => document.markdown(),
    };
    let written = written.map_err(fault)?;
    if written == text {
        return Ok((kind, document));
    }
    // Data that are not spelled as the document's own were not written by it.
    let own = serde_json::to_value(&document).map_err(damaged)?;
    let what = if canonical(&own) == canonical(&data) { "what it shows" } else { "its data" };
    Err(ReadError::Edited(told(what, &document.loadgate, (&written, text))))
}

/// The data of a file, and the hash that stands beside them.
fn data(kind: Kind, text: &str) -> Result<(Value, Option<String>), ReadError> {
    let parsed = |text: &str| {
        serde_json::from_str::<Value>(text).map_err(|error| ReadError::Damaged(error.to_string()))
    };
    match kind {
        Kind::Json => {
            let Value::Object(mut entries) = parsed(text)? else {
                return Err(ReadError::NoDocument);
            };
            let claimed = entries.get("sha256").and_then(Value::as_str).map(str::to_owned);
            let data = entries.remove("data").ok_or(ReadError::NoDocument)?;
            Ok((data, claimed))
        }
        Kind::Html => Ok((parsed(between(text, HTML_START, HTML_END)?)?, None)),
        Kind::Markdown => {
            let start = format!("\n{MARKDOWN_START}\n");
            Ok((parsed(between(text, &start, &format!("\n{MARKDOWN_END}\n"))?)?, None))
        }
    }
}

/// What stands between the last `start` and the next `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Result<&'a str, ReadError> {
    let (_, rest) = text.rsplit_once(start).ok_or(ReadError::NoDocument)?;
    rest.split_once(end).map(|(data, _)| data).ok_or(ReadError::NoDocument)
}

/// The first line that differs.
fn told(what: &str, loadgate: &str, (written, text): (&str, &str)) -> String {
    const MOST: usize = 160;
    let short = |line: Option<&str>| -> String {
        let line = line.unwrap_or("nothing");
        let cut: String = line.chars().take(MOST).collect();
        if cut.len() < line.len() { format!("{cut}…") } else { cut }
    };
    let mut pairs = Lines { written: written.lines(), text: text.lines() };
    let differs = pairs.by_ref().enumerate().find(|(_, (own, found))| own != found);
    let place = match differs {
        Some((at, (own, found))) => format!(
            "line {} is `{}`, and its data make `{}` of it",
            at.saturating_add(1),
            short(found),
            short(own)
        ),
        None => "line ends differ".to_owned(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let other = if loadgate == version {
        String::new()
    } else {
        format!(
            " (it was written by loadgate {loadgate}; this is {version}, which may lay it out otherwise)"
        )
    };
    format!("{what} was changed: {place}{other}")
}

/// The lines of two texts side by side, to the end of the longer.
struct Lines<'a> {
    written: std::str::Lines<'a>,
    text: std::str::Lines<'a>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (Option<&'a str>, Option<&'a str>);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.written.next(), self.text.next()) {
            (None, None) => None,
            both => Some(both),
        }
    }
}
