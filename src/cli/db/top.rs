//! What `loadgate db top` shows.

use serde_json::{Value, json};

use super::{checks_as_json, lines, moment};
use crate::cli::table::{Column, table};
use crate::monitor::postgres::{Check, Delta, Order, Statement};
use crate::units::{Nanos, Ratio, format_nanos, group_thousands};

/// What is known of the statements.
pub(super) struct Shown<'a> {
    pub(super) database: String,
    pub(super) version: String,
    /// The last reset, in seconds since 1970.
    pub(super) reset: Option<f64>,
    /// Whether it is what happened in an interval, and not all since the reset.
    pub(super) is_interval: bool,
    pub(super) delta: &'a Delta,
    pub(super) order: Order,
    pub(super) limit: usize,
}

impl Shown<'_> {
    /// For people.
    pub(super) fn text(&self) -> String {
        let all = self.delta.statements.len();
        let shown = self.delta.top(self.order, self.limit);
        let word = match self.order {
            Order::Mean => "mean",
            Order::Total => "total",
            Order::Calls => "calls",
        };
        let head = format!(
            "database `{}`, PostgreSQL {}: {}, {} calls of {} statements, the first {} by {word}\n\n",
            self.database,
            self.version,
            self.period(),
            group_thousands(self.delta.calls()),
            group_thousands(u64::try_from(all).unwrap_or(u64::MAX)),
            shown.len(),
        );
        let columns = [
            Column::Text("QUERY"),
            Column::Number("CALLS"),
            Column::Number("MEAN"),
            Column::Number("TOTAL"),
            Column::Number("SHARE"),
            Column::Number("ROWS/CALL"),
            Column::Number("IN MEMORY"),
        ];
        let rows: Vec<_> = shown.iter().map(|statement| self.row(statement)).collect();
        let told = "these are means: pg_stat_statements has no percentiles, `loadgate tap` has";
        let checks = Check::statements(self.delta);
        format!("{head}{}\n{told}\n\n{}", table(&columns, &rows), lines(&checks))
    }

    fn period(&self) -> String {
        match (self.is_interval, self.reset, self.delta.lasted) {
            (true, _, Some(lasted)) => format!("in {}", format_nanos(lasted)),
            (false, Some(reset), _) => format!("since {}", moment(reset)),
            (_, _, _) => "since the last reset".to_owned(),
        }
    }

    fn row(&self, statement: &Statement) -> Vec<String> {
        let ratio = |part, whole| match Ratio::of(part, whole) {
            Some(ratio) => ratio.to_string(),
            None => "–".to_owned(),
        };
        let Nanos(total) = self.delta.total();
        let per_call = Ratio::of(statement.rows, statement.calls).map_or(0.0, |Ratio(rows)| rows);
        vec![
            statement.normal().name,
            group_thousands(statement.calls),
            format_nanos(statement.mean()),
            format_nanos(statement.total),
            ratio(statement.total.0, total),
            format!("{per_call:.1}"),
            ratio(statement.hit, statement.hit.saturating_add(statement.read)),
        ]
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let statements = self.delta.top(self.order, self.limit);
        let one = |statement: &&Statement| {
            let normal = statement.normal();
            json!({
                "name": normal.name,
                // The server keeps the constants of commands; a normal form has none.
                "text": normal.text,
                "query_id": statement.query_id.map(|id| id.to_string()),
                "user": statement.user,
                "top_level": statement.top_level,
                "calls": statement.calls,
                "mean_ns": statement.mean().0,
                "total_ns": statement.total.0,
                "max_since_reset_ns": statement.max.0,
                "rows": statement.rows,
                "blocks_hit": statement.hit,
                "blocks_read": statement.read,
                "blocks_ns": statement.blocks.0,
            })
        };
        json!({
            "schema_version": 1,
            "database": self.database,
            "server_version": self.version,
            "interval": self.is_interval,
            "lasted_ns": self.delta.lasted.map(|lasted| lasted.0),
            "reset": self.reset.map(moment),
            "calls": self.delta.calls(),
            "total_ns": self.delta.total().0,
            "mean_ns": self.delta.mean().0,
            "statements_in_all": self.delta.statements.len(),
            "hidden": self.delta.hidden,
            "gaps": self.delta.gaps,
            "statements": statements.iter().map(one).collect::<Vec<_>>(),
            "limits": checks_as_json(&Check::statements(self.delta)),
        })
    }
}
