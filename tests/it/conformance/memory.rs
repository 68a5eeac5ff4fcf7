//! Servers that send without end: the program gives up with little memory used.

use std::process::Command;

use serde_json::Value;

use super::DRIVERS;
use super::hostile::{Act, Hostile};
use super::row::send;

/// Memory that all hostile answers together may take beside what a run takes anyway: some limits of
/// a head (256 KiB) and of a body (1 MB here), once packed and once unpacked.
const MORE: u64 = 12 << 20;

/// What a run of these paths used at most, in bytes, and how many requests failed.
fn run(driver: &str, server: &Hostile, paths: &[String]) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let step = |path: &String| {
        format!("{{ get: {path}, name: \"step {path}\", repeat: 3, check: body exists }}")
    };
    let steps: Vec<String> = paths.iter().map(step).collect();
    let scenario = format!(
        "target: http://{}\nhttp: {{ timeout: 500ms, max_body: 1MB }}\n\
         journeys: {{ j: {{ steps: [ {} ] }} }}\n\
         load: [ {{ phase: p, users: 1, iterations: 1, for: 60s }} ]",
        server.address,
        steps.join(", ")
    );
    let file = folder.path().join("flood.yaml");
    std::fs::write(&file, scenario).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_loadgate"))
        .args(["run", "--engine", driver, "--workers", "1", "--json", "-", "--scenario"])
        .arg(&file)
        .env("LOADGATE_STORE", folder.path().join("store.db"))
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let peak = document["generator"]["peak_rss_bytes"].as_u64().unwrap();
    (peak, document["totals"]["errors"].as_u64().unwrap())
}

#[test]
fn a_gigabyte_that_nobody_asked_for_takes_no_memory() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let (chunk_size, last_chunk) = (format!("{chunked}1;"), format!("{chunked}0\r\n"));
    let floods: [(&str, &'static str); 9] = [
        ("HTTP/1.1 200 ", "x"),
        ("HTTP/1.1 200 OK\r\nx-a: ", "x"),
        ("HTTP/1.1 200 OK\r\n", "x-a: b\r\n"),
        ("", "HTTP/1.1 102 Processing\r\n\r\n"),
        (chunked, "10\r\n0123456789abcdef\r\n"),
        (&chunk_size, "extension"),
        (&last_chunk, "x-a: b\r\n"),
        ("HTTP/1.1 200 OK\r\n\r\n", "hello"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n", "hello"),
    ];
    let scripts = floods.iter().enumerate().map(|(at, (start, more))| {
        (format!("/flood/{at}"), vec![vec![send(start), Act::Flood(more)]])
    });
    let server = Hostile::start(scripts.collect(), None);
    let paths =
        |kind: &str| (0..floods.len()).map(|at| format!("/{kind}/{at}")).collect::<Vec<_>>();
    let requests = u64::try_from(floods.len()).unwrap() * 3;
    for (driver, _) in DRIVERS {
        let (usual, failed) = run(driver, &server, &paths("calm"));
        assert_eq!(failed, 0, "{driver}");
        let (peak, failed) = run(driver, &server, &paths("flood"));
        assert_eq!(failed, requests, "{driver}");
        assert!(peak < usual + MORE, "{driver}: {peak} bytes instead of {usual}");
    }
    assert!(server.seen.flooded() > 16 << 20, "there was no flood: {}", server.seen.flooded());
}
