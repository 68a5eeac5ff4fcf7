//! Rows that feed journeys and sessions.

use std::sync::Arc;

use super::Dice;
use super::dice::mix;
use crate::scenario::FeederPick;

/// A table of values from a CSV file.
#[derive(Debug)]
pub struct Feeder {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows, each as long as the columns.
    pub rows: Vec<Vec<Arc<str>>>,
}

/// Rows of a table that one journey or session draws from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The table.
    pub feeder: Arc<Feeder>,
    /// Rows that may be drawn; never empty.
    pub rows: Arc<[usize]>,
    /// How they are drawn.
    pub pick: FeederPick,
}

/// One thing that is wrong with a CSV file.
#[derive(Debug, PartialEq, Eq)]
pub struct DataError {
    /// Line in the file, from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

impl Feeder {
    /// The most rows of one file.
    pub const MAX_ROWS: usize = 5_000_000;

    /// Reads a CSV file (RFC 4180) with a header line; reports all broken rows.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<DataError>> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let error = |line: u64, message: String| DataError { line, message };
        let columns: Vec<String> = match reader.headers() {
            Ok(headers) => headers.iter().map(|name| name.trim().to_owned()).collect(),
            Err(broken) => return Err(vec![error(1, broken.to_string())]),
        };
        let mut errors = header_errors(&columns);
        let mut rows = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) if record.len() == columns.len() => {
                    rows.push(record.iter().map(Arc::from).collect());
                }
                Ok(record) => {
                    let line = record.position().map_or(0, |at| line_of(bytes, at));
                    let (has, needs) = (record.len(), columns.len());
                    let message = format!("the row has {has} fields, the header has {needs}");
                    errors.push(error(line, message));
                }
                Err(broken) => {
                    let line = broken.position().map_or(0, |at| line_of(bytes, at));
                    errors.push(error(line, broken.to_string()));
                }
            }
            if rows.len() > Self::MAX_ROWS || errors.len() >= 20 {
                errors.push(error(0, format!("reading stopped after {} rows", rows.len())));
                break;
            }
        }
        if errors.is_empty() && rows.is_empty() {
            errors.push(error(1, "the file has a header and no rows".to_owned()));
        }
        if errors.is_empty() { Ok(Self { columns, rows }) } else { Err(errors) }
    }

    /// The value of a row's column.
    pub fn value(&self, row: usize, column: usize) -> Option<&Arc<str>> {
        self.rows.get(row)?.get(column)
    }
}

/// The line of a row: its position is that of the blank lines before it.
fn line_of(bytes: &[u8], position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = bytes.get(start..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let lines = blank.filter(|byte| **byte == b'\n').count();
    position.line() + u64::try_from(lines).unwrap_or_default()
}

fn header_errors(columns: &[String]) -> Vec<DataError> {
    let error = |message: String| DataError { line: 1, message };
    let mut errors = Vec::new();
    for (at, name) in columns.iter().enumerate() {
        if name.is_empty() {
            errors.push(error(format!("column {} has no name", at + 1)));
        } else if columns.iter().take(at).any(|earlier| earlier == name) {
            errors.push(error(format!("there are two columns `{name}`")));
        }
    }
    errors
}

impl Source {
    /// The row for the `number`-th draw; `None` where the worker chooses among free rows.
    pub fn row(&self, number: u64, seed: u64, dice: &mut Dice) -> Option<usize> {
        let length = u64::try_from(self.rows.len()).ok().filter(|length| *length > 0)?;
        let at = match self.pick {
            FeederPick::Unique => return None,
            FeederPick::Random => dice.below(length),
            FeederPick::Sequential => number.rem_euclid(length),
            FeederPick::Shuffle => {
                let round = number.div_euclid(length);
                shuffled(number.rem_euclid(length), length, mix(seed ^ mix(round)))
            }
        };
        self.rows.get(usize::try_from(at).ok()?).copied()
    }
}

/// The place of `at` in a random order of `0..length`, without a list in memory.
///
/// A Feistel network over the next power of four with cycle walking (Black and Rogaway 2002):
/// every place occurs exactly once in each round.
fn shuffled(at: u64, length: u64, key: u64) -> u64 {
    let bits = (u64::BITS - (length - 1).leading_zeros()).max(2);
    let half = bits.div_ceil(2);
    let mask = (1_u64 << half) - 1;
    let mut value = at;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..4_u64 {
            (left, right) = (right, left ^ (mix(key ^ mix(right ^ (round << 60))) & mask));
        }
        value = (left << half) | right;
        if value < length {
            return value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(rows: usize, pick: FeederPick) -> Source {
        let feeder = Feeder { columns: vec!["n".to_owned()], rows: vec![vec!["x".into()]; rows] };
        Source { feeder: Arc::new(feeder), rows: (0..rows).collect(), pick }
    }

    #[test]
    fn sequential_rows_begin_again() {
        let source = source(3, FeederPick::Sequential);
        let mut dice = Dice::new(0, 0);
        let rows: Vec<_> = (0..5).filter_map(|n| source.row(n, 1, &mut dice)).collect();
        assert_eq!(rows, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn every_round_of_a_shuffle_has_every_row_once_in_another_order() {
        for length in [1, 2, 3, 10, 1_000] {
            let source = source(length, FeederPick::Shuffle);
            let mut dice = Dice::new(0, 0);
            let mut draw = |range: std::ops::Range<usize>| -> Vec<usize> {
                range.filter_map(|n| source.row(u64::try_from(n).unwrap(), 9, &mut dice)).collect()
            };
            let (first, second) = (draw(0..length), draw(length..2 * length));
            for round in [&first, &second] {
                let mut sorted = round.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..length).collect::<Vec<_>>());
            }
            assert!(length < 10 || first != second);
        }
    }

    #[test]
    fn all_broken_rows_are_named() {
        let errors = Feeder::parse(b"a,b,a\n1,2,3\n1,2\n\n1,2,3,4\n").unwrap_err();
        let shown: Vec<_> = errors.iter().map(|e| (e.line, e.message.as_str())).collect();
        assert_eq!(
            shown,
            [
                (1, "there are two columns `a`"),
                (3, "the row has 2 fields, the header has 3"),
                (5, "the row has 4 fields, the header has 3"),
            ]
        );
        assert!(Feeder::parse(b"a\n").is_err());
        assert!(Feeder::parse(b"a\n\xff\xfe\n").is_err());
    }
}
