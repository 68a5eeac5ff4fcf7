//! What a baseline says of itself: whether it agrees with itself, and what it could show.

use super::evidence::Evidence;
use super::judge::{Case, Design, Group, judge, planned};
use super::ruling::{Place, Ruling};
use crate::record::{Compared, Policy};

/// From how many repetitions on a baseline is compared with itself.
const SPLIT_FROM: usize = 4;

/// The check at the end of a capture.
#[derive(Clone, Debug)]
pub struct SelfCheck {
    /// Every other repetition against those between, as if they were two builds. They are the
    /// same, so that any alarm is false. `None` below four repetitions.
    pub split: Option<Ruling>,
    /// What could be shown of each series, in the order of a ruling's rows.
    pub detectable: Vec<Detectable>,
    /// Run-to-run noise of requests and queries at each percentile. Empty below two repetitions.
    pub noise: Vec<Noise>,
}

/// The smallest slow-down that a candidate with the same plan would show.
#[derive(Clone, Debug, PartialEq)]
pub struct Detectable {
    /// The series.
    pub place: Place,
    /// The quantile.
    pub quantile: f64,
    /// How much the row will have to say.
    pub reach: Reach,
    /// The ratio that would be found 9 times of 10, for example 1.07; `None` for rows that are
    /// only shown, or when nothing is known of the noise.
    pub ratio: Option<f64>,
}

/// How much a row will have to say, by its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Too few requests: only shown.
    Shown,
    /// It can raise an alarm.
    Coarse,
    /// It is judged in full.
    Full,
}

/// How much all series of one kind move together from repetition to repetition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Requests or queries.
    pub of: Compared,
    /// The quantile.
    pub quantile: f64,
    /// Standard deviation of the logarithm: 0.04 is about 4 %.
    pub run_noise: f64,
    /// The degrees of freedom behind it.
    pub df: f64,
}

/// Compares a baseline with itself, and says what it could show. Repetitions that are no
/// measurement are left out.
pub fn self_check(repetitions: &[Evidence], policy: &Policy) -> SelfCheck {
    let (detectable, noise) = planned(repetitions, policy);
    SelfCheck { split: split(repetitions, policy), detectable, noise }
}

fn split(repetitions: &[Evidence], policy: &Policy) -> Option<Ruling> {
    let mut order: Vec<_> = repetitions.iter().filter(|one| one.faults.is_empty()).collect();
    if order.len() < SPLIT_FROM {
        return None;
    }
    order.sort_by_key(|one| one.header().started_unix_ns);
    let every_other = |first: usize| -> Vec<Evidence> {
        order.iter().skip(first).step_by(2).map(|one| (*one).clone()).collect()
    };
    let (odd, even) = (every_other(0), every_other(1));
    let group = |name, repetitions| Group { name, repetitions };
    Some(judge(&Case {
        baseline: group("repetitions 1, 3, 5 …", &odd),
        candidate: group("repetitions 2, 4, 6 …", &even),
        anchor: &[],
        noise: &[],
        policy,
        design: Design::Interleaved,
        accepted: &[],
        thresholds: &[],
        baseline_thresholds: &[],
        alarm: None,
    }))
}
