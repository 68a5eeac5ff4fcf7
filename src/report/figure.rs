//! Every chart of a document, with its title and its key: the one list of what the page shows and
//! what pictures are made of.

use serde::Serialize;

use super::chart;
use super::document::{Document, ReadingRow};
use super::foreign::clean;

/// Readings that are drawn; the table has all of them.
const MOST_READINGS: usize = 8;

/// A chart with its title and its key.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    /// What it shows: of a reading its name, which a stranger chose.
    pub(super) title: String,
    /// Classes of the style sheet, with what each stands for.
    pub(super) key: Vec<(&'static str, String)>,
    /// The drawing, with colours by class.
    pub(super) svg: String,
}

/// The three pictures of the first page, as far as there is something to draw.
pub(super) fn pictures(document: &Document) -> Vec<Figure> {
    let baseline = document.judgement.baseline_curve.as_ref();
    let curves: &[(&str, &str)] = match baseline {
        Some(_) => &[("baseline", "baseline"), ("candidate", "candidate")],
        None => &[("candidate", "all requests")],
    };
    let timeline = &document.timeline;
    let all = [
        figure(
            "Response time by share of requests",
            curves,
            chart::percentiles(&document.curve, baseline),
        ),
        figure(
            "Response time over the run",
            &[("p50", "p50"), ("p95", "p95"), ("p99", "p99")],
            chart::response(timeline),
        ),
        figure(
            "Requests per second",
            &[("requests", "requests"), ("errors", "errors")],
            chart::throughput(timeline),
        ),
    ];
    all.into_iter().filter(|figure| !figure.svg.is_empty()).collect()
}

/// The charts behind the first page.
pub(super) fn charts(document: &Document) -> Vec<Figure> {
    let (errors, kinds) = chart::errors(&document.timeline);
    let kinds: Vec<_> = kinds.iter().map(|(class, kind)| (*class, kind.word())).collect();
    let (log_lines, rules) = chart::log_lines(&document.timeline);
    let rules: Vec<_> = rules.iter().map(|(class, rule)| (*class, clean(rule))).collect();
    let rules: Vec<_> = rules.iter().map(|(class, rule)| (*class, rule.as_str())).collect();
    let fixed = [
        figure("Number of requests by response time", &[], chart::heat(&document.heat)),
        figure("Errors per second", &kinds, errors),
        figure("Lines of logs per second", &rules, log_lines),
    ];
    let drawn = |row: &ReadingRow| {
        let svg = chart::reading(&document.timeline, &row.name, &|value| row.text(Some(value)));
        figure(&clean(&row.name), &[], svg)
    };
    let readings = document.readings.iter().map(drawn).filter(|figure| !figure.svg.is_empty());
    let all = fixed.into_iter().filter(|figure| !figure.svg.is_empty());
    all.chain(readings.take(MOST_READINGS)).collect()
}

fn figure(title: &str, key: &[(&'static str, &str)], svg: String) -> Figure {
    let key = key.iter().map(|(class, word)| (*class, (*word).to_owned())).collect();
    Figure { title: title.to_owned(), key, svg }
}
