//! What CI services read: JUnit XML, and what GitHub Actions is told.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Running, Stage, done, until};

/// A run of three requests with a limit that is kept or missed.
fn scenario(stage: &Stage, server: &Server, limit: &str) -> String {
    let text = format!(
        "version: 1\nname: shop\ntarget: {}\njourneys: {{ shop: {{ steps: [ {{ get: /a }} ] }} }}\n\
         load: [ {{ phase: steady, users: 1, for: 1h }} ]\n\
         thresholds: {{ http_reqs: [ \"{limit}\" ] }}\n",
        server.url
    );
    stage.file("shop.yaml", text).to_str().unwrap().to_owned()
}

/// A step of GitHub Actions.
fn in_github<'a>(stage: &Stage, command: &'a mut Command) -> &'a mut Command {
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", stage.path("summary.md"))
        .env("GITHUB_OUTPUT", stage.path("output"))
}

fn step(stage: &Stage, args: &[&str]) -> Done {
    done(in_github(stage, &mut stage.command(args)).output().unwrap())
}

/// The value of an output, as the runner reads it.
fn output(stage: &Stage, key: &str) -> String {
    let text = stage.read("output");
    let mut lines = text.lines();
    let head = lines.find_map(|line| line.split_once("<<").filter(|(own, _)| *own == key));
    let (_, end) = head.unwrap_or_else(|| panic!("{key} is missing: {text}"));
    lines.take_while(|line| *line != end).collect::<Vec<_>>().join("\n")
}

fn is_valid(path: &Path) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/junit.xsd");
    let args = ["--nonet", "--noout", "--schema", schema];
    let output = Command::new("xmllint").args(args).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn junit_has_a_failure_exactly_when_the_exit_code_is_not_0() {
    let server = Server::start(Answer::Json("{}"));
    for (limit, code) in [("count > 2", 0), ("count > 9", 99)] {
        let stage = Stage::new();
        let path = scenario(&stage, &server, limit);
        let run =
            stage.run(["run", "-n", "3", "--scenario", &path, "--junit", "run.xml"]).expect(code);
        is_valid(&stage.path("run.xml"));
        let text = stage.read("run.xml");
        assert_eq!(text.contains("<failure "), run.code != 0, "{text}");
        assert!(text.contains("<testcase name=\"http_reqs "), "{text}");
        // Of what is stored the same is told, and to tell it is no failure.
        let shown = stage.run(["report", "--format", "junit"]).expect(0);
        assert_eq!(shown.code, 0);
        assert_eq!(shown.out, text);
        stage.run(["report", "--junit", "-"]).expect(0);
    }
}

#[test]
fn junit_on_stdout_is_alone_there() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let run = ["run", "--url", &server.url, "-u", "1", "-n", "3", "--junit", "-"];
    let text = stage.run(run).expect(0).out;
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{text}");
    assert!(text.ends_with("</testsuites>\n"), "{text}");
    let both = stage.run(run.iter().chain(&["--json", "-"])).expect(2);
    both.says(&["stdout can take only one of `--json`, `--html`, `--md` and `--junit`"]);
}

#[test]
fn github_gets_summary_annotations_and_outputs() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let path = scenario(&stage, &server, "count > 9");
    stage.file("summary.md", "before");
    let run = step(&stage, &["run", "-n", "3", "--scenario", &path, "--json", "-"]).expect(99);
    // The document on stdout stays one.
    let json: Value = serde_json::from_str(&run.out).unwrap();
    assert!(
        run.err.lines().any(|line| {
            line.starts_with("::error title=loadgate shop%3A ")
                && line.contains("::the limit `http_reqs ")
        }),
        "{}",
        run.err
    );
    let summary = stage.read("summary.md");
    assert!(summary.starts_with("before\n\n# shop: ") && summary.contains("## Thresholds"));
    assert_eq!(output(&stage, "exit_code"), run.code.to_string());
    assert_eq!(output(&stage, "run_id"), json["run"]["id"]);
    assert_eq!(
        (output(&stage, "verdict"), output(&stage, "requests")),
        (String::new(), "3".into())
    );
    let p95: f64 = output(&stage, "p95_ms").parse().unwrap();
    let nanos = json["totals"]["response"]["p95_ns"].as_f64().unwrap();
    assert!((p95 - nanos / 1e6).abs() < 0.001, "{p95}");
    // A report of it is a step that did what it should.
    step(&stage, &["report", "--html", "r.html"]).expect(0);
    assert!(stage.read("output").contains("exit_code<<LOADGATE_END\n0\n"));
    assert_eq!(stage.read("summary.md").matches("# shop: ").count(), 2);
}

#[test]
fn github_is_told_nothing_elsewhere_and_where_nobody_wants_it() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let path = scenario(&stage, &server, "count > 9");
    let args = ["run", "-n", "3", "--scenario", &path];
    let silent = |told: Done| {
        assert!(!told.err.contains("::error"), "{}", told.err);
        assert!(!stage.path("summary.md").exists() && !stage.path("output").exists());
    };
    silent(stage.run(args).expect(99));
    let mut command = stage.command(args);
    silent(done(in_github(&stage, &mut command).env("GITHUB_ACTIONS", "false").output().unwrap()));
    silent(step(&stage, &["run", "-n", "3", "--scenario", &path, "--no-github"]).expect(99));
    silent(step(&stage, &["report", "--no-github"]).expect(0));
}

