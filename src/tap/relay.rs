//! Carries the connections that are not encrypted: a thread of its own, epoll, no runtime.
//!
//! A message costs one `recv` and one `send`, as it must, and a share of an `epoll_wait`. All that
//! is ready is passed on first; then all of it is looked at, under one lock.

mod memory;
mod pipe;
mod poll;
mod rounds;
mod side;

use std::convert::Infallible;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use poll::{Bell, Poll};
use rounds::Rounds;
use tokio::sync::{mpsc, oneshot};

use super::line::{Watch, World};
use super::stream::Socket;

/// Connections that may wait for the thread to take them over; who brings more waits.
const ARRIVALS: usize = 256;

/// The runtime's end of it. The thread ends all its connections and itself when this is dropped.
pub(super) struct Relay {
    /// `None` only while this is dropped.
    arrivals: Option<mpsc::Sender<Arrival>>,
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

/// An opened connection.
pub(super) struct Arrival {
    client: OwnedFd,
    server: OwnedFd,
    watch: Watch,
    /// Goes with the connection, which tells who waits for its end.
    end: oneshot::Sender<Infallible>,
}

impl Relay {
    /// Starts the thread.
    pub(super) fn start(world: &Arc<World>) -> io::Result<Option<Self>> {
        let bell = Arc::new(Bell::new()?);
        let (arrivals, arriving) = mpsc::channel(ARRIVALS);
        let poll = Poll::new(&bell)?;
        let mut rounds = Rounds::new(poll, Arc::clone(&bell), arriving, Arc::clone(world));
        let thread = std::thread::Builder::new().name("tap-relay".to_owned()).spawn(move || {
            // Whatever ends it, who waits on the other end of the arrivals sees that it has ended.
            drop(rounds.run());
        })?;
        Ok(Some(Self { arrivals: Some(arrivals), bell, thread: Some(thread) }))
    }

    /// Has an opened connection carried, and returns at its end.
    pub(super) async fn carry(&self, client: Socket, server: Socket, watch: Watch) {
        // What the system does not let go ends here, as does what nobody takes over any more.
        let (Ok(client), Ok(server)) = (descriptor(client), descriptor(server)) else { return };
        let (end, ended) = oneshot::channel();
        let Some(arrivals) = &self.arrivals else { return };
        if arrivals.send(Arrival { client, server, watch, end }).await.is_ok() {
            self.bell.ring();
            // Nothing is ever sent: the other end goes with the connection.
            drop(ended.await);
        }
    }

    /// Returns when the thread has ended, which it does not while this is there.
    pub(super) async fn ended(&self) {
        if let Some(arrivals) = &self.arrivals {
            arrivals.closed().await;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.arrivals = None;
        self.bell.ring();
        if let Some(thread) = self.thread.take() {
            // That it crashed was seen on the arrivals.
            drop(thread.join());
        }
    }
}

/// A socket that the runtime no longer watches. It still does not block.
fn descriptor(socket: Socket) -> io::Result<OwnedFd> {
    Ok(match socket {
        Socket::Tcp(stream) => stream.into_std()?.into(),
        Socket::Unix(stream) => stream.into_std()?.into(),
    })
}
