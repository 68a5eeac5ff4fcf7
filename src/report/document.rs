//! What a report says, as plain data in the order in which people read it.

mod curve;
mod heat;
mod observed;
mod reading;

pub use curve::Curve;
pub use heat::Heat;
pub use observed::Observed;
pub use reading::ReadingRow;

use crate::gate::features::FeatureRow;
use crate::gate::leaks::LeakRow;
use crate::gate::ruling::{Ruling, Verdict};
use crate::gate::threshold::{Outcome, Status};
use crate::histogram::Histogram;
use crate::names::ErrorKind;
use crate::record::{Answered, Created, Origin, PrecisionText, Reading, WorkerUse};
use crate::stats::equivalence::Equivalence;
use crate::units::{Decimal, Nanos, Ratio};

/// Everything that a report says of one run.
#[derive(Clone, Debug)]
pub struct Document {
    /// Who, what and when.
    pub run: RunFacts,
    /// What was decided about it elsewhere.
    pub judgement: Judgement,
    /// The run in one line.
    pub totals: TotalFacts,
    /// Journeys in the order of the scenario.
    pub journeys: Vec<JourneyRow>,
    /// Requests of the journeys, in the order in which a user sends them.
    pub endpoints: Vec<RequestRow>,
    /// Requests that obtained a session.
    pub logins: Vec<RequestRow>,
    /// Queries, each once, whatever endpoints caused it.
    pub queries: Vec<QueryRow>,
    /// Where the time of requests goes, where the tap saw their statements.
    pub splits: Vec<SplitRow>,
    /// The parts of an exchange, on new and on reused connections.
    pub connections: Vec<ConnectionRow>,
    /// What monitors read, with the limits for it.
    pub readings: Vec<ReadingRow>,
    /// Which of it grows without end.
    pub leaks: Vec<LeakRow>,
    /// The phases of the load; those that don't count are seen here only.
    pub load: Vec<LoadRow>,
    /// Failures, most frequent first.
    pub errors: Vec<ErrorRow>,
    /// Assertions on data.
    pub integrity: Vec<AssertionRow>,
    /// Day by day, if it is an observation.
    pub observation: Option<Observed>,
    /// The feature checklist; empty where no step of the scenario ticks a box.
    pub features: Vec<FeatureRow>,
    /// What the generator says of itself.
    pub generator: GeneratorFacts,
    /// The run interval by interval, warm-up included.
    pub timeline: Vec<TimelinePoint>,
    /// Response times of all requests over time, warm-up included.
    pub heat: Heat,
    /// Percentiles of all requests.
    pub curve: Curve,
    /// Where the numbers come from.
    pub origin: Origin,
    /// What people should know: a monitor that failed, a limit that was met.
    pub notes: Vec<String>,
    /// Where the record is, if whoever makes the document wants it to be said.
    pub stored_in: Option<String>,
}

impl Document {
    /// Whether a command that judges ends with another exit code than 0 for what is told here:
    /// what is shown of a comparison is judged, too.
    pub fn fails(&self) -> bool {
        let judgement = &self.judgement;
        let verdict = judgement.verdict();
        let found = match (&judgement.ruling, judgement.question) {
            (None, _) => {
                !self.run.is_complete()
                    || !judgement.invalid_reasons.is_empty()
                    || judgement.thresholds.iter().any(|line| line.fails)
                    || self.integrity.iter().any(AssertionRow::fails)
            }
            (Some(_), Question::MayItGo) => verdict != Some(Verdict::Go),
            (Some(ruling), Question::AreWeBack) => {
                verdict == Some(Verdict::Invalid) || ruling.equivalence != Equivalence::Equivalent
            }
        };
        found || !judgement.objections.is_empty()
    }
}

/// Who, what and when.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFacts {
    /// The run's id.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// What everything random was made from.
    pub seed: u64,
    /// When it started: RFC 3339, UTC, milliseconds.
    pub started: String,
    /// Start to end, or to the last interval of a run that is unfinished.
    pub lasted: Nanos,
    /// How much of it was in phases that count.
    pub measured: Nanos,
    /// `complete`, `interrupted`, `killed`, `aborted` or `unfinished`.
    pub state: &'static str,
    /// Address of the system under test.
    pub target: String,
    /// The version that it reported.
    pub target_version: Option<String>,
    /// Whether it was the embedded market.
    pub embedded: bool,
}

impl RunFacts {
    /// What [`Self::state`] is of a run that came to its end.
    pub(super) const COMPLETE: &str = "complete";

    /// Whether it came to its end.
    pub fn is_complete(&self) -> bool {
        self.state == Self::COMPLETE
    }
}

/// What was decided about a run, by those who know the policy and the baseline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Why the run is no measurement; empty when it is one.
    pub invalid_reasons: Vec<String>,
    /// Each threshold of the scenario.
    pub thresholds: Vec<ThresholdLine>,
    /// What the gate says; `None` without a baseline.
    pub ruling: Option<Ruling>,
    /// Which of the gate's questions is asked.
    pub question: Question,
    /// Percentiles of all requests of the baseline.
    pub baseline_curve: Option<Curve>,
    /// What else makes the command fail: a live alarm of a run that is compared with nothing, a
    /// signal that ended its repetitions, a record that could not be stored.
    pub objections: Vec<String>,
}

