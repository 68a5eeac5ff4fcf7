//! The decision from outside: attestations, the document, its verification, messages.

use std::sync::Arc;

use http::HeaderMap;
use loadgate::engine::{Received, simulate};
use loadgate::gate::decision::{is_against, is_attestable};
use loadgate::plan::{Failure, Phase, Plan, Request};
use loadgate::record::{
    Attestation, CheckOutcome, CheckReport, CheckRow, Compared, Criterion, End, FORMAT, Figure,
    Generator, Header, Load, LogsText, Machine, Origin, Policy, Repetition, RunRecord, Stand,
    StopReason, TargetInfo, ValidityPolicy,
};
use loadgate::store::{Growth, Store, StoreLocation};
use loadgate::units::Nanos;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::Value;

use super::server::{Answer, Server};
use super::stage::{Done, Stage, done};
use crate::engine_sim::plan_of;

const SCENARIO: &str = "
version: 1
name: shop
load: [ { phase: steady, rate: 100/s, for: 15s } ]
journeys:
  customer:
    steps:
      - { name: See the farms, get: /api/farms }
      - { name: Search a product, get: /api/products/search }
";

/// The second of March 2026, 9 o'clock.
const STARTED: u64 = 1_772_442_000_000_000_000;
/// When everything was attested: after the last run.
const ATTESTED: u64 = STARTED + 7_200_000_000_000;

/// One repetition in simulated time: a new version whose search takes so many times as long.
#[expect(clippy::too_many_lines, reason = "a header names all of its fields")]
fn repetition(plan: &Arc<Plan>, version: &str, at: u64, slower: f64) -> RunRecord {
    let new = version.starts_with('7');
    let mut random = Pcg64::seed_from_u64(2 * at + u64::from(new));
    let mut normal = move || (0..12).map(|_| random.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    let drift = (0.005 * normal()).exp();
    let server = |request: &Request, now: Nanos| {
        let ratio = if new && request.target().contains("search") { slower } else { 1.0 };
        let millis = 30.0 * ratio * drift * (0.2 * normal()).exp();
        let duration = Nanos::from_secs_f64(millis / 1e3);
        let received = Received {
            status: 200,
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
            body_bytes: 900,
            duration,
        };
        (now + duration, Ok::<_, Failure>(received))
    };
    let run = simulate(plan, server);
    let side = if new { "new" } else { "old" };
    RunRecord {
        header: Header {
            format: FORMAT,
            id: format!("20260302-09{at:02}00-{side}"),
            scenario: plan.name.clone(),
            started_unix_ns: STARTED + (2 * at + u64::from(new)) * 60_000_000_000,
            seed: 11,
            load: Load {
                phases: plan.phases.iter().map(Phase::info).collect(),
                max_users: None,
                workers: 1,
                precision: None,
            },
            journeys: vec!["customer".to_owned()],
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin {
                loadgate: "test".to_owned(),
                machine: Machine { host: "test".to_owned(), ..Machine::default() },
                target: TargetInfo {
                    url: "http://shop.staging".to_owned(),
                    version: Some(version.to_owned()),
                    ..TargetInfo::default()
                },
                ..Origin::default()
            },
            policy: ValidityPolicy::default(),
            gate: Policy {
                figures: vec![Figure { of: Compared::Http, quantile: 0.95 }],
                ..Policy::default()
            },
            features: Vec::new(),
            leaks: Vec::new(),
            logs: LogsText::default(),
            repetition: Some(Repetition {
                set: format!("20260302-090000-{side}"),
                number: u32::try_from(at).unwrap() + 1,
                of: 4,
            }),
            observation: None,
        },
        catalogue: run.catalogue,
        totals: run.totals,
        intervals: run.intervals,
        end: Some(End {
            reason: StopReason::Complete,
            lasted: run.ended,
            generator: Generator::default(),
            samples: run.samples,
            notes: Vec::new(),
            integrity: Vec::new(),
        }),
    }
}

fn check(profile: &str, version: &str, name: &str, proves: &[&str]) -> CheckReport {
    CheckReport {
        profile: profile.to_owned(),
        started_unix_ns: STARTED,
        lasted: Nanos::SECOND,
        target: TargetInfo {
            url: "http://shop.staging".to_owned(),
            version: Some(version.to_owned()),
            ..TargetInfo::default()
        },
        rows: vec![CheckRow {
            name: name.to_owned(),
            kind: "exec".to_owned(),
            outcome: CheckOutcome::Passed,
            expected: "exit 0".to_owned(),
            found: "exit 0".to_owned(),
            took: Nanos::SECOND,
            attempts: 1,
            proves: proves.iter().map(|id| (*id).to_owned()).collect(),
            step: None,
        }],
    }
}

/// A store with a baseline, a candidate, checks, and everything attested that people can say.
fn stage(slower: f64) -> Stage {
    let stage = Stage::new();
    let plan = plan_of(SCENARIO);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&StoreLocation::File(stage.path("store.db"))).await.unwrap();
        let mut baseline = Vec::new();
        for at in 0..4 {
            let old = repetition(&plan, "6.19.0", at, slower);
            baseline.push(old.header.id.clone());
            store.import(&old).await.unwrap();
            store.import(&repetition(&plan, "7.0.1", at, slower)).await.unwrap();
        }
        let name = "prisma-6.19".parse().unwrap();
        store.keep_baseline(&name, &baseline, Growth::New, STARTED).await.unwrap();
        store.add_check(&check("pre", "6.19.0", "backup", &["pre.backup"])).await.unwrap();
        let immediate = check("immediate", "7.0.1", "migrated", &["go.migrations"]);
        store.add_check(&immediate).await.unwrap();
        for criterion in Criterion::ALL.iter().filter(|criterion| is_attestable(criterion)) {
            let said = Attestation {
                criterion: criterion.id.to_owned(),
                by: "Ann".to_owned(),
                note: "looked at it".to_owned(),
                at_unix_ns: ATTESTED,
                stand: if is_against(criterion) { Stand::Fails } else { Stand::Holds },
            };
            store.attest(&said).await.unwrap();
        }
        store.close().await;
    });
    stage
}

