//! `pg_stat_statements`: its columns by version, and the difference of two snapshots.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::sql::Normal;
use crate::units::{Nanos, count_to_f64, f64_to_u64};

/// What the view of an installed version of the extension is called and has.
///
/// The version is the extension's and not the server's: after `pg_upgrade` the view keeps its old
/// columns until `ALTER EXTENSION pg_stat_statements UPDATE`. From 1.4 (PostgreSQL 9.6) on; the
/// changes are those of the extension's own update scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    minor: u32,
}

impl Columns {
    /// The columns of a version as `pg_extension.extversion` spells it, such as `1.10`; `None`
    /// when it is older than 1.4 or no version.
    pub fn of(version: &str) -> Option<Self> {
        let (major, minor) = version.split_once('.')?;
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        match major {
            1 if minor >= 4 => Some(Self { minor }),
            // What a later major version changes is not known; it is asked like the newest.
            2.. => Some(Self { minor: u32::MAX }),
            _ => None,
        }
    }

    /// The sum of the times of execution, in milliseconds: renamed in 1.8, when planning got
    /// times of its own.
    pub fn total(self) -> &'static str {
        if self.minor >= 8 { "total_exec_time" } else { "total_time" }
    }

    /// The longest execution, in milliseconds.
    pub fn max(self) -> &'static str {
        if self.minor >= 8 { "max_exec_time" } else { "max_time" }
    }

    /// Whether the statement was sent by a client, and not by a function: since 1.9.
    pub fn top_level(self) -> &'static str {
        if self.minor >= 9 { "s.toplevel" } else { "true" }
    }

    /// Whether there is `pg_stat_statements_info`, with the time of the last reset and the count
    /// of evictions: since 1.9.
    pub fn has_info(self) -> bool {
        self.minor >= 9
    }

    /// Time spent reading and writing blocks, in milliseconds: renamed in 1.11, when local blocks
    /// got times of their own. Zero without `track_io_timing`.
    pub fn blocks(self) -> &'static str {
        if self.minor >= 11 {
            "s.shared_blk_read_time + s.shared_blk_write_time \
             + s.local_blk_read_time + s.local_blk_write_time"
        } else {
            "s.blk_read_time + s.blk_write_time"
        }
    }

    /// When counting of the statement began, in seconds since 1970: since 1.11.
    pub fn since(self) -> &'static str {
        if self.minor >= 11 { "extract(epoch FROM s.stats_since)::float8" } else { "NULL::float8" }
    }
}

/// One statement of one user, in one database.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The server's number for it; `None` for statements of other users that may not be seen.
    pub query_id: Option<i64>,
    /// The user who sent it.
    pub user: String,
    /// Whether a client sent it, and not a function.
    pub top_level: bool,
    /// Its text as the server keeps it. Constants of commands such as `SET` are still in it.
    pub text: String,
    /// How often it was executed.
    pub calls: u64,
    /// The sum of the times of execution.
    pub total: Nanos,
    /// The longest execution since the statement is counted; not of an interval.
    pub max: Nanos,
    /// Rows that it gave or changed.
    pub rows: u64,
    /// Blocks that were found in the server's memory.
    pub hit: u64,
    /// Blocks that had to be read.
    pub read: u64,
    /// Time spent reading and writing blocks; zero without `track_io_timing`.
    pub blocks: Nanos,
    /// When counting began, in seconds since 1970, where the server says it.
    pub since: Option<f64>,
}

impl Statement {
    /// The mean time of execution. The view has no percentiles.
    pub fn mean(&self) -> Nanos {
        mean(self.total, self.calls)
    }

    /// Its normal form: without constants, and with a name.
    pub fn normal(&self) -> Normal {
        Normal::of(&self.text)
    }

    fn key(&self) -> Option<(i64, &str, bool)> {
        Some((self.query_id?, self.user.as_str(), self.top_level))
    }

    /// What was added since `earlier`; `None` when it was counted anew in between.
    fn minus(&self, earlier: &Self) -> Option<Self> {
        if self.since != earlier.since {
            return None;
        }
        Some(Self {
            calls: self.calls.checked_sub(earlier.calls)?,
            total: self.total.since(earlier.total),
            rows: self.rows.saturating_sub(earlier.rows),
            hit: self.hit.saturating_sub(earlier.hit),
            read: self.read.saturating_sub(earlier.read),
            blocks: self.blocks.since(earlier.blocks),
            ..self.clone()
        })
    }
}

