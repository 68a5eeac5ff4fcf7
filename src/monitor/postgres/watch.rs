//! A server that is looked at again and again, and may be away meanwhile.

use super::{Activity, Delta, MonitorError, Server, Snapshot, Sums, readings};
use crate::plan::PostgresMonitor;
use crate::record::{DatabaseReading, Reading};
use crate::units::{Nanos, count_to_f64, format_nanos, group_thousands};

/// A server and what was seen of it before.
///
/// Whatever goes wrong is a note. A connection that is lost is made again at the next look.
#[derive(Debug)]
pub struct Watch {
    monitor: PostgresMonitor,
    server: Option<Server>,
    /// The statements at the first look, without their texts.
    before: Option<Snapshot>,
    /// The sums at the look before.
    sums: Option<Sums>,
    /// The count of broken connections at the look before.
    broken: Option<u64>,
    notes: Notes,
}

/// What people should know: a sentence for each kind, so that there is an end to it.
#[derive(Debug, Default)]
struct Notes {
    looks: u64,
    unanswered: u64,
    /// When the first look had no answer, and why.
    first: Option<(Nanos, String)>,
    /// What has to be granted to see everything, if something is not seen.
    right: Option<String>,
    /// Whether something was hidden.
    is_hidden: bool,
    /// Why there are no statements.
    statements: Option<String>,
    /// What happened to the statements over the run.
    told: Vec<String>,
}

impl Watch {
    /// Connects, and looks for the first time, so that what happens from now on can be counted.
    pub async fn start(monitor: PostgresMonitor) -> Self {
        let (server, before, sums, broken) = (None, None, None, None);
        let mut watch = Self { monitor, server, before, sums, broken, notes: Notes::default() };
        // Its readings are of the time before the run.
        drop(watch.look(Nanos::ZERO).await);
        watch
    }

    /// What can be read at `now`, which is the time since the start of the run.
    pub async fn look(&mut self, now: Nanos) -> Vec<Reading> {
        self.notes.looks += 1;
        match self.ask().await {
            Ok(readings) => readings,
            Err(error) => {
                self.server = None;
                self.notes.unanswered += 1;
                self.notes.first.get_or_insert_with(|| (now, told(&error)));
                Vec::new()
            }
        }
    }

    /// What is known only at the end, and what people should know of all.
    pub async fn finish(mut self) -> (Vec<Reading>, Vec<String>) {
        let mut readings = Vec::new();
        if let (Some(mut server), Some(before)) = (self.server.take(), self.before.take()) {
            match server.statements().await {
                Ok(after) => {
                    let delta = Delta::between(&before, &after);
                    self.notes.is_hidden |= delta.hidden > 0;
                    let (reading, told) = readings::slowest(&delta);
                    readings.extend(reading);
                    self.notes.told.extend(told.into_iter().chain(delta.gaps));
                }
                Err(error) => {
                    let told = told(&error);
                    self.notes.told.push(format!("its statements are not known: {told}"));
                }
            }
            server.close().await;
        }
        let notes = self.notes();
        (readings, notes)
    }

    /// What people should know so far.
    pub fn notes(&self) -> Vec<String> {
        self.notes.told()
    }

    async fn ask(&mut self) -> Result<Vec<Reading>, MonitorError> {
        let mut server = match self.server.take() {
            Some(server) => server,
            None => Server::connect(&self.monitor.url).await?,
        };
        if self.before.is_none() && self.notes.statements.is_none() {
            self.meet(&mut server).await?;
        }
        let activity = server.activity().await?;
        self.notes.is_hidden |= readings::hidden(&activity, &self.monitor) > 0;
        let mut readings = readings::of_activity(&activity, &self.monitor);
        if self.notes.statements.is_none() {
            let sums = server.sums().await?;
            let earlier = self.sums.replace(sums);
            let mean = earlier.and_then(|earlier| sums.mean_ms_since(&earlier));
            let reading = |mean| Reading::of(DatabaseReading::StatementMean, mean);
            readings.extend(mean.and_then(reading));
        }
        readings.extend(self.newly_broken(&activity));
        self.server = Some(server);
        Ok(readings)
    }

    /// What is asked once: rights, and the statements that were executed before.
    async fn meet(&mut self, server: &mut Server) -> Result<(), MonitorError> {
        self.notes.right = server.missing_right().await?;
        match server.statements().await {
            Ok(mut before) => {
                self.notes.is_hidden |=
                    before.statements.iter().any(|statement| statement.query_id.is_none());
                // The names come from the second snapshot; these can be tens of megabytes.
                before.statements.iter_mut().for_each(|one| one.text = String::new());
                self.before = Some(before);
            }
            Err(
                error @ (MonitorError::Connect(_) | MonitorError::Silent | MonitorError::Ask(_)),
            ) => {
                return Err(error);
            }
            Err(error) => self.notes.statements = Some(told(&error)),
        }
        Ok(())
    }

    /// Connections that broke since the look before.
    fn newly_broken(&mut self, activity: &Activity) -> Option<Reading> {
        let broken = activity.broken?;
        let earlier = self.broken.replace(broken)?;
        // Counted anew, it is all that broke since then.
        let new = broken.checked_sub(earlier).unwrap_or(broken);
        Reading::of(DatabaseReading::ConnectionErrors, count_to_f64(new))
    }
}

impl Notes {
    fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        if let Some((at, error)) = &self.first {
            told.push(format!(
                "the database did not answer {} of {} times, first at {}: {error}; it goes on when \
                 the database answers",
                group_thousands(self.unanswered),
                group_thousands(self.looks),
                format_nanos(*at),
            ));
        }
        if let Some(right) = self.right.as_ref().filter(|_| self.is_hidden) {
            told.push(format!(
                "states and statements of other users may not be seen; as a superuser: `{right}`; \
                 the rest goes on"
            ));
        }
        if let Some(why) = &self.statements {
            told.push(format!("there are no times of statements: {why}; the rest goes on"));
        }
        told.extend(self.told.iter().cloned());
        told
    }
}

/// An error with what to do about it, in one line.
fn told(error: &MonitorError) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}
