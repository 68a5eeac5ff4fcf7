//! Whether two runs can be compared at all: the same load, from the same machine.

use std::fmt;
use std::str::FromStr;

/// In what two runs can differ so that comparing them says nothing of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The scenario with its data.
    Scenario,
    /// Phases that count: their load and length.
    Load,
    /// What everything random was made from.
    Seed,
    /// The machine that made the load.
    Machine,
    /// The engine's driver and HTTP version.
    Engine,
    /// Flags that change what is measured.
    Flags,
    /// The version of the target within one side.
    Version,
}

impl Kind {
    /// Every kind, in the order in which differences are told.
    pub const ALL: [Self; 7] = [
        Self::Scenario,
        Self::Load,
        Self::Seed,
        Self::Machine,
        Self::Engine,
        Self::Flags,
        Self::Version,
    ];

    /// The word by which a difference is accepted.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Load => "load",
            Self::Seed => "seed",
            Self::Machine => "machine",
            Self::Engine => "engine",
            Self::Flags => "flags",
            Self::Version => "version",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or_else(|| format!("known are {}", Self::ALL.map(Self::word).join(", ")))
    }
}

/// One difference between two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In what they differ.
    pub kind: Kind,
    /// How the baseline is, for people.
    pub baseline: String,
    /// How the candidate is, for people.
    pub candidate: String,
}
