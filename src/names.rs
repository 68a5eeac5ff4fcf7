//! Names of what is measured, and the small numbers that stand for them on the hot path.

use serde::{Deserialize, Serialize};

/// The most series one run may have; what comes after goes to [`OTHER`], counted.
pub const MAX_SERIES: usize = 2_000;

/// Name of the series that takes what has no room of its own.
pub const OTHER: &str = "_other";

/// Stands for a series within one run: an index into its [`Catalogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesId(pub u16);

impl SeriesId {
    /// The series of the run as a whole: schedule lag and dropped starts.
    pub const RUN: Self = Self(0);
    /// Exchanges that had to open their connection.
    pub const FRESH: Self = Self(1);
    /// Exchanges on a connection that was already open.
    pub const REUSED: Self = Self(2);

    /// The place in a list that has one entry for each series.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a series counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// The run as a whole.
    Run,
    /// Exchanges by the state of their connection (new or reused).
    Connection,
    /// Whole journeys.
    Journey,
    /// Requests of one step of a journey.
    Endpoint,
    /// Requests of one step of a session's login.
    Login,
    /// A query that the target reported in a `Server-Timing` header.
    ServerQuery,
    /// A query that an `sql` step sent.
    SqlStep,
    /// A statement of the application that the tap saw.
    TapQuery,
}

impl SeriesKind {
    /// Whether the series holds HTTP requests.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Endpoint | Self::Login)
    }

    /// Whether the series holds SQL queries.
    pub fn is_query(self) -> bool {
        matches!(self, Self::ServerQuery | Self::SqlStep | Self::TapQuery)
    }
}

/// How the requests of a run follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Together {
    /// Many at a time, as the load says it.
    #[default]
    Mixed,
    /// One at a time and without thinking, each journey as often as the others: what a statement
    /// belongs to is known.
    Alone,
}

/// What a histogram is kept for.
///
/// An endpoint is the method and the path *template* (`GET /api/farms/{farmId}`), so ids never
/// make series; the journey and the step tell two visits of one endpoint apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Series {
    /// What it counts.
    pub kind: SeriesKind,
    /// Endpoint, query or journey name.
    pub name: String,
    /// The journey (or session) that it belongs to; empty for the run as a whole.
    pub journey: String,
    /// The step's name; empty where there is none.
    pub step: String,
    /// For a query: the endpoint that caused it. Empty for all others.
    pub endpoint: String,
    /// For a statement that the tap saw: what is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tapped: Option<Tapped>,
}

/// What is known of a statement that the tap saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tapped {
    /// The whole normal form, of which the series' name is the short one.
    pub text: String,
    /// How it is known that the series' endpoint caused it.
    pub cause: Cause,
}

/// How it is known which request caused a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The statement names the request (`traceparent` in its comment).
    Exact,
    /// No other request was under way.
    Solo,
    /// Several were, and it was likely this one.
    Estimated,
    /// None was under way.
    Unknown,
}

impl Cause {
    /// In a word, for people and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Solo => "solo",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
        }
    }
}

impl Series {
    /// The series of those queries of a kind that have none of their own.
    pub fn other(kind: SeriesKind) -> Self {
        Self::of(kind, OTHER)
    }

    /// Whether this is a query that requests of `requests` have caused.
    pub fn is_caused_by(&self, requests: &Self) -> bool {
        (&self.endpoint, &self.journey, &self.step)
            == (&requests.name, &requests.journey, &requests.step)
    }

    /// A series of no journey and no step.
    pub fn of(kind: SeriesKind, name: &str) -> Self {
        let none = String::new;
        let (journey, step, endpoint) = (none(), none(), none());
        Self { kind, name: name.to_owned(), journey, step, endpoint, tapped: None }
    }
}

/// All series of a run, in the order of their ids. It only grows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Catalogue {
    series: Vec<Series>,
}

impl Catalogue {
    /// A catalogue with the run's own series: [`SeriesId::RUN`], [`SeriesId::FRESH`] and
    /// [`SeriesId::REUSED`].
    pub fn new() -> Self {
        Self {
            series: vec![
                Series::of(SeriesKind::Run, "run"),
                Series::of(SeriesKind::Connection, "new connections"),
                Series::of(SeriesKind::Connection, "reused connections"),
            ],
        }
    }

