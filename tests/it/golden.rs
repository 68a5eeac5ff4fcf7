//! The stored form of every released format: what this build writes, and that it reads all.
//!
//! `tests/data/record-MAJOR.MINOR.json` holds the rows of a store with the fixture in it. When
//! the test says that the stored form has changed, and that was the intention, raise
//! `record::FORMAT` and commit the file that the test has written under the new version's name.
//! The file of a released version never changes.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use loadgate::gate::{threshold, validity};
use loadgate::names::Catalogue;
use loadgate::record::{FORMAT, FormatVersion, Repetition, RunRecord};
use loadgate::report::hlog::{self, Phases};
use loadgate::report::{Document, FORMATS, Judgement, ThresholdLine};
use loadgate::store::{Store, StoreLocation};
use serde_json::{Map, Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, Row, SqliteConnection, ValueRef};

use crate::fixture;
use crate::store::content;

/// The tables with the order of their rows.
const TABLES: [(&str, &str); 5] = [
    ("lg_runs", "number"),
    ("lg_series", "run, id"),
    ("lg_intervals", "run, n"),
    ("lg_cells", "run, n, phase, series, metric"),
    ("lg_totals", "run, phase, series, metric"),
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The fixture as a loadgate of this format wrote it.
fn record(format: FormatVersion) -> RunRecord {
    let mut record = fixture::record_of(format);
    if format.minor > 0 {
        let set = record.header.id.clone();
        record.header.repetition = Some(Repetition { set, number: 1, of: 5 });
    }
    record
}

#[tokio::test]
async fn the_stored_form_changes_only_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let store = Store::open(&StoreLocation::File(path.clone())).await.unwrap();
    let record = record(FORMAT);
    let mut writer = store.begin(&record.header, &Catalogue::new()).await.unwrap();
    for interval in &record.intervals {
        writer.append(&record.catalogue, interval).await.unwrap();
    }
    writer.finish(record.end.as_ref().unwrap(), &record.totals).await.unwrap();

    let written = dump(&path).await;
    let name = format!("record-{FORMAT}.json");
    let committed = fs::read_to_string(data().join(&name)).unwrap_or_default();
    let committed: Value = serde_json::from_str(&committed).unwrap_or_default();
    if inflated(&written) != inflated(&committed) {
        let now = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        fs::write(&now, lines(&written)).unwrap();
        panic!("the stored form is no longer that of {name}: see {}", now.display());
    }
}

#[tokio::test]
async fn every_released_form_is_read() {
    let mut read = 0;
    for entry in fs::read_dir(data()).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        if !(name.starts_with("record-") && file.extension().is_some_and(|end| end == "json")) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let store = Store::open(&StoreLocation::File(path.clone())).await.unwrap();
        let rows: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        fill(&path, &rows).await;
        let got = store.load("latest").await.unwrap();
        let want = record(got.header.format);
        assert_eq!(name, format!("record-{}.json", got.header.format));
        assert_eq!(got.header, want.header, "{name}");
        assert_eq!(got.catalogue, want.catalogue, "{name}");
        assert_eq!(content(&got.intervals), content(&want.intervals), "{name}");
        assert_eq!(got.totals, want.totals, "{name}");
        assert_eq!(got.end, want.end, "{name}");
        shown(&got, name);
        read += 1;
    }
    assert!(read > 0, "no golden file was found");
}

/// A record of any age is told in every format, as it would be today.
pub(crate) fn shown(record: &RunRecord, name: &str) {
    let judgement = Judgement {
        invalid_reasons: validity::reasons(record),
        thresholds: threshold::judge(record).iter().map(ThresholdLine::of).collect(),
        ..Judgement::default()
    };
    let document = Document::new(record, &judgement).unwrap();
    for format in FORMATS {
        let text = format.render(&document).unwrap();
        let told = format.word() == "csv" || text.contains(&record.header.id);
        assert!(told && text.contains("View farm list"), "{name} as {}: {text}", format.word());
    }
    let log = hlog::render(record, Phases::Measured).unwrap();
    assert!(log.contains("\nTag=http_req_response|"), "{name}: {log}");
}

