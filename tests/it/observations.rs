//! Observations in the store, on both databases: nothing is lost, nothing is doubled, and two days
//! have room.

use loadgate::histogram::Histogram;
use loadgate::names::{Catalogue, Metric, Series, SeriesId, SeriesKind};
use loadgate::record::{
    Cell, Checkpoint, Counts, Gap, Header, Interval, Moment, Observation, Reading, Tally, Totals,
};
use loadgate::store::{Store, StoreError, StoreLocation};
use loadgate::units::Nanos;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::cli::stage::is_long;
use crate::fixture;
use crate::store::on_both;

fn header(id: &str) -> Header {
    let observation = Observation {
        planned: Nanos::from_secs(6),
        zone: "UTC".to_owned(),
        windows: Vec::new(),
        simulated: None,
    };
    Header { observation: Some(observation), ..fixture::header(id) }
}

/// The intervals of the fixture with what an observation adds.
fn segments() -> (Catalogue, Vec<Interval>) {
    let mut record = fixture::record();
    for (at, interval) in (0..).zip(&mut record.intervals) {
        interval.gauges.wall_unix_ns = Some(at);
        interval.gauges.checkpoint = Some(Box::new(Checkpoint {
            at: Moment { boot: "b".to_owned(), since_boot: Nanos(at), unix_ns: at },
            notes: vec![format!("note {at}")],
            ..Checkpoint::default()
        }));
    }
    record.intervals[3].gauges.gap = Some(Gap { why: "x".to_owned(), length: Nanos(5) });
    (record.catalogue, record.intervals)
}

#[tokio::test]
async fn an_observation_is_gone_on_with_where_it_was_left() {
    on_both(async |location| {
        let (catalogue, segments) = segments();
        // A run that was killed is no observation.
        let store = Store::open(&location).await.unwrap();
        drop(store.begin(&fixture::header("killed"), &catalogue).await.unwrap());
        let begun = store.begin(&header("o"), &catalogue).await.unwrap();
        drop(begun);
        for (at, segment) in segments.iter().enumerate() {
            // Each segment is of another process.
            let store = Store::open(&location).await.unwrap();
            let [found] = store.unfinished().await.unwrap().try_into().unwrap();
            assert_eq!(found, header("o"));
            let (left, mut writer) = store.resume(found).await.unwrap();
            assert_eq!(left.catalogue, catalogue);
            let last = at.checked_sub(1).map(|before| &segments[before]);
            assert_eq!(left.end(), last.map_or(Nanos::ZERO, |last| last.start + last.length));
            assert_eq!(left.last.map(|last| last.gauges), last.map(|last| last.gauges.clone()));
            writer.append(&catalogue, segment).await.unwrap();
        }
        let record = store.load("o").await.unwrap();
        assert_eq!(record.intervals, segments);
        let line = store.list().await.unwrap().into_iter().find(|line| line.id == "o").unwrap();
        assert_eq!((line.requests, line.errors), (101, 1));
    })
    .await;
}

