//! Which driver carries out a run.

use std::io;

use tokio::runtime::Runtime;

#[cfg(all(target_os = "linux", feature = "epoll"))]
use super::epoll::{self, Poll};
use super::{Job, Preflight, drive};
use crate::plan::{Connections, Engine, HttpVersion, Plan, Precision};

/// The driver of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Our own for HTTP/1.1, on Linux.
    Epoll,
    /// hyper on tokio: HTTP/2, and everything where the other one can't work.
    Tokio,
}

/// A driver that was asked for and can't carry out the run.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// HTTP/2 is spoken.
    #[error("the engine `epoll` does not speak HTTP/2")]
    Http2,
    /// This system or build lacks what it needs.
    #[error("the engine `epoll` can't work here: {0}")]
    Here(io::Error),
}

/// A driver with what it needs of the system, made before its thread so that all start together.
#[derive(Debug)]
pub struct Prepared(Driver);

#[derive(Debug)]
enum Driver {
    #[cfg(all(target_os = "linux", feature = "epoll"))]
    Epoll(Poll),
    Tokio(Runtime),
}

impl Path {
    /// The driver for a plan, and what people should know of the choice. `found` says which HTTP
    /// the target negotiated, and is not known before the target was asked.
    pub fn choose(plan: &Plan, found: &Preflight) -> Result<(Self, Vec<String>), PathError> {
        let mut notes = Vec::new();
        let two = plan.http.version == HttpVersion::Http2 || found.http2;
        let path = match (plan.http.engine, two) {
            (Engine::Epoll, true) => return Err(PathError::Http2),
            (Engine::Epoll, false) => try_epoll().map(|()| Self::Epoll).map_err(PathError::Here)?,
            (Engine::Tokio, _) | (Engine::Auto, true) => Self::Tokio,
            (Engine::Auto, false) => match try_epoll() {
                Ok(()) => Self::Epoll,
                Err(error) => {
                    notes.push(format!("the slower engine `tokio` is used: {error}"));
                    Self::Tokio
                }
            },
        };
        if path == Self::Tokio && plan.precision != Precision::Exact {
            let word = plan.precision.word();
            notes.push(format!("the precision {word} is for the engine `epoll`: starts are exact"));
        }
        if plan.http.connections == Connections::Shared && !two {
            let note = "connections are not shared: over HTTP/1.1 each user has its own";
            notes.push(note.to_owned());
        }
        Ok((path, notes))
    }

    /// What the driver needs of the system.
    pub fn prepare(self) -> io::Result<Prepared> {
        let driver = match self {
            #[cfg(all(target_os = "linux", feature = "epoll"))]
            Self::Epoll => Driver::Epoll(Poll::new()?),
            #[cfg(not(all(target_os = "linux", feature = "epoll")))]
            Self::Epoll => return Err(not_built()),
            Self::Tokio => {
                Driver::Tokio(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
            }
        };
        Ok(Prepared(driver))
    }

    /// The driver and the HTTP that it speaks, for the record.
    pub fn describe(self, plan: &Plan, found: &Preflight) -> String {
        let two = plan.http.version == HttpVersion::Http2 || found.http2;
        let driver = match self {
            Self::Epoll => "epoll",
            Self::Tokio => "tokio and hyper",
        };
        let version = if two { "HTTP/2" } else { "HTTP/1.1" };
        let tls = if plan.target.tls { ", TLS by rustls" } else { "" };
        format!("{driver}, {version}{tls}")
    }
}

/// Plays one worker's part of a plan to its end. Runs on the worker's own thread.
pub fn work(job: Job, prepared: Prepared) -> io::Result<()> {
    match prepared.0 {
        #[cfg(all(target_os = "linux", feature = "epoll"))]
        Driver::Epoll(poll) => epoll::work(job, poll),
        Driver::Tokio(runtime) => {
            drive::work(job, &runtime);
            Ok(())
        }
    }
}

#[cfg(all(target_os = "linux", feature = "epoll"))]
fn try_epoll() -> io::Result<()> {
    Poll::new().map(drop)
}

#[cfg(not(all(target_os = "linux", feature = "epoll")))]
fn try_epoll() -> io::Result<()> {
    Err(not_built())
}

#[cfg(not(all(target_os = "linux", feature = "epoll")))]
fn not_built() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "it is made for Linux and not in this build")
}
