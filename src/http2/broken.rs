//! What can be wrong with a connection, and with one answer on it.

use std::fmt;

use thiserror::Error;

use super::connection::{MAX_BARREN, MAX_CONTINUATIONS};
use super::streams::MAX_INTERIM;
use crate::units::Bytes;

/// How much of what is not HTTP/2 is shown, in bytes: enough to recognise another protocol.
const SHOWN: usize = 24;

/// Why a stream or a connection ends (RFC 9113, section 7).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u32);

impl Code {
    /// Nothing is wrong.
    pub const NO_ERROR: Self = Self(0x0);
    /// The protocol was not kept to.
    pub const PROTOCOL: Self = Self(0x1);
    /// More was sent than the window let.
    pub const FLOW_CONTROL: Self = Self(0x3);
    /// A frame came for a stream that had ended.
    pub const STREAM_CLOSED: Self = Self(0x5);
    /// A frame has a wrong length.
    pub const FRAME_SIZE: Self = Self(0x6);
    /// The request was not processed.
    pub const REFUSED_STREAM: Self = Self(0x7);
    /// The answer is no longer wanted.
    pub const CANCEL: Self = Self(0x8);
    /// A head can't be decoded, nor any after it.
    pub const COMPRESSION: Self = Self(0x9);
    /// The peer makes work and nothing comes of it.
    pub const ENHANCE_YOUR_CALM: Self = Self(0xb);

