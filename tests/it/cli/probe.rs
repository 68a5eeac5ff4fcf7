//! `loadgate probe`: where the time of one request goes, in curl's words.

use std::process::Command;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Market, Stage};

const NAMES: [&str; 7] = [
    "time_namelookup",
    "time_connect",
    "time_appconnect",
    "time_pretransfer",
    "time_redirect",
    "time_starttransfer",
    "time_total",
];

#[test]
fn a_fresh_and_a_reused_connection_are_shown_beside_each_other() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let url = format!("{}/api/health?token=hunter2", market.url);
    let table = stage.run(["probe", &url]).expect(0).out;
    for name in NAMES {
        assert!(table.contains(name), "{name}: {table}");
    }
    assert!(table.starts_with(&format!("{}/api/health?…  status 200, ", market.url)), "{table}");
    assert!(table.contains("< 100ms") && table.contains("< 200ms"), "{table}");
    let found = stage.json(["probe", &url, "-n", "3", "--json", "-"]);
    assert!(!found.to_string().contains("hunter2"));
    let requests = found["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 6);
    for (at, request) in requests.iter().enumerate() {
        let time = |name: &str| request[format!("{name}_ns")].as_u64().unwrap();
        let rising = NAMES.map(time);
        assert_eq!(request["fresh"], at.is_multiple_of(2), "{request}");
        assert_eq!(request["status"], 200);
        assert!(rising[0] <= rising[1] && rising[1] <= rising[3], "{request}");
        assert!(rising[3] < rising[5] && rising[5] <= rising[6], "{request}");
        // Neither TLS nor a redirect.
        assert_eq!((rising[2], rising[4]), (0, 0), "{request}");
        assert_eq!(rising[1] > 0, at.is_multiple_of(2), "{request}");
    }
}

#[test]
fn method_body_and_headers_are_sent() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let url = format!("{}/x", server.url);
    let args = ["probe", &url, "-X", "PUT", "--data", "a=b", "-H", "x-test: yes"];
    stage.run(args).expect(0);
    assert_eq!(server.take_lines().get("PUT /x HTTP/1.1"), Some(&2));
    assert!(server.texts().contains("x-test: yes") && server.texts().contains("a=b"));
}

#[test]
fn no_answer_and_no_address_are_told() {
    let stage = Stage::new();
    stage.run(["probe", "http://127.0.0.1:1/"]).expect(1).says(&["no answer: ", "hint: "]);
    stage.run(["probe", "127.0.0.1"]).expect(2).says(&["is not an address"]);
    let done = stage.run(["probe", "http://me:hunter2@127.0.0.1:1/"]).expect(2);
    assert!(!done.err.contains("hunter2"), "{}", done.err);
}

/// What curl itself measures of the same server, which waits for 60 ms with each answer: both see
/// that wait, in the same place.
#[test]
fn curl_says_the_same_where_it_is_installed() {
    let stage = Stage::new();
    let market = Market::start(&stage, &["--fault", "slow:endpoint=GET /api/health,add=60ms"]);
    let url = format!("{}/api/health", market.url);
    let format = NAMES.map(|name| format!("\"{name}\":%{{{name}}}")).join(",");
    let output = Command::new("curl")
        .args(["--silent", "--output", "/dev/null", "--write-out", &format!("{{{format}}}"), &url])
        .output();
    // It is no part of what loadgate needs.
    let Ok(output) = output else { return };
    let curl: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = stage.json(["probe", &url, "--json", "-"]);
    let ours = &found["requests"][0];
    let millis = |name: &str| {
        let own = std::time::Duration::from_nanos(ours[format!("{name}_ns")].as_u64().unwrap());
        (curl[name].as_f64().unwrap() * 1e3, own.as_secs_f64() * 1e3)
    };
    for name in ["time_starttransfer", "time_total"] {
        let (curl, own) = millis(name);
        assert!(curl >= 60.0 && own >= 60.0, "{name}: curl {curl} ms, probe {own} ms");
    }
    for name in ["time_appconnect", "time_redirect"] {
        assert_eq!(millis(name), (0.0, 0.0), "{name}");
    }
    for name in ["time_namelookup", "time_connect", "time_pretransfer"] {
        let (curl_wait, own_wait) = (millis("time_starttransfer"), millis(name));
        assert!(own_wait.1 <= curl_wait.1 - 59.0, "{name}: {own_wait:?} of {curl_wait:?}");
        assert!(own_wait.0 <= curl_wait.0 - 59.0, "{name}: {own_wait:?} of {curl_wait:?}");
    }
}
