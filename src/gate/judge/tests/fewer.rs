//! What the candidate hardly does any more.

use super::*;

#[test]
fn what_hardly_succeeds_any_more_does_not_drop_out_in_silence() {
    let mut trial = trial();
    resize(&mut trial.candidate, CART, 12);
    trial.check(&[
        "HOLD",
        "HOLD: `GET /api/cart` (Look): the candidate has 60 of 22,000 successful requests, too few \
         for its p95 and p99",
    ]);
    trial.rule(CART, SeriesRule { weight: 0.0, ..SeriesRule::default() });
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert_eq!(
        ruling.notes,
        [
            "`GET /api/cart` (Look): the candidate has 60 of 22,000 successful requests, too few for \
          its p95 and p99"
        ]
    );
}

#[test]
fn one_repetition_with_hardly_any_takes_a_series_out_and_is_told() {
    let mut trial = trial();
    resize(&mut trial.candidate[1..2], CART, 30);
    trial.check(&[
        "HOLD",
        "HOLD: `GET /api/cart` (Look): a repetition of the candidate has 30 of 4,400 successful \
         requests, too few for its p99",
    ]);
    assert!(!trial.judge().only_undecided());
}

#[test]
fn more_than_half_is_want_of_data_and_no_fault() {
    let mut trial = trial();
    // Enough for P95 in full, and for P99 no more than coarse.
    resize(&mut trial.candidate, CART, 2_300);
    assert_eq!(trial.judge().verdict, Verdict::Go);
    resize(&mut trial.candidate, CART, 2_100);
    assert_eq!(trial.judge().verdict, Verdict::Hold);
}

#[test]
fn as_few_on_both_sides_are_only_shown() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        resize(side, CART, 12);
    }
    assert_eq!(trial.judge().verdict, Verdict::Go);
    // What is seldom done may be missing in a repetition by chance.
    resize(&mut trial.candidate[..1], CART, 3);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn fewer_of_a_query_are_a_note() {
    let mut trial = trial();
    add(&mut trial.baseline, "SELECT farms", 8.0);
    add(&mut trial.candidate, "SELECT farms", 8.0);
    resize(&mut trial.candidate, "SELECT farms", 12);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert!(ruling.notes[0].contains("60 of 22,000"), "{:?}", ruling.notes);
}

#[test]
fn a_candidate_without_any_query_was_not_looked_at() {
    let mut trial = trial();
    add(&mut trial.baseline, "SELECT farms", 8.0);
    trial.check(&[
        "HOLD",
        "HOLD: the candidate reports no queries, and the baseline has enough to judge them",
    ]);
    // Where queries are not compared nobody misses them.
    trial.policy.figures.retain(|figure| figure.of == crate::record::Compared::Http);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn queries_too_few_to_judge_may_be_missing() {
    let mut trial = trial();
    add(&mut trial.baseline, "SELECT farms", 8.0);
    resize(&mut trial.baseline, "SELECT farms", 300);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}
