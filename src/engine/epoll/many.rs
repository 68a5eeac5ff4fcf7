//! Requests and answers on connections of HTTP/2, where many are under way side by side.

use super::driver::{Driver, Memory};
use super::exchange::{AHEAD, give};
use super::flights::Flights;
use super::line::{Exchange, Line};
use super::lines::{Owner, Token};
use super::stream::{Got, Then};
use super::wire::Wire;
use crate::engine::Spoken;
use crate::engine::body::unpack;
use crate::engine::failures::{not_a_path, not_answered, not_secured};
use crate::http1::{Header, Headers};
use crate::http2::{Answer, Broken, Connection, Event, Limits, Question, Stopped};
use crate::names::ErrorKind;
use crate::plan::{self, Connections, Failure, HttpAnswer, HttpVersion, Plan, Reply};
use crate::units::Nanos;
use crate::walk::Worker;

/// Headers of an answer for which there is room without an allocation.
const HEADERS: usize = 32;

/// What a worker that speaks HTTP/2 keeps beside its connections.
#[derive(Debug, Default)]
pub(super) struct Many {
    pub(super) flights: Flights,
    /// The connections that users have together; none where each has its own.
    shared: Vec<Option<Token>>,
    /// Connections that have something to send.
    unsent: Vec<Token>,
    /// Exchanges that a server did not process.
    refused: Vec<Exchange>,
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
    fn fill(&mut self, token: Token) {
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
                match task.and_then(|task| worker.request(task)) {
                    Some(request) => {
                        connection.feed(stream, request.body(), &mut line.unsent);
                        mux.leaving.push(key);
                    }
                    // Its user was cut off meanwhile, which was counted then.
                    None => {
                        connection.cancel(stream, &mut line.unsent);
                        *awaited -= usize::from(many.flights.remove(key).is_some());
                    }
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
        if written == line.unsent.len() {
            line.unsent.clear();
        } else {
            drop(line.unsent.drain(..written));
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

    /// Reads what has come; `ended` if the peer has closed, so that nothing else will announce the
    /// end.
    pub(super) fn hear_many(&mut self, token: Token, ended: bool) {
        loop {
            let Self { lines, memory, worker, offset, clock, now, plan, many, awaited, .. } = self;
            let Some(line) = lines.get(token) else { return };
            let Some(stream) = &mut line.stream else { return };
            let got = match stream.read(&mut memory.plain, &mut memory.sealed) {
                Ok(got) => got,
                Err(error) => {
                    let message = format!("the connection broke: {error}");
                    return self.lost(token, Failure::new(ErrorKind::Reset, message));
                }
            };
            let came = match got.when {
                Some(when) => offset.of(when, Nanos::ZERO, *now + AHEAD),
                None => clock.now(),
            };
            let heard = take(line, (got, came), memory, many, (worker, plan, awaited));
            if let Err(broken) = heard {
                return self.broken(token, &broken);
            }
            while let Some(exchange) = self.many.refused.pop() {
                self.again(exchange);
            }
            if got.bytes > 0 {
                self.settle(token);
            }
            match got.then {
                Then::Again => {}
                // The end that was announced lies behind what was just read.
                Then::Wait if ended && got.bytes > 0 => {}
                Then::Wait => return,
                Then::Ended | Then::Cut => {
                    let message = "the connection was closed before the answer ended";
                    return self.lost(token, Failure::new(ErrorKind::Reset, message));
                }
            }
        }
    }

    /// After events: begins what waits, and closes or leaves a connection that takes nothing more.
    fn settle(&mut self, token: Token) {
        self.fill(token);
        let Some(mux) = self.lines.get(token).and_then(|line| line.mux.as_mut()) else { return };
        if mux.is_welcoming() {
            return;
        }
        let waiting = std::mem::take(&mut mux.waiting);
        if mux.connection.as_ref().is_some_and(|connection| connection.under_way() == 0) {
            self.close(token);
        }
        for key in waiting {
            if let Some(flight) = self.many.flights.remove(key) {
                self.depart(flight.exchange);
            }
        }
    }

    /// Sends an exchange again that the server did not process, once.
    fn again(&mut self, mut exchange: Exchange) {
        if exchange.timing.resent > 0 {
            let failure = Failure::new(ErrorKind::Reset, "the server refused the stream twice");
            self.awaited -= 1;
            return give(&mut self.worker, &exchange, failure, self.clock.now());
        }
        exchange.timing.resent += 1;
        exchange.first = None;
        self.depart(exchange);
    }

    /// What came is not HTTP/2: the server is told so, and all exchanges have failed.
    fn broken(&mut self, token: Token, broken: &Broken) {
        if let Some(line) = self.lines.get(token) {
            if let Some(connection) = line.mux.as_mut().and_then(|mux| mux.connection.as_mut()) {
                connection.leave(broken.code(), &mut line.unsent);
            }
            if let Some(stream) = &mut line.stream {
                // It is a courtesy: the connection is closed whether it arrives or not.
                stream.send(&line.unsent).unwrap_or_default();
            }
        }
        self.fail(token, Failure::new(ErrorKind::Protocol, broken.to_string()));
    }

    /// A connection is gone. What was on its way has failed; what had no stream yet goes over
    /// another one, if this one was of any use.
    fn lost(&mut self, token: Token, failure: Failure) {
        let Some(mux) = self.lines.get(token).and_then(|line| line.mux.as_mut()) else { return };
        let useful = mux.answers > 0;
        let waiting = if useful { std::mem::take(&mut mux.waiting) } else { Default::default() };
        let why = mux.connection.as_ref().and_then(Connection::why_leaving);
        let waiting: Vec<Exchange> = waiting
            .into_iter()
            .filter_map(|key| self.many.flights.remove(key))
            .map(|flight| flight.exchange)
            .collect();
        match why.filter(|why| why.0 != 0) {
            Some(why) => {
                let message = format!("{}; the server said {why}", failure.message);
                self.fail(token, Failure::new(failure.kind, message));
            }
            None => self.fail(token, failure),
        }
        waiting.into_iter().for_each(|exchange| self.depart(exchange));
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

/// Shows the bytes that came to the connection, and what comes of them to the core.
fn take(
    line: &mut Line,
    (got, came): (Got, Nanos),
    memory: &mut Memory,
    many: &mut Many,
    (worker, plan, awaited): (&mut Worker<'_>, &Plan, &mut usize),
) -> Result<(), Broken> {
    let Line { mux: Some(mux), unsent, .. } = line else { return Ok(()) };
    let Some(connection) = &mut mux.connection else { return Ok(()) };
    let mut input = memory.plain.get(..got.bytes).unwrap_or_default();
    loop {
        let (before, written) = (input.len(), unsent.len());
        let event = connection.next(&mut input, &mut memory.blocks, unsent)?;
        mux.read.add(before - input.len());
        mux.written.add(unsent.len() - written);
        let (key, outcome) = match event {
            Event::More => return Ok(()),
            Event::Begun(key) => {
                if let Some(flight) = many.flights.get_mut(key) {
                    let exchange = &mut flight.exchange;
                    exchange.first.get_or_insert(came.max(exchange.start));
                }
                continue;
            }
            Event::Refused(key) => {
                many.refused.extend(many.flights.remove(key).map(|flight| flight.exchange));
                continue;
            }
            Event::Answered(key, answer) => {
                mux.answers += 1;
                (key, Ok(answer))
            }
            Event::Failed(key, stopped) => (key, Err(failure_of(&stopped))),
        };
        let Some(flight) = many.flights.remove(key) else { continue };
        let mut exchange = flight.exchange;
        exchange.timing.sent_bytes = mux.written.claim();
        exchange.timing.received_bytes = mux.read.claim();
        *awaited -= 1;
        let end = came.max(exchange.start);
        exchange.split(end);
        show(&exchange, outcome, end, (worker, plan));
    }
}

/// Shows an answer, or why there is none, to the core.
fn show(
    exchange: &Exchange,
    outcome: Result<Answer<'_>, Failure>,
    end: Nanos,
    (worker, plan): (&mut Worker<'_>, &Plan),
) {
    let (task, timing) = (exchange.task, exchange.timing);
    let answer = match outcome {
        Ok(answer) => answer,
        Err(failure) => {
            return worker.reply(task, &Reply { end, timing, result: Err(failure) }, end);
        }
    };
    let mut few = [Header { name: "", value: &[] }; HEADERS];
    let mut all: Vec<Header<'_>> = Vec::new();
    let mut used = 0;
    for (name, value) in answer.head.fields() {
        let header = Header { name, value };
        match few.get_mut(used) {
            Some(place) => *place = header,
            None => {
                if all.is_empty() {
                    all.extend_from_slice(&few);
                }
                all.push(header);
            }
        }
        used += 1;
    }
    let listed = if all.is_empty() { few.get(..used).unwrap_or_default() } else { &all };
    let headers = Headers::new(listed);
    let unpacked = if plan.http.decompress && !answer.body.is_empty() {
        unpack(answer.body, headers, plan.http.limits.max_body)
    } else {
        Ok(None)
    };
    let result = unpacked.as_ref().map_err(Failure::clone).map(|unpacked| {
        plan::Answer::Http(HttpAnswer {
            status: answer.head.status(),
            headers,
            body: unpacked.as_deref().unwrap_or(answer.body),
            body_bytes: answer.body_bytes,
            duration: timing.duration(),
        })
    });
    worker.reply(task, &Reply { end, timing, result }, end);
}

fn failure_of(stopped: &Stopped) -> Failure {
    let kind = match stopped {
        large if large.too_large() => ErrorKind::BodyTooLarge,
        cut if cut.cut_off() => ErrorKind::Reset,
        _ => ErrorKind::Protocol,
    };
    Failure::new(kind, stopped.to_string())
}
