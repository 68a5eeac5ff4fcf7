//! What a search for the capacity comes to, in words and as JSON.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::table::{Column, table};
use crate::cli::{Failed, args};
use crate::stats::capacity::{Capacity, Posterior, Search, Trial, change};
use crate::stats::estimate::Estimate;
use crate::units::{Nanos, Rate, Ratio, format_nanos, group_thousands};

/// The knee is where P95 has grown by this factor.
const KNEE_GROWTH: f64 = 1.5;

/// The load that the knee is reckoned from, as a share of the capacity.
const KNEE_FROM: f64 = 0.2;

/// One trial, held against the objective.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) run: String,
    pub(super) set: String,
    pub(super) rate: Rate,
    /// The load that was answered.
    pub(super) achieved: f64,
    pub(super) requests: u64,
    pub(super) p95: Option<Nanos>,
    pub(super) errors: Option<Ratio>,
    pub(super) passed: bool,
}

/// All trials so far and what they say.
pub(super) struct Searched {
    pub(super) tried: Vec<Tried>,
    /// Names the trials in the store.
    pub(super) set: String,
    objective: (Nanos, Ratio),
    length: Nanos,
    bracket: (f64, f64),
    found: Option<Capacity>,
    posterior: Option<Posterior>,
}

/// What an earlier search came to.
#[derive(Debug)]
pub(in crate::cli) struct Earlier {
    posterior: Posterior,
}

impl Tried {
    /// For those who watch.
    pub(super) fn line(&self, number: usize) -> String {
        format!(
            "trial {number}: {} {} (p95 {}, errors {})",
            self.rate,
            if self.passed { "passed" } else { "failed" },
            shown(self.p95.map(format_nanos)),
            shown(self.errors.map(|share| share.to_string())),
        )
    }
}

impl Searched {
    pub(super) fn new(args: &args::Capacity, search: &Search) -> Self {
        Self {
            tried: Vec::new(),
            set: String::new(),
            objective: (args.p95, args.errors),
            length: args.trial,
            bracket: search.bracket(),
            found: None,
            posterior: None,
        }
    }

    pub(super) fn add(&mut self, tried: Tried, search: &Search) {
        self.set.clone_from(&tried.set);
        self.tried.push(tried);
        self.bracket = search.bracket();
        self.found = search.capacity();
        self.posterior = search.posterior();
    }

