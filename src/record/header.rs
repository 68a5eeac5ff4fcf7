//! What is known of a run before its first request and after its last.

use serde::{Deserialize, Serialize};

use super::{Asserted, FormatVersion, LogsText, Observation, Policy};
use crate::names::{ErrorKind, SeriesId};
use crate::units::{Nanos, Ratio};

/// What is known of a run when it starts. Stored at once, so that a killed run has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the stored form.
    pub format: FormatVersion,
    /// Names the run: time and a random part, sortable by time.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// When the run started, nanoseconds since 1970-01-01 UTC.
    pub started_unix_ns: u64,
    /// What everything random was made from.
    pub seed: u64,
    /// What was asked of the target.
    pub load: Load,
    /// Readings that are watched for leaks because the scenario says so, beside those that always
    /// are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaks: Vec<String>,
    /// Journeys in the order of the scenario, for the order of rows.
    pub journeys: Vec<String>,
    /// Thresholds as written, so that a stored run can be judged again.
    pub thresholds: Vec<ThresholdText>,
    /// Names of the assertions on data that are to be asked, so that a killed run can say what was
    /// not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrity: Vec<String>,
    /// Where the numbers come from.
    pub origin: Origin,
    /// How far the run may be off before it is not a measurement.
    pub policy: ValidityPolicy,
    /// How it is compared with a baseline.
    #[serde(default)]
    pub gate: Policy,
    /// Its place among repetitions of the same load, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetition: Option<Repetition>,
    /// Which logs are read, and what is looked for in them.
    #[serde(default, skip_serializing_if = "LogsText::is_empty")]
    pub logs: LogsText,
    /// What makes it an observation, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// Steps that tick a box of the feature checklist; none in older files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<FeatureStep>,
}

/// A step that ticks a box of the feature checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureStep {
    /// The tag: the id of a criterion, or one of the scenario's own.
    pub feature: String,
    /// The journey (or session) of its series.
    pub journey: String,
    /// The step's name.
    pub step: String,
    /// Name of its series: method and path template.
    pub series: String,
}

/// The place of a run among repetitions of the same load against the same target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repetition {
    /// Names all of them: the id of the first.
    pub set: String,
    /// Which it is, from 1 on.
    pub number: u32,
    /// How many were planned when it was made.
    pub of: u32,
}

/// One threshold as the scenario wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThresholdText {
    /// The metric with its selector, for example `http_req_duration{journey:customer}`.
    pub subject: String,
    /// The condition, for example `p(95) < 500ms`.
    pub condition: String,
    /// Whether missing data is accepted.
    pub optional: bool,
}

/// What was asked of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Phases in order.
    pub phases: Vec<PhaseInfo>,
    /// Most virtual users at a time, if limited.
    pub max_users: Option<u64>,
    /// Worker threads of the generator.
    pub workers: u64,
    /// How exactly workers keep to the intended times; unknown in files before format 1.2.
    #[serde(default)]
    pub precision: Option<PrecisionText>,
}

/// How exactly workers keep to the intended times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecisionText {
    /// The word of it: `exact`, `100us`, `1ms`, `spin`.
    pub word: String,
    /// The load of one worker that it was chosen for, in words; `None` when somebody asked for it.
    pub chosen_for: Option<String>,
}

impl std::fmt::Display for PrecisionText {
    /// `exact`, or `exact, chosen for 500/s`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.word)?;
        match &self.chosen_for {
            Some(load) => write!(f, ", chosen for {load}"),
            None => Ok(()),
        }
    }
}

/// One phase of the load, for people and for the identity of a baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseInfo {
    /// Its name.
    pub name: String,
    /// Its load in words that are read back to the same load: `50/s`, `50/m`, `5/s..50/s`,
    /// `50/s poisson`, `30 users`.
    pub load: String,
    /// Start since the start of the run.
    pub start: Nanos,
    /// Length.
    pub length: Nanos,
    /// Whether its figures count; warm-up and ramps are shown apart.
    pub measure: bool,
}

impl PhaseInfo {
    /// Whether both are phases of repetitions of one load: what they measured belongs together.
    pub fn same_words(&self, other: &Self) -> bool {
        (&self.name, &self.load, self.measure) == (&other.name, &other.load, other.measure)
    }
}

/// Where the numbers come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Version of loadgate.
    pub loadgate: String,
    /// Commit of the work folder, with `-dirty` when it has changes.
    pub git: Option<String>,
    /// SHA-256 of the scenario with all files it uses, in hexadecimal. Its load and what only
    /// judges (thresholds, gate, comments) are no part of it.
    pub scenario_sha256: String,
    /// Path of the scenario, or its built-in name.
    pub scenario_path: String,
    /// The machine that made the load.
    pub machine: Machine,
    /// The system under test.
    pub target: TargetInfo,
    /// The engine's driver and HTTP version.
    pub engine: String,
    /// Words that change what was measured (`--insecure`, `--rate 50/s`), without secrets.
    pub flags: Vec<String>,
}

/// The machine that made the load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Host name.
    pub host: String,
    /// Operating system and kernel release.
    pub system: String,
    /// Model of the processor.
    pub cpu: String,
    /// Processors that loadgate may use.
    pub cpus: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Limit of open files, which is a limit of connections.
    pub open_files: u64,
    /// Local ports that outgoing connections may use.
    pub local_ports: u64,
}

/// The system under test, as it describes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetInfo {
    /// Its address, without user name and password.
    pub url: String,
    /// The version that it reports (`$.prisma` or `$.version` of its health endpoint).
    pub version: Option<String>,
    /// Whether it is the embedded market.
    pub embedded: bool,
    /// Whether it runs on the machine that makes the load, as far as its address shows it.
    #[serde(default)]
    pub local: bool,
}

