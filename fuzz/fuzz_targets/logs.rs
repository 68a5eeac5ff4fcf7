//! Any bytes as a log, in blocks of any size: how they are divided makes no difference, the built-in
//! rules find what they find line by line, and no sample is longer than it may be.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use loadgate::logs::{BuiltIn, BuiltInRule, MAX_LINE, MAX_SAMPLE, Masks, Pattern, Reader, Rules};

static RULES: LazyLock<(Arc<Rules>, Masks)> = LazyLock::new(|| {
    let all: Vec<_> =
        BuiltIn::ALL.into_iter().flat_map(BuiltIn::rules).map(BuiltInRule::rule).collect();
    (Arc::new(Rules::new(&all).expect("the built-in rules are rules")), Masks::new())
});

/// Lines, lines that were cut, and what was found.
fn read(log: &[u8], size: usize) -> (u64, u64, Vec<(usize, Vec<u8>)>) {
    let mut reader = Reader::new(Arc::clone(&RULES.0));
    let mut found = Vec::new();
    let mut take = |rule: usize, line: &[u8]| found.push((rule, line.to_vec()));
    log.chunks(size).for_each(|block| reader.read(block, &mut take));
    reader.finish(&mut take);
    (reader.lines(), reader.cut(), found)
}

fuzz_target!(|input: (u16, &[u8], &str)| {
    let (size, log, text) = input;
    let whole = read(log, log.len().max(1));
    assert_eq!(read(log, usize::from(size).max(1)), whole);
    for (rule, line) in &whole.2 {
        assert!(line.len() <= MAX_LINE && !line.contains(&b'\n'));
        let mut again = false;
        RULES.0.matching(line, &mut |other| again |= other == *rule);
        assert!(again);
        let sample = RULES.1.sample(line);
        assert!(sample.chars().count() <= MAX_SAMPLE && !sample.contains(char::is_control));
    }
    if let Ok(pattern) = text.parse::<Pattern>() {
        assert_eq!(pattern.as_str(), text);
    }
});
