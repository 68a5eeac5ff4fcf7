//! Several repetitions as one record, for reports and thresholds.

use std::collections::BTreeSet;

use super::integrity::worst;
use super::{
    EncodedCell, End, ErrorSample, Generator, Header, Interval, PhaseInfo, RunRecord, StopReason,
    Tally, Totals, WorkerUse,
};
use crate::names::{Catalogue, Series, SeriesId};
use crate::units::Nanos;

/// All repetitions of one load as one record: nothing is averaged, everything is added up.
///
/// The phases of all repetitions stay as they were played and when: a pause between two stays a
/// pause, and five times 30 s are 150 s of load. Figures of phases with the same words are those
/// of the first of them, so a pool is hardly larger than one repetition. The head is that of the
/// first in time; its id is the name of the set.
///
/// The record ends when the last repetition did, and how the worst did: one that is unfinished
/// makes the pool unfinished. A pool can be pooled again with the next repetition. `None` when
/// there is nothing to pool, or more series than a record can have.
pub fn pool(mut records: Vec<RunRecord>) -> Option<RunRecord> {
    records.sort_by_key(|record| record.header.started_unix_ns);
    if records.len() == 1 {
        let single = records.pop()?;
        return Some(RunRecord { header: named_by_set(single.header), ..single });
    }
    let mut header = named_by_set(records.first()?.header.clone());
    let began = header.started_unix_ns;
    let later = |record: &RunRecord| Nanos(record.header.started_unix_ns.saturating_sub(began));
    let phases = records.iter().flat_map(|record| played_phases(record, later(record)));
    header.load.phases = phases.collect();
    header.load.phases.sort_by_key(|phase| phase.start);
    let mut whole = RunRecord {
        header,
        catalogue: records.first()?.catalogue.clone(),
        totals: Totals::default(),
        intervals: Vec::new(),
        end: None,
    };
    let mut ends = Vec::new();
    for mut record in records {
        let (later, end) = (later(&record), record.end.take());
        let map = join(&mut whole, record, later)?;
        ends.push(end.map(|end| map.end(end, later)));
    }
    whole.intervals.sort_by_key(|interval| interval.start);
    let ends: Option<Vec<End>> = ends.into_iter().collect();
    whole.end = ends.and_then(|ends| ends.into_iter().reduce(ended));
    Some(whole)
}

/// The head of the set: it is itself no repetition.
fn named_by_set(header: Header) -> Header {
    match header.repetition {
        Some(place) => Header { id: place.set, repetition: None, ..header },
        None => header,
    }
}

/// The phases of a repetition that started so much `later` than the first, without what was not
/// played, so that a rate is over the time in which there was load.
fn played_phases(record: &RunRecord, later: Nanos) -> impl Iterator<Item = PhaseInfo> {
    let last = record.intervals.iter().map(|interval| interval.start + interval.length).max();
    let played = record.end.as_ref().map_or(last.unwrap_or_default(), |end| end.lasted);
    record.header.load.phases.iter().map(move |phase| PhaseInfo {
        start: phase.start + later,
        length: played.min(phase.start + phase.length).since(phase.start),
        ..phase.clone()
    })
}

/// Adds what a repetition measured that started so much `later` than the first.
fn join(whole: &mut RunRecord, record: RunRecord, later: Nanos) -> Option<Map> {
    let RunRecord { header, catalogue, totals, intervals, end: _ } = record;
    let places = header.load.phases.iter().map(|phase| place(&whole.header.load.phases, phase));
    let places = places.collect::<Option<Vec<_>>>()?;
    let series = catalogue.iter().map(|(_, series)| room(&mut whole.catalogue, series));
    let map = Map { places, series: series.collect::<Option<Vec<_>>>()? };
    whole.totals.absorb(totals, |phase, series| Some((map.phase(phase)?, map.series(series)?)));
    whole.intervals.extend(intervals.into_iter().map(|interval| map.interval(interval, later)));
    Some(map)
}

