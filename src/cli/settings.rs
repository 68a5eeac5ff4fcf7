//! What the arguments mean: a plan, a place for the record, numbers of workers.

use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use super::args::{EngineName, HttpArgs, LoadArgs, Play, StoreArg};
use super::{Exit, Failed, adhoc, builtin};
use crate::cli::terminal::Terminal;
use crate::names::Together;
use crate::plan::{
    Engine, HttpVersion, Inputs, LoadOverrides, Overrides, Plan, PrecisionSpec, compile,
};
use crate::scenario::{Diagnostic, did_you_mean};
use crate::steps::KINDS;
use crate::store::StoreLocation;
use crate::units::{Nanos, Rate};

/// The largest file that a scenario may name: uploads and data.
const MAX_FILE: u64 = 1 << 30;

/// The target of a plan until the embedded market, which starts only when the plan is without
/// mistakes, has a port.
const UNTIL_MARKET: &str = "http://127.0.0.1:1";

/// Where the text of a scenario comes from.
pub(super) struct Source {
    /// Its path, real or built in.
    pub(super) path: String,
    text: String,
    built_in: bool,
}

impl Source {
    /// Whether the embedded market is its target when no other is given.
    pub(super) fn wants_market(&self, play: &Play) -> bool {
        self.built_in && play.what.target.is_none() && play.what.project_target.is_none()
    }

    /// A scenario that stands in no file of its own.
    pub(super) fn of_text(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), built_in: false }
    }

    /// Whether it is part of the program.
    pub(super) fn is_built_in(&self) -> bool {
        self.built_in
    }
}

/// Finds the scenario: built in by name, or a file by path.
pub(super) fn source(play: &Play) -> Result<Source, Failed> {
    let Some(name) = &play.what.scenario else {
        let text = adhoc::scenario(&play.what)?;
        return Ok(Source { path: "--url".to_owned(), text, built_in: false });
    };
    let extension = Path::new(name).extension().unwrap_or_default();
    let is_yaml = ["yaml", "yml"].iter().any(|yaml| extension.eq_ignore_ascii_case(yaml));
    let is_path = is_yaml || name.contains('/');
    if !is_path && let Some(path) = builtin::path_of(name) {
        let bytes = builtin::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Ok(Source { path, text, built_in: true });
    }
    let path = Path::new(name);
    if !is_path && !path.exists() {
        let hint = match did_you_mean(name, builtin::NAMES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "built in are {}; a file is named with its path, such as `./{name}.yaml`",
                builtin::NAMES.join(", ")
            ),
        };
        return Err(Failed::usage(format!("there is no scenario `{name}`"), Some(hint)));
    }
    let unreadable =
        |why: &str, hint: String| Failed::usage(format!("can't read `{name}`: {why}"), Some(hint));
    let hint = || format!("built in are {}", builtin::NAMES.join(", "));
    let bytes = read_file(name).map_err(|why| unreadable(&why, hint()))?;
    let text = String::from_utf8(bytes.to_vec());
    let hint = || "a scenario is YAML in UTF-8".to_owned();
    let text = text.map_err(|_not_utf8| unreadable("it is not UTF-8 text", hint()))?;
    Ok(Source { path: name.clone(), text, built_in: false })
}

/// What differs between the runs of one command.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Variant<'a> {
    /// A target in place of the scenario's and the arguments'.
    pub(super) target: Option<&'a str>,
    /// Makes the run a repetition with a lead-in of this length.
    pub(super) lead: Option<Nanos>,
    /// A rate in place of the arguments'.
    pub(super) rate: Option<Rate>,
    /// A length in place of the arguments'.
    pub(super) length: Option<Nanos>,
    /// Virtual users in place of the arguments'.
    pub(super) users: Option<u64>,
    /// Most virtual users at a time, where the arguments do not say it.
    pub(super) max_users: Option<u64>,
    /// How exactly starts keep to their times, where the arguments do not say it.
    pub(super) precision: Option<PrecisionSpec>,
}

impl Variant<'_> {
    /// A repetition as the arguments say it.
    pub(super) fn repetition(lead: Nanos) -> Self {
        Self { lead: Some(lead), ..Self::default() }
    }
}

/// Compiles the scenario; everything that is wrong is told at once. The target of a scenario that
/// wants the market is set when the market runs.
pub(super) fn plan(
    play: &Play,
    source: &Source,
    variant: &Variant<'_>,
    terminal: &Terminal,
) -> Result<Plan, Failed> {
    let read = |path: &str| match builtin::read(path) {
        Some(bytes) if source.built_in => Ok(bytes),
        Some(_) | None => read_file(path),
    };
    let project = play.what.project_target.as_ref();
    let environment = |name: &str| {
        // Scenarios name their target so where it is not always the same.
        environment(name).or_else(|| project.filter(|_| name == "LOADGATE_TARGET").cloned())
    };
    let inputs =
        Inputs { path: &source.path, text: &source.text, read: &read, environment: &environment };
    let mut overrides = overrides(play, variant)?;
    if overrides.target.is_none() && source.wants_market(play) {
        overrides.target = Some(UNTIL_MARKET.to_owned());
    }
    compile(&inputs, KINDS, &overrides).map_err(|mistakes| told(&mistakes, &source.path, terminal))
}

/// Tells everything that is wrong with a file.
pub(super) fn told(mistakes: &[Diagnostic], path: &str, terminal: &Terminal) -> Failed {
    for mistake in mistakes {
        terminal.err(&mistake.render(terminal.colours_messages()));
    }
    let count = mistakes.len();
    let mistakes = if count == 1 { "mistake" } else { "mistakes" };
    terminal.err(&format!("{count} {mistakes} in `{path}`; nothing was started"));
    Failed::told(Exit::Usage)
}

