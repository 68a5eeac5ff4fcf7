//! Assertions on data in the JSON document.

use serde::Serialize;

use crate::record::Answered;
use crate::report::document::AssertionRow;
use crate::units::Decimal;

/// Numbers of the database are texts, because readers of JSON round what is long.
#[derive(Serialize)]
pub(super) struct AssertionJson<'a> {
    name: &'a str,
    expect: &'a str,
    status: &'static str,
    holds: Option<bool>,
    before: Option<Decimal>,
    after: Option<Decimal>,
    created: Option<u64>,
    created_perhaps: Option<u64>,
    expected_least: Option<Decimal>,
    expected_most: Option<Decimal>,
    note: Option<&'a str>,
}

impl<'a> AssertionJson<'a> {
    pub(super) fn of(row: &'a AssertionRow) -> Self {
        Self {
            name: &row.name,
            expect: &row.expect,
            status: row.word(),
            holds: match row.answer {
                Some(Answered::Holds) => Some(true),
                Some(Answered::Broken) => Some(false),
                Some(Answered::Open | Answered::Unanswered) | None => None,
            },
            before: row.before,
            after: row.after,
            created: row.created.map(|created| created.surely),
            created_perhaps: row.created.map(|created| created.perhaps),
            expected_least: row.expected.map(|(least, _)| least),
            expected_most: row.expected.map(|(_, most)| most),
            note: row.note.as_deref(),
        }
    }
}
