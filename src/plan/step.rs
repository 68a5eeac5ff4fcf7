//! What a step is: it says what it wants, and is shown what came of it.

use std::fmt;
use std::sync::Arc;

use super::{Dice, Request, Variables};
use crate::http1::Headers;
use crate::names::ErrorKind;
use crate::units::Nanos;

/// One thing a virtual user does.
///
/// A step does no input or output and knows no clock: it is asked for an [`Action`], the engine
/// carries it out, and the step is shown the [`Reply`]. It changes nothing but its user's
/// variables.
pub trait Step: fmt::Debug + Send + Sync {
    /// What the step wants now. A request to be sent is written to `request`.
    fn action(&self, view: &mut View<'_>, request: &mut Request) -> Result<Action, Failure>;

    /// Looks at the answer: checks it and keeps what later steps need.
    fn settle(&self, answer: &Answer<'_>, view: &mut View<'_>) -> Outcome;
}

/// What a step may see and change: one virtual user.
#[derive(Debug)]
pub struct View<'a> {
    /// The user's variables.
    pub variables: &'a mut Variables,
    /// The user's random numbers.
    pub dice: &'a mut Dice,
    /// Number of the journey in this run.
    pub sequence: u64,
    /// Number of the virtual user.
    pub user: u64,
}

/// What a step wants. A new variant is a new protocol, and rightly touches the engine.
#[derive(Debug)]
pub enum Action {
    /// Send the request that was written.
    Send,
    /// Send this SQL statement.
    Query(Statement),
    /// Do nothing for so long.
    Wait(Nanos),
}

/// One SQL statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Index into the plan's databases.
    pub database: usize,
    /// The statement with `$1`, `$2` for its parameters.
    pub sql: Arc<str>,
    /// Values of the parameters; they are bound, never pasted.
    pub parameters: Vec<String>,
    /// Whether it may change data.
    pub allow_write: bool,
}

/// What came of an [`Action::Send`] or [`Action::Query`].
#[derive(Debug)]
pub struct Reply<'a> {
    /// When the last byte was there, or the failure was known.
    pub end: Nanos,
    /// Where the time went.
    pub timing: Timing,
    /// The answer.
    pub result: Result<Answer<'a>, Failure>,
}

/// Where the time of one exchange went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// When it was begun, whatever had to be done before sending.
    pub begun: Nanos,
    /// Whether the connection had to be opened for it.
    pub fresh: bool,
    /// Looking up the host name.
    pub looking_up: Nanos,
    /// Opening the TCP connection.
    pub connecting: Nanos,
    /// The TLS handshake.
    pub tls: Nanos,
    /// Writing the request.
    pub sending: Nanos,
    /// Waiting for the first byte.
    pub waiting: Nanos,
    /// Reading the rest.
    pub receiving: Nanos,
    /// How often it was sent again, because the target had closed the idle connection.
    pub resent: u64,
    /// Bytes written, head included.
    pub sent_bytes: u64,
    /// Bytes read, head included.
    pub received_bytes: u64,
}

impl Timing {
    /// Sending + waiting + receiving: `http_req_duration`.
    pub fn duration(&self) -> Nanos {
        self.sending + self.waiting + self.receiving
    }
}

/// An answer that arrived whole, where it lies.
#[derive(Debug)]
pub enum Answer<'a> {
    /// Of an HTTP request.
    Http(HttpAnswer<'a>),
    /// Of an SQL statement.
    Rows(&'a Rows),
}

/// The answer to an HTTP request.
#[derive(Clone, Copy, Debug)]
pub struct HttpAnswer<'a> {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Headers<'a>,
    /// Its body, decompressed, if the step wanted it; else empty.
    pub body: &'a [u8],
    /// Length of the body as it came.
    pub body_bytes: u64,
    /// The whole exchange, for checks on it.
    pub duration: Nanos,
}

/// Rows of an SQL answer, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// How many rows there were (or were changed).
    pub count: u64,
    /// Columns of the first row with their values; `None` is NULL.
    pub first: Vec<(String, Option<String>)>,
    /// The whole statement, for checks on it.
    pub duration: Nanos,
}

/// An exchange that failed before or without a complete answer, or a step that could not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind it is.
    pub kind: ErrorKind,
    /// The message for people.
    pub message: String,
}

impl Failure {
    /// A failure of `kind`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// What a step makes of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The first thing that was wrong, if any.
    pub failure: Option<Failure>,
    /// Checks that held.
    pub checks_passed: u64,
    /// Checks that did not.
    pub checks_failed: u64,
}
