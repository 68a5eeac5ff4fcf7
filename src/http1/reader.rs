//! The reader of a connection's answers.

use std::{fmt, mem};

use super::broken::{Broken, shown};
use super::chunks::{Chunks, Part};
use super::head::{self, Ends, Head, Line, Slots};
use super::seen::{Known, Seen};
use super::{Headers, count};

/// Most interim answers (1xx) before an answer: a server that sends more of them will not end.
pub const MAX_INTERIM: usize = 100;

/// What a buffer may keep for the next answer, in bytes. A virtual user that waits for minutes
/// does not hold the memory of its largest answer.
const KEPT: usize = 64 << 10;
/// Most memory taken for a body because its length was announced, in bytes; beyond it, memory
/// is taken as the body comes.
const TRUSTED: u64 = 1 << 20;

/// What the request decides about its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `HEAD`: no body follows, whatever the head says.
    Head,
    /// Any other method.
    Other,
}

/// What is done with the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is kept and given out with the answer.
    Body,
    /// It is counted and thrown away.
    Nothing,
}

/// What an answer may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest head, in bytes; each interim answer has one of its own.
    pub head: usize,
    /// Longest body as it comes (still compressed, without chunk framing), in bytes.
    pub body: u64,
    /// Longest trailers with their empty line, in bytes.
    pub trailers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 256 << 10, body: 16 << 20, trailers: 16 << 10 }
    }
}

/// One answer, borrowed from the bytes that came or from the reader.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status, from 200 to 999: interim answers are skipped.
    pub status: u16,
    /// The headers; not the trailers, which are skipped.
    pub headers: Headers<'a>,
    /// The body without the transfer coding; empty with [`Keep::Nothing`].
    pub body: &'a [u8],
    /// Length of the body as it came (still compressed), without chunk framing.
    pub body_bytes: u64,
    /// Whether the connection can carry another request: the server keeps it open by version and
    /// `Connection`, the end of the body was known, and nothing came after or before it unasked.
    pub reusable: bool,
}

/// Reads one answer after another from the pieces in which they come.
///
/// It lives as long as its connection. Between answers that came whole it holds no memory;
/// otherwise at most 64 KiB each for a head and a body are kept for the next one. Within an
/// answer it holds at most the limits of the head and, with [`Keep::Body`], of the body (twice
/// that while the buffer grows).
pub struct Reader {
    limits: Limits,
    phase: Phase,
    asked: Asked,
    keep: Keep,
    /// Whether bytes came that nobody asked for, or an answer was not read to its end.
    spoiled: bool,
    /// Whether the server keeps the connection open after this answer.
    open: bool,
    interim: usize,
    /// The head of an answer that did not come whole.
    head: Vec<u8>,
    line: Line,
    framing: Framing,
    /// The body of an answer that did not come whole.
    body: Vec<u8>,
    body_bytes: u64,
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No answer is expected.
    Idle,
    /// In a head, or before its first byte.
    Head,
    /// In a body; the head is kept.
    Body,
    /// Nothing more is read: what came could not be, or the peer has closed.
    Over,
}

/// What is left of a body.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length(u64),
    Chunks(Chunks),
    UntilClose,
}

/// Where a complete body lies.
enum Body<'i> {
    Input(&'i [u8]),
    Kept,
}

