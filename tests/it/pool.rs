//! Repetitions as one record: what thresholds and documents make of it.

use loadgate::gate::threshold::{self, Outcome, Status};
use loadgate::gate::validity;
use loadgate::record::{Repetition, RunRecord, ThresholdText, pool};
use loadgate::report::{Document, FORMATS, Judgement};
use loadgate::units::Nanos;

use crate::fixture;

/// The fixture's run again, so many seconds after the first.
fn later(seconds: u64) -> RunRecord {
    let mut record = fixture::record();
    record.header.started_unix_ns += seconds * 1_000_000_000;
    let set = fixture::record().header.id;
    record.header.repetition = Some(Repetition { set, number: 1, of: 3 });
    record
}

fn outcome(record: &mut RunRecord, subject: &str, condition: &str) -> Outcome {
    let [subject, condition] = [subject, condition].map(str::to_owned);
    record.header.thresholds = vec![ThresholdText { subject, condition, optional: false }];
    threshold::judge(record).remove(0)
}

fn document(record: &RunRecord) -> Document {
    Document::new(record, &Judgement::default()).unwrap()
}

#[test]
fn a_pool_of_one_says_what_the_run_says() {
    let single = fixture::record();
    let pooled = pool(vec![later(0)]).unwrap();
    assert_eq!(threshold::judge(&pooled), threshold::judge(&single));
    assert_eq!(validity::reasons(&pooled), validity::reasons(&single));
    for format in FORMATS {
        let shown = |record| format.render(&document(record)).unwrap();
        assert_eq!(shown(&pooled), shown(&single), "{}", format.word());
    }
}

#[test]
fn figures_are_over_the_time_in_which_there_was_load() {
    let single = document(&fixture::record());
    let mut pooled = pool(vec![later(0), later(1_000), later(90)]).unwrap();
    let shown = document(&pooled);
    assert_eq!(shown.totals.requests, 3 * single.totals.requests);
    assert_eq!(shown.totals.errors, 3 * single.totals.errors);
    assert_eq!(shown.totals.rate, single.totals.rate);
    assert_eq!(shown.run.measured, Nanos::from_secs(15));
    assert_eq!(shown.run.lasted, Nanos::from_secs(1_006));
    let quantiles = |document: &Document| document.totals.response.as_ref().map(|all| all.p99);
    assert_eq!(quantiles(&shown), quantiles(&single));
    let measured =
        |document: &Document| document.timeline.iter().filter(|point| point.measured).count();
    assert_eq!(measured(&shown), 3 * measured(&single));

    let rate = |record: &mut RunRecord| outcome(record, "http_reqs", "count/s > 1").measured;
    assert_eq!(rate(&mut pooled), rate(&mut fixture::record()));
    let steady = outcome(&mut pooled, "http_reqs{phase:steady}", "count == 303");
    assert_eq!(steady.status, Status::Passed, "{steady:?}");
}

#[test]
fn a_pause_between_repetitions_breaks_nothing() {
    let mut pooled = pool(vec![later(0), later(1_000), later(90)]).unwrap();
    let limit = |record: &mut RunRecord, condition: &str| {
        outcome(record, "http_req_response", condition).measured.unwrap()
    };
    // Broken in every second of 3 x 6 s, the lead-ins, in which nothing counts, among them.
    assert_eq!(limit(&mut pooled, "p(50) < 1ms for 1m"), "broken for 17.0 s");
    let silent = outcome(&mut pooled, "http_reqs", "count/s > 1 for 1s");
    assert_eq!(silent.measured.as_deref(), Some("never broken"));
}
