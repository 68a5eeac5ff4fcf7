//! A small HTTP server whose behaviour a path chooses, and that counts for itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// What the server saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    requests: AtomicU64,
    connections: AtomicU64,
    /// When a request with the header `x-seq` came and was answered.
    stamps: Mutex<BTreeMap<u64, (Instant, Instant)>>,
}

/// How the server speaks.
#[derive(Clone)]
pub(crate) enum Speaks {
    /// HTTP/1.1 by hand.
    One,
    /// HTTP/2 without TLS.
    Two,
    /// TLS, with the version that is agreed on.
    Tls(Arc<rustls::ServerConfig>),
}

/// A running server. It goes away, with all its connections, when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Seen>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(speaks: Speaks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (stop, stopped) = oneshot::channel();
        let mine = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime.unwrap(), async move {
                tokio::select! {
                    () = accept(listener, speaks, mine) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, seen, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the listener and all connections, as a process does that is killed.
    pub(crate) fn kill(&mut self) {
        self.stop = None;
        self.thread.take().into_iter().for_each(|thread| thread.join().unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Seen {
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn stamps(&self) -> BTreeMap<u64, (Instant, Instant)> {
        self.stamps.lock().unwrap().clone()
    }
}

#[expect(clippy::infinite_loop, reason = "whoever waits for it stops it")]
async fn accept(listener: TcpListener, speaks: Speaks, seen: Arc<Seen>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).unwrap();
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (seen, speaks) = (Arc::clone(&seen), speaks.clone());
        tokio::task::spawn_local(async move {
            match speaks {
                Speaks::One => by_hand(stream, seen).await,
                Speaks::Two => two(stream, seen).await,
                Speaks::Tls(config) => {
                    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
                    match stream.get_ref().1.alpn_protocol() {
                        Some(b"h2") => two(stream, seen).await,
                        _ => by_hand(stream, seen).await,
                    }
                }
            }
        });
    }
}

/// HTTP/2: `/slow` takes 50 ms, the connection of every hundredth `/break` ends without an answer,
/// everything else is `ok` at once.
async fn two<S: AsyncRead + AsyncWrite + Unpin + 'static>(stream: S, seen: Arc<Seen>) {
    let (end, mut ended) = tokio::sync::mpsc::channel::<()>(1);
    let service =
        hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let (seen, end) = (Arc::clone(&seen), end.clone());
            async move {
                let number = seen.requests.fetch_add(1, Ordering::SeqCst);
                let came = now();
                let path = request.uri().path().to_owned();
                let sequence = request.headers().get("x-seq");
                let sequence = sequence.and_then(|number| number.to_str().ok()?.parse().ok());
                drop(request.into_body().collect().await);
                stand_still(&path, sequence);
                if path == "/slow" {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                } else if path == "/break" && number % 100 == 99 {
                    end.send(()).await.unwrap();
                    std::future::pending::<()>().await;
                }
                if let Some(number) = sequence {
                    seen.stamps.lock().unwrap().insert(number, (came, now()));
                }
                Ok::<_, hyper::Error>(http::Response::new(Full::new(Bytes::from_static(b"ok"))))
            }
        });
    let builder = hyper::server::conn::http2::Builder::new(Local);
    tokio::select! {
        _ended = builder.serve_connection(TokioIo::new(stream), service) => {}
        _asked = ended.recv() => {}
    }
}

#[derive(Clone)]
struct Local;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// HTTP/1.1 by hand, so that it can be wrong.
async fn by_hand<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, seen: Arc<Seen>) {
    let mut buffer = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut buffer).await {
        let came = now();
        seen.requests.fetch_add(1, Ordering::SeqCst);
        let (line, _) = head.split_once("\r\n").unwrap_or((&head, ""));
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or("/"));
        let field = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v).next()
        };
        let sequence = field("x-seq").and_then(|number| number.parse::<u64>().ok());
        stand_still(path, sequence);
        if path == "/slow" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        } else if path == "/hang" {
            std::future::pending::<()>().await;
        }
        let (bytes, stays) = answer(method, path);
        let sent = stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok();
        if let Some(number) = sequence {
            seen.stamps.lock().unwrap().insert(number, (came, now()));
        }
        if !sent || !stays {
            return;
        }
    }
}

