//! The tap's thread: it accepts connections and answers who started it.

use std::fs::{self, Permissions};
use std::io;
use std::net::ToSocketAddrs;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net as unix;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::address::{Listen, Place};
use super::clock::Clock;
use super::line::{Room, World, carry};
use super::measured::Batch;
use super::stream::Socket;
use super::tls::Keys;
use super::{Settings, TapError};

/// The most connections at a time; more wait until one ends.
pub const MAX_CONNECTIONS: usize = 10_000;
/// Connections that may wait to be accepted. The system may have a lower limit.
pub const BACKLOG: i32 = 4_096;

/// How long no connection is accepted after the system refused one, as it does when there are no
/// descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// What is asked of the thread.
#[derive(Debug)]
pub(super) enum Command {
    /// What was measured since the last time.
    Take(oneshot::Sender<Batch>),
    /// The same, and the end.
    Stop(oneshot::Sender<Batch>),
}

/// A place at which clients find the tap. A socket in the file system goes when this is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Bound,
    place: Place,
}

#[derive(Debug)]
enum Bound {
    Tcp(std::net::TcpListener),
    Unix(unix::UnixListener),
}

/// The same within a runtime.
enum Accepting {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

/// What the thread is given.
pub(super) struct Serving {
    pub(super) settings: Settings,
    pub(super) keys: Keys,
    pub(super) clock: Clock,
    pub(super) commands: mpsc::Receiver<Command>,
}

impl Listener {
    /// Listens, so that clients may come at once.
    pub(super) fn bind(Listen(place): &Listen) -> Result<Self, TapError> {
        let failed = |error| TapError::Listen { place: place.clone(), error };
        match place {
            Place::Tcp(host, port) => Self::tcp(host, *port),
            Place::Unix(path) => Self::unix(path),
        }
        .map_err(failed)
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    fn tcp(host: &str, port: u16) -> io::Result<Self> {
        let all: Vec<_> = (host, port).to_socket_addrs()?.collect();
        let socket = std::net::TcpListener::bind(&all[..])?;
        rustix::net::listen(&socket, BACKLOG)?;
        socket.set_nonblocking(true)?;
        let found = socket.local_addr()?;
        let place = Place::Tcp(found.ip().to_string(), found.port());
        Ok(Self { socket: Bound::Tcp(socket), place })
    }

    fn unix(path: &Path) -> io::Result<Self> {
        // A socket that nobody listens on was left by a program that was killed.
        let left = unix::UnixStream::connect(path).err().map(|error| error.kind());
        if left == Some(io::ErrorKind::ConnectionRefused) {
            fs::remove_file(path)?;
        }
        let socket = unix::UnixListener::bind(path)?;
        // As PostgreSQL's own: who may enter is decided by the authentication.
        fs::set_permissions(path, Permissions::from_mode(0o777))?;
        rustix::net::listen(&socket, BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Bound::Unix(socket), place: Place::Unix(path.to_owned()) })
    }

    fn accepting(&self) -> io::Result<Accepting> {
        match &self.socket {
            Bound::Tcp(socket) => {
                let socket = std::net::TcpListener::from(socket.as_fd().try_clone_to_owned()?);
                tokio::net::TcpListener::from_std(socket).map(Accepting::Tcp)
            }
            Bound::Unix(socket) => {
                let socket = unix::UnixListener::from(socket.as_fd().try_clone_to_owned()?);
                tokio::net::UnixListener::from_std(socket).map(Accepting::Unix)
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Place::Unix(path) = &self.place {
            // If it has gone already, so much the better.
            drop(fs::remove_file(path));
        }
    }
}

impl Accepting {
    async fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                Socket::tcp(stream)
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Socket::Unix(stream))
            }
        }
    }
}

impl Serving {
    /// Accepts and carries connections until it is told to stop, or nobody can tell any more.
    pub(super) async fn serve(self, listener: Listener) {
        let Self { settings, keys, clock, mut commands } = self;
        // Without a runtime's hold on the socket nobody can be served, and who asks is told so.
        let Ok(accepting) = listener.accepting() else { return };
        raise_open_files();
        let world = Arc::new(World::new(settings, keys, clock));
        let Ok(room) = Room::new(Arc::clone(&world)) else { return };
        let room = Rc::new(room);
        let take = || world.measured().take();
        let (mut lines, mut number) = (JoinSet::new(), 0_u32);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    // Who asked and did not wait gets nothing.
                    Some(Command::Take(answer)) => {
                        room.looked().await;
                        drop(answer.send(take()));
                    }
                    Some(Command::Stop(answer)) => {
                        lines.shutdown().await;
                        // With it all connections end that the runtime does not carry.
                        drop(room);
                        drop(listener);
                        drop(answer.send(take()));
                        return;
                    }
                    None => return,
                },
                Some(_) = lines.join_next(), if !lines.is_empty() => {}
                // Who asks for what was measured is told that it is lost.
                () = room.broken() => return,
                accepted = accepting.accept(), if lines.len() < MAX_CONNECTIONS => {
                    if let Ok(socket) = accepted {
                        lines.spawn_local(carry(socket, Rc::clone(&room), number));
                        number = number.wrapping_add(1);
                    } else {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }
}

/// Raises the soft limit of open files to the hard one: a connection takes two.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // What can't be raised is not: connections wait then.
    let all = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, all).unwrap_or_default();
}
