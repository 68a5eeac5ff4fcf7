//! A stream of bytes taken apart into messages.

use super::count;
use super::opening::MAX_OPENING;
use super::sample::Lost;

/// The longest text of a query that is kept, in bytes. Longer ones are cut: what generates them
/// writes long lists, and their normal form is known by then.
pub const MAX_TEXT: usize = 64 << 10;

/// As much as is looked at of messages that begin with names. A name has 63 bytes for PostgreSQL,
/// but a client may send longer ones.
const MAX_NAMES: usize = 1 << 10;
/// As much as is looked at of a `CommandComplete`: PostgreSQL's own limit of a tag is 64.
const MAX_TAG: usize = 64;
/// As much as is looked at of an `ErrorResponse`: the SQLSTATE stands third in it, behind two
/// words such as `ERROR`.
const MAX_ERROR: usize = 128;
/// What a connection may keep of memory for messages that came in pieces, between messages.
const KEPT: usize = 512;

/// How messages of one direction are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    /// The first messages of a client, which have no type.
    Opening,
    /// What a client sends.
    Client,
    /// What a server sends.
    Server,
}

/// One message, when its last byte has come.
#[derive(Debug)]
pub(super) struct Message<'a> {
    /// Its type; 0 for those of an opening.
    pub(super) kind: u8,
    /// Its first bytes behind the head, as many as are needed of its type.
    pub(super) body: &'a [u8],
    /// All its bytes with the head.
    pub(super) size: u64,
}

/// The state between two pieces of one direction.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// The first bytes of a head, or what is kept of a body.
    carry: Vec<u8>,
    within: Option<Within>,
    /// Whether `carry` has been given out and can go.
    given: bool,
}

/// A message of which the head has come.
#[derive(Clone, Copy, Debug)]
struct Within {
    head: Head,
    /// Bytes of the body that have not come yet.
    rest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    kind: u8,
    /// Bytes behind the head.
    body: usize,
    /// How many of them are kept.
    keep: usize,
}

impl Framer {
    /// The next message that is complete; `None` when all of `bytes` has been looked at.
    #[inline]
    pub(super) fn next<'a, 'b: 'a>(
        &'a mut self,
        bytes: &mut &'b [u8],
        grammar: Grammar,
    ) -> Result<Option<Message<'a>>, Lost> {
        if self.given {
            self.forget();
        }
        if self.within.is_none() && self.carry.is_empty() {
            let Some((first, rest)) = bytes.split_at_checked(grammar.head()) else {
                return self.piece(bytes, grammar);
            };
            let head = grammar.read(first)?;
            if let Some((body, rest)) = rest.split_at_checked(head.body) {
                *bytes = rest;
                let body = body.get(..head.keep).unwrap_or(body);
                return Ok(Some(head.message(body, grammar)));
            }
        }
        self.piece(bytes, grammar)
    }

    /// Whether nothing of a message has come yet.
    pub(super) fn is_between(&self) -> bool {
        self.within.is_none() && (self.carry.is_empty() || self.given)
    }

    /// A message that does not lie whole in `bytes`.
    fn piece<'a, 'b: 'a>(
        &'a mut self,
        bytes: &mut &'b [u8],
        grammar: Grammar,
    ) -> Result<Option<Message<'a>>, Lost> {
        let mut within = if let Some(within) = self.within {
            within
        } else {
            self.keep(bytes, grammar.head());
            if self.carry.len() < grammar.head() {
                return Ok(None);
            }
            let head = grammar.read(&self.carry)?;
            self.carry.clear();
            Within { head, rest: head.body }
        };
        within.rest -= self.keep(bytes, within.head.keep);
        let (passed, rest) = bytes.split_at(within.rest.min(bytes.len()));
        *bytes = rest;
        within.rest -= passed.len();
        if within.rest > 0 {
            self.within = Some(within);
            return Ok(None);
        }
        (self.within, self.given) = (None, true);
        Ok(Some(within.head.message(&self.carry, grammar)))
    }

    /// Takes bytes until `wanted` of them are kept; says how many it took.
    fn keep(&mut self, bytes: &mut &[u8], wanted: usize) -> usize {
        let missing = wanted.saturating_sub(self.carry.len());
        let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
        self.carry.extend_from_slice(taken);
        *bytes = rest;
        taken.len()
    }

    fn forget(&mut self) {
        self.carry.clear();
        self.carry.shrink_to(KEPT);
        self.given = false;
    }
}

impl Head {
    fn message(self, body: &[u8], grammar: Grammar) -> Message<'_> {
        Message {
            kind: self.kind,
            body,
            size: count(self.body).saturating_add(count(grammar.head())),
        }
    }
}

impl Grammar {
    /// Bytes of a head: the type, where there is one, and the length.
    fn head(self) -> usize {
        match self {
            Self::Opening => 4,
            Self::Client | Self::Server => 5,
        }
    }

    #[inline]
    fn read(self, head: &[u8]) -> Result<Head, Lost> {
        let (kind, length) = match head {
            [a, b, c, d] => (0, [*a, *b, *c, *d]),
            [kind, a, b, c, d] => (*kind, [*a, *b, *c, *d]),
            _ => return Err(Lost::Length),
        };
        let wanted = match self {
            Self::Opening => MAX_OPENING,
            Self::Client => wanted_of_client(kind)?,
            Self::Server => wanted_of_server(kind)?,
        };
        // The length counts itself, and is signed.
        let length =
            usize::try_from(i32::from_be_bytes(length)).map_err(|_negative| Lost::Length)?;
        let body = length.checked_sub(4).ok_or(Lost::Length)?;
        if self == Self::Opening && length > MAX_OPENING {
            return Err(Lost::Length);
        }
        Ok(Head { kind, body, keep: wanted.min(body) })
    }
}

/// Bytes that are looked at of a client's message.
#[inline]
fn wanted_of_client(kind: u8) -> Result<usize, Lost> {
    Ok(match kind {
        // One more than is kept shows whether the text is cut.
        b'Q' => MAX_TEXT + 1,
        b'P' => MAX_TEXT + 1 + MAX_NAMES,
        b'B' | b'E' | b'C' => MAX_NAMES,
        b'D' | b'F' | b'H' | b'S' | b'X' | b'c' | b'd' | b'f' | b'p' => 0,
        _ => return Err(Lost::Type),
    })
}

/// Bytes that are looked at of a server's message.
#[inline]
fn wanted_of_server(kind: u8) -> Result<usize, Lost> {
    Ok(match kind {
        b'C' => MAX_TAG,
        b'E' => MAX_ERROR,
        b'Z' => 1,
        b'1' | b'2' | b'3' | b'A' | b'D' | b'G' | b'H' | b'I' | b'K' | b'N' | b'R' | b'S'
        | b'T' | b'V' | b'W' | b'c' | b'd' | b'n' | b's' | b't' | b'v' => 0,
        _ => return Err(Lost::Type),
    })
}
