//! What is there at all: validity, sessions, anchor, coverage, and what would settle a HOLD.

use super::*;
use crate::gate::noise::{Reach, self_check};
use crate::units::Ratio;

const LATE: &str = "p99 schedule lag 80.0 ms is above 50.0 ms: use more workers or a lower rate";
const DROPPED: &str = "20.0 % of all starts were dropped";

#[test]
fn one_distorted_repetition_of_five_is_left_out() {
    let mut trial = trial();
    fault(&mut trial.candidate, 2, FaultKind::Lag, LATE);
    slow_down(&mut trial.candidate[2..3], FARMS, 9.0);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert_eq!(ruling.candidate.left_out, [("run-7".to_owned(), LATE.to_owned())]);
    assert_eq!(ruling.candidate.runs.len(), 4);
    assert_eq!(ruling.notes, ["1 repetition of the candidate left out: run-7"]);
}

#[test]
fn more_than_a_fifth_distorted_is_invalid() {
    let mut trial = trial();
    fault(&mut trial.baseline, 0, FaultKind::Lag, LATE);
    fault(&mut trial.baseline, 3, FaultKind::Busy, "a worker used 97 % of its processor");
    slow_down(&mut trial.candidate, FARMS, 2.0);
    trial.check(&[
        "INVALID",
        "INVALID: baseline run-0: p99 schedule lag 80.0 ms is above 50.0 ms: use more workers or a \
         lower rate",
        "INVALID: baseline run-3: a worker used 97 % of its processor",
    ]);
}

#[test]
fn dropped_starts_are_never_left_out() {
    let mut trial = trial();
    fault(&mut trial.candidate, 2, FaultKind::Dropped, DROPPED);
    let ruling =
        trial.check(&["INVALID", "INVALID: candidate run-7: 20.0 % of all starts were dropped"]);
    assert!(ruling.candidate.left_out.is_empty());
    fault(&mut trial.candidate, 2, FaultKind::Lag, LATE);
    assert_eq!(trial.judge().verdict, Verdict::Invalid);
}

#[test]
fn what_the_target_may_have_caused_is_never_left_out() {
    for kind in [FaultKind::Aborted, FaultKind::NothingMeasured] {
        let mut trial = trial();
        fault(&mut trial.candidate, 2, kind, "nothing came");
        trial.check(&["INVALID", "INVALID: candidate run-7: nothing came"]);
    }
    let mut trial = trial();
    fault(&mut trial.candidate, 2, FaultKind::CutShort, "the run was interrupted");
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn what_has_vanished_is_held() {
    let mut trial = trial();
    without(&mut trial.candidate, CART);
    trial.check(&[
        "HOLD",
        "HOLD: `GET /api/cart` (Look) has vanished: the candidate has no such request",
    ]);
    trial.rule(CART, SeriesRule { must_have: true, ..SeriesRule::default() });
    trial.check(&[
        "NO-GO",
        "NO-GO: `GET /api/cart` (Look) has vanished: the candidate has no such request, and it \
         must be there",
    ]);
}

#[test]
fn what_only_failed_has_vanished() {
    let mut trial = trial();
    resize(&mut trial.baseline, CART, 20);
    resize(&mut trial.candidate, CART, 0);
    for series in each(&mut trial.candidate, CART) {
        series.figures.clear();
        series.stretches = vec![Stretch { errors: 20, requests: 20 }];
    }
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Rollback);
    let told = |text: &str| ruling.reasons.iter().any(|one| one.text.contains(text));
    assert!(told("has vanished: all 100 requests failed"), "{:?}", ruling.reasons);
}

