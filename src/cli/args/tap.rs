//! `loadgate tap`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `loadgate tap`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Tap {
    /// Where clients find it: a host and port, or `unix:FOLDER[:PORT]` for a socket in a folder
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:6432")]
    pub(in crate::cli) listen: String,
    /// The server behind it. Of the address, host, port, `sslmode` and `sslrootcert` are used:
    /// user, password and database are those of the clients
    #[arg(long, value_name = "postgres://…")]
    pub(in crate::cli) upstream: String,
    /// What clients that ask for TLS get
    #[arg(long, value_enum, default_value_t = TapTls::Refuse)]
    pub(in crate::cli) tls: TapTls,
    /// The certificate of `--tls terminate` (PEM, its chain behind it); without it one is made
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(in crate::cli) tls_cert: Option<PathBuf>,
    /// The private key of `--tls-cert` (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(in crate::cli) tls_key: Option<PathBuf>,
    /// Write what was measured as JSON; `-` is stdout, in place of the table
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) json: Option<PathBuf>,
}

/// What clients that ask for TLS get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TapTls {
    /// The answer that there is none: with `sslmode=prefer` they go on without
    Refuse,
    /// TLS with the server. What passes then can't be read, and is only counted
    Pass,
    /// TLS with the tap
    Terminate,
}
