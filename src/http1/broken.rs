//! What can be wrong with an answer.

use std::ascii;

use thiserror::Error;

use super::chunks::MAX_EXTENSIONS;
use super::head::MAX_HEADERS;
use super::reader::MAX_INTERIM;
use crate::units::Bytes;

/// How much of a broken answer is shown, in bytes: enough to recognise another protocol, too
/// little for most secrets.
const SHOWN: usize = 32;

/// Why an answer cannot be read. The connection can carry no other after it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// The first bytes are those of another protocol, or of HTTP/2.
    #[error("the answer is not HTTP/1.x: it begins with `{0}`")]
    NotHttp(String),
    /// The first line has no status between 100 and 999, or bytes that are not allowed.
    #[error("bad status line `{0}`")]
    StatusLine(String),
    /// A header line without a name, a colon or with bytes that are not allowed.
    #[error("bad header line, beginning with `{0}`")]
    HeaderLine(String),
    /// A header goes on in the next line (obs-fold), which RFC 9112 section 5.2 forbids.
    #[error("a header goes on in the next line")]
    Folded,
    /// More headers than [`MAX_HEADERS`].
    #[error("the answer has more than {MAX_HEADERS} headers")]
    TooManyHeaders,
    /// The head is longer than its limit, in bytes.
    #[error("the head of the answer is larger than {}", size(*.0))]
    HeadTooLong(usize),
    /// More interim answers (1xx) than [`MAX_INTERIM`] came before the answer itself.
    #[error("more than {MAX_INTERIM} interim answers (1xx) before the answer")]
    TooManyInterim,
    /// `101 Switching Protocols`, which no request asks for.
    #[error("the server switched protocols (101) unasked")]
    Switched,
    /// A `Content-Length` that is not a number.
    #[error("bad Content-Length `{0}`")]
    Length(String),
    /// Two lengths that differ.
    #[error("the answer has two lengths, `{0}` and `{1}`")]
    TwoLengths(u64, u64),
    /// A length and a transfer coding. RFC 9112 section 6.3 lets the coding win and warns of
    /// request smuggling; something between here and the server is broken, and that is told.
    #[error("the answer has both a Content-Length and a Transfer-Encoding")]
    LengthAndCoding,
    /// A transfer coding in HTTP/1.0, which knows none (RFC 9112 section 6.1).
    #[error("the answer has a Transfer-Encoding, and is HTTP/1.0")]
    OldCoding,
    /// Another transfer coding than `chunked`, once; none other was asked for.
    #[error("unsupported transfer coding `{0}`")]
    Coding(String),
    /// The line with the size of a chunk holds something else.
    #[error("bad line of a chunk's size: unexpected `{}`", ascii::escape_default(*.0))]
    ChunkSize(u8),
    /// The size of a chunk has more digits than any chunk is long.
    #[error("the size of a chunk has more than 16 digits")]
    ChunkOverflow,
    /// The chunk extensions of an answer are longer than [`MAX_EXTENSIONS`] together.
    #[error("the chunk extensions are larger than {}", size(MAX_EXTENSIONS))]
    ExtensionsTooLong,
    /// A chunk does not end with CR LF where its size says.
    #[error("a chunk does not end where its size says: unexpected `{}`", ascii::escape_default(*.0))]
    ChunkEnd(u8),
    /// The trailers are longer than their limit, in bytes.
    #[error("the trailers are larger than {}", size(*.0))]
    TrailersTooLong(usize),
    /// The body is longer than its limit, in bytes.
    #[error("the body is larger than {}", Bytes(*.0))]
    BodyTooLarge(u64),
    /// The peer closed the connection, and not a byte of the answer had come.
    #[error("the connection was closed before the answer began")]
    Closed,
    /// The peer closed the connection within the head.
    #[error("the connection was closed within the head of the answer")]
    CutInHead,
    /// The peer closed the connection within a body of known length, in bytes.
    #[error("the connection was closed after {came} of {length} bytes of the body")]
    CutInBody {
        /// How much had come.
        came: u64,
        /// The whole length.
        length: u64,
    },
    /// The peer closed the connection before the last chunk, or within the trailers.
    #[error("the connection was closed after {0} bytes of the body, before its last chunk")]
    CutInChunks(u64),
}

impl Broken {
    /// Whether all was well until the peer closed the connection too early.
    pub fn cut_off(&self) -> bool {
        matches!(
            self,
            Self::Closed | Self::CutInHead | Self::CutInBody { .. } | Self::CutInChunks(_)
        )
    }

    /// Whether all was well until the body passed its limit.
    pub fn too_large(&self) -> bool {
        matches!(self, Self::BodyTooLarge(_))
    }
}

/// The beginning of what came, with what cannot be printed as escapes.
pub(super) fn shown(bytes: &[u8]) -> String {
    let begin = bytes.get(..SHOWN).unwrap_or(bytes);
    let more = if begin.len() < bytes.len() { "…" } else { "" };
    format!("{}{more}", begin.escape_ascii())
}

fn size(bytes: usize) -> Bytes {
    Bytes(super::count(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_shown_printable_and_short() {
        let check = |bytes: &[u8], want: &str| assert_eq!(shown(bytes), want);
        check(b"SSH-2.0\r\n", "SSH-2.0\\r\\n");
        check(b"\x15\x03\x01", "\\x15\\x03\\x01");
        check(&[b'a'; 33], &format!("{}…", "a".repeat(32)));
    }

    #[test]
    fn a_cause_reads_as_a_sentence_for_people() {
        let check = |broken: Broken, want: &str| assert_eq!(broken.to_string(), want);
        check(Broken::HeadTooLong(256 << 10), "the head of the answer is larger than 262.1 kB");
        check(Broken::BodyTooLarge(16 << 20), "the body is larger than 16.8 MB");
        check(Broken::ChunkSize(b'\n'), "bad line of a chunk's size: unexpected `\\n`");
        check(Broken::ExtensionsTooLong, "the chunk extensions are larger than 16.4 kB");
        check(
            Broken::CutInBody { came: 3, length: 10 },
            "the connection was closed after 3 of 10 bytes of the body",
        );
    }
}
