//! The one place that reads a clock.

use std::future::Future;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::record::Moment;
use crate::units::Nanos;

/// Time since the start of a run; monotonic, and the same for all workers.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
    /// What it showed when it started.
    from: Nanos,
}

impl Clock {
    /// A clock that starts now, at zero.
    pub fn start() -> Self {
        Self::start_at(Nanos::ZERO)
    }

    /// A clock that starts now and shows `from`.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start_at(from: Nanos) -> Self {
        Self { epoch: Instant::now(), from }
    }

    /// How much later than `moment` it started; zero if it was before.
    pub fn started_after(&self, moment: Instant) -> Nanos {
        self.epoch.saturating_duration_since(moment).into()
    }

    /// Time since the start, and what it showed then.
    pub fn now(&self) -> Nanos {
        self.from + self.epoch.elapsed().into()
    }
}

/// Nanoseconds since 1970-01-01 UTC.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn unix_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos::from(since).0
}

/// This moment, by clocks that other processes can compare with it.
///
/// `CLOCK_BOOTTIME` counts suspended time, which the run's own clock (`CLOCK_MONOTONIC`) does not:
/// `clock_gettime(2)`.
#[cfg(target_os = "linux")]
pub fn moment() -> Moment {
    use rustix::time::{ClockId, clock_gettime};
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let since = clock_gettime(ClockId::Boottime);
    let seconds = Nanos::from_secs(u64::try_from(since.tv_sec).unwrap_or_default());
    let since_boot = seconds + Nanos(u64::try_from(since.tv_nsec).unwrap_or_default());
    Moment { boot: boot.trim().to_owned(), since_boot, unix_ns: unix_now() }
}

/// This moment; what is not known of the boot is left to the wall clock.
#[cfg(not(target_os = "linux"))]
pub fn moment() -> Moment {
    Moment { boot: String::new(), since_boot: Nanos::ZERO, unix_ns: unix_now() }
}

/// Wakes a worker at a point in time, to some tens of microseconds.
///
/// Tokio's own timer counts in whole milliseconds, which would be a lag of 1 to 2 ms at every
/// start (measured); Linux's timerfd is exact to the kernel's wake-up.
#[derive(Debug)]
pub(super) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>>,
}

#[cfg(target_os = "linux")]
impl Alarm {
    /// An alarm for the current runtime. Without timerfd it falls back to tokio's timer.
    #[expect(
        deprecated,
        reason = "its unsafe replacement is for types whose descriptor can change; an OwnedFd's \
                  can't, and this crate has no unsafe code"
    )]
    pub(super) fn new() -> Self {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).ok();
        Self { timer: timer.and_then(|fd| tokio::io::unix::AsyncFd::new(fd).ok()) }
    }

    /// Waits until `at`, or for ever if there is nothing to wait for.
    pub(super) async fn wait(&mut self, clock: Clock, at: Option<Nanos>) {
        let Some(at) = at else { return std::future::pending().await };
        let pause = at.since(clock.now());
        if pause == Nanos::ZERO {
            return;
        }
        match &self.timer {
            Some(timer) if set_timer(timer.get_ref(), pause).is_ok() => {
                let Ok(mut ready) = timer.readable().await else { return };
                ready.clear_ready();
            }
            Some(_) | None => tokio::time::sleep(pause.into()).await,
        }
    }
}

#[cfg(target_os = "linux")]
fn set_timer(timer: &std::os::fd::OwnedFd, pause: Nanos) -> rustix::io::Result<()> {
    use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
    // A timer of zero would be off.
    let pause = pause.0.max(1);
    let seconds = i64::try_from(pause.div_euclid(1_000_000_000)).unwrap_or(i64::MAX);
    let rest = i64::try_from(pause.rem_euclid(1_000_000_000)).unwrap_or_default();
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: seconds, tv_nsec: rest },
    };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &once).map(|_before| ())
}

#[cfg(not(target_os = "linux"))]
impl Alarm {
    pub(super) fn new() -> Self {
        Self {}
    }

    pub(super) async fn wait(&mut self, clock: Clock, at: Option<Nanos>) {
        match at {
            Some(at) => tokio::time::sleep(at.since(clock.now()).into()).await,
            None => std::future::pending().await,
        }
    }
}

/// `future`, or `None` if it takes longer than `limit`.
pub(super) async fn within<F: Future>(limit: Nanos, future: F) -> Option<F::Output> {
    tokio::time::timeout(limit.into(), future).await.ok()
}
