//! Clients as people use them: what they do direct, they do through the tap with the same results.

use std::io::Write;
use std::process::Stdio;

use loadgate::wire::{Loss, Passed};
use sqlx::{Connection, Executor, Row};

use super::*;

/// What psql can do, with errors where they may be.
const SCRIPT: &str = r"
\set VERBOSITY verbose
CREATE TABLE fruit (id int PRIMARY KEY, name text, price numeric);
COPY fruit FROM STDIN;
1	apple	1.20
2	pear	2.50
3	plum	0.30
\.
SELECT * FROM fruit ORDER BY id;
BEGIN; UPDATE fruit SET price = price * 2 WHERE id = 1; SELECT price FROM fruit WHERE id = 1; COMMIT;
SELECT 1 \; SELECT 2 \; SELECT 1/0 \; SELECT 3;
SELECT nonsense;
COPY fruit TO STDOUT;
COPY fruit FROM STDIN;
1	twice	1
\.
SELECT name, price FROM fruit \gdesc
DO $$ BEGIN RAISE NOTICE 'a notice'; END $$;
LISTEN ripe; NOTIFY ripe, 'now';
SELECT repeat('x', 1000000);
SELECT i, repeat('y', 100) FROM generate_series(1, 20000) AS i;
BEGIN; DECLARE c CURSOR FOR SELECT id FROM fruit ORDER BY id; FETCH 2 FROM c; CLOSE c; ROLLBACK;
PREPARE p AS SELECT id FROM fruit WHERE name = $1; EXECUTE p('pear'); DEALLOCATE p;
SET statement_timeout = '50ms'; SELECT pg_sleep(5); RESET statement_timeout;
;
DROP TABLE fruit;
";

