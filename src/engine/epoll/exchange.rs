//! Requests and answers on open connections.

use std::io;

use super::driver::{Driver, Memory};
use super::line::{Brief, Exchange, Line, Stage};
use super::lines::Token;
use super::stream::{Got, Then};
use crate::engine::Spoken;
use crate::engine::body::unpack;
use crate::engine::failures::{not_a_path, not_answered, not_open};
use crate::http1::{self, Broken};
use crate::names::ErrorKind;
use crate::plan::{Answer, Failure, HttpAnswer, Plan, Reply};
use crate::units::Nanos;
use crate::walk::{Task, Worker};

/// How far a stamp of the kernel may lie behind the driver's last look at the clock: longer than
/// it works on one batch of events.
pub(super) const AHEAD: Nanos = Nanos::from_millis(10);

/// What came of reading from a connection.
enum Heard {
    /// The answer goes on.
    More,
    /// The answer was shown to the core; whether the connection can carry another.
    Answered { reusable: bool },
    /// The connection is of no use any more, and nothing was under way on it.
    Useless,
    /// There is no answer.
    Failed(Failure),
}

impl Driver<'_> {
    /// Sends the request of a task, on a connection of its user if one is idle.
    pub(super) fn send(&mut self, task: Task) {
        let Some(request) = self.worker.request(task) else { return };
        let brief = Brief::of(request, self.plan.http.limits.timeout);
        let mut exchange = Exchange::new(task, brief, self.clock.now());
        self.awaited += 1;
        let idle = self.lines.idle(task.user);
        match idle.and_then(|token| Some((token, self.lines.get(token)?))) {
            Some((token, line)) => {
                exchange.reused = true;
                line.exchange = Some(exchange);
                self.transmit(token);
            }
            None => match self.spoken {
                Spoken::One => {
                    self.open(exchange);
                }
                Spoken::Two => self.depart(exchange),
            },
        }
    }

    /// Writes the request of an open connection.
    pub(super) fn transmit(&mut self, token: Token) {
        let Some(line) = self.lines.get(token) else { return };
        let (Some(exchange), Some(stream)) = (&mut line.exchange, &mut line.stream) else { return };
        let Some(request) = self.worker.request(exchange.task) else {
            // Its user was cut off meanwhile, which was counted then.
            return self.close(token);
        };
        let out = &mut self.memory.out;
        if let Err(bad) = self.wire.write(request, out) {
            let failure = not_a_path(request.target(), format_args!("{bad:?} is in it"));
            return self.fail(token, failure);
        }
        line.reader.begin(exchange.brief.asked, exchange.brief.keep);
        // On an open connection sending begins when the exchange does.
        let fresh = exchange.timing.fresh;
        exchange.start = if fresh { self.clock.now() } else { exchange.timing.begun };
        self.deadlines.set(&mut line.deadline, token, exchange.start + exchange.brief.limit);
        let sent = stream.send(out);
        exchange.sent = self.clock.now();
        self.now = exchange.sent;
        match sent {
            Ok(sent) => {
                exchange.timing.sent_bytes = u64::try_from(sent).unwrap_or_default();
                line.unsent.extend_from_slice(out.get(sent..).unwrap_or_default());
            }
            // Not a byte has left, so it can be sent again, whatever it is.
            Err(_closed) if exchange.reused => self.send_again(token),
            // The server may have said why before it closed.
            Err(_closed) => self.hear(token, true),
        }
    }

    /// There is room to write again.
    pub(super) fn write_on(&mut self, token: Token) {
        let Some(line) = self.lines.get(token) else { return };
        if line.mux.is_some() {
            return self.send_out(token);
        }
        let Some(stream) = &mut line.stream else { return };
        let written = if line.unsent.is_empty() {
            stream.flush().map(|_all| 0)
        } else {
            stream.send(&line.unsent)
        };
        match written {
            Ok(sent) => {
                drop(line.unsent.drain(..sent));
                if let Some(exchange) = line.exchange.as_mut().filter(|_| sent > 0) {
                    exchange.timing.sent_bytes += u64::try_from(sent).unwrap_or_default();
                    exchange.sent = self.clock.now();
                }
                if line.unsent.is_empty() {
                    line.unsent = Vec::new();
                }
            }
            // The server may have answered early and closed.
            Err(_closed) => self.hear(token, true),
        }
    }

    /// Reads what has come; `ended` if the peer has closed, so that nothing else will announce
    /// the end.
    pub(super) fn hear(&mut self, token: Token, ended: bool) {
        if self.lines.get(token).is_some_and(|line| line.mux.is_some()) {
            return self.hear_many(token, ended);
        }
        loop {
            let Self { lines, memory, worker, offset, clock, now, plan, .. } = self;
            let Some(line) = lines.get(token) else { return };
            let Some(stream) = &mut line.stream else { return };
            let got = match stream.read(&mut memory.plain, &mut memory.sealed) {
                Ok(got) => got,
                Err(error) => return self.broke(token, &error),
            };
            let heard = if line.exchange.is_some() {
                let came = match (got.when, &line.exchange) {
                    (Some(when), Some(exchange)) => offset.of(when, exchange.start, *now + AHEAD),
                    _ => clock.now(),
                };
                take(line, got, memory, came, (worker, plan))
            } else if got.bytes > 0 || matches!(got.then, Then::Ended | Then::Cut) {
                Heard::Useless
            } else {
                Heard::More
            };
            match heard {
                Heard::More => {}
                // What is left to read now belongs to no answer, and says that the line is of no use.
                Heard::Answered { reusable } => self.answered(token, reusable && !ended),
                Heard::Useless => return self.close(token),
                Heard::Failed(failure) => return self.cut_short(token, failure),
            }
            match got.then {
                Then::Again => {}
                // The end that was announced lies behind what was just read.
                Then::Wait if ended && got.bytes > 0 => {}
                Then::Wait | Then::Ended | Then::Cut => return,
            }
        }
    }

    /// The exchange on a connection is over, and the core knows it.
    fn answered(&mut self, token: Token, reusable: bool) {
        self.awaited -= 1;
        if !reusable {
            return self.close(token);
        }
        if let Some(line) = self.lines.get(token) {
            line.deadline.at = None;
        }
    }

    /// An open connection broke.
    fn broke(&mut self, token: Token, error: &io::Error) {
        let failure = Failure::new(ErrorKind::Reset, format!("the connection broke: {error}"));
        self.cut_short(token, failure);
    }

    /// An exchange on an open connection has failed. If the server had closed the idle connection
    /// while the request was on its way, what may be repeated is sent again, once, as browsers do
    /// (RFC 9110, section 9.2.2).
    fn cut_short(&mut self, token: Token, failure: Failure) {
        let exchange = self.lines.get(token).and_then(|line| line.exchange.as_mut());
        let Some(exchange) = exchange else { return self.close(token) };
        let unheard = exchange.timing.received_bytes == 0 && failure.kind == ErrorKind::Reset;
        if exchange.reused && unheard && exchange.brief.idempotent {
            exchange.timing.resent += 1;
            return self.send_again(token);
        }
        self.fail(token, failure);
    }

    /// Sends the request of a connection that turned out to be closed on a new one.
    fn send_again(&mut self, token: Token) {
        let exchange = self.lines.get(token).and_then(|line| line.exchange.take());
        self.close(token);
        if let Some(exchange) = exchange {
            self.open(exchange);
        }
    }

    /// The time of a connection's exchange is over.
    pub(super) fn expire(&mut self, now: Nanos) {
        while let Some(entry) = self.deadlines.due(now) {
            let Some(line) = self.lines.get(entry.1) else { continue };
            if !self.deadlines.is_over(&mut line.deadline, entry, now) {
                continue;
            }
            let limit = line.exchange.as_ref().map(|exchange| exchange.brief.limit);
            let failure = match (line.stage, limit) {
                (Stage::Open, Some(limit)) => not_answered(limit),
                (Stage::Open, None) => continue,
                (Stage::Waiting | Stage::Connecting | Stage::Shaking, _) => {
                    not_open(&self.plan.target, self.dialer.limit)
                }
            };
            self.fail(entry.1, failure);
        }
    }

    /// Tells the core that the exchanges of a connection have failed, and closes it.
    pub(super) fn fail(&mut self, token: Token, failure: Failure) {
        let exchange = self.lines.get(token).and_then(|line| line.exchange.take());
        let others = self.take_flights(token);
        self.close(token);
        for exchange in others {
            self.awaited -= 1;
            give(&mut self.worker, &exchange, failure.clone(), self.clock.now());
        }
        let Some(exchange) = exchange else { return };
        self.awaited -= 1;
        give(&mut self.worker, &exchange, failure, self.clock.now());
    }

    /// Closes a connection, and forgets what is under way on it.
    pub(super) fn close(&mut self, token: Token) {
        self.awaited -= self.take_flights(token).len();
        if let Some(line) = self.lines.remove(token) {
            self.hang_up(line.stage);
            self.awaited -= usize::from(line.exchange.is_some());
        }
    }
}

