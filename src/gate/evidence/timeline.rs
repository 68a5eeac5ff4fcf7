//! Where an interval lies within the phases that count.

use crate::histogram::{DecodeError, values_of};
use crate::record::{EncodedCell, Interval, PhaseInfo, RunRecord};
use crate::stats::quantile::{Repetition, Tally};
use crate::units::{Nanos, count_to_f64, f64_to_u64};

/// The failures of this long are looked at together when there are few repetitions.
const STRETCH: Nanos = Nanos::from_secs(30);

/// The most stretches of a run, which are kept for each of its series: eight hours of them. Those
/// of a longer run are longer, which makes them no less independent.
const MOST_STRETCHES: u64 = 1_000;

/// The most intervals that are told apart: two days of seconds. What comes after joins the last.
const MOST_SLOTS: u64 = 200_000;

/// Phases that count, put one behind the other, and cut into slots of an interval's length.
///
/// Requests are told by their phase, which their cells carry, and not by the interval in which
/// they ended: an interval can straddle two phases, and the last requests of a phase end after it.
/// What lies outside goes to the nearest slot; so does what is left of an interval at the end.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    takes: Vec<bool>,
    /// Start and end of each phase that counts, with what was measured before it.
    spans: Vec<Span>,
    interval: Nanos,
    measured: Nanos,
    lasted: Nanos,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: Nanos,
    end: Nanos,
    before: Nanos,
}

impl Timeline {
    pub(super) fn of(record: &RunRecord, takes: impl Fn(&PhaseInfo) -> bool) -> Self {
        let phases = &record.header.load.phases;
        let last = record.intervals.iter().map(|one| one.start + one.length).max();
        let lasted = record.end.as_ref().map_or(last.unwrap_or_default(), |end| end.lasted);
        let mut spans = Vec::new();
        let mut measured = Nanos::ZERO;
        for phase in phases.iter().filter(|phase| takes(phase)) {
            let end = (phase.start + phase.length).min(lasted);
            if end > phase.start {
                spans.push(Span { start: phase.start, end, before: measured });
                measured = measured + end.since(phase.start);
            }
        }
        Self {
            takes: phases.iter().map(takes).collect(),
            spans,
            interval: usual_length(&record.intervals),
            measured,
            lasted,
        }
    }

    /// Whether what is of this phase counts.
    pub(super) fn takes(&self, phase: u8) -> bool {
        self.takes.get(usize::from(phase)).copied().unwrap_or(false)
    }

    /// How long the run lasted.
    pub(super) fn lasted(&self) -> Nanos {
        self.lasted
    }

    /// How long it was measured.
    pub(super) fn measured(&self) -> Nanos {
        self.measured
    }

    /// Into which slot an interval falls.
    pub(super) fn slot(&self, interval: &Interval) -> usize {
        self.part(interval, self.interval).min(self.slots().saturating_sub(1))
    }

    /// Into which stretch it falls.
    pub(super) fn stretch(&self, interval: &Interval) -> usize {
        let length = STRETCH.max(Nanos(self.measured.0.div_ceil(MOST_STRETCHES)));
        let last = self.parts(length, MOST_STRETCHES).saturating_sub(1);
        self.part(interval, length).min(last)
    }

    /// Some stored distributions as one repetition, cut into slots.
    pub(super) fn repetition<'a>(
        &self,
        cells: impl IntoIterator<Item = (usize, &'a EncodedCell)>,
    ) -> Result<Repetition, DecodeError> {
        let mut values = vec![Vec::new(); self.slots()];
        for (slot, cell) in cells {
            let found = values_of(&cell.bytes)?;
            match values.get_mut(slot) {
                Some(own) if own.is_empty() => *own = found,
                Some(own) => own.extend(found),
                None => {}
            }
        }
        let slots: Vec<_> = values.into_iter().map(Tally::of).collect();
        Ok(Repetition::of(&slots, self.interval.as_secs_f64()))
    }

    /// Which part of `length` the middle of the interval falls into.
    fn part(&self, interval: &Interval, length: Nanos) -> usize {
        let middle = Nanos(interval.start.0.saturating_add(interval.length.0 >> 1));
        let number = self.position(middle).0.div_euclid(length.0.max(1));
        usize::try_from(number).unwrap_or(usize::MAX)
    }

    /// How much was measured before `at`.
    fn position(&self, at: Nanos) -> Nanos {
        let begun = self.spans.iter().take_while(|span| span.start <= at).last();
        begun.map_or(Nanos::ZERO, |span| span.before + at.min(span.end).since(span.start))
    }

    fn slots(&self) -> usize {
        self.parts(self.interval, MOST_SLOTS)
    }

    /// How many parts of `length` there are, at least one; a rest shorter than half of it joins
    /// the last.
    fn parts(&self, length: Nanos, most: u64) -> usize {
        let number = f64_to_u64(count_to_f64(self.measured.0) / count_to_f64(length.0.max(1)));
        usize::try_from(number.clamp(1, most)).unwrap_or(usize::MAX)
    }
}

/// The length that most intervals have: the middle one.
fn usual_length(intervals: &[Interval]) -> Nanos {
    let mut lengths: Vec<_> = intervals.iter().map(|interval| interval.length).collect();
    lengths.sort_unstable();
    let middle = lengths.get(lengths.len() >> 1).copied().unwrap_or(Nanos::SECOND);
    if middle == Nanos::ZERO { Nanos::SECOND } else { middle }
}