fn decide(stage: &Stage) -> (Done, Value) {
    let done = stage.run(["decide", "--baseline", "prisma-6.19", "--json", "-"]);
    let json = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.err));
    (done, json)
}

fn row<'a>(json: &'a Value, id: &str) -> &'a Value {
    let lists = json["data"]["decision"]["lists"].as_array().unwrap();
    let mut rows = lists.iter().flat_map(|list| list["rows"].as_array().unwrap());
    rows.find(|row| row["id"] == id).unwrap()
}

#[test]
fn everything_measured_or_attested_is_go_until_somebody_knows_better() {
    let stage = stage(1.0);
    let args = ["decide", "--baseline", "prisma-6.19", "--report", "report.html"];
    let first = stage.run(args).expect(0);
    assert!(first.out.contains("GO\nVersion 7.0.1 may go to production"), "{}", first.out);
    first.says(&["written: decision.md, decision.html, report.html"]);
    // Figures link to where they stand in the report.
    let page = stage.read("decision.html").replace("&#x2f;", "/");
    let report = stage.read("report.html");
    for part in ["failures-compared", "compared-with-the-baseline"] {
        let links = page.split("href=").skip(1).map(|link| link.split('>').next().unwrap());
        let wanted = format!("\"./report.html#{part}\"");
        assert!(
            links.clone().any(|link| link == wanted),
            "{part}: {:?}",
            links.collect::<Vec<_>>()
        );
        assert!(report.contains(&format!("id=\"{part}\"")), "{part} is not in the report");
    }
    let (again, json) = decide(&stage);
    assert_eq!(again.code, 0);
    assert_eq!(row(&json, "go.performance")["state"]["kind"], "measured");
    assert_eq!(row(&json, "go.errors")["state"]["answer"], "yes");
    assert_eq!(row(&json, "go.migrations")["state"]["kind"], "measured");
    assert_eq!(row(&json, "go.confidence")["state"]["by"], "Ann");
    assert_eq!(json["data"]["candidate"]["runs"].as_array().unwrap().len(), 4);
    stage.file("decision.json", again.out);
    for file in ["decision.md", "decision.html", "decision.json"] {
        let genuine = stage.run(["decide", "--verify", file]).expect(0);
        assert!(genuine.out.starts_with("GENUINE\n"), "{}", genuine.out);
        // Somebody wants another figure.
        let edited = stage.read(file).replacen("looked at it", "looked at all", 1);
        stage.file("edited", edited);
        let found = stage.run(["decide", "--verify", "edited"]);
        assert_eq!(found.code, 4, "{file}: {}{}", found.out, found.err);
        assert!(found.out.starts_with("CHANGED\n"), "{}", found.out);
    }
    let said = ["attest", "no-go.bugs", "--by", "Bea", "--note", "one is left", "--holds"];
    stage.run(said).expect(0);
    let (now, json) = decide(&stage);
    assert_eq!(now.code, 4, "{}", now.err);
    assert_eq!(json["data"]["decision"]["verdict"], "NO-GO");
    let zero = ["decide", "--baseline", "prisma-6.19", "--json", "-", "--exit-zero"];
    stage.run(zero).expect(0);
    let outdated = stage.run(["decide", "--verify", "decision.html"]);
    assert_eq!(outdated.code, 3, "{}", outdated.out);
    for part in [
        "OUTDATED",
        "`no-go.bugs` holds by Bea at ",
        "it says GO, and today it would be NO-GO",
        "`no-go.bugs` was attested no by Ann",
    ] {
        assert!(outdated.out.contains(part), "{part} is missing in {}", outdated.out);
    }
    stage.run(["runs", "rm", "20260302-090100-new"]).expect(0);
    let gone = stage.run(["decide", "--verify", "decision.md"]);
    assert_eq!(gone.code, 3, "{}", gone.out);
    assert!(gone.out.contains("run 20260302-090100-new (candidate) is gone"), "{}", gone.out);
}

