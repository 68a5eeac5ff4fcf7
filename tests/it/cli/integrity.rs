//! Assertions on data: what was created is there, what was deleted is missed, and what can't be
//! asked is told.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::server::{Answer, Server};
use super::stage::{Done, Market, Running, Stage, until};
use crate::postgres::{PASSWORD, Postgres};

const SCENARIO: &str = r#"
name: shop
include: FOLDER/scenarios/customer.yaml
databases: { shop: "${SHOP_URL}" }
load:
  - { phase: warm-up, users: 1, iterations: 1, for: 1s, measure: false }
  - { phase: steady, users: 3, iterations: 3, for: 3s }
integrity:
  - name: orders are conserved
    database: shop
    sql: SELECT count(*) FROM "Order"
    expect: after == before + created("POST /api/checkout")
  - name: paid orders are conserved
    database: shop
    sql: SELECT count(*) FROM "Order" WHERE "paymentStatus" = 'PAID'
    expect: change == created("POST /api/checkout/*/payment")
  - name: no orphans
    database: shop
    sql: SELECT count(*) FROM "OrderItem" i LEFT JOIN "Order" o ON o.id = i."orderId" WHERE o.id IS NULL
    expect: after == before
  - name: turnover
    database: shop
    sql: SELECT sum("total") / 100.0 FROM "Order"
    expect: after > before - 10.5
  - name: notes
    database: shop
    sql: SELECT count(*) FROM notes
    expect: after == 1
"#;

/// Runs one statement.
fn execute(url: &str, sql: &str) {
    assert_eq!(ask(url, sql), None);
}

/// The number that a statement gives, if it gives one.
fn ask(url: &str, sql: &str) -> Option<i64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        let number = query.fetch_optional(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        number
    })
}

fn rows(stage: &Stage, name: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(&stage.read(name)).unwrap();
    json["integrity"].as_array().unwrap().clone()
}

/// Whether each holds, in order.
fn holds(rows: &[Value]) -> Vec<Option<bool>> {
    rows.iter().map(|row| row["holds"].as_bool()).collect()
}

