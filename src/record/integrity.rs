//! What became of the assertions on the data of a database.

use serde::{Deserialize, Serialize};

use crate::units::Decimal;

/// An assertion with the numbers that were found. Of the database nothing else is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asserted {
    /// What it says.
    pub name: String,
    /// What was expected, as written.
    pub expect: String,
    /// What became of it.
    pub answer: Answered,
    /// The number before the first request.
    pub before: Option<Decimal>,
    /// The number after the last request; `None` when there was none.
    pub after: Option<Decimal>,
    /// How often what it counts was done; `None` when it counts nothing.
    pub created: Option<Created>,
    /// What was expected, as a number: from the least to the most, which are the same where it is
    /// known what was done.
    pub expected: Option<(Decimal, Decimal)>,
    /// Why there is no answer, or none that is sure.
    pub note: Option<String>,
}

impl Asserted {
    /// What was found, and what was expected instead: "5 before, 12 after, expected 13".
    pub fn found(&self) -> String {
        let number = |number: Option<Decimal>| {
            number.map_or_else(|| "nothing".to_owned(), |number| number.to_string())
        };
        let expected = match self.expected {
            Some((least, most)) if least == most => format!(", expected {least}"),
            Some((least, most)) => format!(", expected {least} to {most}"),
            None => String::new(),
        };
        format!("{} before, {} after{expected}", number(self.before), number(self.after))
    }
}

/// What became of an assertion, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// It holds.
    Holds,
    /// It holds or not, by what became of requests whose answer never came.
    Open,
    /// The database gave no number.
    Unanswered,
    /// It does not hold.
    Broken,
}

impl Answered {
    /// In words, for people and documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Open => "open",
            Self::Unanswered => "no answer",
            Self::Broken => "broken",
        }
    }
}

/// How many requests have done what an assertion counts, over all phases, warm-up included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Those that succeeded.
    pub surely: u64,
    /// Those that failed in a way that leaves open what the target has done.
    pub perhaps: u64,
}

impl Created {
    /// Both counts with those of other requests.
    pub fn merge(&mut self, other: Self) {
        let Self { surely, perhaps } = other;
        self.surely = self.surely.saturating_add(surely);
        self.perhaps = self.perhaps.saturating_add(perhaps);
    }
}

/// The assertions of several repetitions: of each the worst answer, and of two alike the first.
/// Numbers of repetitions don't add up, because between two anything may happen to the data.
pub(super) fn worst(mut one: Vec<Asserted>, other: Vec<Asserted>) -> Vec<Asserted> {
    for theirs in other {
        let same = |mine: &&mut Asserted| mine.name == theirs.name && mine.expect == theirs.expect;
        match one.iter_mut().find(same) {
            Some(mine) if theirs.answer > mine.answer => *mine = theirs,
            Some(_) => {}
            None => one.push(theirs),
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asserted(name: &str, answer: Answered, after: u64) -> Asserted {
        Asserted {
            name: name.to_owned(),
            expect: "after == 0".to_owned(),
            answer,
            before: None,
            after: Some(Decimal::of(after)),
            created: None,
            expected: None,
            note: None,
        }
    }

    #[test]
    fn of_several_repetitions_the_worst_is_told() {
        use Answered::{Broken, Holds, Open, Unanswered};
        let first = vec![asserted("a", Holds, 1), asserted("b", Broken, 1), asserted("c", Open, 1)];
        let second = vec![
            asserted("a", Holds, 2),
            asserted("b", Holds, 2),
            asserted("c", Unanswered, 2),
            asserted("d", Open, 2),
        ];
        let third = vec![asserted("b", Broken, 3), asserted("d", Broken, 3)];
        let told = worst(worst(first.clone(), second.clone()), third.clone());
        assert_eq!(told, worst(first, worst(second, third)));
        let told: Vec<_> =
            told.iter().map(|one| (one.answer, one.after.unwrap().to_string())).collect();
        let want = [(Holds, "1"), (Broken, "1"), (Unanswered, "2"), (Broken, "3")];
        assert_eq!(told, want.map(|(answer, after)| (answer, after.to_owned())));
    }
}
