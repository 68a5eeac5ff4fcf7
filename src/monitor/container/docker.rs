//! What Docker says of a container: one answer of `/containers/NAME/stats`.

use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use super::usage::{Seen, Usage};
use crate::monitor::fetch::Fetch;
use crate::monitor::gaps::Look;
use crate::units::{Nanos, format_nanos};

/// Docker's socket, and what was seen of the container before.
#[derive(Debug)]
pub(super) struct Docker {
    fetch: Fetch,
    name: String,
    seen: Seen,
}

impl Docker {
    /// `name` has nothing in it that has a meaning in a path.
    pub(super) fn new(socket: &Path, name: &str) -> Result<Self, String> {
        // Without `one-shot` Docker takes a second, to measure what is measured here anyway.
        let path = format!("/containers/{name}/stats?stream=false&one-shot=true");
        let fetch = Fetch::at_socket(socket, &path)?;
        Ok(Self { fetch, name: name.to_owned(), seen: Seen::default() })
    }

    pub(super) async fn look(&mut self, now: Nanos) -> Result<Look, String> {
        let name = &self.name;
        let (status, body) = self.fetch.get().await?;
        match status {
            200 => {}
            404 => return Err(format!("Docker knows no container `{name}`")),
            other => return Err(format!("Docker answered with status {other}")),
        }
        let at = Instant::now();
        let stats: Value =
            serde_json::from_slice(&body).map_err(|_| "Docker's answer is no JSON".to_owned())?;
        let usage = usage(&stats);
        // Of one that is stopped Docker says the same as of one that has done nothing.
        if usage.is_empty() || usage.memory.is_none() {
            return Err(format!("the container `{name}` does not run"));
        }
        let (readings, again) = self.seen.readings(at, usage);
        let note = again.then(|| format!("started anew, seen at {}", format_nanos(now)));
        Ok(Look { readings, notes: note.into_iter().collect() })
    }
}

/// What stands in the answer, with control groups of version 1 and 2. As `docker stats` does it,
/// the memory is that without the inactive part of the file cache.
fn usage(stats: &Value) -> Usage {
    let number = |pointer: &str| stats.pointer(pointer).and_then(Value::as_u64);
    let either = |one: &str, other: &str| number(one).or_else(|| number(other));
    let cache =
        either("/memory_stats/stats/inactive_file", "/memory_stats/stats/total_inactive_file");
    let memory = number("/memory_stats/usage").filter(|used| *used > 0);
    let sum = |key: &str| {
        let networks = stats.get("networks").and_then(Value::as_object)?;
        let counts = networks.values().filter_map(|network| network.get(key)?.as_u64());
        Some(counts.fold(0, u64::saturating_add))
    };
    Usage {
        memory: memory.map(|memory| memory.saturating_sub(cache.unwrap_or_default())),
        rss: either("/memory_stats/stats/anon", "/memory_stats/stats/total_rss"),
        limit: number("/memory_stats/limit"),
        cpu_ns: number("/cpu_stats/cpu_usage/total_usage").filter(|used| *used > 0),
        throttled_ns: number("/cpu_stats/throttling_data/throttled_time"),
        tasks: number("/pids_stats/current"),
        received: sum("rx_bytes"),
        sent: sum("tx_bytes"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answers_of_both_versions_of_control_groups_are_read() {
        // The shape of Docker Engine API 1.41 to 1.47.
        let second = json!({
            "read": "2026-11-23T08:00:00Z",
            "pids_stats": { "current": 11, "limit": 18_446_744_073_709_551_615_u64 },
            "cpu_stats": {
                "cpu_usage": { "total_usage": 123_456_789_u64, "usage_in_usermode": 1 },
                "online_cpus": 4,
                "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 5 }
            },
            "memory_stats": {
                "usage": 100_000_000, "limit": 2_000_000_000_u64,
                "stats": { "anon": 60_000_000, "inactive_file": 30_000_000 }
            },
            "networks": {
                "eth0": { "rx_bytes": 5338, "tx_bytes": 36 },
                "eth5": { "rx_bytes": 4641, "tx_bytes": 0 }
            }
        });
        let want = Usage {
            memory: Some(70_000_000),
            rss: Some(60_000_000),
            limit: Some(2_000_000_000),
            cpu_ns: Some(123_456_789),
            throttled_ns: Some(5),
            tasks: Some(11),
            received: Some(9_979),
            sent: Some(36),
        };
        assert_eq!(usage(&second), want);
        let first = json!({
            "memory_stats": { "usage": 10, "stats": { "total_rss": 6, "total_inactive_file": 3 } }
        });
        assert_eq!((usage(&first).memory, usage(&first).rss), (Some(7), Some(6)));
        // A stopped container.
        let stopped =
            json!({ "cpu_stats": { "cpu_usage": { "total_usage": 0 } }, "memory_stats": {} });
        assert!(usage(&stopped).is_empty());
        assert!(usage(&json!([1, "x"])).is_empty());
    }
}
