//! A staging system and the folder of the team that upgrades it.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::cli::stage::{Done, Running, Stage, done, get, until};
use crate::cli::tapped::shop::{ask, server};
use crate::postgres::{PASSWORD, Postgres};

/// Exit codes of a run that says that it should be made again, and how often it is.
const HOLD: i32 = 3;
const INVALID: i32 = 6;
const AGAIN: usize = 2;

/// The load: as many requests as the P95 of one endpoint needs for a verdict on six repetitions of
/// two seconds. Everything else of the market is played by checks.
const SCENARIO: &str = r#"
name: staging
target: TARGET
health: { path: /api/health, version: $.prisma }
databases: { default: "${DATABASE_URL}" }
tap: { postgres: { listen: "TAP", upstream: "${DATABASE_URL}" } }
journeys:
  visitor:
    steps:
      - name: View farm list
        get: /api/farms
        query: { limit: 5 }
        check: [ status == 200, len($.farms) == 5 ]
load: [ { phase: steady, rate: 400/s, for: 3s } ]
monitors:
  - { postgres: default, pool_size: 10, user: shop, every: 1s }
  - { process: { port: PORT }, name: app, every: 1s }
  - { json: /api/health/db, name: health, every: 1s, readings: { db_connect_ms: $.latency } }
logs: [ ../logs/staging.log ]
thresholds: { http_req_failed: [ rate < 1% ] }
# Queries of half a millisecond say more of the machine than of the version.
gate: { compare: [ http p95, http p99 ] }
integrity:
  - name: no item without its order
    sql: SELECT count(*) FROM "OrderItem" i LEFT JOIN "Order" o ON o.id = i."orderId" WHERE o.id IS NULL
    expect: after == 0
  - { name: no farm is lost, sql: 'SELECT count(*) FROM "Farm"', expect: change == 0 }
"#;

/// What is watched for days, here for seconds.
const WATCH: &str = "
name: watch
target: TARGET
health: { path: /api/health, version: $.prisma }
journeys: { visitor: { steps: [ { get: /api/farms } ] } }
monitors: [ { process: { port: PORT }, name: app, every: 1s } ]
";

const CHECKS: &str = r#"
scenario: scenarios/journeys.yaml
allow: [ git, "true" ]
databases: { default: "${DATABASE_URL}" }
profiles:
  pre:
    checks:
      - { name: right branch, exec: [ git, branch, --show-current ], stdout: "^upgrade/prisma-7$" }
      - { name: clean tree, exec: [ git, status, --porcelain ], not_stdout: ".", proves: pre.pushed }
      - { name: types, exec: [ "true" ], proves: pre.types }
      - { name: build, exec: [ "true" ], proves: pre.build }
      - { name: phase 5, results: results/unit.xml, proves: pre.tests }
      - { name: backup, file: "backups/*.sql", min_size: 1kB, max_age: 24h, proves: pre.backup }
  immediate:
    checks:
      - name: healthy, and the right version
        health: /api/health
        expect: { prisma: 7.0.1 }
        proves: [ pre.staging, done.deployment ]
      - { name: database, http: /api/health/db, check: $.status == connected }
      - name: started well
        log: logs/staging.log
        must_see: "prisma 7\\.0\\.1"
        must_not_see: "(?i)error"
      - name: no migration waits
        sql: SELECT count(*) AS pending FROM _prisma_migrations WHERE finished_at IS NULL
        check: row.pending == 0
        proves: go.migrations
  critical:
    checks:
      - { journey: customer }
      - { journey: farmer }
      - { journey: admin }
      - { name: end to end, results: results/e2e.xml, pass_rate: 95%, proves: go.e2e }
"#;

const JOURNEYS: &str = "
target: TARGET
health: { path: /api/health, version: $.prisma }
include: [ ../market/customer.yaml, ../market/farmer.yaml, ../market/admin.yaml ]
";

/// What every version of the market needs for its farms: changes of some per cent are more than
/// what a busy machine adds.
const NEEDS: &str = "slow:endpoint=GET /api/farms,add=80ms";

/// A market on PostgreSQL, and the folder from which it is watched.
pub(super) struct Site {
    pub(super) stage: Stage,
    postgres: Postgres,
    market: Option<Running>,
    /// A tap that stands before the database while no run brings its own.
    tap: Option<Running>,
    /// Where the market listens, and where it looks for its database.
    listen: String,
    place: String,
}

