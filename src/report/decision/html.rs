//! The decision as a page for a browser.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{DecisionDocument, HTML_END, HTML_START, bound_by};
use crate::gate::decision::State;
use crate::report::foreign::clean;
use crate::report::html::{SCRIPT, TEMPLATE, cleaned_standing, cleaned_table};
use crate::report::tables::{self, Standing, Table};

/// The name ends in `.html`, which switches escaping on for every value.
const TEMPLATE_NAME: &str = "decision.html";
const PAGE: &str = include_str!("../../../reports/decision.html");
const STYLE: &str = concat!(
    include_str!("../../../reports/style.css"),
    include_str!("../../../reports/decision.css")
);

/// Where the page of the report begins; its macros stand before.
const MACROS_END: &str = "<!doctype html>";

/// What the template shows.
#[derive(Serialize)]
struct Page {
    policy: String,
    style: &'static str,
    script: &'static str,
    title: String,
    standing: Standing,
    first: Option<Listed>,
    lists: Vec<Listed>,
    others: Vec<Table>,
    bound: String,
    sha256: String,
    data: String,
}

/// A list with the places that its figures link to; empty where there is none.
#[derive(Serialize)]
struct Listed {
    table: Table,
    links: Vec<String>,
}

pub(super) fn page(document: &DecisionDocument, sha256: &str) -> Result<String, minijinja::Error> {
    let fault = |error: super::RenderError| {
        minijinja::Error::new(minijinja::ErrorKind::BadSerialization, error.to_string())
    };
    let embedded = document.embedded().map_err(fault)?;
    let lists = tables::decision::lists(document)
        .into_iter()
        .map(|table| Listed { links: links(document, table.title), table: cleaned_table(table) });
    let mut lists = lists.collect::<Vec<_>>().into_iter();
    let first = lists.next();
    let known = tables::decision::lists(document).len();
    let others = tables::decision::all(document).into_iter().skip(known).map(cleaned_table);
    let page = Page {
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        title: clean(&document.title),
        standing: cleaned_standing(tables::decision::standing(document)),
        first,
        lists: lists.collect(),
        others: others.collect(),
        bound: bound_by(sha256),
        sha256: sha256.to_owned(),
        data: format!("{HTML_START}{embedded}{HTML_END}"),
    };
    let macros = TEMPLATE.split_once(MACROS_END).map(|(macros, _)| macros).unwrap_or_default();
    let source = format!("{macros}{PAGE}");
    let mut environment = Environment::new();
    environment.add_template(TEMPLATE_NAME, &source)?;
    environment.get_template(TEMPLATE_NAME)?.render(Serde(&page))
}

/// For each row of a list the part of the report that shows its figure.
fn links(document: &DecisionDocument, title: &str) -> Vec<String> {
    let list = tables::decision::name_of(title).and_then(|name| document.decision.list(name));
    let link = |state: &State| match (state, &document.report) {
        (State::Measured { source, .. }, Some(report)) => match &source.part {
            Some(part) => format!("{report}#{part}"),
            None => String::new(),
        },
        (State::Measured { .. } | State::Attested { .. } | State::Missing { .. }, _) => {
            String::new()
        }
    };
    list.map(|list| list.rows.iter().map(|row| link(&row.state)).collect()).unwrap_or_default()
}

/// A content security policy as the report's own, with this page's style.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
