//! HTTP/2 against servers that are not ours: nginx and hyper.

use std::net::TcpListener;

use loadgate::names::ErrorKind;
use loadgate::record::{Counts, Pick, RunRecord};

use super::two_server::{Act, SETTINGS, Two, frame};
use super::{DRIVERS, messages, plan, play};
use crate::nginx::Nginx;
use crate::server::{Server, Speaks};

/// An nginx that speaks HTTP/2 over TLS with these settings of its server, and its address.
fn nginx(settings: &str, files: &[(&str, &str)]) -> (Nginx, String) {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let both = [("certificate.pem", certificate.as_str()), ("key.pem", key.as_str())];
    let server = Nginx::with(
        &[files, &both].concat(),
        &format!(
            "listen 127.0.0.1:{port} ssl http2; ssl_certificate static/certificate.pem;
             ssl_certificate_key static/key.pem; default_type text/plain; {settings}"
        ),
    );
    (server, format!("https://127.0.0.1:{port}"))
}

fn sent(record: &RunRecord) -> Counts {
    let ids = record.catalogue.matching(|series| series.kind.is_http());
    record.totals.counts(&Pick::all(&record.header.load.phases), ids)
}

#[test]
fn nginx_that_leaves_and_lets_few_streams_is_asked_for_everything_once() {
    let settings = "keepalive_requests 50; http2_max_concurrent_streams 4;
                    location / { return 200 'a'; }";
    for (http, users) in [("connections: shared", 20), ("connections: keep", 3)] {
        let text = format!(
            "http: {{ {http}, insecure: true, timeout: 20s }}\n\
             journeys: {{ j: {{ steps: [ {{ parallel: [ {{ get: /a, check: body == a }}, \
             {{ get: /b, check: status == 200 }}, {{ get: /c, check: body == a }}, \
             {{ get: /d, check: body == a }}, {{ get: /e, check: body == a }} ] }} ] }} }}\n\
             load: [ {{ phase: p, users: {users}, iterations: 120, for: 60s }} ]"
        );
        for (driver, engine) in DRIVERS.iter().copied() {
            let (_server, url) = nginx(settings, &[]);
            let record = play(driver, &plan(engine, &url, &text, ""));
            let counts = sent(&record);
            assert_eq!(counts.started, 600, "{driver} {http}");
            if driver == "epoll" {
                // hyper does not say what was not processed, so there it is lost.
                let messages = messages(&record);
                assert_eq!(counts.failed(), 0, "{driver} {http} {messages:?}");
                assert!(counts.connections >= 12, "{http} {}", counts.connections);
            }
        }
    }
}

#[test]
fn bodies_of_all_sizes_come_from_nginx_and_go_to_it() {
    let large = "0123456789abcdef".repeat(65_536);
    let files = [("large", large.as_str()), ("small", "x"), ("empty", "")];
    let settings = "client_max_body_size 8m; location /sink { return 200 'taken'; }
                    location /zip/ { alias static/; gzip on; gzip_types *; gzip_min_length 0; }";
    let text = "http: { insecure: true, timeout: 20s }\n\
        feeders: { rows: { csv: rows.csv } }\n\
        journeys: { j: { feed: rows, steps: [\n\
          { get: /static/large, check: [ size == 1048576, \"body contains 0123456789abcdef\" ] },\n\
          { get: /static/large },\n\
          { get: /static/small, check: body == x },\n\
          { get: /static/empty, check: size == 0 },\n\
          { head: /static/large, check: status == 200 },\n\
          { get: /zip/large, check: \"body contains 0123456789abcdef\" },\n\
          { get: /none, check: status == 404 },\n\
          { post: /sink, body: '${large}', check: body == taken },\n\
          { post: /sink, body: small, check: body == taken } ] } }\n\
        load: [ { phase: p, users: 2, iterations: 6, for: 60s } ]";
    for (driver, engine) in DRIVERS.iter().copied() {
        let (_server, url) = nginx(settings, &files);
        let rows = format!("large\n{}\n", "y".repeat(1 << 20));
        let record = play(driver, &plan(engine, &url, text, &rows));
        let counts = sent(&record);
        let told = (counts.started, counts.failed());
        assert_eq!(told, (54, 0), "{driver} {:.300?}", messages(&record));
        // Of what is sent nginx need not take all, because it answers without looking at it.
        assert!(counts.received_bytes > 12 << 20, "{driver} {}", counts.received_bytes);
    }
}

#[test]
fn hyper_takes_what_we_send_with_one_head_after_the_other() {
    let text = "http: { version: '2', headers: { x-seq: 'a-${seq}', authorization: secret, x-same: same } }\n\
        feeders: { rows: { csv: rows.csv } }\n\
        journeys: { j: { feed: rows, steps: [ { get: '/a/${seq}?b=${seq}', check: body == ok }, \
        { post: /b, body: '${large}', check: body == ok }, { get: /slow, check: body == ok } ] } }\n\
        load: [ { phase: p, users: 10, iterations: 200, for: 60s } ]";
    for (driver, engine) in DRIVERS.iter().copied() {
        let server = Server::start(Speaks::Two);
        let rows = format!("large\n{}\n", "y".repeat(200_000));
        let record = play(driver, &plan(engine, &server.url(), text, &rows));
        let counts = sent(&record);
        let told = (counts.started, counts.failed(), counts.connections);
        assert_eq!(told, (600, 0, 10), "{driver} {:.300?}", messages(&record));
        assert_eq!(server.seen.requests(), 600, "{driver}");
    }
}

#[test]
fn a_server_that_never_takes_the_body_is_a_timeout_and_its_connection_goes_on() {
    let text = "http: { version: '2', timeout: 400ms }\n\
        feeders: { rows: { csv: rows.csv } }\n\
        journeys: { j: { feed: rows, steps: [ { post: /row, name: row, body: '${large}' }, \
        { get: /ok, name: after, check: body == ok } ] } }\n\
        load: [ { phase: p, users: 1, iterations: 3, for: 60s } ]";
    for (driver, engine) in DRIVERS.iter().copied() {
        // Ten bytes for each stream.
        let greeting = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 10]);
        let server = Two::start(greeting, vec![vec![Act::Close]]);
        let rows = format!("large\n{}\n", "y".repeat(200_000));
        let url = format!("http://{}", server.address);
        let record = play(driver, &plan(engine, &url, text, &rows));
        let counts = sent(&record);
        let told = (counts.started, counts.failed(), counts.failed_by(ErrorKind::Timeout));
        assert_eq!(told, (6, 3, 3), "{driver} {:?}", messages(&record));
        assert_eq!((server.seen.connections(), server.seen.requests()), (1, 3), "{driver}");
    }
}
