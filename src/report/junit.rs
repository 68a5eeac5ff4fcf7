//! JUnit XML, which every CI service shows: what was checked, limited and judged, a case each.
//!
//! It is valid against both schemas that are in use: the stricter one of Ant, in which a suite says
//! when and where it ran, and the one of Jenkins' xUnit plugin, which knows no `error`. There is a
//! failure exactly when [`Document::fails`]; what decides nothing is `skipped`, with the reason.

mod cases;
mod judged;

use std::io;

use cases::{Case, Outcome, Suite};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::document::Document;
use super::foreign::clean;
use super::{Format, RenderError, tables};
use crate::gate::ruling::Verdict;
use crate::units::Nanos;

/// Stands for a character that XML 1.0 forbids.
const REPLACEMENT: char = '\u{fffd}';

/// JUnit XML.
#[derive(Debug)]
pub(super) struct Junit;

impl Format for Junit {
    fn word(&self) -> &'static str {
        "junit"
    }

    fn extension(&self) -> &'static str {
        "xml"
    }

    fn render(&self, document: &Document) -> Result<String, RenderError> {
        let bytes = written(document).map_err(|error| RenderError::new(self, &error))?;
        String::from_utf8(bytes).map_err(|error| RenderError::new(self, &error))
    }
}

/// Writes to memory, which does not fail.
type Xml = Writer<Vec<u8>>;

fn written(document: &Document) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = cases::suites(document);
    xml.create_element("testsuites").write_inner_content(|xml| {
        let mut numbered = suites.iter().enumerate();
        numbered.try_for_each(|numbered| write_suite(xml, numbered, document))
    })?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_suite(
    xml: &mut Xml,
    (number, suite): (usize, &Suite),
    document: &Document,
) -> io::Result<()> {
    let cases = &suite.cases;
    let count = |is: fn(&Outcome) -> bool| {
        cases.iter().filter(|case| is(&case.outcome)).count().to_string()
    };
    let failures = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let host = token(&document.origin.machine.host, "localhost");
    let package = line(&document.run.scenario);
    // Of the whole run the first suite tells.
    let is_first = number == 0;
    let time = if is_first { document.run.lasted } else { Nanos::ZERO };
    xml.create_element("testsuite")
        .with_attribute(("name", suite.name))
        .with_attribute(("package", package.as_str()))
        .with_attribute(("id", number.to_string().as_str()))
        .with_attribute(("timestamp", timestamp(&document.run.started)))
        .with_attribute(("hostname", host.as_str()))
        .with_attribute(("tests", cases.len().to_string().as_str()))
        .with_attribute(("failures", failures.as_str()))
        .with_attribute(("errors", "0"))
        .with_attribute(("skipped", skipped.as_str()))
        .with_attribute(("time", seconds(time).as_str()))
        .write_inner_content(|xml| {
            let facts = if is_first { properties(document) } else { Vec::new() };
            write_properties(xml, &facts)?;
            let class = format!("{package}.{}", suite.name);
            cases.iter().try_for_each(|case| write_case(xml, &class, case))?;
            let told = tables::standing(document).sentence.filter(|_| is_first);
            let told = legal(&told.unwrap_or_default());
            xml.create_element("system-out").write_text_content(BytesText::new(&told))?;
            xml.create_element("system-err").write_empty()?;
            Ok(())
        })?;
    Ok(())
}

