//! Answers in any pieces: tables of what is read and refused, and the law that pieces do not
//! matter.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::http1::{MAX_EXTENSIONS, MAX_HEADERS, Seen as Heads, slots};

type Fields = Vec<(String, Vec<u8>)>;

/// All that an answer says, as values of its own.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Fields,
    body: Vec<u8>,
    body_bytes: u64,
    reusable: bool,
}

/// A request, as far as it matters for its answer.
#[derive(Clone, Copy, Debug)]
struct Setting {
    asked: Asked,
    keep: Keep,
    limits: Limits,
}

const USUAL: Setting = Setting {
    asked: Asked::Other,
    keep: Keep::Body,
    limits: Limits { head: 256 << 10, body: 16 << 20, trailers: 16 << 10 },
};

impl Seen {
    fn of(answer: Answer<'_>) -> Self {
        let headers = answer.headers.iter();
        Self {
            status: answer.status,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
            body: answer.body.to_vec(),
            body_bytes: answer.body_bytes,
            reusable: answer.reusable,
        }
    }
}

/// Reads one answer from pieces and, if it lasts until then, from their end.
fn read<'p>(setting: Setting, pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<Seen, Broken> {
    read_again(setting, pieces, &mut Heads::default())
}

/// The same, where heads may have come before.
fn read_again<'p>(
    setting: Setting,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    heads: &mut Heads,
) -> Result<Seen, Broken> {
    let mut reader = Reader::new(setting.limits);
    reader.begin(setting.asked, setting.keep);
    let mut seen = None;
    for piece in pieces {
        let mut slots = slots();
        if let Some(answer) = reader.feed_again(piece, &mut slots, heads)? {
            assert!(seen.replace(Seen::of(answer)).is_none(), "two answers to one request");
        }
        assert!(reader.head.len() <= setting.limits.head, "the head is within its limit");
        let body = count(reader.body.len());
        assert!(body <= setting.limits.body && body <= reader.body_bytes, "so is the body");
        assert!(setting.keep == Keep::Body || reader.body.capacity() == 0, "nothing is kept");
    }
    match seen {
        Some(seen) => Ok(Seen { reusable: seen.reusable && reader.usable(), ..seen }),
        None => reader.end(&mut slots()).map(Seen::of),
    }
}

fn whole(setting: Setting, bytes: &[u8]) -> Result<Seen, Broken> {
    read(setting, [bytes])
}

/// The same answer is the same in pieces cut at `cuts`, byte by byte, and in one.
fn pieces_do_not_matter(setting: Setting, bytes: &[u8], cuts: &[Index]) -> Result<Seen, Broken> {
    let want = whole(setting, bytes);
    let mut heads = Heads::default();
    for _ in 0..2 {
        assert_eq!(read_again(setting, [bytes], &mut heads), want, "its head is known");
    }
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let cut = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
    assert_eq!(coarse(read(setting, cut)), coarse(want.clone()), "cut at {cuts:?}");
    let single = bytes.chunks(1);
    assert_eq!(coarse(read(setting, single)), coarse(want.clone()), "byte by byte");
    want
}

/// How much of another protocol is shown depends on how much has come.
fn coarse(result: Result<Seen, Broken>) -> Result<Seen, Broken> {
    let coarse = |broken| {
        if matches!(broken, Broken::NotHttp(_)) { Broken::NotHttp(String::new()) } else { broken }
    };
    result.map_err(coarse)
}

#[test]
fn an_answer_that_comes_whole_stays_where_it_lies_and_costs_no_memory() {
    let long = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\nhello".as_slice();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mut reader = Reader::new(Limits::default());
    for input in [long, chunked, long] {
        reader.begin(Asked::Other, Keep::Body);
        assert!(!reader.begun() && !reader.usable());
        let mut slots = slots();
        let answer = reader.feed(input, &mut slots).unwrap().unwrap();
        assert_eq!((answer.body, answer.body_bytes, answer.reusable), (&b"hello"[..], 5, true));
        assert!(input.as_ptr_range().contains(&answer.body.as_ptr()));
        assert_eq!((reader.head.capacity(), reader.body.capacity()), (0, 0));
        assert!(reader.usable());
    }
}

