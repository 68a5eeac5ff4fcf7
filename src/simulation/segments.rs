//! Segments as an engine would measure them.

use super::{Change, Curve, Simulation, Times};
use crate::gate::observation::Calendar;
use crate::histogram::{Encoder, Histogram};
use crate::names::{ErrorKind, Metric, SeriesId};
use crate::plan::Dice;
use crate::record::{Counts, EncodedCell, Gap, Gauges, Interval, Reading, Tally};
use crate::units::{Nanos, Ratio, count_to_f64, f64_to_u64};

/// Why nothing was observed in a gap.
const STOPPED: &str = "the process was not running";

/// Segments of a simulated observation, in the order of time. Each is made from the seed and its
/// number, so that a fault changes nothing outside of itself.
#[derive(Debug)]
pub struct Segments<'a> {
    simulation: &'a Simulation,
    calendar: Calendar,
    at: Nanos,
    number: u64,
    /// Requests that are due, as a part of one.
    owed: f64,
    /// Which endpoint is next.
    next: u64,
}

/// What one endpoint measured in a segment.
#[derive(Default)]
struct Measured {
    response: Histogram,
    failed: Histogram,
    query: Histogram,
    requests: Counts,
    statements: u64,
}

impl<'a> Segments<'a> {
    pub(super) fn new(simulation: &'a Simulation) -> Self {
        let calendar =
            Calendar::of(&simulation.observation).unwrap_or_else(|_checked| Calendar::usual());
        Self { simulation, calendar, at: Nanos::ZERO, number: 0, owed: 0.0, next: 0 }
    }

    /// What the wall clock shows at a time since the start: who reads it knows nothing of jumps.
    fn wall(&self, at: Nanos) -> u64 {
        let true_time = self.simulation.start_unix_ns.saturating_add(at.0);
        let jumps = self.simulation.jumps.iter().filter(|(when, _)| *when <= at);
        jumps.fold(true_time, |time, (_, by)| time.saturating_add_signed(*by))
    }

    /// What is different at a time.
    fn change(&self, at: Nanos) -> Change {
        let simulation = self.simulation;
        let mut sum =
            Change { rate: 1.0, response: 1.0, errors: Some(simulation.errors), blind: false };
        let local = self.calendar.local(simulation.start_unix_ns.saturating_add(at.0));
        let minute = local.map_or(0, |local| {
            let part = |value: i8| u16::try_from(value).unwrap_or_default();
            part(local.hour()) * 60 + part(local.minute())
        });
        let daily = simulation.daily.iter().filter(|daily| {
            let (from, to) = (daily.from_minute, daily.to_minute);
            if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
        });
        let faults = simulation.faults.iter().filter(|fault| {
            let is_within = (fault.from..fault.to).contains(&at);
            let is_its_turn = fault.every.is_none_or(|every| {
                let since = at.since(fault.from).0.checked_rem(every.0).unwrap_or_default();
                since < every.0 >> 1
            });
            is_within && is_its_turn
        });
        let changes = daily.map(|daily| daily.change).chain(faults.map(|fault| fault.change));
        for change in changes {
            sum.rate *= change.rate;
            sum.response *= change.response;
            sum.errors = change.errors.or(sum.errors);
            sum.blind |= change.blind;
        }
        sum
    }

    /// The gap that a time lies in: what is left of it.
    fn gap(&self) -> Option<Nanos> {
        let within = |(from, length): &&(Nanos, Nanos)| (*from..*from + *length).contains(&self.at);
        let (from, length) = self.simulation.gaps.iter().find(within)?;
        Some((*from + *length).since(self.at))
    }

    fn segment(&mut self, gap: Option<Gap>) -> Interval {
        let simulation = self.simulation;
        let start = self.at;
        let mut length = simulation.segment.min(simulation.observation.planned.since(start));
        // A segment ends where a gap begins.
        let next_gap = simulation.gaps.iter().map(|(from, _)| *from).filter(|from| *from > start);
        if let Some(first) = next_gap.min() {
            length = length.min(first.since(start));
        }
        let mut dice = Dice::new(simulation.seed, self.number);
        let change = self.change(start);
        let (cells, tallies) = self.requests(&mut dice, &change, length);
        let readings = self.readings(&mut dice, &change, start + length);
        let gauges =
            Gauges { readings, wall_unix_ns: Some(self.wall(start)), gap, ..Gauges::default() };
        self.at = start + length;
        self.number += 1;
        Interval { start, length, cells, tallies, gauges }
    }

