//! TLS and HTTP/2.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

/// A server for a host name, and the certificate (PEM) of the authority that vouches for it.
pub(crate) fn vouched(host: &str, protocols: &[&[u8]]) -> (Server, String) {
    let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (Server::start(Speaks::Tls(Arc::new(config))), root.pem())
}

fn over(url: &str, roots: Option<&str>, insecure: bool, http: &str) -> Arc<Plan> {
    let text = format!(
        "http: {{ version: '{http}' }}\njourneys: {{ j: {{ steps: [ {{ get: /ok }}, \
         {{ parallel: [ {{ get: /slow }}, {{ get: /slow }}, {{ get: /slow }} ] }} ] }} }}\n\
         load: [ {{ phase: p, users: 1, iterations: 10, for: 20s }} ]"
    );
    let overrides = Overrides {
        seed: 7,
        target: Some(url.to_owned()),
        insecure,
        roots: roots.map(|pem| pem.as_bytes().into()),
        ..Overrides::default()
    };
    plan_with(&text, &overrides)
}

#[test]
fn a_certificate_has_to_be_vouched_for_unless_told_otherwise() {
    let (server, root) = vouched("localhost", &[b"http/1.1"]);
    let port = server.address.port();
    let url = format!("https://localhost:{port}");
    let by_address = format!("https://127.0.0.1:{port}");
    let (_, foreign) = vouched("localhost", &[]);
    for (url, roots) in [(&url, Some(&foreign)), (&by_address, Some(&root))] {
        let error = play_beside(&over(url, roots.map(String::as_str), false, "auto"), async |_| {});
        let error = error.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(error.hint().unwrap().contains("--cacert"));
    }
    for (url, roots, insecure) in [(&url, Some(root.as_str()), false), (&by_address, None, true)] {
        let record = play(&over(url, roots, insecure, "auto"));
        assert_eq!((sent(&record).started, sent(&record).failed()), (40, 0));
        assert!(
            values(&record, "new connections", Metric::TlsHandshaking).min() > Some(Nanos::ZERO)
        );
    }
}

#[test]
fn http_2_carries_steps_side_by_side_on_one_connection() {
    let (server, root) = vouched("localhost", &[b"h2", b"http/1.1"]);
    let encrypted = format!("https://localhost:{}", server.address.port());
    let clear = Server::start(Speaks::Two);
    for (url, http, seen) in [(&encrypted, "auto", &server.seen), (&clear.url(), "2", &clear.seen)]
    {
        let record = play(&over(url, Some(&root), false, http));
        let counts = sent(&record);
        let samples = &record.end.as_ref().unwrap().samples;
        assert_eq!((counts.started, counts.failed()), (40, 0), "{url} {samples:?}");
        assert_eq!((counts.connections, seen.connections(), seen.requests()), (1, 2, 40));
        let slow = values(&record, "GET /slow", Metric::Response);
        assert!(
            slow.at(0.5).unwrap() < Nanos::from_millis(140),
            "side by side: {:?}",
            slow.at(0.5)
        );
    }
}

/// Thirty users a worker over two connections of HTTP/2, or of HTTP/1.1 where it is all there is.
fn together(url: &str, http: &str) -> RunRecord {
    let text = format!(
        "http: {{ version: '{http}', connections: shared, shared_connections: 2 }}\n\
         journeys: {{ j: {{ steps: [ {{ get: /slow }} ] }} }}\n\
         load: [ {{ phase: p, users: 30, iterations: 300, for: 60s }} ]"
    );
    let target = Some(url.to_owned());
    play(&plan_with(&text, &Overrides { seed: 7, target, insecure: true, ..Overrides::default() }))
}

#[test]
fn users_share_connections_of_http_2_and_have_their_own_of_http_1() {
    let (server, _root) = vouched("localhost", &[b"h2"]);
    let record = together(&format!("https://localhost:{}", server.address.port()), "auto");
    let counts = sent(&record);
    assert_eq!((counts.started, counts.failed()), (300, 0), "{:?}", record.end);
    // One more was opened before the load, to see what is spoken.
    let workers = u64::try_from(record.end.unwrap().generator.workers.len()).unwrap();
    let wanted = (2 * workers, 2 * workers + 1);
    assert_eq!((counts.connections, server.seen.connections()), wanted);
    // Each byte is counted once, whoever's it was: 300 answers with the same body.
    let each = counts.received_bytes.div_euclid(300);
    assert!((20..120).contains(&each), "{each} bytes an answer");

    let plain = Server::start(Speaks::One);
    let record = together(&plain.url(), "auto");
    let counts = sent(&record);
    assert_eq!((counts.started, counts.failed(), counts.connections), (300, 0, 30));
    let notes = record.end.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("not shared")), "{notes:?}");
}

#[test]
fn a_shared_connection_that_breaks_is_opened_again_by_one_of_its_users() {
    let (server, _root) = vouched("localhost", &[b"h2"]);
    let text = "http: { connections: shared }\njourneys: { j: { steps: [ { get: /break } ] } }\n\
                load: [ { phase: p, users: 20, iterations: 400, for: 60s } ]";
    let target = Some(format!("https://localhost:{}", server.address.port()));
    let overrides = Overrides { seed: 7, target, insecure: true, ..Overrides::default() };
    let record = play(&plan_with(text, &overrides));
    let counts = sent(&record);
    assert_eq!(counts.started, 400);
    // One that breaks takes those down that were on their way over it, at most one for each user.
    let reset = counts.failed_by(ErrorKind::Reset);
    assert!((1..=80).contains(&reset), "{reset}");
    assert_eq!(counts.failed(), reset, "{:?}", record.end.unwrap().samples);
    assert!((3..=5).contains(&counts.connections), "{} connections", counts.connections);
}

#[test]
fn an_http_2_target_that_dies_is_a_reset() {
    let mut server = Server::start(Speaks::Two);
    let plan = plan_for(
        &server.url(),
        "http: { version: '2' }\njourneys: { j: { steps: [ { get: /slow } ] } }\n\
         load: [ { phase: p, rate: 100/s, for: 1s } ]",
    );
    let seen = Arc::clone(&server.seen);
    let finished = play_beside(&plan, async move |_| {
        until(&seen, 30).await;
        tokio::task::spawn_blocking(move || server.kill()).await.unwrap();
    });
    let record = finished.unwrap().record;
    let counts = sent(&record);
    assert_eq!(counts.started, 100);
    let gone = counts.failed_by(ErrorKind::Reset) + counts.failed_by(ErrorKind::Connect);
    assert_eq!(counts.failed(), gone, "{:?}", record.end.unwrap().samples);
}
