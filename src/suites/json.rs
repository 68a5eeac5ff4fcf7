//! JSON of test runners: Playwright's reporter, and the format of Jest that Vitest writes, too.

use serde::Deserialize;
use serde_json::Value;

use super::{SuiteError, Tally};

/// How deep Playwright's suites may be nested.
const MAX_DEPTH: usize = 64;

pub(super) fn read(bytes: &[u8]) -> Result<Tally, SuiteError> {
    let document: Value =
        serde_json::from_slice(bytes).map_err(|error| SuiteError::Json(error.to_string()))?;
    if document.get("testResults").is_some() {
        let jest = Jest::deserialize(&document);
        return jest.map_err(|_other| SuiteError::Unknown)?.tally();
    }
    if document.get("suites").is_some() {
        let playwright = Playwright::deserialize(&document);
        return playwright.map_err(|_other| SuiteError::Unknown)?.tally();
    }
    Err(SuiteError::Unknown)
}

/// What `playwright test --reporter=json` writes.
#[derive(Deserialize)]
struct Playwright {
    suites: Vec<Suite>,
    /// What went wrong outside of any test: a file that could not be read.
    #[serde(default)]
    errors: Vec<Value>,
    stats: Option<Stats>,
}

#[derive(Deserialize)]
struct Suite {
    #[serde(default)]
    title: String,
    #[serde(default)]
    suites: Vec<Suite>,
    #[serde(default)]
    specs: Vec<Spec>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    title: String,
    /// One for each project (browser) that the spec runs in.
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    #[serde(default)]
    project_name: String,
    /// `expected`, `unexpected`, `flaky` or `skipped`.
    status: String,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    expected: u64,
    #[serde(default)]
    skipped: u64,
    #[serde(default)]
    unexpected: u64,
    #[serde(default)]
    flaky: u64,
}

impl Playwright {
    fn tally(self) -> Result<Tally, SuiteError> {
        let mut tally = Tally::default();
        for suite in &self.suites {
            suite.count("", 0, &mut tally)?;
        }
        for _error in &self.errors {
            tally.fail("an error outside of any test".to_owned());
        }
        if let Some(stats) = self.stats {
            let Stats { expected, skipped, unexpected, flaky } = stats;
            let said = expected.saturating_add(skipped).saturating_add(unexpected);
            let said = said.saturating_add(flaky);
            let found = tally.done().saturating_add(tally.skipped);
            if said > found {
                return Err(SuiteError::Torn { said, found });
            }
        }
        Ok(tally)
    }
}

impl Suite {
    fn count(&self, above: &str, depth: usize, tally: &mut Tally) -> Result<(), SuiteError> {
        if depth >= MAX_DEPTH {
            return Err(SuiteError::Json(format!("suites nested deeper than {MAX_DEPTH}")));
        }
        let path = joined(above, &self.title);
        for spec in &self.specs {
            for test in &spec.tests {
                match test.status.as_str() {
                    "expected" => tally.passed += 1,
                    "flaky" => {
                        tally.passed += 1;
                        tally.flaky += 1;
                    }
                    "skipped" => tally.skipped += 1,
                    // What is not known is not passed.
                    _ => {
                        let name = joined(&path, &spec.title);
                        let project = test.project_name.as_str();
                        let of = if project.is_empty() {
                            String::new()
                        } else {
                            format!(" [{project}]")
                        };
                        tally.fail(format!("{name}{of}"));
                    }
                }
            }
        }
        self.suites.iter().try_for_each(|suite| suite.count(&path, depth + 1, tally))
    }
}

fn joined(above: &str, title: &str) -> String {
    match (above, title) {
        ("", title) => title.to_owned(),
        (above, "") => above.to_owned(),
        (above, title) => format!("{above} › {title}"),
    }
}

/// What `vitest --reporter=json` and `jest --json` write.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Jest {
    test_results: Vec<JestFile>,
    #[serde(default)]
    num_total_tests: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JestFile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    assertion_results: Vec<JestTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JestTest {
    #[serde(default)]
    full_name: String,
    #[serde(default)]
    title: String,
    status: String,
}

impl Jest {
    fn tally(self) -> Result<Tally, SuiteError> {
        let mut tally = Tally::default();
        for file in self.test_results {
            let before = tally.failed;
            for test in file.assertion_results {
                match test.status.as_str() {
                    "passed" => tally.passed += 1,
                    "skipped" | "pending" | "todo" | "disabled" => tally.skipped += 1,
                    _ if test.full_name.is_empty() => tally.fail(test.title),
                    _ => tally.fail(test.full_name),
                }
            }
            // A file that could not even be loaded has no tests, and counts in no total.
            if file.status == "failed" && tally.failed == before {
                tally.fail(file.name);
            }
        }
        let found = tally.done().saturating_add(tally.skipped);
        if self.num_total_tests > found {
            return Err(SuiteError::Torn { said: self.num_total_tests, found });
        }
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: (u64, u64, u64, u64), names: &[&str]) {
        let tally = read(text.as_bytes()).unwrap();
        assert_eq!((tally.passed, tally.failed, tally.skipped, tally.flaky), want, "{text}");
        assert_eq!(tally.names, names);
    }

    #[test]
    fn playwrights_specs_count_once_for_each_project() {
        check(
            r#"{"suites":[{"title":"shop.spec.ts","specs":[{"title":"logs in","tests":[
                {"projectName":"chromium","status":"expected"},{"projectName":"firefox","status":"unexpected"}]}],
                "suites":[{"title":"cart","specs":[{"title":"adds","tests":[{"status":"flaky"}]},
                {"title":"later","tests":[{"status":"skipped"}]}]}]}],
                "errors":[],"stats":{"expected":1,"skipped":1,"unexpected":1,"flaky":1}}"#,
            (2, 1, 1, 1),
            &["shop.spec.ts › logs in [firefox]"],
        );
        check(
            r#"{"suites":[],"errors":[{"message":"SyntaxError"}]}"#,
            (0, 1, 0, 0),
            &["an error outside of any test"],
        );
    }

    #[test]
    fn a_file_of_vitest_that_could_not_be_loaded_is_a_failure() {
        check(
            r#"{"numTotalTests":3,"testResults":[{"name":"/a.test.ts","status":"failed","assertionResults":[
                {"fullName":"a passes","status":"passed"},{"fullName":"a fails","status":"failed"},
                {"fullName":"a waits","status":"pending"}]},
                {"name":"/b.test.ts","status":"failed","assertionResults":[]}]}"#,
            (1, 2, 1, 0),
            &["a fails", "/b.test.ts"],
        );
    }

    #[test]
    fn a_file_that_counts_more_than_it_has_is_no_evidence() {
        let torn = read(br#"{"numTotalTests":3,"testResults":[]}"#);
        assert_eq!(torn, Err(SuiteError::Torn { said: 3, found: 0 }));
        let torn = read(br#"{"suites":[],"stats":{"expected":2}}"#);
        assert_eq!(torn, Err(SuiteError::Torn { said: 2, found: 0 }));
        assert_eq!(read(br#"{"suites":3}"#), Err(SuiteError::Unknown));
        assert_eq!(read(br#"{"testResults":[{"status":1}]}"#), Err(SuiteError::Unknown));
    }
}
