//! From the file's types to a plan.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::SchemaGenerator;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::builder::{Builder, StepKind, Surroundings, Unknown, from_environment};
use super::load::{self, LoadOverrides};
use super::{Address, Health, HttpSettings, HttpVersion, Limits, Plan, Scope, members};
use crate::names::{Catalogue, Series, SeriesKind};
use crate::record::ValidityPolicy;
use crate::scenario::{
    At, Connections, Diagnostic, Diagnostics, HttpSpec, JourneySpec, NodeId, Part, ScenarioSpec,
    StepNode, Template, Tree,
};
use crate::units::{Bytes as Size, Nanos};

/// Longest time that journeys may go on after the last phase, if the scenario does not say.
const GRACEFUL_STOP: Nanos = Nanos::from_secs(30);

/// What a scenario needs from outside.
pub struct Inputs<'a> {
    /// Path of the scenario, for messages and for files named in it.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Reads another file; the path is relative to where loadgate runs, or built in.
    pub read: &'a dyn Fn(&str) -> Result<Arc<[u8]>, String>,
    /// The environment.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// What the command line sets in place of the scenario.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Where requests go.
    pub target: Option<String>,
    /// The load.
    pub load: LoadOverrides,
    /// The seed.
    pub seed: u64,
    /// Only these journeys, if any are named.
    pub journeys: Vec<String>,
    /// Version of HTTP.
    pub http: Option<HttpVersion>,
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
    };
    let Some(spec) = compiler.load_all() else { return Err(compiler.out.into_vec()) };
    let plan = compiler.plan(&spec, kinds, overrides);
    match plan {
        Some(plan) if compiler.out.is_empty() => Ok(plan),
        Some(_) | None => Err(compiler.out.into_vec()),
    }
}

/// The JSON Schema of scenarios, with the steps of `kinds`.
pub fn schema(kinds: &[&dyn StepKind]) -> Value {
    let mut generator = SchemaGenerator::from(schemars::generate::SchemaSettings::draft2020_12());
    let common = generator.subschema_for::<crate::scenario::CommonSpec>();
    let variants: Vec<Value> = kinds
        .iter()
        .flat_map(|kind| {
            let schema = kind.schema(&mut generator).to_value();
            let common = common.clone();
            kind.words()
                .iter()
                .map(move |word| json!({ "allOf": [schema, common], "required": [word] }))
        })
        .collect();
    let mut definitions = generator.take_definitions(true);
    // A step's mapping is read twice, so neither half may refuse the other's keys.
    for definition in definitions.values_mut() {
        if let Some(object) = definition.as_object_mut() {
            let is_step = object.get("title").and_then(Value::as_str).is_none();
            if is_step {
                object.remove("additionalProperties");
            }
        }
    }
    crate::scenario::schema(json!({ "anyOf": variants, "$defs": definitions }))
}

struct Compiler<'a> {
    inputs: &'a Inputs<'a>,
    tree: Tree,
    out: Diagnostics,
    /// Every file that was used, for the hash.
    files: RefCell<BTreeMap<String, Arc<[u8]>>>,
}

