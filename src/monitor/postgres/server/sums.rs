//! All statements of a database in one row: little enough to be asked for again and again.

use super::{MonitorError, Server, count, get, millis, quoted};
use crate::monitor::postgres::Info;
use crate::units::{Nanos, count_to_f64};

/// What `pg_stat_statements` counts of all statements of a database together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// How often statements were executed.
    pub calls: u64,
    /// The sum of their times.
    pub total: Nanos,
    /// What the extension says of itself.
    pub info: Option<Info>,
    /// When the server was started, in seconds since 1970.
    pub started: f64,
}

impl Sums {
    /// The mean time of the statements since `earlier`, in milliseconds; `None` without statements,
    /// and when something was thrown away or counted anew in between.
    pub fn mean_ms_since(&self, earlier: &Self) -> Option<f64> {
        if self.info != earlier.info || self.started > earlier.started {
            return None;
        }
        let calls = self.calls.checked_sub(earlier.calls).filter(|calls| *calls > 0)?;
        let total = self.total.0.checked_sub(earlier.total.0).map(Nanos)?;
        Some(total.as_millis_f64() / count_to_f64(calls))
    }
}

impl Server {
    /// All statements of this database together, also those whose texts may not be seen, without
    /// loadgate's own.
    pub async fn sums(&mut self) -> Result<Sums, MonitorError> {
        let (columns, schema) = self.extension().await?;
        let view = |name: &str| format!("{}.{name}", quoted(&schema));
        let info = self.info(columns, &view("pg_stat_statements_info")).await?;
        let question = format!(
            "SELECT /* loadgate */ coalesce(sum(s.calls), 0)::int8, \
             coalesce(sum(s.{}), 0)::float8, \
             extract(epoch FROM pg_postmaster_start_time())::float8 FROM {} s \
             JOIN pg_catalog.pg_database d ON d.oid = s.dbid WHERE d.datname = \
             current_database() AND s.query NOT LIKE 'SELECT /* loadgate */%'",
            columns.total(),
            view("pg_stat_statements"),
        );
        let rows = self.all(&question).await?;
        let row = rows.first().ok_or(MonitorError::Ask(sqlx::Error::RowNotFound))?;
        let (calls, total, started) = (count(row, 0)?, millis(row, 1)?, get(row, 2)?);
        Ok(Sums { calls, total, info, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_of_what_was_executed_in_between_and_of_nothing_else() {
        let info = |evictions| Some(Info { evictions, reset: Some(1.0) });
        let at = |calls, total| Sums {
            calls,
            total: Nanos::from_millis(total),
            info: info(0),
            started: 5.0,
        };
        assert_eq!(at(14, 50).mean_ms_since(&at(10, 30)), Some(5.0));
        assert_eq!(at(10, 30).mean_ms_since(&at(10, 30)), None);
        assert_eq!(at(3, 90).mean_ms_since(&at(10, 30)), None, "it was reset");
        assert_eq!(Sums { info: info(1), ..at(14, 50) }.mean_ms_since(&at(10, 30)), None);
        assert_eq!(Sums { started: 6.0, ..at(14, 50) }.mean_ms_since(&at(10, 30)), None);
    }
}