/// The index of the first phase with the words of this one.
fn place(phases: &[PhaseInfo], phase: &PhaseInfo) -> Option<u8> {
    phases.iter().position(|known| known.same_words(phase)).and_then(|at| u8::try_from(at).ok())
}

/// The id of a series in the common catalogue; a query that has no room joins the other ones, as
/// it would have in a single run.
fn room(catalogue: &mut Catalogue, series: &Series) -> Option<SeriesId> {
    match catalogue.intern(series) {
        None if series.kind.is_query() => catalogue.find(&Series::other(series.kind)),
        found => found,
    }
}

/// From the indices of one repetition to those of the pool.
struct Map {
    places: Vec<u8>,
    series: Vec<SeriesId>,
}

impl Map {
    fn phase(&self, phase: u8) -> Option<u8> {
        self.places.get(usize::from(phase)).copied()
    }

    fn series(&self, series: SeriesId) -> Option<SeriesId> {
        self.series.get(series.index()).copied()
    }

    fn cell(&self, cell: EncodedCell) -> Option<EncodedCell> {
        let (phase, series) = (self.phase(cell.phase)?, self.series(cell.series)?);
        Some(EncodedCell { phase, series, ..cell })
    }

    fn tally(&self, tally: Tally) -> Option<Tally> {
        let (phase, series) = (self.phase(tally.phase)?, self.series(tally.series)?);
        Some(Tally { phase, series, ..tally })
    }

    fn interval(&self, interval: Interval, later: Nanos) -> Interval {
        let Interval { start, length, cells, tallies, gauges } = interval;
        Interval {
            start: start + later,
            length,
            cells: cells.into_iter().filter_map(|cell| self.cell(cell)).collect(),
            tallies: tallies.into_iter().filter_map(|tally| self.tally(tally)).collect(),
            gauges,
        }
    }

    fn end(&self, end: End, later: Nanos) -> End {
        let samples = end.samples.into_iter();
        End {
            lasted: end.lasted + later,
            samples: samples.filter_map(|sample| self.sample(sample, later)).collect(),
            notes: each_once(end.notes),
            ..end
        }
    }

    fn sample(&self, sample: ErrorSample, later: Nanos) -> Option<ErrorSample> {
        let series = self.series(sample.series)?;
        Some(ErrorSample { series, at: sample.at + later, ..sample })
    }
}

/// Both ends as one, with the first message of each kind of error and series.
fn ended(one: End, other: End) -> End {
    let mut samples = one.samples;
    for sample in other.samples {
        let known = |kept: &ErrorSample| kept.series == sample.series && kept.kind == sample.kind;
        if samples.len() < End::MAX_SAMPLES && !samples.iter().any(known) {
            samples.push(sample);
        }
    }
    End {
        reason: gravest(one.reason, other.reason),
        lasted: one.lasted.max(other.lasted),
        generator: both(one.generator, &other.generator),
        samples,
        notes: each_once([one.notes, other.notes].concat()),
        integrity: worst(one.integrity, other.integrity),
    }
}

fn gravest(one: StopReason, other: StopReason) -> StopReason {
    let grave = |reason: &StopReason| match reason {
        StopReason::Complete => 0,
        StopReason::Interrupted => 1,
        StopReason::Killed => 2,
        StopReason::Aborted => 3,
    };
    std::cmp::max_by_key(other, one, grave)
}

/// What the generator used in both: peaks are the higher ones, the rest adds up.
fn both(one: Generator, other: &Generator) -> Generator {
    let mut workers = one.workers;
    workers.resize(workers.len().max(other.workers.len()), WorkerUse::default());
    for (mine, theirs) in workers.iter_mut().zip(&other.workers) {
        mine.merge(theirs);
    }
    Generator {
        cpu: one.cpu + other.cpu,
        workers,
        requests_sent: one.requests_sent.saturating_add(other.requests_sent),
        peak_rss_bytes: one.peak_rss_bytes.max(other.peak_rss_bytes),
    }
}

