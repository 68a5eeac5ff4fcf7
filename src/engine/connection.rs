//! Opening connections: looking up, connecting, the TLS handshake, and HTTP's own.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Clock;
use super::clock::within;
use super::exhausted::Shortage;
use super::failures::{not_connected, not_found, not_open, not_secured};
use super::stamped::{Stamped, Stamps};
use crate::names::ErrorKind;
use crate::plan::{Address, Failure, HttpVersion, Timing};
use crate::units::Nanos;

/// How long an address that was looked up is used.
pub(super) const LOOKUP_TTL: Nanos = Nanos::from_secs(60);

/// What is wrong with a host that nobody can connect to.
pub(super) const NO_ADDRESS: &str = "it has no address";

/// The body of a request.
pub(super) type Body = Full<Bytes>;

/// Finds the target's addresses; each worker has its own.
#[derive(Debug)]
pub(super) struct Resolver {
    host: String,
    port: u16,
    known: RefCell<Option<(Nanos, Vec<SocketAddr>)>>,
    shortage: Shortage,
}

/// How connections to the target are opened.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    pub(super) clock: Clock,
    pub(super) target: Address,
    pub(super) version: HttpVersion,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) connect_timeout: Nanos,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: Sender,
    pub(super) stamps: Stamps,
}

/// Which HTTP is spoken on it.
#[derive(Debug)]
pub(super) enum Sender {
    /// HTTP/1.1: one exchange at a time.
    One(http1::SendRequest<Body>),
    /// HTTP/2: many at a time.
    Many(http2::SendRequest<Body>),
}

impl Resolver {
    pub(super) fn new(target: &Address) -> Self {
        let (known, shortage) = (RefCell::new(None), Shortage::default());
        Self { host: target.host.clone(), port: target.port, known, shortage }
    }

    /// The target's addresses, and how long looking up took if it had to be done.
    pub(super) async fn addresses(
        &self,
        clock: Clock,
    ) -> Result<(Vec<SocketAddr>, Nanos), Failure> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok((vec![SocketAddr::new(ip, self.port)], Nanos::ZERO));
        }
        let start = clock.now();
        if let Some((until, known)) = &*self.known.borrow()
            && start < *until
        {
            return Ok((known.clone(), Nanos::ZERO));
        }
        let found = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| not_found(&self.host, error))?;
        let found: Vec<SocketAddr> = found.collect();
        if found.is_empty() {
            return Err(not_found(&self.host, NO_ADDRESS));
        }
        let now = clock.now();
        self.known.replace(Some((now + LOOKUP_TTL, found.clone())));
        Ok((found, now - start))
    }

    /// Connects to the first address that answers.
    async fn connect(&self, addresses: &[SocketAddr], clock: Clock) -> Result<TcpStream, Failure> {
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Without it a request in two segments would wait for the peer's delayed ACK.
                    let delay_off = stream.set_nodelay(true);
                    debug_assert!(delay_off.is_ok(), "TCP_NODELAY is known everywhere");
                    return Ok(stream);
                }
                Err(error) => {
                    if let Some(ours) = self.shortage.failure(&error, *address, clock.now()) {
                        return Err(ours);
                    }
                    last = Some(not_connected(*address, error));
                }
            }
        }
        Err(last.unwrap_or_else(|| not_found(&self.host, NO_ADDRESS)))
    }
}

impl Dialer {
    /// Opens a connection and notes where the time went.
    pub(super) async fn open(
        &self,
        resolver: &Resolver,
        timing: &mut Timing,
    ) -> Result<Connection, Failure> {
        let limit = self.connect_timeout;
        timing.fresh = true;
        let opened = within(limit, self.open_now(resolver, timing)).await;
        opened.unwrap_or_else(|| Err(not_open(&self.target, limit)))
    }

    async fn open_now(
        &self,
        resolver: &Resolver,
        timing: &mut Timing,
    ) -> Result<Connection, Failure> {
        let (addresses, looking_up) = resolver.addresses(self.clock).await?;
        timing.looking_up = looking_up;
        let start = self.clock.now();
        let stream = resolver.connect(&addresses, self.clock).await?;
        let connected = self.clock.now();
        timing.connecting = connected - start;
        let stamps = Stamps::new(self.clock);
        let Some(config) = &self.tls else {
            let two = self.version == HttpVersion::Http2;
            return handshake(Stamped::new(stream, stamps.clone()), stamps, two).await;
        };
        let name = ServerName::try_from(self.target.host.clone())
            .map_err(|error| not_secured(&self.target, error))?;
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await
            .map_err(|error| not_secured(&self.target, error))?;
        timing.tls = self.clock.now() - connected;
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        if self.version == HttpVersion::Http2 && !two {
            return Err(not_secured(&self.target, "the server does not offer HTTP/2"));
        }
        handshake(Stamped::new(stream, stamps.clone()), stamps, two).await
    }
}

/// Begins HTTP on an open stream; the connection's own work goes on beside the exchanges.
async fn handshake<S>(stream: Stamped<S>, stamps: Stamps, two: bool) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let failure = |error: hyper::Error| Failure::new(ErrorKind::Protocol, error.to_string());
    let io = TokioIo::new(stream);
    // Errors of a connection come out of the exchanges on it; alone they mean that it is over.
    let sender = if two {
        let (sender, connection) = http2::handshake(LocalExecutor, io).await.map_err(failure)?;
        tokio::task::spawn_local(connection);
        Sender::Many(sender)
    } else {
        let (sender, connection) = http1::handshake(io).await.map_err(failure)?;
        tokio::task::spawn_local(connection);
        Sender::One(sender)
    };
    Ok(Connection { sender, stamps })
}

/// Runs HTTP/2's own tasks on the worker's thread.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future<Output: 'static> + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
