//! Frames (RFC 9113, sections 4.1 and 6).

use super::broken::{Broken, Code};
use super::settings::USUAL_FRAME;

/// Length of what every frame begins with, in bytes.
pub(super) const HEADER: usize = 9;

/// The frame ends the stream (DATA, HEADERS).
pub(super) const END_STREAM: u8 = 0x1;
/// The frame answers one of ours (SETTINGS, PING).
pub(super) const ACK: u8 = 0x1;
/// The frame ends a head (HEADERS, CONTINUATION).
pub(super) const END_HEADERS: u8 = 0x4;
/// The frame has padding (DATA, HEADERS).
pub(super) const PADDED: u8 = 0x8;
/// The frame has a priority (HEADERS).
pub(super) const PRIORITY: u8 = 0x20;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    Push,
    Ping,
    GoAway,
    Window,
    Continuation,
    /// One that this protocol does not have, which is to be ignored.
    Unknown,
}

/// What a frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) length: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Data,
        Self::Headers,
        Self::Priority,
        Self::Reset,
        Self::Settings,
        Self::Push,
        Self::Ping,
        Self::GoAway,
        Self::Window,
        Self::Continuation,
    ];

    fn number(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::Headers => 1,
            Self::Priority => 2,
            Self::Reset => 3,
            Self::Settings => 4,
            Self::Push => 5,
            Self::Ping => 6,
            Self::GoAway => 7,
            Self::Window => 8,
            Self::Continuation => 9,
            Self::Unknown => u8::MAX,
        }
    }

    /// Its name in the standard.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Data => "DATA",
            Self::Headers => "HEADERS",
            Self::Priority => "PRIORITY",
            Self::Reset => "RST_STREAM",
            Self::Settings => "SETTINGS",
            Self::Push => "PUSH_PROMISE",
            Self::Ping => "PING",
            Self::GoAway => "GOAWAY",
            Self::Window => "WINDOW_UPDATE",
            Self::Continuation => "CONTINUATION",
            Self::Unknown => "unknown",
        }
    }
}

impl Frame {
    /// What nine bytes say.
    #[inline]
    pub(super) fn read(bytes: [u8; HEADER]) -> Self {
        let [high, middle, low, kind, flags, stream @ ..] = bytes;
        Self {
            length: u32::from_be_bytes([0, high, middle, low]),
            kind: Kind::ALL.get(usize::from(kind)).copied().unwrap_or(Kind::Unknown),
            flags,
            // The bit at the top means nothing.
            stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
        }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether it is as long as its kind can be, and for a stream that its kind is for.
    pub(super) fn check(&self) -> Result<(), Broken> {
        let Self { length, kind, stream, .. } = *self;
        if length > USUAL_FRAME {
            return Err(Broken::FrameTooLong(length));
        }
        let well = match kind {
            Kind::Priority => length == 5,
            Kind::Reset | Kind::Window => length == 4,
            Kind::Ping => length == 8,
            Kind::GoAway => length >= 8,
            Kind::Settings if self.has(ACK) => length == 0,
            Kind::Settings => length.is_multiple_of(6),
            Kind::Data | Kind::Headers | Kind::Push | Kind::Continuation | Kind::Unknown => true,
        };
        if !well {
            return Err(Broken::FrameLength { kind: kind.name(), length });
        }
        let well = match kind {
            Kind::Data | Kind::Headers | Kind::Priority | Kind::Reset | Kind::Continuation => {
                stream != 0
            }
            Kind::Settings | Kind::Ping | Kind::GoAway => stream == 0,
            Kind::Push | Kind::Window | Kind::Unknown => true,
        };
        if well { Ok(()) } else { Err(Broken::WrongStream { kind: kind.name(), stream }) }
    }

    /// The payload without padding and priority.
    pub(super) fn fragment<'p>(&self, payload: &'p [u8]) -> Result<&'p [u8], Broken> {
        let mut rest = payload;
        let mut padding = 0;
        if self.has(PADDED) {
            let (length, after) = rest.split_first().ok_or(Broken::Padding)?;
            (padding, rest) = (usize::from(*length), after);
        }
        if self.has(PRIORITY) {
            rest = rest.get(5..).ok_or(Broken::Padding)?;
        }
        let length = rest.len().checked_sub(padding).ok_or(Broken::Padding)?;
        rest.get(..length).ok_or(Broken::Padding)
    }

    /// What the frame begins with.
    pub(super) fn bytes(&self) -> [u8; HEADER] {
        let [_, high, middle, low] = self.length.to_be_bytes();
        let [first, second, third, fourth] = self.stream.to_be_bytes();
        let (kind, flags) = (self.kind.number(), self.flags);
        [high, middle, low, kind, flags, first, second, third, fourth]
    }

    /// Appends what the frame begins with.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }
}

