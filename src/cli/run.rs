//! `loadgate run`.

use std::sync::Arc;

use tokio::sync::watch;

use super::args::Run;
use super::embedded::EmbeddedMarket;
use super::output::{Results, Sinks};
use super::progress::Lines;
use super::signals::Signals;
use super::terminal::Terminal;
use super::{Exit, Failed, settings};
use crate::harness::{self, Circumstances, Finished, Parts};
use crate::record::{End, RunRecord, StopReason};
use crate::store::Store;

/// Plays a scenario: arguments, plan, run, record, results.
pub(super) async fn run(run: Run, terminal: &Terminal) -> Result<Exit, Failed> {
    // What can be wrong is found before anything starts.
    let source = settings::source(&run)?;
    let mut plan = settings::plan(&run, &source, terminal)?;
    let sinks = Sinks::of(&run.keep)?;
    let location = settings::store(&run.keep.store)?;
    let store = Store::open(&location).await?;
    let lines = Lines::new(terminal);
    let mut market = None;
    if source.wants_market(&run) {
        lines.prepare("starting the embedded market");
        let started = EmbeddedMarket::start().await.inspect_err(|_failed| lines.close())?;
        plan.target = started.address.clone();
        market = Some(started);
    }
    lines.prepare(&format!("looking for {}", plan.target));
    let circumstances = Circumstances {
        scenario_path: source.path,
        flags: settings::flags(&run),
        embedded: market.is_some(),
        repetition: None,
    };
    lines.detail(&format!("target {}, store {location}", plan.target));
    let (control, _told) = watch::channel(None);
    let says = lines.clone();
    let signals = Signals::listen(control.clone(), move |text| says.stopping(text))
        .map_err(|error| Failed::could_not("listen to signals", error))?;
    let finished = harness::run(
        Arc::new(plan),
        Parts {
            store: &store,
            circumstances,
            workers: settings::workers(&run.load),
            control: &control,
            progress: &mut |progress| lines.show(progress),
            warn: &mut |text| lines.warning(text),
        },
    )
    .await;
    lines.close();
    if let Some(market) = market {
        market.stop().await;
    }
    store.close().await;
    let finished = finished?;
    let results = Results::of(&finished.record, location.to_string())?;
    let told = tell(&sinks, &results, terminal);
    Ok(exit(&finished, &results, &signals, terminal).unless(told))
}

/// Prints the summary and writes the files that were asked for. What can't be written is said,
/// and does not keep the rest from being written.
fn tell(sinks: &Sinks, results: &Results, terminal: &Terminal) -> Option<Exit> {
    let summary = if sinks.take_stdout() {
        String::new()
    } else if terminal.is_quiet() {
        format!("{}\n", results.document.run.id)
    } else {
        results.summary(terminal)
    };
    let printed =
        terminal.out(&summary).map_err(|error| Failed::could_not("print the summary", error));
    let written = sinks.iter().map(|(path, word)| results.write(word, path, terminal));
    let failures = std::iter::once(printed).chain(written).filter_map(Result::err);
    failures.map(|failed| failed.tell(terminal)).last()
}

/// What the shell is told: first what was lost, then how the run ended, then what was found.
fn exit(finished: &Finished, results: &Results, signals: &Signals, terminal: &Terminal) -> Exit {
    if let Some(error) = &finished.unstored {
        let message = format!("the record is not complete in the store: {error}");
        terminal.error(&message, error.hint().as_deref());
        return Exit::CouldNotRun;
    }
    match reason(&finished.record) {
        // A signal that came when the run had ended changed nothing.
        Some(StopReason::Interrupted | StopReason::Killed) => {
            signals.exit().unwrap_or(Exit::Interrupted)
        }
        Some(StopReason::Aborted) => {
            let hint = "the step says `on_fail: abort`; the notes of the report say why it failed";
            terminal.error("the run was aborted by a failed step", Some(hint));
            Exit::CouldNotRun
        }
        Some(StopReason::Complete) | None if !results.valid => Exit::Invalid,
        Some(StopReason::Complete) | None if results.missed => Exit::Thresholds,
        Some(StopReason::Complete) | None => Exit::Done,
    }
}

fn reason(record: &RunRecord) -> Option<StopReason> {
    record.end.as_ref().map(|End { reason, .. }| *reason)
}
