//! Exit codes: a public contract.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// GO, or simply done.
    Done,
    /// It could not run: the target, the store or the system refused.
    CouldNotRun,
    /// The command line or a file is wrong.
    Usage,
    /// HOLD: not yet, slower than is good or undecided.
    Hold,
    /// NO-GO: it stays out.
    NoGo,
    /// ROLLBACK: it is taken back where it runs.
    Rollback,
    /// The run is not a measurement.
    Invalid,
    /// A threshold was missed in a plain run, or an assertion on data does not hold.
    Thresholds,
    /// Ended by Ctrl-C, after everything measured was stored.
    Interrupted,
    /// Ended by SIGTERM, after everything measured was stored.
    Terminated,
}

impl Exit {
    /// This, unless something else went wrong as well; how a signal ended it goes before that.
    pub(super) fn unless(self, other: Option<Self>) -> Self {
        match (self, other) {
            (Self::Interrupted | Self::Terminated, _) | (_, None) => self,
            (_, Some(other)) => other,
        }
    }

    /// This, or [`Self::Done`] where only what was found is to be reported: how a command ended
    /// stays what it is.
    pub(super) fn reported(self, zero: bool) -> Self {
        match self {
            Self::Hold | Self::NoGo | Self::Rollback | Self::Invalid | Self::Thresholds if zero => {
                Self::Done
            }
            Self::Done
            | Self::CouldNotRun
            | Self::Usage
            | Self::Hold
            | Self::NoGo
            | Self::Rollback
            | Self::Invalid
            | Self::Thresholds
            | Self::Interrupted
            | Self::Terminated => self,
        }
    }

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CouldNotRun => 1,
            Self::Usage => 2,
            Self::Hold => 3,
            Self::NoGo => 4,
            Self::Rollback => 5,
            Self::Invalid => 6,
            Self::Thresholds => 99,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_a_contract() {
        let all = [
            Exit::Done,
            Exit::CouldNotRun,
            Exit::Usage,
            Exit::Hold,
            Exit::NoGo,
            Exit::Rollback,
            Exit::Invalid,
            Exit::Thresholds,
            Exit::Interrupted,
            Exit::Terminated,
        ];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 99, 130, 143]);
    }
}