fn script(port: u16, more: &str) -> Output {
    let mut child = program("psql", port, more)
        .args(["-X", "-a"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(SCRIPT.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Texts without the number of the server's process, which is another one each time.
fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let lines = text.lines().filter(|line| !line.contains("server process with PID"));
        lines.collect::<Vec<_>>().join("\n")
    };
    (text(&output.stdout), text(&output.stderr))
}

/// What the script for psycopg prints against this port.
#[expect(clippy::disallowed_methods, reason = "the Python with psycopg is the machine's")]
fn psycopg(port: u16) -> Output {
    let python = std::env::var("LOADGATE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tap/with_psycopg.py"))
        .arg(format!("host=127.0.0.1 port={port} user=loadgate dbname=postgres"))
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap()
}

#[test]
fn psycopg_says_the_same_through_the_tap() {
    let postgres = Postgres::start();
    let direct = psycopg(postgres.port());
    assert!(direct.status.success(), "{direct:?}");
    assert!(said(&direct).0.contains("DivisionByZero 22012"), "{direct:?}");
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    let tapped = psycopg(port(&tap));
    assert_eq!(said(&tapped), said(&direct));
    let batch = stop(tap);
    assert_eq!(batch.counts.lost_connections, [].into());
    assert!(batch.queries.iter().map(Query::count).sum::<u64>() > 25, "{batch:?}");
}

/// What the script for node's pg sends: how often, and how often with an error. What is fetched in
/// parts counts once for each of them.
const PG: [(&str, u64, u64); 35] = [
    ("", 1, 0),
    ("BEGIN", 10, 0),
    ("COMMIT", 9, 0),
    (
        "CREATE TABLE fruit(id int PRIMARY key, name text, price numeric, photo bytea, kinds \
         text[], more jsonb)",
        1,
        0,
    ),
    ("DELETE FROM fruit", 1, 0),
    ("DO $?", 1, 0),
    ("DROP TABLE fruit", 1, 0),
    ("INSERT INTO fruit (id) VALUES ($?)", 2, 1),
    ("INSERT INTO fruit VALUES ($?, $?, $?, $?, $?, $?)", 9, 1),
    ("LISTEN ripe", 1, 0),
    ("ROLLBACK", 1, 0),
    ("ROLLBACK TO savepoint $?", 1, 0),
    ("SAVEPOINT $?", 1, 0),
    ("SELECT $? / $?", 1, 1),
    ("SELECT $? / $?::int AS part", 3, 1),
    ("SELECT $? / $?::int AS share", 8, 2),
    ("SELECT $? AS more", 2, 0),
    ("SELECT $? AS one", 2, 0),
    ("SELECT $? AS two", 1, 0),
    ("SELECT $?::int * $? AS double", 40, 0),
    ("SELECT * FROM fruit WHERE id = $? ORDER BY id", 1, 0),
    ("SELECT colour FROM fruit WHERE id = $?", 1, 1),
    ("SELECT count(*)::int FROM fruit", 3, 1),
    ("SELECT id FROM fruit ORDER BY id", 1, 0),
    ("SELECT id FROM fruit ORDER BY id DESC", 3, 0),
    ("SELECT id FROM fruit WHERE id < $? ORDER BY id", 3, 0),
    ("SELECT id, photo FROM fruit ORDER BY id", 2, 0),
    ("SELECT name FROM fruit WHERE id = $?", 1, 1),
    ("SELECT name, price FROM fruit WHERE id = $?", 3, 0),
    ("SELECT pg_notify($?, $?)", 1, 0),
    ("SELECT pg_sleep($?)", 2, 2),
    ("SELECT repeat($?, $?) AS long", 1, 0),
    ("SELECT sum(price) FROM fruit", 1, 0),
    ("UPDATE fruit SET price = price + $? WHERE id = $?", 8, 0),
    ("selekt", 1, 1),
];

/// What the script for node's pg prints against this port.
fn pg(port: u16, postgres: &Postgres) -> Output {
    let address = |port: u16| format!("postgres://loadgate@127.0.0.1:{port}/postgres");
    Command::new("node")
        .arg("--no-deprecation")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tap/with_pg.js"))
        .args([address(port), address(postgres.port())])
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap_or_else(|error| panic!("node: {error}: `./test` installs it"))
}

#[test]
fn nodes_pg_says_the_same_through_the_tap_and_every_statement_is_counted() {
    let postgres = Postgres::start();
    let direct = pg(postgres.port(), &postgres);
    assert!(direct.status.success(), "{direct:?} (pg is found by NODE_PATH; `./test` sets it)");
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    let tapped = pg(port(&tap), &postgres);
    assert_eq!(said(&tapped), said(&direct));
    let batch = stop(tap);
    assert_eq!(batch.counts.lost_connections, [].into());
    // The client gave up on the one that it waited for too long.
    assert_eq!(batch.counts.lost, [(Loss::Closed, 1)].into());
    assert_eq!(batch.counts.passed.get(&Passed::Cancel), Some(&1));
    // One cancelled by another client, one by the server.
    assert_eq!(batch.counts.query_timeouts, 2);
    // No such database, a wrong password, no such user.
    assert_eq!(batch.counts.connection_errors, 3);
    assert_eq!(counts(&batch), PG);
}

#[test]
fn psql_says_the_same_through_the_tap() {
    let postgres = Postgres::start();
    let direct = script(postgres.port(), "");
    assert!(said(&direct).0.contains("plum"), "{direct:?}");
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    let tapped = script(port(&tap), "");
    assert_eq!(said(&tapped), said(&direct));
    let batch = stop(tap);
    assert_eq!(batch.counts.lost, [].into());
    assert_eq!(batch.counts.lost_connections, [].into());
    let all = counts(&batch);
    let of = |text: &str| all.iter().find(|(form, ..)| *form == text).map(|(_, n, e)| (*n, *e));
    assert_eq!(of("COMMIT"), Some((1, 0)), "{all:#?}");
    assert_eq!(of("SELECT $? / $?"), Some((1, 1)), "{all:#?}");
    assert_eq!(of("SELECT $?"), Some((2, 0)), "{all:#?}");
    assert_eq!(of("COPY fruit FROM stdin"), Some((2, 1)), "{all:#?}");
    // The values of a table are in no form.
    assert!(!format!("{all:?}").contains("pear"));
}

#[test]
fn a_unix_socket_on_either_side_is_as_good() {
    let postgres = Postgres::start();
    let direct = script(postgres.port(), "");
    let folder = tempfile::tempdir().unwrap();
    let listen: Listen = format!("unix:{}:7000", folder.path().display()).parse().unwrap();
    let address =
        format!("postgres:///?host={}&port={}", postgres.folder().display(), postgres.port());
    let tap = start(listen, address.parse().unwrap(), ClientTls::Refuse);
    let tapped = script(7000, &format!("PGHOST={}", folder.path().display()));
    assert_eq!(said(&tapped), said(&direct));
    drop(stop(tap));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Runs pgbench and gives the number of transactions that it counted.
fn pgbench(port: u16, args: &[&str]) -> u64 {
    let output = program("pgbench", port, "").arg("-n").args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // To make its tables is no load.
    let line = said.lines().find(|line| line.contains("actually processed"));
    let count = line.and_then(|line| line.split([':', '/']).nth(1));
    count.map_or(0, |count| count.trim().parse().unwrap())
}

#[test]
fn every_statement_of_pgbench_is_counted_in_each_of_its_modes() {
    let postgres = Postgres::start();
    pgbench(postgres.port(), &["-i", "-q"]);
    let folder = tempfile::tempdir().unwrap();
    let pipeline = folder.path().join("pipeline.sql");
    let select = "SELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n";
    let text = format!(
        "\\set aid random(1, 100000)\n\\startpipeline\n{select}{select}{select}\\endpipeline\n"
    );
    std::fs::write(&pipeline, text).unwrap();
    let load = ["-c", "4", "-t", "200"];
    for (mode, script, each) in [
        ("simple", "select-only", 1),
        ("extended", "select-only", 1),
        ("prepared", "select-only", 1),
        ("simple", "tpcb-like", 1),
        ("prepared", "tpcb-like", 1),
        ("extended", pipeline.to_str().unwrap(), 3),
        ("prepared", pipeline.to_str().unwrap(), 3),
    ] {
        let kind = if each == 1 { "-b" } else { "-f" };
        let tap = tap(&postgres.url(), ClientTls::Refuse);
        let done = pgbench(port(&tap), &[&load[..], &["-M", mode, kind, script]].concat());
        assert_eq!(done, 800);
        let batch = stop(tap);
        let found = count(&batch, "SELECT abalance FROM pgbench_accounts WHERE aid = $?");
        assert_eq!(found, done * each, "{mode} {script} {:?}", counts(&batch));
        assert_eq!(batch.counts.lost, [].into(), "{mode} {script}");
        assert_eq!(batch.counts.lost_connections, [].into(), "{mode} {script}");
        assert_eq!(batch.unlisted, 0);
        let listed = u64::try_from(batch.statements.len()).unwrap();
        assert_eq!(listed, batch.queries.iter().map(Query::count).sum::<u64>());
    }
}

#[test]
fn sqlx_reads_the_same_through_the_tap() {
    let postgres = Postgres::start();
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    let tapped = postgres.url().replace(&postgres.port().to_string(), &port(&tap).to_string());
    let read = |url: String| {
        wait(async move {
            let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
            let table = "CREATE TEMP TABLE a (id int PRIMARY KEY, name text)";
            connection.execute(table).await.unwrap();
            for id in 0..20 {
                let insert = sqlx::query("INSERT INTO a VALUES ($1, $2)").bind(id).bind("x");
                insert.execute(&mut connection).await.unwrap();
            }
            let twice = sqlx::query("INSERT INTO a VALUES ($1, $2)").bind(7).bind("y");
            let error = twice.execute(&mut connection).await.unwrap_err();
            let code = error.as_database_error().unwrap().code().unwrap().into_owned();
            let wrong = connection.execute("SELEKT").await.unwrap_err().to_string();
            let rows = sqlx::query("SELECT id FROM a WHERE id > $1 ORDER BY id").bind(9);
            let rows = rows.fetch_all(&mut connection).await.unwrap();
            let ids: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
            connection.close().await.unwrap();
            (code, wrong, ids)
        })
    };
    let direct = read(postgres.url());
    assert_eq!((direct.0.as_str(), direct.2.len()), ("23505", 10));
    assert_eq!(read(tapped), direct);
    let batch = stop(tap);
    let all = counts(&batch);
    let insert = all.iter().find(|(text, ..)| text.starts_with("INSERT INTO a"));
    assert_eq!(insert.map(|(_, count, failed)| (*count, *failed)), Some((21, 1)), "{all:#?}");
    assert_eq!(count(&batch, "SELECT id FROM a WHERE id > $?"), 1, "{all:#?}");
    assert_eq!(batch.counts.lost, [].into());
}

#[test]
fn a_query_is_cancelled_through_the_tap() {
    let postgres = Postgres::start();
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    let child = program("psql", port(&tap), "")
        .args(["-X", "-c", "SELECT pg_sleep(60)"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' \
                    AND wait_event = 'PgSleep'";
    while asks(postgres.port(), "", sleeping) != "1" {}
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("canceling statement due to user request"), "{said}");
    let batch = stop(tap);
    assert_eq!(counts(&batch), [("SELECT pg_sleep($?)", 1, 1)]);
    assert_eq!(batch.counts.passed.values().sum::<u64>(), 1);
}

#[test]
fn timing_a_slow_statement_is_right_to_the_millisecond() {
    let postgres = Postgres::start();
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    asks(port(&tap), "", "SELECT pg_sleep(0.2)");
    let batch = stop(tap);
    let slept = batch.queries[0].duration.min().unwrap().as_millis_f64();
    assert!((199.0..230.0).contains(&slept), "{slept} ms");
    let statement = batch.statements[0];
    let listed = statement.duration.as_millis_f64();
    assert!((199.0..230.0).contains(&listed), "{listed} ms");
}
