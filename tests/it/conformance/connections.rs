//! When a connection is used again, what is sent twice, and what is left over on it (RFC 9112,
//! section 9).

use std::time::Duration;

use loadgate::names::ErrorKind;

use super::hostile::{Act, OK};
use super::row::{APART, check, right, send, with_length, wrong};

fn ok() -> Act {
    Act::Send(OK.to_vec())
}

#[test]
fn a_connection_is_used_again_when_both_sides_want_it() {
    let said = |version: &str, headers: &str| {
        vec![send(&format!("HTTP/{version} 200 OK\r\n{headers}content-length: 2\r\n\r\nok"))]
    };
    check(&[
        right("HTTP/1.1", said("1.1", ""), "ok"),
        right("HTTP/1.1, keep-alive", said("1.1", "connection: keep-alive\r\n"), "ok"),
        right("HTTP/1.1, close", said("1.1", "connection: close\r\n"), "ok").connections(2),
        right("HTTP/1.1, Close among others", said("1.1", "connection: foo, Close\r\n"), "ok")
            .connections(2),
        right("HTTP/1.0", said("1.0", ""), "ok").connections(2),
        right("HTTP/1.0, keep-alive", said("1.0", "Connection: Keep-Alive\r\n"), "ok"),
        right("HTTP/1.0, close", said("1.0", "connection: close\r\n"), "ok").connections(2),
        right("closed without a word", vec![ok(), Act::Close], "ok").connections(2),
        right("closed later", vec![ok(), APART, Act::Close], "ok").connections(2),
        right("half-closed", vec![ok(), Act::Finish], "ok").connections(2),
    ]);
}

#[test]
fn what_comes_after_an_answer_is_no_answer() {
    let other = with_length("", "no");
    let with_more = |more: &str| vec![ok(), send(more)];
    let at_once = |more: &str| vec![Act::Send([OK, more.as_bytes()].concat())];
    let think = "{ think: 50ms }, ";
    for rest in [other.as_str(), "\r\n", "H"] {
        check(&[
            right(&format!("{rest:?} at once"), at_once(rest), "ok").connections(2),
            right(&format!("{rest:?} at once, then a pause"), at_once(rest), "ok")
                .after(think)
                .connections(2),
            right(&format!("{rest:?} on its own, then a pause"), with_more(rest), "ok")
                .after(think)
                .connections(2),
            right(&format!("{rest:?} late"), vec![ok(), APART, send(rest)], "ok")
                .after(think)
                .connections(2),
        ]);
    }
}

#[test]
fn what_may_be_sent_twice_is_sent_once_again() {
    let gone = vec![Act::Close];
    let again = |name: &str, first: Vec<Act>| {
        right(name, first, "ok").reused().then(vec![ok()]).connections(2)
    };
    check(&[
        again("closed under way", gone.clone()).resent(),
        again("reset under way", vec![Act::Reset]).resent(),
        right("HEAD", gone.clone(), "")
            .reused()
            .head()
            .then(vec![send("HTTP/1.1 200 OK\r\n\r\n")])
            .connections(2)
            .resent(),
        wrong("twice closed", gone.clone(), ErrorKind::Reset).reused().connections(3).resent(),
        wrong("POST", gone.clone(), ErrorKind::Reset).reused().post().connections(2),
        wrong("POST that is reset", vec![Act::Reset], ErrorKind::Reset)
            .reused()
            .post()
            .connections(2),
        // What has begun to come would come twice.
        wrong("closed in the answer", vec![send("HTTP/1.1 2"), Act::Close], ErrorKind::Reset)
            .reused()
            .connections(2),
        wrong("on a fresh connection", gone, ErrorKind::Reset),
        wrong("reset on a fresh connection", vec![Act::Reset], ErrorKind::Reset),
    ]);
}

#[test]
fn an_answer_that_breaks_off_is_a_failure() {
    let cut = |name: &str, text: &str| wrong(name, vec![send(text), Act::Close], ErrorKind::Reset);
    check(&[
        cut("after one byte", "H"),
        cut("in the status line", "HTTP/1.1 200"),
        cut("in a header", "HTTP/1.1 200 OK\r\ncontent-le"),
        cut("before the empty line", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"),
        cut("before the body", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        cut("in the body", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"),
        wrong(
            "reset in the body",
            vec![send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe"), Act::Reset],
            ErrorKind::Reset,
        ),
        right("reset after the body", vec![ok(), Act::Reset], "ok").connections(2),
    ]);
}

#[test]
fn an_answer_may_come_before_the_request_is_read() {
    let early = |status: &str, rest: &str| {
        vec![send(&format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n{rest}\r\nok")), Act::Finish]
    };
    let deaf =
        |acts: Vec<Act>| [acts, vec![Act::Pause(Duration::from_secs(3)), Act::Reset]].concat();
    let refusal =
        send("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
    check(&[
        right(
            "413 to a large body that is read to its end",
            early("413 Too Large", "connection: close\r\n"),
            "ok",
        )
        .post_large()
        .status(413)
        .connections(2),
        right("413 to a large body that nobody reads", deaf(vec![refusal.clone()]), "ok")
            .post_large()
            .status(413)
            .connections(2),
        wrong("no answer to a large body that nobody reads", deaf(vec![]), ErrorKind::Timeout)
            .post_large(),
        wrong(
            "a reset while a large body is written",
            vec![Act::Pause(Duration::from_millis(20)), Act::Reset],
            ErrorKind::Reset,
        )
        .post_large(),
        right("413 and closed", early("413 Too Large", "connection: close\r\n"), "ok")
            .post()
            .status(413)
            .connections(2),
        right("200 and closed", early("200 OK", "connection: close\r\n"), "ok")
            .post()
            .connections(2),
        right("200 and closed without a word", early("200 OK", ""), "ok").post().connections(2),
    ]);
}