/// Appends a frame with a payload of four bytes.
fn put_number(kind: Kind, stream: u32, number: u32, out: &mut Vec<u8>) {
    Frame { length: 4, kind, flags: 0, stream }.put(out);
    out.extend_from_slice(&number.to_be_bytes());
}

/// Appends a `WINDOW_UPDATE`; stream 0 is the connection.
pub(super) fn put_window(stream: u32, more: u32, out: &mut Vec<u8>) {
    put_number(Kind::Window, stream, more, out);
}

/// Appends an `RST_STREAM`.
pub(super) fn put_reset(stream: u32, code: Code, out: &mut Vec<u8>) {
    put_number(Kind::Reset, stream, code.0, out);
}

/// Appends a GOAWAY of a client, which takes no streams.
pub(super) fn put_go_away(code: Code, out: &mut Vec<u8>) {
    Frame { length: 8, kind: Kind::GoAway, flags: 0, stream: 0 }.put(out);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&code.0.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_is_written() {
        for kind in Kind::ALL {
            let frame = Frame { length: 0x01_02_03, kind, flags: 0x25, stream: 0x7F00_0001 };
            let mut out = Vec::new();
            frame.put(&mut out);
            assert_eq!(Frame::read(out.clone().try_into().unwrap()), frame);
            // The reserved bit is ignored.
            out[5] |= 0x80;
            assert_eq!(Frame::read(out.try_into().unwrap()), frame);
        }
        assert_eq!(Frame::read([0, 0, 0, 10, 0, 0, 0, 0, 0]).kind, Kind::Unknown);
    }

    #[test]
    fn lengths_and_streams_that_a_kind_can_not_have_are_refused() {
        let check = |kind: Kind, flags: u8, length: u32, stream: u32, well: bool| {
            let frame = Frame { length, kind, flags, stream };
            assert_eq!(frame.check().is_ok(), well, "{frame:?}");
        };
        check(Kind::Data, 0, 16_384, 1, true);
        check(Kind::Data, 0, 16_385, 1, false);
        check(Kind::Data, 0, 1, 0, false);
        check(Kind::Headers, 0, 0, 0, false);
        check(Kind::Priority, 0, 5, 1, true);
        check(Kind::Priority, 0, 4, 1, false);
        check(Kind::Reset, 0, 4, 1, true);
        check(Kind::Reset, 0, 5, 1, false);
        check(Kind::Reset, 0, 4, 0, false);
        check(Kind::Settings, 0, 12, 0, true);
        check(Kind::Settings, 0, 13, 0, false);
        check(Kind::Settings, ACK, 6, 0, false);
        check(Kind::Settings, 0, 6, 1, false);
        check(Kind::Ping, 0, 8, 0, true);
        check(Kind::Ping, ACK, 7, 0, false);
        check(Kind::Ping, 0, 8, 3, false);
        check(Kind::GoAway, 0, 20, 0, true);
        check(Kind::GoAway, 0, 7, 0, false);
        check(Kind::Window, 0, 4, 0, true);
        check(Kind::Window, 0, 3, 1, false);
        check(Kind::Unknown, 0, 16_385, 0, false);
    }

    #[test]
    fn padding_and_priority_are_taken_off() {
        let check = |flags: u8, payload: &[u8], want: Option<&[u8]>| {
            let frame = Frame { length: 0, kind: Kind::Headers, flags, stream: 1 };
            assert_eq!(frame.fragment(payload).ok(), want);
        };
        check(0, b"ab", Some(b"ab"));
        check(PADDED, b"\x01abx", Some(b"ab"));
        check(PADDED, b"\x03abx", Some(b""));
        check(PADDED, b"\x04abx", None);
        check(PADDED, b"", None);
        check(PRIORITY, b"12345ab", Some(b"ab"));
        check(PRIORITY, b"1234", None);
        check(PADDED | PRIORITY, b"\x0112345abx", Some(b"ab"));
        check(PADDED | PRIORITY, b"\x0212345x", None);
    }
}
