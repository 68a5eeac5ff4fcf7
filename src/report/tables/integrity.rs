//! Assertions on data as a table.

use super::{Cell, Table, Tone, columns, single};
use crate::record::Answered;
use crate::report::document::{AssertionRow, Document};
use crate::report::figures::{self, NOTHING};
use crate::units::Decimal;

pub(super) fn integrity(document: &Document) -> Table {
    let rows = document.integrity.iter().map(row).collect();
    Table::new(
        "Integrity",
        "What is true of the data, asked before the first request and after the last; what was \
         created counts in all phases.",
        columns(&["", "assertion", "expectation"], &["before", "created", "expected", "after"]),
        single(rows),
    )
}

fn row(row: &AssertionRow) -> Vec<Cell> {
    let (mark, tone) = match row.answer {
        Some(Answered::Holds) => ("✓", Tone::Good),
        Some(Answered::Broken) => ("✗", Tone::Bad),
        Some(Answered::Open) => (row.word(), Tone::Warn),
        Some(Answered::Unanswered) | None => (row.word(), Tone::Bad),
    };
    let about = row.note.as_deref().unwrap_or(&row.expect);
    let expected = row.expected.map(|(least, most)| range(least, most));
    vec![
        Cell::toned(mark, tone),
        Cell::new(row.name.as_str()),
        Cell::quiet(about),
        Cell::number(number(row.before)),
        Cell::number(row.created.map_or_else(|| NOTHING.to_owned(), created)),
        Cell::number(expected.unwrap_or_else(|| NOTHING.to_owned())),
        Cell { tone, ..Cell::number(number(row.after)) },
    ]
}

fn created(created: crate::record::Created) -> String {
    match created.perhaps {
        0 => figures::count(created.surely),
        perhaps => format!("{} + {}?", figures::count(created.surely), figures::count(perhaps)),
    }
}

fn range(least: Decimal, most: Decimal) -> String {
    if least == most { grouped(least) } else { format!("{} to {}", grouped(least), grouped(most)) }
}

fn number(number: Option<Decimal>) -> String {
    number.map_or_else(|| NOTHING.to_owned(), grouped)
}

/// `-1234.5` as `-1,234.5`; what is longer than a count stays as it is.
fn grouped(number: Decimal) -> String {
    let text = number.to_string();
    let (whole, part) = text.find('.').map_or((text.as_str(), ""), |at| text.split_at(at));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let digits = digits.parse().map_or_else(|_too_long| digits.to_owned(), figures::count);
    format!("{sign}{digits}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_of(answer: Option<Answered>, perhaps: u64) -> AssertionRow {
        AssertionRow {
            name: "orders".to_owned(),
            expect: "after == before + created(\"POST /orders\")".to_owned(),
            answer,
            before: Some("-1234567.5".parse().unwrap()),
            after: Some("99999999999999999999999999".parse().unwrap()),
            created: Some(crate::record::Created { surely: 1_000, perhaps }),
            expected: Some((Decimal::of(1_000), Decimal::of(1_000 + perhaps))),
            note: (answer != Some(Answered::Holds)).then(|| "a reason".to_owned()),
        }
    }

    #[track_caller]
    fn check(answer: Option<Answered>, perhaps: u64, want: [&str; 6], bad: Tone) {
        let cells = row(&row_of(answer, perhaps));
        let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
        let [mark, about, before, created, expected, after] = want;
        assert_eq!(texts, [mark, "orders", about, before, created, expected, after]);
        assert_eq!(cells[0].tone, bad);
    }

    #[test]
    fn what_does_not_hold_is_told_with_its_reason() {
        let (before, after) = ("-1,234,567.5", "99999999999999999999999999");
        let expect = "after == before + created(\"POST /orders\")";
        let told = |mark, about, created, expected| [mark, about, before, created, expected, after];
        check(Some(Answered::Holds), 0, told("✓", expect, "1,000", "1,000"), Tone::Good);
        check(Some(Answered::Broken), 0, told("✗", "a reason", "1,000", "1,000"), Tone::Bad);
        let open = told("open", "a reason", "1,000 + 2?", "1,000 to 1,002");
        check(Some(Answered::Open), 2, open, Tone::Warn);
        let none = told("no answer", "a reason", "1,000", "1,000");
        check(Some(Answered::Unanswered), 0, none, Tone::Bad);
        check(None, 0, told("not asked", "a reason", "1,000", "1,000"), Tone::Bad);
    }
}
