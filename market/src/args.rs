//! What was typed, and what it means.

use std::net::SocketAddr;
use std::time::Duration;

use crate::faults::FaultSpec;
use crate::seed::Size;
use crate::units;

/// The arguments of the market.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is given or not")]
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// `sqlite::memory:`, `sqlite:///path/file.db` or `postgres://…`
    #[arg(long, value_name = "URL", default_value = "sqlite::memory:")]
    #[arg(env = "MARKET_DATABASE", hide_env_values = true)]
    pub database: String,

    /// How much data is seeded
    #[arg(long, value_enum, default_value_t = Size::Full)]
    pub size: Size,

    /// The same seed gives the same data and the same faults
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,

    /// The version that `/api/health` reports
    #[arg(long, value_name = "VERSION", default_value = "6.19.0")]
    pub prisma_version: String,

    /// A fault to begin with, such as `slow:endpoint=GET /api/farms,factor=2`; repeatable
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<FaultSpec>,

    /// Database connections
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub pool: u16,

    /// How long a login token counts
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub token_ttl: Duration,

    /// Compress answers (gzip, br) for clients that ask for it
    #[arg(long)]
    pub compress: bool,

    /// Write the trace context of a request (`traceparent`) into its statements, as sqlcommenter does
    #[arg(long)]
    pub sql_comments: bool,

    /// Exit when standard input ends, so that a parent that is killed takes the market with it
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    units::duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a duration is written like 30s, 10m or 1h".to_owned())
}

/// A market as it shall be.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database's URL.
    pub database: String,
    /// How much data.
    pub size: Size,
    /// Of data and faults.
    pub seed: u64,
    /// What `/api/health` says.
    pub prisma_version: String,
    /// Faults from the beginning.
    pub faults: Vec<FaultSpec>,
    /// Database connections.
    pub pool: usize,
    /// How long a login token counts.
    pub token_ttl: Duration,
    /// Whether answers are compressed.
    pub compress: bool,
    /// Whether statements bear the trace context of their request.
    pub sql_comments: bool,
}

impl Default for Config {
    /// A small market on a free port of the loopback interface: what a test wants.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database: "sqlite::memory:".to_owned(),
            size: Size::Small,
            seed: 42,
            prisma_version: "6.19.0".to_owned(),
            faults: Vec::new(),
            pool: 10,
            token_ttl: Duration::from_hours(1),
            compress: false,
            sql_comments: false,
        }
    }
}

impl From<Args> for Config {
    fn from(args: Args) -> Self {
        Self {
            listen: args.listen,
            database: args.database,
            size: args.size,
            seed: args.seed,
            prisma_version: args.prisma_version,
            faults: args.faults,
            pool: usize::from(args.pool),
            token_ttl: args.token_ttl,
            compress: args.compress,
            sql_comments: args.sql_comments,
        }
    }
}
