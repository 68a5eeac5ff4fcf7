//! `results`: what a test runner has written, judged by the share of tests that passed.

use std::fs;

use super::place::{self, Found};
use super::{Tried, files, some};
use crate::plan::checks::ResultsCheck;
use crate::suites::{self, MAX_BYTES, Tally};
use crate::units::Ratio;

/// The most names of failed tests that are told.
const MAX_TOLD: usize = 3;

/// What is wanted.
pub(super) fn expected(check: &ResultsCheck) -> String {
    let least = some(check.min_count.into(), "test", "tests");
    format!("at least {} of {least} or more pass", check.pass_rate)
}

/// Reads all files and adds them up.
pub(super) fn read(check: &ResultsCheck, now_unix_ns: u64) -> Tried {
    let found = match place::find(&check.pattern) {
        Ok(found) if found.is_empty() => return Tried::failed("no results are there"),
        Ok(found) => found,
        Err(why) => return Tried::failed(why),
    };
    let mut all = Tally::default();
    for file in &found {
        if let Some(why) = files::stale(file, check.max_age, now_unix_ns) {
            return Tried::failed(why);
        }
        match tally(file) {
            Ok(tally) => all.merge(tally),
            Err(why) => return Tried::failed(format!("`{}`: {why}", file.path.display())),
        }
    }
    judge(check, &all)
}

fn tally(file: &Found) -> Result<Tally, String> {
    // Its length is looked at before it is read into memory.
    if usize::try_from(file.bytes).is_ok_and(|bytes| bytes > MAX_BYTES) {
        return Err(format!("it has {} bytes, the most is {MAX_BYTES}", file.bytes));
    }
    let bytes = fs::read(&file.path).map_err(|error| error.to_string())?;
    suites::read(&bytes).map_err(|error| error.to_string())
}

fn judge(check: &ResultsCheck, all: &Tally) -> Tried {
    let Some(share) = Ratio::of(all.passed, all.done()) else {
        return Tried::failed("no test was done, so that nothing is shown");
    };
    let mut told =
        format!("{} of {} passed, {share}", all.passed, some(all.done(), "test", "tests"));
    if all.skipped > 0 {
        told += &format!(", {} skipped", all.skipped);
    }
    if all.flaky > 0 {
        told += &format!(", {} only at another try", all.flaky);
    }
    if !all.names.is_empty() {
        let names: Vec<String> =
            all.names.iter().take(MAX_TOLD).map(|name| format!("`{name}`")).collect();
        let more = all.failed.saturating_sub(u64::try_from(names.len()).unwrap_or(u64::MAX));
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        told += &format!("; failed: {}{more}", names.join(", "));
    }
    let enough = all.done() >= u64::from(check.min_count);
    let good = enough && share >= check.pass_rate;
    if good { Tried::passed(told) } else { Tried::failed(told) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::CheckOutcome;

    #[track_caller]
    fn check(passed: u64, failed: u64, min_count: u32, want: (CheckOutcome, &str)) {
        let check = ResultsCheck {
            pattern: String::new(),
            pass_rate: Ratio(0.95),
            min_count,
            max_age: None,
        };
        let names = (0..failed.min(4)).map(|at| format!("t{at}")).collect();
        let tried = judge(&check, &Tally { passed, failed, names, ..Tally::default() });
        assert_eq!((tried.outcome.unwrap(), tried.found.as_str()), want);
    }

    #[test]
    fn the_share_that_passed_decides_and_no_tests_are_none_that_passed() {
        use CheckOutcome::{Failed, Passed};
        check(
            95,
            5,
            1,
            (Passed, "95 of 100 tests passed, 95%; failed: `t0`, `t1`, `t2` and 2 more"),
        );
        check(
            94,
            6,
            1,
            (Failed, "94 of 100 tests passed, 94%; failed: `t0`, `t1`, `t2` and 3 more"),
        );
        check(1, 0, 1, (Passed, "1 of 1 test passed, 100%"));
        check(9, 0, 10, (Failed, "9 of 9 tests passed, 100%"));
        check(0, 0, 1, (Failed, "no test was done, so that nothing is shown"));
    }
}
