//! The fault language by examples.

use std::time::Duration;

use super::*;

fn check(text: &str, want: &FaultKind) {
    let spec: FaultSpec = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(spec.kind(), want, "{text}");
    assert_eq!(spec.to_string(), text);
}

fn refuse(text: &str, want: &str) {
    let error = text.parse::<FaultSpec>().expect_err(text).to_string();
    assert_eq!(error, want, "{text}");
}

fn endpoint(text: &str) -> Endpoint {
    read_endpoint(Some(text))
}

#[test]
fn every_example_of_the_manual_is_understood() {
    let slow = |endpoint, by| FaultKind::SlowEndpoint { endpoint, by };
    check(
        "slow:endpoint=GET /api/farms,factor=2",
        &slow(endpoint("GET /api/farms"), Slowdown::Factor(2.0)),
    );
    check(
        "slow:endpoint=*,add=50ms",
        &slow(Endpoint(None), Slowdown::Add(Duration::from_millis(50))),
    );
    check(
        "slow:query=farm.findMany,factor=3",
        &FaultKind::SlowQuery { query: "farm.findMany".to_owned(), by: Slowdown::Factor(3.0) },
    );
    check("nplus1:query=farm.findMany", &FaultKind::NPlusOne { query: "farm.findMany".to_owned() });
    check(
        "errors:rate=5%",
        &FaultKind::Errors { rate: 0.05, endpoint: Endpoint(None), status: 503 },
    );
    check(
        "errors:rate=100%,endpoint=POST /api/orders,status=500",
        &FaultKind::Errors { rate: 1.0, endpoint: endpoint("POST /api/orders"), status: 500 },
    );
    let length = Duration::from_secs(1);
    let ten = Duration::from_secs(10);
    check("stall:for=1s,every=10s", &FaultKind::Stall { length, when: StallWhen::Every(ten) });
    check("stall:for=1s,at=10s", &FaultKind::Stall { length, when: StallWhen::At(ten) });
    check("stall:for=1s", &FaultKind::Stall { length, when: StallWhen::At(Duration::ZERO) });
    check("leak:rate=2MB/h", &FaultKind::Leak { bytes: 2_000_000, per: Duration::from_hours(1) });
    let half_minute = Some(Duration::from_secs(30));
    check("pool:hold=8,for=30s", &FaultKind::PoolHold { connections: 8, length: half_minute });
    check("close:rate=1%", &FaultKind::Close { rate: 0.01, endpoint: Endpoint(None) });
    check("truncate:rate=1%", &FaultKind::Truncate { rate: 0.01, endpoint: Endpoint(None) });
    check(
        "oversize:endpoint=GET /api/farms,size=20MB",
        &FaultKind::Oversize { endpoint: endpoint("GET /api/farms"), bytes: 20_000_000 },
    );
}

#[test]
fn errors_name_the_value_and_say_what_to_do() {
    refuse(
        "slwo:x=1",
        "unknown fault `slwo`\nhint: one of slow, nplus1, errors, stall, leak, pool, close, truncate, oversize",
    );
    refuse("errors:rate", "`rate` is not of the form key=value");
    refuse(
        "errors:rate=200%",
        "`200%` is not a value for `rate`\nhint: a share such as 5% or 0.05",
    );
    refuse("close:", "fault `close` needs rate\nhint: close:rate=1%");
    refuse("close:rate=1%,foo=2", "fault `close` does not take `foo` here\nhint: close:rate=1%");
    refuse("close:rate=1%,rate=2%", "fault `close` does not take `rate` here\nhint: close:rate=1%");
    refuse("pool:hold=0", "`0` is not a value for `hold`\nhint: a number of connections");
    refuse(
        "stall:for=2s,every=1s",
        "fault `stall` needs an `every` longer than `for`\nhint: stall:for=1s,every=10s or stall:for=1s,at=10s",
    );
    for wrong in [
        "slow:factor=2",
        "slow:query=a,endpoint=b,factor=2",
        "slow:query=a",
        "oversize:size=9GB",
        "",
    ] {
        assert!(wrong.parse::<FaultSpec>().is_err(), "{wrong}");
    }
}

#[test]
fn the_names_of_path_parameters_do_not_matter() {
    let fault = endpoint("GET /api/farms/{farmId}/reviews");
    assert!(fault.matches(&plain("GET /api/farms/{id}/reviews")));
    assert!(!fault.matches(&plain("GET /api/farms/{id}")));
    assert!(Endpoint(None).matches("anything"));
}
