//! Requests on connections of HTTP/2, where many are under way side by side.

use super::driver::Driver;
use super::exchange::give;
use super::flights::Flights;
use super::line::{Exchange, Line};
use super::lines::{Owner, Token};
use super::wire::Wire;
use crate::engine::Spoken;
use crate::engine::failures::{not_a_path, not_answered, not_secured};
use crate::http2::{Connection, Limits, Question};
use crate::plan::{Connections, Failure, HttpVersion, Plan};
use crate::units::Nanos;
use crate::walk::Worker;

/// Memory for what is sent that a connection keeps for the next turn, in bytes.
const KEPT: usize = 64 << 10;

/// What a worker that speaks HTTP/2 keeps beside its connections.
#[derive(Debug, Default)]
pub(super) struct Many {
    pub(super) flights: Flights,
    /// The connections that users have together; none where each has its own.
    shared: Vec<Option<Token>>,
    /// Connections that have something to send.
    unsent: Vec<Token>,
    /// Exchanges that a server did not process.
    pub(super) refused: Vec<Exchange>,
}

impl Many {
    /// What a plan needs.
    pub(super) fn new(plan: &Plan) -> Self {
        let shared = match plan.http.connections {
            Connections::Shared => usize::try_from(plan.http.shared_connections).unwrap_or(1),
            Connections::Keep | Connections::Fresh => 0,
        };
        Self { shared: vec![None; shared], ..Self::default() }
    }

    /// Whose connection an exchange of this user goes over.
    pub(super) fn owner(&self, user: usize) -> Owner {
        user.checked_rem(self.shared.len()).map_or(Owner::User(user), Owner::Shared)
    }

    /// The server speaks HTTP/1.1, so that exchanges can't share connections.
    fn part(&mut self) {
        self.shared = Vec::new();
    }
}