fn mean(total: Nanos, calls: u64) -> Nanos {
    if calls == 0 {
        return Nanos::ZERO;
    }
    Nanos(f64_to_u64((count_to_f64(total.0) / count_to_f64(calls)).round()))
}

/// What the extension says of itself, since its version 1.9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Info {
    /// How often the least used statements were thrown away to make room.
    pub evictions: u64,
    /// The last time that all was set to zero, in seconds since 1970.
    pub reset: Option<f64>,
}

/// The view at one time, of one database.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The server's clock, in seconds since 1970.
    pub at: f64,
    /// When the server was started, in seconds since 1970.
    pub started: f64,
    /// What the extension says of itself.
    pub info: Option<Info>,
    /// All statements.
    pub statements: Vec<Statement>,
    /// Whether there were more than are read.
    pub cut: bool,
}

/// What happened between two snapshots, or since the server began to count.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// How long it took; `None` when it is not known since when the server counts.
    pub lasted: Option<Nanos>,
    /// The statements that were executed.
    pub statements: Vec<Statement>,
    /// Statements of other users that may not be seen, so that nothing is known of them.
    pub hidden: u64,
    /// What makes the figures less than what happened, in words: a reset, evictions, a restart.
    pub gaps: Vec<String>,
}

/// What the list begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The highest mean.
    Mean,
    /// The highest sum of times.
    Total,
    /// The most executions.
    Calls,
}

impl Delta {
    /// Everything that a snapshot counts.
    pub fn since_reset(snapshot: &Snapshot) -> Self {
        let reset = snapshot.info.and_then(|info| info.reset);
        let (known, hidden) = visible(snapshot);
        let mut gaps = Vec::new();
        if let Some(evictions) = snapshot.info.map(|info| info.evictions).filter(|many| *many > 0) {
            gaps.push(evicted(evictions));
        }
        gaps.extend(snapshot.cut.then(cut));
        Self {
            lasted: reset.map(|reset| Nanos::from_secs_f64((snapshot.at - reset).max(0.0))),
            statements: known
                .into_iter()
                .filter(|statement| statement.calls > 0)
                .cloned()
                .collect(),
            hidden,
            gaps,
        }
    }

    /// What was added from `before` to `after`.
    ///
    /// A statement that was counted anew in between has what it counts since then, which is less
    /// than what happened; [`Self::gaps`] says so.
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let (earlier, _) = visible(before);
        let (later, hidden) = visible(after);
        let known: HashMap<_, _> =
            earlier.iter().filter_map(|statement| Some((statement.key()?, *statement))).collect();
        let (mut statements, mut anew, mut found) = (Vec::new(), 0_u64, 0_u64);
        for statement in later {
            let Some(earlier) = statement.key().and_then(|key| known.get(&key)) else {
                statements.push(statement.clone());
                continue;
            };
            found += 1;
            let added = statement.minus(earlier);
            anew += u64::from(added.is_none());
            statements.push(added.unwrap_or_else(|| statement.clone()));
        }
        statements.retain(|statement| statement.calls > 0);
        let gone = u64::try_from(known.len()).unwrap_or(u64::MAX).saturating_sub(found);
        Self {
            lasted: Some(Nanos::from_secs_f64((after.at - before.at).max(0.0))),
            statements,
            hidden,
            gaps: gaps((before, after), gone, anew),
        }
    }

    /// How often all statements were executed.
    pub fn calls(&self) -> u64 {
        self.statements.iter().map(|statement| statement.calls).sum()
    }

    /// The sum of the times of all statements.
    pub fn total(&self) -> Nanos {
        self.statements
            .iter()
            .fold(Nanos::ZERO, |sum, statement| Nanos(sum.0.saturating_add(statement.total.0)))
    }

    /// The mean time of all executions.
    pub fn mean(&self) -> Nanos {
        mean(self.total(), self.calls())
    }

    /// The first `limit` statements in this order. Equal ones stand by their text, so that the
    /// list is the same each time.
    pub fn top(&self, order: Order, limit: usize) -> Vec<&Statement> {
        let mut all: Vec<_> = self.statements.iter().collect();
        all.sort_by_key(|statement| {
            let first = match order {
                Order::Mean => statement.mean().0,
                Order::Total => statement.total.0,
                Order::Calls => statement.calls,
            };
            (Reverse(first), Reverse(statement.total), statement.text.as_str())
        });
        all.truncate(limit);
        all
    }
}

