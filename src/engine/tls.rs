//! TLS: whom to trust, and which HTTP to offer.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use thiserror::Error;

use crate::plan::{HttpSettings, HttpVersion};

/// Why no TLS connection can be made at all.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The file of `--cacert` has no usable certificate.
    #[error("no certificate in the CA file: {0}")]
    CaFile(String),
    /// The system has no trusted certificates.
    #[error("the system has no trusted certificates")]
    NoRoots,
    /// The TLS library refuses its own settings.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] Error),
}

impl TlsError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CaFile(_) => "give a PEM file with `-----BEGIN CERTIFICATE-----`",
            Self::NoRoots => "install the ca-certificates package, or give `--cacert FILE`",
            Self::Setup(_) => "this is a fault of loadgate or of the certificate; try `-k`",
        }
    }
}

/// The settings of all TLS connections of a run.
pub(super) fn config(http: &HttpSettings) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let mut config = if http.insecure {
        let anyone = Arc::new(Anyone(provider));
        builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth()
    } else {
        builder.with_root_certificates(roots(http)?).with_no_client_auth()
    };
    // Every virtual user is another visitor: resuming the session of somebody else would make new
    // connections cheaper than they are.
    config.resumption = Resumption::disabled();
    let protocols: &[&[u8]] = match http.version {
        HttpVersion::Auto => &[b"h2", b"http/1.1"],
        HttpVersion::Http1 => &[b"http/1.1"],
        HttpVersion::Http2 => &[b"h2"],
    };
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

fn roots(http: &HttpSettings) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    if let Some(pem) = &http.roots {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| TlsError::CaFile(error.to_string()))?;
            store.add(certificate)?;
        }
        if store.is_empty() {
            return Err(TlsError::CaFile("it is empty".to_owned()));
        }
        return Ok(store);
    }
    // Single broken certificates of the system are nobody's fault here.
    let (added, _broken) =
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 { Err(TlsError::NoRoots) } else { Ok(store) }
}

/// Trusts every certificate: what `--insecure` asks for.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
