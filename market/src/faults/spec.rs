//! What a fault is and how it is written: `kind:key=value,key=value`. Pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::units;

/// The biggest padding of an answer.
const MOST_PADDING: u64 = 256 << 20;

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultSpec {
    text: String,
    kind: FaultKind,
}

impl FaultSpec {
    /// What it does.
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// An endpoint takes longer.
    SlowEndpoint {
        /// Which one.
        endpoint: Endpoint,
        /// By how much.
        by: Slowdown,
    },
    /// A named query takes longer.
    SlowQuery {
        /// Such as `farm.findMany`.
        query: String,
        /// By how much.
        by: Slowdown,
    },
    /// A named query is followed by another one for each of its rows: the N+1 of object mappers.
    NPlusOne {
        /// Such as `farm.findMany`.
        query: String,
    },
    /// Answers with an error instead of working.
    Errors {
        /// The share of requests, 0 to 1.
        rate: f64,
        /// Which ones.
        endpoint: Endpoint,
        /// With what.
        status: u16,
    },
    /// Everything waits.
    Stall {
        /// So long.
        length: Duration,
        /// Since the fault began.
        when: StallWhen,
    },
    /// Memory grows.
    Leak {
        /// So many bytes
        bytes: u64,
        /// in this time.
        per: Duration,
    },
    /// Database connections are taken away.
    PoolHold {
        /// How many.
        connections: usize,
        /// For how long; without it until the fault ends.
        length: Option<Duration>,
    },
    /// The connection closes in the middle of an answer.
    Close {
        /// The share of requests, 0 to 1.
        rate: f64,
        /// Which ones.
        endpoint: Endpoint,
    },
    /// An answer is shorter than it promised.
    Truncate {
        /// The share of requests, 0 to 1.
        rate: f64,
        /// Which ones.
        endpoint: Endpoint,
    },
    /// Answers are padded.
    Oversize {
        /// Which ones.
        endpoint: Endpoint,
        /// To this many bytes.
        bytes: u64,
    },
}

/// How much longer something takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slowdown {
    /// So many times its own time.
    Factor(f64),
    /// So much more.
    Add(Duration),
}

impl Slowdown {
    /// What has to be waited after something that took `own`.
    pub(super) fn wait(self, own: Duration) -> Duration {
        match self {
            Self::Factor(factor) => {
                Duration::try_from_secs_f64(own.as_secs_f64() * (factor - 1.0)).unwrap_or_default()
            }
            Self::Add(more) => more,
        }
    }
}

/// When a stall happens, counted from the beginning of the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StallWhen {
    /// Once, after this time.
    At(Duration),
    /// Again and again, each time after this time.
    Every(Duration),
}

/// `GET /api/farms/{id}`, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Option<String>);

impl Endpoint {
    /// Whether a route, as [`plain`] spells it, is meant.
    pub(super) fn matches(&self, plain_route: &str) -> bool {
        self.0.as_deref().is_none_or(|endpoint| endpoint == plain_route)
    }

