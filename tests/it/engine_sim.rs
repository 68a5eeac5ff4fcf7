//! The engine in simulated time: what a server does is a function, and the figures are exact.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use loadgate::engine::{Circumstances, Received, SimulatedRun, simulate, simulate_under};
use loadgate::histogram::Histogram;
use loadgate::names::{ErrorKind, Metric, SeriesId, SeriesKind};
use loadgate::plan::{Failure, Inputs, LoadOverrides, Overrides, Phase, Plan, Request, compile};
use loadgate::record::{Counts, Pick};
use loadgate::steps::KINDS;
use loadgate::units::Nanos;

mod conservation;
mod course;
mod journeys;
mod load;
mod sessions;
mod stall;

type Said = (Nanos, Result<Received, Failure>);

const MS: Nanos = Nanos::from_millis(1);

fn ms(count: u64) -> Nanos {
    Nanos::from_millis(count)
}

/// Files that scenarios of these tests may name.
fn file(path: &str) -> Result<Arc<[u8]>, String> {
    let text = match path {
        "two.csv" => "email\na@x\nb@x\n",
        "one.csv" => "email\na@x\n",
        "cities.csv" => "city\nAachen\nBonn\nCelle\nDuisburg\n",
        _ => return Err("there is no such file".to_owned()),
    };
    Ok(text.as_bytes().into())
}

/// Compiles a scenario; `target` is added.
pub(crate) fn plan_of(text: &str) -> Arc<Plan> {
    plan_with(text, &Overrides { seed: 7, ..Overrides::default() })
}

pub(crate) fn plan_with(text: &str, overrides: &Overrides) -> Arc<Plan> {
    let text = format!("target: http://shop\n{text}");
    let inputs = Inputs { path: "test.yaml", text: &text, read: &file, environment: &|_| None };
    match compile(&inputs, KINDS, overrides) {
        Ok(plan) => Arc::new(plan),
        Err(all) => panic!("{}", all.iter().map(|one| one.render(false)).collect::<String>()),
    }
}

fn limited(text: &str, iterations: u64) -> Arc<Plan> {
    let load = LoadOverrides { iterations: Some(iterations), ..LoadOverrides::default() };
    plan_with(text, &Overrides { seed: 7, load, ..Overrides::default() })
}

/// An answer with headers and a body.
fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Received {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    Received {
        status,
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
        body_bytes: u64::try_from(body.len()).unwrap(),
        duration: MS,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a server says")]
fn status(status: u16) -> Result<Received, Failure> {
    Ok(answer(status, &[], ""))
}

/// A server that answers everything in a millisecond.
fn quick(_: &Request, now: Nanos) -> Said {
    (now + MS, status(200))
}

/// A run and the plan that it played.
struct Ran {
    plan: Arc<Plan>,
    run: SimulatedRun,
}

fn play(plan: &Arc<Plan>, server: impl FnMut(&Request, Nanos) -> Said) -> Ran {
    Ran { plan: Arc::clone(plan), run: simulate(plan, server) }
}

fn play_with(plan: &Arc<Plan>, workers: usize, server: impl FnMut(&Request, Nanos) -> Said) -> Ran {
    let circumstances = Circumstances { workers, ..Circumstances::default() };
    Ran { plan: Arc::clone(plan), run: simulate_under(plan, &circumstances, server) }
}

impl Ran {
    fn pick(&self, phase: Option<usize>) -> Pick {
        let phases: Vec<_> = self.plan.phases.iter().map(Phase::info).collect();
        phase.map_or_else(|| Pick::all(&phases), |at| Pick::one(&phases, at))
    }

    fn named(&self, name: &str) -> Vec<SeriesId> {
        let found: Vec<_> = self.run.catalogue.matching(|series| series.name == name).collect();
        assert!(!found.is_empty(), "no series `{name}`");
        found
    }

    fn counts(&self, name: &str) -> Counts {
        self.run.totals.counts(&self.pick(None), self.named(name))
    }

    fn counts_in(&self, phase: usize, name: &str) -> Counts {
        self.run.totals.counts(&self.pick(Some(phase)), self.named(name))
    }

    fn values(&self, name: &str, metric: Metric) -> Histogram {
        self.run.totals.histogram(&self.pick(None), self.named(name), metric)
    }

    fn values_in(&self, phase: usize, name: &str, metric: Metric) -> Histogram {
        self.run.totals.histogram(&self.pick(Some(phase)), self.named(name), metric)
    }

    /// Requests of all steps and logins.
    fn sent(&self) -> u64 {
        let http = self.run.catalogue.matching(|series| series.kind.is_http());
        self.run.totals.counts(&self.pick(None), http).started
    }

    fn journeys(&self) -> Counts {
        let all = self.run.catalogue.matching(|series| series.kind == SeriesKind::Journey);
        self.run.totals.counts(&self.pick(None), all)
    }
}

/// Whether a figure is what it has to be, to a histogram's three digits.
#[track_caller]
fn assert_near(got: Option<Nanos>, want: Nanos) {
    let got = got.expect("a value");
    assert!(got.0.abs_diff(want.0) * 1_000 <= want.0, "{got} instead of {want}");
}
