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
    /// Our own, on Linux.
    Epoll(Spoken),
    /// hyper on tokio, where the other one can't work.
    Tokio,
}

/// The HTTP of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// HTTP/1.1: an exchange at a time on each connection.
    One,
    /// HTTP/2: many at a time, where the server keeps to what it said before the run.
    Two,
}

impl Spoken {
    /// What a plan asks for or, where it leaves that open, what the target negotiated.
    fn of(plan: &Plan, found: &Preflight) -> Self {
        if plan.http.version == HttpVersion::Http2 || found.http2 { Self::Two } else { Self::One }
    }
}

/// A driver that was asked for and can't carry out the run.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
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
    Epoll(Poll, Spoken),
    Tokio(Runtime),
}

impl Path {
    /// The driver for a plan, and what people should know of the choice. `found` says which HTTP
    /// the target negotiated, and is not known before the target was asked.
    pub fn choose(plan: &Plan, found: &Preflight) -> Result<(Self, Vec<String>), PathError> {
        let mut notes = Vec::new();
        let spoken = Spoken::of(plan, found);
        let path = match plan.http.engine {
            Engine::Epoll => try_epoll().map(|()| Self::Epoll(spoken)).map_err(PathError::Here)?,
            Engine::Tokio => Self::Tokio,
            Engine::Auto => match try_epoll() {
                Ok(()) => Self::Epoll(spoken),
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
        if plan.http.connections == Connections::Shared && spoken == Spoken::One {
            let note = "connections are not shared: over HTTP/1.1 each user has its own";
            notes.push(note.to_owned());
        }
        Ok((path, notes))
    }

    /// What the driver needs of the system.
    pub fn prepare(self) -> io::Result<Prepared> {
        let driver = match self {
            #[cfg(all(target_os = "linux", feature = "epoll"))]
            Self::Epoll(spoken) => Driver::Epoll(Poll::new()?, spoken),
            #[cfg(not(all(target_os = "linux", feature = "epoll")))]
            Self::Epoll(_) => return Err(not_built()),
            Self::Tokio => {
                Driver::Tokio(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
            }
        };
        Ok(Prepared(driver))
    }

    /// The driver and the HTTP that it speaks, for the record.
    pub fn describe(self, plan: &Plan, found: &Preflight) -> String {
        let driver = match self {
            Self::Epoll(_) => "epoll",
            Self::Tokio => "tokio and hyper",
        };
        let version = match Spoken::of(plan, found) {
            Spoken::One => "HTTP/1.1",
            Spoken::Two => "HTTP/2",
        };
        let tls = if plan.target.tls { ", TLS by rustls" } else { "" };
        format!("{driver}, {version}{tls}")
    }
}

/// Plays one worker's part of a plan to its end. Runs on the worker's own thread.
pub fn work(job: Job, prepared: Prepared) -> io::Result<()> {
    match prepared.0 {
        #[cfg(all(target_os = "linux", feature = "epoll"))]
        Driver::Epoll(poll, spoken) => epoll::work(job, poll, spoken),
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
