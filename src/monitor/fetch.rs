//! One small answer over HTTP, of which no more is read than fits, and for no longer than a while.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

use crate::plan::{Address, Fetched};

/// The longest time of one request: monitors are read every few seconds.
const LIMIT: Duration = Duration::from_secs(5);
/// The largest answer. A Prometheus endpoint of a large service has one or two megabytes.
const MAX_BODY: usize = 16 << 20;

/// Where something is asked again and again.
pub(super) struct Fetch {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    /// What may be shown of the address: its path can hold a token.
    place: String,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Fetch {
    /// Makes it ready; `accept` is what kind of answer is wanted.
    ///
    /// # Errors
    ///
    /// When TLS can't be set up.
    pub(super) fn new(asked: &Fetched, accept: &'static str) -> Result<Self, String> {
        let place = Address::split(&asked.url)
            .map_or_else(|_| "the address".to_owned(), |(address, _)| address.to_string());
        let client = tls(builder())?.build().map_err(|error| innermost(&error))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        for (name, value) in &asked.headers {
            // Both were looked at when the scenario was read.
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|error| error.to_string())?;
            let mut value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self { client, url: asked.url.clone(), headers, place })
    }

    /// Asks at a Unix socket; `path` is that of the request.
    pub(super) fn at_socket(socket: &Path, path: &str) -> Result<Self, String> {
        let place = socket.display().to_string();
        let client = builder().unix_socket(socket).build().map_err(|error| innermost(&error))?;
        Ok(Self {
            client,
            url: format!("http://localhost{path}"),
            headers: HeaderMap::new(),
            place,
        })
    }

    /// The status of an answer and its body.
    ///
    /// # Errors
    ///
    /// When nobody answers in time, or with too much.
    pub(super) async fn get(&self) -> Result<(u16, Vec<u8>), String> {
        let asked = self.client.get(&self.url).headers(self.headers.clone()).send();
        let answered = async {
            // The address is taken out: it may hold a token.
            let told = |error: reqwest::Error| innermost(&error.without_url());
            let mut answer = asked.await.map_err(told)?;
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(told)? {
                if body.len() + chunk.len() > MAX_BODY {
                    let most = MAX_BODY >> 20;
                    return Err(format!("the answer has more than {most} MiB"));
                }
                body.extend_from_slice(&chunk);
            }
            Ok((answer.status().as_u16(), body))
        };
        let answered = tokio::time::timeout(LIMIT, answered).await;
        let answered = answered.unwrap_or_else(|_elapsed| Err(format!("no answer in {LIMIT:?}")));
        answered.map_err(|why| format!("{}: {why}", self.place))
    }

    /// The body of an answer that is good.
    pub(super) async fn body(&self) -> Result<Vec<u8>, String> {
        match self.get().await? {
            (200..=299, body) => Ok(body),
            (status, _) => Err(format!("{}: answered with status {status}", self.place)),
        }
    }
}

fn builder() -> reqwest::ClientBuilder {
    // Headers with tokens go nowhere but where they were meant to go, and what is watched is not
    // asked by way of somebody else.
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy()
}

fn tls(builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut trusted = rustls::RootCertStore::empty();
    // Without any the handshake fails and says so; an address without TLS needs none.
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = versions.with_root_certificates(trusted).with_no_client_auth();
    Ok(builder.tls_backend_preconfigured(config))
}

/// The last cause, which says what happened: "connection refused".
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