impl Judgement {
    /// The gate's word, which scripts read; `None` without a baseline. A candidate that is no
    /// measurement is INVALID whatever was found of it.
    pub fn verdict(&self) -> Option<Verdict> {
        let ruling = self.ruling.as_ref()?;
        Some(if self.invalid_reasons.is_empty() { ruling.verdict } else { Verdict::Invalid })
    }

    /// The thresholds as they are told: with a baseline those of the comparison.
    pub(super) fn told(&self) -> Vec<ThresholdLine> {
        match &self.ruling {
            Some(ruling) => ruling.thresholds.iter().map(ThresholdLine::of).collect(),
            None => self.thresholds.clone(),
        }
    }
}

/// The two questions that a comparison answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Question {
    /// May the candidate go to production?
    #[default]
    MayItGo,
    /// Is the candidate as fast as the baseline, as after a rollback?
    AreWeBack,
}

/// One threshold and how it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdLine {
    /// The metric with its selector.
    pub subject: String,
    /// The condition as written.
    pub condition: String,
    /// What became of it.
    pub status: Status,
    /// Whether the run fails for it: missing data is accepted of an optional one.
    pub fails: bool,
    /// What was measured, for people.
    pub measured: String,
}

impl ThresholdLine {
    /// The line of `outcome`.
    pub fn of(outcome: &Outcome) -> Self {
        let told = [&outcome.measured, &outcome.note].into_iter().flatten();
        Self {
            subject: outcome.subject.clone(),
            condition: outcome.condition.clone(),
            status: outcome.status,
            fails: outcome.fails(),
            measured: told.map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The run in one line. Only measured phases.
#[derive(Clone, Debug, PartialEq)]
pub struct TotalFacts {
    /// Requests, logins included.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The share that failed; `None` without a request.
    pub error_share: Option<Ratio>,
    /// Starts that could not be made.
    pub dropped: u64,
    /// Requests per second; `None` when nothing was measured.
    pub rate: Option<f64>,
    /// Response time of all requests, logins included.
    pub response: Option<Latency>,
    /// Queries that were seen or sent.
    pub queries: u64,
    /// Journeys that were started.
    pub iterations: u64,
    /// Checks that held.
    pub checks_passed: u64,
    /// Checks that did not hold.
    pub checks_failed: u64,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Bytes that were received.
    pub received_bytes: u64,
}

/// A distribution in the figures that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// How many values.
    pub n: u64,
    /// Mean.
    pub mean: Nanos,
    /// Median.
    pub p50: Nanos,
    /// 90th percentile.
    pub p90: Nanos,
    /// 95th percentile.
    pub p95: Nanos,
    /// 99th percentile.
    pub p99: Nanos,
    /// 99.9th percentile.
    pub p999: Nanos,
    /// Largest value.
    pub max: Nanos,
    /// Values beyond the range of the histogram; they count as its upper end.
    pub beyond: u64,
}

impl Latency {
    /// The figures of `histogram`; `None` when it is empty.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        Some(Self {
            n: histogram.len(),
            mean: histogram.mean()?,
            p50: histogram.at(0.5)?,
            p90: histogram.at(0.9)?,
            p95: histogram.at(0.95)?,
            p99: histogram.at(0.99)?,
            p999: histogram.at(0.999)?,
            max: histogram.max()?,
            beyond: histogram.beyond(),
        })
    }
}

/// One journey.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyRow {
    /// Its name.
    pub name: String,
    /// How often it was started.
    pub started: u64,
    /// From its intended start to its end.
    pub iteration: Option<Latency>,
}

/// Which part of the scenario sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A step of a journey.
    Endpoint,
    /// A step of a login.
    Login,
}

/// Requests of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    /// Which part of the scenario sent it.
    pub kind: RequestKind,
    /// Method and path template.
    pub name: String,
    /// The journey, or the session of a login.
    pub journey: String,
    /// The step's name.
    pub step: String,
    /// Requests sent.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Checks that held, and those that did not.
    pub checks: Checks,
    /// Requests per second; `None` when nothing was measured.
    pub rate: Option<f64>,
    /// From the intended start to the last byte, of those that succeeded.
    pub response: Option<Latency>,
    /// Sending, waiting and receiving, of those that succeeded.
    pub service: Option<Latency>,
    /// From the intended start to the end, of those that failed.
    pub failed: Option<Latency>,
}

/// The checks of one step, each as often as it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Those that held.
    pub passed: u64,
    /// Those that did not hold.
    pub failed: u64,
}

