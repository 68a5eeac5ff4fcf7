//! Tests of days, windows and states.

use proptest::prelude::*;

use super::health::Health;
use super::*;
use crate::gate::ruling::Verdict;
use crate::record::{Policy, Reading, WindowText};
use crate::units::Nanos;

const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 60 * MINUTE;

fn calendar(zone: &str, windows: &str) -> Calendar {
    Calendar::new(zone, &read_windows(windows).unwrap()).unwrap()
}

fn usual(zone: &str) -> Calendar {
    Calendar::new(zone, &usual_windows()).unwrap()
}

/// The part of a time, written as `2026-01-05T07:00` by the clock of the zone.
fn check_slot(calendar: &Calendar, local: &str, want: &str) {
    let at = calendar.unix_ns(local.parse().unwrap()).unwrap();
    let slot = calendar.slot(at).unwrap();
    assert_eq!(format!("{} {}", slot.date, calendar.name(slot.part)), want, "{local}");
}

#[test]
fn a_day_has_its_windows_and_the_night_belongs_to_the_day_on_which_it_begins() {
    let berlin = usual("Europe/Berlin");
    check_slot(&berlin, "2026-01-05T06:59", "2026-01-04 night");
    check_slot(&berlin, "2026-01-05T07:00", "2026-01-05 morning");
    check_slot(&berlin, "2026-01-05T10:59:59", "2026-01-05 morning");
    check_slot(&berlin, "2026-01-05T11:00", "2026-01-05 mid-day");
    check_slot(&berlin, "2026-01-05T16:00", "2026-01-05 evening");
    check_slot(&berlin, "2026-01-05T22:00", "2026-01-05 night");
    check_slot(&berlin, "2026-01-06T00:00", "2026-01-05 night");
}

#[test]
fn a_window_may_go_past_midnight_and_the_rest_may_lie_between_windows() {
    let late = calendar("UTC", "early=04-08,late=20-02");
    check_slot(&late, "2026-01-05T23:00", "2026-01-05 late");
    check_slot(&late, "2026-01-06T01:59", "2026-01-05 late");
    check_slot(&late, "2026-01-06T02:00", "2026-01-06 night");
    check_slot(&late, "2026-01-06T12:00", "2026-01-06 night");
    let one = calendar("UTC", "noon=11:30-14:15");
    check_slot(&one, "2026-01-06T11:29", "2026-01-05 night");
    check_slot(&one, "2026-01-06T14:15", "2026-01-06 night");
}

/// How many minutes of each part there are, of the 48 hours from a time on.
fn minutes(calendar: &Calendar, from: &str) -> Vec<(String, u64)> {
    let start = calendar.unix_ns(from.parse().unwrap()).unwrap();
    let mut found: Vec<(String, u64)> = Vec::new();
    for minute in 0..48 * 60 {
        let slot = calendar.slot(start + minute * MINUTE).unwrap();
        let name = format!("{} {}", slot.date.day(), calendar.name(slot.part));
        match found.last_mut() {
            Some((known, count)) if *known == name => *count += 1,
            _ => found.push((name, 1)),
        }
    }
    found
}

#[test]
fn the_night_in_which_clocks_are_changed_has_eight_or_ten_hours() {
    let berlin = usual("Europe/Berlin");
    let told = |from: &str| {
        let all = minutes(&berlin, from);
        all.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        told("2026-03-28T07:00"),
        "28 morning 240, 28 mid-day 300, 28 evening 360, 28 night 480, 29 morning 240, 29 mid-day \
         300, 29 evening 360, 29 night 540, 30 morning 60"
    );
    assert_eq!(
        told("2026-10-24T07:00"),
        "24 morning 240, 24 mid-day 300, 24 evening 360, 24 night 600, 25 morning 240, 25 mid-day \
         300, 25 evening 360, 25 night 480"
    );
}

#[test]
fn zones_have_names_or_offsets() {
    for zone in ["UTC", "Z", "Europe/Berlin", "+02:00", "-0330", "+14"] {
        assert!(Calendar::new(zone, &[]).is_ok(), "{zone}");
    }
    check_slot(&usual("+02:00"), "2026-01-05T07:00", "2026-01-05 morning");
    let seven = usual("UTC").unix_ns("2026-01-05T05:00".parse().unwrap()).unwrap();
    let east = usual("+02:00");
    assert_eq!(east.name(east.slot(seven).unwrap().part), "morning");
    let error = Calendar::new("Europe/Belrin", &[]).unwrap_err();
    assert_eq!(error.to_string(), "there is no time zone `Europe/Belrin`");
    assert_eq!(error.hint(), "did you mean `Europe/Berlin`?");
    for wrong in ["+25", "+0260", "+1", "", "+a0"] {
        assert!(Calendar::new(wrong, &[]).is_err(), "{wrong}");
    }
}

