//! One row of the tables: what is asked, what the server does, and what has to come of it.

use std::sync::Arc;
use std::time::Duration;

use loadgate::names::ErrorKind;
use loadgate::plan::Engine;
use loadgate::record::Pick;
use loadgate::units::Nanos;
use rustls::ServerConfig;

use super::hostile::{Act, FLOOD, Hostile};
use super::{DRIVERS, messages, plan, play};

/// Bytes of a large body: more than the buffers of both sockets take on a usual Linux.
const LARGE: usize = 12 << 20;

/// What comes of the step.
#[derive(Clone, Debug)]
pub(super) enum Want {
    /// An answer with this status and this body (without the transfer coding).
    Answer(u16, String),
    /// A failure of this kind.
    Fails(ErrorKind),
}

/// A behaviour of a server, and what a client has to make of it.
///
/// After the step, `/ok` is asked for: that has to succeed in every row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    name: String,
    method: &'static str,
    more: &'static str,
    before: &'static str,
    between: &'static str,
    visits: Vec<Vec<Act>>,
    times: usize,
    want: Want,
    hyper: Option<Deviation>,
    connections: u64,
    resent: u64,
    bodies: &'static [Body],
}

/// What hyper makes of it instead, on so many connections, and why it may.
#[derive(Clone, Debug)]
struct Deviation {
    want: Want,
    connections: u64,
    why: &'static str,
}

/// Whether the step looks at the body, or it is only counted: clients read it in two ways.
#[derive(Clone, Copy, Debug)]
enum Body {
    Kept,
    Counted,
}

/// A request that is answered like this, on a connection that is used again.
pub(super) fn right(name: &str, acts: Vec<Act>, body: &str) -> Row {
    Row {
        name: name.to_owned(),
        method: "get",
        more: "",
        before: "",
        between: "",
        visits: vec![acts],
        times: 1,
        want: Want::Answer(200, body.to_owned()),
        hyper: None,
        connections: 1,
        resent: 0,
        bodies: &[Body::Kept, Body::Counted],
    }
}

/// A request that fails, on a connection that is not used again.
pub(super) fn wrong(name: &str, acts: Vec<Act>, kind: ErrorKind) -> Row {
    Row { want: Want::Fails(kind), connections: 2, ..right(name, acts, "") }
}

/// Bytes that no client should take for HTTP. The connection stays open, so that only the bytes
/// themselves can tell.
pub(super) fn broken(name: &str, bytes: &str) -> Row {
    wrong(name, vec![send(bytes)], ErrorKind::Protocol)
}

pub(super) fn send(bytes: &str) -> Act {
    Act::Send(bytes.as_bytes().to_vec())
}

