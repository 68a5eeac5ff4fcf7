//! Time that the hypervisor gave to other machines: while it does, no clock here stands still, so
//! that it is in every figure.

use std::collections::BTreeMap;
use std::fs;

use crate::units::Ratio;

/// The least share of a processor that is told.
const SHARE: Ratio = Ratio(0.01);
/// The least time that is told, in ticks of 10 ms: in a short run one tick is a large share.
const TICKS: u64 = 10;
/// The most processors that are named.
const NAMED: usize = 4;

/// How each processor of this machine was used since it was started. Empty where that is not
/// known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors(BTreeMap<u32, Ticks>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ticks {
    all: u64,
    stolen: u64,
}

impl Processors {
    /// How they were used up to now.
    pub fn now() -> Self {
        Self::read(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// Reads `/proc/stat` (`man 5 proc_stat`): `cpu0 user nice system idle iowait irq softirq steal`,
    /// then time of guests that is in `user` already.
    fn read(text: &str) -> Self {
        let line = |line: &str| {
            let (name, numbers) = line.split_once(' ')?;
            let number = name.strip_prefix("cpu")?.parse().ok()?;
            let ticks = numbers.split_whitespace().take(8).map(str::parse);
            let ticks: Vec<u64> = ticks.collect::<Result<_, _>>().ok()?;
            let stolen = ticks.get(7).copied()?;
            Some((number, Ticks { all: ticks.iter().sum(), stolen }))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// What was taken away since `earlier`, for people; `None` when it was nothing to speak of.
    pub fn stolen_since(&self, earlier: &Self) -> Option<String> {
        let share = |(number, now): (&u32, &Ticks)| {
            let then = earlier.0.get(number)?;
            let stolen = now.stolen.saturating_sub(then.stolen);
            let share = Ratio::of(stolen, now.all.saturating_sub(then.all))?;
            (stolen >= TICKS && share >= SHARE).then_some((*number, share))
        };
        let mut found: Vec<(u32, Ratio)> = self.0.iter().filter_map(share).collect();
        found.sort_by(|one, other| other.1.0.total_cmp(&one.1.0));
        let more = found.split_off(found.len().min(NAMED)).len();
        let named = found.iter().map(|(number, share)| format!("{share} of processor {number}"));
        let mut named: Vec<String> = named.collect();
        if more > 0 {
            named.push(format!("some of {more} more"));
        }
        let last = named.pop()?;
        let told = match named.as_slice() {
            [] => last,
            others => format!("{} and {last}", others.join(", ")),
        };
        Some(format!("the hypervisor took {told} away"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processors with these ticks, the stolen ones last.
    fn of(ticks: &[(u64, u64)]) -> Processors {
        let lines = ticks
            .iter()
            .enumerate()
            .map(|(number, (own, stolen))| format!("cpu{number} {own} 1 2 3 4 5 6 {stolen} 7 8"));
        let lines: Vec<String> = lines.collect();
        let text = lines.join("\n");
        Processors::read(&format!("cpu  9 9 9 9 9 9 9 9 9 9\n{text}\nintr 1 2 3\nctxt 9\n"))
    }

    #[track_caller]
    fn check(before: &[(u64, u64)], after: &[(u64, u64)], want: Option<&str>) {
        assert_eq!(of(after).stolen_since(&of(before)).as_deref(), want);
    }

    #[test]
    fn what_the_hypervisor_took_is_told_of_each_processor() {
        check(&[(0, 50)], &[(930, 120)], Some("the hypervisor took 7.0 % of processor 0 away"));
        check(
            &[(0, 0), (0, 0), (5, 5)],
            &[(900, 100), (800, 200), (990, 20)],
            Some(
                "the hypervisor took 20.0 % of processor 1, 10.0 % of processor 0 and 1.5 % of \
                 processor 2 away",
            ),
        );
        check(
            &[(0, 0); 6],
            &[(900, 100); 6],
            Some(
                "the hypervisor took 10.0 % of processor 0, 10.0 % of processor 1, 10.0 % of \
                 processor 2, 10.0 % of processor 3 and some of 2 more away",
            ),
        );
    }

    #[test]
    fn a_little_or_nothing_is_not_told() {
        check(&[(0, 0)], &[(991, 9)], None);
        check(&[(0, 0)], &[(9_910, 90)], None);
        check(&[(0, 7)], &[(900, 7)], None);
        check(&[], &[(900, 100)], None);
        check(&[(900, 100)], &[(900, 100)], None);
        assert_eq!(Processors::default().stolen_since(&Processors::default()), None);
    }

    #[test]
    fn this_machine_is_read() {
        // Where there is no such file nothing is known, and nothing is said.
        let there = fs::exists("/proc/stat").unwrap();
        assert_eq!(Processors::now().0.is_empty(), !there);
    }
}
