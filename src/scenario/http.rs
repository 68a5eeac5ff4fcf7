//! How requests are sent.

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::grammar::written_by_serde;
use super::named::Named;
use super::template::Template;
use crate::units::{Bytes, Nanos};

/// Which version of HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum HttpVersion {
    /// HTTP/2 where the target offers it, else HTTP/1.1.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1.
    #[serde(rename = "1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "2")]
    Http2,
}

/// Whose connections are, and whether they are used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// A user keeps its connections, as a browser does.
    #[default]
    Keep,
    /// Each journey begins with new ones.
    Fresh,
    /// All users of a worker have theirs together, as the services behind a gateway do. Over
    /// HTTP/2 only, which carries many exchanges side by side.
    Shared,
}

/// How requests are sent.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`http`", deny_unknown_fields, default)]
#[schemars(rename = "Http")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct HttpSpec {
    /// Which version of HTTP is spoken.
    pub version: At<HttpVersion>,
    /// Whether each user keeps the cookies that it is given.
    pub cookies: bool,
    /// How long a request may take, to the last byte; 10 s where it is not given.
    pub timeout: Option<At<Nanos>>,
    /// How long opening a connection may take.
    pub connect_timeout: Option<At<Nanos>>,
    /// Headers of every request.
    pub headers: Named<At<Template>>,
    /// How many redirects are followed.
    pub redirects: At<u32>,
    /// The largest body that is accepted.
    pub max_body: At<Bytes>,
    /// Whose connections are, and whether they are used again.
    pub connections: Connections,
    /// How many connections each worker has when they are shared; 1 where it is not given.
    pub shared_connections: Option<At<u32>>,
    /// Whether compressed bodies are asked for and unpacked.
    pub decompress: bool,
    /// Accepts any certificate of the target. Only for systems of your own.
    pub insecure: bool,
    /// File with certificates that are trusted beside those of the system.
    pub cacert: Option<At<String>>,
}

written_by_serde!(HttpVersion);

impl Default for HttpSpec {
    fn default() -> Self {
        Self {
            version: At::default_value(HttpVersion::Auto),
            cookies: true,
            timeout: None,
            connect_timeout: None,
            headers: Named::default(),
            redirects: At::default_value(10),
            max_body: At::default_value(Bytes(16_777_216)),
            connections: Connections::Keep,
            shared_connections: None,
            decompress: true,
            insecure: false,
            cacert: None,
        }
    }
}
