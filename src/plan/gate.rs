//! The gate of a scenario or of a file of its own: what is written, and the usual for the rest.

mod lines;

use std::ops::RangeInclusive;

use lines::{Written, read_lines};

use super::builder::Environment;
use super::compile::fixed;
use super::{Address, Gate, Inputs, Reaction};
use crate::names::{Catalogue, Series};
use crate::record::{Compared, Figure, Lines, Policy, SeriesRule};
use crate::scenario::{
    At, CompareSpec, Diagnostic, Diagnostics, GateSpec, MAX_TEXT, NodeId, PolicySpec, ReactionSpec,
    SeriesSpec, ShareSpec, Tree, did_you_mean, glob,
};
use crate::units::{Ratio, f64_to_u64};

/// NO-GO of a line that says only where GO ends, in that line: as 20 % stands to 10 %.
const NO_GO_BY_GO: f64 = 2.0;
/// ROLLBACK of the same: as 50 % stands to 10 %.
const ROLLBACK_BY_GO: f64 = 5.0;
/// How sure an interval may be. Beyond the last, a few repetitions have no bounds worth the name.
const CONFIDENCE: RangeInclusive<f64> = 0.5..=0.999;
/// Weights of series. One of 1 or more decides alone, so that larger ones say no more.
const WEIGHT: RangeInclusive<f64> = 0.0..=1_000.0;

/// Reads a policy of its own file: the keys of a scenario's `gate:`, with or without that key
/// above them. Patterns of series are held against no scenario, because none is known.
///
/// # Errors
///
/// Everything that is wrong with the file.
pub fn policy_file(inputs: &Inputs<'_>) -> Result<Gate, Vec<Diagnostic>> {
    let (mut tree, mut out) = (Tree::new(), Diagnostics::new());
    let Some(root) = tree.add(inputs.path, inputs.text, &mut out) else {
        let mut mistakes = out.into_vec();
        let is_empty = inputs.text.len() <= MAX_TEXT;
        for mistake in mistakes.iter_mut().filter(|one| is_empty && one.place.is_none()) {
            mistake.hint("write for example `go: { change: \"<= +10%\" }`");
        }
        return Err(mistakes);
    };
    let spec = match tree.get(root, "gate") {
        Some(_) => tree.read::<PolicySpec>(root, &mut out).map(|file| file.gate),
        None => tree.read::<At<GateSpec>>(root, &mut out),
    };
    let gate = spec.map(|spec| {
        let mut resolver = Resolver { tree: &tree, environment: inputs.environment, out: &mut out };
        resolver.gate(&spec)
    });
    match gate {
        Some(gate) if out.is_empty() => Ok(gate),
        Some(_) | None => Err(out.into_vec()),
    }
}

/// Makes rules of a gate that stands in another file than a scenario; where something is reported,
/// the usual is in its place.
pub fn gate_of(
    spec: &At<GateSpec>,
    tree: &Tree,
    environment: &Environment<'_>,
    out: &mut Diagnostics,
) -> Gate {
    Resolver { tree, environment, out }.gate(spec)
}

/// Makes rules of what is written.
pub(super) struct Resolver<'a> {
    pub(super) tree: &'a Tree,
    pub(super) environment: &'a Environment<'a>,
    pub(super) out: &'a mut Diagnostics,
}

