//! A server made by hand: what it sends, in any pieces, and what the client makes of it.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::http2::frame::PADDED;
use crate::http2::streams::MAX_INTERIM;
use crate::http2::{Asked, Keep};

const LIMITS: Limits = Limits { head: 2_000, body: 1_000 };

/// A client, and what it has sent and been told.
struct Client {
    connection: Connection,
    seen: Seen,
    out: Vec<u8>,
    told: Vec<String>,
}

fn client() -> Client {
    client_within(LIMITS)
}

fn client_within(limits: Limits) -> Client {
    let mut out = Vec::new();
    let connection = Connection::new(limits, &mut out);
    Client { connection, seen: Seen::default(), out, told: Vec::new() }
}

impl Client {
    fn ask(&mut self, key: usize, asked: Asked, keep: Keep, body: &[u8]) -> Option<u32> {
        let question = Question { key, asked, keep, body };
        let write = |block: &mut Block<'_>| {
            for (name, value) in
                [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/x")]
            {
                block.field(name, value);
            }
        };
        self.connection.send(&question, write, &mut self.out)
    }

    fn get(&mut self, key: usize) -> u32 {
        self.ask(key, Asked::Other, Keep::Body, b"").unwrap()
    }

    /// Shows bytes to the client, and notes each event as text.
    fn hear(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut input = bytes;
        loop {
            let event = self.connection.next(&mut input, &mut self.seen, &mut self.out)?;
            let told = match event {
                Event::More => break,
                Event::Begun(key) => format!("{key} begun"),
                Event::Failed(key, why) => format!("{key} failed: {why}"),
                Event::Refused(key) => format!("{key} refused"),
                Event::Answered(key, answer) => {
                    let body = String::from_utf8_lossy(answer.body);
                    let fields: Vec<_> = answer.head.fields().map(|(name, _)| name).collect();
                    format!(
                        "{key}: {} {} {body} {}",
                        answer.head.status(),
                        fields.join(","),
                        answer.body_bytes
                    )
                }
            };
            self.told.push(told);
        }
        assert!(input.is_empty());
        Ok(())
    }

    /// What it has sent since it was asked last, frame by frame.
    fn sent(&mut self) -> Vec<(Frame, Vec<u8>)> {
        let out = std::mem::take(&mut self.out);
        let mut rest = out.strip_prefix(PREFACE).unwrap_or(&out);
        let mut frames = Vec::new();
        while let Some((header, after)) = rest.split_first_chunk::<HEADER>() {
            let frame = Frame::read(*header);
            let (payload, after) = after.split_at(usize::try_from(frame.length).unwrap());
            frames.push((frame, payload.to_vec()));
            rest = after;
        }
        assert!(rest.is_empty());
        frames
    }

    fn kinds(&mut self) -> Vec<(Kind, u32)> {
        self.sent().into_iter().map(|(frame, _)| (frame.kind, frame.stream)).collect()
    }
}

fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let length = u32::try_from(payload.len()).unwrap();
    Frame { length, kind, flags, stream }.put(&mut out);
    out.extend_from_slice(payload);
    out
}

fn settings(list: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in list {
        settings::put(*id, *value, &mut payload);
    }
    frame(Kind::Settings, 0, 0, &payload)
}

fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            out.push(u8::try_from(text.len()).unwrap());
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

fn head(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(Kind::Headers, flags | END_HEADERS, stream, &block(fields))
}

fn data(stream: u32, flags: u8, body: &[u8]) -> Vec<u8> {
    frame(Kind::Data, flags, stream, body)
}

fn go_away(last: u32, code: Code) -> Vec<u8> {
    frame(Kind::GoAway, 0, 0, &[last.to_be_bytes(), code.0.to_be_bytes()].concat())
}

fn number(kind: Kind, stream: u32, number: u32) -> Vec<u8> {
    frame(kind, 0, stream, &number.to_be_bytes())
}

const OK: [(&str, &str); 2] = [(":status", "200"), ("a", "b")];

fn ask_three(client: &mut Client) {
    for key in 10..13 {
        client.get(key);
    }
}

