//! `loadgate completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Low;
use super::terminal::Terminal;
use super::{Exit, Failed};

/// Prints the completion script of a shell.
pub(super) fn completions(shell: Shell, terminal: &Terminal) -> Result<Exit, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Low::command(), "loadgate", &mut script);
    let text = String::from_utf8_lossy(&script);
    terminal.out(&text).map_err(|error| Failed::could_not("print the script", error))?;
    Ok(Exit::Done)
}
