//! What a service says in Prometheus' text format, and rates of its counters.
//!
//! The format is that of <https://prometheus.io/docs/instrumenting/exposition_formats/>; what
//! OpenMetrics adds (units, exemplars, `# EOF`) is read over.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Instant;

use super::fetch::Fetch;
use super::gaps::Look;
use crate::plan::Fetched;
use crate::record::Reading;
use crate::scenario::MetricSelector;

/// The most series that one selector adds up; beyond it nothing is read of it.
const MAX_SERIES: usize = 10_000;
/// The format that is asked for.
const ACCEPT: &str = "text/plain;version=0.0.4;q=0.9,*/*;q=0.1";

/// One line of the text: a series and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'t> {
    /// Name of the metric.
    pub metric: &'t str,
    /// Labels as written, without the braces; empty without any.
    pub labels: &'t str,
    /// The value; it need not be finite.
    pub value: f64,
}

/// All series of a text, in its order. Lines that are none are left out.
pub fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines().filter_map(sample)
}

/// The labels of a [`Sample`]: names and values without their escapes, until what is no label.
pub fn labels(text: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once('=')?;
        let quoted = after.trim_start().strip_prefix('"')?;
        let end = closing(quoted)?;
        let (value, after) = quoted.split_at_checked(end)?;
        rest = after.get(1..)?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
        Some((name.trim(), plain(value)))
    })
}

/// One line; `None` for comments, empty lines and what is no sample.
fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim();
    let end = line.find(|c: char| c == '{' || c.is_ascii_whitespace())?;
    let (metric, rest) = line.split_at_checked(end)?;
    if metric.is_empty() || metric.starts_with('#') {
        return None;
    }
    let rest = rest.trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => {
            let end = brace(inner)?;
            let (labels, after) = inner.split_at_checked(end)?;
            (labels, after.get(1..)?)
        }
        None => ("", rest),
    };
    // A time and an exemplar may follow.
    let value = rest.split_ascii_whitespace().next()?;
    Some(Sample { metric, labels: labels.trim(), value: number(value)? })
}

/// A number as Go writes it.
fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        // Rust reads words such as `infinity`, too.
        _ if text.bytes().any(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// Where the brace is that closes the labels: one in a text does not.
fn brace(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let next = rest.find(['"', '}'])?;
        if rest.get(next..)?.starts_with('}') {
            return Some(at + next);
        }
        at += next + 1;
        at += closing(text.get(at..)?)? + 1;
    }
}

/// Where the quote is that ends a text: one behind a backslash does not.
fn closing(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = |(_, byte): &(usize, u8)| {
        let found = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        found
    };
    text.bytes().enumerate().find(end).map(|(at, _)| at)
}

/// A label's value without its escapes.
fn plain(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

/// An address and what is read there.
#[derive(Debug)]
pub(super) struct Scrape {
    fetch: Fetch,
    wanted: Vec<Wanted>,
    /// When it was read before.
    before: Option<Instant>,
}

/// One reading.
#[derive(Debug)]
struct Wanted {
    name: String,
    selector: MetricSelector,
    /// Of a counter its series as they were before; `None` of what is no counter.
    counted: Option<HashMap<String, f64>>,
}

impl Scrape {
    pub(super) fn new(
        asked: &Fetched,
        readings: &[(String, MetricSelector)],
    ) -> Result<Self, String> {
        let wanted = readings.iter().map(|(name, selector)| Wanted::new(name, selector));
        Ok(Self { fetch: Fetch::new(asked, ACCEPT)?, wanted: wanted.collect(), before: None })
    }

    pub(super) async fn look(&mut self) -> Result<Look, String> {
        let body = self.fetch.body().await?;
        let text = String::from_utf8_lossy(&body);
        let now = Instant::now();
        let passed = self.before.replace(now).map(|before| now.duration_since(before));
        read(&text, &mut self.wanted, passed.map(|passed| passed.as_secs_f64()))
    }
}

impl Wanted {
    fn new(name: &str, selector: &MetricSelector) -> Self {
        let counted = selector.rate_name().map(|_| HashMap::new());
        Self { name: name.to_owned(), selector: selector.clone(), counted }
    }

    /// The series of `text` that are meant.
    fn series<'t>(&self, text: &'t str) -> Vec<Sample<'t>> {
        let is_meant = |sample: &Sample<'_>| {
            if sample.metric != self.selector.metric {
                return false;
            }
            let all: Vec<(&str, Cow<'_, str>)> = labels(sample.labels).collect();
            self.selector.takes(sample.metric, |wanted| {
                all.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_ref())
            })
        };
        samples(text).filter(is_meant).take(MAX_SERIES + 1).collect()
    }

    /// The sum of what is meant, of a counter its rate; `None` of one that has no beginning yet.
    fn read(&mut self, text: &str, passed: Option<f64>) -> Result<Option<f64>, String> {
        let series = self.series(text);
        match series.len() {
            0 => return Err("there is no such series".to_owned()),
            many if many > MAX_SERIES => return Err(format!("more than {MAX_SERIES} series fit")),
            _ => {}
        }
        let finite = series.iter().filter(|sample| sample.value.is_finite());
        let Some(before) = &mut self.counted else {
            let values: Vec<f64> = finite.map(|sample| sample.value).collect();
            return Ok((!values.is_empty()).then(|| values.iter().sum()));
        };
        let now: HashMap<String, f64> =
            finite.map(|sample| (sample.labels.to_owned(), sample.value)).collect();
        let is_first = before.is_empty();
        // One that has fallen was counted anew from 0, as a series does that is new.
        let grown = now.iter().map(|(labels, value)| match before.get(labels) {
            Some(earlier) if earlier <= value => value - earlier,
            Some(_) | None => *value,
        });
        let grown: f64 = grown.sum();
        *before = now;
        Ok(passed.filter(|passed| *passed > 0.0 && !is_first).map(|passed| grown / passed))
    }
}

/// The readings of a text; one that is not there is a note, as long as another is.
fn read(text: &str, wanted: &mut [Wanted], passed: Option<f64>) -> Result<Look, String> {
    if samples(text).next().is_none() {
        return Err("the answer is not in Prometheus' text format".to_owned());
    }
    let mut look = Look::default();
    for one in wanted {
        match one.read(text, passed) {
            Ok(value) => {
                let reading = |value| Reading::new(one.name.as_str(), value);
                look.readings.extend(value.and_then(reading));
            }
            Err(why) => look.notes.push(format!("`{}` was not read: {why}", one.selector)),
        }
    }
    Ok(look)
}

#[cfg(test)]
mod tests;
