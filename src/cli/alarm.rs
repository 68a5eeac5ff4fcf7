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
    /// As it was before the run that is under way.
    before: Option<Watch>,
    reactions: Vec<Reaction>,
    scenario: String,
    alarm: Option<Alarm>,
    telling: Option<JoinHandle<Vec<Told>>>,
}

impl Guard {
    /// Listens with `watch`, or to nothing.
    pub(super) fn new(watch: Option<Watch>, scenario: &str, reactions: Vec<Reaction>) -> Self {
        let (before, scenario) = (None, scenario.to_owned());
        Self { watch, before, reactions, scenario, alarm: None, telling: None }
    }

    /// A run begins.
    pub(super) fn begin(&mut self) {
        self.before.clone_from(&self.watch);
    }

    /// The run that began last was no measurement: what was seen of it is forgotten. Whoever was
    /// told of an alarm was told in vain, and is not told again.
    pub(super) fn forget(&mut self, lines: &Lines) {
        self.watch = self.before.take();
        if self.alarm.take().is_some() {
            lines.warning("the alarm rests on a run that is no measurement, and does not count");
        }
    }

    /// Takes an interval, and says what the run should note. Must be called in a `LocalSet`.
    pub(super) fn see(&mut self, seen: &Seen<'_>, lines: &Lines) -> Option<String> {
        let alarm = self.watch.as_mut()?.take(seen.interval, seen.catalogue, seen.phases())?;
        let note = alarm.objection();
        lines.warning(&note);
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
        Some(note)
    }

    /// The alarm, if one went off.
    pub(super) fn alarm(&self) -> Option<&Alarm> {
        self.alarm.as_ref()
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
