//! The cookies of one virtual user.

use std::rc::Rc;

use http::header::{COOKIE, SET_COOKIE};

use crate::http1::Headers;
use crate::plan::Request;

/// The most cookies that one user keeps.
const MAX_COOKIES: usize = 100;

/// Cookies of one target, as a browser would send them back (RFC 6265).
///
/// There is one host, so domains do not matter; the path does.
#[derive(Clone, Debug, Default)]
pub(super) struct Jar {
    /// Shared with the login that they come from until one changes.
    cookies: Rc<[Cookie]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl Jar {
    pub(super) fn clear(&mut self) {
        if !self.cookies.is_empty() {
            self.cookies = Rc::default();
        }
    }

    /// Keeps what an answer to `path` sets, and forgets what it takes back.
    pub(super) fn store<'p>(&mut self, headers: Headers<'_>, path: impl Fn() -> &'p str) {
        for line in headers.texts(SET_COOKIE.as_str()) {
            self.set(line, path());
        }
    }

    fn set(&mut self, line: &str, request_path: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let mut cookie = Cookie {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            path: default_path(request_path).to_owned(),
        };
        let mut gone = false;
        for attribute in parts {
            let (word, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            if word.eq_ignore_ascii_case("path") && value.starts_with('/') {
                value.clone_into(&mut cookie.path);
            } else if word.eq_ignore_ascii_case("max-age") {
                gone |= value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0);
            } else if word.eq_ignore_ascii_case("expires") {
                // Servers take a cookie back by a date long past; lifetimes that end within a
                // journey are not modelled.
                gone |= value.contains("1970");
            }
        }
        // What servers set again with every answer is mostly there already.
        if !gone && self.cookies.contains(&cookie) {
            return;
        }
        let other = |kept: &&Cookie| kept.name != cookie.name || kept.path != cookie.path;
        let mut cookies: Vec<Cookie> = self.cookies.iter().filter(other).cloned().collect();
        if !gone && !cookie.name.is_empty() && cookies.len() < MAX_COOKIES {
            cookies.push(cookie);
        }
        self.cookies = cookies.into();
    }

    /// Adds the `Cookie` header to a request, if there is something to send.
    pub(super) fn add_to(&self, request: &mut Request) {
        if self.cookies.is_empty() {
            return;
        }
        request.add_line(COOKIE.as_str(), |target, line| {
            let path = target.split('?').next().unwrap_or(target);
            let start = line.len();
            for cookie in self.cookies.iter().filter(|cookie| path_matches(&cookie.path, path)) {
                if line.len() > start {
                    line.push_str("; ");
                }
                line.push_str(&cookie.name);
                line.push('=');
                line.push_str(&cookie.value);
            }
        });
    }
}

/// RFC 6265, section 5.1.4: the request's path up to its last slash.
fn default_path(request_path: &str) -> &str {
    let path = request_path.split('?').next().unwrap_or_default();
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => path.split_at(at).0,
    }
}

/// RFC 6265, section 5.1.4: path-match.
fn path_matches(cookie: &str, request: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(lines: &[&str], path: &str) -> Option<String> {
        let mut jar = Jar::default();
        for line in lines {
            jar.set(line, "/api/auth/login");
        }
        let mut request = Request::default();
        request.target_text().push_str(path);
        jar.add_to(&mut request);
        request.header("cookie").map(str::to_owned)
    }

    #[test]
    fn cookies_come_back_where_they_belong() {
        assert_eq!(sent(&["a=1; Path=/", "b=2"], "/x").as_deref(), Some("a=1"));
        assert_eq!(sent(&["a=1; Path=/", "b=2"], "/api/auth/csrf?x").as_deref(), Some("a=1; b=2"));
        assert_eq!(sent(&["a=1; path=/api"], "/apiary"), None);
    }

    #[test]
    fn a_newer_value_replaces_and_max_age_zero_removes() {
        assert_eq!(sent(&["a=1; Path=/", "a=2; Path=/"], "/").as_deref(), Some("a=2"));
        assert_eq!(sent(&["a=1; Path=/", "a=; Path=/; Max-Age=0"], "/"), None);
        let past = "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(sent(&["a=1; Path=/", past], "/"), None);
        assert_eq!(sent(&["nonsense", "=x", ";;"], "/"), None);
    }
}