impl Compiler<'_> {
    /// Reads the scenario and the files that it includes into one.
    fn load_all(&mut self) -> Option<ScenarioSpec> {
        let bytes: Arc<[u8]> = self.inputs.text.as_bytes().into();
        self.files.borrow_mut().insert(self.inputs.path.to_owned(), bytes);
        let mut spec: ScenarioSpec = self.read_scenario(self.inputs.path, self.inputs.text)?;
        if let Some(version) = spec.version.as_ref().filter(|version| version.value != 1) {
            let message = format!("version {} of the language is not known", version.value);
            self.out.error(&self.tree, version.node, message).hint("this loadgate reads version 1");
        }
        let mut pending = spec.include.to_vec();
        let mut seen = vec![self.inputs.path.to_owned()];
        while let Some(include) = pending.pop() {
            let path = beside(&self.tree.place(include.node).file, &include.value);
            if seen.contains(&path) {
                continue;
            }
            seen.push(path.clone());
            if let Some(other) = self.read_included::<ScenarioSpec>(&include, &path) {
                pending.extend(other.include.iter().cloned());
                adopt(&mut spec, other);
            }
        }
        Some(spec)
    }

    fn read_scenario(&mut self, path: &str, text: &str) -> Option<ScenarioSpec> {
        match self.tree.add(path, text) {
            Ok(root) => self.tree.read(root, &mut self.out),
            Err(mistakes) => {
                mistakes.into_iter().for_each(|mistake| self.out.push(mistake));
                None
            }
        }
    }

    fn read_included<T: serde::de::DeserializeOwned>(
        &mut self,
        include: &At<String>,
        path: &str,
    ) -> Option<T> {
        let text = match self.read_file(path).map(|bytes| String::from_utf8(bytes.to_vec())) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                self.out.error(&self.tree, include.node, format!("`{path}` is not UTF-8 text"));
                return None;
            }
            Err(why) => {
                self.out.error(&self.tree, include.node, format!("can't read `{path}`: {why}"));
                return None;
            }
        };
        match self.tree.add(path, &text) {
            Ok(root) => self.tree.read(root, &mut self.out),
            Err(mistakes) => {
                mistakes.into_iter().for_each(|mistake| self.out.push(mistake));
                None
            }
        }
    }

    fn read_file(&self, path: &str) -> Result<Arc<[u8]>, String> {
        if let Some(bytes) = self.files.borrow().get(path) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = (self.inputs.read)(path)?;
        self.files.borrow_mut().insert(path.to_owned(), Arc::clone(&bytes));
        Ok(bytes)
    }

    fn plan(
        &mut self,
        spec: &ScenarioSpec,
        kinds: &[&dyn StepKind],
        overrides: &Overrides,
    ) -> Option<Plan> {
        let target = self.target(spec, overrides);
        let databases = self.databases(spec);
        let phases = load::phases(spec, &overrides.load, &self.tree, &mut self.out);
        let journeys = self.chosen(spec, overrides);
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
        let mut made = members::Members::new(spec, &around);
        let sessions = made.sessions(&mut out, &mut catalogue);
        let journeys = made.journeys(&journeys, &sessions, &mut out, &mut catalogue);
        let http = http_settings(spec, overrides, &around, &mut out, &mut catalogue);
        let mut thresholds = std::mem::take(&mut made.slos);
        thresholds.extend(members::thresholds(spec, &self.tree, &catalogue, &mut out));
        let sources = made.sources;
        self.out = out;
        let health = self.health(spec, overrides);
        Some(Plan {
            name: self.name(spec),
            seed: overrides.seed,
            target: target?,
            health,
            http: http?,
            catalogue,
            sources,
            sessions,
            journeys,
            phases: phases?.into(),
            graceful_stop: spec.graceful_stop.as_ref().map_or(GRACEFUL_STOP, |grace| grace.value),
            databases,
            thresholds,
            validity: validity(spec),
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
        let (text, node) = match (&overrides.target, &spec.target) {
            (Some(target), _) => (target.clone(), None),
            (None, Some(target)) => (self.fixed(target)?, Some(target.node)),
            (None, None) => {
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

    /// A template whose only variables are of the environment.
    fn fixed(&mut self, template: &At<Template>) -> Option<String> {
        let mut text = String::new();
        for part in template.value.parts() {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable { name, default } => {
                    let default = default.as_deref();
                    match from_environment(name, default, self.inputs.environment) {
                        Ok(value) => text.push_str(&value),
                        Err(Unknown::Environment) => {
                            let message = format!("environment variable `{name}` is not set");
                            self.out.error(&self.tree, template.node, message);
                            return None;
                        }
                        Err(Unknown::Variable) => {
                            let message = format!("`{name}` can't be used here");
                            self.out
                                .error(&self.tree, template.node, message)
                                .hint("only variables of the environment (`${UPPER_CASE}`) can");
                            return None;
                        }
                    }
                }
            }
        }
        Some(text)
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

    /// The journeys that are played, with their weights.
    fn chosen<'s>(
        &mut self,
        spec: &'s ScenarioSpec,
        overrides: &Overrides,
    ) -> Vec<(&'s At<String>, JourneySpec, f64)> {
        for (name, _) in &spec.weights {
            if spec.journeys.get(&name.value).is_none() {
                let message = format!("there is no journey `{}`", name.value);
                let near = crate::scenario::did_you_mean(&name.value, spec.journeys.names());
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

    /// A journey with the steps of the file that it includes.
    fn with_included(&mut self, journey: &JourneySpec) -> Option<JourneySpec> {
        let Some(include) = &journey.include else { return Some(journey.clone()) };
        let path = beside(&self.tree.place(include.node).file, &include.value);
        let other: JourneySpec = self.read_included(include, &path)?;
        let mut whole = journey.clone();
        let steps: Vec<StepNode> = other.steps.iter().chain(&journey.steps).copied().collect();
        whole.steps = steps;
        whole.cleanup.extend(other.cleanup);
        whole.session = whole.session.or(other.session);
        whole.feed.0.extend(other.feed.0);
        Some(whole)
    }

    fn health(&mut self, spec: &ScenarioSpec, overrides: &Overrides) -> Option<Health> {
        let health = spec.health.as_ref()?;
        let path = self.fixed(&health.path)?;
        let expect = match (&overrides.expect, &health.expect) {
            (Some(expect), _) => Some(expect.clone()),
            (None, Some(expect)) => Some(self.fixed(expect)?),
            (None, None) => None,
        };
        let version = serde_json_path::JsonPath::parse(health.version.as_str()).ok()?;
        Some(Health { path, version, expect })
    }

    /// SHA-256 over names and contents of all files, in the order of their names.
    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &*self.files.borrow() {
            let name = path.rsplit('/').next().unwrap_or_default();
            for part in [name.as_bytes(), bytes] {
                hash.update(u64::try_from(part.len()).unwrap_or_default().to_le_bytes());
                hash.update(part);
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What an included file adds; what the including one says itself stands.
fn adopt(spec: &mut ScenarioSpec, other: ScenarioSpec) {
    let own_http = spec.http != HttpSpec::default();
    if !own_http {
        spec.http = other.http;
    }
    spec.target = spec.target.take().or(other.target);
    spec.health = spec.health.take().or(other.health);
    for (name, value) in other.variables {
        if spec.variables.get(&name.value).is_none() {
            spec.variables.insert(name, value);
        }
    }
    for (name, value) in other.feeders {
        if spec.feeders.get(&name.value).is_none() {
            spec.feeders.insert(name, value);
        }
    }
    for (name, value) in other.sessions {
        if spec.sessions.get(&name.value).is_none() {
            spec.sessions.insert(name, value);
        }
    }
    for (name, value) in other.journeys {
        if spec.journeys.get(&name.value).is_none() {
            spec.journeys.insert(name, value);
        }
    }
    for (name, value) in other.databases {
        if spec.databases.get(&name.value).is_none() {
            spec.databases.insert(name, value);
        }
    }
}

/// A path that a file names, relative to the folder of that file.
fn beside(file: &str, path: &str) -> String {
    match file.rfind('/') {
        Some(at) if !path.starts_with('/') => format!("{}{path}", file.split_at(at + 1).0),
        _ => path.to_owned(),
    }
}

fn validity(spec: &ScenarioSpec) -> ValidityPolicy {
    let mut policy = ValidityPolicy::default();
    if let Some(validity) = &spec.validity {
        policy.lag_p99 = validity.lag_p99.as_ref().map_or(policy.lag_p99, |lag| lag.value);
        policy.dropped = validity.dropped.as_ref().map_or(policy.dropped, |share| share.value);
        policy.worker_cpu = validity.worker_cpu.as_ref().map_or(policy.worker_cpu, |cpu| cpu.value);
    }
    policy
}

fn http_settings(
    spec: &ScenarioSpec,
    overrides: &Overrides,
    around: &Surroundings<'_>,
    out: &mut Diagnostics,
    catalogue: &mut Catalogue,
) -> Option<HttpSettings> {
    let http = &spec.http;
    let mut builder =
        Builder::new(around, out, catalogue, Scope::default(), (SeriesKind::Run, "http"));
    let mut headers = Vec::new();
    for (name, value) in &overrides.headers {
        let valid = http::HeaderValue::try_from(value.as_str()).is_ok();
        match name.parse() {
            Ok(name) if valid => headers.push((name, super::Text::literal(value))),
            Ok(_) | Err(_) => builder.error(
                NodeId::NOWHERE,
                format!("--header: `{name}` is not a header"),
                Some("write it as `-H 'name: value'`"),
            ),
        }
    }
    headers.extend(builder.headers(&http.headers));
    let roots = match (&overrides.roots, &http.cacert) {
        (Some(roots), _) => Some(bytes::Bytes::copy_from_slice(roots)),
        (None, Some(path)) => Some(bytes::Bytes::copy_from_slice(&builder.file(path)?)),
        (None, None) => None,
    };
    let usual = Limits::default();
    let given = |flag: Option<Nanos>, written: &Option<At<Nanos>>, usual: Nanos| {
        flag.or_else(|| written.as_ref().map(|at| at.value)).unwrap_or(usual)
    };
    Some(HttpSettings {
        version: overrides.http.unwrap_or(http.version.value),
        cookies: http.cookies,
        fresh_connections: http.connections == Connections::Fresh,
        headers,
        decompress: http.decompress,
        insecure: http.insecure || overrides.insecure,
        roots,
        limits: Limits {
            timeout: given(overrides.timeout, &http.timeout, usual.timeout),
            connect_timeout: given(
                overrides.connect_timeout,
                &http.connect_timeout,
                usual.connect_timeout,
            ),
            redirects: http.redirects.value,
            max_body: Size(http.max_body.value.0),
        },
    })
}

/// A journey's own series.
pub(super) fn journey_series(name: &str) -> Series {
    Series {
        kind: SeriesKind::Journey,
        name: name.to_owned(),
        journey: name.to_owned(),
        step: String::new(),
        endpoint: String::new(),
    }
}
