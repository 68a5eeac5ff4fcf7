//! A system under test that is simulated: what its requests take, second by second.

use loadgate::stats::estimate::normal_quantile;
use loadgate::stats::quantile::{Repetition, RunPercentile, Tally};
use loadgate::units::{Nanos, count_to_f64, f64_to_u64};
use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// Endpoints of the target.
pub(crate) const ENDPOINTS: usize = 40;

/// The percentiles that are compared.
pub(crate) const PERCENTILES: [f64; 2] = [0.95, 0.99];

/// Response times of an endpoint are drawn from so many equally likely ones: 82 of them lie above
/// the 99th percentile.
const TABLE: usize = 1 << 13;

/// Fixed-point fraction of the factor by which a second is slower.
const FRACTION: u32 = 20;

/// HDR histograms with three digits have 2,048 steps in a power of two.
const STEP_BITS: u32 = 11;

/// How restless the machine is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    /// For people.
    pub name: &'static str,
    /// Standard deviation from one repetition to the next, of the logarithm.
    pub run: f64,
    /// Standard deviation of the load that all endpoints share, of the logarithm.
    pub load: f64,
    /// Bursts of a neighbour in a minute, of about three seconds.
    pub bursts: f64,
}

/// The three moods in which the gate is tried.
pub(crate) const NOISES: [Noise; 3] = [
    Noise { name: "quiet", run: 0.02, load: 0.03, bursts: 0.15 },
    Noise { name: "typical", run: 0.04, load: 0.06, bursts: 1.5 },
    Noise { name: "noisy", run: 0.08, load: 0.12, bursts: 3.0 },
];

/// Everything random of one gate.
#[derive(Debug)]
pub(crate) struct Dice(Pcg64Mcg);

impl Dice {
    /// Dice of their own for each `stream` of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        // The generator wants an odd state; neighbouring streams part in the first steps.
        let state = u128::from(seed) << 64 | u128::from(stream) << 1 | 1;
        let mut dice = Self(Pcg64Mcg::new(state));
        (0..8).for_each(|_| _ = dice.0.next_u64());
        dice
    }

    /// Between 0 and 1, without both.
    fn share(&mut self) -> f64 {
        (count_to_f64(self.0.next_u64() >> 11) + 0.5) / count_to_f64(1 << 53)
    }

    /// Between two values.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A standard normal deviate (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.share().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.share()).cos()
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.share().ln()
    }

    /// A place below `number`.
    pub(crate) fn below(&mut self, number: usize) -> usize {
        let number = u128::try_from(number).unwrap_or(1);
        let place = (u128::from(self.0.next_u64()) * number) >> 64;
        usize::try_from(place).unwrap_or_default()
    }

    /// Four places in a table.
    fn places(&mut self) -> [usize; 4] {
        let word = self.0.next_u64();
        [0, 16, 32, 48]
            .map(|shift| usize::try_from((word >> shift) & 0xffff).unwrap_or_default() % TABLE)
    }
}

/// A target with its endpoints, the same for all gates of a seed.
#[derive(Debug)]
pub(crate) struct Target {
    endpoints: Vec<Endpoint>,
}

#[derive(Debug)]
struct Endpoint {
    per_second: f64,
    /// Equally likely response times in nanoseconds.
    table: Vec<u64>,
}

/// What all endpoints of a repetition go through together.
struct Weather {
    /// Logarithm of the factor, for each second.
    slower: Vec<f64>,
    /// Pauses of the garbage collector within each second: start and length in seconds.
    pauses: Vec<Vec<(f64, f64)>>,
}

impl Target {
    /// Endpoints between 200 and 6,000 requests a minute, most of them rare.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let endpoint = |_| Endpoint::new(dice);
        Self { endpoints: (0..ENDPOINTS).map(endpoint).collect() }
    }

    /// The endpoints that have so many requests a minute.
    pub(crate) fn with(&self, per_minute: std::ops::Range<f64>) -> Vec<usize> {
        let has = |endpoint: &Endpoint| per_minute.contains(&(endpoint.per_second * 60.0));
        let all = self.endpoints.iter().enumerate();
        all.filter(|(_, endpoint)| has(endpoint)).map(|(at, _)| at).collect()
    }

    /// A target of one endpoint with 6,000 requests a minute.
    pub(crate) fn large(dice: &mut Dice) -> Self {
        let one = Endpoint { per_second: 100.0, ..Endpoint::new(dice) };
        Self { endpoints: vec![one] }
    }

    /// The percentiles of each endpoint over one repetition of so many seconds.
    pub(crate) fn repetition(
        &self,
        noise: &Noise,
        seconds: usize,
        dice: &mut Dice,
    ) -> Vec<[RunPercentile; 2]> {
        self.intervals(noise, seconds, dice)
            .iter()
            .map(|intervals| {
                let repetition = Repetition::of(intervals, 1.0);
                PERCENTILES.map(|p| repetition.percentile(p).unwrap_or(RunPercentile::NOTHING))
            })
            .collect()
    }

    /// Each endpoint second by second.
    pub(crate) fn intervals(
        &self,
        noise: &Noise,
        seconds: usize,
        dice: &mut Dice,
    ) -> Vec<Vec<Tally>> {
        let weather = Weather::new(noise, seconds, dice);
        let run = noise.run * dice.normal();
        self.endpoints
            .iter()
            .map(|endpoint| {
                let own = run + 0.3 * noise.run * dice.normal();
                endpoint.seconds(own, (noise, &weather), dice)
            })
            .collect()
    }
}

