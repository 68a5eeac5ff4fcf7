//! Assertions on data, those among them that were never asked.

use crate::record::{Answered, Asserted, RunRecord};
use crate::report::document::AssertionRow;

/// One row an assertion. A run that was killed has not asked: that is told, and is no success.
pub(super) fn rows(record: &RunRecord) -> Vec<AssertionRow> {
    match &record.end {
        Some(end) => end.integrity.iter().map(asked).collect(),
        None => record.header.integrity.iter().map(|name| unasked(name)).collect(),
    }
}

fn asked(asserted: &Asserted) -> AssertionRow {
    AssertionRow {
        name: asserted.name.clone(),
        expect: asserted.expect.clone(),
        answer: Some(asserted.answer),
        before: asserted.before,
        after: asserted.after,
        created: asserted.created,
        expected: asserted.expected,
        note: asserted.note.clone(),
    }
}

fn unasked(name: &str) -> AssertionRow {
    AssertionRow {
        name: name.to_owned(),
        expect: String::new(),
        answer: None,
        before: None,
        after: None,
        created: None,
        expected: None,
        note: Some("not asked: the run is unfinished".to_owned()),
    }
}

impl AssertionRow {
    /// Whether the run fails for it: all but what is known to hold.
    pub fn fails(&self) -> bool {
        self.answer != Some(Answered::Holds)
    }

    /// What became of it, in words.
    pub fn word(&self) -> &'static str {
        self.answer.map_or("not asked", Answered::word)
    }
}
