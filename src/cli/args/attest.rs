//! `loadgate attest`.

use clap::{Args, Subcommand};

use super::StoreArg;

/// `loadgate attest`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Attest {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<AttestCommand>,
    #[command(flatten)]
    pub(in crate::cli) said: Said,
}

/// What is said.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Said {
    /// Id of the row; `loadgate attest ids` lists all of them
    #[arg(value_name = "ID")]
    pub(in crate::cli) criterion: Option<String>,
    /// Who says it
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) note: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) stand: StandArg,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
}

/// Whether it is so. An enumeration would need a word after its flag.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag, of which one at most is given")]
pub(in crate::cli) struct StandArg {
    /// What the row says is so [default, but for rows of NO-GO and rollback]
    #[arg(long)]
    pub(in crate::cli) holds: bool,
    /// What the row says is not so
    #[arg(long)]
    pub(in crate::cli) fails: bool,
    /// Take back what was said before: nothing is known again
    #[arg(long)]
    pub(in crate::cli) revoke: bool,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AttestCommand {
    /// List everything that was attested, in the order in which it was
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        store: StoreArg,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the rows that can be attested
    Ids {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}
