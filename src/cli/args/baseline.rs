//! `loadgate baseline`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::play::some_time;
use super::{Play, StoreArg};
use crate::units::Nanos;

/// `loadgate baseline`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Baseline {
    #[command(subcommand)]
    pub(in crate::cli) command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BaselineCommand {
    /// Measure a baseline: repetitions of one load against the version of today
    Capture(Box<Capture>),
    /// Add runs to a baseline, or make one of them
    Add {
        /// Name of the baseline
        name: String,
        /// Ids of the runs, their beginnings, or `latest`; a repetition stands for its whole set
        #[arg(required = true)]
        runs: Vec<String>,
        #[command(flatten)]
        store: StoreArg,
    },
    /// List all baselines
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        store: StoreArg,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a baseline, and the smallest change that it can show of each endpoint
    Show {
        /// Name of the baseline, or an exported file
        name: String,
        #[command(flatten)]
        store: StoreArg,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove baselines; their runs stay
    Rm {
        /// Names of the baselines
        #[arg(required = true)]
        names: Vec<String>,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Write a baseline with its runs to one file
    Export {
        /// Name of the baseline
        name: String,
        /// The file; `-` is stdout
        file: PathBuf,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Read a baseline from a file into the store
    Import {
        /// The file; `-` is stdin
        file: PathBuf,
        /// Its name in the store [default: the name in the file]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        store: StoreArg,
    },
}

/// `loadgate baseline capture`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Capture {
    /// Name of the new baseline, for example the version: `prisma-6.19`
    pub(in crate::cli) name: String,
    /// Repetitions
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(in crate::cli) repeat: u32,
    /// Length of the lead-in of each repetition, which does not count
    #[arg(long, value_name = "10s", default_value = "10s", value_parser = super::judging::any_time)]
    pub(in crate::cli) lead: Nanos,
    /// Begin a repetition only so often, to measure in more than one mood of the machine
    #[arg(long, value_name = "1h", value_parser = some_time)]
    pub(in crate::cli) every: Option<Nanos>,
    #[command(flatten)]
    pub(in crate::cli) play: Play,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
}
