//! `loadgate init`.

use std::path::PathBuf;

use clap::Args;

/// `loadgate init`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Init {
    /// The folder of the project
    #[arg(default_value = ".", value_name = "FOLDER")]
    pub(in crate::cli) folder: PathBuf,
    /// Ask nothing, and take the usual answers
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Address of the system under test
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) target: Option<String>,
    /// Write anew what is there already
    #[arg(long)]
    pub(in crate::cli) force: bool,
}
