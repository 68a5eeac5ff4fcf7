//! Whether both sides are equal in all that is judged, not in speed alone.

use super::rows::{Compared, Judged};
use super::{About, Findings};
use crate::gate::ruling::Verdict;
use crate::stats::compare::Comparison;
use crate::stats::equivalence::{Equivalence, MARGIN, of_all};

/// What the rows that count say together (see [`of_all`]), and everything else that was found: what
/// surely differs makes both different, and whatever else holds leaves it open, for to be equal is
/// more than to be as fast where there is data. Nothing is said of an INVALID comparison.
pub(super) fn judge(compared: &Compared, findings: &Findings) -> Equivalence {
    let verdict = findings.verdict();
    if verdict == Verdict::Invalid {
        return Equivalence::Undecided;
    }
    let held = || findings.all.iter().filter(|finding| finding.verdict > Verdict::Go);
    let other = match () {
        () if held().any(|finding| finding.about == About::Differs) => Equivalence::Different,
        () if held().any(|finding| finding.about != About::Change) => Equivalence::Undecided,
        () => Equivalence::Equivalent,
    };
    rows(compared).max(other)
}

fn rows(compared: &Compared) -> Equivalence {
    let counts = |judged: &&Judged| judged.row.weight > 0.0;
    let kept = compared.rows.iter().filter(counts).filter_map(|judged| compared.found(judged));
    let rows = kept.cloned().collect();
    of_all(&Comparison { rows, ..compared.comparison.clone() }, MARGIN)
}
