//! How much CPU time processes used between two looks, whatever came and went meanwhile.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Who;
use crate::monitor::procfs::Stat;
use crate::units::count_to_f64;

/// CPU times at a look.
#[derive(Debug)]
pub(super) struct Before {
    at: Instant,
    /// How long the machine had been up, in clock ticks.
    uptime: u64,
    times: BTreeMap<Who, Stat>,
}

impl Before {
    pub(super) fn of(at: Instant, uptime: u64, members: &BTreeMap<u32, Stat>) -> Self {
        let times = members.iter().map(|(pid, stat)| ((*pid, stat.start), *stat));
        Self { at, uptime, times: times.collect() }
    }

    /// The share of one processor that was used since; `None` when no time has passed.
    pub(super) fn share_until(&self, at: Instant, members: &BTreeMap<u32, Stat>) -> Option<f64> {
        let passed = at.saturating_duration_since(self.at).as_secs_f64();
        let ticks = count_to_f64(rustix::param::clock_ticks_per_second());
        (passed > 0.0).then(|| count_to_f64(self.ticks_until(members)) / ticks / passed)
    }

    /// Clock ticks that were used since. One that has ended meanwhile is in the account of its
    /// parent, less what was counted of it before; one that has started since is new in all it
    /// used; one that is older and is looked at for the first time has no beginning.
    fn ticks_until(&self, members: &BTreeMap<u32, Stat>) -> u64 {
        let is_gone = |who: &Who| members.get(&who.0).is_none_or(|stat| stat.start != who.1);
        let mut counted: BTreeMap<u32, u64> = BTreeMap::new();
        for (_, stat) in self.times.iter().filter(|(who, _)| is_gone(who)) {
            let own = counted.entry(stat.parent).or_default();
            *own = own.saturating_add(stat.own).saturating_add(stat.children);
        }
        let used = members.iter().map(|(pid, now)| match self.times.get(&(*pid, now.start)) {
            Some(before) => {
                let ended = now.children.saturating_sub(before.children);
                let known = counted.get(pid).copied().unwrap_or_default();
                now.own.saturating_sub(before.own).saturating_add(ended.saturating_sub(known))
            }
            None if now.start >= self.uptime => now.own.saturating_add(now.children),
            None => 0,
        });
        used.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stat(parent: u32, own: u64, children: u64, start: u64) -> Stat {
        Stat { parent, own, children, threads: 1, start }
    }

    fn used(before: &[(u32, Stat)], after: &[(u32, Stat)]) -> u64 {
        let all = |stats: &[(u32, Stat)]| stats.iter().copied().collect::<BTreeMap<_, _>>();
        Before::of(Instant::now(), 1_000, &all(before)).ticks_until(&all(after))
    }

    #[test]
    fn what_was_used_between_two_looks_is_counted_once() {
        let main = |own, children| (10, stat(1, own, children, 5));
        assert_eq!(used(&[main(100, 0)], &[main(150, 0)]), 50);
        // A child that is there at both, that has come since, and that was there before it fits.
        let child = |own, start| (11, stat(10, own, 0, start));
        assert_eq!(used(&[main(100, 0), child(7, 900)], &[main(110, 0), child(9, 900)]), 12);
        assert_eq!(used(&[main(100, 0)], &[main(110, 0), child(9, 1_001)]), 19);
        assert_eq!(used(&[main(100, 0)], &[main(110, 0), child(900, 500)]), 10);
        // One that has ended: 20 before, 25 in all; and one that came and went in between.
        assert_eq!(used(&[main(100, 0), child(20, 900)], &[main(100, 25)]), 5);
        assert_eq!(used(&[main(100, 3)], &[main(100, 7)]), 4);
        // Its parent did not wait for it: nobody knows what it used at the end.
        assert_eq!(used(&[main(100, 0), child(20, 900)], &[main(101, 0)]), 1);
        // The same id is another process.
        assert_eq!(used(&[main(100, 0)], &[(10, stat(1, 30, 0, 2_000))]), 30);
    }

    #[test]
    fn a_share_is_of_one_processor() {
        let now = Instant::now();
        let before = Before::of(now, 0, &BTreeMap::from([(1, stat(0, 0, 0, 5))]));
        let ticks = rustix::param::clock_ticks_per_second();
        let after = BTreeMap::from([(1, stat(0, 3 * ticks, 0, 5))]);
        assert_eq!(before.share_until(now + Duration::from_secs(2), &after), Some(1.5));
        assert_eq!(before.share_until(now, &after), None);
    }
}
