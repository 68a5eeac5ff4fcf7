//! From two sides to a ruling, and from a ruling to an exit code.

use std::path::Path;
use std::{env, fs};

use super::args::Judging;
use super::gathered::{Gathered, Named};
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::gate::evidence::{Evidence, Wanted};
use crate::gate::identity::{Difference, Kind, differences, within};
use crate::gate::judge::{Case, Design, Group, judge};
use crate::gate::live::Alarm;
use crate::gate::ruling::{Ruling, Verdict};
use crate::gate::threshold;
use crate::plan::{Gate, Inputs, policy_file};
use crate::record::{Header, Policy};
use crate::report::Question;
use crate::stats::equivalence::Equivalence;
use crate::store::Store;

/// What two sides are held against.
pub(super) struct Rules {
    pub(super) policy: Policy,
    pub(super) wanted: Wanted,
    /// Repetitions whose noise is taken where a comparison shows none.
    noise: Vec<Evidence>,
    accepted: Vec<Kind>,
}

impl Rules {
    /// The rules of the candidate's record, with what the arguments accept.
    pub(super) async fn of(
        judging: &Judging,
        candidate: &Header,
        store: Option<&Store>,
    ) -> Result<Self, Failed> {
        let policy = candidate.gate.clone();
        let wanted = Wanted::of(&policy, &candidate.thresholds);
        let noise = match &judging.noise_from {
            Some(name) => {
                Named::baseline(store, name).await?.gather(store, &wanted).await?.evidence
            }
            None => Vec::new(),
        };
        let rules = Self { policy, wanted, noise, accepted: judging.accept_difference.clone() };
        let heads: Vec<_> = rules.noise.iter().map(Evidence::header).collect();
        rules.comparable(&heads, &[candidate])?;
        Ok(rules)
    }

    /// Whether an anchor is of the version of the baseline, and no repetition of the candidate.
    pub(super) fn anchored(
        &self,
        baseline: &[&Header],
        candidate: &[&Header],
        anchor: &[&Header],
    ) -> Result<(), Failed> {
        let own = |header: &&&Header| candidate.iter().any(|other| other.id == header.id);
        if let Some(same) = anchor.iter().find(own) {
            let message = format!("the run {} is anchor and candidate", same.id);
            let hint = "the anchor is the old version, measured again beside the candidate";
            return Err(Failed::usage(message, Some(hint.to_owned())));
        }
        self.comparable(baseline, anchor)?;
        let both: Vec<_> = baseline.iter().chain(anchor).copied().collect();
        self.refuse(within(&both)).map(|_accepted| ())
    }

    /// The differences that were accepted by name; others are refused, all at once.
    pub(super) fn comparable(
        &self,
        baseline: &[&Header],
        candidate: &[&Header],
    ) -> Result<Vec<Difference>, Failed> {
        // A baseline agrees with itself whatever the system does now.
        let own = |id: &str| baseline.iter().any(|header| header.id == id);
        if let Some(same) = candidate.iter().find(|header| own(&header.id)) {
            let message = format!("the run {} is on both sides", same.id);
            let hint = "measure the candidate, then compare it: loadgate run … --baseline NAME";
            return Err(Failed::usage(message, Some(hint.to_owned())));
        }
        let mut found = within(baseline);
        found.extend(within(candidate));
        if let (Some(first), Some(other)) = (baseline.first(), candidate.first()) {
            found.extend(differences(first, other));
        }
        self.refuse(found)
    }

    /// Those that were accepted by name; others are refused.
    fn refuse(&self, found: Vec<Difference>) -> Result<Vec<Difference>, Failed> {
        let (accepted, refused): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|difference| self.accepted.contains(&difference.kind));
        let Some(first) = refused.first() else { return Ok(accepted) };
        let lines: Vec<String> = refused.iter().map(|one| format!("\n  {one}")).collect();
        let message = format!("these can't be compared:{}", lines.concat());
        let hint = format!(
            "measure both alike, or accept a difference by name: --accept-difference {}",
            first.kind
        );
        Err(Failed::usage(message, Some(hint)))
    }

    /// Judges; an alarm that went off meanwhile counts too.
    pub(super) fn judge(
        &self,
        (baseline, candidate): (&Gathered, &Gathered),
        anchor: &[Evidence],
        design: Design,
        accepted: &[Difference],
        alarm: Option<&Alarm>,
    ) -> Ruling {
        // The baseline is held against the limits of today, too: it may have missed them as well.
        let limits = candidate.record().map(|record| record.header.thresholds.as_slice());
        let outcomes = |side: &Gathered| {
            let (record, limits) = (side.record(), limits.unwrap_or_default());
            record.map(|record| threshold::judge_by(record, limits)).unwrap_or_default()
        };
        judge(&Case {
            baseline: Group { name: &baseline.name, repetitions: &baseline.evidence },
            candidate: Group { name: &candidate.name, repetitions: &candidate.evidence },
            anchor,
            noise: &self.noise,
            policy: &self.policy,
            design,
            accepted,
            thresholds: &outcomes(candidate),
            baseline_thresholds: &outcomes(baseline),
            alarm,
        })
    }
}

/// Reads the rules of a file; everything that is wrong with it is told at once.
pub(super) fn policy(path: &Path, terminal: &Terminal) -> Result<Gate, Failed> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        let hint = "a policy is a file with the keys of the scenario's `gate:`".to_owned();
        Failed::usage(format!("--policy: can't read `{name}`: {error}"), Some(hint))
    })?;
    let nothing = |_: &str| Err("a policy names no other files".to_owned());
    let environment = |name: &str| env::var_os(name).and_then(|value| value.into_string().ok());
    let inputs = Inputs { path: &name, text: &text, read: &nothing, environment: &environment };
    policy_file(&inputs).map_err(|mistakes| super::settings::told(&mistakes, &name, terminal))
}

/// What the shell is told of a ruling.
pub(super) fn exit(ruling: &Ruling, question: Question, judging: &Judging) -> Exit {
    let answer = match question {
        Question::MayItGo => match ruling.verdict {
            Verdict::Go => Exit::Done,
            Verdict::Hold => Exit::Hold,
            Verdict::NoGo => Exit::NoGo,
            Verdict::Rollback => Exit::Rollback,
            Verdict::Invalid => Exit::Invalid,
        },
        Question::AreWeBack => match ruling.equivalence {
            _ if ruling.verdict == Verdict::Invalid => Exit::Invalid,
            Equivalence::Equivalent => Exit::Done,
            Equivalence::Undecided => Exit::Hold,
            Equivalence::Different => Exit::NoGo,
        },
    };
    answer.reported(judging.exit_zero)
}
