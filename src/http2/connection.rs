//! The client's side of a connection.

use super::broken::{Broken, Code, Stopped};
use super::decoder::Decoder;
use super::encoder::{Block, Encoder};
use super::frame::{self, ACK, END_HEADERS, END_STREAM, Frame, HEADER, Kind};
use super::head::Head;
use super::seen::Seen;
use super::settings::{self, MOST_WINDOW, Settings, USUAL_WINDOW};
use super::streams::{Ends, MOST_STREAMS, Place, Question, Streams, Took};

mod data;
mod reading;
#[cfg(test)]
mod tests;

/// What a client begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The window of a stream, in bytes: bodies are taken as they come, so that it is never what an
/// answer waits for. hyper has the same.
const STREAM_WINDOW: u32 = 2 << 20;
/// The window of a connection, in bytes.
const CONNECTION_WINDOW: u32 = 5 << 20;

/// Streams that may be begun before the server has said how many, as the standard recommends it
/// for the least that a server should allow (RFC 9113, section 6.5.2).
const STREAMS_AT_FIRST: usize = 100;

/// Most frames that one head may come in. All that are well need a sixteenth of it.
pub const MAX_CONTINUATIONS: usize = 128;

/// Most frames in a row that bring no answer on: pings, settings, empty data, what comes for
/// streams that are over. Each costs a little work, and some an answer.
pub const MAX_BARREN: u32 = 10_000;

/// What answers may cost at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest head: of its block, in bytes, and of its fields with 32 bytes for each.
    pub head: usize,
    /// Longest body as it comes (still compressed), in bytes.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 256 << 10, body: 16 << 20 }
    }
}

/// One answer, borrowed from the bytes that came or from the connection.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Its status and fields; not the trailers, which are skipped.
    pub head: &'a Head,
    /// The body; empty with [`super::Keep::Nothing`].
    pub body: &'a [u8],
    /// Length of the body as it came (still compressed).
    pub body_bytes: u64,
}

/// What the bytes that came mean for the exchanges, each by its key.
#[derive(Debug)]
pub enum Event<'a> {
    /// The head is there, and more follows.
    Begun(usize),
    /// The answer is complete.
    Answered(usize, Answer<'a>),
    /// There is no answer. The connection goes on.
    Failed(usize, Stopped),
    /// The server has not processed the request, so that it may be sent again.
    Refused(usize),
    /// The bytes are used up.
    More,
}

/// One connection.
///
/// It holds one head, half a frame and, for each stream under way, a head and at most the limit of
/// a body.
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    /// What the server has said.
    settings: Settings,
    /// Whether it has said anything yet.
    greeted: Greeted,
    encoder: Encoder,
    decoder: Decoder,
    streams: Streams,
    /// What may still be sent and come on the whole connection, in bytes.
    may_send: i64,
    may_come: i64,
    /// What has come since the server was told so, in bytes.
    came: u32,
    /// Streams of which a part of the request's body waits.
    waiting: usize,
    /// The last stream that the server will process, and why it leaves, once it does.
    leaving: Option<(u32, Code)>,
    barren: u32,
    reading: reading::Reading,
    /// A head that was decoded last.
    scratch: Head,
    /// The stream whose answer was given out, and whose memory it was lent from.
    lent: Option<usize>,
}

/// Whether the server has begun with its settings (RFC 9113, section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeted {
    Yes,
    NotYet,
}

/// What one step came to.
enum Step<'i> {
    On,
    More,
    Told(Told<'i>),
}

/// An event before it borrows.
enum Told<'i> {
    Begun(usize),
    /// With the body, if it lies in the input.
    Answered(usize, &'i [u8]),
    Failed(usize, Stopped),
    Refused(usize),
}

