//! Arguments in, text and exit code out. Nobody else knows the environment or the terminal.

mod adhoc;
mod alarm;
mod args;
mod attest;
mod baseline;
mod between;
mod builtin;
mod capacity;
mod check;
mod compare;
mod completions;
mod daily;
mod db;
mod decide;
mod embedded;
mod exit;
mod gathered;
mod github;
mod init;
mod judging;
mod market;
mod observe;
mod observed;
mod message;
mod output;
mod pictures;
mod player;
mod probe;
mod progress;
mod project;
mod repeat;
mod repeated;
mod report;
mod run;
mod runs;
mod schema;
mod settings;
mod signals;
mod simulate;
mod table;
mod tap;
mod terminal;
mod tui;
mod viewers;
mod watcher;

use std::process::ExitCode;

use args::{Command, Common, Low};
pub use exit::Exit;
use project::Project;
use terminal::Terminal;

/// The whole program: reads the arguments, does what they say, and gives the exit code.
pub fn main() -> ExitCode {
    let project = match Project::read() {
        Ok(project) => project,
        Err(failed) => {
            return ExitCode::from(failed.tell(&Terminal::new(&Common::default())).code());
        }
    };
    let low = match Low::read(&project) {
        Ok(low) => low,
        Err(told) => return told_by_clap(&told),
    };
    let terminal = Terminal::new(&low.common);
    let runtime = runtime(&low.command);
    let result = match runtime {
        Ok(runtime) => {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, dispatch(low, &project, &terminal))
        }
        Err(error) => Err(Failed::could_not("start the runtime", error)),
    };
    let exit = result.unwrap_or_else(|failed| failed.tell(&terminal));
    ExitCode::from(exit.code())
}

/// Help and version on stdout, or what is wrong with the arguments on stderr.
fn told_by_clap(told: &clap::Error) -> ExitCode {
    // A reader that has gone away (`--help | head`) is no error.
    drop(told.print());
    let exit = if told.use_stderr() { Exit::Usage } else { Exit::Done };
    ExitCode::from(exit.code())
}

/// The market works on several requests at a time, but leaves half of the processors to whoever
/// loads it. All else waits more than it works.
fn runtime(command: &Command) -> std::io::Result<tokio::runtime::Runtime> {
    let mut builder = match command {
        Command::Market(_) => tokio::runtime::Builder::new_multi_thread(),
        Command::Run(_)
        | Command::Baseline(_)
        | Command::Check(_)
        | Command::Gate(_)
        | Command::Compare(_)
        | Command::Capacity(_)
        | Command::Observe(_)
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
        | Command::Completions { .. } => tokio::runtime::Builder::new_current_thread(),
    };
    builder.worker_threads(settings::half_of_processors()).enable_all().build()
}

async fn dispatch(low: Low, project: &Project, terminal: &Terminal) -> Result<Exit, Failed> {
    match low.command {
        Command::Run(run) => run::run(*run, terminal).await,
        Command::Check(args) => check::check(*args, terminal).await,
        Command::Baseline(baseline) => baseline::baseline(baseline, terminal).await,
        Command::Gate(gate) => compare::gate(*gate, terminal).await,
        Command::Compare(compare) => compare::compare(*compare, terminal).await,
        Command::Capacity(capacity) => capacity::capacity(*capacity, terminal).await,
        Command::Observe(observe) => observe::observe(*observe, terminal).await,
        Command::Runs(runs) => runs::runs(runs, terminal).await,
        Command::Report(report) => report::report(*report, terminal).await,
        Command::Attest(attest) => attest::attest(attest, terminal).await,
        Command::Decide(decide) => decide::decide(*decide, project, terminal).await,
        Command::Message(message) => message::message(*message, project, terminal).await,
        Command::Db(db) => db::db(db, terminal).await,
        Command::Probe(args) => probe::probe(*args, terminal).await,
        Command::Schema { of } => schema::schema(of, terminal),
        Command::Init(args) => init::init(&args, terminal),
        Command::Tap(args) => tap::tap(args, terminal).await,
        Command::Market(market) => market::market(market).await,
        Command::Completions { shell } => completions::completions(shell, terminal),
    }
}

/// Why a command could not do its work: a message, what to do, and the exit code.
#[derive(Debug)]
pub struct Failed {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failed {
    /// Something that could not be done.
    fn could_not(what: &str, error: impl std::fmt::Display) -> Self {
        Self { exit: Exit::CouldNotRun, message: format!("can't {what}: {error}"), hint: None }
    }

    /// A failure of the world.
    fn new(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { exit: Exit::CouldNotRun, message: message.into(), hint }
    }

    /// A fault of the input.
    fn usage(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint }
    }

    /// Faults of the input that have been told already.
    fn told(exit: Exit) -> Self {
        Self { exit, message: String::new(), hint: None }
    }

    fn tell(&self, terminal: &Terminal) -> Exit {
        if !self.message.is_empty() {
            terminal.error(&self.message, self.hint.as_deref());
        }
        self.exit
    }
}

impl From<crate::store::StoreError> for Failed {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

impl From<crate::tap::TapError> for Failed {
    fn from(error: crate::tap::TapError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

impl From<crate::harness::RunError> for Failed {
    fn from(error: crate::harness::RunError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}
