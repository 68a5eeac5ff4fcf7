//! One request or statement after the other, outside of a run: for checks and probes.

use super::connection::Connection;
use super::received::{Came, Content};
use super::{Client, Clock, Databases, TlsError};
use crate::plan::{Failure, Missing, Plan, Reply, Request, Rows, Statement, Timing, View};

/// Sends one request at a time to the target of a plan, with the plan's settings.
#[derive(Debug)]
pub struct Single {
    client: Client,
    clock: Clock,
    connection: Option<Connection>,
}

/// What came of one request.
#[derive(Debug)]
pub struct Exchanged {
    came: Came,
}

impl Single {
    /// Sends to the target of `plan`. Must be used in a `LocalSet`.
    pub fn new(plan: &Plan) -> Result<Self, TlsError> {
        let clock = Clock::start();
        let client = Client::new(plan, Client::tls(plan)?, clock);
        Ok(Self { client, clock, connection: None })
    }

    /// Sends a request on the connection of the one before, if that is still open, else on a fresh
    /// one.
    pub async fn send(&mut self, request: Request) -> Exchanged {
        let connection = self.connection.take();
        let (came, connection) = self.client.exchange(request, connection, None).await;
        self.connection = connection;
        Exchanged { came }
    }

    /// Lets the next request open a connection of its own.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Asks a database.
    pub async fn ask(&self, databases: &Databases, statement: &Statement) -> Result<Rows, Failure> {
        match databases.query(statement, self.clock).await.result {
            Ok(Content::Rows(rows)) => Ok(rows),
            Ok(Content::Http(_)) => Ok(Rows::default()),
            Err(failure) => Err(failure),
        }
    }
}

impl Exchanged {
    /// Where the time went.
    pub fn timing(&self) -> Timing {
        self.came.timing
    }

    /// Status and body, or why there are none.
    pub fn answer(&self) -> Result<(u16, &[u8]), &Failure> {
        match &self.came.result {
            Ok(Content::Http(received)) => Ok((received.status, &received.body)),
            Ok(Content::Rows(_)) => Ok((0, &[])),
            Err(failure) => Err(failure),
        }
    }

    /// A header of the answer, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        match &self.came.result {
            Ok(Content::Http(received)) => received.headers.get(name)?.to_str().ok(),
            Ok(Content::Rows(_)) | Err(_) => None,
        }
    }

    /// Shows it as a step sees it.
    pub fn show(&self, to: impl FnOnce(&Reply<'_>)) {
        self.came.show(to);
    }
}

/// Adds the headers that a plan gives to every request, but for those that are there.
pub fn add_headers(plan: &Plan, request: &mut Request, view: &mut View<'_>) -> Result<(), Missing> {
    for (name, text) in &plan.http.headers {
        if request.header(name.as_str()).is_none() {
            request.write_header(name, text, view)?;
        }
    }
    Ok(())
}
