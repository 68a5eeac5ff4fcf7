//! `loadgate baseline`: what later versions are compared with.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::alarm::Guard;
use super::args::{Baseline, BaselineCommand, Capture, StoreArg};
use super::gathered::{BaselineFile, Gathered, Named, read};
use super::output::{check_writable, write_bytes};
use super::player::Player;
use super::repeat::{Arm, Repeater};
use super::repeated::measured_length;
use super::runs::{open_if_there, started};
use super::settings::Variant;
use super::table::{Column, table};
use super::terminal::Terminal;
use super::{Exit, Failed, settings};
use crate::engine::unix_now;
use crate::gate::evidence::{Evidence, Wanted};
use crate::gate::identity::within;
use crate::gate::noise::self_check;
use crate::record::archive::{ArchiveError, KEPT, Packer};
use crate::record::{Bank, BaselineName, BaselineNameError, Pick, Policy};
use crate::report::baseline as told;
use crate::store::{BaselineLine, Growth, Imported, Store, StoreError};
use crate::units::{Bytes, Ratio, group_thousands};

/// Does what the arguments say with baselines.
pub(super) async fn baseline(baseline: Baseline, terminal: &Terminal) -> Result<Exit, Failed> {
    match baseline.command {
        BaselineCommand::Capture(args) => return capture(*args, terminal).await,
        BaselineCommand::Add { name, runs, store } => add(&name, &runs, &store, terminal).await?,
        BaselineCommand::List { store, json } => list(&store, Shape::of(json), terminal).await?,
        BaselineCommand::Show { name, store, json } => {
            show(&name, &store, Shape::of(json), terminal).await?;
        }
        BaselineCommand::Rm { names, store } => remove(&names, &store, terminal).await?,
        BaselineCommand::Export { name, file, store } => {
            export(&name, &file, &store, terminal).await?;
        }
        BaselineCommand::Import { file, name, store } => {
            let file = read(&file)?;
            let name =
                name.map(|name| name.parse().map_err(|error| wrong_name(&error))).transpose()?;
            import(&name.unwrap_or_else(|| file.name.clone()), &file, &store, terminal).await?;
        }
    }
    Ok(Exit::Done)
}

/// What is printed.
#[derive(Clone, Copy)]
enum Shape {
    Table,
    Json,
}

impl Shape {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Table }
    }
}

/// Measures a baseline: repetitions, a name for them, and what they can show.
async fn capture(args: Capture, terminal: &Terminal) -> Result<Exit, Failed> {
    let name: BaselineName = args.name.parse().map_err(|error| wrong_name(&error))?;
    let source = settings::source(&args.play)?;
    let plan = settings::plan(&args.play, &source, &Variant::repetition(args.lead), terminal)?;
    let player = Player::start(args.play.clone(), source, &plan, &args.store, terminal).await?;
    let exit = captured(&args, &name, &player).await;
    player.stop().await;
    exit
}

async fn captured(
    args: &Capture,
    name: &BaselineName,
    player: &Player<'_>,
) -> Result<Exit, Failed> {
    if player.store.baselines().await?.iter().any(|line| line.name == name.as_str()) {
        let hint = format!("remove it first (`loadgate baseline rm {name}`), or take another name");
        return Err(Failed::usage(format!("there is a baseline `{name}` already"), Some(hint)));
    }
    let plan = player.plan(&Variant::repetition(args.lead))?;
    let foreseen = player.foresee(&plan)?;
    let wanted = Wanted::of(&foreseen.gate, &foreseen.thresholds);
    let guard = RefCell::new(Guard::new(None, &plan.name, Vec::new()));
    let repeater = Repeater {
        player,
        wanted: &wanted,
        load: Variant::default(),
        lead: args.lead,
        length: measured_length(&foreseen),
        every: args.every.map(|every| Duration::from_nanos(every.0)),
        guard: &guard,
    };
    let mut arms = [Arm::new("", None)];
    let stopped = repeater.measure(&mut arms, args.repeat).await?;
    let [arm] = arms;
    let gathered = arm.gathered;
    if let Some(exit) = stopped {
        let made = gathered.evidence.len();
        if made > 0 {
            player.terminal.note(&format!(
                "{made} of {} repetitions are kept; to make a baseline of them: \
                 loadgate baseline add {name} {}",
                args.repeat, gathered.name
            ));
        }
        return Ok(exit);
    }
    let runs: Vec<String> = gathered.headers().iter().map(|header| header.id.clone()).collect();
    player.store.keep_baseline(name, &runs, Growth::New, unix_now()).await?;
    warn_of_failures(&gathered, &foreseen.gate, player.terminal);
    let check = self_check(&gathered.evidence, &foreseen.gate);
    let style = player.terminal.style();
    let columns = player.terminal.table_columns();
    let text = told::render(name.as_str(), &gathered.headers(), &check, style, columns);
    player.terminal.out(&text).map_err(|error| Failed::could_not("print", error))?;
    Ok(Exit::Done)
}