#[tokio::test]
async fn a_store_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    let mut raw = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    let tables = include_str!("../../src/store/migrations/0001-runs.sql")
        .replace("{blob}", "BLOB")
        .replace("{key}", "INTEGER PRIMARY KEY AUTOINCREMENT")
        .replace("{clustered}", " WITHOUT ROWID");
    sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut raw).await.unwrap();
    let schema = "CREATE TABLE lg_schema (version BIGINT NOT NULL); \
                  INSERT INTO lg_schema (version) VALUES (1);";
    sqlx::raw_sql(schema).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let rows = fs::read_to_string(data().join("record-1.0.json")).unwrap();
    fill(&path, &serde_json::from_str(&rows).unwrap()).await;

    let store = Store::open(&StoreLocation::File(path)).await.unwrap();
    let got = store.load("latest").await.unwrap();
    let wrote = fixture::record_of(got.header.format);
    assert_eq!(content(&got.intervals), content(&wrote.intervals));
    assert_eq!(got.totals, fixture::record().totals);
    let line = store.list().await.unwrap().remove(0);
    assert_eq!((line.set, line.baselines), (None, Vec::new()));
    assert_eq!(store.set_of("latest").await.unwrap(), [got.header.id]);
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

async fn dump(path: &Path) -> Value {
    let mut raw = open(path).await;
    let mut tables = Map::new();
    for (table, order) in TABLES {
        let text = format!("SELECT * FROM {table} ORDER BY {order}");
        let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut raw).await.unwrap();
        tables.insert(table.to_owned(), rows.iter().map(row).collect());
    }
    Value::Object(tables)
}

fn row(row: &SqliteRow) -> Value {
    let columns = row.columns().iter().enumerate().map(|(at, column)| {
        let kind = row.try_get_raw(at).unwrap().type_info().to_string();
        let value = match kind.as_str() {
            "INTEGER" => json!(row.get::<i64, _>(at)),
            "TEXT" => json!(row.get::<String, _>(at)),
            "BLOB" => json!({ "base64": STANDARD.encode(row.get::<Vec<u8>, _>(at)) }),
            _ => Value::Null,
        };
        (column.name().to_owned(), value)
    });
    Value::Object(columns.collect())
}

async fn fill(path: &Path, rows: &Value) {
    let mut raw = open(path).await;
    for (table, _) in TABLES {
        for row in rows[table].as_array().unwrap() {
            let row = row.as_object().unwrap();
            let names: Vec<&str> = row.keys().map(String::as_str).collect();
            let places: Vec<String> = (1..=names.len()).map(|at| format!("${at}")).collect();
            let text =
                format!("INSERT INTO {table} ({}) VALUES ({})", names.join(","), places.join(","));
            let mut query = sqlx::query(AssertSqlSafe(text));
            for value in row.values() {
                query = match value {
                    Value::Number(number) => query.bind(number.as_i64().unwrap()),
                    Value::String(text) => query.bind(text.clone()),
                    Value::Object(blob) => {
                        query.bind(STANDARD.decode(blob["base64"].as_str().unwrap()).unwrap())
                    }
                    Value::Null | Value::Bool(_) | Value::Array(_) => query.bind(None::<i64>),
                };
            }
            query.execute(&mut raw).await.unwrap();
        }
    }
}

/// The rows with histograms unpacked: another release of the compressor may write other bytes
/// that mean the same.
fn inflated(value: &Value) -> Value {
    match value {
        Value::Object(map) => match map.get("base64").and_then(Value::as_str) {
            Some(text) => {
                let bytes = STANDARD.decode(text).unwrap();
                let mut plain = Vec::new();
                // Cookie and length stand before the compressed part.
                ZlibDecoder::new(&bytes[8..]).read_to_end(&mut plain).unwrap();
                json!([bytes[..4], plain])
            }
            None => map.iter().map(|(key, value)| (key.clone(), inflated(value))).collect(),
        },
        Value::Array(items) => items.iter().map(inflated).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// One row a line, so that a change can be seen.
fn lines(tables: &Value) -> String {
    let tables: Vec<String> = TABLES
        .iter()
        .map(|(table, _)| {
            let rows = tables[table].as_array().unwrap();
            let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
            format!("\"{table}\": [\n{}\n]", rows.join(",\n"))
        })
        .collect();
    format!("{{\n{}\n}}\n", tables.join(",\n"))
}
