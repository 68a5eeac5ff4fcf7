//! The HTTP/1.1 client against servers that are not ours, and against one that is hostile.
//!
//! What is benign has to give what another client gets from the same server. What is hostile has to
//! end as an error of the right kind, in time, with bounded memory, and must not reach into the
//! exchange after it. One table serves all drivers; where they differ, the row says why.

use std::sync::Arc;

use loadgate::plan::{Engine, Inputs, Overrides, Plan, compile};
use loadgate::record::RunRecord;
use loadgate::steps::KINDS;

mod benign;
mod connections;
mod framing;
mod heads;
mod hostile;
mod httpbin;
mod memory;
mod row;
mod secure;
mod two;
mod two_peers;
mod two_server;

/// The drivers that are held against the tables, by the words that the command line and the record
/// have for them.
#[cfg(all(target_os = "linux", feature = "epoll"))]
const DRIVERS: &[(&str, Engine)] = &[("tokio", Engine::Tokio), ("epoll", Engine::Epoll)];
#[cfg(not(all(target_os = "linux", feature = "epoll")))]
const DRIVERS: &[(&str, Engine)] = &[("tokio", Engine::Tokio)];

/// Compiles a scenario whose only file is `rows.csv`.
fn plan(engine: Engine, url: &str, text: &str, rows: &str) -> Arc<Plan> {
    let read = |path: &str| match path {
        "rows.csv" => Ok(Arc::from(rows.as_bytes())),
        _ => Err("there is no such file".to_owned()),
    };
    let inputs = Inputs { path: "conformance.yaml", text, read: &read, environment: &|_| None };
    let target = Some(url.to_owned());
    let overrides = Overrides { seed: 7, target, engine, ..Overrides::default() };
    match compile(&inputs, KINDS, &overrides) {
        Ok(plan) => Arc::new(plan),
        Err(all) => panic!("{}", all.iter().map(|one| one.render(false)).collect::<String>()),
    }
}

/// Plays a plan once, and makes sure that it was this driver that played it.
fn play(driver: &str, plan: &Arc<Plan>) -> RunRecord {
    let record = crate::engine_real::play(plan);
    assert!(record.header.origin.engine.contains(driver), "{} played", record.header.origin.engine);
    record
}

/// The first messages of a run, to be shown when it was not what it should have been.
fn messages(record: &RunRecord) -> Vec<&str> {
    let samples = record.end.iter().flat_map(|end| &end.samples);
    samples.map(|sample| sample.message.as_str()).collect()
}
