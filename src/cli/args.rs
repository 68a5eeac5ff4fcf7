//! What was typed, field for field. Needs no environment but what clap reads for it.

mod attest;
mod baseline;
mod capacity;
mod check;
mod db;
mod decide;
mod init;
mod judging;
mod keep;
mod observe;
mod message;
mod play;
mod probe;
mod stored;
mod tap;
mod view;

pub(super) use attest::{Attest, AttestCommand, Said};
pub(super) use baseline::{Baseline, BaselineCommand, Capture};
pub(super) use capacity::Capacity;
pub(super) use check::Check;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
pub(super) use db::{By, DatabaseArg, Db, DbCommand};
pub(super) use decide::{Decide, DecisionFiles};
pub(super) use init::Init;
pub(super) use judging::{Compare, Gate, Judging, Repeating};
pub(super) use keep::{Files, GithubArg, PictureFiles, StoreArg};
pub(super) use message::Message;
pub(super) use observe::{Observe, Windows};
pub(super) use play::{EngineName, HttpArgs, LoadArgs, MonitorArgs, Play, TapArgs, What};
pub(super) use probe::Probe;
pub(super) use stored::{Comparing, DailyFiles, Report, Runs, RunsCommand};
pub(super) use tap::{Tap, TapTls};
pub(super) use view::ViewArgs;

use super::project::Project;

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
    /// Reads the command line. What it says goes before what the environment says, and that before
    /// what the project's file says.
    pub(super) fn read(project: &Project) -> Result<Self, clap::Error> {
        let matches = project.settle(Self::command()).try_get_matches()?;
        let mut low = Self::from_arg_matches(&matches)?;
        // The matches of the innermost command: those of `baseline capture`, not of `baseline`.
        let mut inner = &matches;
        while let Some((_, deeper)) = inner.subcommand() {
            inner = deeper;
        }
        if let Some(play) = low.play() {
            play.what.settle(inner)?;
        }
        if let Command::Check(check) = &mut low.command {
            check.settle(inner);
        }
        if let Command::Run(run) = &mut low.command
            && run.repeating.duet.is_some()
            && run.play.what.target.is_some()
        {
            // A duet names both targets; one of the environment gives way to it.
            if inner.value_source("target") != Some(ValueSource::EnvVariable) {
                let message =
                    "the argument '--duet <A_URL> <B_URL>' cannot be used with '--target'";
                return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
            }
            run.play.what.target = None;
        }
        Ok(low)
    }

    /// What is played, of commands that play something.
    fn play(&mut self) -> Option<&mut Play> {
        match &mut self.command {
            Command::Run(run) => Some(&mut run.play),
            Command::Baseline(Baseline { command: BaselineCommand::Capture(capture) }) => {
                Some(&mut capture.play)
            }
            Command::Capacity(capacity) => Some(&mut capacity.play),
            Command::Observe(observe) => observe.simulate.is_none().then_some(&mut observe.play),
            Command::Baseline(_)
            | Command::Check(_)
            | Command::Compare(_)
            | Command::Gate(_)
            | Command::Runs(_)
            | Command::Report(_)
            | Command::Attest(_)
            | Command::Decide(_)
            | Command::Message(_)
            | Command::Db(_)
            | Command::Probe(_)
            | Command::Schema { .. }
            | Command::Tap(_)
            | Command::Init(_)
            | Command::Market(_)
            | Command::Completions { .. } => None,
        }
    }
}

/// Options of all commands.
#[derive(Clone, Debug, Default, Args)]
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
    /// Look once whether the system is up, is the right version, and works
    Check(Box<Check>),
    /// Measure, keep and move what later versions are compared with
    Baseline(Baseline),
    /// Judge runs against a baseline; the exit code is the verdict
    Gate(Box<Gate>),
    /// Compare two baselines or runs
    Compare(Box<Compare>),
    /// Find the highest load that keeps a latency objective
    Capacity(Box<Capacity>),
    /// Watch a system for hours or days at a low rate; goes on where it was left, even by a crash
    #[command(mut_arg("users", |argument| argument.hide(true)))]
    #[command(mut_arg("duration", |argument| argument.hide(true)))]
    #[command(mut_arg("iterations", |argument| argument.hide(true)))]
    #[command(mut_arg("solo", |argument| argument.hide(true)))]
    Observe(Box<Observe>),
    /// List, show and remove stored runs
    Runs(Runs),
    /// Write a report of a stored run
    Report(Box<Report>),
    /// Say of a row of the guide that it holds, or does not; nothing is ever overwritten
    Attest(Attest),
    /// Decide whether staging was good enough; the exit code is the decision
    Decide(Box<Decide>),
    /// Write the guide's messages from what is known, and send them
    Message(Box<Message>),
    /// Write the first files of a project: settings, a scenario, checks
    Init(Init),
    /// Stand before a PostgreSQL server and time every statement that its clients send
    Tap(Tap),
    /// Ask a PostgreSQL database for its statements and connections
    Db(Db),
    /// Send one request, and show where its time goes in curl's words
    Probe(Box<Probe>),
    /// Print the JSON Schema of scenario or check files, for editors
    Schema {
        /// Which files
        #[arg(value_enum, default_value_t)]
        of: SchemaOf,
    },
    /// Run the farmers market, a system to practise on
    Market(farmers_market::Args),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which files a schema is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SchemaOf {
    /// Scenario files
    #[default]
    Scenario,
    /// Check files
    Checks,
}

/// `loadgate run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) play: Play,
    #[command(flatten)]
    pub(super) repeating: Repeating,
    #[command(flatten)]
    pub(super) judging: Judging,
    #[command(flatten)]
    pub(super) view: ViewArgs,
    #[command(flatten)]
    pub(super) store: StoreArg,
    #[command(flatten)]
    pub(super) files: Files,
}
