//! A server that does to a connection what a script says: right, wrong, late, too much, not at all.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

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
    /// Says that nothing more comes, and reads on until the client closes, too.
    Finish,
    /// Closes while a byte of the request is unread, which makes the kernel send an RST (RFC 9293,
    /// section 3.6.1).
    Reset,
}

/// The most that a flood writes.
pub(super) const FLOOD: u64 = 1 << 30;

/// A server of scripts: the path is the number of the script, and the n-th visit of all gets the
/// n-th of its parts (the last one also for later visits). `/ok` is always `ok`.
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
    /// Starts a server with scripts by path.
    pub(super) fn start(scripts: Vec<(String, Vec<Vec<Act>>)>) -> Self {
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
                std::thread::spawn(move || serve(stream, &seen, &scripts));
            }
        });
        Self { address, seen }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
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

fn serve(mut stream: TcpStream, seen: &Seen, scripts: &[(String, Vec<Vec<Act>>)]) {
    stream.set_nodelay(true).unwrap();
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
fn read_head(stream: &mut TcpStream) -> Option<String> {
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
fn consume(stream: &mut TcpStream, head: &str) -> bool {
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

fn perform(act: &Act, stream: &mut TcpStream, seen: &Seen) -> std::io::Result<Then> {
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
            stream.shutdown(Shutdown::Write)?;
            return drain(stream);
        }
        Act::Close | Act::Reset => return Ok(Then::Over),
    }
    Ok(Then::Next)
}

/// Reads until the client closes.
fn drain(stream: &mut TcpStream) -> std::io::Result<Then> {
    std::io::copy(stream, &mut std::io::sink())?;
    Ok(Then::Over)
}
