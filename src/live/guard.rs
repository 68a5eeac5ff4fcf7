//! Who may read: browsers whose user has opened this page, and nobody that another site has sent.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Headers of every answer, beside the policy of the page's contents.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Refuses what comes from elsewhere, and gives every answer its headers.
pub(super) async fn guard(
    State(policy): State<HeaderValue>,
    request: Request,
    next: Next,
) -> Response {
    let mut answer = match refused(request.headers()) {
        Some(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        None => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.extend(HEADERS);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}

/// Why a request is not answered.
fn refused(headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    if hosts.next().is_some() || !host.is_some_and(is_address) {
        return Some("open this page by its address, for example http://127.0.0.1:5665/");
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let own: [&[u8]; 2] = [b"same-origin", b"none"];
    match site {
        // A link on another page may lead here; what that page embeds may not.
        Some(site) if !own.contains(&site) && !is_navigation(headers) => {
            Some("another site may not read this")
        }
        Some(_) | None => None,
    }
}

/// Whether the request opens a page in a window.
fn is_navigation(headers: &HeaderMap) -> bool {
    let is =
        |name: &str, value: &[u8]| headers.get(name).is_some_and(|own| own.as_bytes() == value);
    is("sec-fetch-mode", b"navigate") && is("sec-fetch-dest", b"document")
}

/// Whether a host is given by its address or as `localhost`. Any other name can be pointed here by
/// whoever owns it.
fn is_address(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, "")) => (name, None),
            Some((name, port)) => match port.strip_prefix(':') {
                Some(port) => (name, Some(port)),
                None => return false,
            },
            None => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let bracketed = host.starts_with('[');
    let address = name.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6() == bracketed);
    let local = !bracketed && name.eq_ignore_ascii_case("localhost");
    (address || local) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_this_machine() {
        for own in [
            "127.0.0.1",
            "127.0.0.1:5665",
            "localhost:5665",
            "LOCALHOST",
            "[::1]:5665",
            "[::1]",
            "192.168.1.7:80",
        ] {
            assert!(is_address(own), "{own}");
        }
        for foreign in [
            "",
            "evil.example",
            "evil.example:5665",
            "127.0.0.1.evil.example",
            "localhost.evil.example:5665",
            "127.0.0.1:port",
            "127.0.0.1:1:2",
            "::1",
            "[127.0.0.1]",
            "[::1]evil.example",
            "[localhost]",
            "user@127.0.0.1",
        ] {
            assert!(!is_address(foreign), "{foreign}");
        }
    }

    fn check(headers: &[(&'static str, &'static str)], answered: Answered) {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        pairs.for_each(|(name, value)| _ = map.append(name, value));
        assert_eq!(refused(&map).is_none(), answered == Answered::Yes, "{headers:?}");
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Answered {
        Yes,
        No,
    }

    #[test]
    fn what_another_site_caused_is_refused() {
        let host = ("host", "127.0.0.1:5665");
        check(&[], Answered::No);
        check(&[host, host], Answered::No);
        check(&[host], Answered::Yes);
        check(&[host, ("sec-fetch-site", "none")], Answered::Yes);
        check(&[host, ("sec-fetch-site", "same-origin")], Answered::Yes);
        check(&[host, ("sec-fetch-site", "same-site")], Answered::No);
        check(&[host, ("sec-fetch-site", "cross-site")], Answered::No);
        let navigate = ("sec-fetch-mode", "navigate");
        let link = [host, ("sec-fetch-site", "cross-site"), navigate];
        check(&[link.as_slice(), &[("sec-fetch-dest", "document")]].concat(), Answered::Yes);
        check(&[link.as_slice(), &[("sec-fetch-dest", "iframe")]].concat(), Answered::No);
    }
}
