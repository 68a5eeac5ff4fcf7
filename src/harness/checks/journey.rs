//! `journey`: one user, once, by the ordinary engine; every step is a row.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{CheckNews, Checking, Tried, some, time};
use crate::engine::{Clock, unix_now};
use crate::harness::{Circumstances, Finished, Parts, run};
use crate::names::{Metric, Series, SeriesId, SeriesKind};
use crate::plan::Plan;
use crate::plan::checks::JourneyCheck;
use crate::record::{
    CheckOutcome, CheckReport, CheckRow, CheckStep, Counts, FeatureStep, Pick, RunRecord,
    StopReason,
};
use crate::store::{Store, StoreLocation};
use crate::units::Nanos;

/// The most rounds in which what is left is removed; each finds as much as its journey looks for.
const MAX_ROUNDS: u32 = 200;

/// Numbers the folders of this process.
static FOLDERS: AtomicU64 = AtomicU64::new(0);

/// A folder for the record of one journey. A check is no measurement: its record is among the runs
/// of nobody.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("loadgate-check-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn store(&self) -> StoreLocation {
        StoreLocation::File(Path::join(&self.0, "check.db"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it lies where the system clears up.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Plays the journey and tells what became of each step.
pub(super) async fn play(check: &JourneyCheck, checking: &mut Checking<'_>) -> Tried {
    let Some(plan) = check.plan.as_ref() else {
        return Tried::failed(format!("there is no journey `{}`", check.journey));
    };
    match record(plan, checking).await {
        Ok(record) => judge(&record, plan, &check.journey),
        Err(why) => Tried::failed(why),
    }
}

/// The record of one round.
async fn record(plan: &Arc<Plan>, checking: &mut Checking<'_>) -> Result<RunRecord, String> {
    let scratch = Scratch::new().map_err(|error| format!("no temporary folder: {error}"))?;
    let store = Store::open(&scratch.store()).await.map_err(|error| error.to_string())?;
    let Checking { control, told, embedded, .. } = checking;
    let parts = Parts {
        store: &store,
        circumstances: Circumstances { embedded: *embedded, ..Circumstances::default() },
        workers: 1,
        control,
        tap: None,
        seen: &mut |_| None,
        warn: &mut |text| told(&CheckNews::Note(text)),
    };
    let finished = run(Arc::clone(plan), parts).await;
    store.close().await;
    let Finished { record, unstored } = finished.map_err(|error| error.to_string())?;
    match unstored {
        None => Ok(record),
        Some(error) => Err(error.to_string()),
    }
}

/// A step by its series, and what it did.
struct Did<'a> {
    id: SeriesId,
    series: &'a Series,
    counts: Counts,
}

fn judge(record: &RunRecord, plan: &Plan, journey: &str) -> Tried {
    let played = plan.journeys.iter().find(|one| one.name == journey);
    let session = played.and_then(|one| plan.sessions.get(one.session?));
    let session = session.map(|session| session.name.as_str());
    let pick = Pick::all(&record.header.load.phases);
    let of_journey = |series: &Series| match series.kind {
        SeriesKind::Login => session == Some(series.journey.as_str()),
        SeriesKind::Endpoint | SeriesKind::SqlStep => series.journey == journey,
        SeriesKind::Run
        | SeriesKind::Connection
        | SeriesKind::Journey
        | SeriesKind::ServerQuery
        | SeriesKind::TapQuery => false,
    };
    let did = record
        .catalogue
        .iter()
        .filter(|(_, series)| of_journey(series))
        .map(|(id, series)| Did { id, series, counts: record.totals.counts(&pick, [id]) });
    let did: Vec<Did<'_>> = did.collect();
    let steps: Vec<CheckRow> = did.iter().map(|one| step(one, record, &pick)).collect();
    let started = record
        .catalogue
        .iter()
        .filter(|(_, one)| one.kind == SeriesKind::Journey && one.journey == journey);
    let started = record.totals.counts(&pick, started.map(|(id, _)| id));
    let failed = steps.iter().find(|row| row.outcome == CheckOutcome::Failed);
    let reason = record.end.as_ref().map(|end| end.reason);
    let done = steps.iter().filter(|row| row.outcome == CheckOutcome::Passed).count();
    let lasted = record.end.as_ref().map_or(Nanos::ZERO, |end| end.lasted);
    let tried = match (failed, reason) {
        (Some(row), _) => Tried::failed(format!("`{}`: {}", row.name, row.found)),
        (None, Some(StopReason::Interrupted | StopReason::Killed)) => {
            Tried::skipped("not done: it was interrupted")
        }
        (None, None | Some(StopReason::Aborted)) => Tried::failed("it was not played to its end"),
        (None, Some(StopReason::Complete)) if started.started == 0 || done == 0 => {
            Tried::failed("it was never begun")
        }
        (None, Some(StopReason::Complete)) => {
            let done = u64::try_from(done).unwrap_or_default();
            Tried::passed(format!("{} in {}", some(done, "step", "steps"), time(lasted)))
        }
    };
    Tried { version: None, steps, ..tried }
}

/// The row of a step.
fn step(did: &Did<'_>, record: &RunRecord, pick: &Pick) -> CheckRow {
    let Did { id, series, counts } = did;
    let failed = counts.failed().min(counts.tried());
    let passed = counts.tried().saturating_sub(failed);
    let sample = record.end.iter().flat_map(|end| &end.samples).find(|one| one.series == *id);
    let metric = if series.kind.is_query() { Metric::Query } else { Metric::Response };
    let took = record.totals.histogram(pick, [*id], metric).mean().unwrap_or_default();
    let (outcome, found) = match (passed, failed) {
        (0, 0) => (CheckOutcome::Skipped, "not done in this journey".to_owned()),
        (_, 0) => (CheckOutcome::Passed, time(took)),
        (_, _) => {
            let why = sample.map_or("it failed", |sample| sample.message.as_str());
            (CheckOutcome::Failed, why.to_owned())
        }
    };
    let tagged = |one: &&FeatureStep| {
        one.journey == series.journey && one.step == series.step && one.series == series.name
    };
    let feature = record.header.features.iter().find(tagged).map(|one| one.feature.clone());
    CheckRow {
        name: if series.step.is_empty() { series.name.clone() } else { series.step.clone() },
        kind: "step".to_owned(),
        outcome,
        expected: series.name.clone(),
        found,
        took,
        attempts: u32::try_from(counts.tried()).unwrap_or(u32::MAX),
        proves: Vec::new(),
        step: Some(CheckStep {
            journey: series.journey.clone(),
            endpoint: series.name.clone(),
            feature,
            passed,
            failed,
        }),
    }
}

/// Plays a journey that finds and deletes what was left behind, again and again until it deletes
/// nothing more: that last round is the proof that nothing is left.
pub async fn remove(check: &JourneyCheck, checking: &mut Checking<'_>) -> CheckReport {
    let (clock, started_unix_ns) = (Clock::start(), unix_now());
    let (mut removed, mut rounds) = (0_u64, 0);
    let tried = loop {
        rounds += 1;
        let (deleted, tried) = match round(check, checking).await {
            Ok(done) => done,
            Err(why) => break Tried::failed(why),
        };
        removed = removed.saturating_add(deleted);
        if tried.outcome() != CheckOutcome::Passed {
            break Tried::failed(format!("{removed} removed; then {}", tried.found));
        }
        if deleted == 0 {
            break Tried::passed(format!("{removed} removed, and a last look found nothing"));
        }
        if rounds >= MAX_ROUNDS {
            break Tried::failed(format!("{removed} removed, and there is still something left"));
        }
    };
    let lasted = clock.now();
    let row = CheckRow {
        name: format!("nothing is left of earlier runs ({})", check.journey),
        kind: "journey".to_owned(),
        outcome: tried.outcome(),
        expected: "nothing is found any more".to_owned(),
        found: checking.file.secrets.mask(&tried.found),
        took: lasted,
        attempts: rounds,
        proves: Vec::new(),
        step: None,
    };
    let (profile, target) = ("cleanup".to_owned(), super::target(checking));
    CheckReport { profile, started_unix_ns, lasted, target, rows: vec![row] }
}

/// One round: how many things were deleted, and how it went.
async fn round(check: &JourneyCheck, checking: &mut Checking<'_>) -> Result<(u64, Tried), String> {
    if checking.control.borrow().is_some() {
        return Err("it was interrupted".to_owned());
    }
    let none = || format!("there is no journey `{}`", check.journey);
    let plan = check.plan.as_ref().ok_or_else(none)?;
    let record = record(plan, checking).await?;
    let tried = judge(&record, plan, &check.journey);
    let steps = tried.steps.iter().filter_map(|row| row.step.as_ref());
    let deleted = steps.filter(|step| step.endpoint.starts_with("DELETE "));
    Ok((deleted.map(|step| step.passed).sum(), tried))
}