impl Connection {
    /// Begins a connection, and appends what a client begins with to `out`.
    pub fn new(limits: Limits, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(PREFACE);
        let ours = [
            (settings::ENABLE_PUSH, 0),
            (settings::INITIAL_WINDOW, STREAM_WINDOW),
            (settings::HEAD_SIZE, u32::try_from(limits.head).unwrap_or(u32::MAX)),
        ];
        Frame { length: 18, kind: Kind::Settings, flags: 0, stream: 0 }.put(out);
        for (id, value) in ours {
            settings::put(id, value, out);
        }
        frame::put_window(0, CONNECTION_WINDOW - USUAL_WINDOW, out);
        Self {
            limits,
            settings: Settings::default(),
            greeted: Greeted::NotYet,
            encoder: Encoder::new(),
            decoder: Decoder::new(),
            streams: Streams::new(),
            may_send: i64::from(USUAL_WINDOW),
            may_come: i64::from(CONNECTION_WINDOW),
            came: 0,
            waiting: 0,
            leaving: None,
            barren: 0,
            reading: reading::Reading::default(),
            scratch: Head::default(),
            lent: None,
        }
    }

    /// Whether a stream can be begun now. Where it can't, one can when another has ended, unless
    /// the connection [ends](Connection::is_leaving).
    pub fn has_room(&self) -> bool {
        let most = match (self.settings.streams, self.greeted) {
            (Some(most), _) => super::wide(most).min(MOST_STREAMS),
            (None, Greeted::Yes) => MOST_STREAMS,
            (None, Greeted::NotYet) => STREAMS_AT_FIRST,
        };
        !self.is_leaving() && self.streams.len() < most
    }

    /// Whether no stream will ever be begun on it again: the server said so, or there are no
    /// numbers left. Those under way go on.
    pub fn is_leaving(&self) -> bool {
        self.leaving.is_some() || !self.streams.has_numbers()
    }

    /// Why the server leaves, if it said so.
    pub fn why_leaving(&self) -> Option<Code> {
        self.leaving.map(|(_, code)| code)
    }

    /// Streams that are under way.
    pub fn under_way(&self) -> usize {
        self.streams.len()
    }

    /// The keys of all exchanges that are under way.
    pub fn keys(&self) -> impl Iterator<Item = usize> {
        self.streams.iter().map(|stream| stream.key)
    }

