//! The run record: everything one run saw, immutable and versioned.
//!
//! `RunRecord` is the only thing that passes from measuring to judging. Gate and report cannot
//! tell a stored run from one that has just ended.

pub mod archive;
mod baseline_name;
mod counts;
mod criteria;
mod evidence;
mod fingerprint;
mod format;
mod header;
mod integrity;
mod interval;
mod logs;
mod observation;
mod policy;
mod pool;
mod reading;
mod stored_tally;
mod system_reading;
mod totals;

pub use baseline_name::{BaselineName, BaselineNameError};
pub use counts::Counts;
pub use criteria::{Criterion, Group};
pub use evidence::{Attestation, CheckOutcome, CheckReport, CheckRow, CheckStep, Stand};
pub use fingerprint::fingerprint;
pub use format::{FORMAT, FormatError, FormatVersion};
pub use header::{
    End, ErrorSample, FeatureStep, Generator, Header, Load, Machine, Origin, PhaseInfo,
    PrecisionText, Queued, Repetition, StopReason, TargetInfo, ThresholdText, ValidityPolicy,
    WorkerUse,
};
pub use integrity::{Answered, Asserted, Created};
pub use interval::{Cell, EncodedCell, Gauges, Interval, Tally};
pub use logs::{LogCount, LogRuleText, LogSourceRead, LogSourceText, LogsRead, LogsText};
pub use observation::{Checkpoint, Gap, Moment, Observation, WindowText};
pub use policy::{Compared, Figure, Lines, Policy, SeriesRule};
pub use pool::pool;
pub use reading::{DatabaseReading, Reading};
pub use stored_tally::StoredTally;
pub use system_reading::{ContainerReading, HostReading, ProcessReading};
pub use totals::{Bank, Pick, Totals};

use crate::names::Catalogue;

/// Everything one run saw.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Who, what, when and how: known when the run starts.
    pub header: Header,
    /// All series that the run has.
    pub catalogue: Catalogue,
    /// All intervals added up, by phase, series and metric.
    pub totals: Totals,
    /// The run second by second, encoded.
    pub intervals: Vec<Interval>,
    /// How it ended; `None` for a run that was killed and is unfinished.
    pub end: Option<End>,
}