/// What becomes of three requests when the server sends this.
fn told(parts: &[Vec<u8>]) -> Result<Vec<String>, Broken> {
    let mut client = client();
    ask_three(&mut client);
    client.hear(&settings(&[]))?;
    client.hear(&parts.concat())?;
    Ok(client.told)
}

#[test]
fn a_client_begins_with_its_preface_and_confirms_the_servers_settings() {
    let mut client = client();
    assert!(client.out.starts_with(PREFACE));
    let first = client.sent();
    assert_eq!(first[0].0.kind, Kind::Settings);
    assert_eq!(first[0].1.get(..6), Some(&[0, 2, 0, 0, 0, 0][..]), "nothing is pushed");
    assert_eq!((first[1].0.kind, first[1].0.stream), (Kind::Window, 0));
    client.hear(&settings(&[(3, 9)])).unwrap();
    let (ack, payload) = client.sent().remove(0);
    assert_eq!((ack.kind, ack.flags, payload.len()), (Kind::Settings, ACK, 0));
    client.hear(&frame(Kind::Ping, 0, 0, b"12345678")).unwrap();
    client.hear(&frame(Kind::Ping, ACK, 0, b"12345678")).unwrap();
    assert_eq!(
        client.sent(),
        [(Frame { length: 8, kind: Kind::Ping, flags: ACK, stream: 0 }, b"12345678".to_vec())]
    );
}

#[test]
fn answers_come_in_any_order_and_each_is_its_own() {
    let want = ["12: 200 a  0", "10 begun", "11 begun", "10: 200 a onetwo 6", "11: 404  three 5"];
    let parts = [
        head(5, END_STREAM, &OK),
        head(1, 0, &OK),
        head(3, 0, &[(":status", "404")]),
        data(1, 0, b"one"),
        data(1, END_STREAM, b"two"),
        data(3, END_STREAM, b"three"),
    ];
    assert_eq!(told(&parts).unwrap(), want);
}

#[test]
fn what_is_no_concern_of_ours_is_skipped() {
    let padded = frame(Kind::Data, PADDED | END_STREAM, 1, b"\x03body\0\0\0");
    let padded_head = [&[2][..], &[0; 5], &block(&OK), &[0; 2]].concat();
    let parts = [
        frame(Kind::Unknown, 0xFF, 1, b"what is this"),
        frame(Kind::Priority, 0, 99, &[0; 5]),
        head(1, 0, &[(":status", "103"), ("link", "</a>")]),
        head(1, 0, &[(":status", "100")]),
        frame(Kind::Headers, PADDED | frame::PRIORITY | END_HEADERS, 1, &padded_head),
        padded,
        head(3, 0, &OK),
        data(3, 0, b""),
        data(3, 0, b"x"),
        head(3, END_STREAM, &[("x-sum", "1")]),
    ];
    let want = ["10 begun", "10: 200 a body 4", "11 begun", "11: 200 a x 1"];
    assert_eq!(told(&parts).unwrap(), want);
}

#[test]
fn a_head_may_come_in_pieces_and_nothing_else_may_come_between() {
    let block = block(&OK);
    let (a, b) = block.split_at(5);
    let pieces = [
        frame(Kind::Headers, END_STREAM, 1, a),
        frame(Kind::Continuation, 0, 1, b""),
        frame(Kind::Continuation, END_HEADERS, 1, b),
    ];
    assert_eq!(told(&pieces).unwrap(), ["10: 200 a  0"]);
    let check = |between: Vec<u8>, want: Broken| {
        let got = told(&[pieces[0].clone(), between]);
        assert_eq!(got, Err(want));
    };
    check(data(1, 0, b"x"), Broken::Interleaved("DATA"));
    check(frame(Kind::Ping, 0, 0, &[0; 8]), Broken::Interleaved("PING"));
    check(frame(Kind::Continuation, END_HEADERS, 3, b), Broken::Interleaved("CONTINUATION"));
    let alone = Broken::WrongStream { kind: "CONTINUATION", stream: 1 };
    assert_eq!(told(&[frame(Kind::Continuation, END_HEADERS, 1, b)]), Err(alone));
}

