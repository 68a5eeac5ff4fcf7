//! Ctrl-C and SIGTERM: once to end gracefully, twice to end at once.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::watch;

use super::Exit;
use super::terminal::Terminal;
use crate::walk::Stop;

/// What signals have come.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    first: Rc<Cell<Option<Exit>>>,
}

impl Signals {
    /// Listens from now on, and tells the run through `control`.
    pub(super) fn listen(control: watch::Sender<Option<Stop>>, terminal: Terminal) -> Self {
        let signals = Self::default();
        let first = Rc::clone(&signals.first);
        tokio::task::spawn_local(async move {
            while let Some(exit) = next_signal().await {
                if first.get().is_none() {
                    first.set(Some(exit));
                    control.send_replace(Some(Stop::Gracefully));
                    terminal.note(
                        "stopping: journeys under way may end; press Ctrl-C again to stop at once",
                    );
                } else {
                    control.send_replace(Some(Stop::AtOnce));
                }
            }
        });
        signals
    }

    /// The exit code of the first signal, if one has come.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.first.get()
    }
}

#[cfg(unix)]
async fn next_signal() -> Option<Exit> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok()?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.ok().map(|()| Exit::Interrupted),
        _ = terminate.recv() => Some(Exit::Terminated),
    }
}

#[cfg(not(unix))]
async fn next_signal() -> Option<Exit> {
    tokio::signal::ctrl_c().await.ok().map(|()| Exit::Interrupted)
}
