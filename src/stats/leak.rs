//! Whether memory grows without end, from samples over many hours.
//!
//! Plain trend tests are of no use on the memory of a process: a collector makes a sawtooth, the
//! live set wanders, allocators fragment, caches fill. So the floors after collection are
//! compared, the test is corrected for their correlation, and a leak must have grown steadily and
//! in the second half too (Machida et al. 2013 and Matias et al. show how the plain ones fail).

mod floors;
mod trend;

use trend::Trend;

use super::estimate::{Estimate, count, median, middle};
use crate::units::f64_to_u64;

/// One sample at constant or known load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Hours since the load began.
    pub hours: f64,
    /// What is watched, in any unit: resident memory, open connections.
    pub level: f64,
    /// Throughput at that time, where it varied and was measured.
    pub load: Option<f64>,
}

/// What is left out, and what growth is accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// At least so many hours at the start are warm-up.
    pub skip_hours: f64,
    /// At least this share of the whole is warm-up.
    pub skip_share: f64,
    /// Length in hours of the windows whose minimum is a floor.
    pub window_hours: f64,
    /// Growth a day that is accepted, as a share of the median floor.
    pub growth_a_day: f64,
    /// Probability with which the slope lies beyond each end of its interval.
    pub alpha: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            skip_hours: 2.0,
            skip_share: 0.25,
            window_hours: 0.5,
            growth_a_day: 0.05,
            alpha: 0.01,
        }
    }
}

/// What the samples say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It grows steadily beyond the limit.
    Leak,
    /// It does not grow beyond the limit.
    Clean,
    /// Neither is shown.
    Inconclusive(Reason),
}

/// Why nothing is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It grew, and no longer does so in the second half: measure on.
    StillSettling,
    /// Half of the growth came at one time.
    OneStep,
    /// The interval of the slope is too wide: measure longer.
    TooNoisy,
}

/// The figures behind a finding, in units of the level and hours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// What is found.
    pub finding: Finding,
    /// Growth an hour (Theil-Sen), each end of the interval at [`Settings::alpha`]; `n` floors.
    pub slope: Estimate,
    /// Growth an hour in the second half.
    pub second_half: f64,
    /// Growth an hour that is accepted.
    pub limit: f64,
    /// Mann and Kendall's statistic in standard deviations.
    pub z: f64,
    /// Median floor.
    pub level: f64,
    /// The largest change of level from two hours to the next two.
    pub step: f64,
    /// Growth over the whole at `slope`.
    pub growth: f64,
}

/// The largest step is looked for between stretches of so many hours.
const STEP_HOURS: f64 = 2.0;

/// A leak has no step that is this share of its growth.
const STEP_SHARE: f64 = 0.5;

/// Clean is what surely grows less than this many times the limit.
const CLEAN_BELOW: f64 = 2.0;

/// Looks for a leak; `None` when there are fewer than four hours of floors after the warm-up.
///
/// LEAK: the slope's lower end is above 0, the slope beyond the limit, that of the second half
/// too, and the largest step less than half of the growth. CLEAN: the slope within the limit and
/// its upper end below twice the limit.
pub fn judge(samples: &[Sample], settings: &Settings) -> Option<Growth> {
    let (floors, window) = floors::of(samples, settings);
    let around = f64_to_u64((STEP_HOURS / window).round_ties_even()).max(2);
    let around = usize::try_from(around).unwrap_or(usize::MAX);
    if floors.len() < around.saturating_mul(2) {
        return None;
    }
    let levels: Vec<_> = floors.iter().map(|floor| floor.level).collect();
    let trend = Trend::of(&floors, settings.alpha)?;
    let (first, last) = (floors.first()?, floors.last()?);
    let later = floors.get(floors.len() >> 1..)?;
    let level = median(&levels);
    let mut found = Growth {
        finding: Finding::Clean,
        slope: Estimate {
            value: trend.slope,
            low: trend.low,
            high: trend.high,
            n: f64_to_u64(count(floors.len())),
        },
        second_half: middle(&trend::slopes(later)),
        limit: settings.growth_a_day * level / 24.0,
        z: trend.z,
        level,
        step: largest_step(&levels, around)?,
        growth: trend.slope * (last.hours - first.hours),
    };
    found.finding = decide(&found);
    Some(found)
}