#[test]
fn an_answer_that_is_none_ends_its_stream_alone() {
    let check = |parts: &[Vec<u8>], want: &str| {
        let mut client = client();
        client.get(10);
        client.get(11);
        client.hear(&settings(&[])).unwrap();
        drop(client.sent());
        client.hear(&parts.concat()).unwrap();
        // What still comes for it is ignored, the other one goes on.
        client.hear(&[data(1, 0, b"more"), head(3, END_STREAM, &OK)].concat()).unwrap();
        client.told.retain(|told| told != "10 begun");
        assert_eq!(client.told, [format!("10 failed: {want}").as_str(), "11: 200 a  0"]);
        assert_eq!(client.kinds(), [(Kind::Reset, 1)]);
    };
    let ok = head(1, 0, &OK);
    let length = |length: &str| head(1, 0, &[(":status", "200"), ("content-length", length)]);
    check(&[head(1, 0, &[("a", "b")])], "malformed answer: a head without a status");
    check(&[data(1, 0, b"x")], "malformed answer: head, body and trailers in a wrong order");
    check(
        &[head(1, END_STREAM, &[(":status", "100")])],
        "malformed answer: head, body and trailers in a wrong order",
    );
    check(
        &[ok.clone(), head(1, 0, &[("x", "y")])],
        "malformed answer: head, body and trailers in a wrong order",
    );
    check(
        &[head(1, 0, &[(":status", "101")])],
        "malformed answer: the server switched protocols (101)",
    );
    check(
        &[head(1, 0, &[(":status", "200"), ("connection", "close")])],
        "malformed answer: a field that no answer of HTTP/2 may have",
    );
    let other = "malformed answer: the body is not as long as content-length says";
    check(&[length("4"), data(1, 0, b"12345")], other);
    check(&[length("6"), data(1, END_STREAM, b"12345")], other);
    check(&[ok.clone(), data(1, 0, &[b'x'; 1_001])], "the body is larger than 1.0 kB");
    let many: Vec<_> = (0..=MAX_INTERIM).map(|_| head(1, 0, &[(":status", "103")])).collect();
    check(&many, "more than 100 interim answers (1xx) before the answer");
    let long = "x".repeat(120);
    let fields = [[(":status", "200")].as_slice(), &[("a", long.as_str()); 15]].concat();
    check(&[head(1, 0, &fields)], "the head of the answer is larger than 2.0 kB");
    check(&[number(Kind::Window, 1, 0)], "the stream's window was opened wrongly");
    check(&[number(Kind::Window, 1, MOST_WINDOW)], "the stream's window was opened wrongly");
}

#[test]
fn a_server_may_end_or_refuse_a_stream() {
    let parts = [
        number(Kind::Reset, 1, Code::CANCEL.0),
        number(Kind::Reset, 3, Code::REFUSED_STREAM.0),
        number(Kind::Reset, 1, 0),
        number(Kind::Window, 3, 1),
        head(5, END_STREAM, &OK),
    ];
    let want = ["10 failed: the server ended the stream: CANCEL", "11 refused", "12: 200 a  0"];
    assert_eq!(told(&parts).unwrap(), want);
}

#[test]
fn a_server_that_leaves_ends_what_it_began_and_refuses_the_rest() {
    let mut client = client();
    ask_three(&mut client);
    client.get(13);
    client.hear(&settings(&[])).unwrap();
    client.hear(&go_away(MOST_WINDOW, Code::NO_ERROR)).unwrap();
    assert!(client.connection.is_leaving() && !client.connection.has_room());
    assert_eq!(client.ask(99, Asked::Other, Keep::Body, b""), None);
    client.hear(&[head(3, 0, &OK), go_away(3, Code::ENHANCE_YOUR_CALM)].concat()).unwrap();
    assert_eq!(client.connection.keys().collect::<Vec<_>>(), [10, 11]);
    // A server can't take back what it refused.
    client.hear(&go_away(7, Code::NO_ERROR)).unwrap();
    client.hear(&[data(3, END_STREAM, b"x"), head(1, END_STREAM, &OK)].concat()).unwrap();
    let want = ["11 begun", "13 refused", "12 refused", "11: 200 a x 1", "10: 200 a  0"];
    assert_eq!((client.told, client.connection.under_way()), (want.map(str::to_owned).into(), 0));
}

