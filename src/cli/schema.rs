//! `loadgate schema`.

use super::args::SchemaOf;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::plan::schema as schema_of;
use crate::scenario::checks_schema;
use crate::steps::KINDS;

/// Prints the JSON Schema of scenario or check files.
pub(super) fn schema(of: SchemaOf, terminal: &Terminal) -> Result<Exit, Failed> {
    let schema = match of {
        SchemaOf::Scenario => schema_of(KINDS),
        SchemaOf::Checks => checks_schema(),
    };
    let text = format!("{schema:#}\n");
    terminal.out(&text).map_err(|error| Failed::could_not("print the schema", error))?;
    Ok(Exit::Done)
}
