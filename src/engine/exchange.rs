//! One request and its answer, on a connection of a virtual user.

use std::error::Error as _;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls::ClientConfig;

use super::body::unpack;
use super::clock::within;
use super::connection::{Connection, Dialer, Resolver, Sender};
use super::failures::{not_a_path, not_answered};
use super::received::{Came, Content, Received, headers_of};
use super::shared::SharedLine;
use super::stamped::Passed;
use super::tls::{self, TlsError};
use super::{Clock, body};
use crate::http1::Headers;
use crate::names::ErrorKind;
use crate::plan::{Failure, Limits, Plan, Request, Timing};
use crate::units::Nanos;

/// What every request says of who sent it.
pub(super) const AGENT: &str = concat!("loadgate/", env!("CARGO_PKG_VERSION"));
/// What can be unpacked.
pub(super) const CODINGS: &str = "gzip, deflate, br";

/// How exchanges with the target are made; each worker has its own.
#[derive(Clone, Debug)]
pub struct Client {
    dialer: Dialer,
    resolver: Rc<Resolver>,
    limits: Limits,
    decompress: bool,
    authority: HeaderValue,
}

impl Client {
    /// The TLS settings of a plan, made once and shared by all workers; `None` without TLS.
    pub fn tls(plan: &Plan) -> Result<Option<Arc<ClientConfig>>, TlsError> {
        plan.target.tls.then(|| tls::config(&plan.http)).transpose()
    }

    /// A client for a plan's target.
    pub fn new(plan: &Plan, tls: Option<Arc<ClientConfig>>, clock: Clock) -> Self {
        let authority = HeaderValue::try_from(plan.target.authority());
        Self {
            dialer: Dialer {
                clock,
                target: plan.target.clone(),
                version: plan.http.version,
                tls,
                connect_timeout: plan.http.limits.connect_timeout,
            },
            resolver: Rc::new(Resolver::new(&plan.target)),
            limits: plan.http.limits,
            decompress: plan.http.decompress,
            authority: authority.unwrap_or(HeaderValue::from_static("localhost")),
        }
    }

    /// Opens a connection and closes it again: whether the target can be reached at all, and
    /// whether HTTP/2 is spoken on it.
    pub(super) async fn try_connection(&self) -> Result<bool, Failure> {
        let connection = self.dialer.open(&self.resolver, &mut Timing::default()).await?;
        Ok(matches!(connection.sender, Sender::Many(_)))
    }

    /// Sends a request, on `connection` if it is still open, and reads the answer.
    ///
    /// The connection comes back if it can be used again.
    pub(super) async fn exchange(
        &self,
        request: Request,
        connection: Option<Connection>,
        shared: Option<&SharedLine>,
    ) -> (Came, Option<Connection>) {
        let mut timing = Timing::default();
        let mut connection = connection;
        timing.begun = self.dialer.clock.now();
        match self.attempt(&request, &mut connection, shared, &mut timing).await {
            Ok((answer, end)) => {
                (Came { end, timing, result: Ok(Content::Http(answer)) }, connection)
            }
            Err((failure, end)) => (Came { end, timing, result: Err(failure) }, None),
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        connection: &mut Option<Connection>,
        shared: Option<&SharedLine>,
        timing: &mut Timing,
    ) -> Result<(Received, Nanos), (Failure, Nanos)> {
        let clock = self.dialer.clock;
        let limit = request.timeout.unwrap_or(self.limits.timeout);
        let fail = |failure: Failure| (failure, clock.now());
        loop {
            if let Some(open) = connection
                && !open.ready().await
            {
                *connection = None;
            }
            let reused = connection.is_some();
            if connection.is_none() {
                // In a box of its own, so that the many exchanges that open nothing stay small:
                // a task is copied several times on its way to the runtime.
                let opening = Box::pin(self.connect(shared, timing));
                *connection = Some(opening.await.map_err(fail)?);
            }
            let Some(open) = connection else { continue };
            let message = self.message(request, &open.sender).map_err(fail)?;
            let (before, start) = (open.stamps.begin(), clock.now());
            let answer = self.answer(request, message, open, timing, (before, start));
            let missed = match within(limit, answer).await {
                Some(Ok(answered)) => return Ok(answered),
                Some(Err(missed)) => missed,
                None => Missed::Failed(not_answered(limit)),
            };
            match missed {
                Missed::Broken(failure, end) => return Err((failure, end)),
                // The server had closed the idle connection: before the request left, or while it
                // was on its way. What may be repeated is sent again, as browsers do (RFC 9110,
                // section 9.2.2); on the new connection a failure is one.
                Missed::NotSent if reused => *connection = None,
                Missed::NotSent => {
                    let message = "the connection was closed before the request was sent";
                    return Err(fail(Failure::new(ErrorKind::Reset, message)));
                }
                Missed::Failed(failure) => {
                    let passed = open.stamps.passed();
                    let unheard = passed.read == before.read && failure.kind == ErrorKind::Reset;
                    let alone = matches!(open.sender, Sender::One(_));
                    if reused && alone && unheard && request.method.is_idempotent() {
                        timing.resent += 1;
                        *connection = None;
                        continue;
                    }
                    open.count(&before, timing);
                    return Err(fail(failure));
                }
            }
        }
    }

    /// A connection of the exchange's own, or a handle of one that is shared.
    async fn connect(
        &self,
        shared: Option<&SharedLine>,
        timing: &mut Timing,
    ) -> Result<Connection, Failure> {
        match shared {
            Some(line) => line.connect(&self.dialer, &self.resolver, timing).await,
            None => self.dialer.open(&self.resolver, timing).await,
        }
    }

    /// Sends the request on an open connection and reads the whole answer.
    async fn answer(
        &self,
        request: &Request,
        message: http::Request<Full<Bytes>>,
        open: &mut Connection,
        timing: &mut Timing,
        begun: (Passed, Nanos),
    ) -> Result<(Received, Nanos), Missed> {
        let response = open.send(message).await?;
        let received = self.receive(request, response, open, timing, begun).await;
        received.map_err(|(failure, end)| Missed::Broken(failure, end))
    }

    async fn receive(
        &self,
        request: &Request,
        response: http::Response<Incoming>,
        open: &Connection,
        timing: &mut Timing,
        (before, start): (Passed, Nanos),
    ) -> Result<(Received, Nanos), (Failure, Nanos)> {
        let clock = self.dialer.clock;
        let head = clock.now();
        let (parts, incoming) = response.into_parts();
        let read = body::read(incoming, request.wants_body, self.limits.max_body).await;
        let end = clock.now();
        let passed = open.stamps.passed();
        open.count(&before, timing);
        let several = matches!(open.sender, Sender::Many(_));
        split(timing, several, &passed, (start, head, end));
        let (body, body_bytes) = read.map_err(|failure| (failure, end))?;
        let body = if self.decompress && !body.is_empty() {
            let list: Vec<_> = headers_of(&parts.headers).collect();
            let unpacked = unpack(&body, Headers::new(&list), self.limits.max_body);
            unpacked.map_err(|failure| (failure, end))?.map_or(body, Bytes::from)
        } else {
            body
        };
        let duration = timing.duration();
        let status = parts.status.as_u16();
        Ok((Received { status, headers: parts.headers, body, body_bytes, duration }, end))
    }

    /// The request as hyper wants it.
    fn message(
        &self,
        request: &Request,
        sender: &Sender,
    ) -> Result<http::Request<Full<Bytes>>, Failure> {
        let target = &self.dialer.target;
        let path = request.target();
        let uri = match sender {
            Sender::One(_) => path.parse::<Uri>(),
            Sender::Many(_) => {
                let scheme = if target.tls { "https" } else { "http" };
                format!("{scheme}://{}{path}", target.authority()).parse()
            }
        };
        let uri = uri.map_err(|error| not_a_path(path, error))?;
        let mut message = http::Request::new(Full::new(Bytes::copy_from_slice(request.body())));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = uri;
        let one = matches!(sender, Sender::One(_));
        *message.version_mut() = if one { Version::HTTP_11 } else { Version::HTTP_2 };
        let headers = message.headers_mut();
        for (name, value) in request.headers() {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
                headers.insert(name, value);
            }
        }
        let given = request.given();
        if one && !given.host {
            headers.insert(HOST, self.authority.clone());
        }
        if !given.agent {
            headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        }
        if self.decompress && !given.codings {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(CODINGS));
        }
        // hyper itself adds the length of a body that is there.
        if request.says_length() && request.body().is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(message)
    }
}