#[test]
fn what_is_created_is_conserved_and_what_is_deleted_meanwhile_is_missed() {
    let (stage, postgres) = (Stage::new(), Postgres::start());
    let url = postgres.url();
    let market = Market::start(&stage, &["--database", &url]);
    execute(&url, "CREATE TABLE notes (note text)");
    execute(&url, "INSERT INTO notes VALUES ('hunter2-note')");
    stage.file("a.yaml", SCENARIO.replace("FOLDER", env!("CARGO_MANIFEST_DIR")));
    let command = |json: &str| {
        let mut command = stage.command(["run", "--scenario", "a.yaml", "--json", json]);
        command.args(["--target", &market.url]).env("SHOP_URL", &url);
        command
    };

    let done = Running::start(command("kept.json")).end().expect(0);
    let kept = rows(&stage, "kept.json");
    assert_eq!(holds(&kept), [Some(true); 5], "{kept:?}");
    assert_eq!(kept[0]["created"], 4, "{kept:?}");
    let number = |row: &Value, key: &str| row[key].as_str().unwrap().parse::<f64>().unwrap();
    assert!(number(&kept[3], "after") > number(&kept[3], "before"), "{kept:?}");
    assert!(done.out.contains("INTEGRITY") && done.out.contains("orders are conserved"));

    let count = || ask(&url, r#"SELECT count(*) FROM "Order""#).unwrap();
    let before = count();
    let running = Running::start(command("lost.json"));
    until("a first order", || (count() > before).then_some(()));
    execute(
        &url,
        r#"DELETE FROM "Order" WHERE id IN (SELECT id FROM "Order" ORDER BY "createdAt" LIMIT 1)"#,
    );
    execute(&url, "DROP TABLE notes");
    let done = running.end().expect(99);
    let lost = rows(&stage, "lost.json");
    assert_eq!(lost[0]["holds"], false, "{lost:?}");
    let after = number(&lost[0], "after");
    assert!((number(&lost[0], "expected_least") - after - 1.0).abs() < 0.1, "{lost:?}");
    assert_eq!(lost[4]["status"], "no answer");
    assert_eq!(lost[4]["before"], "1");
    assert!(lost[4]["note"].as_str().unwrap().contains("42P01"), "{lost:?}");
    assert!(done.code == 6 || done.out.contains("of 5 assertions"), "{}", done.out);
    let everything = format!("{}{}{}", done.out, done.err, stage.read("lost.json"));
    assert!(!everything.contains("hunter2") && !everything.contains(PASSWORD));
}

/// Runs a scenario whose only database is an empty one of SQLite: nothing is sent.
fn refused(integrity: &str) -> Done {
    let (stage, server) = (Stage::new(), Server::start(Answer::Json("{}")));
    stage.file("empty.db", "");
    stage.file(
        "a.yaml",
        format!(
            "target: {}\ndatabases: {{ default: \"sqlite:empty.db\" }}\n\
             journeys: {{ a: {{ steps: [ {{ get: /a }} ] }} }}\nintegrity:\n{integrity}",
            server.url
        ),
    );
    let done = stage.run(["run", "--scenario", "a.yaml", "-d", "1s"]);
    assert_eq!(server.requests(), 0, "something was sent");
    done
}

#[test]
fn what_has_no_number_is_told_before_anything_is_sent() {
    refused(
        "  - { name: no table, sql: SELECT count(*) FROM farms, expect: after == 0 }\n\
         \x20 - { name: two numbers, sql: \"SELECT 1, 2\", expect: after == 0 }\n\
         \x20 - { name: rows, sql: SELECT 1 WHERE 1 = 2, expect: after == 0 }\n\
         \x20 - { name: nothing, sql: SELECT NULL, expect: after == 0 }\n\
         \x20 - { name: a word, sql: SELECT 'hunter2', expect: after == 0 }\n\
         \x20 - { name: right, sql: SELECT 1.50, expect: after == 1.5 }\n\
         \x20 - { name: written, sql: CREATE TABLE a (b INTEGER), expect: after == 1.5 }\n",
    )
    .expect(1)
    .says(&[
        "`integrity` can't be asked before the run:",
        "`no table`: no such table: farms",
        "`two numbers`: the statement gives 2 columns, one is wanted",
        "`rows`: the statement gives 0 rows, one is wanted",
        "`nothing`: the statement gives NULL",
        "`a word`: the statement gives no number",
        "`written`: attempt to write a readonly database",
        "hint: ",
    ]);
}

#[test]
fn mistakes_in_assertions_are_told_with_their_place() {
    let done = refused(
        "  - { name: a, database: defalt, sql: SELECT 1, expect: after == 0 }\n\
         \x20 - { name: a, sql: SELECT 1, expect: after == created(\"GET /b\") }\n\
         \x20 - { name: '', sql: SELECT 1, expect: after == created(\"GET *\") }\n",
    );
    done.expect(2).says(&[
        "there is no database `defalt`",
        "--> a.yaml:5:26",
        "did you mean `default`?",
        "two assertions are named `a`",
        "--> a.yaml:6:13",
        "no endpoint of this scenario is `GET /b`",
        "--> a.yaml:6:39",
        "did you mean `GET /a`?",
        "the assertion has no name",
        "4 mistakes",
    ]);
    let done = refused("  - { name: a, sql: SELECT 1, expects: aftr == 0 }\n");
    done.expect(2).says(&["unknown key `expects` in an assertion of `integrity`", "`expect`?"]);
    let done = refused("  - { name: a, sql: SELECT 1, expect: aftr == 0 }\n");
    done.expect(2).says(&["`aftr` can't stand on the left; did you mean `after`?", "a.yaml:5:39"]);
}
