//! Waiting for the sockets of all connections at once.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::time::Timespec;

/// Most events that one look takes. It bounds how long what comes meanwhile is not seen.
const BATCH: usize = 256;

/// The bell among the tokens of sockets.
pub(super) const BELL: u64 = u64::MAX;

/// Wakes the thread from its wait.
pub(super) struct Bell {
    counter: OwnedFd,
}

/// All that is watched.
pub(super) struct Poll {
    set: OwnedFd,
}

/// What happened.
pub(super) struct Ready {
    events: Vec<Event>,
}

/// What happened to one socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happened {
    pub(super) token: u64,
    flags: EventFlags,
}

/// For how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Until something happens.
    ForSomething,
    /// Not at all: there is something to do anyway.
    ForNothing,
}

/// What of a socket is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// That there is something to read.
    Bytes,
    /// And that there is room to write. It is not asked for always, because a Unix socket tells
    /// it each time that its peer has read something.
    BytesAndRoom,
}

impl Bell {
    pub(super) fn new() -> io::Result<Self> {
        let counter = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self { counter })
    }

    pub(super) fn ring(&self) {
        // A bell that can't count further rings already.
        rustix::io::write(&self.counter, &1_u64.to_ne_bytes()).unwrap_or_default();
    }

    /// Makes it silent; to be called before what it was rung for is done.
    pub(super) fn quiet(&self) {
        let mut count = [0; 8];
        // One that does not ring is silent.
        rustix::io::read(&self.counter, &mut count).unwrap_or_default();
    }
}

impl Poll {
    /// Watches a bell and nothing else.
    pub(super) fn new(bell: &Bell) -> io::Result<Self> {
        let set = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&set, &bell.counter, EventData::new_u64(BELL), EventFlags::IN)?;
        Ok(Self { set })
    }

    /// Watches a socket as well, edge-triggered: what happened is told once. What has happened
    /// already is told, too.
    pub(super) fn add(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        epoll::add(&self.set, socket, EventData::new_u64(token), Interest::Bytes.flags())?;
        Ok(())
    }

    /// Watches it for something else from now on. What has happened already is told.
    pub(super) fn change(
        &self,
        socket: impl AsFd,
        token: u64,
        interest: Interest,
    ) -> io::Result<()> {
        epoll::modify(&self.set, socket, EventData::new_u64(token), interest.flags())?;
        Ok(())
    }

    /// Waits. A signal ends the wait with nothing.
    pub(super) fn wait(&self, ready: &mut Ready, wait: Wait) -> io::Result<()> {
        ready.events.clear();
        let limit = match wait {
            // Without a limit the kernel sets no timer.
            Wait::ForSomething => None,
            Wait::ForNothing => Some(Timespec { tv_sec: 0, tv_nsec: 0 }),
        };
        match epoll::wait(&self.set, spare_capacity(&mut ready.events), limit.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Ready {
    pub(super) fn new() -> Self {
        Self { events: Vec::with_capacity(BATCH) }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Happened> + '_ {
        self.events.iter().map(|event| {
            // The structure is packed, so its fields are copied before they are looked at.
            let (flags, data) = (event.flags, event.data);
            Happened { token: data.u64(), flags }
        })
    }
}

impl Happened {
    /// There is something to read: bytes, the end, or an error.
    pub(super) fn is_readable(self) -> bool {
        self.is_end() || self.flags.contains(EventFlags::IN)
    }

    /// The peer has sent its last byte, or the connection is broken.
    pub(super) fn is_end(self) -> bool {
        self.flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR)
    }

    /// There is room to write again, or an error to be told on writing.
    pub(super) fn is_writable(self) -> bool {
        self.flags.intersects(EventFlags::OUT | EventFlags::HUP | EventFlags::ERR)
    }
}

impl Interest {
    fn flags(self) -> EventFlags {
        let bytes = EventFlags::IN | EventFlags::RDHUP | EventFlags::ET;
        match self {
            Self::Bytes => bytes,
            Self::BytesAndRoom => bytes | EventFlags::OUT,
        }
    }
}
