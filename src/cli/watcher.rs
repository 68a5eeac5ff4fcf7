//! An observation as it goes: people see what each segment brings, and whoever is to be told of a
//! change is told.

use tokio::task::JoinHandle;

use super::progress::Lines;
use crate::gate::observation::{Answer, Change, Closed, Event, Observer};
use crate::gate::ruling::Verdict;
use crate::names::Catalogue;
use crate::notify::{self, Told};
use crate::plan::{Gate, Reaction};
use crate::record::Interval;
use crate::report::daily;

/// Shows segments to an observer, and tells what they bring.
pub(super) struct Watcher {
    observer: Observer,
    on_change: Vec<Reaction>,
    on_rollback: Vec<Reaction>,
    /// Id of the observation and name of its scenario.
    run: (String, String),
    /// Whoever is told now, after all that were told before.
    telling: Option<JoinHandle<Vec<Told>>>,
}

impl Watcher {
    /// Watches the observation `id` of a scenario; whoever its gate names is told of changes.
    pub(super) fn new(observer: Observer, (id, scenario): (&str, &str), gate: &Gate) -> Self {
        let run = (id.to_owned(), scenario.to_owned());
        let Gate { policy: _, baseline: _, on_rollback, on_change } = gate.clone();
        Self { observer, on_change, on_rollback, run, telling: None }
    }

    /// Takes a segment that began when the wall clock showed `wall` (nanoseconds since 1970), and
    /// gives what the record should note. Must be called in a `LocalSet`.
    pub(super) fn see(
        &mut self,
        segment: &Interval,
        catalogue: &Catalogue,
        wall: u64,
        lines: &Lines,
    ) -> Vec<String> {
        let events = self.observer.take(segment, catalogue, wall);
        events.into_iter().filter_map(|event| self.tell(event, lines)).collect()
    }

    /// Ends the part of the day that goes on, waits until everybody was told, says who was not, and
    /// gives what was observed.
    pub(super) async fn finish(mut self, lines: &Lines) -> Observer {
        if let Some(event) = self.observer.finish() {
            self.tell(event, lines);
        }
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

    fn tell(&mut self, event: Event, lines: &Lines) -> Option<String> {
        match event {
            Event::Closed(closed) => {
                lines.note(&self.closed(&closed));
                None
            }
            Event::Changed(change) => {
                let text = self.changed(&change);
                if change.to == Verdict::Go {
                    lines.note(&text);
                } else {
                    lines.warning(&text);
                }
                self.react(&change);
                (change.to >= Verdict::NoGo).then_some(text)
            }
        }
    }

    fn changed(&self, change: &Change) -> String {
        let (day, time) =
            (self.observer.day_of(change.at_unix_ns), self.observer.time(change.at_unix_ns));
        let from = change.from.map_or(String::new(), |from| format!("{} → ", from.word()));
        format!("day {day}, {time}: {from}{}: {}", change.to.word(), change.why)
    }

    /// One line for a part of a day that is over: its status, and how many boxes are ticked.
    fn closed(&self, closed: &Closed) -> String {
        let many =
            |answer: Answer| closed.tasks.iter().filter(|task| task.answer == answer).count();
        let head = format!("day {} ({}), {} is over", closed.day, closed.date, closed.part);
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

    /// Tells everybody, after they were told of the change before.
    fn react(&mut self, change: &Change) {
        // That it is well from the start is no news.
        let is_news = change.from.is_some() || change.to != Verdict::Go;
        let mut reactions = if is_news { self.on_change.clone() } else { Vec::new() };
        if change.to == Verdict::Rollback {
            reactions.extend(self.on_rollback.iter().cloned());
        }
        if reactions.is_empty() {
            return;
        }
        let run = (self.run.0.as_str(), self.run.1.as_str());
        let body = daily::change(&self.observer, run, change).to_string();
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
