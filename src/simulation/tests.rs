//! Whole observations in simulated time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::*;
use crate::gate::leaks::LeakFinding;
use crate::gate::live::Watch;
use crate::gate::observation::{Answer, Day, Event, Observer, Overall, Status, Tracked};
use crate::gate::ruling::Verdict;
use crate::gate::validity;
use crate::histogram::Histogram;
use crate::names::Metric;
use crate::plan::Inputs;
use crate::record::{Interval, RunRecord, Totals};
use crate::scenario::Diagnostic;

/// Everything is measured and well.
const WELL: &str = "
length: 48h
start: 2026-01-05T07:00
zone: Europe/Berlin
rate: 1/s
endpoints: 3
response: { median: 80ms, p95: 240ms }
errors: 0.1%
readings:
  app.rss_bytes: { level: 450MB, saw: 80MB, noise: 3MB }
  app.cpu: { level: 25%, noise: 2% }
  db.pool_use: { level: 45%, noise: 5% }
  db.statement_mean_ms: { level: 6, noise: 0.3 }
";

fn inputs(text: &str) -> Result<Simulation, Vec<Diagnostic>> {
    let nothing = |_: &str| Err("there are no files".to_owned());
    let environment = |_: &str| None;
    let inputs = Inputs { path: "days/spec.yaml", text, read: &nothing, environment: &environment };
    read(&inputs, 7)
}

fn simulation(changed: &str) -> Simulation {
    let keys: Vec<&str> =
        changed.lines().filter_map(|line| line.split_once(':')).map(|(key, _)| key).collect();
    let mut kept = Vec::new();
    let mut is_kept = true;
    for line in WELL.lines() {
        if let Some((key, _)) = line.split_once(':').filter(|_| !line.starts_with(' ')) {
            is_kept = !keys.contains(&key);
        }
        kept.extend(is_kept.then_some(line));
    }
    inputs(&format!("{}\n{changed}", kept.join("\n"))).unwrap_or_else(|told| panic!("{told:?}"))
}

/// What an observer of a simulation has seen, with the events and the segments.
struct Seen {
    observer: Observer,
    events: Vec<Event>,
    segments: Vec<Interval>,
}

fn observe(simulation: &Simulation) -> Seen {
    let policy = &simulation.gate().policy;
    let watch = Watch::new(policy, None);
    let mut observer = Observer::new(simulation.observation(), policy, watch, &simulation.phases());
    let catalogue = simulation.catalogue();
    let segments: Vec<Interval> = simulation.segments().collect();
    let mut events = Vec::new();
    for segment in &segments {
        let wall = segment.gauges.wall_unix_ns.unwrap();
        events.extend(observer.take(segment, &catalogue, wall));
    }
    events.extend(observer.finish());
    Seen { observer, events, segments }
}

impl Seen {
    /// Changes as `day 2 12:03 NO-GO`.
    fn changes(&self) -> Vec<String> {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Changed(change) => Some(change),
            Event::Closed(_) => None,
        });
        told.map(|change| {
            let (at, to) = (change.at_unix_ns, change.to.word());
            format!("day {} {} {to}", self.observer.day_of(at), self.observer.time(at))
        })
        .collect()
    }

    fn words(&self) -> Vec<String> {
        let changes = self.changes();
        changes.iter().filter_map(|one| one.rsplit(' ').next()).map(str::to_owned).collect()
    }

    /// Parts that are over, as `1 morning`.
    fn closed(&self) -> Vec<String> {
        let told = self.events.iter().filter_map(|event| match event {
            Event::Closed(closed) => Some(format!("{} {}", closed.day, closed.part)),
            Event::Changed(_) => None,
        });
        told.collect()
    }
}

fn record(simulation: &Simulation, segments: &[Interval]) -> RunRecord {
    RunRecord {
        header: simulation.header("simulated", "0"),
        catalogue: simulation.catalogue(),
        totals: Totals::from_intervals(segments).unwrap(),
        intervals: segments.to_vec(),
        end: Some(simulation.end()),
    }
}

