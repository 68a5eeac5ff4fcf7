//! The same over TLS: records instead of segments, and a close that has a word of its own (RFC 8446,
//! section 6.1).

use std::sync::Arc;

use loadgate::names::ErrorKind;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::hostile::{Act, OK};
use super::row::{APART, Row, broken, check_over_tls, chunked, right, send, with_length, wrong};

/// Settings of a server that speaks HTTP/1.1 alone.
fn settings() -> Arc<ServerConfig> {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

#[test]
fn records_may_be_cut_anywhere() {
    let chunks = "5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 1\r\n\r\n";
    let large = "x".repeat(60_000);
    let mut rows = vec![right("four records", vec![send(&with_length("", &large))], &large)];
    for (name, text, body) in
        [("length", with_length("", "hello"), "hello"), ("chunks", chunked(chunks), "hello world")]
    {
        let single = Act::Single(text.as_bytes().to_vec());
        rows.push(right(&format!("{name}, byte by byte"), vec![single], body));
        let mut visits = (1..text.len()).map(|at| {
            let (before, after) = text.split_at(at);
            vec![send(before), APART, send(after)]
        });
        let row = right(&format!("{name}, cut anywhere"), visits.next().unwrap(), body);
        rows.push(visits.fold(row, Row::then).each());
    }
    check_over_tls(&settings(), &rows);
}

#[test]
fn only_a_close_that_is_told_ends_a_body() {
    let half = with_length("", "hello").replace("hello", "he");
    let until = |last: Act| vec![send("HTTP/1.1 200 OK\r\n\r\nhello"), last];
    let ok = || Act::Send(OK.to_vec());
    check_over_tls(
        &settings(),
        &[
            right("told", until(Act::Close), "hello").connections(2),
            wrong("not told", until(Act::Cut), ErrorKind::Reset),
            right("told after a length", vec![ok(), Act::Close], "ok").connections(2),
            right("not told after a length", vec![ok(), Act::Cut], "ok").connections(2),
            wrong("told in a body", vec![send(&half), Act::Close], ErrorKind::Reset),
            wrong("not told in a body", vec![send(&half), Act::Cut], ErrorKind::Reset),
        ],
    );
}

#[test]
fn connections_over_tls_are_used_again_as_others_are() {
    let ok = || Act::Send(OK.to_vec());
    let close = with_length("connection: close\r\n", "ok");
    let again = |name: &str, how: Act| {
        right(name, vec![how], "ok").reused().then(vec![ok()]).connections(2).resent()
    };
    check_over_tls(
        &settings(),
        &[
            right("kept", vec![ok()], "ok"),
            right("closed", vec![send(&close)], "ok").connections(2),
            right("more than an answer", vec![Act::Send([OK, b"more"].concat())], "ok")
                .connections(2),
            again("closed under way", Act::Close),
            again("cut under way", Act::Cut),
            wrong("POST", vec![Act::Close], ErrorKind::Reset).reused().post().connections(2),
            wrong("nothing", vec![Act::Hang], ErrorKind::Timeout),
            wrong(
                "a flood",
                vec![send("HTTP/1.1 200 OK\r\n"), Act::Flood("x-a: b\r\n")],
                ErrorKind::Protocol,
            ),
            broken("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ],
    );
}
