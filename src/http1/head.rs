//! The head of an answer: where it ends, what it says of the body, what is wrong with it.

use std::mem::MaybeUninit;

use httparse::{ParserConfig, Response, Status};

use super::broken::shown;
use super::reader::Asked;
use super::{Broken, Header};

/// Most headers of one answer. Servers send 5 to 40; hyper takes 100.
pub const MAX_HEADERS: usize = 128;

/// What every answer begins with.
const BEGIN: &[u8] = b"HTTP/1.";
/// Where the first digit of the status stands.
const STATUS_AT: usize = 9;

/// Room for the headers of one answer, on the stack of the caller.
pub type Slots<'a> = [MaybeUninit<Header<'a>>; MAX_HEADERS];

/// Room in which nothing is written yet, which costs nothing to make.
#[inline]
pub fn slots<'a>() -> Slots<'a> {
    [const { MaybeUninit::uninit() }; MAX_HEADERS]
}

/// Where a search for an empty line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Something stands on the line.
    Begun,
    /// Nothing stands on it yet.
    Empty,
    /// A carriage return and nothing before it.
    Return,
}

impl Line {
    /// Goes on through `bytes`, and says how many of them lead to the end of the next empty line.
    ///
    /// A line ends with LF, with or without CR before it (RFC 9112 section 2.2).
    pub(super) fn find_empty(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            *self = match (*self, byte) {
                (Self::Empty | Self::Return, b'\n') => return Some(at + 1),
                (Self::Begun, b'\n') => Self::Empty,
                (Self::Empty, b'\r') => Self::Return,
                _ => Self::Begun,
            };
        }
        None
    }
}

/// A head that is complete and well formed.
#[derive(Debug)]
pub(super) struct Head<'a> {
    /// From 100 to 999.
    pub(super) status: u16,
    pub(super) headers: &'a [Header<'a>],
    /// Its length with the empty line, in bytes.
    pub(super) length: usize,
    /// Whether it is HTTP/1.1, and not 1.0.
    newer: bool,
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    AtOnce,
    After(u64),
    WithLastChunk,
    WithConnection,
}

/// Whether bytes can be the first ones of an answer.
pub(super) fn plausible(bytes: &[u8]) -> bool {
    bytes.iter().zip(BEGIN).all(|(byte, want)| byte == want)
}

/// Whether bytes begin with the head of an interim answer (1xx).
#[inline]
pub(super) fn interim(bytes: &[u8]) -> bool {
    bytes.get(STATUS_AT) == Some(&b'1')
}

/// Reads the head with which `bytes` begin; `None` when it is not complete or not well formed.
#[inline]
pub(super) fn parse<'a>(bytes: &'a [u8], slots: &'a mut Slots<'a>) -> Option<Head<'a>> {
    // What httparse skips before a request is nothing that a server may send.
    if !bytes.starts_with(BEGIN) {
        return None;
    }
    let mut response = Response::new(&mut []);
    let config = ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, slots);
    let Ok(Status::Complete(length)) = parsed else { return None };
    let status = response.code.filter(|code| *code >= 100)?;
    Some(Head { status, headers: response.headers, length, newer: response.version == Some(1) })
}

/// What is wrong with a head that has come whole and that [`parse`] refuses.
#[cold]
pub(super) fn wrong(head: &[u8]) -> Broken {
    let mut slots = slots();
    let mut response = Response::new(&mut []);
    let config = ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, head, &mut slots);
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default().trim_ascii_end();
    match parsed {
        Err(httparse::Error::Version) => Broken::NotHttp(shown(head)),
        Err(httparse::Error::TooManyHeaders) => Broken::TooManyHeaders,
        Err(httparse::Error::Status) | Ok(_) => Broken::StatusLine(shown(first)),
        Err(
            httparse::Error::HeaderName
            | httparse::Error::HeaderValue
            | httparse::Error::NewLine
            | httparse::Error::Token,
        ) => lines.find_map(wrong_line).unwrap_or_else(|| Broken::StatusLine(shown(first))),
    }
}

/// What is wrong with one line. Of its value nothing is shown, as it may be a secret.
fn wrong_line(line: &[u8]) -> Option<Broken> {
    if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        return Some(Broken::Folded);
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let alone = [line, b"\n\n"].concat();
    let mut room = [httparse::EMPTY_HEADER; 1];
    let well = matches!(httparse::parse_headers(&alone, &mut room), Ok(Status::Complete(_)));
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    (!well).then(|| Broken::HeaderLine(shown(name)))
}

impl Head<'_> {
    /// How the end of the body is known, in the order of RFC 9112 section 6.3, and whether the
    /// server keeps the connection open afterwards (section 9.3).
    #[inline]
    pub(super) fn framing(&self, asked: Asked) -> Result<(Ends, bool), Broken> {
        let bodiless = asked == Asked::Head || matches!(self.status, 100..=199 | 204 | 304);
        let (mut length, mut coded) = (None, false);
        let (mut close, mut keep) = (false, false);
        for Header { name, value } in self.headers {
            // The length of a name tells almost all others apart.
            match name.len() {
                10 if name.eq_ignore_ascii_case("connection") => {
                    for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                        close |= option.eq_ignore_ascii_case(b"close");
                        keep |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if !bodiless && name.eq_ignore_ascii_case("content-length") => {
                    length = Some(same_length(value, length)?);
                }
                17 if !bodiless && name.eq_ignore_ascii_case("transfer-encoding") => {
                    if coded || !only_chunked(value) {
                        return Err(Broken::Coding(shown(value)));
                    }
                    coded = true;
                }
                _ => {}
            }
        }
        let ends = match (coded, length) {
            _ if bodiless => Ends::AtOnce,
            (true, _) if !self.newer => return Err(Broken::OldCoding),
            (true, Some(_)) => return Err(Broken::LengthAndCoding),
            (true, None) => Ends::WithLastChunk,
            (false, Some(length)) => Ends::After(length),
            (false, None) => Ends::WithConnection,
        };
        let open = !close && (self.newer || keep) && ends != Ends::WithConnection;
        Ok((ends, open))
    }
}

/// Whether a list of transfer codings is `chunked`, once.
fn only_chunked(value: &[u8]) -> bool {
    let codings = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let mut codings = codings.filter(|coding| !coding.is_empty());
    codings.next().is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
}

/// The length that a `Content-Length` says. Where it says more than one, or others have come
/// before it, all are the same.
fn same_length(value: &[u8], before: Option<u64>) -> Result<u64, Broken> {
    let mut known = before;
    for one in value.split(|byte| *byte == b',') {
        let length = decimal(one.trim_ascii()).ok_or_else(|| Broken::Length(shown(value)))?;
        match known {
            Some(other) if other != length => return Err(Broken::TwoLengths(other, length)),
            Some(_) | None => known = Some(length),
        }
    }
    known.ok_or_else(|| Broken::Length(shown(value)))
}

/// A number of digits alone: no sign, no space, no overflow.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        let more = number.checked_mul(10)?.checked_add(u64::from(digit))?;
        (digit < 10).then_some(more)
    })
}
