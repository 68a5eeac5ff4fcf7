//! `loadgate capacity`.

use std::path::PathBuf;

use clap::Args;

use super::play::{some_rate, some_time};
use super::{Play, StoreArg};
use crate::units::{Nanos, Rate, Ratio};

/// `loadgate capacity`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Capacity {
    /// The latency objective: the highest p95 of all requests, from their intended start
    #[arg(long, value_name = "500ms", value_parser = some_time)]
    pub(in crate::cli) p95: Nanos,
    /// The largest share of failed requests
    #[arg(long, value_name = "1%", default_value = "1%")]
    pub(in crate::cli) errors: Ratio,
    /// The load that the search begins with
    #[arg(long, value_name = "10/s", default_value = "10/s", value_parser = some_rate)]
    pub(in crate::cli) from: Rate,
    /// The highest load that is tried
    #[arg(long, value_name = "100000/s", default_value = "100000/s", value_parser = some_rate)]
    pub(in crate::cli) ceiling: Rate,
    /// Trials in all
    #[arg(long, value_name = "N", default_value_t = 40)]
    #[arg(value_parser = clap::value_parser!(u16).range(4..=400))]
    pub(in crate::cli) trials: u16,
    /// Measured length of a trial
    #[arg(long, value_name = "30s", default_value = "30s", value_parser = some_time)]
    pub(in crate::cli) trial: Nanos,
    /// Lead-in of a trial, which does not count
    #[arg(long, value_name = "5s", default_value = "5s", value_parser = super::judging::any_time)]
    pub(in crate::cli) lead: Nanos,
    /// Compare with the result of an earlier search (a file of `--json`)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) against: Option<PathBuf>,
    /// Write the result as JSON; `-` is stdout, in place of the summary
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) play: Play,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
}