#[test]
fn the_end_of_a_body_is_known_as_the_standard_says() {
    let check = |asked: Asked, text: &str, body: &str, reusable: bool| {
        let seen = pieces_do_not_matter(Setting { asked, ..USUAL }, text.as_bytes(), &[]).unwrap();
        let got = (String::from_utf8(seen.body).unwrap(), seen.reusable);
        assert_eq!(got, (body.to_owned(), reusable), "{text}");
        assert_eq!(seen.body_bytes, count(body.len()));
    };
    let other = |text: &str, body: &str, reusable: bool| check(Asked::Other, text, body, reusable);
    // Without a body, whatever the head says.
    check(Asked::Head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", true);
    check(Asked::Head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "", true);
    check(Asked::Head, "HTTP/1.1 200 OK\r\n\r\n", "", true);
    check(Asked::Head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "", false);
    other("HTTP/1.1 204 No Content\r\n\r\n", "", true);
    other("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", true);
    // By its length.
    other("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab", true);
    other("HTTP/1.1 200 OK\r\ncontent-LENGTH:0\r\n\r\n", "", true);
    other("HTTP/1.1 200\r\nContent-Length: 2, 02 ,2\r\nContent-Length: 2\r\n\r\nab", "ab", true);
    other("HTTP/1.1 200 OK\nContent-Length: 2\n\nab", "ab", true);
    other("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", "ab", false);
    // By its last chunk.
    let coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
    let chunks = |chunks: &str, body: &str, reusable: bool| {
        other(&format!("{coded}{chunks}"), body, reusable);
    };
    chunks("0\r\n\r\n", "", true);
    chunks("2\r\nab\r\n0\r\n\r\n", "ab", true);
    chunks("2\r\nab\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", "ab0123456789", true);
    chunks("2  ;a\r\nab\r\n000 \r\nTrailer: a\r\nOther: b\n\r\n", "ab", true);
    chunks("2\r\nab\r\n0\r\n\r\n\r\n", "ab", false);
    // By the end of the connection.
    other("HTTP/1.1 200 OK\r\n\r\nabc", "abc", false);
    other("HTTP/1.1 200 OK\r\n\r\n", "", false);
    other("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nabc", "abc", false);
}

#[test]
fn a_connection_stays_open_by_version_and_header() {
    let check = |version: &str, header: &str, reusable: bool| {
        let text = format!("HTTP/{version} 200 OK\r\nContent-Length: 0\r\n{header}\r\n");
        let seen = pieces_do_not_matter(USUAL, text.as_bytes(), &[]).unwrap();
        assert_eq!(seen.reusable, reusable, "{text}");
    };
    check("1.1", "", true);
    check("1.1", "Connection: close\r\n", false);
    check("1.1", "connection: keep-alive, CLOSE\r\n", false);
    check("1.1", "Connection: upgrade\r\nConnection: close\r\n", false);
    check("1.1", "Connection: closed\r\n", true);
    check("1.0", "", false);
    check("1.0", "Connection: Keep-Alive\r\n", true);
    check("1.0", "Connection: keep-alive, close\r\n", false);
}

#[test]
fn interim_answers_are_skipped() {
    let text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nab";
    let seen = pieces_do_not_matter(USUAL, text, &[]).unwrap();
    assert_eq!((seen.status, seen.body, seen.reusable), (200, b"ab".to_vec(), true));
    assert_eq!(seen.headers.len(), 2);
    let mut reader = Reader::new(Limits::default());
    reader.begin(Asked::Other, Keep::Body);
    assert!(reader.feed(b"HTTP/1.1 100 Continue\r\n\r\n", &mut slots()).unwrap().is_none());
    assert!(reader.begun(), "the server lives, though its answer has not begun");
    assert_eq!(reader.end(&mut slots()).unwrap_err(), Broken::CutInHead);
}

/// What is refused, and why, in whatever pieces it comes.
fn refused(setting: Setting, text: &[u8], want: Broken) {
    let got = pieces_do_not_matter(setting, text, &[]);
    assert_eq!(got, Err(want), "{}", text.escape_ascii());
}

#[test]
fn a_head_that_is_not_one_is_refused() {
    let check = |text: &str, want: Broken| refused(USUAL, text.as_bytes(), want);
    let not_http = |text: &str| Broken::NotHttp(text.to_owned());
    check("SSH-2.0-OpenSSH", not_http("SSH-2.0-OpenSSH"));
    check("HTTP/2.0 200 OK\r\n\r\n", not_http("HTTP/2.0 200 OK\\r\\n\\r\\n"));
    check("HTTP/1.2 200 OK\r\n\r\n", not_http("HTTP/1.2 200 OK\\r\\n\\r\\n"));
    check("\r\nHTTP/1.1 200 OK\r\n\r\n", not_http("\\r\\nHTTP/1.1 200 OK\\r\\n\\r\\n"));
    let status = |text: &str| Broken::StatusLine(text.to_owned());
    check("HTTP/1.1  200 OK\r\n\r\n", status("HTTP/1.1  200 OK"));
    check("HTTP/1.1 20 OK\r\n\r\n", status("HTTP/1.1 20 OK"));
    check("HTTP/1.1 099 OK\r\n\r\n", status("HTTP/1.1 099 OK"));
    check("HTTP/1.1 2000 OK\r\n\r\n", status("HTTP/1.1 2000 OK"));
    check("HTTP/1.1 200 O\x00K\r\n\r\n", status("HTTP/1.1 200 O\\x00K"));
    let line = |text: &str| Broken::HeaderLine(text.to_owned());
    check("HTTP/1.1 200 OK\r\nA: b\r\nno colon\r\n\r\n", line("no colon"));
    check("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", line("A "));
    check("HTTP/1.1 200 OK\r\n: b\r\n\r\n", line(""));
    check("HTTP/1.1 200 OK\r\nToken: secret\x01\r\n\r\n", line("Token"));
    check("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", line("A"));
    check("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", Broken::Folded);
    check("HTTP/1.1 200 OK\r\n A: b\r\n\r\n", Broken::Folded);
    let many = |count: usize| format!("HTTP/1.1 204 A\r\n{}\r\n", "A: b\r\n".repeat(count));
    check(&many(MAX_HEADERS + 1), Broken::TooManyHeaders);
    assert_eq!(whole(USUAL, many(MAX_HEADERS).as_bytes()).unwrap().headers.len(), MAX_HEADERS);
    check("HTTP/1.1 101 Switching Protocols\r\n\r\n", Broken::Switched);
    let interim = |count: usize| {
        format!("{}HTTP/1.1 204 A\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n".repeat(count))
    };
    check(&interim(MAX_INTERIM + 1), Broken::TooManyInterim);
    assert_eq!(whole(USUAL, interim(MAX_INTERIM).as_bytes()).unwrap().status, 204);
}

#[test]
fn a_framing_that_can_be_read_in_two_ways_is_refused() {
    let check = |headers: &str, want: Broken| {
        refused(USUAL, format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").as_bytes(), want);
    };
    for bad in ["", "-1", "+1", "1 2", "0x1", "1,", "a", "18446744073709551616"] {
        check(&format!("Content-Length: {bad}"), Broken::Length(bad.to_owned()));
    }
    check("Content-Length: 18446744073709551615", Broken::BodyTooLarge(16 << 20));
    check("Content-Length: 1, 2", Broken::TwoLengths(1, 2));
    check("Content-Length: 1\r\nContent-Length: 2", Broken::TwoLengths(1, 2));
    check("Content-Length: 1\r\nTransfer-Encoding: chunked", Broken::LengthAndCoding);
    check("Transfer-Encoding: chunked\r\nContent-Length: 1", Broken::LengthAndCoding);
    for bad in ["", "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;a=b"] {
        check(&format!("Transfer-Encoding: {bad}"), Broken::Coding(bad.to_owned()));
    }
    check(
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        Broken::Coding("chunked".to_owned()),
    );
    let old = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    refused(USUAL, old, Broken::OldCoding);
}

#[test]
fn a_chunk_that_is_not_one_is_refused() {
    let check = |chunks: &str, want: Broken| {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        refused(USUAL, text.as_bytes(), want);
    };
    check("\r\n", Broken::ChunkSize(b'\r'));
    check("g\r\n", Broken::ChunkSize(b'g'));
    check("-1\r\n", Broken::ChunkSize(b'-'));
    check(" 1\r\n", Broken::ChunkSize(b' '));
    check(";a\r\n", Broken::ChunkSize(b';'));
    check("1 2\r\n", Broken::ChunkSize(b'2'));
    check("1\na", Broken::ChunkSize(b'\n'));
    check("1;a\na", Broken::ChunkSize(b'\n'));
    check("1\ra", Broken::ChunkSize(b'a'));
    check("1\r\nab", Broken::ChunkEnd(b'b'));
    check("1\r\na\n0\r\n\r\n", Broken::ChunkEnd(b'\n'));
    check("1\r\na\r0\r\n\r\n", Broken::ChunkEnd(b'0'));
    check("00000000000000001\r\n", Broken::ChunkOverflow);
    check("ffffffffffffffff\r\n", Broken::BodyTooLarge(16 << 20));
    check(&format!("1;{}\r\n", "a".repeat(MAX_EXTENSIONS)), Broken::ExtensionsTooLong);
    let each = format!("1;{}\r\na\r\n", "a".repeat(999));
    check(&each.repeat(17), Broken::ExtensionsTooLong);
    check(&format!("0\r\n{}", "A: b\r\n".repeat(3_000)), Broken::TrailersTooLong(16 << 10));
}

#[test]
fn an_answer_that_is_cut_off_says_what_is_missing() {
    let check = |text: &str, want: Broken| {
        assert!(want.cut_off() && !want.too_large());
        refused(USUAL, text.as_bytes(), want);
    };
    check("", Broken::Closed);
    check("H", Broken::CutInHead);
    check("HTTP/1.1 200 OK\r\nA: b\r\n", Broken::CutInHead);
    check("HTTP/1.1 100 Continue\r\n\r\n", Broken::CutInHead);
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    check(length, Broken::CutInBody { came: 0, length: 10 });
    check(&format!("{length}abc"), Broken::CutInBody { came: 3, length: 10 });
    let coded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (chunks, came) in [("", 0), ("3\r\nab", 2), ("3\r\nabc\r\n", 3), ("0\r\nA: b\r\n", 0)] {
        check(&format!("{coded}{chunks}"), Broken::CutInChunks(came));
    }
}

#[test]
fn a_limit_is_the_last_size_that_is_taken() {
    let limits = Limits { head: 60, body: 10, trailers: 8 };
    let check = |text: &str, want: Option<Broken>| {
        for keep in [Keep::Body, Keep::Nothing] {
            let setting = Setting { asked: Asked::Other, keep, limits };
            let got = pieces_do_not_matter(setting, text.as_bytes(), &[]);
            assert_eq!(got.err(), want, "{text}");
        }
    };
    let head = |length: usize| format!("HTTP/1.1 204 A\r\nA:{}\r\n\r\n", "b".repeat(length - 22));
    assert_eq!(head(60).len(), 60);
    check(&head(60), None);
    check(&head(61), Some(Broken::HeadTooLong(60)));
    check(head(61).strip_suffix("\r\n").unwrap(), Some(Broken::CutInHead));
    let too_large = || Some(Broken::BodyTooLarge(10));
    assert!(too_large().unwrap().too_large());
    let body = |length: usize| {
        format!("HTTP/1.1 200 A\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length))
    };
    check(&body(10), None);
    check(&body(11), too_large());
    let until_close = |length: usize| format!("HTTP/1.1 200 A\r\n\r\n{}", "a".repeat(length));
    check(&until_close(10), None);
    check(&until_close(11), too_large());
    let coded = "HTTP/1.1 200 A\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n";
    check(&format!("{coded}4\r\nabcd\r\n0\r\nA: b\r\n\r\n"), None);
    check(&format!("{coded}5\r\nabcde\r\n0\r\n\r\n"), too_large());
    check(&format!("{coded}0\r\nA: bc\r\n\r\n"), Some(Broken::TrailersTooLong(8)));
}

#[test]
fn a_head_at_the_limit_is_read_byte_by_byte() {
    // Were each byte to look at all before it, this would take minutes.
    let text = format!("HTTP/1.1 204 A\r\nA: {}\r\n\r\n", "b".repeat((256 << 10) - 23));
    assert_eq!(text.len(), 256 << 10);
    assert_eq!(read(USUAL, text.as_bytes().chunks(1)).unwrap().status, 204);
}

#[test]
fn what_comes_unasked_makes_the_connection_unusable() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let mut reader = Reader::new(Limits::default());
    assert!(reader.feed(b"", &mut slots()).unwrap().is_none());
    assert!(reader.usable());
    assert!(reader.feed(b"x", &mut slots()).unwrap().is_none());
    assert!(!reader.usable() && !reader.begun());
    reader.begin(Asked::Other, Keep::Body);
    assert!(!reader.feed(answer, &mut slots()).unwrap().unwrap().reusable);

    let mut given_up = Reader::new(Limits::default());
    given_up.begin(Asked::Other, Keep::Body);
    assert!(given_up.feed(&answer[..20], &mut slots()).unwrap().is_none());
    given_up.begin(Asked::Other, Keep::Body);
    let mut slots_of_next = slots();
    let next = given_up.feed(answer, &mut slots_of_next).unwrap().unwrap();
    assert_eq!((next.status, next.reusable), (200, false));

    let mut broken = Reader::new(Limits::default());
    broken.begin(Asked::Other, Keep::Body);
    assert!(broken.feed(b"x", &mut slots()).is_err());
    assert!(broken.feed(answer, &mut slots()).unwrap().is_none());
    assert_eq!(broken.end(&mut slots()).unwrap_err(), Broken::Closed);
    broken.begin(Asked::Other, Keep::Body);
    assert!(!broken.feed(answer, &mut slots()).unwrap().unwrap().reusable);
}

#[test]
fn a_large_answer_gives_its_memory_back() {
    let answer = |length: usize| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        [head.into_bytes(), vec![b'a'; length]].concat()
    };
    let mut reader = Reader::new(Limits::default());
    for (length, kept) in [(1_000, 1_000), (100_000, 0), (3_000, 3_000)] {
        reader.begin(Asked::Other, Keep::Body);
        let bytes = answer(length);
        let (first, second) = bytes.split_at(500);
        assert!(reader.feed(first, &mut slots()).unwrap().is_none());
        reader.release();
        assert!(reader.begun(), "an answer that goes on is not let go");
        assert_eq!(reader.feed(second, &mut slots()).unwrap().unwrap().body.len(), length);
        assert_eq!(reader.body.capacity(), length);
        reader.release();
        assert_eq!(reader.body.capacity(), kept);
    }
    // An announced length is not believed with gigabytes.
    let limits = Limits { body: u64::MAX, ..Limits::default() };
    let mut trusting = Reader::new(limits);
    trusting.begin(Asked::Other, Keep::Body);
    let liar = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nabc";
    assert!(trusting.feed(liar, &mut slots()).unwrap().is_none());
    assert_eq!(count(trusting.body.capacity()), TRUSTED);
}

/// An answer of some server that keeps to the standard, and what is to be read from it.
#[derive(Clone, Debug)]
struct Case {
    setting: Setting,
    bytes: Vec<u8>,
    want: Seen,
}

fn settings() -> impl Strategy<Value = Setting> {
    let asked = prop_oneof![1 => Just(Asked::Head), 9 => Just(Asked::Other)];
    let keep = prop_oneof![1 => Just(Keep::Nothing), 3 => Just(Keep::Body)];
    (asked, keep).prop_map(|(asked, keep)| Setting { asked, keep, ..USUAL })
}

fn headers() -> impl Strategy<Value = Fields> {
    let value = "[!-~\u{e4}]?|[!-~\u{e4}][ -~\u{e4}\t]{0,40}[!-~\u{e4}]";
    let value = value.prop_map(String::into_bytes);
    let name = "X-[A-Za-z0-9_.!#$%&'*+^`|~-]{0,20}";
    vec((name, value), 0..12)
}

fn lines(headers: &[(String, Vec<u8>)], line_end: &str) -> Vec<u8> {
    let line = |(name, value): &(String, Vec<u8>)| {
        [name.as_bytes(), b":  ", value, b"\t", line_end.as_bytes()].concat()
    };
    headers.iter().flat_map(line).collect()
}

fn named(name: &str, value: &str) -> Fields {
    vec![(name.to_owned(), value.as_bytes().to_vec())]
}

/// A body, how it goes over the wire, and the headers that say so.
#[derive(Clone, Debug)]
struct Framed {
    headers: Fields,
    wire: Vec<u8>,
    body: Vec<u8>,
}

/// Bodies that end in each of the three ways.
fn framings() -> impl Strategy<Value = Framed> {
    let body = || vec(any::<u8>(), 0..300);
    let by_length = body().prop_map(move |body| {
        let headers = named("Content-Length", &body.len().to_string());
        Framed { headers, wire: body.clone(), body }
    });
    let extension = select(vec!["", " ", ";a", " ; a=\"b c\"", "\t;\u{e4}"]);
    let chunk = (vec(any::<u8>(), 1..60), extension, any::<bool>());
    let by_chunks = (vec(chunk, 0..6), headers()).prop_map(move |(chunks, trailers)| {
        let mut wire = Vec::new();
        for (data, extension, upper) in &chunks {
            let size = data.len();
            let line = if *upper { format!("0{size:X}") } else { format!("{size:x}") };
            wire.extend([line.as_bytes(), extension.as_bytes(), b"\r\n", data, b"\r\n"].concat());
        }
        wire.extend([b"0\r\n".to_vec(), lines(&trailers, "\r\n"), b"\r\n".to_vec()].concat());
        let body = chunks.into_iter().flat_map(|(data, ..)| data).collect();
        Framed { headers: named("transfer-encoding", "chunked"), wire, body }
    });
    let until_close =
        body().prop_map(|body| Framed { headers: Vec::new(), wire: body.clone(), body });
    prop_oneof![by_length, by_chunks, until_close]
}

/// A status line with its headers.
#[derive(Clone, Debug)]
struct Start {
    status: u16,
    headers: Fields,
}

fn start(statuses: Vec<u16>) -> impl Strategy<Value = Start> {
    (select(statuses), headers()).prop_map(|(status, headers)| Start { status, headers })
}

impl Start {
    fn wire(&self, line_end: &str) -> Vec<u8> {
        let first = format!("HTTP/1.1 {} Some Reason{line_end}", self.status).into_bytes();
        [first, lines(&self.headers, line_end), line_end.as_bytes().to_vec()].concat()
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let last = start(vec![200, 201, 204, 206, 302, 304, 404, 500, 503, 999]);
    let interim = vec(start(vec![100, 102, 103, 199]), 0..3);
    let connection = select(vec!["", "close", "keep-alive"]);
    let line_end = prop_oneof![4 => Just("\r\n"), 1 => Just("\n")];
    let unasked = prop_oneof![4 => Just(""), 1 => Just("HTTP/1.1 408 ")];
    (settings(), interim, last, framings(), (connection, line_end, unasked)).prop_map(
        |(setting, interim, mut last, framed, (connection, line_end, unasked))| {
            let bodiless = setting.asked == Asked::Head || matches!(last.status, 204 | 304);
            let until_close = framed.headers.is_empty() && !bodiless;
            last.headers.extend(framed.headers);
            if !connection.is_empty() {
                last.headers.extend(named("Connection", connection));
            }
            let mut bytes: Vec<u8> =
                interim.iter().chain([&last]).flat_map(|start| start.wire(line_end)).collect();
            let (wire, came) =
                if bodiless { Default::default() } else { (framed.wire, framed.body) };
            bytes.extend(wire);
            let unasked = if until_close { "" } else { unasked };
            bytes.extend(unasked.as_bytes());
            let want = Seen {
                status: last.status,
                headers: last.headers,
                body_bytes: count(came.len()),
                body: if setting.keep == Keep::Body { came } else { Vec::new() },
                reusable: !until_close && connection != "close" && unasked.is_empty(),
            };
            Case { setting, bytes, want }
        },
    )
}

proptest! {
    #[test]
    fn an_answer_is_the_same_in_any_pieces(case in cases(), cuts in vec(any::<Index>(), 0..6)) {
        let got = pieces_do_not_matter(case.setting, &case.bytes, &cuts);
        prop_assert_eq!(got, Ok(case.want), "{}", case.bytes.escape_ascii());
    }

    #[test]
    fn a_damaged_answer_is_the_same_in_any_pieces(
        case in cases(),
        cuts in vec(any::<Index>(), 0..4),
        damage in vec((any::<Index>(), 0..4_usize, any::<u8>()), 1..4),
        limits in (20..400_usize, 0..400_u64, 2..60_usize),
    ) {
        let mut bytes = case.bytes;
        for (at, kind, byte) in damage {
            let at = at.index(bytes.len().max(1));
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, b"\r\n :0;,"[usize::from(byte) % 7]),
            }
        }
        let (head, body, trailers) = limits;
        for limits in [Limits { head, body, trailers }, Limits::default()] {
            let setting = Setting { limits, ..case.setting };
            if let Err(broken) = pieces_do_not_matter(setting, &bytes, &cuts) {
                prop_assert!(!broken.to_string().is_empty());
            }
        }
    }

    #[test]
    fn words_of_the_protocol_in_any_order_are_the_same_in_any_pieces(
        setting in settings(),
        words in vec(select(vec![
            "HTTP/1.1 200 OK", "HTTP/1.0 200", "HTTP/1.1 100 A", "\r\n", "\n", "\r", "\r\n\r\n",
            "Content-Length: 3", "Content-Length: 4", "Transfer-Encoding: chunked", "Connection:",
            "close", "keep-alive", " ", "0", "3", "abc", ";", "3\r\nabc\r\n", "0\r\n\r\n", "\0", ":",
        ]), 0..12),
        begun in any::<bool>(),
        cuts in vec(any::<Index>(), 0..4),
    ) {
        let begin = if begun { "HTTP/1.1 200 OK\r\n" } else { "" };
        let text = format!("{begin}{}", words.concat());
        if let Ok(seen) = pieces_do_not_matter(setting, text.as_bytes(), &cuts) {
            prop_assert!((200..=999).contains(&seen.status));
        }
    }

    #[test]
    fn any_bytes_are_the_same_in_any_pieces(
        setting in settings(),
        bytes in vec(any::<u8>(), 0..200),
        cuts in vec(any::<Index>(), 0..4),
    ) {
        if let Ok(seen) = pieces_do_not_matter(setting, &bytes, &cuts) {
            prop_assert!(seen.status >= 200);
        }
    }
}
