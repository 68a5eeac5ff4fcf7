//! Cookies: reading one, writing one.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The value of a cookie that the client sent.
pub(crate) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A `Set-Cookie` value. `value` is one of our tokens: letters, digits, `-`, `_` and `.`.
pub(crate) fn set(name: &str, value: &str, max_age: u64) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}");
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; market.csrf=abc=; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("c=3"));
        assert_eq!(get(&headers, "market.csrf"), Some("abc="));
        assert_eq!(get(&headers, "c"), Some("3"));
        assert_eq!(get(&headers, "csrf"), None);
    }
}
