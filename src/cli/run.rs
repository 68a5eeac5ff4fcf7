//! `loadgate run`.

use std::sync::Arc;

use super::alarm::Guard;
use super::args::{Judging, Repeating, Run};
use super::output::{Results, Sinks};
use super::player::Player;
use super::settings::{Source, Variant};
use super::terminal::Terminal;
use super::viewers::Viewers;
use super::{Exit, Failed, judging, repeated, settings};
use crate::gate::live::{Alarm, Watch};
use crate::harness::{Finished, Seen};
use crate::plan::Gate;
use crate::record::{End, RunRecord, StopReason};
use crate::store::StoreError;

/// Plays a scenario: arguments, plan, run, record, results.
pub(super) async fn run(run: Run, terminal: &Terminal) -> Result<Exit, Failed> {
    // What can be wrong is found before anything starts.
    let source = settings::source(&run.play)?;
    let gate = run.judging.policy.as_deref().map(|path| judging::policy(path, terminal));
    let gate = gate.transpose()?;
    let Repeating { repeat, lead, baseline, duet, anchor: _, no_second_look } = &run.repeating;
    if baseline.is_none() && duet.is_none() {
        refuse_comparing(&run.judging, *no_second_look)?;
    }
    let many = repeat.is_some() || lead.is_some() || baseline.is_some() || duet.is_some();
    let viewers = Viewers::open(run.view, terminal)?;
    let ended = if many {
        repeated::run(run, source, gate, &viewers).await
    } else {
        once(run, source, gate, &viewers).await
    };
    viewers.close().await;
    ended
}

/// What is for comparing has no meaning where nothing is compared.
fn refuse_comparing(judging: &Judging, no_second_look: bool) -> Result<(), Failed> {
    let Judging { policy: _, accept_difference, noise_from, exit_zero: _ } = judging;
    let given = [
        ("--accept-difference", !accept_difference.is_empty()),
        ("--noise-from", noise_from.is_some()),
        ("--no-second-look", no_second_look),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => Err(Failed::usage(
            format!("`{flag}` needs something to compare with"),
            Some("add `--baseline NAME`, or `--duet A_URL B_URL`".to_owned()),
        )),
    }
}

/// One run, judged by its own limits.
async fn once(
    run: Run,
    source: Source,
    gate: Option<Gate>,
    viewers: &Viewers,
) -> Result<Exit, Failed> {
    let terminal = &viewers.terminal;
    let plan = settings::plan(&run.play, &source, &Variant::default(), terminal)?;
    let sinks = Sinks::of(&run.files)?;
    let player = Player::start(run.play, source, &plan, &run.store, terminal).await?;
    let player = player.ruled(gate).viewed(viewers);
    let plan = player.plan(&Variant::default())?;
    let reactions = plan.gate.on_rollback.clone();
    let watch = (!reactions.is_empty()).then(|| Watch::new(&plan.gate.policy, None));
    let mut guard = Guard::new(watch, &plan.name, reactions);
    let lines = player.lines.clone();
    let mut seen = |seen: &Seen<'_>| {
        lines.show("", || seen.progress());
        guard.see(seen, &lines)
    };
    let finished = player.run(Arc::new(plan), None, &mut seen).await;
    let alarm = guard.finish(&player.lines).await;
    let signal = player.signal();
    let place = player.location().to_string();
    player.stop().await;
    let finished = finished?;
    let alarmed = alarm.as_ref().map(Alarm::objection);
    let lost = finished.unstored.as_ref().map(unstored);
    let results = Results::of(&finished.record, place)?.objected(lost.into_iter().chain(alarmed));
    viewers.say(&results.document);
    let told = results.tell(&sinks, terminal);
    let ended = exit(&finished, (&results, alarm.as_ref()), signal, terminal);
    let ended = ended.reported(run.judging.exit_zero).unless(told);
    sinks.announce(&results, ended, terminal);
    Ok(ended)
}

/// What the shell is told: first what was lost, then how the run ended, then what was found.
fn exit(
    finished: &Finished,
    (results, alarm): (&Results, Option<&Alarm>),
    signal: Option<Exit>,
    terminal: &Terminal,
) -> Exit {
    if let Some(error) = &finished.unstored {
        terminal.error(&unstored(error), error.hint().as_deref());
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
        Some(StopReason::Complete) | None => results.exit_after(alarm),
    }
}

fn unstored(error: &StoreError) -> String {
    format!("the record is not complete in the store: {error}")
}

fn reason(record: &RunRecord) -> Option<StopReason> {
    record.end.as_ref().map(|End { reason, .. }| *reason)
}