#[test]
fn a_slow_endpoint_is_named_and_missing_rows_are() {
    let stage = stage(1.4);
    let (done, json) = decide(&stage);
    assert_eq!(done.code, 4, "{}", done.err);
    let figure = row(&json, "no-go.performance")["state"]["figure"].as_str().unwrap();
    assert!(figure.contains("GET /api/products/search"), "{figure}");
    for id in ["go.confidence", "done.approval"] {
        stage.run(["attest", id, "--by", "Ann", "--note", "not so sure", "--revoke"]).expect(0);
    }
    let (done, json) = decide(&stage);
    assert_eq!(done.code, 4);
    let approval = &row(&json, "done.approval")["state"];
    assert_eq!(approval["kind"], "missing");
    assert!(approval["why"].as_str().unwrap().contains("revoked by Ann"), "{approval}");
    // The approval has a line to sign that is empty again.
    let markdown = stage.run(["decide", "--baseline", "prisma-6.19", "--md", "-"]);
    assert!(markdown.out.contains("Approved by stakeholders | \\[Name\\]"), "{}", markdown.out);
}

#[test]
fn without_a_baseline_or_runs_nothing_is_decided() {
    let empty = Stage::new();
    empty.run(["decide", "--baseline", "x"]).expect(1).says(&["there is no store", "hint: "]);
    assert!(!empty.has_store());
    empty.run(["decide"]).expect(2).says(&["--baseline"]);
    let stage = stage(1.0);
    let wrong = stage.run(["decide", "--baseline", "prisma-6.18"]).expect(2);
    wrong.says(&["there is no baseline, file or run `prisma-6.18`", "did you mean `prisma-6.19`"]);
    let wrong = ["decide", "--baseline", "prisma-6.19", "--candidate", "nothing"];
    stage.run(wrong).expect(1).says(&["there is no run `nothing`"]);
    let wrong = ["decide", "--baseline", "prisma-6.19", "--observation", "20260302-090100-new"];
    stage.run(wrong).expect(2).says(&["is no observation", "loadgate observe"]);
    let both = ["decide", "--baseline", "prisma-6.19", "--md", "-", "--json", "-"];
    stage.run(both).expect(2).says(&["stdout can take only one"]);
    for name in ["decision.md", "decision.html"] {
        assert!(!stage.path(name).exists(), "nothing was decided");
    }
    stage.file("other.md", "# something else\n");
    let other = stage.run(["decide", "--verify", "other.md"]).expect(2);
    other.says(&["there are no data of a decision in it", "loadgate decide"]);
    stage.run(["decide", "--verify", "gone.md"]).expect(2).says(&["can't read `gone.md`"]);
}

