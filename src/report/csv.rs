//! Comma-separated values, one row an endpoint or query, for spreadsheets. Nanoseconds.

use super::document::{Document, Latency, QueryRow, RequestKind, RequestRow};
use super::foreign::clean;
use super::{Format, RenderError};
use crate::units::Nanos;

/// The columns. For a query the first block of times is its duration.
const HEADS: [&str; 21] = [
    "kind",
    "journey",
    "step",
    "name",
    "endpoints",
    "count",
    "errors",
    "mean_ns",
    "p50_ns",
    "p90_ns",
    "p95_ns",
    "p99_ns",
    "p999_ns",
    "max_ns",
    "service_mean_ns",
    "service_p50_ns",
    "service_p90_ns",
    "service_p95_ns",
    "service_p99_ns",
    "service_p999_ns",
    "service_max_ns",
];

/// Comma-separated values.
#[derive(Debug)]
pub(super) struct Csv;

impl Format for Csv {
    fn word(&self) -> &'static str {
        "csv"
    }

    fn extension(&self) -> &'static str {
        "csv"
    }

    fn render(&self, document: &Document) -> Result<String, RenderError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let requests = document.endpoints.iter().chain(&document.logins).map(request);
        let rows = requests.chain(document.queries.iter().map(query));
        let heads = HEADS.map(str::to_owned).to_vec();
        for row in std::iter::once(heads).chain(rows) {
            writer.write_record(&row).map_err(|error| RenderError::new(self, &error))?;
        }
        let bytes = writer.into_inner().map_err(|error| RenderError::new(self, &error))?;
        String::from_utf8(bytes).map_err(|error| RenderError::new(self, &error))
    }
}

fn request(row: &RequestRow) -> Vec<String> {
    let kind = match row.kind {
        RequestKind::Endpoint => "endpoint",
        RequestKind::Login => "login",
    };
    let mut cells = vec![
        kind.to_owned(),
        cell(&row.journey),
        cell(&row.step),
        cell(&row.name),
        String::new(),
        row.count.to_string(),
        row.errors.to_string(),
    ];
    cells.extend(times(row.response));
    cells.extend(times(row.service));
    cells
}

fn query(row: &QueryRow) -> Vec<String> {
    let mut cells = vec![
        "query".to_owned(),
        cell(row.journey.as_deref().unwrap_or_default()),
        cell(row.step.as_deref().unwrap_or_default()),
        cell(&row.name),
        cell(&row.endpoints.join("; ")),
        row.count.to_string(),
        row.errors.to_string(),
    ];
    cells.extend(times(row.duration));
    cells.extend(times(None));
    cells
}

/// Empty where there is no number.
fn times(latency: Option<Latency>) -> [String; 7] {
    let pick = |choose: fn(Latency) -> Nanos| {
        latency.map(|latency| choose(latency).0.to_string()).unwrap_or_default()
    };
    [
        pick(|l| l.mean),
        pick(|l| l.p50),
        pick(|l| l.p90),
        pick(|l| l.p95),
        pick(|l| l.p99),
        pick(|l| l.p999),
        pick(|l| l.max),
    ]
}

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection).
fn cell(text: &str) -> String {
    let clean = clean(text);
    if clean.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{clean}") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=cmd()|calc"), "'=cmd()|calc");
        assert_eq!(cell("\t@SUM(A1)"), "' @SUM(A1)");
        assert_eq!(cell("-1+1"), "'-1+1");
        assert_eq!(cell("GET /a"), "GET /a");
    }
}
