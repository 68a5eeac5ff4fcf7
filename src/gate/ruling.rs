//! What the gate says, with everything it rests on.

use super::identity::Difference;
use super::threshold::Outcome;
use crate::record::{Compared, Lines};
use crate::stats::decision::Decision;
use crate::stats::equivalence::Equivalence;
use crate::stats::estimate::Estimate;
use crate::units::{Nanos, Ratio};

/// The gate's answer, from the mildest to the gravest: the worst of several is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It may go to production.
    Go,
    /// Not yet: slower than is good, or undecided.
    Hold,
    /// It stays out.
    NoGo,
    /// Where it runs already it is taken back.
    Rollback,
    /// Nothing can be said: what was measured is no measurement.
    Invalid,
}

impl Verdict {
    /// The word that people and scripts read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::Hold => "HOLD",
            Self::NoGo => "NO-GO",
            Self::Rollback => "ROLLBACK",
            Self::Invalid => "INVALID",
        }
    }
}

/// The gate's answer with its reasons and figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The answer.
    pub verdict: Verdict,
    /// Whether both sides are equally fast: the answer to another question, "are we back?".
    pub equivalence: Equivalence,
    /// Why, in sentences for people: what decided first.
    pub reasons: Vec<Reason>,
    /// What it is compared with.
    pub baseline: Side,
    /// What is judged.
    pub candidate: Side,
    /// Each endpoint, login and query at each percentile, in the order of the scenario.
    pub rows: Vec<Row>,
    /// Failures: of all requests first, then of the series that have any to speak of.
    pub errors: Vec<ErrorRow>,
    /// Endpoints whose statements have changed; empty where one of the sides had no tap.
    pub drift: Vec<Drift>,
    /// Thresholds of the candidate, those relative to the baseline among them.
    pub thresholds: Vec<Outcome>,
    /// What all series have in common.
    pub sites: Vec<Site>,
    /// How much of the load was judged in full.
    pub coverage: Coverage,
    /// Whether it is HOLD for nothing but want of data: rows or failures that are undecided, too
    /// few requests. What was found against the candidate, or the environment, is something else.
    pub only_open: bool,
    /// What would settle a HOLD for want of data; `None` when nothing would, or nothing is open.
    pub settle: Option<Settle>,
    /// Differences that were accepted by name.
    pub accepted: Vec<Difference>,
    /// What people should know: machine drift that is not excluded, repetitions left out.
    pub notes: Vec<String>,
}

/// An endpoint that sends other statements than before, or another number of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// The endpoint.
    pub place: Place,
    /// Statements for each request of the baseline.
    pub baseline: f64,
    /// The same of the candidate.
    pub candidate: f64,
    /// Those that changed.
    pub statements: Vec<StatementDrift>,
}

/// A statement of which an endpoint sends another number.
#[derive(Clone, Debug, PartialEq)]
pub struct StatementDrift {
    /// Its name.
    pub name: String,
    /// How many for each request of the baseline; 0 for a new one.
    pub baseline: f64,
    /// How many for each request of the candidate; 0 for one that is gone.
    pub candidate: f64,
}

impl StatementDrift {
    /// Whether only the candidate sends it.
    pub fn is_new(&self) -> bool {
        self.baseline == 0.0
    }

    /// Whether only the baseline sends it.
    pub fn is_gone(&self) -> bool {
        self.candidate == 0.0
    }
}

/// One reason of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What it speaks for.
    pub verdict: Verdict,
    /// A sentence, for example "`GET /api/farms` (View farm list) p95 is 26 % slower, certainly
    /// more than 10 %".
    pub text: String,
}

/// One of the two that are compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// Name of the baseline, or id of the run or of its set.
    pub name: String,
    /// Its repetitions that were compared, in the order of time.
    pub runs: Vec<RunFact>,
    /// Repetitions that were left out, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// The versions that the target reported, each once.
    pub versions: Vec<String>,
    /// In how many sittings it was measured.
    pub sessions: u32,
    /// Measured length of one repetition.
    pub length: Nanos,
}

/// One repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFact {
    /// Its id.
    pub id: String,
    /// When it started, nanoseconds since 1970-01-01 UTC.
    pub started_unix_ns: u64,
}

/// What kind of series a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// A step of a journey.
    Endpoint,
    /// A step of a login.
    Login,
    /// A query, whatever caused it.
    Query,
}

impl RowKind {
    /// What its percentiles are taken of.
    pub fn compared(self) -> Compared {
        match self {
            Self::Endpoint | Self::Login => Compared::Http,
            Self::Query => Compared::Sql,
        }
    }
}

