//! What comes: frames from the pieces in which they come, and what each kind of them means.

use super::data::Data;
use super::{
    ACK, Broken, Code, Connection, END_HEADERS, END_STREAM, Ends, Frame, Greeted, HEADER, Kind,
    MAX_BARREN, MAX_CONTINUATIONS, MOST_WINDOW, Place, Seen, Step, Stopped, Told, Took,
};

/// Where the reading of a connection stands.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// A frame whose payload has not come whole.
    frame: Option<Frame>,
    /// What came of a frame's beginning, or of its payload.
    partial: Vec<u8>,
    /// A DATA frame that goes on: it is read as it comes.
    pub(super) data: Option<Data>,
    /// A head that goes on in other frames.
    head: Option<Beginning>,
    /// What came of that head.
    block: Vec<u8>,
}

/// The frame that began a head.
#[derive(Clone, Copy, Debug)]
struct Beginning {
    stream: u32,
    ends: Ends,
    pieces: usize,
}

/// Memory for a frame or a head in pieces that is kept for the next one, in bytes.
const KEPT: usize = 16 << 10;

fn emptied(mut memory: Vec<u8>) -> Vec<u8> {
    memory.clear();
    if memory.capacity() > KEPT { Vec::new() } else { memory }
}

impl Connection {
    /// Takes the next frame, or a part of one.
    #[inline]
    pub(super) fn step<'i>(
        &mut self,
        input: &mut &'i [u8],
        seen: &mut Seen,
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        if let Some((last, _)) = self.leaving
            && let Some((_, at)) = self.streams.beyond(last)
        {
            // The server will not look at what still comes of them, so nothing is reset.
            let key = self.drop_stream(at, None, out);
            self.streams.free(at);
            return Ok(Step::Told(Told::Refused(key)));
        }
        if let Some(data) = self.reading.data {
            return self.go_on(data, input, out);
        }
        let frame = if let Some(frame) = self.reading.frame.take() {
            frame
        } else {
            let Some(frame) = self.begin_frame(input)? else { return Ok(Step::More) };
            if frame.kind == Kind::Data {
                return self.begin_data(frame, out);
            }
            frame
        };
        let length = super::super::wide(frame.length);
        if self.reading.partial.is_empty()
            && let Some((payload, rest)) = input.split_at_checked(length)
        {
            *input = rest;
            return self.take_frame(frame, payload, seen, out);
        }
        if !self.gather(length, input) {
            self.reading.frame = Some(frame);
            return Ok(Step::More);
        }
        let payload = std::mem::take(&mut self.reading.partial);
        let step = self.take_frame(frame, &payload, seen, out)?;
        self.reading.partial = emptied(payload);
        Ok(step)
    }

    /// Collects what comes until there are so many bytes; whether there are.
    fn gather(&mut self, length: usize, input: &mut &[u8]) -> bool {
        let partial = &mut self.reading.partial;
        let missing = length.saturating_sub(partial.len()).min(input.len());
        let (part, rest) = input.split_at_checked(missing).unwrap_or_default();
        partial.extend_from_slice(part);
        *input = rest;
        partial.len() == length
    }

    /// Takes what a frame begins with, once it has come.
    #[inline]
    fn begin_frame(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Broken> {
        let whole = input.split_first_chunk::<HEADER>().filter(|_| self.reading.partial.is_empty());
        let bytes = if let Some((bytes, rest)) = whole {
            *input = rest;
            *bytes
        } else {
            if !self.gather(HEADER, input) {
                return Ok(None);
            }
            let bytes = self.reading.partial.first_chunk::<HEADER>().copied().unwrap_or_default();
            self.reading.partial.clear();
            bytes
        };
        let frame = Frame::read(bytes);
        if self.greeted == Greeted::NotYet {
            // Other protocols are recognised by what their first bytes would mean.
            if frame.kind != Kind::Settings || frame.has(ACK) || frame.check().is_err() {
                let begin = [bytes.as_slice(), input].concat();
                return Err(Broken::not_http2(&begin));
            }
            self.greeted = Greeted::Yes;
        }
        if let Some(head) = self.reading.head
            && (frame.kind != Kind::Continuation || frame.stream != head.stream)
        {
            return Err(Broken::Interleaved(frame.kind.name()));
        }
        frame.check()?;
        self.barren += 1;
        if self.barren > MAX_BARREN {
            return Err(Broken::Barren);
        }
        Ok(Some(frame))
    }

    /// Does what a frame means that has come whole.
    fn take_frame<'i>(
        &mut self,
        frame: Frame,
        payload: &[u8],
        seen: &mut Seen,
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        match frame.kind {
            Kind::Headers => return self.begin_head(frame, payload, seen, out),
            Kind::Continuation => return self.go_on_with_head(frame, payload, seen, out),
            Kind::Reset => return self.reset(frame, payload, out),
            Kind::Window => return self.open_window(frame, payload, out),
            Kind::Push => return Err(Broken::Pushed),
            Kind::Settings if !frame.has(ACK) => self.take_settings(payload, out)?,
            Kind::Ping if !frame.has(ACK) => {
                Frame { flags: ACK, ..frame }.put(out);
                out.extend_from_slice(payload);
            }
            Kind::GoAway => {
                let (last, code) = (number(payload), number(payload.get(4..).unwrap_or_default()));
                let last = (last & MOST_WINDOW)
                    .min(self.leaving.map_or(MOST_WINDOW, |(before, _)| before));
                self.leaving = Some((last, Code(code)));
            }
            Kind::Data | Kind::Priority | Kind::Settings | Kind::Ping | Kind::Unknown => {}
        }
        Ok(Step::On)
    }

    fn begin_head<'i>(
        &mut self,
        frame: Frame,
        payload: &[u8],
        seen: &mut Seen,
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let block = frame.fragment(payload)?;
        let ends = if frame.has(END_STREAM) { Ends::Stream } else { Ends::Nothing };
        if frame.has(END_HEADERS) {
            return self.take_head((frame.stream, ends), block, seen, out);
        }
        self.reading.head = Some(Beginning { stream: frame.stream, ends, pieces: 1 });
        self.reading.block.extend_from_slice(block);
        Ok(Step::On)
    }

    fn go_on_with_head<'i>(
        &mut self,
        frame: Frame,
        payload: &[u8],
        seen: &mut Seen,
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let Some(head) = &mut self.reading.head else {
            return Err(Broken::WrongStream { kind: frame.kind.name(), stream: frame.stream });
        };
        head.pieces += 1;
        if head.pieces > MAX_CONTINUATIONS {
            return Err(Broken::TooManyPieces);
        }
        if self.reading.block.len() + payload.len() > self.limits.head {
            return Err(Broken::BlockTooLong(self.limits.head));
        }
        self.reading.block.extend_from_slice(payload);
        let (stream, ends) = (head.stream, head.ends);
        if !frame.has(END_HEADERS) {
            return Ok(Step::On);
        }
        self.reading.head = None;
        let block = std::mem::take(&mut self.reading.block);
        let step = self.take_head((stream, ends), &block, seen, out)?;
        self.reading.block = emptied(block);
        Ok(step)
    }

    /// A head has come whole.
    #[inline]
    fn take_head<'i>(
        &mut self,
        (id, ends): (u32, Ends),
        block: &[u8],
        seen: &mut Seen,
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let (limit, kind) = (self.limits.head, Kind::Headers.name());
        // Whoever it is for, the table has to see it.
        let known = seen.decode(&mut self.decoder, block, &mut self.scratch, limit)?;
        let at = match self.streams.find(id) {
            Place::Here(at) => at,
            Place::GivenUp => return Ok(Step::On),
            Place::Ended => return Err(Broken::ClosedStream { kind, stream: id }),
            Place::Idle => return Err(Broken::WrongStream { kind, stream: id }),
        };
        let Some(stream) = self.streams.get_mut(at) else { return Ok(Step::On) };
        let took = match stream.take(known, &mut self.scratch, limit, ends) {
            Ok(took) => took,
            Err(why) => return Ok(self.stop(at, why, out)),
        };
        let key = stream.key;
        Ok(match (took, ends) {
            (Took::Interim, _) => Step::On,
            (Took::Head, Ends::Nothing) => {
                self.barren = 0;
                Step::Told(Told::Begun(key))
            }
            (Took::Head | Took::Trailers, _) => {
                self.barren = 0;
                self.finish(at, &[], out)
            }
        })
    }

    /// The server ends a stream.
    fn reset<'i>(
        &mut self,
        frame: Frame,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let code = Code(number(payload));
        let at = match self.streams.find(frame.stream) {
            Place::Here(at) => at,
            Place::GivenUp | Place::Ended => return Ok(Step::On),
            Place::Idle => {
                let (kind, stream) = (frame.kind.name(), frame.stream);
                return Err(Broken::WrongStream { kind, stream });
            }
        };
        self.barren = 0;
        if code != Code::REFUSED_STREAM {
            return Ok(self.stop(at, Stopped::Reset(code), out));
        }
        let key = self.drop_stream(at, None, out);
        self.streams.free(at);
        Ok(Step::Told(Told::Refused(key)))
    }

    /// The server takes more data.
    fn open_window<'i>(
        &mut self,
        frame: Frame,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let more = number(payload) & MOST_WINDOW;
        if frame.stream == 0 {
            if more == 0 {
                return Err(Broken::NoIncrement);
            }
            self.may_send += i64::from(more);
            let large = self.may_send > i64::from(MOST_WINDOW);
            return if large { Err(Broken::WindowTooLarge) } else { Ok(Step::On) };
        }
        let at = match self.streams.find(frame.stream) {
            Place::Here(at) => at,
            Place::GivenUp | Place::Ended => return Ok(Step::On),
            Place::Idle => {
                let (kind, stream) = (frame.kind.name(), frame.stream);
                return Err(Broken::WrongStream { kind, stream });
            }
        };
        let opened = match self.streams.get_mut(at) {
            Some(_) if more == 0 => Err(Stopped::Window),
            Some(stream) => stream.open(i64::from(more)),
            None => Ok(()),
        };
        Ok(opened.map_or_else(|why| self.stop(at, why, out), |()| Step::On))
    }

    fn take_settings(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), Broken> {
        let before = self.settings.window;
        self.settings.take(payload)?;
        self.encoder.resize(super::super::wide(self.settings.table_size));
        let more = i64::from(self.settings.window) - i64::from(before);
        let places: Vec<usize> =
            if more == 0 { Vec::new() } else { self.streams.places().collect() };
        for at in places {
            let opened = self.streams.get_mut(at).map_or(Ok(()), |stream| stream.open(more));
            opened.map_err(|_stopped| Broken::WindowTooLarge)?;
        }
        Frame { length: 0, kind: Kind::Settings, flags: ACK, stream: 0 }.put(out);
        Ok(())
    }
}

/// The number that a payload begins with.
fn number(payload: &[u8]) -> u32 {
    payload.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}
