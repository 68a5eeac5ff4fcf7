//! Where the tap listens, and what stands behind it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// PostgreSQL's port.
const PORT: u16 = 5432;

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A host, by name or number, and a port.
    Tcp(String, u16),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Where clients find the tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen(pub Place);

/// The server behind the tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Where it is.
    pub place: Place,
    /// Whether the tap speaks TLS with it. What a client says to a server through a tap that
    /// passes TLS is between these two.
    pub tls: TlsMode,
    /// The file of certificates that it must be signed by: `sslrootcert` of libpq. The word
    /// `system` stands for those that the system trusts.
    pub root: Option<PathBuf>,
}

/// `sslmode` of libpq.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Without TLS.
    Disable,
    /// With TLS if the server has it; unverified.
    #[default]
    Prefer,
    /// With TLS; unverified unless `sslrootcert` is given.
    Require,
    /// With TLS, and a certificate that was signed by somebody trusted.
    VerifyCa,
    /// As before, and the certificate is for this host.
    VerifyFull,
}

/// An address that can't be read. None of its message holds a part of the address that could be a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// `--listen` is neither `HOST:PORT` nor `unix:FOLDER[:PORT]`.
    #[error("`{0}` is no address to listen on")]
    Listen(String),
    /// The address of the server has another form or scheme.
    #[error("the upstream is no address of a PostgreSQL server")]
    Upstream,
    /// `sslmode` has a word that libpq does not know.
    #[error("there is no sslmode `{0}`")]
    TlsMode(String),
}

impl AddressError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Listen(_) => "write `127.0.0.1:6432`, or `unix:/tmp:6432` for a socket in /tmp",
            Self::Upstream => {
                "write `postgres://HOST:PORT`, or `postgres:///?host=/var/run/postgresql` for a \
                 Unix socket; users and passwords are those of the clients"
            }
            Self::TlsMode(_) => "use disable, prefer, require, verify-ca or verify-full",
        }
    }
}

impl Place {
    /// The socket of a server with this port in a folder, named as PostgreSQL names it.
    fn in_folder(folder: &Path, port: u16) -> Self {
        Self::Unix(folder.join(format!(".s.PGSQL.{port}")))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Listen {
    type Err = AddressError;

    /// Reads `127.0.0.1:6432`, `[::1]:6432`, `6432` (on the loopback), `unix:/tmp` and
    /// `unix:/tmp:6432`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = || AddressError::Listen(text.to_owned());
        if let Some(rest) = text.strip_prefix("unix:") {
            let numbered = rest.rsplit_once(':').map(|(folder, port)| (folder, port.parse()));
            let (folder, port) = match numbered {
                Some((folder, Ok(port))) => (folder, port),
                Some((_, Err(_))) | None => (rest, PORT),
            };
            if !folder.starts_with('/') {
                return Err(bad());
            }
            return Ok(Self(Place::in_folder(Path::new(folder), port)));
        }
        if let Ok(port) = text.parse() {
            return Ok(Self(Place::Tcp("127.0.0.1".to_owned(), port)));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse().map_err(|_no_number| bad())?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(bad());
        }
        Ok(Self(Place::Tcp(host.to_owned(), port)))
    }
}

impl FromStr for Upstream {
    type Err = AddressError;

    /// Reads an address as libpq does, as far as it says where a server is and how to speak TLS
    /// with it. User, password and database are those of the clients.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = |_no_address| AddressError::Upstream;
        // A URL needs a host where its address has a user; libpq does not.
        let url = Url::parse(text).map_err(bad)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(AddressError::Upstream);
        }
        let mut host = decoded(url.host_str().unwrap_or_default()).ok_or(AddressError::Upstream)?;
        let mut port = url.port().unwrap_or(PORT);
        let mut upstream =
            Self { place: Place::Tcp(String::new(), port), tls: TlsMode::default(), root: None };
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "host" | "hostaddr" => host = value.into_owned(),
                "port" => port = value.parse().map_err(|_no_number| AddressError::Upstream)?,
                "sslmode" => upstream.tls = value.parse()?,
                "sslrootcert" => upstream.root = Some(PathBuf::from(value.as_ref())),
                // What concerns the session (`options`, `application_name`) the clients say.
                _ => {}
            }
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(&host);
        upstream.place = if host.starts_with('/') {
            Place::in_folder(Path::new(host), port)
        } else if host.is_empty() {
            Place::Tcp("localhost".to_owned(), port)
        } else {
            Place::Tcp(host.to_owned(), port)
        };
        Ok(upstream)
    }
}

impl FromStr for TlsMode {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Ok(match text {
            "disable" => Self::Disable,
            // libpq tries without TLS first; what it then gets is what a client here gets.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return Err(AddressError::TlsMode(text.to_owned())),
        })
    }
}

/// A text with `%2F` and the like read; `None` if what they stand for is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> String {
        text.parse::<Listen>().map_or_else(|error| error.to_string(), |listen| listen.0.to_string())
    }

    fn upstream(text: &str) -> String {
        text.parse::<Upstream>().map_or_else(
            |error| error.to_string(),
            |upstream| format!("{} {:?} {:?}", upstream.place, upstream.tls, upstream.root),
        )
    }

    #[test]
    fn a_place_to_listen_is_a_port_or_a_folder() {
        for (text, want) in [
            ("127.0.0.1:6432", "127.0.0.1:6432"),
            ("[::1]:6432", "[::1]:6432"),
            ("6432", "127.0.0.1:6432"),
            ("localhost:0", "localhost:0"),
            ("unix:/tmp", "unix:/tmp/.s.PGSQL.5432"),
            ("unix:/tmp/a:6432", "unix:/tmp/a/.s.PGSQL.6432"),
            ("::1:6432", "`::1:6432` is no address to listen on"),
            ("unix:tmp", "`unix:tmp` is no address to listen on"),
            (":1", "`:1` is no address to listen on"),
            ("host:99999", "`host:99999` is no address to listen on"),
        ] {
            assert_eq!(listen(text), want);
        }
    }

    #[test]
    fn an_upstream_is_read_as_libpq_reads_it() {
        for (text, want) in [
            ("postgres://db.example", "db.example:5432 Prefer None"),
            ("postgresql://me:pw@db:6000/shop?sslmode=require", "db:6000 Require None"),
            ("postgres://[::1]:6000/", "[::1]:6000 Prefer None"),
            ("postgres:///shop?host=/run/pg&port=99", "unix:/run/pg/.s.PGSQL.99 Prefer None"),
            ("postgres://%2Frun%2Fpg:98/shop", "unix:/run/pg/.s.PGSQL.98 Prefer None"),
            ("postgres:///shop", "localhost:5432 Prefer None"),
            (
                "postgres://db?sslmode=verify-full&sslrootcert=/etc/ca.pem&application_name=x",
                "db:5432 VerifyFull Some(\"/etc/ca.pem\")",
            ),
            ("postgres://db?sslmode=sometimes", "there is no sslmode `sometimes`"),
        ] {
            assert_eq!(upstream(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_it() {
        for text in ["hunter2", "mysql://me:hunter2@db", "postgres://me:hunter2@db:x/", "", "%zz"] {
            let error = text.parse::<Upstream>().unwrap_err();
            assert_eq!(error, AddressError::Upstream, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
