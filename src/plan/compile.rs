//! From the file's types to a plan.

mod files;
mod http;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use files::beside;
use http::http_settings;

use super::builder::{Environment, ReadFile, StepKind, Surroundings, Unknown, from_environment};
use super::gate::Resolver;
use super::integrity::assertions;
use super::load::{self, LoadOverrides};
use super::precision::Chosen;
use super::{
    Address, Course, Engine, Gate, Health, HttpVersion, LogsPlan, MonitorPlan, Phase, Plan,
    PrecisionSpec, TapPlan, logs, members, monitor,
};
use crate::names::{Catalogue, Series, SeriesKind};
use crate::record::ValidityPolicy;
use crate::scenario::{
    At, Diagnostic, Diagnostics, JourneySpec, NodeId, Part, ScenarioSpec, Template, Tree,
    did_you_mean,
};
use crate::units::Nanos;

/// Longest time that journeys may go on after the last phase, if the scenario does not say.
const GRACEFUL_STOP: Nanos = Nanos::from_secs(30);

/// What a scenario needs from outside.
#[expect(missing_debug_implementations, reason = "it holds closures")]
pub struct Inputs<'a> {
    /// Path of the scenario, for messages and for files named in it.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Reads another file; the path is relative to where loadgate runs, or built in.
    pub read: &'a ReadFile<'a>,
    /// The environment.
    pub environment: &'a Environment<'a>,
}

/// What the command line sets in place of the scenario.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Where requests go.
    pub target: Option<String>,
    /// Where requests of a scenario go that does not say it.
    pub usual_target: Option<String>,
    /// The load.
    pub load: LoadOverrides,
    /// How exactly starts keep to their times.
    pub precision: Option<PrecisionSpec>,
    /// Worker threads that share the load; 0 is as good as 1.
    pub workers: usize,
    /// The seed.
    pub seed: u64,
    /// Only these journeys, if any are named.
    pub journeys: Vec<String>,
    /// Version of HTTP.
    pub http: Option<HttpVersion>,
    /// Which driver sends them.
    pub engine: Engine,
    /// Longest time of a request.
    pub timeout: Option<Nanos>,
    /// Longest time to open a connection.
    pub connect_timeout: Option<Nanos>,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// Accept any certificate.
    pub insecure: bool,
    /// Certificates (PEM) that are trusted instead of the system's.
    pub roots: Option<Arc<[u8]>>,
    /// The version that the target has to report.
    pub expect: Option<String>,
    /// The database behind the tap.
    pub tap: Option<String>,
    /// Where the tap listens.
    pub tap_listen: Option<String>,
    /// A database to read beside the load; an empty text is none.
    pub monitor_db: Option<String>,
}

/// Compiles a scenario with all files that it uses, or reports everything that is wrong with it.
pub fn compile(
    inputs: &Inputs<'_>,
    kinds: &[&dyn StepKind],
    overrides: &Overrides,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut compiler = Compiler {
        inputs,
        tree: Tree::new(),
        out: Diagnostics::new(),
        files: RefCell::new(BTreeMap::new()),
        roots: BTreeMap::new(),
    };
    let Some(spec) = compiler.load_all() else { return Err(compiler.out.into_vec()) };
    let plan = compiler.plan(&spec, kinds, overrides);
    match plan {
        Some(plan) if compiler.out.is_empty() => Ok(plan),
        Some(_) | None => Err(compiler.out.into_vec()),
    }
}

struct Compiler<'a> {
    inputs: &'a Inputs<'a>,
    tree: Tree,
    out: Diagnostics,
    /// Every file that was used, for the hash.
    files: RefCell<BTreeMap<String, Arc<[u8]>>>,
    /// Those of them that are part of the scenario.
    roots: BTreeMap<String, NodeId>,
}

/// The precision that was asked for, or the one that suits the phases.
fn precision(spec: &ScenarioSpec, overrides: &Overrides, phases: &[Phase]) -> Chosen {
    let asked = spec.precision.as_ref().map(|asked| asked.value);
    let asked = overrides.precision.or(asked).unwrap_or_default();
    Chosen::of(asked, phases, overrides.workers)
}

