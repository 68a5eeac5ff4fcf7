//! Assertions on data that the candidate does not keep.

use super::*;
use crate::record::{Answered, Asserted};
use crate::units::Decimal;

fn asserted(answer: Answered) -> Asserted {
    let note = "no answer of the database within 5m";
    Asserted {
        name: "orders".to_owned(),
        expect: "after == before + created(\"POST /api/orders\")".to_owned(),
        answer,
        before: Some(Decimal::of(10)),
        after: Some(Decimal::of(12)),
        created: None,
        expected: Some((Decimal::of(13), Decimal::of(13))),
        note: (answer == Answered::Unanswered).then(|| note.to_owned()),
    }
}

/// One repetition of the candidate and one of the baseline with these answers.
#[track_caller]
fn check(candidate: Answered, baseline: Option<Answered>, want: (Verdict, &str)) {
    let mut trial = trial();
    trial.candidate[1].integrity = vec![asserted(candidate)];
    trial.candidate[2].integrity = vec![asserted(Answered::Holds)];
    trial.baseline[0].integrity = baseline.into_iter().map(asserted).collect();
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, want.0);
    let first = ruling.reasons[0].text.as_str();
    assert!(want.0 == Verdict::Go || first == want.1, "{first}");
}

#[test]
fn lost_data_are_no_go_unless_the_baseline_lost_them_too() {
    let lost = "the data are not as `orders` says (`after == before + created(\"POST \
                /api/orders\")`): 10 before, 12 after, expected 13";
    let once = ", in 1 of 5 repetitions";
    check(Answered::Holds, None, (Verdict::Go, ""));
    check(Answered::Holds, Some(Answered::Broken), (Verdict::Go, ""));
    check(Answered::Broken, None, (Verdict::NoGo, &format!("{lost}{once}")));
    check(Answered::Broken, Some(Answered::Holds), (Verdict::NoGo, &format!("{lost}{once}")));
    let both = format!("{lost}, as with the baseline{once}");
    check(Answered::Broken, Some(Answered::Broken), (Verdict::Hold, &both));
    let unknown =
        format!("whether `orders` holds is not known: no answer of the database within 5m{once}");
    check(Answered::Unanswered, Some(Answered::Holds), (Verdict::Hold, &unknown));
}

#[test]
fn data_that_a_distorted_repetition_lost_are_lost() {
    let mut trial = trial();
    trial.candidate[3].integrity = vec![asserted(Answered::Broken)];
    trial.candidate[3].faults = vec![Fault { kind: FaultKind::Lag, text: "lag".to_owned() }];
    let ruling = trial.judge();
    assert_eq!((ruling.verdict, ruling.candidate.left_out.len()), (Verdict::NoGo, 1));
}
