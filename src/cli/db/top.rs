//! What `loadgate db top` shows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{checks_as_json, lines, moment};
use crate::cli::table::{Column, table};
use crate::monitor::postgres::{Check, Delta, Order, Statement};
use crate::sql::Normal;
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
        let names = names(&shown);
        let rows = shown.iter().zip(names).map(|(statement, name)| self.row(statement, name));
        let rows: Vec<_> = rows.collect();
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

    fn row(&self, statement: &Statement, name: String) -> Vec<String> {
        let ratio = |part, whole| match Ratio::of(part, whole) {
            Some(ratio) => ratio.to_string(),
            None => "–".to_owned(),
        };
        let Nanos(total) = self.delta.total();
        let per_call = Ratio::of(statement.rows, statement.calls).map_or(0.0, |Ratio(rows)| rows);
        vec![
            name,
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
        let one = |(statement, name): (&&Statement, String)| {
            let normal = statement.normal();
            json!({
                "name": name,
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
            "statements": statements.iter().zip(names(&statements)).map(one).collect::<Vec<_>>(),
            "limits": checks_as_json(&Check::statements(self.delta)),
        })
    }
}

/// The names of statements; where two forms have the same one, with what tells them apart.
fn names(statements: &[&Statement]) -> Vec<String> {
    let forms: Vec<_> = statements.iter().map(|statement| statement.normal()).collect();
    let mut first = BTreeMap::new();
    let mut shared: Vec<&str> = Vec::new();
    for form in &forms {
        let text = *first.entry(form.name.as_str()).or_insert(form.text.as_str());
        if text != form.text {
            shared.push(&form.name);
        }
    }
    let name = |form: &Normal| {
        let is_shared = shared.contains(&form.name.as_str());
        if is_shared { form.distinct_name() } else { form.name.clone() }
    };
    forms.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_one_name_are_told_apart() {
        let statement = |text: &str| Statement {
            query_id: Some(1),
            user: "app".to_owned(),
            top_level: true,
            text: text.to_owned(),
            calls: 1,
            total: Nanos::ZERO,
            max: Nanos::ZERO,
            rows: 0,
            hit: 0,
            read: 0,
            blocks: Nanos::ZERO,
            since: None,
        };
        let all = [
            statement("SELECT a FROM t WHERE id = 1"),
            statement("SELECT b FROM t WHERE id = 1"),
            statement("SELECT b FROM u WHERE id = 1"),
            // The same form, of another user.
            statement("SELECT b FROM u WHERE id IN (1, 2)"),
        ];
        let names = names(&all.iter().collect::<Vec<_>>());
        let bare: Vec<_> = names.iter().map(|name| name.split(" ~").next().unwrap()).collect();
        assert_eq!(bare, ["SELECT t by id", "SELECT t by id", "SELECT u by id", "SELECT u by id"]);
        assert!(names[0] != names[1] && names[0].contains(" ~") && names[2] == names[3]);
    }
}
