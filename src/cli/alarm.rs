//! The live alarm: whoever is to be told is told while the run goes on.

use serde_json::json;
use tokio::task::JoinHandle;

use super::progress::Lines;
use crate::gate::live::{Alarm, Watch};
use crate::harness::Seen;
use crate::notify::{self, Told};
use crate::plan::Reaction;

/// Listens to the intervals of a run, and tells programs and webhooks once.
pub(super) struct Guard {
    watch: Option<Watch>,
    reactions: Vec<Reaction>,
    scenario: String,
    alarm: Option<Alarm>,
    telling: Option<JoinHandle<Vec<Told>>>,
}

impl Guard {
    /// Listens with `watch`, or to nothing.
    pub(super) fn new(watch: Option<Watch>, scenario: &str, reactions: Vec<Reaction>) -> Self {
        Self { watch, reactions, scenario: scenario.to_owned(), alarm: None, telling: None }
    }

    /// Takes an interval. Must be called in a `LocalSet`.
    pub(super) fn see(&mut self, seen: &Seen<'_>, lines: &Lines) {
        let Some(watch) = &mut self.watch else { return };
        let Some(alarm) = watch.take(seen.interval, seen.catalogue, seen.phases()) else { return };
        lines.warning(&format!("ROLLBACK: {}", alarm.what));
        let body = json!({
            "schema_version": 1,
            "verdict": "ROLLBACK",
            "scenario": self.scenario,
            "reason": alarm.what,
        });
        let reactions = std::mem::take(&mut self.reactions);
        if !reactions.is_empty() {
            let body = body.to_string();
            let telling = async move { notify::tell(&reactions, &body).await };
            self.telling = Some(tokio::task::spawn_local(telling));
        }
        self.alarm = Some(alarm);
    }

    /// Waits until everybody was told, says who was not, and gives the alarm, if there was one.
    pub(super) async fn finish(self, lines: &Lines) -> Option<Alarm> {
        if let Some(telling) = self.telling {
            for told in telling.await.unwrap_or_default() {
                match told.failure {
                    None => lines.detail(&format!("told `{}` of the alarm", told.who)),
                    Some(why) => lines.warning(&format!("`{}` was not told: {why}", told.who)),
                }
            }
        }
        self.alarm
    }
}
