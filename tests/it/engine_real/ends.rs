//! Exact counts, targets that are not there or go away, runs that are stopped.

use super::*;

#[test]
fn what_the_server_counts_is_what_the_record_counts() {
    for load in ["rate: 500/s", "users: 4"] {
        let server = Server::start(Speaks::One);
        let text = format!(
            "journeys: {{ j: {{ steps: [ {{ get: /ok }} ] }} }}\nload: [ {{ phase: p, {load}, for: 3s }} ]"
        );
        let record = play(&plan_for(&server.url(), &text));
        let counts = sent(&record);
        assert_eq!(counts.started, server.seen.requests(), "{load}");
        assert_eq!(counts.failed(), 0);
        if load.starts_with("rate") {
            assert_eq!(counts.started, 1_500);
        }
        let end = record.end.as_ref().unwrap();
        assert_eq!(end.generator.requests_sent, counts.started);
        let names = record.catalogue.matching(|s| s.kind == SeriesKind::ServerQuery);
        assert_eq!(names.count(), 1, "both workers mean the same query");
        assert_eq!(values(&record, "q", Metric::Query).len(), counts.started);
    }
}

#[track_caller]
fn refused(url: &str, words: &str) {
    let began = now();
    let error = play_beside(&repeated(url, 1, "{ get: / }"), async |_| {}).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.hint().is_some());
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_target_that_is_not_there_is_told_before_the_run() {
    let closed = Server::start(Speaks::One).url();
    refused(&closed, "refused");
    refused("http://no-such-host.invalid", "no-such-host.invalid");
}

#[test]
fn a_target_that_dies_is_counted_and_the_run_ends_in_time() {
    let mut server = Server::start(Speaks::One);
    let plan = plan_for(
        &server.url(),
        "journeys: { j: { steps: [ { get: /ok } ] } }\n\
         load: [ { phase: p, rate: 200/s, for: 2s } ]\ngraceful_stop: 1s",
    );
    let seen = Arc::clone(&server.seen);
    let finished = play_beside(&plan, async move |_| {
        until(&seen, 100).await;
        tokio::task::spawn_blocking(move || server.kill()).await.unwrap();
    });
    let record = finished.unwrap().record;
    let counts = sent(&record);
    assert_eq!(counts.started, 400);
    let refused = counts.failed_by(ErrorKind::Connect) + counts.failed_by(ErrorKind::Reset);
    assert_eq!(counts.failed(), refused, "{:?}", record.end.as_ref().unwrap().samples);
    assert!(refused > 200);
    assert!(record.end.unwrap().lasted < Nanos::from_secs(4));
}

#[test]
fn a_run_that_is_cut_off_keeps_what_it_measured() {
    for (how, reason) in
        [(Stop::AtOnce, StopReason::Killed), (Stop::Gracefully, StopReason::Interrupted)]
    {
        let server = Server::start(Speaks::One);
        let plan = plan_for(
            &server.url(),
            "graceful_stop: 200ms\njourneys: { j: { steps: [ { get: /slow } ] }, \
             h: { weight: 0.1, steps: [ { get: /hang } ] } }\n\
             load: [ { phase: p, rate: 200/s, for: 1h } ]",
        );
        let seen = Arc::clone(&server.seen);
        let finished = play_beside(&plan, async move |control| {
            until(&seen, 100).await;
            control.send_replace(Some(how));
        });
        let record = finished.unwrap().record;
        let counts = sent(&record);
        assert!(counts.started >= 100);
        assert!(values(&record, "GET /slow", Metric::Response).len() > 10);
        let hanging = super::counts(&record, "GET /hang");
        assert_eq!(hanging.started, hanging.failed_by(ErrorKind::Interrupted));
        let end = record.end.unwrap();
        assert_eq!(end.reason, reason);
        assert!(end.lasted < Nanos::from_secs(5));
        // A request that was told to leave at the last moment may not have left.
        assert!(counts.started.abs_diff(server.seen.requests()) <= 5);
    }
}

#[test]
fn a_stop_before_the_start_is_heeded() {
    let server = Server::start(Speaks::One);
    let plan = plan_for(
        &server.url(),
        "journeys: { j: { steps: [ { get: /ok } ] } }\nload: [ { phase: p, rate: 10/s, for: 1h } ]",
    );
    let finished = play_beside(&plan, async |control| {
        control.send_replace(Some(Stop::Gracefully));
    });
    assert_eq!(finished.unwrap().record.end.unwrap().reason, StopReason::Interrupted);
}
