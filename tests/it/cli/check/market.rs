//! The system itself: versions, waiting, journeys and the boxes that they tick.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::{checked, exactly, row, told};
use crate::cli::server::{Answer, Server};
use crate::cli::stage::{Market, Running, Stage, done, get, until, within};
use crate::junit;

const HEALTHY: &str = r#"{"status":"healthy","prisma":"7.0.1"}"#;

#[test]
fn without_a_file_the_first_hour_of_the_guide_is_checked_against_the_market() {
    let stage = Stage::new();
    let done = exactly(stage.run(["check", "--json", "c.json", "--junit", "c.xml"]), 0);
    let found: Value = serde_json::from_str(&stage.read("c.json")).unwrap();
    let profiles: Vec<&Value> = found["profiles"].as_array().unwrap().iter().collect();
    assert_eq!(profiles.len(), 2);
    assert_eq!(profiles[0]["profile"], "immediate");
    assert!(profiles.iter().all(|one| one["embedded"] == true));
    assert!(profiles.iter().all(|one| one["target_version"] == "6.19.0"));
    for journey in ["customer", "farmer", "admin"] {
        let row = row(&found, &format!("journey {journey}"));
        assert_eq!((&row["outcome"], &row["attempts"]), (&"passed".into(), &1.into()), "{row}");
    }
    // One user, once, and everything that a journey does only sometimes.
    let features = found["features"].as_array().unwrap();
    assert_eq!(features.len(), 27);
    let open: Vec<&Value> =
        features.iter().filter(|feature| feature["state"] != "ticked").collect();
    assert!(open.is_empty(), "{open:?}");
    let login = row(&found, "Log in");
    assert_eq!(login["step"]["feature"], "auth.login", "{login}");
    // A check is no run.
    let runs = stage.run(["runs", "list", "--json"]).expect(0).out;
    let runs: Value = serde_json::from_str(&runs).unwrap();
    assert_eq!(runs["runs"], serde_json::json!([]), "{runs}");
    assert!(done.out.contains("User login works"), "{}", done.out);
    assert!(done.out.ends_with("PASSED  5 of 5 checks passed\n"), "{}", done.out);
    let xml = stage.read("c.xml");
    for schema in [junit::jenkins(), junit::ours()] {
        assert_eq!(junit::mistakes(&schema, &xml), "", "{}\n{xml}", schema.display());
    }
    assert!(xml.contains("name=\"Log in (POST /api/auth/login)\""), "{xml}");
}

#[test]
fn a_wrong_version_fails_within_seconds() {
    let stage = Stage::new();
    let market = Market::start(&stage, &["--prisma-version", "6.19.0"]);
    let args = ["check", "--target", &market.url, "--profile", "immediate", "--expect"];
    let args = args.map(str::to_owned);
    let with = |expect: &str| args.iter().cloned().chain([expect.to_owned()]).collect::<Vec<_>>();
    let mut command = stage.command(with("prisma=7.0.1"));
    let quick = within(Duration::from_secs(20), move || done(command.output().unwrap()));
    let done = exactly(quick, 99);
    assert!(done.out.contains("check `prisma == 7.0.1` failed: found `6.19.0`"), "{}", done.out);
    assert!(done.out.contains("FAILED"), "{}", done.out);
    exactly(stage.run(with("7.0.1")), 99);
    exactly(stage.run(with("prisma=6.19.0")), 0);
    exactly(stage.run(with("6.19.0")), 0);
}

#[test]
fn what_becomes_well_later_is_waited_for_and_every_try_is_told() {
    let stage = Stage::new();
    let server = Server::start(Answer::Late(4, HEALTHY));
    let text = format!(
        "target: {}\nprofiles: {{ immediate: {{ checks: [ {{ name: well, health: /api/health, \
         wait_for: 50s, every: 200ms, expect: {{ prisma: 7.0.1 }} }} ] }} }}",
        server.url
    );
    stage.file("checks.yaml", text);
    let done = exactly(stage.run(["check", "--json", "c.json"]), 0)
        .says(&["well: check `status == 200` failed: found `503` (try 1, "]);
    let found: Value = serde_json::from_str(&stage.read("c.json")).unwrap();
    assert_eq!(row(&found, "well")["attempts"], 5);
    assert_eq!(found["profiles"][0]["target_version"], "7.0.1");
    assert!(done.out.contains("prisma 7.0.1 (5 tries, "), "{}", done.out);
    assert_eq!(server.requests(), 5);
}

