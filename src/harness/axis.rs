//! The time axis of an observation: where its intervals lie, whatever its clocks go through.
//!
//! Three clocks are looked at. The *load's* clock stands still while the machine is suspended and
//! begins anew with each process. The clock *since boot* counts suspended time, can't be set, and
//! begins anew with each boot. The *wall* clock goes on for ever, and anybody can set it. So within
//! one boot the wall clock decides nothing: an hour that it jumps moves no interval and doubles
//! none. Only from one boot to the next there is no other clock.

use crate::record::{Gap, Moment};
use crate::units::Nanos;

/// What clocks may differ by when they are read one after the other, and the shortest thing that is
/// told: a machine that is busy may take so long between two readings.
const SLACK: Nanos = Nanos::SECOND;

/// What all clocks show at one moment.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// The load's clock.
    pub(super) load: Nanos,
    /// The others.
    pub(super) at: Moment,
}

/// A stretch of time by the load's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Nanos,
    pub(super) length: Nanos,
}

/// Where an interval lies on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Since the start of the observation; never before the end of the interval before.
    pub(super) start: Nanos,
    /// The wall clock then.
    pub(super) wall_unix_ns: u64,
    /// What is missing before it.
    pub(super) gap: Option<Gap>,
    /// What people should know of the clocks.
    pub(super) note: Option<String>,
}

/// Time in which there was no process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missed {
    /// Why and how long.
    pub(super) gap: Gap,
    /// What people should know of the clocks.
    pub(super) note: Option<String>,
}

/// The axis while one process goes along it.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Where the last interval ended.
    end: Nanos,
    /// When the process started.
    begun: Look,
    /// The last look at the clocks that nobody can set, and at the one that can be.
    seen: Moment,
    /// How long the machine was suspended since.
    suspended: Nanos,
    /// Why something is missing before the next interval.
    missed: Option<Gap>,
}

/// What is missing of an observation whose last interval ended at `then`, and which goes on `now`.
pub(super) fn missed(then: &Moment, now: &Moment) -> Missed {
    let wall = Nanos(now.unix_ns.saturating_sub(then.unix_ns));
    let same_boot = !then.boot.is_empty() && then.boot == now.boot;
    if same_boot {
        let gap =
            Gap { why: NOT_RUNNING.to_owned(), length: now.since_boot.since(then.since_boot) };
        return Missed { gap, note: set(then, now) };
    }
    let known = !then.boot.is_empty() && !now.boot.is_empty();
    let why = if known { RESTARTED } else { NOT_RUNNING };
    let back = then.unix_ns.saturating_sub(now.unix_ns);
    let note = (Nanos(back) >= SLACK).then(|| {
        format!(
            "the wall clock is {} behind what it was before {why}: how long nothing was observed \
             is not known",
            Nanos(back)
        )
    });
    Missed { gap: Gap { why: why.to_owned(), length: wall }, note }
}

const NOT_RUNNING: &str = "loadgate was not running";
const RESTARTED: &str = "the machine was restarted";
const SUSPENDED: &str = "the machine was suspended";
const STOOD_STILL: &str = "loadgate stood still";

/// Says how the wall clock was set between two moments of one boot, if it was.
fn set(then: &Moment, now: &Moment) -> Option<String> {
    let went = |from: u64, to: u64| i128::from(to) - i128::from(from);
    let wall = went(then.unix_ns, now.unix_ns);
    let off = wall - went(then.since_boot.0, now.since_boot.0);
    let by = Nanos(u64::try_from(off.unsigned_abs()).unwrap_or(u64::MAX));
    let way = if off > 0 { "forward" } else { "back" };
    (by >= SLACK).then(|| format!("the wall clock was set {way} by {by}"))
}

impl Axis {
    /// The axis of an observation that begins at this moment.
    pub(super) fn begin(begun: Look) -> Self {
        let seen = begun.at.clone();
        Self { end: Nanos::ZERO, begun, seen, suspended: Nanos::ZERO, missed: None }
    }

    /// The axis of one whose last interval ended at `end`, and of which since then something was
    /// missed, for the reason of `missed`.
    pub(super) fn going_on(end: Nanos, missed: Gap, begun: Look) -> Self {
        Self { end, missed: Some(missed), ..Self::begin(begun) }
    }

    /// Where the last interval ended.
    pub(super) fn end(&self) -> Nanos {
        self.end
    }

