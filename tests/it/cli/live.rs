//! `run --live` from outside: the page of a run that goes on.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Running, Stage, until, within};
use crate::live::{self, ask};

/// Where the page of a run is, as it says itself.
fn address(run: &mut Running) -> String {
    let line = run.error_line();
    let url = line.strip_prefix("live view: http://").unwrap_or_else(|| panic!("{line}"));
    url.trim().trim_end_matches('/').to_owned()
}

fn events(address: &str) -> live::Answer {
    let answer = ask(address, "/events", &[&format!("Host: {address}")]);
    assert_eq!(answer.status, 200, "{}", answer.head);
    answer
}

/// The first picture that is as it should be.
fn seen(reader: &mut live::Answer, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    while let Some(frame) = reader.frame() {
        if wanted(&frame) {
            return frame;
        }
    }
    panic!("the stream ends before {what}")
}

fn end(run: Running) -> super::stage::Done {
    within(Duration::from_secs(40), move || run.end())
}

const ANYWHERE: [&str; 3] = ["--live", "--live-listen", "127.0.0.1:0"];

#[test]
fn a_run_of_the_market_is_seen_while_it_goes_on_and_to_its_end() {
    let stage = Stage::new();
    let args = ["run", "--scenario", "customer", "-u", "5", "-d", "1h"];
    let mut run = Running::start(stage.command(args.iter().chain(&ANYWHERE)));
    let address = address(&mut run);
    assert_eq!(ask(&address, "/", &[&format!("Host: {address}")]).status, 200);
    let mut reader = events(&address);
    let frame = seen(&mut reader, "requests", |frame| {
        frame["stage"] == "running" && frame["total"]["requests"].as_u64() > Some(20)
    });
    assert_eq!(frame["subject"]["scenario"], "customer");
    assert!(frame["endpoints"].as_array().unwrap().len() > 10);
    let names = frame["endpoints"].as_array().unwrap().iter();
    assert!(names.clone().any(|row| row["name"] == "GET /api/farms" && row["requests"] != 0));
    let added: u64 = names.map(|row| row["requests"].as_u64().unwrap()).sum();
    assert_eq!(frame["total"]["requests"], added);
    assert_eq!(frame["now"]["users"], 5);
    // Who comes later has all of it, not only what comes next.
    let later = seen(&mut events(&address), "a picture", |frame| frame["stage"] == "running");
    assert_eq!(later["points"]["start_ns"][0], 0);
    let points = later["points"]["requests"].as_array().unwrap().iter();
    let drawn: u64 = points.map(|point| point.as_u64().unwrap()).sum();
    assert_eq!(later["total"]["requests"], drawn);
    run.signal("INT");
    let last = seen(&mut reader, "the end", |frame| frame["stage"] == "ended");
    assert!(last["said"]["word"].is_string(), "{last}");
    assert!(reader.frame().is_none(), "nothing follows");
    let done = end(run).expect(130);
    assert!(done.out.contains("interrupted"), "{}", done.out);
    let json = stage.json(["report", "--format", "json"]);
    assert_eq!(json["run"]["state"], "interrupted");
    let total = last["total"]["requests"].as_u64().unwrap();
    assert_eq!(json["totals"]["requests"], total, "what is shown last is what is stored");
    assert_eq!(json["totals"]["response"]["p95_ns"], last["total"]["response"]["p95_ns"]);
    assert!(TcpStream::connect(&address).is_err(), "nobody listens there any more");
}

#[test]
fn repetitions_are_shown_one_after_the_other() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let load = ["-r", "20/s", "-d", "1s", "--repeat", "2", "--lead", "0s"];
    let args = ["run", "--url", &server.url].into_iter().chain(load).chain(ANYWHERE);
    let mut run = Running::start(stage.command(args));
    let mut reader = events(&address(&mut run));
    // Which pictures of each come depends on how quick the reader is: it gets the newest.
    for which in ["repetition 1 of 2", "repetition 2 of 2"] {
        seen(&mut reader, which, |frame| frame["subject"]["which"] == which);
    }
    let last = seen(&mut reader, "the end", |frame| frame["stage"] == "ended");
    assert!(["VALID", "INVALID"].contains(&last["said"]["word"].as_str().unwrap()), "{last}");
    assert_eq!(last["total"]["requests"], 20, "{last}");
    end(run).expect(0);
}

#[test]
fn a_run_that_nobody_looks_at_is_as_any_other() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let args = ["run", "--url", &server.url, "-u", "1", "-n", "3"].into_iter().chain(ANYWHERE);
    let done = stage.run(args).expect(0).says(&["live view: http://127.0.0.1:"]);
    assert!(done.out.contains("complete"), "{}", done.out);
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_run_that_is_killed_leaves_no_port_behind() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let args = ["run", "--url", &server.url, "-r", "50/s", "-d", "1h"];
    let mut run = Running::start(stage.command(args.iter().chain(&ANYWHERE)));
    let address = address(&mut run);
    let mut reader = events(&address);
    seen(&mut reader, "requests", |frame| frame["total"]["requests"].as_u64() > Some(0));
    run.signal("KILL");
    while reader.frame().is_some() {}
    end(run).expect(137);
    drop(until("a free port", || TcpListener::bind(&address).ok()));
}

#[test]
fn what_can_not_be_shown_is_said_before_anything_is_sent() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let run = ["run", "--url", &server.url, "-n", "1"];
    let with = |more: &[&str]| stage.run(run.iter().chain(more)).expect(2);
    with(&["--live", "--live-listen", &taken]).says(&[
        "can't show the live view on",
        &taken,
        "hint: ",
        "--live-listen 127.0.0.1:0",
    ]);
    with(&["--live", "--live-listen", "5665"]).says(&["give an address and a port"]);
    with(&["--live-listen", "127.0.0.1:0"]).says(&["--live"]);
    with(&["--tui"]).says(&["--tui: ", "no terminal", "hint: ", "--live"]);
    with(&["--tui", "-q"]).says(&["--tui: ", "--quiet"]);
    assert!(!stage.has_store());
    assert_eq!(server.connections(), 0);
}
