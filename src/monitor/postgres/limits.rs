//! What of the readings keeps within the limits of a staging test.

use super::{Activity, Delta};
use crate::units::{Nanos, Ratio, group_thousands};

/// The mean time of a query has to be below this.
pub const MEAN_LIMIT: Nanos = Nanos::from_millis(50);
/// The share of the connections that are in use has to be below this.
pub const POOL_LIMIT: Ratio = Ratio(0.8);

/// One limit and whether it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is limited, with the limit: `mean time of a query < 50 ms`.
    pub limit: String,
    /// Whether it is kept.
    pub mark: Mark,
    /// What was found, or why nothing was.
    pub found: String,
}

/// Whether a limit is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is.
    Kept,
    /// It is not.
    Missed,
    /// These readings can't say. That is never as good as kept.
    Unknown,
}

impl Mark {
    fn of(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::Missed }
    }

    /// The same where `hidden` more could not be seen: one of them may miss the limit.
    fn as_far_as_seen(self, hidden: u64) -> Self {
        if self == Self::Kept && hidden > 0 { Self::Unknown } else { self }
    }

    /// `kept`, `missed`, `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
        }
    }

    /// `✓`, `✗`, `?`.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Kept => "✓",
            Self::Missed => "✗",
            Self::Unknown => "?",
        }
    }
}

impl Check {
    fn new(limit: impl Into<String>, mark: Mark, found: impl Into<String>) -> Self {
        Self { limit: limit.into(), mark, found: found.into() }
    }

    /// The limits on queries. The mean is judged for each statement, because the mean of all
    /// hides a slow one behind many fast ones.
    pub fn statements(delta: &Delta) -> Vec<Self> {
        let slow = delta.statements.iter().filter(|one| one.mean() >= MEAN_LIMIT).count();
        let all = delta.statements.len();
        let mean = format!("mean time of each query < {MEAN_LIMIT}");
        let mean = match delta.statements.iter().max_by_key(|one| one.mean()) {
            None if delta.hidden > 0 => {
                Self::new(mean, Mark::Unknown, "all statements are other users'")
            }
            None => Self::new(mean, Mark::Unknown, "no statement was executed"),
            Some(slowest) => {
                let mark = Mark::of(slow == 0).as_far_as_seen(delta.hidden);
                let found = format!(
                    "{slow} of {all} are slower; the mean of all is {}, the slowest {}: {}",
                    delta.mean(),
                    slowest.mean(),
                    slowest.normal().name,
                );
                Self::new(mean, mark, found)
            }
        };
        let tap = "pg_stat_statements has no percentiles; `loadgate tap` has";
        vec![
            mean,
            Self::new("p95 of each query < 200 ms", Mark::Unknown, tap),
            Self::new("p99 of each query < 500 ms", Mark::Unknown, tap),
        ]
    }

    /// The limits on connections. `pool` is the size of the application's own pool, which is
    /// compared with the application that has most connections in use.
    pub fn connections(activity: &Activity, pool: Option<u64>) -> Vec<Self> {
        let limit = |what: &str| format!("{what} < {POOL_LIMIT}");
        let judged = |ratio: Option<Ratio>| match ratio {
            Some(Ratio(share)) => Mark::of(share < POOL_LIMIT.0),
            None => Mark::Unknown,
        };
        let usage = activity.usage();
        let mut checks = vec![Self::new(
            limit("connections of the server that are taken"),
            judged(usage),
            format!(
                "{} of {}{}",
                group_thousands(activity.open()),
                group_thousands(activity.slots.usable()),
                share(usage),
            ),
        )];
        let groups = activity.groups();
        let busiest = groups.iter().max_by_key(|group| (group.busy(), group.open));
        if let (Some(size), Some(group)) = (pool, busiest) {
            let used = group.of_pool(size);
            let mark = judged(used).as_far_as_seen(activity.hidden());
            let found = format!(
                "{} of {}{} by `{}` as `{}`",
                group.busy(),
                size,
                share(used),
                group.application,
                group.user,
            );
            checks.push(Self::new(limit("connections of the pool in use"), mark, found));
        } else if pool.is_some() {
            let found = "no application is connected";
            checks.push(Self::new(limit("connections of the pool in use"), Mark::Unknown, found));
        }
        checks.push(match activity.broken {
            Some(count) => Self::new(
                "connection errors 0",
                Mark::of(count == 0),
                format!("{} ended by an error or lost", group_thousands(count)),
            ),
            None => Self::new(
                "connection errors 0",
                Mark::Unknown,
                "servers before version 14 do not count them",
            ),
        });
        let found = "the server does not count them; a run's errors and `loadgate tap` do";
        checks.push(Self::new("query timeouts 0", Mark::Unknown, found));
        checks
    }
}

fn share(ratio: Option<Ratio>) -> String {
    ratio.map(|ratio| format!(" ({ratio})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Backend, Slots, Statement};
    use super::*;

    fn statement(calls: u64, total_ms: u64) -> Statement {
        Statement {
            query_id: Some(1),
            user: "app".to_owned(),
            top_level: true,
            text: "SELECT a FROM farms WHERE id = 'secret'".to_owned(),
            calls,
            total: Nanos::from_millis(total_ms),
            max: Nanos::ZERO,
            rows: 0,
            hit: 0,
            read: 0,
            blocks: Nanos::ZERO,
            since: None,
        }
    }

    fn marks(checks: &[Check]) -> String {
        checks.iter().map(|check| check.mark.sign()).collect()
    }

    #[test]
    fn a_slow_statement_is_not_hidden_by_fast_ones() {
        let delta = |statements: &[Statement], hidden| Delta {
            lasted: None,
            statements: statements.to_vec(),
            hidden,
            gaps: Vec::new(),
        };
        let of = |statements: &[Statement], hidden| {
            marks(&Check::statements(&delta(statements, hidden)))
        };
        assert_eq!(of(&[statement(1_000, 1_000)], 0), "✓??");
        assert_eq!(of(&[statement(1_000, 1_000), statement(1, 50)], 0), "✗??");
        assert_eq!(of(&[statement(1_000, 1_000), statement(1, 50)], 7), "✗??");
        assert_eq!(of(&[statement(1_000, 1_000)], 7), "???");
        assert_eq!(of(&[], 0), "???");
        let found = &Check::statements(&delta(&[statement(1, 60)], 0))[0].found;
        assert!(found.ends_with("SELECT farms by id"), "{found}");
    }

    #[test]
    fn connections_are_held_against_the_server_and_the_pool() {
        let busy = Backend {
            user: "app".to_owned(),
            application: "shop".to_owned(),
            state: Some("active".to_owned()),
            ..Backend::default()
        };
        let activity = |open: usize, broken| Activity {
            at: 0.0,
            slots: Slots { max: 13, reserved: 3 },
            backends: vec![busy.clone(); open],
            broken,
            broken_since: None,
        };
        let of = |open, broken, pool| marks(&Check::connections(&activity(open, broken), pool));
        assert_eq!(of(7, Some(0), None), "✓✓?");
        assert_eq!(of(8, Some(1), None), "✗✗?");
        assert_eq!(of(7, None, Some(9)), "✓✓??");
        assert_eq!(of(7, None, Some(8)), "✓✗??");
        assert_eq!(of(0, None, Some(8)), "✓???");
        let mut hidden = activity(1, None);
        hidden.backends.push(Backend { state: None, ..busy.clone() });
        assert_eq!(marks(&Check::connections(&hidden, Some(8))), "✓???");
    }
}
