//! Status lines and headers: what is read, what is refused, and how much of it (RFC 9112, sections
//! 2 to 5, and RFC 9110, section 15.2).

use loadgate::names::ErrorKind;

use super::hostile::Act;
use super::row::{Want, broken, check, right, send, with_length, wrong};

fn ok() -> String {
    with_length("", "ok")
}

#[test]
fn a_status_line_is_one_or_there_is_no_answer() {
    let line = |line: &str| format!("{line}\r\ncontent-length: 2\r\n\r\nok");
    check(&[
        right("no reason", vec![send(&line("HTTP/1.1 200 "))], "ok"),
        right("no reason and no space", vec![send(&line("HTTP/1.1 200"))], "ok"),
        right(
            "a reason in another script",
            vec![send(&line("HTTP/1.1 200 gut gemacht, m\u{fc}de"))],
            "ok",
        ),
        right("a status that nobody knows", vec![send(&line("HTTP/1.1 299 Odd"))], "ok")
            .status(299),
        broken("a status that is no number", &line("HTTP/1.1 2x0 OK")),
        broken("a status of two digits", &line("HTTP/1.1 20 OK")),
        broken("a status of four digits", &line("HTTP/1.1 2000 OK")),
        broken("another version", &line("HTTP/2.0 200 OK")),
        broken("a version that is none", &line("HTTP/1 200 OK")),
        broken("small letters", &line("http/1.1 200 OK")),
        broken("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        broken("HTTP/0.9", "<html><body>hello</body></html>\r\n\r\n"),
        broken("a request", "GET / HTTP/1.1\r\nhost: here\r\n\r\n"),
        broken("nothing but zeros", &"\0".repeat(100)),
    ]);
}

#[test]
fn headers_are_names_and_values() {
    let with = |lines: &str| with_length(lines, "ok");
    let many = |count: usize| {
        with(
            &(0..count)
                .flat_map(|n| ["x-".to_owned(), n.to_string(), ": v\r\n".to_owned()])
                .collect::<String>(),
        )
    };
    check(&[
        right("no value", vec![send(&with("x-a:\r\nx-b: \r\n"))], "ok"),
        right("bytes beyond ASCII", vec![send(&with("x-a: m\u{fc}de\r\n"))], "ok"),
        right("ninety", vec![send(&many(90))], "ok"),
        right(
            "forty kilobytes",
            vec![send(&with(&format!("x-a: {}\r\n", "v".repeat(40_000))))],
            "ok",
        ),
        right(
            "names in capitals",
            vec![send(&ok().replace("content-length", "CONTENT-LENGTH"))],
            "ok",
        ),
        broken("ten thousand", &many(10_000)),
        broken("without a colon", &with("no colon here\r\n")),
        broken("without a name", &with(": value\r\n")),
        broken("a space before the colon", &with("x-a : value\r\n")),
        broken("a space in the name", &with("x a: value\r\n")),
        broken("a zero in the value", &with("x-a: a\0b\r\n")),
        broken("a lone carriage return", &with("x-a: a\rb\r\n")),
        broken("a folded line", &with("x-a: one\r\n two\r\n")),
        broken("a first line that is folded", &with(" two\r\n")),
    ]);
}

#[test]
fn a_head_that_does_not_end_is_given_up() {
    let flood = |name: &str, start: &str, more: &'static str| {
        wrong(name, vec![send(start), Act::Flood(more)], ErrorKind::Protocol)
    };
    let line = "HTTP/1.1 200 OK\r\n";
    check(&[
        flood("a reason", "HTTP/1.1 200 ", "x"),
        flood("a name", line, "x"),
        flood("a value", "HTTP/1.1 200 OK\r\nx-a: ", "x"),
        flood("a value of a gigabyte of nothing", "HTTP/1.1 200 OK\r\nx-a:", " "),
        flood("headers", line, "x-a: b\r\n"),
        flood("zeros", "", "\0"),
    ]);
}

#[test]
fn what_comes_too_slowly_is_a_timeout() {
    let drip = |name: &str, start: &str, more: &'static str| {
        wrong(name, vec![send(start), Act::Drip(more)], ErrorKind::Timeout)
    };
    check(&[
        wrong("nothing", vec![Act::Hang], ErrorKind::Timeout),
        wrong("half a head", vec![send("HTTP/1.1 200 OK\r\nx-a"), Act::Hang], ErrorKind::Timeout),
        drip("a head", "HTTP/1.1 200 OK\r\n", "x-a: b\r\n"),
        drip("a body", "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n", "x"),
        drip("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
        drip("a body until the close", "HTTP/1.1 200 OK\r\n\r\n", "x"),
        drip("interim answers", "", "HTTP/1.1 102 Processing\r\n\r\n"),
    ]);
}

#[test]
fn interim_answers_are_no_answers() {
    let after = |interim: &str| vec![send(interim), send(&ok())];
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n";
    let endless = wrong(
        "without end",
        vec![Act::Flood("HTTP/1.1 102 Processing\r\n\r\n")],
        ErrorKind::Protocol,
    );
    check(&[
        right("100", after("HTTP/1.1 100 Continue\r\n\r\n"), "ok"),
        right("100 to a POST", after("HTTP/1.1 100 Continue\r\n\r\n"), "ok").post(),
        right("103, several", after(&hints.repeat(3)), "ok"),
        right("103, then 100", after(&format!("{hints}HTTP/1.1 100 Continue\r\n\r\n")), "ok"),
        right(
            "102 with a length",
            after("HTTP/1.1 102 Processing\r\ncontent-length: 5\r\n\r\n"),
            "ok",
        ),
        wrong("103, then closed", vec![send(hints), Act::Close], ErrorKind::Reset),
        wrong("103, then nothing", vec![send(hints), Act::Hang], ErrorKind::Timeout),
        endless.hyper(Want::Fails(ErrorKind::Timeout), 2, "it has no limit for interim answers"),
        broken(
            "101 that nobody asked for",
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        )
        .hyper(
            Want::Answer(101, String::new()),
            2,
            "it leaves the decision to whoever asked",
        ),
    ]);
}
