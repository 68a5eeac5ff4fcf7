//! TLS on both sides of the tap: what it shows to clients, and whom it trusts behind it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};
use thiserror::Error;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::address::{Place, TlsMode, Upstream};

/// The word of ALPN for PostgreSQL, which clients that begin with TLS at once insist on.
const PROTOCOL: &[u8] = b"postgresql";

/// What clients that ask for TLS get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientTls {
    /// What the server says: the question and all that follows is passed. A connection that is
    /// encrypted then can't be read, and is counted.
    Pass,
    /// The answer that there is none: clients with `sslmode=prefer` go on without.
    Refuse,
    /// TLS with the tap, which decides by the address of the server whether it speaks TLS there.
    Terminate(Certificate),
}

/// What the tap shows to clients that verify it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// One that is made at the start, for `localhost` and the address it listens on. Clients that
    /// verify do not trust it.
    Generated,
    /// A chain and its key from two PEM files.
    Files {
        /// The certificates, the tap's own first.
        chain: PathBuf,
        /// The private key.
        key: PathBuf,
    },
}

/// Why TLS can't be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read, or holds nothing of the kind.
    #[error("can't use `{path}`: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A verifying `sslmode` without anybody to trust.
    #[error("the upstream's sslmode verifies, and nobody says whom to trust")]
    NoRoots,
    /// The TLS library refuses its own settings.
    #[error("TLS can't be set up: {0}")]
    Setup(String),
}

impl TlsError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::File { .. } => "give a PEM file that this user can read".to_owned(),
            Self::NoRoots => {
                "add `sslrootcert=FILE` or `sslrootcert=system` to the address of the upstream"
                    .to_owned()
            }
            Self::Setup(_) => "give a certificate and its own key as PEM files".to_owned(),
        }
    }
}

impl From<Error> for TlsError {
    fn from(error: Error) -> Self {
        Self::Setup(error.to_string())
    }
}

/// What both sides need for TLS.
pub(super) struct Keys {
    /// For clients.
    pub(super) acceptor: Option<TlsAcceptor>,
    /// For the server, with its name.
    pub(super) connector: Option<(TlsConnector, ServerName<'static>)>,
}

impl Keys {
    /// Reads and makes what the settings name.
    pub(super) fn new(clients: &ClientTls, upstream: &Upstream) -> Result<Self, TlsError> {
        let acceptor = match clients {
            // Then the tap speaks no TLS with anybody.
            ClientTls::Pass => return Ok(Self { acceptor: None, connector: None }),
            ClientTls::Refuse => None,
            ClientTls::Terminate(certificate) => Some(server(certificate)?),
        };
        let connector = match &upstream.place {
            Place::Tcp(host, _) if upstream.tls != TlsMode::Disable => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|error| TlsError::Setup(error.to_string()))?;
                Some((client(upstream)?, name))
            }
            // libpq speaks no TLS over Unix sockets either.
            Place::Tcp(..) | Place::Unix(_) => None,
        };
        Ok(Self { acceptor, connector })
    }
}

fn server(certificate: &Certificate) -> Result<TlsAcceptor, TlsError> {
    let (chain, key) = match certificate {
        Certificate::Files { chain, key } => {
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, &error))?;
            (certificates(chain)?, private)
        }
        Certificate::Generated => {
            let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
            let made = rcgen::generate_simple_self_signed(names)
                .map_err(|error| TlsError::Setup(error.to_string()))?;
            let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
                .map_err(|error| TlsError::Setup(error.to_owned()))?;
            (vec![made.cert.der().clone()], key)
        }
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn client(upstream: &Upstream) -> Result<TlsConnector, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(upstream, Arc::clone(&provider))?);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = fs::read(path).map_err(|error| file(path, &error))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let all = all.map_err(|error| file(path, &error))?;
    if all.is_empty() { Err(file(path, &"it holds no certificate")) } else { Ok(all) }
}

fn file(path: &Path, why: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { path: path.to_owned(), why: why.to_string() }
}

/// What is asked of a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Chain,
    ChainAndName,
}

/// Verifies a server as libpq's `sslmode` says.
#[derive(Debug)]
struct Verifier {
    check: Check,
    /// Certificates that are trusted as they are: OpenSSL, and so libpq, takes a server's own
    /// certificate as its root.
    known: Vec<CertificateDer<'static>>,
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(upstream: &Upstream, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let check = match (upstream.tls, &upstream.root) {
            (TlsMode::VerifyFull, _) => Check::ChainAndName,
            // With a root certificate `require` verifies too, as libpq does for compatibility.
            (TlsMode::VerifyCa, _) | (TlsMode::Require, Some(_)) => Check::Chain,
            (TlsMode::Disable | TlsMode::Prefer | TlsMode::Require, _) => Check::Nothing,
        };
        let mut verifier =
            Self { check, known: Vec::new(), roots: RootCertStore::empty(), provider };
        match &upstream.root {
            _ if check == Check::Nothing => {}
            None => return Err(TlsError::NoRoots),
            Some(path) if path == Path::new("system") => {
                let all = rustls_native_certs::load_native_certs().certs;
                // Single broken certificates of the system are nobody's fault here.
                let (added, _broken) = verifier.roots.add_parsable_certificates(all);
                if added == 0 {
                    return Err(TlsError::NoRoots);
                }
            }
            Some(path) => {
                verifier.known = certificates(path)?;
                // What can't be a root can still be the server's own.
                verifier.roots.add_parsable_certificates(verifier.known.iter().cloned());
            }
        }
        Ok(verifier)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.check == Check::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if !self.known.iter().any(|known| known == end_entity) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            let (roots, between) = (&self.roots, intermediates);
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                between,
                now,
                algorithms,
            )?;
        }
        if self.check == Check::ChainAndName {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