/// How far a run may be off before it is not a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidityPolicy {
    /// Most schedule lag at the 99th percentile.
    pub lag_p99: Nanos,
    /// Largest share of starts that may be dropped.
    pub dropped: Ratio,
    /// Largest share of one processor that a worker may use.
    pub worker_cpu: Ratio,
    /// Largest share of the time that a worker may wait for a processor.
    #[serde(default = "default_run_queue")]
    pub run_queue: Ratio,
}

/// A tenth of the time in which an answer is not looked at is a tenth of the answers that are late
/// by what the scheduler hands out at once, some milliseconds.
fn default_run_queue() -> Ratio {
    Ratio(0.10)
}

impl Default for ValidityPolicy {
    fn default() -> Self {
        Self {
            lag_p99: Nanos::from_millis(50),
            dropped: Ratio(0.01),
            worker_cpu: Ratio(0.90),
            run_queue: default_run_queue(),
        }
    }
}

/// What is known when the run has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How it came to an end.
    pub reason: StopReason,
    /// Start to end.
    pub lasted: Nanos,
    /// What the generator says of itself.
    pub generator: Generator,
    /// For each kind of error and series the first message, at most [`End::MAX_SAMPLES`].
    pub samples: Vec<ErrorSample>,
    /// What people should know: a monitor that failed, a limit that was met.
    pub notes: Vec<String>,
    /// What became of the assertions on data; none in files before format 1.3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub integrity: Vec<Asserted>,
}

impl End {
    /// The most error messages that a record keeps.
    pub const MAX_SAMPLES: usize = 100;
}

/// How a run came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The load was played to its end.
    Complete,
    /// Ctrl-C or SIGTERM: no new starts, what was under way could finish.
    Interrupted,
    /// A second signal: what was under way was cut off.
    Killed,
    /// A step with `on_fail: abort` failed.
    Aborted,
}

/// What the generator says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// CPU time of the process, user and system, during the run.
    pub cpu: Nanos,
    /// Each worker.
    pub workers: Vec<WorkerUse>,
    /// All requests that went to the target, warm-up and preflight included.
    pub requests_sent: u64,
    /// Largest resident memory of the process in bytes.
    pub peak_rss_bytes: u64,
}

/// CPU use of one worker thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerUse {
    /// CPU time, user and system.
    pub cpu: Nanos,
    /// Largest share of one processor over one interval.
    pub peak: Ratio,
    /// How long, in measured intervals, its share was above [`ValidityPolicy::worker_cpu`].
    #[serde(default)]
    pub busy: Nanos,
    /// How it waited for a processor; `None` where the kernel does not count it.
    #[serde(default)]
    pub queued: Option<Queued>,
}

/// The time in which a thread could have run and had no processor: `run_delay` of Linux's
/// `/proc/PID/task/TID/schedstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// All of it.
    pub total: Nanos,
    /// Largest share of one measured interval.
    pub peak: Ratio,
    /// How long, in measured intervals, its share was above [`ValidityPolicy::run_queue`].
    pub above: Nanos,
}

impl WorkerUse {
    /// Adds CPU time, and time in the run queue where it is known.
    pub fn add(&mut self, cpu: Nanos, queued: Option<Nanos>) {
        self.cpu = self.cpu + cpu;
        if let Some(waited) = queued {
            let mine = self.queued.get_or_insert_default();
            mine.total = mine.total + waited;
        }
    }

    /// Holds the use of a measured interval of `length` against the limits of `policy`.
    pub fn hold_against(
        &mut self,
        policy: &ValidityPolicy,
        length: Nanos,
        cpu: Nanos,
        queued: Option<Nanos>,
    ) {
        let share = |part: Nanos| Ratio::of(part.0, length.0).unwrap_or_default();
        let over = |part: Nanos, limit: Ratio| {
            if share(part) > limit { length } else { Nanos::ZERO }
        };
        self.peak = Ratio(self.peak.0.max(share(cpu).0));
        self.busy = self.busy + over(cpu, policy.worker_cpu);
        if let Some(waited) = queued {
            let mine = self.queued.get_or_insert_default();
            mine.peak = Ratio(mine.peak.0.max(share(waited).0));
            mine.above = mine.above + over(waited, policy.run_queue);
        }
    }

    /// Adds what the same worker used in another run: times add up, peaks are the higher ones.
    pub fn merge(&mut self, other: &Self) {
        let Self { cpu, peak, busy, queued } = other;
        self.cpu = self.cpu + *cpu;
        self.peak = Ratio(self.peak.0.max(peak.0));
        self.busy = self.busy + *busy;
        if let Some(Queued { total, peak, above }) = queued {
            let mine = self.queued.get_or_insert_default();
            mine.total = mine.total + *total;
            mine.peak = Ratio(mine.peak.0.max(peak.0));
            mine.above = mine.above + *above;
        }
    }
}

/// The first message of one kind of error in one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorSample {
    /// Where it happened.
    pub series: SeriesId,
    /// What kind it was.
    pub kind: ErrorKind,
    /// Status of the answer, if there was one.
    pub status: Option<u16>,
    /// The message, at most 300 characters.
    pub message: String,
    /// When, since the start of the run.
    pub at: Nanos,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // An import compares what it was given with what is stored.
        #[test]
        fn a_share_is_read_back_to_its_last_bit(peak in 0.0..10.0_f64) {
            let queued = Queued { peak: Ratio(peak), ..Queued::default() };
            let used = WorkerUse { peak: Ratio(peak), queued: Some(queued), ..WorkerUse::default() };
            let text = serde_json::to_string(&used).unwrap();
            prop_assert_eq!(serde_json::from_str::<WorkerUse>(&text).unwrap(), used);
        }
    }
}
