//! How memory grows over an observation.

use super::figures::Kind;
use crate::record::Reading;
use crate::stats::leak::{self, Finding, Growth, Reason, Sample, Settings};

/// The most samples of one reading: a month of minutes. Beyond it every second one is left out,
/// which leaves the floors of half an hour where they are.
const MAX_SAMPLES: usize = 50_000;
/// The most readings that are followed.
const MAX_NAMES: usize = 16;

/// How one reading of memory grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Its name: `app.rss_bytes`.
    pub name: String,
    /// What is found, in bytes and hours; `None` when there is too little of it.
    pub growth: Option<Growth>,
}

impl Trend {
    /// Whether it is a leak; `None` when that is not decided.
    pub fn is_leak(&self) -> Option<bool> {
        match self.growth.as_ref()?.finding {
            Finding::Leak => Some(true),
            Finding::Clean => Some(false),
            Finding::Inconclusive(_) => None,
        }
    }

    /// What is found, for people.
    pub fn text(&self) -> String {
        let Some(growth) = &self.growth else {
            return format!("{}: too short to say", self.name);
        };
        let mb = |bytes: f64| format!("{:+.2}", bytes / 1e6);
        let (low, high) = (mb(growth.slope.low), mb(growth.slope.high));
        let word = match growth.finding {
            Finding::Leak => "LEAK",
            Finding::Clean => "CLEAN",
            Finding::Inconclusive(Reason::StillSettling) => "still settling",
            Finding::Inconclusive(Reason::OneStep) => "one step, no steady growth",
            Finding::Inconclusive(Reason::TooNoisy) => "undecided",
        };
        format!("{}: {word}, {} MB/h [{low}, {high}]", self.name, mb(growth.slope.value))
    }
}

/// Samples of all readings of memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    series: Vec<Series>,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    samples: Vec<Sample>,
    /// Every so many samples is kept.
    stride: u32,
    passed: u32,
}

impl Memory {
    /// Takes a reading, so many hours after the start, at so many requests a second.
    pub(super) fn take(&mut self, reading: &Reading, hours: f64, load: f64) {
        if Kind::of(&reading.what) != Some(Kind::Memory) {
            return;
        }
        let known = self.series.iter().position(|known| known.name == reading.what);
        let at = known.unwrap_or(self.series.len());
        if known.is_none() && self.series.len() < MAX_NAMES {
            let name = reading.what.clone();
            self.series.push(Series { name, samples: Vec::new(), stride: 1, passed: 0 });
        }
        let Some(series) = self.series.get_mut(at) else { return };
        series.passed += 1;
        if series.passed < series.stride {
            return;
        }
        series.passed = 0;
        series.samples.push(Sample { hours, level: reading.value, load: Some(load) });
        if series.samples.len() > MAX_SAMPLES {
            let mut is_kept = false;
            series.samples.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
            series.stride = series.stride.saturating_mul(2);
        }
    }

    /// How each of them grows so far.
    pub(super) fn trends(&self) -> Vec<Trend> {
        let trend = |series: &Series| Trend {
            name: series.name.clone(),
            growth: leak::judge(&series.samples, &Settings::default()),
        };
        self.series.iter().map(trend).collect()
    }
}