#[test]
fn what_is_done_seldom_may_be_missing() {
    let mut trial = trial();
    resize(&mut trial.baseline, CART, 0);
    resize(&mut trial.baseline[..1], CART, 4);
    without(&mut trial.candidate, CART);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn what_is_new_has_nothing_to_compare_with() {
    let mut trial = trial();
    add(&mut trial.candidate, "GET /api/wishes", 20.0);
    let ruling =
        trial.check(&["HOLD", "HOLD: `GET /api/wishes` (Look) is new: nothing to compare with"]);
    assert_eq!(row(&ruling, "GET /api/wishes", 0.95).standing, Standing::New);
    trial.rule("GET /api/w*", SeriesRule { weight: 0.0, ..SeriesRule::default() });
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert_eq!(ruling.notes, ["`GET /api/wishes` (Look) is new"]);
}

#[test]
fn other_queries_are_a_note() {
    let mut trial = trial();
    add(&mut trial.baseline, "SELECT old", 8.0);
    add(&mut trial.candidate, "SELECT new 1", 8.0);
    add(&mut trial.candidate, "SELECT new 2", 8.0);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert_eq!(
        ruling.notes,
        [
            "1 query only in the baseline: `SELECT old`",
            "2 queries only in the candidate: `SELECT new 1`, `SELECT new 2`"
        ]
    );
    trial.rule("SELECT old", SeriesRule { must_have: true, ..SeriesRule::default() });
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn what_must_be_there_and_never_was_is_no_go() {
    let mut trial = trial();
    trial.rule("POST /api/checkout", SeriesRule { must_have: true, ..SeriesRule::default() });
    trial
        .check(&["NO-GO", "NO-GO: nothing of `POST /api/checkout` succeeded, which must be there"]);
}

#[test]
fn a_critical_series_must_be_judged_in_full() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        resize(side, CART, 1_000);
    }
    assert_eq!(trial.judge().verdict, Verdict::Go);
    trial.rule(CART, SeriesRule { critical: true, ..SeriesRule::default() });
    let ruling = trial.check(&[
        "HOLD",
        "HOLD: `GET /api/cart` (Look) is critical, and 5,000 requests are too few for its p99",
    ]);
    let settle = ruling.settle.unwrap();
    // 200 slow requests of a hundredth of 1,000 a repetition, and 5 % on top.
    assert_eq!((settle.repetitions, settle.more), (21, 16));
    assert_eq!(
        settle.text,
        "16 more repetitions of 1m on each side would decide, or 4.2 times the rate"
    );
    trial.rule("GET /nowhere", SeriesRule { critical: true, ..SeriesRule::default() });
    assert_eq!(trial.judge().reasons.len(), 2);
}

#[test]
fn too_little_of_the_load_is_held() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for (name, _) in &SITE[1..] {
            resize(side, name, 300);
        }
        resize(side, FARMS, 850);
    }
    trial.policy.coverage = Ratio(0.8);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert_eq!(
        ruling.reasons[0].text,
        "only 48.6 % of all requests are of the one endpoint judged in full, 80.0 % are wanted"
    );
    // 200 slow requests of a twentieth of 300 a repetition, and 5 % on top.
    assert_eq!(ruling.settle.unwrap().repetitions, 14);
    trial.policy.coverage = Ratio(0.4);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn a_policy_can_ask_for_more_requests() {
    let mut trial = trial();
    trial.policy.least = 30_000;
    let ruling = trial.judge();
    assert!(ruling.rows.iter().all(|row| row.standing == Standing::NotGated));
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert!(row(&ruling, FARMS, 0.95).point.is_some());
}

#[test]
fn a_baseline_of_one_session_is_told() {
    let mut trial = trial();
    trial.design = Design::Stored;
    let note = "baseline of one session: machine drift is not excluded";
    let ruling = trial.judge();
    assert_eq!((ruling.verdict, ruling.notes), (Verdict::Go, vec![note.to_owned()]));
    trial.baseline[4].header.started_unix_ns += 60 * MINUTE;
    let ruling = trial.judge();
    assert_eq!(ruling.notes, ["baseline of two sessions: machine drift is not excluded"]);
    assert_eq!((ruling.baseline.sessions, ruling.candidate.sessions), (2, 1));
    trial.baseline[3].header.started_unix_ns += 30 * MINUTE;
    assert_eq!(trial.judge().notes, Vec::<String>::new());
}

#[test]
fn turns_are_one_session_however_long_they_are() {
    let mut trial = trial();
    for (at, one) in trial.baseline.iter_mut().enumerate() {
        one.header.started_unix_ns = u64::try_from(at).unwrap() * 20 * MINUTE;
        one.lasted = Nanos(10 * MINUTE);
    }
    for (at, one) in trial.candidate.iter_mut().enumerate() {
        one.header.started_unix_ns = u64::try_from(at).unwrap() * 20 * MINUTE + 10 * MINUTE;
        one.lasted = Nanos(10 * MINUTE);
    }
    assert_eq!(trial.judge().baseline.sessions, 1);
    trial.design = Design::Stored;
    assert_eq!(trial.judge().baseline.sessions, 1);
}

/// The baseline in five sessions, each with a mood of its own.
fn moody(moods: [f64; 5]) -> Trial {
    let mut trial = trial();
    trial.design = Design::Stored;
    for (at, one) in trial.baseline.iter_mut().enumerate() {
        one.header.started_unix_ns += u64::try_from(at).unwrap() * 60 * MINUTE;
        for series in &mut one.series {
            series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += moods[at]);
        }
    }
    trial
}

#[test]
fn sessions_that_differ_widen_what_is_not_known() {
    let moods = [0.06, -0.05, 0.04, -0.06, 0.01];
    let of = |design| {
        let trial = Trial { design, ..moody(moods) };
        let ruling = trial.judge();
        let ratio = row(&ruling, FARMS, 0.95).ratio.unwrap();
        (ratio.high - ratio.low, ruling.verdict)
    };
    let (stored, verdict) = of(Design::Stored);
    let (turns, _) = of(Design::Interleaved);
    assert!(stored > 1.3 * turns, "{stored} {turns}");
    assert_eq!(verdict, Verdict::Hold);
    // A candidate of three sessions shows the difference by itself.
    let mut trial = moody(moods);
    for (at, one) in trial.candidate.iter_mut().enumerate() {
        one.header.started_unix_ns += u64::try_from(at).unwrap() * 60 * MINUTE;
    }
    let ratio = row(&trial.judge(), FARMS, 0.95).ratio.unwrap();
    assert!(ratio.high - ratio.low < stored / 1.2);
}

