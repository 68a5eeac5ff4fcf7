//! Connections and bodies of HTTP/1.1, right and wrong.

use loadgate::units::count_to_f64;

use super::*;

/// One visit of a path: what was counted, and the first message.
fn visit(step: &str) -> (Counts, String) {
    let server = Server::start(Speaks::One);
    let record = play(&repeated(&server.url(), 1, step));
    let message = record.end.as_ref().unwrap().samples.first().map(|s| s.message.clone());
    assert_eq!(sent(&record).started, server.seen.requests());
    (sent(&record), message.unwrap_or_default())
}

#[test]
fn every_way_to_be_wrong_has_its_kind() {
    for (step, kind) in [
        ("{ get: /truncated }", ErrorKind::Reset),
        ("{ get: /nothing }", ErrorKind::Reset),
        ("{ get: /garbage }", ErrorKind::Protocol),
        ("{ get: /big }", ErrorKind::BodyTooLarge),
        ("{ get: /badzip, check: '$.a exists' }", ErrorKind::Protocol),
        ("{ get: /hang, timeout: 100ms }", ErrorKind::Timeout),
        ("{ get: /500 }", ErrorKind::Status5xx),
    ] {
        let (counts, message) = visit(step);
        assert_eq!((counts.started, counts.failed_by(kind)), (1, 1), "{step}: {message}");
        assert!(!message.is_empty());
        assert!(counts.sent_bytes > 20 || kind == ErrorKind::Timeout, "{step}");
    }
}

#[test]
fn every_way_to_be_right_is_read() {
    for step in [
        "{ get: /gzip, check: $.name == farm }",
        "{ get: /br, check: $.name == farm }",
        "{ get: /deflate, check: $.name == farm }",
        "{ get: /chunked, check: $.name == farm }",
        "{ get: /204, check: status == 204 }",
        "{ get: /304, check: status == 304 }",
        "{ head: /x, check: status == 200 }",
        "{ get: /early, check: [ status == 200, body == ok ] }",
        "{ post: /early, body: text, headers: { expect: 100-continue }, check: body == ok }",
        "{ post: /x, check: $.name == farm }",
    ] {
        // Twice, so that what one answer leaves behind would meet the next one.
        let (counts, message) = visit(&format!("{step}, {step}, {{ get: /ok }}"));
        assert_eq!((counts.started, counts.failed()), (3, 0), "{step}: {message}");
        assert_eq!(counts.connections, 1, "{step}");
    }
    let (counts, message) = visit("{ get: /headers, check: header x-59 exists }");
    assert_eq!(counts.failed(), 0, "{message}");
    assert!(counts.received_bytes > 60_000, "{}", counts.received_bytes);
    let (counts, _) = visit("{ get: /redirect }");
    assert_eq!((counts.started, counts.failed(), counts.connections), (2, 0, 1));
}

#[test]
fn connections_are_kept_and_counted() {
    let server = Server::start(Speaks::One);
    let record = play(&repeated(&server.url(), 50, "{ get: /ok }"));
    // One more is the preflight's.
    assert_eq!((sent(&record).connections, server.seen.connections()), (1, 2));
    assert_eq!(values(&record, "reused connections", Metric::Duration).len(), 49);
    assert_eq!(values(&record, "new connections", Metric::Connecting).len(), 1);
    let step = "{ parallel: [ { get: /slow }, { get: /slow }, { get: /slow } ] }";
    let record = play(&repeated(&server.url(), 5, step));
    assert_eq!((sent(&record).started, sent(&record).connections), (15, 3));
}

#[test]
fn a_server_that_closes_is_no_error() {
    for path in ["/close", "/leave"] {
        let server = Server::start(Speaks::One);
        let plan = repeated(&server.url(), 200, &format!("{{ get: {path} }}"));
        let record = play(&plan);
        let counts = sent(&record);
        let samples = &record.end.as_ref().unwrap().samples;
        assert_eq!((counts.started, counts.failed()), (200, 0), "{path} {samples:?}");
        assert_eq!(counts.connections, 200);
        assert_eq!(server.seen.requests(), 200);
    }
}

#[test]
fn times_and_bytes_add_up() {
    let server = Server::start(Speaks::One);
    let record = play(&repeated(&server.url(), 20, "{ get: /slow }"));
    let duration = values(&record, "GET /slow", Metric::Duration);
    let waiting = values(&record, "GET /slow", Metric::Waiting);
    let sum = |metric| {
        ["new connections", "reused connections"]
            .map(|name| values(&record, name, metric))
            .iter()
            .map(|h| count_to_f64(h.len()) * h.mean().unwrap_or_default().as_secs_f64())
            .sum::<f64>()
    };
    let parts = sum(Metric::Sending) + sum(Metric::Waiting) + sum(Metric::Receiving);
    assert!((parts / sum(Metric::Duration) - 1.0).abs() < 0.002);
    // A thread that is held up between writing and its stamp counts that as sending, so only the
    // whole is as long as the server took.
    assert!(duration.min().unwrap() >= Nanos::from_micros(49_900), "{:?}", duration.min());
    assert!(duration.min().unwrap() >= waiting.min().unwrap());
    let counts = counts(&record, "GET /slow");
    // Head and body of the answer, to the byte.
    assert_eq!(counts.received_bytes, 20 * 88);
    assert_eq!(counts.sent_bytes.rem_euclid(20), 0);
}
