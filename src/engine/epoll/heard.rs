//! Answers on connections of HTTP/2.

use super::driver::{Driver, Memory};
use super::exchange::{AHEAD, give};
use super::line::{Exchange, Line};
use super::lines::Token;
use super::many::Many;
use super::stream::{Got, Then};
use crate::engine::body::unpack;
use crate::http1::{Header, Headers};
use crate::http2::{Answer, Broken, Connection, Event, Stopped};
use crate::names::ErrorKind;
use crate::plan::{self, Failure, HttpAnswer, Plan, Reply};
use crate::units::Nanos;
use crate::walk::Worker;

/// Headers of an answer for which there is room without an allocation.
const HEADERS: usize = 32;

impl Driver<'_> {
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
    pub(super) fn settle(&mut self, token: Token) {
        self.fill(token);
        let Some(mux) = self.lines.get(token).and_then(|line| line.mux.as_mut()) else { return };
        if mux.is_welcoming() {
            return;
        }
        let waiting = std::mem::take(&mut mux.waiting);
        let under_way = mux.connection.as_ref().map_or(0, Connection::under_way);
        let useful = under_way > 0 || mux.answers > 0;
        if under_way == 0 {
            self.close(token);
        }
        for key in waiting {
            let Some(flight) = self.many.flights.remove(key) else { continue };
            if useful {
                self.depart(flight.exchange);
            } else {
                // Another connection would be left like this one, and so on for ever.
                let failure = Failure::new(ErrorKind::Reset, "the server takes no requests");
                self.awaited -= 1;
                give(&mut self.worker, &flight.exchange, failure, self.clock.now());
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
        // To one that took nothing, nothing is sent again: it would go on for ever.
        let moving = if mux.answers > 0 { mux.waiting.len() } else { 0 };
        let why = mux.connection.as_ref().and_then(Connection::why_leaving);
        let waiting: Vec<Exchange> = mux
            .waiting
            .drain(..moving)
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
        for exchange in waiting {
            self.depart(exchange);
        }
    }
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
        if let Some(place) = few.get_mut(used) {
            *place = header;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&few);
            }
            all.push(header);
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