#[test]
fn an_anchor_that_agrees_removes_the_note() {
    let mut trial = trial();
    trial.design = Design::Stored;
    trial.anchor = (5..8).map(repetition).collect();
    let ruling = trial.judge();
    assert_eq!((ruling.verdict, ruling.notes), (Verdict::Go, Vec::new()));
}

#[test]
fn an_environment_that_became_slower_takes_the_force_from_a_comparison() {
    let mut trial = trial();
    trial.design = Design::Stored;
    trial.anchor = (5..8).map(repetition).collect();
    for (name, _) in SITE {
        slow_down(&mut trial.anchor, name, 1.3);
        slow_down(&mut trial.candidate, name, 1.3);
    }
    trial.policy.figures.retain(|figure| figure.quantile < 0.98);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Hold);
    let told = |text: &str| ruling.reasons.iter().any(|one| one.text.contains(text));
    assert!(
        told("the old version itself is slower than its baseline (`POST"),
        "{:?}",
        ruling.reasons
    );
    assert!(told("NO-GO is withheld, because the environment has changed"));
    // What the candidate does by itself keeps its force.
    for (name, _) in SITE {
        fail(&mut trial.candidate, name, 400);
    }
    assert_eq!(trial.judge().verdict, Verdict::Rollback);
}

#[test]
fn an_environment_that_became_faster_hides_what_is_slower() {
    let mut trial = trial();
    trial.design = Design::Stored;
    trial.anchor = (5..8).map(repetition).collect();
    for (name, _) in SITE {
        slow_down(&mut trial.anchor, name, 0.7);
    }
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert!(ruling.reasons[0].text.contains("faster than its baseline"), "{:?}", ruling.reasons);
    // Slower than the old one on a slower machine is slower.
    slow_down(&mut trial.candidate, FARMS, 1.3);
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn an_anchor_that_says_nothing_holds() {
    let mut trial = trial();
    trial.design = Design::Stored;
    trial.anchor = vec![repetition(5)];
    fault(&mut trial.anchor, 0, FaultKind::Lag, LATE);
    assert_eq!(trial.judge().verdict, Verdict::Hold);
    trial.anchor = vec![repetition(5)];
    for (name, _) in SITE {
        resize(&mut trial.anchor, name, 30);
    }
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert!(ruling.reasons[0].text.starts_with("the old version, measured again, does not show"));
}

#[test]
fn one_version_on_both_sides_is_told() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for one in side.iter_mut() {
            one.header.origin.target.version = Some("7.0.1".to_owned());
        }
    }
    let ruling = trial.judge();
    assert_eq!(ruling.notes, ["both sides report version 7.0.1"]);
    assert_eq!(ruling.candidate.versions, ["7.0.1"]);
    trial.baseline[0].header.origin.target.version = Some("6.19.0".to_owned());
    assert_eq!(trial.judge().notes, Vec::<String>::new());
}

#[test]
fn a_baseline_is_checked_against_itself() {
    let ten: Vec<_> = (0..10).map(repetition).collect();
    let check = self_check(&ten, &Policy::default());
    let split = check.split.unwrap();
    assert_eq!((split.verdict, split.baseline.runs.len()), (Verdict::Go, 5));
    assert_eq!(split.baseline.runs[1].id, "run-2");
    let rows: Vec<_> = split.rows.iter().map(|row| (&row.place, row.quantile)).collect();
    let same: Vec<_> = check.detectable.iter().map(|row| (&row.place, row.quantile)).collect();
    assert_eq!(rows, same);
    for one in &check.detectable {
        let ratio = one.ratio.unwrap();
        assert!(one.reach == Reach::Full && (1.03..1.10).contains(&ratio), "{one:?}");
    }
    assert_eq!(check.noise.len(), 2);
    assert!(check.noise.iter().all(|noise| noise.df > 8.9 && noise.run_noise < 0.03));
}

#[test]
fn few_repetitions_check_nothing() {
    let three: Vec<_> = (0..3).map(repetition).collect();
    assert!(self_check(&three, &Policy::default()).split.is_none());
    let alone = self_check(&three[..1], &Policy::default());
    assert!(alone.noise.is_empty());
    assert!(alone.detectable.iter().all(|one| one.ratio.is_none()));
    let nothing = self_check(&[], &Policy::default());
    assert!(nothing.detectable.is_empty() && nothing.noise.is_empty());
}