fn decide(found: &Growth) -> Finding {
    let grows = found.slope.value > found.limit;
    match () {
        () if !grows && found.slope.high < CLEAN_BELOW * found.limit => Finding::Clean,
        () if !grows => Finding::Inconclusive(Reason::TooNoisy),
        () if found.step >= STEP_SHARE * found.growth => Finding::Inconclusive(Reason::OneStep),
        () if found.second_half <= found.limit => Finding::Inconclusive(Reason::StillSettling),
        () if found.slope.low > 0.0 => Finding::Leak,
        () => Finding::Inconclusive(Reason::TooNoisy),
    }
}

/// The largest rise of the median from `around` floors to the next as many.
fn largest_step(levels: &[f64], around: usize) -> Option<f64> {
    let rise = |both: &[f64]| {
        let (before, after) = both.split_at_checked(around)?;
        Some(median(after) - median(before))
    };
    levels.windows(around.saturating_mul(2)).filter_map(rise).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(level: impl Fn(f64) -> f64, load: impl Fn(f64) -> Option<f64>) -> Vec<Sample> {
        let minute = |at: u32| {
            let hours = f64::from(at) / 60.0;
            // A sawtooth of twenty minutes over the level.
            Sample { hours, level: level(hours) + f64::from(at % 20), load: load(hours) }
        };
        (0..24 * 60).map(minute).collect()
    }

    fn check(samples: &[Sample], want: Option<Finding>) {
        assert_eq!(judge(samples, &Settings::default()).map(|found| found.finding), want);
    }

    /// Wanders by some units, the same way each time.
    fn wander(hours: f64) -> f64 {
        3.0 * (hours * 2.7).sin() + 2.0 * (hours * 7.1).sin()
    }

    #[test]
    fn too_short_a_series_says_nothing() {
        check(&[], None);
        let short: Vec<_> = series(|_| 400.0, |_| None).into_iter().take(300).collect();
        check(&short, None);
    }

    #[test]
    fn a_level_that_never_moves_is_clean() {
        check(&series(|_| 400.0, |_| None), Some(Finding::Clean));
    }

    #[test]
    fn a_steady_growth_is_a_leak() {
        let grows = |hours: f64| 400.0 + 5.0 * hours + wander(hours);
        check(&series(grows, |_| None), Some(Finding::Leak));
    }

    #[test]
    fn a_step_is_no_leak() {
        let steps = |hours: f64| if hours < 14.0 { 400.0 } else { 460.0 } + wander(hours) + hours;
        check(&series(steps, |_| None), Some(Finding::Inconclusive(Reason::OneStep)));
    }

    #[test]
    fn a_long_warm_up_is_still_settling() {
        let warms = |hours: f64| 400.0 + 4.0 * hours.min(15.0) + 0.1 * wander(hours);
        check(&series(warms, |_| None), Some(Finding::Inconclusive(Reason::StillSettling)));
    }

    #[test]
    fn growth_that_load_explains_is_clean() {
        let rises = |hours: f64| 1.0 + hours / 24.0;
        let level = |hours: f64| 400.0 + 90.0 * (rises(hours) + 0.02 * wander(hours));
        let load = |hours: f64| rises(hours) + 0.02 * wander(hours);
        check(&series(level, |_| None), Some(Finding::Leak));
        check(&series(level, |hours| Some(load(hours))), Some(Finding::Clean));
    }

    #[test]
    fn samples_that_are_no_numbers_are_left_out() {
        let mut samples = series(|_| 400.0, |_| None);
        samples.iter_mut().step_by(7).for_each(|sample| sample.level = f64::NAN);
        check(&samples, Some(Finding::Clean));
    }
}
