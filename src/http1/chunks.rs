//! The chunked transfer coding (RFC 9112 section 7.1), undone where the bytes lie.

use super::head::Line;
use super::{Broken, Limits, count};

/// Most bytes of chunk extensions in one answer. They mean nothing to anyone, and cost as much as
/// data; hyper takes as many.
pub const MAX_EXTENSIONS: usize = 16 << 10;

/// Most digits of a chunk's size, with leading zeros: as many as fill 64 bits.
const MAX_DIGITS: u8 = 16;

/// Undoes the coding of one body, in the pieces in which it comes.
///
/// Extensions and trailers are skipped. A line of the coding ends with CR LF and nothing else: to
/// take a bare LF there is what lets two readers see two different bodies. Lines of the trailers
/// may end with a bare LF, as those of the head may.
#[derive(Clone, Copy, Debug)]
pub struct Chunks {
    at: At,
    /// What is left of the chunk, in bytes.
    left: u64,
    /// What may still be announced, in bytes.
    room: u64,
    digits: u8,
    extensions: usize,
    trailers: usize,
    limits: Limits,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum At {
    Size,
    /// Space after the size, which RFC 9112 calls bad and some servers fill the line with.
    Space,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    Trailers(Line),
}

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'i> {
    /// Some of the body, never empty.
    Data(&'i [u8]),
    /// The body and its trailers have ended; what is left of the input is not theirs.
    End,
    /// The input is used up, and the body goes on.
    More,
}

impl Chunks {
    /// At the beginning of a body.
    pub fn new(limits: Limits) -> Self {
        Self {
            at: At::Size,
            left: 0,
            room: limits.body,
            digits: 0,
            extensions: 0,
            trailers: 0,
            limits,
        }
    }

    /// Takes the next part from the front of `input`.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Result<Part<'i>, Broken> {
        loop {
            match self.at {
                At::Data => return Ok(self.data(input)),
                At::Trailers(line) => return self.trailers(line, input),
                At::Size
                | At::Space
                | At::Extension
                | At::SizeEnd
                | At::DataReturn
                | At::DataEnd => {
                    let Some((byte, rest)) = input.split_first() else { return Ok(Part::More) };
                    self.at = self.coding(*byte)?;
                    *input = rest;
                }
            }
        }
    }

    fn data<'i>(&mut self, input: &mut &'i [u8]) -> Part<'i> {
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
        let (data, rest) = input.split_at_checked(length).unwrap_or_default();
        *input = rest;
        self.left -= count(length);
        if self.left == 0 {
            self.at = At::DataReturn;
        }
        if data.is_empty() { Part::More } else { Part::Data(data) }
    }

    fn trailers<'i>(&mut self, line: Line, input: &mut &'i [u8]) -> Result<Part<'i>, Broken> {
        let mut line = line;
        let end = line.find_empty(input);
        let length = end.unwrap_or(input.len());
        self.trailers = self.trailers.saturating_add(length);
        if self.trailers > self.limits.trailers {
            return Err(Broken::TrailersTooLong(self.limits.trailers));
        }
        *input = input.get(length..).unwrap_or_default();
        self.at = At::Trailers(line);
        Ok(if end.is_some() { Part::End } else { Part::More })
    }

    /// Takes one byte of the coding itself.
    fn coding(&mut self, byte: u8) -> Result<At, Broken> {
        match (self.at, byte) {
            (At::Size, _) if byte.is_ascii_hexdigit() => self.digit(byte),
            (At::Size | At::Space, b' ' | b'\t') if self.digits > 0 => self.skip(At::Space),
            (At::Size | At::Space, b';') if self.digits > 0 => self.skip(At::Extension),
            (At::Size | At::Space, b'\r') if self.digits > 0 => Ok(At::SizeEnd),
            (At::Extension, b'\r') => Ok(At::SizeEnd),
            (At::Extension, _) if byte != b'\n' => self.skip(At::Extension),
            (At::SizeEnd, b'\n') => self.size(),
            (At::DataReturn, b'\r') => Ok(At::DataEnd),
            (At::DataEnd, b'\n') => Ok(At::Size),
            (At::DataReturn | At::DataEnd, _) => Err(Broken::ChunkEnd(byte)),
            _ => Err(Broken::ChunkSize(byte)),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<At, Broken> {
        if self.digits == MAX_DIGITS {
            return Err(Broken::ChunkOverflow);
        }
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        };
        self.digits += 1;
        self.left = self.left << 4 | u64::from(value);
        Ok(At::Size)
    }

    fn skip(&mut self, then: At) -> Result<At, Broken> {
        self.extensions += 1;
        if self.extensions > MAX_EXTENSIONS {
            return Err(Broken::ExtensionsTooLong);
        }
        Ok(then)
    }

    /// The size is known: what follows is data, or the trailers.
    fn size(&mut self) -> Result<At, Broken> {
        let room = self.room.checked_sub(self.left);
        self.room = room.ok_or(Broken::BodyTooLarge(self.limits.body))?;
        self.digits = 0;
        Ok(if self.left == 0 { At::Trailers(Line::Empty) } else { At::Data })
    }
}
