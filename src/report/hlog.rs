//! HdrHistogram's log, version 1.3: every interval of a run, one tag a series and metric, for the
//! tools around HdrHistogram.
//!
//! Values are nanoseconds. As in `HistogramLogWriter`, times are seconds and `Interval_Max` is the
//! largest value divided by a million, so here it is milliseconds.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::figures;
use crate::histogram::{DecodeError, Histogram};
use crate::names::{Metric, Series, SeriesId};
use crate::record::{Interval, RunRecord};
use crate::units::Nanos;

/// Which phases go into a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phases {
    /// Those whose figures count.
    Measured,
    /// Warm-up as well.
    All,
}

/// The log of `record`. Phases that meet in one interval are added up.
pub fn render(record: &RunRecord, phases: Phases) -> Result<String, DecodeError> {
    let started = record.header.started_unix_ns;
    let mut lines = vec![
        format!("#[loadgate run {}]", escape(&record.header.id)),
        "#[Histogram log format version 1.3]".to_owned(),
        format!(
            "#[StartTime: {} (seconds since epoch), {}]",
            seconds(Nanos(started)),
            figures::rfc3339(started)
        ),
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\
         \"Interval_Compressed_Histogram\""
            .to_owned(),
    ];
    if record.end.is_none() {
        // Comments stand before the heads of the columns.
        lines.insert(1, "#[the run is unfinished]".to_owned());
    }
    for interval in &record.intervals {
        for ((series, metric), histogram) in merged(record, interval, phases)? {
            let Some(series) = record.catalogue.get(series) else { continue };
            lines.push(line(&tag(series, metric), interval, &histogram));
        }
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

/// The distributions of one interval over the chosen phases.
fn merged(
    record: &RunRecord,
    interval: &Interval,
    phases: Phases,
) -> Result<BTreeMap<(SeriesId, Metric), Histogram>, DecodeError> {
    let counts = |phase: u8| {
        let phase = record.header.load.phases.get(usize::from(phase));
        phases == Phases::All || phase.is_some_and(|phase| phase.measure)
    };
    let mut merged: BTreeMap<(SeriesId, Metric), Histogram> = BTreeMap::new();
    for cell in interval.cells.iter().filter(|cell| counts(cell.phase)) {
        let histogram = merged.entry((cell.series, cell.metric)).or_default();
        histogram.merge_encoded(&cell.bytes, cell.beyond)?;
    }
    Ok(merged)
}

fn line(tag: &str, interval: &Interval, histogram: &Histogram) -> String {
    let max = histogram.max().unwrap_or_default();
    format!(
        "Tag={tag},{},{},{:.3},{}",
        seconds(interval.start),
        seconds(interval.length),
        max.as_millis_f64(),
        STANDARD.encode(histogram.encode())
    )
}

/// Seconds to the millisecond.
fn seconds(nanos: Nanos) -> String {
    let millis = nanos.0.div_euclid(1_000_000);
    format!("{}.{:03}", millis.div_euclid(1_000), millis.rem_euclid(1_000))
}

/// `http_req_response|customer|View%20farm%20list|GET%20/api/farms`: the metric, and what names
/// the series: journey, step, name, the endpoint of a query, and how that is known of one that the
/// tap saw, as far as they are not empty.
pub fn tag(series: &Series, metric: Metric) -> String {
    let Series { kind: _, name, journey, step, endpoint, tapped } = series;
    let parts = [journey, step, name, endpoint].into_iter().filter(|part| !part.is_empty());
    let cause = tapped.as_ref().map(|tapped| tapped.cause.word().to_owned());
    let parts: Vec<String> = parts.map(|part| escape(part)).chain(cause).collect();
    format!("{}|{}", metric.word(), parts.join("|"))
}

/// Percent-encodes what ends a tag or a line, what divides its parts, and the sign itself.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() || "%,|[]".contains(character) {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string can't fail.
                let written = write!(escaped, "%{byte:02X}");
                debug_assert!(written.is_ok(), "a string takes everything");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::SeriesKind;

    #[test]
    fn a_tag_has_no_comma_and_no_space() {
        let series = Series {
            kind: SeriesKind::Endpoint,
            name: "GET /a,b".to_owned(),
            journey: "customer".to_owned(),
            step: "100 %|\n\u{a0}".to_owned(),
            endpoint: String::new(),
            tapped: None,
        };
        assert_eq!(
            tag(&series, Metric::Response),
            "http_req_response|customer|100%20%25%7C%0A%C2%A0|GET%20/a%2Cb"
        );
    }

    #[test]
    fn times_are_seconds_to_the_millisecond() {
        assert_eq!(seconds(Nanos(1_767_323_045_123_456_789)), "1767323045.123");
        assert_eq!(seconds(Nanos::from_millis(50)), "0.050");
    }
}
