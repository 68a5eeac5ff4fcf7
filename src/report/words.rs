//! The words of a comparison that are not its verdict's.

use super::document::Question;
use crate::gate::noise::Reach;
use crate::gate::ruling::{Place, RowKind};
use crate::record::Compared;
use crate::stats::equivalence::Equivalence;

/// What kind of series a row is about.
pub(super) fn kind(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Endpoint => "endpoint",
        RowKind::Login => "login",
        RowKind::Query => "query",
    }
}

/// What a percentile is taken of, for people.
pub(super) fn compared(of: Compared) -> &'static str {
    match of {
        Compared::Http => "requests",
        Compared::Sql => "queries",
    }
}

/// The question, for scripts.
pub(super) fn question(question: Question) -> &'static str {
    match question {
        Question::MayItGo => "may it go",
        Question::AreWeBack => "are we back",
    }
}

/// How much a row will have to say.
pub(super) fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::Shown => "not gated",
        Reach::Coarse => "coarse",
        Reach::Full => "full",
    }
}

/// The answer to "are we back?".
pub(super) fn equivalence(answer: Equivalence) -> &'static str {
    match answer {
        Equivalence::Equivalent => "EQUIVALENT",
        Equivalence::Undecided => "UNDECIDED",
        Equivalence::Different => "DIFFERENT",
    }
}

/// Per cent of a quantile, without the dust of its last bits: 0.999 is 99.9.
pub(super) fn percent(quantile: f64) -> f64 {
    (quantile * 1e6).round() / 1e4
}

/// Each quantile once, rising.
pub(super) fn rising(quantiles: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut rising: Vec<f64> = quantiles.collect();
    rising.sort_by(f64::total_cmp);
    rising.dedup();
    rising
}

/// `p95`, `p99.9`.
pub(super) fn percentile(quantile: f64) -> String {
    format!("p{}", percent(quantile))
}

/// A name for a column of a spreadsheet: `p95`, `p999` as in `p999_ns`.
pub(super) fn percentile_column(quantile: f64) -> String {
    percentile(quantile).replace('.', "")
}

/// A step as tables name it: of a login with its session, of a query the query itself.
pub(super) fn step(place: &Place) -> String {
    match (place.kind, place.step.as_str()) {
        (RowKind::Endpoint, step) => step.to_owned(),
        (RowKind::Login, "") => place.journey.clone(),
        (RowKind::Login, step) => format!("{}: {step}", place.journey),
        (RowKind::Query, _) => place.name.clone(),
    }
}

/// A change with its interval: `+3.1 % [-0.8, +7.2]`. Ratios; what is not known is a dash.
pub(super) fn change(ratio: f64, interval: Option<(f64, f64)>) -> String {
    let ends = match interval {
        Some((low, high)) => format!("[{}, {}]", signed(low), signed(high)),
        None => "[–, –]".to_owned(),
    };
    format!("{} % {ends}", signed(ratio))
}

/// A ratio that is an estimate of a plan and has no interval of its own: `+7.3 %`.
pub(super) fn percent_of(ratio: f64) -> String {
    format!("{} %", signed(ratio))
}

/// A share with its bounds: `0.99 % [0.40, 2.10]`.
pub(super) fn share(value: f64, low: f64, high: f64) -> String {
    let [value, low, high] = [value, low, high].map(|share| share * 100.0);
    format!("{value:.2} % [{low:.2}, {high:.2}]")
}

/// Per cent of change, with its sign and the digits that mean something.
fn signed(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    match () {
        () if percent.is_nan() => "–".to_owned(),
        () if percent.is_infinite() => "+∞".to_owned(),
        () if percent.abs() >= 99.95 => format!("{percent:+.0}"),
        // Adding nothing makes a plus of a minus before zero.
        () => format!("{:+.1}", (percent * 10.0).round() / 10.0 + 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_sign_and_its_interval() {
        assert_eq!(change(1.031, Some((0.992, 1.072))), "+3.1 % [-0.8, +7.2]");
        assert_eq!(change(0.9999, Some((0.5, 2.4))), "+0.0 % [-50.0, +140]");
        assert_eq!(change(1.2, Some((0.0, f64::INFINITY))), "+20.0 % [-100, +∞]");
        assert_eq!(change(1.2, None), "+20.0 % [–, –]");
    }

    #[test]
    fn percentiles_have_short_names() {
        assert_eq!([0.5, 0.95, 0.999].map(percentile), ["p50", "p95", "p99.9"]);
        assert_eq!(percentile_column(0.999), "p999");
    }
}