/// The statements that may be seen, and how many may not.
fn visible(snapshot: &Snapshot) -> (Vec<&Statement>, u64) {
    let (known, hidden): (Vec<_>, Vec<_>) =
        snapshot.statements.iter().partition(|statement| statement.query_id.is_some());
    (known, u64::try_from(hidden.len()).unwrap_or(u64::MAX))
}

fn gaps((before, after): (&Snapshot, &Snapshot), gone: u64, anew: u64) -> Vec<String> {
    let mut gaps = Vec::new();
    let was_reset = match (before.info, after.info) {
        (Some(before), Some(after)) => before.reset != after.reset,
        // Without that view a reset shows by what is gone: nothing else takes every statement.
        _ => gone > 0 && gone + anew >= u64::try_from(before.statements.len()).unwrap_or(u64::MAX),
    };
    let evictions = match (before.info, after.info) {
        (Some(before), Some(after)) => after.evictions.saturating_sub(before.evictions),
        _ => 0,
    };
    if before.started < after.started {
        gaps.push("the server was restarted meanwhile".to_owned());
    }
    if was_reset {
        gaps.push("the statistics were reset meanwhile: only what came after counts".to_owned());
    } else if gone > 0 || anew > 0 {
        gaps.push(format!(
            "{gone} statements are gone and {anew} were counted anew meanwhile: what they did \
             before does not count"
        ));
    }
    if evictions > 0 {
        gaps.push(evicted(evictions));
    }
    gaps.extend((before.cut || after.cut).then(cut));
    gaps
}

fn evicted(times: u64) -> String {
    format!(
        "the server threw the least used statements away {times} times to make room: raise \
         `pg_stat_statements.max`"
    )
}