impl Compiler<'_> {
    fn plan(
        &mut self,
        spec: &ScenarioSpec,
        kinds: &[&dyn StepKind],
        overrides: &Overrides,
    ) -> Option<Plan> {
        let (target, databases) = (self.target(spec, overrides), self.databases(spec));
        let (tap, logs) = (self.tap(spec, overrides), self.logs(spec));
        let monitors = self.monitors(spec, overrides, (&databases, target.as_ref()));
        let journeys = self.chosen(spec, overrides);
        let all = overrides.load.alone(journeys.len());
        let phases = load::phases(spec, &all, &self.tree, &mut self.out);
        let timed = precision(spec, overrides, phases.as_deref().unwrap_or_default());
        let mut catalogue = Catalogue::new();
        let mut out = std::mem::take(&mut self.out);
        let file =
            |node: NodeId, path: &str| self.read_file(&beside(&self.tree.place(node).file, path));
        let around = Surroundings {
            tree: &self.tree,
            kinds,
            environment: self.inputs.environment,
            file: &file,
            databases: &databases,
        };
        let mistakes = out.len();
        let mut made = members::Members::new(spec, &around);
        let sessions = made.sessions(&mut out, &mut catalogue);
        let chosen = journeys.len();
        let journeys = made.journeys(&journeys, &sessions, &mut out, &mut catalogue);
        // What a journey with a mistake would have measured is not missing.
        let whole = out.len() == mistakes
            && sessions.len() == spec.sessions.len()
            && journeys.len() == chosen
            && !journeys.is_empty();
        let http = http_settings(spec, overrides, &around, &mut out, &mut catalogue);
        let mut thresholds = std::mem::take(&mut made.slos);
        let known = whole.then_some(&catalogue);
        // Of a scenario that is played in part, the other part is not missing.
        let all = known.filter(|_| overrides.journeys.is_empty());
        thresholds.extend(members::thresholds(spec, &self.tree, (known, all), &mut out));
        thresholds.extend(monitors.iter().flat_map(|monitor| monitor.limits.clone()));
        let sources = made.sources;
        let integrity = assertions(spec, &databases, (&self.tree, all), &mut out);
        let gate = spec.gate.as_ref().map_or_else(Gate::default, |gate| {
            let environment = self.inputs.environment;
            let mut resolver = Resolver { tree: &self.tree, environment, out: &mut out };
            if let Some(all) = all {
                resolver.verify_patterns(gate, all);
            }
            resolver.gate(gate)
        });
        self.out = out;
        Some(Plan {
            name: self.name(spec),
            seed: overrides.seed,
            target: target?,
            health: self.health(spec, overrides),
            http: http?,
            catalogue,
            sources,
            sessions,
            journeys,
            phases: phases?.into(),
            precision: timed.precision,
            precision_for: timed.chosen_for,
            graceful_stop: spec.graceful_stop.as_ref().map_or(GRACEFUL_STOP, |grace| grace.value),
            course: Course::default(),
            databases,
            tap,
            monitors,
            logs,
            together: overrides.load.together,
            thresholds,
            integrity,
            validity: validity(spec),
            gate,
            sha256: self.sha256(),
        })
    }

    /// The name of the scenario, or that of its file.
    fn name(&self, spec: &ScenarioSpec) -> String {
        let file = || {
            let file = self.inputs.path.rsplit('/').next().unwrap_or_default();
            file.split('.').next().unwrap_or_default().to_owned()
        };
        spec.name.as_ref().map_or_else(file, |name| name.value.clone())
    }

    fn target(&mut self, spec: &ScenarioSpec, overrides: &Overrides) -> Option<Address> {
        let (text, node) = match (&overrides.target, &spec.target, &overrides.usual_target) {
            (Some(target), _, _) | (None, None, Some(target)) => (target.clone(), None),
            (None, Some(target), _) => (self.fixed(target)?, Some(target.node)),
            (None, None, None) => {
                self.out.push(
                    Diagnostic::new("the scenario has no target")
                        .with_hint("add `target: http://127.0.0.1:3000`, or give `--target URL`"),
                );
                return None;
            }
        };
        match (Address::target(&text), node) {
            (Ok(address), _) => Some(address),
            (Err(error), Some(node)) => {
                self.out.error(&self.tree, node, error.to_string());
                None
            }
            (Err(error), None) => {
                self.out.push(Diagnostic::new(format!("--target: {error}")));
                None
            }
        }
    }

    fn logs(&mut self, spec: &ScenarioSpec) -> Option<LogsPlan> {
        logs::logs(spec, self.inputs.environment, (&self.tree, &mut self.out))
    }

    /// A template whose only variables are of the environment.
    fn fixed(&mut self, template: &At<Template>) -> Option<String> {
        fixed(template, &self.tree, self.inputs.environment, &mut self.out)
    }

    fn databases(&mut self, spec: &ScenarioSpec) -> Vec<(String, String)> {
        let mut databases = Vec::new();
        for (name, url) in &spec.databases {
            if let Some(url) = self.fixed(url) {
                databases.push((name.value.clone(), url));
            }
        }
        databases
    }

    /// The tap of the scenario, as the arguments change it.
    fn tap(&mut self, spec: &ScenarioSpec, overrides: &Overrides) -> Option<TapPlan> {
        let written = spec.tap.as_ref().and_then(|tap| tap.postgres.as_ref());
        let upstream = match (&overrides.tap, written) {
            (Some(url), _) => url.clone(),
            (None, Some(written)) => self.fixed(&written.upstream)?,
            (None, None) => return None,
        };
        let listen = overrides.tap_listen.clone();
        let listen = listen.or_else(|| written.map(|written| written.listen.value.clone()));
        Some(TapPlan { listen, upstream })
    }

    fn monitors(
        &mut self,
        spec: &ScenarioSpec,
        overrides: &Overrides,
        (databases, target): (&[(String, String)], Option<&Address>),
    ) -> Vec<MonitorPlan> {
        let (tree, environment) = (&self.tree, self.inputs.environment);
        let around = monitor::Around { databases, target, environment, tree };
        monitor::monitors(spec, overrides, &around, &mut self.out)
    }

    /// The journeys that are played, with their weights.
    fn chosen<'s>(
        &mut self,
        spec: &'s ScenarioSpec,
        overrides: &Overrides,
    ) -> Vec<(&'s At<String>, JourneySpec, f64)> {
        for (name, _) in &spec.weights {
            if spec.journeys.get(&name.value).is_none() {
                let message = format!("there is no journey `{}`", name.value);
                let near = did_you_mean(&name.value, spec.journeys.names());
                let error = self.out.error(&self.tree, name.node, message);
                if let Some(near) = near {
                    error.hint(format!("did you mean `{near}`?"));
                }
            }
        }
        for wanted in &overrides.journeys {
            if spec.journeys.get(wanted).is_none() {
                let known: Vec<&str> = spec.journeys.names().collect();
                self.out.push(
                    Diagnostic::new(format!("--journey: there is no journey `{wanted}`"))
                        .with_hint(format!("the scenario has {}", known.join(", "))),
                );
            }
        }
        let mut chosen = Vec::new();
        for (name, journey) in &spec.journeys {
            let named = overrides.journeys.contains(&name.value);
            if !overrides.journeys.is_empty() && !named {
                continue;
            }
            let weight = spec.weights.get(&name.value).or(journey.weight.as_ref());
            let weight = weight.map_or(1.0, |weight| weight.value);
            let Some(journey) = self.with_included(journey) else { continue };
            if weight > 0.0 {
                chosen.push((name, journey, weight));
            }
        }
        if chosen.is_empty() && self.out.is_empty() {
            self.out.push(
                Diagnostic::new("the scenario has no journey to play")
                    .with_hint("add `journeys: { shop: { steps: [ { get: / } ] } }`"),
            );
        }
        chosen
    }

    fn health(&mut self, spec: &ScenarioSpec, overrides: &Overrides) -> Option<Health> {
        let Some(health) = spec.health.as_ref() else {
            if overrides.expect.is_some() {
                let message = "--expect: the scenario does not say where the version stands";
                let hint = "add `health: { path: /api/health, version: $.version }`";
                self.out.push(Diagnostic::new(message).with_hint(hint));
            }
            return None;
        };
        let path = self.fixed(&health.path)?;
        let expect = match (&overrides.expect, &health.expect) {
            (Some(expect), _) => Some(expect.clone()),
            (None, Some(expect)) => Some(self.fixed(expect)?),
            (None, None) => None,
        };
        let version = serde_json_path::JsonPath::parse(health.version.as_str()).ok()?;
        Some(Health { path, version, expect })
    }
}