    /// The endpoint unless it is all of them.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// A route without the names of its parameters: what they are called is the server's affair.
pub(crate) fn plain(route: &str) -> String {
    let mut out = String::with_capacity(route.len());
    let mut inside = false;
    for c in route.chars() {
        match c {
            '{' => {
                inside = true;
                out.push('{');
            }
            '}' => {
                inside = false;
                out.push('}');
            }
            _ if inside => {}
            _ => out.push(c),
        }
    }
    out
}

/// Why a text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultSpecError {
    /// The word before the colon.
    #[error(
        "unknown fault `{0}`\nhint: one of slow, nplus1, errors, stall, leak, pool, close, truncate, oversize"
    )]
    Kind(String),
    /// Not `key=value`.
    #[error("`{0}` is not of the form key=value")]
    Form(String),
    /// A key that this fault does not have, or has twice.
    #[error("fault `{kind}` does not take `{key}` here\nhint: {hint}")]
    Key {
        /// The fault.
        kind: String,
        /// The key.
        key: String,
        /// What the fault looks like.
        hint: &'static str,
    },
    /// Something is missing.
    #[error("fault `{kind}` needs {what}\nhint: {hint}")]
    Missing {
        /// The fault.
        kind: String,
        /// What is missing.
        what: &'static str,
        /// What the fault looks like.
        hint: &'static str,
    },
    /// A value that cannot be read.
    #[error("`{value}` is not a value for `{key}`\nhint: {hint}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What it would look like.
        hint: &'static str,
    },
    /// An endpoint that the market does not have.
    #[error(
        "unknown endpoint `{0}`\nhint: method and path template, such as `GET /api/farms/{{id}}`, or `*`"
    )]
    UnknownEndpoint(String),
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for FaultSpec {
    type Err = FaultSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let hint = hint(kind).ok_or_else(|| FaultSpecError::Kind(kind.to_owned()))?;
        let mut fields = Fields::read(kind, hint, rest)?;
        let parsed = fields.fault()?;
        fields.finish()?;
        Ok(Self { text: text.to_owned(), kind: parsed })
    }
}

/// What a kind of fault looks like.
fn hint(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "slow" => "slow:endpoint=GET /api/farms,factor=2 or slow:query=farm.findMany,add=5ms",
        "nplus1" => "nplus1:query=farm.findMany",
        "errors" => "errors:rate=5%,endpoint=GET /api/farms,status=503",
        "stall" => "stall:for=1s,every=10s or stall:for=1s,at=10s",
        "leak" => "leak:rate=2MB/h",
        "pool" => "pool:hold=8,for=30s",
        "close" => "close:rate=1%",
        "truncate" => "truncate:rate=1%",
        "oversize" => "oversize:endpoint=GET /api/farms,size=20MB",
        _ => return None,
    })
}

/// The fields of a specification; what is taken is gone, what is left at the end is an error.
struct Fields<'a> {
    kind: &'a str,
    hint: &'static str,
    left: Vec<(&'a str, &'a str)>,
}

impl<'a> Fields<'a> {
    fn read(kind: &'a str, hint: &'static str, text: &'a str) -> Result<Self, FaultSpecError> {
        let mut left: Vec<(&str, &str)> = Vec::new();
        for field in text.split(',').map(str::trim).filter(|field| !field.is_empty()) {
            let (key, value) =
                field.split_once('=').ok_or_else(|| FaultSpecError::Form(field.to_owned()))?;
            let (key, value) = (key.trim(), value.trim());
            if left.iter().any(|(known, _)| *known == key) {
                return Err(FaultSpecError::Key {
                    kind: kind.to_owned(),
                    key: key.to_owned(),
                    hint,
                });
            }
            left.push((key, value));
        }
        Ok(Self { kind, hint, left })
    }

    fn fault(&mut self) -> Result<FaultKind, FaultSpecError> {
        Ok(match self.kind {
            "slow" => self.slow()?,
            "errors" => FaultKind::Errors {
                rate: self.rate()?,
                endpoint: self.endpoint(),
                status: self.status()?,
            },
            "nplus1" => {
                let query = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
                FaultKind::NPlusOne { query: self.need("query", query, "such as farm.findMany")? }
            }
            "stall" => self.stall()?,
            "leak" => {
                let rate = self.need("rate", units::byte_rate, "such as 2MB/h or 100KB/s")?;
                FaultKind::Leak { bytes: rate.0, per: rate.1 }
            }
            "pool" => FaultKind::PoolHold {
                connections: self.need("hold", positive, "a number of connections")?,
                length: self.value("for", units::duration, LIKE_DURATION)?,
            },
            "close" => FaultKind::Close { rate: self.rate()?, endpoint: self.endpoint() },
            "truncate" => FaultKind::Truncate { rate: self.rate()?, endpoint: self.endpoint() },
            _ => {
                let size = |text: &str| units::bytes(text).filter(|size| *size <= MOST_PADDING);
                let bytes = self.need("size", size, "such as 20MB, at most 256MiB")?;
                FaultKind::Oversize { endpoint: self.endpoint(), bytes }
            }
        })
    }