/// A system that fails is no measure for its successor.
fn warn_of_failures(gathered: &Gathered, policy: &Policy, terminal: &Terminal) {
    let Some(record) = gathered.record() else { return };
    let http = record.catalogue.matching(|series| series.kind.is_http());
    let pick = Pick::of(&record.header.load.phases, Bank::Measured);
    let counts = record.totals.counts(&pick, http);
    if let Some(share) = Ratio::of(counts.failed(), counts.tried())
        && share > policy.errors.go
    {
        terminal.warning(&format!(
            "{share} of the requests of this baseline failed: what failed in it can't be compared"
        ));
    }
}

/// Adds runs to a baseline, which is made when it does not exist.
async fn add(
    name: &str,
    runs: &[String],
    store: &StoreArg,
    terminal: &Terminal,
) -> Result<(), Failed> {
    let name: BaselineName = name.parse().map_err(|error| wrong_name(&error))?;
    let store = open(store).await?;
    let Named::Stored { runs, .. } = Named::runs(&store, runs).await? else { return Ok(()) };
    let known = store.baselines().await?.iter().any(|line| line.name == name.as_str());
    let mut headers = Vec::new();
    let before = if known { store.baseline(name.as_str()).await? } else { Vec::new() };
    for run in before.iter().chain(&runs) {
        headers.push(store.load_part(run, &[]).await?.header);
    }
    let differing = within(&headers.iter().collect::<Vec<_>>());
    if !differing.is_empty() {
        let lines: Vec<String> = differing.iter().map(|one| format!("\n  {one}")).collect();
        let message = format!("these runs are not repetitions of one load:{}", lines.concat());
        let hint = "a baseline holds runs of one scenario against one version of the system";
        return Err(Failed::usage(message, Some(hint.to_owned())));
    }
    let growth = if known { Growth::Extend } else { Growth::New };
    store.keep_baseline(&name, &runs, growth, unix_now()).await?;
    let count = store.baseline(name.as_str()).await?.len();
    store.close().await;
    terminal.note(&format!("{name} has {count} {}", if count == 1 { "run" } else { "runs" }));
    Ok(())
}

/// Removes baselines, all or none: the runs stay.
async fn remove(names: &[String], store: &StoreArg, terminal: &Terminal) -> Result<(), Failed> {
    let store = open(store).await?;
    for name in names {
        store.baseline(name).await.map_err(|error| unknown(&error))?;
    }
    for name in names {
        store.remove_baseline(name).await.map_err(|error| unknown(&error))?;
        terminal.note(&format!("removed the baseline {name}; its runs stay"));
    }
    store.close().await;
    Ok(())
}

