//! JUnit XML, as runners write it: a `testcase` for each test, with `failure`, `error` or
//! `skipped` inside.
//!
//! The cases are counted. What the head of a suite says of them is only held against that, because
//! runners disagree on whether it counts what was skipped.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{SuiteError, Tally};

/// How deep suites may be nested.
const MAX_DEPTH: usize = 64;

/// What is known of the test that is being read.
#[derive(Default)]
struct Case {
    name: String,
    failed: bool,
    skipped: bool,
    flaky: bool,
}

pub(super) fn read(bytes: &[u8]) -> Result<Tally, SuiteError> {
    let broken = |error: &dyn std::fmt::Display| SuiteError::Xml(error.to_string());
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader::from_str(&text);
    let mut file = File::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => file.open(&element, Ends::Later)?,
            Ok(Event::Empty(element)) => file.open(&element, Ends::AtOnce)?,
            Ok(Event::End(element)) => file.close(element.local_name().as_ref()),
            Ok(Event::Eof) => break,
            Ok(
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_),
            ) => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    file.finish()
}

/// Whether an element has anything inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    AtOnce,
    Later,
}

#[derive(Default)]
struct File {
    tally: Tally,
    case: Option<Case>,
    depth: usize,
    /// Whether the root is one of JUnit's.
    known: bool,
    /// What the outermost suites say that they have.
    said: u64,
}

impl File {
    fn open(&mut self, element: &BytesStart<'_>, ends: Ends) -> Result<(), SuiteError> {
        let name = element.local_name();
        let name = name.as_ref();
        if self.depth == 0 {
            self.known |= name == "testsuites" || name == "testsuite";
            if !self.known {
                return Err(SuiteError::Unknown);
            }
        }
        if self.depth >= MAX_DEPTH {
            return Err(SuiteError::Xml(format!("nested deeper than {MAX_DEPTH}")));
        }
        let of_root = self.depth == 0;
        if name == "testsuites" || (name == "testsuite" && of_root) {
            self.said = attribute(element, "tests").and_then(|text| text.parse().ok()).unwrap_or(0);
        }
        match (name, &mut self.case) {
            ("testcase", _) => self.case = Some(case(element)),
            ("failure" | "error", Some(case)) => case.failed = true,
            ("skipped", Some(case)) => case.skipped = true,
            // Maven's runner tells so of tests that passed at another try.
            ("flakyFailure" | "flakyError", Some(case)) => case.flaky = true,
            _ => {}
        }
        match ends {
            Ends::Later => self.depth += 1,
            Ends::AtOnce => self.count(name),
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.count(name);
    }

    fn count(&mut self, name: &str) {
        let ended = if name == "testcase" { self.case.take() } else { None };
        let Some(case) = ended else { return };
        if case.failed {
            self.tally.fail(case.name);
        } else if case.skipped {
            self.tally.skipped += 1;
        } else {
            self.tally.passed += 1;
            self.tally.flaky += u64::from(case.flaky);
        }
    }

    fn finish(self) -> Result<Tally, SuiteError> {
        if !self.known {
            return Err(SuiteError::Unknown);
        }
        if self.depth > 0 {
            return Err(SuiteError::Xml("it ends in the middle".to_owned()));
        }
        let found = self.tally.done().saturating_add(self.tally.skipped);
        // A head that says more than there is: the writer was killed, or a part was cut out.
        if self.said > found {
            return Err(SuiteError::Torn { said: self.said, found });
        }
        Ok(self.tally)
    }
}

/// A test before anything is known of its end. Some runners say it in an attribute.
fn case(element: &BytesStart<'_>) -> Case {
    let name = attribute(element, "name").unwrap_or_default();
    let class = attribute(element, "classname").unwrap_or_default();
    let name = if class.is_empty() || class == name { name } else { format!("{class} › {name}") };
    let status = attribute(element, "status").unwrap_or_default();
    let failed = matches!(status.as_str(), "failed" | "error");
    let skipped = matches!(status.as_str(), "skipped" | "disabled" | "notrun" | "pending");
    Case { name, failed, skipped, flaky: false }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|one| one.key.local_name().as_ref() == name)?;
    let text = found.value.to_string();
    Some(quick_xml::escape::unescape(&text).map_or_else(|_raw| text.clone(), Into::into))
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
    fn cases_are_counted_by_what_is_inside() {
        check(
            r#"<?xml version="1.0"?><testsuites tests="6"><testsuite name="a">
            <testcase name="one" classname="a.spec"/>
            <testcase name="two &amp; three" classname="a.spec"><failure message="no">x</failure></testcase>
            <testcase name="four"><error/></testcase>
            <testcase name="five"><skipped/></testcase>
            </testsuite><testsuite><testsuite><testcase name="six"><system-out><![CDATA[<failure/>]]></system-out></testcase>
            <testcase name="seven"><flakyFailure/></testcase></testsuite></testsuite></testsuites>"#,
            (3, 2, 1, 1),
            &["a.spec › two & three", "four"],
        );
        check(
            r#"<testsuite tests="1"><testcase name="x" status="failed"/></testsuite>"#,
            (0, 1, 0, 0),
            &["x"],
        );
        check(r#"<testsuite><testcase name="x" status="notrun"/></testsuite>"#, (0, 0, 1, 0), &[]);
        check("<testsuites/>", (0, 0, 0, 0), &[]);
    }

    #[test]
    fn a_file_with_a_part_cut_out_is_no_evidence() {
        let torn = read(
            br#"<testsuites tests="3"><testsuite><testcase name="a"/></testsuite></testsuites>"#,
        );
        assert_eq!(torn, Err(SuiteError::Torn { said: 3, found: 1 }));
        for cut in
            ["<testsuite><testcase name='a'/>", "<testsuite><testcase name='a'>", "<testsuite"]
        {
            assert!(matches!(read(cut.as_bytes()), Err(SuiteError::Xml(_))), "{cut}");
        }
        let deep = "<testsuite>".repeat(100);
        assert!(matches!(read(deep.as_bytes()), Err(SuiteError::Xml(_))));
    }
}