#[test]
fn what_no_server_may_send_breaks_the_connection() {
    let check = |parts: &[Vec<u8>], code: Code, want: &str| {
        let broken = told(parts).unwrap_err();
        assert_eq!((broken.code(), broken.to_string().as_str()), (code, want));
    };
    check(&[head(2, 0, &OK)], Code::PROTOCOL, "a HEADERS frame for stream 2");
    check(&[data(7, 0, b"x")], Code::PROTOCOL, "a DATA frame for stream 7");
    check(&[number(Kind::Reset, 9, 0)], Code::PROTOCOL, "a RST_STREAM frame for stream 9");
    check(&[number(Kind::Window, 9, 1)], Code::PROTOCOL, "a WINDOW_UPDATE frame for stream 9");
    check(&[number(Kind::Window, 0, 0)], Code::PROTOCOL, "a window was opened by nothing");
    check(
        &[number(Kind::Window, 0, MOST_WINDOW)],
        Code::FLOW_CONTROL,
        "a window was opened beyond 2^31 - 1 bytes",
    );
}

#[test]
fn what_comes_for_a_stream_that_ended_breaks_the_connection() {
    let ended = head(1, END_STREAM, &OK);
    for (more, kind) in [(data(1, 0, b""), "DATA"), (head(1, 0, &OK), "HEADERS")] {
        let broken = told(&[ended.clone(), more]).unwrap_err();
        assert_eq!(broken, Broken::ClosedStream { kind, stream: 1 });
        assert_eq!(broken.code(), Code::STREAM_CLOSED);
    }
    let pushed = frame(Kind::Push, END_HEADERS, 1, &[0, 0, 0, 2, 0x88]);
    assert_eq!(told(&[pushed]), Err(Broken::Pushed));
    assert_eq!(
        told(&[frame(Kind::Headers, END_HEADERS, 1, &[0xff; 9])]).unwrap_err().code(),
        Code::COMPRESSION
    );
    assert_eq!(told(&[frame(Kind::Data, PADDED, 1, &[4, 0, 0, 0])]), Err(Broken::Padding));
    assert_eq!(told(&[frame(Kind::Data, PADDED, 1, &[])]), Err(Broken::Padding));
    assert_eq!(
        told(&[frame(Kind::Data, 0, 1, &vec![0; 16_385])]),
        Err(Broken::FrameTooLong(16_385))
    );
}

#[test]
fn another_protocol_is_recognised() {
    for (bytes, shown) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP/1.1 400 Bad Request"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2\\r\\n"),
        (&frame(Kind::Ping, 0, 0, &[0; 8]), "\\x00\\x00\\x08\\x06"),
        (&frame(Kind::Settings, ACK, 0, &[]), "\\x00\\x00\\x00\\x04\\x01"),
    ] {
        let Err(Broken::NotHttp2(begin)) = client().hear(bytes) else { panic!("{shown}") };
        assert!(begin.starts_with(shown), "{begin}");
    }
}

#[test]
fn floods_end_the_connection() {
    let flood = |one: Vec<u8>| {
        let mut client = client();
        client.get(10);
        client.hear(&settings(&[])).unwrap();
        let ended = (0..20_000).find_map(|_| client.hear(&one).err());
        assert!(client.out.len() < 1 << 20);
        ended.map(|broken| broken.code())
    };
    for one in [
        frame(Kind::Ping, 0, 0, &[0; 8]),
        settings(&[(3, 1)]),
        frame(Kind::Unknown, 0, 0, b""),
        number(Kind::Window, 1, 1),
        data(1, 0, b""),
    ] {
        // Data before a head ends the stream first.
        assert_eq!(flood(one), Some(Code::ENHANCE_YOUR_CALM));
    }
    let begun = frame(Kind::Headers, 0, 1, b"");
    let empty = vec![frame(Kind::Continuation, 0, 1, b""); MAX_CONTINUATIONS];
    assert_eq!(told(&[vec![begun.clone()], empty].concat()), Err(Broken::TooManyPieces));
    let full = vec![frame(Kind::Continuation, 0, 1, &[0x88; 1_001]); 2];
    assert_eq!(told(&[vec![begun], full].concat()), Err(Broken::BlockTooLong(2_000)));
}

