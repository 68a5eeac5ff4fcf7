//! HTTP/2: what servers may do, and what they may not, held against every driver.

use loadgate::names::ErrorKind;
use loadgate::record::Pick;
use loadgate::units::Nanos;

use super::two_server::{
    Act, CONTINUATION, DATA, END_HEADERS, END_STREAM, GO_AWAY, HEADERS, PING, RESET, SETTINGS,
    Script, Two, WINDOW, block, frame,
};
use super::{DRIVERS, messages, plan, play};

/// What comes of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// An answer with this body.
    Body(&'static str),
    /// A failure of this kind.
    Fails(ErrorKind),
}

/// A behaviour of a server, and what a client has to make of it. After the request `/ok` is asked
/// for, which has to succeed in every row.
struct Row {
    name: &'static str,
    greeting: Vec<u8>,
    script: Script,
    want: Want,
    /// What hyper makes of it instead, and why it may.
    hyper: Option<(Want, &'static str)>,
    connections: u64,
    resent: u64,
}

fn right(name: &'static str, acts: Vec<Act>, body: &'static str) -> Row {
    Row {
        name,
        greeting: frame(SETTINGS, 0, 0, &[]),
        script: vec![acts],
        want: Want::Body(body),
        hyper: None,
        connections: 1,
        resent: 0,
    }
}

/// The exchange fails, and the connection goes on.
fn wrong(name: &'static str, acts: Vec<Act>, kind: ErrorKind) -> Row {
    Row { want: Want::Fails(kind), ..right(name, acts, "") }
}

/// The connection can't go on.
fn broken(name: &'static str, acts: Vec<Act>, kind: ErrorKind) -> Row {
    Row { connections: 2, ..wrong(name, acts, kind) }
}

impl Row {
    fn then(mut self, acts: Vec<Act>) -> Self {
        self.script.push(acts);
        self
    }

    fn resent(self) -> Self {
        Self { resent: 1, ..self }
    }

    fn connections(self, connections: u64) -> Self {
        Self { connections, ..self }
    }

