//! Monitors beside a run: what they read goes into the intervals, what goes wrong into the notes.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::engine::Clock;
use crate::monitor::Watch;
use crate::plan::{MonitorPlan, Plan};
use crate::record::Reading;
use crate::units::{Nanos, group_thousands};

/// Looks that may wait for the collector, which takes them each interval: at least so many, and
/// twice as many as there are in one. What does not fit is lost and counted: a monitor never delays
/// the run.
const WAITING: usize = 256;
/// Longest wait for the last look of all monitors when the load has ended.
const LAST_LOOK: Duration = Duration::from_secs(10);

/// Monitors that have looked once, before the run.
pub(super) struct Prepared {
    watched: Vec<(MonitorPlan, Watch)>,
}

/// Monitors while a run goes on.
pub(super) struct Monitors {
    tasks: JoinSet<Vec<String>>,
    heard: mpsc::Receiver<Heard>,
    /// What is of a later interval.
    later: VecDeque<Heard>,
    stop: watch::Sender<bool>,
    notes: Vec<String>,
}

/// What one look gave.
struct Heard {
    at: Nanos,
    readings: Vec<Reading>,
}

/// One monitor on its way through a run.
struct Looking {
    /// Its name, for notes.
    name: String,
    /// What stands before its readings' names.
    prefix: String,
    every: Nanos,
    watch: Watch,
    clock: Clock,
    out: mpsc::Sender<Heard>,
    lost: u64,
}

impl Prepared {
    /// Looks at all for the first time, at the same time. `folder` is where the store is.
    pub(super) async fn new(plan: &Plan, folder: &Path) -> Self {
        let starts = plan.monitors.iter().map(|monitor| async {
            (monitor.clone(), Watch::start(&monitor.source, folder).await)
        });
        Self { watched: futures_util::future::join_all(starts).await }
    }

    /// What should be known before the load begins.
    pub(super) fn notes(&self) -> Vec<String> {
        let named = |(monitor, watch): &(MonitorPlan, Watch)| named(&monitor.name, watch.notes());
        self.watched.iter().flat_map(named).collect()
    }

    /// Begins to look again and again, by the run's clock.
    pub(super) fn start(self, clock: Clock, interval: Nanos) -> Monitors {
        let looks = |every: Nanos| interval.0.checked_div(every.0).unwrap_or_default() + 1;
        let looks: u64 = self.watched.iter().map(|(monitor, _)| looks(monitor.every)).sum();
        let room = usize::try_from(looks.saturating_mul(2)).unwrap_or(WAITING);
        let (out, heard) = mpsc::channel(room.max(WAITING));
        let stop = watch::Sender::new(false);
        let databases = self.watched.iter().filter(|(plan, _)| plan.is_database()).count();
        let mut tasks = JoinSet::new();
        for (plan, watch) in self.watched {
            let prefix = plan.prefix(databases);
            let MonitorPlan { name, every, .. } = plan;
            let out = out.clone();
            let looking = Looking { name, prefix, every, watch, clock, out, lost: 0 };
            tasks.spawn(looking.run(stop.subscribe()));
        }
        Monitors { tasks, heard, later: VecDeque::new(), stop, notes: Vec::new() }
    }
}

impl Looking {
    async fn run(mut self, mut stop: watch::Receiver<bool>) -> Vec<String> {
        let mut ticks = tokio::time::interval(self.every.into());
        // What answers late is not asked the more often for it.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                // The sender goes only when the run does.
                _told = stop.changed() => break,
                _tick = ticks.tick() => {}
            }
            let readings = self.watch.look(self.clock.now()).await;
            self.lost += hand(&self.out, &self.prefix, self.clock.now(), readings);
        }
        let (readings, mut notes) = self.watch.finish().await;
        self.lost += hand(&self.out, &self.prefix, self.clock.now(), readings);
        if self.lost > 0 {
            let lost = group_thousands(self.lost);
            notes
                .push(format!("{lost} looks were lost, because the run was not able to take them"));
        }
        named(&self.name, notes)
    }
}

/// Passes on what was read; gives how many looks were lost.
fn hand(out: &mpsc::Sender<Heard>, prefix: &str, at: Nanos, readings: Vec<Reading>) -> u64 {
    let prefixed =
        |reading: Reading| Reading { what: format!("{prefix}{}", reading.what), ..reading };
    let readings = readings.into_iter().map(prefixed).collect();
    u64::from(out.try_send(Heard { at, readings }).is_err())
}

fn named(name: &str, notes: Vec<String>) -> Vec<String> {
    notes.into_iter().map(|note| format!("monitor `{name}`: {note}")).collect()
}

impl Monitors {
    /// What was read before `until`; at the end of the run (`None`) everything, after a last look.
    pub(super) async fn take(&mut self, until: Option<Nanos>) -> Vec<Reading> {
        if until.is_none() {
            self.finish().await;
        }
        while let Ok(heard) = self.heard.try_recv() {
            self.later.push_back(heard);
        }
        let until = until.unwrap_or(Nanos::MAX);
        let (now, later) = self.later.drain(..).partition(|heard: &Heard| heard.at < until);
        self.later = later;
        let now: VecDeque<Heard> = now;
        now.into_iter().flat_map(|heard| heard.readings).collect()
    }

    /// What people should know of all monitors; complete when everything was taken.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    async fn finish(&mut self) {
        self.stop.send_replace(true);
        let ended = tokio::time::timeout(LAST_LOOK, async {
            while let Some(task) = self.tasks.join_next().await {
                match task {
                    Ok(notes) => self.notes.extend(notes),
                    Err(_panic) => self.notes.push("a monitor crashed: a fault of loadgate".into()),
                }
            }
        });
        if ended.await.is_err() {
            let waited = LAST_LOOK.as_secs();
            self.notes.push(format!(
                "{} monitors had no last answer within {waited} s",
                self.tasks.len()
            ));
            self.tasks.abort_all();
        }
        // The order of a scenario's monitors is not that in which they end.
        self.notes.sort();
    }
}
