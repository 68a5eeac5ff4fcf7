//! What was read of logs beside a run: which were to be read, and what was found in them.

use serde::{Deserialize, Serialize};

use crate::units::Nanos;

/// Which logs a run reads, and what it looks for in them. Known when it starts, so that a killed
/// run can say what nobody looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsText {
    /// The logs.
    pub sources: Vec<LogSourceText>,
    /// What is looked for, in the order of reports.
    pub rules: Vec<LogRuleText>,
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSourceText {
    /// What people call it: a path, `journal NAME`, `docker NAME`.
    pub name: String,
    /// Whether it may be missing.
    #[serde(default)]
    pub optional: bool,
}

/// One thing that is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRuleText {
    /// Its name.
    pub name: String,
    /// What its lines mean, if somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The most lines in the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The most lines in any minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u64>,
    /// Whether there has to be at least one line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_see: bool,
}

impl LogsText {
    /// Whether no log is read.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

/// What was found in logs during one interval.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsRead {
    /// Rules that lines matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<LogCount>,
    /// Logs of which there is something to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<LogSourceRead>,
}

/// Lines of one interval that match one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCount {
    /// The rule's name.
    pub rule: String,
    /// How many lines.
    pub lines: u64,
    /// The first of the run, as far as they came in this interval: at most
    /// [`LogCount::MAX_SAMPLES`] in the run, without secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<String>,
}

impl LogCount {
    /// The most lines that are kept of one rule in a run.
    pub const MAX_SAMPLES: usize = 3;
}

/// What was read of one log in one interval. Where nothing is told of a log, nothing came, and it
/// was there or not as before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSourceRead {
    /// Its name.
    pub name: String,
    /// Lines.
    #[serde(default)]
    pub lines: u64,
    /// Bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Lines that were too long to be looked at as a whole.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut: u64,
    /// Whether it was there at the end of the interval.
    pub is_open: bool,
    /// For how long lines may have been written that nobody read.
    #[serde(default)]
    pub lost: Nanos,
    /// Why it was not there, or why lines may be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl LogsRead {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.sources.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_read_back_as_nothing() {
        let source =
            LogSourceRead { name: "a".to_owned(), is_open: true, ..LogSourceRead::default() };
        let count = LogCount { rule: "x".to_owned(), lines: 2, samples: Vec::new() };
        let read = LogsRead { counts: vec![count], sources: vec![source] };
        let text = serde_json::to_string(&read).unwrap();
        assert!(!text.contains("samples") && !text.contains("gaps"), "{text}");
        assert_eq!(serde_json::from_str::<LogsRead>(&text).unwrap(), read);
        assert_eq!(serde_json::from_str::<LogsRead>("{}").unwrap(), LogsRead::default());
        let rule: LogRuleText = serde_json::from_str(r#"{"name":"x"}"#).unwrap();
        assert_eq!(rule, LogRuleText { name: "x".to_owned(), ..LogRuleText::default() });
    }
}
