//! What was typed, field for field. Needs no environment but what clap reads for it.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::units::{Nanos, Rate};

/// Load and latency benchmark harness: may this upgrade go to production?
#[derive(Debug, Parser)]
#[command(name = "loadgate", version, about, max_term_width = 100, subcommand_required = true)]
pub(super) struct Low {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Low {
    /// Reads the command line. What it says goes before what the environment says.
    pub(super) fn read() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        let mut low = Self::from_arg_matches(&matches)?;
        if let Command::Run(run) = &mut low.command
            && let Some(matches) = matches.subcommand_matches("run")
        {
            run.what.settle(matches)?;
        }
        Ok(low)
    }
}

/// Options of all commands.
#[derive(Clone, Debug, Args)]
pub(super) struct Common {
    /// Say less: no progress, and the id of the run in place of the summary
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// No colours (also by the `NO_COLOR` variable, or when the output is no terminal)
    #[arg(long, global = true)]
    pub(super) no_color: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Play a scenario against its target, and keep and show what was measured
    Run(Box<Run>),
    /// List, show and remove stored runs
    Runs(Runs),
    /// Write a report of a stored run
    Report(Report),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
    /// Run the farmers market, a system to practise on
    Market(farmers_market::Args),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `loadgate run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) what: What,
    #[command(flatten)]
    pub(super) load: LoadArgs,
    #[command(flatten)]
    pub(super) http: HttpArgs,
    #[command(flatten)]
    pub(super) keep: Keep,
}

/// What is played.
#[derive(Debug, Args)]
pub(super) struct What {
    /// A built-in scenario (customer, farmer, admin, all), or the path of a scenario file
    #[arg(short, long, env = "LOADGATE_SCENARIO", value_name = "NAME|FILE")]
    #[arg(hide_env_values = true)]
    pub(super) scenario: Option<String>,
    /// Address of the target, in place of the scenario's [without one: the embedded market]
    #[arg(long, env = "LOADGATE_TARGET", value_name = "URL", hide_env_values = true)]
    pub(super) target: Option<String>,
    /// Only these journeys of the scenario
    #[arg(long, value_name = "NAME")]
    pub(super) journey: Vec<String>,
    /// Version that the target has to report
    #[arg(long, value_name = "VERSION")]
    pub(super) expect: Option<String>,
    /// Send one request, without a scenario
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// Method of the request to --url
    #[arg(short = 'X', long, value_name = "METHOD", requires = "url")]
    pub(super) method: Option<String>,
    /// Body of the request to --url; `@FILE` reads it from a file
    #[arg(long, value_name = "TEXT|@FILE", requires = "url")]
    pub(super) data: Option<String>,
}

impl What {
    /// `--url` stands alone. A scenario or target of the environment gives way to it; one of the
    /// command line contradicts it. An empty variable is as good as none.
    fn settle(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (id, value) in [("scenario", &mut self.scenario), ("target", &mut self.target)] {
            match matches.value_source(id) {
                Some(ValueSource::EnvVariable) => {
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
#[derive(Debug, Args)]
#[command(next_help_heading = "Load (replaces the scenario's phases by one measured phase)")]
pub(super) struct LoadArgs {
    /// Journeys to start per second, whether or not earlier ones have ended (open model)
    #[arg(
        short,
        long,
        value_name = "50/s",
        conflicts_with = "users",
        allow_negative_numbers = true
    )]
    #[arg(value_parser = some_rate)]
    pub(super) rate: Option<Rate>,
    /// Virtual users, each starting again when its journey has ended (closed model)
    #[arg(short, long, visible_alias = "vus", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) users: Option<u64>,
    /// Length of the run
    #[arg(short, long, value_name = "30s", value_parser = some_time)]
    pub(super) duration: Option<Nanos>,
    /// End after so many journeys; without --rate or --users one user does them
    #[arg(short = 'n', long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) iterations: Option<u64>,
    /// Most virtual users at a time (open model); starts beyond are counted as dropped
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) max_users: Option<u64>,
    /// Seed of everything random: the same seed plays the same journeys, data and times
    #[arg(long, value_name = "N", default_value_t = 1, env = "LOADGATE_SEED")]
    pub(super) seed: u64,
    /// Worker threads [default: half of the processors]
    #[arg(long, value_name = "N", env = "LOADGATE_WORKERS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(super) workers: Option<u16>,
}

/// How requests are sent.
#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(super) struct HttpArgs {
    /// Header of every request
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,
    /// Longest time from sending a request to its last byte [default: 10s]
    #[arg(short, long, value_name = "10s", value_parser = some_time)]
    pub(super) timeout: Option<Nanos>,
    /// Longest time to open a connection [default: 5s]
    #[arg(long, value_name = "5s", value_parser = some_time)]
    pub(super) connect_timeout: Option<Nanos>,
    /// Accept any certificate
    #[arg(short = 'k', long)]
    pub(super) insecure: bool,
    /// Trust the certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(super) cacert: Option<PathBuf>,
    /// Speak HTTP/2 (without TLS: by prior knowledge)
    #[arg(long, conflicts_with = "http1")]
    pub(super) http2: bool,
    /// Speak HTTP/1.1 even if the server offers HTTP/2
    #[arg(long = "http1.1", id = "http1")]
    pub(super) http1: bool,
}

/// Where results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Keep {
    #[command(flatten)]
    pub(super) store: StoreArg,
    /// Write the results as JSON; `-` is stdout, in place of the summary
    #[arg(long, value_name = "FILE|-")]
    pub(super) json: Option<PathBuf>,
    /// Write the report as a self-contained page
    #[arg(long, value_name = "FILE|-")]
    pub(super) html: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE|-")]
    pub(super) md: Option<PathBuf>,
}

/// Where records are kept.
#[derive(Debug, Args)]
pub(super) struct StoreArg {
    /// Where records are kept: a file, or postgres://…  [default: .loadgate/loadgate.db]
    #[arg(long, value_name = "PATH|URL", env = "LOADGATE_STORE", hide_env_values = true)]
    pub(super) store: Option<String>,
}

/// `loadgate runs`.
#[derive(Debug, Args)]
pub(super) struct Runs {
    #[command(subcommand)]
    pub(super) command: RunsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// List all runs, the newest first
    #[command(visible_alias = "ls")]
    List {
        #[command(flatten)]
        store: StoreArg,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the summary of a run
    Show {
        /// Id of the run, its beginning, or `latest`
        #[arg(default_value = "latest")]
        run: String,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Remove runs from the store
    Rm {
        /// Ids of the runs, their beginnings, or `latest`
        #[arg(required = true)]
        runs: Vec<String>,
        #[command(flatten)]
        store: StoreArg,
    },
}

/// `loadgate report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// Id of the run, its beginning, or `latest`
    #[arg(default_value = "latest")]
    pub(super) run: String,
    #[command(flatten)]
    pub(super) store: StoreArg,
    /// Print in this format when no file is asked for
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(formats()))]
    pub(super) format: String,
    /// Write a self-contained page; `-` is stdout
    #[arg(long, value_name = "FILE|-")]
    pub(super) html: Option<PathBuf>,
    /// Write Markdown
    #[arg(long, value_name = "FILE|-")]
    pub(super) md: Option<PathBuf>,
    /// Write the JSON document
    #[arg(long, value_name = "FILE|-")]
    pub(super) json: Option<PathBuf>,
    /// Write one row for each endpoint and query
    #[arg(long, value_name = "FILE|-")]
    pub(super) csv: Option<PathBuf>,
    /// Write the HdrHistogram log (version 1.3)
    #[arg(long, value_name = "FILE|-")]
    pub(super) hlog: Option<PathBuf>,
}

/// A rate above zero.
fn some_rate(text: &str) -> Result<Rate, String> {
    let rate: Rate = text.parse().map_err(|error| format!("{error}"))?;
    if rate.value() > 0.0 { Ok(rate) } else { Err("nothing would ever start".to_owned()) }
}

/// A time above zero.
fn some_time(text: &str) -> Result<Nanos, String> {
    let time: Nanos = text.parse().map_err(|error| format!("{error}"))?;
    if time > Nanos::ZERO { Ok(time) } else { Err("it has to be longer".to_owned()) }
}

fn formats() -> Vec<&'static str> {
    crate::report::FORMATS.iter().map(|format| format.word()).collect()
}
