//! What became slower, and how much that weighs.

use super::*;
use crate::record::Lines;
use crate::stats::equivalence::Equivalence;
use crate::units::Ratio;

fn weight(weight: f64) -> SeriesRule {
    SeriesRule { weight, ..SeriesRule::default() }
}

/// Standing of a row, verdict, and whether a reason says so.
#[track_caller]
fn check(factor: f64, want: (Standing, Verdict)) {
    let mut trial = trial();
    slow_down(&mut trial.candidate, FARMS, factor);
    let ruling = trial.judge();
    assert_eq!((row(&ruling, FARMS, 0.95).standing, ruling.verdict), want, "{factor}");
    assert_eq!(row(&ruling, CART, 0.95).standing, Standing::Go);
}

#[test]
fn the_same_build_is_go() {
    let ruling = trial().check(&[
        "GO",
        "GO: 0.0 % of 88,000 requests failed, surely no more than 2 %",
        "GO: p95 and p99 of 4 endpoints (100.0 % of requests) are within 10 % by best estimate; a \
         slow-down above 20 % in any of them is excluded with 95 % confidence",
    ]);
    assert_eq!(ruling.equivalence, Equivalence::Equivalent);
    assert_eq!((ruling.rows.len(), ruling.sites.len()), (8, 2));
    assert_eq!(ruling.coverage.endpoints, 4);
    assert_eq!(ruling.settle, None);
    let names: Vec<_> = ruling.rows.iter().step_by(2).map(|row| row.place.name.as_str()).collect();
    assert_eq!(names, SITE.map(|(name, _)| name));
}

#[test]
fn each_line_has_its_verdict() {
    check(1.05, (Standing::Go, Verdict::Go));
    check(0.6, (Standing::Go, Verdict::Go));
    check(1.14, (Standing::Slower, Verdict::Hold));
    check(1.3, (Standing::NoGo, Verdict::NoGo));
    check(1.8, (Standing::Rollback, Verdict::Rollback));
}

#[test]
fn what_is_slower_is_told_with_its_bounds() {
    let mut trial = trial();
    slow_down(&mut trial.candidate, FARMS, 1.14);
    trial.check(&[
        "HOLD",
        "HOLD: `GET /api/farms` (Look) p99 is 14 % slower (at least 11 %, at most 17 %); that this \
         is chance over all 8 comparisons has a probability below 5 %",
        "HOLD: `GET /api/farms` (Look) p95 is 14 % slower (at least 11 %, at most 17 %); that this \
         is chance over all 8 comparisons has a probability below 5 %",
    ]);
    slow_down(&mut trial.candidate, FARMS, 1.2);
    trial.policy.figures.retain(|figure| figure.quantile < 0.98);
    trial.check(&[
        "NO-GO",
        "NO-GO: `GET /api/farms` (Look) p95 is 37 % slower, certainly more than 10 % (chance below \
         1 % over all 4 comparisons)",
    ]);
}

#[test]
fn a_light_alarm_counts_as_milder() {
    let mut trial = trial();
    trial.policy.figures.retain(|figure| figure.quantile < 0.98);
    trial.rule(FARMS, weight(0.5));
    slow_down(&mut trial.candidate, FARMS, 1.3);
    trial.check(&[
        "HOLD",
        "HOLD: `GET /api/farms` (Look) p95 is 30 % slower, certainly more than 10 % (chance below \
         1 % over all 4 comparisons); its weight is 0.5 and NO-GO needs 1, so it counts as HOLD",
    ]);
    // Another of half a weight says the same.
    trial.rule(CART, weight(0.5));
    slow_down(&mut trial.candidate, CART, 1.3);
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn alone_half_a_weight_is_held_however_grave_it_is() {
    let mut trial = trial();
    trial.policy.figures.retain(|figure| figure.quantile < 0.98);
    trial.rule(FARMS, weight(0.5));
    slow_down(&mut trial.candidate, FARMS, 3.0);
    trial.check(&[
        "HOLD",
        "HOLD: `GET /api/farms` (Look) p95 is 201 % slower, certainly more than 20 % (chance below \
         1 % over all 4 comparisons); its weight is 0.5 and ROLLBACK needs 1, so it counts as HOLD",
    ]);
}

#[test]
fn what_is_graver_adds_to_what_is_milder() {
    let mut trial = trial();
    for (name, _) in SITE {
        trial.rule(name, weight(0.5));
    }
    slow_down(&mut trial.candidate, FARMS, 1.8);
    assert_eq!(trial.judge().verdict, Verdict::Hold, "a ROLLBACK of half a weight");
    slow_down(&mut trial.candidate, CART, 1.3);
    assert_eq!(trial.judge().verdict, Verdict::NoGo, "one of each makes no ROLLBACK");
    slow_down(&mut trial.candidate, CART, 1.4);
    assert_eq!(trial.judge().verdict, Verdict::Rollback);
}

#[test]
fn a_series_counts_once_however_many_rows_it_has() {
    let mut trial = trial();
    trial.rule(FARMS, weight(0.5));
    slow_down(&mut trial.candidate, FARMS, 1.3);
    let ruling = trial.judge();
    assert_eq!(row(&ruling, FARMS, 0.95).standing, Standing::NoGo);
    assert_eq!(row(&ruling, FARMS, 0.99).standing, Standing::NoGo);
    assert_eq!(ruling.verdict, Verdict::Hold);
}

#[test]
fn weights_that_make_one_with_rounding_are_one() {
    let mut trial = trial();
    for (name, own) in [(FARMS, 0.1), (CART, 0.2), (SITE[1].0, 0.3), (SITE[2].0, 0.4)] {
        trial.rule(name, weight(own));
        slow_down(&mut trial.candidate, name, 1.35);
    }
    assert_eq!(trial.judge().verdict, Verdict::NoGo);
}

#[test]
fn what_weighs_nothing_is_only_shown() {
    let mut trial = trial();
    trial.rule("GET /api/f*", weight(0.0));
    slow_down(&mut trial.candidate, FARMS, 3.0);
    let ruling = trial.judge();
    assert_eq!(row(&ruling, FARMS, 0.95).standing, Standing::Rollback);
    assert_eq!(ruling.verdict, Verdict::Go);
}

#[test]
fn the_first_rule_that_takes_a_series_counts() {
    let mut trial = trial();
    trial.rule("GET *", weight(0.0));
    trial.rule(FARMS, weight(1.0));
    slow_down(&mut trial.candidate, FARMS, 3.0);
    assert_eq!(trial.judge().verdict, Verdict::Go);
}

#[test]
fn lines_of_its_own_hold_for_a_series() {
    let mut trial = trial();
    let wide = Lines { go: Ratio(0.5), no_go: Ratio(1.0), rollback: Ratio(2.0) };
    trial.rule(FARMS, SeriesRule { change: Some(wide), ..SeriesRule::default() });
    slow_down(&mut trial.candidate, FARMS, 1.3);
    assert_eq!(trial.judge().verdict, Verdict::Go);
    slow_down(&mut trial.candidate, FARMS, 1.4);
    assert_eq!(trial.judge().verdict, Verdict::Hold);
    slow_down(&mut trial.candidate, FARMS, 1.3);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::NoGo);
    assert!(ruling.reasons[0].text.contains("certainly more than 50 %"), "{:?}", ruling.reasons);
}

