//! The level after collection: the minimum of each window, less what the load explains.

use super::super::estimate::{count, mean, median};
use super::{Sample, Settings};
use crate::units::f64_to_u64;

/// Pairs of floors are compared, so there are never more; the windows grow instead.
const MOST_FLOORS: f64 = 1_000.0;

/// Load is taken out when it varied by more: standard deviation over mean.
const LOAD_VARIES: f64 = 0.05;

/// Rounds of the robust fit.
const ROUNDS: usize = 20;

/// Huber's threshold in standard deviations, and what makes one of a median deviation.
const HUBER: f64 = 1.5;
const MAD_TO_SD: f64 = 1.4826;

/// The level of one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Floor {
    /// The middle of the window.
    pub(super) hours: f64,
    /// The lowest level in it.
    pub(super) level: f64,
}

/// The floors after the warm-up in the order of time, and the length of their windows.
pub(super) fn of(samples: &[Sample], settings: &Settings) -> (Vec<Floor>, f64) {
    let usable =
        || samples.iter().filter(|sample| sample.level.is_finite() && sample.hours.is_finite());
    let end = usable().map(|sample| sample.hours).fold(0.0, f64::max);
    let skip = settings.skip_hours.max(settings.skip_share * end);
    let window = settings.window_hours.max((end - skip) / MOST_FLOORS).max(f64::MIN_POSITIVE);
    let mut windows: Vec<Window> = Vec::new();
    for sample in usable().filter(|sample| sample.hours >= skip) {
        let index = f64_to_u64(((sample.hours - skip) / window).floor());
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if index >= windows.len() {
            windows.resize_with(index.saturating_add(1), Window::default);
        }
        if let Some(own) = windows.get_mut(index) {
            own.add(sample);
        }
    }
    let found = windows.iter().enumerate().filter_map(|(index, own)| {
        let hours = skip + (count(index) + 0.5) * window;
        Some((Floor { hours, level: own.lowest? }, own.load()))
    });
    let (mut floors, loads): (Vec<_>, Vec<_>) = found.unzip();
    if let Some(loads) = loads.into_iter().collect::<Option<Vec<f64>>>() {
        take_out_load(&mut floors, &loads);
    }
    (floors, window)
}

/// What is gathered of a window.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    lowest: Option<f64>,
    load: f64,
    samples: usize,
    loads: usize,
}

impl Window {
    fn add(&mut self, sample: &Sample) {
        self.lowest = Some(self.lowest.map_or(sample.level, |lowest| lowest.min(sample.level)));
        self.samples += 1;
        if let Some(load) = sample.load.filter(|load| load.is_finite()) {
            self.load += load;
            self.loads += 1;
        }
    }

    /// The mean load, when it was measured all the time.
    fn load(&self) -> Option<f64> {
        (self.loads > 0 && self.loads == self.samples).then(|| self.load / count(self.loads))
    }
}

/// Subtracts the slope on load of a robust fit of level on time and load (Huber, *Robust
/// estimation of a location parameter*, Annals of Mathematical Statistics 35 (1964), by iteratively
/// reweighted least squares), when the load varied enough to matter.
fn take_out_load(floors: &mut [Floor], loads: &[f64]) {
    let centre = mean(loads);
    let variance = mean(&loads.iter().map(|load| (load - centre).powi(2)).collect::<Vec<_>>());
    if variance.sqrt() <= LOAD_VARIES * centre.abs() {
        return;
    }
    let mut weights = vec![1.0; floors.len()];
    let mut slope = 0.0;
    for _ in 0..ROUNDS {
        let Some(fit) = Fit::of(floors, loads, &weights) else { return };
        let off: Vec<_> = floors
            .iter()
            .zip(loads)
            .map(|(floor, load)| fit.residual(floor, *load).abs())
            .collect();
        let spread = MAD_TO_SD * median(&off) + 1e-9;
        weights = off.iter().map(|off| (HUBER * spread / (off + 1e-12)).min(1.0)).collect();
        slope = fit.load;
    }
    for (floor, load) in floors.iter_mut().zip(loads) {
        floor.level -= slope * (load - centre);
    }
}

/// A plane through time, load and level.
struct Fit {
    centre: (f64, f64, f64),
    time: f64,
    load: f64,
}

impl Fit {
    /// Weighted least squares; `None` when load and time can't be told apart.
    fn of(floors: &[Floor], loads: &[f64], weights: &[f64]) -> Option<Self> {
        let points = || {
            floors
                .iter()
                .zip(loads)
                .zip(weights)
                .map(|((floor, load), weight)| (*weight, floor.hours, *load, floor.level))
        };
        let total: f64 = weights.iter().sum();
        let centre = |part: fn((f64, f64, f64, f64)) -> f64| {
            points().map(|point| point.0 * part(point)).sum::<f64>() / total
        };
        let middle = (centre(|point| point.1), centre(|point| point.2), centre(|point| point.3));
        let mut sums = [0.0; 5];
        for (weight, hours, load, level) in points() {
            let (hours, load, level) = (hours - middle.0, load - middle.1, level - middle.2);
            let products = [hours * hours, load * load, hours * load, hours * level, load * level];
            for (sum, product) in sums.iter_mut().zip(products) {
                *sum += weight * product;
            }
        }
        let [time_time, load_load, time_load, time_level, load_level] = sums;
        let determinant = time_time * load_load - time_load * time_load;
        (determinant > 1e-12 * time_time * load_load).then(|| Self {
            centre: middle,
            time: (time_level * load_load - load_level * time_load) / determinant,
            load: (load_level * time_time - time_level * time_load) / determinant,
        })
    }

    fn residual(&self, floor: &Floor, load: f64) -> f64 {
        let (hours, usual, level) = self.centre;
        floor.level - level - self.time * (floor.hours - hours) - self.load * (load - usual)
    }
}
