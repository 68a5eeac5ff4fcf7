//! What holds of every decision.

use loadgate::gate::decision::{Known, Standing, decide};
use loadgate::gate::ruling::{Standing as Said, Verdict};
use loadgate::record::{Answered, CheckOutcome, Stand};
use loadgate::units::Nanos;
use proptest::prelude::*;

use super::{Found, HOUR, good, of_people, said};

/// How one source of a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Good,
    Bad,
    Open,
    Absent,
}

/// What a decision rests on and can't do without.
const SOURCES: usize = 7;

fn any_source() -> impl Strategy<Value = Source> {
    // Mostly good, so that GO is not too seldom.
    prop_oneof![
        8 => Just(Source::Good),
        1 => Just(Source::Bad),
        1 => Just(Source::Open),
        1 => Just(Source::Absent),
    ]
}

/// Puts a source into a state.
fn put(known: &mut Known, source: usize, how: Source) {
    match (source, how) {
        (_, Source::Good) => {}
        (0, Source::Absent) => known.ruling = None,
        (0, Source::Bad) => known.ruling.as_mut().unwrap().rows[0].standing = Said::Rollback,
        (0, Source::Open) => known.ruling.as_mut().unwrap().verdict = Verdict::Invalid,
        (1, Source::Absent) => known.integrity.clear(),
        (1, Source::Bad) => known.integrity[0].answer = Answered::Broken,
        (1, Source::Open) => known.integrity[0].answer = Answered::Open,
        (2, Source::Absent) => known.figures.clear(),
        (2, Source::Bad) => {
            let readings = &mut known.figures[0].readings;
            readings.get_mut("db.connection_errors").unwrap().sum = 3.0;
        }
        (2, Source::Open) => known.figures.iter_mut().for_each(|own| own.readings.clear()),
        (3, Source::Absent) => known.observation = None,
        (3, Source::Bad | Source::Open) => {
            known.observation.as_mut().unwrap().watched = Nanos::SECOND;
        }
        (4, Source::Absent) => known.leaks.clear(),
        (4, Source::Bad) => known.leaks[0].found = Found::Bad,
        (4, Source::Open) => known.leaks[0].found = Found::Open,
        (5, Source::Absent) => known.checks.clear(),
        (5, Source::Bad) => known.checks[1].rows[0].outcome = CheckOutcome::Failed,
        (5, Source::Open) => known.checks[1].rows[0].outcome = CheckOutcome::Skipped,
        (_, Source::Absent) => known.features.clear(),
        (_, Source::Bad) => known.features[7].failed = 500,
        (_, Source::Open) => drop(known.features.pop()),
    }
}

fn known(sources: &[Source], silent: &[usize]) -> Known {
    let mut known = good();
    for (at, how) in sources.iter().enumerate() {
        put(&mut known, at, *how);
    }
    let people = of_people();
    for at in silent {
        let id = people[at % people.len()];
        known.attestations.retain(|one| one.criterion != id);
    }
    known
}

fn is_go(known: &Known) -> bool {
    decide(known).verdict == "GO"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // A source that is taken away is never good news: people have only said what nothing measures.
    #[test]
    fn what_is_taken_away_never_makes_go(
        sources in proptest::collection::vec(any_source(), SOURCES),
        silent in proptest::collection::vec(0_usize..100, 0..2),
        taken in 0..SOURCES,
    ) {
        let before = known(&sources, &silent);
        let mut after = before.clone();
        put(&mut after, taken, Source::Absent);
        prop_assert!(is_go(&before) || !is_go(&after), "{sources:?} without {taken}");
        prop_assert!(!is_go(&after), "every one of them is needed");
    }

    #[test]
    fn go_means_that_every_row_it_rests_on_is_good(
        sources in proptest::collection::vec(any_source(), SOURCES),
        silent in proptest::collection::vec(0_usize..100, 0..2),
    ) {
        let decision = decide(&known(&sources, &silent));
        let needed = ["go", "no_go", "rollback", "success", "outcome"];
        let mut rows = needed.iter().flat_map(|name| &decision.list(name).unwrap().rows);
        let all_good = rows.all(|row| row.standing == Standing::Good);
        let mut others = decision.lists.iter().filter(|list| !needed.contains(&list.name.as_str()));
        let none_bad = others.all(|list| list.name == "target" || list.count(Standing::Bad) == 0);
        prop_assert_eq!(
            decision.verdict == "GO",
            all_good && none_bad && sources.iter().all(|how| *how == Source::Good),
            "{:?}: {:#?}", sources, decision.reasons
        );
        // Whatever keeps it back is told.
        prop_assert_eq!(decision.verdict == "GO", decision.reasons.is_empty());
    }

    // What somebody calls well only ever helps, and that it is taken back never does.
    #[test]
    fn a_revoked_attestation_never_makes_go(
        sources in proptest::collection::vec(any_source(), SOURCES),
        revoked in 0_usize..100,
    ) {
        let before = known(&sources, &[]);
        let mut after = before.clone();
        let people = of_people();
        after.attestations.push(said(people[revoked % people.len()], Stand::Revoked, HOUR));
        prop_assert!(is_go(&before) || !is_go(&after));
    }

    #[test]
    fn the_same_is_decided_of_the_same(
        sources in proptest::collection::vec(any_source(), SOURCES),
    ) {
        let known = known(&sources, &[]);
        prop_assert_eq!(decide(&known), decide(&known));
    }
}