#[test]
fn what_github_cannot_take_is_told_and_is_no_verdict() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let mut command = stage.command(["run", "--url", &server.url, "-u", "1", "-n", "3"]);
    in_github(&stage, &mut command)
        .env("GITHUB_STEP_SUMMARY", stage.path("missing/summary.md"))
        .env_remove("GITHUB_OUTPUT");
    let told = done(command.output().unwrap()).expect(0);
    told.says(&["warning: can't write the summary `"]);
}

#[test]
fn a_summary_that_is_nearly_full_is_cut() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.file("summary.md", "x".repeat(1_048_576 - 1_500));
    step(&stage, &["run", "--url", &server.url, "-u", "1", "-n", "3"]).expect(0);
    let summary = stage.read("summary.md");
    assert!(summary.len() <= 1_048_576, "{}", summary.len());
    assert!(summary.ends_with("have all of it.*\n"));
}

#[test]
fn a_report_of_two_runs_compares_them_and_ends_with_0() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let path = scenario(&stage, &server, "count > 2");
    for _ in 0..2 {
        stage.run(["run", "-n", "3", "--scenario", &path]).expect(0);
    }
    let list = stage.json(["runs", "list", "--json"]);
    let id = |at: usize| list["runs"][at]["id"].as_str().unwrap().to_owned();
    let (new, old) = (id(0), id(1));
    let args = ["--json", "r.json", "--junit", "r.xml", "--md", "r.md", "--html", "r.html"];
    let files = ["--csv", "r.csv"];
    let told = stage.run(["report", &old, &new].iter().chain(&args).chain(&files));
    assert_eq!((told.code, told.out.as_str()), (0, ""), "{}", told.err);
    let json: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
    assert_eq!(json["run"]["id"], new);
    assert_eq!(json["gate"]["baseline"]["runs"][0]["id"], old);
    let verdict = json["verdict"].as_str().unwrap();
    assert!(["HOLD", "INVALID"].contains(&verdict), "three requests say nothing: {verdict}");
    is_valid(&stage.path("r.xml"));
    assert!(stage.read("r.xml").contains(&format!("message=\"{verdict}: ")));
    assert!(stage.read("r.md").starts_with(&format!("# shop: {verdict}")));
    assert!(stage.read("r.html").contains(verdict));
    assert!(stage.read("r.csv").starts_with("kind,journey,step,name,"));
    // The same words as by `compare`; a baseline will do as well as a run.
    let compared = stage.run(["compare", &old, &new]);
    assert_eq!(stage.run(["report", &old, &new]).out, compared.out);
    stage.run(["baseline", "add", "old", &old]).expect(0);
    let judged = stage.run(["gate", "--baseline", "old", "--junit", "gate.xml"]);
    assert!([3, 6].contains(&judged.code), "{}: {}", judged.code, judged.err);
    assert!(stage.read("gate.xml").contains(&format!("message=\"{verdict}: ")));
    let named = stage.json(["report", "old", "latest", "--format", "json"]);
    assert_eq!(named["gate"]["baseline"]["name"], "old");
}

#[test]
fn a_report_refuses_what_has_no_meaning_for_it() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    stage.run(["run", "--url", &server.url, "-u", "1", "-n", "3"]).expect(0);
    for flag in [&["--policy", "p.yaml"][..], &["--accept-difference", "load"]] {
        let told = stage.run(["report", "latest"].iter().chain(flag)).expect(2);
        told.says(&["required", "<B>"]);
    }
    stage.run(["report", "latest", "latest", "--hlog", "x"]).expect(2).says(&["--hlog"]);
    stage.run(["report", "latest", "latest"]).expect(2).says(&["is on both sides"]);
    stage
        .run(["report", "nothing", "latest"])
        .expect(2)
        .says(&["there is no baseline, file or run"]);
}

#[test]
fn a_run_that_was_killed_says_so_first_in_every_format() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let mut run =
        Running::start(stage.command(["run", "--url", &server.url, "-d", "1h", "-r", "50/s"]));
    let stored = || {
        let list = stage.run(["runs", "list", "--json"]).out;
        let list: Value = serde_json::from_str(&list).ok()?;
        (list["runs"][0]["requests"].as_u64()? > 0).then_some(())
    };
    until("an interval in the store", stored);
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    // Of each format as much as is seen before anything is believed.
    for (format, lines) in [
        ("text", 6),
        ("markdown", 6),
        ("csv", 2),
        ("json", 20),
        ("junit", 20),
        ("html", usize::MAX),
    ] {
        let text = stage.run(["report", "--format", format]).expect(0).out;
        let text = text.split_once("<h1").map_or(text.as_str(), |(_, body)| body);
        let top: Vec<&str> = text.lines().take(lines).collect();
        let top = top.join("\n");
        let top = top.get(..2_000).unwrap_or(&top);
        assert!(top.contains("unfinished"), "{format}: {top}");
    }
    stage.run(["report", "--hlog", "run.hlog"]).expect(0);
    assert!(stage.read("run.hlog").lines().take(3).any(|line| line.contains("unfinished")));
    assert!(stage.run(["report", "--junit", "-"]).expect(0).out.contains("<failure "));
}
