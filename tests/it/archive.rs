//! A baseline as one file: what goes in comes out, every released form is read, and no bytes do
//! harm.
//!
//! `tests/data/baseline-MAJOR.MINOR.json.gz` holds the fixture twice. It is renewed as the files
//! of `golden.rs` are.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use loadgate::names::MAX_SERIES;
use loadgate::record::archive::{
    self, Archive, ArchiveError, KEPT, LONGEST_RUN, MOST, MOST_PHASES, MOST_RUNS,
};
use loadgate::record::{FORMAT, FormatVersion, Repetition, RunRecord};
use loadgate::store::{Growth, Imported, Store};
use loadgate::units::Nanos;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fixture;
use crate::store::{assert_same, file, save_record};

/// A baseline of two repetitions; the second was killed.
fn baseline(format: FormatVersion) -> Archive {
    let record = |number: u32| {
        let mut record = fixture::record_of(format);
        record.header.id = format!("2026010{number}-030405-fixture");
        let set = "20260101-030405-fixture".to_owned();
        record.header.repetition = Some(Repetition { set, number, of: 2 });
        record
    };
    let mut killed = record(2);
    killed.end = None;
    Archive { name: "prisma-6.19".parse().unwrap(), records: vec![record(1), killed] }
}

/// A record as it comes out of a file.
fn thinned(mut record: RunRecord) -> RunRecord {
    for interval in &mut record.intervals {
        interval.cells.retain(|cell| KEPT.contains(&cell.metric));
    }
    record
}

fn inflated(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// The file of the fixture and its lines, made once.
static FILE: LazyLock<(Vec<u8>, String)> = LazyLock::new(|| {
    let bytes = archive::write(&baseline(FORMAT)).unwrap();
    let text = inflated(&bytes);
    (bytes, text)
});

/// These lines, with the right checksum at their end.
fn summed<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut text: String = lines.into_iter().flat_map(|line| [line, "\n"]).collect();
    let sum = Sha256::digest(&text);
    let sum = sum.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    text.push_str(&json!({ "sha256": sum }).to_string());
    text.push('\n');
    text.into_bytes()
}

/// Reads the fixture with the line `number` (from 1 on) changed and a checksum that fits.
fn changed(number: usize, change: impl Fn(&mut Value)) -> Result<Archive, ArchiveError> {
    let mut lines: Vec<String> = FILE.1.lines().map(str::to_owned).collect();
    lines.pop();
    let mut line: Value = serde_json::from_str(&lines[number - 1]).unwrap();
    change(&mut line);
    lines[number - 1] = line.to_string();
    archive::read_inflated(&summed(lines.iter().map(String::as_str)))
}

fn told(read: Result<Archive, ArchiveError>) -> String {
    let error = read.unwrap_err();
    assert!(!error.hint().is_empty());
    error.to_string()
}

