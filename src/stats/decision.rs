//! What a comparison of samples comes to.

/// What is decided of one pair or of all of them, from the mildest to the gravest.
///
/// The order is that of severity: the worst of several is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Too few samples to compare: shown, and otherwise without effect.
    NotGated,
    /// Undecided, with so few samples that this holds nothing up.
    Coarse,
    /// No relevant change by best estimate, and a large one is excluded.
    Go,
    /// The data neither shows nor excludes a relevant change.
    Inconclusive,
    /// A slow-down is proved, and by best estimate it is relevant.
    Warn,
    /// A relevant slow-down is proved, and by best estimate it is large.
    NoGo,
    /// A large slow-down is proved, and by best estimate it is severe.
    Rollback,
}

impl Decision {
    /// Whether something is proved against the candidate.
    pub fn is_alarm(self) -> bool {
        self >= Self::Warn
    }

    /// Whether it takes part in the decision on the whole.
    pub fn counts(self) -> bool {
        self >= Self::Go
    }
}
