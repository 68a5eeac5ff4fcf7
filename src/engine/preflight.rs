//! Before the load starts: can the target be reached, and is it the right version?

use std::sync::Arc;

use http::Method;
use rustls::ClientConfig;
use thiserror::Error;

use super::received::Content;
use super::{Client, Clock};
use crate::names::ErrorKind;
use crate::plan::{Failure, Plan, Request};

/// What is known of the target before the load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preflight {
    /// The version that its health endpoint reports.
    pub version: Option<String>,
    /// Whether it speaks HTTP/2 with us.
    pub http2: bool,
    /// Requests that were sent to find out.
    pub requests: u64,
    /// What people should know.
    pub notes: Vec<String>,
}

/// A target that no load should be sent to.
#[derive(Debug, Error)]
pub enum PreflightError {
    /// It can't be reached.
    #[error("can't reach the target {target}: {}", .failure.message)]
    Unreachable {
        /// Its address.
        target: String,
        /// Why.
        failure: Failure,
    },
    /// It is another version than expected.
    #[error("the target reports version `{found}`, expected `{expected}`")]
    WrongVersion {
        /// What it reports.
        found: String,
        /// What was asked for.
        expected: String,
    },
}

impl PreflightError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::WrongVersion { .. } => "deploy the right version, or change `health.expect`",
            Self::Unreachable { failure, .. } => match failure.kind {
                ErrorKind::Dns => "is the host name right? check `target:` or `--target`",
                ErrorKind::Tls => {
                    "give the CA that signed the certificate with `--cacert FILE`, or accept any \
                     certificate with `--insecure`"
                }
                ErrorKind::Generator => "the message says what this machine lacks",
                ErrorKind::ConnectTimeout => "is a firewall in between? is the port right?",
                ErrorKind::Connect
                | ErrorKind::Timeout
                | ErrorKind::Reset
                | ErrorKind::Protocol
                | ErrorKind::BodyTooLarge
                | ErrorKind::Redirect
                | ErrorKind::Status4xx
                | ErrorKind::Status5xx
                | ErrorKind::Check
                | ErrorKind::Capture
                | ErrorKind::Data
                | ErrorKind::Sql
                | ErrorKind::Interrupted => "is the system up? is the port right?",
            },
        }
    }
}

/// Opens one connection and, if the scenario names a health endpoint, asks for the version.
///
/// Must run in a `LocalSet`.
pub async fn preflight(
    plan: &Plan,
    tls: Option<Arc<ClientConfig>>,
    clock: Clock,
) -> Result<Preflight, PreflightError> {
    let client = Client::new(plan, tls, clock);
    let target = plan.target.to_string();
    let tried = client.try_connection().await;
    let http2 = tried.map_err(|failure| PreflightError::Unreachable { target, failure })?;
    let mut found = Preflight { http2, ..Preflight::default() };
    let Some(health) = &plan.health else { return Ok(found) };
    let mut request = Request::default();
    request.begin(&Method::GET);
    request.target_text().push_str(&plan.target.prefix);
    request.target_text().push_str(&health.path);
    request.wants_body = true;
    found.requests = 1;
    let (reply, _connection) = client.exchange(request, None, None).await;
    match reply.result {
        Ok(Content::Http(answer)) if answer.status == 200 => {
            let json = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
            let node = json.as_ref().and_then(|json| health.version.query(json).first());
            found.version =
                node.map(|node| node.as_str().map_or_else(|| node.to_string(), str::to_owned));
            if found.version.is_none() {
                found.notes.push(format!("{} names no version", health.path));
            }
        }
        Ok(Content::Http(answer)) => {
            found.notes.push(format!("{} answered with status {}", health.path, answer.status));
        }
        Ok(Content::Rows(_)) => {}
        Err(failure) => found.notes.push(format!("{}: {}", health.path, failure.message)),
    }
    let wrong = health.expect.as_ref().filter(|expect| found.version.as_ref() != Some(*expect));
    match wrong {
        None => Ok(found),
        Some(expected) => Err(PreflightError::WrongVersion {
            found: found.version.unwrap_or_else(|| "none".to_owned()),
            expected: expected.clone(),
        }),
    }
}
