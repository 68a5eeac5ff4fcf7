//! One page for a browser: a single file that loads nothing from anywhere. It is complete without
//! its script, which sorts and filters tables and shows a chart's values at once.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::document::Document;
use super::figure::{self, Figure};
use super::foreign::clean;
use super::tables::{self, Fact, Standing, Table};
use super::{Format, RenderError};

/// The name ends in `.html`, which switches escaping on for every value.
const TEMPLATE_NAME: &str = "report.html";
pub(super) const TEMPLATE: &str = include_str!("../../reports/template.html");
const STYLE: &str =
    concat!(include_str!("../../reports/style.css"), include_str!("../../reports/chart.css"));
pub(super) const SCRIPT: &str = include_str!("../../reports/page.js");

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
    /// What the browser may do: apply this style, run this script, and nothing else.
    policy: String,
    style: &'static str,
    script: &'static str,
    scenario: String,
    run: String,
    standing: Standing,
    sides: Vec<Fact>,
    glance: Option<Table>,
    pictures: Vec<Figure>,
    compared: Vec<Table>,
    summary: Vec<Fact>,
    overview: Vec<Fact>,
    origin: Vec<Fact>,
    charts: Vec<Figure>,
    tables: Vec<Table>,
}

fn page(document: &Document) -> Result<String, minijinja::Error> {
    let inner = tables::all(document).into_iter().chain(tables::funnel(document));
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        scenario: clean(&document.run.scenario),
        run: clean(&document.run.id),
        standing: cleaned_standing(tables::standing(document)),
        sides: cleaned(tables::sides(document)),
        glance: tables::glance(document).map(cleaned_table),
        pictures: figure::pictures(document),
        compared: tables::compared(document).into_iter().map(cleaned_table).collect(),
        summary: cleaned(tables::summary(document)),
        overview: cleaned(tables::overview(document)),
        origin: cleaned(tables::origin(document)),
        charts: figure::charts(document),
        tables: inner.map(cleaned_table).collect(),
    };
    let mut environment = Environment::new();
    environment.add_template(TEMPLATE_NAME, TEMPLATE)?;
    environment.get_template(TEMPLATE_NAME)?.render(Serde(&page))
}

/// A content security policy (W3C CSP 3, section 2.3.1) that names style and script by their hashes.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

pub(super) fn cleaned_standing(standing: Standing) -> Standing {
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

pub(super) fn cleaned_table(mut table: Table) -> Table {
    for group in &mut table.groups {
        group.title = group.title.as_deref().map(clean);
        for cell in group.rows.iter_mut().flatten() {
            cell.text = clean(&cell.text);
        }
    }
    table
}
