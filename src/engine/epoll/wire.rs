//! Requests as bytes (RFC 9112, section 3), and as fields (RFC 9113, section 8.3).

use crate::engine::exchange::{AGENT, CODINGS};
use crate::http2::Block;
use crate::plan::{Plan, Request};

/// What every request to a target says, as lines that are ready.
#[derive(Debug)]
pub(super) struct Wire {
    host: Vec<u8>,
    agent: Vec<u8>,
    /// Empty where compressed answers are not wanted.
    codings: Vec<u8>,
    scheme: &'static str,
    authority: String,
    decompress: bool,
}

/// A request line or a header's line.
fn line(name: &str, value: &str) -> Vec<u8> {
    format!("{name}: {value}\r\n").into_bytes()
}

impl Wire {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            host: line("host", &plan.target.authority()),
            agent: line("user-agent", AGENT),
            codings: if plan.http.decompress {
                line("accept-encoding", CODINGS)
            } else {
                Vec::new()
            },
            scheme: if plan.target.tls { "https" } else { "http" },
            authority: plan.target.authority(),
            decompress: plan.http.decompress,
        }
    }

    /// The character of a request's target that no target can have, if there is one.
    pub(super) fn bad_character(request: &Request) -> Option<char> {
        request.target().chars().find(|c| !c.is_ascii_graphic())
    }

    /// Writes the fields of a request. Those that are about a connection (RFC 9113, section 8.2.2)
    /// are left out, and a `Host` of the step's own is the authority.
    pub(super) fn fields(&self, request: &Request, block: &mut Block<'_>) {
        let given = request.given();
        let host = if given.host { request.header("host") } else { None };
        block.field(":method", request.method.as_str());
        block.field(":scheme", self.scheme);
        block.field(":authority", host.unwrap_or(&self.authority));
        block.field(":path", request.target());
        for (name, value) in request.headers() {
            match name {
                "host" | "connection" | "keep-alive" | "proxy-connection" | "transfer-encoding"
                | "upgrade" => {}
                "te" if value != "trailers" => {}
                _ => block.field(name, value),
            }
        }
        if !given.agent {
            block.field("user-agent", AGENT);
        }
        if self.decompress && !given.codings {
            block.field("accept-encoding", CODINGS);
        }
        if request.says_length() {
            let mut digits = [0; 20];
            block.field("content-length", digits_of(request.body().len(), &mut digits));
        }
    }

    /// Writes a request to `out`; the character of its target that no request line can have, if
    /// there is one.
    pub(super) fn write(&self, request: &Request, out: &mut Vec<u8>) -> Result<(), char> {
        let target = request.target();
        if let Some(bad) = Self::bad_character(request) {
            return Err(bad);
        }
        out.clear();
        let given = request.given();
        for part in [request.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        if !given.host {
            out.extend_from_slice(&self.host);
        }
        out.extend_from_slice(request.header_lines().as_bytes());
        if !given.agent {
            out.extend_from_slice(&self.agent);
        }
        if !given.codings {
            out.extend_from_slice(&self.codings);
        }
        let body = request.body();
        if request.says_length() {
            out.extend_from_slice(b"content-length: ");
            out.extend_from_slice(digits_of(body.len(), &mut [0; 20]).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
        Ok(())
    }
}

/// A number in decimal digits, without the formatting machinery.
fn digits_of(number: usize, digits: &mut [u8; 20]) -> &str {
    let mut rest = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest.rem_euclid(10)).unwrap_or_default();
        rest = rest.div_euclid(10);
        used += 1;
        if rest == 0 {
            break;
        }
    }
    let written = digits.get(digits.len() - used..).unwrap_or_default();
    std::str::from_utf8(written).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http::header::{HOST, USER_AGENT};

    use super::*;

    fn written(edit: impl FnOnce(&mut Request)) -> String {
        let wire = Wire {
            host: line("host", "shop:1"),
            agent: line("user-agent", "us"),
            codings: line("accept-encoding", "br"),
            scheme: "http",
            authority: "shop:1".to_owned(),
            decompress: true,
        };
        let mut request = Request::default();
        request.begin(&Method::GET);
        request.target_text().push_str("/a?b=1");
        edit(&mut request);
        let mut out = b"old".to_vec();
        match wire.write(&request, &mut out) {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(bad) => format!("bad {bad:?}"),
        }
    }

    #[test]
    fn a_request_has_what_every_request_needs() {
        assert_eq!(
            written(|_| {}),
            "GET /a?b=1 HTTP/1.1\r\nhost: shop:1\r\nuser-agent: us\r\naccept-encoding: br\r\n\r\n"
        );
    }

    #[test]
    fn what_the_step_says_is_not_said_again() {
        let text = written(|request| {
            request.add_header(&USER_AGENT, "me");
            request.add_header(&HOST, "other");
        });
        assert_eq!(
            text,
            "GET /a?b=1 HTTP/1.1\r\nuser-agent: me\r\nhost: other\r\naccept-encoding: br\r\n\r\n"
        );
    }

    #[test]
    fn a_body_has_its_length_and_a_post_without_one_says_so() {
        let post = |body: &str| {
            let text = written(|request| {
                request.method = Method::POST;
                request.text_body().push_str(body);
            });
            text.rsplit("content-length: ").next().unwrap().to_owned()
        };
        assert_eq!(post("0123456789ab"), "12\r\n\r\n0123456789ab");
        assert_eq!(post(""), "0\r\n\r\n");
    }

    #[test]
    fn a_target_can_not_begin_another_line() {
        assert_eq!(written(|request| request.target_text().push_str("\r\nx: y")), "bad '\\r'");
        assert_eq!(written(|request| request.target_text().push(' ')), "bad ' '");
    }
}