fn cell(day: &Day, of: Tracked, part: &str) -> Option<f64> {
    let at = day.parts.iter().position(|name| name == part).unwrap();
    day.rows.iter().find(|row| row.tracked == of).unwrap().cells[at].value
}

#[test]
fn two_days_have_the_figures_that_are_counted_by_hand() {
    let simulation = simulation("queries: { median: 4ms, p95: 20ms }");
    let seen = observe(&simulation);
    assert_eq!(seen.segments.len(), 48 * 60);
    // By hand: by the hour that the clock of the place shows, without any of the observer's code.
    let zone = TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
    let catalogue = simulation.catalogue();
    let mut by_hand: BTreeMap<(i8, &str), (u64, u64, Histogram, f64)> = BTreeMap::new();
    for segment in &seen.segments {
        let wall =
            i64::try_from(segment.gauges.wall_unix_ns.unwrap().div_euclid(1_000_000_000)).unwrap();
        let local = zone.to_datetime(Timestamp::from_second(wall).unwrap());
        let (part, back) = match local.hour() {
            7..11 => ("morning", 0),
            11..16 => ("mid-day", 0),
            16..22 => ("evening", 0),
            0..7 => ("night", 1),
            _ => ("night", 0),
        };
        let sum = by_hand.entry((local.day() - back, part)).or_default();
        for tally in &segment.tallies {
            if catalogue.get(tally.series).unwrap().kind.is_http() {
                sum.0 += tally.counts.started;
                sum.1 += tally.counts.failed();
            }
        }
        for cell in segment.cells.iter().filter(|cell| cell.metric == Metric::Response) {
            sum.2.merge(&cell.decode().unwrap().histogram);
        }
        for reading in segment.gauges.readings.iter().filter(|one| one.what == "app.rss_bytes") {
            sum.3 = sum.3.max(reading.value);
        }
    }
    let days = seen.observer.days();
    assert_eq!(days.len(), 2);
    assert_eq!(by_hand.len(), 8);
    for ((date, part), (tried, failed, response, memory)) in by_hand {
        let day = days.iter().find(|day| day.date.day() == date).unwrap();
        let check = |of: Tracked, want: f64| assert_eq!(cell(day, of, part), Some(want), "{part}");
        check(Tracked::ErrorRate, Ratio::of(failed, tried).unwrap().0);
        check(Tracked::AverageResponse, response.mean().unwrap().as_millis_f64());
        check(Tracked::P95Response, response.at(0.95).unwrap().as_millis_f64());
        check(Tracked::Memory, memory);
    }
    assert_eq!(seen.words(), ["GO"]);
    assert_eq!(
        seen.closed(),
        [
            "1 morning",
            "1 mid-day",
            "1 evening",
            "1 night",
            "2 morning",
            "2 mid-day",
            "2 evening",
            "2 night"
        ]
    );
    for day in &days {
        assert!(cell(day, Tracked::QueryAverage, "night").is_some_and(|mean| mean > 4.0));
        assert!(day.rows.iter().all(|row| row.status == Status::Good), "{:?}", day.rows);
        assert_eq!((day.overall, day.issues.as_slice()), (Overall::Healthy, &[][..]));
    }
}

/// What was measured of each part of a day, in hours.
fn hours(day: &Day) -> Vec<f64> {
    day.measured.iter().map(|part| part.as_secs_f64() / 3_600.0).collect()
}

#[test]
fn the_night_in_which_clocks_are_changed_is_measured_in_whole() {
    let seen = observe(&simulation("start: 2026-03-28T07:00"));
    let days = seen.observer.days();
    assert_eq!(hours(&days[0]), [4.0, 5.0, 6.0, 8.0]);
    assert_eq!(hours(&days[1]), [4.0, 5.0, 6.0, 9.0]);
    assert_eq!(hours(&days[2]), [1.0, 0.0, 0.0, 0.0], "48 hours end an hour later by the clock");
    assert_eq!(seen.words(), ["GO"]);
    assert_eq!(seen.observer.missed(), []);
    assert_ne!(days[2].overall, Overall::Healthy, "what was not measured is not good");
    assert!(days[2].rows.iter().all(|row| row.status == Status::Missing));
}

