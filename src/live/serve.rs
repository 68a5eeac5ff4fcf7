//! The thread of the page: it accepts connections until there are no more pictures.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Html;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::events::{Shown, Source, events};
use super::guard::guard;
use super::page::Page;

/// The most connections at a time: readers and those who fetch the page. More wait until one ends.
pub const MAX_CONNECTIONS: usize = 64;

/// Longest time from the first byte of a connection to the end of its request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(5);

/// How long readers may take for the last picture.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// How long no connection is accepted after the system refused one, as it does when there are no
/// descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Bytes that may wait for a reader, here and in its socket: about one picture. What a reader takes
/// after a pause is then new.
const WAITING_BYTES: usize = 64 * 1_024;

type Frames = watch::Receiver<Option<Arc<Shown>>>;

/// Serves until nobody can show a picture any more.
pub(super) async fn serve(listener: TcpListener, frames: Frames, places: Arc<Semaphore>) {
    // Without a runtime's hold on the socket nobody can be served.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let router = router(Source { frames: frames.clone(), places });
    let mut connections = JoinSet::new();
    let mut over = pin!(over(frames.clone()));
    loop {
        tokio::select! {
            () = &mut over => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(carry(stream, router.clone(), frames.clone()));
                } else {
                    sleep(PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // Whoever did not take the last picture in time goes without it.
    drop(timeout(STOP_LIMIT, all).await);
}

fn router(source: Source) -> Router {
    let Page { text, policy } = Page::new();
    let text: Arc<str> = text.into();
    // Hashes and words are visible ASCII.
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("sandbox"));
    Router::new()
        .route("/", get(async move || Html(text.to_string())))
        .route("/events", get(events))
        .fallback(async || (StatusCode::NOT_FOUND, "there is only one page here: /\n"))
        .layer(from_fn_with_state(policy, guard))
        .with_state(source)
}

/// Returns when there will be no more pictures.
async fn over(mut frames: Frames) {
    // It waits for a picture that never comes, until nobody can send one.
    drop(frames.wait_for(|_| false).await);
}

/// One connection, which carries one request.
async fn carry(stream: TcpStream, router: Router, frames: Frames) {
    // What can't be set is as it was: slow readers have older pictures then.
    set_socket_send_buffer_size(&stream, WAITING_BYTES).unwrap_or_default();
    stream.set_nodelay(true).unwrap_or_default();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .keep_alive(false)
        .max_buf_size(WAITING_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // A reader that goes away is no error.
    tokio::select! {
        ended = connection.as_mut() => drop(ended),
        () = over(frames) => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}
