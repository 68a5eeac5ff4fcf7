//! What GitHub Actions reads of a step: its summary, annotations and outputs.
//!
//! The texts alone: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
//! Who writes them knows the files and whether anybody wants them.

use super::document::{Document, Latency, ThresholdLine};
use super::foreign::clean;
use super::tables::{self, Tone};
use super::{RenderError, format};
use crate::gate::ruling::Verdict;
use crate::units::{Nanos, Ratio};

/// A step's summary may have so many bytes; of more GitHub shows nothing at all.
pub const MAX_SUMMARY: usize = 1_048_576;

/// GitHub shows so many annotations of a kind for each step.
const MOST_ANNOTATIONS: usize = 10;

/// Stands at the end of a summary that was cut.
const CUT: &str = "*The rest does not fit into a summary of GitHub: `--md FILE` and `--html FILE` \
                   have all of it.*";

/// The Markdown report in at most `room` bytes, cut after a table where it is longer. Empty when
/// not even the note about that has room.
///
/// # Errors
///
/// Where the Markdown itself can't be made, which is a fault of ours.
pub fn summary(document: &Document, room: usize) -> Result<String, RenderError> {
    let Some(markdown) = format("markdown") else { return Ok(String::new()) };
    Ok(cut(&markdown.render(document)?, room))
}

/// The longest beginning of `text` that ends with a whole table or list.
fn cut(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let tail = format!("{CUT}\n");
    let Some(room) = room.checked_sub(tail.len()) else { return String::new() };
    let mut kept: Vec<&str> = Vec::new();
    let mut length = 0_usize;
    for block in text.trim_end().split("\n\n") {
        length = length.saturating_add(block.len()).saturating_add(2);
        if length > room {
            break;
        }
        kept.push(block);
    }
    // A heading with nothing under it would promise what is not there.
    while kept.last().is_some_and(|block| !block.starts_with(['|', '-'])) {
        kept.pop();
    }
    kept.into_iter().map(|block| format!("{block}\n\n")).chain([tail]).collect()
}

/// How grave an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// The lines that make annotations of what decided, the gravest first; none where all is well.
pub fn annotations(document: &Document) -> Vec<String> {
    if !document.fails() {
        return Vec::new();
    }
    let standing = tables::standing(document);
    let title = format!("loadgate {}: {}", document.run.scenario, standing.word);
    let mut told = decisive(document);
    told.extend(standing.reasons.iter().filter_map(|reason| match reason.tone {
        Tone::Bad => Some((Level::Error, reason.text.clone())),
        Tone::Warn => Some((Level::Warning, reason.text.clone())),
        Tone::Plain | Tone::Quiet | Tone::Good => None,
    }));
    if told.is_empty() {
        let level = if standing.tone == Tone::Warn { Level::Warning } else { Level::Error };
        told.push((level, standing.sentence.unwrap_or_else(|| standing.word.clone())));
    }
    let mut lines = Vec::new();
    for level in [Level::Error, Level::Warning] {
        let own: Vec<&str> =
            told.iter().filter(|(of, _)| *of == level).map(|(_, text)| text.as_str()).collect();
        let shown = if own.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { own.len() };
        lines.extend(own.iter().take(shown).map(|text| annotation(level, &title, text)));
        if own.len() > shown {
            let more = format!("and {} more", own.len() - shown);
            lines.push(annotation(level, &title, &more));
        }
    }
    lines
}

/// What makes a run fail that is compared with nothing; the reasons of a ruling name it themselves.
fn decisive(document: &Document) -> Vec<(Level, String)> {
    let judgement = &document.judgement;
    let mut told: Vec<String> = judgement.objections.clone();
    if judgement.ruling.is_none() {
        if !document.run.is_complete() {
            told.push(format!("the run is {}", document.run.state));
        }
        let missed = judgement.thresholds.iter().filter(|line| line.fails);
        told.extend(missed.map(|line| {
            let ThresholdLine { subject, condition, measured, .. } = line;
            format!("the limit `{subject} {condition}` is not kept: {measured}")
        }));
        let broken = document.integrity.iter().filter(|row| row.fails());
        told.extend(broken.map(|row| {
            let why = row.note.as_deref().unwrap_or(&row.expect);
            format!("the assertion `{}`: {}: {why}", row.name, row.word())
        }));
        let unkept = document.logs.rules.iter().filter(|own| own.fails());
        told.extend(unkept.map(|own| {
            let (name, lines) = (&own.rule.name, own.lines);
            let limits = own.limits().unwrap_or_default();
            let note = own.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            format!("the logs have {lines} lines of `{name}`, wanted {limits}{note}")
        }));
        let absent = document.logs.sources.iter().filter(|own| own.fails());
        told.extend(absent.map(|own| format!("the log `{}` was never there", own.source.name)));
    }
    told.into_iter().map(|text| (Level::Error, text)).collect()
}

