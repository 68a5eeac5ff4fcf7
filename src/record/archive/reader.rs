//! Reading a baseline file: any bytes are read, and only a baseline is accepted.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use serde::de::DeserializeOwned;

use super::{
    Archive, ArchiveError, BaselineName, Catalogue, Counts, Digest, EncodedCell, Engine, First,
    FormatVersion, Header, Interval, LONGEST, LONGEST_LINE, LONGEST_RUN, Line, MARK, MOST,
    MOST_PHASES, MOST_RUNS, Mark, RunRecord, STANDARD, Sha256, StoredCell, StoredInterval,
    StoredTally, Tally, ends_in_time, has_fit_phases, hexadecimal, is_in_time, too_long,
    too_long_a_line, too_many_runs,
};
use crate::names::MAX_SERIES;
use crate::record::Totals;

/// How every gzip file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Most characters of a run's id.
const LONGEST_ID: usize = 200;

/// The runs of a file, one after the other: a baseline of many runs would not fit into memory.
///
/// Only at its end does a file show whether it is whole. So whoever acts on the runs reads all of
/// them before, and throws them away.
#[derive(Debug)]
pub struct Records<'a> {
    /// Name of the baseline.
    pub name: BaselineName,
    lines: Lines<'a>,
    /// Runs that are still to come; `None` when the end was read, or something was wrong.
    left: Option<u64>,
    ids: BTreeSet<String>,
}

/// Where the lines come from.
#[derive(Debug)]
enum Input<'a> {
    Packed(BufReader<GzDecoder<&'a [u8]>>),
    Inflated(&'a [u8]),
}

/// Opens what [`super::write`] wrote.
///
/// The bytes may be anything. What a baseline may hold has limits: [`LONGEST`], [`LONGEST_LINE`],
/// [`MOST_RUNS`], [`MOST`], [`LONGEST_RUN`], [`MOST_PHASES`]. Totals are decoded here; the intervals' distributions where they are
/// used, as with every record.
pub fn records(bytes: &[u8]) -> Result<Records<'_>, ArchiveError> {
    if !bytes.starts_with(&GZIP) {
        return Err(ArchiveError::NotABaseline);
    }
    Records::open(Input::Packed(BufReader::new(GzDecoder::new(bytes))))
}

/// Reads a whole file, as [`records`].
pub fn read(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    records(bytes)?.all()
}

/// As [`read`], of the lines without their compression.
pub fn read_inflated(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    Records::open(Input::Inflated(bytes))?.all()
}

impl<'a> Records<'a> {
    fn open(input: Input<'a>) -> Result<Self, ArchiveError> {
        let mut lines = Lines { input, number: 0, left: LONGEST, sum: Sha256::new() };
        let first = lines.first()?;
        let name: BaselineName = first.name.parse().map_err(|error| lines.damaged(&error))?;
        if first.runs > MOST_RUNS {
            return Err(too_many_runs());
        }
        Ok(Self { name, lines, left: Some(first.runs), ids: BTreeSet::new() })
    }

    fn all(mut self) -> Result<Archive, ArchiveError> {
        let records = self.by_ref().collect::<Result<Vec<_>, _>>()?;
        Ok(Archive { name: self.name, records })
    }

    fn one(&mut self) -> Result<RunRecord, ArchiveError> {
        let header = self.lines.header()?;
        if !self.ids.insert(header.id.clone()) {
            return Err(self.lines.damaged(&format!("the run `{}` is in it twice", header.id)));
        }
        self.lines.record(header)
    }

    /// The last line, and that nothing follows it.
    fn end(&mut self) -> Result<(), ArchiveError> {
        let sum = hexadecimal(self.lines.sum.clone());
        let Line::Sha256(kept) = self.lines.next()? else {
            return Err(self.lines.damaged(&"the checksum is expected here"));
        };
        if kept != sum {
            return Err(self.lines.damaged(&"the checksum is that of another file"));
        }
        let line = self.lines.number;
        let follows = self.lines.bytes()?.is_some();
        let behind = match &self.lines.input {
            Input::Packed(inflated) => !inflated.get_ref().get_ref().is_empty(),
            Input::Inflated(_) => false,
        };
        if follows {
            return Err(self.lines.damaged(&"something follows its end"));
        }
        if behind {
            let detail = "something follows its end".to_owned();
            return Err(ArchiveError::Damaged { line, detail });
        }
        Ok(())
    }
}

