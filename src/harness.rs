//! One run: from a plan to a stored record, with an ordered start and stop.

mod axis;
pub mod checks;
mod collect;
mod ends;
mod integrity;
mod logs;
mod monitors;
mod observe;
mod origin;
mod trail;
mod watch;

use std::sync::{Arc, mpsc as blocking};
use std::thread::JoinHandle;

use collect::{Collected, Lane, Told, collect};
pub use collect::{Progress, Seen};
use ends::Ends;
use integrity::Before;
use logs::LogWatch;
use monitors::Prepared;
pub use observe::{Begin, Closed, Observed, close, observe};
pub use origin::{Circumstances, run_id};
use thiserror::Error;
use tokio::sync::{mpsc, watch as channel};
use trail::{Start, Trail};
pub use watch::Watch;
use watch::Watching;

use crate::engine::{
    Client, Clock, Databases, Handover, Job, LimitError, Path, PathError, Preflight,
    PreflightError, Processors, SqlError, TlsError, check_limits, git_version, peak_rss_bytes,
    preflight, process_cpu, unix_now, work,
};
use crate::plan::{HttpVersion, Plan};
use crate::record::{Counts, End, Generator, Header, RunRecord};
use crate::store::{RunWriter, Store, StoreError};
use crate::tap::TapError;
use crate::units::Nanos;
use crate::walk::{Share, Stop};

/// Batches that a worker may be ahead of the collector before its intervals get longer.
const AHEAD: usize = 8;

/// What a run needs beside its plan.
#[expect(missing_debug_implementations, reason = "it holds closures")]
pub struct Parts<'a> {
    /// Where the record goes.
    pub store: &'a Store,
    /// What can't be read from the plan.
    pub circumstances: Circumstances,
    /// Worker threads.
    pub workers: usize,
    /// Stops the run: whoever holds a clone can.
    pub control: &'a channel::Sender<Option<Stop>>,
    /// The tap between the target and its database, if there is one.
    pub tap: Option<&'a mut Watch>,
    /// Is shown every interval; what it says of one becomes a note of the run.
    pub seen: &'a mut dyn FnMut(&Seen<'_>) -> Option<String>,
    /// Is told at once what people should know.
    pub warn: &'a mut dyn FnMut(&str),
}

