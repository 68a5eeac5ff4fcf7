//! What `loadgate db pool` shows.

use serde_json::{Value, json};

use super::{checks_as_json, lines, moment};
use crate::cli::table::{Column, table};
use crate::cli::terminal::printable;
use crate::monitor::postgres::{Activity, Backend, Check, Group};
use crate::sql::Normal;
use crate::units::{Nanos, format_nanos, group_thousands};

/// What is known of the connections.
pub(super) struct Shown<'a> {
    pub(super) activity: &'a Activity,
    /// Connections of the application's own pool.
    pub(super) size: Option<u64>,
    pub(super) version: String,
}

impl Shown<'_> {
    /// For people.
    pub(super) fn text(&self) -> String {
        let slots = self.activity.slots;
        let head = format!(
            "PostgreSQL {}: {} connections, {} in use, of {} ({} less {} reserved)\n\n",
            self.version,
            group_thousands(self.activity.open()),
            group_thousands(self.activity.busy()),
            group_thousands(slots.usable()),
            group_thousands(slots.max),
            group_thousands(slots.reserved),
        );
        let columns = [
            Column::Text("USER"),
            Column::Text("APPLICATION"),
            Column::Number("OPEN"),
            Column::Number("ACTIVE"),
            Column::Number("IDLE"),
            Column::Number("IDLE IN TX"),
            Column::Number("HIDDEN"),
            Column::Number("LOCK WAITS"),
            Column::Number("OLDEST TX"),
            Column::Number("OF POOL"),
        ];
        let rows: Vec<_> = self.activity.groups().iter().map(|group| self.row(group)).collect();
        let list = if rows.is_empty() {
            "nobody else is connected\n".to_owned()
        } else {
            table(&columns, &rows)
        };
        let oldest = self.activity.oldest().map(oldest).unwrap_or_default();
        let since = match (self.activity.broken, self.activity.broken_since) {
            (Some(_), Some(since)) => {
                format!("broken connections are counted since {}\n", moment(since))
            }
            (Some(_), None) => {
                "broken connections are counted since the database was made\n".into()
            }
            (None, _) => String::new(),
        };
        let checks = Check::connections(self.activity, self.size);
        format!("{head}{list}{oldest}\n{}{since}", lines(&checks))
    }

    fn row(&self, group: &Group) -> Vec<String> {
        let share = self.size.and_then(|size| group.of_pool(size));
        vec![
            printable(&group.user),
            printable(&group.application),
            group_thousands(group.open),
            group_thousands(group.active),
            group_thousands(group.idle),
            group_thousands(group.idle_in_transaction),
            group_thousands(group.hidden),
            group_thousands(group.waiting),
            group.oldest.map_or_else(|| "–".to_owned(), format_nanos),
            share.map_or_else(|| "–".to_owned(), |share| share.to_string()),
        ]
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let ns = |time: Option<Nanos>| time.map(|Nanos(time)| time);
        let one = |group: &Group| {
            json!({
                "user": group.user,
                "application": group.application,
                "open": group.open,
                "active": group.active,
                "idle": group.idle,
                "idle_in_transaction": group.idle_in_transaction,
                "hidden": group.hidden,
                "waiting_for_lock": group.waiting,
                "oldest_transaction_ns": ns(group.oldest),
            })
        };
        let oldest = self.activity.oldest().map(|backend| {
            json!({
                "pid": backend.pid,
                "user": backend.user,
                "application": backend.application,
                "state": backend.state,
                "age_ns": ns(backend.transaction),
                "in_state_ns": ns(backend.in_state),
                "statement": Normal::of(&backend.text).text,
            })
        });
        json!({
            "schema_version": 1,
            "server_version": self.version,
            "max_connections": self.activity.slots.max,
            "reserved_connections": self.activity.slots.reserved,
            "open": self.activity.open(),
            "in_use": self.activity.busy(),
            "broken": self.activity.broken,
            "broken_since": self.activity.broken_since.map(moment),
            "pool_size": self.size,
            "groups": self.activity.groups().iter().map(one).collect::<Vec<_>>(),
            "oldest_transaction": oldest,
            "limits": checks_as_json(&Check::connections(self.activity, self.size)),
        })
    }
}

/// A line about the connection with the oldest transaction.
fn oldest(backend: &Backend) -> String {
    format!(
        "\noldest transaction: {} by `{}` as `{}`, process {}, {} for {}: {}\n",
        backend.transaction.map(format_nanos).unwrap_or_default(),
        printable(&backend.application),
        printable(&backend.user),
        backend.pid,
        backend.state.as_deref().unwrap_or_default(),
        backend.in_state.map(format_nanos).unwrap_or_default(),
        Normal::of(&backend.text).name,
    )
}