/// Stands still at one request of the run, and with it every connection of the server.
#[expect(clippy::disallowed_methods, reason = "the server is to stand still")]
fn stand_still(path: &str, sequence: Option<u64>) {
    match (path, sequence) {
        ("/freeze", Some(1_000)) => std::thread::sleep(Duration::from_secs(1)),
        ("/freeze-shortly", Some(10_000)) => std::thread::sleep(Duration::from_millis(200)),
        _ => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "the server has its own stamps")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Reads a head and drops the body that follows it.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = head.to_ascii_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length: ").and_then(|n| n.parse::<usize>().ok())
            });
            let whole = end + 4 + length.unwrap_or(0);
            if buffer.len() >= whole {
                buffer.drain(..whole);
                return Some(head);
            }
        }
        let read = stream.read_buf(buffer).await.ok()?;
        if read == 0 {
            return None;
        }
    }
}

fn plain(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut all =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n").into_bytes();
    all.extend_from_slice(body);
    all
}

fn packed(coding: &str) -> Vec<u8> {
    let text = format!(r#"{{"name":"farm","pad":"{}"}}"#, "x".repeat(500));
    let mut out = Vec::new();
    let level = flate2::Compression::default();
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, level);
            encoder.write_all(text.as_bytes()).unwrap();
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(&mut out, level);
            encoder.write_all(text.as_bytes()).unwrap();
        }
        _ => {
            let mut encoder = brotli::CompressorWriter::new(&mut out, 4_096, 5, 20);
            encoder.write_all(text.as_bytes()).unwrap();
        }
    }
    out
}

/// The bytes of an answer, and whether the connection stays open.
fn answer(method: &str, path: &str) -> (Vec<u8>, bool) {
    let raw = |text: &str| text.as_bytes().to_vec();
    let coded =
        |coding: &str| plain("200 OK", &format!("content-encoding: {coding}\r\n"), &packed(coding));
    match path {
        _ if method == "HEAD" => (raw("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n"), true),
        "/truncated" => (raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"), false),
        "/garbage" => (raw("this is no HTTP\r\n\r\n"), false),
        "/nothing" => (Vec::new(), false),
        "/big" => (plain("200 OK", "", &[b'x'; 5_000]), true),
        "/gzip" | "/br" | "/deflate" => (coded(path.trim_start_matches('/')), true),
        "/badzip" => (plain("200 OK", "content-encoding: gzip\r\n", b"{}"), true),
        "/chunked" => (
            raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
                 8\r\n{\"name\":\r\n7\r\n\"farm\"}\r\n0\r\nx-sum: 1\r\n\r\n"),
            true,
        ),
        "/204" => (raw("HTTP/1.1 204 No Content\r\n\r\n"), true),
        "/304" => (raw("HTTP/1.1 304 Not Modified\r\ncontent-length: 50\r\n\r\n"), true),
        "/early" => {
            let mut all =
                raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
            all.extend(plain("200 OK", "", b"ok"));
            (all, true)
        }
        "/close" => (plain("200 OK", "connection: close\r\n", b"ok"), false),
        "/leave" => (plain("200 OK", "", b"ok"), false),
        "/headers" => {
            let many: String = (0..60)
                .flat_map(|n| [format!("x-{n}: "), "v".repeat(1_000), "\r\n".to_owned()])
                .collect();
            (plain("200 OK", &many, b"ok"), true)
        }
        "/redirect" => (plain("303 See Other", "location: /ok\r\n", b""), true),
        "/500" => (plain("500 Oops", "", b"{}"), true),
        _ => (
            plain("200 OK", "server-timing: db;desc=\"q\";dur=1\r\n", b"{\"name\":\"farm\"}"),
            true,
        ),
    }
}
