//! How much alarms weigh together.

use super::series::Table;
use crate::gate::ruling::{Standing, Verdict};

/// Weights such as 0.3, 0.3 and 0.4 add up to 1 within this.
const TOLERANCE: f64 = 1e-9;

/// How grave an alarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Slower,
    NoGo,
    Rollback,
}

impl Level {
    /// `None` for what is no alarm.
    pub(super) fn of(standing: Standing) -> Option<Self> {
        match standing {
            Standing::Slower => Some(Self::Slower),
            Standing::NoGo => Some(Self::NoGo),
            Standing::Rollback => Some(Self::Rollback),
            Standing::NotGated
            | Standing::Coarse
            | Standing::Go
            | Standing::New
            | Standing::Undecided
            | Standing::Vanished => None,
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Slower => Verdict::Hold,
            Self::NoGo => Verdict::NoGo,
            Self::Rollback => Verdict::Rollback,
        }
    }
}

/// An alarm that waits for its weight.
pub(super) struct Alarm {
    pub(super) line: usize,
    pub(super) level: Level,
    pub(super) text: String,
}

/// How much weighs as much as a level or more: each series once, by its gravest alarm.
pub(super) struct Levels {
    rollback: f64,
    no_go: f64,
}

impl Levels {
    pub(super) fn of<'a>(table: &Table<'_>, alarms: impl Iterator<Item = &'a Alarm>) -> Self {
        let mut gravest: Vec<Option<Level>> = vec![None; table.series.len()];
        for alarm in alarms {
            if let Some(known) = gravest.get_mut(alarm.line) {
                *known = (*known).max(Some(alarm.level));
            }
        }
        let from = |level: Level| {
            let taken = table.series.iter().zip(&gravest).filter(|(_, own)| **own >= Some(level));
            taken.map(|(line, _)| line.weight()).sum()
        };
        Self { rollback: from(Level::Rollback), no_go: from(Level::NoGo) }
    }

    /// What an alarm counts as: the gravest level, up to its own, at which those that say as much
    /// or more weigh 1 together, and else HOLD. What weighs nothing is only shown.
    pub(super) fn weigh(&self, table: &Table<'_>, alarm: &Alarm) -> Option<(Verdict, String)> {
        let line = table.series.get(alarm.line).filter(|line| line.counts())?;
        let level = alarm.level.verdict();
        let enough = |sum: f64| sum >= 1.0 - TOLERANCE;
        let counted = match alarm.level {
            Level::Rollback if enough(self.rollback) => Verdict::Rollback,
            Level::Rollback | Level::NoGo if enough(self.no_go) => Verdict::NoGo,
            Level::Rollback | Level::NoGo | Level::Slower => Verdict::Hold,
        };
        if counted == level {
            return Some((level, alarm.text.clone()));
        }
        let (own, word) = (line.weight(), level.word());
        let text = format!(
            "{}; its weight is {own} and {word} needs 1, so it counts as {}",
            alarm.text,
            counted.word()
        );
        Some((counted, text))
    }
}
