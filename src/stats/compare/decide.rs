//! The decision table: proved past the previous line, and estimated past its own.

use super::super::decision::Decision;
use super::super::estimate::mean;
use super::{Figures, Lines, Pair, Row, Settings, Tier};
use crate::units::count_to_f64;

/// Enters figures and decision into the row of a pair.
pub(super) fn settle(row: &mut Row, pair: &Pair, figures: Figures, settings: &Settings) {
    let decided = decide(&figures, pair.lines.unwrap_or(settings.lines));
    row.below_floor = decided != Decision::Go && is_below_floor(pair, &figures, settings);
    row.decision = match () {
        () if row.below_floor => Decision::Go,
        () if decided == Decision::Inconclusive && row.tier != Tier::Full => Decision::Coarse,
        () => decided,
    };
    row.figures = Some(figures);
}

/// The worst over the pairs that count. Without a pair that is judged in full nothing is GO:
/// coarse pairs raise alarms and clear nobody.
pub(super) fn worst(rows: &[Row]) -> Decision {
    let worst = rows.iter().map(|row| row.decision).filter(|one| one.counts()).max();
    let full = rows.iter().any(|row| row.tier == Tier::Full);
    match worst {
        Some(decision) if full || decision.is_alarm() => decision,
        _ => Decision::Inconclusive,
    }
}

/// From the top; `line` is what must be excluded, `own` what the estimate must exceed.
///
/// | decision | excluded at | estimated beyond |
/// |---|---|---|
/// | ROLLBACK | NO-GO line, alpha of NO-GO | ROLLBACK line |
/// | NO-GO | GO line, alpha of NO-GO | NO-GO line |
/// | WARN | WARN line, alpha of WARN | GO line |
/// | GO | `U` up to the NO-GO line | not beyond the GO line, nor relative to the site |
///
/// Each alarm may be proved by the change itself, or relative to the site when the change itself
/// is beyond the GO line.
pub(super) fn decide(figures: &Figures, lines: Lines) -> Decision {
    let (go, nogo) = (lines.go.ln(), lines.nogo.ln());
    let relative = figures.relative;
    let strict = |line: f64, own: f64| {
        let beside = relative.is_some_and(|beside| beside.low_nogo > line && beside.change > own);
        (figures.low_nogo > line && figures.change > own) || (figures.change > go && beside)
    };
    let mild = |line: f64| {
        let beside = relative.is_some_and(|beside| beside.low_warn > line && beside.change > go);
        figures.change > go && (figures.low_warn > line || beside)
    };
    match () {
        () if strict(nogo, lines.rollback.ln()) => Decision::Rollback,
        () if strict(go, nogo) => Decision::NoGo,
        () if mild(lines.warn.ln()) => Decision::Warn,
        () if figures.change <= go
            && figures.high <= nogo
            && relative.is_none_or(|beside| beside.change <= go) =>
        {
            Decision::Go
        }
        () => Decision::Inconclusive,
    }
}

/// Whether even the upper bound of the change is too small to matter, in nanoseconds.
pub(super) fn is_below_floor(pair: &Pair, figures: &Figures, settings: &Settings) -> bool {
    let level = mean(&pair.baseline.iter().map(|cell| cell.ln_value).collect::<Vec<_>>()).exp();
    let grown = level * figures.high.exp_m1();
    settings.ignore_below.is_some_and(|floor| grown < count_to_f64(floor.0))
}
