//! A transparent proxy in front of PostgreSQL that times every statement.
//!
//! It forwards first and looks afterwards: what is read from one side is written to the other, and
//! then shown to the protocol machine of its connection ([`crate::wire`]). So it can lose samples,
//! which it counts, but never bytes. It has a thread of its own, and who started it takes what was
//! measured since the last time ([`Tap::take`]).

mod address;
mod clock;
mod forms;
mod line;
mod measured;
mod negotiate;
mod pump;
#[cfg(all(target_os = "linux", feature = "epoll"))]
mod relay;
#[cfg(not(all(target_os = "linux", feature = "epoll")))]
mod runtime_only;
mod serve;
mod shape;
mod stream;
mod tls;

use std::time::Instant;

pub use address::{AddressError, Listen, Place, TlsMode, Upstream};
use clock::Clock;
pub use forms::{Form, FormId, MAX_FORMS, MAX_PROGRAMS, MAX_TEXTS};
pub use measured::{Batch, Counts, MAX_STATEMENTS, Own, Query, Statement, Statements};
#[cfg(not(all(target_os = "linux", feature = "epoll")))]
use runtime_only as relay;
pub use serve::{BACKLOG, MAX_CONNECTIONS};
use serve::{Command, Listener, Serving};
use thiserror::Error;
use tls::Keys;
pub use tls::{Certificate, ClientTls, TlsError};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait for the tap's thread. Each is answered before its sender goes on.
const COMMANDS: usize = 4;

/// What a tap does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where clients find it.
    pub listen: Listen,
    /// The server behind it.
    pub upstream: Upstream,
    /// What clients that ask for TLS get.
    pub tls: ClientTls,
    /// Whether each statement is kept for finding out what caused it.
    pub statements: Statements,
}

/// A running tap. It stops when this is dropped.
#[derive(Debug)]
pub struct Tap {
    commands: mpsc::Sender<Command>,
    place: Place,
    clock: Clock,
}

/// Why there is no tap.
#[derive(Debug, Error)]
pub enum TapError {
    /// Another program listens there, or the address is not one of this machine.
    #[error("can't listen on {place}: {error}")]
    Listen {
        /// Where.
        place: Place,
        /// What the system says.
        error: std::io::Error,
    },
    /// TLS can't be set up on one of the sides.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system gives no thread or runtime.
    #[error("can't start the tap: {0}")]
    Thread(#[from] std::io::Error),
    /// The tap's thread ended before its time.
    #[error("the tap crashed, and what it measured is lost; this is a fault of loadgate")]
    Crashed,
}

impl TapError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { .. } => Some("choose another address with `--listen`".to_owned()),
            Self::Tls(error) => Some(error.hint()),
            Self::Thread(_) => Some("look at the limits of processes and open files".to_owned()),
            Self::Crashed => None,
        }
    }
}

impl Tap {
    /// Starts a tap. It listens when this returns; the server behind it is not asked yet.
    pub fn start(settings: Settings) -> Result<Self, TapError> {
        let keys = Keys::new(&settings.tls, &settings.upstream)?;
        let listener = Listener::bind(&settings.listen)?;
        let place = listener.place().clone();
        let clock = Clock::start();
        let (commands, incoming) = mpsc::channel(COMMANDS);
        let serving = Serving { settings, keys, clock, commands: incoming };
        let (told, built) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new().name("tap".to_owned()).spawn(move || {
            // A runtime of this thread alone: a `LocalSet` within another one wakes whoever accepts
            // connections for each message of any.
            let mut runtime = Builder::new_current_thread();
            match runtime.enable_all().build_local(LocalOptions::default()) {
                Ok(runtime) => {
                    // Who has started the tap waits for this.
                    drop(told.send(Ok(())));
                    runtime.block_on(serving.serve(listener));
                }
                Err(error) => drop(told.send(Err(error))),
            }
        })?;
        built.recv().map_err(|_gone| TapError::Crashed)??;
        Ok(Self { commands, place, clock })
    }

    /// Where clients find it: with the port that the system chose if none was asked for.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The moment from which all its times count.
    pub fn origin(&self) -> Instant {
        self.clock.origin()
    }

    /// What was measured since the last time.
    pub async fn take(&self) -> Result<Batch, TapError> {
        let (answer, taken) = oneshot::channel();
        self.commands.send(Command::Take(answer)).await.map_err(|_gone| TapError::Crashed)?;
        taken.await.map_err(|_gone| TapError::Crashed)
    }

    /// Ends all connections, as a server that shuts down does, and gives what was measured since
    /// the last time.
    pub async fn stop(self) -> Result<Batch, TapError> {
        let (answer, taken) = oneshot::channel();
        self.commands.send(Command::Stop(answer)).await.map_err(|_gone| TapError::Crashed)?;
        taken.await.map_err(|_gone| TapError::Crashed)
    }
}