    /// Places what was measured over `span`; `now` is any moment after it.
    pub(super) fn place(&mut self, span: Span, now: &Look) -> Placed {
        let since_boot = now.at.since_boot.since(self.begun.at.since_boot);
        let slept = since_boot.since(now.load.since(self.begun.load));
        let mut why = STOOD_STILL;
        if slept >= self.suspended + SLACK {
            self.suspended = slept;
            why = SUSPENDED;
        }
        let start = (span.start + self.suspended).max(self.end);
        let length = start.since(self.end);
        let gap = match self.missed.take() {
            Some(gap) => Some(Gap { length, ..gap }),
            None => (length >= SLACK).then(|| Gap { why: why.to_owned(), length }),
        };
        let note = set(&self.seen, &now.at);
        self.seen = now.at.clone();
        self.end = start + span.length;
        let ago = (now.load + self.suspended).since(start);
        Placed { start, wall_unix_ns: now.at.unix_ns.saturating_sub(ago.0), gap, note }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Nanos = Nanos::from_secs(60);
    /// 2026-03-29 00:30 UTC: half an hour before the clocks of Europe go forward.
    const WALL: u64 = 1_774_744_200_000_000_000;

    fn secs(seconds: u64) -> Nanos {
        Nanos::from_secs(seconds)
    }

    fn moment(boot: &str, since_boot: Nanos, unix_ns: u64) -> Moment {
        Moment { boot: boot.to_owned(), since_boot, unix_ns }
    }

    /// A machine with its clocks, on which an observation runs.
    struct Machine {
        load: Nanos,
        since_boot: Nanos,
        unix_ns: u64,
    }

    impl Machine {
        fn new() -> Self {
            Self { load: Nanos::ZERO, since_boot: secs(1_000), unix_ns: WALL }
        }

        fn look(&self) -> Look {
            Look { load: self.load, at: moment("b", self.since_boot, self.unix_ns) }
        }

        fn work(&mut self, time: Nanos) {
            self.load = self.load + time;
            self.sleep(time);
        }

        fn sleep(&mut self, time: Nanos) {
            self.since_boot = self.since_boot + time;
            self.unix_ns += time.0;
        }

        fn place(&self, axis: &mut Axis) -> Placed {
            let span = Span { start: self.load.since(MINUTE), length: MINUTE };
            axis.place(span, &self.look())
        }
    }

    #[test]
    fn intervals_follow_each_other_without_a_gap() {
        let mut machine = Machine::new();
        let mut axis = Axis::begin(machine.look());
        for minute in 0..5 {
            machine.work(MINUTE);
            let wall_unix_ns = WALL + minute * MINUTE.0;
            let start = Nanos(minute * MINUTE.0);
            let want = Placed { start, wall_unix_ns, gap: None, note: None };
            assert_eq!(machine.place(&mut axis), want);
        }
        assert_eq!(axis.end(), secs(300));
    }

    #[test]
    fn a_suspended_machine_leaves_a_gap() {
        let mut machine = Machine::new();
        let mut axis = Axis::begin(machine.look());
        machine.work(secs(20));
        machine.sleep(secs(3_600));
        machine.work(secs(40));
        let placed = machine.place(&mut axis);
        assert_eq!(placed.start, secs(3_600));
        assert_eq!(placed.gap, Some(Gap { why: SUSPENDED.to_owned(), length: secs(3_600) }));
        assert_eq!(placed.wall_unix_ns, WALL + secs(3_600).0);
        machine.work(MINUTE);
        let next = machine.place(&mut axis);
        assert_eq!((next.start, next.gap), (secs(3_660), None));
    }

    #[test]
    fn a_wall_clock_that_is_set_moves_nothing_and_is_told_once() {
        for (by, told) in [
            (3_600_i64, "the wall clock was set forward by 1h"),
            (-7_200, "the wall clock was set back by 2h"),
        ] {
            let mut machine = Machine::new();
            let mut axis = Axis::begin(machine.look());
            machine.work(MINUTE);
            machine.unix_ns = machine.unix_ns.checked_add_signed(by * 1_000_000_000).unwrap();
            let placed = machine.place(&mut axis);
            assert_eq!((placed.start, placed.gap), (Nanos::ZERO, None));
            assert_eq!(placed.note.as_deref(), Some(told));
            assert_eq!(placed.wall_unix_ns, machine.unix_ns - MINUTE.0);
            machine.work(MINUTE);
            let next = machine.place(&mut axis);
            assert_eq!((next.start, next.gap, next.note), (MINUTE, None, None));
        }
    }

    #[test]
    fn clocks_that_are_read_one_after_the_other_make_no_gap() {
        let mut machine = Machine::new();
        let mut axis = Axis::begin(machine.look());
        machine.work(MINUTE);
        machine.sleep(Nanos::from_millis(700));
        let placed = machine.place(&mut axis);
        assert_eq!((placed.start, placed.gap, placed.note), (Nanos::ZERO, None, None));
    }

    #[test]
    fn a_process_that_goes_on_marks_what_it_missed_however_short() {
        let mut machine = Machine::new();
        let gap = Gap { why: NOT_RUNNING.to_owned(), length: Nanos(7) };
        machine.load = secs(600) + Nanos(7);
        let mut axis = Axis::going_on(secs(600), gap.clone(), machine.look());
        machine.work(MINUTE);
        assert_eq!(machine.place(&mut axis).gap, Some(gap));
        machine.work(MINUTE);
        assert_eq!(machine.place(&mut axis).gap, None);
    }

    #[test]
    fn what_was_missed_is_told_by_the_clock_that_can_tell() {
        let then = moment("a", secs(100), WALL);
        let wall = |seconds: u64| WALL + secs(seconds).0;
        for (now, why, length, note) in [
            (moment("a", secs(400), wall(300)), NOT_RUNNING, 300, None),
            (moment("a", secs(400), wall(3_900)), NOT_RUNNING, 300, Some("forward by 1h")),
            (moment("a", secs(400), WALL - secs(60).0), NOT_RUNNING, 300, Some("back by 6m")),
            (moment("b", secs(30), wall(300)), RESTARTED, 300, None),
            (moment("b", secs(30), WALL - secs(60).0), RESTARTED, 0, Some("1m behind")),
            (moment("", secs(0), wall(300)), NOT_RUNNING, 300, None),
        ] {
            let missed = missed(&then, &now);
            let want = Gap { why: why.to_owned(), length: secs(length) };
            assert_eq!(missed.gap, want, "{now:?}");
            assert_eq!(missed.note.is_some(), note.is_some(), "{missed:?}");
            assert!(missed.note.unwrap_or_default().contains(note.unwrap_or_default()));
        }
    }

    /// Something that happens to the machine while it observes.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        Work(u64),
        Sleep(u64),
        Set(i64),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (1_u64..90_000).prop_map(Event::Work),
            (1_u64..90_000_000).prop_map(Event::Sleep),
            (-90_000_000_i64..90_000_000).prop_map(Event::Set),
        ]
    }

    proptest! {
        #[test]
        fn intervals_never_overlap_and_with_their_gaps_fill_the_time_whatever_the_wall_clock_does(
            events in prop::collection::vec(event(), 1..60),
        ) {
            let (mut machine, mut still) = (Machine::new(), Machine::new());
            let mut axis = Axis::begin(machine.look());
            let mut other = axis.clone();
            let mut end = Nanos::ZERO;
            for event in events {
                match event {
                    Event::Sleep(ms) => {
                        machine.sleep(Nanos::from_millis(ms));
                        still.sleep(Nanos::from_millis(ms));
                    }
                    Event::Set(ms) => {
                        machine.unix_ns = machine.unix_ns.checked_add_signed(ms * 1_000_000).unwrap();
                    }
                    Event::Work(ms) => {
                        let span = Span { start: machine.load, length: Nanos::from_millis(ms) };
                        machine.work(span.length);
                        still.work(span.length);
                        let placed = axis.place(span, &machine.look());
                        let undisturbed = other.place(span, &still.look());
                        prop_assert_eq!(placed.start, undisturbed.start);
                        prop_assert_eq!(&placed.gap, &undisturbed.gap);
                        let gap = placed.gap.map_or(Nanos::ZERO, |gap| gap.length);
                        prop_assert_eq!(placed.start, end + gap);
                        end = placed.start + span.length;
                        prop_assert_eq!(axis.end(), end);
                    }
                }
            }
            let real = machine.since_boot - secs(1_000);
            // What was not measured at the end is not placed, and a shorter sleep is not told.
            prop_assert!(end <= real);
        }
    }
}
