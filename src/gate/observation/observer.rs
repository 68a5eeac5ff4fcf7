//! Takes segment after segment and says what they come to.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};

use super::calendar::{Calendar, Slot};
use super::figures::Figures;
use super::health::{Change, Health};
use super::tasks::Task;
use crate::gate::leaks::{self, LeakRow};
use crate::gate::live::{AlarmKind, Watch};
use crate::gate::ruling::Verdict;
use crate::histogram::{DecodeError, Histogram};
use crate::names::{Catalogue, Metric, SeriesId, SeriesKind};
use crate::record::{EncodedCell, Interval, Observation, PhaseInfo, Policy, RunRecord};
use crate::units::{Nanos, count_to_f64};

/// The most changes, and the most gaps, that are kept: of an observation of days that has more
/// nobody reads them all.
const MAX_KEPT: usize = 1_000;
/// Nothing is known after so many times a segment's length without one.
const LOST: u64 = 10;

/// What a segment has brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The state has changed.
    Changed(Change),
    /// A part of a day is over.
    Closed(Closed),
}

/// A part of a day that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The number of its day.
    pub day: u32,
    /// Its day.
    pub date: Date,
    /// Its name: `morning`.
    pub part: String,
    /// What is to be checked of it, and what is known; empty where the guide asks for nothing.
    pub tasks: Vec<Task>,
}

/// Time of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// When the segment after it began, in nanoseconds since 1970-01-01 UTC.
    pub until_unix_ns: u64,
    /// How long it was.
    pub length: Nanos,
    /// Why, if that is known.
    pub why: String,
}

/// The slowest endpoint of a part of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slowest {
    pub(super) name: String,
    pub(super) p95: Nanos,
    pub(super) n: u64,
}

/// The part of a day that goes on.
#[derive(Clone, Debug)]
struct Open {
    slot: Slot,
    /// Name and response times of each series of requests.
    endpoints: BTreeMap<SeriesId, (String, Histogram)>,
}

/// Takes segment after segment of an observation.
///
/// It does no input or output and has no clock. Given the same segments it comes to the same, so
/// that it is made anew from the stored ones when an observation goes on ([`Observer::replay`]).
/// Memory grows by some distributions a day.
#[derive(Clone, Debug)]
pub struct Observer {
    pub(super) calendar: Calendar,
    pub(super) policy: Policy,
    phases: Vec<PhaseInfo>,
    simulated: Option<String>,
    health: Health,
    /// Watches for what must be taken back, and the same as it was at first.
    live: (Watch, Watch),
    pub(super) slots: BTreeMap<Slot, Figures>,
    slowest: BTreeMap<Slot, Slowest>,
    open: Option<Open>,
    growing: leaks::Watch,
    pub(super) changes: Vec<Change>,
    pub(super) missed: Vec<Missed>,
    /// The day on which the first segment began, by the calendar of the place.
    first: Option<Date>,
    /// When the last segment ended, since the start.
    until: Option<Nanos>,
    worst: Option<Verdict>,
    /// Segments that could not be read in whole.
    unreadable: u64,
    notes: Vec<String>,
}

impl Observer {
    /// Observes by the windows of `observation` and the rules of `policy`; `watch` is the live
    /// alarm, with the baseline where there is one, and `phases` are those of the load.
    ///
    /// Windows that can't be had are replaced by the usual ones, which is a note.
    pub fn new(
        observation: &Observation,
        policy: &Policy,
        watch: Watch,
        phases: &[PhaseInfo],
    ) -> Self {
        let (calendar, notes) = match Calendar::of(observation) {
            Ok(calendar) => (calendar, Vec::new()),
            Err(error) => {
                let note = format!("{error}: days and windows are the usual ones by UTC");
                (Calendar::usual(), vec![note])
            }
        };
        Self {
            calendar,
            policy: policy.clone(),
            phases: phases.to_vec(),
            simulated: observation.simulated.clone(),
            health: Health::new(policy),
            live: (watch.clone(), watch),
            slots: BTreeMap::new(),
            slowest: BTreeMap::new(),
            open: None,
            growing: leaks::Watch::new(&[]),
            changes: Vec::new(),
            missed: Vec::new(),
            first: None,
            until: None,
            worst: None,
            unreadable: 0,
            notes,
        }
    }

    /// What the segments of a record come to; `None` for a run that is no observation. Changes
    /// against a baseline are not seen again: they stand in the notes of the record.
    pub fn of(record: &RunRecord) -> Option<Self> {
        let header = &record.header;
        let observation = header.observation.as_ref()?;
        let watch = Watch::new(&header.gate, None);
        let mut observer = Self::new(observation, &header.gate, watch, &header.load.phases);
        for segment in &record.intervals {
            observer.replay(segment, &record.catalogue, header.started_unix_ns);
        }
        Some(observer)
    }

