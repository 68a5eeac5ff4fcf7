//! A request to the target, written once into memory that is used again.

use std::fmt::Write as _;

use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, Method};

use super::{Missing, Text, View};
use crate::units::Nanos;

/// Memory of one request that is kept for the next; a larger one is given back.
const KEPT: usize = 64 << 10;

/// One HTTP request to the target.
///
/// Its parts lie in memory as they go over the wire, and that memory is used again for the next
/// request, so that a request costs no allocation.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Whether the answer's body is looked at; if not it is drained and only counted.
    pub wants_body: bool,
    /// Longest time from sending to the last byte; the plan's if `None`.
    pub timeout: Option<Nanos>,
    /// How many redirects are followed; the plan's if `None`.
    pub redirects: Option<u32>,
    target: String,
    /// A line for each header.
    lines: String,
    /// Where the step's own headers end and those of user and plan begin.
    own: usize,
    given: Given,
    text: String,
    bytes: Vec<u8>,
}

/// Headers that a driver adds unless they are there.
#[expect(clippy::struct_excessive_bools, reason = "each is a header that is there or not")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `Host`.
    pub host: bool,
    /// `User-Agent`.
    pub agent: bool,
    /// `Accept-Encoding`.
    pub codings: bool,
    /// `Content-Length`.
    pub length: bool,
    /// `Connection`, which may end the connection after the answer.
    pub close: bool,
}

impl Given {
    fn note(&mut self, name: &str) {
        self.host |= HOST == name;
        self.agent |= USER_AGENT == name;
        self.codings |= ACCEPT_ENCODING == name;
        self.length |= CONTENT_LENGTH == name;
        self.close |= CONNECTION == name;
    }
}

impl Request {
    /// Begins a request anew; the memory stays.
    pub fn begin(&mut self, method: &Method) {
        self.method.clone_from(method);
        (self.wants_body, self.timeout, self.redirects) = (false, None, None);
        (self.own, self.given) = (0, Given::default());
        for memory in [&mut self.target, &mut self.lines, &mut self.text] {
            memory.clear();
            if memory.capacity() > KEPT {
                *memory = String::new();
            }
        }
        self.bytes = Vec::new();
    }

    /// Path and query string, to be written to.
    pub fn target_text(&mut self) -> &mut String {
        &mut self.target
    }

    /// Adds a header whose value is a text of variables.
    pub fn write_header(
        &mut self,
        name: &HeaderName,
        value: &Text,
        view: &mut View<'_>,
    ) -> Result<(), Missing> {
        let before = self.lines.len();
        self.lines.push_str(name.as_str());
        self.lines.push_str(": ");
        if let Err(missing) = value.write(view, &mut self.lines) {
            self.lines.truncate(before);
            return Err(missing);
        }
        self.lines.push_str("\r\n");
        self.given.note(name.as_str());
        Ok(())
    }

    /// Adds a header.
    pub fn add_header(&mut self, name: &HeaderName, value: &str) {
        self.add_line(name.as_str(), |_target, line| line.push_str(value));
        self.given.note(name.as_str());
    }

    /// Adds a header that no driver adds by itself. `write` is shown the target; nothing is added
    /// if it writes nothing.
    pub fn add_line(&mut self, name: &str, write: impl FnOnce(&str, &mut String)) {
        let before = self.lines.len();
        self.lines.push_str(name);
        self.lines.push_str(": ");
        let start = self.lines.len();
        write(&self.target, &mut self.lines);
        if self.lines.len() == start {
            self.lines.truncate(before);
        } else {
            self.lines.push_str("\r\n");
        }
    }

    /// What is there so far belongs to the step; what follows to its user and the plan, and is
    /// written anew when the request is sent again.
    pub fn end_own(&mut self) {
        self.own = self.lines.len();
    }

    /// Takes away what [`Request::end_own`] set apart.
    pub fn keep_own(&mut self) {
        if self.lines.len() == self.own {
            return;
        }
        self.lines.truncate(self.own);
        self.note_given();
    }

    fn note_given(&mut self) {
        let mut given = Given::default();
        self.headers().for_each(|(name, _)| given.note(name));
        self.given = given;
    }

    /// The text of the body, to be written to.
    pub fn text_body(&mut self) -> &mut String {
        &mut self.text
    }

    /// Gives it a body that is no text.
    pub fn set_body(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// Path and query string, as in the request line.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// All headers as lines, each with its line end.
    pub fn header_lines(&self) -> &str {
        &self.lines
    }

    /// All headers: name in lower case, and value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.header_lines().split_terminator("\r\n").filter_map(|line| line.split_once(": "))
    }

    /// The first value of a header; the name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Which headers need not be added.
    pub fn given(&self) -> Given {
        self.given
    }

    /// The body; empty for none.
    pub fn body(&self) -> &[u8] {
        if self.bytes.is_empty() { self.text.as_bytes() } else { &self.bytes }
    }

    /// Whether a driver has to add the length of the body. A method that means a body says so even
    /// if there is none (RFC 9110, section 8.6).
    pub fn says_length(&self) -> bool {
        let means_one = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        (means_one || !self.body().is_empty()) && !self.given.length
    }

    /// Goes to another target, as after a redirect.
    pub fn go_to(&mut self, target: &str) {
        self.keep_own();
        target.clone_into(&mut self.target);
    }

    /// Becomes a GET without a body.
    pub fn become_get(&mut self) {
        self.keep_own();
        self.method = Method::GET;
        self.text.clear();
        self.bytes = Vec::new();
        let of_the_body = [CONTENT_TYPE, CONTENT_LENGTH];
        let mut kept = String::new();
        for (name, value) in self.headers() {
            if !of_the_body.iter().any(|gone| gone == name) {
                let written = write!(kept, "{name}: {value}\r\n");
                debug_assert!(written.is_ok(), "a string takes everything");
            }
        }
        self.own = kept.len();
        self.lines = kept;
        self.note_given();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        let mut request = Request::default();
        request.begin(&Method::POST);
        request.target_text().push_str("/a?b");
        request.add_header(&CONTENT_TYPE, "text/plain");
        request.add_header(&USER_AGENT, "me");
        request.text_body().push_str("body");
        request.end_own();
        request.add_header(&HOST, "shop");
        request.add_line("cookie", |_, _| {});
        request
    }

    #[test]
    fn a_request_lies_as_it_goes_over_the_wire() {
        let request = request();
        assert_eq!(request.target(), "/a?b");
        assert_eq!(
            request.header_lines(),
            "content-type: text/plain\r\nuser-agent: me\r\nhost: shop\r\n"
        );
        assert_eq!(request.header("host"), Some("shop"));
        let given = request.given();
        assert!(given.host && given.agent && !given.codings && !given.length);
        assert_eq!(request.body(), b"body");
    }

    #[test]
    fn what_belongs_to_the_user_is_written_anew() {
        let mut request = request();
        request.keep_own();
        assert_eq!(request.header("host"), None);
        assert!(!request.given().host && request.given().agent);
    }

    #[test]
    fn a_redirect_keeps_the_steps_own_headers_and_a_get_has_no_body() {
        let mut request = request();
        request.go_to("/elsewhere");
        assert_eq!((request.target(), request.body()), ("/elsewhere", &b"body"[..]));
        assert_eq!(request.header("content-type"), Some("text/plain"));
        request.become_get();
        assert_eq!(request.header_lines(), "user-agent: me\r\n");
        assert_eq!((request.method.as_str(), request.body()), ("GET", &b""[..]));
        assert_eq!(request.target(), "/elsewhere");
    }
}
