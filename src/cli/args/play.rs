//! What is played, how much of it, and how it is sent.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory};

use super::Low;
use crate::plan::PrecisionSpec;
use crate::units::{Nanos, Rate};

/// What is played against a target.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Play {
    #[command(flatten)]
    pub(in crate::cli) what: What,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
    #[command(flatten)]
    pub(in crate::cli) http: HttpArgs,
    #[command(flatten)]
    pub(in crate::cli) tap: TapArgs,
    #[command(flatten)]
    pub(in crate::cli) monitor: MonitorArgs,
}

/// The proxy that times the target's statements.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct TapArgs {
    /// Time every statement that the target sends to this PostgreSQL, by a proxy in between
    #[arg(long, env = "LOADGATE_TAP", value_name = "postgres://HOST", hide_env_values = true)]
    pub(in crate::cli) tap: Option<String>,
    /// Where the target finds the proxy [default: the scenario's, else 127.0.0.1:6432]
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) tap_listen: Option<String>,
    /// Every request alone, one user and no thinking, so that each statement has its request
    #[arg(long, conflicts_with_all = ["rate", "users", "duration"])]
    pub(in crate::cli) solo: bool,
}

/// What is read beside the load.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct MonitorArgs {
    /// Read connections and statements of this PostgreSQL every 5 s, beside the scenario's monitors
    #[arg(long, env = "LOADGATE_MONITOR_DB", value_name = "postgres://HOST/NAME")]
    #[arg(hide_env_values = true)]
    pub(in crate::cli) monitor_db: Option<String>,
}

/// What is played.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct What {
    /// A built-in scenario (customer, farmer, admin, all), or the path of a scenario file
    #[arg(short, long, env = "LOADGATE_SCENARIO", value_name = "NAME|FILE")]
    #[arg(hide_env_values = true)]
    pub(in crate::cli) scenario: Option<String>,
    /// Address of the target, in place of the scenario's [without one: the embedded market]
    #[arg(long, env = "LOADGATE_TARGET", value_name = "URL", hide_env_values = true)]
    pub(in crate::cli) target: Option<String>,
    /// The target of the project's file, before which the scenario's own goes.
    #[arg(skip)]
    pub(in crate::cli) project_target: Option<String>,
    /// Only these journeys of the scenario
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) journey: Vec<String>,
    /// Version that the target has to report
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) expect: Option<String>,
    /// Send one request, without a scenario
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) url: Option<String>,
    /// Method of the request to --url
    #[arg(short = 'X', long, value_name = "METHOD", requires = "url")]
    pub(in crate::cli) method: Option<String>,
    /// Body of the request to --url; `@FILE` reads it from a file
    #[arg(long, value_name = "TEXT|@FILE", requires = "url")]
    pub(in crate::cli) data: Option<String>,
}

impl What {
    /// `--url` stands alone. A scenario or target of the environment gives way to it; one of the
    /// command line contradicts it. An empty variable is as good as none.
    pub(in crate::cli) fn settle(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if matches.value_source("target") == Some(ValueSource::DefaultValue) {
            self.project_target = self.target.take();
        }
        for (id, value) in [("scenario", &mut self.scenario), ("target", &mut self.target)] {
            match matches.value_source(id) {
                Some(ValueSource::EnvVariable | ValueSource::DefaultValue) => {
                    let no_url = self.url.is_none();
                    *value = value.take().filter(|value| no_url && !value.is_empty());
                }
                Some(_) if self.url.is_some() => {
                    let message =
                        format!("the argument '--url <URL>' cannot be used with '--{id}'");
                    return Err(Low::command().error(ErrorKind::ArgumentConflict, message));
                }
                Some(_) | None => {}
            }
        }
        if self.url.is_none() && self.scenario.is_none() {
            let message = "give a scenario with '--scenario <NAME|FILE>', or '--url <URL>'";
            return Err(Low::command().error(ErrorKind::MissingRequiredArgument, message));
        }
        Ok(())
    }
}