fn write_properties(xml: &mut Xml, facts: &[(&str, String)]) -> io::Result<()> {
    let element = xml.create_element("properties");
    if facts.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|xml| {
        for (name, value) in facts {
            xml.create_element("property")
                .with_attribute(("name", *name))
                .with_attribute(("value", line(value).as_str()))
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(xml: &mut Xml, class: &str, case: &Case) -> io::Result<()> {
    let element = xml
        .create_element("testcase")
        .with_attribute(("name", line(&case.name).as_str()))
        .with_attribute(("classname", class))
        .with_attribute(("time", seconds(case.time.unwrap_or_default()).as_str()));
    match &case.outcome {
        Outcome::Passed => element.write_empty()?,
        Outcome::Skipped(reason) => element.write_inner_content(|xml| {
            let reason = line(reason);
            xml.create_element("skipped")
                .with_attribute(("message", reason.as_str()))
                .write_empty()
                .map(drop)
        })?,
        Outcome::Failed(failure) => element.write_inner_content(|xml| {
            let lines: Vec<String> = failure.lines.iter().map(|text| line(text)).collect();
            xml.create_element("failure")
                .with_attribute(("type", failure.kind))
                .with_attribute(("message", line(&failure.message).as_str()))
                .write_text_content(BytesText::new(&lines.join("\n")))
                .map(drop)
        })?,
    };
    Ok(())
}

/// Who measured what, for those who have nothing but this file.
fn properties(document: &Document) -> Vec<(&'static str, String)> {
    let (run, origin) = (&document.run, &document.origin);
    let judgement = &document.judgement;
    let mut facts = vec![
        ("loadgate", origin.loadgate.clone()),
        ("run", run.id.clone()),
        ("state", run.state.to_owned()),
        ("scenario", run.scenario.clone()),
        ("seed", run.seed.to_string()),
        ("target", run.target.clone()),
    ];
    facts.extend(run.target_version.clone().map(|version| ("target_version", version)));
    facts.extend(judgement.verdict().map(|own: Verdict| ("verdict", own.word().to_owned())));
    if let Some(ruling) = &judgement.ruling {
        facts.push(("baseline", ruling.baseline.name.clone()));
        facts.push(("baseline_version", ruling.baseline.versions.join(", ")));
        facts.push(("candidate", ruling.candidate.name.clone()));
    }
    facts
}

/// `text` in one line of characters that may stand in XML, without any that a terminal obeys.
pub(in crate::report) fn line(text: &str) -> String {
    legal(&clean(text))
}

/// The same, or `otherwise` where a schema wants at least one character.
pub(in crate::report) fn token(text: &str, otherwise: &str) -> String {
    let own = line(text);
    if own.trim().is_empty() { otherwise.to_owned() } else { own }
}

/// `text` with nothing but the characters of XML 1.0, section 2.2.
fn legal(text: &str) -> String {
    let allowed = |character: char| {
        matches!(
            character,
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
        )
    };
    text.chars().map(|own| if allowed(own) { own } else { REPLACEMENT }).collect()
}

/// Seconds to the millisecond: Jenkins takes no more digits.
pub(in crate::report) fn seconds(time: Nanos) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// `2026-01-02T03:04:05`: Ant takes neither fractions nor a zone. A moment that can't be written
/// is the first one.
pub(in crate::report) fn timestamp(started: &str) -> &str {
    let is_moment =
        |text: &&str| text.chars().all(|own| own.is_ascii_digit() || "-T:".contains(own));
    started.get(..19).filter(is_moment).unwrap_or("1970-01-01T00:00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(line("a\0b\x1b[31m\u{ffff}\u{fffe}c\r\nd"), "a\\u{0}b\\u{1b}[31m��c  d");
        assert_eq!(line("]]> & <農場> \u{10ffff}"), "]]> & <農場> \u{10ffff}");
        assert_eq!(legal("\u{b}\u{7f}\t\n"), "�\u{7f}\t\n");
        assert_eq!(token(" \n", "localhost"), "localhost");
    }

    #[test]
    fn moments_and_times_are_written_as_the_schemas_want_them() {
        assert_eq!(timestamp("2026-01-02T03:04:05.123Z"), "2026-01-02T03:04:05");
        assert_eq!(timestamp("–"), "1970-01-01T00:00:00");
        assert_eq!(timestamp("+10000-01-02T03:04:05Z"), "1970-01-01T00:00:00");
        assert_eq!(seconds(Nanos::from_micros(93_842)), "0.094");
        assert_eq!(seconds(Nanos::from_secs(7_200)), "7200.000");
    }
}
