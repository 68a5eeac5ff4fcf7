//! Which values a histogram tells apart: the steps of HdrHistogram with three digits.
//!
//! From <https://hdrhistogram.github.io/HdrHistogram/>: below 2,048 each value is a step of its own;
//! above it, each power of two is divided into 1,024 steps of equal width. So two values of one
//! step are less than a thousandth apart.

/// Steps in a power of two.
const HALF: u64 = 1_024;

/// Values that are steps of their own, less one: a mask over the lower bits.
const LINEAR: u64 = 2 * HALF - 1;

/// Zeros before the highest bit of [`LINEAR`].
const ZEROS: u32 = LINEAR.leading_zeros();

/// How many steps there are up to [`super::HIGHEST`].
pub(super) const STEPS: usize = 30_814;

/// The step that holds `value`, which is at most [`super::HIGHEST`].
pub(super) fn step_of(value: u64) -> usize {
    let power = ZEROS.saturating_sub((value | LINEAR).leading_zeros());
    let step = u64::from(power) * HALF + (value >> power);
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// The smallest value of a step.
pub(super) fn bottom_of(step: usize) -> u64 {
    let (within, power) = parts(step);
    within << power
}

/// The largest value of a step.
pub(super) fn top_of(step: usize) -> u64 {
    let (within, power) = parts(step);
    (within << power) + ((1 << power) - 1)
}

/// The value in the middle of a step.
pub(super) fn middle_of(step: usize) -> u64 {
    let (within, power) = parts(step);
    (within << power) + ((1 << power) >> 1)
}

/// What a step's values are divided by, as a power of two, and what is left then. A step beyond
/// [`STEPS`] is as the last one: nobody has such steps.
fn parts(step: usize) -> (u64, u32) {
    let step = u64::try_from(step.min(STEPS - 1)).unwrap_or(u64::MAX);
    let power = u32::try_from((step >> HALF.ilog2()).saturating_sub(1)).unwrap_or(u32::MAX);
    (step - u64::from(power) * HALF, power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::histogram::HIGHEST;

    #[test]
    fn the_last_step_holds_the_highest_value() {
        assert_eq!(step_of(HIGHEST.0), STEPS - 1);
        assert!(bottom_of(STEPS - 1) <= HIGHEST.0 && top_of(STEPS - 1) >= HIGHEST.0);
    }

    #[test]
    fn steps_follow_each_other_without_gap() {
        assert_eq!(bottom_of(0), 0);
        for step in 0..STEPS - 1 {
            assert_eq!(top_of(step) + 1, bottom_of(step + 1), "{step}");
        }
    }

    proptest! {
        #[test]
        fn steps_are_those_of_hdr_histogram(value in 0..=HIGHEST.0, shift in 0_u32..40) {
            let value = value >> shift;
            let theirs = hdrhistogram::Histogram::<u64>::new_with_bounds(1, HIGHEST.0, 3).unwrap();
            let step = step_of(value);
            prop_assert_eq!(bottom_of(step), theirs.lowest_equivalent(value));
            prop_assert_eq!(top_of(step), theirs.highest_equivalent(value));
            prop_assert_eq!(middle_of(step), theirs.median_equivalent(value));
        }
    }
}
