//! `monitor::postgres` and `loadgate db` against a real server, with all rights, with few, and
//! where the extension is missing.

use std::process::{Command, Output};

use loadgate::monitor::postgres::{Delta, Mark, MonitorError, Order, Server};
use loadgate::units::Nanos;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::postgres::{PASSWORD, Postgres};

const PRELOADED: &[&str] =
    &["shared_preload_libraries=pg_stat_statements", "superuser_reserved_connections=5"];

/// A runtime for one test.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn execute(connection: &mut PgConnection, statements: &[&str]) {
    for statement in statements {
        let query = sqlx::raw_sql(AssertSqlSafe((*statement).to_owned()));
        connection.execute(query).await.unwrap();
    }
}

/// A server with the extension, a table, and a user without rights.
async fn shop() -> Postgres {
    let postgres = Postgres::start_with(PRELOADED, &[]);
    let mut admin = connect(&postgres.url()).await;
    let user = format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'");
    execute(
        &mut admin,
        &[
            "CREATE EXTENSION pg_stat_statements",
            "CREATE TABLE farms (id int PRIMARY KEY, name text)",
            "INSERT INTO farms SELECT at, 'farm ' || at FROM generate_series(1, 100) at",
            &user,
            "GRANT ALL ON farms TO app",
            "CREATE DATABASE bare",
        ],
    )
    .await;
    postgres
}

fn loadgate(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgate"));
    command.args(args).env_remove("DATABASE_URL").env("NO_COLOR", "1");
    command.output().unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!out.contains(PASSWORD) && !err.contains(PASSWORD), "{out}{err}");
    (out, err)
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    let output = loadgate(args);
    let (out, err) = texts(&output);
    assert!(output.status.success(), "{out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn a_delta_counts_exactly_what_was_executed_between_two_snapshots() {
    block_on(async {
        let postgres = shop().await;
        let mut app = connect(&postgres.url_of("app", "postgres")).await;
        let mut server = Server::connect(&postgres.url()).await.unwrap();
        execute(&mut app, &["SELECT name FROM farms WHERE id = 1"]).await;
        let before = server.statements().await.unwrap();
        for id in 0..7 {
            let text = format!("SELECT name FROM farms WHERE id = {id}");
            execute(&mut app, &[&text]).await;
        }
        execute(&mut app, &["SELECT pg_sleep(0.06)", "UPDATE farms SET name = 'x' WHERE id < 11"])
            .await;
        let after = server.statements().await.unwrap();
        let delta = Delta::between(&before, &after);
        let of = |delta: &Delta, name: &str| {
            let found = delta.statements.iter().find(|one| one.normal().name == name);
            found.map(|one| (one.calls, one.rows, one.user.clone()))
        };
        let app_did = |calls, rows| Some((calls, rows, "app".to_owned()));
        assert_eq!(of(&delta, "SELECT farms by id"), app_did(7, 6));
        assert_eq!(of(&delta, "UPDATE farms by id"), app_did(1, 10));
        // What loadgate itself asks is not there.
        assert_eq!(delta.calls(), 9, "{:?}", delta.statements);
        assert_eq!((delta.hidden, delta.gaps.join("").as_str()), (0, ""));
        let slowest = delta.top(Order::Mean, 1)[0];
        assert_eq!(slowest.normal().name, "SELECT pg_sleep");
        assert!(slowest.mean() >= Nanos::from_millis(60), "{}", slowest.mean());
        assert!(delta.lasted.unwrap() >= slowest.total);

        execute(&mut connect(&postgres.url()).await, &["SELECT pg_stat_statements_reset()"]).await;
        execute(&mut app, &["SELECT name FROM farms WHERE id = 1"]).await;
        let reset = Delta::between(&after, &server.statements().await.unwrap());
        assert_eq!(of(&reset, "SELECT farms by id"), app_did(1, 1));
        assert!(reset.gaps.join("").contains("were reset"), "{:?}", reset.gaps);
    });
}

