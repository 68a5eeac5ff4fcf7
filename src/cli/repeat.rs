//! Repetitions: of one system one after the other, or of two systems in turn.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::alarm::Guard;
use super::gathered::Gathered;
use super::player::Player;
use super::settings::Variant;
use super::{Exit, Failed};
use crate::engine::unix_now;
use crate::gate::evidence::Wanted;
use crate::gate::validity;
use crate::harness::Seen;
use crate::record::{Repetition, RunRecord, StopReason};
use crate::report::Document;
use crate::units::{Nanos, format_nanos, group_thousands};

/// After a pause of this length a system is as cold as before its first repetition.
const COLD: Duration = Duration::from_mins(5);

/// One of the systems that are measured.
pub(super) struct Arm {
    /// How people who watch tell it from others; empty when there is only one.
    label: &'static str,
    /// Its address, if it is not the scenario's.
    target: Option<String>,
    /// Names its repetitions in the store; empty before the first.
    set: String,
    /// How many were made.
    made: u32,
    /// How many distorted ones may still be made again.
    spare: u32,
    /// Whether a live alarm listens.
    watched: bool,
    pub(super) gathered: Gathered,
}

impl Arm {
    pub(super) fn new(label: &'static str, target: Option<String>) -> Self {
        let gathered = Gathered::new("");
        Self { label, target, set: String::new(), made: 0, spare: 0, watched: false, gathered }
    }

    /// The one that is judged: a live alarm listens to it.
    pub(super) fn watched(self) -> Self {
        Self { watched: true, ..self }
    }
}

/// Measures repetitions.
pub(super) struct Repeater<'a> {
    pub(super) player: &'a Player<'a>,
    pub(super) wanted: &'a Wanted,
    /// Load and length of a repetition; its lead-in is set for each.
    pub(super) load: Variant<'a>,
    /// The lead-in of a repetition.
    pub(super) lead: Nanos,
    /// Measured length of a repetition.
    pub(super) length: Nanos,
    /// Least time from one start to the next.
    pub(super) every: Option<Duration>,
    /// Listens while the candidate is measured.
    pub(super) guard: &'a RefCell<Guard>,
}

