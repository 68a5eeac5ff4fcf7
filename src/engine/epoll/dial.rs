//! Opening connections: addresses, turns, the TCP and the TLS handshake.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::companion::Errand;
use super::driver::Driver;
use super::line::{Exchange, Stage};
use super::lines::{Owner, Token};
use super::stream::Stream;
use crate::engine::Spoken;
use crate::engine::connection::{LOOKUP_TTL, NO_ADDRESS};
use crate::engine::exhausted::Shortage;
use crate::engine::failures::{not_connected, not_found, not_secured};
use crate::http1::{Limits, Reader};
use crate::plan::{Failure, Plan};
use crate::units::Nanos;

/// Most connections that a worker opens at a time; the others wait for their turn, in order.
///
/// A server queues as many half-open connections as its backlog says (511 with nginx, 128 with
/// many others) and drops the rest, which then try again after one second, three and seven. A
/// start of thousands of users is faster, and fair to all of them, without that.
const MOST_DIALING: usize = 128;

/// How connections are opened.
#[derive(Debug)]
pub(super) struct Dialer {
    addresses: Addresses,
    tls: Option<Secured>,
    pub(super) limit: Nanos,
    /// Connections that wait for their turn.
    turns: VecDeque<Token>,
    /// Connections whose handshakes go on.
    dialing: usize,
    /// Tells what this machine lacks from what the target refuses.
    shortage: Shortage,
}

/// What TLS needs.
#[derive(Debug)]
struct Secured {
    config: Arc<ClientConfig>,
    name: Result<ServerName<'static>, String>,
}

/// Where the target is.
#[derive(Debug)]
struct Addresses {
    host: String,
    port: u16,
    known: Option<Rc<[SocketAddr]>>,
    /// When they have to be looked up again.
    until: Nanos,
    /// Connections that wait for an address; somebody is looking it up if there are any.
    waiting: Vec<Token>,
}

impl Addresses {
    fn new(plan: &Plan) -> Self {
        let target = &plan.target;
        let fixed = target.host.parse::<IpAddr>().ok();
        let known = fixed.map(|ip| Rc::from([SocketAddr::new(ip, target.port)]));
        let until = if known.is_some() { Nanos::MAX } else { Nanos::ZERO };
        let (host, port) = (target.host.clone(), target.port);
        Self { host, port, known, until, waiting: Vec::new() }
    }
}

impl Dialer {
    pub(super) fn new(plan: &Plan, tls: Option<&Arc<ClientConfig>>, spoken: Spoken) -> Self {
        let secured = |config: &Arc<ClientConfig>| Secured {
            config: match spoken {
                Spoken::One => only_http1(config),
                Spoken::Two => Arc::clone(config),
            },
            name: ServerName::try_from(plan.target.host.clone()).map_err(|why| why.to_string()),
        };
        Self {
            addresses: Addresses::new(plan),
            tls: tls.map(secured),
            limit: plan.http.limits.connect_timeout,
            turns: VecDeque::new(),
            dialing: 0,
            shortage: Shortage::default(),
        }
    }

    /// Why there is no connection to an address: this machine has run out of something, or the
    /// target does not take it.
    fn refused(&self, address: SocketAddr, error: &std::io::Error, now: Nanos) -> Failure {
        let ours = self.shortage.failure(error, address, now);
        ours.unwrap_or_else(|| not_connected(address, error))
    }
}

/// The same settings, with nothing but HTTP/1.1 to be negotiated.
fn only_http1(config: &Arc<ClientConfig>) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

