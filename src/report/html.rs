//! One page for a browser: a single file without scripts that loads nothing from anywhere.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::document::Document;
use super::foreign::clean;
use super::tables::{self, Fact, Standing, Table};
use super::{Format, RenderError, chart};

/// The name ends in `.html`, which switches escaping on for every value.
const TEMPLATE_NAME: &str = "report.html";
const TEMPLATE: &str = include_str!("../../reports/template.html");
const STYLE: &str = include_str!("../../reports/style.css");

/// A page for a browser.
#[derive(Debug)]
pub(super) struct Html;

impl Format for Html {
    fn word(&self) -> &'static str {
        "html"
    }

    fn extension(&self) -> &'static str {
        "html"
    }

    fn render(&self, document: &Document) -> Result<String, RenderError> {
        page(document).map_err(|error| RenderError::new(self, &error))
    }
}

/// What the template shows.
#[derive(Serialize)]
struct Page {
    style: &'static str,
    scenario: String,
    run: String,
    standing: Standing,
    sides: Vec<Fact>,
    compared: Vec<Table>,
    summary: Vec<Fact>,
    overview: Vec<Fact>,
    origin: Vec<Fact>,
    response_chart: String,
    throughput_chart: String,
    tables: Vec<Table>,
}

fn page(document: &Document) -> Result<String, minijinja::Error> {
    let page = Page {
        style: STYLE,
        scenario: clean(&document.run.scenario),
        run: clean(&document.run.id),
        standing: cleaned_standing(tables::standing(document)),
        sides: cleaned(tables::sides(document)),
        compared: tables::compared(document).into_iter().map(cleaned_table).collect(),
        summary: cleaned(tables::summary(document)),
        overview: cleaned(tables::overview(document)),
        origin: cleaned(tables::origin(document)),
        response_chart: chart::response(&document.timeline),
        throughput_chart: chart::throughput(&document.timeline),
        tables: tables::all(document).into_iter().map(cleaned_table).collect(),
    };
    let mut environment = Environment::new();
    environment.add_template(TEMPLATE_NAME, TEMPLATE)?;
    environment.get_template(TEMPLATE_NAME)?.render(Serde(&page))
}

fn cleaned_standing(standing: Standing) -> Standing {
    let Standing { word, tone, sentence, mut reasons, facts } = standing;
    for reason in &mut reasons {
        reason.text = clean(&reason.text);
    }
    let sentence = sentence.as_deref().map(clean);
    Standing { word: clean(&word), tone, sentence, reasons, facts: cleaned(facts) }
}

fn cleaned(mut facts: Vec<Fact>) -> Vec<Fact> {
    for fact in &mut facts {
        fact.value = clean(&fact.value);
    }
    facts
}

fn cleaned_table(mut table: Table) -> Table {
    for group in &mut table.groups {
        group.title = group.title.as_deref().map(clean);
        for cell in group.rows.iter_mut().flatten() {
            cell.text = clean(&cell.text);
        }
    }
    table
}