    /// Takes a stored segment of an observation that began at `started_unix_ns`; what it brought
    /// has been told.
    pub fn replay(&mut self, segment: &Interval, catalogue: &Catalogue, started_unix_ns: u64) {
        let by_axis = started_unix_ns.saturating_add(segment.start.0);
        let wall = segment.gauges.wall_unix_ns.unwrap_or(by_axis);
        drop(self.take(segment, catalogue, wall));
    }

    /// Takes the next segment with what its numbers mean; the wall clock showed `wall`, in
    /// nanoseconds since 1970-01-01 UTC, when it began. Gives what it brought, in order.
    pub fn take(&mut self, segment: &Interval, catalogue: &Catalogue, wall: u64) -> Vec<Event> {
        let mut events = Vec::new();
        let missing = self.miss(segment, wall, &mut events);
        let Some(slot) = self.calendar.slot(wall) else { return events };
        self.first = self.first.or(self.calendar.local(wall).map(DateTime::date));
        if let Some(left) = self.open.take_if(|open| open.slot != slot) {
            events.push(Event::Closed(self.close(&left)));
        }
        let figures = self.figures(segment, catalogue, slot);
        for (slot, length) in self.calendar.before(wall, missing) {
            let figures = self.slots.entry(slot).or_default();
            figures.missing = figures.missing + length;
        }
        self.slots.entry(slot).or_default().merge(&figures);
        let seconds = segment.length.as_secs_f64().max(1e-9);
        self.growing.take(segment, Some(count_to_f64(figures.tried) / seconds));
        let alarm = self.alarm(segment, catalogue);
        let changed = self.health.take(&figures, wall, alarm.as_deref());
        if let Some(change) = changed {
            if change.from == Some(Verdict::Rollback) {
                // It has been put right, so that the next time is told again.
                self.live.0 = self.live.1.clone();
            }
            events.push(self.changed(change));
        }
        events
    }

    /// What the live watch says of response times. Of failures the state judges itself, by more
    /// segments: at the low rate of an observation two minutes are so few requests that in two days
    /// of looks some would fail too often by chance.
    fn alarm(&mut self, segment: &Interval, catalogue: &Catalogue) -> Option<String> {
        let alarm = self.live.0.take(segment, catalogue, &self.phases)?;
        if alarm.kind == AlarmKind::Errors {
            // It tells once; from here on it watches anew.
            self.live.0 = self.live.1.clone();
            return None;
        }
        Some(alarm.what)
    }

    /// Ends the part of a day that goes on: nothing more comes.
    pub fn finish(&mut self) -> Option<Event> {
        let left = self.open.take()?;
        Some(Event::Closed(self.close(&left)))
    }

    /// The state now; `None` before enough is known.
    pub fn state(&self) -> Option<Verdict> {
        self.health.state()
    }

    /// The gravest state that there was.
    pub fn worst(&self) -> Option<Verdict> {
        self.worst
    }

    /// What is to be said of the whole so far: INVALID where nothing was measured, NO-GO at least
    /// where a rollback was called for, HOLD where nothing is known.
    pub fn verdict(&self) -> Verdict {
        let state = self.state().unwrap_or(Verdict::Hold);
        match (&self.simulated, self.worst) {
            (Some(_), _) => Verdict::Invalid,
            (None, Some(Verdict::Rollback)) => state.max(Verdict::NoGo),
            (None, _) => state,
        }
    }

    /// What it was made from, if nothing was measured.
    pub fn simulated(&self) -> Option<&str> {
        self.simulated.as_deref()
    }

    /// Each change of the state, in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Time of which nothing is known.
    pub fn missed(&self) -> &[Missed] {
        &self.missed
    }

    /// What grows without end so far, and what does not: memory, open files, connections.
    pub fn growth(&self) -> Vec<LeakRow> {
        self.growing.rows(&[])
    }

    /// The days by whose clock it is.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The rules by which it is judged.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What was measured of a part of a day.
    pub fn slot(&self, slot: Slot) -> Option<&Figures> {
        self.slots.get(&slot)
    }

