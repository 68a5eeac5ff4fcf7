//! `sql`: a statement to a database of the scenario, for checks that data are right.
//!
//! ```yaml
//! - sql: SELECT status FROM "Order" WHERE id = $1
//!   params: [ "${orderId}" ]
//!   check: [ rows == 1, row.status == PENDING ]
//! ```
//! Parameters are bound, never pasted. The connection is read-only unless `allow_write: true`.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::request::checked;
use crate::names::{ErrorKind, SeriesKind};
use crate::plan::{
    Action, Answer, Builder, Catch, Escape, Expectation, Failure, Looked, Outcome, Request,
    Statement, Step, StepKind, Text, View,
};
use crate::scenario::{At, Capture, Check, Named, NodeId, OneOrMany, Template};

/// The most characters of a statement that name its series.
const MAX_NAME: usize = 80;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "an sql step", deny_unknown_fields)]
#[schemars(rename = "SqlStep")]
struct Spec {
    /// The statement, with `$1`, `$2` for its parameters.
    sql: At<String>,
    /// Values of the parameters.
    #[serde(default)]
    params: Vec<At<Template>>,
    /// Name of the database in `databases`; `default` if left out.
    #[serde(default)]
    database: Option<At<String>>,
    /// Lets the statement change data.
    #[serde(default)]
    allow_write: bool,
    /// What has to be true of the answer, for example `rows == 1`.
    #[serde(default)]
    check: OneOrMany<At<Check>>,
    /// Variables that take a value from the answer, for example `{ status: row.status }`.
    #[serde(default)]
    capture: Named<At<Capture>>,
}

pub(super) struct Kind;

impl StepKind for Kind {
    fn words(&self) -> &'static [&'static str] {
        &["sql"]
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Spec>()
    }

    fn read(&self, node: NodeId, builder: &mut Builder<'_>) {
        let Some(spec) = builder.read::<Spec>(node) else { return };
        let database = builder.database(spec.database.as_ref(), spec.sql.node);
        let parameters = spec.params.iter().map(|p| builder.text(p, Escape::Plain)).collect();
        let checks = spec.check.iter().filter_map(|check| builder.check(check)).collect();
        let captures = captures(builder, &spec.capture);
        let Some(database) = database else { return };
        let words: Vec<&str> = spec.sql.value.split_whitespace().collect();
        let name: String = words.join(" ").chars().take(MAX_NAME).collect();
        let step = Sql {
            database,
            text: spec.sql.value.as_str().into(),
            parameters,
            allow_write: spec.allow_write,
            checks,
            captures,
        };
        builder.measured(Some(SeriesKind::SqlStep), &name, spec.sql.node, Box::new(step));
    }
}

/// Makes all captures of a step executable.
pub(super) fn captures(builder: &mut Builder<'_>, captures: &Named<At<Capture>>) -> Vec<Catch> {
    captures.iter().filter_map(|(name, capture)| builder.capture(name, capture)).collect()
}

#[derive(Debug)]
struct Sql {
    database: usize,
    text: Arc<str>,
    parameters: Vec<Text>,
    allow_write: bool,
    checks: Vec<Expectation>,
    captures: Vec<Catch>,
}

impl Step for Sql {
    fn action(&self, view: &mut View<'_>, _request: &mut Request) -> Result<Action, Failure> {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let value = parameter.render(view);
            parameters.push(value.map_err(|why| Failure::new(ErrorKind::Data, why.to_string()))?);
        }
        Ok(Action::Query(Statement {
            database: self.database,
            sql: Arc::clone(&self.text),
            parameters,
            allow_write: self.allow_write,
        }))
    }

    fn settle(&self, answer: &Answer<'_>, view: &mut View<'_>) -> Outcome {
        checked(&Looked::at(answer), &self.checks, &self.captures, None, view)
    }
}