async fn export(
    name: &str,
    file: &Path,
    store: &StoreArg,
    terminal: &Terminal,
) -> Result<(), Failed> {
    check_writable(file)?;
    let name: BaselineName = name.parse().map_err(|error| wrong_name(&error))?;
    let store = open(store).await?;
    let runs = store.baseline(name.as_str()).await.map_err(|error| unknown(&error))?;
    let unfit = |error: ArchiveError| Failed::new(error.to_string(), Some(error.hint().to_owned()));
    let number = u64::try_from(runs.len()).unwrap_or(u64::MAX);
    let mut packer = Packer::new(&name, number).map_err(unfit)?;
    for run in &runs {
        packer.add(&store.load_part(run, &KEPT).await?).map_err(unfit)?;
    }
    store.close().await;
    let bytes = packer.finish().map_err(unfit)?;
    write_bytes(file, &bytes, terminal)?;
    let size = Bytes(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    terminal.note(&format!("wrote {name} with {number} runs to {} ({size})", file.display()));
    Ok(())
}

async fn import(
    name: &BaselineName,
    file: &BaselineFile,
    store: &StoreArg,
    terminal: &Terminal,
) -> Result<(), Failed> {
    let store = Store::open(&settings::store(store)?).await?;
    let mut new = 0_u32;
    for record in file.records()? {
        if store.import(&record?).await? == Imported::New {
            new += 1;
        }
    }
    let runs: Vec<String> = file.headers.iter().map(|header| header.id.clone()).collect();
    let known = store.baselines().await?.into_iter().any(|line| line.name == name.as_str());
    if !known || store.baseline(name.as_str()).await? != runs {
        store.keep_baseline(name, &runs, Growth::New, unix_now()).await?;
    }
    store.close().await;
    terminal.note(&format!("{name} has {} runs, {new} of them new in this store", runs.len()));
    Ok(())
}

async fn list(store: &StoreArg, shape: Shape, terminal: &Terminal) -> Result<(), Failed> {
    let lines = match open_if_there(store).await? {
        Some(store) => {
            let lines = store.baselines().await?;
            store.close().await;
            lines
        }
        None => Vec::new(),
    };
    let text = match shape {
        Shape::Json => as_json(&lines),
        Shape::Table => as_table(&lines),
    };
    terminal.out(&text).map_err(|error| Failed::could_not("print", error))
}

async fn show(
    name: &str,
    store: &StoreArg,
    shape: Shape,
    terminal: &Terminal,
) -> Result<(), Failed> {
    let store = open_if_there(store).await?;
    let named = Named::baseline(store.as_ref(), name).await?;
    let first = named.first(store.as_ref()).await?;
    let wanted = Wanted::of(&first.gate, &first.thresholds);
    let Gathered { name, evidence, .. } = named.gather(store.as_ref(), &wanted).await?;
    if let Some(store) = store {
        store.close().await;
    }
    let headers: Vec<_> = evidence.iter().map(Evidence::header).collect();
    let check = self_check(&evidence, &first.gate);
    let text = match shape {
        Shape::Json => format!("{:#}\n", told::json(&name, &headers, &check)),
        Shape::Table => {
            told::render(&name, &headers, &check, terminal.style(), terminal.table_columns())
        }
    };
    terminal.out(&text).map_err(|error| Failed::could_not("print", error))
}

/// A store to change: one that does not exist has no baselines.
async fn open(argument: &StoreArg) -> Result<Store, Failed> {
    open_if_there(argument).await?.ok_or_else(|| {
        let hint = "`loadgate baseline capture NAME` measures the first".to_owned();
        Failed::new("there is no store yet, so there are no baselines", Some(hint))
    })
}

/// A name that no baseline has is a mistake of the command line.
fn unknown(error: &StoreError) -> Failed {
    Failed::usage(error.to_string(), error.hint())
}

fn wrong_name(error: &BaselineNameError) -> Failed {
    Failed::usage(error.to_string(), Some(error.hint()))
}

fn as_json(lines: &[BaselineLine]) -> String {
    let line = |line: &BaselineLine| {
        json!({
            "name": line.name,
            "made": started(line.made_unix_ns),
            "scenario": line.scenario,
            "target_versions": line.target_versions,
            "runs": line.runs,
            "requests": line.requests,
        })
    };
    let lines: Vec<_> = lines.iter().map(line).collect();
    format!("{:#}\n", json!({ "schema_version": 1, "baselines": lines }))
}

fn as_table(lines: &[BaselineLine]) -> String {
    if lines.is_empty() {
        return "no baselines yet; measure one: \
                loadgate baseline capture NAME --scenario customer\n"
            .to_owned();
    }
    let columns = [
        Column::Text("BASELINE"),
        Column::Text("SCENARIO"),
        Column::Text("VERSION"),
        Column::Number("RUNS"),
        Column::Number("REQUESTS"),
        Column::Text("MADE"),
    ];
    let row = |line: &BaselineLine| {
        vec![
            line.name.clone(),
            line.scenario.clone(),
            if line.target_versions.is_empty() {
                "–".to_owned()
            } else {
                line.target_versions.join(", ")
            },
            line.runs.len().to_string(),
            group_thousands(line.requests),
            started(line.made_unix_ns),
        ]
    };
    table(&columns, &lines.iter().map(row).collect::<Vec<_>>())
}
