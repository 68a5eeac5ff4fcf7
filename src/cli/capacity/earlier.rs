//! An earlier search, read from the file that it wrote, and whether it can be compared.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::{Failed, args};
use crate::gate::identity;
use crate::record::{Header, Machine, PrecisionText};
use crate::stats::capacity::{Posterior, Trial};
use crate::units::{Nanos, Ratio};

/// The largest file of a search: its trials take a quarter of a kilobyte each.
const MAX_FILE: u64 = 4 << 20;

/// The most trials of a search: those that can be asked for, and those of the bracket.
const MAX_TRIALS: usize = 1_000;

/// What a later search has to agree with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Terms {
    scenario: String,
    scenario_sha256: String,
    seed: u64,
    machine: Machine,
    engine: String,
    flags: Vec<String>,
    max_users: Option<u64>,
    /// What was asked for; unknown in searches of an older loadgate.
    #[serde(default)]
    precision: Option<PrecisionText>,
    p95_ns: Nanos,
    errors: Ratio,
    trial_ns: Nanos,
    lead_ns: Nanos,
}

/// What an earlier search came to.
#[derive(Clone, Debug)]
pub(super) struct Earlier {
    /// How likely each capacity is; `None` when the search ended with no more than a bound.
    pub(super) posterior: Option<Posterior>,
    /// The version that the target told.
    pub(super) version: Option<String>,
}

/// The file, as far as a later search reads it.
#[derive(Deserialize)]
struct Document {
    search: Terms,
    target_version: Option<String>,
    capacity: Option<Outcome>,
    bracket: (f64, f64),
    trials: Vec<Tried>,
}

#[derive(Deserialize)]
struct Outcome {
    kind: String,
}

#[derive(Deserialize)]
struct Tried {
    load: f64,
    passed: bool,
}

/// What was asked for: a search goes through many rates, and what suits each may differ.
fn asked(precision: &PrecisionText) -> PrecisionText {
    match precision.chosen_for {
        Some(_) => PrecisionText { word: "auto".to_owned(), chosen_for: None },
        None => precision.clone(),
    }
}

impl Terms {
    /// Those of a search whose runs would have this head.
    pub(super) fn of(foreseen: &Header, args: &args::Capacity) -> Self {
        let origin = &foreseen.origin;
        Self {
            scenario: foreseen.scenario.clone(),
            scenario_sha256: origin.scenario_sha256.clone(),
            seed: foreseen.seed,
            machine: origin.machine.clone(),
            engine: origin.engine.clone(),
            flags: origin.flags.clone(),
            max_users: foreseen.load.max_users,
            precision: foreseen.load.precision.as_ref().map(asked),
            p95_ns: args.p95,
            errors: args.errors,
            trial_ns: args.trial,
            lead_ns: args.lead,
        }
    }

    /// The same head with the terms of this search in it: what makes two runs incomparable makes
    /// two searches incomparable.
    fn in_head(&self, like: &Header) -> Header {
        let mut header = like.clone();
        header.scenario.clone_from(&self.scenario);
        header.seed = self.seed;
        header.load.max_users = self.max_users;
        header.load.precision.clone_from(&self.precision);
        header.origin.scenario_sha256.clone_from(&self.scenario_sha256);
        header.origin.machine = self.machine.clone();
        header.origin.engine.clone_from(&self.engine);
        header.origin.flags.clone_from(&self.flags);
        header
    }

    /// In what an earlier search differs, each difference a line for people.
    fn differences(&self, earlier: &Self, foreseen: &Header) -> Vec<String> {
        let line = |what: &str, before: &str, now: &str| {
            format!("{what}: the earlier search has `{before}`, this one `{now}`")
        };
        let found = identity::differences(&earlier.in_head(foreseen), &self.in_head(foreseen));
        let found = found.iter();
        let mut lines: Vec<String> =
            found.map(|one| line(one.kind.word(), &one.baseline, &one.candidate)).collect();
        let objective = |terms: &Self| format!("p95 ≤ {}, errors ≤ {}", terms.p95_ns, terms.errors);
        let trial =
            |terms: &Self| format!("{} after a lead-in of {}", terms.trial_ns, terms.lead_ns);
        if (earlier.p95_ns, earlier.errors) != (self.p95_ns, self.errors) {
            lines.push(line("objective", &objective(earlier), &objective(self)));
        }
        if (earlier.trial_ns, earlier.lead_ns) != (self.trial_ns, self.lead_ns) {
            lines.push(line("trial", &trial(earlier), &trial(self)));
        }
        lines
    }
}

impl Earlier {
    /// Reads the JSON of an earlier search, and refuses one that differs from this search in more
    /// than the target; `foreseen` is the head that the runs of this search will have.
    pub(super) fn read(path: &Path, terms: &Terms, foreseen: &Header) -> Result<Self, Failed> {
        let unfit = |why: String| {
            let hint = "give a file that `loadgate capacity --json FILE` wrote".to_owned();
            Failed::usage(format!("--against: `{}`: {why}", path.display()), Some(hint))
        };
        let mut text = String::new();
        let file = File::open(path);
        let size = file.and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
        let size = size.map_err(|error| unfit(error.to_string()))?;
        if u64::try_from(size).unwrap_or(u64::MAX) > MAX_FILE {
            return Err(unfit(format!("it has more than {MAX_FILE} bytes")));
        }
        let none = |error| unfit(format!("it is not the result of a search: {error}"));
        let document: Document = serde_json::from_str(&text).map_err(none)?;
        let differences = terms.differences(&document.search, foreseen);
        if !differences.is_empty() {
            let lines: Vec<String> = differences.iter().map(|line| format!("\n  {line}")).collect();
            let message = format!(
                "--against: `{}` is of a search that can't be compared:{}",
                path.display(),
                lines.concat()
            );
            let hint = "search both alike; only the target may differ".to_owned();
            return Err(Failed::usage(message, Some(hint)));
        }
        document.distilled().map_err(unfit)
    }
}

impl Document {
    fn distilled(self) -> Result<Earlier, String> {
        if self.trials.len() > MAX_TRIALS {
            return Err(format!("it has more than {MAX_TRIALS} trials"));
        }
        let trial = |tried: &Tried| Trial { load: tried.load, passed: tried.passed };
        let trials: Vec<Trial> = self.trials.iter().map(trial).collect();
        let found = self.capacity.is_some_and(|outcome| outcome.kind == "found");
        let (low, high) = self.bracket;
        let posterior = Posterior::of(&trials, low, high);
        if found && posterior.is_none() {
            return Err("it has a capacity and no trial that shows it".to_owned());
        }
        Ok(Earlier { posterior: posterior.filter(|_| found), version: self.target_version })
    }
}
