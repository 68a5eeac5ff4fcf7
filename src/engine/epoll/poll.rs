//! Waiting for sockets and for a point in time, in one system call.

use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::thread::{ClockId, clock_nanosleep_relative, set_current_timer_slack};
use rustix::time::Timespec;

use crate::units::Nanos;

/// Most events that one look takes: small enough that what falls due meanwhile is not late, large
/// enough that a busy worker looks rarely.
const BATCH: usize = 256;

/// A set of descriptors that are watched.
#[derive(Debug)]
pub(in crate::engine) struct Poll {
    set: OwnedFd,
}

/// What is ready, one batch after the other.
pub(super) struct Ready {
    events: Vec<Event>,
}

/// What happened to a watched descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happened {
    /// The number it was added with.
    pub(super) token: u64,
    flags: EventFlags,
}

impl Happened {
    /// There are bytes to read, or the peer has ended.
    pub(super) fn is_readable(self) -> bool {
        self.is_end() || self.flags.contains(EventFlags::IN)
    }

    /// There is room to write, or a connection is open.
    pub(super) fn is_writable(self) -> bool {
        self.flags.contains(EventFlags::OUT)
    }

    /// The peer has sent its last byte, or the connection is broken.
    pub(super) fn is_end(self) -> bool {
        self.flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR)
    }
}

impl Ready {
    pub(super) fn new() -> Self {
        Self { events: Vec::with_capacity(BATCH) }
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<Happened> {
        let event = self.events.get(at)?;
        // The structure is packed, so its fields are copied before they are looked at.
        let (flags, data) = (event.flags, event.data);
        Some(Happened { token: data.u64(), flags })
    }
}

impl Poll {
    /// An empty set; an error where the kernel lacks what the driver needs (`epoll_pwait2`, since
    /// Linux 5.11).
    pub(in crate::engine) fn new() -> io::Result<Self> {
        let set = epoll::create(CreateFlags::CLOEXEC)?;
        let poll = Self { set };
        // A timeout of a nanosecond can only be waited for by the newer call: the older one
        // would have to round it.
        poll.wait(&mut Ready::new(), Some(Nanos(1)))?;
        Ok(poll)
    }

    /// Makes this thread's waits end when they are meant to: by default the kernel puts them off
    /// by up to 50 µs (measured: 73 µs of lag at P50 instead of 25).
    pub(super) fn sharpen() {
        // Where it is not allowed the waits are a little longer, which the lag shows.
        set_current_timer_slack(NonZeroU64::new(1)).unwrap_or_default();
    }

    /// Watches a socket, edge-triggered and for everything, so that this is the only call it costs.
    pub(super) fn add(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.set, source, EventData::new_u64(token), flags)?;
        Ok(())
    }

    /// Waits until something is ready, but not longer than `limit`.
    pub(super) fn wait(&self, ready: &mut Ready, limit: Option<Nanos>) -> io::Result<()> {
        ready.events.clear();
        let limit = limit.map(timespec);
        match epoll::wait(&self.set, spare_capacity(&mut ready.events), limit.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Sleeps, whatever is ready meanwhile.
pub(super) fn sleep(pause: Nanos) {
    // A signal that ends it early only makes one look more.
    drop(clock_nanosleep_relative(ClockId::Monotonic, &timespec(pause)));
}

fn timespec(span: Nanos) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.0.div_euclid(1_000_000_000)).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(span.0.rem_euclid(1_000_000_000)).unwrap_or_default(),
    }
}
