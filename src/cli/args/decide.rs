//! `loadgate decide`.

use std::path::PathBuf;

use clap::Args;

use super::{Judging, StoreArg};

/// `loadgate decide`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Decide {
    /// The baseline: a name, an exported file, or a run
    #[arg(long, value_name = "NAME|FILE|RUN")]
    pub(in crate::cli) baseline: Option<String>,
    /// What is decided on: the id of a run, its beginning, or `latest`; a repetition stands for its
    /// whole set
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(in crate::cli) candidate: String,
    /// The observation of 24 to 48 hours [default: the newest of the candidate's version]
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) observation: Option<String>,
    /// What is decided on, for people [default: scenario and versions]
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) title: Option<String>,
    /// Say whether a document that was written is genuine, and what has changed since
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["baseline", "candidate", "observation", "title", "files"])]
    pub(in crate::cli) verify: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) judging: Judging,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    #[command(flatten)]
    pub(in crate::cli) files: DecisionFiles,
}

/// Where the document goes.
#[derive(Clone, Debug, Args)]
#[group(id = "files", multiple = true)]
#[command(next_help_heading = "Results")]
pub(in crate::cli) struct DecisionFiles {
    /// Write Markdown; `-` is stdout [default: decision.md, when no file is named]
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) md: Option<PathBuf>,
    /// Write a self-contained page [default: decision.html, when no file is named]
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) html: Option<PathBuf>,
    /// Write the JSON document
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write the report of the comparison beside it, to which its figures link
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Option<PathBuf>,
}