/// Splits an exchange into sending, waiting and receiving.
///
/// On a connection of its own the bytes say it exactly; on a shared one (HTTP/2) only the head of
/// the answer is known, so that sending is part of waiting.
fn split(
    timing: &mut Timing,
    shared: bool,
    passed: &Passed,
    (start, head, end): (Nanos, Nanos, Nanos),
) {
    let (sent, first) = match passed.first_read {
        Some(first) if !shared => (passed.last_write.max(start).min(first), first),
        Some(_) | None => (start, head),
    };
    timing.sending = sent - start;
    timing.waiting = first - sent;
    timing.receiving = end - first;
}

/// Why there is no answer to a request.
#[derive(Debug)]
enum Missed {
    /// Not a byte of the request has left, so that it can be sent again.
    NotSent,
    /// The request may have arrived.
    Failed(Failure),
    /// The answer began and did not end well; the failure, and when it was known.
    Broken(Failure, Nanos),
}

impl Connection {
    /// Notes the bytes of an exchange that began when `before` had passed.
    fn count(&self, before: &Passed, timing: &mut Timing) {
        let passed = self.stamps.passed();
        (timing.sent_bytes, timing.received_bytes) = match &self.sender {
            Sender::One(_) => (
                passed.written.saturating_sub(before.written),
                passed.read.saturating_sub(before.read),
            ),
            Sender::Many(_) => self.stamps.claim(),
        };
    }

    /// Whether another request can be sent.
    pub(super) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::One(sender) => sender.ready().await.is_ok(),
            Sender::Many(sender) => sender.ready().await.is_ok(),
        }
    }

    /// A second handle, if exchanges can share the connection.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::One(_) => None,
            Sender::Many(sender) => {
                let sender = Sender::Many(sender.clone());
                Some(Self { sender, stamps: self.stamps.clone() })
            }
        }
    }

    async fn send(
        &mut self,
        message: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, Missed> {
        let sent = match &mut self.sender {
            Sender::One(sender) => sender.try_send_request(message).await,
            Sender::Many(sender) => sender.try_send_request(message).await,
        };
        sent.map_err(|mut error| match error.take_message() {
            Some(_message) => Missed::NotSent,
            None => Missed::Failed(failure_of(&error.into_error())),
        })
    }
}

/// The kind of a failure, from what hyper says of it.
pub(super) fn failure_of(error: &hyper::Error) -> Failure {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let kind = match io.map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => ErrorKind::Timeout,
        // How hyper calls chunks that are none.
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => ErrorKind::Protocol,
        Some(_) => ErrorKind::Reset,
        None if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
            ErrorKind::Reset
        }
        None => ErrorKind::Protocol,
    };
    let message = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    Failure::new(kind, message)
}
