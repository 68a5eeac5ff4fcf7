//! What can be wrong with monitors, each with its place.

use super::*;
use crate::plan::{Inputs, Plan, compile};

fn compiled(monitors: &str, url: Option<&str>) -> Result<Plan, String> {
    let text = format!(
        "target: http://127.0.0.1:1\n\
         databases: {{ shop: \"postgres://me:secret@h/db\", lite: \"sqlite::memory:\" }}\n\
         journeys: {{ j: {{ steps: [] }} }}\n{monitors}\n"
    );
    let inputs = Inputs {
        path: "a.yaml",
        text: &text,
        read: &|path| Err(format!("there is no {path}")),
        environment: &|_| None,
    };
    let overrides = Overrides { monitor_db: url.map(str::to_owned), ..Overrides::default() };
    compile(&inputs, &[], &overrides).map_err(|mistakes| {
        let told = mistakes.iter().map(|mistake| mistake.render(false));
        told.collect::<Vec<_>>().join("\n")
    })
}

#[track_caller]
fn check(monitors: &str, url: Option<&str>, wanted: &[&str]) {
    let told = compiled(monitors, url).map(|_| ()).unwrap_err();
    for part in wanted {
        assert!(told.contains(part), "`{part}` is not in: {told}");
    }
    assert!(!told.contains("secret"), "{told}");
}

#[test]
fn what_is_wrong_with_a_monitor_is_said_with_its_place() {
    check("monitors: [ { postgres: shpo } ]", None, &["`shpo`", "a.yaml:4", "mean `shop`"]);
    check("monitors: [ { postgres: other } ]", None, &["`other`", "databases: { other"]);
    check("monitors: [ { postgres: lite } ]", None, &["`lite` is no PostgreSQL"]);
    check(
        "monitors: [ { every: 5s } ]",
        None,
        &["a monitor needs one of `postgres`", "host: true"],
    );
    check("monitors: [ { postgres: shop, pool: 3 } ]", None, &["`pool`", "pool_size"]);
    check("monitors: [ { postgres: shop, every: 10ms } ]", None, &["between 1s and 1h"]);
    check("monitors: [ { postgres: shop, pool_size: 0 } ]", None, &["no size of a pool"]);
    check("monitors: [ { postgres: shop }, { postgres: shop } ]", None, &["two monitors"]);
    check("", Some("mysql://me:secret@h"), &["--monitor-db", "postgres://"]);
    let many = "{ postgres: shop }, ".repeat(MAX_MONITORS + 1);
    check(&format!("monitors: [ {many} ]"), None, &["more than 16 monitors"]);
}

#[test]
fn what_is_wrong_with_the_other_kinds_is_said_with_its_place() {
    let at = |monitor: &str, wanted: &[&str]| {
        let wanted: Vec<&str> = wanted.iter().copied().chain(["a.yaml:4"]).collect();
        check(&format!("monitors: [ {monitor} ]"), None, &wanted);
    };
    at("{ host: false }", &["`host: false` reads nothing"]);
    at("{ host: true, loadgate: true }", &["either `host` or `loadgate`", "two monitors"]);
    at("{ host: true, pool_size: 3 }", &["`host` has no `pool_size`", "it is for `postgres`"]);
    at("{ postgres: shop, name: x }", &["`postgres` has its own name"]);
    at("{ host: true, name: \"a b\" }", &["`a b` is no name of a monitor"]);
    at("{ host: true, name: loadgate }", &["what loadgate itself is called"]);
    at("{ process: {} }", &["one of `pid`, `name` and `port`"]);
    at("{ process: { pid: 1, port: 3 } }", &["one of `pid`, `name` and `port`"]);
    at("{ process: { pid: 0 } }", &["`0` is no process"]);
    at("{ process: { port: 70000 } }", &["`70000` is no TCP port"]);
    at("{ process: { name: \"node(\" } }", &["no regular expression: error: unclosed group"]);
    at("{ process: { name: \" \" } }", &["fits every process"]);
    at("{ container: \"a/b\" }", &["`a/b` is no name of a container"]);
    at("{ container: a, cgroup: ../x }", &["leads out of the control groups"]);
    at("{ container: a, cgroup: x, socket: /y }", &["asked by `socket` or read from `cgroup`"]);
    at("{ json: /m }", &["no `readings`", "add `readings:"]);
    at("{ json: /m, readings: [ $.a ] }", &["needs a name"]);
    at("{ json: /m, readings: { a: b } }", &["`b` is not a JSONPath"]);
    at("{ json: /m, readings: { a: { frm: $.b } } }", &["`frm`", "did you mean `from`"]);
    at("{ json: /m, readings: { \"a b\": $.b } }", &["`a b` is no name of a reading"]);
    at("{ json: \"http://me:secret@h/m\", readings: { a: $.a } }", &["without user and password"]);
    at("{ json: \"${NOT_SET}/m\", readings: { a: $.a } }", &["`NOT_SET` is not set"]);
    at(
        "{ json: /m, headers: { \"a b\": c }, readings: { a: $.a } }",
        &["`a b` is no name of a header"],
    );
    at("{ prometheus: /m, readings: [ 1a ] }", &["`1a` is no metric"]);
    at("{ prometheus: /m, readings: [ a, a ] }", &["two readings `a`"]);
    at("{ host: true, limits: { cpu: < 2GB } }", &["`2GB` is not a share"]);
    at("{ host: true, limits: { cpu: rate < 2% } }", &["no `rate`"]);
    at("{ host: true, limits: { cup: < 2% } }", &["reads no `cup`", "did you mean `cpu`?"]);
    at("{ host: true, limits: { cpu: { limit: < 2%, option: true } } }", &["`option`"]);
}

#[test]
fn readings_limits_and_leaks_have_the_names_of_the_record() {
    let text = "monitors:\n\
                - { postgres: shop, limits: { pool_use: < 80%, db.active: max < 9 } }\n\
                - { process: { port: 3000 }, name: app, limits: { rss_bytes: [ < 2GB, no leak ] } }\n\
                - prometheus: /metrics\n\
                \x20 readings: [ up, 'a_total{b=\"c\"}', { from: d, leak: true } ]\n\
                \x20 limits: { 'a_total{b=\"c\"}': { limit: < 1/s, optional: true } }\n\
                - { json: \"https://h:8/m?t=secret\", name: j, readings: { x_bytes: $.x } }\n";
    let plan = compiled(text, None).unwrap();
    let limits: Vec<String> = plan
        .thresholds
        .iter()
        .map(|one| format!("{} {} {}", one.reading().unwrap(), one.condition, one.optional))
        .collect();
    assert_eq!(
        limits,
        [
            "db.pool_use < 80% false",
            "db.active max < 9 false",
            "app.rss_bytes < 2GB false",
            "app.rss_bytes no leak false",
            "prometheus.a_per_s{b=\"c\"} < 1/s true",
        ]
    );
    let leaks: Vec<_> = plan.monitors.iter().flat_map(|one| one.leaks.clone()).collect();
    assert_eq!(leaks, ["app.rss_bytes", "prometheus.d"]);
    let MonitorSource::Prometheus(asked, _) = &plan.monitors[2].source else {
        panic!("{:?}", plan.monitors);
    };
    assert_eq!(asked.url, "http://127.0.0.1:1/metrics", "a path is one of the target");
    assert!(!format!("{:?}", plan.monitors).contains("secret"));
    let two = compiled(
        "monitors: [ { postgres: shop, limits: { db.active: < 9 } } ]",
        Some("postgres://h/db"),
    );
    assert_eq!(two.unwrap().thresholds[0].reading(), Some("shop.db.active"));
}
