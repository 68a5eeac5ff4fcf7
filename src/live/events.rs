//! Pictures as server-sent events: each reader gets the newest one when it is ready for it.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::report::live::Frame;

/// The most readers at a time. More are told to come back later.
pub const MAX_READERS: usize = 32;

/// After this time without a picture a reader is sent a comment, which shows whether it is still
/// there.
const STILL_THERE: Duration = Duration::from_secs(15);

/// Tells a browser to come back after a second when the connection is lost.
const RETRY: &str = "retry: 1000\n\n";

/// A picture, and its text once somebody wanted that.
#[derive(Debug)]
pub(super) struct Shown {
    frame: Frame,
    event: OnceLock<Bytes>,
}

impl Shown {
    pub(super) fn new(frame: Frame) -> Self {
        Self { frame, event: OnceLock::new() }
    }

    /// The event, which is made once for all readers.
    fn event(&self) -> Bytes {
        let made = || {
            // A picture is made of numbers and text, which JSON has words for. It has no line feed
            // outside of text, and there it is escaped: the event is one line.
            let json = serde_json::to_string(&self.frame).unwrap_or_default();
            Bytes::from(format!("data: {json}\n\n"))
        };
        self.event.get_or_init(made).clone()
    }
}

/// What readers are served from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) frames: watch::Receiver<Option<Arc<Shown>>>,
    pub(super) places: Arc<Semaphore>,
}

/// One reader, as long as its connection lasts.
struct Reader {
    frames: watch::Receiver<Option<Arc<Shown>>>,
    _place: OwnedSemaphorePermit,
}

/// An endless answer with a picture each time there is a newer one.
pub(super) async fn events(State(source): State<Source>) -> Response {
    let Ok(place) = source.places.try_acquire_owned() else {
        let told = format!("{MAX_READERS} windows look already; close one of them\n");
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], told)
            .into_response();
    };
    let mut frames = source.frames;
    // Whoever comes gets what there is.
    frames.mark_changed();
    let reader = Reader { frames, _place: place };
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(RETRY.as_bytes()))]);
    let body = futures_util::StreamExt::chain(first, stream::unfold(reader, next));
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response()
}

/// The newest picture that the reader has not had; `None` when there will be no more.
async fn next(mut reader: Reader) -> Option<(Result<Bytes, Infallible>, Reader)> {
    loop {
        match timeout(STILL_THERE, reader.frames.changed()).await {
            Err(_elapsed) => return Some((Ok(Bytes::from_static(b":\n\n")), reader)),
            Ok(Err(_ended)) => return None,
            Ok(Ok(())) => {}
        }
        let newest = reader.frames.borrow_and_update().clone();
        if let Some(newest) = newest {
            return Some((Ok(newest.event()), reader));
        }
    }
}
