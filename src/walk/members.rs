//! The users of closed phases that belong to one worker.

/// A user of closed phases.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    /// Whether it is at work.
    pub(super) here: bool,
    /// Journeys begun in all phases.
    pub(super) rounds: u64,
    /// The phase of the last one.
    pub(super) phase: u8,
    /// Journeys begun in that phase.
    pub(super) begun: u64,
}

/// All of them, found by their number in the run without a search.
#[derive(Debug)]
pub(super) struct Members {
    list: Vec<Member>,
    /// How many workers there are: every so many numbers belong to this one.
    of: u64,
}

impl Members {
    pub(super) fn new(of: usize) -> Self {
        Self { list: Vec::new(), of: u64::try_from(of).unwrap_or(1).max(1) }
    }

    /// The user with this number.
    pub(super) fn get(&mut self, number: u64) -> &mut Member {
        let at = usize::try_from(number.div_euclid(self.of)).unwrap_or(usize::MAX);
        if at >= self.list.len() {
            self.list.resize(at + 1, Member::default());
        }
        match self.list.get_mut(at) {
            Some(member) => member,
            None => unreachable!("the list was just made long enough"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_of_a_worker_is_another_user() {
        let mut members = Members::new(3);
        for number in [1, 4, 7] {
            members.get(number).rounds = number;
        }
        let rounds: Vec<u64> = [1, 4, 7].map(|number| members.get(number).rounds).into();
        assert_eq!((rounds, members.list.len()), (vec![1, 4, 7], 3));
    }
}
