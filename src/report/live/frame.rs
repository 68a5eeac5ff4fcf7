//! One picture of a run that goes on, ready to be drawn or written as JSON.
//!
//! Times are whole nanoseconds and end in `_ns`, as in the report's JSON. What there is no figure
//! for is `null`. Text of strangers has lost its control characters.

use serde::Serialize;

use super::super::document::Document;
use super::super::foreign::clean;
use super::super::tables::{self, Tone};
use crate::histogram::Histogram;
use crate::units::Nanos;

/// Everything that a live view shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Frame {
    /// What is measured.
    pub subject: Subject,
    /// How far the run is.
    pub stage: Stage,
    /// What is said of it when it has ended.
    pub said: Option<Said>,
    /// Since the start of the run.
    pub elapsed_ns: u64,
    /// When the load ends.
    pub end_ns: u64,
    /// Phases of the load, in order.
    pub phases: Vec<PhaseSpan>,
    /// Place in `phases` of the one that is under way.
    pub phase: usize,
    /// The last interval.
    pub now: Now,
    /// All phases so far, warm-up included.
    pub total: Sums,
    /// The run over time.
    pub points: Points,
    /// Failures of requests by kind, the most frequent first.
    pub kinds: Vec<KindCount>,
    /// A row for each step that sends requests, in the order of the journeys, logins last.
    pub endpoints: Vec<EndpointRow>,
    /// Rows that had no room.
    pub endpoints_left_out: usize,
    /// What failed last, the newest first.
    pub errors: Vec<ErrorLine>,
}

/// What is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Name of the scenario.
    pub scenario: String,
    /// Address of the target, without user name and password.
    pub target: String,
    /// Which of several runs it is; empty when there is only one.
    pub which: String,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing is measured yet: the target is tried.
    #[default]
    Starting,
    /// Requests are sent.
    Running,
    /// It was told to end before its time: journeys under way may end.
    Stopping,
    /// Nothing is sent any more, and what is shown is final; another repetition may follow.
    Measured,
    /// All is over, and loadgate ends.
    Ended,
}

/// The outcome in the words of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// `GO`, `PASSED`, `FAILED 1 of 3 thresholds`.
    pub word: String,
    /// `good`, `warn`, `bad` or empty.
    pub tone: &'static str,
    /// The verdict of a comparison in a sentence.
    pub sentence: Option<String>,
    /// Why.
    pub reasons: Vec<String>,
}

impl Said {
    /// What the report of `document` says first.
    pub fn of(document: &Document) -> Self {
        let standing = tables::standing(document);
        let tone = match standing.tone {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
            Tone::Plain | Tone::Quiet => "",
        };
        Self {
            word: clean(&standing.word),
            tone,
            sentence: standing.sentence.as_deref().map(clean),
            reasons: standing.reasons.iter().map(|reason| clean(&reason.text)).collect(),
        }
    }

    /// Without a document: in one word that is not good.
    pub fn without_results(word: &str) -> Self {
        Self { word: clean(word), tone: "warn", sentence: None, reasons: Vec::new() }
    }
}

/// One phase of the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhaseSpan {
    /// Its name.
    pub name: String,
    /// Its load in words.
    pub load: String,
    /// Since the start of the run.
    pub start_ns: u64,
    /// How long it is.
    pub length_ns: u64,
    /// Whether its figures count.
    pub measured: bool,
}

/// What the last interval has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Now {
    /// Requests per second.
    pub rate: f64,
    /// Failed requests per second.
    pub error_rate: f64,
    /// Virtual users in a journey.
    pub users: u64,
    /// Response times of requests that succeeded.
    pub response: Quantiles,
    /// How late starts were, 99th percentile.
    pub lag_p99_ns: Option<u64>,
    /// CPU time of the workers, in processors.
    pub cpu: f64,
}

/// Figures of a distribution; `null` where nothing was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Median.
    pub p50_ns: Option<u64>,
    /// 95th percentile.
    pub p95_ns: Option<u64>,
    /// 99th percentile.
    pub p99_ns: Option<u64>,
    /// Largest value.
    pub max_ns: Option<u64>,
}

impl Quantiles {
    /// The figures of `histogram`.
    pub fn of(histogram: &Histogram) -> Self {
        let at = |quantile| histogram.at(quantile).map(|Nanos(value)| value);
        Self {
            p50_ns: at(0.5),
            p95_ns: at(0.95),
            p99_ns: at(0.99),
            max_ns: histogram.max().map(|Nanos(value)| value),
        }
    }
}

/// What was counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Requests sent.
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Starts that could not be made.
    pub dropped: u64,
    /// Response times of requests that succeeded.
    pub response: Quantiles,
}

/// The run over time: all lists have one entry a point, in the order of time and without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Points {
    /// Since the start of the run.
    pub start_ns: Vec<u64>,
    /// How long the point is: older ones are coarser.
    pub length_ns: Vec<u64>,
    /// Requests sent.
    pub requests: Vec<u64>,
    /// Requests that failed.
    pub errors: Vec<u64>,
    /// Starts that could not be made.
    pub dropped: Vec<u64>,
    /// Most virtual users in a journey.
    pub users: Vec<u64>,
    /// Median response time.
    pub p50_ns: Vec<Option<u64>>,
    /// 95th percentile.
    pub p95_ns: Vec<Option<u64>>,
    /// 99th percentile.
    pub p99_ns: Vec<Option<u64>>,
    /// How late starts were, 99th percentile.
    pub lag_p99_ns: Vec<Option<u64>>,
}

/// Failures of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KindCount {
    /// Its word in the report.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
}

/// One step that sends requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EndpointRow {
    /// The journey, or the session.
    pub journey: String,
    /// The step's name.
    pub step: String,
    /// Method and path.
    pub name: String,
    /// Requests since the start.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Response times since the start.
    pub response: Quantiles,
    /// Requests per second over the last seconds.
    pub recent_rate: f64,
    /// Failures over the last seconds.
    pub recent_errors: u64,
    /// Response times over the last seconds.
    pub recent: Quantiles,
}

/// Failures of one kind at one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorLine {
    /// End of the last interval in which there was one, since the start of the run.
    pub last_ns: u64,
    /// Its word in the report.
    pub kind: &'static str,
    /// Method and path.
    pub endpoint: String,
    /// How many since the start.
    pub count: u64,
    /// The message of the first, if it was kept.
    pub message: Option<String>,
}