/// How much is played. Any of these replaces the scenario's phases by one measured phase.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load (replaces the scenario's phases by one measured phase)")]
pub(in crate::cli) struct LoadArgs {
    /// Journeys to start per second, whether or not earlier ones have ended (open model)
    #[arg(
        short,
        long,
        value_name = "50/s",
        conflicts_with = "users",
        allow_negative_numbers = true
    )]
    #[arg(value_parser = some_rate)]
    pub(in crate::cli) rate: Option<Rate>,
    /// Virtual users, each starting again when its journey has ended (closed model)
    #[arg(short, long, visible_alias = "vus", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(in crate::cli) users: Option<u64>,
    /// Length of the run
    #[arg(short, long, value_name = "30s", value_parser = some_time)]
    pub(in crate::cli) duration: Option<Nanos>,
    /// End after so many journeys; without --rate or --users one user does them
    #[arg(short = 'n', long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) iterations: Option<u64>,
    /// Most virtual users at a time (open model); starts beyond are counted as dropped
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(in crate::cli) max_users: Option<u64>,
    /// Seed of everything random: the same seed plays the same journeys, data and times
    #[arg(long, value_name = "N", default_value_t = 1, env = "LOADGATE_SEED")]
    pub(in crate::cli) seed: u64,
    /// How exactly starts keep to their times: precision is bought with CPU time
    /// [default: the scenario's, else auto]
    #[arg(long, value_name = "PRECISION", value_parser = precision())]
    pub(in crate::cli) precision: Option<PrecisionSpec>,
    /// Worker threads [default: half of the processors]
    #[arg(long, value_name = "N", env = "LOADGATE_WORKERS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(in crate::cli) workers: Option<u16>,
}

/// What sends the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum EngineName {
    /// The fastest that can do it
    #[default]
    Auto,
    /// Our own, for HTTP/1.1 on Linux
    Epoll,
    /// hyper on tokio
    Tokio,
}

/// How requests are sent.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "HTTP")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(in crate::cli) struct HttpArgs {
    /// Header of every request
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(in crate::cli) header: Vec<String>,
    /// Longest time from sending a request to its last byte [default: 10s]
    #[arg(short, long, value_name = "10s", value_parser = some_time)]
    pub(in crate::cli) timeout: Option<Nanos>,
    /// Longest time to open a connection [default: 5s]
    #[arg(long, value_name = "5s", value_parser = some_time)]
    pub(in crate::cli) connect_timeout: Option<Nanos>,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub(in crate::cli) insecure: bool,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) cacert: Option<PathBuf>,
    /// Speak HTTP/2 (without TLS: by prior knowledge)
    #[arg(long, conflicts_with = "http1")]
    pub(in crate::cli) http2: bool,
    /// Speak HTTP/1.1 even if the server offers HTTP/2
    #[arg(long = "http1.1", id = "http1")]
    pub(in crate::cli) http1: bool,
    /// What sends the requests: our own engine for HTTP/1.1 on Linux (epoll), or tokio and hyper
    #[arg(long, value_enum, default_value_t, env = "LOADGATE_ENGINE", value_name = "NAME")]
    #[arg(hide_possible_values = false)]
    pub(in crate::cli) engine: EngineName,
}

/// One of the words of a precision.
fn precision() -> impl TypedValueParser<Value = PrecisionSpec> {
    let words = PossibleValuesParser::new(PrecisionSpec::ALL.map(PrecisionSpec::word));
    words.map(|word| PrecisionSpec::of_word(&word).unwrap_or_default())
}

/// A rate above zero.
pub(in crate::cli) fn some_rate(text: &str) -> Result<Rate, String> {
    let rate: Rate = text.parse().map_err(|error| format!("{error}"))?;
    if rate.value() > 0.0 { Ok(rate) } else { Err("nothing would ever start".to_owned()) }
}

/// A time above zero.
pub(in crate::cli) fn some_time(text: &str) -> Result<Nanos, String> {
    let time: Nanos = text.parse().map_err(|error| format!("{error}"))?;
    if time > Nanos::ZERO { Ok(time) } else { Err("it has to be longer".to_owned()) }
}
