//! An observation made from a description, so that days are tested in seconds.
//!
//! It goes the way of a real one: segments like those that an engine measures, in the order of
//! time, for the same observer and the same store. It says of itself that nothing was measured.

mod read;
mod segments;

#[cfg(test)]
mod tests;

pub use read::read;
pub use segments::Segments;

use crate::names::{Catalogue, Cause, Series, SeriesId, SeriesKind, Tapped};
use crate::plan::Gate;
use crate::record::{
    End, FORMAT, Generator, Header, Load, LogsText, Observation, Origin, PhaseInfo, StopReason,
    TargetInfo, ValidityPolicy,
};
use crate::units::{Nanos, Rate, Ratio};

/// The journey of all simulated requests.
const JOURNEY: &str = "simulated";

/// An observation that is simulated.
#[derive(Clone, Debug)]
pub struct Simulation {
    name: String,
    sha256: String,
    path: String,
    seed: u64,
    start_unix_ns: u64,
    observation: Observation,
    segment: Nanos,
    rate: Rate,
    endpoints: u64,
    response: Times,
    queries: Option<Queries>,
    errors: Ratio,
    daily: Vec<Daily>,
    faults: Vec<Fault>,
    readings: Vec<Curve>,
    gaps: Vec<(Nanos, Nanos)>,
    jumps: Vec<(Nanos, i64)>,
    gate: Gate,
}

/// A lognormal distribution of times, by its logarithms in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Times {
    middle: f64,
    spread: f64,
}

/// The statements of each request.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Queries {
    each: u64,
    times: Times,
}

/// What is different for some of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    rate: f64,
    response: f64,
    errors: Option<Ratio>,
    blind: bool,
}

/// What is different at times of each day, by minutes of the day.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Daily {
    from_minute: u16,
    to_minute: u16,
    change: Change,
}

/// What is different for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fault {
    from: Nanos,
    to: Nanos,
    /// It is there in the first half of each such time.
    every: Option<Nanos>,
    change: Change,
}

/// What a monitor would read.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    name: String,
    level: f64,
    hourly: f64,
    saw: f64,
    every: Nanos,
    noise: f64,
    warm_up: f64,
    settles: Nanos,
}

impl Simulation {
    /// The same with everything random made from this seed.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules by which it is judged, and who is told of changes.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What makes it an observation.
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The one phase of its load.
    pub fn phases(&self) -> Vec<PhaseInfo> {
        vec![PhaseInfo {
            name: "observation".to_owned(),
            load: self.rate.exact(),
            start: Nanos::ZERO,
            length: self.observation.planned,
            measure: true,
        }]
    }

    /// The head of its record, under this id; `loadgate` is the version that makes it.
    pub fn header(&self, id: &str, loadgate: &str) -> Header {
        let origin = Origin {
            loadgate: loadgate.to_owned(),
            scenario_sha256: self.sha256.clone(),
            scenario_path: self.path.clone(),
            target: TargetInfo { url: "simulated".to_owned(), ..TargetInfo::default() },
            engine: "simulated".to_owned(),
            ..Origin::default()
        };
        Header {
            format: FORMAT,
            id: id.to_owned(),
            scenario: self.name.clone(),
            started_unix_ns: self.start_unix_ns,
            seed: self.seed,
            load: Load { phases: self.phases(), max_users: None, workers: 1, precision: None },
            journeys: vec![JOURNEY.to_owned()],
            thresholds: Vec::new(),
            integrity: Vec::new(),
            leaks: Vec::new(),
            logs: LogsText::default(),
            features: Vec::new(),
            origin,
            policy: ValidityPolicy::default(),
            gate: self.gate.policy.clone(),
            repetition: None,
            observation: Some(self.observation.clone()),
        }
    }

    /// All series that it has.
    pub fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::new();
        for at in 1..=self.endpoints {
            catalogue.intern(&endpoint(at));
        }
        for at in (1..=self.endpoints).filter(|_| self.queries.is_some()) {
            catalogue.intern(&statement(at));
        }
        catalogue
    }

    /// What is known at its end.
    pub fn end(&self) -> End {
        let from = self.observation.simulated.as_deref().unwrap_or_default();
        End {
            reason: StopReason::Complete,
            lasted: self.observation.planned,
            generator: Generator::default(),
            samples: Vec::new(),
            notes: vec![format!("SIMULATED from {from}: nothing was measured")],
            integrity: Vec::new(),
        }
    }

    /// Its segments in the order of time.
    pub fn segments(&self) -> Segments<'_> {
        Segments::new(self)
    }

    /// The series of an endpoint, from 0 on, and that of its statement.
    fn series(&self, endpoint: u64) -> (SeriesId, SeriesId) {
        // Three series come first, which every run has.
        let id = |at: u64| SeriesId(u16::try_from(at.saturating_add(3)).unwrap_or(u16::MAX));
        (id(endpoint), id(endpoint.saturating_add(self.endpoints)))
    }
}

fn endpoint(at: u64) -> Series {
    Series {
        kind: SeriesKind::Endpoint,
        name: format!("GET /simulated/{at}"),
        journey: JOURNEY.to_owned(),
        step: format!("step {at}"),
        endpoint: String::new(),
        tapped: None,
    }
}

fn statement(at: u64) -> Series {
    let text = format!("SELECT * FROM simulated_{at} WHERE id = $?");
    let requests = endpoint(at);
    Series {
        kind: SeriesKind::TapQuery,
        name: format!("SELECT simulated_{at} by id"),
        journey: requests.journey,
        step: requests.step,
        endpoint: requests.name,
        tapped: Some(Tapped { text, cause: Cause::Exact }),
    }
}
