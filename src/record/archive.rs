//! A baseline as one file, which can live in git: its runs with what a gate looks at.
//!
//! The file is a gzip of lines of JSON. The first says what it is. Then come, for each run, its
//! header, its series, its totals, what was counted in all, its intervals and its end, each on a
//! line of its own. The last line holds the SHA-256 of all lines before it. Distributions are HDR
//! V2 histograms, deflated, in base64.
//!
//! Totals and counts are whole. Of the intervals' distributions only those of [`KEPT`] are in the
//! file. A higher minor version of the format adds fields and no lines.

mod reader;

use std::fmt::Write as _;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
pub use reader::{Records, read, read_inflated, records};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    BaselineName, Counts, EncodedCell, End, FORMAT, FormatVersion, Gauges, Header, Interval,
    RunRecord, StoredTally, Tally,
};
use crate::names::{Catalogue, Metric, SeriesId};
use crate::units::Nanos;

/// Metrics whose distributions are kept second by second: all that can be compared. The thresholds
/// of a later candidate may ask for any of them.
pub const KEPT: [Metric; 4] = [Metric::Response, Metric::Duration, Metric::Waiting, Metric::Query];

/// Longest file when inflated: what a small file can make a reader work through.
pub const LONGEST: u64 = 1 << 30;

/// Longest line: the totals of the most series with every metric take half of it.
pub const LONGEST_LINE: u64 = 64 << 20;

/// Most runs of one baseline; twenty are many.
pub const MOST_RUNS: u64 = 1_000;

/// Most of anything that is counted: so many that their sum over all series and phases of a run
/// is still a number.
pub const MOST: u64 = 1 << 44;

/// The longest time in a run, and the latest: what is made of a run takes memory by its length.
pub const LONGEST_RUN: Nanos = Nanos::from_secs(31 * 86_400);

/// Most phases of a run: so many have a number.
pub const MOST_PHASES: usize = 256;

/// The word by which the file is known.
const MARK: &str = "baseline";

/// A baseline that is on its way from one store to another.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Its name.
    pub name: BaselineName,
    /// Its runs in the order of time.
    pub records: Vec<RunRecord>,
}

/// A baseline file that can't be read or written.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("this is not a baseline file")]
    NotABaseline,
    /// It was written by a loadgate with another format.
    #[error("the file was written by {} loadgate: format {found}", age(*found))]
    Format {
        /// The format of the file.
        found: FormatVersion,
    },
    /// It ends too early.
    #[error("the baseline file is truncated after line {line}")]
    Truncated {
        /// The last line that is whole.
        line: u64,
    },
    /// It is not what was written.
    #[error("the baseline file is damaged in line {line}: {detail}")]
    Damaged {
        /// The line, from 1 on, of the inflated file.
        line: u64,
        /// What was found.
        detail: String,
    },
    /// It is larger than what is read.
    #[error("the baseline is too large for one file: {limit}")]
    TooLarge {
        /// The limit that it exceeds.
        limit: String,
    },
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct First {
    loadgate: String,
    format: FormatVersion,
    name: String,
    runs: u64,
}

/// The part of the first line that every version of the format has.
#[derive(Deserialize)]
struct Mark {
    loadgate: String,
    format: FormatVersion,
}

/// Every further line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Header(Box<Header>),
    Series(Catalogue),
    Totals(Vec<StoredCell>),
    Tallies(Vec<StoredTally>),
    Interval(StoredInterval),
    End(Option<Box<End>>),
    Sha256(String),
}

#[derive(Serialize, Deserialize)]
struct StoredCell {
    phase: u8,
    series: SeriesId,
    metric: Metric,
    #[serde(default, skip_serializing_if = "is_zero")]
    beyond: u64,
    histogram: String,
}

#[derive(Serialize, Deserialize)]
struct StoredInterval {
    start: Nanos,
    length: Nanos,
    gauges: Gauges,
    tallies: Vec<StoredTally>,
    cells: Vec<StoredCell>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl ArchiveError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotABaseline => "name a file that `loadgate baseline export` has written",
            Self::Format { found } if found.major > FORMAT.major => "use a newer loadgate",
            Self::Format { .. } => "use the loadgate that wrote it",
            Self::Truncated { .. } | Self::Damaged { .. } => {
                "export the baseline again, or take the file from a backup"
            }
            Self::TooLarge { .. } => "make a baseline of fewer or shorter runs",
        }
    }
}

/// Which loadgate writes another format than this one.
fn age(found: FormatVersion) -> &'static str {
    if found.major > FORMAT.major { "a newer" } else { "an older" }
}

/// The file of a baseline. The same runs make the same bytes.
///
/// An error when it would be larger than what [`read`] takes.
pub fn write(archive: &Archive) -> Result<Vec<u8>, ArchiveError> {
    let runs = u64::try_from(archive.records.len()).unwrap_or(u64::MAX);
    let mut packer = Packer::new(&archive.name, runs)?;
    archive.records.iter().try_for_each(|record| packer.add(record))?;
    packer.finish()
}

