//! Everything random, from a seed.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;

use crate::units::{Nanos, count_to_f64};

/// A stream of random numbers that a seed repeats exactly.
#[derive(Clone, Debug)]
pub struct Dice(Pcg32);

impl Dice {
    /// The stream number `stream` of `seed`; streams do not depend on each other.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(Pcg32::new(mix(seed ^ mix(stream)), stream))
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// At least 0 and below 1.
    pub fn unit(&mut self) -> f64 {
        count_to_f64(self.bits() >> 11) / count_to_f64(1 << 53)
    }

    /// A number below `end` (Lemire's multiply-shift; the bias is below 2^-32). Zero for zero.
    pub fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// A value of the exponential distribution with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// A value of the standard normal distribution (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A duration from `low` to `high`, all alike likely.
    pub fn between(&mut self, low: Nanos, high: Nanos) -> Nanos {
        Nanos(low.0 + self.below(high.since(low).0.saturating_add(1)))
    }
}

/// `SplitMix64`'s finisher (Steele, Lea, Flood 2014): near seeds give unrelated streams.
pub(super) fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_stream_and_streams_differ() {
        let draw = |seed, stream| {
            let mut dice = Dice::new(seed, stream);
            [dice.bits(), dice.bits(), dice.below(1_000)]
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn distributions_have_their_mean() {
        let mut dice = Dice::new(7, 0);
        let n = 200_000;
        let mut sums = [0.0; 4];
        for _ in 0..n {
            let normal = dice.normal();
            for (sum, value) in
                sums.iter_mut().zip([dice.unit(), dice.exponential(), normal, normal * normal])
            {
                *sum += value / f64::from(n);
            }
        }
        for (got, want) in sums.into_iter().zip([0.5, 1.0, 0.0, 1.0]) {
            assert!((got - want).abs() < 0.01, "{got} {want}");
        }
    }
}
