//! Replies that have left the memory they came in.

use bytes::Bytes;
use http::HeaderMap;

use crate::http1::{Header, Headers};
use crate::plan::{Answer, Failure, HttpAnswer, Reply, Rows, Timing};
use crate::units::Nanos;

/// An answer to an HTTP request, with memory of its own.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, decompressed, if the step wanted it; else empty.
    pub body: Bytes,
    /// Length of the body as it came.
    pub body_bytes: u64,
    /// The whole exchange, for checks on it.
    pub duration: Nanos,
}

/// What came of a command, on its way to the core.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) end: Nanos,
    pub(super) timing: Timing,
    pub(super) result: Result<Content, Failure>,
}

/// What came.
#[derive(Debug)]
pub(super) enum Content {
    Http(Received),
    Rows(Rows),
}

/// The headers as those of `http1`.
pub(super) fn headers_of(map: &HeaderMap) -> impl Iterator<Item = Header<'_>> {
    map.iter().map(|(name, value)| Header { name: name.as_str(), value: value.as_bytes() })
}

impl Came {
    /// Shows it as the core sees it.
    pub(super) fn show(&self, to: impl FnOnce(&Reply<'_>)) {
        let Self { end, timing, result } = self;
        let mut list = Vec::new();
        let result = match result {
            Ok(Content::Http(received)) => {
                list.extend(headers_of(&received.headers));
                Ok(Answer::Http(HttpAnswer {
                    status: received.status,
                    headers: Headers::new(&list),
                    body: &received.body,
                    body_bytes: received.body_bytes,
                    duration: received.duration,
                }))
            }
            Ok(Content::Rows(rows)) => Ok(Answer::Rows(rows)),
            Err(failure) => Err(failure.clone()),
        };
        to(&Reply { end: *end, timing: *timing, result });
    }
}
