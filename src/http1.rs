//! HTTP/1.1 as bytes: answers read as RFC 9112 says, without any input or output.

mod headers;

pub use headers::{Header, Headers};
