//! A server that does to a connection what a script says: right, wrong, late, too much, not at all.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What is done after a request has come.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Writes these bytes at once.
    Send(Vec<u8>),
    /// Writes each byte as a segment of its own.
    Single(Vec<u8>),
    /// Writes a byte of it every 20 ms, over and over, until the client goes away.
    Drip(&'static str),
    /// Writes it over and over until the client goes away, or a gigabyte was taken.
    Flood(&'static str),
    /// Waits a little, so that what was written leaves on its own.
    Pause(Duration),
    /// Keeps the connection open until the client closes it.
    Hang,
    /// Closes the connection in good order.
    Close,
    /// Closes it without TLS's own word for that (RFC 8446, section 6.1).
    Cut,
    /// Says that nothing more comes, and reads on until the client closes, too.
    Finish,
    /// Without TLS: closes while a byte of the request is unread, which makes the kernel send an RST (RFC 9293,
    /// section 3.6.1).
    Reset,
}

/// The most that a flood writes.
pub(super) const FLOOD: u64 = 1 << 30;

/// What is done on the visits of a path: the n-th visit of all gets the n-th part, and later ones
/// the last.
pub(super) type Scripts = Vec<(String, Vec<Vec<Act>>)>;

/// A server of scripts. Paths that have none are answered with `ok`.
pub(super) struct Hostile {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Seen>,
}

/// What the server saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Connections on which a request came.
    connections: AtomicU64,
    requests: AtomicU64,
    visits: AtomicU64,
    flooded: AtomicU64,
    over: AtomicBool,
}

impl Seen {
    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Bytes that floods could write before the client went away.
    pub(super) fn flooded(&self) -> u64 {
        self.flooded.load(Ordering::SeqCst)
    }
}

impl Hostile {
    /// Starts a server with scripts by path; with settings of TLS, over TLS.
    pub(super) fn start(scripts: Scripts, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, scripts) = (Arc::new(Seen::default()), Arc::new(scripts));
        let mine = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if mine.over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (seen, scripts) = (Arc::clone(&mine), Arc::clone(&scripts));
                let tls = tls.clone();
                std::thread::spawn(move || serve(Wire::new(stream, tls), &seen, &scripts));
            }
        });
        Self { address, seen }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

/// What becomes of the connection.
enum Then {
    Next,
    Over,
}

/// A connection with or without TLS.
enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    fn new(stream: TcpStream, tls: Option<Arc<ServerConfig>>) -> Self {
        stream.set_nodelay(true).unwrap();
        match tls {
            None => Self::Plain(stream),
            Some(config) => {
                let connection = ServerConnection::new(config).unwrap();
                Self::Tls(Box::new(StreamOwned::new(connection, stream)))
            }
        }
    }

    /// Says that nothing more comes.
    fn finish(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown(Shutdown::Write),
            Self::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush()?;
                stream.sock.shutdown(Shutdown::Write)
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

fn serve(mut stream: Wire, seen: &Seen, scripts: &Scripts) {
    let mut first = true;
    while let Some(head) = read_head(&mut stream) {
        seen.requests.fetch_add(1, Ordering::SeqCst);
        seen.connections.fetch_add(u64::from(first), Ordering::SeqCst);
        first = false;
        let path = head.split(' ').nth(1).unwrap_or("/");
        let Some((_, parts)) = scripts.iter().find(|(own, _)| own == path) else {
            if !consume(&mut stream, &head) || stream.write_all(OK).is_err() {
                return;
            }
            continue;
        };
        let visit = usize::try_from(seen.visits.fetch_add(1, Ordering::SeqCst)).unwrap();
        let acts = &parts[visit.min(parts.len() - 1)];
        // Who finishes before the request was read answers early; who resets leaves it unread.
        let unread = acts.iter().any(|act| matches!(act, Act::Reset | Act::Finish));
        if !unread && !consume(&mut stream, &head) {
            return;
        }
        for act in acts {
            match perform(act, &mut stream, seen) {
                Ok(Then::Next) => {}
                Ok(Then::Over) | Err(_) => return,
            }
        }
    }
}

pub(super) const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Reads a head up to its last byte, which stays unread.
fn read_head(stream: &mut Wire) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Reads the last byte of the head, and the body; whether it came.
fn consume(stream: &mut Wire, head: &str) -> bool {
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ").and_then(|length| length.trim().parse::<u64>().ok())
    });
    let wanted = 1 + length.unwrap_or_default();
    let read = std::io::copy(&mut stream.take(wanted), &mut std::io::sink());
    read.is_ok_and(|read| read == wanted)
}

#[expect(clippy::disallowed_methods, reason = "the server is to be slow")]
fn pause(length: Duration) {
    std::thread::sleep(length);
}

fn perform(act: &Act, stream: &mut Wire, seen: &Seen) -> std::io::Result<Then> {
    match act {
        Act::Send(bytes) => stream.write_all(bytes)?,
        Act::Single(bytes) => {
            for byte in bytes {
                stream.write_all(std::slice::from_ref(byte))?;
            }
        }
        Act::Drip(text) => loop {
            for byte in text.as_bytes() {
                stream.write_all(std::slice::from_ref(byte))?;
                pause(Duration::from_millis(20));
            }
        },
        Act::Flood(text) => {
            let piece = text.repeat(4_096);
            let length = u64::try_from(piece.len()).unwrap();
            let mut left = FLOOD;
            while left > 0 {
                stream.write_all(piece.as_bytes())?;
                seen.flooded.fetch_add(length, Ordering::SeqCst);
                left = left.saturating_sub(length);
            }
        }
        Act::Pause(length) => pause(*length),
        Act::Hang => return drain(stream),
        Act::Finish => {
            stream.finish()?;
            return drain(stream);
        }
        Act::Close => {
            stream.finish()?;
            return Ok(Then::Over);
        }
        Act::Cut | Act::Reset => return Ok(Then::Over),
    }
    Ok(Then::Next)
}

/// Reads until the client closes.
fn drain(stream: &mut Wire) -> std::io::Result<Then> {
    std::io::copy(stream, &mut std::io::sink())?;
    Ok(Then::Over)
}