    fn slow(&mut self) -> Result<FaultKind, FaultSpecError> {
        let factor = |text: &str| text.parse::<f64>().ok().filter(|f| (1.0..=1e6).contains(f));
        let factor = self.value("factor", factor, "a number from 1 on, such as 2 or 1.5")?;
        let add = self.value("add", units::duration, LIKE_DURATION)?;
        let by = match (factor, add) {
            (Some(factor), None) => Slowdown::Factor(factor),
            (None, Some(add)) => Slowdown::Add(add),
            (Some(_), Some(_)) | (None, None) => {
                return Err(self.missing("either `factor` or `add`"));
            }
        };
        match (self.take("query"), self.take("endpoint")) {
            (Some(query), None) => Ok(FaultKind::SlowQuery { query: query.to_owned(), by }),
            (None, Some(endpoint)) => {
                Ok(FaultKind::SlowEndpoint { endpoint: read_endpoint(Some(endpoint)), by })
            }
            (Some(_), Some(_)) | (None, None) => Err(self.missing("either `endpoint` or `query`")),
        }
    }

    fn stall(&mut self) -> Result<FaultKind, FaultSpecError> {
        let length = self.need("for", units::duration, LIKE_DURATION)?;
        let every = self.value("every", units::duration, LIKE_DURATION)?;
        let at = self.value("at", units::duration, LIKE_DURATION)?;
        let when = match (every, at) {
            (Some(every), None) if every > length => StallWhen::Every(every),
            (Some(_), None) => return Err(self.missing("an `every` longer than `for`")),
            (None, at) => StallWhen::At(at.unwrap_or_default()),
            (Some(_), Some(_)) => return Err(self.missing("`every` or `at`, not both")),
        };
        Ok(FaultKind::Stall { length, when })
    }

    fn rate(&mut self) -> Result<f64, FaultSpecError> {
        self.need("rate", units::share, "a share such as 5% or 0.05")
    }

    fn status(&mut self) -> Result<u16, FaultSpecError> {
        let read = |text: &str| text.parse::<u16>().ok().filter(|code| (400..600).contains(code));
        Ok(self.value("status", read, "400 to 599")?.unwrap_or(503))
    }

    fn endpoint(&mut self) -> Endpoint {
        read_endpoint(self.take("endpoint"))
    }

    fn take(&mut self, key: &str) -> Option<&'a str> {
        let at = self.left.iter().position(|(known, _)| *known == key)?;
        Some(self.left.swap_remove(at).1)
    }

    fn value<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Option<T>,
        hint: &'static str,
    ) -> Result<Option<T>, FaultSpecError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let wrong = || FaultSpecError::Value { key, value: value.to_owned(), hint };
        read(value).map(Some).ok_or_else(wrong)
    }

    fn need<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Option<T>,
        hint: &'static str,
    ) -> Result<T, FaultSpecError> {
        let missing =
            FaultSpecError::Missing { kind: self.kind.to_owned(), what: key, hint: self.hint };
        self.value(key, read, hint)?.ok_or(missing)
    }

    fn missing(&self, what: &'static str) -> FaultSpecError {
        FaultSpecError::Missing { kind: self.kind.to_owned(), what, hint: self.hint }
    }

    fn finish(self) -> Result<(), FaultSpecError> {
        match self.left.first() {
            None => Ok(()),
            Some((key, _)) => Err(FaultSpecError::Key {
                kind: self.kind.to_owned(),
                key: (*key).to_owned(),
                hint: self.hint,
            }),
        }
    }
}

const LIKE_DURATION: &str = "a duration such as 50ms, 10s or 1h";

fn positive(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number| *number > 0)
}

fn read_endpoint(text: Option<&str>) -> Endpoint {
    Endpoint(text.filter(|text| *text != "*").map(plain))
}

#[cfg(test)]
mod tests;
