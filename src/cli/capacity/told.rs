//! What a search for the capacity comes to, in words and as JSON.

use serde_json::{Value, json};

use super::earlier::{Earlier, Terms};
use crate::cli::args;
use crate::cli::table::{Column, table};
use crate::stats::capacity::{Capacity, Posterior, Search, change};
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
    /// The version that the target told.
    pub(super) version: Option<String>,
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
    /// How the search ended.
    pub(super) ended: Ended,
    terms: Terms,
    version: Option<String>,
    objective: (Nanos, Ratio),
    length: Nanos,
    bracket: (f64, f64),
    found: Option<Capacity>,
    posterior: Option<Posterior>,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All trials were made.
    Complete,
    /// By a signal.
    Interrupted,
    /// A trial was no measurement, twice.
    Distorted,
    /// A trial could not be made.
    Failed,
}

impl Ended {
    fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Distorted => "distorted",
            Self::Failed => "failed",
        }
    }
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
    pub(super) fn new(args: &args::Capacity, terms: Terms, search: &Search) -> Self {
        Self {
            tried: Vec::new(),
            set: String::new(),
            // Until all trials are made, what ends the search is a failure.
            ended: Ended::Failed,
            terms,
            version: None,
            objective: (args.p95, args.errors),
            length: args.trial,
            bracket: search.bracket(),
            found: None,
            posterior: None,
        }
    }

    pub(super) fn add(&mut self, tried: Tried, search: &Search) {
        self.set.clone_from(&tried.set);
        self.version.clone_from(&tried.version);
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
        if self.ended != Ended::Complete {
            let made = self.tried.len();
            lines.push(format!(
                "search     {}: what follows is of {made} trials",
                self.ended.word()
            ));
        }
        lines.push(match self.found {
            None => "capacity   unknown: no trial was made".to_owned(),
            Some(Capacity::Found(found)) => format!("capacity   {}", journeys(&found)),
            Some(Capacity::AtMost(Estimate { high, n, .. })) => {
                format!("capacity   at most {high:.1}/s ({n} trials); begin lower with `--from`")
            }
            Some(Capacity::AtLeast(Estimate { low, n, .. })) => {
                format!("capacity   at least {low:.1}/s ({n} trials); make more trials")
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
        lines.extend(before.map(|before| self.change_line(before)));
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

    fn change_line(&self, before: &Earlier) -> String {
        let versions = match (&before.version, &self.version) {
            (Some(old), Some(new)) => format!(" ({old} → {new})"),
            _ => String::new(),
        };
        let percent = |ratio: f64| (ratio - 1.0) * 100.0;
        match self.change(before) {
            Err(why) => format!("change     unknown: {why}"),
            Ok(changed) => format!(
                "change     {:+.1} % [{:+.1}, {:+.1}] against the earlier search{versions}",
                percent(changed.value),
                percent(changed.low),
                percent(changed.high),
            ),
        }
    }

    /// Capacity now over capacity before, or why there is none. A bound has no distribution: its
    /// posterior ends where the search did, and a ratio of such ends is a figure of the settings.
    fn change(&self, before: &Earlier) -> Result<Estimate, &'static str> {
        let earlier = before.posterior.as_ref();
        let earlier = earlier.ok_or("the earlier search ended without a capacity")?;
        match (&self.found, &self.posterior) {
            (Some(Capacity::Found(_)), Some(own)) => Ok(change(earlier, own)),
            _ => Err("this search ended without a capacity"),
        }
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
        let changed = before.map(|before| self.change(before));
        let document = json!({
            "schema_version": 1,
            "objective": { "p95_ns": self.objective.0.0, "errors": self.objective.1.0 },
            "trial_ns": self.length.0,
            "search": self.terms,
            "target_version": self.version,
            "ended": self.ended.word(),
            "set": self.set,
            "capacity": self.found.map(capacity),
            "knee": self.knee().map(|(knee, _)| knee.rate.value()),
            "change": changed.and_then(Result::ok).map(|changed| estimate(&changed)),
            "change_unknown": changed.and_then(Result::err),
            "bracket": [self.bracket.0, self.bracket.1],
            "trials": self.tried.iter().map(trial).collect::<Vec<_>>(),
        });
        format!("{document:#}\n")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::capacity::Settings;

    /// A search in a system that can do so much.
    fn searched(capacity: f64) -> Searched {
        let mut search = Search::new(Settings::default());
        while let Some(load) = search.next_load() {
            search.tell(load < capacity);
        }
        let terms = json!({
            "scenario": "one", "scenario_sha256": "", "seed": 1, "engine": "", "flags": [],
            "machine": crate::record::Machine::default(), "max_users": null, "p95_ns": 1,
            "errors": 0.01, "trial_ns": 1, "lead_ns": 0
        });
        Searched {
            tried: Vec::new(),
            set: String::new(),
            ended: Ended::Complete,
            terms: serde_json::from_value(terms).unwrap(),
            version: Some("7.0.1".to_owned()),
            objective: (Nanos::SECOND, Ratio(0.01)),
            length: Nanos::SECOND,
            bracket: search.bracket(),
            found: search.capacity(),
            posterior: search.posterior(),
        }
    }

    fn earlier(capacity: f64) -> Earlier {
        let Searched { found, posterior, .. } = searched(capacity);
        let posterior = posterior.filter(|_| matches!(found, Some(Capacity::Found(_))));
        Earlier { posterior, version: Some("6.19.0".to_owned()) }
    }

    #[test]
    fn two_capacities_have_a_change() {
        let now = searched(240.0);
        let change = now.change(&earlier(300.0)).unwrap();
        assert!((change.value - 0.8).abs() < 0.03, "{}", change.value);
        let line = now.change_line(&earlier(300.0));
        assert!(line.starts_with("change     -"), "{line}");
        assert!(line.ends_with("against the earlier search (6.19.0 → 7.0.1)"), "{line}");
    }

    #[test]
    fn a_bound_has_no_change() {
        let check = |now: f64, before: f64, want: &str| {
            assert_eq!(searched(now).change(&earlier(before)).unwrap_err(), want);
        };
        // What always fails lies below the bracket, what always passes beyond the ceiling.
        for bound in [0.0, f64::INFINITY] {
            check(300.0, bound, "the earlier search ended without a capacity");
            check(bound, 300.0, "this search ended without a capacity");
        }
    }
}
