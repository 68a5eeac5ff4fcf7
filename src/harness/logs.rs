//! Logs beside a run: what is found in them goes into the intervals, what goes wrong into the notes.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Clock;
use crate::monitor::logs::Logs;
use crate::plan::Plan;
use crate::record::LogsRead;
use crate::units::{Nanos, group_thousands};

/// Longest wait for the last look at all logs when the load has ended.
const LAST_LOOK: Duration = Duration::from_secs(15);

/// Logs while a run goes on.
pub(super) struct LogWatch {
    logs: Option<Logs>,
    /// What is known of each log.
    sources: Vec<Known>,
    /// Length of an interval.
    interval: Nanos,
    notes: Vec<String>,
}

/// What people should know of one log.
#[derive(Default)]
struct Known {
    name: String,
    is_open: bool,
    was_open: bool,
    lines: u64,
    cut: u64,
    lost: Nanos,
    /// When something was first amiss, and what.
    first: Option<(Nanos, String)>,
}

impl LogWatch {
    /// Begins to read at the end of each log.
    pub(super) fn start(plan: &Plan, clock: Clock) -> std::io::Result<Self> {
        let interval = plan.course.interval;
        let Some(planned) = &plan.logs else {
            return Ok(Self { logs: None, sources: Vec::new(), interval, notes: Vec::new() });
        };
        let now: crate::monitor::logs::Clock = Arc::new(move || clock.now());
        let logs = Logs::start(planned, &now, interval)?;
        let known = |name: &String| Known { name: name.clone(), ..Known::default() };
        let names = planned.text.sources.iter().map(|source| &source.name);
        let sources = names.map(known).collect();
        Ok(Self { logs: Some(logs), sources, interval, notes: Vec::new() })
    }

    /// What was found in the interval that ends at `until`; at the end of the run (`None`)
    /// everything, after a last look.
    pub(super) async fn take(&mut self, until: Option<Nanos>) -> LogsRead {
        if until.is_none() {
            self.stop().await;
        }
        let until = until.unwrap_or(Nanos::MAX);
        let Some(logs) = &self.logs else { return LogsRead::default() };
        let read = logs.take(until);
        for source in &read.sources {
            let Some(known) = self.sources.iter_mut().find(|own| own.name == source.name) else {
                continue;
            };
            known.is_open = source.is_open;
            known.was_open |= source.is_open;
            known.lines = known.lines.saturating_add(source.lines);
            known.cut = known.cut.saturating_add(source.cut);
            known.lost = known.lost + source.lost;
            if let Some(why) = source.gaps.first() {
                known.first.get_or_insert_with(|| (until.since(self.interval), why.clone()));
            }
        }
        read
    }

    async fn stop(&mut self) {
        let Some(ending) = self.logs.as_mut().map(Logs::stop) else { return };
        let ending = tokio::task::spawn_blocking(move || ending.wait());
        match tokio::time::timeout(LAST_LOOK, ending).await {
            Ok(Ok(crashed)) => {
                let told =
                    |name: String| format!("reading the log `{name}` crashed: a fault of loadgate");
                self.notes.extend(crashed.into_iter().map(told));
            }
            Ok(Err(_panic)) => self.notes.push("reading logs crashed: a fault of loadgate".into()),
            Err(_elapsed) => {
                let waited = LAST_LOOK.as_secs();
                self.notes.push(format!("logs could not be read to their end within {waited} s"));
            }
        }
    }

    /// What people should know of all logs; complete when everything was taken.
    pub(super) fn notes(&self) -> Vec<String> {
        self.sources.iter().filter_map(Known::told).chain(self.notes.iter().cloned()).collect()
    }
}

impl Known {
    fn told(&self) -> Option<String> {
        let Self { name, cut, lost, first, was_open, .. } = self;
        let mut parts = Vec::new();
        if let Some((at, why)) = first {
            let when = if *was_open { format!("at {at}: ") } else { "it was never there: ".into() };
            parts.push(format!("{when}{why}"));
        }
        if *lost > Nanos::ZERO {
            parts.push(format!("what was written in {lost} of the run may not have been read"));
        }
        if *cut > 0 {
            let cut = group_thousands(*cut);
            parts
                .push(format!("of {cut} lines only the beginning was looked at, so long are they"));
        }
        (!parts.is_empty()).then(|| format!("log `{name}`: {}", parts.join("; ")))
    }
}
