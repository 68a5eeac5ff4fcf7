//! One row of what monitors read.

use crate::report::figures::{self, NOTHING};
use crate::units::{Nanos, Ratio, count_to_f64, f64_to_u64, format_nanos};

/// The values of one reading in measured phases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingRow {
    /// What it is, with the unit last: `db.oldest_transaction_s`.
    pub name: String,
    /// The least; `None` when nothing was read.
    pub min: Option<f64>,
    /// The mean of what was read.
    pub mean: Option<f64>,
    /// The most.
    pub max: Option<f64>,
    /// The limit of a staging test, if there is one.
    pub limit: Option<String>,
    /// Whether it holds; `None` without a limit, and when it is not known.
    pub holds: Option<bool>,
}

impl ReadingRow {
    /// One of its values for people, in the unit that the name ends with.
    pub(in crate::report) fn text(&self, value: Option<f64>) -> String {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            return NOTHING.to_owned();
        };
        let seconds = |seconds| format_nanos(Nanos::from_secs_f64(seconds));
        match self.name.rsplit('_').next() {
            Some("use") => Ratio(value).to_string(),
            Some("ms") => seconds(value / 1e3),
            Some("s") => seconds(value),
            Some(_) | None => {
                let whole = f64_to_u64(value);
                let is_whole = (count_to_f64(whole) - value).abs() < 1e-9;
                if is_whole { figures::count(whole) } else { format!("{value:.1}") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_in_the_unit_of_its_name() {
        let shown = |name: &str, value: f64| {
            let row = ReadingRow { name: name.to_owned(), ..ReadingRow::default() };
            row.text(Some(value))
        };
        assert_eq!(shown("db.pool_use", 0.875), "87.5 %");
        assert_eq!(shown("db.statement_mean_ms", 61.5), "61.5 ms");
        assert_eq!(shown("shop.db.oldest_transaction_s", 0.25), "250 ms");
        assert_eq!(shown("db.connections", 1_234.0), "1,234");
        assert_eq!(shown("db.connections", 2.25), "2.2");
        assert_eq!(shown("db.connections", -3.0), "-3.0");
        assert_eq!(shown("other", f64::INFINITY), NOTHING);
        assert_eq!(ReadingRow::default().text(None), NOTHING);
    }
}
