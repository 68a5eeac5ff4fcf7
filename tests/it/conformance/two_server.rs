//! A server of HTTP/2 made by hand, which does to a stream what a script says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use loadgate::http2::{Decoder, Head};

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GO_AWAY: u8 = 7;
pub(super) const WINDOW: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 0x1;
pub(super) const END_HEADERS: u8 = 0x4;

/// What is done after a request has come.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Writes a frame for the request's stream.
    Own(u8, u8, Vec<u8>),
    /// Writes a frame for the connection, or for another stream.
    For(u32, u8, u8, Vec<u8>),
    /// Writes these bytes.
    Raw(Vec<u8>),
    /// Writes them over and over until the client goes away.
    Flood(Vec<u8>),
    /// Writes what follows byte by byte.
    Single,
    /// Waits a little.
    Pause,
    /// Reads on until the client closes, and answers nothing.
    Hang,
    /// Closes the connection.
    Close,
}

/// What is done on the visits of `/row`: on the n-th of all the n-th part, and later the last.
pub(super) type Script = Vec<Vec<Act>>;

/// A running server. Other paths are answered with `ok`.
pub(super) struct Two {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Seen>,
}

#[derive(Debug, Default)]
pub(super) struct Seen {
    connections: AtomicU64,
    requests: AtomicU64,
    visits: AtomicU64,
    over: AtomicBool,
}

impl Seen {
    /// Connections on which a request came.
    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Two {
    pub(super) fn start(greeting: Vec<u8>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (mine, script) = (Arc::clone(&seen), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if mine.over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (seen, script) = (Arc::clone(&mine), Arc::clone(&script));
                let greeting = greeting.clone();
                std::thread::spawn(move || serve(stream, &greeting, &seen, &script));
            }
        });
        Self { address, seen }
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[a, b, c, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

/// A block of fields, none of which any table has or takes.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let field = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    fields.iter().flat_map(field).collect()
}

/// Reads a frame: kind, flags, stream, payload.
fn read(stream: &mut TcpStream) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).ok()?;
    let [high, middle, low, kind, flags, number @ ..] = header;
    let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap()];
    stream.read_exact(&mut payload).ok()?;
    Some((kind, flags, u32::from_be_bytes(number), payload))
}

fn serve(mut stream: TcpStream, greeting: &[u8], seen: &Seen, script: &Script) {
    stream.set_nodelay(true).unwrap();
    let mut preface = [0; 24];
    if stream.read_exact(&mut preface).is_err() || stream.write_all(greeting).is_err() {
        return;
    }
    let mut decoder = Decoder::new();
    let (mut head, mut path) = (Head::default(), String::new());
    let mut first = true;
    while let Some((kind, flags, id, payload)) = read(&mut stream) {
        if kind == HEADERS {
            decoder.decode(&payload, &mut head, 1 << 20).unwrap();
            path = pseudo(&head);
        }
        let asked = matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0;
        if !asked {
            continue;
        }
        seen.requests.fetch_add(1, Ordering::SeqCst);
        seen.connections.fetch_add(u64::from(std::mem::take(&mut first)), Ordering::SeqCst);
        let answered = if path == "/row" {
            let visit = usize::try_from(seen.visits.fetch_add(1, Ordering::SeqCst)).unwrap();
            act(&mut stream, id, &script[visit.min(script.len() - 1)])
        } else {
            let head = frame(HEADERS, END_HEADERS, id, &[0x88]);
            let all = [head, frame(DATA, END_STREAM, id, b"ok")].concat();
            stream.write_all(&all).is_ok()
        };
        if !answered {
            return;
        }
    }
}

/// The path that a head of a request asks for.
fn pseudo(head: &Head) -> String {
    let path = head.all_fields().find(|(name, _)| *name == ":path");
    path.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the server is to be slow")]
fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

/// Does what the script says; whether the connection goes on.
fn act(stream: &mut TcpStream, id: u32, acts: &[Act]) -> bool {
    let mut single = false;
    for act in acts {
        let bytes = match act {
            Act::Own(kind, flags, payload) => frame(*kind, *flags, id, payload),
            Act::For(stream, kind, flags, payload) => frame(*kind, *flags, *stream, payload),
            Act::Raw(bytes) => bytes.clone(),
            Act::Flood(bytes) => {
                let many = bytes.repeat(1_000);
                while stream.write_all(&many).is_ok() {}
                return false;
            }
            Act::Single => {
                single = true;
                continue;
            }
            Act::Pause => {
                pause();
                continue;
            }
            Act::Hang => {
                drop(std::io::copy(stream, &mut std::io::sink()));
                return false;
            }
            Act::Close => {
                drop(stream.shutdown(Shutdown::Write));
                drop(std::io::copy(stream, &mut std::io::sink()));
                return false;
            }
        };
        let sent = if single {
            bytes.iter().all(|byte| stream.write_all(std::slice::from_ref(byte)).is_ok())
        } else {
            stream.write_all(&bytes).is_ok()
        };
        if !sent {
            return false;
        }
    }
    true
}
