//! One side of a connection: its socket, and what the system last said of it.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

use super::poll::{Happened, Interest, Poll};

/// A socket that does not block.
pub(super) struct Side {
    socket: OwnedFd,
    token: u64,
    /// There may be something to read.
    readable: bool,
    /// The last byte, or an error, is among it.
    ended: bool,
    room: Room,
}

/// Whether a socket takes more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    /// It took all that it was given.
    Free,
    /// It did not, and is watched for when it takes more.
    Full,
    /// It has said since that it does.
    Again,
}

impl Side {
    /// Has a socket watched.
    pub(super) fn new(socket: OwnedFd, token: u64, poll: &Poll) -> io::Result<Self> {
        poll.add(&socket, token)?;
        Ok(Self { socket, token, readable: false, ended: false, room: Room::Free })
    }

    /// Remembers what has happened: it is not told again.
    pub(super) fn note(&mut self, happened: Happened) {
        self.readable |= happened.is_readable();
        self.ended |= happened.is_end();
        if happened.is_writable() && self.room == Room::Full {
            self.room = Room::Again;
        }
    }

    /// Whether there may be something to read.
    pub(super) fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether it may take bytes.
    pub(super) fn has_room(&self) -> bool {
        self.room != Room::Full
    }

    /// Reads once: how many bytes there were, 0 at the end, `None` if there are none now.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
            Ok((bytes, _)) => {
                // A buffer that was not filled has emptied the socket, and what comes later is an
                // event of its own. The end, once told, is not.
                self.readable = self.ended || bytes == buffer.len();
                Ok(Some(bytes))
            }
            Err(Errno::AGAIN) => {
                self.readable = false;
                Ok(None)
            }
            Err(Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes once, and says how much of it was taken. If that is not all, there will be an event
    /// when more is taken.
    pub(super) fn send(&mut self, bytes: &[u8], poll: &Poll) -> io::Result<usize> {
        let sent = match send(&self.socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        let room = if sent < bytes.len() { Room::Full } else { Room::Free };
        match (self.room, room) {
            (Room::Free, Room::Full) => {
                poll.change(&self.socket, self.token, Interest::BytesAndRoom)?;
            }
            (Room::Full | Room::Again, Room::Free) => {
                poll.change(&self.socket, self.token, Interest::Bytes)?;
            }
            (Room::Free, Room::Free | Room::Again)
            | (Room::Full | Room::Again, Room::Full | Room::Again) => {}
        }
        self.room = room;
        Ok(sent)
    }

    /// Tells the peer that nothing more comes. Who has gone altogether needs not to be told.
    pub(super) fn finish(&self) -> io::Result<()> {
        match shutdown(&self.socket, Shutdown::Write) {
            Ok(()) | Err(Errno::NOTCONN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