#[test]
fn what_others_do_is_hidden_without_the_right_and_the_grant_is_named() {
    block_on(async {
        let postgres = shop().await;
        let mut admin = connect(&postgres.url()).await;
        execute(&mut admin, &["SELECT count(*) FROM farms"]).await;
        let mut server = Server::connect(&postgres.url_of("app", "postgres")).await.unwrap();
        let right = server.missing_right().await.unwrap();
        assert_eq!(right.as_deref(), Some("GRANT pg_read_all_stats TO app"));
        let delta = Delta::since_reset(&server.statements().await.unwrap());
        assert!(delta.hidden > 0 && delta.statements.iter().all(|one| one.user == "app"));
        let activity = server.activity().await.unwrap();
        assert_eq!((activity.open(), activity.hidden()), (1, 1));
        drop(server);

        let url = postgres.url_of("app", "postgres");
        let output = loadgate(&["db", "top", "--database", &url]);
        let (_, err) = texts(&output);
        assert!(output.status.success(), "{err}");
        assert!(err.contains("hint: as a superuser: `GRANT pg_read_all_stats TO app`"), "{err}");
        let output = loadgate(&["db", "pool", "--database", &url]);
        let (out, err) = texts(&output);
        assert!(output.status.success() && err.contains("GRANT pg_read_all_stats"), "{err}");
        assert!(out.contains("1 connections, 0 in use, of 95 (100 less 5 reserved)"), "{out}");

        // The command that is named is the right one.
        execute(&mut admin, &[&right.unwrap()]).await;
        let mut server = Server::connect(&url).await.unwrap();
        assert_eq!(server.missing_right().await.unwrap(), None);
        assert_eq!(Delta::since_reset(&server.statements().await.unwrap()).hidden, 0);
        assert_eq!(server.activity().await.unwrap().hidden(), 0);

        execute(&mut admin, &["REVOKE SELECT ON pg_stat_statements FROM public"]).await;
        let refused = server.statements().await.unwrap_err();
        assert!(matches!(refused, MonitorError::Denied { .. }), "{refused}");
    });
}

#[test]
fn a_missing_extension_is_told_with_what_to_do_and_the_connections_are_shown() {
    block_on(async {
        let postgres = shop().await;
        let bare = postgres.url_of("loadgate", "bare");
        let output = loadgate(&["db", "top", "--database", &bare]);
        let (_, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("the database `bare` does not have the extension"), "{err}");
        assert!(err.contains("in that database: `CREATE EXTENSION pg_stat_statements`"), "{err}");
        assert!(!err.contains("shared_preload_libraries"), "it is loaded: {err}");
        let pool = json(&["db", "pool", "--json", "-", "--database", &bare]);
        assert_eq!(pool["max_connections"], 100);
    });
}

#[test]
fn an_extension_that_is_not_loaded_is_told_with_the_setting() {
    block_on(async {
        let postgres = Postgres::start();
        let mut server = Server::connect(&postgres.url()).await.unwrap();
        let missing = server.statements().await.unwrap_err().hint().unwrap();
        assert!(missing.contains("shared_preload_libraries = 'pg_stat_statements'"), "{missing}");
        execute(&mut connect(&postgres.url()).await, &["CREATE EXTENSION pg_stat_statements"])
            .await;
        let unloaded = server.statements().await.unwrap_err();
        assert!(matches!(unloaded, MonitorError::NotLoaded), "{unloaded}");
    });
}

#[test]
fn an_extension_that_was_not_updated_is_asked_for_its_old_columns() {
    block_on(async {
        let postgres = Postgres::start_with(PRELOADED, &[]);
        let mut admin = connect(&postgres.url()).await;
        let mut server = Server::connect(&postgres.url()).await.unwrap();
        // The oldest that PostgreSQL 15 still has, and those in which something changed.
        for version in ["1.4", "1.7", "1.8", "1.9", "1.10"] {
            let create = format!("CREATE EXTENSION pg_stat_statements VERSION '{version}'");
            execute(&mut admin, &[&create, "SELECT 1 + 1"]).await;
            let snapshot = server.statements().await.unwrap();
            assert!(!snapshot.statements.is_empty(), "{version}");
            assert_eq!(snapshot.info.is_some(), ["1.9", "1.10"].contains(&version));
            execute(&mut admin, &["DROP EXTENSION pg_stat_statements"]).await;
        }
    });
}

