//! Which repetitions are compared, and what is known of how they were measured.

use super::rows::Beforehand;
use super::sentences::{list, plural};
use super::{About, Case, Design, Findings, Group};
use crate::gate::evidence::Evidence;
use crate::gate::ruling::{RunFact, Side, Verdict};
use crate::gate::sessions;
use crate::units::Nanos;

/// From how many sessions on a baseline shows how much they differ.
const ENOUGH_SESSIONS: u32 = 3;

/// Of so many repetitions one may be left out.
const ONE_OF: usize = 5;

/// One side with the repetitions that count, in the order of time.
pub(super) struct Kept<'a> {
    pub(super) runs: Vec<&'a Evidence>,
    pub(super) side: Side,
    labels: Vec<u32>,
}

/// Both sides.
pub(super) struct Sides<'a> {
    pub(super) baseline: Kept<'a>,
    pub(super) candidate: Kept<'a>,
}

impl<'a> Sides<'a> {
    pub(super) fn of(case: &Case<'a>, findings: &mut Findings) -> Self {
        let mut baseline = Kept::of(case.baseline, "baseline", findings);
        let mut candidate = Kept::of(case.candidate, "candidate", findings);
        match case.design {
            Design::Stored => {
                baseline.labels = sessions::labels(&baseline.runs);
                candidate.labels = sessions::labels(&candidate.runs);
            }
            // Between two repetitions of one side lie those of the other.
            Design::Interleaved => {
                let both = [baseline.runs.clone(), candidate.runs.clone()].concat();
                baseline.labels = sessions::labels(&both);
                candidate.labels = baseline.labels.split_off(baseline.runs.len());
            }
        }
        for side in [&mut baseline, &mut candidate] {
            side.side.sessions = sessions::count(&side.labels);
        }
        let sides = Self { baseline, candidate };
        sides.note(case, findings);
        sides
    }

    /// What people should know of how it was measured.
    fn note(&self, case: &Case<'_>, findings: &mut Findings) {
        let (baseline, candidate) = (&self.baseline.side, &self.candidate.side);
        if let ([one], [other]) = (baseline.versions.as_slice(), candidate.versions.as_slice())
            && one == other
        {
            findings.note(format!("both sides report version {one}"));
        }
        let unsure = case.design == Design::Stored && case.anchor.is_empty();
        if unsure && (1..ENOUGH_SESSIONS).contains(&baseline.sessions) {
            findings.note(format!(
                "baseline of {}: machine drift is not excluded",
                if baseline.sessions == 1 { "one session" } else { "two sessions" }
            ));
        }
    }

    /// What is known of the machine before anything is compared.
    pub(super) fn beforehand(&self, case: &Case<'a>) -> Beforehand<'a> {
        let between = case.design == Design::Stored
            && self.baseline.side.sessions >= ENOUGH_SESSIONS
            && self.candidate.side.sessions < ENOUGH_SESSIONS;
        // Where repetitions themselves show the noise of the machine, it is theirs that counts.
        let alone = self.baseline.runs.len() + self.candidate.runs.len() <= 2;
        Beforehand {
            noise: if alone { sound(case.noise) } else { Vec::new() },
            sessions: if between { self.baseline.labels.clone() } else { Vec::new() },
        }
    }
}

/// Repetitions that are measurements, in the order of time.
pub(super) fn sound(all: &[Evidence]) -> Vec<&Evidence> {
    let mut kept: Vec<_> = all.iter().filter(|one| one.faults.is_empty()).collect();
    kept.sort_by_key(|one| one.header().started_unix_ns);
    kept
}

impl<'a> Kept<'a> {
    /// Leaves out what the generator itself distorted, and says INVALID where that is too much, or
    /// where the target may be to blame: without such a repetition it would look better.
    fn of(group: Group<'a>, word: &str, findings: &mut Findings) -> Self {
        let mut all: Vec<_> = group.repetitions.iter().collect();
        all.sort_by_key(|one| one.header().started_unix_ns);
        let is_spoilt = |one: &&Evidence| one.faults.iter().any(|one| one.kind.is_of_generator());
        let total = all.len();
        let (spoilt, kept): (Vec<_>, Vec<_>) = all.iter().copied().partition(is_spoilt);
        let too_many = spoilt.len().saturating_mul(ONE_OF) > total || kept.is_empty();
        for (one, fault) in
            all.iter().flat_map(|one| one.faults.iter().map(move |fault| (one, fault)))
        {
            if too_many || !fault.kind.is_of_generator() {
                let id = &one.header().id;
                let text = format!("{word} {id}: {}", fault.text);
                findings.candidate(Verdict::Invalid, About::Other, text);
            }
        }
        if total == 0 {
            let text = format!("the {word} has no repetition");
            findings.candidate(Verdict::Invalid, About::Other, text);
        }
        let left_out: Vec<_> = spoilt
            .iter()
            .map(|one| {
                let texts: Vec<_> = one.faults.iter().map(|fault| fault.text.clone()).collect();
                (one.header().id.clone(), texts.join("; "))
            })
            .collect();
        if !left_out.is_empty() && !too_many {
            let ids: Vec<_> = left_out.iter().map(|(id, _)| id.as_str()).collect();
            let number = plural(ids.len(), "repetition");
            findings.note(format!("{number} of the {word} left out: {}", list(&ids)));
        }
        let side = side(group.name, &kept, left_out);
        Self { runs: kept, side, labels: Vec::new() }
    }
}

fn side(name: &str, kept: &[&Evidence], left_out: Vec<(String, String)>) -> Side {
    let fact = |one: &&Evidence| RunFact {
        id: one.header().id.clone(),
        started_unix_ns: one.header().started_unix_ns,
    };
    let mut versions: Vec<String> = Vec::new();
    for version in kept.iter().filter_map(|one| one.header().origin.target.version.as_ref()) {
        if !versions.contains(version) {
            versions.push(version.clone());
        }
    }
    let mut lengths: Vec<Nanos> = kept.iter().map(|one| one.measured).collect();
    lengths.sort_unstable();
    Side {
        name: name.to_owned(),
        runs: kept.iter().map(fact).collect(),
        left_out,
        versions,
        sessions: 0,
        length: lengths.get(lengths.len() >> 1).copied().unwrap_or_default(),
    }
}