fn each_once(notes: Vec<String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    notes.into_iter().filter(|note| known.insert(note.clone())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::histogram::Histogram;
    use crate::names::{ErrorKind, MAX_SERIES, Metric, OTHER, SeriesKind};
    use crate::record::{
        Bank, Cell, Counts, FORMAT, Gauges, Load, Origin, Pick, Policy, Queued, Repetition,
        ValidityPolicy,
    };
    use crate::units::Ratio;

    /// A second of one repetition: the phase, which series, values in milliseconds.
    type Second = (u8, usize, Vec<u64>);

    fn series(name: &str) -> Series {
        let [journey, step] = ["customer", "step"].map(str::to_owned);
        let kind = SeriesKind::ServerQuery;
        if name == OTHER {
            return Series::other(kind);
        }
        Series { kind, name: name.to_owned(), journey, step, endpoint: String::new(), tapped: None }
    }

    /// A repetition of a second of warm-up and nine that count; its series are met in any order.
    fn repetition(start_s: u64, names: &[&str], seconds: &[Second]) -> RunRecord {
        let mut catalogue = Catalogue::new();
        for name in names {
            catalogue.intern(&series(name)).unwrap();
        }
        let phase = |name: &str, start, length, measure| PhaseInfo {
            name: name.to_owned(),
            load: "10/s".to_owned(),
            start: Nanos::from_secs(start),
            length: Nanos::from_secs(length),
            measure,
        };
        let intervals: Vec<_> =
            (0..).zip(seconds).map(|(at, second)| interval(at, second)).collect();
        RunRecord {
            header: Header {
                format: FORMAT,
                id: format!("run-{start_s}"),
                scenario: "customer".to_owned(),
                started_unix_ns: start_s * 1_000_000_000,
                seed: 1,
                load: Load {
                    phases: vec![phase("lead-in", 0, 1, false), phase("steady", 1, 9, true)],
                    max_users: None,
                    workers: 1,
                    precision: None,
                },
                leaks: Vec::new(),
                journeys: Vec::new(),
                thresholds: Vec::new(),
                integrity: Vec::new(),
                origin: Origin::default(),
                policy: ValidityPolicy::default(),
                gate: Policy::default(),
                repetition: Some(Repetition { set: "set".to_owned(), number: 1, of: 3 }),
                logs: crate::record::LogsText::default(),
                observation: None,
                features: Vec::new(),
            },
            catalogue,
            totals: Totals::from_intervals(&intervals).unwrap(),
            intervals,
            end: Some(end(StopReason::Complete, 10)),
        }
    }

    fn end(reason: StopReason, seconds: u64) -> End {
        End {
            reason,
            lasted: Nanos::from_secs(seconds),
            generator: Generator::default(),
            samples: Vec::new(),
            notes: Vec::new(),
            integrity: Vec::new(),
        }
    }

    fn interval(at: u64, (phase, name, values): &Second) -> Interval {
        let series = SeriesId(u16::try_from(3 + name).unwrap());
        let mut histogram = Histogram::new();
        histogram.extend(values.iter().map(|value| Nanos::from_millis(*value)));
        let started = u64::try_from(values.len()).unwrap();
        let cell = Cell { phase: *phase, series, metric: Metric::Query, histogram };
        let counts = Counts { started, ..Counts::default() };
        Interval {
            start: Nanos::from_secs(at),
            length: Nanos::SECOND,
            cells: if values.is_empty() { Vec::new() } else { vec![cell.encode()] },
            tallies: vec![Tally { phase: *phase, series, counts }],
            gauges: Gauges::default(),
        }
    }

    /// What one record knows of a series in one kind of phases.
    fn known(record: &RunRecord, name: &str, bank: Bank) -> (Histogram, Counts) {
        let pick = Pick::of(&record.header.load.phases, bank);
        let id = record.catalogue.find(&series(name));
        (record.totals.histogram(&pick, id, Metric::Query), record.totals.counts(&pick, id))
    }

    fn any_repetition() -> impl Strategy<Value = RunRecord> {
        let names = Just(vec!["a", "b", "c"]).prop_shuffle();
        let values = prop::collection::vec(1_u64..700_000, 0..4);
        let seconds = prop::collection::vec((0_u8..2, 0_usize..3, values), 0..6);
        (0_u64..90, names, seconds)
            .prop_map(|(start, names, seconds)| repetition(start, &names, &seconds))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_pool_holds_what_its_repetitions_hold(
            records in prop::collection::vec(any_repetition(), 1..5),
        ) {
            let whole = pool(records.clone()).unwrap();
            for name in ["a", "b", "c"] {
                for bank in [Bank::Measured, Bank::Unmeasured] {
                    let mut sum = (Histogram::new(), Counts::default());
                    for (histogram, counts) in records.iter().map(|one| known(one, name, bank)) {
                        sum.0.merge(&histogram);
                        sum.1.merge(&counts);
                    }
                    prop_assert_eq!(known(&whole, name, bank), sum);
                }
            }
            let again = Totals::from_intervals(&whole.intervals).unwrap();
            prop_assert_eq!(&again, &whole.totals);
            let starts: Vec<_> = whole.intervals.iter().map(|one| one.start).collect();
            prop_assert!(starts.is_sorted());
            let seconds: usize = records.iter().map(|one| one.intervals.len()).sum();
            prop_assert_eq!(starts.len(), seconds);
        }
    }

    #[test]
    fn a_pause_stays_a_pause_and_load_is_what_was_played() {
        let seconds = vec![(0, 0, vec![5]), (1, 0, vec![7])];
        let mut cut = repetition(300, &["a"], &seconds);
        cut.end = Some(end(StopReason::Interrupted, 4));
        let records =
            vec![repetition(130, &["a"], &seconds), cut, repetition(100, &["a"], &seconds)];
        let whole = pool(records).unwrap();
        assert_eq!((whole.header.id.as_str(), whole.header.repetition.as_ref()), ("set", None));
        assert_eq!(whole.header.started_unix_ns, 100_000_000_000);
        let spans: Vec<_> = whole
            .header
            .load
            .phases
            .iter()
            .map(|phase| (phase.start.as_secs_f64(), phase.length.as_secs_f64()))
            .collect();
        assert_eq!(
            spans,
            [(0.0, 1.0), (1.0, 9.0), (30.0, 1.0), (31.0, 9.0), (200.0, 1.0), (201.0, 3.0)]
        );
        let starts: Vec<_> = whole.intervals.iter().map(|one| one.start.as_secs_f64()).collect();
        assert_eq!(starts, [0.0, 1.0, 30.0, 31.0, 200.0, 201.0]);
        let end = whole.end.unwrap();
        assert_eq!((end.reason, end.lasted), (StopReason::Interrupted, Nanos::from_secs(204)));
    }

    #[test]
    fn ends_add_up_and_peaks_stay_peaks() {
        let worker = |cpu, peak| WorkerUse {
            cpu: Nanos(cpu),
            peak: Ratio(peak),
            busy: Nanos(cpu),
            queued: None,
        };
        let waited = |total, peak| {
            Some(Queued { total: Nanos(total), peak: Ratio(peak), above: Nanos(total) })
        };
        let sample = |series, at| ErrorSample {
            series: SeriesId(series),
            kind: ErrorKind::Timeout,
            status: None,
            message: format!("at {at}"),
            at: Nanos(at),
        };
        let mut first = repetition(0, &["a", "b"], &[]);
        let mut second = repetition(60, &["b", "a"], &[]);
        let mut cut = end(StopReason::Killed, 10);
        cut.generator = Generator {
            cpu: Nanos(5),
            workers: vec![WorkerUse { queued: waited(3, 0.1), ..worker(5, 0.5) }],
            requests_sent: 7,
            peak_rss_bytes: 100,
        };
        cut.samples = vec![sample(3, 1)];
        cut.notes = vec!["disk full".to_owned()];
        let mut complete = End { reason: StopReason::Complete, ..cut.clone() };
        complete.generator = Generator {
            cpu: Nanos(6),
            workers: vec![WorkerUse { queued: waited(4, 0.3), ..worker(2, 0.7) }, worker(4, 0.2)],
            requests_sent: 8,
            peak_rss_bytes: 90,
        };
        complete.samples = vec![sample(3, 2), sample(4, 3)];
        (first.end, second.end) = (Some(cut), Some(complete));
        let end = pool(vec![second, first]).unwrap().end.unwrap();
        assert_eq!(end.reason, StopReason::Killed);
        assert_eq!(
            end.generator,
            Generator {
                cpu: Nanos(11),
                workers: vec![
                    WorkerUse { queued: waited(7, 0.3), ..worker(7, 0.7) },
                    worker(4, 0.2),
                ],
                requests_sent: 15,
                peak_rss_bytes: 100,
            }
        );
        // The second run's first series is the first one's second; its own first is known already.
        let later = |at: u64| Nanos::from_secs(60) + Nanos(at);
        let kept: Vec<_> = end.samples.iter().map(|one| (one.series.0, one.at)).collect();
        assert_eq!(kept, [(3, Nanos(1)), (4, later(2))]);
        assert_eq!(end.notes, ["disk full"]);
    }

    #[test]
    fn one_that_is_unfinished_makes_the_pool_unfinished() {
        let whole = repetition(0, &["a"], &[]);
        let killed = RunRecord { end: None, ..repetition(20, &["a"], &[(0, 0, vec![1])]) };
        let pooled = pool(vec![whole, killed]).unwrap();
        assert_eq!(pooled.end, None);
        let lengths: Vec<_> =
            pooled.header.load.phases.iter().map(|phase| phase.length.as_secs_f64()).collect();
        assert_eq!(lengths, [1.0, 9.0, 1.0, 0.0]);
        assert!(pool(Vec::new()).is_none());
    }

    #[test]
    fn figures_of_many_repetitions_are_under_the_first_phase_of_their_words() {
        let one = |at: u64| repetition(at * 20, &["a"], &[(0, 0, vec![1]), (1, 0, vec![3, 4])]);
        let whole = pool((0..200).map(one).collect()).unwrap();
        let phases = &whole.header.load.phases;
        assert_eq!(phases.len(), 400);
        let measured = phases.iter().filter(|phase| phase.measure);
        let played = measured.fold(Nanos::ZERO, |sum, phase| sum + phase.length);
        assert_eq!(played, Nanos::from_secs(200 * 9));
        assert_eq!(known(&whole, "a", Bank::Measured).1.started, 400);
        assert_eq!(known(&whole, "a", Bank::Unmeasured).1.started, 200);
        assert!(whole.totals.encode().iter().all(|cell| cell.phase < 2));
    }

    #[test]
    fn a_pool_takes_a_repetition_more_wherever_it_was() {
        let one = |at: u64| repetition(at, &["a"], &[(0, 0, vec![1]), (1, 0, vec![at])]);
        let pooled = |parts: Vec<RunRecord>| pool(parts).unwrap();
        let all = pooled(vec![one(10), one(40), one(70)]);
        let grown = pooled(vec![pooled(vec![one(10), one(70)]), one(40)]);
        assert_eq!(grown.header, all.header);
        assert_eq!(grown.totals, all.totals);
        assert_eq!(grown.intervals, all.intervals);
        assert_eq!(grown.end, all.end);
    }

    #[test]
    fn queries_without_room_join_the_others() {
        let numbered: Vec<_> = (0..MAX_SERIES - 3).map(|at| at.to_string()).collect();
        let mut full: Vec<&str> = numbered.iter().map(String::as_str).collect();
        let late = || repetition(20, &["late"], &[(1, 0, vec![3, 4])]);
        assert!(pool(vec![repetition(0, &full, &[]), late()]).is_none());
        full.pop();
        full.push(OTHER);
        let whole = pool(vec![repetition(0, &full, &[]), late()]).unwrap();
        assert_eq!(known(&whole, OTHER, Bank::Measured).1.started, 2);
    }
}