    /// What people read.
    pub(super) fn text(&self, before: Option<&Earlier>) -> String {
        let columns = [
            Column::Number("TRIAL"),
            Column::Number("LOAD"),
            Column::Number("ACHIEVED"),
            Column::Number("REQUESTS"),
            Column::Number("P95"),
            Column::Number("ERRORS"),
            Column::Text("OBJECTIVE"),
            Column::Text("RUN"),
        ];
        let row = |(at, tried): (usize, &Tried)| {
            vec![
                (at + 1).to_string(),
                tried.rate.to_string(),
                format!("{:.1}/s", tried.achieved),
                group_thousands(tried.requests),
                shown(tried.p95.map(format_nanos)),
                shown(tried.errors.map(|share| share.to_string())),
                if tried.passed { "kept" } else { "missed" }.to_owned(),
                tried.run.clone(),
            ]
        };
        let rows: Vec<_> = self.tried.iter().enumerate().map(row).collect();
        let mut text = table(&columns, &rows);
        text.push('\n');
        for line in self.conclusions(before) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn conclusions(&self, before: Option<&Earlier>) -> Vec<String> {
        let (p95, errors) = self.objective;
        let mut lines = vec![format!("objective  p95 ≤ {p95}, errors ≤ {errors}")];
        lines.push(match self.found {
            None => "capacity   unknown: no trial was made".to_owned(),
            Some(Capacity::Found(found)) => format!("capacity   {}", journeys(&found)),
            Some(Capacity::AtMost(found)) => {
                format!("capacity   at most {}; begin lower with `--from`", journeys(&found))
            }
            Some(Capacity::AtLeast(found)) => {
                format!("capacity   at least {}; make more trials", journeys(&found))
            }
            Some(Capacity::BeyondCeiling { passed, n }) => {
                format!("capacity   beyond {passed:.1}/s, the highest load tried ({n} trials)")
            }
        });
        if let Some((knee, growth)) = self.knee() {
            lines.push(format!(
                "knee       {} is the last load at which p95 had not grown by half (× {growth:.2})",
                knee.rate
            ));
        }
        if let Some(changed) = self.change(before) {
            let percent = |ratio: f64| (ratio - 1.0) * 100.0;
            lines.push(format!(
                "change     {:+.1} % [{:+.1}, {:+.1}] against the earlier search",
                percent(changed.value),
                percent(changed.low),
                percent(changed.high)
            ));
        }
        lines
    }

    /// A description and no gate: the highest load at which P95 is at most half again as long as
    /// at a fifth of the capacity, with the factor there.
    fn knee(&self) -> Option<(&Tried, f64)> {
        let Some(Capacity::Found(found)) = self.found else { return None };
        let near = found.value * KNEE_FROM;
        let off = |tried: &Tried| (tried.rate.value() / near).ln().abs();
        let calm = self.tried.iter().min_by(|a, b| off(a).total_cmp(&off(b)))?;
        // A trial that is far from a fifth of the capacity says nothing of the unloaded system.
        if off(calm) > 2.0_f64.ln() {
            return None;
        }
        let base = crate::units::count_to_f64(calm.p95?.0);
        let grown = |tried: &Tried| {
            tried.p95.map_or(f64::INFINITY, |p95| crate::units::count_to_f64(p95.0) / base)
        };
        let calm_yet = self.tried.iter().filter(|tried| grown(tried) <= KNEE_GROWTH);
        let last = calm_yet.max_by(|a, b| a.rate.value().total_cmp(&b.rate.value()))?;
        Some((last, grown(last)))
    }

    fn change(&self, before: Option<&Earlier>) -> Option<Estimate> {
        Some(change(&before?.posterior, self.posterior.as_ref()?))
    }

    /// What scripts and later searches read.
    pub(super) fn json(&self, before: Option<&Earlier>) -> String {
        let trial = |tried: &Tried| {
            json!({
                "run": tried.run,
                "load": tried.rate.value(),
                "achieved": tried.achieved,
                "requests": tried.requests,
                "p95_ns": tried.p95.map(|p95| p95.0),
                "errors": tried.errors.map(|share| share.0),
                "passed": tried.passed,
            })
        };
        let document = json!({
            "schema_version": 1,
            "objective": { "p95_ns": self.objective.0.0, "errors": self.objective.1.0 },
            "trial_ns": self.length.0,
            "set": self.set,
            "capacity": self.found.map(capacity),
            "knee": self.knee().map(|(knee, _)| knee.rate.value()),
            "change": self.change(before).map(|changed| estimate(&changed)),
            "bracket": [self.bracket.0, self.bracket.1],
            "trials": self.tried.iter().map(trial).collect::<Vec<_>>(),
        });
        format!("{document:#}\n")
    }
}

impl Earlier {
    /// Reads the JSON of an earlier search.
    pub(in crate::cli) fn read(path: &Path) -> Result<Self, Failed> {
        let unfit = |why: String| {
            let hint = "give a file that `loadgate capacity --json FILE` wrote".to_owned();
            Failed::usage(format!("--against: `{}`: {why}", path.display()), Some(hint))
        };
        let text = std::fs::read_to_string(path).map_err(|error| unfit(error.to_string()))?;
        let document: Value =
            serde_json::from_str(&text).map_err(|error| unfit(error.to_string()))?;
        let number = |value: Option<&Value>| value.and_then(Value::as_f64);
        let bracket = document.get("bracket");
        let end = |at: usize| number(bracket.and_then(|bracket| bracket.get(at)));
        let trial = |tried: &Value| {
            let load = number(tried.get("load"))?;
            let passed = tried.get("passed").and_then(Value::as_bool)?;
            Some(Trial { load, passed })
        };
        let trials = document.get("trials").and_then(Value::as_array);
        let trials: Option<Vec<Trial>> = trials.and_then(|all| all.iter().map(trial).collect());
        let (Some(low), Some(high), Some(trials)) = (end(0), end(1), trials) else {
            return Err(unfit("it is not the result of a search".to_owned()));
        };
        let posterior = Posterior::of(&trials, low, high);
        let posterior = posterior.ok_or_else(|| unfit("it has no trial".to_owned()))?;
        Ok(Self { posterior })
    }
}

fn journeys(found: &Estimate) -> String {
    format!(
        "{:.1}/s [{:.1}, {:.1}] journeys (90 % interval, {} trials)",
        found.value, found.low, found.high, found.n
    )
}

fn capacity(found: Capacity) -> Value {
    let (kind, found) = match found {
        Capacity::Found(found) => ("found", found),
        Capacity::AtMost(found) => ("at_most", found),
        Capacity::AtLeast(found) => ("at_least", found),
        Capacity::BeyondCeiling { passed, n } => {
            return json!({ "kind": "beyond_ceiling", "value": passed, "low": passed,
                           "high": null, "n": n });
        }
    };
    let mut value = estimate(&found);
    if let Some(object) = value.as_object_mut() {
        object.insert("kind".to_owned(), Value::from(kind));
    }
    value
}

fn estimate(found: &Estimate) -> Value {
    json!({ "value": found.value, "low": found.low, "high": found.high, "n": found.n })
}

fn shown(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}
