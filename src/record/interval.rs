//! One second of a run (one minute of an observation).

use serde::{Deserialize, Serialize};

use super::{Checkpoint, Counts, Gap, LogsRead, Reading};
use crate::histogram::{DecodeError, Encoder, Histogram};
use crate::names::{Metric, SeriesId};
use crate::units::Nanos;

/// All series over one second. An interval in memory is as small as on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interval {
    /// Start since the start of the run.
    pub start: Nanos,
    /// Length; the last one of a run may be shorter.
    pub length: Nanos,
    /// Distributions that have at least one value.
    pub cells: Vec<EncodedCell>,
    /// Counts that are not all zero.
    pub tallies: Vec<Tally>,
    /// Numbers of this moment.
    pub gauges: Gauges,
}

/// Numbers that hold at the end of an interval, or over it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gauges {
    /// Virtual users that are in a journey.
    pub active_users: u64,
    /// CPU time that the generator used in the interval.
    pub generator_cpu: Nanos,
    /// What monitors read in the interval, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
    /// What was found in logs in the interval.
    #[serde(default, skip_serializing_if = "LogsRead::is_empty")]
    pub logs: LogsRead,
    /// In an observation the wall clock at the interval's start, nanoseconds since 1970-01-01 UTC:
    /// what people call that time, whatever was done to the clock meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_unix_ns: Option<u64>,
    /// What is missing of an observation before this interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// What an observation goes on from after this interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Box<Checkpoint>>,
}

/// One distribution of one interval, or of the whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Index of the phase in which the request was meant to start.
    pub phase: u8,
    /// Which series.
    pub series: SeriesId,
    /// What it measures.
    pub metric: Metric,
    /// The values.
    pub histogram: Histogram,
}

/// A [`Cell`] as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedCell {
    /// Index of the phase.
    pub phase: u8,
    /// Which series.
    pub series: SeriesId,
    /// What it measures.
    pub metric: Metric,
    /// HDR V2, deflated.
    pub bytes: Vec<u8>,
    /// Values beyond the histogram's range.
    pub beyond: u64,
}

impl Cell {
    /// The stored form.
    pub fn encode(&self) -> EncodedCell {
        let place = (self.phase, self.series, self.metric);
        EncodedCell::of(place, &self.histogram, &mut Encoder::new())
    }
}

impl EncodedCell {
    /// The stored form of a distribution that is somewhere else, and its place.
    pub fn of(
        (phase, series, metric): (u8, SeriesId, Metric),
        histogram: &Histogram,
        encoder: &mut Encoder,
    ) -> Self {
        let (bytes, beyond) = (encoder.encode(histogram), histogram.beyond());
        Self { phase, series, metric, bytes, beyond }
    }

    /// The distribution itself.
    pub fn decode(&self) -> Result<Cell, DecodeError> {
        Ok(Cell {
            phase: self.phase,
            series: self.series,
            metric: self.metric,
            histogram: Histogram::decode(&self.bytes, self.beyond)?,
        })
    }
}

/// What was counted of one series in one interval and phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Index of the phase.
    pub phase: u8,
    /// Which series.
    pub series: SeriesId,
    /// The numbers.
    pub counts: Counts,
}
