//! The page of a run that goes on, asked by clients that are fast, slow, many and hostile.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use loadgate::live::{Listen, Live, LiveError, MAX_READERS, USUAL_PORT};
use loadgate::report::live::{EndpointRow, ErrorLine, Frame, Points, Said, Stage, Subject};
use serde_json::Value;

use crate::browser;
use crate::cli::stage::{LIMIT, until};

fn start() -> Live {
    Live::start(Listen::At("127.0.0.1:0".parse().unwrap())).unwrap()
}

fn stop(live: Live) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(live.stop());
}

/// A picture that can be told from others.
fn numbered(number: u64) -> Frame {
    Frame { stage: Stage::Running, elapsed_ns: number, ..Frame::default() }
}

/// The same with about 100 kB of text.
fn large(number: u64) -> Frame {
    let many = vec![Some(u64::from(u32::MAX)); 2_500];
    let points =
        Points { p50_ns: many.clone(), p95_ns: many.clone(), p99_ns: many, ..Points::default() };
    Frame { points, ..numbered(number) }
}

/// An answer: its status, its head, and the rest to be read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    body: BufReader<TcpStream>,
}

pub(crate) fn ask(address: &str, path: &str, headers: &[&str]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let headers: String = headers.iter().flat_map(|line| [line, "\r\n"]).collect();
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n").unwrap();
    let mut body = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(body.read_line(&mut head).unwrap() > 0, "it ends within its head: {head}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body }
}

fn get(live: &Live, path: &str) -> Answer {
    let address = live.address().to_string();
    ask(&address, path, &[&format!("Host: {address}")])
}

impl Answer {
    fn text(mut self) -> String {
        let mut text = String::new();
        self.body.read_to_string(&mut text).unwrap();
        text
    }

    /// The next picture; `None` when the stream has ended. Chunks of the transfer are no longer
    /// than a picture, and a picture is a line.
    pub(crate) fn frame(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            if let Some(json) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(json).unwrap());
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.frame().unwrap()["elapsed_ns"].as_u64().unwrap()
    }
}

#[test]
fn the_page_is_one_file_with_strict_headers() {
    let live = start();
    let answer = get(&live, "/");
    assert_eq!(answer.status, 200);
    for line in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(answer.head.contains(line), "{line} is missing in {}", answer.head);
    }
    assert!(!answer.head.contains("access-control"), "{}", answer.head);
    let page = answer.text();
    assert!(page.contains("new EventSource('/events')"));
    assert!(!page.contains(" src=") && !page.contains("<link rel=\"stylesheet\""));
    assert_eq!(get(&live, "/favicon.ico").status, 404);
    stop(live);
}

