//! A server that stands still: the figures that coordinated omission would hide.

use super::*;

/// Answers in 1 ms, and what arrives from `from` to `to` in 1 ms after `to`, all at once.
fn freezing(from: Nanos, to: Nanos) -> impl FnMut(&Request, Nanos) -> Said {
    move |_, now| {
        let begin = if (from..to).contains(&now) { to } else { now };
        (begin + MS, status(200))
    }
}

fn thousand_a_second(more: &str) -> Arc<Plan> {
    plan_of(&format!(
        "journeys: {{ j: {{ steps: [ {{ get: / }} ] }} }}\n\
         load: [ {{ phase: steady, rate: 1000/s, for: 10s{more} }} ]"
    ))
}

/// 10,000 requests, one each millisecond; those of second 3, 1,000 of them, are answered at
/// 4.001 s and take 1,001 ms, 1,000 ms, … 2 ms. The other 9,000 take 1 ms. By rank:
/// P90 is number 9,000, the last of the quick ones: 1 ms. P95 is number 9,500, the 500th of the
/// slow ones: 501 ms. P99: the 900th, 901 ms. P99.9: the 990th, 991 ms.
#[test]
fn a_stall_of_one_second_is_in_every_percentile_above_ninety() {
    let ran = play(&thousand_a_second(""), freezing(ms(3_000), ms(4_000)));
    let response = ran.values("GET /", Metric::Response);
    assert_eq!(response.len(), 10_000);
    for (quantile, want) in [(0.5, 1), (0.9, 1), (0.95, 501), (0.99, 901), (0.999, 991)] {
        assert_near(response.at(quantile), ms(want));
    }
    assert_near(response.max(), ms(1_001));
    assert_near(response.min(), MS);
    // Nothing queued in loadgate, so the server's own view is the same.
    assert_eq!(ran.values("GET /", Metric::Duration), response);
    assert_eq!(ran.values("run", Metric::ScheduleLag).max(), Some(Nanos::ZERO));
    assert_eq!(ran.journeys().dropped, 0);
}

/// One after the other from the end of the freeze: the k-th waiting request is done at
/// 4 s + 1 ms · (k + 1) and had been waiting since 3 s + 1 ms · k: every one of the 1,000 takes
/// 1,001 ms, and so does everything after it, because 1 ms a request is all the server can do.
#[test]
fn a_server_that_works_off_its_queue_never_catches_up_at_its_limit() {
    let mut free = Nanos::ZERO;
    let ran = play(&thousand_a_second(""), move |_, now| {
        let frozen = (ms(3_000)..ms(4_000)).contains(&now);
        free = free.max(if frozen { ms(4_000) } else { now }) + MS;
        (free, status(200))
    });
    let response = ran.values("GET /", Metric::Response);
    assert_eq!(response.len(), 10_000);
    assert_near(response.at(0.3), MS);
    for quantile in [0.301, 0.5, 0.99, 1.0] {
        assert_near(response.at(quantile), ms(1_001));
    }
}

/// At most 64 at a time: of the 1,000 starts of the freeze 64 can be made, and after it all.
#[test]
fn starts_beyond_the_most_users_are_counted_as_dropped_and_never_skipped() {
    let ran = play(&thousand_a_second(", max_users: 64"), freezing(ms(3_000), ms(4_000)));
    let journeys = ran.journeys();
    assert_eq!(journeys.started + journeys.dropped, 10_000);
    // The answers come at 4.001 s, before the start that is due then; the one at 4 s is dropped.
    assert_eq!(journeys.dropped, 1_000 - 64 + 1);
    assert_eq!(ran.sent(), journeys.started);
    assert_near(ran.values("GET /", Metric::Response).max(), ms(1_001));
}

/// The table of docs/coordinated-omission.md: 100/s for 60 s, a stall of 2 s at second 10.
/// 200 of 6,000 requests are slow: 2,001 ms, 1,991 ms, … 11 ms. P99 is number 5,940, the 140th
/// of the slow ones: 11 + 139 · 10 = 1,401 ms; P99.9 the 194th: 1,941 ms.
#[test]
fn the_table_of_the_page_on_coordinated_omission_is_right() {
    let open = plan_of(
        "journeys: { j: { steps: [ { get: / } ] } }\n\
         load: [ { phase: steady, rate: 100/s, for: 60s } ]",
    );
    let ran = play(&open, freezing(ms(10_000), ms(12_000)));
    let response = ran.values("GET /", Metric::Response);
    assert_eq!(response.len(), 6_000);
    assert_eq!(response.values().filter(|(at, _)| *at > ms(10)).map(|(_, n)| n).sum::<u64>(), 200);
    assert_near(response.at(0.95), MS);
    assert_near(response.at(0.99), ms(1_401));
    assert_near(response.at(0.999), ms(1_941));
    assert_near(response.max(), ms(2_001));

    // The same system with somebody who waits for each answer.
    let closed = plan_of(
        "journeys: { j: { steps: [ { get: / }, { think: 9ms } ] } }\n\
         load: [ { phase: steady, users: 1, for: 60s } ]",
    );
    let ran = play(&closed, freezing(ms(10_000), ms(12_000)));
    let response = ran.values("GET /", Metric::Response);
    assert!(response.len().abs_diff(5_800) <= 1, "{}", response.len());
    assert_eq!(response.values().filter(|(at, _)| *at > ms(10)).map(|(_, n)| n).sum::<u64>(), 1);
    assert_near(response.at(0.99), MS);
    assert_near(response.at(0.999), MS);
    assert_near(response.max(), ms(2_001));
}