    /// The id of `series`, which joins the catalogue if it is new; `None` when it is full.
    pub fn intern(&mut self, series: &Series) -> Option<SeriesId> {
        if let Some(known) = self.find(series) {
            return Some(known);
        }
        if self.series.len() >= MAX_SERIES {
            return None;
        }
        let id = u16::try_from(self.series.len()).ok()?;
        self.series.push(series.clone());
        Some(SeriesId(id))
    }

    /// The id of `series` if it is in the catalogue.
    pub fn find(&self, series: &Series) -> Option<SeriesId> {
        let at = self.series.iter().position(|known| known == series)?;
        u16::try_from(at).ok().map(SeriesId)
    }

    /// The series behind `id`.
    pub fn get(&self, id: SeriesId) -> Option<&Series> {
        self.series.get(id.index())
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Never true for a catalogue made by [`Catalogue::new`].
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// All series with their ids, in the order in which they joined.
    pub fn iter(&self) -> impl Iterator<Item = (SeriesId, &Series)> {
        (0..).map(SeriesId).zip(&self.series)
    }

    /// Whether the catalogue has statements that a tap saw. Those that the target reports are among
    /// them under other names, so that what counts all queries leaves the reported ones out.
    pub fn is_tapped(&self) -> bool {
        self.series.iter().any(|series| series.kind == SeriesKind::TapQuery)
    }

    /// Ids of the series that `wanted` picks.
    pub fn matching<'a>(
        &'a self,
        wanted: impl Fn(&Series) -> bool + 'a,
    ) -> impl Iterator<Item = SeriesId> + 'a {
        self.iter().filter(move |(_, series)| wanted(series)).map(|(id, _)| id)
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

/// What one histogram measures. The words are k6's where k6 has the same meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// From the *intended* start to the last byte, of requests that succeeded.
    Response,
    /// Sending + waiting + receiving, of requests that succeeded (k6's meaning).
    Duration,
    /// Time to first byte, of requests that succeeded.
    Waiting,
    /// From the intended start to the end, of requests that failed.
    Failed,
    /// Looking up the host name (a fresh connection only).
    LookingUp,
    /// Opening the TCP connection (a fresh connection only).
    Connecting,
    /// The TLS handshake (a fresh connection only).
    TlsHandshaking,
    /// Writing the request.
    Sending,
    /// Reading the body.
    Receiving,
    /// One SQL query.
    Query,
    /// One journey from its intended start to its end.
    Iteration,
    /// How much later than intended a start was dispatched.
    ScheduleLag,
}

impl Metric {
    /// How many metrics there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All metrics, in the order of their [`Metric::index`].
    pub const ALL: [Self; 12] = [
        Self::Response,
        Self::Duration,
        Self::Waiting,
        Self::Failed,
        Self::LookingUp,
        Self::Connecting,
        Self::TlsHandshaking,
        Self::Sending,
        Self::Receiving,
        Self::Query,
        Self::Iteration,
        Self::ScheduleLag,
    ];

    /// The name in thresholds, `.hlog` tags and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Response => "http_req_response",
            Self::Duration => "http_req_duration",
            Self::Waiting => "http_req_waiting",
            Self::Failed => "http_req_failed_response",
            Self::LookingUp => "http_req_looking_up",
            Self::Connecting => "http_req_connecting",
            Self::TlsHandshaking => "http_req_tls_handshaking",
            Self::Sending => "http_req_sending",
            Self::Receiving => "http_req_receiving",
            Self::Query => "sql_query_duration",
            Self::Iteration => "iteration_duration",
            Self::ScheduleLag => "schedule_lag",
        }
    }

    /// The metric whose [`Metric::word`] is `word`.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.word() == word)
    }

    /// The place in a list that has one entry for each metric.
    pub fn index(self) -> usize {
        match self {
            Self::Response => 0,
            Self::Duration => 1,
            Self::Waiting => 2,
            Self::Failed => 3,
            Self::LookingUp => 4,
            Self::Connecting => 5,
            Self::TlsHandshaking => 6,
            Self::Sending => 7,
            Self::Receiving => 8,
            Self::Query => 9,
            Self::Iteration => 10,
            Self::ScheduleLag => 11,
        }
    }
}

