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
    /// Write JUnit XML, for the test report of a CI service
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) junit: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) pictures: PictureFiles,
    #[command(flatten)]
    pub(in crate::cli) github: GithubArg,
}

/// Whether GitHub Actions is told, where the program runs in it.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Results")]
pub(in crate::cli) struct GithubArg {
    /// In GitHub Actions: write no summary, annotations and outputs of the step
    #[arg(long)]
    pub(in crate::cli) no_github: bool,
}

/// Pictures of the results.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct PictureFiles {
    /// Write a one-page picture for chat and slides: verdict, what was asked, three charts
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) png: Option<PathBuf>,
    /// Write each chart as SVG and PNG into a folder, which is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) charts: Option<PathBuf>,
}

/// Where records are kept.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Results")]
pub(in crate::cli) struct StoreArg {
    /// Where records are kept: a file, or postgres://…  [default: .loadgate/loadgate.db]
    #[arg(long, value_name = "PATH|URL", env = "LOADGATE_STORE", hide_env_values = true)]
    pub(in crate::cli) store: Option<String>,
}