impl Repeater<'_> {
    /// Adds `rounds` repetitions to every arm. In every second round the order of the arms is
    /// turned (A B B A …), so that a drift of the machine meets all of them alike; the last round
    /// is not, so that the newest run is one of the last arm. Gives the exit code when it was ended
    /// before its time.
    pub(super) async fn measure(
        &self,
        arms: &mut [Arm],
        rounds: u32,
    ) -> Result<Option<Exit>, Failed> {
        let planned = arms.iter().map(|arm| arm.made).max().unwrap_or(0).saturating_add(rounds);
        for arm in &mut *arms {
            // Half as many again: a machine that distorts more than that can't measure.
            arm.spare = rounds.div_ceil(2);
        }
        let mut started = None;
        for round in 0..rounds {
            let cold = self.wait(started).await;
            started = Some(unix_now());
            let turned = (rounds - 1 - round) % 2 == 1;
            let number = arms.len();
            for place in 0..number {
                let place = if turned { number - 1 - place } else { place };
                let Some(arm) = arms.get_mut(place) else { continue };
                if let Some(exit) = self.player.signal() {
                    return Ok(Some(exit));
                }
                if let Some(exit) = self.repetition(arm, planned, cold).await? {
                    return Ok(Some(exit));
                }
            }
        }
        Ok(None)
    }

    /// Waits until the next repetition may begin; whether that was long.
    async fn wait(&self, started: Option<u64>) -> Warmth {
        let (Some(every), Some(started)) = (self.every, started) else { return Warmth::Warm };
        let since = Duration::from_nanos(unix_now().saturating_sub(started));
        let rest = every.saturating_sub(since);
        if rest > Duration::ZERO {
            let rest_shown = Nanos(u64::try_from(rest.as_nanos()).unwrap_or(u64::MAX));
            self.player.lines.prepare(&format!("the next repetition begins in {rest_shown}"));
            self.player.pause(rest).await;
        }
        if rest > COLD { Warmth::Cold } else { Warmth::Warm }
    }

    /// One repetition; one that loadgate itself distorted is made again, as long as there are
    /// spare ones.
    async fn repetition(
        &self,
        arm: &mut Arm,
        planned: u32,
        warmth: Warmth,
    ) -> Result<Option<Exit>, Failed> {
        let cold = arm.made == 0 || warmth == Warmth::Cold;
        // What comes first is slower than all that follows: caches and connections are empty. A
        // whole repetition is thrown away then.
        let lead =
            if cold && self.lead > Nanos::ZERO { self.lead + self.length } else { self.lead };
        let variant = Variant { target: arm.target.as_deref(), lead: Some(lead), ..self.load };
        let plan = Arc::new(self.player.plan(&variant)?);
        let number = arm.made.saturating_add(1);
        loop {
            let place = Repetition { set: arm.set.clone(), number, of: planned };
            let head = format!("repetition {number} of {planned}{}", arm.label);
            let mut seen = |seen: &Seen<'_>| {
                self.player.lines.show(&head, || seen.progress());
                let mut guard = self.guard.borrow_mut();
                if arm.watched { guard.see(seen, &self.player.lines) } else { None }
            };
            if arm.watched {
                self.guard.borrow_mut().begin();
            }
            let finished = self.player.run(Arc::clone(&plan), Some(place), &mut seen).await?;
            if let Some(error) = finished.unstored {
                let message = format!("the record is not complete in the store: {error}");
                return Err(Failed::new(message, error.hint()));
            }
            let record = finished.record;
            if let Some(exit) = self.ended(&record)? {
                return Ok(Some(exit));
            }
            let distorted = validity::faults(&record);
            let distorted = distorted.iter().find(|fault| fault.kind.is_of_generator());
            if let Some(fault) = distorted.filter(|_| arm.spare > 0) {
                arm.spare -= 1;
                let (reason, run) = (&fault.text, &record.header.id);
                self.player.lines.warning(&format!(
                    "{head} is no measurement and is made again: {reason} (run {run})"
                ));
                if arm.watched {
                    self.guard.borrow_mut().forget(&self.player.lines);
                }
                continue;
            }
            self.player.terminal.note(&said(&head, &record));
            if arm.set.is_empty() {
                let place = record.header.repetition.as_ref();
                arm.set = place.map(|place| place.set.clone()).unwrap_or_default();
            }
            arm.made = number;
            arm.gathered.add(record, self.wanted)?;
            return Ok(None);
        }
    }

    /// The exit code of a run that was ended before its time.
    fn ended(&self, record: &RunRecord) -> Result<Option<Exit>, Failed> {
        match record.end.as_ref().map(|end| end.reason) {
            Some(StopReason::Complete) => Ok(None),
            Some(StopReason::Aborted) => {
                let hint = "the step says `on_fail: abort`; the notes of the report say why";
                Err(Failed::new("a failed step aborted a repetition", Some(hint.to_owned())))
            }
            Some(StopReason::Interrupted | StopReason::Killed) | None => {
                Ok(Some(self.player.signal().unwrap_or(Exit::Interrupted)))
            }
        }
    }
}

/// Whether a system is as it was in the repetition before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Warmth {
    Warm,
    Cold,
}

/// A repetition in one line.
fn said(head: &str, record: &RunRecord) -> String {
    let totals = Document::new(record, &crate::report::Judgement::default());
    let totals = totals.map(|document| document.totals);
    let figures = totals.map_or_else(
        |_unreadable| String::new(),
        |totals| {
            let p95 = totals.response.map_or_else(|| "–".to_owned(), |l| format_nanos(l.p95));
            let (requests, errors) = (totals.requests, totals.errors);
            format!(
                "{} request{}, {} error{}, p95 {p95}",
                group_thousands(requests),
                if requests == 1 { "" } else { "s" },
                group_thousands(errors),
                if errors == 1 { "" } else { "s" },
            )
        },
    );
    format!("{head}: {figures} (run {})", record.header.id)
}
