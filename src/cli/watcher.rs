//! An observation as it goes: people see what each segment brings, and whoever is to be told of a
//! change is told.

use tokio::task::JoinHandle;

use super::Failed;
use super::progress::Lines;
use super::terminal::printable;
use crate::gate::live::Watch;
use crate::gate::observation::{Answer, Change, Closed, Event, Observer};
use crate::gate::ruling::Verdict;
use crate::names::{Catalogue, Metric};
use crate::notify::{self, Told};
use crate::plan::{Gate, Phase, Plan, Reaction};
use crate::record::{Header, Interval, Observation};
use crate::report::daily;
use crate::store::Store;

/// Shows segments to an observer, and tells what they bring.
pub(super) struct Watcher {
    observer: Observer,
    on_change: Vec<Reaction>,
    on_rollback: Vec<Reaction>,
    scenario: String,
    /// Whoever is told now, after all that were told before.
    telling: Option<JoinHandle<Vec<Told>>>,
}

impl Watcher {
    /// Watches an observation of a scenario; whoever its gate names is told of changes.
    pub(super) fn new(observer: Observer, scenario: &str, gate: &Gate) -> Self {
        let Gate { policy: _, baseline: _, on_rollback, on_change } = gate.clone();
        Self { observer, on_change, on_rollback, scenario: scenario.to_owned(), telling: None }
    }

    /// Watches an observation that begins, or goes on: then what is stored of it is looked at
    /// first, by the rules with which it was begun.
    pub(super) async fn of(
        store: &Store,
        begun: Option<&Header>,
        observation: &Observation,
        plan: &Plan,
    ) -> Result<Self, Failed> {
        let policy = begun.map_or(&plan.gate.policy, |header| &header.gate);
        let phases: Vec<_> = plan.phases.iter().map(Phase::info).collect();
        let live = Watch::new(policy, None);
        let mut observer = Observer::new(observation, policy, live, &phases);
        if let Some(header) = begun {
            // The writer is not needed: nothing is written here.
            let (unfinished, _writer) = store.resume(header.clone()).await?;
            let mut show = |segment: Interval| {
                observer.replay(&segment, &unfinished.catalogue, header.started_unix_ns);
                Ok(())
            };
            store.walk(&header.id, &[Metric::Response, Metric::Query], &mut show).await?;
        }
        Ok(Self::new(observer, &plan.name, &plan.gate))
    }

    /// Takes a segment of the run `id` that began when the wall clock showed `wall` (nanoseconds
    /// since 1970), and gives what the record should note. Must be called in a `LocalSet`.
    pub(super) fn see(
        &mut self,
        segment: &Interval,
        catalogue: &Catalogue,
        (id, wall): (&str, u64),
        lines: &Lines,
    ) -> Option<String> {
        let events = self.observer.take(segment, catalogue, wall);
        let notes: Vec<String> =
            events.into_iter().filter_map(|event| self.tell(event, id, lines)).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    /// Says which part of the day is over, because nothing more comes.
    pub(super) fn end(&mut self, lines: &Lines) {
        if let Some(Event::Closed(left)) = self.observer.finish() {
            lines.note(&closed(&left));
        }
    }

    /// Waits until everybody was told, says who was not, and gives what was observed.
    pub(super) async fn finish(mut self, lines: &Lines) -> Observer {
        if let Some(telling) = self.telling.take() {
            for told in telling.await.unwrap_or_default() {
                match told.failure {
                    None => lines.detail(&format!("told `{}` of a change", told.who)),
                    Some(why) => lines.warning(&format!("`{}` was not told: {why}", told.who)),
                }
            }
        }
        self.observer
    }

    fn tell(&mut self, event: Event, id: &str, lines: &Lines) -> Option<String> {
        match event {
            Event::Closed(left) => {
                lines.note(&closed(&left));
                None
            }
            Event::Changed(change) => {
                let text = self.changed(&change);
                if change.to == Verdict::Go {
                    lines.note(&text);
                } else {
                    lines.warning(&text);
                }
                self.react(&change, id);
                (change.to >= Verdict::NoGo).then_some(text)
            }
        }
    }

    fn changed(&self, change: &Change) -> String {
        let (day, time) =
            (self.observer.day_of(change.at_unix_ns), self.observer.time(change.at_unix_ns));
        let from = change.from.map_or(String::new(), |from| format!("{} → ", from.word()));
        format!("day {day}, {time}: {from}{}: {}", change.to.word(), printable(&change.why))
    }

    /// Tells everybody, after they were told of the change before.
    fn react(&mut self, change: &Change, id: &str) {
        // That it is well from the start is no news.
        let is_news = change.from.is_some() || change.to != Verdict::Go;
        let mut reactions = if is_news { self.on_change.clone() } else { Vec::new() };
        if change.to == Verdict::Rollback {
            reactions.extend(self.on_rollback.iter().cloned());
        }
        if reactions.is_empty() {
            return;
        }
        let body = daily::change(&self.observer, (id, &self.scenario), change).to_string();
        let before = self.telling.take();
        self.telling = Some(tokio::task::spawn_local(async move {
            let mut told = match before {
                Some(before) => before.await.unwrap_or_default(),
                None => Vec::new(),
            };
            told.extend(notify::tell(&reactions, &body).await);
            told
        }));
    }
}

/// One line for a part of a day that is over: its status, and how many boxes are ticked.
fn closed(closed: &Closed) -> String {
    let many = |answer: Answer| closed.tasks.iter().filter(|task| task.answer == answer).count();
    let part = printable(&closed.part);
    let head = format!("day {} ({}), {part} is over", closed.day, closed.date);
    if closed.tasks.is_empty() {
        return head;
    }
    let failing: Vec<&str> = closed
        .tasks
        .iter()
        .filter(|task| task.answer == Answer::Fails)
        .map(|task| task.criterion.id)
        .collect();
    let failing =
        if failing.is_empty() { String::new() } else { format!(" ({})", failing.join(", ")) };
    let (holds, fails, open) = (many(Answer::Holds), many(Answer::Fails), many(Answer::Open));
    format!("{head}: {holds} checks hold, {fails} fail{failing}, {open} are open")
}