/// Why there was no run.
#[derive(Debug, Error)]
pub enum RunError {
    /// The target can't be loaded.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The engine that was asked for can't do it.
    #[error(transparent)]
    Path(#[from] PathError),
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A database of an `sql` step can't be used.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// An assertion of the scenario has no number.
    #[error(transparent)]
    Integrity(#[from] IntegrityError),
    /// The record can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This machine can't make the load.
    #[error(transparent)]
    Limits(#[from] LimitError),
    /// The tap has failed.
    #[error(transparent)]
    Tap(#[from] TapError),
    /// The system gives no thread or runtime.
    #[error("can't start a worker: {0}")]
    Worker(#[from] std::io::Error),
    /// What is in the store can't be gone on with.
    #[error("can't go on with the observation `{id}`: {why}")]
    NotTheSame {
        /// The observation.
        id: String,
        /// What differs.
        why: String,
    },
    /// A worker's thread ended before its time.
    #[error("a worker crashed, so the run is unfinished; this is a fault of loadgate")]
    Crashed,
}

/// Assertions of `integrity` for which a database gives no number before the run.
#[derive(Debug, Error)]
#[error("`integrity` can't be asked before the run:{}", told(.missing))]
pub struct IntegrityError {
    /// Each with its name and the reason.
    pub missing: Vec<(String, String)>,
}

fn told(missing: &[(String, String)]) -> String {
    let lines: Vec<String> =
        missing.iter().map(|(name, why)| format!("\n  `{name}`: {why}")).collect();
    lines.concat()
}

impl RunError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Preflight(error) => Some(error.hint().to_owned()),
            Self::Tls(error) => Some(error.hint().to_owned()),
            Self::Path(_) => Some("leave `--engine` away".to_owned()),
            Self::Limits(error) => Some(error.hint()),
            Self::Tap(error) => error.hint(),
            Self::Integrity(_) => Some(
                "a statement of `integrity` reads one row with one number; nothing was sent"
                    .to_owned(),
            ),
            Self::Sql(_) => Some("check `databases:` of the scenario".to_owned()),
            Self::Store(error) => error.hint(),
            Self::NotTheSame { .. } => {
                Some("begin another one with `--new`, or end this one with `--finish`".to_owned())
            }
            Self::Crashed => None,
            Self::Worker(_) => Some("look at the limits of processes and open files".to_owned()),
        }
    }
}

/// What a run left behind.
#[derive(Debug)]
pub struct Finished {
    /// Everything it saw.
    pub record: RunRecord,
    /// Why the record is not (wholly) in the store, if it is not.
    pub unstored: Option<StoreError>,
}

/// Plays a plan against its target and keeps what it sees.
///
/// Must run in a `LocalSet`. The order: the limits of the machine are looked at, target and
/// databases are tried, the run is begun in the store, workers start together, every interval is
/// stored, and when the last worker is done assertions on data are judged and the record is closed. The record that is returned is
/// the one that was stored.
pub async fn run(plan: Arc<Plan>, mut parts: Parts<'_>) -> Result<Finished, RunError> {
    let mut ready = Ready::new(&plan, &mut parts, &|error| Err(error.into())).await?;
    let header = ready.header(&plan, &parts).await;
    let mut writer = parts.store.begin(&header, &plan.catalogue).await?;
    let (store, control) = (parts.store, parts.control);
    let (databases, found) = (ready.databases.clone(), ready.found.clone());
    let before = std::mem::take(&mut ready.before);
    let played = play(&plan, parts, ready, &mut writer, None).await?;
    let Played { collected, cpu, mut notes } = played;
    notes.splice(0..0, found.notes.iter().cloned());
    let integrity = before.judge(&plan, &databases, &collected, control).await;
    let end = End { integrity, ..end_of(&collected, &found, cpu, notes) };
    finish(store, header, writer, collected, end).await
}

/// Everything that a run needs before its load begins.
struct Ready<'a> {
    found: Preflight,
    path: Path,
    tls: Option<Arc<rustls::ClientConfig>>,
    databases: Databases,
    before: Before,
    monitors: Prepared,
    tap: Option<&'a mut Watch>,
    git: tokio::task::JoinHandle<Option<String>>,
}

/// What there is when the load has ended.
struct Played {
    collected: Collected,
    /// CPU time of the process.
    cpu: Nanos,
    /// What people should know of tap, monitors and machine.
    notes: Vec<String>,
}

impl<'a> Ready<'a> {
    /// Tries everything that can be tried. `unreachable` says what is known of a target that can't
    /// be reached, or that it can't do without.
    async fn new(
        plan: &Plan,
        parts: &mut Parts<'a>,
        unreachable: &dyn Fn(Unreached) -> Result<Preflight, RunError>,
    ) -> Result<Self, RunError> {
        let clock = Clock::start();
        let limited = check_limits(plan, parts.workers)?;
        let mut tap = parts.tap.take();
        if let Some(tap) = &mut tap {
            tap.begin().await?;
        }
        // Two processes, of which nothing depends: they run beside what is asked of the target.
        let git = tokio::task::spawn_blocking(git_version);
        let tls = Client::tls(plan)?;
        let databases = Databases::new(plan);
        let usable = databases.check().await;
        let before = Before::ask(plan, &databases).await?;
        let found = match usable {
            Ok(()) => preflight(plan, tls.clone(), clock).await.map_err(Unreached::Target),
            Err(error) => Err(Unreached::Database(error)),
        };
        let mut found = found.or_else(unreachable)?;
        let monitors = Prepared::new(plan, parts.store.location().folder()).await;
        let (path, notes) = Path::choose(plan, &found)?;
        found.notes.extend(limited.into_iter().chain(notes));
        found.notes.iter().chain(&monitors.notes()).for_each(|note| (parts.warn)(note));
        Ok(Self { found, path, tls, databases, before, monitors, tap, git })
    }

