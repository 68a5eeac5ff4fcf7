//! What was found in logs, as tables.

use super::{Cell, Column, Table, Tone, columns, single};
use crate::gate::logs::{LogOutcome, LogSeen, LogStatus};
use crate::report::document::Document;
use crate::report::figures::{self, NOTHING};
use crate::units::{Bytes, Nanos};

/// The rules, the first lines of each, and the logs themselves.
pub(super) fn tables(document: &Document) -> [Table; 3] {
    let found = &document.logs;
    let rules = found.rules.iter().filter(|own| is_told(own)).map(rule).collect();
    let mut heads = columns(&["", "rule", "its lines"], &["lines", "most a minute"]);
    heads.push(Column::word("wanted"));
    let samples = found.rules.iter().flat_map(samples).collect();
    let sources = found.sources.iter().map(source).collect();
    [
        Table::new(
            "Logs",
            "Lines that were written while the run went on, in all phases. Rules without a limit \
             inform only, and are left out where they have no line.",
            heads,
            single(rules),
        ),
        Table::new(
            "Lines of logs",
            "The first lines of each rule, without what may be secret.",
            columns(&["rule", "phase", "line"], &["at"]),
            single(samples),
        ),
        Table::new(
            "Logs that were read",
            "How much was written, and for how long lines may have been written that were not read.",
            columns(&["", "log", "what was amiss"], &["lines", "bytes", "cut", "not read"]),
            single(sources),
        ),
    ]
}

fn is_told(outcome: &LogOutcome) -> bool {
    outcome.lines > 0 || outcome.status != LogStatus::Informs
}

fn rule(outcome: &LogOutcome) -> Vec<Cell> {
    let (mark, tone) = match outcome.status {
        LogStatus::Kept => ("✓", Tone::Good),
        LogStatus::Missed => ("✗", Tone::Bad),
        LogStatus::Unknown => ("unknown", Tone::Bad),
        LogStatus::Informs => ("", Tone::Quiet),
    };
    let about = outcome.note.as_deref().or(outcome.rule.about.as_deref());
    let limits = outcome.limits();
    vec![
        Cell::toned(mark, tone),
        Cell::new(outcome.rule.name.as_str()),
        Cell::quiet(about.unwrap_or(NOTHING)),
        Cell { tone, ..Cell::number(figures::count(outcome.lines)) },
        Cell::number(figures::count(outcome.most_per_minute)),
        Cell::quiet(limits.as_deref().unwrap_or(NOTHING)),
    ]
}

fn samples(outcome: &LogOutcome) -> impl Iterator<Item = Vec<Cell>> {
    let name = outcome.rule.name.as_str();
    outcome.samples.iter().map(move |sample| {
        vec![
            Cell::new(name),
            Cell::quiet(sample.phase.as_str()),
            Cell::new(sample.text.as_str()),
            Cell::time(Some(sample.at)),
        ]
    })
}

fn source(seen: &LogSeen) -> Vec<Cell> {
    let (mark, tone) = match seen.was_there {
        _ if seen.fails() => ("✗", Tone::Bad),
        true if seen.gaps.is_empty() => ("✓", Tone::Good),
        true => ("gaps", Tone::Warn),
        false => ("missing", Tone::Quiet),
    };
    let gaps = seen.gaps.first().map(|(at, why)| match seen.gaps.len() {
        1 => format!("{at}: {why}"),
        all => format!("{at}: {why}; and {} more", all - 1),
    });
    let lost = (seen.lost > Nanos::ZERO).then_some(seen.lost);
    vec![
        Cell::toned(mark, tone),
        Cell::new(seen.source.name.as_str()),
        Cell::quiet(gaps.as_deref().unwrap_or(NOTHING)),
        Cell::number(figures::count(seen.lines)),
        Cell::number(Bytes(seen.bytes).to_string()),
        Cell::number(figures::count(seen.cut)),
        Cell::time(lost),
    ]
}
