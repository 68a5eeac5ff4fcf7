//! Any text as an answer in Prometheus' format, and any selector: what is read are parts of it,
//! and a sample that is written again is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::monitor::prometheus::{labels, samples};
use loadgate::scenario::MetricSelector;

fuzz_target!(|text: &str| {
    for sample in samples(text) {
        assert!(text.contains(sample.metric) && text.contains(sample.labels));
        let all: Vec<_> = labels(sample.labels).collect();
        let again = format!("{}{{{}}} {}", sample.metric, sample.labels, sample.value);
        let read: Vec<_> = samples(&again).collect();
        assert_eq!(read.len(), 1, "{again}");
        assert_eq!(read[0].metric, sample.metric);
        assert_eq!(labels(read[0].labels).collect::<Vec<_>>(), all);
    }
    if let Ok(selector) = text.parse::<MetricSelector>() {
        let again: MetricSelector = selector.source().parse().unwrap();
        assert_eq!(again, selector);
        assert!(!selector.takes("", |_| None));
    }
});
