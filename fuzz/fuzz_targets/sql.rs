//! Any text as a statement: its normal form is its own normal form and within its limit, and its
//! parts are parts of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::sql::{MAX_FORM, MAX_NAME, Normal, statements, traceparent, without_comments};

fuzz_target!(|text: &str| {
    let normal = Normal::of(text);
    assert!(normal.text.len() <= MAX_FORM + 3);
    assert!(normal.name.chars().count() <= MAX_NAME);
    let again = Normal::of(&normal.text);
    assert_eq!((&again.text, &again.name), (&normal.text, &normal.name));
    let parts = statements(text).map(str::len).sum::<usize>();
    assert!(parts <= text.len());
    assert!(text.contains(without_comments(text)));
    assert!(traceparent(text).is_none_or(|value| value.len() == 55));
});
