//! `loadgate gate` and `loadgate compare`, and how a run is compared.

use std::path::PathBuf;

use clap::Args;

use super::{Files, StoreArg};
use crate::gate::identity::Kind;
use crate::units::Nanos;

/// How two sides are compared.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(in crate::cli) struct Judging {
    /// Rules of the gate in a file of their own, in place of the scenario's `gate:` block
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Compare although this differs: scenario, load, seed, machine, engine, flags or version
    #[arg(long, value_name = "KIND")]
    pub(in crate::cli) accept_difference: Vec<Kind>,
    /// Baseline whose run-to-run noise is taken where one repetition a side shows none
    #[arg(long, value_name = "NAME|FILE")]
    pub(in crate::cli) noise_from: Option<String>,
    /// End with exit code 0 whatever the verdict is
    #[arg(long)]
    pub(in crate::cli) exit_zero: bool,
}

/// How `run` repeats and compares.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Repetitions and baseline")]
pub(in crate::cli) struct Repeating {
    /// Play so many repetitions, each with a lead-in that does not count
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(in crate::cli) repeat: Option<u32>,
    /// Length of the lead-in of each repetition [default: 10s]
    #[arg(long, value_name = "10s")]
    pub(in crate::cli) lead: Option<Nanos>,
    /// Compare with this baseline; the exit code is the verdict [without a value: the scenario's]
    #[arg(long, value_name = "NAME|FILE", num_args = 0..=1, default_missing_value = "")]
    #[arg(conflicts_with = "duet")]
    pub(in crate::cli) baseline: Option<String>,
    /// Measure two systems alternately (ABBA) and compare B with A
    #[arg(long, num_args = 2, value_names = ["A_URL", "B_URL"])]
    pub(in crate::cli) duet: Option<Vec<String>>,
    /// The old version: measured first, it must be as fast as in the baseline
    #[arg(long, value_name = "URL", requires = "baseline")]
    pub(in crate::cli) anchor: Option<String>,
    /// Do not double the repetitions once when nothing is decided
    #[arg(long)]
    pub(in crate::cli) no_second_look: bool,
}

/// `loadgate gate`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Gate {
    /// Runs to judge: ids, their beginnings, or `latest`; a repetition stands for its whole set
    #[arg(default_value = "latest", value_name = "RUN")]
    pub(in crate::cli) runs: Vec<String>,
    /// The baseline: a name, an exported file, or a run
    #[arg(long, value_name = "NAME|FILE|RUN")]
    pub(in crate::cli) baseline: String,
    /// Runs of the old version, measured again beside the candidate's
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) anchor: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) judging: Judging,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    #[command(flatten)]
    pub(in crate::cli) files: Files,
}

/// `loadgate compare`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Compare {
    /// What it is compared with: a baseline, an exported file, or a run
    #[arg(value_name = "A")]
    pub(in crate::cli) baseline: String,
    /// What is compared: the same
    #[arg(value_name = "B", default_value = "latest")]
    pub(in crate::cli) candidate: String,
    /// Ask whether both are equally fast, as after a rollback; the exit code answers: 0 yes, 3
    /// undecided, 4 no
    #[arg(long)]
    pub(in crate::cli) equivalent: bool,
    #[command(flatten)]
    pub(in crate::cli) judging: Judging,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    #[command(flatten)]
    pub(in crate::cli) files: Files,
}

/// A time, zero included.
pub(super) fn any_time(text: &str) -> Result<Nanos, String> {
    text.parse().map_err(|error| format!("{error}"))
}
