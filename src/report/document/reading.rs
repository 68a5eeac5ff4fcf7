//! One row of what monitors read.

use crate::report::figures::NOTHING;
use crate::units::ReadingUnit;

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
    /// The limit of the scenario, else that of a staging test, if there is one.
    pub limit: Option<String>,
    /// Whether it holds; `None` without a limit, and when it is not known.
    pub holds: Option<bool>,
    /// What was held against the limit.
    pub judged: Option<String>,
    /// Whether the limit is the scenario's own, so that the run fails when it is missed.
    pub decides: bool,
}

impl ReadingRow {
    /// One of its values for people, in the unit that the name ends with.
    pub(in crate::report) fn text(&self, value: Option<f64>) -> String {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            return NOTHING.to_owned();
        };
        ReadingUnit::of(&self.name).text(value)
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
