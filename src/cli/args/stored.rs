//! `loadgate runs` and `loadgate report`: what is stored already.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{GithubArg, PictureFiles, StoreArg};
use crate::gate::identity::Kind;

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
    /// Id of the run, its beginning, or `latest`; before B also a baseline or an exported file
    #[arg(default_value = "latest", value_name = "RUN|A")]
    pub(in crate::cli) run: String,
    /// Report on this compared with A: a run, a baseline, or an exported file
    #[arg(value_name = "B")]
    pub(in crate::cli) candidate: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) comparing: Comparing,
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
    /// Write JUnit XML, for the test report of a CI service
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// Write the HdrHistogram log (version 1.3) of one run
    #[arg(long, value_name = "FILE|-", conflicts_with = "candidate")]
    pub(in crate::cli) hlog: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) daily: DailyFiles,
    #[command(flatten)]
    pub(in crate::cli) pictures: PictureFiles,
    #[command(flatten)]
    pub(in crate::cli) github: GithubArg,
}

/// Texts of an observation.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Observations")]
pub(in crate::cli) struct DailyFiles {
    /// Write the Daily Metrics Log as Markdown
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) daily: Option<PathBuf>,
    /// Show the time outside of the windows in the log, too
    #[arg(long, requires = "daily")]
    pub(in crate::cli) night: bool,
    /// Write the Daily Status Update
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) daily_status: Option<PathBuf>,
    /// The day of the status, from 1 on; the last without it
    #[arg(long, value_name = "N", requires = "daily_status")]
    pub(in crate::cli) day: Option<u32>,
}

/// How A and B are compared, as by `loadgate compare`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Comparison of A and B")]
pub(in crate::cli) struct Comparing {
    /// Rules of the gate in a file of their own, in place of the scenario's `gate:` block
    #[arg(long, value_name = "FILE", requires = "candidate")]
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Compare although this differs: scenario, load, seed, machine, engine, flags or version
    #[arg(long, value_name = "KIND", requires = "candidate")]
    pub(in crate::cli) accept_difference: Vec<Kind>,
    /// Baseline whose run-to-run noise is taken where one repetition a side shows none
    #[arg(long, value_name = "NAME|FILE", requires = "candidate")]
    pub(in crate::cli) noise_from: Option<String>,
}

fn formats() -> Vec<&'static str> {
    crate::report::FORMATS.iter().map(|format| format.word()).collect()
}
