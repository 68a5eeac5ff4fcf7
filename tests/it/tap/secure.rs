//! TLS on either side.

use std::fs;

use loadgate::tap::Certificate;
use loadgate::wire::Passed;

use super::*;

/// A server with TLS, and the file of its own certificate.
struct Secure {
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Secure {
    fn start(names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root.pem"), &certificate).unwrap();
        let files = [("server.crt", certificate.as_str()), ("server.key", key.as_str())];
        Self { postgres: Postgres::start_with(&["ssl=on"], &files), folder }
    }

    /// Its address with parameters; `ROOT` stands for the file of its certificate.
    fn url(&self, parameters: &str) -> String {
        let root = self.folder.path().join("root.pem").display().to_string();
        format!("{}?{}", self.postgres.url(), parameters.replace("ROOT", &root))
    }
}

/// Whether the server sees TLS.
const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

fn terminate() -> ClientTls {
    ClientTls::Terminate(Certificate::Generated)
}

#[test]
fn a_plain_client_goes_on_with_tls_behind_the_tap() {
    let secure = Secure::start(&["localhost"]);
    let tap = tap(&secure.url("sslmode=require"), ClientTls::Refuse);
    for mode in ["prefer", "disable"] {
        assert_eq!(asks(port(&tap), &format!("PGSSLMODE={mode}"), ENCRYPTED), "t");
    }
    let strict = psql(port(&tap), "PGSSLMODE=require", ENCRYPTED);
    assert!(!strict.status.success());
    let batch = stop(tap);
    assert_eq!((count(&batch, "SELECT ssl"), batch.counts.lost), (2, [].into()));
}

#[test]
fn a_client_with_tls_is_read_at_the_tap() {
    let secure = Secure::start(&["localhost"]);
    let tap = tap(&secure.url("sslmode=disable"), terminate());
    assert_eq!(asks(port(&tap), "PGSSLMODE=require", ENCRYPTED), "f");
    assert_eq!(asks(port(&tap), "PGSSLMODE=disable", ENCRYPTED), "f");
    assert_eq!(count(&stop(tap), "SELECT ssl"), 2);
}

#[test]
fn tls_on_both_sides_needs_a_client_that_does_not_bind() {
    let secure = Secure::start(&["localhost"]);
    let tap = tap(&secure.url("sslmode=require"), terminate());
    let free = "PGSSLMODE=require PGCHANNELBINDING=disable";
    assert_eq!(asks(port(&tap), free, ENCRYPTED), "t");
    let bound = psql(port(&tap), "PGSSLMODE=require", ENCRYPTED);
    let said = String::from_utf8_lossy(&bound.stderr).into_owned();
    assert!(!bound.status.success());
    assert!(said.contains("channel_binding=disable"), "{said}");
    let insists = psql(port(&tap), "PGSSLMODE=require PGCHANNELBINDING=require", ENCRYPTED);
    assert!(!insists.status.success());
    let batch = stop(tap);
    assert_eq!((count(&batch, "SELECT ssl"), batch.counts.refused), (1, 1));
}

#[test]
fn tls_that_is_passed_is_counted_and_not_read() {
    let secure = Secure::start(&["localhost"]);
    let tap = tap(&secure.url(""), ClientTls::Pass);
    assert_eq!(asks(port(&tap), "PGSSLMODE=require", ENCRYPTED), "t");
    let batch = take(&tap);
    assert_eq!(batch.counts.passed.get(&Passed::Encrypted), Some(&1));
    assert_eq!(batch.queries.len(), 0);
    assert_eq!(asks(port(&tap), "PGSSLMODE=disable", ENCRYPTED), "f");
    assert_eq!(stop(tap).queries.len(), 1);
}

#[test]
fn a_server_is_verified_as_libpq_does() {
    let right = Secure::start(&["127.0.0.1"]);
    let other = Secure::start(&["db.example"]);
    for (secure, parameters, works) in [
        (&right, "sslmode=verify-full&sslrootcert=ROOT", true),
        (&other, "sslmode=verify-full&sslrootcert=ROOT", false),
        (&other, "sslmode=verify-ca&sslrootcert=ROOT", true),
        (&other, "sslmode=require", true),
        (&other, "sslmode=verify-ca&sslrootcert=system", false),
    ] {
        let tap = tap(&secure.url(parameters), ClientTls::Refuse);
        let output = psql(port(&tap), "", ENCRYPTED);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), works, "{parameters}: {said}");
        assert!(works || said.contains("TLS with the upstream failed"), "{said}");
        assert_eq!(stop(tap).counts.refused, u64::from(!works));
    }
    // The certificate of another server is signed by nobody who is trusted.
    let root = right.folder.path().join("root.pem");
    let address = other.url(&format!("sslmode=verify-ca&sslrootcert={}", root.display()));
    let tap = tap(&address, ClientTls::Refuse);
    assert!(!psql(port(&tap), "", ENCRYPTED).status.success());
}

#[test]
fn a_server_without_tls_is_only_preferred_to_have_it() {
    let postgres = Postgres::start();
    let prefers = tap(&postgres.url(), ClientTls::Refuse);
    assert_eq!(asks(port(&prefers), "", ENCRYPTED), "f");
    let requires = tap(&format!("{}?sslmode=require", postgres.url()), ClientTls::Refuse);
    let output = psql(port(&requires), "", ENCRYPTED);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the upstream has no TLS"), "{said}");
    assert_eq!(stop(requires).counts.refused, 1);
}

#[test]
fn a_certificate_of_the_user_is_shown_to_clients() {
    let postgres = Postgres::start();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let verified = format!("PGSSLMODE=verify-full PGSSLROOTCERT={}", chain.display());
    let certificate = Certificate::Files { chain, key };
    let own = tap(&postgres.url(), ClientTls::Terminate(certificate));
    assert_eq!(asks(port(&own), &verified, "SELECT 1"), "1");
    let generated = tap(&postgres.url(), terminate());
    assert!(!psql(port(&generated), &verified, "SELECT 1").status.success());
    assert_eq!(asks(port(&generated), "PGSSLMODE=require", "SELECT 1"), "1");
}
