//! How much the machine differs from one session of measuring to another.

use std::collections::BTreeMap;

use super::super::estimate::{count, mean};
use super::spread::Residuals;
use super::{Known, Pair, Settings, Tier, Variance, families, members, tier};

/// From how many sessions on a variance between them is estimated.
const LEAST_SESSIONS: usize = 3;

/// For each family the variance of the shared effect between sessions, from the baseline's
/// repetitions, each labelled in `sessions` with the session that it belongs to. Empty below three
/// sessions. [`Known::profile`] is that of `settings`.
///
/// One-way analysis of variance with unequal groups (Searle and others, *Variance Components*,
/// 1992, section 3.6): with `S` sessions of `n_i` repetitions, `N` together, and the
/// shared effect `u`,
///
/// - `MS_between = Σ n_i (ū_i - ū)² / (S-1)`, `MS_within = Σ (u - ū_i)² / (N-S)`,
/// - `n0 = (N - Σ n_i²/N) / (S-1)`,
/// - variance `(MS_between - MS_within) / n0`, never below 0, with `S-1` degrees of freedom.
///
/// With one repetition a session nothing is known of the variance within, so it is the variance of
/// the session means: that includes run noise, and errs towards caution.
pub fn between_sessions(pairs: &[Pair], sessions: &[u32], settings: &Settings) -> Vec<Known> {
    let judged: Vec<_> = pairs.iter().map(|pair| tier(pair, settings) > Tier::NotGated).collect();
    let one = |family: (u8, f64)| {
        let members = members(pairs, &judged, family);
        let residuals = Residuals::of_baseline(&members.of(pairs), 1.0, settings)?;
        let session = variance(&residuals.shared(), sessions)?;
        let profile = settings.of_family(family).profile;
        Some(Known { group: family.0, percentile: family.1, profile, session: Some(session) })
    };
    families(pairs).into_iter().filter_map(one).collect()
}

/// The variance between groups of `effects`; `None` when there are too few or labels are missing.
fn variance(effects: &[f64], labels: &[u32]) -> Option<Variance> {
    let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (effect, label) in effects.iter().zip(labels) {
        groups.entry(*label).or_default().push(*effect);
    }
    if groups.len() < LEAST_SESSIONS || effects.len() != labels.len() {
        return None;
    }
    let total = count(effects.len());
    let df = count(groups.len()) - 1.0;
    let centre = mean(effects);
    let between = |group: &Vec<f64>| count(group.len()) * (mean(group) - centre).powi(2);
    let within = |group: &Vec<f64>| {
        let own = mean(group);
        group.iter().map(|effect| (effect - own).powi(2)).sum::<f64>()
    };
    let squares: f64 = groups.values().map(|group| count(group.len()).powi(2)).sum();
    let size = (total - squares / total) / df;
    let between = groups.values().map(between).sum::<f64>() / df;
    let rest = total - count(groups.len());
    let within = groups.values().map(within).sum::<f64>() / rest.max(1.0);
    Some(Variance { value: ((between - within) / size).max(0.0), df })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(effects: &[f64], labels: &[u32], want: Option<f64>) {
        let got = variance(effects, labels);
        assert_eq!(got.is_some(), want.is_some());
        let (Some(got), Some(want)) = (got, want) else { return };
        assert!((got.value - want).abs() < 1e-12, "{} is not {want}", got.value);
    }

    #[test]
    fn the_textbook_figures_come_out() {
        // Means 2, 5 and 8: MS_between = 2 (9+0+9)/2 = 18, MS_within = 6/3 = 2, n0 = 2.
        check(&[1.0, 3.0, 4.0, 6.0, 7.0, 9.0], &[0, 0, 1, 1, 2, 2], Some(8.0));
        // Unequal: means 1, 3 and 5 of 1, 2 and 3; centre 22/6, n0 = (6 - 14/6)/2.
        let effects = [1.0, 2.0, 4.0, 4.0, 5.0, 6.0];
        let centre = 22.0_f64 / 6.0;
        let between =
            ((1.0 - centre).powi(2) + 2.0 * (3.0 - centre).powi(2) + 3.0 * (5.0 - centre).powi(2))
                / 2.0;
        let want = (between - 4.0 / 3.0) / ((6.0 - 14.0 / 6.0) / 2.0);
        check(&effects, &[0, 1, 1, 2, 2, 2], Some(want));
    }

    #[test]
    fn sessions_that_agree_have_no_variance_between_them() {
        check(&[1.0, 3.0, 1.0, 3.0, 1.0, 3.0], &[0, 0, 1, 1, 2, 2], Some(0.0));
        check(&[2.0; 6], &[0, 0, 1, 1, 2, 2], Some(0.0));
    }

    #[test]
    fn single_repetitions_give_the_variance_of_the_means() {
        check(&[1.0, 2.0, 3.0], &[4, 5, 6], Some(1.0));
    }

    #[test]
    fn two_sessions_say_nothing() {
        check(&[1.0, 2.0, 3.0], &[0, 0, 1], None);
        check(&[], &[], None);
        check(&[1.0, 2.0, 3.0], &[0, 1], None);
    }
}