impl fmt::Debug for Reader {
    /// Shows where it stands, and nothing of what came: that may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("phase", &self.phase)
            .field("spoiled", &self.spoiled)
            .field("head", &self.head.len())
            .field("body_bytes", &self.body_bytes)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader for a new connection, on which nothing is expected yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::Idle,
            asked: Asked::Other,
            keep: Keep::Nothing,
            spoiled: false,
            open: false,
            interim: 0,
            head: Vec::new(),
            line: Line::Begun,
            framing: Framing::UntilClose,
            body: Vec::new(),
            body_bytes: 0,
        }
    }

    /// Begins an answer. An answer that is still going on is given up, and makes the connection
    /// unusable, as bytes do that came before.
    #[inline]
    pub fn begin(&mut self, asked: Asked, keep: Keep) {
        self.empty();
        self.spoiled |= self.phase != Phase::Idle;
        self.phase = Phase::Head;
        (self.asked, self.keep) = (asked, keep);
        (self.interim, self.line, self.body_bytes) = (0, Line::Begun, 0);
    }

    /// Gives back what the last answer took beyond 64 KiB; [`Reader::begin`] does so too. It is
    /// for a connection that will rest for a while. Within an answer it does nothing.
    pub fn release(&mut self) {
        if !matches!(self.phase, Phase::Head | Phase::Body) {
            self.empty();
        }
    }

    #[inline]
    fn empty(&mut self) {
        for buffer in [&mut self.head, &mut self.body] {
            buffer.clear();
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }

    /// Whether a byte of the current answer (an interim one included) has come.
    pub fn begun(&self) -> bool {
        match self.phase {
            Phase::Idle | Phase::Over => false,
            Phase::Head => self.interim > 0 || !self.head.is_empty(),
            Phase::Body => true,
        }
    }

    /// Whether a request can be sent: no answer is awaited, nothing came unasked, no answer was
    /// given up or could not be read.
    pub fn usable(&self) -> bool {
        self.phase == Phase::Idle && !self.spoiled
    }

    /// Shows the next bytes. `None`: the answer goes on, or none is awaited.
    pub fn feed<'a>(
        &'a mut self,
        input: &'a [u8],
        slots: &'a mut Slots<'a>,
    ) -> Result<Option<Answer<'a>>, Broken> {
        if self.awaits_head(input) {
            self.read(input, slots, None)
        } else {
            self.go_on(input, slots)
        }
    }

    /// The same, for a server whose answers have heads that `seen` knows.
    pub fn feed_again<'a>(
        &'a mut self,
        input: &'a [u8],
        slots: &'a mut Slots<'a>,
        seen: &'a mut Seen,
    ) -> Result<Option<Answer<'a>>, Broken> {
        if !self.awaits_head(input) {
            return self.go_on(input, slots);
        }
        if self.asked == Asked::Head {
            return self.read(input, slots, None);
        }
        match seen.find(input) {
            None => self.read(input, slots, Some(seen)),
            Some(at) => match seen.get(at).filter(|head| head.length() <= self.limits.head) {
                Some(known) => self.read_known(input, known),
                None => self.read(input, slots, None),
            },
        }
    }

    /// Whether the head of an answer may begin with these bytes, and end with them too.
    #[inline]
    fn awaits_head(&self, input: &[u8]) -> bool {
        self.phase == Phase::Head && self.head.is_empty() && !head::interim(input)
    }

    /// Reads an answer from its first byte; its head is remembered in `seen`.
    fn read<'a>(
        &'a mut self,
        input: &'a [u8],
        slots: &'a mut Slots<'a>,
        seen: Option<&mut Seen>,
    ) -> Result<Option<Answer<'a>>, Broken> {
        self.phase = Phase::Over;
        let fits = |head: &Head<'_>| head.length <= self.limits.head;
        let Some(head) = head::parse(input, slots).filter(fits) else {
            return self.wait_for_head(input).map(|()| None);
        };
        let framing = head.framing(self.asked)?;
        if let Some(seen) = seen {
            seen.learn(input, &head, framing);
        }
        self.expect(framing)?;
        self.after_head(input, head.length, (head.status, Headers::new(head.headers)))
    }

    /// Reads an answer that begins with a head that is known.
    #[inline]
    fn read_known<'a>(
        &'a mut self,
        input: &'a [u8],
        head: &'a Known,
    ) -> Result<Option<Answer<'a>>, Broken> {
        self.phase = Phase::Over;
        self.expect(head.framing)?;
        self.after_head(input, head.length(), (head.status, Headers::known(head)))
    }

    /// Reads what follows a head of this length.
    #[inline]
    fn after_head<'a>(
        &'a mut self,
        input: &'a [u8],
        length: usize,
        head: (u16, Headers<'a>),
    ) -> Result<Option<Answer<'a>>, Broken> {
        let (first, mut rest) = input.split_at_checked(length).unwrap_or_default();
        let Some(body) = self.body(&mut rest)? else {
            self.head.extend_from_slice(first);
            self.phase = Phase::Body;
            return Ok(None);
        };
        let reusable = self.complete(rest);
        Ok(Some(self.answer(head, body, reusable)))
    }

    /// The peer has sent its last byte: completes a body that lasts until then, else says what is
    /// missing. Nothing is read afterwards.
    pub fn end<'a>(&'a mut self, slots: &'a mut Slots<'a>) -> Result<Answer<'a>, Broken> {
        let (begun, came) = (self.begun(), self.body_bytes);
        match (mem::replace(&mut self.phase, Phase::Over), self.framing) {
            (Phase::Head, _) if begun => Err(Broken::CutInHead),
            (Phase::Idle | Phase::Head | Phase::Over, _) => Err(Broken::Closed),
            (Phase::Body, Framing::Length(left)) => {
                Err(Broken::CutInBody { came, length: came.saturating_add(left) })
            }
            (Phase::Body, Framing::Chunks(_)) => Err(Broken::CutInChunks(came)),
            (Phase::Body, Framing::UntilClose) => {
                let head = head::parse(&self.head, slots).ok_or_else(|| head::wrong(&self.head))?;
                Ok(self.answer((head.status, Headers::new(head.headers)), Body::Kept, false))
            }
        }
    }

    /// Reads on where an answer did not come whole, or has interim answers before it.
    fn go_on<'a>(
        &'a mut self,
        input: &'a [u8],
        slots: &'a mut Slots<'a>,
    ) -> Result<Option<Answer<'a>>, Broken> {
        let mut rest = input;
        match mem::replace(&mut self.phase, Phase::Over) {
            Phase::Over => return Ok(None),
            Phase::Idle => {
                self.spoiled |= !input.is_empty();
                self.phase = Phase::Idle;
                return Ok(None);
            }
            Phase::Head => {
                if self.heads(&mut rest)?.is_none() {
                    self.phase = Phase::Head;
                    return Ok(None);
                }
            }
            Phase::Body => {}
        }
        let Some(body) = self.body(&mut rest)? else {
            self.phase = Phase::Body;
            return Ok(None);
        };
        let reusable = self.complete(rest);
        let head = head::parse(&self.head, slots).ok_or_else(|| head::wrong(&self.head))?;
        Ok(Some(self.answer((head.status, Headers::new(head.headers)), body, reusable)))
    }

    /// Keeps the beginning of a head that [`head::parse`] did not take: it is not complete, too
    /// long or not well formed. The last is said when it is complete, so that an answer is
    /// refused for the same reason in whatever pieces it comes.
    fn wait_for_head(&mut self, input: &[u8]) -> Result<(), Broken> {
        let mut rest = input;
        if self.gather(&mut rest)?.is_some() {
            return Err(head::wrong(&self.head));
        }
        self.phase = Phase::Head;
        Ok(())
    }

    /// Takes heads from the front of `rest`, to the end of the one that is not of an interim
    /// answer; `None` when it goes on.
    fn heads(&mut self, rest: &mut &[u8]) -> Result<Option<()>, Broken> {
        while self.gather(rest)?.is_some() {
            let mut slots = head::slots();
            let head =
                head::parse(&self.head, &mut slots).ok_or_else(|| head::wrong(&self.head))?;
            match head.status {
                101 => return Err(Broken::Switched),
                100..=199 if self.interim == MAX_INTERIM => return Err(Broken::TooManyInterim),
                100..=199 => {
                    self.interim += 1;
                    self.head.clear();
                    self.line = Line::Begun;
                }
                _ => {
                    let framing = head.framing(self.asked)?;
                    return self.expect(framing).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Adds to the head what belongs to it of `rest`; `None` when it goes on.
    ///
    /// Only new bytes are looked at, so that a head that comes byte by byte costs no more than
    /// twice one that comes whole.
    fn gather(&mut self, rest: &mut &[u8]) -> Result<Option<()>, Broken> {
        let limit = self.limits.head;
        let end = self.line.find_empty(rest);
        let (new, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
        let room = limit.saturating_add(1).saturating_sub(self.head.len());
        self.head.extend_from_slice(new.get(..room).unwrap_or(new));
        if !head::plausible(&self.head) {
            return Err(Broken::NotHttp(shown(&self.head)));
        }
        if self.head.len() > limit {
            return Err(Broken::HeadTooLong(limit));
        }
        *rest = after;
        Ok(end.map(|_| ()))
    }

    /// What the head said of the body holds from here.
    fn expect(&mut self, (ends, open): (Ends, bool)) -> Result<(), Broken> {
        self.open = open;
        self.framing = match ends {
            Ends::AtOnce => Framing::Length(0),
            Ends::After(length) if length > self.limits.body => {
                return Err(Broken::BodyTooLarge(self.limits.body));
            }
            Ends::After(length) => Framing::Length(length),
            Ends::WithLastChunk => Framing::Chunks(Chunks::new(self.limits)),
            Ends::WithConnection => Framing::UntilClose,
        };
        Ok(())
    }

    /// Takes the body from the front of `rest`; `None` when it goes on.
    fn body<'i>(&mut self, rest: &mut &'i [u8]) -> Result<Option<Body<'i>>, Broken> {
        match self.framing {
            Framing::Length(left) => {
                let data = take(rest, left);
                self.body_bytes += count(data.len());
                let after = left - count(data.len());
                self.framing = Framing::Length(after);
                if after == 0 && self.body.is_empty() {
                    return Ok(Some(Body::Input(data)));
                }
                self.store(data, left);
                Ok((after == 0).then_some(Body::Kept))
            }
            Framing::Chunks(chunks) => self.chunks(chunks, rest),
            Framing::UntilClose => {
                let data = mem::take(rest);
                self.body_bytes = self.body_bytes.saturating_add(count(data.len()));
                if self.body_bytes > self.limits.body {
                    return Err(Broken::BodyTooLarge(self.limits.body));
                }
                self.store(data, 0);
                Ok(None)
            }
        }
    }

    /// Takes chunks. A body of one chunk that is in `rest` as a whole stays where it lies.
    fn chunks<'i>(
        &mut self,
        mut chunks: Chunks,
        rest: &mut &'i [u8],
    ) -> Result<Option<Body<'i>>, Broken> {
        let mut only: &[u8] = &[];
        loop {
            match chunks.next(rest)? {
                Part::Data(data) => {
                    self.body_bytes += count(data.len());
                    self.store(mem::replace(&mut only, data), 0);
                }
                Part::End if self.body.is_empty() => return Ok(Some(Body::Input(only))),
                Part::End => {
                    self.store(only, 0);
                    return Ok(Some(Body::Kept));
                }
                Part::More => {
                    self.store(only, 0);
                    self.framing = Framing::Chunks(chunks);
                    return Ok(None);
                }
            }
        }
    }

    /// Keeps a piece of the body, of which `announced` bytes are still to come, this piece
    /// included.
    fn store(&mut self, data: &[u8], announced: u64) {
        if self.keep == Keep::Nothing {
            return;
        }
        if self.body.is_empty() {
            self.body.reserve_exact(usize::try_from(announced.min(TRUSTED)).unwrap_or_default());
        }
        self.body.extend_from_slice(data);
    }

    /// The answer has come whole, and `rest` after it. Returns whether the connection can carry
    /// another request.
    fn complete(&mut self, rest: &[u8]) -> bool {
        self.phase = Phase::Idle;
        self.spoiled |= !rest.is_empty();
        self.open && !self.spoiled
    }

    fn answer<'a>(
        &'a self,
        (status, headers): (u16, Headers<'a>),
        body: Body<'a>,
        reusable: bool,
    ) -> Answer<'a> {
        let body = match (self.keep, body) {
            (Keep::Nothing, _) => &[],
            (Keep::Body, Body::Input(data)) => data,
            (Keep::Body, Body::Kept) => &self.body,
        };
        Answer { status, headers, body, body_bytes: self.body_bytes, reusable }
    }
}

/// Takes at most `most` bytes from the front of `rest`.
fn take<'i>(rest: &mut &'i [u8], most: u64) -> &'i [u8] {
    let length = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
    let (data, after) = rest.split_at_checked(length).unwrap_or_default();
    *rest = after;
    data
}

#[cfg(test)]
mod tests;