/// Tells the core that an exchange has failed.
pub(super) fn give(worker: &mut Worker<'_>, exchange: &Exchange, failure: Failure, end: Nanos) {
    let reply = Reply { end, timing: exchange.timing, result: Err(failure) };
    worker.reply(exchange.task, &reply, end);
}

/// Shows the bytes that came to the reader, and the answer, if it is there, to the core.
fn take(
    line: &mut Line,
    got: Got,
    memory: &mut Memory,
    came: Nanos,
    (worker, plan): (&mut Worker<'_>, &Plan),
) -> Heard {
    let Some(exchange) = &mut line.exchange else { return Heard::Useless };
    let (mut slots, mut at_end) = (http1::slots(), http1::slots());
    let Memory { plain, seen, .. } = memory;
    let bytes = plain.get(..got.bytes).unwrap_or_default();
    if got.bytes > 0 {
        exchange.hear(got.bytes, came);
    }
    let fed =
        if got.bytes > 0 { line.reader.feed_again(bytes, &mut slots, seen) } else { Ok(None) };
    let answer = match (fed, got.then) {
        (Ok(Some(answer)), _) => Ok(answer),
        (Ok(None), Then::Ended) => line.reader.end(&mut at_end),
        (Ok(None), Then::Again | Then::Wait) => return Heard::More,
        (Ok(None), Then::Cut) => {
            let message = "the connection was closed without TLS saying so";
            return Heard::Failed(Failure::new(ErrorKind::Reset, message));
        }
        (Err(broken), _) => Err(broken),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(broken) => return Heard::Failed(failure_of(&broken)),
    };
    exchange.split(came);
    let limit = plan.http.limits.max_body;
    let unpacked = if plan.http.decompress && !answer.body.is_empty() {
        unpack(answer.body, answer.headers, limit)
    } else {
        Ok(None)
    };
    let result = unpacked.as_ref().map_err(Failure::clone).map(|unpacked| {
        Answer::Http(HttpAnswer {
            status: answer.status,
            headers: answer.headers,
            body: unpacked.as_deref().unwrap_or(answer.body),
            body_bytes: answer.body_bytes,
            duration: exchange.timing.duration(),
        })
    });
    // An answer that came before the request was out leaves a connection that nobody understands.
    let reusable = answer.reusable
        && matches!(got.then, Then::Wait | Then::Again)
        && line.unsent.is_empty()
        && !exchange.brief.closes;
    let (task, timing) = (exchange.task, exchange.timing);
    worker.reply(task, &Reply { end: came, timing, result }, came);
    line.exchange = None;
    Heard::Answered { reusable }
}

fn failure_of(broken: &Broken) -> Failure {
    let kind = match broken {
        cut if cut.cut_off() => ErrorKind::Reset,
        large if large.too_large() => ErrorKind::BodyTooLarge,
        _ => ErrorKind::Protocol,
    };
    Failure::new(kind, broken.to_string())
}
