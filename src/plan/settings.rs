//! Settings of all requests.

use std::fmt;

use bytes::Bytes;
use http::HeaderName;
use serde_json_path::JsonPath;

use super::Text;
use crate::scenario::{Connections, HttpVersion};
use crate::units::{Bytes as Size, Nanos};

/// Where requests go: scheme, host and port of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Host name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// What stands in front of every path, without a slash at its end; mostly empty.
    pub prefix: String,
}

/// Settings of all requests.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Version of HTTP.
    pub version: HttpVersion,
    /// Which driver sends them.
    pub engine: Engine,
    /// Whether virtual users keep cookies during a journey.
    pub cookies: bool,
    /// Whose connections are, and whether they are used again.
    pub connections: Connections,
    /// How many connections a worker has when its users share them.
    pub shared_connections: u32,
    /// Headers of every request.
    pub headers: Vec<(HeaderName, Text)>,
    /// Whether compressed answers are asked for and unpacked.
    pub decompress: bool,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// Certificates (PEM) that are trusted instead of the system's.
    pub roots: Option<Bytes>,
    /// Limits of one request.
    pub limits: Limits,
}

/// Which of the engine's drivers carries out a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// The fastest that can do it.
    #[default]
    Auto,
    /// Our own, on Linux.
    Epoll,
    /// hyper on tokio.
    Tokio,
}

/// Limits of one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time from sending to the last byte.
    pub timeout: Nanos,
    /// Longest time to open a connection, handshake included.
    pub connect_timeout: Nanos,
    /// Most redirects that are followed.
    pub redirects: u32,
    /// Longest body, unpacked.
    pub max_body: Size,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Nanos::from_secs(10),
            connect_timeout: Nanos::from_secs(5),
            redirects: 10,
            max_body: Size(16 << 20),
        }
    }
}

/// Where the target tells its version.
#[derive(Clone, Debug)]
pub struct Health {
    /// Path of the endpoint.
    pub path: String,
    /// Where the version stands in its answer.
    pub version: JsonPath,
    /// The version that has to be there.
    pub expect: Option<String>,
}

/// An address that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address such as `http://127.0.0.1:3000`")]
pub struct AddressError(String);

impl Address {
    /// Splits a URL into the target and the path with its query string.
    pub fn split(url: &str) -> Result<(Self, String), AddressError> {
        let bad = || AddressError(hide_user(url));
        let uri: http::Uri = url.trim().parse().map_err(|_not_a_uri| bad())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?;
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() || authority.as_str().contains('@') {
            return Err(bad());
        }
        let after_host = authority.as_str().rsplit(']').next().unwrap_or_default();
        let port = match (authority.port_u16(), after_host.contains(':')) {
            (Some(port), _) => port,
            (None, true) => return Err(bad()),
            (None, false) if tls => 443,
            (None, false) => 80,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok((Self { tls, host: host.to_owned(), port, prefix: String::new() }, path))
    }

    /// Reads a target: a URL whose path, if it has one, stands in front of every path.
    pub fn target(url: &str) -> Result<Self, AddressError> {
        let (address, path) = Self::split(url)?;
        if path.contains('?') {
            return Err(AddressError(hide_user(url)));
        }
        Ok(Self { prefix: path.trim_end_matches('/').to_owned(), ..address })
    }

    /// The `Host` header: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// Cuts a user name and password out of a URL before it is shown.
fn hide_user(url: &str) -> String {
    match (url.find("://"), url.find('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            let (start, rest) = url.split_at(scheme + 3);
            let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
            format!("{start}***@{rest}")
        }
        _ => url.to_owned(),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_and_written() {
        for (text, shown) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("https://staging.example/", "https://staging.example"),
            ("http://[::1]:80/shop/", "http://[::1]/shop"),
        ] {
            assert_eq!(Address::target(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_target_is_refused_without_its_password() {
        for text in ["staging.example", "ftp://x", "http://", "http://a:99999", "http://a/?b=1"] {
            assert!(Address::target(text).is_err(), "{text}");
        }
        let error = Address::target("http://me:secret@host").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