#[test]
fn changes_below_the_floor_are_go_with_a_note() {
    let mut trial = trial();
    trial.policy.floor = Nanos::from_millis(30);
    slow_down(&mut trial.candidate, CART, 1.4);
    let ruling = trial.judge();
    assert_eq!(ruling.verdict, Verdict::Go);
    assert!(row(&ruling, CART, 0.95).below_floor);
    assert_eq!(ruling.notes, ["2 comparisons change by more, but surely by less than 30.0 ms"]);
}

#[test]
fn one_endpoint_is_found_beside_a_site_of_noise() {
    let mut trial = trial();
    for number in 0..10 {
        let name = format!("GET /{number}");
        add(&mut trial.baseline, &name, 50.0);
        add(&mut trial.candidate, &name, 50.0);
    }
    // The machine has moods of 17 %; all endpoints share them.
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for (at, one) in side.iter_mut().enumerate() {
            let mood = [0.17, -0.2, 0.05, 0.1, -0.12][at];
            for series in &mut one.series {
                series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += mood);
            }
        }
    }
    slow_down(&mut trial.candidate, FARMS, 1.45);
    let ruling = trial.judge();
    let farms = row(&ruling, FARMS, 0.95);
    assert_eq!((farms.standing, farms.relative), (Standing::NoGo, true));
    let reason = &ruling.reasons[0].text;
    assert!(reason.contains("slower; beside the rest of the site 4"), "{reason}");
    assert_eq!(ruling.verdict, Verdict::NoGo);
}

#[test]
fn queries_have_a_noise_of_their_own() {
    let mut trial = trial();
    for side in [&mut trial.baseline, &mut trial.candidate] {
        for number in 0..4 {
            add(side, &format!("SELECT {number}"), 8.0);
        }
        // Queries move by half from run to run, and requests do not.
        for (at, one) in side.iter_mut().enumerate() {
            for series in one.series.iter_mut().skip(4) {
                let mood = [0.4, -0.5, 0.3, -0.3, 0.1][at];
                series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += mood);
            }
        }
    }
    trial.policy.floor = Nanos::ZERO;
    let ruling = trial.judge();
    assert_eq!(ruling.sites.len(), 4);
    let noise = |of| {
        let mut sites = ruling.sites.iter();
        sites.find(|site| site.of == of && site.quantile < 0.96).unwrap().run_noise
    };
    assert!(noise(crate::record::Compared::Http) < 0.03);
    assert!(noise(crate::record::Compared::Sql) > 0.2);
    assert_eq!(row(&ruling, FARMS, 0.95).standing, Standing::Go);
    assert_eq!(row(&ruling, "SELECT 1", 0.95).standing, Standing::Undecided);
    assert_eq!(ruling.verdict, Verdict::Hold);
    assert!(ruling.reasons[0].text.starts_with("8 comparisons are undecided, most of all `SELECT"));
}

#[test]
fn more_than_twelve_reasons_are_counted() {
    let mut trial = trial();
    for number in 0..10 {
        let name = format!("GET /{number}");
        add(&mut trial.baseline, &name, 50.0);
        add(&mut trial.candidate, &name, 50.0);
        slow_down(&mut trial.candidate, &name, 1.8);
    }
    let ruling = trial.judge();
    assert_eq!(ruling.reasons.len(), 13);
    assert_eq!(ruling.reasons[12].text, "and 8 more");
}
