//! Points in time that strands wait for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Task;
use crate::units::Nanos;

/// A queue of tasks by the time at which they go on; equal times in the order of setting.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    heap: BinaryHeap<Reverse<(Nanos, u64, Task)>>,
    set: u64,
}

impl Alarms {
    pub(super) fn set(&mut self, at: Nanos, task: Task) {
        self.set += 1;
        self.heap.push(Reverse((at, self.set, task)));
    }

    pub(super) fn next(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    /// The next task whose time has come.
    pub(super) fn due(&mut self, now: Nanos) -> Option<(Nanos, Task)> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((at, _, task))| (at, task))
    }
}
