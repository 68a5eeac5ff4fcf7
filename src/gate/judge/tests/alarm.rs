//! A live alarm that went off while the candidate was measured.

use super::*;
use crate::gate::live::AlarmKind;

const WHAT: &str = "9.1 % of 2,000 requests failed over 2m";

fn alarmed(kind: AlarmKind) -> Trial {
    let alarm = Alarm { at: Nanos::from_secs(120), kind, what: WHAT.to_owned() };
    Trial { alarm: Some(alarm), ..trial() }
}

/// The old version itself became slower, as much as the candidate.
fn moved(mut trial: Trial) -> Trial {
    trial.design = Design::Stored;
    trial.anchor = (5..8).map(repetition).collect();
    for (name, _) in SITE {
        slow_down(&mut trial.anchor, name, 1.3);
        slow_down(&mut trial.candidate, name, 1.3);
    }
    trial
}

#[test]
fn an_alarm_is_taken_back_whatever_the_end_looks_like() {
    for kind in [AlarmKind::Errors, AlarmKind::Change] {
        let ruling = alarmed(kind).check(&["ROLLBACK", &format!("ROLLBACK: {WHAT}")]);
        assert_eq!(ruling.settle, None);
    }
}

#[test]
fn an_alarm_comes_before_what_is_as_grave() {
    let mut trial = alarmed(AlarmKind::Errors);
    slow_down(&mut trial.candidate, FARMS, 2.0);
    let ruling = trial.judge();
    assert_eq!(ruling.reasons[0].text, WHAT);
    assert!(ruling.reasons.len() > 1);
}

#[test]
fn what_is_no_measurement_stays_invalid() {
    let mut trial = alarmed(AlarmKind::Errors);
    fault(&mut trial.candidate, 2, FaultKind::Dropped, "20.0 % of all starts were dropped");
    let ruling =
        trial.check(&["INVALID", "INVALID: candidate run-7: 20.0 % of all starts were dropped"]);
    assert_eq!(ruling.notes, [format!("an alarm went off: {WHAT}")]);
}

#[test]
fn a_changed_environment_takes_the_force_from_a_change_and_not_from_failures() {
    let ruling = moved(alarmed(AlarmKind::Change)).judge();
    assert_eq!(ruling.verdict, Verdict::Hold);
    let withheld = format!("{WHAT}; ROLLBACK is withheld, because the environment has changed");
    assert!(ruling.reasons.iter().any(|one| one.text == withheld), "{:?}", ruling.reasons);
    assert!(!ruling.only_undecided());
    let ruling = moved(alarmed(AlarmKind::Errors)).judge();
    assert_eq!((ruling.verdict, ruling.reasons[0].text.as_str()), (Verdict::Rollback, WHAT));
}
