//! What a worker's thread uses of the machine, and what it is kept from using.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::machine::thread_cpu;
use crate::units::Nanos;

/// The longest `schedstat`: three numbers of 20 digits with what stands between them.
const SCHEDSTAT: usize = 64;

/// What a thread used since it was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// CPU time, user and system.
    pub(super) cpu: Nanos,
    /// Time in which it could have run and had no processor; `None` where it is not known.
    pub(super) queued: Option<Nanos>,
    /// The time over which both were measured.
    pub(super) covers: Nanos,
}

/// Measures the thread that made it, from one handover to the next.
#[derive(Debug)]
pub(super) struct Meter {
    /// The thread's own statistics. The file stays open, so that it can be read when no other can
    /// be opened.
    schedstat: Option<File>,
    cpu: Nanos,
    queued: Option<Nanos>,
    at: Nanos,
}

impl Meter {
    /// Begins to measure the calling thread, when the run's clock shows `now`.
    pub(super) fn start(now: Nanos) -> Self {
        let schedstat = File::open("/proc/thread-self/schedstat").ok();
        let queued = queued(schedstat.as_ref());
        Self { schedstat, cpu: thread_cpu(), queued, at: now }
    }

    /// What the thread used since this was last called, or since the start. Must be called by the
    /// thread that it was started on.
    pub(super) fn since(&mut self, now: Nanos) -> Usage {
        let (cpu, queued) = (thread_cpu(), queued(self.schedstat.as_ref()));
        let usage = Usage {
            cpu: cpu.since(self.cpu),
            queued: queued.zip(self.queued).map(|(now, then)| now.since(then)),
            covers: now.since(self.at),
        };
        (self.cpu, self.queued, self.at) = (cpu, queued, now);
        usage
    }
}

fn queued(schedstat: Option<&File>) -> Option<Nanos> {
    let mut bytes = [0; SCHEDSTAT];
    let length = schedstat?.read_at(&mut bytes, 0).ok()?;
    run_delay(std::str::from_utf8(bytes.get(..length)?).ok()?)
}

/// The second number of `schedstat`: nanoseconds in the run queue. A kernel that does not count
/// writes zeros (`proc_pid_schedstat` in fs/proc/base.c); one that counts has given the reader a
/// processor at least once, which is the third number.
fn run_delay(text: &str) -> Option<Nanos> {
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let (_ran, waited, times) = (numbers.next()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    (times > 0).then_some(Nanos(waited))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_does_not_count_is_told_from_a_thread_that_never_waited() {
        for (text, want) in [
            ("803674617 754888271 210\n", Some(Nanos(754_888_271))),
            ("0 0 1\n", Some(Nanos::ZERO)),
            ("0 0 0\n", None),
            ("12 34", None),
            ("", None),
        ] {
            assert_eq!(run_delay(text), want, "{text}");
        }
    }

    #[test]
    fn a_meter_counts_from_one_question_to_the_next() {
        let mut meter = Meter::start(Nanos::ZERO);
        let mut sum = 0_u64;
        while thread_cpu().since(meter.cpu) < Nanos::from_millis(2) {
            sum = sum.wrapping_mul(31).wrapping_add(1);
        }
        std::hint::black_box(sum);
        let first = meter.since(Nanos::from_millis(3));
        assert!(first.cpu >= Nanos::from_millis(2), "{first:?}");
        assert_eq!(first.covers, Nanos::from_millis(3));
        let second = meter.since(Nanos::from_millis(5));
        assert!(second.cpu < first.cpu, "{second:?}");
        assert_eq!(second.covers, Nanos::from_millis(2));
        // Linux counts it wherever the tests run; another kernel says that it does not.
        assert_eq!(second.queued.is_some(), cfg!(target_os = "linux"));
    }
}
