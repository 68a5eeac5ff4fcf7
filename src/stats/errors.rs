//! The share of requests that failed, judged with the clustering that failures have.

use super::decision::Decision;
use super::estimate::{Estimate, count, normal_quantile, t_quantile, wilson};
use crate::units::count_to_f64;

/// Confidence with which a bound excludes, for an alarm and for GO.
const ALARM: f64 = 0.99;
const CLEAR: f64 = 0.95;

/// One repetition, or one stretch of 30 s when there are fewer than five repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Requests that failed.
    pub errors: u64,
    /// Requests that were made.
    pub requests: u64,
}

/// From which share of failures on the candidate is held up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lines {
    /// Up to here failures are accepted.
    pub go: f64,
    /// Beyond here the candidate stays out.
    pub nogo: f64,
    /// Beyond here the candidate is taken back.
    pub rollback: f64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { go: 0.01, nogo: 0.02, rollback: 0.05 }
    }
}

/// The share of failures with what follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorShare {
    /// The share; below `low` and above `high` it lies with 1 % and 5 % probability.
    pub share: Estimate,
    /// How many times larger the variance is than that of independent failures.
    pub design_effect: f64,
    /// What is decided.
    pub decision: Decision,
}

/// Judges the failures of several stretches; `None` when no request was made.
///
/// `p` is the share over all. The design effect (Kish, *Survey Sampling*, 1965) compares the
/// spread over the stretches, `R/(R-1) Σ (x - p n)² / N²`, with the binomial variance `p(1-p)/N`;
/// Wilson's bounds are taken at the effective sample size `N / deff`, with Student's t on R-1
/// degrees of freedom where failures cluster. Proved past the previous line and estimated past
/// its own: ROLLBACK `p > 5 %`, `low > 2 %`; NO-GO `p > 2 %`, `low > 1 %`; WARN `p > 1 %`,
/// `low > 0.5 %`; GO `p <= 1 %`, `high <= 2 %`. A single stretch tells nothing of clustering, so it
/// decides nothing.
pub fn judge(stretches: &[Stretch], lines: &Lines) -> Option<ErrorShare> {
    let sum = |part: fn(&Stretch) -> u64| stretches.iter().map(part).fold(0, u64::saturating_add);
    let n = sum(|stretch| stretch.requests);
    let requests = count_to_f64(n);
    if n == 0 {
        return None;
    }
    let share = count_to_f64(sum(failed)) / requests;
    let design_effect = design_effect(stretches, share, requests);
    let df = count(stretches.len()) - 1.0;
    let spread = |confidence: f64| {
        if design_effect > 1.0 { t_quantile(confidence, df) } else { normal_quantile(confidence) }
    };
    let effective = requests / design_effect;
    let (low, _) = wilson(share, effective, spread(ALARM));
    let (_, high) = wilson(share, effective, spread(CLEAR));
    let decision = match () {
        () if stretches.len() < 2 => Decision::Inconclusive,
        () if share > lines.rollback && low > lines.nogo => Decision::Rollback,
        () if share > lines.nogo && low > lines.go => Decision::NoGo,
        () if share > lines.go && low > lines.go / 2.0 => Decision::Warn,
        () if share <= lines.go && high <= lines.nogo => Decision::Go,
        () => Decision::Inconclusive,
    };
    Some(ErrorShare { share: Estimate { value: share, low, high, n }, design_effect, decision })
}

/// At least 1: failures that avoid each other are an accident of the sample.
fn design_effect(stretches: &[Stretch], share: f64, requests: f64) -> f64 {
    let number = count(stretches.len());
    let surplus =
        |stretch: &Stretch| count_to_f64(failed(stretch)) - share * count_to_f64(stretch.requests);
    let squares: f64 = stretches.iter().map(|stretch| surplus(stretch).powi(2)).sum();
    let variance = number / (number - 1.0) * squares / requests.powi(2);
    let share = share.max(1.0 / requests);
    // Where nothing spreads the quotient may be no number; `max` then takes the 1.
    (variance / (share * (1.0 - share) / requests)).max(1.0)
}

/// Failures of a stretch, of which there are no more than requests.
fn failed(stretch: &Stretch) -> u64 {
    stretch.errors.min(stretch.requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stretches: &[(u64, u64)], want: Option<Decision>) {
        let stretches: Vec<_> =
            stretches.iter().map(|&(errors, requests)| Stretch { errors, requests }).collect();
        let got = judge(&stretches, &Lines::default()).map(|found| found.decision);
        assert_eq!(got, want);
    }

    #[test]
    fn no_request_decides_nothing() {
        check(&[], None);
        check(&[(0, 0), (0, 0)], None);
    }

    #[test]
    fn no_error_needs_enough_requests_for_go() {
        check(&[(0, 66), (0, 66)], Some(Decision::Inconclusive));
        check(&[(0, 67), (0, 67)], Some(Decision::Go));
    }

    #[test]
    fn one_stretch_decides_nothing() {
        check(&[(900, 1_000)], Some(Decision::Inconclusive));
    }

    #[test]
    fn all_failed_is_taken_back() {
        check(&[(500, 500), (500, 500)], Some(Decision::Rollback));
    }
}
