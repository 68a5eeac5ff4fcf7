//! `loadgate schema`.

use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::plan::schema as schema_of;
use crate::steps::KINDS;

/// Prints the JSON Schema of scenario files.
pub(super) fn schema(terminal: &Terminal) -> Result<Exit, Failed> {
    let text = format!("{:#}\n", schema_of(KINDS));
    terminal.out(&text).map_err(|error| Failed::could_not("print the schema", error))?;
    Ok(Exit::Done)
}