/// Why an exchange failed: a closed list, so that errors can be counted and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The host name has no address.
    Dns,
    /// The TCP connection was refused or unreachable.
    Connect,
    /// The connection was not open in time.
    ConnectTimeout,
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls,
    /// No complete answer within the request's timeout.
    Timeout,
    /// The peer closed or reset the connection before the answer was complete.
    Reset,
    /// The peer does not speak HTTP as its standard says.
    Protocol,
    /// The body was larger than the limit.
    BodyTooLarge,
    /// A 3xx status where redirects had to end, or more redirects than allowed.
    Redirect,
    /// A 4xx status that no check expects.
    Status4xx,
    /// A 5xx status that no check expects.
    Status5xx,
    /// The answer came, but a check of the step failed.
    Check,
    /// The answer came, but a capture found nothing in it.
    Capture,
    /// The step's own data could not be used (a variable had no value, a file no row).
    Data,
    /// The database refused an `sql` step.
    Sql,
    /// The run ended while the exchange was under way.
    Interrupted,
    /// The generator itself had no socket, port or memory left: it says nothing of the target.
    Generator,
}

impl ErrorKind {
    /// How many kinds there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All kinds, in the order of their [`ErrorKind::index`].
    pub const ALL: [Self; 17] = [
        Self::Dns,
        Self::Connect,
        Self::ConnectTimeout,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Protocol,
        Self::BodyTooLarge,
        Self::Redirect,
        Self::Status4xx,
        Self::Status5xx,
        Self::Check,
        Self::Capture,
        Self::Data,
        Self::Sql,
        Self::Interrupted,
        Self::Generator,
    ];

    /// The name in documents and on the terminal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::ConnectTimeout => "timeout.connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout.response",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::BodyTooLarge => "body_too_large",
            Self::Redirect => "redirect",
            Self::Status4xx => "http.4xx",
            Self::Status5xx => "http.5xx",
            Self::Check => "check",
            Self::Capture => "capture",
            Self::Data => "data",
            Self::Sql => "sql",
            Self::Interrupted => "interrupted",
            Self::Generator => "generator",
        }
    }

    /// The place in a list that has one entry for each kind.
    pub fn index(self) -> usize {
        match self {
            Self::Dns => 0,
            Self::Connect => 1,
            Self::ConnectTimeout => 2,
            Self::Tls => 3,
            Self::Timeout => 4,
            Self::Reset => 5,
            Self::Protocol => 6,
            Self::BodyTooLarge => 7,
            Self::Redirect => 8,
            Self::Status4xx => 9,
            Self::Status5xx => 10,
            Self::Check => 11,
            Self::Capture => 12,
            Self::Data => 13,
            Self::Sql => 14,
            Self::Interrupted => 15,
            Self::Generator => 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(name: &str) -> Series {
        Series {
            kind: SeriesKind::Endpoint,
            name: name.to_owned(),
            journey: "customer".to_owned(),
            step: String::new(),
            endpoint: String::new(),
            tapped: None,
        }
    }

    #[test]
    fn a_series_keeps_its_id() {
        let mut catalogue = Catalogue::new();
        let first = catalogue.intern(&endpoint("GET /a")).unwrap();
        let second = catalogue.intern(&endpoint("GET /b")).unwrap();
        assert_ne!(first, second);
        assert_eq!(catalogue.intern(&endpoint("GET /a")), Some(first));
        assert_eq!(catalogue.get(second).unwrap().name, "GET /b");
    }

    #[test]
    fn a_full_catalogue_says_so() {
        let mut catalogue = Catalogue::new();
        for at in catalogue.len()..MAX_SERIES {
            assert!(catalogue.intern(&endpoint(&format!("GET /{at}"))).is_some());
        }
        assert_eq!(catalogue.intern(&endpoint("GET /one-more")), None);
        assert!(catalogue.intern(&endpoint("GET /5")).is_some());
    }

    #[test]
    fn indexes_follow_the_lists_and_words_are_unique() {
        for (at, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric.index(), at);
            assert_eq!(Metric::from_word(metric.word()), Some(metric));
        }
        for (at, kind) in ErrorKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), at);
            assert_eq!(ErrorKind::ALL.iter().filter(|k| k.word() == kind.word()).count(), 1);
        }
    }
}
