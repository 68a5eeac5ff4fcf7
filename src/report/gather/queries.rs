//! One row a query: what several endpoints cause is added up.

use super::Source;
use crate::names::{Metric, Series, SeriesId, SeriesKind};
use crate::report::document::QueryRow;

/// The series of one query.
struct Merged<'a> {
    kind: SeriesKind,
    ids: Vec<SeriesId>,
    series: Vec<&'a Series>,
}

/// Queries in the order in which they joined the catalogue.
pub(super) fn rows(source: &Source<'_>) -> Vec<QueryRow> {
    let mut merged: Vec<Merged<'_>> = Vec::new();
    for (id, series) in source.record.catalogue.iter().filter(|(_, own)| own.kind.is_query()) {
        let same = |known: &&mut Merged<'_>| {
            known.kind == series.kind && known.series.iter().any(|one| one.name == series.name)
        };
        match merged.iter_mut().find(same) {
            Some(known) => {
                known.ids.push(id);
                known.series.push(series);
            }
            None => merged.push(Merged { kind: series.kind, ids: vec![id], series: vec![series] }),
        }
    }
    merged.iter().map(|query| row(source, query)).collect()
}

fn row(source: &Source<'_>, query: &Merged<'_>) -> QueryRow {
    let counts = source.counts(&query.ids);
    let mut endpoints: Vec<String> = Vec::new();
    for series in query.series.iter().filter(|series| !series.endpoint.is_empty()) {
        if !endpoints.contains(&series.endpoint) {
            endpoints.push(series.endpoint.clone());
        }
    }
    QueryRow {
        source: if query.kind == SeriesKind::SqlStep { "sql step" } else { "server-timing" },
        name: query.series.first().map(|series| series.name.clone()).unwrap_or_default(),
        journey: only(query.series.iter().map(|series| series.journey.as_str())),
        step: only(query.series.iter().map(|series| series.step.as_str())),
        count: counts.started,
        errors: counts.failed(),
        duration: source.latency(&query.ids, Metric::Query),
        endpoints,
    }
}

/// The text, when all are the same and it says something.
fn only<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = texts.next()?;
    (!first.is_empty() && texts.all(|text| text == first)).then(|| first.to_owned())
}