/// A template whose only variables are of the environment.
pub(super) fn fixed(
    template: &At<Template>,
    tree: &Tree,
    environment: &Environment<'_>,
    out: &mut Diagnostics,
) -> Option<String> {
    let mut text = String::new();
    for part in template.value.parts() {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Variable { name, default } => {
                match from_environment(name, default.as_deref(), environment) {
                    Ok(value) => text.push_str(&value),
                    Err(Unknown::Environment) => {
                        let message = format!("environment variable `{name}` is not set");
                        out.error(tree, template.node, message);
                        return None;
                    }
                    Err(Unknown::Variable) => {
                        let message = format!("`{name}` can't be used here");
                        out.error(tree, template.node, message)
                            .hint("only variables of the environment (`${UPPER_CASE}`) can");
                        return None;
                    }
                }
            }
        }
    }
    Some(text)
}

fn validity(spec: &ScenarioSpec) -> ValidityPolicy {
    let mut policy = ValidityPolicy::default();
    if let Some(validity) = &spec.validity {
        policy.lag_p99 = validity.lag_p99.as_ref().map_or(policy.lag_p99, |lag| lag.value);
        policy.dropped = validity.dropped.as_ref().map_or(policy.dropped, |share| share.value);
        policy.worker_cpu = validity.worker_cpu.as_ref().map_or(policy.worker_cpu, |cpu| cpu.value);
        policy.run_queue =
            validity.run_queue.as_ref().map_or(policy.run_queue, |share| share.value);
    }
    policy
}

/// A journey's own series.
pub(super) fn journey_series(name: &str) -> Series {
    Series {
        kind: SeriesKind::Journey,
        name: name.to_owned(),
        journey: name.to_owned(),
        step: String::new(),
        endpoint: String::new(),
        tapped: None,
    }
}