#[test]
fn without_patience_there_is_one_try_and_the_command_line_gives_patience() {
    let stage = Stage::new();
    let server = Server::start(Answer::Late(2, HEALTHY));
    let file = format!(
        "target: {}\nprofiles: {{ immediate: {{ checks: [ {{ name: well, health: /api/health }} ] }} }}",
        server.url
    );
    let found = checked(&stage, &file, 99);
    assert_eq!(row(&found, "well")["attempts"], 1);
    let patient = stage.run(["check", "--wait-for", "50s", "--json", "-"]);
    let found: Value = serde_json::from_str(&exactly(patient, 0).out).unwrap();
    assert_eq!(row(&found, "well")["attempts"], 2);
}

#[test]
fn time_that_is_up_ends_the_waiting() {
    let stage = Stage::new();
    let text = "target: http://127.0.0.1:1\nprofiles: { immediate: { checks: [ { name: well, \
                health: /api/health, wait_for: 1s, every: 300ms } ] } }";
    let found = checked(&stage, text, 99);
    let row = row(&found, "well");
    let tries = row["attempts"].as_u64().unwrap();
    assert!((2..=4).contains(&tries), "{row}");
    assert!(told(&found, "well").1.contains("refused"), "{row}");
}

#[test]
fn headers_of_the_command_line_and_of_a_check_are_sent() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json(r#"{"a":{"b":[1,2]},"took":3.5}"#));
    let text = format!(
        "target: {}/base\nprofiles: {{ immediate: {{ checks: [\n\
         {{ name: own, http: /x, headers: {{ x-own: one }}, check: [ len($.a.b) == 2, $.took < 10, duration < 30s ] }},\n\
         {{ name: other, http: /y, check: [ status == 404 ] }} ] }} }}",
        server.url
    );
    stage.file("checks.yaml", text);
    let done = exactly(stage.run(["check", "-H", "x-all: two", "--json", "-"]), 99);
    let found: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(told(&found, "own").0, "passed", "{found:#}");
    assert!(told(&found, "other").1.starts_with("check `status == 404` failed: found `200`"));
    let lines = server.take_lines();
    assert_eq!(lines.keys().collect::<Vec<_>>(), ["GET /base/x HTTP/1.1", "GET /base/y HTTP/1.1"]);
    let sent = server.texts();
    assert!(sent.contains("x-own: one") && sent.matches("x-all: two").count() == 2, "{sent}");
}

#[test]
fn a_broken_feature_fails_its_journey_and_its_box() {
    let stage = Stage::new();
    let fault = "errors:endpoint=GET /api/products/search,rate=100%";
    let market = Market::start(&stage, &["--fault", fault]);
    stage.file("checks.yaml", "scenario: all\nprofiles: { critical: { checks: [ { journey: customer, proves: go.features } ] } }");
    let done = exactly(stage.run(["check", "--target", &market.url, "--json", "c.json"]), 99);
    let found: Value = serde_json::from_str(&stage.read("c.json")).unwrap();
    let (outcome, text) = told(&found, "journey customer");
    assert_eq!(outcome, "failed");
    assert!(text.starts_with("`Search for specific product`: "), "{text}");
    let feature = |id: &str| {
        let features = found["features"].as_array().unwrap();
        features.iter().find(|feature| feature["id"] == id).unwrap().clone()
    };
    let search = feature("product.search");
    assert_eq!((&search["state"], &search["failed"]), (&"broken".into(), &1.into()));
    assert_eq!(search["step"], "customer › Search for specific product");
    assert_eq!(feature("farm.list")["state"], "ticked");
    // What came after it was not done, and is not known.
    assert_eq!(feature("order.create")["state"], "open");
    assert_eq!(feature("order.create")["step"], "customer › Proceed to checkout");
    assert!(done.out.contains("✗ product.search"), "{}", done.out);
}

#[test]
fn a_target_that_is_not_there_fails_its_checks() {
    let stage = Stage::new();
    let done = exactly(stage.run(["check", "--target", "http://127.0.0.1:1"]), 99);
    assert!(done.out.contains("can't reach the target http://127.0.0.1:1"), "{}", done.out);
    assert!(done.out.ends_with("FAILED  0 of 5 checks passed, 5 failed\n"), "{}", done.out);
}

