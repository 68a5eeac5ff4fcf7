//! Two days of memory in simulated time: what leaks, what does not, and what can't be said.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::Run;
use crate::gate::leaks::{LeakFinding, LeakRow, leaks};
use crate::names::SeriesKind;
use crate::record::{Interval, Reading, Tally, ThresholdText};
use crate::units::{Nanos, count_to_f64};

const MB: f64 = 1e6;
const MINUTE: Nanos = Nanos::from_secs(60);

/// Memory of a process with a collector: a level in MB, a sawtooth of 80 MB over some minutes and
/// a live set that wanders. A reading every five seconds, in intervals of a minute.
struct Memory<'a> {
    hours: u64,
    level: &'a dyn Fn(f64) -> f64,
    /// Requests a second.
    load: &'a dyn Fn(f64) -> f64,
}

impl Memory<'_> {
    fn run(&self, seed: u64) -> Run {
        let mut random = Pcg64::new(u128::from(seed), 7);
        let mut run = Run::new();
        let series = run.series(SeriesKind::Endpoint, "GET /");
        let (mut saw, mut period, mut wander) = (0.0, 400.0, 0.0);
        for minute in 0..self.hours * 60 {
            let start = Nanos(MINUTE.0 * minute);
            let load = (self.load)(start.as_secs_f64() / 3_600.0);
            // Correlated over 50 minutes, with a deviation of some 3 MB.
            wander = 0.98 * wander + random.random_range(-1.0..1.0);
            let mut readings = Vec::new();
            for look in 0..12_u32 {
                let hours = (start.as_secs_f64() + 5.0 * f64::from(look)) / 3_600.0;
                saw += 5.0 / period;
                if saw >= 1.0 {
                    saw = 0.0;
                    period = random.random_range(300.0..1_200.0);
                }
                let level = (self.level)(hours) + wander + 80.0 * saw;
                readings.extend(Reading::new("app.rss_bytes", level * MB));
                readings.extend(Reading::new("app.threads", hours));
            }
            let mut interval = Interval { start, length: MINUTE, ..Interval::default() };
            interval.gauges.readings = readings;
            let counts = super::started(crate::units::f64_to_u64(load * 60.0));
            interval.tallies.push(Tally { phase: 1, series, counts });
            run.record.intervals.push(interval);
        }
        run
    }

    fn row(&self, seed: u64) -> LeakRow {
        let mut rows = leaks(&self.run(seed).record);
        assert_eq!(rows.len(), 1, "threads are not watched: {rows:?}");
        rows.remove(0)
    }
}

fn steady(_hours: f64) -> f64 {
    30.0
}

#[test]
fn a_leak_of_2_mb_an_hour_is_found_with_its_slope() {
    for seed in 0..10 {
        let memory = Memory { hours: 48, level: &|hours| 450.0 + 2.0 * hours, load: &steady };
        let row = memory.row(seed);
        assert_eq!(row.finding, LeakFinding::Leak, "{seed}: {row:?}");
        let slope = row.slope.unwrap();
        assert!((slope.value / (2.0 * MB) - 1.0).abs() < 0.10, "{seed}: {row:?}");
        assert!(slope.low <= 2.0 * MB && slope.high >= 2.0 * MB, "{seed}: {row:?}");
        // From the tip of the sawtooth, at some 626 MB, to 2 GB.
        let left = row.hours_left.unwrap();
        assert!((left / 687.0 - 1.0).abs() < 0.15, "{seed}: {row:?}");
        assert!(row.growth_text().contains(" MB/h ["), "{}", row.growth_text());
    }
}

#[test]
fn what_is_flat_or_only_warms_up_is_clean() {
    let warm_up = |hours: f64| 450.0 - 150.0 * (-hours / 1.5).exp();
    let levels: [&dyn Fn(f64) -> f64; 2] = [&|_| 450.0, &warm_up];
    for (which, level) in levels.into_iter().enumerate() {
        for seed in 0..10 {
            let row = Memory { hours: 48, level, load: &steady }.row(seed);
            assert_eq!(row.finding, LeakFinding::Clean, "{which}, {seed}: {row:?}");
            assert_eq!(row.hours_left, None);
        }
    }
}

#[test]
fn growth_that_the_load_explains_is_clean() {
    // More is asked each hour, with a day and a night in it; each request a second holds 2 MB.
    let load = |hours: f64| 30.0 + hours + 10.0 * (hours * std::f64::consts::TAU / 24.0).sin();
    let level = |hours: f64| 400.0 + 2.0 * load(hours);
    for seed in 0..5 {
        let row = Memory { hours: 48, level: &level, load: &load }.row(seed);
        assert_eq!(row.finding, LeakFinding::Clean, "{seed}: {row:?}");
        let unknown = Memory { hours: 48, level: &level, load: &steady }.row(seed);
        assert_eq!(unknown.finding, LeakFinding::Leak, "{seed}: {unknown:?}");
    }
}

