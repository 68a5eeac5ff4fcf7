//! `loadgate observe --simulate`: days of an observation in seconds, by the same observer and the
//! same store.

use std::path::Path;
use std::{env, fs};

use super::args::Observe;
use super::output::{Results, Sinks};
use super::progress::Lines;
use super::terminal::Terminal;
use super::watcher::Watcher;
use super::{Exit, Failed, daily, settings};
use crate::engine::unix_now;
use crate::gate::live::Watch;
use crate::gate::observation::Observer;
use crate::harness::run_id;
use crate::plan::Inputs;
use crate::record::{Interval, Totals};
use crate::simulation::{self, Simulation};
use crate::store::Store;

/// Simulates, stores, shows. Nothing was measured, so that it is never GO: the exit code is that
/// of a run that is no measurement.
pub(super) async fn simulate(
    spec: &Path,
    observe: &Observe,
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    let simulation = read(spec, observe.play.load.seed, terminal)?;
    let sinks = Sinks::of(&observe.files)?;
    let store = Store::open(&settings::store(&observe.store)?).await?;
    let id = play(&simulation, &store, terminal).await?;
    let record = store.load(&id).await?;
    let results = Results::of(&record, store.location().to_string())?;
    store.close().await;
    daily::write(&observe.daily, &results.document, terminal)?;
    let told = results.tell(&sinks, terminal);
    let ended = Exit::Invalid.unless(told);
    sinks.announce(&results, ended, terminal);
    Ok(ended)
}

fn read(spec: &Path, seed: u64, terminal: &Terminal) -> Result<Simulation, Failed> {
    let name = spec.display().to_string();
    let text = fs::read_to_string(spec).map_err(|error| {
        let hint = "name a file as docs/observation.md describes it".to_owned();
        Failed::usage(format!("--simulate: can't read `{name}`: {error}"), Some(hint))
    })?;
    let nothing = |_: &str| Err("a simulation names no other files".to_owned());
    let environment = |name: &str| env::var_os(name).and_then(|value| value.into_string().ok());
    let inputs = Inputs { path: &name, text: &text, read: &nothing, environment: &environment };
    simulation::read(&inputs, seed).map_err(|mistakes| settings::told(&mistakes, &name, terminal))
}

/// Plays all segments into the store, under the eyes of an observer; gives the id.
async fn play(
    simulation: &Simulation,
    store: &Store,
    terminal: &Terminal,
) -> Result<String, Failed> {
    let now = unix_now();
    let header = simulation.header(&run_id(now), env!("CARGO_PKG_VERSION"));
    let (catalogue, gate) = (simulation.catalogue(), simulation.gate());
    let mut writer = store.begin(&header, &catalogue).await?;
    let live = Watch::new(&gate.policy, None);
    let observer = Observer::new(simulation.observation(), &gate.policy, live, &header.load.phases);
    let mut watcher = Watcher::new(observer, &header.scenario, gate);
    let lines = Lines::new(terminal);
    let mut totals = Totals::default();
    let mut end = simulation.end();
    for segment in simulation.segments() {
        writer.append(&catalogue, &segment).await?;
        add(&mut totals, &segment)?;
        let wall = segment.gauges.wall_unix_ns.unwrap_or_default();
        end.notes.extend(watcher.see(&segment, &catalogue, (&header.id, wall), &lines));
    }
    watcher.end(&lines);
    watcher.finish(&lines).await;
    writer.finish(&end, &totals).await?;
    Ok(header.id)
}

fn add(totals: &mut Totals, segment: &Interval) -> Result<(), Failed> {
    for cell in &segment.cells {
        let cell =
            cell.decode().map_err(|error| Failed::could_not("read what was simulated", error))?;
        totals.add_cell(&cell);
    }
    segment.tallies.iter().for_each(|tally| totals.add_tally(tally));
    Ok(())
}