/// One query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryRow {
    /// `tap`, `server-timing` or `sql step`.
    pub source: &'static str,
    /// Its name or normal form.
    pub name: String,
    /// The journey, when only one has it.
    pub journey: Option<String>,
    /// The step, when only one has it.
    pub step: Option<String>,
    /// How often it was seen or sent.
    pub count: u64,
    /// How often it failed.
    pub errors: u64,
    /// Checks of its rows that held, and those that did not: only SQL steps have any.
    pub checks: Checks,
    /// How long it took.
    pub duration: Option<Latency>,
    /// The endpoints that caused it, in journey order.
    pub endpoints: Vec<String>,
    /// The whole normal form, of a statement that the tap saw.
    pub text: Option<String>,
    /// Who caused a statement that the tap saw, most frequent first.
    pub callers: Vec<Caller>,
}

/// The requests of one step as the cause of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// Method and path template; empty for what no request caused.
    pub endpoint: String,
    /// The journey, or the session of a login.
    pub journey: String,
    /// The step's name.
    pub step: String,
    /// How often.
    pub count: u64,
    /// How often for each request; `None` without requests.
    pub per_request: Option<f64>,
    /// How that is known: `exact`, `solo`, `estimated` (the least of them) or `unknown`.
    pub cause: &'static str,
}

/// Where the time of one step's requests goes, by the statements that the tap saw. Means, because
/// only they add up.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitRow {
    /// Method and path template.
    pub name: String,
    /// The journey, or the session of a login.
    pub journey: String,
    /// The step's name.
    pub step: String,
    /// Requests sent.
    pub count: u64,
    /// Statements for each request.
    pub statements: f64,
    /// Sending, waiting and receiving.
    pub service: Nanos,
    /// Of that, its statements, one after the other.
    pub sql: Nanos,
    /// Of that, the rest of the time until the first byte of the answer.
    pub application: Nanos,
    /// Of that, sending the request and receiving the answer.
    pub network: Nanos,
    /// How it is known which statements are its own: the least of `exact`, `solo`, `estimated`.
    pub cause: &'static str,
}

/// One part of an exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRow {
    /// Its name in documents: `looking_up`.
    pub word: &'static str,
    /// Its name for people: `looking up`.
    pub title: &'static str,
    /// On connections that had to be opened.
    pub fresh: Option<Latency>,
    /// On connections that were open.
    pub reused: Option<Latency>,
}

/// One phase of the load.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadRow {
    /// Its name.
    pub name: String,
    /// Its load in the words of the scenario.
    pub load: String,
    /// Start since the start of the run.
    pub start: Nanos,
    /// Length as planned, of a run that has ended as far as it was played.
    pub length: Nanos,
    /// Whether its figures count.
    pub measured: bool,
    /// Requests, logins included.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Requests per second over the part of the phase that was played.
    pub rate: Option<f64>,
    /// Response time of all requests.
    pub response: Option<Latency>,
}

/// One kind of failure in one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRow {
    /// What kind it was.
    pub kind: ErrorKind,
    /// How often.
    pub count: u64,
    /// The share of the series that failed like this.
    pub share: Option<Ratio>,
    /// Endpoint or query.
    pub name: String,
    /// Its journey.
    pub journey: String,
    /// Its step.
    pub step: String,
    /// Status of the first, if it had an answer.
    pub status: Option<u16>,
    /// Message of the first.
    pub message: Option<String>,
    /// When the first happened, since the start of the run.
    pub at: Option<Nanos>,
}

/// One assertion on data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionRow {
    /// What it says.
    pub name: String,
    /// What was expected, as written; empty where it was never asked.
    pub expect: String,
    /// What became of it; `None` where it was never asked.
    pub answer: Option<Answered>,
    /// The number before the first request.
    pub before: Option<Decimal>,
    /// The number after the last request.
    pub after: Option<Decimal>,
    /// How often what it counts was done; `None` when it counts nothing.
    pub created: Option<Created>,
    /// What was expected as a number, from the least to the most.
    pub expected: Option<(Decimal, Decimal)>,
    /// Why there is no answer, or none that is sure.
    pub note: Option<String>,
}

/// What the generator says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneratorFacts {
    /// CPU time of the process; `None` for an unfinished run, as in the next three.
    pub cpu: Option<Nanos>,
    /// CPU time as a share of one processor.
    pub cpu_share: Option<Ratio>,
    /// Largest resident memory in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// All requests that went to the target, warm-up and preflight included.
    pub requests_sent: Option<u64>,
    /// Each worker.
    pub workers: Vec<WorkerUse>,
    /// How exactly workers keep to the intended times; `None` for an old record.
    pub precision: Option<PrecisionText>,
    /// How much later than intended a start was dispatched.
    pub lag: Option<Latency>,
    /// Starts that could not be made.
    pub dropped: u64,
}

/// One interval, for charts. Warm-up included.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelinePoint {
    /// Start since the start of the run.
    pub start: Nanos,
    /// Length.
    pub length: Nanos,
    /// Whether it began in a phase that counts.
    pub measured: bool,
    /// Requests, logins included.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The same by kind; kinds of which there are none are left out.
    pub failed: Vec<(ErrorKind, u64)>,
    /// Response time of all requests; `None` is a gap.
    pub response: Option<Latency>,
    /// Virtual users in a journey at its end.
    pub active_users: u64,
    /// What monitors read meanwhile.
    pub readings: Vec<Reading>,
}