#[test]
fn the_hour_that_comes_twice_is_measured_twice() {
    let seen = observe(&simulation("start: 2026-10-24T07:00"));
    let days = seen.observer.days();
    assert_eq!(hours(&days[0]), [4.0, 5.0, 6.0, 10.0]);
    assert_eq!(hours(&days[1]), [4.0, 5.0, 6.0, 8.0], "48 hours end an hour earlier by the clock");
    assert_eq!((days.len(), seen.words(), seen.observer.missed().len()), (2, vec!["GO".into()], 0));
}

#[test]
fn two_hours_of_errors_are_held_up_and_let_go_once() {
    let seen = observe(&simulation("faults: [ { from: 29h, to: 31h, errors: 3% } ]"));
    let words = seen.words();
    assert_eq!((words.first().unwrap().as_str(), words.last().unwrap().as_str()), ("GO", "GO"));
    let bad = &words[1..words.len() - 1];
    assert!((1..=3).contains(&bad.len()), "{words:?}");
    assert!(bad.iter().all(|word| word == "HOLD" || word == "NO-GO"), "{words:?}");
    // The fault is on day 2 from 12:00 to 14:00.
    let changes = seen.changes();
    let first = &changes[1];
    assert!(("day 2 12:00".."day 2 12:15").contains(&first.as_str()), "{changes:?}");
    let last = changes.last().unwrap().as_str();
    assert!(("day 2 14:10".."day 2 14:45").contains(&last), "{changes:?}");
    let days = seen.observer.days();
    assert_eq!(days[0].overall, Overall::Healthy);
    assert_ne!(days[1].overall, Overall::Healthy);
    assert!(days[1].issues.iter().any(|issue| issue.contains("→")), "{:?}", days[1].issues);
}

#[test]
fn a_system_that_fails_altogether_is_rolled_back() {
    let seen =
        observe(&simulation("length: 12h\nfaults: [ { from: 10h, to: 10h30m, errors: 100% } ]"));
    assert_eq!(seen.observer.worst(), Some(Verdict::Rollback));
    let changes = seen.changes();
    let rollback = changes.iter().find(|one| one.ends_with("ROLLBACK")).unwrap();
    assert!(("day 1 17:00".."day 1 17:08").contains(&rollback.as_str()), "{changes:?}");
    assert_eq!(seen.observer.state(), Some(Verdict::Go), "it has been put right");
}

#[test]
fn what_comes_and_goes_does_not_make_the_state_flap() {
    for every in ["2m", "4m", "10m"] {
        let fault = format!("{{ from: 5h, to: 15h, every: {every}, errors: 8%, response: 8 }}");
        let seen = observe(&simulation(&format!("length: 20h\nfaults: [ {fault} ]")));
        let changes = seen.changes();
        assert!(changes.len() <= 5, "{every}: {changes:?}");
    }
}

#[test]
fn one_minute_without_any_success_changes_nothing() {
    let fault = "{ from: 10h, to: 10h1m, errors: 100% }";
    let seen = observe(&simulation(&format!("length: 20h\nfaults: [ {fault} ]")));
    assert_eq!(seen.words(), ["GO"]);
}

#[test]
fn silence_is_hold_and_what_is_read_no_more_too() {
    for (fault, why) in [("rate: 0", "no request"), ("blind: true", "nothing was measured")] {
        let fault = format!("{{ from: 10h, to: 12h, {fault} }}");
        let seen = observe(&simulation(&format!("length: 20h\nfaults: [ {fault} ]")));
        assert_eq!(seen.words(), ["GO", "HOLD", "GO"]);
        let changes = seen.observer.changes();
        assert!(changes[1].why.contains(why), "{}", changes[1].why);
    }
}