/// Makes the file of a baseline, run by run.
#[derive(Debug)]
pub struct Packer {
    packed: GzEncoder<Vec<u8>>,
    sum: Sha256,
    /// Bytes that the file may still take.
    left: u64,
}

impl Packer {
    /// Begins the file of a baseline that will get so many runs.
    pub fn new(name: &BaselineName, runs: u64) -> Result<Self, ArchiveError> {
        if runs > MOST_RUNS {
            return Err(too_many_runs());
        }
        let mut file = Self {
            packed: GzEncoder::new(Vec::new(), Compression::best()),
            sum: Sha256::new(),
            left: LONGEST,
        };
        let (loadgate, name) = (MARK.to_owned(), name.to_string());
        file.line(&First { loadgate, format: FORMAT, name, runs })?;
        Ok(file)
    }

    /// Adds a run.
    pub fn add(&mut self, record: &RunRecord) -> Result<(), ArchiveError> {
        let RunRecord { header, intervals, end, .. } = record;
        let end = end.as_ref();
        if !has_fit_phases(header)
            || !intervals.iter().all(is_in_time)
            || !end.is_none_or(ends_in_time)
        {
            let limit = format!("a run takes at most {LONGEST_RUN} and {MOST_PHASES} phases");
            return Err(ArchiveError::TooLarge { limit });
        }
        self.line(&Line::Header(Box::new(record.header.clone())))?;
        self.line(&Line::Series(record.catalogue.clone()))?;
        let totals = record.totals.encode().iter().map(StoredCell::from).collect();
        self.line(&Line::Totals(totals))?;
        let tallies = record.totals.tallies().map(|tally| StoredTally::from(&tally)).collect();
        self.line(&Line::Tallies(tallies))?;
        for interval in &record.intervals {
            self.line(&Line::Interval(StoredInterval::from(interval)))?;
        }
        self.line(&Line::End(record.end.clone().map(Box::new)))
    }

    /// The whole file.
    pub fn finish(mut self) -> Result<Vec<u8>, ArchiveError> {
        let sum = hexadecimal(self.sum.clone());
        self.line(&Line::Sha256(sum))?;
        // Memory takes what it is given.
        Ok(self.packed.finish().unwrap_or_default())
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), ArchiveError> {
        // Texts, numbers and lists of them always have a JSON form, and memory takes it.
        let mut bytes = serde_json::to_vec(line).unwrap_or_default();
        bytes.push(b'\n');
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > LONGEST_LINE {
            return Err(too_long_a_line());
        }
        self.left = self.left.checked_sub(length).ok_or_else(too_long)?;
        self.sum.update(&bytes);
        let written = self.packed.write_all(&bytes);
        debug_assert!(written.is_ok(), "a baseline is written to memory");
        Ok(())
    }
}

impl From<&EncodedCell> for StoredCell {
    fn from(cell: &EncodedCell) -> Self {
        Self {
            phase: cell.phase,
            series: cell.series,
            metric: cell.metric,
            beyond: cell.beyond,
            histogram: STANDARD.encode(&cell.bytes),
        }
    }
}

impl From<&Interval> for StoredInterval {
    fn from(interval: &Interval) -> Self {
        let kept = interval.cells.iter().filter(|cell| KEPT.contains(&cell.metric));
        Self {
            start: interval.start,
            length: interval.length,
            gauges: interval.gauges.clone(),
            tallies: interval.tallies.iter().map(StoredTally::from).collect(),
            cells: kept.map(StoredCell::from).collect(),
        }
    }
}

/// Whether the phases are not too many, and each lies within [`LONGEST_RUN`].
fn has_fit_phases(header: &Header) -> bool {
    let phases = &header.load.phases;
    phases.len() <= MOST_PHASES
        && phases.iter().all(|phase| lies_in_time(phase.start, phase.length))
}

/// Whether an interval lies within [`LONGEST_RUN`].
fn is_in_time(interval: &Interval) -> bool {
    lies_in_time(interval.start, interval.length)
}

/// Whether a run ended within [`LONGEST_RUN`].
fn ends_in_time(end: &End) -> bool {
    end.lasted <= LONGEST_RUN
}

fn lies_in_time(start: Nanos, length: Nanos) -> bool {
    start + length <= LONGEST_RUN
}

fn too_many_runs() -> ArchiveError {
    ArchiveError::TooLarge { limit: format!("at most {MOST_RUNS} runs") }
}

fn too_long_a_line() -> ArchiveError {
    ArchiveError::TooLarge { limit: format!("at most {LONGEST_LINE} bytes a line") }
}

fn too_long() -> ArchiveError {
    ArchiveError::TooLarge { limit: format!("at most {LONGEST} bytes in all, inflated") }
}

fn hexadecimal(sum: Sha256) -> String {
    sum.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string can't fail.
        let written = write!(hex, "{byte:02x}");
        debug_assert!(written.is_ok(), "a string takes everything");
        hex
    })
}