#[test]
fn windows_are_read_strictly() {
    assert_eq!(read_windows("07-11,11-16,16-22").unwrap(), usual_windows());
    let named = read_windows(" lunch = 11:30-14:00 , 16-22").unwrap();
    let told: Vec<_> = named.iter().map(|one| (one.name.as_str(), one.from_minute)).collect();
    assert_eq!(told, [("lunch", 690), ("mid-day", 960)]);
    let check = |text: &str, want: &str| {
        assert_eq!(read_windows(text).unwrap_err().to_string(), want);
    };
    check("", "`` is no window of a day: `-` is missing");
    check("7-25", "`7-25` is no window of a day: a time is `07` or `07:30`, up to `24:00`");
    check("7-7", "`morning=07:00-07:00` is no window of a day: it takes no time");
    check("07-11,10-12", "the windows `morning` and `mid-day` overlap");
    check("1-2,3-4,5-6,7-8", "`7-8` is no window of a day: a fourth one needs a name");
    check("a=1-2,a=3-4", "`a=03:00-04:00` is no window of a day: another one has this name");
    check(
        "<b>=1-2",
        "`<b>=01:00-02:00` is no window of a day: a name has letters, digits, `-`, `_` and spaces",
    );
    let beyond = WindowText { name: "x".to_owned(), from_minute: 0, to_minute: 2_000 };
    assert!(Calendar::new("UTC", &[beyond]).is_err());
}

