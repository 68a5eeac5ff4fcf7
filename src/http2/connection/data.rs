//! Bodies, both ways, and the windows that they go through (RFC 9113, section 5.2).

use super::{
    Broken, CONNECTION_WINDOW, Connection, END_STREAM, Ends, Frame, Kind, Place, STREAM_WINDOW,
    Step, Stopped, frame,
};
use crate::http2::frame::PADDED;

/// A DATA frame of which a part has yet to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Data {
    /// Where its stream is kept; `None` if nobody wants it any more.
    at: Option<usize>,
    /// What is left of the frame, in bytes, padding included.
    left: usize,
    /// How much of that is padding; `None` until the byte that says it has come.
    padding: Option<usize>,
    ends: Ends,
}

impl Connection {
    /// Begins a DATA frame.
    pub(super) fn begin_data<'i>(
        &mut self,
        frame: Frame,
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let length = i64::from(frame.length);
        self.may_come -= length;
        if self.may_come < 0 {
            return Err(Broken::Overrun);
        }
        self.came += frame.length;
        if self.came >= CONNECTION_WINDOW >> 1 {
            self.may_come += i64::from(self.came);
            frame::put_window(0, std::mem::take(&mut self.came), out);
        }
        let ends = if frame.has(END_STREAM) { Ends::Stream } else { Ends::Nothing };
        let padding = if frame.has(PADDED) { None } else { Some(0) };
        let mut data = Data { at: None, left: super::super::wide(frame.length), padding, ends };
        if frame.length == 0 && frame.has(PADDED) {
            return Err(Broken::Padding);
        }
        let (kind, id) = (frame.kind.name(), frame.stream);
        data.at = match self.streams.find(id) {
            Place::Here(at) => Some(at),
            Place::GivenUp => None,
            Place::Ended => return Err(Broken::ClosedStream { kind, stream: id }),
            Place::Idle => return Err(Broken::WrongStream { kind, stream: id }),
        };
        self.reading.data = Some(data);
        let Some((at, stream)) = data.at.and_then(|at| Some((at, self.streams.get_mut(at)?)))
        else {
            return Ok(Step::On);
        };
        if frame.length > 0 {
            self.barren = 0;
        }
        stream.may_come -= length;
        if stream.may_come < 0 {
            self.ignore_data();
            return Ok(self.stop(at, Stopped::Overrun, out));
        }
        stream.came += frame.length;
        if stream.came >= STREAM_WINDOW >> 1 && ends == Ends::Nothing {
            stream.may_come += i64::from(stream.came);
            frame::put_window(id, std::mem::take(&mut stream.came), out);
        }
        Ok(Step::On)
    }

    /// Nobody wants the rest of the frame.
    fn ignore_data(&mut self) {
        if let Some(data) = &mut self.reading.data {
            data.at = None;
        }
    }

    /// Takes what has come of a DATA frame.
    pub(super) fn go_on<'i>(
        &mut self,
        mut data: Data,
        input: &mut &'i [u8],
        out: &mut Vec<u8>,
    ) -> Result<Step<'i>, Broken> {
        let padding = if let Some(padding) = data.padding {
            padding
        } else {
            let Some((byte, rest)) = input.split_first() else { return Ok(Step::More) };
            *input = rest;
            data.left -= 1;
            let padding = usize::from(*byte);
            if padding > data.left {
                return Err(Broken::Padding);
            }
            data.padding = Some(padding);
            padding
        };
        let wanted = data.left.saturating_sub(padding);
        let (piece, rest) = input.split_at_checked(wanted.min(input.len())).unwrap_or_default();
        *input = rest;
        data.left -= piece.len();
        if wanted == piece.len() {
            let skipped = data.left.min(input.len());
            *input = input.get(skipped..).unwrap_or_default();
            data.left -= skipped;
        }
        let over = data.left == 0;
        self.reading.data = if over { None } else { Some(data) };
        let Some((at, stream)) = data.at.and_then(|at| Some((at, self.streams.get_mut(at)?)))
        else {
            return Ok(if over { Step::On } else { Step::More });
        };
        if let Err(why) = stream.count(piece.len(), self.limits.body) {
            self.ignore_data();
            return Ok(self.stop(at, why, out));
        }
        if over && data.ends == Ends::Stream {
            // A body in one piece is shown where it lies.
            let lent = if stream.body.is_empty() && stream.keeps() { piece } else { &[] };
            if lent.is_empty() {
                stream.keep(piece);
            }
            return Ok(self.finish(at, lent, out));
        }
        stream.keep(piece);
        Ok(if over { Step::On } else { Step::More })
    }

    /// Appends as much of a request's body as the windows let.
    pub(super) fn pour(&mut self, at: usize, body: &[u8], out: &mut Vec<u8>) {
        let Some(stream) = self.streams.get_mut(at) else { return };
        while stream.unsent > 0 {
            let window = stream.may_send.min(self.may_send).min(i64::from(self.settings.frame));
            let Some(window) = usize::try_from(window).ok().filter(|window| *window > 0) else {
                return;
            };
            let length = window.min(stream.unsent);
            let piece = body.get(stream.sent..stream.sent + length).unwrap_or_default();
            stream.sent += length;
            stream.unsent -= length;
            let moved = i64::try_from(length).unwrap_or(i64::MAX);
            stream.may_send -= moved;
            self.may_send -= moved;
            self.barren = 0;
            let flags = if stream.unsent == 0 { END_STREAM } else { 0 };
            let length = super::super::short(piece.len());
            Frame { length, kind: Kind::Data, flags, stream: stream.id }.put(out);
            out.extend_from_slice(piece);
        }
        self.waiting -= 1;
    }
}
