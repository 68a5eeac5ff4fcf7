//! Whether two builds are equally fast, which is more than that no difference was found.
//!
//! Two one-sided tests (Schuirmann, *A comparison of the two one-sided tests procedure and the
//! power approach*, J. Pharmacokinetics and Biopharmaceutics 15 (1987)): equal means that both a
//! larger and a smaller ratio than the margin are excluded, here over all pairs together.

use super::compare::{Comparison, Figures, Row, Tier};

/// The ratio that is still equal: from 1/1.10 to 1.10, the same when the sides are swapped.
pub const MARGIN: f64 = 1.10;

/// What the two tests come to, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Equivalence {
    /// Both bounds lie within the margin.
    Equivalent,
    /// The bounds lie on both sides of a margin.
    Undecided,
    /// Both bounds lie beyond the same margin.
    Different,
}

/// Whether one pair is equally fast; `None` when it is only shown.
pub fn of_row(row: &Row, margin: f64) -> Option<Equivalence> {
    let compared = row.tier > Tier::NotGated;
    let test = |figures: &Figures| {
        let line = margin.ln();
        match () {
            () if figures.low_warn > -line && figures.high_family < line => Equivalence::Equivalent,
            () if figures.low_warn > line || figures.high_family < -line => Equivalence::Different,
            () => Equivalence::Undecided,
        }
    };
    compared.then(|| row.figures.as_ref().map_or(Equivalence::Undecided, test))
}

/// Whether all pairs are equally fast.
///
/// Every pair that is judged in full must be equivalent; a coarse one may show a difference and
/// otherwise has no effect. Without a pair that is judged in full it is undecided.
pub fn of_all(comparison: &Comparison, margin: f64) -> Equivalence {
    let full = comparison.rows.iter().any(|row| row.tier == Tier::Full);
    let told = |row: &Row| {
        of_row(row, margin)
            .filter(|found| row.tier == Tier::Full || *found == Equivalence::Different)
    };
    let worst = comparison.rows.iter().filter_map(told).max();
    match worst {
        Some(found) if full || found == Equivalence::Different => found,
        _ => Equivalence::Undecided,
    }
}
