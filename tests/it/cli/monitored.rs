//! Monitors beside a run: from the scenario to the report, against a real PostgreSQL.

use std::process::Command;

use loadgate::plan::{Inputs, MonitorSource, Overrides, Plan, compile};
use loadgate::steps::KINDS;
use loadgate::units::Nanos;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::server::{Answer, Server};
use super::stage::{Done, LIMIT, Running, Stage, done, until};
use crate::postgres::{PASSWORD, Postgres, binaries};

const PRELOADED: &[&str] = &["shared_preload_libraries=pg_stat_statements"];

fn plan(monitors: &str, url: Option<&str>) -> Plan {
    let text = format!(
        "target: http://127.0.0.1:1\n\
         databases: {{ shop: \"postgres://me:secret@h/db\" }}\n\
         journeys: {{ j: {{ steps: [ {{ get: / }} ] }} }}\n{monitors}\n"
    );
    let inputs = Inputs {
        path: "a.yaml",
        text: &text,
        read: &|path| Err(format!("there is no {path}")),
        environment: &|_| None,
    };
    let overrides = Overrides { monitor_db: url.map(str::to_owned), ..Overrides::default() };
    compile(&inputs, KINDS, &overrides).unwrap()
}

#[test]
fn a_monitor_has_the_address_of_its_database() {
    let plan = plan(
        "monitors: [ { postgres: shop, pool_size: 10, user: app, application: web, every: 2s } ]",
        Some("postgres://me:secret@other/db"),
    );
    assert!(!format!("{:?}", plan.monitors).contains("secret"));
    let every = plan.monitors.iter().map(|one| (one.name.as_str(), one.every));
    assert_eq!(
        every.collect::<Vec<_>>(),
        [("shop", Nanos::from_secs(2)), ("monitor-db", Nanos::from_secs(5))]
    );
    let MonitorSource::Postgres(shop) = &plan.monitors[0].source else {
        panic!("{:?}", plan.monitors);
    };
    assert_eq!(shop.url, "postgres://me:secret@h/db");
    assert_eq!((shop.pool_size, shop.user.as_deref()), (Some(10), Some("app")));
    assert_eq!(shop.application.as_deref(), Some("web"));
}

#[test]
fn a_monitor_does_not_change_what_is_measured() {
    let with = plan("monitors: [ { postgres: shop } ]", None);
    assert_eq!(with.sha256, plan("", Some("")).sha256);
    assert_eq!(plan("", Some("")).monitors, []);
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn execute(connection: &mut PgConnection, statement: &str) {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))).await.unwrap();
}

fn as_admin(postgres: &Postgres, statements: &[&str]) {
    block_on(async {
        let mut admin = PgConnection::connect(&postgres.url()).await.unwrap();
        for statement in statements {
            execute(&mut admin, statement).await;
        }
        // One that is dropped would count as a connection that broke.
        admin.close().await.unwrap();
    });
}

/// A scenario of so many seconds with these monitors.
fn scenario(stage: &Stage, target: &str, seconds: u64, monitors: &str) {
    let text = format!(
        "target: {target}\n\
         databases: {{ shop: \"${{SHOP_URL}}\" }}\n\
         monitors: {monitors}\n\
         journeys: {{ j: {{ steps: [ {{ get: /a }} ] }} }}\n\
         load: [ {{ phase: steady, rate: 20/s, for: {seconds}s }} ]\n"
    );
    stage.file("a.yaml", text);
}

fn command(stage: &Stage, url: &str) -> Command {
    let mut command = stage.command(["run", "--scenario", "a.yaml", "--json", "-"]);
    command.env("SHOP_URL", url);
    command
}

/// The document of a run that came to its end.
#[track_caller]
fn document(told: Done) -> Value {
    let told = told.expect(0);
    assert!(!told.out.contains(PASSWORD) && !told.err.contains(PASSWORD), "{}", told.err);
    serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {}", told.out))
}

fn row<'v>(document: &'v Value, name: &str) -> &'v Value {
    let rows = document["readings"].as_array().unwrap();
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {rows:?}"))
}

#[track_caller]
fn notes_say(document: &Value, parts: &[&str]) {
    let notes = document["notes"].to_string();
    for part in parts {
        assert!(notes.contains(part), "`{part}` is not in {notes}");
    }
}

/// An application that keeps so many connections busy until it is dropped.
struct Busy(Vec<std::process::Child>);

