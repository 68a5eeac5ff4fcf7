//! Limits for logs as cases.

use super::cases::{Case, Outcome};
use crate::gate::logs::{LogOutcome, LogSeen, LogStatus};
use crate::report::document::Document;
use crate::report::figures;

/// A case for each rule that has a limit, and for each log.
pub(super) fn cases(document: &Document) -> Vec<Case> {
    let found = &document.logs;
    let rules = found.rules.iter().filter(|own| own.status != LogStatus::Informs).map(rule);
    rules.chain(found.sources.iter().map(source)).collect()
}

fn rule(outcome: &LogOutcome) -> Case {
    let limits = outcome.limits().unwrap_or_default();
    let lines = figures::some(outcome.lines, "line", "lines");
    let told = match outcome.status {
        LogStatus::Kept | LogStatus::Informs => {
            return Case::new(outcome.rule.name.as_str(), Outcome::Passed);
        }
        LogStatus::Missed => format!("{lines}, wanted {limits}"),
        LogStatus::Unknown => outcome.note.clone().unwrap_or_else(|| "not known".to_owned()),
    };
    let mut shown = vec![format!("expected: {limits}"), format!("found: {lines}")];
    let most = figures::count(outcome.most_per_minute);
    shown.push(format!("most in a minute: {most}"));
    let samples = outcome.samples.iter();
    shown.extend(samples.map(|own| format!("{} ({}): {}", own.at, own.phase, own.text)));
    Case::new(outcome.rule.name.as_str(), Outcome::failed("logs", told).with(shown))
}

fn source(seen: &LogSeen) -> Case {
    let why = || seen.gaps.first().map_or("it was never there", |(_, why)| why.as_str());
    let outcome = match seen.was_there {
        true => Outcome::Passed,
        false if seen.fails() => Outcome::failed("logs", format!("it was never there: {}", why())),
        false => Outcome::Skipped(why().to_owned()),
    };
    Case::new(format!("log {}", seen.source.name), outcome)
}
