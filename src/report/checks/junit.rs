//! Checks as JUnit XML: a suite for each profile and each journey, a case for each check and step.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Checked;
use crate::record::{CheckOutcome, CheckReport, CheckRow};
use crate::report::figures::rfc3339;
use crate::report::junit::{line, seconds, timestamp, token};
use crate::units::Nanos;

type Xml = Writer<Vec<u8>>;

/// The whole document.
pub fn junit(checked: &Checked, host: &str) -> io::Result<String> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites: Vec<Suite<'_>> = checked.reports.iter().flat_map(suites).collect();
    xml.create_element("testsuites").write_inner_content(|xml| {
        suites.iter().enumerate().try_for_each(|(number, suite)| write(xml, number, suite, host))
    })?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

struct Suite<'a> {
    name: String,
    report: &'a CheckReport,
    rows: Vec<&'a CheckRow>,
    time: Nanos,
}

/// The checks of a profile, and the steps of each of its journeys.
fn suites(report: &CheckReport) -> Vec<Suite<'_>> {
    let profile = report.profile.as_str();
    let checks = report.rows.iter().filter(|row| row.step.is_none()).collect();
    let mut suites =
        vec![Suite { name: profile.to_owned(), report, rows: checks, time: report.lasted }];
    for row in &report.rows {
        if row.step.is_none() {
            let name = format!("{profile}.{}", row.name);
            suites.push(Suite { name, report, rows: Vec::new(), time: row.took });
        } else if let Some(suite) = suites.last_mut() {
            suite.rows.push(row);
        }
    }
    suites.retain(|suite| !suite.rows.is_empty());
    suites
}

fn write(xml: &mut Xml, number: usize, suite: &Suite<'_>, host: &str) -> io::Result<()> {
    let count = |wanted: CheckOutcome| {
        suite.rows.iter().filter(|row| row.outcome == wanted).count().to_string()
    };
    let name = token(&suite.name, "checks");
    let started = rfc3339(suite.report.started_unix_ns);
    xml.create_element("testsuite")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("package", "loadgate.check"))
        .with_attribute(("id", number.to_string().as_str()))
        .with_attribute(("timestamp", timestamp(&started)))
        .with_attribute(("hostname", token(host, "localhost").as_str()))
        .with_attribute(("tests", suite.rows.len().to_string().as_str()))
        .with_attribute(("failures", count(CheckOutcome::Failed).as_str()))
        .with_attribute(("errors", "0"))
        .with_attribute(("skipped", count(CheckOutcome::Skipped).as_str()))
        .with_attribute(("time", seconds(suite.time).as_str()))
        .write_inner_content(|xml| {
            xml.create_element("properties").write_inner_content(|xml| {
                let target = &suite.report.target;
                let mut facts = vec![("target", target.url.as_str())];
                facts.extend(target.version.as_deref().map(|version| ("target_version", version)));
                facts.into_iter().try_for_each(|(name, value)| {
                    xml.create_element("property")
                        .with_attribute(("name", name))
                        .with_attribute(("value", line(value).as_str()))
                        .write_empty()
                        .map(drop)
                })
            })?;
            suite.rows.iter().try_for_each(|row| case(xml, &name, row))?;
            xml.create_element("system-out").write_empty()?;
            xml.create_element("system-err").write_empty()?;
            Ok(())
        })?;
    Ok(())
}

fn case(xml: &mut Xml, class: &str, row: &CheckRow) -> io::Result<()> {
    let name = match &row.step {
        Some(step) => format!("{} ({})", row.name, step.endpoint),
        None => row.name.clone(),
    };
    let element = xml
        .create_element("testcase")
        .with_attribute(("name", token(&name, "check").as_str()))
        .with_attribute(("classname", class))
        .with_attribute(("time", seconds(row.took).as_str()));
    match row.outcome {
        CheckOutcome::Passed => element.write_empty()?,
        CheckOutcome::Skipped => element.write_inner_content(|xml| {
            xml.create_element("skipped")
                .with_attribute(("message", line(&row.found).as_str()))
                .write_empty()
                .map(drop)
        })?,
        CheckOutcome::Failed => element.write_inner_content(|xml| {
            let told = format!(
                "expected: {}\nfound: {}\ntries: {}",
                line(&row.expected),
                line(&row.found),
                row.attempts
            );
            xml.create_element("failure")
                .with_attribute(("type", line(&row.kind).as_str()))
                .with_attribute(("message", line(&row.found).as_str()))
                .write_text_content(BytesText::new(&told))
                .map(drop)
        })?,
    };
    Ok(())
}
