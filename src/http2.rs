//! HTTP/2 as bytes (RFC 9113, and RFC 7541 for its heads), without any input or output.
//!
//! [`Connection`] is the client's side of one connection. It is shown the bytes that come in the
//! pieces in which they come, and gives each answer out once it is complete; what is to be sent it
//! appends to memory of the caller. A request whose fields were sent before is a few bytes, and an
//! answer whose head came before ([`Seen`]) is not decoded again. In the steady state nothing is
//! allocated.

mod broken;
mod connection;
mod decoder;
mod encoder;
mod frame;
mod head;
mod huffman;
mod primitive;
mod seen;
mod settings;
mod statics;
mod streams;
mod table;

pub use broken::{Broken, Code, Malformed, Stopped};
pub use connection::{Answer, Connection, Event, Limits, MAX_BARREN, MAX_CONTINUATIONS};
pub use decoder::{Decoder, Undecodable};
pub use encoder::{Block, Encoder};
pub use head::Head;
pub use seen::Seen;
pub use streams::{Asked, Keep, MAX_INTERIM, MOST_STREAMS, Question};

/// A number of bytes as it is counted and compared.
fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// A number of bytes that fits into 32 bits, because a frame is no longer than 16 MiB.
fn short(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A number from the wire as a length.
fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