/// An answer with a length, and with these headers before it (each with its line end).
pub(super) fn with_length(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// An answer in chunks: what stands here after the head.
pub(super) fn chunked(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{rest}")
}

impl Row {
    pub(super) fn head(self) -> Self {
        Self { method: "head", ..self }
    }

    /// With a body that fits into no buffer of a socket.
    pub(super) fn post_large(self) -> Self {
        Self { method: "post", more: ", body: '${large}'", ..self }
    }

    pub(super) fn post(self) -> Self {
        Self { method: "post", more: ", body: some text", ..self }
    }

    pub(super) fn status(self, status: u16) -> Self {
        let body = match self.want {
            Want::Answer(_, body) => body,
            Want::Fails(_) => String::new(),
        };
        Self { want: Want::Answer(status, body), ..self }
    }

    /// On how many connections all requests come.
    pub(super) fn connections(self, connections: u64) -> Self {
        Self { connections, ..self }
    }

    /// On a connection that has carried a request before.
    pub(super) fn reused(self) -> Self {
        Self { before: "{ get: /ok, check: body == ok }, ", ..self }
    }

    /// With a step between it and the request that comes after it.
    pub(super) fn after(self, between: &'static str) -> Self {
        Self { between, ..self }
    }

    /// What is done on the next visit of the path.
    pub(super) fn then(mut self, acts: Vec<Act>) -> Self {
        self.visits.push(acts);
        self
    }

    /// The request is made once for each visit.
    pub(super) fn each(self) -> Self {
        Self { times: self.visits.len(), ..self }
    }

    pub(super) fn resent(self) -> Self {
        Self { resent: 1, ..self }
    }

    /// What hyper makes of it instead, on so many connections, and why it may.
    pub(super) fn hyper(self, want: Want, connections: u64, why: &'static str) -> Self {
        Self { hyper: Some(Deviation { want, connections, why }), ..self }
    }

    /// It is about a body that the step looks at: what is only counted is not unpacked.
    pub(super) fn unpacked(self) -> Self {
        Self { bodies: &[Body::Kept], ..self }
    }

    fn wanted(&self, driver: &str) -> (&Want, u64, &'static str) {
        match &self.hyper {
            Some(own) if driver == "tokio" => (&own.want, own.connections, own.why),
            Some(_) | None => (&self.want, self.connections, "as the standard has it"),
        }
    }

    fn scenario(&self, want: &Want, body: Body) -> String {
        let Self { method, more, before, between, times, .. } = self;
        let check = match (want, body) {
            (Want::Answer(status, text), Body::Kept) if !text.is_empty() => {
                format!("status == {status}, \"body == {text}\"")
            }
            (Want::Answer(status, text), _) => {
                format!("status == {status}, size == {}", text.len())
            }
            (Want::Fails(_), Body::Kept) => "status == 200, body exists".to_owned(),
            (Want::Fails(_), Body::Counted) => "status == 200".to_owned(),
        };
        let late = matches!(want, Want::Fails(ErrorKind::Timeout));
        let timeout = if late { "300ms" } else { "10s" };
        format!(
            "http: {{ timeout: {timeout}, max_body: 64KB, insecure: true }}\n\
             feeders: {{ rows: {{ csv: rows.csv }} }}\n\
             journeys: {{ j: {{ feed: rows, steps: [ {before}{{ {method}: /row, name: row, repeat: {times}, check: [ {check} ]{more} }}, \
             {between}{{ get: /ok, name: after, check: [ status == 200, body == ok ] }} ] }} }}\n\
             load: [ {{ phase: p, users: 1, iterations: 1, for: 60s }} ]"
        )
    }
}

/// Holds every driver against every row, and tells all that differ.
pub(super) fn check(rows: &[Row]) {
    check_over(None, rows);
}

/// The same over TLS.
pub(super) fn check_over_tls(tls: &Arc<ServerConfig>, rows: &[Row]) {
    check_over(Some(tls), rows);
}

fn check_over(tls: Option<&Arc<ServerConfig>>, rows: &[Row]) {
    let wrong: Vec<String> = DRIVERS
        .iter()
        .copied()
        .flat_map(|driver| rows.iter().map(move |row| (driver, row)))
        .flat_map(|(driver, row)| row.bodies.iter().map(move |body| (driver, row, *body)))
        .filter_map(|(driver, row, body)| {
            let differs = differs(driver, tls, row, body)?;
            Some(format!("{}: {} ({body:?}): {differs}", driver.0, row.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{} rows differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is not as the row says.
fn differs(
    (driver, engine): (&str, Engine),
    tls: Option<&Arc<ServerConfig>>,
    row: &Row,
    body: Body,
) -> Option<String> {
    let server = Hostile::start(vec![("/row".to_owned(), row.visits.clone())], tls.cloned());
    let url = format!("{}://{}", if tls.is_some() { "https" } else { "http" }, server.address);
    let (want, connections, why) = row.wanted(driver);
    let large = if row.more.contains("large") { LARGE } else { 1 };
    let rows = format!("large\n{}\n", "x".repeat(large));
    let record = play(driver, &plan(engine, &url, &row.scenario(want, body), &rows));
    let counts = |step: &str| {
        let ids = record.catalogue.matching(|series| series.step == step);
        record.totals.counts(&Pick::all(&record.header.load.phases), ids)
    };
    let (own, after) = (counts("row"), counts("after"));
    let times = u64::try_from(row.times).unwrap();
    let failures = match want {
        Want::Answer(..) => own.failed() == 0,
        Want::Fails(kind) => own.failed() == times && own.failed_by(*kind) == times,
    };
    let warm = u64::from(!row.before.is_empty());
    let requests = times + warm + 1 + row.resent;
    let whole = failures
        && (own.started, own.resent) == (times, row.resent)
        && (after.started, after.failed()) == (1, 0)
        && server.seen.requests() == requests
        && server.seen.connections() == connections
        && server.seen.flooded() < taken_at_most(want)
        && record.end.as_ref().is_some_and(|end| end.lasted < Nanos::from_secs(9));
    let wanted: String = format!("{want:?}").chars().take(80).collect();
    (!whole).then(|| {
        format!(
            "wanted {wanted} on {connections} connections with {requests} requests ({why}); \
             {} connections, {} requests, row {own:?}, after {after:?}, {:?}",
            server.seen.connections(),
            server.seen.requests(),
            messages(&record),
        )
    })
}

/// The bytes that a flood may get rid of: a few megabytes fit into the socket's buffers, and only
/// who waits for a timeout reads on.
fn taken_at_most(want: &Want) -> u64 {
    if matches!(want, Want::Fails(ErrorKind::Timeout)) { FLOOD } else { 64 << 20 }
}

/// Waits between two writes, so that they are two reads.
pub(super) const APART: Act = Act::Pause(Duration::from_millis(1));
