//! `loadgate db`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::play::some_time;
use crate::units::Nanos;

/// `loadgate db`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Db {
    #[command(subcommand)]
    pub(in crate::cli) command: DbCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DbCommand {
    /// Show the statements that cost most, from `pg_stat_statements`
    Top {
        #[command(flatten)]
        database: DatabaseArg,
        /// Count only what happens in this time from now on
        #[arg(long = "for", value_name = "30s", value_parser = some_time)]
        lasting: Option<Nanos>,
        /// What the list begins with
        #[arg(long, value_enum, value_name = "ORDER", default_value = "mean")]
        by: By,
        /// Statements to show
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u16,
    },
    /// Show who holds the connections, from `pg_stat_activity`
    Pool {
        #[command(flatten)]
        database: DatabaseArg,
        /// Connections of the application's own pool
        #[arg(long, value_name = "N")]
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        pool_size: Option<u64>,
    },
}

/// The database that is asked, and where the answer goes.
#[derive(Debug, Args)]
pub(in crate::cli) struct DatabaseArg {
    /// The database, such as `postgres://user:password@host:5432/name`
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(in crate::cli) database: String,
    /// Write the result as JSON; `-` is stdout, in place of the tables
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
}

/// What the list begins with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum By {
    /// The highest mean
    Mean,
    /// The highest sum of times
    Total,
    /// The most executions
    Calls,
}