impl Driver<'_> {
    /// Sends an exchange over a connection that there is, or opens one for it.
    pub(super) fn depart(&mut self, mut exchange: Exchange) {
        let owner = self.many.owner(exchange.task.user);
        let welcoming = |line: &Line| line.mux.as_ref().is_some_and(|mux| mux.is_welcoming());
        let token = match owner {
            Owner::User(user) => self.lines.find(user, welcoming),
            Owner::Shared(at) => {
                let token = self.many.shared.get(at).copied().flatten();
                token.filter(|token| self.lines.get(*token).is_some_and(|line| welcoming(line)))
            }
        };
        let Some((token, line)) = token.and_then(|token| Some((token, self.lines.get(token)?)))
        else {
            let token = self.open(exchange);
            if let Owner::Shared(at) = owner
                && let Some(place) = self.many.shared.get_mut(at)
            {
                *place = Some(token);
            }
            return;
        };
        let Some(mux) = &mut line.mux else { return };
        let limit = exchange.brief.limit;
        exchange.reused = true;
        exchange.start = exchange.timing.begun;
        let start = exchange.start;
        let key = self.many.flights.add(exchange, token);
        mux.waiting.push_back(key);
        if mux.connection.is_some() {
            self.many.flights.limit(key, start + limit);
            self.fill(token);
        }
    }

    /// A connection is open on which the server may speak HTTP/2: begins what waits for it.
    pub(super) fn opened_many(&mut self, token: Token) {
        let now = self.clock.now();
        let Self { lines, plan, many, .. } = self;
        let Some(line) = lines.get(token) else { return };
        line.deadline.at = None;
        let spoken = line.stream.as_ref().map_or(Spoken::One, |stream| {
            if plan.target.tls { stream.spoken() } else { Spoken::Two }
        });
        if spoken == Spoken::One {
            return self.opened_one(token);
        }
        let Some(mux) = &mut line.mux else { return };
        let limits = Limits { body: plan.http.limits.max_body.0, ..Limits::default() };
        let before = line.unsent.len();
        mux.connection = Some(Connection::new(limits, &mut line.unsent));
        mux.written.add(line.unsent.len() - before);
        if let Some(opener) = line.exchange.take() {
            mux.waiting.push_front(many.flights.add(opener, token));
        }
        for key in &mux.waiting {
            let Some(flight) = many.flights.get_mut(*key) else { continue };
            (flight.exchange.start, flight.exchange.reused) = (now, false);
            let limit = now + flight.exchange.brief.limit;
            many.flights.limit(*key, limit);
        }
        self.fill(token);
    }

    /// The server speaks HTTP/1.1 on a connection that was to carry many exchanges.
    fn opened_one(&mut self, token: Token) {
        if self.plan.http.version == HttpVersion::Http2 {
            let failure = not_secured(&self.plan.target, "the server does not offer HTTP/2");
            return self.fail(token, failure);
        }
        self.many.part();
        let Some(line) = self.lines.get(token) else { return };
        let mux = line.mux.take();
        let user = line.exchange.as_ref().map(|exchange| exchange.task.user);
        match user {
            Some(user) => self.lines.adopt(token, user),
            // Nobody is left who wanted it.
            None => self.close(token),
        }
        self.transmit(token);
        for key in mux.into_iter().flat_map(|mux| mux.keys()) {
            if let Some(flight) = self.many.flights.remove(key) {
                self.open(flight.exchange);
            }
        }
    }

    /// Begins streams for what waits, as far as there is room, and sends on bodies of requests.
    pub(super) fn fill(&mut self, token: Token) {
        let Self { lines, many, worker, wire, clock, awaited, .. } = self;
        let Some(line) = lines.get(token) else { return };
        let Some(mux) = &mut line.mux else { return };
        let before = line.unsent.len();
        while mux.has_room()
            && let Some(key) = mux.waiting.pop_front()
        {
            let (Some(flight), Some(connection)) =
                (many.flights.get_mut(key), mux.connection.as_mut())
            else {
                continue;
            };
            match begin(connection, key, &flight.exchange, (worker, wire), &mut line.unsent) {
                Ok(stream) => {
                    flight.stream = stream;
                    mux.leaving.push(key);
                }
                Err(failure) => {
                    let Some(flight) = many.flights.remove(key) else { continue };
                    *awaited -= 1;
                    // Without a failure its user was cut off, which was counted then.
                    if let Some(failure) = failure {
                        give(worker, &flight.exchange, failure, clock.now());
                    }
                }
            }
        }
        if let Some(connection) = &mut mux.connection {
            while let Some((key, stream)) = connection.next_hungry() {
                let task = many.flights.get_mut(key).map(|flight| flight.exchange.task);
                if let Some(request) = task.and_then(|task| worker.request(task)) {
                    connection.feed(stream, request.body(), &mut line.unsent);
                    mux.leaving.push(key);
                } else {
                    // Its user was cut off meanwhile, which was counted then.
                    connection.cancel(stream, &mut line.unsent);
                    *awaited -= usize::from(many.flights.remove(key).is_some());
                }
            }
        }
        mux.written.add(line.unsent.len().saturating_sub(before));
        if !line.unsent.is_empty() && !std::mem::replace(&mut mux.listed, true) {
            many.unsent.push(token);
        }
    }

    /// Sends what has gathered, one write for each connection; whether there was something.
    pub(super) fn flush(&mut self) -> bool {
        let mut some = false;
        while let Some(token) = self.many.unsent.pop() {
            some = true;
            if let Some(mux) = self.lines.get(token).and_then(|line| line.mux.as_mut()) {
                mux.listed = false;
            }
            self.send_out(token);
        }
        some
    }

    /// Writes what a connection has to send, as far as there is room.
    pub(super) fn send_out(&mut self, token: Token) {
        let Some(line) = self.lines.get(token) else { return };
        let Some(stream) = &mut line.stream else { return };
        let written = if line.unsent.is_empty() {
            stream.flush().map(|_all| 0)
        } else {
            stream.send(&line.unsent)
        };
        let Ok(written) = written else {
            // The server may have said why before it closed.
            line.unsent.clear();
            return self.hear_many(token, true);
        };
        drop(line.unsent.drain(..written));
        if line.unsent.is_empty() && line.unsent.capacity() > KEPT {
            line.unsent = Vec::new();
        }
        let now = self.clock.now();
        self.now = now;
        if line.has_unsent() {
            return;
        }
        let Some(mux) = &mut line.mux else { return };
        for key in mux.leaving.drain(..) {
            if let Some(flight) = self.many.flights.get_mut(key).filter(|own| own.token == token) {
                flight.exchange.sent = now;
            }
        }
    }

    /// The time of exchanges over HTTP/2 is over: their streams are given up, the connections go on.
    pub(super) fn expire_many(&mut self, now: Nanos) {
        while let Some(key) = self.many.flights.late(now) {
            let Some((token, exchange)) = self.withdraw(key) else { continue };
            self.awaited -= 1;
            let failure = not_answered(exchange.brief.limit);
            give(&mut self.worker, &exchange, failure, self.clock.now());
            self.settle(token);
        }
    }

    /// Takes an exchange off its connection, which goes on.
    fn withdraw(&mut self, key: usize) -> Option<(Token, Exchange)> {
        let flight = self.many.flights.remove(key)?;
        let (token, mut exchange) = (flight.token, flight.exchange);
        if let Some(line) = self.lines.get(token)
            && let Some(mux) = &mut line.mux
        {
            match (flight.stream, &mut mux.connection) {
                (Some(stream), Some(connection)) => {
                    let before = line.unsent.len();
                    connection.cancel(stream, &mut line.unsent);
                    mux.written.add(line.unsent.len() - before);
                }
                (None, _) | (_, None) => mux.waiting.retain(|waiting| *waiting != key),
            }
            exchange.timing.sent_bytes = mux.written.claim();
            exchange.timing.received_bytes = mux.read.claim();
        }
        Some((token, exchange))
    }

    /// Takes all exchanges over HTTP/2 off a connection that goes.
    pub(super) fn take_flights(&mut self, token: Token) -> Vec<Exchange> {
        let Some(mut mux) = self.lines.get(token).and_then(|line| line.mux.take()) else {
            return Vec::new();
        };
        let flights = mux.keys().into_iter().filter_map(|key| self.many.flights.remove(key));
        let mut exchanges: Vec<Exchange> = flights.map(|flight| flight.exchange).collect();
        if let Some(first) = exchanges.first_mut() {
            first.timing.sent_bytes = mux.written.claim();
            first.timing.received_bytes = mux.read.claim();
        }
        exchanges
    }

    /// Forgets what a user has under way on connections that are not its own.
    pub(super) fn forget(&mut self, user: usize) {
        for at in 0..self.many.shared.len() {
            let Some(token) = self.many.shared.get(at).copied().flatten() else { continue };
            let Some(line) = self.lines.get(token) else { continue };
            // Others may wait for the connection that it opens.
            if line.exchange.take_if(|exchange| exchange.task.user == user).is_some() {
                self.awaited -= 1;
            }
        }
        if self.many.shared.is_empty() {
            return;
        }
        for key in self.many.flights.of(user) {
            if let Some((token, _)) = self.withdraw(key) {
                self.awaited -= 1;
                self.settle(token);
            }
        }
    }
}

/// Begins a stream for an exchange. There is no request if its user was cut off, and then no
/// failure either.
fn begin(
    connection: &mut Connection,
    key: usize,
    exchange: &Exchange,
    (worker, wire): (&Worker<'_>, &Wire),
    out: &mut Vec<u8>,
) -> Result<Option<u32>, Option<Failure>> {
    let request = worker.request(exchange.task).ok_or(None)?;
    if let Some(bad) = Wire::bad_character(request) {
        let bad = format_args!("{bad:?} is in it");
        return Err(Some(not_a_path(request.target(), bad)));
    }
    let (asked, keep) = exchange.brief.as_of_two();
    let question = Question { key, asked, keep, body: request.body() };
    Ok(connection.send(&question, |block| wire.fields(request, block), out))
}
