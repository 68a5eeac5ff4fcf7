//! Where results go.

use std::path::PathBuf;

use clap::Args;

/// Files that results are written to.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Results")]
pub(in crate::cli) struct Files {
    /// Write the results as JSON; `-` is stdout, in place of the summary
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write the report as a self-contained page
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) md: Option<PathBuf>,
}

/// Where records are kept.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Results")]
pub(in crate::cli) struct StoreArg {
    /// Where records are kept: a file, or postgres://…  [default: .loadgate/loadgate.db]
    #[arg(long, value_name = "PATH|URL", env = "LOADGATE_STORE", hide_env_values = true)]
    pub(in crate::cli) store: Option<String>,
}
