//! Ctrl-C, SIGTERM and SIGKILL: what was measured is kept.

use std::os::unix::process::CommandExt;
use std::time::Duration;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Running, Stage, children, signal, until, within};

/// Starts an endless run, and waits until it sends.
fn endless(stage: &Stage, server: &Server, more: &[&str]) -> Running {
    let args = ["run", "--url", &server.url, "-d", "1h", "--json", "r.json"];
    let run = Running::start(stage.command(args.iter().chain(more)));
    until("a request", || (server.requests() > 0).then_some(()));
    run
}

fn end(run: Running) -> Done {
    within(Duration::from_secs(20), move || run.end())
}

fn state(stage: &Stage) -> Value {
    stage.json(["runs", "list", "--json"])["runs"][0]["state"].take()
}

#[test]
fn a_signal_ends_a_run_gracefully_with_its_summary() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let stage = Stage::new();
        let server = Server::start(Answer::Json("{}"));
        let run = endless(&stage, &server, &["-r", "100/s", "--junit", "r.xml"]);
        run.signal(name);
        let done = end(run).expect(code);
        let done = done.says(&["stopping: journeys under way may end; press Ctrl-C again"]);
        assert!(done.out.contains("interrupted"), "{}", done.out);
        assert_eq!(state(&stage), "interrupted");
        let json: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
        assert_eq!(json["run"]["state"], "interrupted");
        assert!(stage.read("r.xml").contains("message=\"the run is interrupted\""));
        assert_eq!(json["totals"]["requests"], server.requests());
        assert_eq!(json["totals"]["errors"], 0);
        assert_eq!(stage.json(["report", "--format", "json"]), json, "what is stored");
    }
}

#[test]
fn a_second_signal_ends_a_run_at_once() {
    let stage = Stage::new();
    // Nothing ever answers, so a graceful end would wait.
    let server = Server::start(Answer::Silence);
    let mut run = endless(&stage, &server, &["-u", "3", "-t", "10m"]);
    run.signal("INT");
    let first = run.error_line();
    assert!(first.starts_with("stopping: "), "{first}");
    run.signal("INT");
    let done = end(run).expect(130).says(&["stopping at once"]);
    assert!(done.out.contains("killed"), "{}", done.out);
    assert_eq!(state(&stage), "killed");
    let json: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
    assert_eq!(json["totals"]["requests"], 3);
    assert_eq!(server.requests(), 3);
}

#[test]
fn ctrl_c_at_the_terminal_does_not_end_the_embedded_market_first() {
    let stage = Stage::new();
    let args = ["run", "--scenario", "customer", "-r", "20/s", "-d", "1h", "--json", "r.json"];
    let mut command = stage.command(args.iter().chain(&["-v"]));
    command.process_group(0);
    let run = Running::start(command);
    let group = run.child.id();
    let url = until("the market", || market_of(group));
    until("requests", || (requests(&url) > 50).then_some(()));
    // A terminal sends it to all processes of the group.
    signal("INT", &format!("-{group}"));
    end(run).expect(130);
    let json: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
    assert!(json["totals"]["requests"].as_u64() > Some(50));
    assert_eq!(json["totals"]["errors"], 0, "{}", json["error_kinds"]);
}

/// The port that the embedded market of a process listens on.
fn market_of(parent: u32) -> Option<String> {
    let market = *children(parent).first()?;
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{market}/fd"))
        .ok()?
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.replace(']', "")))
        .collect();
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // State 0A is LISTEN.
        if fields.get(3) != Some(&"0A") || !sockets.iter().any(|socket| fields[9] == socket) {
            return None;
        }
        let port = u16::from_str_radix(fields[1].split_once(':')?.1, 16).ok()?;
        Some(format!("http://127.0.0.1:{port}"))
    })
}

fn requests(url: &str) -> u64 {
    let stats: Value = serde_json::from_str(&super::stage::get(url, "/__market/stats")).unwrap();
    stats["requests"].as_u64().unwrap()
}

#[test]
fn a_killed_run_is_unfinished_and_has_all_but_its_last_interval() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let run = endless(&stage, &server, &["-r", "200/s"]);
    until("three seconds of requests", || (server.requests() >= 600).then_some(()));
    run.signal("KILL");
    end(run).expect(137);
    let sent = server.requests();
    let runs = stage.json(["runs", "list", "--json"]);
    assert_eq!(runs["runs"][0]["state"], "unfinished");
    let json = stage.json(["report", "--format", "json"]);
    let kept = json["totals"]["requests"].as_u64().unwrap();
    assert!(kept <= sent && sent - kept <= 400, "{kept} of {sent} are kept");
    assert_eq!(json["run"]["state"], "unfinished");
    assert_eq!(json["valid"], false);
    let shown = stage.run(["runs", "show"]).expect(0);
    assert!(shown.out.contains("unfinished"), "{}", shown.out);
    assert!(stage.run(["runs", "list"]).expect(0).out.contains("unfinished"));
    let page = stage.run(["report", "latest", "--html", "-"]).expect(0);
    assert!(page.out.contains("unfinished"));
}

#[test]
fn a_killed_run_takes_the_embedded_market_with_it() {
    let stage = Stage::new();
    let args = ["run", "--scenario", "customer", "-r", "10/s", "-d", "1h"];
    let run = Running::start(stage.command(args));
    let parent = run.child.id();
    until("the market", || market_of(parent));
    let market = children(parent)[0];
    run.signal("KILL");
    end(run).expect(137);
    until("the end of the market", || gone(market).then_some(()));
}

/// Whether a process has ended, even if nobody has asked how.
fn gone(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.map_or(true, |stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")))
}
