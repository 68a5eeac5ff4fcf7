//! Assertions on data that the candidate does not keep.

use super::{About, Case, Findings};
use crate::gate::evidence::Evidence;
use crate::gate::ruling::Verdict;
use crate::record::{Answered, Asserted};

/// Data that are lost are lost, however the run went else: repetitions that are no measurements
/// count here, too.
pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let all = || case.candidate.repetitions.iter().flat_map(|one| &one.integrity);
    let mut told: Vec<&str> = Vec::new();
    for asserted in all() {
        if told.contains(&asserted.name.as_str()) {
            continue;
        }
        told.push(&asserted.name);
        let same = |other: &&Asserted| other.name == asserted.name;
        let worst = all().filter(same).max_by_key(|one| one.answer);
        let Some(worst) = worst.filter(|one| one.answer > Answered::Holds) else { continue };
        let alike = |one: &&Evidence| one.integrity.iter().any(|own| is_as(own, worst));
        let repetitions = case.candidate.repetitions;
        let times = match (repetitions.iter().filter(alike).count(), repetitions.len()) {
            (_, 1) => String::new(),
            (times, of) => format!(", in {times} of {of} repetitions"),
        };
        let (verdict, text) = said(worst, case.baseline.repetitions);
        findings.candidate(verdict, About::Other, format!("{text}{times}"));
    }
}

fn is_as(one: &Asserted, other: &Asserted) -> bool {
    one.name == other.name && one.answer == other.answer
}

/// What is lost already with the version before is no fault of the candidate, and what nobody can
/// say is no proof.
fn said(worst: &Asserted, baseline: &[Evidence]) -> (Verdict, String) {
    let Asserted { name, expect, .. } = worst;
    let before = baseline.iter().flat_map(|one| &one.integrity).any(|own| is_as(own, worst));
    let what = format!("the data are not as `{name}` says (`{expect}`): {}", worst.found());
    match worst.answer {
        Answered::Broken if before => (Verdict::Hold, format!("{what}, as with the baseline")),
        Answered::Broken => (Verdict::NoGo, what),
        Answered::Holds | Answered::Open | Answered::Unanswered => {
            let note = worst.note.as_deref().unwrap_or("nothing is known");
            (Verdict::Hold, format!("whether `{name}` holds is not known: {note}"))
        }
    }
}
