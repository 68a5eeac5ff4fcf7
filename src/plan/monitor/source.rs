//! What a monitor reads: which kind it is, and what that kind needs.

use super::{
    ContainerMonitor, Fetched, MAX_POOL, MonitorSource, PostgresMonitor, ProcessMatch, Reader,
};
use crate::plan::Address;
use crate::plan::compile::fixed;
use crate::scenario::{
    At, JsonPath, MetricSelector, MonitorSpec, NodeId, ProcessSpec, ReadingSpec, Template,
    did_you_mean,
};

/// The longest name of a monitor or of a reading.
const MAX_NAME: usize = 64;
/// What loadgate itself is called, so that nothing else is taken for it.
pub(super) const LOADGATE: &str = "loadgate";

/// The kinds with an example each, in the order of the manual.
const KINDS: [(&str, &str); 7] = [
    ("postgres", "postgres: default"),
    ("process", "process: { port: 3000 }"),
    ("container", "container: web"),
    ("json", "json: /api/health/metrics"),
    ("prometheus", "prometheus: http://127.0.0.1:9090/metrics"),
    ("host", "host: true"),
    (LOADGATE, "loadgate: true"),
];

/// A source with its name, and the readings that are to be watched for leaks.
pub(super) struct Made {
    pub(super) name: String,
    pub(super) source: MonitorSource,
    pub(super) leaks: Vec<String>,
}

