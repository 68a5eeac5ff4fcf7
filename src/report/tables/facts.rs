//! What is said in words around the tables.

use serde::Serialize;

use crate::report::document::{Document, Latency};
use crate::report::figures::{self, NOTHING};
use crate::units::{Bytes, Nanos, format_nanos};

/// A name and what is said under it.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Fact {
    pub(in crate::report) name: &'static str,
    pub(in crate::report) value: String,
}

pub(super) fn fact(name: &'static str, value: impl Into<String>) -> Fact {
    Fact { name, value: value.into() }
}

/// When repetitions were made, to go on with what is said of them.
pub(super) fn started(starts_unix_ns: &[u64]) -> String {
    match starts_unix_ns {
        [] => String::new(),
        [only] => format!(", started {}", figures::rfc3339(*only)),
        [first, .., last] => {
            format!(", started {} to {}", figures::rfc3339(*first), figures::rfc3339(*last))
        }
    }
}

/// The run's facts, for the top of a page.
pub(in crate::report) fn overview(document: &Document) -> Vec<Fact> {
    let run = &document.run;
    let version = run.target_version.as_deref().map(|version| format!(", version {version}"));
    let market = if run.embedded { " (embedded market)" } else { "" };
    let mut facts = vec![
        fact("run", format!("{}, {}", run.id, run.state)),
        fact("started", run.started.as_str()),
        fact("target", format!("{}{market}{}", run.target, version.unwrap_or_default())),
        fact(
            "length",
            format!("{}, {} of it measured", format_nanos(run.lasted), format_nanos(run.measured)),
        ),
        fact("generator", generator(document)),
    ];
    let precision = document.generator.precision.as_ref();
    facts.extend(precision.map(|own| fact("precision", own.to_string())));
    facts.extend(document.notes.iter().map(|note| fact("note", note.as_str())));
    facts
}

/// What was done, in a few figures.
pub(in crate::report) fn amounts(document: &Document) -> Vec<Fact> {
    let totals = &document.totals;
    let share = totals.error_share.map(|share| format!(" ({share})")).unwrap_or_default();
    vec![
        fact("requests", figures::count(totals.requests)),
        fact("rate", figures::rate(totals.rate)),
        fact("errors", format!("{}{share}", figures::count(totals.errors))),
        fact("dropped starts", figures::count(totals.dropped)),
        fact("received", Bytes(totals.received_bytes).to_string()),
    ]
}

/// How long the answers took, in a few figures.
pub(in crate::report) fn times(document: &Document) -> Vec<Fact> {
    let response = document.totals.response;
    let pick = |choose: fn(Latency) -> Nanos| figures::nanos(response.map(choose));
    vec![
        fact("response p50", pick(|l| l.p50)),
        fact("p95", pick(|l| l.p95)),
        fact("p99", pick(|l| l.p99)),
        fact("max", pick(|l| l.max)),
    ]
}

/// The run's figures for the top of a page.
pub(in crate::report) fn summary(document: &Document) -> Vec<Fact> {
    amounts(document).into_iter().chain(times(document)).collect()
}

/// Whether the generator kept up.
fn generator(document: &Document) -> String {
    let own = &document.generator;
    let lag = match own.lag {
        Some(lag) => {
            format!("lag p99 {}, max {}", format_nanos(lag.p99), format_nanos(lag.max))
        }
        None => format!("lag {NOTHING}"),
    };
    let dropped = figures::some(own.dropped, "dropped start", "dropped starts");
    let cpu = format!("CPU {} ({} of one)", figures::nanos(own.cpu), figures::share(own.cpu_share));
    let memory = own.peak_rss_bytes.map_or_else(|| NOTHING.to_owned(), |b| Bytes(b).to_string());
    let workers = figures::some(own.workers.len().try_into().unwrap_or(0), "worker", "workers");
    format!("{lag}; {dropped}; {cpu}, {workers}; memory {memory}")
}

/// Where the numbers come from, for the foot of a page.
pub(in crate::report) fn origin(document: &Document) -> Vec<Fact> {
    let origin = &document.origin;
    let machine = &origin.machine;
    let mut facts = vec![
        fact("loadgate", origin.loadgate.as_str()),
        fact("commit", origin.git.as_deref().unwrap_or(NOTHING)),
        fact("scenario", origin.scenario_path.as_str()),
        fact("scenario SHA-256", origin.scenario_sha256.as_str()),
        fact("seed", document.run.seed.to_string()),
        fact("engine", origin.engine.as_str()),
        fact(
            "flags",
            if origin.flags.is_empty() { NOTHING.into() } else { origin.flags.join(" ") },
        ),
        fact("machine", format!("{}, {}", machine.host, machine.system)),
        fact(
            "processor",
            format!("{} × {}, {} memory", machine.cpus, machine.cpu, Bytes(machine.memory_bytes)),
        ),
    ];
    facts.extend(document.stored_in.as_deref().map(|place| fact("record", place)));
    facts
}