impl Driver<'_> {
    /// Opens a connection for an exchange.
    pub(super) fn open(&mut self, mut exchange: Exchange) -> Token {
        let now = self.clock.now();
        exchange.timing.fresh = true;
        (exchange.reused, exchange.since) = (false, now);
        let limits = Limits { body: self.plan.http.limits.max_body.0, ..Limits::default() };
        let user = exchange.task.user;
        let (owner, mux) = match self.spoken {
            Spoken::One => (Owner::User(user), None),
            Spoken::Two => (self.many.owner(user), Some(Box::default())),
        };
        let token = self.lines.add(owner, Reader::new(limits));
        let dialer = &mut self.dialer;
        if let Some(line) = self.lines.get(token) {
            (line.exchange, line.mux) = (Some(exchange), mux);
            self.deadlines.set(&mut line.deadline, token, now + dialer.limit);
        }
        if now < dialer.addresses.until {
            dialer.turns.push_back(token);
            return token;
        }
        dialer.addresses.waiting.push(token);
        if let [_first] = dialer.addresses.waiting.as_slice() {
            let host = dialer.addresses.host.clone();
            self.companion.ask(Errand::LookUp(host, dialer.addresses.port));
        }
        token
    }

    /// The target's addresses are known, or why they are not.
    pub(super) fn found(&mut self, found: std::io::Result<Vec<SocketAddr>>) {
        let now = self.clock.now();
        let waiting = std::mem::take(&mut self.dialer.addresses.waiting);
        let found = match found {
            Ok(found) if found.is_empty() => Err(NO_ADDRESS.to_owned()),
            Ok(found) => Ok(found),
            Err(error) => Err(error.to_string()),
        };
        match found {
            Ok(found) => {
                let addresses = &mut self.dialer.addresses;
                (addresses.known, addresses.until) = (Some(found.into()), now + LOOKUP_TTL);
                for token in waiting {
                    let Some(line) = self.lines.get(token) else { continue };
                    if let Some(exchange) = &mut line.exchange {
                        exchange.timing.looking_up = now - exchange.since;
                        exchange.since = now;
                    }
                    self.dialer.turns.push_back(token);
                }
            }
            Err(why) => {
                let host = self.dialer.addresses.host.clone();
                for token in waiting {
                    self.fail(token, not_found(&host, &why));
                }
            }
        }
    }

    /// Lets the next connection have its turn; whether there was one.
    pub(super) fn next_turn(&mut self) -> bool {
        if self.dialer.dialing >= MOST_DIALING {
            return false;
        }
        let Some(token) = self.dialer.turns.pop_front() else { return false };
        self.connect(token);
        true
    }

    /// Tries the target's addresses from where the connection is.
    fn connect(&mut self, token: Token) {
        let mut last = None;
        while let Some(line) = self.lines.get(token) {
            let address = self.dialer.addresses.known.as_ref().and_then(|k| k.get(line.address));
            let Some(address) = address else {
                let none = || not_found(&self.dialer.addresses.host, NO_ADDRESS);
                let failure = last.unwrap_or_else(none);
                return self.fail(token, failure);
            };
            let begun = Stream::connect(*address).and_then(|stream| {
                self.poll.add(stream.socket(), token)?;
                Ok(stream)
            });
            match begun {
                Ok(stream) => {
                    (line.stream, line.stage) = (Some(stream), Stage::Connecting);
                    self.dialer.dialing += 1;
                    return;
                }
                Err(error) => last = Some(self.dialer.refused(*address, &error, self.now)),
            }
            line.address += 1;
        }
    }

    /// A connection that was being opened has something to say.
    pub(super) fn dialed(&mut self, token: Token) {
        let Some(line) = self.lines.get(token) else { return };
        if line.stage == Stage::Shaking {
            return self.shake(token);
        }
        let Some(stream) = &line.stream else { return };
        if let Err(error) = stream.opened() {
            let known = self.dialer.addresses.known.as_ref();
            let address = known.and_then(|known| known.get(line.address)).copied();
            let more = known.is_some_and(|known| line.address + 1 < known.len());
            if more {
                (line.stream, line.stage) = (None, Stage::Waiting);
                line.address += 1;
                self.dialer.dialing -= 1;
                return self.dialer.turns.push_front(token);
            }
            let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
            let failure = self.dialer.refused(address.unwrap_or(unknown), &error, self.now);
            return self.fail(token, failure);
        }
        let now = self.clock.now();
        // Whoever wanted it may be gone, and others wait for it.
        if let Some(exchange) = &mut line.exchange {
            exchange.timing.connecting = now - exchange.since;
            exchange.since = now;
        }
        let Some(secured) = &self.dialer.tls else { return self.opened(token) };
        let begun = match (&secured.name, &mut line.stream) {
            (Ok(name), Some(stream)) => {
                stream.secure(&secured.config, name.clone()).map_err(|why| why.to_string())
            }
            (Err(why), _) => Err(why.clone()),
            (Ok(_), None) => Ok(()),
        };
        line.stage = Stage::Shaking;
        match begun {
            Ok(()) => self.shake(token),
            Err(why) => self.fail(token, not_secured(&self.plan.target, why)),
        }
    }

    /// Takes the TLS handshake on.
    fn shake(&mut self, token: Token) {
        let Some(line) = self.lines.get(token) else { return };
        let Some(stream) = &mut line.stream else { return };
        match stream.shake(&mut self.memory.sealed) {
            Ok(false) => {}
            Ok(true) => {
                if let Some(exchange) = &mut line.exchange {
                    exchange.timing.tls = self.clock.now() - exchange.since;
                }
                self.opened(token);
            }
            Err(error) => self.fail(token, not_secured(&self.plan.target, error)),
        }
    }

    /// The connection is open: sends what it was opened for.
    fn opened(&mut self, token: Token) {
        self.dialer.dialing -= 1;
        let Some(line) = self.lines.get(token) else { return };
        line.stage = Stage::Open;
        if line.mux.is_some() { self.opened_many(token) } else { self.transmit(token) }
    }

    /// Forgets a handshake that is not taken on.
    pub(super) fn hang_up(&mut self, stage: Stage) {
        if matches!(stage, Stage::Connecting | Stage::Shaking) {
            self.dialer.dialing -= 1;
        }
    }
}
