//! `loadgate run`.

use std::sync::Arc;

use super::alarm::Guard;
use super::args::{Repeating, Run};
use super::output::{Results, Sinks};
use super::player::Player;
use super::settings::{Source, Variant};
use super::terminal::Terminal;
use super::{Exit, Failed, repeated, settings};
use crate::gate::live::Watch;
use crate::harness::Finished;
use crate::record::{End, RunRecord, StopReason};

/// Plays a scenario: arguments, plan, run, record, results.
pub(super) async fn run(run: Run, terminal: &Terminal) -> Result<Exit, Failed> {
    // What can be wrong is found before anything starts.
    let source = settings::source(&run.play)?;
    let Repeating { repeat, lead, baseline, duet, anchor: _, no_second_look: _ } = &run.repeating;
    if repeat.is_some() || lead.is_some() || baseline.is_some() || duet.is_some() {
        return repeated::run(run, source, terminal).await;
    }
    once(run, source, terminal).await
}

/// One run, judged by its own limits.
async fn once(run: Run, source: Source, terminal: &Terminal) -> Result<Exit, Failed> {
    settings::plan(&run.play, &source, &Variant::default(), terminal)?;
    let sinks = Sinks::of(&run.files)?;
    let player = Player::start(run.play, source, &run.store, terminal).await?;
    let plan = player.plan(&Variant::default())?;
    let reactions = plan.gate.on_rollback.clone();
    let watch = (!reactions.is_empty()).then(|| Watch::new(&plan.gate.policy, None));
    let mut guard = Guard::new(watch, &plan.name, reactions);
    let lines = player.lines.clone();
    let mut seen = |seen: &crate::harness::Seen<'_>| {
        lines.show("", || seen.progress());
        guard.see(seen, &lines);
    };
    let finished = player.run(Arc::new(plan), None, &mut seen).await;
    let alarm = guard.finish(&player.lines).await;
    let signal = player.signal();
    let place = player.location().to_string();
    player.stop().await;
    let finished = finished?;
    let results = Results::of(&finished.record, place)?;
    let told = results.tell(&sinks, terminal);
    let mut ended = exit(&finished, &results, signal, terminal);
    if alarm.is_some() && matches!(ended, Exit::Done | Exit::Thresholds) {
        ended = Exit::Rollback;
    }
    Ok(ended.unless(told))
}

/// What the shell is told: first what was lost, then how the run ended, then what was found.
fn exit(finished: &Finished, results: &Results, signal: Option<Exit>, terminal: &Terminal) -> Exit {
    if let Some(error) = &finished.unstored {
        let message = format!("the record is not complete in the store: {error}");
        terminal.error(&message, error.hint().as_deref());
        return Exit::CouldNotRun;
    }
    match reason(&finished.record) {
        // A signal that came when the run had ended changed nothing.
        Some(StopReason::Interrupted | StopReason::Killed) => signal.unwrap_or(Exit::Interrupted),
        Some(StopReason::Aborted) => {
            let hint = "the step says `on_fail: abort`; the notes of the report say why it failed";
            terminal.error("the run was aborted by a failed step", Some(hint));
            Exit::CouldNotRun
        }
        Some(StopReason::Complete) | None => results.exit(),
    }
}

fn reason(record: &RunRecord) -> Option<StopReason> {
    record.end.as_ref().map(|End { reason, .. }| *reason)
}