#[test]
fn only_who_asks_for_this_machine_is_answered() {
    let live = start();
    let address = live.address().to_string();
    let own = format!("Host: {address}");
    let by_name = format!("Host: localhost:{}", live.address().port());
    let status = |headers: &[&str]| {
        [ask(&address, "/", headers), ask(&address, "/events", headers)].map(|answer| answer.status)
    };
    assert_eq!(status(&[&own]), [200, 200]);
    assert_eq!(status(&[&by_name]), [200, 200]);
    assert_eq!(status(&[&own, "Sec-Fetch-Site: same-origin"]), [200, 200]);
    assert_eq!(status(&["Host: rebound.example"]), [403, 403]);
    assert_eq!(status(&[&own, "Host: rebound.example"]), [403, 403]);
    assert_eq!(
        status(&[&own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"]),
        [403, 403]
    );
    stop(live);
}

#[test]
fn who_comes_gets_the_newest_picture_and_then_each_newer_one() {
    let live = start();
    live.show(numbered(1));
    live.show(numbered(2));
    let mut first = get(&live, "/events");
    assert!(first.head.contains("content-type: text/event-stream"), "{}", first.head);
    assert_eq!(first.number(), 2);
    live.show(numbered(3));
    assert_eq!(first.number(), 3);
    // A reload.
    drop(first);
    let mut again = get(&live, "/events");
    assert_eq!(again.number(), 3);
    live.forget();
    live.show(numbered(4));
    assert_eq!(again.number(), 4);
    live.show(numbered(5));
    stop(live);
    assert_eq!(again.number(), 5, "the last one arrives although it all ends");
    assert!(again.frame().is_none());
}

#[test]
fn what_is_out_of_date_is_not_shown_to_who_comes() {
    let live = start();
    live.show(numbered(1));
    live.forget();
    let mut reader = get(&live, "/events");
    live.show(numbered(2));
    assert_eq!(reader.number(), 2);
    stop(live);
}

#[test]
fn a_slow_reader_delays_nobody_and_skips_what_it_missed() {
    let live = start();
    let (mut slow, mut quick) = (get(&live, "/events"), get(&live, "/events"));
    for number in 1..=300 {
        live.show(large(number));
        assert_eq!(quick.number(), number);
    }
    let mut taken = 1;
    while slow.number() != 300 {
        taken += 1;
    }
    // What fits into the sockets and one picture: 300 of them would be 30 MB.
    assert!(taken < 60, "{taken} pictures waited for it");
    stop(live);
}

#[test]
fn readers_have_a_limit_and_places_become_free() {
    let live = start();
    assert!(!live.is_watched());
    live.show(numbered(1));
    let mut readers: Vec<Answer> = (0..MAX_READERS).map(|_| get(&live, "/events")).collect();
    assert!(live.is_watched());
    let refused = get(&live, "/events");
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    assert_eq!(get(&live, "/").status, 200, "the page itself can be read");
    readers.pop();
    until("a free place", || {
        live.show(numbered(2));
        (get(&live, "/events").status == 200).then_some(())
    });
    drop(readers);
    until("nobody looks", || {
        live.show(numbered(3));
        (!live.is_watched()).then_some(())
    });
    stop(live);
}

#[test]
fn a_reader_that_takes_nothing_does_not_keep_the_end_waiting() {
    let live = start();
    let silent = TcpStream::connect(live.address()).unwrap();
    let mut slow = get(&live, "/events");
    assert!(live.is_watched());
    for number in 0..50 {
        live.show(large(number));
        // So that each is really on its way to it.
        get(&live, "/").text();
    }
    let address = live.address();
    crate::cli::stage::within(Duration::from_secs(20), move || stop(live));
    drop(TcpListener::bind(address).expect("the port is free"));
    // What it had not taken is cut off.
    let mut rest = Vec::new();
    drop(slow.body.read_to_end(&mut rest));
    assert!(rest.len() < 50 * 100_000, "{} bytes waited for it", rest.len());
    drop(silent);
}

#[test]
fn the_port_is_free_when_the_view_is_dropped() {
    let live = start();
    let address = live.address();
    let reader = get(&live, "/events");
    drop(live);
    until("a free port", || TcpListener::bind(address).ok());
    drop(reader);
}

#[test]
fn a_port_that_is_taken_is_told_unless_any_would_do() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap();
    let error = Live::start(Listen::At(taken)).unwrap_err();
    assert!(matches!(error, LiveError::Listen { .. }), "{error}");
    assert!(error.to_string().contains(&taken.to_string()), "{error}");
    assert!(error.hint().contains("--live-listen"));
    // Whoever has the usual port, another one is found.
    let usual: SocketAddr = ([127, 0, 0, 1], USUAL_PORT).into();
    let holder = TcpListener::bind(usual);
    let live = Live::start(Listen::Usual).unwrap();
    assert!(live.address().ip().is_loopback());
    assert!(holder.is_err() || live.address().port() != USUAL_PORT);
    assert_eq!(live.url(), format!("http://{}/", live.address()));
    stop(live);
}

#[test]
fn a_browser_shows_hostile_names_as_text_and_the_verdict_at_the_end() {
    let live = start();
    let hostile = "<img src=x onerror=\"document.title='ran'\">";
    let frame = Frame {
        subject: Subject { scenario: format!("shop {hostile}"), ..Subject::default() },
        stage: Stage::Ended,
        said: Some(Said {
            word: "FAILED 1 of 3 thresholds".to_owned(),
            tone: "bad",
            sentence: Some(hostile.to_owned()),
            reasons: vec![hostile.to_owned()],
        }),
        elapsed_ns: 2_000_000_000,
        end_ns: 2_000_000_000,
        points: Points {
            start_ns: vec![0, 1_000_000_000],
            length_ns: vec![1_000_000_000; 2],
            requests: vec![10, 20],
            errors: vec![0, 1],
            dropped: vec![0; 2],
            users: vec![3; 2],
            p50_ns: vec![Some(1_000_000), None],
            p95_ns: vec![Some(2_000_000), None],
            p99_ns: vec![Some(3_000_000), None],
            lag_p99_ns: vec![None; 2],
        },
        endpoints: vec![EndpointRow { name: format!("GET /{hostile}"), ..EndpointRow::default() }],
        errors: vec![ErrorLine {
            last_ns: 1_000_000_000,
            kind: "5xx",
            endpoint: hostile.to_owned(),
            count: 1,
            message: Some(format!("</script><script>document.title='ran'</script>{hostile}")),
        }],
        ..Frame::default()
    };
    live.show(frame);
    let profile = tempfile::Builder::new().prefix("loadgate-live-").tempdir().unwrap();
    // The page draws what it was sent before the browser's clock has gone on by this much.
    let budget = ["--virtual-time-budget=5000"];
    let shown = browser::browsed(&live.url(), Path::new(profile.path()), &budget);
    stop(live);
    assert!(!shown.contains("<img"), "{shown}");
    assert!(shown.contains("GET /&lt;img src=x onerror="), "{shown}");
    assert!(shown.contains("<title>FAILED 1 of 3 thresholds · shop &lt;img"), "{shown}");
    for part in ["this page stays as it is.</p>", "requests 20.0, errors 1.0\"", "in a journey 3<"]
    {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert!(!shown.contains("<title>ran"), "{shown}");
    assert_eq!(shown.matches("<path class=").count(), 7, "a line for each figure: {shown}");
}