fn assert_baseline(got: &Archive, want: Archive, what: &str) {
    assert_eq!(got.name, want.name, "{what}");
    assert_eq!(got.records.len(), want.records.len(), "{what}");
    for (got, want) in got.records.iter().zip(want.records) {
        assert_same(got, &thinned(want));
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The lines without what another release of the compressor may write in other bytes.
fn form(bytes: &[u8]) -> Vec<Value> {
    fn blank(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    if key == "histogram" || key == "sha256" {
                        *value = Value::Null;
                    }
                    blank(value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(blank),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut lines: Vec<Value> =
        inflated(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter_mut().for_each(blank);
    lines
}

#[test]
fn a_baseline_is_read_as_it_was_written() {
    let bytes = archive::write(&baseline(FORMAT)).unwrap();
    assert_baseline(&archive::read(&bytes).unwrap(), baseline(FORMAT), "written now");
    assert_eq!(archive::write(&archive::read(&bytes).unwrap()).unwrap(), bytes);
    let whole = inflated(&bytes);
    assert_baseline(&archive::read_inflated(whole.as_bytes()).unwrap(), baseline(FORMAT), "lines");
}

#[test]
fn the_form_of_a_baseline_changes_only_with_its_version() {
    let written = archive::write(&baseline(FORMAT)).unwrap();
    let name = format!("baseline-{FORMAT}.json.gz");
    let committed = fs::read(data().join(&name)).ok();
    if committed.map(|bytes| form(&bytes)) != Some(form(&written)) {
        let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        fs::write(&now, written).unwrap();
        panic!("the form of a baseline is no longer that of {name}: see {}", now.display());
    }
}

#[test]
fn every_released_baseline_is_read() {
    let mut read = 0;
    for entry in fs::read_dir(data()).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("baseline-") {
            continue;
        }
        let got = archive::read(&fs::read(&file).unwrap()).unwrap();
        let format = got.records[0].header.format;
        assert_eq!(name, format!("baseline-{format}.json.gz"));
        assert_baseline(&got, baseline(format), name);
        crate::golden::shown(&got.records[0], name);
        read += 1;
    }
    assert!(read > 0, "no golden file was found");
}

#[test]
fn what_is_no_baseline_says_so() {
    let cases: [&[u8]; 5] = [
        b"",
        b"PK\x03\x04 a zip",
        &deflated(b"{\"a\": 1}\n"),
        &deflated(b"text\n"),
        &deflated(b"{\"loadgate\":\"run\",\"format\":{\"major\":1,\"minor\":1}}\n"),
    ];
    for bytes in cases {
        assert_eq!(told(archive::read(bytes)), "this is not a baseline file");
    }
}

#[test]
fn a_file_of_another_format_says_which() {
    let format = |major: u16| move |line: &mut Value| line["format"]["major"] = json!(major);
    assert_eq!(told(changed(1, format(2))), "the file was written by a newer loadgate: format 2.3");
    assert_eq!(
        told(changed(1, format(0))),
        "the file was written by an older loadgate: format 0.3"
    );
    // A later version may spell the rest of the first line in another way.
    let later = b"{\"loadgate\":\"baseline\",\"format\":{\"major\":3,\"minor\":0},\"name\":[]}\n";
    assert!(told(archive::read_inflated(later)).ends_with("a newer loadgate: format 3.0"));
    let run = told(changed(2, |line| line["header"]["format"]["major"] = json!(2)));
    assert_eq!(run, "the file was written by a newer loadgate: format 2.3");
    // Fields that a later minor version adds are passed over.
    assert!(changed(1, |line| line["added"] = json!(1)).is_ok());
    assert!(changed(6, |line| line["interval"]["added"] = json!(1)).is_ok());
}

#[test]
fn a_file_that_ends_early_says_where() {
    let bytes = &FILE.0;
    for length in (2..bytes.len()).step_by(97) {
        let error = archive::read(&bytes[..length]).unwrap_err();
        assert!(matches!(error, ArchiveError::Truncated { .. }), "{length}: {error}");
    }
    let text = &FILE.1;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for count in 0..lines.len() {
        let read = archive::read_inflated(lines[..count].concat().as_bytes());
        assert_eq!(told(read), format!("the baseline file is truncated after line {count}"));
    }
    let cut = &text.as_bytes()[..text.len() - 1];
    assert!(told(archive::read_inflated(cut)).contains("truncated"));
}

#[test]
fn a_changed_file_says_where() {
    let text = &FILE.1;
    // The lines of a run: header, series, totals, counts, six intervals, end.
    let tail = text.replacen("\"started\":5", "\"started\":6", 1);
    assert_eq!(
        told(archive::read_inflated(tail.as_bytes())),
        "the baseline file is damaged in line 24: the checksum is that of another file"
    );
    let error = told(changed(2, |line| line["header"]["seed"] = json!("x")));
    assert!(error.starts_with("the baseline file is damaged in line 2: invalid type"), "{error}");
    let check = |line: usize, want: &str, change: fn(&mut Value)| {
        let want = format!("the baseline file is damaged in line {line}: {want}");
        assert_eq!(told(changed(line, change)), want);
    };
    check(2, "this is no id of a run", |line| line["header"]["id"] = json!("\u{1b}[2J"));
    check(2, "this is no id of a run", |line| line["header"]["repetition"]["set"] = json!(""));
    check(1, "`a/b` cannot be the name of a baseline", |line| line["name"] = json!("a/b"));
    check(4, "a number is out of its range", |line| line["totals"][0]["series"] = json!(999));
    check(4, "a number is out of its range", |line| {
        line["totals"][0]["beyond"] = json!(MOST + 1);
    });
    check(4, "a distribution is in it twice", |line| {
        line["totals"][1] = line["totals"][0].clone();
    });
    check(4, "not an HDR V2 histogram: it does not begin as one", |line| {
        line["totals"][0]["histogram"] = json!("AAAAAAAAAAAAAAAA");
    });
    check(5, "a number is out of its range", |line| {
        line["tallies"][0]["started"] = json!(MOST + 1);
    });
    check(7, "counts are in it twice", |line| {
        let first = line["interval"]["tallies"][0].clone();
        line["interval"]["tallies"][1] = first;
    });
    check(13, "the run `20260101-030405-fixture` is in it twice", |line| {
        line["header"]["id"] = json!("20260101-030405-fixture");
    });
    check(6, "an interval or the end of a run is expected here", |line| {
        *line = json!({ "sha256": "" });
    });
    let more: Vec<Value> = vec![
        json!({"kind": "endpoint", "name": "x", "journey": "",
        "step": "", "endpoint": ""});
        MAX_SERIES + 1
    ];
    let many = told(changed(3, |line| line["series"] = json!(more)));
    assert!(many.ends_with(&format!("line 3: more than {MAX_SERIES} series")), "{many}");
    let follows = told(archive::read_inflated(format!("{text}{text}").as_bytes()));
    assert!(follows.ends_with("something follows its end"), "{follows}");
    let bytes = &FILE.0;
    let follows = told(archive::read(&[&bytes[..], b"x"].concat()));
    assert!(follows.ends_with("something follows its end"), "{follows}");
}

#[test]
fn a_small_file_can_not_take_all_memory() {
    let runs = told(changed(1, |line| line["runs"] = json!(MOST_RUNS + 1)));
    assert_eq!(runs, "the baseline is too large for one file: at most 1000 runs");
    // Seventy million blanks in seventy kilobytes.
    let blanks = deflated(&vec![b' '; 70_000_000]);
    assert!(blanks.len() < 400_000);
    assert!(told(archive::read(&blanks)).contains("bytes a line"));
}

#[test]
fn a_run_of_years_is_neither_read_nor_written() {
    let check = |line: usize, want: &str, change: &dyn Fn(&mut Value)| {
        let want = format!("the baseline file is damaged in line {line}: {want}");
        assert_eq!(told(changed(line, change)), want);
    };
    let late = json!(LONGEST_RUN.0 + 1);
    for part in ["start", "length"] {
        check(2, "a run takes at most 31d and 256 phases", &|line| {
            line["header"]["load"]["phases"][0][part] = late.clone();
        });
        check(6, "a time is beyond 31d", &|line| line["interval"][part] = late.clone());
    }
    check(2, "a run takes at most 31d and 256 phases", &|line| {
        let phases = &mut line["header"]["load"]["phases"];
        let phase = phases[0].clone();
        *phases = json!(vec![phase; MOST_PHASES + 1]);
    });
    check(12, "a time is beyond 31d", &|line| line["end"]["lasted"] = json!(u64::MAX));
    let changes: [fn(&mut RunRecord); 3] = [
        |record| record.header.load.phases[0].length = Nanos::MAX,
        |record| record.intervals[0].start = Nanos::MAX,
        |record| record.end.as_mut().unwrap().lasted = Nanos::MAX,
    ];
    for change in changes {
        let mut archive = baseline(FORMAT);
        change(&mut archive.records[0]);
        let error = archive::write(&archive).unwrap_err().to_string();
        assert!(error.ends_with("a run takes at most 31d and 256 phases"), "{error}");
    }
}

#[tokio::test]
async fn a_baseline_goes_from_one_store_to_another() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = Store::open(&file(here.path())).await.unwrap();
    let Archive { name, records } = baseline(FORMAT);
    save_record(&store, &records[0]).await;
    store.import(&records[1]).await.unwrap();
    let ids = store.set_of("latest").await.unwrap();
    store.keep_baseline(&name, &ids, Growth::New, 1).await.unwrap();

    let mut exported = Archive { name: name.clone(), records: Vec::new() };
    for id in store.baseline(name.as_str()).await.unwrap() {
        exported.records.push(store.load_part(&id, &KEPT).await.unwrap());
    }
    let bytes = archive::write(&exported).unwrap();
    let other = Store::open(&file(there.path())).await.unwrap();
    for at in 0..2 {
        for record in &archive::read(&bytes).unwrap().records {
            let want = if at == 0 { Imported::New } else { Imported::Known };
            assert_eq!(other.import(record).await.unwrap(), want);
            // Where the runs were made, they are known as well.
            assert_eq!(store.import(record).await.unwrap(), Imported::Known);
        }
    }
    other.keep_baseline(&name, &ids, Growth::New, 2).await.unwrap();
    assert_eq!(other.baseline(name.as_str()).await.unwrap(), ids);
    for id in &ids {
        let got = other.load_part(id, &KEPT).await.unwrap();
        assert_same(&got, &store.load_part(id, &KEPT).await.unwrap());
    }
}

/// What any bytes must stand: they are refused, or they are a baseline that can be written again.
fn harmless(bytes: &[u8]) {
    for read in [archive::read(bytes), archive::read_inflated(bytes)] {
        match read {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(first) => {
                let bytes = archive::write(&first).unwrap();
                let second = archive::read(&bytes).unwrap();
                assert_eq!(archive::write(&second).unwrap(), bytes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bytes_of_a_file_are_never_a_baseline(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
    ) {
        let before = &FILE.0;
        let mut bytes = before.clone();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        harmless(&bytes);
        // In the gzip's own head (time, system) a change means nothing.
        prop_assert!(bytes[10..] == before[10..] || archive::read(&bytes).is_err());
    }

    #[test]
    fn flipped_characters_under_a_right_checksum_do_no_harm(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0x20_u8..0x7f), 1..6),
    ) {
        let text = &FILE.1;
        let end = text.trim_end().rfind('\n').unwrap();
        let mut lines = text.as_bytes()[..end].to_vec();
        for (at, byte) in flips {
            let at = at.index(lines.len());
            if lines[at] != b'\n' {
                lines[at] = byte;
            }
        }
        let text = String::from_utf8(lines).unwrap();
        harmless(&summed(text.lines()));
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        harmless(&bytes);
        harmless(&deflated(&bytes));
    }
}