#[test]
fn what_was_simulated_shows_nothing_of_the_system() {
    let stage = stage(1.0);
    let day = "length: 24h\nrate: 1/m\nsegment: 10m\n\
               readings: { app.rss_bytes: { level: 450MB, noise: 3MB } }\n";
    stage.file("day.yaml", day);
    let id = stage.run(["observe", "--simulate", "day.yaml", "-q"]).expect(6).out;
    let args = ["decide", "--baseline", "prisma-6.19", "--observation", id.trim(), "--json", "-"];
    let json: Value = serde_json::from_str(&stage.run(args).expect(0).out).unwrap();
    assert_eq!(row(&json, "go.memory")["state"]["kind"], "attested");
    assert_eq!(row(&json, "target.memory")["state"]["kind"], "missing");
    let watched = row(&json, "done.observation")["state"]["beside"].as_str().unwrap();
    assert!(watched.contains("simulated from day.yaml"), "{watched}");
}

#[test]
fn attestations_are_added_and_never_changed() {
    let stage = Stage::new();
    let none = stage.run(["attest", "list"]).expect(0);
    assert_eq!(none.out, "nothing was attested yet\n");
    assert!(!stage.has_store());
    let ids = stage.run(["attest", "ids"]).expect(0);
    assert_eq!(ids.out.lines().count(), Criterion::ALL.len() + 1);
    let attest = |args: &[&str]| stage.run(["attest"].iter().chain(args));
    let said = attest(&["approval", "--by", "Ann", "--note", "by mail"]).expect(0);
    assert_eq!(said.out, "done.approval: \"Stakeholders have approved\" is so, says Ann\n");
    attest(&["no-go.bugs", "--by", "Bea", "--note", "none is open", "--fails"]).expect(0);
    let hostile = "\x1b[31m</script>\nnext";
    attest(&["done.approval", "--by", "Ann", "--note", hostile, "--revoke"]).expect(0);
    let list = stage.json(["attest", "list", "--json"]);
    let list = list["attestations"].as_array().unwrap();
    let told: Vec<_> = list.iter().map(|one| (&one["criterion"], &one["stand"])).collect();
    assert_eq!(
        format!("{told:?}"),
        "[(String(\"done.approval\"), String(\"holds\")), (String(\"no-go.bugs\"), \
         String(\"fails\")), (String(\"done.approval\"), String(\"revoked\"))]"
    );
    assert_eq!(list[2]["note"], hostile);
    let table = attest(&["list"]).expect(0).out;
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(!table.contains('\x1b'), "{table}");
    // A row of figures can be attested, and that does not count.
    let figures = attest(&["go.errors", "--by", "Ann", "--note", "few"]).expect(0);
    figures.says(&["`go.errors` is a matter of figures"]);
}