impl Resolver<'_> {
    /// The gate; where something was reported, with the usual in its place.
    pub(super) fn gate(&mut self, spec: &At<GateSpec>) -> Gate {
        let usual = Policy::default();
        let change = Written {
            go: spec.go.change.as_ref(),
            no_go: spec.no_go.change.as_ref(),
            rollback: spec.rollback.change.as_ref(),
        };
        let errors = Written {
            go: spec.go.error_rate.as_ref(),
            no_go: spec.no_go.error_rate.as_ref(),
            rollback: spec.rollback.error_rate.as_ref(),
        };
        let change = read_lines(self, &change, lines::CHANGE, usual.change);
        let errors = read_lines(self, &errors, lines::ERRORS, usual.errors);
        let confidence = self.share(spec.confidence.as_ref(), "the confidence", CONFIDENCE);
        let coverage = self.share(spec.coverage.as_ref(), "the coverage", 0.0..=1.0);
        let policy = Policy {
            figures: self.figures(spec).unwrap_or(usual.figures),
            change,
            errors,
            confidence: confidence.unwrap_or(usual.confidence),
            floor: spec.floor.as_ref().map_or(usual.floor, |floor| floor.value),
            least: spec.must_have.as_ref().map_or(usual.least, |least| least.value),
            coverage: coverage.unwrap_or(usual.coverage),
            sustained: spec.rollback.sustained.as_ref().map_or(usual.sustained, |at| at.value),
            series: spec.series.iter().map(|(name, rule)| self.rule(name, rule, change)).collect(),
        };
        Gate {
            policy,
            baseline: self.baseline(spec),
            on_rollback: self.reactions(&spec.on_rollback),
            on_change: self.reactions(&spec.on_change),
        }
    }

    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.tree, node, message).hint(hint);
    }

    fn baseline(&mut self, spec: &GateSpec) -> Option<String> {
        let baseline = spec.baseline.as_ref()?;
        if baseline.value.trim().is_empty() {
            let hint = "name one, for example `baseline: prisma-6.19`, or leave it out";
            self.error(baseline.node, "the baseline has no name", hint);
        }
        Some(baseline.value.clone())
    }

    /// What is compared, if it is written.
    fn figures(&mut self, spec: &At<GateSpec>) -> Option<Vec<Figure>> {
        let written = spec.compare.as_ref()?;
        let node = self.tree.get(spec.node, "compare").unwrap_or(spec.node);
        if self.tree.elements(node).is_empty() {
            self.error(node, "nothing is compared", "name percentiles, for example `[ http p95 ]`");
        }
        let mut figures: Vec<Figure> = Vec::new();
        for compare in written {
            let CompareSpec { sql, percent } = compare.value;
            let of = if sql { Compared::Sql } else { Compared::Http };
            let figure = Figure { of, quantile: quantile(percent) };
            if figures.contains(&figure) {
                let message = format!("`{}` is compared twice", compare.value);
                self.error(compare.node, message, "remove one of them");
                continue;
            }
            figures.push(figure);
        }
        Some(figures)
    }

    fn share(
        &mut self,
        share: Option<&At<ShareSpec>>,
        what: &str,
        range: RangeInclusive<f64>,
    ) -> Option<Ratio> {
        let At { value: ShareSpec(share), node } = *share?;
        let is_within = range.contains(&share.0);
        if !is_within {
            let (from, to) = (percent(*range.start()), percent(*range.end()));
            let message = format!("{what} can't be {}", percent(share.0));
            self.error(node, message, &format!("give a share from {from} to {to}"));
        }
        is_within.then_some(share)
    }

    /// The rule of one pattern; `usual` are the lines of all series.
    fn rule(&mut self, name: &At<String>, spec: &SeriesSpec, usual: Lines) -> SeriesRule {
        let pattern = name.value.trim();
        if pattern.is_empty() {
            let hint = "name endpoints or queries, for example `GET /api/farms*`";
            self.error(name.node, "the pattern is empty", hint);
        }
        if let (Some(change), Some(_)) = (&spec.change, &spec.go) {
            let message = "`change` and `go` say the same of this series";
            self.error(change.node, message, "remove one of them");
        }
        let weight = spec.weight.as_ref().map_or(1.0, |weight| weight.value);
        if let Some(at) = spec.weight.as_ref().filter(|at| !WEIGHT.contains(&at.value)) {
            let hint = "give a weight from 0 (only shown) to 1000; 1 is the usual one";
            self.error(at.node, format!("a weight can't be {weight}"), hint);
        }
        if let Some(at) = spec.weight.as_ref().filter(|at| spec.critical && at.value <= 0.0) {
            let message = "a series of weight 0 is only shown, so that it can't be critical";
            self.error(at.node, message, "remove `critical` or `weight`");
        }
        let written = Written {
            go: spec.go.as_ref(),
            no_go: spec.no_go.as_ref(),
            rollback: spec.rollback.as_ref(),
        };
        let own = spec.change.as_ref().and_then(|change| self.rising_from(change.node, change.0));
        let is_own = spec.change.is_some() || written.is_any();
        let change =
            is_own.then(|| read_lines(self, &written, lines::CHANGE, own.unwrap_or(usual)));
        let errors = spec.error_budget.as_ref().and_then(|at| self.budget(at));
        SeriesRule {
            pattern: pattern.to_owned(),
            must_have: spec.must_have,
            critical: spec.critical,
            weight,
            change,
            errors,
        }
    }

    /// Lines of a change in the proportion of the usual ones.
    fn rising_from(&mut self, node: NodeId, Ratio(go): Ratio) -> Option<Lines> {
        lines::CHANGE.verify(self, node, go).then(|| in_proportion(go))
    }

    fn budget(&mut self, budget: &At<ShareSpec>) -> Option<Lines> {
        let ShareSpec(Ratio(share)) = budget.value;
        if share <= 0.0 || share > 1.0 {
            let message = format!("an error budget can't be {}", percent(share));
            let hint = "give a share above 0% and up to 100%, for example `0.1%`";
            self.error(budget.node, message, hint);
            return None;
        }
        let Lines { go, no_go, rollback } = in_proportion(share);
        let most = |Ratio(line): Ratio| Ratio(line.min(1.0));
        Some(Lines { go, no_go: most(no_go), rollback: most(rollback) })
    }

    fn reactions(&mut self, written: &[At<ReactionSpec>]) -> Vec<Reaction> {
        written.iter().filter_map(|reaction| self.reaction(reaction)).collect()
    }

    /// What is done; `None` when nothing is, or not what is written.
    fn reaction(&mut self, spec: &At<ReactionSpec>) -> Option<Reaction> {
        match (&spec.exec, &spec.webhook) {
            (Some(exec), None) => {
                let words = exec.iter().map(|word| {
                    fixed(word, self.tree, self.environment, self.out).unwrap_or_default()
                });
                let words: Vec<String> = words.collect();
                if words.first().is_none_or(|program| program.trim().is_empty()) {
                    let hint = "name it first, for example `exec: [ ./page-on-call.sh, staging ]`";
                    self.error(spec.node, "`exec` has no program", hint);
                    return None;
                }
                Some(Reaction::Exec(words))
            }
            (None, Some(webhook)) => {
                let address = fixed(webhook, self.tree, self.environment, self.out)?;
                if address.trim().is_empty() {
                    return None;
                }
                if Address::split(&address).is_err() {
                    // The address itself can hold a secret.
                    let hint = "it has the form `https://host/path`, without a user name";
                    self.error(webhook.node, "the webhook is no address", hint);
                    return None;
                }
                Some(Reaction::Webhook(address.trim().to_owned()))
            }
            (Some(_), Some(_)) | (None, None) => {
                // A misspelt key has been told.
                let keys = self.tree.keys(spec.node);
                if keys.iter().any(|(key, _)| !matches!(*key, "exec" | "webhook")) {
                    return None;
                }
                let hint = "write each as an entry of its own, `- exec: […]` or `- webhook: …`";
                self.error(spec.node, "an entry has either `exec` or `webhook`", hint);
                None
            }
        }
    }

    /// Reports patterns of endpoints that no series of the scenario can fit. Queries are not known
    /// beforehand.
    pub(super) fn verify_patterns(&mut self, spec: &GateSpec, catalogue: &Catalogue) {
        let all: Vec<&Series> =
            catalogue.iter().map(|(_, series)| series).filter(|one| one.kind.is_http()).collect();
        let mut before: Vec<&str> = Vec::new();
        for (pattern, _) in &spec.series {
            let word = pattern.value.trim();
            let mut taken = all.iter().filter(|series| glob(word, &series.name)).peekable();
            if taken.peek().is_none() {
                self.nothing_taken(pattern, &all);
            } else if let Some(first) =
                // What can also be meant for queries has a use that is not known here.
                first_of_all(&before, taken).filter(|_| is_endpoint(word))
            {
                let message = format!("`{first}` above takes all series of `{word}`");
                self.error(pattern.node, message, "move it up: the first pattern counts");
            }
            before.push(word);
        }
    }

    fn nothing_taken(&mut self, pattern: &At<String>, all: &[&Series]) {
        let word = pattern.value.trim();
        if let Some(series) = all.iter().find(|series| series.step == word) {
            let message = format!("`{word}` is a step, and patterns are held against endpoints");
            self.error(pattern.node, message, &format!("write `{}`", series.name));
        } else if is_endpoint(word) {
            let hint = match did_you_mean(word, all.iter().map(|series| series.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write it as reports do, with `*` for what may be anything: \
                         `GET /api/farms/{farmId}`, `GET /api/farms*`"
                    .to_owned(),
            };
            let message = format!("no endpoint of this scenario is `{word}`");
            self.error(pattern.node, message, &hint);
        }
    }
}

/// A pattern that takes all of `series` before their own one can.
fn first_of_all<'p, 's>(
    before: &[&'p str],
    mut series: impl Iterator<Item = &'s &'s Series>,
) -> Option<&'p str> {
    let first = |series: &Series| before.iter().find(|known| glob(known, &series.name)).copied();
    let found = series.next().and_then(|series| first(series))?;
    series.all(|series| first(series).is_some()).then_some(found)
}

/// Whether a pattern can only be meant for endpoints: `GET /api/*`.
fn is_endpoint(pattern: &str) -> bool {
    pattern.split_once(' ').is_some_and(|(method, path)| {
        path.starts_with('/')
            && !method.is_empty()
            && method.bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

fn in_proportion(go: f64) -> Lines {
    Lines { go: Ratio(go), no_go: Ratio(go * NO_GO_BY_GO), rollback: Ratio(go * ROLLBACK_BY_GO) }
}

/// A percentage as a quantile, rounded so that 99.9 is the number next to 0.999, as everybody
/// writes it; divided by 100 it is the one above.
fn quantile(percent: f64) -> f64 {
    crate::units::count_to_f64(f64_to_u64(percent * 1e6)) / 1e8
}

/// A share as people write it: `10%`, `0.1%`.
fn percent(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}