fn cut() -> String {
    "there are more statements than are read, and those with the least time are left out".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(query_id: i64, calls: u64, total_ms: u64) -> Statement {
        Statement {
            query_id: Some(query_id),
            user: "app".to_owned(),
            top_level: true,
            text: format!("SELECT a FROM t{query_id} WHERE id = $1"),
            calls,
            total: Nanos::from_millis(total_ms),
            max: Nanos::from_millis(9),
            rows: calls,
            hit: 0,
            read: 0,
            blocks: Nanos::ZERO,
            since: None,
        }
    }

    fn snapshot(at: f64, statements: &[Statement]) -> Snapshot {
        Snapshot {
            at,
            started: 1.0,
            info: Some(Info { evictions: 0, reset: Some(5.0) }),
            statements: statements.to_vec(),
            cut: false,
        }
    }

    #[test]
    fn each_version_of_the_extension_is_asked_for_its_own_columns() {
        let asked = |version: &str| {
            let columns = Columns::of(version)?;
            let has = |text: &str, word: &str| text.contains(word);
            Some((
                columns.total(),
                columns.top_level() == "s.toplevel",
                columns.has_info(),
                has(columns.blocks(), "shared_blk_read_time"),
                has(columns.since(), "stats_since"),
            ))
        };
        // The extension's version with PostgreSQL 9.6, 10, 11, 12, 13, 14, 15 and 16, 17, 18.
        let old = Some(("total_time", false, false, false, false));
        for version in ["1.4", "1.5", "1.6", "1.7"] {
            assert_eq!(asked(version), old, "{version}");
        }
        assert_eq!(asked("1.8"), Some(("total_exec_time", false, false, false, false)));
        for version in ["1.9", "1.10"] {
            assert_eq!(asked(version), Some(("total_exec_time", true, true, false, false)));
        }
        for version in ["1.11", "1.12", "2.0"] {
            assert_eq!(asked(version), Some(("total_exec_time", true, true, true, true)));
        }
        for version in ["1.3", "0.9", "", "1", "x.y"] {
            assert_eq!(asked(version), None, "{version}");
        }
    }

    #[test]
    fn a_delta_is_what_was_added() {
        let before = snapshot(10.0, &[statement(1, 5, 50), statement(2, 7, 70)]);
        let after = snapshot(40.0, &[statement(1, 8, 80), statement(2, 7, 70), statement(3, 1, 4)]);
        let delta = Delta::between(&before, &after);
        let ids: Vec<_> =
            delta.statements.iter().map(|s| (s.query_id, s.calls, s.mean())).collect();
        let ms = Nanos::from_millis;
        assert_eq!(ids, [(Some(1), 3, ms(10)), (Some(3), 1, ms(4))]);
        assert_eq!((delta.lasted, delta.calls()), (Some(Nanos::from_secs(30)), 4));
        assert_eq!((delta.total(), delta.mean()), (ms(34), Nanos::from_micros(8_500)));
        assert_eq!((delta.hidden, delta.gaps.len()), (0, 0));
    }

    #[test]
    fn a_reset_evictions_and_a_restart_are_told() {
        let before = snapshot(10.0, &[statement(1, 5, 50), statement(2, 7, 70)]);
        let told = |after: &Snapshot| Delta::between(&before, after).gaps.join(" | ");

        let mut reset = snapshot(40.0, &[statement(1, 2, 20)]);
        reset.info = Some(Info { evictions: 0, reset: Some(20.0) });
        assert!(told(&reset).starts_with("the statistics were reset"), "{}", told(&reset));
        let delta = Delta::between(&before, &reset);
        assert_eq!(delta.statements, [statement(1, 2, 20)]);

        let mut evicting = snapshot(40.0, &[statement(1, 6, 60)]);
        evicting.info = Some(Info { evictions: 3, reset: Some(5.0) });
        let told_of = told(&evicting);
        assert!(told_of.starts_with("1 statements are gone and 0 were counted anew"), "{told_of}");
        assert!(told_of.contains("3 times"), "{told_of}");

        let mut restarted = snapshot(40.0, &before.statements);
        restarted.started = 30.0;
        assert_eq!(told(&restarted), "the server was restarted meanwhile");

        // Fewer calls than before, or another beginning, is another count.
        assert!(
            told(&snapshot(40.0, &[statement(1, 4, 40), statement(2, 7, 70)])).contains("1 were")
        );
        let mut anew = statement(1, 9, 90);
        anew.since = Some(30.0);
        let delta = Delta::between(&before, &snapshot(40.0, &[anew.clone(), statement(2, 7, 70)]));
        assert_eq!(delta.statements, [anew]);

        // Servers before 14 do not say when they were reset.
        let blind = |mut snapshot: Snapshot| {
            snapshot.info = None;
            snapshot
        };
        let gone = Delta::between(&blind(before.clone()), &blind(snapshot(40.0, &[])));
        assert!(gone.gaps.join("").contains("were reset"));
        let quiet = Delta::between(&blind(snapshot(1.0, &[])), &blind(snapshot(2.0, &[])));
        assert_eq!(quiet.gaps, [""; 0]);
    }

    #[test]
    fn what_may_not_be_seen_is_counted_and_left_out() {
        let mut other = statement(9, 100, 1);
        other.query_id = None;
        let after = snapshot(15.0, &[other, statement(1, 1, 1), statement(2, 0, 0)]);
        let delta = Delta::since_reset(&after);
        assert_eq!((delta.statements.len(), delta.hidden), (1, 1));
        assert_eq!(delta.lasted, Some(Nanos::from_secs(10)));
        assert_eq!(Delta::between(&after, &after).statements, []);
    }

    #[test]
    fn the_list_is_ordered_as_asked() {
        let all = snapshot(9.0, &[statement(1, 1, 50), statement(2, 90, 90), statement(3, 20, 60)]);
        let delta = Delta::since_reset(&all);
        let ids = |order, limit| -> Vec<_> {
            delta.top(order, limit).iter().filter_map(|statement| statement.query_id).collect()
        };
        assert_eq!(ids(Order::Mean, 9), [1, 3, 2]);
        assert_eq!(ids(Order::Total, 9), [2, 3, 1]);
        assert_eq!(ids(Order::Calls, 2), [2, 3]);
    }
}
