//! Every statement is counted once, and put down to the endpoint that caused it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shop::{Calls, Shop, calls, counted, forget_calls, server, tapped};
use crate::cli::stage::{Market, Stage, done};

/// Fails if the tap and the server did not count alike.
///
/// What begins and ends transactions is left out: of a prepared one `pg_stat_statements` counts the
/// first execution on a connection and no other (version 15, by pgbench with `-M prepared`).
#[track_caller]
fn alike(json: &Value, mut server: Calls) -> Calls {
    let mut tap = counted(json);
    let begun = tap.remove("BEGIN").unwrap();
    assert_eq!(tap.remove("COMMIT"), Some(begun));
    assert!(server.remove("BEGIN") >= Some(1) && server.remove("COMMIT") >= Some(1));
    // Two kinds of requests have a transaction, and each takes something away in it.
    let taken = tap.iter().filter(|(form, _)| form.starts_with("DELETE ")).map(|(_, calls)| calls);
    assert_eq!(taken.sum::<u64>(), begun);
    assert_eq!(tap, server, "{}", json["notes"]);
    tap
}

#[test]
fn the_counts_are_those_of_pg_stat_statements_to_the_call() {
    let shop = Shop::open(&[]);
    forget_calls(&shop.postgres);
    let json = shop.json(&["--scenario", "customer", "-r", "20/s", "-d", "5s"]);
    assert!(json["totals"]["requests"].as_u64() > Some(300), "{}", json["totals"]);
    let counted = alike(&json, calls(&shop.postgres));
    assert!(counted.len() > 30 && counted.values().sum::<u64>() > 2_000, "{counted:?}");
    // The market reports the same queries itself, and they are not counted again.
    let reported = |query: &Value| query["source"] == "server-timing" && query["count"] != 0;
    assert!(json["queries"].as_array().unwrap().iter().any(reported), "{}", json["queries"]);
    let seen: u64 = tapped(&json).iter().map(|query| query["count"].as_u64().unwrap()).sum();
    assert_eq!(json["totals"]["queries"], seen);
    // What all callers of a statement sent is what there was of it.
    for query in tapped(&json) {
        let callers = query["callers"].as_array().unwrap();
        let sum: u64 = callers.iter().map(|caller| caller["count"].as_u64().unwrap()).sum();
        assert_eq!(query["count"], sum, "{query}");
        assert_eq!(query["duration"]["n"], sum, "{query}");
    }
    // Ten journeys, on the new connections of a market that has lost its own.
    forget_calls(&shop.postgres);
    let json = shop.json(&["--scenario", "customer", "-u", "5", "-n", "10"]);
    alike(&json, calls(&shop.postgres));
}

#[test]
fn the_embedded_market_is_counted_to_the_call() {
    let (stage, postgres) = (Stage::new(), server());
    let database = postgres.url_of("shop", "shop");
    // The data are there when the embedded market comes, so it only asks whether they are.
    drop(Market::of(&stage, "full", &["--database", &database]));
    forget_calls(&postgres);
    let args = ["run", "--scenario", "customer", "--solo", "-n", "3", "--tap", &database];
    let args = args.iter().chain(&["--tap-listen", "127.0.0.1:0", "--json", "-"]);
    let done = done(stage.command(args).output().unwrap());
    assert!([0, 6, 99].contains(&done.code), "{}: {}", done.code, done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let mut wanted = calls(&postgres);
    // What the market does when it comes, before there is a run.
    let first = |form: &String| form.contains("MarketMeta") || form == "DELETE FROM \"Upload\"";
    assert_eq!(wanted.extract_if(.., |form, calls| first(form) && *calls == 1).count(), 2);
    alike(&json, wanted);
    assert!(!json["queries"].to_string().contains("\"estimated\""), "{}", json["queries"]);
}

/// Statements a request, by step and statement; and how each of them is known.
fn by_step(json: &Value) -> (BTreeMap<(String, String), f64>, Vec<String>) {
    let (mut each, mut causes) = (BTreeMap::new(), Vec::new());
    for query in tapped(json) {
        for caller in query["callers"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let key = (text(&caller["step"]), text(&query["text"]));
            each.insert(key, caller["per_request"].as_f64().unwrap());
            causes.push(text(&caller["cause"]));
        }
    }
    (each, causes)
}

#[test]
fn comments_name_the_cause_and_agree_with_requests_sent_alone() {
    let named = Shop::open(&["--sql-comments"]);
    let args = ["--scenario", "customer", "-r", "40/s", "-d", "2s"];
    let (under_load, causes) = by_step(&named.json(&args));
    assert!(causes.iter().all(|cause| cause == "exact"), "{causes:?}");
    let plain = Shop::open(&[]);
    let (alone, causes) = by_step(&plain.json(&["--scenario", "customer", "--solo", "-n", "20"]));
    assert!(causes.iter().all(|cause| cause == "solo"), "{causes:?}");
    assert!(alone.len() > 40, "{alone:?}");
    assert_eq!(under_load, alone);
}
