//! How many requests took how long, over time.

use crate::histogram::Histogram;
use crate::units::{Nanos, count_to_f64, f64_to_u64};

/// Rows for each factor of ten.
const PER_DECADE: f64 = 8.0;

/// Rows from a nanosecond to beyond any response time: ten and a half days.
const ROWS: usize = 120;

/// Columns at most: more can't be told apart on a screen.
const MOST_COLUMNS: u64 = 160;

/// Counts of response times by time (columns) and by duration (rows, on a logarithmic scale).
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// How long one column is.
    pub column: Nanos,
    columns: Vec<Vec<u64>>,
}

impl Heat {
    /// An empty one for a run of this length, of intervals of this length.
    pub fn new(lasted: Nanos, interval: Nanos) -> Self {
        let intervals = lasted.0.div_ceil(interval.0.max(1)).max(1);
        let together = intervals.div_ceil(MOST_COLUMNS);
        Self { column: Nanos(interval.0.max(1).saturating_mul(together)), columns: Vec::new() }
    }

    /// Adds what came in an interval that began at `start`; what begins beyond the run's end is in
    /// the last column.
    pub fn add(&mut self, start: Nanos, histogram: &Histogram) {
        let at = start.0.div_euclid(self.column.0).min(2 * MOST_COLUMNS);
        let at = usize::try_from(at).unwrap_or_default();
        if self.columns.len() <= at {
            self.columns.resize_with(at + 1, || vec![0; ROWS]);
        }
        let Some(column) = self.columns.get_mut(at) else { return };
        for (value, count) in histogram.values() {
            if let Some(cell) = column.get_mut(row_of(value)) {
                *cell += count;
            }
        }
    }

    /// The rows that have values, from the first to the last: their numbers; `None` when there are
    /// none.
    pub fn rows(&self) -> Option<(usize, usize)> {
        let used = |row: &usize| {
            self.columns.iter().any(|column| column.get(*row).is_some_and(|count| *count > 0))
        };
        Some(((0..ROWS).find(used)?, (0..ROWS).rfind(used)?))
    }

    /// Each cell that has values: column, row, and how many.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, u64)> + '_ {
        let columns = self.columns().enumerate();
        columns.flat_map(|(at, column)| column.map(move |(row, count)| (at, row, count)))
    }

    /// The columns one after another: of each, the rows that have values, and how many.
    pub fn columns(
        &self,
    ) -> impl Iterator<Item = impl Iterator<Item = (usize, u64)> + Clone + '_> + '_ {
        self.columns.iter().map(|column| {
            let cells = column.iter().copied().enumerate();
            cells.filter(|(_, count)| *count > 0)
        })
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The shortest duration of a row.
    pub fn bottom(row: usize) -> Nanos {
        let row = f64::from(u32::try_from(row).unwrap_or(u32::MAX));
        Nanos(f64_to_u64(10.0_f64.powf(row / PER_DECADE)))
    }
}

fn row_of(value: Nanos) -> usize {
    let decades = count_to_f64(value.0.max(1)).log10();
    let row = usize::try_from(f64_to_u64((decades * PER_DECADE).floor())).unwrap_or(ROWS);
    row.min(ROWS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_row_of_its_duration_and_the_column_of_its_time() {
        let mut heat = Heat::new(Nanos::from_secs(320), Nanos::SECOND);
        assert_eq!(heat.column, Nanos::from_secs(2));
        let mut histogram = Histogram::new();
        histogram.record(Nanos::from_millis(1));
        histogram.record(Nanos::from_millis(1));
        histogram.record(Nanos::from_millis(100));
        heat.add(Nanos::from_secs(5), &histogram);
        let cells: Vec<_> = heat.cells().collect();
        assert_eq!(cells.iter().map(|(at, _, n)| (*at, *n)).collect::<Vec<_>>(), [(2, 2), (2, 1)]);
        let (low, high) = heat.rows().unwrap();
        assert!(Heat::bottom(low) <= Nanos::from_millis(1) && high - low == 16);
        assert!(Heat::bottom(high + 1) > Nanos::from_millis(100));
    }

    #[test]
    fn a_run_of_two_days_has_no_more_columns_than_a_screen() {
        let day = Nanos::from_secs(86_400);
        let mut heat = Heat::new(day + day, Nanos::SECOND);
        let mut histogram = Histogram::new();
        histogram.record(Nanos(u64::MAX));
        histogram.record(Nanos::ZERO);
        heat.add(day + day, &histogram);
        assert!(heat.len() <= 161, "{}", heat.len());
        assert_eq!(heat.cells().map(|(_, _, count)| count).sum::<u64>(), 2);
    }
}
