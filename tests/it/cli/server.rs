//! A small server that counts: what it says was sent can be believed, because it knows nothing
//! else.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A server on a free port. Its threads end with their connections.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicU64,
    requests: AtomicU64,
    /// How often each first line of a request came.
    lines: Mutex<BTreeMap<String, u64>>,
    /// Everything else of the heads, and the bodies.
    texts: Mutex<Vec<String>>,
}

/// What a server answers.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// 200 and this JSON.
    Json(&'static str),
    /// 503 as often as it is said, and then 200 and this JSON.
    Late(u64, &'static str),
    /// Nothing, ever.
    Silence,
}

impl Server {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let counted = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&counted);
                // A client that goes away ends the thread of its connection.
                std::thread::spawn(move || drop(serve(stream, &seen, answer)));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// How often each first line of a request came since the last time this was asked.
    pub(crate) fn take_lines(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.seen.lines.lock().unwrap())
    }

    /// Headers and bodies of all requests.
    pub(crate) fn texts(&self) -> String {
        self.seen.texts.lock().unwrap().join("\n")
    }
}

fn serve(mut stream: TcpStream, seen: &Seen, answer: Answer) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut first, mut head, mut length) = (String::new(), String::new(), 0);
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let before = seen.requests.fetch_add(1, Ordering::SeqCst);
        *seen.lines.lock().unwrap().entry(first.trim_end().to_owned()).or_default() += 1;
        let text = format!("{head}{}", String::from_utf8_lossy(&body));
        let mut texts = seen.texts.lock().unwrap();
        if texts.len() < 100 {
            texts.push(text);
        }
        drop(texts);
        match answer {
            Answer::Silence => {}
            Answer::Json(json) => stream.write_all(&answered("200 OK", json))?,
            Answer::Late(bad, _) if before < bad => {
                stream.write_all(&answered("503 Service Unavailable", "{}"))?;
            }
            Answer::Late(_, json) => stream.write_all(&answered("200 OK", json))?,
        }
    }
}

fn answered(status: &str, json: &str) -> Vec<u8> {
    let length = json.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n");
    format!("{head}content-length: {length}\r\n\r\n{json}").into_bytes()
}
