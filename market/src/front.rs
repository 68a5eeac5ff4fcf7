//! The way of every request: counted, delayed or damaged by faults, timed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderName, HeaderValue, Method};
use http_body::Frame;

use crate::app::App;
use crate::error::ApiError;
use crate::faults::{Damage, plain};
use crate::routes::control;
use crate::{clock, timing};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// What a truncated answer promises beyond what it sends.
const MISSING: usize = 64;
/// The biggest answer that a fault looks at.
const MOST_BODY: usize = 16 << 20;

/// Stands around all routes.
pub(crate) async fn front(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(control::PREFIX) {
        return next.run(request).await;
    }
    let route = route(&request);
    let ticket = app.stats.arrive(&route);
    let trace = trace(&request).filter(|_| app.sql_comments);
    let response = timing::traced(trace, async {
        if app.faults.any() {
            faulty(&app, &plain(&route), request, next).await
        } else {
            timed(request, next, |_own| Duration::ZERO).await
        }
    })
    .await;
    ticket.answered(response.status().as_u16());
    response
}

/// The trace context that a request bears (W3C Trace Context), if it is nothing but that: it goes
/// into the text of statements.
fn trace(request: &Request) -> Option<String> {
    let trace = request.headers().get("traceparent")?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    (trace.len() == 55 && trace.bytes().all(plain)).then(|| trace.to_owned())
}

/// Method and path template; ids never appear, so there are as many as there are routes.
fn route(request: &Request) -> String {
    let method = match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    };
    let path = request.extensions().get::<MatchedPath>().map_or("(unmatched)", MatchedPath::as_str);
    let mut route = String::with_capacity(method.len() + 1 + path.len());
    route.push_str(method);
    route.push(' ');
    route.push_str(path);
    route
}

/// Works on the request and says in the answer what took how long.
async fn timed(request: Request, next: Next, delay: impl Fn(Duration) -> Duration) -> Response {
    let api = request.uri().path().starts_with("/api/");
    let began = clock::now();
    let (mut response, queries) = timing::collect(next.run(request)).await;
    clock::wait(delay(began.elapsed())).await;
    if api && let Ok(value) = HeaderValue::try_from(timing::header(&queries, began.elapsed())) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    response
}

/// The same with faults on.
async fn faulty(app: &App, route: &str, mut request: Request, next: Next) -> Response {
    clock::wait(app.faults.stall()).await;
    if let Some(status) = app.faults.error(route) {
        return ApiError::fault(status).into_response();
    }
    let damage = app.faults.damage(route);
    if matches!(damage, Some(Damage::Oversize(_))) {
        // Spaces behind a compressed answer would break it.
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    let delay = |own| app.faults.endpoint_delay(route, own);
    let response = timed(request, next, delay).await;
    // A stall stops answers that are on their way as well.
    clock::wait(app.faults.stall()).await;
    match damage {
        Some(damage) => damaged(response, damage).await,
        None => response,
    }
}

async fn damaged(response: Response, damage: Damage) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(mut bytes) = to_bytes(body, MOST_BODY).await else {
        return ApiError::fault(500).into_response();
    };
    let (promised, body) = match damage {
        Damage::Close => {
            let whole = bytes.len();
            bytes.truncate(whole.div_euclid(2));
            (whole, Body::new(Broken { first: Some(bytes), flushed: false }))
        }
        Damage::Truncate => {
            (bytes.len() + MISSING, Body::new(Broken { first: Some(bytes), flushed: false }))
        }
        Damage::Oversize(size) => {
            let size = usize::try_from(size).unwrap_or(MOST_BODY).max(bytes.len());
            let mut padded = Vec::with_capacity(size);
            padded.extend_from_slice(&bytes);
            // Spaces after a JSON document change nothing but its length.
            padded.resize(size, b' ');
            (size, Body::from(padded))
        }
    };
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(promised));
    Response::from_parts(parts, body)
}

/// A body that ends before its time, after its beginning was really sent.
#[derive(Debug)]
struct Broken {
    first: Option<Bytes>,
    flushed: bool,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if !self.flushed {
            // The server writes what it has when the body has nothing more for the moment.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::Error::other("a fault closes the connection"))))
    }
}