    fn hyper(self, want: Want, why: &'static str) -> Self {
        Self { hyper: Some((want, why)), ..self }
    }
}

fn head(flags: u8, fields: &[(&str, &str)]) -> Act {
    Act::Own(HEADERS, flags | END_HEADERS, block(fields))
}

fn ok(flags: u8) -> Act {
    head(flags, &[(":status", "200"), ("x-own", "1")])
}

fn data(flags: u8, body: &[u8]) -> Act {
    Act::Own(DATA, flags, body.to_vec())
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn check(rows: &[Row]) {
    let wrong: Vec<String> = DRIVERS
        .iter()
        .flat_map(|driver| rows.iter().map(move |row| (*driver, row)))
        .flat_map(|(driver, row)| [true, false].map(|kept| (driver, row, kept)))
        .filter_map(|((driver, engine), row, kept)| {
            let server = Two::start(row.greeting.clone(), row.script.clone());
            let (mut want, mut connections, mut resent) = (row.want, row.connections, row.resent);
            if driver == "tokio" {
                want = row.hyper.map_or(want, |(own, _)| own);
                resent = 0;
                // It gives a connection up with an exchange that failed on it.
                if matches!(want, Want::Fails(_)) {
                    connections = 2;
                }
            }
            let body = match want {
                Want::Body(body) if kept && !body.is_empty() => format!(", \"body == {body}\""),
                Want::Fails(_) if kept => ", body exists".to_owned(),
                Want::Body(_) | Want::Fails(_) => String::new(),
            };
            let timeout =
                if want == Want::Fails(ErrorKind::Timeout) { "300ms" } else { "10s" };
            let text = format!(
                "http: {{ version: '2', timeout: {timeout}, max_body: 64KB }}\n\
                 feeders: {{ rows: {{ csv: rows.csv }} }}\n\
                 journeys: {{ j: {{ feed: rows, steps: [ {{ get: /row, name: row, check: [ status == 200{body} ] }}, \
                 {{ get: /ok, name: after, check: [ body == ok ] }} ] }} }}\n\
                 load: [ {{ phase: p, users: 1, iterations: 1, for: 60s }} ]"
            );
            let url = format!("http://{}", server.address);
            let record = play(driver, &plan(engine, &url, &text, "a\n1\n"));
            let counts = |step: &str| {
                let ids = record.catalogue.matching(|series| series.step == step);
                record.totals.counts(&Pick::all(&record.header.load.phases), ids)
            };
            let (own, after) = (counts("row"), counts("after"));
            let failures = match want {
                Want::Body(_) => own.failed() == 0,
                Want::Fails(kind) => own.failed() == 1 && own.failed_by(kind) == 1,
            };
            let well = failures
                && (own.started, own.resent) == (1, resent)
                && (after.started, after.failed()) == (1, 0)
                && (server.seen.connections(), server.seen.requests()) == (connections, 2 + resent)
                && record.end.as_ref().is_some_and(|end| end.lasted < Nanos::from_secs(9));
            let seen = (server.seen.connections(), server.seen.requests());
            (!well).then(|| {
                let messages = messages(&record);
                format!(
                    "{driver}: {} (kept: {kept}): wanted {want:?} on {connections}; {seen:?} \
                     resent {} failed {} after {} {messages:?}",
                    row.name,
                    own.resent,
                    own.failed(),
                    after.failed(),
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn http_2_answers_may_come_in_any_frames() {
    let block = block(&[(":status", "200"), ("x-own", "1")]);
    let (a, b) = block.split_at(7);
    let frames = vec![
        Act::Own(HEADERS, 0, a.to_vec()),
        Act::Own(CONTINUATION, 0, vec![]),
        Act::Own(CONTINUATION, END_HEADERS, b.to_vec()),
        data(0x8, b"\x05hel\0\0\0\0\0"),
        Act::For(0, PING, 0, vec![7; 8]),
        Act::Own(0xBE, 0xFF, b"unknown".to_vec()),
        data(0, b""),
        data(END_STREAM, b"lo"),
    ];
    check(&[
        right("one of each", frames.clone(), "hello"),
        right("byte by byte", [vec![Act::Single], frames].concat(), "hello"),
        right("a head alone", vec![ok(END_STREAM)], ""),
        right("no trailers", vec![ok(0), data(END_STREAM, b"hi")], "hi"),
        right("trailers", vec![ok(0), data(0, b"hi"), head(END_STREAM, &[("x-sum", "1")])], "hi"),
        right(
            "interim answers",
            vec![
                head(0, &[(":status", "103"), ("link", "</a>")]),
                Act::Pause,
                head(0, &[(":status", "100")]),
                ok(0),
                data(END_STREAM, b"hi"),
            ],
            "hi",
        ),
        right(
            "settings and windows in between",
            vec![
                ok(0),
                Act::For(
                    0,
                    SETTINGS,
                    0,
                    [&[0, 3][..], &numbers(&[1]), &[0, 1], &numbers(&[0])].concat(),
                ),
                Act::For(0, WINDOW, 0, numbers(&[1_000])),
                Act::Own(WINDOW, 0, numbers(&[1_000])),
                data(END_STREAM, b"hi"),
            ],
            "hi",
        ),
    ]);
}

#[test]
fn an_http_2_answer_that_is_none_leaves_the_connection_to_others() {
    use ErrorKind::{BodyTooLarge, Protocol, Reset, Timeout};
    let length = |length: &str| head(0, &[(":status", "200"), ("content-length", length)]);
    // More than the limit of 64 kB, and less than the window of 65,535 bytes.
    let large = vec![data(0, &[b'x'; 16_000]); 4];
    let large = [large, vec![data(0, &[b'x'; 1_000])]].concat();
    check(&[
        wrong("no answer", vec![], Timeout),
        wrong("half an answer", vec![ok(0), data(0, b"he")], Timeout),
        wrong("a reset", vec![Act::Own(RESET, 0, numbers(&[8]))], Reset)
            .hyper(Want::Fails(Protocol), "it does not tell a reset from other errors"),
        wrong("a reset in the body", vec![ok(0), Act::Own(RESET, 0, numbers(&[2]))], Reset)
            .hyper(Want::Fails(Protocol), "it does not tell a reset from other errors"),
        wrong("a body that is too large", [vec![ok(0)], large].concat(), BodyTooLarge),
        wrong("no status", vec![head(0, &[("x-own", "1")])], Protocol),
        wrong("too short", vec![length("3"), data(END_STREAM, b"hi")], Protocol),
        wrong("too long", vec![length("1"), data(END_STREAM, b"hi")], Protocol),
        wrong(
            "a field of a connection",
            vec![head(0, &[(":status", "200"), ("connection", "x")])],
            Protocol,
        ),
    ]);
}

#[test]
fn an_http_2_server_that_breaks_the_rules_fails_what_is_under_way_and_nothing_else() {
    use ErrorKind::{Protocol, Reset};
    let to_large = Act::For(0, WINDOW, 0, numbers(&[0x7FFF_FFFF]));
    let go_away = |last: u32, code: u32| Act::For(0, GO_AWAY, 0, numbers(&[last, code]));
    check(&[
        broken(
            "a head that can't be decoded",
            vec![Act::Own(HEADERS, END_HEADERS, vec![0xFF; 9])],
            Protocol,
        ),
        broken(
            "a frame that is too long",
            vec![Act::Raw(frame(DATA, 0, 1, &[0; 20_000]))],
            Protocol,
        ),
        broken("data for no stream", vec![Act::For(0, DATA, 0, vec![1])], Protocol),
        broken(
            "a stream that was never begun",
            vec![Act::For(77, HEADERS, END_HEADERS, vec![0x88])],
            Protocol,
        ),
        broken("a ping of seven bytes", vec![Act::For(0, PING, 0, vec![0; 7])], Protocol),
        broken("a window beyond all bounds", vec![to_large], Protocol),
        broken("a window opened by nothing", vec![Act::For(0, WINDOW, 0, numbers(&[0]))], Protocol),
        broken("a push", vec![Act::Own(5, END_HEADERS, vec![0, 0, 0, 2, 0x88])], Protocol),
        broken(
            "data within a head",
            vec![Act::Own(HEADERS, 0, vec![0x88]), data(0, b"x")],
            Protocol,
        ),
        broken(
            "a setting that can't be",
            vec![Act::For(0, SETTINGS, 0, [&[0, 4][..], &[0xFF; 4]].concat())],
            Protocol,
        ),
        broken("closed", vec![Act::Close], Reset),
        broken("closed in a frame", vec![Act::Raw(vec![0, 0, 9, 1]), Act::Close], Reset),
        broken("closed in the body", vec![ok(0), data(0, b"he"), Act::Close], Reset)
            .hyper(Want::Fails(Protocol), "it does not tell a broken connection from other errors"),
        broken("told why and closed", vec![go_away(1, 2), Act::Close], Reset),
    ]);
}

#[test]
fn floods_of_http_2_end_in_time() {
    use ErrorKind::Protocol;
    let mut one = vec![
        broken("pings", vec![Act::Flood(frame(PING, 0, 0, &[0; 8]))], Protocol),
        broken("settings", vec![Act::Flood(frame(SETTINGS, 0, 0, &[]))], Protocol),
        broken("unknown frames", vec![Act::Flood(frame(0xBE, 0, 0, b""))], Protocol),
    ];
    let begin = Act::Own(HEADERS, 0, vec![]);
    one.push(broken(
        "pieces of a head",
        vec![begin, Act::Flood(frame(CONTINUATION, 0, 1, &[0x88; 100]))],
        Protocol,
    ));
    for row in &mut one {
        // What hyper answers and ignores for ever ends with the timeout of the exchange.
        if row.name != "pieces of a head" {
            row.hyper = Some((Want::Fails(ErrorKind::Timeout), "it answers for ever"));
        }
    }
    check(&one);
}

#[test]
fn what_an_http_2_server_did_not_process_is_sent_again_once() {
    use ErrorKind::Reset;
    let refuse = || Act::Own(RESET, 0, numbers(&[7]));
    let leave = || Act::For(0, GO_AWAY, 0, numbers(&[0, 0]));
    let answer = || vec![ok(0), data(END_STREAM, b"hi")];
    let why = "it does not say which requests were not processed";
    check(&[
        right("refused", vec![refuse()], "hi")
            .then(answer())
            .resent()
            .hyper(Want::Fails(ErrorKind::Protocol), why),
        right("left", vec![leave(), Act::Hang], "hi")
            .then(answer())
            .resent()
            .connections(2)
            .hyper(Want::Fails(ErrorKind::Protocol), why),
        wrong("refused twice", vec![refuse()], Reset)
            .resent()
            .hyper(Want::Fails(ErrorKind::Protocol), why),
    ]);
}

#[test]
fn another_protocol_than_http_2_is_told() {
    let script = vec![vec![]];
    for greeting in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2\r\n"] {
        for (driver, engine) in DRIVERS.iter().copied() {
            let server = Two::start(greeting.to_vec(), script.clone());
            let text = "http: { version: '2', timeout: 5s }\n\
                        journeys: { j: { steps: [ { get: /ok } ] } }\n\
                        load: [ { phase: p, users: 1, iterations: 1, for: 60s } ]";
            let url = format!("http://{}", server.address);
            let record = play(driver, &plan(engine, &url, text, ""));
            let ids = record.catalogue.matching(|series| series.kind.is_http());
            let counts = record.totals.counts(&Pick::all(&record.header.load.phases), ids);
            let kinds = (counts.started, counts.failed_by(ErrorKind::Protocol));
            assert_eq!(kinds, (1, 1), "{driver} {:?}", messages(&record));
        }
    }
}