impl Iterator for Records<'_> {
    type Item = Result<RunRecord, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.left.take()?;
        let Some(rest) = left.checked_sub(1) else { return self.end().err().map(Err) };
        let record = self.one();
        self.left = record.is_ok().then_some(rest);
        Some(record)
    }
}

/// The lines of a file, one after the other.
#[derive(Debug)]
struct Lines<'a> {
    input: Input<'a>,
    /// The line that was read last, from 1 on.
    number: u64,
    /// Bytes that may still come.
    left: u64,
    /// Of all lines so far.
    sum: Sha256,
}

impl Lines<'_> {
    fn first(&mut self) -> Result<First, ArchiveError> {
        let bytes = self.bytes()?.ok_or(ArchiveError::Truncated { line: 0 })?;
        let mark: Mark =
            serde_json::from_slice(&bytes).map_err(|_other| ArchiveError::NotABaseline)?;
        if mark.loadgate != MARK {
            return Err(ArchiveError::NotABaseline);
        }
        check_format(mark.format)?;
        self.document(&bytes)
    }

    fn header(&mut self) -> Result<Header, ArchiveError> {
        let Line::Header(header) = self.next()? else {
            return Err(self.damaged(&"the header of a run is expected here"));
        };
        check_format(header.format)?;
        let set = header.repetition.as_ref().map_or("-", |repetition| &repetition.set);
        if !is_id(&header.id) || !is_id(set) {
            return Err(self.damaged(&"this is no id of a run"));
        }
        if !has_fit_phases(&header) {
            let limit = format!("a run takes at most {LONGEST_RUN} and {MOST_PHASES} phases");
            return Err(self.damaged(&limit));
        }
        Ok(*header)
    }

    /// The rest of a run.
    fn record(&mut self, header: Header) -> Result<RunRecord, ArchiveError> {
        let Line::Series(catalogue) = self.next()? else {
            return Err(self.damaged(&"the series of a run are expected here"));
        };
        if catalogue.len() > MAX_SERIES {
            return Err(self.damaged(&format!("more than {MAX_SERIES} series")));
        }
        let totals = self.totals(&catalogue)?;
        let mut intervals = Vec::new();
        let mut line = self.next()?;
        while let Line::Interval(stored) = line {
            intervals.push(self.interval(&catalogue, stored)?);
            line = self.next()?;
        }
        let Line::End(end) = line else {
            return Err(self.damaged(&"an interval or the end of a run is expected here"));
        };
        let end = end.map(|end| *end);
        if !end.as_ref().is_none_or(ends_in_time) {
            return Err(self.beyond_time());
        }
        Ok(RunRecord { header, catalogue, totals, intervals, end })
    }

    fn totals(&mut self, catalogue: &Catalogue) -> Result<Totals, ArchiveError> {
        let Line::Totals(cells) = self.next()? else {
            return Err(self.damaged(&"the totals of a run are expected here"));
        };
        let mut totals = Totals::default();
        for cell in self.cells(catalogue, cells)? {
            totals.add_cell(&cell.decode().map_err(|error| self.damaged(&error))?);
        }
        let Line::Tallies(tallies) = self.next()? else {
            return Err(self.damaged(&"the counts of a run are expected here"));
        };
        self.tallies(catalogue, tallies)?.iter().for_each(|tally| totals.add_tally(tally));
        Ok(totals)
    }

    fn interval(
        &self,
        catalogue: &Catalogue,
        stored: StoredInterval,
    ) -> Result<Interval, ArchiveError> {
        let interval = Interval {
            start: stored.start,
            length: stored.length,
            cells: self.cells(catalogue, stored.cells)?,
            tallies: self.tallies(catalogue, stored.tallies)?,
            gauges: stored.gauges,
        };
        if is_in_time(&interval) { Ok(interval) } else { Err(self.beyond_time()) }
    }

    fn cells(
        &self,
        catalogue: &Catalogue,
        stored: Vec<StoredCell>,
    ) -> Result<Vec<EncodedCell>, ArchiveError> {
        let mut seen = BTreeSet::new();
        let mut cells = Vec::with_capacity(stored.len());
        for cell in stored {
            if catalogue.get(cell.series).is_none() || cell.beyond > MOST {
                return Err(self.damaged(&"a number is out of its range"));
            }
            if !seen.insert((cell.phase, cell.series, cell.metric)) {
                return Err(self.damaged(&"a distribution is in it twice"));
            }
            cells.push(EncodedCell {
                phase: cell.phase,
                series: cell.series,
                metric: cell.metric,
                bytes: STANDARD.decode(&cell.histogram).map_err(|error| self.damaged(&error))?,
                beyond: cell.beyond,
            });
        }
        Ok(cells)
    }

    fn tallies(
        &self,
        catalogue: &Catalogue,
        stored: Vec<StoredTally>,
    ) -> Result<Vec<Tally>, ArchiveError> {
        let tallies: Vec<Tally> = stored.into_iter().map(Tally::from).collect();
        let mut seen = BTreeSet::new();
        for tally in &tallies {
            if catalogue.get(tally.series).is_none() || !is_countable(&tally.counts) {
                return Err(self.damaged(&"a number is out of its range"));
            }
            if !seen.insert((tally.phase, tally.series)) {
                return Err(self.damaged(&"counts are in it twice"));
            }
        }
        Ok(tallies)
    }

    /// The next line, which has to be there.
    fn next(&mut self) -> Result<Line, ArchiveError> {
        let bytes = self.bytes()?.ok_or(ArchiveError::Truncated { line: self.number })?;
        self.document(&bytes)
    }

    /// The bytes of the next line; `None` at the end.
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, ArchiveError> {
        let limit = LONGEST_LINE.min(self.left);
        let mut bytes = Vec::new();
        let line = match &mut self.input {
            Input::Packed(inflated) => inflated.take(limit + 1).read_until(b'\n', &mut bytes),
            Input::Inflated(lines) => lines.take(limit + 1).read_until(b'\n', &mut bytes),
        };
        let length = line.map_err(|error| self.unreadable(&error))?;
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if length > limit {
            return Err(if limit < LONGEST_LINE { too_long() } else { too_long_a_line() });
        }
        if length == 0 {
            return Ok(None);
        }
        if bytes.last() != Some(&b'\n') {
            return Err(ArchiveError::Truncated { line: self.number });
        }
        self.left -= length;
        self.number += 1;
        self.sum.update(&bytes);
        Ok(Some(bytes))
    }

    fn document<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, ArchiveError> {
        serde_json::from_slice(bytes).map_err(|error| self.damaged(&error))
    }

    fn damaged(&self, detail: &impl ToString) -> ArchiveError {
        ArchiveError::Damaged { line: self.number, detail: detail.to_string() }
    }

    fn beyond_time(&self) -> ArchiveError {
        self.damaged(&format!("a time is beyond {LONGEST_RUN}"))
    }

    /// What the decompressor says; the line it says it of is the one that was to come.
    fn unreadable(&self, error: &io::Error) -> ArchiveError {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return ArchiveError::Truncated { line: self.number };
        }
        ArchiveError::Damaged { line: self.number + 1, detail: error.to_string() }
    }
}

fn check_format(found: FormatVersion) -> Result<(), ArchiveError> {
    found.check_readable().map_err(|_age| ArchiveError::Format { found })
}

/// Whether a text can be the id of a run: it is shown on terminals and named in commands.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(plain)
}

/// Whether no count is beyond [`MOST`].
fn is_countable(counts: &Counts) -> bool {
    let Counts {
        started,
        errors,
        checks_passed,
        checks_failed,
        sent_bytes,
        received_bytes,
        connections,
        dropped,
        relogins,
        resent,
        unsent,
    } = counts;
    [started, checks_passed, checks_failed, sent_bytes, received_bytes, connections]
        .into_iter()
        .chain([dropped, relogins, resent, unsent])
        .chain(errors)
        .all(|count| *count <= MOST)
}
