//! Faults do what they say, and end when they are told to.

use std::time::Duration;

use farmers_market::{Config, Market};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, market, number};

async fn with(fault: &str) -> (Market, Client) {
    let faults = vec![fault.parse().expect(fault)];
    market(Config { faults, ..Config::default() }).await
}

/// The duration of an entry of `Server-Timing`, in milliseconds.
fn duration(header: &str, entry: &str) -> f64 {
    let found = header.split(", ").find_map(|part| part.strip_prefix(entry)?.strip_prefix(";dur="));
    found.unwrap_or_else(|| panic!("no {entry} in {header}")).parse().expect("a number")
}

async fn timing(client: &Client, path: &str) -> String {
    let answer = client.request(Method::GET, path).send().await.expect("an answer");
    answer.headers()["server-timing"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_slow_query_shows_in_its_own_timing_only() {
    let (market, client) = with("slow:query=farm.findMany,add=60ms").await;
    let header = timing(&client, "/api/farms").await;
    assert!(duration(&header, "db;desc=\"farm.findMany\"") >= 60.0, "{header}");
    assert!(duration(&header, "db;desc=\"farm.count\"") < 60.0, "{header}");
    assert!(duration(&header, "app") >= 60.0, "{header}");
    assert!(duration(&timing(&client, "/api/products").await, "app") < 60.0);
    market.shutdown().await;
}

#[tokio::test]
async fn a_slow_endpoint_is_slow_by_what_was_asked() {
    let (market, client) = with("slow:endpoint=GET /api/farms/{farmId},add=60ms").await;
    assert!(duration(&timing(&client, "/api/farms/farm_0001").await, "app") >= 60.0);
    assert!(duration(&timing(&client, "/api/farms").await, "app") < 60.0);
    client.send(Method::DELETE, "/__market/faults", None, 204).await;
    assert!(duration(&timing(&client, "/api/farms/farm_0001").await, "app") < 60.0);
    market.shutdown().await;
}

#[tokio::test]
async fn an_n_plus_one_asks_once_more_for_each_row() {
    let (market, client) = with("nplus1:query=farm.findMany").await;
    let header = timing(&client, "/api/farms?limit=7").await;
    assert_eq!(header.matches("user.findUnique").count(), 7, "{header}");
    assert!(!timing(&client, "/api/products").await.contains("user.findUnique"));
    market.shutdown().await;
}

#[tokio::test]
async fn errors_come_at_their_rate_and_again_the_same() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (market, client) = with("errors:rate=20%,endpoint=GET /api/health,status=502").await;
        let mut statuses = Vec::new();
        for _ in 0..200 {
            let answer = client.request(Method::GET, "/api/health").send().await;
            statuses.push(answer.expect("an answer").status().as_u16());
        }
        let stats = client.get("/__market/stats").await;
        let failed = statuses.iter().filter(|status| **status == 502).count();
        assert!((20..60).contains(&failed), "{failed} of 200 at 20 %");
        assert_eq!(stats["by_status"]["502"], json!(failed));
        runs.push(statuses);
        market.shutdown().await;
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn a_stall_holds_everything_until_it_ends() {
    let (market, client) = with("stall:for=1s").await;
    // Whoever came first: the market has been up for as long as the stall when it answers.
    let health = client.get("/api/health").await;
    let timing = timing(&client, "/api/health").await;
    assert!(duration(&timing, "app") < 1_000.0, "{timing}");
    let uptime = client.get("/api/health").await["uptime"].as_f64().expect("seconds");
    assert!(uptime >= 1.0, "{uptime}, {health}");
    market.shutdown().await;
}

#[tokio::test]
async fn broken_answers_break_the_connection() {
    for fault in ["close:rate=100%", "truncate:rate=100%"] {
        let (market, client) = with(&format!("{fault},endpoint=GET /api/farms")).await;
        let answer = client.request(Method::GET, "/api/farms").send().await.expect("a head");
        assert_eq!(answer.status(), 200, "{fault}");
        let promised = answer.content_length().expect("a length");
        let body = answer.bytes().await;
        assert!(body.is_err(), "{fault}: {} of {promised} bytes", body.map_or(0, |b| b.len()));
        let stats = client.get("/__market/stats").await;
        assert_eq!(stats["by_route"], json!({ "GET /api/farms": 1 }), "{fault}");
        market.shutdown().await;
    }
}

#[tokio::test]
async fn an_oversize_answer_is_still_json() {
    let (market, client) = with("oversize:endpoint=GET /api/farms,size=2MB").await;
    let answer = client.request(Method::GET, "/api/farms").send().await.expect("an answer");
    let body = answer.bytes().await.expect("a body");
    assert_eq!(body.len(), 2_000_000);
    let json: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(number(&json["pagination"], "page"), 1);
    market.shutdown().await;
}

#[tokio::test]
async fn held_connections_are_missing_until_the_fault_ends() {
    let (market, client) = with("pool:hold=9").await;
    wait_for(&client, |metrics| number(&metrics["pool"], "active") == 9).await;
    client.get("/api/farms").await;
    client.send(Method::DELETE, "/__market/faults", None, 204).await;
    wait_for(&client, |metrics| number(&metrics["pool"], "active") == 0).await;
    market.shutdown().await;
}

#[tokio::test]
async fn a_leak_is_real_memory() {
    let (market, client) = market(Config::default()).await;
    let before = number(&client.get("/api/health/metrics").await["memory"], "rss");
    let fault = client.request(Method::POST, "/__market/faults").body("leak:rate=400MB/s");
    assert_eq!(fault.send().await.expect("an answer").status(), 201);
    wait_for(&client, |metrics| number(&metrics["memory"], "rss") > before + 60_000_000).await;
    client.send(Method::DELETE, "/__market/faults", None, 204).await;
    market.shutdown().await;
}

async fn wait_for(client: &Client, reached: impl Fn(&Value) -> bool) {
    for _ in 0..400 {
        if reached(&client.get("/api/health/metrics").await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not reached: {}", client.get("/api/health/metrics").await);
}

#[tokio::test]
async fn the_control_route_takes_text_and_lists_and_refuses_nonsense() {
    let (market, client) = market(Config::default()).await;
    let specs = json!(["slow:query=farm.findMany,factor=2", "errors:rate=0%"]);
    let answer = client.post("/__market/faults", specs.clone(), 201).await;
    assert_eq!(answer["faults"], specs);
    assert_eq!(client.get("/__market/faults").await["faults"], specs);
    for wrong in ["nonsense", "slow:endpoint=GET /api/nothing,factor=2"] {
        let request = client.request(Method::POST, "/__market/faults").body(wrong);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 422);
        let answer: Value = answer.json().await.expect("JSON");
        assert!(answer["error"]["message"].as_str().expect("text").contains("hint: "), "{answer}");
    }
    client.send(Method::DELETE, "/__market/faults", None, 204).await;
    assert_eq!(client.get("/__market/faults").await["faults"], json!([]));
    market.shutdown().await;
}