#[test]
fn a_leak_of_two_megabytes_an_hour_is_seen_and_a_sawtooth_is_none() {
    let leaks = simulation(
        "rate: 20/m
readings:
  app.rss_bytes: { level: 450MB, hourly: 2MB, saw: 80MB, noise: 3MB }",
    );
    let seen = observe(&leaks);
    let found = seen.observer.growth();
    assert_eq!(found[0].finding, LeakFinding::Leak, "{}", found[0].text());
    let slope = found[0].slope.as_ref().unwrap().value;
    assert!((slope - 2e6).abs() < 0.2e6, "{slope}");
    let days = seen.observer.days();
    assert_eq!(days[1].overall, Overall::Issues);
    let evening = &days[1].tasks.iter().find(|(part, _)| part == "evening").unwrap().1;
    let memory = evening.iter().find(|task| task.criterion.id == "evening.memory").unwrap();
    assert_eq!(memory.answer, Answer::Fails, "{}", memory.found);

    let flat = observe(&simulation("rate: 20/m"));
    assert_eq!(flat.observer.growth()[0].finding, LeakFinding::Clean);
    let warm = "rate: 20/m
readings:
  app.rss_bytes: { level: 450MB, warm_up: 150MB, settles: 1h, saw: 80MB, noise: 3MB }";
    assert_eq!(observe(&simulation(warm)).observer.growth()[0].finding, LeakFinding::Clean);
}

#[test]
fn time_that_was_missed_is_told_and_takes_go_away() {
    let seen = observe(&simulation("length: 30h\ngaps: [ { at: 20h, length: 43m } ]"));
    assert_eq!(seen.words(), ["GO", "HOLD", "GO"]);
    let missed = seen.observer.missed();
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0].length, Nanos::from_secs(43 * 60));
    let day = &seen.observer.days()[0];
    // From 03:00 to 03:43 in the night of the first day.
    let night = day.measured.last().unwrap();
    assert_eq!(*night, Nanos::from_secs(9 * 3_600 - 43 * 60));
    assert_eq!(day.overall, Overall::Monitoring);
    assert!(day.issues.iter().any(|one| one.contains("43m are missing")), "{:?}", day.issues);
    let all: u64 = seen.segments.iter().map(|one| one.length.0).sum();
    assert_eq!(Nanos(all), Nanos::from_secs(30 * 3_600 - 43 * 60));
}

#[test]
fn a_clock_that_is_set_loses_and_doubles_nothing() {
    let jumps = "length: 14h\njumps: [ { at: 5h, by: -90s }, { at: 10h, by: +1h } ]";
    let (set, unset) = (observe(&simulation(jumps)), observe(&simulation("length: 14h")));
    assert_eq!(set.words(), ["GO"]);
    assert_eq!(set.observer.missed(), []);
    let all = |seen: &Seen| {
        let days = seen.observer.days();
        days.iter().fold((0, Nanos::ZERO), |sum, day| {
            (sum.0 + day.whole.tried, sum.1 + day.whole.measured)
        })
    };
    assert_eq!(all(&set), all(&unset));
}

#[test]
fn a_part_of_which_little_was_measured_is_not_good() {
    let seen = observe(&simulation("length: 20h\ngaps: [ { at: 4h30m, length: 4h } ]"));
    let day = &seen.observer.days()[0];
    let row = &day.rows[0];
    assert_eq!(row.cells[1].status, Status::Warn);
    assert_eq!(row.status, Status::Warn);
    let told = |text: &str| day.issues.iter().any(|one| one.contains(text));
    assert!(told("only 1h of 5h were measured in the mid-day"), "{:?}", day.issues);
}

#[test]
fn what_is_stored_comes_to_the_same_as_what_was_seen() {
    let simulation = simulation(
        "length: 30h
faults: [ { from: 10h, to: 11h, errors: 10% }, { from: 20h, to: 21h, blind: true } ]
gaps: [ { at: 15h, length: 30m } ]",
    );
    let seen = observe(&simulation);
    let stored = Observer::of(&record(&simulation, &seen.segments)).unwrap();
    assert_eq!(stored.changes(), seen.observer.changes());
    assert_eq!(stored.missed(), seen.observer.missed());
    assert_eq!(stored.days(), seen.observer.days());
    assert_eq!(stored.growth(), seen.observer.growth());
    assert!(seen.words().len() > 3, "{:?}", seen.changes());
}

