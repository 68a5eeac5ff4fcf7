//! A target that can't be loaded: exit code 1 within seconds, before any load, with what to do.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::server::{Answer, Server};
use super::stage::{Done, Stage, done, within};

fn run(stage: &Stage, args: &[&str]) -> Done {
    let mut command = stage.command(args);
    done(within(Duration::from_secs(15), move || command.output().unwrap()))
}

#[test]
fn a_target_that_refuses_connections() {
    let stage = Stage::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    run(&stage, &["run", "--url", &url, "-r", "10/s"]).expect(1).says(&[
        &format!("error: can't reach the target {url}: "),
        "refused",
        "hint: is the system up? is the port right?",
    ]);
    assert_eq!(stage.json(["runs", "list", "--json"])["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn a_host_that_has_no_address() {
    let stage = Stage::new();
    run(&stage, &["run", "--url", "http://no-such-host.invalid/x"]).expect(1).says(&[
        "can't reach the target http://no-such-host.invalid: ",
        "hint: is the host name right?",
    ]);
}

#[test]
fn a_target_that_never_answers_its_health_check() {
    let stage = Stage::new();
    let server = Server::start(Answer::Silence);
    let args = ["run", "--scenario", "customer", "--target", &server.url, "-t", "300ms", "-v"];
    let args = args.iter().chain(&["--expect", "7.0.1", "-d", "1s"]).copied().collect::<Vec<_>>();
    run(&stage, &args).expect(1).says(&["error: ", "hint: "]);
    assert!(server.requests() <= 1, "load was sent");
}

#[test]
fn a_target_of_another_version() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json(r#"{"prisma":"6.19.0"}"#));
    let args = ["run", "--scenario", "customer", "--target", &server.url, "--expect", "7.0.1"];
    run(&stage, &args).expect(1).says(&[
        "error: the target reports version `6.19.0`, expected `7.0.1`",
        "hint: deploy the right version, or ",
    ]);
    assert_eq!(server.requests(), 1);
}

/// An HTTPS server with a certificate that nobody has signed: its port, and the certificate.
fn https() -> (u16, String) {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let mut tasks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tasks.spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut head = Vec::new();
                    while stream.read_buf(&mut head).await? > 0 {
                        if head.ends_with(b"\r\n\r\n") {
                            stream
                                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                                .await?;
                            head.clear();
                        }
                    }
                    std::io::Result::Ok(())
                });
            }
        });
    });
    (port, made.cert.pem())
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let stage = Stage::new();
    let (port, pem) = https();
    let (good, other) = (format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}"));
    stage.file("ca.pem", pem);
    stage.file("no.pem", "no certificate");
    let args = |url: &'static str| ["run", "--url", url, "-n", "3", "-u", "1"];
    let (good, other): (&'static str, &'static str) = (good.leak(), other.leak());
    run(&stage, &args(good)).expect(1).says(&[
        "can't reach the target https://localhost:",
        "certificate",
        "hint: give the CA that signed the certificate with `--cacert FILE`",
        "`--insecure`",
    ]);
    let with = |url, more: &[&'static str]| {
        run(&stage, &args(url).into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    with(good, &["--cacert", "ca.pem"]).expect(0);
    with(good, &["-k"]).expect(0);
    // The right authority, but the certificate is another host's.
    with(other, &["--cacert", "ca.pem"]).expect(1).says(&["certificate"]);
    with(other, &["-k"]).expect(0);
    with(good, &["--cacert", "no.pem"]).expect(1).says(&["CA file", "BEGIN CERTIFICATE"]);
}