fn annotation(level: Level, title: &str, text: &str) -> String {
    format!("::{} title={}::{}", level.word(), property(title), data(text))
}

/// The text of a command. Line ends are taken for spaces before, so that `%0A` is only written of
/// what somebody spelled like this.
fn data(text: &str) -> String {
    clean(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, in which `:` and `,` mean something.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The step's outputs, in the form in which a value can have any number of lines. What was not
/// measured is empty.
pub fn outputs(document: &Document, exit_code: u8) -> String {
    let (judgement, totals, run) = (&document.judgement, &document.totals, &document.run);
    let verdict = judgement.verdict().map(Verdict::word).unwrap_or_default();
    let baseline = judgement.ruling.as_ref().map(|ruling| ruling.baseline.name.clone());
    let number = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
    let time = |choose: fn(&Latency) -> Nanos| {
        let millis = totals.response.as_ref().map(|own| choose(own).as_secs_f64() * 1e3);
        millis.map(|millis| format!("{millis:.3}")).unwrap_or_default()
    };
    let pairs = [
        ("verdict", verdict.to_owned()),
        ("exit_code", exit_code.to_string()),
        ("valid", judgement.invalid_reasons.is_empty().to_string()),
        ("run_id", run.id.clone()),
        ("state", run.state.to_owned()),
        ("scenario", run.scenario.clone()),
        ("target_version", run.target_version.clone().unwrap_or_default()),
        ("baseline", baseline.unwrap_or_default()),
        ("requests", totals.requests.to_string()),
        ("errors", totals.errors.to_string()),
        ("error_share", number(totals.error_share.map(|Ratio(share)| share))),
        ("rate_per_s", number(totals.rate)),
        ("p50_ms", time(|own| own.p50)),
        ("p95_ms", time(|own| own.p95)),
        ("p99_ms", time(|own| own.p99)),
    ];
    pairs.iter().map(|(key, value)| output(key, &clean(value))).collect()
}

/// One output between delimiters that are no part of its value.
fn output(key: &str, value: &str) -> String {
    let mut end = "LOADGATE_END".to_owned();
    while value.contains(&end) {
        end.push('_');
    }
    format!("{key}<<{end}\n{value}\n{end}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_line_whatever_its_text_is() {
        let line = annotation(Level::Error, "a: b, c%", "100 %\r\n::set-env name=x::y\x1b[0m");
        let want = "::error title=a%3A b%2C c%25::100 %25  ::set-env name=x::y\\u{1b}[0m";
        assert_eq!(line, want);
    }

    #[test]
    fn no_value_ends_its_output_before_its_end() {
        assert_eq!(output("run_id", "1"), "run_id<<LOADGATE_END\n1\nLOADGATE_END\n");
        let hostile = "x\nLOADGATE_END\nverdict=GO";
        let text = output("scenario", hostile);
        let end = text.lines().next().and_then(|line| line.split("<<").nth(1)).unwrap();
        assert_eq!(text.lines().filter(|line| *line == end).count(), 1);
        assert!(text.ends_with(&format!("{end}\n")) && !hostile.lines().any(|own| own == end));
    }

    #[test]
    fn a_summary_is_cut_after_a_table() {
        let table = |rows: usize| {
            format!("| a |\n| --: |\n{}", "| 1 |\n".repeat(rows)).trim_end().to_owned()
        };
        let text = format!(
            "# T\n\n- fact\n\n## A\n\nabout\n\n{}\n\n## B\n\nabout\n\n{}\n",
            table(9),
            table(99)
        );
        assert_eq!(cut(&text, text.len()), text);
        let short = cut(&text, text.len() - 1);
        assert!(short.len() < text.len());
        assert_eq!(short, format!("# T\n\n- fact\n\n## A\n\nabout\n\n{}\n\n{CUT}\n", table(9)));
        assert_eq!(cut(&text, CUT.len() + 20), format!("# T\n\n- fact\n\n{CUT}\n"));
        assert_eq!(cut(&text, CUT.len() + 1), format!("{CUT}\n"));
        assert_eq!(cut(&text, CUT.len()), "");
        for room in 0..=text.len() {
            assert!(cut(&text, room).len() <= room);
        }
    }
}