/// A variable of the environment.
pub(super) fn environment(name: &str) -> Option<String> {
    env::var_os(name).and_then(|value| value.into_string().ok())
}

/// The content of a file, if it is not too large.
pub(super) fn read_file(path: &str) -> Result<Arc<[u8]>, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MAX_FILE {
        return Err(format!("it has {size} bytes, the limit is {MAX_FILE}"));
    }
    fs::read(path).map(Arc::from).map_err(|error| error.to_string())
}

fn overrides(play: &Play, variant: &Variant<'_>) -> Result<Overrides, Failed> {
    let HttpArgs { header, timeout, connect_timeout, insecure, cacert, http2, http1, engine } =
        &play.http;
    let LoadArgs { rate, users, duration, iterations, max_users, seed, precision, workers: _ } =
        &play.load;
    let mut headers = Vec::with_capacity(header.len());
    for line in header {
        let Some((name, value)) = line.split_once(':') else {
            let hint = "write it as `-H 'name: value'`".to_owned();
            // The rest may be a secret.
            let word = line.split_whitespace().next().unwrap_or_default();
            return Err(Failed::usage(format!("`{word}…` is not a header"), Some(hint)));
        };
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let roots = match cacert {
        None => None,
        Some(path) => {
            let path = path.to_string_lossy();
            let unreadable =
                |why| Failed::usage(format!("--cacert: can't read `{path}`: {why}"), None);
            Some(read_file(&path).map_err(unreadable)?)
        }
    };
    let http = match (http2, http1) {
        (true, _) => Some(HttpVersion::Http2),
        (false, true) => Some(HttpVersion::Http1),
        (false, false) => None,
    };
    let engine = match engine {
        EngineName::Auto => Engine::Auto,
        EngineName::Epoll => Engine::Epoll,
        EngineName::Tokio => Engine::Tokio,
    };
    Ok(Overrides {
        target: variant.target.map(str::to_owned).or_else(|| play.what.target.clone()),
        usual_target: play.what.project_target.clone(),
        load: LoadOverrides {
            rate: variant.rate.or(*rate),
            users: variant.users.or(*users),
            duration: variant.length.or(*duration),
            iterations: *iterations,
            max_users: max_users.or(variant.max_users),
            lead: variant.lead,
            together: if play.tap.solo { Together::Alone } else { Together::Mixed },
        },
        precision: precision.or(variant.precision),
        workers: workers(&play.load),
        seed: *seed,
        journeys: play.what.journey.clone(),
        http,
        engine,
        timeout: *timeout,
        connect_timeout: *connect_timeout,
        headers,
        insecure: *insecure,
        roots,
        expect: play.what.expect.clone(),
        tap: play.tap.tap.clone(),
        tap_listen: play.tap.tap_listen.clone(),
        monitor_db: play.monitor.monitor_db.clone(),
    })
}

/// Flags that change what is measured, for the record. Values that can hold secrets are left out.
pub(super) fn flags(play: &Play) -> Vec<String> {
    let LoadArgs { rate, users, duration, iterations, max_users, seed: _, precision, workers: _ } =
        &play.load;
    // The engine is said in the record as it was chosen.
    let HttpArgs { header, timeout, connect_timeout, insecure, cacert, http2, http1, engine: _ } =
        &play.http;
    let header_names = header.iter().filter_map(|line| line.split_once(':'));
    let mut flags: Vec<String> =
        header_names.map(|(name, _)| format!("--header {}", name.trim())).collect();
    let mut add = |name: &str, value: Option<String>| {
        flags.extend(value.map(|value| format!("--{name} {value}").trim_end().to_owned()));
    };
    add("rate", rate.map(Rate::exact));
    add("users", users.map(|users| users.to_string()));
    add("duration", duration.map(|duration| duration.to_string()));
    add("iterations", iterations.map(|count| count.to_string()));
    add("max-users", max_users.map(|users| users.to_string()));
    add("precision", precision.map(|precision| precision.word().to_owned()));
    // Where it is, is no part of it: an address can hold a password.
    add("tap", play.tap.tap.is_some().then(String::new));
    add("solo", play.tap.solo.then(String::new));
    add("timeout", timeout.map(|timeout| timeout.to_string()));
    add("connect-timeout", connect_timeout.map(|timeout| timeout.to_string()));
    add("cacert", cacert.as_ref().map(|path| path.to_string_lossy().into_owned()));
    for (name, given) in [("insecure", *insecure), ("http2", *http2), ("http1.1", *http1)] {
        add(name, given.then(String::new));
    }
    for journey in &play.what.journey {
        add("journey", Some(journey.clone()));
    }
    flags
}

/// Worker threads: as asked, or half of the processors, because the other half may be the
/// target's.
pub(super) fn workers(load: &LoadArgs) -> usize {
    load.workers.map_or_else(half_of_processors, usize::from)
}

/// Half of the processors, at least one.
pub(super) fn half_of_processors() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (processors >> 1).max(1)
}

/// Where records are kept.
pub(super) fn store(argument: &StoreArg) -> Result<StoreLocation, Failed> {
    let text = argument.store.as_deref().filter(|text| !text.is_empty());
    let text = text.unwrap_or(StoreLocation::DEFAULT);
    text.parse().map_err(|error: crate::store::StoreError| {
        Failed::usage(format!("--store: {error}"), error.hint())
    })
}
