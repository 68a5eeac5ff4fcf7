//! Failures of exchanges, in the same words whichever driver meets them.

use std::fmt::Display;
use std::net::SocketAddr;

use crate::names::ErrorKind;
use crate::plan::{Address, Failure};
use crate::units::Nanos;

/// The host has no address, or nobody knows it.
pub(super) fn not_found(host: &str, why: impl Display) -> Failure {
    Failure::new(ErrorKind::Dns, format!("can't look up `{host}`: {why}"))
}

/// The target does not take the connection.
pub(super) fn not_connected(address: SocketAddr, why: impl Display) -> Failure {
    Failure::new(ErrorKind::Connect, format!("can't connect to {address}: {why}"))
}

/// The TLS handshake went wrong.
pub(super) fn not_secured(target: &Address, why: impl Display) -> Failure {
    let target = target.authority();
    Failure::new(ErrorKind::Tls, format!("TLS handshake with {target} failed: {why}"))
}

/// The connection was not open in time.
pub(super) fn not_open(target: &Address, limit: Nanos) -> Failure {
    let message = format!("no connection to {} within {limit}", target.authority());
    Failure::new(ErrorKind::ConnectTimeout, message)
}

/// The answer was not complete in time.
pub(super) fn not_answered(limit: Nanos) -> Failure {
    Failure::new(ErrorKind::Timeout, format!("no complete answer within {limit}"))
}

/// What a step made of its variables is not what a request can ask for.
pub(super) fn not_a_path(path: &str, why: impl Display) -> Failure {
    Failure::new(ErrorKind::Data, format!("`{path}` is not a path: {why}"))
}
