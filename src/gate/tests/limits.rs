//! Limits for what monitors read.

use super::Run;
use crate::record::{Interval, Reading, ThresholdText};
use crate::units::Nanos;

/// Readings of 100 seconds: one in the warm-up that would miss every limit, then 0.01 to 1.
fn run() -> Run {
    let mut run = Run::new();
    let mut read = |at: u64, name: &str, value: f64| {
        let (start, length) = (Nanos::from_secs(at), Nanos::SECOND);
        let mut interval = Interval { start, length, ..Interval::default() };
        interval.gauges.readings.extend(Reading::new(name, value));
        run.record.intervals.push(interval);
    };
    read(5, "app.cpu", 90.0);
    for at in 1..=100_u32 {
        read(60 + u64::from(at), "app.cpu", f64::from(at) / 100.0);
        read(60 + u64::from(at), "app.rss_bytes", 1e9);
    }
    run
}

#[test]
fn a_limit_is_held_against_what_was_read_in_measured_phases() {
    let mut run = run();
    let subject = ThresholdText::of_reading("app.cpu");
    let mut check = |condition: &str, want: &str| run.check(&subject, condition, want);
    check("< 101%", "Passed 100.0 %");
    check("< 100%", "Failed 100.0 %");
    check("avg < 51%", "Passed 50.5 %");
    check("avg < 50%", "Failed 50.5 %");
    check("min >= 0.01", "Passed 1.0 %");
    check("med <= 50%", "Passed 50.0 %");
    check("p(95) <= 95%", "Passed 95.0 %");
    check("p(95) < 95%", "Failed 95.0 %");
    check("< 2GB", "NoData can't be read: `2GB` is not a share such as `5%` or `0.05`");
    check(
        "often",
        "NoData can't be read: expected a limit such as `< 2GB`, `avg < 50%`, `p(95) < 200ms` or `no leak`, found `often`",
    );
    run.check(&ThresholdText::of_reading("app.rss_bytes"), "< 2GB", "Passed 1.00 GB");
}

#[test]
fn what_was_not_read_keeps_no_limit_unless_that_is_accepted() {
    let mut run = run();
    let subject = ThresholdText::of_reading("other.rss_bytes");
    let mut outcome = run.outcome(&subject, "< 2GB");
    assert_eq!(outcome.note.as_deref(), Some("nothing was read"));
    assert!(outcome.fails());
    outcome.optional = true;
    assert!(!outcome.fails());
}

#[test]
fn what_is_of_the_whole_run_stands_where_that_ended() {
    let mut run = Run::new();
    let (start, length) = (Nanos::from_secs(700), Nanos::SECOND);
    let mut interval = Interval { start, length, ..Interval::default() };
    interval.gauges.readings.extend(Reading::new("db.slowest_statement_mean_ms", 40.0));
    run.record.header.load.phases[1].measure = false;
    run.record.intervals.push(interval);
    let subject = ThresholdText::of_reading("db.slowest_statement_mean_ms");
    run.check(&subject, "< 50ms", "Passed 40.0 ms");
}
