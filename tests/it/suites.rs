//! Files that real runners have written, each of the same few tests: Vitest 4.1.12 and Playwright
//! 1.65.1, captured in 2026.

use loadgate::suites::{SuiteError, read};

fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/suites/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

/// Passed, failed, skipped, flaky.
#[track_caller]
fn check(name: &str, want: (u64, u64, u64, u64), failed: &[&str]) {
    let tally = read(&sample(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((tally.passed, tally.failed, tally.skipped, tally.flaky), want, "{name}");
    assert_eq!(tally.names, failed, "{name}");
}

#[test]
fn vitest_says_the_same_in_both_formats() {
    check("vitest-4.1.json", (2, 2, 2, 0), &["/shop/broken.test.ts", "cart fails"]);
    check("vitest-4.1.xml", (2, 2, 2, 0), &["broken.test.ts", "shop.test.ts › cart > fails"]);
}

#[test]
fn playwright_counts_each_project_and_tells_what_was_flaky() {
    let failed = ["shop.spec.ts › cart › fails [api]", "shop.spec.ts › cart › fails [second]"];
    check("playwright-1.65.json", (4, 2, 2, 2), &failed);
    // Its XML says nothing of what passed only at another try.
    let failed = ["shop.spec.ts › cart › fails"; 2];
    check("playwright-1.65.xml", (4, 2, 2, 0), &failed);
}

#[test]
fn a_file_that_was_cut_off_is_never_read_as_a_whole_one() {
    for name in ["vitest-4.1.json", "vitest-4.1.xml", "playwright-1.65.json", "playwright-1.65.xml"]
    {
        let whole = sample(name);
        let end = whole.trim_ascii_end().len();
        for at in (0..end).step_by(97).chain([end - 1]) {
            let cut = read(&whole[..at]);
            assert!(cut.is_err(), "{name} cut at {at}: {cut:?}");
        }
    }
    assert!(matches!(read(b"{\"suites\":[]"), Err(SuiteError::Json(_))));
}