impl Endpoint {
    fn new(dice: &mut Dice) -> Self {
        let per_minute = dice.between(200_f64.ln(), 6_000_f64.ln()).exp();
        let median = dice.between(8e6_f64.ln(), 80e6_f64.ln()).exp();
        let sigma = dice.between(0.35, 0.75);
        let tail = dice.between(0.003, 0.015);
        let shape = dice.between(2.0, 3.0);
        let number = |at: usize| count_to_f64(u64::try_from(at).unwrap_or(u64::MAX));
        let slow = usize::try_from(f64_to_u64(tail * number(TABLE))).unwrap_or_default();
        let mut table = vec![0; TABLE];
        for (at, entry) in table.iter_mut().enumerate() {
            let factor = match at.checked_sub(slow) {
                // The tail begins where the body has its 95th percentile (Pareto).
                None => {
                    let rest = (number(at) + 0.5) / number(slow);
                    (1.645 * sigma).exp() * rest.powf(-1.0 / shape)
                }
                Some(at) => {
                    let rank = (number(at) + 0.5) / number(TABLE - slow);
                    (sigma * normal_quantile(rank)).exp()
                }
            };
            *entry = f64_to_u64(median * factor);
        }
        Self { per_second: per_minute / 60.0, table }
    }

    /// One tally a second.
    fn seconds(
        &self,
        run: f64,
        (noise, weather): (&Noise, &Weather),
        dice: &mut Dice,
    ) -> Vec<Tally> {
        let mut own = Wave::new(0.3 * noise.load, dice);
        let each = weather.slower.iter().zip(&weather.pauses);
        each.map(|(slower, pauses)| {
            let slower = (run + slower + own.next(dice)).exp();
            let number = f64_to_u64((self.per_second + dice.share() - 0.5).max(0.0));
            self.second(number, slower, pauses, dice)
        })
        .collect()
    }

    fn second(&self, number: u64, slower: f64, pauses: &[(f64, f64)], dice: &mut Dice) -> Tally {
        let factor = f64_to_u64(slower * count_to_f64(1 << FRACTION));
        let number = usize::try_from(number).unwrap_or_default();
        let mut values = Vec::with_capacity(number + 3);
        while values.len() < number {
            values.extend(dice.places().map(|place| {
                self.table.get(place).map_or(0, |nanos| (nanos * factor) >> FRACTION)
            }));
        }
        values.truncate(number);
        if !pauses.is_empty() {
            for value in &mut values {
                *value += waited(dice.share(), pauses);
            }
        }
        Tally::of(values.into_iter().map(|value| (stepped(value), 1)))
    }
}

/// How long a request waits that comes at a moment of a second: to the end of the pause.
fn waited(at: f64, pauses: &[(f64, f64)]) -> u64 {
    let within = pauses.iter().find(|(start, length)| (*start..start + length).contains(&at));
    within.map_or(0, |(start, length)| f64_to_u64((start + length - at) * 1e9))
}

/// The value as a histogram gives it back: the top of its step.
fn stepped(value: u64) -> Nanos {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(STEP_BITS);
    Nanos(value | ((1 << shift) - 1))
}

/// A first-order autoregressive process, second by second.
struct Wave {
    deviation: f64,
    keep: f64,
    state: f64,
}

impl Wave {
    fn new(deviation: f64, dice: &mut Dice) -> Self {
        let keep = (-1.0 / dice.between(5.0, 8.0)).exp();
        Self { deviation, keep, state: deviation * dice.normal() }
    }

    fn next(&mut self, dice: &mut Dice) -> f64 {
        let fresh = (1.0 - self.keep * self.keep).sqrt() * self.deviation;
        self.state = self.keep * self.state + fresh * dice.normal();
        self.state
    }
}

impl Weather {
    fn new(noise: &Noise, seconds: usize, dice: &mut Dice) -> Self {
        let mut load = Wave::new(noise.load, dice);
        let mut slower: Vec<f64> = (0..seconds).map(|_| load.next(dice)).collect();
        let mut rest = 0_u8;
        let mut burst = 0.0;
        for second in &mut slower {
            if rest == 0 && dice.share() < noise.bursts / 60.0 {
                (rest, burst) = (3, dice.between(1.4, 1.5).ln());
            }
            if rest > 0 {
                rest -= 1;
                *second += burst;
            }
        }
        let mut pauses = vec![Vec::new(); seconds];
        let mean = dice.between(6.0, 10.0);
        let mut at = dice.exponential(mean);
        while let Some(second) = usize::try_from(f64_to_u64((at - 0.5).max(0.0)))
            .ok()
            .and_then(|second| pauses.get_mut(second))
        {
            second.push((at.fract(), dice.between(0.025, 0.060)));
            at += dice.exponential(mean);
        }
        Self { slower, pauses }
    }
}