    /// Begins a stream: appends the head, whose fields `write` gives, and as much of the body as
    /// may be sent. Gives the number of the stream; `None` where there is [no room](Self::has_room).
    pub fn send(
        &mut self,
        question: &Question<'_>,
        write: impl FnOnce(&mut Block<'_>),
        out: &mut Vec<u8>,
    ) -> Option<u32> {
        if !self.has_room() {
            return None;
        }
        let at = self.streams.begin(question, (self.settings.window, STREAM_WINDOW));
        let id = self.streams.get(at).map(|stream| stream.id)?;
        let start = out.len();
        let ends = if question.body.is_empty() { END_STREAM } else { 0 };
        let head = Frame { length: 0, kind: Kind::Headers, flags: ends, stream: id };
        head.put(out);
        write(&mut self.encoder.begin(out));
        self.finish_head(head, start, out);
        if !question.body.is_empty() {
            self.waiting += 1;
            self.pour(at, question.body, out);
        }
        Some(id)
    }

    /// Fills in the length of a head that begins at `start`, or cuts it into frames that the
    /// server takes.
    fn finish_head(&self, head: Frame, start: usize, out: &mut Vec<u8>) {
        let most = super::wide(self.settings.frame);
        let length = out.len().saturating_sub(start + HEADER);
        let mut frame = Frame { length: super::short(length), ..head };
        if length <= most {
            frame.flags |= END_HEADERS;
            if let Some(place) = out.get_mut(start..start + HEADER) {
                place.copy_from_slice(&frame.bytes());
            }
            return;
        }
        let block = out.split_off(start + HEADER);
        out.truncate(start);
        let mut pieces = block.chunks(most).peekable();
        while let Some(piece) = pieces.next() {
            frame.length = super::short(piece.len());
            if pieces.peek().is_none() {
                frame.flags |= END_HEADERS;
            }
            frame.put(out);
            out.extend_from_slice(piece);
            frame = Frame { length: 0, kind: Kind::Continuation, flags: 0, stream: head.stream };
        }
    }

    /// An exchange of which a part of the request's body can be sent now: its key and its stream.
    pub fn next_hungry(&self) -> Option<(usize, u32)> {
        if self.waiting == 0 || self.may_send <= 0 {
            return None;
        }
        let hungry = self.streams.iter().find(|stream| stream.unsent > 0 && stream.may_send > 0);
        hungry.map(|stream| (stream.key, stream.id))
    }

    /// Appends as much of a request's body as may be sent now; `body` is all of it.
    pub fn feed(&mut self, stream: u32, body: &[u8], out: &mut Vec<u8>) {
        if let Place::Here(at) = self.streams.find(stream) {
            self.pour(at, body, out);
        }
    }

    /// Gives a stream up. What still comes for it is ignored.
    pub fn cancel(&mut self, stream: u32, out: &mut Vec<u8>) {
        if let Place::Here(at) = self.streams.find(stream) {
            self.drop_stream(at, Some(Code::CANCEL), out);
            self.streams.free(at);
        }
    }

    /// Says good-bye: what is wrong, or that nothing is.
    pub fn leave(&mut self, code: Code, out: &mut Vec<u8>) {
        frame::put_go_away(code, out);
    }

    /// Takes the next event from the front of `input`. Frames that answer the server's are appended
    /// to `out`.
    ///
    /// After an error the connection can carry nothing more: the server is told [why](Self::leave)
    /// and all exchanges have failed.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        seen: &mut Seen,
        out: &mut Vec<u8>,
    ) -> Result<Event<'a>, Broken> {
        if let Some(lent) = self.lent.take() {
            self.streams.free(lent);
        }
        let told = loop {
            match self.step(input, seen, out)? {
                Step::On => {}
                Step::More => return Ok(Event::More),
                Step::Told(told) => break told,
            }
        };
        Ok(match told {
            Told::Begun(key) => Event::Begun(key),
            Told::Failed(key, why) => Event::Failed(key, why),
            Told::Refused(key) => Event::Refused(key),
            Told::Answered(at, lent) => {
                self.lent = Some(at);
                let Some(stream) = self.streams.get(at) else { return Ok(Event::More) };
                let body = if lent.is_empty() { stream.body.as_slice() } else { lent };
                let (head, body_bytes) = (stream.head(), stream.body_bytes);
                Event::Answered(stream.key, Answer { head, body, body_bytes })
            }
        })
    }

    /// The stream at a place is over before its end; its key.
    fn drop_stream(&mut self, at: usize, code: Option<Code>, out: &mut Vec<u8>) -> usize {
        let Some(stream) = self.streams.get_mut(at) else { return 0 };
        let (key, id) = (stream.key, stream.id);
        if std::mem::take(&mut stream.unsent) > 0 {
            self.waiting -= 1;
        }
        match code {
            Some(code) => {
                frame::put_reset(id, code, out);
                self.streams.give_up(id);
            }
            None => self.streams.remove(id),
        }
        key
    }

    /// There is no answer on the stream at a place.
    fn stop<'i>(&mut self, at: usize, why: Stopped, out: &mut Vec<u8>) -> Step<'i> {
        let key = self.drop_stream(at, why.code(), out);
        self.streams.free(at);
        Step::Told(Told::Failed(key, why))
    }

    /// The server has ended the stream at a place; `lent` is the body, if it lies in the input.
    fn finish<'i>(&mut self, at: usize, lent: &'i [u8], out: &mut Vec<u8>) -> Step<'i> {
        let Some(stream) = self.streams.get(at) else { return Step::On };
        if let Err(wrong) = stream.end() {
            return self.stop(at, wrong.into(), out);
        }
        // An answer that came before the request was out: the rest of that is not wanted.
        let early = (stream.unsent > 0).then_some(Code::CANCEL);
        self.drop_stream(at, early, out);
        Step::Told(Told::Answered(at, lent))
    }
}