    /// What people should know: windows that could not be had, segments that could not be read.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if self.unreadable > 0 {
            let note = format!("{} segments could not be read in whole", self.unreadable);
            notes.push(note);
        }
        notes
    }

    /// The number of the day that a moment is of: 1 for the day on which the observation began, 0
    /// for the night before it.
    pub fn day_of(&self, unix_ns: u64) -> u32 {
        self.calendar.slot(unix_ns).map_or(1, |slot| self.number(slot.date))
    }

    /// The number of a day.
    pub(super) fn number(&self, date: Date) -> u32 {
        let first = self.first.unwrap_or(date);
        let days = date.since(first).map_or(0, |span| span.get_days());
        u32::try_from(days.saturating_add(1)).unwrap_or_default()
    }

    /// Time without a segment before this one.
    fn miss(&mut self, segment: &Interval, wall: u64, events: &mut Vec<Event>) -> Nanos {
        let gap = segment.gauges.gap.as_ref();
        let by_axis = self.until.map(|until| segment.start.since(until));
        let missing = by_axis.or(gap.map(|gap| gap.length)).unwrap_or_default();
        self.until = Some(segment.start + segment.length);
        // What is shorter than half a segment is the time that it takes to begin the next one.
        let is_seen = missing.0.saturating_mul(2) >= segment.length.0.max(1);
        if !is_seen && gap.is_none() {
            return Nanos::ZERO;
        }
        let why = gap.map_or_else(|| "no segment was stored".to_owned(), |gap| gap.why.clone());
        let length = missing.max(gap.map(|gap| gap.length).unwrap_or_default());
        let is_long = missing.0 >= segment.length.0.saturating_mul(LOST);
        if let Some(change) = is_long
            .then(|| self.health.lost(wall, format!("nothing is known of {missing}: {why}")))
            .flatten()
        {
            events.push(self.changed(change));
        }
        if self.missed.len() < MAX_KEPT {
            self.missed.push(Missed { until_unix_ns: wall, length, why });
        }
        missing
    }

    fn changed(&mut self, change: Change) -> Event {
        self.worst = self.worst.max(Some(change.to));
        if self.changes.len() < MAX_KEPT {
            self.changes.push(change.clone());
        }
        Event::Changed(change)
    }

    /// What a segment has, of phases that count.
    fn figures(&mut self, segment: &Interval, catalogue: &Catalogue, slot: Slot) -> Figures {
        let mut figures = Figures::over(segment.length);
        let is_measured =
            |phase: u8| self.phases.get(usize::from(phase)).is_some_and(|phase| phase.measure);
        let is_tapped = catalogue.is_tapped();
        let statements = if is_tapped { SeriesKind::TapQuery } else { SeriesKind::ServerQuery };
        let fresh = || Open { slot, endpoints: BTreeMap::new() };
        let open = self.open.get_or_insert_with(fresh);
        let mut failed = false;
        for cell in segment.cells.iter().filter(|cell| is_measured(cell.phase)) {
            let Some(series) = catalogue.get(cell.series) else { continue };
            let read = if cell.metric == Metric::Response && series.kind.is_http() {
                open.respond(&mut figures, &series.name, cell)
            } else if cell.metric == Metric::Query && series.kind == statements {
                figures.query.merge_encoded(&cell.bytes, cell.beyond)
            } else {
                Ok(())
            };
            failed |= read.is_err();
        }
        self.unreadable += u64::from(failed);
        for tally in segment.tallies.iter().filter(|tally| is_measured(tally.phase)) {
            if catalogue.get(tally.series).is_some_and(|series| series.kind.is_http()) {
                figures.tried = figures.tried.saturating_add(tally.counts.tried());
                figures.failed = figures.failed.saturating_add(tally.counts.failed());
            }
        }
        segment.gauges.readings.iter().for_each(|reading| figures.read(reading));
        figures
    }

    /// The slowest endpoint of a part of a day.
    pub(super) fn slowest(&self, slot: Slot) -> Option<Slowest> {
        match &self.open {
            Some(open) if open.slot == slot => open.slowest(),
            Some(_) | None => self.slowest.get(&slot).cloned(),
        }
    }

    fn close(&mut self, open: &Open) -> Closed {
        let slot = open.slot;
        self.slowest.extend(open.slowest().map(|slowest| (slot, slowest)));
        Closed {
            day: self.number(slot.date),
            date: slot.date,
            part: self.calendar.name(slot.part).to_owned(),
            tasks: self.tasks(slot),
        }
    }
}

impl Open {
    /// Adds response times to those of all requests and to those of their endpoint.
    fn respond(
        &mut self,
        figures: &mut Figures,
        name: &str,
        cell: &EncodedCell,
    ) -> Result<(), DecodeError> {
        let own = Histogram::decode(&cell.bytes, cell.beyond)?;
        figures.response.merge(&own);
        let known = self.endpoints.entry(cell.series);
        known.or_insert_with(|| (name.to_owned(), Histogram::new())).1.merge(&own);
        Ok(())
    }

    /// The endpoint with the highest 95th percentile.
    fn slowest(&self) -> Option<Slowest> {
        let all = self.endpoints.values().filter_map(|(name, own)| {
            Some(Slowest { name: name.clone(), p95: own.at(0.95)?, n: own.len() })
        });
        all.max_by_key(|one| one.p95)
    }
}