impl Busy {
    /// Each connection works for longer than any test.
    fn start(postgres: &Postgres, connections: usize) -> Self {
        let psql = || {
            let port = postgres.port().to_string();
            Command::new(binaries().join("psql"))
                .args(["-X", "-h", "127.0.0.1", "-p", &port, "-U", "loadgate", "-d", "postgres"])
                .args(["-c", "SELECT pg_sleep(600)"])
                .env("PGPASSWORD", PASSWORD)
                .env("PGAPPNAME", "web")
                .spawn()
                .unwrap()
        };
        let busy = Self((0..connections).map(|_| psql()).collect());
        block_on(async {
            let mut admin = PgConnection::connect(&postgres.url()).await.unwrap();
            let question = "SELECT count(*) FROM pg_stat_activity \
                            WHERE application_name = 'web' AND state = 'active'";
            let wanted = i64::try_from(connections).unwrap();
            let all = async {
                loop {
                    let active: i64 =
                        sqlx::query_scalar(question).fetch_one(&mut admin).await.unwrap();
                    if active == wanted {
                        break;
                    }
                }
            };
            tokio::time::timeout(LIMIT, all).await.unwrap();
            admin.close().await.unwrap();
        });
        busy
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

#[test]
fn a_full_pool_is_seen_during_the_run_and_decides_nothing() {
    let (stage, postgres) = (Stage::new(), Postgres::start_with(PRELOADED, &[]));
    as_admin(&postgres, &["CREATE EXTENSION pg_stat_statements"]);
    let target = Server::start(Answer::Json("{}"));
    let busy = Busy::start(&postgres, 3);
    let monitors = "[ { postgres: shop, pool_size: 3, application: web, every: 1s } ]";
    scenario(&stage, &target.url, 3, monitors);
    let document = document(done(command(&stage, &postgres.url()).output().unwrap()));
    drop(busy);

    let pool = row(&document, "db.pool_use");
    assert_eq!((&pool["min"], &pool["max"]), (&1.0.into(), &1.0.into()), "{pool}");
    assert_eq!(pool["holds"], false);
    notes_say(&document, &["`db.pool_use` reached 100.0 %, the limit is < 80 %"]);
    assert_eq!(row(&document, "db.active")["max"], 3.0);
    let limit = row(&document, "db.connections_limit");
    assert_eq!(limit["max"], 97.0, "100 less 3 for superusers");
    assert!(row(&document, "db.connections")["max"].as_f64().unwrap() >= 3.0);
    assert_eq!(row(&document, "db.connections_use")["holds"], true);
    assert_eq!(row(&document, "db.connection_errors")["holds"], true);
    assert_eq!(row(&document, "db.query_timeouts")["holds"], Value::Null);
    let timeline = document["timeline"].as_array().unwrap();
    let seen = timeline.iter().filter(|point| {
        let readings = point["readings"].as_array();
        readings.is_some_and(|all| all.iter().any(|one| one["name"] == "db.pool_use"))
    });
    assert!(seen.count() >= 2, "{timeline:?}");

    // The same from the store, and the table for people.
    let text = stage.run(["report"]).expect(0).out;
    let line = text.lines().find(|line| line.trim_start().starts_with("db.pool_use")).unwrap();
    let words: Vec<_> = line.split_whitespace().skip(1).collect();
    assert_eq!(words.join(" "), "100.0 % 100.0 % 100.0 % < 80 % ✗");
    assert!(text.contains("DATABASE"), "{text}");
}

#[test]
fn a_connection_that_is_cut_off_is_counted() {
    let (stage, postgres) = (Stage::new(), Postgres::start_with(PRELOADED, &[]));
    as_admin(&postgres, &["CREATE EXTENSION pg_stat_statements"]);
    let target = Server::start(Answer::Json("{}"));
    let _busy = Busy::start(&postgres, 2);
    scenario(&stage, &target.url, 5, "[ { postgres: shop, every: 1s } ]");
    let running = Running::start(command(&stage, &postgres.url()));
    until("the run is under way", || (target.requests() >= 30).then_some(()));
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = 'web'";
    as_admin(&postgres, &[cut, "SELECT pg_sleep(0.06)"]);
    let document = document(running.end());
    let errors = row(&document, "db.connection_errors");
    assert_eq!((&errors["min"], &errors["max"]), (&0.0.into(), &2.0.into()), "{errors}");
    assert_eq!(errors["holds"], false);
    notes_say(&document, &["`db.connection_errors` reached 2, the limit is 0"]);
    // The statement of the administrator is the slowest that came to its end.
    let slowest = row(&document, "db.slowest_statement_mean_ms");
    assert!(slowest["max"].as_f64().unwrap() >= 60.0, "{slowest}");
    assert_eq!(slowest["holds"], false);
    notes_say(&document, &["monitor `shop`: of ", "SELECT pg_sleep"]);
    assert!(row(&document, "db.statement_mean_ms")["max"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_user_without_rights_is_told_what_to_grant_and_the_rest_goes_on() {
    let (stage, postgres) = (Stage::new(), Postgres::start_with(PRELOADED, &[]));
    let role = format!("CREATE ROLE watcher LOGIN PASSWORD '{PASSWORD}'");
    as_admin(&postgres, &["CREATE EXTENSION pg_stat_statements", &role, "SELECT 1 AS hidden"]);
    let target = Server::start(Answer::Json("{}"));
    let busy = Busy::start(&postgres, 1);
    scenario(&stage, &target.url, 2, "[ { postgres: shop, pool_size: 3, every: 1s } ]");
    let url = postgres.url_of("watcher", "postgres");
    let told = done(command(&stage, &url).output().unwrap());
    drop(busy);
    let grant = "as a superuser: `GRANT pg_read_all_stats TO watcher`; the rest goes on";
    // It is told before the load, and stands in the record.
    let document = document(told.says(&["monitor `shop`", grant]));
    notes_say(&document, &["monitor `shop`: states and statements", grant]);
    assert!(row(&document, "db.connections")["max"].as_f64().unwrap() >= 1.0);
    // What can't be seen is not said to be idle, and no statement is said to be the slowest.
    let rows = document["readings"].to_string();
    assert!(!rows.contains("db.pool_use") && !rows.contains("db.active"), "{rows}");
    assert_eq!(row(&document, "db.slowest_statement_mean_ms")["holds"], Value::Null);
}

#[test]
fn a_missing_extension_takes_only_the_statements_away() {
    let (stage, postgres) = (Stage::new(), Postgres::start());
    let target = Server::start(Answer::Json("{}"));
    scenario(&stage, &target.url, 1, "[ { postgres: shop, every: 1s } ]");
    let document = document(done(command(&stage, &postgres.url()).output().unwrap()));
    let load = "shared_preload_libraries = 'pg_stat_statements'";
    notes_say(
        &document,
        &["monitor `shop`: there are no times of statements", load, "the rest goes on"],
    );
    assert!(row(&document, "db.connections_use")["max"].as_f64().is_some());
}

#[test]
fn a_database_that_goes_away_is_a_note_and_the_run_comes_to_its_end() {
    let (stage, postgres) = (Stage::new(), Postgres::start_with(PRELOADED, &[]));
    as_admin(&postgres, &["CREATE EXTENSION pg_stat_statements"]);
    let target = Server::start(Answer::Json("{}"));
    scenario(&stage, &target.url, 6, "[ { postgres: shop, every: 1s } ]");
    let running = Running::start(command(&stage, &postgres.url()));
    // The run is under way, with the monitor's first looks.
    until("the run is under way", || (target.requests() >= 30).then_some(()));
    drop(postgres);
    let document = document(running.end());
    assert_eq!(document["run"]["state"], "complete");
    notes_say(&document, &["monitor `shop`: the database did not answer ", "it goes on when"]);
    assert!(row(&document, "db.connections")["max"].as_f64().is_some());
    assert!(document["totals"]["requests"].as_u64().unwrap() >= 100, "{}", document["totals"]);
}

#[test]
fn several_monitors_are_told_apart_and_one_is_named_on_the_command_line() {
    let (stage, postgres) = (Stage::new(), Postgres::start_with(PRELOADED, &[]));
    as_admin(&postgres, &["CREATE EXTENSION pg_stat_statements", "CREATE DATABASE bare"]);
    let target = Server::start(Answer::Json("{}"));
    scenario(&stage, &target.url, 1, "[ { postgres: shop, every: 1s } ]");
    let mut command = command(&stage, &postgres.url());
    command.env("LOADGATE_MONITOR_DB", postgres.url_of("loadgate", "bare"));
    let document = document(done(command.output().unwrap()));
    assert!(row(&document, "shop.db.connections")["max"].as_f64().is_some());
    assert!(row(&document, "monitor-db.db.connections")["max"].as_f64().is_some());
    notes_say(&document, &["monitor `monitor-db`: there are no times", "CREATE EXTENSION"]);
}

#[test]
fn a_database_that_was_never_there_is_told_before_the_load_and_the_run_is_made() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    let nowhere = format!("postgres://me:{PASSWORD}@127.0.0.1:1/shop");
    let args = ["run", "--url", &target.url, "-n", "5", "--json", "-", "--monitor-db", &nowhere];
    let told = stage.run(args).says(&["monitor `monitor-db`: the database did not answer 1 of 1"]);
    let document = document(told);
    assert_eq!(document["totals"]["requests"], 5);
    notes_say(
        &document,
        &["can't connect to the database", "it goes on when the database answers"],
    );
}

#[test]
fn the_address_of_a_monitor_is_refused_without_its_password() {
    let stage = Stage::new();
    let target = Server::start(Answer::Json("{}"));
    let wrong = format!("mysql://me:{PASSWORD}@127.0.0.1/shop");
    let args = ["run", "--url", &target.url, "-n", "1", "--monitor-db", &wrong];
    let told = stage.run(args).expect(2).says(&["--monitor-db", "postgres://"]);
    assert!(!told.err.contains(PASSWORD), "{}", told.err);
}
