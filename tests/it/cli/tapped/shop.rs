//! A market whose database is found where a run puts its tap.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use loadgate::sql::Normal;
use serde_json::Value;

use crate::cli::stage::{Done, Market, Running, Stage, get, until};
use crate::postgres::{PASSWORD, Postgres, binaries};

/// How often each statement was carried out, by its normal form.
pub(super) type Calls = BTreeMap<String, u64>;

/// A stage, a server, and a market that the server knows as the user `shop`.
pub(super) struct Shop {
    pub(super) stage: Stage,
    pub(super) postgres: Postgres,
    market: Market,
    /// Where the market looks for its database: the place of every run's tap.
    pub(super) place: String,
}

/// A server that counts statements, with a database for a market.
pub(in crate::cli) fn server() -> Postgres {
    let postgres = Postgres::start_with(&["shared_preload_libraries=pg_stat_statements"], &[]);
    let role = format!("CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'");
    let database = "CREATE DATABASE shop OWNER shop";
    for sql in ["CREATE EXTENSION pg_stat_statements", &role, database] {
        ask(&postgres, "postgres", sql);
    }
    postgres
}

/// What the administrator is answered.
pub(in crate::cli) fn ask(postgres: &Postgres, database: &str, sql: &str) -> String {
    let output = Command::new(binaries().join("psql"))
        .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .args(["-d", &postgres.url_of("loadgate", database)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Forgets what the server has counted.
pub(super) fn forget_calls(postgres: &Postgres) {
    ask(postgres, "postgres", "SELECT pg_stat_statements_reset()");
}

/// What the server has counted of the market's statements.
pub(super) fn calls(postgres: &Postgres) -> Calls {
    let sql = "SELECT json_agg(json_build_object('text', query, 'calls', calls)) \
               FROM pg_stat_statements WHERE userid = 'shop'::regrole";
    let rows: Value = serde_json::from_str(&ask(postgres, "postgres", sql)).unwrap();
    let mut counted = Calls::new();
    for row in rows.as_array().unwrap() {
        let form = Normal::of(row["text"].as_str().unwrap()).text;
        *counted.entry(form).or_default() += row["calls"].as_u64().unwrap();
    }
    counted
}

/// The statements of a run's JSON that its tap saw.
pub(super) fn tapped(json: &Value) -> Vec<&Value> {
    let queries = json["queries"].as_array().unwrap();
    queries.iter().filter(|query| query["source"] == "tap").collect()
}

/// What a run's JSON has counted.
pub(super) fn counted(json: &Value) -> Calls {
    let mut counted = Calls::new();
    for query in tapped(json) {
        let form = query["text"].as_str().unwrap().to_owned();
        *counted.entry(form).or_default() += query["count"].as_u64().unwrap();
    }
    counted
}

impl Shop {
    /// Starts a market with these arguments.
    ///
    /// It wants its database when it starts, and a run wants its target when it starts. So another
    /// tap stands in for that of the run first.
    pub(super) fn open(args: &[&str]) -> Self {
        let (stage, postgres) = (Stage::new(), server());
        // An address of this process alone: its port stays free between two taps.
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let listen = format!("127.{}.{middle}.{low}:0", 64 | (high & 63));
        let tap = ["tap", "--listen", &listen, "--upstream", &postgres.url_of("shop", "shop")];
        let mut tap = Running::start(stage.command(tap));
        let ready = tap.error_line();
        let place = ready.strip_prefix("listening on ").and_then(|rest| rest.split(',').next());
        let place = place.unwrap_or_else(|| panic!("the tap says `{ready}`")).trim().to_owned();
        let database = format!("postgres://shop:{PASSWORD}@{place}/shop?sslmode=disable");
        let market = Market::start(&stage, &[&["--database", &database], args].concat());
        tap.signal("INT");
        tap.end().expect(0);
        Self { stage, postgres, market, place }
    }

    /// The command of a run whose target is this market, with a tap.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        // A market that has lost its connections answers one request badly: this one.
        until("the loss of the connections", || {
            get(&self.market.url, "/api/health/db").contains("\"disconnected\"").then_some(())
        });
        let upstream = self.postgres.url_of("shop", "shop");
        let tap = ["--tap", &upstream, "--tap-listen", &self.place, "--target", &self.market.url];
        self.stage.command(["run"].iter().chain(args).chain(&tap))
    }

    /// Runs to the end.
    pub(super) fn run(&self, args: &[&str]) -> Done {
        crate::cli::stage::done(self.command(args).output().unwrap())
    }

    /// The JSON of a run in which every request was answered well. How quickly does not matter.
    #[track_caller]
    pub(super) fn json(&self, args: &[&str]) -> Value {
        let done = self.run(&[args, &["--json", "-"]].concat());
        assert!([0, 6, 99].contains(&done.code), "{}: {}", done.code, done.err);
        let json: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(json["totals"]["errors"], 0, "{}", json["error_kinds"]);
        json
    }

    /// Requests that the market has counted.
    pub(super) fn requests(&self) -> u64 {
        self.market.stats()["requests"].as_u64().unwrap()
    }

    /// Has the market do something wrong, and nothing else.
    pub(super) fn fault(&self, fault: &str) {
        let mut stream = TcpStream::connect(self.market.url.trim_start_matches("http://")).unwrap();
        let length = fault.len();
        write!(
            stream,
            "DELETE /__market/faults HTTP/1.1\r\nhost: test\r\n\r\n\
             POST /__market/faults HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{fault}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 204 ") && answer.contains(" 201 "), "{answer}");
    }
}
