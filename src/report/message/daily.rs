//! The guide's Daily Status Update.

use super::{Message, MessageFacts};
use crate::report::daily::status;

/// How one day of an observation was.
pub(super) struct Daily;

impl Message for Daily {
    fn word(&self) -> &'static str {
        "daily"
    }

    fn about(&self) -> &'static str {
        "how a day of the observation was"
    }

    fn render(&self, known: &MessageFacts<'_>) -> Result<String, String> {
        let document = known.document.ok_or("the daily status needs an observation: --run ID")?;
        let observed = document
            .observation
            .as_ref()
            .ok_or_else(|| format!("the run {} is no observation", document.run.id))?;
        let last = observed.days.last().map_or(1, |day| day.number);
        let number = known.day.unwrap_or(last);
        status(document, observed, number)
            .ok_or_else(|| format!("the observation has no day {number}, its last is {last}"))
    }
}
