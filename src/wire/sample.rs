//! What is told of a statement that ended, and of what could not be told.

use thiserror::Error;

use crate::units::Nanos;

/// Stands for the text of a request: whatever number the [`Observer`] gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u32);

/// The text of a request as the client sent it, in the client's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// All of it. A simple query can hold several statements.
    Whole(&'a [u8]),
    /// The first [`MAX_TEXT`](super::MAX_TEXT) bytes of a longer one.
    Cut(&'a [u8]),
}

impl<'a> Text<'a> {
    /// The bytes that are known.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Whole(bytes) | Self::Cut(bytes) => bytes,
        }
    }
}

/// Who is told what a [`Machine`](super::Machine) sees.
pub trait Observer {
    /// A text came with a `Parse` or `Query` message: once for each such message, not for each
    /// execution. Equal texts may get equal numbers.
    fn text(&mut self, text: Text<'_>) -> TextId;

    /// A statement ended.
    fn sample(&mut self, sample: &Sample);

    /// A statement ended, or will never be seen to end, and there is no sample of it.
    fn lost(&mut self, loss: Loss);

    /// The server let a client not in, or ended its connection between statements, and gave this
    /// SQLSTATE for it.
    fn refused(&mut self, code: [u8; 5]);
}

/// Whether an error with this SQLSTATE says that the connection is refused or has gone: class 08,
/// `too_many_connections`, and what a server says that shuts down, has crashed or starts up
/// ("PostgreSQL Error Codes", appendix A of its manual).
pub fn ends_connection(code: [u8; 5]) -> bool {
    code.starts_with(b"08") || matches!(&code, b"53300" | b"57P01" | b"57P02" | b"57P03")
}

/// One statement from its request to its end. Times are on the clock of whoever feeds the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The text of its request.
    pub text: TextId,
    /// Which statement of that text it is, from 0: a simple query can hold several.
    pub nth: u32,
    /// When the last byte of its request (`Query` or `Execute`) was passed on; of a statement that
    /// failed before it was executed, of the message that failed.
    pub sent: Nanos,
    /// When the server could begin with it: `sent`, or the end of the statement before it on this
    /// connection if that is later (pipelining, several statements in one query).
    pub began: Nanos,
    /// When the first row, or the first data of a `COPY … TO`, had passed.
    pub first_row: Option<Nanos>,
    /// When the message that ended it had passed.
    pub ended: Nanos,
    /// Rows sent to the client, or else the rows that the server says it changed.
    pub rows: u64,
    /// Bytes sent to the client from the first message of the answer to the last.
    pub bytes: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the connection was in a transaction when the server was last ready.
    pub transaction: Transaction,
}

impl Sample {
    /// What its client waited for: from [`Sample::sent`] to the end, with the time that it stood
    /// in a pipeline behind others. The later statements of a simple query count from the end of
    /// the one before, so that the sum over a query is its whole time.
    pub fn duration(&self) -> Nanos {
        self.ended.since(self.start())
    }

    /// What the server worked on it: from [`Sample::began`] to the end.
    pub fn service(&self) -> Nanos {
        self.ended.since(self.began)
    }

    /// The time to the first row, counted as [`Sample::duration`] is.
    pub fn to_first_row(&self) -> Option<Nanos> {
        self.first_row.map(|first| first.since(self.start()))
    }

    fn start(&self) -> Nanos {
        if self.nth == 0 { self.sent } else { self.began }
    }
}

/// How a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `CommandComplete`.
    Done,
    /// `EmptyQueryResponse`: there was nothing to do.
    Empty,
    /// `PortalSuspended`: a part of its rows was asked for, and there are more.
    Suspended,
    /// `ErrorResponse` with this SQLSTATE; zeros if the server gave none.
    Failed([u8; 5]),
}

/// The state of a connection as `ReadyForQuery` tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transaction {
    /// In none.
    #[default]
    Idle,
    /// In a transaction.
    Open,
    /// In a transaction that failed and has not been rolled back.
    Failed,
}

/// Why there is no sample of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// Its text is not known: prepared by SQL, executed as a cursor, or beyond the statements
    /// and portals that are remembered.
    UnknownStatement,
    /// More was under way on its connection than is remembered.
    Pipeline,
    /// The connection ended before it did.
    Closed,
    /// It was under way when the machine lost its way.
    Unreadable,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::UnknownStatement, Self::Pipeline, Self::Closed, Self::Unreadable];

    /// In words for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::UnknownStatement => "its text is not known",
            Self::Pipeline => "the pipeline was too long",
            Self::Closed => "its connection ended",
            Self::Unreadable => "its connection could not be read further",
        }
    }
}

/// Why a machine can't follow its connection any more. The bytes go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum Lost {
    /// A message says that it is shorter than its own length field, or longer than 2 GiB.
    #[error("a message with an impossible length")]
    Length,
    /// A message of a type that there is not.
    #[error("a message of an unknown type")]
    Type,
    /// The connection was opened with a version of the protocol that is not 3.
    #[error("a protocol version other than 3")]
    Version,
    /// Something was sent while the answer to a request for encryption was waited for.
    #[error("a disordered negotiation of encryption")]
    Negotiation,
    /// An answer to nothing that was asked.
    #[error("an answer that was not asked for")]
    Unexpected,
}

impl Lost {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Length, Self::Type, Self::Version, Self::Negotiation, Self::Unexpected];
}

/// A connection that is passed on and, as is right, not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Passed {
    /// It is encrypted between client and server.
    Encrypted,
    /// It carries a request to cancel what another connection does.
    Cancel,
    /// It carries a stream of replication.
    Replication,
    /// The server refused it before it was opened.
    Refused,
}
