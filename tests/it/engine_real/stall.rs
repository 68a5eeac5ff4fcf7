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
    // The first of all knows when the run began, later ones by their own distance from it.
    let began =
        stamps.iter().map(|(k, (came, _))| *came - Duration::from_millis(*k)).min().unwrap();
    let mut truth: Vec<Nanos> = stamps
        .iter()
        .map(|(k, (_, answered))| (*answered - began - Duration::from_millis(*k)).into())
        .collect();
    truth.sort_unstable();
    let response = values(&record, "GET /freeze", Metric::Response);
    for quantile in [0.90, 0.95, 0.99, 0.999, 1.0] {
        let rank = (quantile * truth.len() as f64).ceil() as usize;
        let (want, got) = (truth[rank - 1], response.at(quantile).unwrap());
        let allowed = (want.0 / 50).max(10_000_000);
        assert!(got.0.abs_diff(want.0) <= allowed, "P{}: {got}, truth {want}", quantile * 100.0);
    }
    assert!(response.at(0.99).unwrap() > Nanos::from_millis(850));
}