#[test]
fn bodies_go_out_as_the_windows_let_them() {
    let mut client = client();
    client.hear(&settings(&[(4, 10)])).unwrap();
    drop(client.sent());
    let body: Vec<u8> = (0..100_000_u32).map(|at| u8::try_from(at & 0xFF).unwrap()).collect();
    let id = client.ask(7, Asked::Other, Keep::Body, &body).unwrap();
    let lengths = |frames: Vec<(Frame, Vec<u8>)>| -> Vec<usize> {
        let data = frames.into_iter().filter(|(frame, _)| frame.kind == Kind::Data);
        data.map(|(_, payload)| payload.len()).collect()
    };
    assert_eq!((lengths(client.sent()), client.connection.next_hungry()), (vec![10], None));
    client.hear(&settings(&[(4, 4)])).unwrap();
    assert_eq!(client.connection.next_hungry(), None);
    client.hear(&number(Kind::Window, id, 6)).unwrap();
    assert_eq!(client.connection.next_hungry(), None, "below zero before");
    client.hear(&number(Kind::Window, id, 1 << 20)).unwrap();
    assert_eq!(client.connection.next_hungry(), Some((7, id)));
    client.connection.feed(id, &body, &mut client.out);
    // The window of the connection is used up, in frames of 16 KiB.
    assert_eq!(lengths(client.sent()), [16_384, 16_384, 16_384, 65_535 - 10 - 3 * 16_384]);
    assert_eq!(client.connection.next_hungry(), None);
    client.hear(&number(Kind::Window, 0, 1 << 20)).unwrap();
    client.connection.feed(id, &body, &mut client.out);
    let frames = client.sent();
    let (last, _) = frames.last().unwrap();
    assert_eq!((last.kind, last.flags), (Kind::Data, END_STREAM));
    assert_eq!(lengths(frames).iter().sum::<usize>(), body.len() - 65_535);
    assert_eq!(client.connection.next_hungry(), None);
    // An answer before the request is out ends that, too.
    let id = client.ask(8, Asked::Other, Keep::Body, &vec![0; 2 << 20]).unwrap();
    drop(client.sent());
    client.hear(&head(id, END_STREAM, &OK)).unwrap();
    assert_eq!((client.kinds(), client.connection.next_hungry()), (vec![(Kind::Reset, id)], None));
    assert_eq!(client.told, ["8: 200 a  0"]);
}

#[test]
fn windows_for_what_comes_are_opened_in_batches_and_not_overrun() {
    let mut client = client_within(Limits { body: 1 << 30, ..LIMITS });
    let id = client.ask(7, Asked::Other, Keep::Nothing, b"").unwrap();
    client.hear(&[settings(&[]), head(id, 0, &OK)].concat()).unwrap();
    drop(client.sent());
    let piece = data(id, 0, &[b'x'; 16_384]);
    let opened = Cell::new((0_u32, 0_u32));
    for _ in 0..2_000 {
        client.hear(&piece).unwrap();
        for (frame, payload) in client.sent() {
            let more = u32::from_be_bytes(payload.try_into().unwrap());
            let (own, whole) = opened.get();
            opened.set(if frame.stream == 0 { (own, whole + more) } else { (own + more, whole) });
        }
    }
    let (own, whole) = opened.get();
    let came = 2_000 * 16_384;
    assert!(came - own < STREAM_WINDOW && came - whole < CONNECTION_WINDOW, "{own} {whole}");
    assert!(client.told.iter().all(|told| told == "7 begun"));
    // A server that does not wait.
    client.connection.may_come = 16_383;
    assert_eq!(client.hear(&piece), Err(Broken::Overrun));
}