    /// The names of the standard, by number.
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Self::NAMES.get(super::wide(self.0)) {
            Some(name) => f.write_str(name),
            None => write!(f, "code {:#x}", self.0),
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a connection can't go on. Every exchange on it has failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// The first bytes are those of another protocol, or of HTTP/1.
    #[error("the server does not speak HTTP/2: it begins with `{0}`")]
    NotHttp2(String),
    /// A frame is longer than the 16 KiB that were agreed on.
    #[error("a frame of {0} bytes is longer than was agreed on")]
    FrameTooLong(u32),
    /// A frame has a length that its kind can't have.
    #[error("a {kind} frame of {length} bytes")]
    FrameLength {
        /// Its kind.
        kind: &'static str,
        /// Its length, in bytes.
        length: u32,
    },
    /// A frame is for a stream that its kind is not for, or that was never begun.
    #[error("a {kind} frame for stream {stream}")]
    WrongStream {
        /// Its kind.
        kind: &'static str,
        /// The stream.
        stream: u32,
    },
    /// Something came for a stream that the server had ended.
    #[error("a {kind} frame for stream {stream}, which had ended")]
    ClosedStream {
        /// Its kind.
        kind: &'static str,
        /// The stream.
        stream: u32,
    },
    /// The server pushes, which it was told not to do.
    #[error("the server pushes, which it was told not to do")]
    Pushed,
    /// A head was begun, and something else came than the rest of it.
    #[error("a {0} frame within a head")]
    Interleaved(&'static str),
    /// There is more padding than frame.
    #[error("a frame of which more is padding than there is")]
    Padding,
    /// A setting has a value that it can't have.
    #[error("the setting {id:#x} can't be {value}")]
    Setting {
        /// Its number.
        id: u16,
        /// What it was set to.
        value: u32,
    },
    /// A window was opened by nothing.
    #[error("a window was opened by nothing")]
    NoIncrement,
    /// A window was opened beyond 2 GiB.
    #[error("a window was opened beyond 2^31 - 1 bytes")]
    WindowTooLarge,
    /// More data came than the window let.
    #[error("the server sent more than the window let")]
    Overrun,
    /// A head can't be decoded.
    #[error("a head can't be decoded: {0}")]
    Undecodable(#[from] super::decoder::Undecodable),
    /// A head is longer than its limit, in bytes.
    #[error("the head of an answer is larger than {}", Bytes(super::count(*.0)))]
    BlockTooLong(usize),
    /// A head comes in more pieces than [`MAX_CONTINUATIONS`].
    #[error("the head of an answer comes in more than {MAX_CONTINUATIONS} pieces")]
    TooManyPieces,
    /// More frames than [`MAX_BARREN`] in a row that brought no answer on.
    #[error("more than {MAX_BARREN} frames in a row that brought no answer on")]
    Barren,
}

impl Broken {
    /// What the server is told.
    pub fn code(&self) -> Code {
        match self {
            Self::NotHttp2(_)
            | Self::WrongStream { .. }
            | Self::Pushed
            | Self::Interleaved(_)
            | Self::Padding
            | Self::NoIncrement => Code::PROTOCOL,
            Self::Setting { id, .. } if *id == super::settings::INITIAL_WINDOW => {
                Code::FLOW_CONTROL
            }
            Self::Setting { .. } => Code::PROTOCOL,
            Self::FrameTooLong(_) | Self::FrameLength { .. } => Code::FRAME_SIZE,
            Self::ClosedStream { .. } => Code::STREAM_CLOSED,
            Self::WindowTooLarge | Self::Overrun => Code::FLOW_CONTROL,
            Self::Undecodable(_) => Code::COMPRESSION,
            Self::BlockTooLong(_) | Self::TooManyPieces | Self::Barren => Code::ENHANCE_YOUR_CALM,
        }
    }

    /// What came instead of HTTP/2.
    pub(super) fn not_http2(bytes: &[u8]) -> Self {
        let begin = bytes.get(..SHOWN).unwrap_or(bytes);
        Self::NotHttp2(begin.escape_ascii().to_string())
    }
}

/// What is wrong with an answer whose head could be decoded (RFC 9113, section 8.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// It has no `:status` between 100 and 999, or two, or one behind another field.
    #[error("a head without a status")]
    Status,
    /// A field that only requests have, or one that HTTP/2 does not have.
    #[error("a field that no answer of HTTP/2 may have")]
    Field,
    /// A name or a value with bytes that are not allowed.
    #[error("a field with bytes that are not allowed")]
    Bytes,
    /// Its length is not a number, or there are two that differ.
    #[error("bad content-length")]
    Length,
    /// The body is shorter or longer than its length says.
    #[error("the body is not as long as content-length says")]
    OtherLength,
    /// A body where there can be none.
    #[error("a body to an answer that has none")]
    Body,
    /// A second head that does not end the answer, or data before the first.
    #[error("head, body and trailers in a wrong order")]
    Order,
    /// `101 Switching Protocols`, which HTTP/2 does not have.
    #[error("the server switched protocols (101)")]
    Switched,
}

/// Why there is no answer to one request. The connection goes on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stopped {
    /// The server ended the stream.
    #[error("the server ended the stream: {0}")]
    Reset(Code),
    /// The answer is not one.
    #[error("malformed answer: {0}")]
    Malformed(#[from] Malformed),
    /// More interim answers (1xx) than [`MAX_INTERIM`] came before the answer itself.
    #[error("more than {MAX_INTERIM} interim answers (1xx) before the answer")]
    TooManyInterim,
    /// The head is longer than its limit, in bytes.
    #[error("the head of the answer is larger than {}", Bytes(super::count(*.0)))]
    HeadTooLong(usize),
    /// The body is longer than its limit, in bytes.
    #[error("the body is larger than {}", Bytes(*.0))]
    BodyTooLarge(u64),
    /// More data came than the stream's window let.
    #[error("the server sent more than the window let")]
    Overrun,
    /// The stream's window was opened beyond 2 GiB, or by nothing.
    #[error("the stream's window was opened wrongly")]
    Window,
}

impl Stopped {
    /// What the server is told; `None` if it ended the stream itself.
    pub(super) fn code(&self) -> Option<Code> {
        match self {
            Self::Reset(_) => None,
            Self::Malformed(_) | Self::TooManyInterim => Some(Code::PROTOCOL),
            Self::HeadTooLong(_) | Self::BodyTooLarge(_) => Some(Code::CANCEL),
            Self::Overrun | Self::Window => Some(Code::FLOW_CONTROL),
        }
    }

    /// Whether all was well until the body passed its limit.
    pub fn too_large(&self) -> bool {
        matches!(self, Self::BodyTooLarge(_))
    }

    /// Whether the server broke off what may have been well.
    pub fn cut_off(&self) -> bool {
        matches!(self, Self::Reset(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_read_as_sentences_and_name_their_code() {
        let check = |broken: Broken, code: Code, want: &str| {
            assert_eq!((broken.code(), broken.to_string().as_str()), (code, want));
        };
        check(
            Broken::not_http2(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            Code::PROTOCOL,
            "the server does not speak HTTP/2: it begins with `HTTP/1.1 400 Bad Request`",
        );
        check(
            Broken::FrameLength { kind: "PING", length: 7 },
            Code::FRAME_SIZE,
            "a PING frame of 7 bytes",
        );
        check(
            Broken::Setting { id: 4, value: u32::MAX },
            Code::FLOW_CONTROL,
            "the setting 0x4 can't be 4294967295",
        );
        assert_eq!(Code(0xd).to_string(), "HTTP_1_1_REQUIRED");
        assert_eq!(Code(0xabc).to_string(), "code 0xabc");
        assert_eq!(Stopped::Reset(Code::CANCEL).to_string(), "the server ended the stream: CANCEL");
    }
}
