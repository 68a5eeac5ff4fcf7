//! What a virtual user does at the same time.

use super::user::{Strand, Waiting};

/// The strands of one user, by number.
///
/// Nearly all users do one thing at a time. Its place is in the user itself, so that an answer is
/// one look at memory for both, and thousands of users need no memory beside themselves.
#[derive(Debug, Default)]
pub(super) struct Strands {
    first: Option<Strand>,
    /// Those after the first, if there is one.
    others: Vec<Strand>,
}

impl Strands {
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&Strand> {
        match at.checked_sub(1) {
            None => self.first.as_ref(),
            Some(at) => self.others.get(at),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Strand> {
        match at.checked_sub(1) {
            None => self.first.as_mut(),
            Some(at) => self.others.get_mut(at),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Strand> {
        self.first.iter().chain(&self.others)
    }

    /// Adds a strand, whose number is that of strands before.
    pub(super) fn push(&mut self, strand: Strand) {
        if self.first.is_none() {
            self.first = Some(strand);
        } else {
            self.others.push(strand);
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.first = None;
        self.others.clear();
    }

    /// Forgets the last strands, behind number `parent`, that are over and that nobody names any
    /// more.
    pub(super) fn trim(&mut self, parent: usize) {
        let over = |strand: &Strand| strand.waiting == Waiting::Over;
        while self.others.len() > parent && self.others.last().is_some_and(over) {
            self.others.pop();
        }
    }
}
