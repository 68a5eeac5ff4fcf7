//! One row a query: what several endpoints cause is added up.

use super::{Source, checks};
use crate::names::{Cause, Metric, Series, SeriesId, SeriesKind};
use crate::report::document::{Caller, QueryRow, SplitRow};
use crate::units::{Nanos, count_to_f64};

/// The series of one query.
struct Merged<'a> {
    kind: SeriesKind,
    ids: Vec<SeriesId>,
    series: Vec<&'a Series>,
}

/// Queries in the order in which they joined the catalogue; those that the tap saw, which are
/// many, by the time they took in all.
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
    let mut rows: Vec<QueryRow> = merged.iter().map(|query| row(source, query)).collect();
    let in_all = |row: &QueryRow| match &row.text {
        Some(_) => row.duration.map_or(0, |latency| latency.mean.0.saturating_mul(latency.n)),
        None => u64::MAX,
    };
    rows.sort_by_key(|row| std::cmp::Reverse(in_all(row)));
    // What came before and after the measured phases is no query of the run.
    rows.retain(|row| row.text.is_none() || row.count > 0);
    rows
}

fn row(source: &Source<'_>, query: &Merged<'_>) -> QueryRow {
    let counts = source.counts(&query.ids);
    let mut endpoints: Vec<String> = Vec::new();
    for series in query.series.iter().filter(|series| !series.endpoint.is_empty()) {
        if !endpoints.contains(&series.endpoint) {
            endpoints.push(series.endpoint.clone());
        }
    }
    let tapped = query.series.iter().find_map(|series| series.tapped.as_ref());
    QueryRow {
        source: if query.kind == SeriesKind::TapQuery {
            "tap"
        } else if query.kind == SeriesKind::SqlStep {
            "sql step"
        } else {
            "server-timing"
        },
        name: query.series.first().map(|series| series.name.clone()).unwrap_or_default(),
        journey: only(query.series.iter().map(|series| series.journey.as_str())),
        step: only(query.series.iter().map(|series| series.step.as_str())),
        count: counts.started,
        errors: counts.failed(),
        checks: checks(&counts),
        duration: source.latency(&query.ids, Metric::Query),
        endpoints,
        text: tapped.map(|tapped| tapped.text.clone()),
        callers: if tapped.is_some() { callers(source, query) } else { Vec::new() },
    }
}

/// Who caused a statement that the tap saw.
fn callers(source: &Source<'_>, query: &Merged<'_>) -> Vec<Caller> {
    let mut callers: Vec<(Caller, Cause)> = Vec::new();
    for (id, series) in query.ids.iter().zip(&query.series) {
        let (Some(tapped), count) = (&series.tapped, source.counts(&[*id]).started) else {
            continue;
        };
        if count == 0 {
            continue;
        }
        let same = |known: &&mut (Caller, Cause)| is_of(series, &known.0);
        if let Some((known, cause)) = callers.iter_mut().find(same) {
            known.count += count;
            *cause = (*cause).max(tapped.cause);
            continue;
        }
        let caller = Caller {
            endpoint: series.endpoint.clone(),
            journey: series.journey.clone(),
            step: series.step.clone(),
            count,
            per_request: None,
            cause: "",
        };
        callers.push((caller, tapped.cause));
    }
    let mut callers: Vec<Caller> = callers
        .into_iter()
        .map(|(caller, cause)| {
            let requests = requests_of(source, &caller);
            let per_request = requests.map(|all| count_to_f64(caller.count) / count_to_f64(all));
            Caller { per_request, cause: cause.word(), ..caller }
        })
        .collect();
    callers.sort_by_key(|caller| std::cmp::Reverse(caller.count));
    callers
}

fn is_of(series: &Series, caller: &Caller) -> bool {
    (&series.endpoint, &series.journey, &series.step)
        == (&caller.endpoint, &caller.journey, &caller.step)
}

/// How many requests of a caller there were; `None` for none.
fn requests_of(source: &Source<'_>, caller: &Caller) -> Option<u64> {
    let own = |series: &Series| {
        series.kind.is_http()
            && (&series.name, &series.journey, &series.step)
                == (&caller.endpoint, &caller.journey, &caller.step)
    };
    let ids: Vec<SeriesId> = source.record.catalogue.matching(own).collect();
    Some(source.counts(&ids).started).filter(|count| *count > 0)
}

/// Where the time of each endpoint goes; empty without a tap.
pub(super) fn splits(source: &Source<'_>) -> Vec<SplitRow> {
    let http = source.record.catalogue.iter().filter(|(_, series)| series.kind.is_http());
    let mut rows: Vec<SplitRow> = http.filter_map(|(id, about)| split(source, id, about)).collect();
    rows.sort_by_key(|row| source.journey_order(&row.journey));
    rows
}

fn split(source: &Source<'_>, id: SeriesId, about: &Series) -> Option<SplitRow> {
    let own = |series: &Series| series.kind == SeriesKind::TapQuery && series.is_caused_by(about);
    let catalogue = &source.record.catalogue;
    let ids: Vec<SeriesId> = catalogue.matching(own).collect();
    let statements = source.counts(&ids).started;
    let requests = source.counts(&[id]).started;
    if statements == 0 || requests == 0 {
        return None;
    }
    let counted = |id: &&SeriesId| source.counts(&[**id]).started > 0;
    let causes = ids.iter().filter(counted).filter_map(|id| catalogue.get(*id)?.tapped.as_ref());
    let cause = causes.map(|tapped| tapped.cause).max()?;
    let service = source.latency(&[id], Metric::Duration)?.mean;
    let waiting = source.latency(&[id], Metric::Waiting)?.mean;
    let in_all = [Metric::Query, Metric::Failed].into_iter().filter_map(|metric| {
        let latency = source.latency(&ids, metric)?;
        Some(latency.mean.0.saturating_mul(latency.n))
    });
    let sql = Nanos(in_all.sum::<u64>().div_euclid(requests));
    Some(SplitRow {
        name: about.name.clone(),
        journey: about.journey.clone(),
        step: about.step.clone(),
        count: requests,
        statements: count_to_f64(statements) / count_to_f64(requests),
        service,
        sql,
        application: waiting.since(sql),
        network: service.since(waiting),
        cause: cause.word(),
    })
}

/// The text, when all are the same and it says something.
fn only<'a>(mut texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = texts.next()?;
    (!first.is_empty() && texts.all(|text| text == first)).then(|| first.to_owned())
}