/// A key of a monitor: its name, where it stands if it was written, and for which kinds it is.
type Key = (&'static str, Option<NodeId>, &'static [&'static str]);

/// Readings that were asked for, each under its name, and the names of those that are watched for
/// leaks.
type Asked<T> = (Vec<(String, T)>, Vec<String>);

pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Which kinds were written, with their places.
fn kinds(written: &MonitorSpec) -> Vec<(&'static str, NodeId)> {
    let MonitorSpec { postgres, process, container, json, prometheus, host, loadgate, .. } =
        written;
    let nodes = [
        postgres.as_ref().map(|at| at.node),
        process.as_ref().map(|at| at.node),
        container.as_ref().map(|at| at.node),
        json.as_ref().map(|at| at.node),
        prometheus.as_ref().map(|at| at.node),
        host.as_ref().map(|at| at.node),
        loadgate.as_ref().map(|at| at.node),
    ];
    let all = KINDS.iter().zip(nodes);
    all.filter_map(|((word, _), node)| Some((*word, node?))).collect()
}

/// The keys that only some kinds have.
fn keys(written: &MonitorSpec) -> [Key; 7] {
    let headers = written.headers.iter().next().map(|(name, _)| name.node);
    [
        ("pool_size", written.pool_size.as_ref().map(|at| at.node), &["postgres"]),
        ("user", written.user.as_ref().map(|at| at.node), &["postgres"]),
        ("application", written.application.as_ref().map(|at| at.node), &["postgres"]),
        ("socket", written.socket.as_ref().map(|at| at.node), &["container"]),
        ("cgroup", written.cgroup.as_ref().map(|at| at.node), &["container"]),
        ("headers", headers, &["json", "prometheus"]),
        ("readings", written.readings.as_ref().map(|at| at.node), &["json", "prometheus"]),
    ]
}

impl Reader<'_, '_> {
    pub(super) fn source(&mut self, written: &At<MonitorSpec>) -> Option<Made> {
        let spec = &written.value;
        let kind = self.kind(written)?;
        for (key, node, of) in keys(spec) {
            if let Some(node) = node.filter(|_| !of.contains(&kind)) {
                let of = of.join("` and `");
                self.error(node, format!("`{kind}` has no `{key}`"), &format!("it is for `{of}`"));
            }
        }
        let (usual, source, leaks) = match kind {
            "postgres" => self.postgres(spec)?,
            "process" => {
                let source = MonitorSource::Process(self.process(spec.process.as_ref()?)?);
                ("process".to_owned(), source, Vec::new())
            }
            "container" => self.container(spec)?,
            "json" => {
                let (readings, leaks) = self.json_readings(written)?;
                let fetched = self.fetched(spec.json.as_ref()?, spec)?;
                ("json".to_owned(), MonitorSource::Json(fetched, readings), leaks)
            }
            "prometheus" => {
                let (readings, leaks) = self.metrics(written)?;
                let fetched = self.fetched(spec.prometheus.as_ref()?, spec)?;
                ("prometheus".to_owned(), MonitorSource::Prometheus(fetched, readings), leaks)
            }
            "host" => ("host".to_owned(), MonitorSource::Host, Vec::new()),
            _ => (LOADGATE.to_owned(), MonitorSource::Loadgate, Vec::new()),
        };
        let name = match &spec.name {
            Some(name) => {
                self.check_name(name, kind);
                name.value.clone()
            }
            None => usual,
        };
        Some(Made { name, source, leaks })
    }

    /// The one kind that was written.
    fn kind(&mut self, written: &At<MonitorSpec>) -> Option<&'static str> {
        let spec = &written.value;
        let found = kinds(spec);
        match found.as_slice() {
            [(kind, _)] => {
                let off = [&spec.host, &spec.loadgate];
                if let Some(off) = off.into_iter().flatten().find(|on| !on.value) {
                    let hint = "write `true`, or leave the monitor out";
                    self.error(off.node, format!("`{kind}: false` reads nothing"), hint);
                    return None;
                }
                Some(kind)
            }
            [] => {
                let words = KINDS.map(|(word, _)| word).join("`, `");
                let examples = KINDS.map(|(_, example)| format!("`- {example}`")).join(", ");
                let message = format!("a monitor needs one of `{words}`");
                self.error(written.node, message, &format!("write for example {examples}"));
                None
            }
            [(first, _), (second, node), ..] => {
                let message = format!("a monitor is either `{first}` or `{second}`");
                self.error(*node, message, "write two monitors");
                None
            }
        }
    }

    fn check_name(&mut self, name: &At<String>, kind: &str) {
        let text = name.value.as_str();
        if !is_plain(text) {
            let hint = format!("write at most {MAX_NAME} letters, digits, `-` and `_`");
            self.error(name.node, format!("`{text}` is no name of a monitor"), &hint);
        } else if text == LOADGATE && kind != LOADGATE {
            let hint = "choose another name";
            self.error(name.node, "`loadgate` is what loadgate itself is called", hint);
        } else if kind == LOADGATE && text != LOADGATE || kind == "postgres" {
            let hint = "leave `name` out";
            self.error(name.node, format!("`{kind}` has its own name"), hint);
        }
    }

    fn postgres(&mut self, spec: &MonitorSpec) -> Option<(String, MonitorSource, Vec<String>)> {
        let MonitorSpec { postgres, pool_size, user, application, .. } = spec;
        let name = postgres.as_ref()?;
        if let Some(size) = pool_size.as_ref().filter(|size| !(1..=MAX_POOL).contains(&size.value))
        {
            let hint = "write the pool's largest number of connections";
            self.error(size.node, format!("`{}` is no size of a pool", size.value), hint);
        }
        let source = MonitorSource::Postgres(PostgresMonitor {
            url: self.url(name)?,
            pool_size: pool_size.as_ref().map(|size| size.value),
            user: user.as_ref().map(|user| user.value.clone()),
            application: application.as_ref().map(|application| application.value.clone()),
        });
        Some((name.value.clone(), source, Vec::new()))
    }

    /// The address of a database of the scenario.
    fn url(&mut self, name: &At<String>) -> Option<String> {
        let found = self.around.databases.iter().find(|(known, _)| *known == name.value);
        let Some((_, url)) = found else {
            // One whose address has a mistake is there, and that was said.
            if self.spec.databases.get(&name.value).is_none() {
                let near = did_you_mean(&name.value, self.spec.databases.names());
                let hint = near.map_or_else(
                    || format!("add it: `databases: {{ {}: \"${{DATABASE_URL}}\" }}`", name.value),
                    |near| format!("did you mean `{near}`?"),
                );
                self.error(name.node, format!("there is no database `{}`", name.value), &hint);
            }
            return None;
        };
        if !is_postgres(url) {
            let hint = "its address in `databases` has to begin with `postgres://`";
            self.error(name.node, format!("`{}` is no PostgreSQL", name.value), hint);
            return None;
        }
        Some(url.clone())
    }

    fn process(&mut self, written: &At<ProcessSpec>) -> Option<ProcessMatch> {
        let ProcessSpec { pid, name, port } = &written.value;
        match (pid, name, port) {
            (Some(pid), None, None) if pid.value > 0 => Some(ProcessMatch::Pid(pid.value)),
            (Some(pid), None, None) => {
                self.error(pid.node, "`0` is no process", "write the id that `ps` shows");
                None
            }
            (None, Some(name), None) => {
                if name.value.trim().is_empty() {
                    let hint = "write a part of the command line that `ps -ef` shows";
                    self.error(name.node, "an empty `name` fits every process", hint);
                    return None;
                }
                if let Err(error) = regex::Regex::new(&name.value) {
                    // The last line says what is wrong, those before it show where.
                    let told = error.to_string();
                    let told = told.lines().last().unwrap_or_default();
                    let message = format!("`{}` is no regular expression: {told}", name.value);
                    self.error(
                        name.node,
                        message,
                        "write `\\\\` before a character that stands for itself",
                    );
                    return None;
                }
                Some(ProcessMatch::Name(name.value.clone()))
            }
            (None, None, Some(port)) => match u16::try_from(port.value) {
                Ok(number) if number > 0 => Some(ProcessMatch::Port(number)),
                Ok(_) | Err(_) => {
                    let message = format!("`{}` is no TCP port", port.value);
                    self.error(port.node, message, "write a number from 1 to 65535");
                    None
                }
            },
            _ => {
                let hint = "write `{ pid: 123 }`, `{ name: \"node.*next\" }` or `{ port: 3000 }`";
                self.error(written.node, "`process` needs one of `pid`, `name` and `port`", hint);
                None
            }
        }
    }

    fn container(&mut self, spec: &MonitorSpec) -> Option<(String, MonitorSource, Vec<String>)> {
        let container = spec.container.as_ref()?;
        let name = container.value.as_str();
        if !is_plain(name) {
            let message = format!("`{name}` is no name of a container");
            self.error(container.node, message, "write the name or id that `docker ps` shows");
            return None;
        }
        if let (Some(_), Some(cgroup)) = (&spec.socket, &spec.cgroup) {
            let message = "a container is asked by `socket` or read from `cgroup`";
            self.error(cgroup.node, message, "leave one of them out");
        }
        let cgroup = spec.cgroup.as_ref().map(|cgroup| cgroup.value.as_str());
        let leads_out = |path: &str| path.split('/').any(|part| part == "..");
        if let Some(written) = spec.cgroup.as_ref().filter(|path| leads_out(&path.value)) {
            let message = format!("`{}` leads out of the control groups", written.value);
            self.error(written.node, message, "write the path without `..`");
        }
        let socket = spec.socket.as_ref().map(|socket| socket.value.clone());
        let monitor =
            ContainerMonitor { name: name.to_owned(), socket, cgroup: cgroup.map(str::to_owned) };
        Some((name.to_owned(), MonitorSource::Container(monitor), Vec::new()))
    }

    /// Where a request goes, with its headers.
    fn fetched(&mut self, address: &At<Template>, spec: &MonitorSpec) -> Option<Fetched> {
        let (tree, environment) = (self.around.tree, self.around.environment);
        let mut headers = Vec::new();
        for (name, value) in &spec.headers {
            let value_text = fixed(value, tree, environment, self.out)?;
            let named: Result<http::HeaderName, _> = name.value.parse();
            if named.is_err() {
                let message = format!("`{}` is no name of a header", name.value);
                self.error(name.node, message, "write for example `authorization`");
            }
            if http::HeaderValue::from_str(&value_text).is_err() {
                let message = format!("`{}` can't be the value of a header", value.value.source());
                self.error(value.node, message, "leave out line breaks and control characters");
            }
            headers.push((name.value.clone(), value_text));
        }
        let text = fixed(address, tree, environment, self.out)?;
        let whole = if text.starts_with('/') {
            // A target with a mistake was told.
            let target = self.around.target?;
            format!("{target}{text}")
        } else {
            text
        };
        match Address::split(&whole) {
            Ok(_) => Some(Fetched { url: whole, headers }),
            Err(_no_address) => {
                let shown = address.value.source();
                let message = format!("`{shown}` is no address without user and password");
                let hint = "write `/path` of the target or `http://host:port/path`; a password \
                            goes into `headers: { authorization: \"${TOKEN}\" }`";
                self.error(address.node, message, hint);
                None
            }
        }
    }

    fn json_readings(&mut self, written: &At<MonitorSpec>) -> Option<Asked<JsonPath>> {
        let example = "readings: { rss_bytes: $.memory.rss }";
        let asked = self.asked(written, example)?;
        let mut made = (Vec::new(), Vec::new());
        for (name, spec) in asked {
            let Some(name) = name else {
                let hint = format!("write `{example}`");
                self.error(spec.node, "a reading of `json` needs a name", &hint);
                return None;
            };
            self.check_reading(name);
            match spec.value.from.parse() {
                Ok(path) => self.ask(&mut made, (name.value.clone(), path), spec),
                Err(error) => {
                    let hint = "write a JSONPath such as `$.memory.rss`";
                    self.error(spec.node, format!("{error}"), hint);
                }
            }
        }
        Some(made)
    }

    fn metrics(&mut self, written: &At<MonitorSpec>) -> Option<Asked<MetricSelector>> {
        let asked = self.asked(written, "readings: [ process_resident_memory_bytes ]")?;
        let mut made = (Vec::new(), Vec::new());
        for (name, spec) in asked {
            let selector: MetricSelector = match spec.value.from.parse() {
                Ok(selector) => selector,
                Err(error) => {
                    let hint = "labels stand as in Prometheus: `up{job=\"web\"}`";
                    self.error(spec.node, format!("{error}"), hint);
                    continue;
                }
            };
            if let Some(name) = name {
                self.check_reading(name);
            }
            let own = || selector.rate_name().unwrap_or_else(|| selector.source().to_owned());
            let name = name.map_or_else(own, |name| name.value.clone());
            self.ask(&mut made, (name, selector), spec);
        }
        Some(made)
    }

    /// Enters a reading, unless its name is taken.
    fn ask<T>(&mut self, made: &mut Asked<T>, one: (String, T), spec: &At<ReadingSpec>) {
        if made.0.iter().any(|(known, _)| *known == one.0) {
            let message = format!("there are two readings `{}`", one.0);
            self.error(spec.node, message, "give one of them another name");
            return;
        }
        if spec.value.leak {
            made.1.push(one.0.clone());
        }
        made.0.push(one);
    }

    fn asked<'s>(
        &mut self,
        written: &'s At<MonitorSpec>,
        example: &str,
    ) -> Option<impl Iterator<Item = (Option<&'s At<String>>, &'s At<ReadingSpec>)> + use<'s>> {
        let readings = written.value.readings.as_ref();
        let readings = readings.filter(|readings| !readings.value.0.is_empty());
        let Some(readings) = readings else {
            let hint = format!("add `{example}`");
            self.error(written.node, "the monitor has no `readings`", &hint);
            return None;
        };
        Some(readings.value.0.iter().map(|(name, spec)| (name.as_ref(), spec)))
    }

    fn check_reading(&mut self, name: &At<String>) {
        if !is_plain(&name.value) {
            let message = format!("`{}` is no name of a reading", name.value);
            let hint = "write letters, digits, `-` and `_`, with the unit last: `rss_bytes`";
            self.error(name.node, message, hint);
        }
    }
}

/// Whether it is a name that can stand in a reading's, in a path and in a table.
fn is_plain(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    starts && text.len() <= MAX_NAME && text.chars().all(fits)
}