#[test]
fn too_short_a_time_says_nothing() {
    let row = Memory { hours: 5, level: &|_| 450.0, load: &steady }.row(1);
    let why = LeakFinding::Open("too short to say: read for 5h, 6h are needed".to_owned());
    assert_eq!((row.finding, row.slope, row.hours_left), (why, None, None));
    assert!(leaks(&Run::new().record).is_empty());
}

#[test]
fn only_the_time_since_the_last_start_counts() {
    let grows = Memory { hours: 48, level: &|hours| 450.0 + 10.0 * hours, load: &steady };
    let mut run = grows.run(3);
    for (at, interval) in run.record.intervals.iter_mut().enumerate() {
        // Started anew after 45 hours.
        let restarts = f64::from(u8::from(at >= 45 * 60));
        interval.gauges.readings.extend(Reading::new("app.restarts", restarts));
    }
    let rows = leaks(&run.record);
    let LeakFinding::Open(why) = &rows[0].finding else { panic!("{rows:?}") };
    assert!(why.contains("too short to say: read for 2h 59m"), "{why}");
}

#[test]
fn readings_are_watched_by_their_names_and_by_the_scenario() {
    let names = [
        ("app.rss_bytes", true),
        ("app.pss_bytes", true),
        ("app.heap_used_bytes", true),
        ("app.nodejs_heap_size_used_bytes", true),
        ("app.process_resident_memory_bytes{job=\"a.b\"}", true),
        ("app.process_open_fds", true),
        ("app.fds", true),
        ("db.connections", true),
        ("shop.db.connections", true),
        ("app.chosen", true),
        ("app.process_max_fds", false),
        ("db.connections_limit", false),
        ("db.connections_use", false),
        ("db.connection_errors", false),
        ("app.cpu", false),
        ("host.memory_available_bytes", false),
        ("loadgate.rss_bytes", false),
    ];
    let mut run = Run::new();
    run.record.header.leaks = vec!["app.chosen".to_owned()];
    let mut interval = Interval { length: Nanos::SECOND, ..Interval::default() };
    interval.gauges.readings =
        names.iter().filter_map(|(name, _)| Reading::new(*name, 1.0)).collect();
    run.record.intervals.push(interval);
    let watched: Vec<String> = leaks(&run.record).into_iter().map(|row| row.reading).collect();
    for (name, is_watched) in names {
        assert_eq!(watched.iter().any(|own| own == name), is_watched, "{name}");
    }
}

#[test]
fn a_limit_can_say_that_nothing_may_leak() {
    let subject = ThresholdText::of_reading("app.rss_bytes");
    let leaks = Memory { hours: 48, level: &|hours| 450.0 + 2.0 * hours, load: &steady };
    let outcome = leaks.run(1).outcome(&subject, "no leak");
    assert!(outcome.fails() && outcome.measured.unwrap().contains("MB/h"));
    let flat = Memory { hours: 48, level: &|_| 450.0, load: &steady };
    assert!(!flat.run(1).outcome(&subject, "no leak").fails());
    let short = Memory { hours: 2, level: &|_| 450.0, load: &steady };
    let open = short.run(1).outcome(&subject, "no leak");
    assert!(open.fails() && open.note.unwrap().contains("too short to say"));
}

#[test]
fn intervals_of_a_second_and_of_a_minute_say_the_same() {
    let memory = Memory { hours: 48, level: &|hours| 450.0 + 2.0 * hours, load: &steady };
    let run = memory.run(4);
    let whole = leaks(&run.record);
    let mut seconds = memory.run(4);
    seconds.record.intervals = run.record.intervals.iter().flat_map(split).collect();
    let fine = leaks(&seconds.record);
    assert_eq!(fine[0].finding, whole[0].finding);
    let (fine, whole) = (fine[0].slope.unwrap(), whole[0].slope.unwrap());
    assert!((fine.value / whole.value - 1.0).abs() < 1e-9, "{fine:?} {whole:?}");
}

/// A minute as twelve intervals of five seconds with a look each.
fn split(minute: &Interval) -> Vec<Interval> {
    let looks = minute.gauges.readings.chunks(2).zip(0_u64..);
    let part = |(readings, at): (&[Reading], u64)| {
        let mut part = Interval {
            start: minute.start + Nanos::from_secs(5 * at),
            length: Nanos::from_secs(5),
            ..Interval::default()
        };
        part.gauges.readings = readings.to_vec();
        for tally in &minute.tallies {
            let mut tally = tally.clone();
            let twelfth = count_to_f64(tally.counts.started) / 12.0;
            tally.counts = super::started(crate::units::f64_to_u64(twelfth));
            part.tallies.push(tally);
        }
        part
    };
    looks.map(part).collect()
}