    /// The head of the record of a run that begins now.
    async fn header(&mut self, plan: &Plan, parts: &Parts<'_>) -> Header {
        let client = origin::Generator {
            engine: self.path.describe(plan, &self.found),
            workers: parts.workers,
            git: (&mut self.git).await.unwrap_or_default(),
        };
        parts.circumstances.clone().header(plan, &self.found, client, unix_now())
    }
}

/// What can't be asked before the load.
enum Unreached {
    Target(PreflightError),
    Database(SqlError),
}

impl From<Unreached> for RunError {
    fn from(unreached: Unreached) -> Self {
        match unreached {
            Unreached::Target(error) => Self::Preflight(error),
            Unreached::Database(error) => Self::Sql(error),
        }
    }
}

/// Starts the workers, keeps what they measure, and waits for the last of them. With a `start` it
/// is a part of an observation.
async fn play(
    plan: &Arc<Plan>,
    parts: Parts<'_>,
    ready: Ready<'_>,
    writer: &mut RunWriter,
    start: Option<Start>,
) -> Result<Played, RunError> {
    let (lanes, threads, starters) =
        start_workers(plan, &parts, (ready.path, ready.tls.as_ref()), &ready.databases)?;
    let (cpu_before, processors) = (process_cpu(), Processors::now());
    let clock = match &start {
        None => Clock::start(),
        Some(start) => Clock::start_at(start.position()),
    };
    let mut logs = LogWatch::start(plan, clock)?;
    // A worker that is gone by now has failed, which its thread tells when it is joined.
    for starter in &starters {
        starter.send(clock).unwrap_or_default();
    }
    let Parts { control, seen, warn, .. } = parts;
    let told = &mut Told { seen, warn };
    let mut watching = ready.tap.map(|tap| tap.during(plan, clock));
    let mut monitors = ready.monitors.start(clock, plan.course.interval);
    let trail = start.map(|start| Trail::begin(start, plan.course.from, clock));
    let (tap, monitors_of) = (watching.as_mut(), &mut monitors);
    let ends = Ends { writer, tap, monitors: monitors_of, logs: &mut logs, trail };
    let collected = collect(plan, lanes, ends, (clock, control), told).await;
    let mut notes = watching.as_ref().map(Watching::notes).unwrap_or_default();
    notes.extend(monitors.notes());
    notes.extend(logs.notes());
    notes.extend(Processors::now().stolen_since(&processors));
    for thread in threads {
        // The record stays unfinished, because nobody knows what is missing in it.
        thread.join().map_err(|_panic| RunError::Crashed)??;
    }
    Ok(Played { collected, cpu: process_cpu() - cpu_before, notes })
}

/// The head of the record that a run of `plan` would have, as far as it is known without asking
/// the target: what a comparison has to agree with, before anything is sent.
pub fn foresee(
    plan: &Plan,
    circumstances: Circumstances,
    workers: usize,
) -> Result<Header, RunError> {
    let unknown = Preflight::default();
    let (path, _) = Path::choose(plan, &unknown)?;
    // With TLS the target has a say in which HTTP is spoken, and so in who speaks it.
    let asked = plan.target.tls && plan.http.version == HttpVersion::Auto;
    let engine = if asked { String::new() } else { path.describe(plan, &unknown) };
    let client = origin::Generator { engine, workers, git: git_version() };
    Ok(circumstances.header(plan, &unknown, client, unix_now()))
}

type Started = (Vec<Lane>, Vec<JoinHandle<std::io::Result<()>>>, Vec<blocking::Sender<Clock>>);

/// Makes all workers ready; they start when they are told the time.
fn start_workers(
    plan: &Arc<Plan>,
    parts: &Parts<'_>,
    (path, tls): (Path, Option<&Arc<rustls::ClientConfig>>),
    databases: &Databases,
) -> Result<Started, RunError> {
    let (mut lanes, mut threads, mut starters) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..parts.workers {
        let (out, handovers) = mpsc::channel::<Handover>(AHEAD);
        let (recycle, back) = mpsc::channel(AHEAD);
        let (starter, start) = blocking::channel();
        let job = Job {
            plan: Arc::clone(plan),
            share: Share { index, of: parts.workers },
            start,
            tls: tls.cloned(),
            databases: databases.clone(),
            control: parts.control.subscribe(),
            out,
            back,
        };
        let prepared = path.prepare()?;
        let name = format!("worker-{index}");
        let thread = std::thread::Builder::new().name(name).spawn(move || work(job, prepared))?;
        lanes.push(Lane::new(handovers, recycle));
        threads.push(thread);
        starters.push(starter);
    }
    Ok((lanes, threads, starters))
}

/// What is known when the last worker is done.
fn end_of(collected: &Collected, found: &Preflight, cpu: Nanos, mut notes: Vec<String>) -> End {
    notes.extend(collected.notes.iter().cloned());
    let mut http = Counts::default();
    for tally in collected.totals.tallies() {
        if collected.catalogue.get(tally.series).is_some_and(|series| series.kind.is_http()) {
            http.merge(&tally.counts);
        }
    }
    if http.resent > 0 {
        notes.push(format!(
            "{} requests were sent again: the target had closed their idle connection",
            http.resent
        ));
    }
    End {
        reason: collected.reason,
        lasted: collected.ended,
        generator: Generator {
            cpu,
            workers: collected.workers.clone(),
            requests_sent: http.started + found.requests,
            peak_rss_bytes: peak_rss_bytes(),
        },
        samples: collected.samples.clone(),
        notes,
        integrity: Vec::new(),
    }
}

/// Closes the record in the store and reads it from there; what could not be stored is kept.
async fn finish(
    store: &Store,
    header: Header,
    mut writer: RunWriter,
    collected: Collected,
    end: End,
) -> Result<Finished, RunError> {
    let Collected { catalogue, totals, unstored, .. } = collected;
    let mut failure = None;
    for interval in &unstored {
        if failure.is_none() {
            failure = writer.append(&catalogue, interval).await.err();
        }
    }
    if failure.is_none() {
        failure = writer.finish(&end, &totals).await.err();
    }
    if failure.is_none() {
        // The record that is read has them again.
        drop((totals, catalogue));
        let record = store.load(&header.id).await?;
        return Ok(Finished { record, unstored: None });
    }
    let record =
        RunRecord { header, catalogue, totals, intervals: unstored.into(), end: Some(end) };
    Ok(Finished { record, unstored: failure })
}
