//! One connection, and what is under way on it.

use super::deadlines::Deadline;
use super::lines::Owner;
use super::mux::Mux;
use super::stream::Stream;
use crate::http1::{Asked, Keep, Reader};
use crate::http2;
use crate::plan::{Request, Timing};
use crate::units::Nanos;
use crate::walk::Task;

/// One connection to the target.
#[derive(Debug)]
pub(super) struct Line {
    /// Whom it belongs to.
    pub(super) owner: Owner,
    /// Another connection of the same user.
    pub(super) next: Option<usize>,
    pub(super) stage: Stage,
    /// None until it is its turn to connect.
    pub(super) stream: Option<Stream>,
    pub(super) reader: Reader,
    /// What could not be written yet.
    pub(super) unsent: Vec<u8>,
    /// What it carries, or is opened for.
    pub(super) exchange: Option<Exchange>,
    /// What else it carries, where it is one of HTTP/2 or may become one. In a box, because most
    /// targets of a staging system speak HTTP/1.1.
    pub(super) mux: Option<Box<Mux>>,
    pub(super) deadline: Deadline,
    /// Which of the target's addresses is tried.
    pub(super) address: usize,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits for an address, or for its turn.
    Waiting,
    /// The TCP handshake goes on.
    Connecting,
    /// The TLS handshake goes on.
    Shaking,
    /// It can carry requests.
    Open,
}

/// What is under way on a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) task: Task,
    pub(super) brief: Brief,
    pub(super) timing: Timing,
    /// Whether the connection had carried another exchange before.
    pub(super) reused: bool,
    /// When connecting began, and later the TLS handshake.
    pub(super) since: Nanos,
    /// When sending began.
    pub(super) start: Nanos,
    /// When the last byte was written.
    pub(super) sent: Nanos,
    /// When the first byte of the answer came.
    pub(super) first: Option<Nanos>,
}

/// What the driver has to know of a request after it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    pub(super) asked: Asked,
    pub(super) keep: Keep,
    /// Whether it may be sent again (RFC 9110, section 9.2.2).
    pub(super) idempotent: bool,
    /// Whether the request ends the connection.
    pub(super) closes: bool,
    /// Longest time from sending to the last byte.
    pub(super) limit: Nanos,
}

impl Brief {
    pub(super) fn of(request: &Request, limit: Nanos) -> Self {
        let head = request.method == http::Method::HEAD;
        Self {
            asked: if head { Asked::Head } else { Asked::Other },
            keep: if request.wants_body { Keep::Body } else { Keep::Nothing },
            idempotent: request.method.is_idempotent(),
            closes: request.given().close,
            limit: request.timeout.unwrap_or(limit),
        }
    }
}

impl Brief {
    /// What HTTP/2 has to know of it.
    pub(super) fn as_of_two(&self) -> (http2::Asked, http2::Keep) {
        let asked = match self.asked {
            Asked::Head => http2::Asked::Head,
            Asked::Other => http2::Asked::Other,
        };
        let keep = match self.keep {
            Keep::Body => http2::Keep::Body,
            Keep::Nothing => http2::Keep::Nothing,
        };
        (asked, keep)
    }
}

impl Exchange {
    pub(super) fn new(task: Task, brief: Brief, begun: Nanos) -> Self {
        Self {
            task,
            brief,
            timing: Timing { begun, ..Timing::default() },
            reused: false,
            since: begun,
            start: begun,
            sent: begun,
            first: None,
        }
    }

    /// Notes bytes of the answer that came at `when`.
    pub(super) fn hear(&mut self, bytes: usize, when: Nanos) {
        self.first.get_or_insert(when);
        self.timing.received_bytes += u64::try_from(bytes).unwrap_or_default();
    }

    /// Splits the time until `end` into sending, waiting and receiving.
    pub(super) fn split(&mut self, end: Nanos) {
        let first = self.first.unwrap_or(end).min(end);
        // A small answer can be here before the call that sent the request has come back.
        let sent = self.sent.max(self.start).min(first);
        self.timing.sending = sent - self.start;
        self.timing.waiting = first - sent;
        self.timing.receiving = end - first;
    }
}

impl Line {
    pub(super) fn new(owner: Owner, next: Option<usize>, reader: Reader) -> Self {
        Self {
            owner,
            next,
            stage: Stage::Waiting,
            stream: None,
            reader,
            unsent: Vec::new(),
            exchange: None,
            mux: None,
            deadline: Deadline::default(),
            address: 0,
        }
    }

    /// Whether there is something left to write.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty() || self.stream.as_ref().is_some_and(Stream::has_unsent)
    }

    /// Whether it is one of HTTP/1.1 on which a request can be sent.
    pub(super) fn is_idle(&self) -> bool {
        self.stage == Stage::Open && self.exchange.is_none() && self.mux.is_none()
    }
}
