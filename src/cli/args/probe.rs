//! `loadgate probe`.

use std::path::PathBuf;

use clap::Args;

use super::play::HttpArgs;

/// `loadgate probe`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Probe {
    /// What is asked for
    #[arg(value_name = "URL")]
    pub(in crate::cli) url: String,
    /// How often, each time on a fresh connection and once more on the same
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(in crate::cli) requests: u32,
    /// Method of the request
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(in crate::cli) method: Option<String>,
    /// Body of the request; `@FILE` reads it from a file
    #[arg(long, value_name = "TEXT|@FILE")]
    pub(in crate::cli) data: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) http: HttpArgs,
    /// Write every request as JSON; `-` is stdout, in place of the table
    #[arg(long, value_name = "FILE|-", help_heading = "Results")]
    pub(in crate::cli) json: Option<PathBuf>,
}