#[test]
fn a_run_ticks_boxes_in_its_report() {
    let stage = Stage::new();
    let args = ["run", "--scenario", "customer", "-n", "2", "-u", "1", "--json", "r.json"];
    let done = stage.run(args.into_iter().chain(["--html", "r.html"])).expect(0);
    let found: Value = serde_json::from_str(&stage.read("r.json")).unwrap();
    let features = found["features"].as_array().unwrap();
    assert_eq!(features.len(), 27);
    let ticked = |id: &str| features.iter().any(|one| one["id"] == id && one["state"] == "ticked");
    assert!(ticked("auth.login") && ticked("order.payment") && !ticked("admin.users"));
    assert!(stage.read("r.html").contains("Process a payment (test mode)"));
    assert!(done.out.contains("of the guide's 27 boxes are ticked"), "{}", done.out);
}

/// How many of a list there are.
#[track_caller]
fn total(market: &Market, path: &str) -> u64 {
    let found: Value = serde_json::from_str(&get(&market.url, path)).unwrap();
    found["pagination"]["total"].as_u64().unwrap_or_else(|| panic!("{found}"))
}

#[test]
fn what_a_killed_run_has_left_is_found_and_removed() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    // A farmer's journey without its end: it creates products and never deletes them.
    let whole = include_str!("../../../../scenarios/farmer.yaml");
    let (start, _) = whole.split_once("      - name: Delete product").unwrap();
    let (_, load) = whole.split_once("\nload:\n").unwrap();
    stage.file("half.yaml", format!("{start}\nload:\n{load}"));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/");
    for name in ["common.yaml", "data", "assets"] {
        std::os::unix::fs::symlink(format!("{folder}{name}"), stage.path(name)).unwrap();
    }
    let url = market.url.as_str();
    stage.run(["run", "-s", "half.yaml", "--target", url, "-n", "30", "-u", "5"]).expect(0);
    let search = "/api/products/search?q=loadgate";
    assert_eq!(total(&market, search), 30);
    let all = total(&market, "/api/products");
    let clean = || stage.run(["check", "--cleanup", "--target", url]);
    let first = exactly(clean(), 0);
    assert!(first.out.contains("30 removed, and a last look found nothing"), "{}", first.out);
    assert_eq!(total(&market, search), 0);
    assert_eq!(total(&market, "/api/products"), all - 30, "nothing else is gone");
    let second = exactly(clean(), 0);
    assert!(second.out.contains("0 removed, and a last look found nothing"), "{}", second.out);
    exactly(stage.run(["check", "--cleanup", "--target", "http://127.0.0.1:1"]), 99);
    // A market that begins with the command has nothing of earlier runs.
    exactly(stage.run(["check", "--cleanup"]), 2).says(&["`--cleanup` needs a target"]);
}

/// Tells the market what to do wrong from now on; nothing if it is empty.
fn fault(market: &Market, fault: &str) {
    let mut stream = TcpStream::connect(market.url.trim_start_matches("http://")).unwrap();
    let (method, length) = if fault.is_empty() { ("DELETE", 0) } else { ("POST", fault.len()) };
    write!(
        stream,
        "{method} /__market/faults HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{fault}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
}

#[test]
fn a_run_that_is_killed_while_it_writes_is_cleaned_up_after_and_that_is_proved() {
    let stage = Stage::new();
    let market = Market::start(&stage, &[]);
    let (products, farms) = ("/api/products/search?q=loadgate", "/api/farms?search=loadgate");
    let before = ["/api/products", "/api/farms"].map(|path| total(&market, path));
    let args = ["run", "-s", "all", "--journey", "farmer", "--journey", "admin", "-r", "10/s"];
    let more = ["-d", "60s", "--target", &market.url];
    let run = Running::start(stage.command(args.iter().chain(&more)));
    until("something is written", || {
        (total(&market, products) >= 3 && total(&market, farms) >= 1).then_some(())
    });
    run.signal("KILL");
    exactly(run.end(), 137);
    let clean = || stage.run(["check", "--cleanup", "--target", &market.url]);
    // What can't be deleted is not said to be gone.
    fault(&market, "errors:endpoint=DELETE /api/products/{id},rate=100%,status=503");
    let refused = exactly(clean(), 99);
    assert!(!refused.out.contains("found nothing"), "{}", refused.out);
    assert!(total(&market, products) > 0);
    fault(&market, "");
    let done = exactly(clean(), 0);
    assert!(done.out.contains("removed, and a last look found nothing"), "{}", done.out);
    assert!(!done.out.contains(" 0 removed"), "{}", done.out);
    assert_eq!([products, farms].map(|path| total(&market, path)), [0, 0]);
    let after = ["/api/products", "/api/farms"].map(|path| total(&market, path));
    assert_eq!(after[0], before[0], "nothing else is gone");
    // Admins have approved farms meanwhile; none was taken away.
    assert!(after[1] >= before[1], "{after:?} {before:?}");
}
