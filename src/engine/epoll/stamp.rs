//! When the kernel received something.
//!
//! A thread that waits for an answer wakes up some tens of microseconds after it has come (measured
//! here: 31 to 39 µs at P50), and a busy one reads it even later. With `SO_TIMESTAMPNS` the kernel
//! says when the last segment of what was read had come.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};

use crate::engine::{Clock, unix_now};
use crate::units::Nanos;

/// How long the difference between the two clocks is used: they drift apart by at most 0.5 µs in
/// this time (500 ppm, the most that NTP slews).
const FRESH: Nanos = Nanos::from_millis(1);

/// Room for the one control message that is asked for: a header of 16 bytes, two numbers of eight.
const CONTROL: usize = 64;

/// Asks the kernel to stamp what a socket receives; whether it does.
pub(super) fn stamp(socket: impl AsFd) -> bool {
    setsockopt(&socket.as_fd(), sockopt::ReceiveTimestampns, &true).is_ok()
}

/// Receives into `buffer`: how many bytes, and when the last of them came (UNIX time), if the
/// kernel says so.
pub(super) fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Option<Nanos>)> {
    let mut slices = [IoSliceMut::new(buffer)];
    let mut control = [0; CONTROL];
    let received = recvmsg::<()>(
        socket.as_fd().as_raw_fd(),
        &mut slices,
        Some(&mut control),
        MsgFlags::empty(),
    )?;
    let when = received.cmsgs()?.find_map(|message| {
        let ControlMessageOwned::ScmTimestampns(when) = message else { return None };
        let seconds = u64::try_from(when.tv_sec()).ok()?;
        Some(Nanos::from_secs(seconds) + Nanos(u64::try_from(when.tv_nsec()).ok()?))
    });
    Ok((received.bytes, when))
}

/// The difference between UNIX time, which the kernel stamps with, and the clock of the run.
#[derive(Debug)]
pub(super) struct Offset {
    nanos: u64,
    at: Nanos,
}

impl Offset {
    pub(super) fn new(clock: Clock) -> Self {
        let at = clock.now();
        Self { nanos: unix_now().saturating_sub(at.0), at }
    }

    /// Looks at both clocks again if the last look is too old; `now` is the run's time.
    pub(super) fn refresh(&mut self, clock: Clock, now: Nanos) {
        if now.since(self.at) >= FRESH {
            *self = Self::new(clock);
        }
    }

    /// The run's time of a stamp. A clock that was set meanwhile can't move it out of the time
    /// between `from` and `to`.
    pub(super) fn of(&self, stamp: Nanos, from: Nanos, to: Nanos) -> Nanos {
        Nanos(stamp.0.saturating_sub(self.nanos)).max(from).min(to)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_kernel_says_when_bytes_came_however_late_they_are_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        assert!(stamp(&far));
        let clock = Clock::start();
        let mut buffer = [0; 16];
        // The kernel begins to stamp shortly after the first socket of the machine asks for it.
        let begun = (0..10_000).any(|_| {
            near.write_all(b"early").unwrap();
            receive(&far, &mut buffer).unwrap().1.is_some()
        });
        assert!(begun, "nothing was stamped");
        let before = clock.now();
        near.write_all(b"hello").unwrap();
        let after = clock.now();
        // What is waited for is that the clock has gone on, which it does by itself.
        while clock.now() < after + Nanos::from_millis(5) {}
        let offset = Offset::new(clock);
        let (bytes, when) = receive(&far, &mut buffer).unwrap();
        assert_eq!(buffer.get(..bytes), Some(&b"hello"[..]));
        let when = offset.of(when.unwrap(), Nanos::ZERO, Nanos::MAX);
        let slack = Nanos::from_micros(200);
        assert!(before <= when + slack && when <= after + slack, "{before} {when} {after}");
    }

    #[test]
    fn a_clock_that_was_set_moves_no_time_out_of_its_bounds() {
        let offset = Offset { nanos: 1_000, at: Nanos::ZERO };
        assert_eq!(offset.of(Nanos(1_050), Nanos(10), Nanos(90)), Nanos(50));
        assert_eq!(offset.of(Nanos(5_000), Nanos(10), Nanos(90)), Nanos(90));
        assert_eq!(offset.of(Nanos(5), Nanos(10), Nanos(90)), Nanos(10));
    }
}
