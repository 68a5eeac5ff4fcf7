//! `loadgate runs`: what the store holds.

use serde_json::json;

use super::args::{Runs, RunsCommand, StoreArg};
use super::output::Results;
use super::table::{Column, table};
use super::terminal::Terminal;
use super::{Exit, Failed, settings};
use crate::store::{RunLine, Store, StoreError, StoreLocation};
use crate::units::{format_nanos, group_thousands};

/// Lists, shows or removes runs.
pub(super) async fn runs(runs: Runs, terminal: &Terminal) -> Result<Exit, Failed> {
    let printed = |error| Failed::could_not("print", error);
    match runs.command {
        RunsCommand::List { store, json } => {
            let lines = lines(&store).await?;
            let text = if json { as_json(&lines) } else { as_table(&lines) };
            terminal.out(&text).map_err(printed)?;
        }
        RunsCommand::Show { run, store } => {
            let store = open(&store, &run).await?;
            let record = store.load(&run).await?;
            let results = Results::of(&record, store.location().to_string())?;
            store.close().await;
            terminal.out(&results.summary(terminal)).map_err(printed)?;
        }
        RunsCommand::Rm { runs, store } => {
            let first = runs.first().map(String::as_str).unwrap_or_default();
            let store = open(&store, first).await?;
            for run in &runs {
                let id = store.remove(run).await?;
                terminal.note(&format!("removed {id}"));
            }
            store.close().await;
        }
    }
    Ok(Exit::Done)
}

/// Opens the store that the arguments name, to read the run `wanted` from it. A store that does
/// not exist is not made: it has no such run.
pub(super) async fn open(argument: &StoreArg, wanted: &str) -> Result<Store, Failed> {
    let location = settings::store(argument)?;
    if !may_hold_runs(&location) {
        let unknown = StoreError::UnknownRun { wanted: wanted.to_owned(), nearest: None };
        let hint = format!("there is no store `{location}` yet: `loadgate run` makes it");
        return Err(Failed::new(unknown.to_string(), Some(hint)));
    }
    Ok(Store::open(&location).await?)
}

/// Opens the store that the arguments name, unless it would be made by that.
pub(super) async fn open_if_there(argument: &StoreArg) -> Result<Option<Store>, Failed> {
    let location = settings::store(argument)?;
    if !may_hold_runs(&location) {
        return Ok(None);
    }
    Ok(Some(Store::open(&location).await?))
}

async fn lines(argument: &StoreArg) -> Result<Vec<RunLine>, Failed> {
    let Some(store) = open_if_there(argument).await? else { return Ok(Vec::new()) };
    let lines = store.list().await?;
    store.close().await;
    Ok(lines)
}

fn may_hold_runs(location: &StoreLocation) -> bool {
    match location {
        // What can't be looked at is opened, which says why it can't.
        StoreLocation::File(path) => path.try_exists().unwrap_or(true),
        StoreLocation::Postgres(_) => true,
    }
}

fn as_json(lines: &[RunLine]) -> String {
    let line = |line: &RunLine| {
        json!({
            "id": line.id,
            "scenario": line.scenario,
            "target": line.target,
            "target_version": line.target_version,
            "started": started(line.started_unix_ns),
            "duration_ns": line.lasted.0,
            "state": line.state.word(),
            "requests": line.requests,
            "errors": line.errors,
        })
    };
    let document =
        json!({ "schema_version": 1, "runs": lines.iter().map(line).collect::<Vec<_>>() });
    format!("{document:#}\n")
}

/// A moment as lists show it.
pub(super) fn started(unix_ns: u64) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(unix_ns));
    time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

fn as_table(lines: &[RunLine]) -> String {
    if lines.is_empty() {
        return "no runs yet; make one: loadgate run --scenario customer\n".to_owned();
    }
    let columns = [
        Column::Text("RUN"),
        Column::Text("SCENARIO"),
        Column::Text("STARTED"),
        Column::Number("LASTED"),
        Column::Text("STATE"),
        Column::Number("REQUESTS"),
        Column::Number("ERRORS"),
        Column::Text("VERSION"),
    ];
    let row = |line: &RunLine| {
        vec![
            line.id.clone(),
            line.scenario.clone(),
            started(line.started_unix_ns),
            format_nanos(line.lasted),
            line.state.word().to_owned(),
            group_thousands(line.requests),
            group_thousands(line.errors),
            line.target_version.clone().unwrap_or_else(|| "–".to_owned()),
        ]
    };
    table(&columns, &lines.iter().map(row).collect::<Vec<_>>())
}