#[test]
fn streams_wait_for_room_and_for_the_servers_word() {
    let mut client = client();
    let asked = |client: &mut Client| {
        (0..10_000)
            .take_while(|key| client.ask(*key, Asked::Other, Keep::Body, b"").is_some())
            .count()
    };
    assert_eq!(asked(&mut client), 100);
    client.hear(&settings(&[(3, 102)])).unwrap();
    assert_eq!(asked(&mut client), 2);
    client.hear(&head(1, END_STREAM, &OK)).unwrap();
    assert_eq!(asked(&mut client), 1);
    client.connection.cancel(3, &mut client.out);
    assert_eq!(asked(&mut client), 1);
    client.hear(&settings(&[(3, 0)])).unwrap();
    assert_eq!(asked(&mut client), 0);
    let mut unlimited = self::client();
    unlimited.hear(&settings(&[])).unwrap();
    assert_eq!(asked(&mut unlimited), MOST_STREAMS);
}

#[test]
fn a_long_head_goes_out_in_frames_that_the_server_takes() {
    let mut client = client();
    client.hear(&settings(&[])).unwrap();
    drop(client.sent());
    let long = "~".repeat(40_000);
    let question = Question { key: 1, asked: Asked::Head, keep: Keep::Nothing, body: b"" };
    let write = |block: &mut Block<'_>| block.field("x-long", &long);
    client.connection.send(&question, write, &mut client.out).unwrap();
    let frames = client.sent();
    let shape: Vec<_> = frames.iter().map(|(f, _)| (f.kind, f.flags, f.stream)).collect();
    let last = (Kind::Continuation, END_HEADERS, 1);
    let wanted = [(Kind::Headers, END_STREAM, 1), (Kind::Continuation, 0, 1), last];
    assert_eq!(shape, wanted);
    let block: Vec<u8> = frames.into_iter().flat_map(|(_, payload)| payload).collect();
    let mut head = Head::default();
    Decoder::new().decode(&block, &mut head, 1 << 20).unwrap();
    assert_eq!(head.fields().next(), Some(("x-long", long.as_bytes())));
}

/// Frames of all kinds for three streams, most of them well.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let stream = prop::sample::select(vec![0_u32, 1, 3, 5, 7, 2]);
    let flags = prop::sample::select(vec![0_u8, 1, 4, 5, 8, 0x20, 0x2d]);
    let heads = prop::sample::select(vec![
        block(&OK),
        block(&[(":status", "103")]),
        block(&[("x-sum", "1")]),
        vec![0x88, 0x40, 1, b'a', 1, b'b'],
        vec![0x88, 0xbe],
        block(&[(":status", "200"), ("content-length", "3")]),
    ]);
    prop_oneof![
        6 => (prop::sample::select(vec![1_u32, 3, 5]), flags.clone(), heads)
            .prop_map(|(stream, flags, block)| frame(Kind::Headers, flags | END_HEADERS, stream, &block)),
        6 => (prop::sample::select(vec![1_u32, 3, 5]), flags.clone(), vec(any::<u8>(), 0..40))
            .prop_map(|(stream, flags, body)| data(stream, flags & 0xD, &body)),
        1 => (0_u8..12, flags, stream, vec(any::<u8>(), 0..20)).prop_map(|(kind, flags, stream, payload)| {
            let mut bytes = frame(Kind::Data, flags, stream, &payload);
            bytes[3] = kind;
            bytes
        }),
        1 => vec(any::<u8>(), 0..12),
    ]
}

proptest! {
    #[test]
    fn pieces_do_not_matter(
        frames in vec(frames(), 0..12),
        lengths in vec(1_usize..30, 1..10),
    ) {
        let bytes = [vec![settings(&[])], frames].concat().concat();
        let run = |lengths: &[usize]| {
            let mut client = client();
            ask_three(&mut client);
            let (mut rest, mut at) = (bytes.as_slice(), 0);
            let mut broken = None;
            while !rest.is_empty() && broken.is_none() {
                let length = lengths[at % lengths.len()].min(rest.len());
                let (piece, after) = rest.split_at(length);
                broken = client.hear(piece).err();
                (rest, at) = (after, at + 1);
            }
            (client.told, broken, client.out)
        };
        let whole = run(&[usize::MAX]);
        prop_assert_eq!(&run(&lengths), &whole);
        prop_assert_eq!(&run(&[1]), &whole);
    }
}
