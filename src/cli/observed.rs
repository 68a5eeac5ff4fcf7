//! What is left of an observation when its process ends: a line, the files that were asked for, the
//! exit code.

use super::args::{DailyFiles, Observe};
use super::output::{Results, Sinks};
use super::progress::clock;
use super::terminal::{Terminal, printable};
use super::{Exit, Failed, daily};
use crate::gate::observation::Observer;
use crate::gate::ruling::Verdict;
use crate::harness::{Closed, Observed};
use crate::record::StopReason;
use crate::store::Store;
use crate::units::group_thousands;

/// The files of an observation.
pub(super) struct Kept {
    sinks: Sinks,
    daily: DailyFiles,
}

impl Kept {
    /// The files that the arguments name. That one can't be written is better known before two days
    /// than after them.
    pub(super) fn of(observe: &Observe) -> Result<Self, Failed> {
        let daily = observe.daily.clone();
        let sinks = Sinks::of(&observe.files)?;
        for path in [&daily.daily, &daily.daily_status].into_iter().flatten() {
            super::output::check_writable(path)?;
        }
        Ok(Self { sinks, daily })
    }

    /// Writes what was asked for, of an unfinished observation as far as it came. All of it is read
    /// from the store for that, so nothing is where nothing was asked for.
    pub(super) async fn write(
        &self,
        (id, ended): (&str, Exit),
        store: &Store,
        terminal: &Terminal,
    ) -> Result<Exit, Failed> {
        let DailyFiles { daily, daily_status, night: _, day: _ } = &self.daily;
        if !self.sinks.any() && daily.is_none() && daily_status.is_none() {
            return Ok(ended);
        }
        let record = store.load(id).await?;
        let results = Results::of(&record, store.location().to_string())?;
        daily::write(&self.daily, &results.document, terminal)?;
        let ended = ended.unless(results.save(&self.sinks, terminal));
        self.sinks.announce(&results, ended, terminal);
        Ok(ended)
    }

    /// Whether a file goes to stdout, in place of the line.
    fn take_stdout(&self) -> bool {
        let is_stdout = |path: &std::path::PathBuf| path.as_os_str() == "-";
        let DailyFiles { daily, daily_status, night: _, day: _ } = &self.daily;
        self.sinks.take_stdout() || [daily, daily_status].into_iter().flatten().any(is_stdout)
    }
}

/// What the shell is told of an observation whose time is over. What was taken back once is no GO
/// however well it went on, and what nothing is known of is none either.
fn verdict(observer: &Observer) -> Exit {
    if observer.worst() == Some(Verdict::Rollback) {
        return Exit::Rollback;
    }
    match observer.verdict() {
        Verdict::Go => Exit::Done,
        Verdict::Hold => Exit::Hold,
        Verdict::NoGo => Exit::NoGo,
        Verdict::Rollback => Exit::Rollback,
        Verdict::Invalid => Exit::Invalid,
    }
}

/// Why it is so, in a sentence.
fn why(observer: &Observer) -> String {
    let exit = verdict(observer);
    let changes = observer.changes();
    let of = |word: Verdict| changes.iter().rev().find(|change| change.to == word);
    let rolled = of(Verdict::Rollback).filter(|_| exit == Exit::Rollback);
    match (rolled, changes.last()) {
        (Some(change), _) => format!("ROLLBACK: {}", change.why),
        (None, Some(change)) => format!("{}: {}", change.to.word(), change.why),
        (None, None) => "HOLD: too few segments were measured to say more".to_owned(),
    }
}

/// Says what became of it; `watched` has seen all of it, where somebody looked.
pub(super) fn tell(
    observed: &Observed,
    (kept, watched): (&Kept, Option<&Observer>),
    signal: Option<Exit>,
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    let Observed { id, reason, lasted, planned, closed } = observed;
    let far = format!("{} of {}", clock(*lasted), clock(*planned));
    let text = match closed {
        _ if kept.take_stdout() => String::new(),
        _ if terminal.is_quiet() => format!("{id}\n"),
        None => format!("observation {id}: {far}, unfinished\n"),
        Some(Closed { requests, errors }) => format!(
            "observation {id}: {far}, {} requests, {} errors{}\n",
            group_thousands(*requests),
            group_thousands(*errors),
            watched.map_or_else(String::new, |watched| format!("; {}", word(watched)))
        ),
    };
    terminal.out(&text).map_err(|error| Failed::could_not("print the result", error))?;
    let over = || {
        let Some(watched) = watched else { return Exit::Done };
        let exit = verdict(watched);
        if exit != Exit::Done {
            terminal.note(&printable(&why(watched)));
        }
        exit
    };
    Ok(match reason {
        StopReason::Complete => {
            terminal.note(&format!("`loadgate report {id}` shows it"));
            over()
        }
        StopReason::Interrupted | StopReason::Killed if closed.is_none() => {
            terminal.note(
                "everything measured is stored; the same command goes on with it, and `--finish` \
                 ends it",
            );
            signal.unwrap_or(Exit::Interrupted)
        }
        StopReason::Interrupted | StopReason::Killed => {
            terminal.note(&format!("its time is over; `loadgate report {id}` shows it"));
            over()
        }
        StopReason::Aborted => {
            let hint = "the step says `on_fail: abort`; the notes of the report say why it failed";
            terminal.error("the observation was aborted by a failed step", Some(hint));
            Exit::CouldNotRun
        }
    })
}

/// The verdict as a word.
fn word(observer: &Observer) -> &'static str {
    if verdict(observer) == Exit::Rollback {
        Verdict::Rollback.word()
    } else {
        observer.verdict().word()
    }
}