    fn requests(
        &mut self,
        dice: &mut Dice,
        change: &Change,
        length: Nanos,
    ) -> (Vec<EncodedCell>, Vec<Tally>) {
        let simulation = self.simulation;
        self.owed += simulation.rate.value() * change.rate * length.as_secs_f64();
        let whole = self.owed.floor();
        self.owed -= whole;
        let count = usize::try_from(simulation.endpoints).unwrap_or_default();
        let mut measured: Vec<Measured> = Vec::new();
        measured.resize_with(count, Measured::default);
        for _ in 0..f64_to_u64(whole) {
            let at = usize::try_from(self.next).unwrap_or_default();
            self.next = (self.next + 1).checked_rem(simulation.endpoints).unwrap_or_default();
            if let Some(endpoint) = measured.get_mut(at) {
                endpoint.request(simulation, dice, change);
            }
        }
        let mut encoder = Encoder::new();
        let (mut cells, mut tallies) = (Vec::new(), Vec::new());
        for (at, one) in (0..).zip(measured) {
            let (requests, statements) = simulation.series(at);
            let kept = [
                (requests, Metric::Response, &one.response),
                (requests, Metric::Duration, &one.response),
                (requests, Metric::Failed, &one.failed),
                (statements, Metric::Query, &one.query),
            ];
            let kept = kept.into_iter().filter(|(.., own)| !own.is_empty());
            cells.extend(kept.map(|(series, metric, own)| {
                EncodedCell::of((0, series, metric), own, &mut encoder)
            }));
            let counted = Counts { started: one.statements, ..Counts::default() };
            let counts: [(SeriesId, Counts); 2] = [(requests, one.requests), (statements, counted)];
            let counts = counts.into_iter().filter(|(_, counts)| !counts.is_empty());
            tallies.extend(counts.map(|(series, counts)| Tally { phase: 0, series, counts }));
        }
        (cells, tallies)
    }

    fn readings(&self, dice: &mut Dice, change: &Change, at: Nanos) -> Vec<Reading> {
        // The dice are thrown whether anybody looks or not.
        let all: Vec<_> = self.simulation.readings.iter().map(|one| one.read(dice, at)).collect();
        if change.blind { Vec::new() } else { all.into_iter().flatten().collect() }
    }
}

impl Iterator for Segments<'_> {
    type Item = Interval;

    fn next(&mut self) -> Option<Interval> {
        let mut missed = Nanos::ZERO;
        // Gaps may follow each other.
        while let Some(left) = self.gap() {
            missed = missed + left;
            self.at = self.at + left;
        }
        if self.at >= self.simulation.observation.planned {
            return None;
        }
        let gap = Gap { why: STOPPED.to_owned(), length: missed };
        Some(self.segment((missed > Nanos::ZERO).then_some(gap)))
    }
}

impl Measured {
    fn request(&mut self, simulation: &Simulation, dice: &mut Dice, change: &Change) {
        let time = simulation.response.draw(dice, change.response);
        let Ratio(share) = change.errors.unwrap_or_default();
        self.requests.started += 1;
        if dice.unit() < share {
            self.requests.fail(ErrorKind::Status5xx);
            self.failed.record(time);
        } else {
            self.response.record(time);
        }
        if let Some(queries) = simulation.queries {
            self.statements += queries.each;
            for _ in 0..queries.each {
                self.query.record(queries.times.draw(dice, 1.0));
            }
        }
    }
}

impl Times {
    fn draw(self, dice: &mut Dice, factor: f64) -> Nanos {
        let logarithm = self.middle + self.spread * dice.normal();
        Nanos(f64_to_u64(logarithm.exp() * factor))
    }
}

impl Curve {
    /// What a monitor reads at a time since the start.
    fn read(&self, dice: &mut Dice, at: Nanos) -> Option<Reading> {
        let hours = at.as_secs_f64() / 3_600.0;
        let tooth = count_to_f64(at.0.checked_rem(self.every.0).unwrap_or_default())
            / count_to_f64(self.every.0.max(1));
        let settled = at.as_secs_f64() / self.settles.as_secs_f64().max(1e-9);
        let value = self.level
            + self.hourly * hours
            + self.warm_up * (1.0 - (-settled).exp())
            + self.saw * tooth
            + self.noise * dice.normal();
        Reading::new(self.name.as_str(), value)
    }
}
