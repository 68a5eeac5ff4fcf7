//! What a container uses, however it was asked, and what that is over the time between two looks.

use std::time::Instant;

use crate::record::{ContainerReading, Reading};
use crate::units::count_to_f64;

/// What is known at a look; counters count from the container's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Memory in bytes, without the part of the file cache that can go at once.
    pub(super) memory: Option<u64>,
    /// Memory of the processes themselves in bytes.
    pub(super) rss: Option<u64>,
    /// The most memory that it may have, in bytes.
    pub(super) limit: Option<u64>,
    /// CPU time in nanoseconds.
    pub(super) cpu_ns: Option<u64>,
    /// Time in nanoseconds in which it was held back by its CPU limit.
    pub(super) throttled_ns: Option<u64>,
    /// Processes and threads.
    pub(super) tasks: Option<u64>,
    /// Bytes received.
    pub(super) received: Option<u64>,
    /// Bytes sent.
    pub(super) sent: Option<u64>,
}

/// What was seen of a container before.
#[derive(Debug, Default)]
pub(super) struct Seen {
    before: Option<(Instant, Usage)>,
    restarts: u32,
}

impl Usage {
    /// Whether nothing at all is known.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Seen {
    /// The readings of a look; whether the container was started anew since the one before.
    pub(super) fn readings(&mut self, at: Instant, now: Usage) -> (Vec<Reading>, bool) {
        let before = self.before.replace((at, now.clone()));
        let fallen = |(_, before): &(Instant, Usage)| now.cpu_ns < before.cpu_ns;
        let again = before.as_ref().is_some_and(fallen);
        self.restarts = self.restarts.saturating_add(u32::from(again));
        let before = before.filter(|_| !again);
        // Per second; nanoseconds of each second for what counts these.
        let rate = |pick: fn(&Usage) -> Option<u64>| {
            let (then, before) = before.as_ref()?;
            let passed = at.saturating_duration_since(*then).as_secs_f64();
            let more = pick(&now)?.checked_sub(pick(before)?)?;
            (passed > 0.0).then(|| count_to_f64(more) / passed)
        };
        let share = now.memory.zip(now.limit.filter(|limit| *limit > 0));
        let share = share.map(|(memory, limit)| count_to_f64(memory) / count_to_f64(limit));
        let values = [
            (ContainerReading::Memory, now.memory.map(count_to_f64)),
            (ContainerReading::Rss, now.rss.map(count_to_f64)),
            (ContainerReading::MemoryUse, share),
            (ContainerReading::Cpu, rate(|usage| usage.cpu_ns).map(|each| each / 1e9)),
            (ContainerReading::Throttled, rate(|usage| usage.throttled_ns).map(|each| each / 1e9)),
            (ContainerReading::Tasks, now.tasks.map(count_to_f64)),
            (ContainerReading::Received, rate(|usage| usage.received)),
            (ContainerReading::Sent, rate(|usage| usage.sent)),
            (ContainerReading::Restarts, Some(f64::from(self.restarts))),
        ];
        let readings =
            values.into_iter().filter_map(|(what, value)| Reading::new(what.word(), value?));
        (readings.collect(), again)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rates_are_of_the_time_between_two_looks_and_a_start_anew_has_none() {
        let at = Instant::now();
        let usage = |cpu_ns, received| Usage {
            memory: Some(50),
            limit: Some(200),
            cpu_ns: Some(cpu_ns),
            received: Some(received),
            ..Usage::default()
        };
        let mut seen = Seen::default();
        let mut look = |seconds, usage| {
            let (readings, again) = seen.readings(at + Duration::from_secs(seconds), usage);
            let of = |what: ContainerReading| {
                let found = readings.iter().find(|reading| reading.what == what.word());
                found.map(|reading| reading.value)
            };
            let cpu = of(ContainerReading::Cpu);
            (cpu, of(ContainerReading::Received), of(ContainerReading::Restarts), again)
        };
        assert_eq!(look(0, usage(1_000_000_000, 10)), (None, None, Some(0.0), false));
        let second = look(2, usage(4_000_000_000, 30));
        assert_eq!(second, (Some(1.5), Some(10.0), Some(0.0), false));
        assert_eq!(look(4, usage(1_000, 0)), (None, None, Some(1.0), true));
        assert_eq!(look(5, usage(1_000, 5)), (Some(0.0), Some(5.0), Some(1.0), false));
        let (readings, _) = Seen::default().readings(at, usage(0, 0));
        assert!(readings.contains(&Reading::new("memory_use", 0.25).unwrap()), "{readings:?}");
    }
}
