//! Journeys as programs: a flat list of operations, so that a virtual user is a place in it.

use std::ops::Range;

use http::HeaderName;

use super::{Expectation, Scope, Slot, Step, Text};
use crate::names::{Series, SeriesId};
use crate::scenario::OnFail;
use crate::units::{Nanos, Ratio};

/// One operation of a program.
#[derive(Debug)]
pub enum Op {
    /// Do the step with this index.
    Leaf(usize),
    /// Go to `to` unless the test on variables holds.
    Unless {
        /// The test.
        test: Expectation,
        /// Where to go on.
        to: usize,
    },
    /// Go to `to`, except for this share of all visits.
    Sample {
        /// The share that goes on with the next operation.
        share: Ratio,
        /// Where all others go on.
        to: usize,
    },
    /// Begin a loop: choose how often, and go to `to` if that is never.
    Repeat {
        /// Fewest times.
        least: u64,
        /// Most times.
        most: u64,
        /// Behind the loop.
        to: usize,
    },
    /// End of a loop's body: go back to `to` if it is not done often enough.
    Next {
        /// First operation of the body.
        to: usize,
    },
    /// Do all branches at the same time, and go on at `to` when all are done.
    Fork {
        /// Operations of each branch.
        branches: Vec<Range<usize>>,
        /// Behind the branches.
        to: usize,
    },
}

/// A list of operations and the steps they do.
#[derive(Debug, Default)]
pub struct Program {
    /// Operations, from the first to the last.
    pub ops: Vec<Op>,
    /// Steps that [`Op::Leaf`] names.
    pub steps: Vec<Leaf>,
}

/// A step with what the engine needs to know of it.
#[derive(Debug)]
pub struct Leaf {
    /// Its name in the report.
    pub name: String,
    /// The box of the feature checklist that it ticks.
    pub feature: Option<String>,
    /// Where its requests are recorded; `None` for a think time.
    pub series: Option<SeriesId>,
    /// The series itself, for what is named after it.
    pub about: Option<Series>,
    /// What its failure means for the journey.
    pub on_fail: OnFail,
    /// Try again until its checks hold, for so long.
    pub eventually: Option<Nanos>,
    /// What it does.
    pub step: Box<dyn Step>,
}

/// What one kind of virtual user does.
#[derive(Debug)]
pub struct Journey {
    /// Its name.
    pub name: String,
    /// How often it is chosen, relative to the others.
    pub weight: f64,
    /// Series of the journey as a whole.
    pub series: SeriesId,
    /// Index of the session that it needs.
    pub session: Option<usize>,
    /// Rows that it is fed with: index of the source, and slots of the row's columns.
    pub feeds: Vec<(usize, Vec<Slot>)>,
    /// Its steps.
    pub program: Program,
    /// Steps done when it has ended, however it has ended; not measured as part of it.
    pub cleanup: Program,
    /// Its variables.
    pub scope: Scope,
    /// Variables with a fixed start value.
    pub constants: Vec<(Slot, Text)>,
}

/// How an identity logs in.
#[derive(Debug)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// Where identities come from: index of the source, and slots of its columns. Without one
    /// there is a single identity.
    pub feed: Option<(usize, Vec<Slot>)>,
    /// How long a login holds.
    pub ttl: Option<Nanos>,
    /// The login.
    pub program: Program,
    /// Headers that requests of the session carry.
    pub headers: Vec<(HeaderName, Text)>,
    /// Its variables; a journey's scope begins with them.
    pub scope: Scope,
    /// Variables that a login sets and every journey of the identity takes over.
    pub gives: Vec<Slot>,
}

impl Program {
    /// The most steps that are done at the same time: as many as there are branches.
    pub fn widest(&self) -> u64 {
        self.widest_of(0..self.ops.len())
    }

    /// Branches stand behind their fork and are shorter than what they stand in, so that this
    /// ends.
    fn widest_of(&self, range: Range<usize>) -> u64 {
        let width = |op: &Op| match op {
            Op::Fork { branches, .. } => {
                branches.iter().map(|branch| self.widest_of(branch.clone())).sum()
            }
            Op::Leaf(_)
            | Op::Unless { .. }
            | Op::Sample { .. }
            | Op::Repeat { .. }
            | Op::Next { .. } => 1,
        };
        self.ops.get(range).into_iter().flatten().map(width).max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_of_branches_are_all_at_the_same_time() {
        let fork = |branches: &[Range<usize>]| Op::Fork { branches: branches.to_vec(), to: 0 };
        let program = |ops: Vec<Op>| Program { ops, steps: Vec::new() };
        assert_eq!(program(Vec::new()).widest(), 1);
        assert_eq!(program(vec![Op::Leaf(0), Op::Leaf(1)]).widest(), 1);
        let nested = vec![
            Op::Leaf(0),
            fork(&[2..3, 3..6, 6..7]),
            Op::Leaf(1),
            fork(&[4..5, 5..6]),
            Op::Leaf(2),
            Op::Leaf(3),
            Op::Leaf(4),
        ];
        assert_eq!(program(nested).widest(), 4);
    }
}
