//! Captured texts, and laws of the format.

use proptest::prelude::*;

use super::*;

/// Parts of what prom-client 15 on Node.js 22 and Go's client 1.20 say, 2026-11-23.
const CAPTURED: &str = r#"# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 61440000

# TYPE http_requests_total counter
http_requests_total{method="GET",code="200"} 1027 1395066363000
http_requests_total{method="POST",code="200"} 3
http_requests_total{method="GET",code="500"} 4 # {trace_id="abc"} 1.0
nodejs_eventloop_lag_p99_seconds 0.010616831
process_open_fds 23
odd{path="C:\\DIR\\FILE.TXT",error="Cannot find:\n\"}{\""} 1.458255915e9
no_value{a="b"}
nan_value NaN
http_request_duration_seconds_bucket{le="+Inf",} +Inf
"#;

fn wanted(selectors: &[&str]) -> Vec<Wanted> {
    selectors.iter().map(|text| Wanted::new(text, &text.parse().unwrap())).collect()
}

fn values(look: &Look) -> Vec<(&str, f64)> {
    look.readings.iter().map(|one| (one.what.as_str(), one.value)).collect()
}

#[test]
fn samples_are_read_with_labels_times_and_exemplars() {
    let all: Vec<_> = samples(CAPTURED).collect();
    assert_eq!(all.len(), 9, "{all:?}");
    let odd = all.iter().find(|sample| sample.metric == "odd").unwrap();
    let read: Vec<_> = labels(odd.labels).collect();
    assert_eq!(
        read,
        [
            ("path", Cow::Borrowed("C:\\DIR\\FILE.TXT")),
            ("error", Cow::Borrowed("Cannot find:\n\"}{\"")),
        ]
    );
    assert!(all.last().unwrap().value.is_infinite());
    assert_eq!(labels(all.last().unwrap().labels).count(), 1);
}

#[test]
fn gauges_are_added_up_and_counters_are_rates() {
    let mut all = wanted(&[
        "process_open_fds",
        "http_requests_total{code=\"200\"}",
        "http_requests_total",
        "nan_value",
    ]);
    let first = read(CAPTURED, &mut all, None).unwrap();
    assert_eq!(values(&first), [("process_open_fds", 23.0)], "a counter has no beginning yet");
    let later = CAPTURED.replace("1027", "1047").replace("code=\"200\"} 3", "code=\"200\"} 1");
    let second = read(&later, &mut all, Some(2.0)).unwrap();
    // 20 more of one, and one that begins anew with 1.
    assert_eq!(
        values(&second),
        [
            ("process_open_fds", 23.0),
            ("http_requests_total{code=\"200\"}", 10.5),
            ("http_requests_total", 10.5),
        ]
    );
    assert!(second.notes.is_empty(), "{:?}", second.notes);
}

#[test]
fn what_is_not_there_is_told() {
    let mut all = wanted(&["process_open_fds", "other{a=\"b\"}"]);
    let look = read(CAPTURED, &mut all, None).unwrap();
    assert_eq!(look.notes, ["`other{a=\"b\"}` was not read: there is no such series"]);
    let why = read("<!DOCTYPE html>\n<html></html>", &mut all, None).unwrap_err();
    assert!(why.contains("text format"), "{why}");
}

/// A label's value as it is written.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        metric in "[a-zA-Z_:][a-zA-Z0-9_:]{0,20}",
        written in proptest::collection::vec(("[a-zA-Z_][a-zA-Z0-9_]{0,8}", "\\PC{0,12}|[\"\\\\\n{},= ]{0,8}"), 0..4),
        value in -1e15..1e15_f64,
    ) {
        let inner: Vec<String> =
            written.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let line = format!("{metric}{{{}}} {value}", inner.join(","));
        let all: Vec<_> = samples(&line).collect();
        prop_assert_eq!(all.len(), 1, "{}", line);
        prop_assert_eq!(all[0].metric, &metric);
        prop_assert_eq!(all[0].value.to_bits(), value.to_bits());
        let read: Vec<(String, String)> =
            labels(all[0].labels).map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn nothing_that_is_read_makes_a_crash(text in "\\PC{0,200}|[a{}=\",\\\\ 1#\n]{0,100}") {
        for sample in samples(&text) {
            labels(sample.labels).for_each(drop);
        }
    }
}
