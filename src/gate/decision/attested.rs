//! What people have said of a row, and whether it still counts.

use super::rules::Rule;
use super::{Answer, Known, State, moment};
use crate::record::{Attestation, Criterion, Stand};

/// What was said of a row.
pub(super) enum Said {
    /// The newest entry answers the row.
    Counts(Entry),
    /// Nothing that counts; why, if something was said.
    Not(Option<String>),
}

/// An attestation that counts.
pub(super) struct Entry {
    pub(super) answer: Answer,
    by: String,
    at: String,
    note: String,
    of: String,
}

impl Entry {
    /// The state of a row that it answers.
    pub(super) fn state(self, beside: Option<String>) -> State {
        let Self { answer, by, at, note, of } = self;
        State::Attested { answer, by, at, note, of, beside }
    }
}

/// What was said of a criterion: of itself, or of another that answers it, too.
///
/// The newest entry counts, in the order in which they were added: clocks of two people differ.
/// What is about the candidate has to be younger than it.
pub(super) fn of(known: &Known, criterion: &Criterion, rule: &Rule) -> Said {
    let own = (criterion.id, false);
    let mut why = None;
    for (id, turned) in std::iter::once(own).chain(rule.also.iter().copied()) {
        let of_id = |said: &&Attestation| said.criterion == id;
        let Some(newest) = known.attestations.iter().rev().find(of_id) else { continue };
        let answer = match (newest.stand, turned) {
            (Stand::Holds, false) | (Stand::Fails, true) => Answer::Yes,
            (Stand::Fails, false) | (Stand::Holds, true) => Answer::No,
            (Stand::Revoked, _) => {
                why.get_or_insert(format!(
                    "what was attested of `{id}` was revoked by {} at {}",
                    newest.by,
                    moment(newest.at_unix_ns)
                ));
                continue;
            }
        };
        if rule.is_of_candidate(criterion)
            && known.since_unix_ns().is_some_and(|since| newest.at_unix_ns < since)
        {
            why.get_or_insert(format!(
                "what {} attested of `{id}` at {} is older than the candidate",
                newest.by,
                moment(newest.at_unix_ns)
            ));
            continue;
        }
        return Said::Counts(Entry {
            answer,
            by: newest.by.clone(),
            at: moment(newest.at_unix_ns),
            note: newest.note.clone(),
            of: id.to_owned(),
        });
    }
    Said::Not(why)
}
