//! `sql` steps against both databases.

use sqlx::{Connection, Executor};

use super::*;
use crate::postgres::Postgres;

const TABLE: [&str; 2] = [
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, paid BOOLEAN)",
    "INSERT INTO orders VALUES (1, 'PENDING', true), (2, 'DONE', false)",
];

fn steps(url: &str, server: &Server) -> Arc<Plan> {
    plan_for(
        &server.url(),
        &format!(
            r#"databases: {{ default: "{url}" }}
variables: {{ id: "1" }}
journeys:
  j:
    steps:
      - {{ name: read, sql: "SELECT status, id FROM orders WHERE id = $1", params: [ "${{id}}" ],
           check: [ rows == 1, row.status == PENDING, row.id == 1 ], capture: {{ status: row.status }} }}
      - {{ name: captured, sql: "SELECT id FROM orders WHERE status = $1", params: [ "${{status}}" ], check: rows == 1 }}
      - {{ name: none, sql: "SELECT id FROM orders WHERE status = $1", params: [ "' OR 1=1 --" ], check: rows == 0 }}
      - {{ name: wrong, sql: "SELECT nonsense FROM orders" }}
      - {{ name: refused, sql: "UPDATE orders SET status = 'X'" }}
      - {{ name: written, sql: "UPDATE orders SET status = 'NEW' WHERE id = 2", allow_write: true, check: rows == 1 }}
      - {{ name: unmet, sql: "SELECT id FROM orders", check: rows == 7 }}
load: [ {{ phase: p, users: 1, iterations: 3, for: 20s }} ]"#
        ),
    )
}

fn check(url: &str) {
    let server = Server::start(Speaks::One);
    let record = play(&steps(url, &server));
    let end = record.end.as_ref().unwrap();
    for (step, kind) in [
        ("read", None),
        ("captured", None),
        ("none", None),
        ("wrong", Some(ErrorKind::Sql)),
        ("refused", Some(ErrorKind::Sql)),
        ("written", None),
        ("unmet", Some(ErrorKind::Check)),
    ] {
        let id = record.catalogue.matching(|series| series.step == step).next().unwrap();
        let all = Pick::all(&record.header.load.phases);
        let counts = record.totals.counts(&all, [id]);
        let sample = end.samples.iter().find(|sample| sample.series == id);
        let failed = if kind.is_some() { 3 } else { 0 };
        assert_eq!((counts.started, counts.failed()), (3, failed), "{step}: {sample:?}");
        assert_eq!(sample.map(|sample| sample.kind), kind, "{step}");
        let queries = record.totals.histogram(&all, [id], Metric::Query).len();
        assert_eq!(queries, 3 - failed, "{step}");
    }
    assert_eq!(end.generator.requests_sent, 0);
}

fn fill<C: Connection>(url: &str)
where
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = C::connect(url).await.unwrap();
        for statement in TABLE {
            connection.execute(statement).await.unwrap();
        }
        connection.close().await.unwrap();
    });
}

#[test]
fn statements_are_checked_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("shop.db").display());
    fill::<sqlx::SqliteConnection>(&format!("{url}?mode=rwc"));
    check(&url);
}

#[test]
fn statements_are_checked_on_postgres() {
    let postgres = Postgres::start();
    fill::<sqlx::PgConnection>(&postgres.url());
    check(&postgres.url());
}

#[test]
fn a_database_that_is_not_there_is_told_before_the_run() {
    let server = Server::start(Speaks::One);
    for url in ["sqlite:/no/such/file.db", "postgres://u@127.0.0.1:1/x", "mysql://x/y"] {
        let error = play_beside(&steps(url, &server), async |_| {}).unwrap_err();
        assert!(error.to_string().contains("`default`"), "{error}");
    }
}
