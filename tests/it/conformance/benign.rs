//! Servers that mean well: what they send is what reqwest gets from them, byte for byte.

use std::io::Read;
use std::sync::Arc;

use loadgate::record::Pick;

use super::httpbin::Httpbin;
use super::{DRIVERS, messages, plan, play};
use crate::nginx::Nginx;

type Headers = &'static [(&'static str, &'static str)];
/// A path and headers.
type Like = (&'static str, Headers);

/// A request, and what its answer has to be like.
struct Visit {
    method: &'static str,
    path: &'static str,
    /// Headers beside those that every request has.
    headers: Headers,
    body: &'static str,
    /// What reqwest asks instead, where loadgate gets there in another way.
    like: Option<Like>,
    /// Requests that one visit takes, redirects among them.
    hops: u64,
    /// Connections that four visits take.
    connections: u64,
    held: Held,
}

/// What of a body is held against the other one.
enum Held {
    /// All of it.
    Text,
    /// How long it is: the rest is new every time, or follows the order of the headers.
    Size,
}

const GET: Visit = Visit {
    method: "get",
    path: "/",
    headers: &[],
    body: "",
    like: None,
    hops: 1,
    connections: 1,
    held: Held::Text,
};

/// Headers of every request, for servers that say them again.
const HEADERS: [(&str, &str); 2] = [("user-agent", "conformance"), ("accept", "*/*")];
/// Visits of one path, one after the other.
const TIMES: u64 = 4;

/// What reqwest got: the status, the bytes of the body as they came, and its text.
struct Got {
    status: u16,
    size: usize,
    text: String,
}

fn get(path: &'static str) -> Visit {
    Visit { path, ..GET }
}

fn coded(path: &'static str, headers: Headers) -> Visit {
    Visit { path, headers, ..GET }
}

/// The same cookies, sent at once.
const COOKIES: Like = ("/cookies", &[("cookie", "a=b; c=d")]);
const JSON: Headers = &[("content-type", "application/json")];
const GZIP: Headers = &[("accept-encoding", "gzip")];

#[test]
fn httpbin_is_read_as_reqwest_reads_it() {
    let with_body = |method, path| Visit {
        method,
        path,
        headers: JSON,
        body: r#"{"name": "farm", "of": [1, 2.5, null]}"#,
        ..GET
    };
    let server = Httpbin::start();
    for visit in [
        get("/get?a=b&c=%20d"),
        with_body("post", "/post"),
        with_body("put", "/put"),
        with_body("patch", "/patch"),
        Visit { method: "delete", ..get("/delete") },
        Visit { method: "head", ..get("/get") },
        get("/status/204"),
        get("/status/404"),
        get("/status/418"),
        get("/status/500"),
        coded("/gzip", GZIP),
        coded("/deflate", &[("accept-encoding", "deflate")]),
        coded("/brotli", &[("accept-encoding", "br")]),
        Visit { held: Held::Size, ..get("/stream/20") },
        get("/stream-bytes/10000?seed=3&chunk_size=100"),
        get("/bytes/100000?seed=1"),
        get("/range/10000?chunk_size=1000"),
        coded("/range/1000", &[("range", "bytes=10-99")]),
        coded("/etag/here", &[("if-none-match", "here")]),
        get("/drip?duration=0.2&numbytes=40&delay=0"),
        get("/delay/0.3"),
        get("/image/png"),
        get("/encoding/utf8"),
        get("/response-headers?x-a=1&x-a=2"),
        Visit { hops: 4, ..get("/redirect/3") },
        Visit { hops: 3, ..get("/relative-redirect/2") },
        Visit { hops: 2, like: Some(COOKIES), ..get("/cookies/set?a=b&c=d") },
    ] {
        check(&server.url(), &visit);
    }
}

#[test]
fn nginx_is_read_as_reqwest_reads_it() {
    let text = |length: usize| {
        let mut text = String::new();
        let mut number = 0_u32;
        while text.len() < length {
            text.push_str(&number.to_string());
            text.push('\n');
            number += 1;
        }
        text.truncate(length);
        text
    };
    let sizes =
        [("0", 0), ("1", 1), ("1k", 1_460), ("16k", 16_384), ("64k", 65_537), ("1m", 1 << 20)];
    let files: Vec<(&str, String)> = sizes.map(|(name, length)| (name, text(length))).into();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let server = Nginx::with(
        &files,
        "default_type text/plain;
         location /few/ { alias static/; keepalive_requests 2; }
         location /one/ { alias static/; keepalive_requests 1; }
         location /zip/ { alias static/; gzip on; gzip_types *; gzip_min_length 0; }
         location = /moved { return 301 /static/1k; }
         location = /empty { return 204; }
         location = /gone { return 410; }",
    );
    let url = format!("http://127.0.0.1:{}", server.port);
    for visit in [
        get("/static/0"),
        get("/static/1"),
        get("/static/1k"),
        get("/static/16k"),
        get("/static/64k"),
        get("/static/1m"),
        Visit { method: "head", ..get("/static/64k") },
        Visit { method: "head", ..get("/static/0") },
        coded("/static/1m", &[("range", "bytes=100-70000")]),
        Visit { held: Held::Size, ..coded("/static/1m", &[("range", "bytes=0-9,100-109")]) },
        coded("/static/1k", &[("if-none-match", "*")]),
        get("/static/none"),
        coded("/zip/1k", GZIP),
        coded("/zip/1m", GZIP),
        coded("/zip/1", GZIP),
        Visit { connections: 2, ..get("/few/16k") },
        Visit { connections: TIMES, ..get("/one/16k") },
        Visit { hops: 2, ..get("/moved") },
        get("/empty"),
        get("/gone"),
    ] {
        check(&url, &visit);
    }
}

/// Holds what every driver gets against what reqwest gets.
#[track_caller]
fn check(url: &str, visit: &Visit) {
    let Visit { method, path, connections, hops, .. } = visit;
    let got = reference(url, visit);
    for (driver, engine) in DRIVERS.iter().copied() {
        let record = play(driver, &plan(engine, url, &scenario(visit, &got), &rows(&got.text)));
        let ids = record.catalogue.matching(|series| series.kind.is_http());
        let counts = record.totals.counts(&Pick::all(&record.header.load.phases), ids);
        let messages = messages(&record);
        assert_eq!(counts.failed(), 0, "{driver} {method} {path}: {messages:.200?}");
        assert_eq!(counts.started, TIMES * hops, "{driver} {method} {path}");
        assert_eq!(counts.connections, *connections, "{driver} {method} {path}");
    }
}

fn rows(text: &str) -> String {
    format!("want\n\"{}\"\n", text.replace('"', "\"\""))
}

fn scenario(visit: &Visit, got: &Got) -> String {
    let Visit { method, path, headers, body, .. } = visit;
    let Got { status, size, .. } = got;
    let headers: Vec<String> =
        HEADERS.iter().chain(*headers).map(|(name, value)| format!("{name}: '{value}'")).collect();
    let headers = headers.join(", ");
    let body = if body.is_empty() { String::new() } else { format!(", body: '{body}'") };
    let text = match visit.held {
        Held::Text if !got.text.is_empty() => ", 'body == ${want}'",
        Held::Text | Held::Size => "",
    };
    format!(
        "feeders: {{ rows: {{ csv: rows.csv }} }}\n\
         journeys: {{ j: {{ feed: rows, steps: [ {{ {method}: '{path}', repeat: {TIMES}, \
         headers: {{ {headers} }}{body}, check: [ status == {status}, size == {size}{text} ] }} ] }} }}\n\
         load: [ {{ phase: p, users: 1, iterations: 1, for: 60s }} ]"
    )
}

/// Nothing of it is used; reqwest is not made without.
fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    versions.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

/// What reqwest gets.
fn reference(url: &str, visit: &Visit) -> Got {
    let (path, headers) = visit.like.unwrap_or((visit.path, visit.headers));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .no_proxy()
            .referer(false)
            .build()
            .unwrap();
        let method = visit.method.to_ascii_uppercase().parse().unwrap();
        let mut request = client.request(method, format!("{url}{path}"));
        for (name, value) in HEADERS.iter().chain(headers) {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "accept-encoding") {
            // What loadgate says if nothing else is said.
            request = request.header("accept-encoding", "gzip, deflate, br");
        }
        if !visit.body.is_empty() {
            request = request.body(visit.body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let coding = answer.headers().get("content-encoding").cloned();
        let bytes = answer.bytes().await.unwrap();
        let coding = coding.as_ref().map_or("", |coding| coding.to_str().unwrap());
        Got { status, size: bytes.len(), text: text_of(&bytes, coding) }
    })
}

fn text_of(bytes: &[u8], coding: &str) -> String {
    let mut plain = Vec::new();
    let read = match coding {
        _ if bytes.is_empty() => Ok(0),
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain),
        "deflate" => flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain),
        "br" => brotli::Decompressor::new(bytes, 4_096).read_to_end(&mut plain),
        other => {
            assert_eq!(other, "");
            plain.extend_from_slice(bytes);
            Ok(bytes.len())
        }
    };
    assert!(read.is_ok(), "{read:?}");
    String::from_utf8_lossy(&plain).into_owned()
}