#[test]
fn what_can_not_be_attested_is_refused_with_what_to_do() {
    let stage = Stage::new();
    let refused = |args: &[&str], says: &[&str]| {
        stage.run(["attest"].iter().chain(args)).expect(2).says(says);
    };
    let by = ["--by", "Ann", "--note", "x"];
    let with = |id: &'static str| [&[id][..], &by].concat();
    refused(
        &with("go.confidense"),
        &["there is no row `go.confidense`", "did you mean `go.confidence`"],
    );
    refused(&with("confidence"), &["did you mean `go.confidence`"]);
    refused(&with("aproval"), &["did you mean `approval`"]);
    refused(&with("something"), &["`loadgate attest ids` lists all rows"]);
    refused(
        &with("no-go.bugs"),
        &["is that so", "`--fails` if it is not so", "`--holds` if it is"],
    );
    refused(&["go.e2e", "--note", "x"], &["`--by` is missing or empty", "hint: add `--by NAME`"]);
    refused(&["go.e2e", "--by", " ", "--note", "x"], &["`--by` is missing or empty"]);
    refused(&["go.e2e", "--by", "Ann"], &["`--note` is missing or empty"]);
    let long = "x".repeat(2_001);
    refused(&["go.e2e", "--by", "Ann", "--note", &long], &["2001 characters, 2000 are the most"]);
    refused(&[&with("go.e2e")[..], &["--fails", "--revoke"]].concat(), &["cannot be used with"]);
    refused(&[], &["there is nothing to attest"]);
    assert!(!stage.has_store());
}

#[test]
fn a_deployment_is_told_with_what_is_known() {
    let stage = stage(1.0);
    let args = [
        "message",
        "deployment",
        "--baseline",
        "prisma-6.19",
        "--branch",
        "upgrade/prisma-7",
        "--project",
        "Prisma 7 Upgrade",
        "--out",
        "message.md",
    ];
    stage.run(args).expect(0);
    let text = stage.read("message.md");
    for part in [
        "Subject: [STAGING] Prisma 7 Upgrade Deployed to Staging",
        "- Branch: upgrade/prisma-7",
        "- Version: 6.19.0 → 7.0.1",
        "- Deployment Time: 2026-03-02T09:00:00Z",
        "- Database: Backed up ✅",
        "- Migrations: Completed ✅",
        "- Initial Tests: Passed ✅",
        "**Staging URL:** http://shop.staging",
        "Contact: [Your contact info]",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    stage.run(["message", "weekly"]).expect(2).says(&["deployment"]);
}

#[test]
fn a_message_is_sent_and_its_secrets_are_not_shown() {
    let stage = Stage::new();
    let hook = Server::start(Answer::Json("ok"));
    let mut command = stage.command(["message", "deployment", "--branch", "b", "--send"]);
    command.env("LOADGATE_WEBHOOK_URL", format!("{}/services/very-secret", hook.url));
    let sent = done(command.env("LOADGATE_WEBHOOK_TOKEN", "hidden-token").output().unwrap());
    let sent = sent.expect(0);
    assert_eq!(sent.out, "");
    assert!(!sent.err.contains("very-secret") && !sent.err.contains("hidden-token"));
    sent.says(&[&format!("sent to {}/…", hook.url)]);
    assert!(hook.take_lines().keys().any(|line| line.starts_with("POST /services/very-secret")));
    let texts = hook.texts();
    assert!(texts.contains("authorization: Bearer hidden-token"), "{texts}");
    let body: Value = serde_json::from_str(texts.lines().last().unwrap()).unwrap();
    assert!(body["text"].as_str().unwrap().contains("- Branch: b\n"), "{body}");
    // Nobody listens: that is tried again, and told.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:word@127.0.0.1:{port}/very-secret");
    let failed = stage.run(["message", "deployment", "--send", &url]).expect(1);
    assert!(!failed.err.contains("very-secret") && !failed.err.contains("word"), "{}", failed.err);
    failed.says(&["was not told: ", "3 times", "hint: "]);
    stage.run(["message", "deployment", "--send"]).expect(2).says(&["LOADGATE_WEBHOOK_URL"]);
    let wrong = stage.run(["message", "deployment", "--send", "ftp://x/very-secret"]).expect(1);
    wrong.says(&["none of http or https"]);
    assert!(!stage.has_store());
}
