//! What test runners write, read into counts: JUnit XML, and JSON of Playwright, Vitest and Jest.

mod json;
mod junit;

use thiserror::Error;

/// The most bytes of one file that are read: a suite of 10,000 tests with long traces has some 20
/// MB.
pub const MAX_BYTES: usize = 64 << 20;

/// The most names of failed tests that are kept; the others are counted.
pub const MAX_NAMES: usize = 20;

/// How many tests there were, and how they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed, those among them that needed more than one try.
    pub passed: u64,
    /// Tests that failed or could not be run.
    pub failed: u64,
    /// Tests that were left out on purpose.
    pub skipped: u64,
    /// Tests among the passed ones that failed at first.
    pub flaky: u64,
    /// Names of tests that failed, the first [`MAX_NAMES`] of them.
    pub names: Vec<String>,
}

impl Tally {
    /// Tests that were done.
    pub fn done(&self) -> u64 {
        self.passed.saturating_add(self.failed)
    }

    /// Adds what another file says.
    pub fn merge(&mut self, other: Self) {
        let Self { passed, failed, skipped, flaky, names } = other;
        self.passed = self.passed.saturating_add(passed);
        self.failed = self.failed.saturating_add(failed);
        self.skipped = self.skipped.saturating_add(skipped);
        self.flaky = self.flaky.saturating_add(flaky);
        let room = MAX_NAMES.saturating_sub(self.names.len());
        self.names.extend(names.into_iter().take(room));
    }

    fn fail(&mut self, name: String) {
        self.failed = self.failed.saturating_add(1);
        if self.names.len() < MAX_NAMES {
            self.names.push(name);
        }
    }
}

/// A file that says nothing of tests.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SuiteError {
    /// It is longer than [`MAX_BYTES`].
    #[error("it has {0} bytes, the most is 64 MiB")]
    TooLong(usize),
    /// It is cut off or was never XML.
    #[error("not XML: {0}")]
    Xml(String),
    /// It is cut off or was never JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// It is well formed, and of no runner that is known.
    #[error("no results of tests: JUnit XML and JSON of Playwright, Vitest and Jest are read")]
    Unknown,
    /// It counts otherwise than its own head does, so that a part of it is missing.
    #[error("it says that it has {said} tests, and has {found}")]
    Torn {
        /// What its head says.
        said: u64,
        /// What is in it.
        found: u64,
    },
}

/// Reads a file of results, whatever its name is.
pub fn read(bytes: &[u8]) -> Result<Tally, SuiteError> {
    if bytes.len() > MAX_BYTES {
        return Err(SuiteError::TooLong(bytes.len()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<') => junit::read(bytes),
        Some(b'{') => json::read(bytes),
        Some(_) | None => Err(SuiteError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_result_is_refused() {
        for nothing in ["", "  ", "tests: 3", "[]", "{}", "<html></html>", "{\"tests\": 3}"] {
            assert_eq!(read(nothing.as_bytes()), Err(SuiteError::Unknown), "{nothing}");
        }
        assert!(matches!(read(b"{\"suites\": ["), Err(SuiteError::Json(_))));
        assert!(matches!(read(b"<testsuites><testsuite>"), Err(SuiteError::Xml(_))));
    }

    #[test]
    fn files_add_up_and_names_have_a_limit() {
        let one = || Tally {
            passed: 3,
            failed: 15,
            skipped: 1,
            flaky: 1,
            names: (0..15).map(|at| format!("t{at}")).collect(),
        };
        let mut all = one();
        all.merge(one());
        assert_eq!((all.passed, all.failed, all.skipped, all.flaky), (6, 30, 2, 2));
        assert_eq!((all.done(), all.names.len()), (36, MAX_NAMES));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read(&bytes));
            for head in ["<testsuite>", "{\"suites\":", "<testsuite><testcase name='"] {
                drop(read(format!("{head}{text}").as_bytes()));
            }
        }
    }
}
