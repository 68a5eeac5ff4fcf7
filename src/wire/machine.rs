//! One connection: both directions, and what the client asks.

use super::current::Current;
use super::framer::{Framer, Grammar, MAX_TEXT, Message};
use super::held::Held;
use super::opening::{Opening, TLS_HANDSHAKE};
use super::queue::{Expected, Queue, Room};
use super::sample::{Loss, Lost, Observer, Passed, Text};
use crate::units::Nanos;

/// The machine of one connection. Its memory is bounded by [`MAX_STATEMENTS`](super::MAX_STATEMENTS),
/// [`MAX_PORTALS`](super::MAX_PORTALS), [`MAX_EXPECTED`](super::MAX_EXPECTED) and [`MAX_TEXT`],
/// and is some hundred bytes while nothing is under way.
#[derive(Debug, Default)]
pub struct Machine {
    client: Framer,
    server: Framer,
    session: Session,
}

/// How far a machine can follow its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing but negotiations has passed.
    #[default]
    Opening,
    /// The server is asked for encryption and has not answered.
    Negotiating,
    /// A session is followed.
    Session,
    /// The connection is not looked into.
    Passed(Passed),
    /// It can't be followed any more.
    Lost(Lost),
}

/// What is known of the session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) state: State,
    pub(super) held: Held,
    pub(super) queue: Queue,
    pub(super) current: Current,
    /// The server skips what the client sends until it says `Sync`.
    pub(super) skipping: bool,
    /// The query at the front has failed: what follows is only the end of its answer.
    pub(super) failed: bool,
    pub(super) copy: Copying,
}

/// Whether the server takes data of a `COPY … FROM STDIN`, and who asked for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Copying {
    #[default]
    No,
    /// A `Query`.
    Simple,
    /// An `Execute`.
    Extended,
}

impl Machine {
    /// A machine for a connection on which nothing has passed.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far it can follow.
    pub fn state(&self) -> State {
        self.session.state
    }

    /// These bytes of the client were passed on, at this time.
    #[inline]
    pub fn client(&mut self, bytes: &[u8], at: Nanos, observer: &mut dyn Observer) {
        let mut rest = bytes;
        while let Some(grammar) = self.session.client_grammar() {
            if grammar == Grammar::Opening
                && self.client.is_between()
                && rest.first() == Some(&TLS_HANDSHAKE)
            {
                self.session.state = State::Passed(Passed::Encrypted);
                return;
            }
            let told = match self.client.next(&mut rest, grammar) {
                Ok(None) => return,
                Ok(Some(message)) => self.session.asked(&message, at, observer),
                Err(lost) => Err(lost),
            };
            if let Err(lost) = told {
                self.session.lose(lost, observer);
            }
        }
        if self.session.state == State::Negotiating && !rest.is_empty() {
            self.session.lose(Lost::Negotiation, observer);
        }
    }

    /// These bytes of the server were passed on, at this time.
    #[inline]
    pub fn server(&mut self, bytes: &[u8], at: Nanos, observer: &mut dyn Observer) {
        let mut rest = bytes;
        if self.session.state == State::Negotiating
            && let Some((answer, more)) = rest.split_first()
        {
            self.session.negotiated(*answer);
            rest = more;
        }
        while self.session.state == State::Session {
            let told = match self.server.next(&mut rest, Grammar::Server) {
                Ok(None) => return,
                Ok(Some(message)) => self.session.answered(&message, at, observer),
                Err(lost) => Err(lost),
            };
            if let Err(lost) = told {
                self.session.lose(lost, observer);
            }
        }
        if self.session.state == State::Opening && !rest.is_empty() {
            self.session.lose(Lost::Unexpected, observer);
        }
    }

    /// The connection has ended. What was under way is lost.
    pub fn closed(&mut self, observer: &mut dyn Observer) {
        self.session.abandon(Loss::Closed, observer);
    }
}

impl Session {
    fn client_grammar(&self) -> Option<Grammar> {
        match self.state {
            State::Opening => Some(Grammar::Opening),
            State::Session => Some(Grammar::Client),
            State::Negotiating | State::Passed(_) | State::Lost(_) => None,
        }
    }

