//! Where a store is, and how that is shown without its password.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::StoreError;

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// An SQLite file, made with its folder when it does not exist.
    File(PathBuf),
    /// The address of a PostgreSQL database: `postgres://user:password@host:5432/database`.
    Postgres(String),
}

impl StoreLocation {
    /// The store of a work folder, when no other is named.
    pub const DEFAULT: &'static str = ".loadgate/loadgate.db";

    /// The folder on whose disk it grows: that of the file, and of a server's the current one.
    pub fn folder(&self) -> &Path {
        let folder = match self {
            Self::File(path) => path.parent(),
            Self::Postgres(_) => None,
        };
        folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// The address as the database driver wants it.
    pub(super) fn url(&self) -> Result<String, StoreError> {
        match self {
            Self::Postgres(url) => Ok(url.clone()),
            Self::File(path) => sqlite_url(path),
        }
    }
}

impl Default for StoreLocation {
    fn default() -> Self {
        Self::File(PathBuf::from(Self::DEFAULT))
    }
}

impl FromStr for StoreLocation {
    type Err = StoreError;

    /// Reads a path, `sqlite:PATH`, or `postgres://…`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path =
            text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        if path.is_empty() || path.contains("://") {
            return Err(StoreError::BadLocation { text: masked(text) });
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for StoreLocation {
    /// As [`fmt::Display`]: a password must not reach a log by way of `{:?}` either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreLocation({self})")
    }
}

/// `url` without what could be a password.
///
/// From the first colon of the user part to the *last* `@`: an address whose password was not
/// percent-encoded is shown too short rather than with a piece of its password.
fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let shown = match rest.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _password)) => format!("{name}:***@{host}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    let Some((address, query)) = shown.split_once('?') else {
        return format!("{scheme}://{shown}");
    };
    let query: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if key.to_ascii_lowercase().contains("password") => format!("{key}=***"),
            Some(_) | None => pair.to_owned(),
        })
        .collect();
    format!("{scheme}://{address}?{}", query.join("&"))
}

/// The folder of `path` must exist. It is resolved here, because the driver's parser would take
/// `..` out of the text and so walk past a symbolic link.
fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let bad = || StoreError::BadLocation { text: path.display().to_string() };
    let name = path.file_name().ok_or_else(bad)?;
    let folder = folder_of(path);
    let folder = folder
        .canonicalize()
        .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
    let full = folder.join(name);
    let text = full.to_str().ok_or_else(bad)?;
    Ok(format!("sqlite://{}?mode=rwc", percent_encoded(text)))
}

/// The folder that the file of a store is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            encoded.push(char::from(byte));
            continue;
        }
        encoded.push('%');
        for half in [byte >> 4, byte & 0x0f] {
            encoded.extend(char::from_digit(u32::from(half), 16));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_or_a_postgres_address() {
        let read = |text: &str| text.parse::<StoreLocation>().ok();
        assert_eq!(read("runs.db"), Some(StoreLocation::File("runs.db".into())));
        assert_eq!(read("sqlite:/a/b.db"), Some(StoreLocation::File("/a/b.db".into())));
        assert_eq!(
            read("postgresql://h/d"),
            Some(StoreLocation::Postgres("postgresql://h/d".into()))
        );
        assert_eq!(read(""), None);
        assert_eq!(read("mysql://root@localhost/x"), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://u:secret@h:5432/d",
            "postgres://u:secret@secret@h/d",
            "postgres://u:secret/secret@h/d",
            "postgres://u:secret?secret@h/d",
            "postgres://h/d?user=u&password=secret",
            "mysql://u:secret@h/d",
        ] {
            let shown = match url.parse::<StoreLocation>() {
                Ok(location) => format!("{location} {location:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("secret"), "{url} is shown as {shown}");
        }
        let shown = "postgres://u:p@h:5432/d?a=b".parse::<StoreLocation>().unwrap().to_string();
        assert_eq!(shown, "postgres://u:***@h:5432/d?a=b");
    }

    #[test]
    fn paths_with_odd_characters_reach_the_driver_encoded() {
        assert_eq!(percent_encoded("/a b/ü?#%.db"), "/a%20b/%c3%bc%3f%23%25.db");
    }
}
