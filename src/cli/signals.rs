//! Ctrl-C and SIGTERM: once to end gracefully, twice to end at once.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use tokio::sync::watch;

use super::Exit;
use crate::walk::Stop;

/// What signals have come.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    first: Rc<Cell<Option<Exit>>>,
}

impl Signals {
    /// Listens from now on: tells the run through `control`, and people through `say`.
    pub(super) fn listen(
        control: watch::Sender<Option<Stop>>,
        say: impl Fn(&str) + 'static,
    ) -> io::Result<Self> {
        let mut incoming = Incoming::register()?;
        let signals = Self::default();
        let first = Rc::clone(&signals.first);
        tokio::task::spawn_local(async move {
            while let Some(exit) = incoming.next().await {
                if first.get().is_none() {
                    first.set(Some(exit));
                    control.send_replace(Some(Stop::Gracefully));
                    say("stopping: journeys under way may end; press Ctrl-C again to stop at once");
                } else if *control.borrow() != Some(Stop::AtOnce) {
                    control.send_replace(Some(Stop::AtOnce));
                    say("stopping at once: what was measured so far is kept");
                }
            }
        });
        Ok(signals)
    }

    /// The exit code of the first signal, if one has come.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.first.get()
    }
}

/// The streams of signals. They are registered once: between two registrations one would be lost.
#[cfg(unix)]
pub(super) struct Incoming {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Incoming {
    /// Listens from now on.
    pub(super) fn register() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    /// The exit code of the next signal.
    pub(super) async fn next(&mut self) -> Option<Exit> {
        tokio::select! {
            came = self.interrupt.recv() => came.map(|()| Exit::Interrupted),
            came = self.terminate.recv() => came.map(|()| Exit::Terminated),
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Incoming;

#[cfg(not(unix))]
impl Incoming {
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(super) fn register() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) -> Option<Exit> {
        tokio::signal::ctrl_c().await.ok().map(|()| Exit::Interrupted)
    }
}