    fn negotiated(&mut self, answer: u8) {
        self.state = match answer {
            b'S' | b'G' => State::Passed(Passed::Encrypted),
            b'N' => State::Opening,
            // A server that does not know the question answers with an `ErrorResponse`.
            b'E' => State::Passed(Passed::Refused),
            _ => State::Lost(Lost::Negotiation),
        };
    }

    fn lose(&mut self, lost: Lost, observer: &mut dyn Observer) {
        self.state = State::Lost(lost);
        self.abandon(Loss::Unreadable, observer);
        (self.held, self.copy) = (Held::default(), Copying::No);
    }

    fn abandon(&mut self, loss: Loss, observer: &mut dyn Observer) {
        // The statement of a query that has failed was told.
        let told = usize::from(std::mem::take(&mut self.failed));
        for _ in told..self.queue.abandon() {
            observer.lost(loss);
        }
    }

    /// A message of the client.
    #[inline]
    fn asked(
        &mut self,
        message: &Message<'_>,
        at: Nanos,
        observer: &mut dyn Observer,
    ) -> Result<(), Lost> {
        if self.state == State::Opening {
            return self.opened(message);
        }
        let expected = match message.kind {
            b'S' => {
                // One within a copy is for nothing.
                if !self.skipping && self.copy != Copying::No {
                    return Ok(());
                }
                self.skipping = false;
                Expected::Sync { stamp: self.held.stamp() }
            }
            b'c' | b'f' => {
                let early = self.copy == Copying::No && !self.queue.is_empty() && !self.skipping;
                self.copy = Copying::No;
                if !early {
                    return Ok(());
                }
                Expected::CopyEnd
            }
            b'H' | b'X' | b'd' | b'p' => return Ok(()),
            _ if self.skipping => return Ok(()),
            _ => {
                // Any other message ends a copy with an error. Within a query the server takes
                // it for a part of the copy and answers nothing, so nothing can be told further.
                if std::mem::take(&mut self.copy) == Copying::Simple {
                    return Err(Lost::Unexpected);
                }
                self.understood(message, at, observer)
            }
        };
        let runs = matches!(expected, Expected::Query { .. } | Expected::Execute { .. });
        if self.queue.push(expected) == Room::None && runs {
            observer.lost(Loss::Pipeline);
        }
        Ok(())
    }

    fn opened(&mut self, message: &Message<'_>) -> Result<(), Lost> {
        self.state = match Opening::read(message.body)? {
            Opening::Tls | Opening::Gss => State::Negotiating,
            Opening::Cancel => State::Passed(Passed::Cancel),
            Opening::Replication => State::Passed(Passed::Replication),
            Opening::Session => {
                // The queue is empty, so there is room.
                self.queue.push(Expected::Startup);
                State::Session
            }
        };
        Ok(())
    }

    /// What the server will have to answer to a message.
    #[inline]
    fn understood(
        &mut self,
        message: &Message<'_>,
        sent: Nanos,
        observer: &mut dyn Observer,
    ) -> Expected {
        let body = message.body;
        match message.kind {
            b'Q' => Expected::Query { text: observer.text(text(body)), sent },
            b'P' => {
                let (name, rest) = word(body);
                let text = observer.text(text(rest));
                Expected::Parse { text, sent, undo: self.held.parse(name, text) }
            }
            b'B' => {
                let (portal, rest) = word(body);
                let (statement, _) = word(rest);
                Expected::Bind { text: self.held.bind(portal, statement), sent }
            }
            b'E' => {
                let (portal, _) = word(body);
                Expected::Execute { text: self.held.portal(portal), sent }
            }
            b'C' => {
                let (kind, name) = body.split_first().unwrap_or((&0, &[]));
                let (name, _) = word(name);
                let undo = if *kind == b'S' { self.held.close(name) } else { None };
                if *kind == b'P' {
                    self.held.close_portal(name);
                }
                Expected::Close { undo }
            }
            b'D' => Expected::Describe,
            // The framer gives no types but those that are here and above.
            _ => Expected::Function,
        }
    }
}

/// What stands before the first zero, and what behind it.
#[inline]
fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (word, rest) = bytes.split_at(end);
    (word, rest.get(1..).unwrap_or_default())
}

#[inline]
fn text(bytes: &[u8]) -> Text<'_> {
    let (text, _) = word(bytes);
    text.get(..MAX_TEXT).filter(|cut| cut.len() < text.len()).map_or(Text::Whole(text), Text::Cut)
}