/// A series, as rows name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What kind of series it is.
    pub kind: RowKind,
    /// Method and path template, or the query.
    pub name: String,
    /// The journey or session; empty for queries.
    pub journey: String,
    /// The step; empty for queries.
    pub step: String,
}

/// One series at one percentile.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The series.
    pub place: Place,
    /// The quantile: 0.95 is P95.
    pub quantile: f64,
    /// Geometric mean of the repetitions' percentiles; `None` without requests.
    pub baseline: Option<Nanos>,
    /// The same of the candidate.
    pub candidate: Option<Nanos>,
    /// Successful requests of the baseline.
    pub requests_baseline: u64,
    /// Successful requests of the candidate.
    pub requests_candidate: u64,
    /// Candidate over baseline with its interval: family-wise 95 % below, 95 % of this row above.
    /// `None` where nothing is known of the spread.
    pub ratio: Option<Estimate>,
    /// Candidate over baseline where there is no interval; `None` without requests.
    pub point: Option<f64>,
    /// What is said of it.
    pub standing: Standing,
    /// The lines that its change was held against.
    pub lines: Lines,
    /// Whether the alarm was proved relative to the other series and not by the row alone.
    pub relative: bool,
    /// Whether it is GO only because the change is surely below the policy's floor.
    pub below_floor: bool,
    /// The weight of its alarm; 0 is shown only.
    pub weight: f64,
    /// Whether both sides are equally fast; `None` for rows that are only shown.
    pub equivalence: Option<Equivalence>,
}

/// What is said of a row, from the mildest to the gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Too few requests: only shown.
    NotGated,
    /// Undecided with few requests: holds nothing up.
    Coarse,
    /// Within the line by best estimate, and the next line is excluded.
    Go,
    /// Only the candidate has it.
    New,
    /// The data decides neither way.
    Undecided,
    /// Surely slower, and by best estimate beyond the first line.
    Slower,
    /// Only the baseline has it.
    Vanished,
    /// Surely beyond the first line, by best estimate beyond the second.
    NoGo,
    /// Surely beyond the second line, by best estimate beyond the third.
    Rollback,
}

impl From<Decision> for Standing {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::NotGated => Self::NotGated,
            Decision::Coarse => Self::Coarse,
            Decision::Go => Self::Go,
            Decision::Inconclusive => Self::Undecided,
            Decision::Warn => Self::Slower,
            Decision::NoGo => Self::NoGo,
            Decision::Rollback => Self::Rollback,
        }
    }
}

impl Standing {
    /// The word in tables and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotGated => "not gated",
            Self::Coarse => "coarse",
            Self::Go => "GO",
            Self::New => "new",
            Self::Undecided => "undecided",
            Self::Slower => "slower",
            Self::Vanished => "vanished",
            Self::NoGo => "NO-GO",
            Self::Rollback => "ROLLBACK",
        }
    }
}

/// Failures of all requests or of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRow {
    /// The series; `None` for all requests together.
    pub place: Option<Place>,
    /// Share of the baseline; `None` without requests.
    pub baseline: Option<Ratio>,
    /// Share of the candidate with its bounds (1 % and 5 % beyond); `None` without requests.
    pub candidate: Option<Estimate>,
    /// What is said of it.
    pub standing: Standing,
    /// The lines it was held against.
    pub lines: Lines,
}

/// What all series of one kind and percentile have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Requests or queries.
    pub of: Compared,
    /// The quantile.
    pub quantile: f64,
    /// Median ratio over the series, with the interval that the shared noise gives it.
    pub ratio: Estimate,
    /// Run-to-run noise that all series share: standard deviation of the logarithm, so 0.04 is
    /// about 4 %.
    pub run_noise: f64,
    /// Degrees of freedom behind it.
    pub df: f64,
}

/// How much of the load was judged in full.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Endpoints that are judged in full at one percentile at least.
    pub endpoints: usize,
    /// Endpoints there are.
    pub endpoints_all: usize,
    /// The share of all requests that they make; `None` without requests.
    pub requests: Option<Ratio>,
}

/// What would settle a HOLD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Repetitions on each side in all.
    pub repetitions: u64,
    /// How many more the candidate needs for that.
    pub more: u64,
    /// How many more the baseline needs for that: with 0 the candidate alone suffices.
    pub more_baseline: u64,
    /// Measured length of each.
    pub length: Nanos,
    /// A sentence: "4 more repetitions of 60 s would decide".
    pub text: String,
}

impl Ruling {
    /// Whether more of the same could decide: HOLD, and nothing speaks against GO but a want of
    /// data.
    pub fn only_undecided(&self) -> bool {
        self.verdict == Verdict::Hold && self.only_open
    }
}
