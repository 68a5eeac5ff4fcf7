//! HTTP/1.1 as bytes: answers read as RFC 9112 says, without any input or output.
//!
//! [`Reader`] is shown the bytes of a connection in the pieces in which they come, and gives each
//! answer out once it is complete. An answer that comes whole in one piece is read where it lies:
//! without a copy, an allocation or a second look at its head. A head that has come before
//! ([`Seen`]) is not even read.

mod broken;
mod chunks;
mod head;
mod headers;
mod reader;
mod seen;

pub use broken::Broken;
pub use chunks::{Chunks, MAX_EXTENSIONS, Part};
pub use head::{MAX_HEADERS, Slots, slots};
pub use headers::{Header, Headers};
pub use reader::{Answer, Asked, Keep, Limits, MAX_INTERIM, Reader};
pub use seen::Seen;

/// A number of bytes as it is counted and compared.
fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
