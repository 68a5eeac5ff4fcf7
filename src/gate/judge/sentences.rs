//! How figures are told to people.

use crate::gate::ruling::Place;

/// A change of a ratio: 1.26 is `26 %`. What is small has a digit more.
pub(super) fn percent(share: f64) -> String {
    let percent = (share * 100.0).abs();
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// The same with its sign, of a ratio: 1.031 is `+3.1 %`.
pub(super) fn change(ratio: f64) -> String {
    format!("{} %", signed(ratio))
}

/// The same without the unit, for the ends of intervals.
pub(super) fn signed(ratio: f64) -> String {
    // Not "-0.0".
    let tenths = ((ratio - 1.0) * 1_000.0).round() + 0.0;
    format!("{:+.1}", tenths / 10.0)
}

/// 0.95 is `p95`.
pub(super) fn percentile(quantile: f64) -> String {
    // Six digits, which no percentile that is compared exceeds, hide that 99.9 is no binary number.
    format!("p{}", (quantile * 1e8).round() / 1e6)
}

/// `` `GET /api/farms` (View farm list) ``
pub(super) fn name(place: &Place) -> String {
    if place.step.is_empty() {
        format!("`{}`", place.name)
    } else {
        format!("`{}` ({})", place.name, place.step)
    }
}

/// `1 repetition`, `3 repetitions`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

/// A few names, and how many there are beyond.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    const MOST: usize = 5;
    let told: Vec<_> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(MOST);
    let told = told.join(", ");
    if more == 0 { told } else { format!("{told} and {more} more") }
}

/// `p95`, `p95 and p99`, `p50, p95 and p99`.
pub(super) fn joined(words: &[String]) -> String {
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_with_the_digits_that_matter() {
        assert_eq!([0.26, 0.043, -0.31].map(percent), ["26 %", "4.3 %", "31 %"]);
        assert_eq!(
            [1.031, 0.992, 1.0, 0.999_99].map(change),
            ["+3.1 %", "-0.8 %", "+0.0 %", "+0.0 %"]
        );
        assert_eq!([0.95, 0.999, 0.5, 0.9999].map(percentile), ["p95", "p99.9", "p50", "p99.99"]);
    }

    #[test]
    fn names_beyond_five_are_counted() {
        assert_eq!(list(&["a", "b"]), "a, b");
        assert_eq!(list(&["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
        assert_eq!(joined(&["p50", "p95", "p99"].map(str::to_owned)), "p50, p95 and p99");
        assert_eq!(joined(&[]), "");
        assert_eq!(plural(1, "session"), "1 session");
    }
}
