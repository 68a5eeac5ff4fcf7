//! What checks found, as text, Markdown, JSON and JUnit XML.

mod json;
mod junit;
mod lines;
mod tables;

pub(super) use json::FeatureJson;
pub use json::json;
pub use junit::junit;
pub use lines::text;
pub use tables::markdown;

use crate::gate::features::FeatureRow;
use crate::record::{CheckOutcome, CheckReport, CheckRow};

/// Everything that a command that checks has to tell.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What each profile found, in the order in which they were done.
    pub reports: Vec<CheckReport>,
    /// The feature checklist, by the journeys among the checks.
    pub features: Vec<FeatureRow>,
}

/// How many checks ended how. Steps of a journey are no checks of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// They hold.
    pub passed: u64,
    /// They do not.
    pub failed: u64,
    /// There is nothing to say of them.
    pub open: u64,
}

impl Checked {
    /// All rows with the profile that they belong to.
    fn rows(&self) -> impl Iterator<Item = (&CheckReport, &CheckRow)> {
        self.reports.iter().flat_map(|report| report.rows.iter().map(move |row| (report, row)))
    }

    /// How the checks ended.
    pub fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        for (_, row) in self.rows().filter(|(_, row)| row.step.is_none()) {
            match row.outcome {
                CheckOutcome::Passed => sum.passed += 1,
                CheckOutcome::Failed => sum.failed += 1,
                CheckOutcome::Skipped => sum.open += 1,
            }
        }
        sum
    }

    /// Whether a journey among the checks can have ticked a box.
    fn has_journeys(&self) -> bool {
        self.rows().any(|(_, row)| row.step.is_some())
    }
}

impl Sum {
    /// The answer in one word.
    pub fn word(self) -> &'static str {
        match self {
            Self { failed: 1.., .. } => "FAILED",
            Self { open: 1.., .. } => "OPEN",
            Self { passed: 0, .. } => "NOTHING",
            Self { .. } => "PASSED",
        }
    }

    /// The same in a sentence.
    pub fn sentence(self) -> String {
        let Self { passed, failed, open } = self;
        let all = passed + failed + open;
        let word = if all == 1 { "check" } else { "checks" };
        let mut parts = vec![format!("{passed} of {all} {word} passed")];
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        if open > 0 {
            parts.push(format!("{open} open"));
        }
        parts.join(", ")
    }
}