impl Site {
    /// A market of 6.19.0.
    pub(super) fn open() -> Self {
        let (stage, postgres) = (Stage::new(), server());
        ask(
            &postgres,
            "shop",
            "CREATE TABLE _prisma_migrations (id text, finished_at timestamptz)",
        );
        ask(&postgres, "shop", "INSERT INTO _prisma_migrations VALUES ('init', now())");
        ask(&postgres, "shop", "CREATE EXTENSION pg_stat_statements");
        for folder in ["logs", "results", "backups"] {
            std::fs::create_dir(stage.path(folder)).unwrap();
        }
        // An address of this process alone: its ports stay free between two processes.
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let listen = format!("127.{}.{middle}.{low}:0", 64 | (high & 63));
        let (market, tap) = (None, None);
        let mut site = Self { stage, postgres, market, tap, place: listen.clone(), listen };
        site.stand_in();
        site.deploy("6.19.0", NEEDS);
        site
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Another version in the place of the one that is there, with what it is slow at.
    pub(super) fn deploy(&mut self, version: &str, fault: &str) {
        drop(self.market.take());
        let database = format!("postgres://shop:{PASSWORD}@{}/shop?sslmode=disable", self.place);
        let args = ["market", "--listen", &self.listen, "--size", "small", "--database", &database];
        let more = ["--prisma-version", version, "--fault", fault];
        let mut market = Running::start(self.stage.command(args.iter().chain(&more)));
        let log = market.line();
        let url = log.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        self.listen = url.unwrap_or_else(|| panic!("the market says `{log}`")).to_owned();
        self.stage.file("logs/staging.log", &log);
        self.market = Some(market);
    }

    /// The market as it was, and the same with a list of farms that takes a third longer.
    pub(super) fn deploy_good(&mut self) {
        self.deploy("7.0.1", NEEDS);
    }

    pub(super) fn deploy_slow(&mut self) {
        self.deploy("7.0.1", "slow:endpoint=GET /api/farms,add=110ms");
    }

    /// What the team does after `loadgate init`: its own scenario and checks, and what builds and
    /// tests leave.
    pub(super) fn make_it_theirs(&self) {
        let port = self.listen.rsplit(':').next().unwrap();
        let fill = |text: &str| {
            let text = text.replace("TARGET", &self.url()).replace("PORT", port);
            text.replace("TAP", &self.place)
        };
        let market = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        symlink(market, self.stage.path("market")).unwrap();
        self.stage.file("scenarios/staging.yaml", fill(SCENARIO));
        self.stage.file("scenarios/watch.yaml", fill(WATCH));
        self.stage.file("scenarios/journeys.yaml", fill(JOURNEYS));
        self.stage.file("checks.yaml", CHECKS);
        self.stage.file("backups/staging-pre-prisma7.sql", vec![b'-'; 2_000]);
        let suite = format!(
            r#"<testsuites tests="40"><testsuite>{}</testsuite></testsuites>"#,
            r#"<testcase name="works"/>"#.repeat(40)
        );
        for name in ["results/unit.xml", "results/e2e.xml"] {
            self.stage.file(name, &suite);
        }
        // Nothing of these is a part of the branch.
        self.stage.file(".gitignore", "*\n!.gitignore\n!checks.yaml\n");
        let git = "git init -q -b upgrade/prisma-7 . && git add . && \
                   git -c user.name=a -c user.email=a@b.test commit -q -m upgrade";
        done(self.stage.shell(git).output().unwrap()).expect(0);
    }

    /// The program in the team's folder, as it is called there.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.stage.command(args);
        command.env("DATABASE_URL", self.postgres.url_of("loadgate", "shop"));
        command.env_remove("LOADGATE_STORE");
        command
    }

    /// Runs it to its end, which has to be this one.
    #[track_caller]
    pub(super) fn ends(&self, code: i32, args: &[&str]) -> Done {
        let done = done(self.command(args).output().unwrap());
        assert_eq!(done.code, code, "{args:?}: {}\n{}", done.out, done.err);
        done
    }

    /// The same for what brings a tap of its own. A run that is undecided or was disturbed says
    /// that it should be made again; a verdict that is wrong is not asked twice.
    #[track_caller]
    pub(super) fn measures(&mut self, code: i32, args: &[&str]) -> Done {
        self.give_way();
        let once = || done(self.command(args).output().unwrap());
        let undecided = |done: &Done| [HOLD, INVALID].contains(&done.code);
        let mut measured = once();
        let mut again = 0;
        while undecided(&measured) && again < AGAIN {
            measured = once();
            again += 1;
        }
        assert_eq!(measured.code, code, "{args:?}: {}\n{}", measured.out, measured.err);
        self.stand_in();
        self.database("connected");
        measured
    }

    /// Plays the scenario of the project's file here, whatever comes of its limits.
    pub(super) fn plays(&mut self, more: &[&str]) -> Done {
        self.give_way();
        let upstream = self.postgres.url_of("loadgate", "shop");
        let mut command = self.command(&["run", "--tap-listen", &self.place]);
        command.args(more).env("LOADGATE_TARGET", self.url());
        let done = done(command.env("STAGING_DATABASE_URL", upstream).output().unwrap());
        assert!([0, 6, 99].contains(&done.code), "{}: {}", done.code, done.err);
        self.stand_in();
        self.database("connected");
        done
    }

    /// A row of `decide`'s document.
    #[track_caller]
    pub(super) fn row<'a>(document: &'a Value, id: &str) -> &'a Value {
        let lists = document["data"]["decision"]["lists"].as_array().unwrap();
        let mut rows = lists.iter().flat_map(|list| list["rows"].as_array().unwrap());
        rows.find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {id}"))
    }

    fn database(&self, status: &str) {
        let wanted = format!("\"{status}\"");
        until(status, || get(&self.url(), "/api/health/db").contains(&wanted).then_some(()));
    }

    /// Ends the tap, so that a run can bring its own.
    fn give_way(&mut self) {
        let tap = self.tap.take().unwrap();
        tap.signal("INT");
        tap.end().expect(0);
        // A market that has lost its connections answers one request badly: this one.
        self.database("disconnected");
    }

    /// Puts a tap where the market looks for its database.
    fn stand_in(&mut self) {
        let upstream = self.postgres.url_of("shop", "shop");
        let args = ["tap", "--listen", &self.place, "--upstream", &upstream];
        let mut tap = Running::start(self.stage.command(args));
        let ready = tap.error_line();
        let place = ready.strip_prefix("listening on ").and_then(|rest| rest.split(',').next());
        self.place = place.unwrap_or_else(|| panic!("the tap says `{ready}`")).trim().to_owned();
        self.tap = Some(tap);
    }
}
