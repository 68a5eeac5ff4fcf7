//! Which series of Prometheus: `http_requests_total{code="500"}`.

use std::fmt;
use std::str::FromStr;

use super::grammar::GrammarError;

/// The longest selector in bytes.
const MAX_SELECTOR: usize = 500;

/// A metric of Prometheus and which of its series; what several series say is added up.
///
/// ```text
/// selector = name [ "{" [ label { "," label } [ "," ] ] "}" ]
/// label    = name ( "=" | "!=" ) '"' text '"'
/// ```
/// In a text `\\`, `\"` and `\n` stand for the characters that they stand for in Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricSelector {
    /// The metric's name.
    pub metric: String,
    /// All must hold.
    labels: Vec<LabelTest>,
    source: String,
}

/// What a label must or must not be; a label that a series does not have is the empty text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LabelTest {
    name: String,
    value: String,
    negated: bool,
}

impl MetricSelector {
    /// The selector as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether a series with these labels is meant; `label` gives the value of a label.
    pub fn takes<'a>(&self, metric: &str, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let holds = |test: &LabelTest| {
            (label(&test.name).unwrap_or_default() == test.value) != test.negated
        };
        self.metric == metric && self.labels.iter().all(holds)
    }

    /// What a counter is called as a rate: `http_requests_per_s{code="500"}`; `None` for what does
    /// not end in `_total`.
    pub fn rate_name(&self) -> Option<String> {
        let base = self.metric.strip_suffix("_total")?;
        let labels = self.source.get(self.metric.len()..).unwrap_or_default();
        Some(format!("{base}_per_s{labels}"))
    }
}

impl fmt::Display for MetricSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for MetricSelector {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let source = source.trim();
        let unfit = |why: &str| {
            GrammarError::new(format!(
                "`{source}` is no metric such as `http_requests_total{{code=\"500\"}}`: {why}"
            ))
        };
        if source.len() > MAX_SELECTOR {
            return Err(GrammarError::new(format!(
                "a metric with its labels has at most {MAX_SELECTOR} bytes"
            )));
        }
        let (metric, rest) = match source.split_once('{') {
            Some((metric, rest)) => (metric.trim_end(), Some(rest)),
            None => (source, None),
        };
        if !is_name(metric, ":") {
            return Err(unfit("a name has letters, digits, `_` and `:`"));
        }
        let labels = match rest {
            None => Vec::new(),
            Some(rest) => labels(rest).map_err(unfit)?,
        };
        let source = source.to_owned();
        Ok(Self { metric: metric.to_owned(), labels, source })
    }
}

/// Whether it is a name of Prometheus; metrics may have a `:` in it.
fn is_name(text: &str, also: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
    !text.is_empty() && text.chars().all(fits) && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// What stands after the brace.
fn labels(text: &str) -> Result<Vec<LabelTest>, &'static str> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return if after.trim().is_empty() {
                Ok(all)
            } else {
                Err("nothing stands after the `}`")
            };
        }
        let at = rest.find(['=', '!']).ok_or("a label is `name=\"text\"`")?;
        let (name, relation) = rest.split_at_checked(at).ok_or("a label is `name=\"text\"`")?;
        let (negated, value) = match relation.strip_prefix("!=") {
            Some(value) => (true, value),
            None => (false, relation.strip_prefix('=').ok_or("labels have `=` and `!=`")?),
        };
        if value.starts_with('~') || relation.starts_with("!~") {
            return Err("labels have `=` and `!=`; all series that fit are added up");
        }
        if !is_name(name.trim(), "") {
            return Err("a label's name has letters, digits and `_`");
        }
        let quoted = value.trim_start().strip_prefix('"').ok_or("a label is `name=\"text\"`")?;
        let (value, after) = unescaped(quoted).ok_or("a text has no end")?;
        all.push(LabelTest { name: name.trim().to_owned(), value, negated });
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if rest.starts_with('}') => rest,
            None => return Err("labels are separated by `,` and end with `}`"),
        };
    }
}

/// A text up to its closing quote without its escapes, and what follows; `None` without an end.
fn unescaped(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        let (at, character) = characters.next()?;
        match character {
            '"' => return Some((value, text.get(at + 1..).unwrap_or_default())),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(selector: &str, metric: &str, labels: &[(&str, &str)]) -> bool {
        let selector: MetricSelector = selector.parse().unwrap();
        let label =
            |wanted: &str| labels.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        selector.takes(metric, label)
    }

    #[test]
    fn a_selector_takes_the_series_whose_labels_fit() {
        let labels = [("code", "500"), ("path", "a\"b")];
        assert!(takes("m", "m", &labels));
        assert!(!takes("m", "n", &labels));
        assert!(takes("m{code=\"500\"}", "m", &labels));
        assert!(!takes("m{code=\"404\"}", "m", &labels));
        assert!(takes("m { code != \"404\" , path = \"a\\\"b\", }", "m", &labels));
        assert!(takes("m{other=\"\"}", "m", &labels), "as in PromQL, what is not there is empty");
        assert!(takes("m{}", "m", &[]));
    }

    #[test]
    fn a_counter_is_called_as_a_rate() {
        let name = |text: &str| text.parse::<MetricSelector>().unwrap().rate_name();
        assert_eq!(name("a_total{b=\"c\"}").as_deref(), Some("a_per_s{b=\"c\"}"));
        assert_eq!(name("process_open_fds"), None);
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        for (text, part) in [
            ("", "a name has"),
            ("1a", "a name has"),
            ("a b", "a name has"),
            ("a{b}", "name=\"text\""),
            ("a{b=c}", "name=\"text\""),
            ("a{b=\"c}", "no end"),
            ("a{b=\"c\"", "end with"),
            ("a{b=\"c\"} 1", "after the `}`"),
            ("a{b=~\"c\"}", "added up"),
            ("a{b!~\"c\"}", "`=` and `!=`"),
            ("a{b-c=\"d\"}", "label's name"),
        ] {
            let error = text.parse::<MetricSelector>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!("a".repeat(501).parse::<MetricSelector>().is_err());
    }
}
