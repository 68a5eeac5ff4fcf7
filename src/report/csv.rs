//! Comma-separated values, one row an endpoint or query, for spreadsheets. Nanoseconds. With a
//! baseline each row goes on with what the gate says of it.

use super::document::{Document, Latency, QueryRow, RequestKind, RequestRow};
use super::foreign::clean;
use super::{Format, RenderError, words};
use crate::gate::ruling::{Place, Row, RowKind, Ruling};
use crate::units::Nanos;

/// The columns. For a query the first block of times is its duration.
const HEADS: [&str; 22] = [
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
    "run_state",
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
        for row in lines(document) {
            writer.write_record(&row).map_err(|error| RenderError::new(self, &error))?;
        }
        let bytes = writer.into_inner().map_err(|error| RenderError::new(self, &error))?;
        String::from_utf8(bytes).map_err(|error| RenderError::new(self, &error))
    }
}

/// The heads and all rows.
fn lines(document: &Document) -> Vec<Vec<String>> {
    // What was measured until a run was killed is not to be taken for the whole.
    let state = document.run.state;
    let stated = |mut cells: Vec<String>| {
        cells.push(state.to_owned());
        cells
    };
    let requests = document.endpoints.iter().chain(&document.logins);
    let requests = requests.map(|row| (place_of_request(row), stated(request(row))));
    let queries = document.queries.iter();
    let queries = queries.map(|row| (place_of_query(row), stated(query(row))));
    let mut heads = HEADS.map(str::to_owned).to_vec();
    let Some(ruling) = &document.judgement.ruling else {
        let rows = requests.chain(queries).map(|(_, cells)| cells);
        return std::iter::once(heads).chain(rows).collect();
    };
    let mut compared = Compared::of(ruling);
    heads.extend(compared.heads());
    let mut lines = vec![heads];
    lines.extend(requests.chain(queries).map(|(place, mut cells)| {
        cells.extend(compared.take(&place));
        cells
    }));
    // What only the baseline has is no row of the candidate.
    while let Some(place) = compared.next() {
        let mut cells = stated(nothing(&place));
        cells.extend(compared.take(&place));
        lines.push(cells);
    }
    lines
}

/// What the gate says of each series, until it is taken.
struct Compared<'a> {
    quantiles: Vec<f64>,
    rows: Vec<&'a Row>,
}

impl<'a> Compared<'a> {
    fn of(ruling: &'a Ruling) -> Self {
        let quantiles = words::rising(ruling.rows.iter().map(|row| row.quantile));
        Self { quantiles, rows: ruling.rows.iter().collect() }
    }

    /// The place of the first row that was not taken.
    fn next(&self) -> Option<Place> {
        self.rows.first().map(|row| row.place.clone())
    }

    fn heads(&self) -> Vec<String> {
        let mut heads = vec!["baseline_count".to_owned(), "candidate_count".to_owned()];
        for quantile in &self.quantiles {
            let name = words::percentile_column(*quantile);
            let of = |what: &str| format!("{name}_{what}");
            heads.extend([format!("baseline_{name}_ns"), format!("candidate_{name}_ns")]);
            heads.extend(["ratio", "low", "high", "verdict"].map(of));
        }
        heads
    }

    /// The cells of one series; empty where nothing was compared.
    fn take(&mut self, place: &Place) -> Vec<String> {
        let (own, others): (Vec<_>, Vec<_>) = self.rows.iter().partition(|row| row.place == *place);
        self.rows = others;
        let count = |choose: fn(&Row) -> u64| {
            own.first().map(|row| choose(row).to_string()).unwrap_or_default()
        };
        let mut cells =
            vec![count(|row| row.requests_baseline), count(|row| row.requests_candidate)];
        for quantile in &self.quantiles {
            let row = own.iter().find(|row| row.quantile.total_cmp(quantile).is_eq());
            cells.extend(row.map(|row| compared(row)).unwrap_or_default());
        }
        cells
    }
}

/// Both times, the ratio with its interval, and the verdict's word.
fn compared(row: &Row) -> [String; 6] {
    let time = |nanos: Option<Nanos>| nanos.map(|own| own.0.to_string()).unwrap_or_default();
    let number = |value: Option<f64>| {
        value.filter(|value| value.is_finite()).map(|own| format!("{own:.4}")).unwrap_or_default()
    };
    let ratio = row.ratio.as_ref();
    [
        time(row.baseline),
        time(row.candidate),
        number(ratio.map(|ratio| ratio.value).or(row.point)),
        number(ratio.map(|ratio| ratio.low)),
        number(ratio.map(|ratio| ratio.high)),
        row.standing.word().to_owned(),
    ]
}

fn place_of_request(row: &RequestRow) -> Place {
    Place {
        kind: match row.kind {
            RequestKind::Endpoint => RowKind::Endpoint,
            RequestKind::Login => RowKind::Login,
        },
        name: row.name.clone(),
        journey: row.journey.clone(),
        step: row.step.clone(),
    }
}

fn place_of_query(row: &QueryRow) -> Place {
    let (journey, step) = (String::new(), String::new());
    Place { kind: RowKind::Query, name: row.name.clone(), journey, step }
}

/// The row of a series that the candidate does not have.
fn nothing(place: &Place) -> Vec<String> {
    let (kind, zero) = (words::kind(place.kind).to_owned(), "0".to_owned());
    let [journey, step, name] = [&place.journey, &place.step, &place.name].map(|own| cell(own));
    let mut cells = vec![kind, journey, step, name, String::new(), zero.clone(), zero];
    cells.extend(times(None));
    cells.extend(times(None));
    cells
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
