//! The stall test on real sockets: the percentiles against the server's own stamps.

use super::*;

/// The server stands still for a second, once, and with it all that is on its thread. Its stamps
/// say when each request was answered; the schedule says when each was meant to start: number k
/// at k ms after the first. What loadgate reports has to be that, to 2 % (or 10 ms, for a machine
/// that takes the processor away).
#[test]
fn stall_of_a_real_server_is_in_the_percentiles() {
    let server = Server::start(Speaks::One);
    let plan = plan_for(
        &server.url(),
        "http: { headers: { x-seq: '${seq}' } }\njourneys: { j: { steps: [ { get: /freeze } ] } }\n\
         load: [ { phase: p, rate: 1000/s, for: 10s } ]",
    );
    let record = play(&plan);
    let counts = sent(&record);
    assert_eq!((counts.started, counts.failed()), (10_000, 0));

    let stamps = server.seen.stamps();
    // Since the first request; how late it was itself is what no other one was less than.
    let first = stamps.values().map(|(came, _)| *came).min().unwrap();
    let since = |at: std::time::Instant| Nanos::from(at.duration_since(first));
    let early = stamps.iter().map(|(k, (came, _))| Nanos::from_millis(*k) - since(*came)).max();
    let mut truth: Vec<Nanos> = stamps
        .iter()
        .map(|(k, (_, answered))| since(*answered) + early.unwrap() - Nanos::from_millis(*k))
        .collect();
    truth.sort_unstable();
    let response = values(&record, "GET /freeze", Metric::Response);
    for per_mille in [900, 950, 990, 999, 1_000] {
        let want = truth[per_mille * 10 - 1];
        let got = response.at(f64::from(u16::try_from(per_mille).unwrap()) / 1_000.0).unwrap();
        let allowed = want.0.div_euclid(50).max(10_000_000);
        assert!(got.0.abs_diff(want.0) <= allowed, "{per_mille} ‰: {got}, truth {want}");
    }
    assert!(response.at(0.99).unwrap() > Nanos::from_millis(850));
}