#[test]
fn transactions_that_idle_and_locks_that_are_waited_for_are_shown() {
    block_on(async {
        let postgres = shop().await;
        let url = postgres.url_of("app", "postgres");
        let named = format!("{url}?application_name=shop");
        let (mut holder, mut waiter) = (connect(&named).await, connect(&named).await);
        let _idle = connect(&named).await;
        execute(&mut holder, &["BEGIN", "UPDATE farms SET name = 'secret' WHERE id = 1"]).await;
        let blocked = async {
            execute(&mut waiter, &["UPDATE farms SET name = 'other' WHERE id = 1"]).await;
        };
        let watched = async {
            let mut server = Server::connect(&postgres.url()).await.unwrap();
            // The statement is on its way: this asks until the server has it.
            let activity = loop {
                let activity = server.activity().await.unwrap();
                if activity.groups().iter().any(|group| group.waiting == 1) {
                    break activity;
                }
            };
            let json = tokio::task::spawn_blocking({
                let url = postgres.url();
                move || json(&["db", "pool", "--pool-size", "2", "--json", "-", "--database", &url])
            });
            let json = json.await.unwrap();
            execute(&mut holder, &["COMMIT"]).await;
            (activity, json)
        };
        let ((), (activity, json)) =
            tokio::time::timeout(std::time::Duration::from_secs(30), async {
                tokio::join!(blocked, watched)
            })
            .await
            .unwrap();
        let group = activity.groups().into_iter().find(|group| group.application == "shop");
        let group = group.unwrap();
        assert_eq!((group.open, group.active, group.idle), (3, 1, 1));
        assert_eq!((group.idle_in_transaction, group.waiting, group.busy()), (1, 1, 2));
        assert!(activity.oldest().unwrap().text.contains("UPDATE farms"));
        assert_eq!(
            json["oldest_transaction"]["statement"],
            "UPDATE farms SET name = $? WHERE id = $?"
        );
        let pool = json["limits"].as_array().unwrap();
        let result = |limit: &str| {
            let found =
                pool.iter().find(|check| check["limit"].as_str().unwrap().starts_with(limit));
            found.map(|check| check["result"].as_str().unwrap().to_owned())
        };
        assert_eq!(result("connections of the server").as_deref(), Some(Mark::Kept.word()));
        assert_eq!(result("connections of the pool").as_deref(), Some(Mark::Missed.word()));
        assert_eq!(result("query timeouts").as_deref(), Some(Mark::Unknown.word()));
    });
}

#[test]
fn the_list_of_statements_is_shown_without_constants() {
    block_on(async {
        let postgres = shop().await;
        let mut app = connect(&postgres.url_of("app", "postgres")).await;
        execute(&mut app, &["SET application_name = 'marker-7431'", "SELECT 1 FROM farms"]).await;
        let url = postgres.url();
        let (out, err) = texts(&loadgate(&["db", "top", "--limit", "50", "--database", &url]));
        assert!(out.contains("SELECT farms") && out.contains("SET application_name"), "{out}{err}");
        assert!(out.contains("pg_stat_statements has no percentiles"), "{out}");
        assert!(out.contains("? p95 of each query < 200 ms"), "{out}");
        let top = json(&["db", "top", "--for", "200ms", "--json", "-", "--database", &url]);
        assert_eq!((&top["interval"], &top["schema_version"]), (&true.into(), &1.into()));
        assert!(top["lasted_ns"].as_u64().unwrap() >= 200_000_000);
        let all = json(&[
            "db",
            "top",
            "--by",
            "calls",
            "--limit",
            "50",
            "--json",
            "-",
            "--database",
            &url,
        ]);
        assert!(!format!("{out}{all}").contains("marker-7431"));
        assert!(
            all["statements"].as_array().unwrap().iter().any(|one| one["name"] == "SELECT farms")
        );
    });
}

#[test]
fn an_address_that_leads_nowhere_is_told_without_its_password() {
    let nowhere = format!("postgres://app:{PASSWORD}@127.0.0.1:1/shop");
    let wrong = format!("mysql://app:{PASSWORD}@127.0.0.1/shop");
    let broken = format!("postgres://app:{PASSWORD}@127.0.0.1:port/shop");
    for url in [&nowhere, &wrong, &broken] {
        for command in ["top", "pool"] {
            let output = loadgate(&["db", command, "--database", url]);
            let (_, err) = texts(&output);
            assert_eq!(output.status.code(), Some(1), "{err}");
            assert!(err.starts_with("error: "), "{err}");
        }
    }
    let output = loadgate(&["db", "top"]);
    assert_eq!(output.status.code(), Some(2));
}
