//! `loadgate runs` and `loadgate report`: what is stored already.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{PictureFiles, StoreArg};

/// `loadgate runs`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Runs {
    #[command(subcommand)]
    pub(in crate::cli) command: RunsCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RunsCommand {
    /// List all runs, the newest first
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        store: StoreArg,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the summary of a run
    Show {
        /// Id of the run, its beginning, or `latest`
        #[arg(default_value = "latest")]
        run: String,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Remove runs from the store
    Rm {
        /// Ids of the runs, their beginnings, or `latest`
        #[arg(required = true)]
        runs: Vec<String>,
        #[command(flatten)]
        store: StoreArg,
    },
}

/// `loadgate report`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// Id of the run, its beginning, or `latest`
    #[arg(default_value = "latest")]
    pub(in crate::cli) run: String,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    /// Print in this format when no file is asked for
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(formats()))]
    pub(in crate::cli) format: String,
    /// Write a self-contained page; `-` is stdout
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// Write Markdown
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) md: Option<PathBuf>,
    /// Write the JSON document
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write one row for each endpoint and query
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) csv: Option<PathBuf>,
    /// Write the HdrHistogram log (version 1.3)
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) hlog: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) pictures: PictureFiles,
}

fn formats() -> Vec<&'static str> {
    crate::report::FORMATS.iter().map(|format| format.word()).collect()
}
