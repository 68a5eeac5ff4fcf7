//! Carries the connections that are not encrypted: a thread of its own, epoll, no runtime.
//!
//! A message costs one `recv` and one `send`, as it must, and a share of an `epoll_wait`. What was
//! passed on is looked at later, many messages at once: what was measured is asked for each second,
//! and a look just after a system call finds its code and its data no longer in the caches.

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

/// Errands that may wait for the thread; who brings more waits.
const ERRANDS: usize = 256;

/// The runtime's end of it. The thread ends all its connections and itself when this is dropped.
pub(super) struct Relay {
    /// `None` only while this is dropped.
    errands: Option<mpsc::Sender<Errand>>,
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is asked for.
enum Errand {
    /// To carry a connection.
    Carry(Arrival),
    /// To look at all that has been passed on, and to say when that is done.
    Look(oneshot::Sender<()>),
}

/// An opened connection.
struct Arrival {
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
        let (errands, coming) = mpsc::channel(ERRANDS);
        let poll = Poll::new(&bell)?;
        let mut rounds = Rounds::new(poll, Arc::clone(&bell), coming, Arc::clone(world));
        let thread = std::thread::Builder::new().name("tap-relay".to_owned()).spawn(move || {
            // Whatever ends it, who waits on the other end of the errands sees that it has ended.
            drop(rounds.run());
        })?;
        Ok(Some(Self { errands: Some(errands), bell, thread: Some(thread) }))
    }

    /// Has an opened connection carried, and returns at its end.
    pub(super) async fn carry(&self, client: Socket, server: Socket, watch: Watch) {
        // What the system does not let go ends here, as does what nobody takes over any more.
        let (Ok(client), Ok(server)) = (descriptor(client), descriptor(server)) else { return };
        let (end, ended) = oneshot::channel();
        self.send(Errand::Carry(Arrival { client, server, watch, end })).await;
        // Nothing is ever sent: the other end goes with the connection.
        drop(ended.await);
    }

    /// Returns when all has been looked at that was passed on before this was called.
    pub(super) async fn looked(&self) {
        let (tell, told) = oneshot::channel();
        self.send(Errand::Look(tell)).await;
        // A thread that has ended has looked at all, or has crashed, which is seen elsewhere.
        drop(told.await);
    }

    /// Returns when the thread has ended, which it does not while this is there.
    pub(super) async fn ended(&self) {
        if let Some(errands) = &self.errands {
            errands.closed().await;
        }
    }

    async fn send(&self, errand: Errand) {
        // What can't be sent is dropped here, and who waits for it is told by that.
        if let Some(errands) = &self.errands {
            drop(errands.send(errand).await);
            self.bell.ring();
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.errands = None;
        self.bell.ring();
        if let Some(thread) = self.thread.take() {
            // That it crashed was seen on the errands.
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
