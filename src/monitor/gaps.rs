//! What people should know of a monitor: looks that gave nothing, and what was missing in others.

use crate::units::{Nanos, format_nanos, group_thousands};

/// The most notes of one monitor: what happens again and again is counted, not listed.
const MOST_NOTES: usize = 20;

/// Looks, those that gave nothing, and what else was told.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    looks: u64,
    empty: u64,
    /// When the first look gave nothing, and why.
    first: Option<(Nanos, String)>,
    /// Why the last one that gave nothing did so.
    last: String,
    told: Vec<String>,
    /// Notes that are not kept.
    more: u64,
}

/// What one look gave: readings, and what people should know of it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Look {
    pub(super) readings: Vec<crate::record::Reading>,
    /// Sentences, of which each is told once.
    pub(super) notes: Vec<String>,
}

impl Gaps {
    /// Counts a look at `now` and keeps what it says; gives its readings.
    pub(super) fn keep(
        &mut self,
        now: Nanos,
        look: Result<Look, String>,
    ) -> Vec<crate::record::Reading> {
        self.looks += 1;
        match look {
            Ok(Look { readings, notes }) => {
                notes.into_iter().for_each(|note| self.tell(note));
                readings
            }
            Err(why) => {
                self.empty += 1;
                self.last.clone_from(&why);
                self.first.get_or_insert((now, why));
                Vec::new()
            }
        }
    }

    fn tell(&mut self, note: String) {
        if self.told.contains(&note) {
        } else if self.told.len() < MOST_NOTES {
            self.told.push(note);
        } else {
            self.more += 1;
        }
    }

    /// All of it in sentences.
    pub(super) fn told(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some((at, why)) = &self.first {
            let last =
                if *why == self.last { String::new() } else { format!(", at last: {}", self.last) };
            all.push(format!(
                "{} of {} looks gave nothing, first at {}: {why}{last}; it goes on when it answers",
                group_thousands(self.empty),
                group_thousands(self.looks),
                format_nanos(*at),
            ));
        }
        all.extend(self.told.iter().cloned());
        if self.more > 0 {
            all.push(format!("{} more notes are left out", group_thousands(self.more)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted_with_the_first_and_the_last_reason() {
        let mut gaps = Gaps::default();
        let gone = || Err("no process".to_owned());
        assert!(gaps.keep(Nanos::ZERO, Ok(Look::default())).is_empty());
        assert!(gaps.told().is_empty());
        gaps.keep(Nanos::from_secs(5), gone());
        gaps.keep(Nanos::from_secs(10), gone());
        let told = "2 of 3 looks gave nothing, first at 5.00 s: no process; it goes on when it \
                    answers";
        assert_eq!(gaps.told(), [told]);
        gaps.keep(Nanos::from_secs(15), Err("no rights".to_owned()));
        assert!(gaps.told()[0].contains("no process, at last: no rights;"), "{:?}", gaps.told());
    }

    #[test]
    fn a_note_is_told_once_and_there_is_an_end_to_them() {
        let mut gaps = Gaps::default();
        for at in 0..30 {
            let notes = vec!["same".to_owned(), format!("note {at}")];
            gaps.keep(Nanos::ZERO, Ok(Look { notes, ..Look::default() }));
        }
        let told = gaps.told();
        assert_eq!(told.len(), MOST_NOTES + 1);
        assert_eq!(told.last().unwrap(), "11 more notes are left out");
    }
}
