//! `loadgate observe --simulate`.

use std::path::PathBuf;

use clap::Args;

use super::{DailyFiles, Files, StoreArg};

/// `loadgate observe --simulate`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Simulate {
    /// Simulate what this file describes, in seconds instead of days
    #[arg(long, value_name = "SPEC")]
    pub(in crate::cli) simulate: PathBuf,
    /// What everything random is made from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    #[command(flatten)]
    pub(in crate::cli) daily: DailyFiles,
    #[command(flatten)]
    pub(in crate::cli) files: Files,
}