#[tokio::test]
async fn a_segment_is_stored_once_whoever_stores_it() {
    on_both(async |location| {
        let (catalogue, segments) = segments();
        let store = Store::open(&location).await.unwrap();
        let mut one = store.begin(&header("o"), &catalogue).await.unwrap();
        let (_, mut other) = store.resume(header("o")).await.unwrap();
        one.append(&catalogue, &segments[0]).await.unwrap();
        // The connection broke before it was told that it had stored this one: it is there.
        other.append(&catalogue, &segments[0]).await.unwrap();
        one.append(&catalogue, &segments[1]).await.unwrap();
        // Another process that knows nothing of it has measured something else at the same time.
        let mine = Interval { length: Nanos(7), ..segments[1].clone() };
        let error = other.append(&catalogue, &mine).await.unwrap_err();
        assert!(matches!(error, StoreError::Elsewhere { .. }), "{error:?}");
        assert_eq!(store.load("o").await.unwrap().intervals, segments[..2]);
        // When it has an end, nothing comes after it.
        let (_, finisher) = store.resume(header("o")).await.unwrap();
        let end = fixture::record().end.unwrap();
        finisher.finish(&end, &Totals::from_intervals(&segments[..2]).unwrap()).await.unwrap();
        let error = one.append(&catalogue, &segments[2]).await.unwrap_err();
        assert!(matches!(error, StoreError::Elsewhere { .. }), "{error:?}");
        assert!(store.unfinished().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn one_process_holds_an_observation_until_it_ends() {
    on_both(async |location| {
        let (one, other) =
            (Store::open(&location).await.unwrap(), Store::open(&location).await.unwrap());
        let held = one.hold("o").await.unwrap();
        let error = other.hold("o").await.unwrap_err();
        assert!(matches!(error, StoreError::Elsewhere { .. }), "{error:?}");
        assert!(error.hint().unwrap().contains("one process at a time"));
        drop(other.hold("p").await.unwrap());
        drop(held);
        // A server notices the end of a session when it looks.
        let mut again = other.hold("o").await;
        while again.is_err() {
            tokio::task::yield_now().await;
            again = other.hold("o").await;
        }
        other.forget_hold("o");
    })
    .await;
}

#[tokio::test]
async fn all_segments_are_shown_in_the_order_of_time_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreLocation::File(folder.path().join("s.db"))).await.unwrap();
    let catalogue = Catalogue::new();
    for count in [0_u64, 1, 59, 60, 61, 150] {
        let id = format!("o{count}");
        let mut writer = store.begin(&header(&id), &catalogue).await.unwrap();
        for at in 0..count {
            let (start, length) = (Nanos::from_secs(at), Nanos::SECOND);
            writer
                .append(&catalogue, &Interval { start, length, ..Interval::default() })
                .await
                .unwrap();
        }
        let mut starts = Vec::new();
        let mut show = |interval: Interval| {
            starts.push(interval.start);
            Ok(())
        };
        store.walk(&id, &Metric::ALL, &mut show).await.unwrap();
        assert_eq!(starts, (0..count).map(Nanos::from_secs).collect::<Vec<_>>());
    }
    let mut none = |_| Ok(());
    store.walk("o150", &[], &mut none).await.unwrap();
}

/// Series of an observation that is not small.
const SERIES: u16 = 40;
/// Names of readings, each read every five seconds.
const READINGS: u16 = 30;
/// Segments of two days.
const TWO_DAYS: u64 = 2 * 24 * 60;
/// The most bytes that they may take.
const ROOM: u64 = 200_000_000;

/// A minute of forty endpoints at a thousand requests a minute: every metric that a request over an
/// open connection has.
fn minute(at: u64, random: &mut Pcg64) -> Interval {
    let metrics =
        [Metric::Response, Metric::Duration, Metric::Waiting, Metric::Sending, Metric::Receiving];
    let (mut cells, mut tallies) = (Vec::new(), Vec::new());
    for series in (0..SERIES).map(SeriesId) {
        for metric in metrics {
            let mut histogram = Histogram::new();
            histogram.extend((0..25).map(|_| {
                let exponent: f64 = random.random_range(4.5..8.0);
                Nanos::from_secs_f64(10_f64.powf(exponent) / 1e9)
            }));
            cells.push(Cell { phase: 0, series, metric, histogram }.encode());
        }
        let counts = Counts {
            started: 25,
            checks_passed: 50,
            sent_bytes: random.random_range(3_000..9_000),
            received_bytes: random.random_range(3_000..90_000),
            ..Counts::default()
        };
        tallies.push(Tally { phase: 0, series, counts });
    }
    let mut interval = Interval {
        start: Nanos::from_secs(60 * at),
        length: Nanos::from_secs(60),
        cells,
        tallies,
        ..Interval::default()
    };
    for _look in 0..12 {
        for number in 0..READINGS {
            let value = random.random_range(0.0..1e9);
            let what = format!("shop.reading_{number}_bytes");
            interval.gauges.readings.extend(Reading::new(what, value));
        }
    }
    interval.gauges.wall_unix_ns = Some(1_767_323_045_123_456_789);
    interval.gauges.checkpoint = Some(Box::new(Checkpoint {
        at: Moment {
            boot: "3f710ad4-1809-46b8-971a-ef51e718bff2".to_owned(),
            since_boot: Nanos(63_549_676_643_631),
            unix_ns: 1_767_323_045_123_456_789,
        },
        workers: vec![loadgate::record::WorkerUse::default()],
        ..Checkpoint::default()
    }));
    interval
}

/// Bytes that so many minutes take in a file.
async fn disk_of(minutes: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let store = Store::open(&StoreLocation::File(path.clone())).await.unwrap();
    let mut catalogue = Catalogue::new();
    for number in 3..SERIES {
        catalogue
            .intern(&Series {
                kind: SeriesKind::Endpoint,
                name: format!("GET /api/some/path/{number}/{{id}}"),
                journey: "customer".to_owned(),
                step: format!("Step number {number}"),
                endpoint: String::new(),
                tapped: None,
            })
            .unwrap();
    }
    let mut writer = store.begin(&header("o"), &catalogue).await.unwrap();
    let mut random = Pcg64::seed_from_u64(7);
    for at in 0..minutes {
        writer.append(&catalogue, &minute(at, &mut random)).await.unwrap();
    }
    let most_of_the_journal: u64 = 8 << 20;
    let journal = std::fs::metadata(path.with_file_name("s.db-wal")).map_or(0, |file| file.len());
    assert!(journal < most_of_the_journal, "the journal has {journal} bytes");
    store.close().await;
    std::fs::metadata(&path).unwrap().len()
}

/// Of an hour, which what an empty store takes is counted in as well; in the long form of all of it.
#[tokio::test]
async fn two_days_of_forty_series_and_thirty_readings_have_room() {
    let minutes = if is_long() { TWO_DAYS } else { 60 };
    let bytes = disk_of(minutes).await;
    let segment = bytes.div_euclid(minutes);
    println!("{bytes} bytes of {minutes} segments, {segment} each");
    assert!(segment * TWO_DAYS <= ROOM, "{segment} bytes a segment");
}