/// Windows without overlaps, from hours of the day.
fn some_windows() -> impl Strategy<Value = Vec<WindowText>> {
    prop::collection::btree_set(0_u16..96, 0..8).prop_map(|borders| {
        let borders: Vec<u16> = borders.into_iter().map(|quarter| quarter * 15).collect();
        let pairs = borders.as_chunks::<2>().0;
        pairs
            .iter()
            .enumerate()
            .map(|(at, [from, to])| WindowText {
                name: format!("part {at}"),
                from_minute: *from,
                to_minute: *to,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_moment_is_of_one_part_of_its_day_or_of_the_one_before(
        windows in some_windows(),
        at in 0_u64..4_000_000_000,
    ) {
        let calendar = Calendar::new("Europe/Berlin", &windows).unwrap();
        let moment = at * 1_000_000_000;
        let slot = calendar.slot(moment).unwrap();
        let today = calendar.local(moment).unwrap().date();
        prop_assert!(slot.date == today || slot.date == today.yesterday().unwrap());
        prop_assert!(slot.part < calendar.parts().len());
    }

    #[test]
    fn time_before_a_moment_is_shared_out_whole(
        at in 1_000_000_u64..2_000_000_000,
        length in 0_u64..900_000,
    ) {
        let calendar = usual("Europe/Berlin");
        let length = Nanos::from_secs(length);
        let parts = calendar.before(at * 1_000_000_000, length);
        let sum = parts.iter().fold(Nanos::ZERO, |sum, (_, part)| sum + *part);
        prop_assert_eq!(sum, length);
        prop_assert!(parts.windows(2).all(|two| two[0].0 < two[1].0), "in the order of time");
    }
}

/// A segment with so many requests that failed, and a use of the pool.
fn segment(tried: u64, failed: u64, pool: Option<f64>) -> Figures {
    let mut figures = Figures::over(Nanos(MINUTE));
    (figures.tried, figures.failed) = (tried, failed);
    if let Some(pool) = pool {
        figures.read(&Reading::new("db.pool_use", pool).unwrap());
    }
    figures
}

/// The changes that segments bring, with the number of the segment.
fn changes(segments: impl IntoIterator<Item = Figures>) -> Vec<String> {
    let mut health = Health::new(&Policy::default());
    let mut found = Vec::new();
    for (at, figures) in (0_u64..).zip(segments) {
        if let Some(change) = health.take(&figures, at, None) {
            found.push(format!("{at} {}", change.to.word()));
        }
    }
    found
}

fn many(count: usize, one: &Figures) -> impl Iterator<Item = Figures> + '_ {
    std::iter::repeat_n(one, count).cloned()
}

#[test]
fn one_spoilt_segment_changes_nothing() {
    let (good, bad) = (segment(120, 0, Some(0.4)), segment(120, 120, Some(1.0)));
    let one = many(20, &good).chain(many(1, &bad)).chain(many(30, &good));
    assert_eq!(changes(one), ["4 GO"]);
}

#[test]
fn what_lasts_is_told_once_and_what_is_over_after_ten_good_looks() {
    let (good, bad) = (segment(120, 0, Some(0.4)), segment(120, 6, Some(0.4)));
    let all = many(30, &good).chain(many(60, &bad)).chain(many(40, &good));
    let found = changes(all);
    assert_eq!(found.first().unwrap(), "4 GO");
    assert_eq!(found.last().unwrap().split(' ').nth(1), Some("GO"));
    let words: Vec<_> = found.iter().map(|one| one.split(' ').nth(1).unwrap()).collect();
    let mut without_repeats = words.clone();
    without_repeats.dedup();
    assert_eq!(words, without_repeats, "a change is one");
    assert!(words.contains(&"NO-GO"), "{found:?}");
    assert!(found.len() <= 5, "{found:?}");
}

#[test]
fn a_pool_at_its_limit_is_hold_and_beyond_it_no_go() {
    let (good, high) = (segment(120, 0, Some(0.5)), segment(120, 0, Some(0.85)));
    let full = segment(120, 0, Some(1.0));
    assert_eq!(changes(many(20, &good).chain(many(20, &high))), ["4 GO", "27 HOLD"]);
    assert_eq!(changes(many(20, &good).chain(many(20, &full))), ["4 GO", "27 NO-GO"]);
}

#[test]
fn nothing_known_is_never_go_and_silence_is_hold_after_a_while() {
    let (good, silent) = (segment(120, 0, Some(0.5)), segment(0, 0, None));
    assert_eq!(changes(many(20, &silent)), ["4 HOLD"]);
    assert_eq!(changes(many(2, &good)), [""; 0]);
    assert_eq!(changes(many(20, &good).chain(many(5, &silent)).chain(many(20, &good))), ["4 GO"]);
    assert_eq!(changes(many(20, &good).chain(many(20, &silent))), ["4 GO", "31 HOLD"]);
    let blind = segment(120, 0, None);
    assert_eq!(changes(many(20, &good).chain(many(20, &blind))), ["4 GO", "31 HOLD"]);
    assert_eq!(changes(many(40, &blind)), ["4 GO"], "what never was there is not missed here");
}

#[test]
fn an_alarm_is_acted_on_at_once_and_time_without_data_takes_go_away() {
    let mut health = Health::new(&Policy::default());
    let good = segment(120, 0, Some(0.5));
    for at in 0..10 {
        health.take(&good, at, None);
    }
    let change = health.take(&good, 10, Some("it burns")).unwrap();
    assert_eq!((change.from, change.to), (Some(Verdict::Go), Verdict::Rollback));
    assert_eq!(change.why, "it burns");
    for at in 11..40 {
        health.take(&good, at, None);
    }
    assert_eq!(health.state(), Some(Verdict::Go));
    let change = health.lost(40, "nothing is known of 2h".to_owned()).unwrap();
    assert_eq!((change.from, change.to), (Some(Verdict::Go), Verdict::Hold));
    assert_eq!(health.lost(41, String::new()), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // Whatever comes and goes, the state changes no more often than it may: it takes three looks to
    // get worse and ten to get better.
    #[test]
    fn no_input_makes_the_state_flap(
        period in 2_usize..40,
        share in 1_usize..40,
        failed in 0_u64..120,
        pool in 0.0..1.2_f64,
    ) {
        let (good, bad) = (segment(120, 0, Some(0.4)), segment(120, failed, Some(pool)));
        let all = (0..400).map(|at| if at % period < share { bad.clone() } else { good.clone() });
        let found = changes(all);
        // From GO over HOLD and NO-GO to ROLLBACK and back are at most six changes, which take
        // three times three looks up and ten down.
        prop_assert!(found.len() <= 2 + (6 * 400_usize).div_euclid(19), "{found:?}");
        let at = |one: &String| one.split(' ').next().unwrap().parse::<usize>().unwrap();
        for two in found.windows(2) {
            let least = if two[1].ends_with(" GO") || two[0].ends_with("ROLLBACK") {
                LOOKS_TO_LEAVE
            } else {
                LOOKS_TO_WORSEN
            };
            prop_assert!(at(&two[1]) - at(&two[0]) >= least, "{found:?}");
        }
    }
}

#[test]
fn hours_are_hours() {
    let berlin = usual("Europe/Berlin");
    let start = berlin.unix_ns("2026-01-05T06:00".parse().unwrap()).unwrap();
    let parts = berlin.before(start + 6 * HOUR, Nanos(6 * HOUR));
    let told: Vec<_> = parts
        .iter()
        .map(|(slot, length)| format!("{} {} {length}", slot.date, berlin.name(slot.part)))
        .collect();
    assert_eq!(told, ["2026-01-04 night 1h", "2026-01-05 morning 4h", "2026-01-05 mid-day 1h"]);
}