#[test]
fn a_simulation_is_no_measurement_whatever_it_shows() {
    let simulation = simulation("length: 6h");
    let seen = observe(&simulation);
    assert_eq!(seen.observer.state(), Some(Verdict::Go));
    assert_eq!(seen.observer.verdict(), Verdict::Invalid);
    let record = record(&simulation, &seen.segments);
    let reasons = validity::reasons(&record);
    assert_eq!(
        reasons,
        ["it is simulated from spec.yaml: nothing was measured, so observe a target"]
    );
}

#[test]
fn a_seed_repeats_its_segments_and_a_fault_changes_nothing_outside_of_itself() {
    let first: Vec<_> = simulation("length: 3h").segments().collect();
    let again: Vec<_> = simulation("length: 3h").segments().collect();
    assert_eq!(first, again);
    let other: Vec<_> = simulation("length: 3h").seeded(8).segments().collect();
    assert_ne!(first, other);
    let fault = "length: 3h\nfaults: [ { from: 1h, to: 2h, errors: 50% } ]";
    let faulty: Vec<_> = simulation(fault).segments().collect();
    assert_eq!(first[..60], faulty[..60]);
    assert_ne!(first[60], faulty[60]);
    assert_eq!(first[120..], faulty[120..]);
}

#[test]
fn what_is_wrong_with_a_description_is_told_with_its_place() {
    let check = |text: &str, line: usize, want: &str| {
        let told = inputs(text).unwrap_err();
        let found = told.iter().find(|one| one.message.contains(want));
        let found = found.unwrap_or_else(|| panic!("{text}: {told:?}"));
        let place = found.place.as_ref().map(|place| place.line);
        assert_eq!(place, Some(line), "{text}");
        // What is expected says what to write.
        let says = found.hint.is_some() || found.message.contains("expected");
        assert!(says, "{text}: {}", found.message);
    };
    check("rate: 2/s", 1, "`length` is missing");
    check("length: 48h\nlenght: 1h", 2, "lenght");
    check("length: 1y", 1, "duration");
    check("length: 40d", 1, "can't last");
    check("length: 48h\nsegment: 10ms", 2, "can't last");
    check("length: 30d\nsegment: 1s", 2, "too many");
    check("length: 48h\nrate: 100000/s", 2, "too many requests");
    check("length: 48h\nzone: Mars/Base", 2, "no time zone");
    check("length: 48h\nwindows: 07-11,10-12", 2, "overlap");
    check("length: 48h\nstart: yesterday", 2, "no time to begin at");
    check("length: 48h\nerrors: 120%", 2, "from 0% to 100%");
    check("length: 48h\nresponse: { p95: 2s }", 2, "`median` is missing");
    check("length: 48h\nresponse: { median: 80ms, p95: 20ms }", 2, "does not go with");
    check("length: 48h\nendpoints: 5000", 2, "5000 endpoints");
    check("length: 48h\nfaults: [ { from: 2h, to: 1h } ]", 2, "it ends at 1h");
    check("length: 48h\nfaults: [ { from: 2h } ]", 2, "`to` is missing");
    check("length: 48h\nfaults: [ { from: 1h, to: 2h, rate: -1 } ]", 2, "no factor");
    check("length: 48h\nreadings:\n  a b: { level: 1 }", 3, "no name of a reading");
    check("length: 48h\nreadings:\n  a: { hourly: 1 }", 3, "`level` is missing");
    check("length: 48h\nreadings:\n  a: { level: much }", 3, "an amount");
    check("length: 48h\njumps: [ { at: 1h, by: 90s } ]", 2, "a signed duration");
    check("length: 48h\ngaps: [ { at: 1h } ]", 2, "`length` is missing");
    check("length: 48h\ndaily: [ { at: \"11-16,17-18\" } ]", 2, "one time");
}
