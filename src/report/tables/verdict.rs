//! The answer before everything else: one word, one sentence without jargon, and why.

use serde::Serialize;

use super::facts::fact;
use super::{Cell, Fact, Tone};
use crate::gate::logs::LogStatus;
use crate::gate::ruling::{ErrorRow, Reason, Ruling, Side, Standing as Said, Verdict};
use crate::report::document::{Document, Judgement, Question};
use crate::report::{figures, words};
use crate::stats::equivalence::Equivalence;
use crate::units::{Ratio, format_nanos};

/// People read this many reasons; the tables and the document for machines have all. The gate itself
/// tells fewer, to which come those for which a run is no measurement.
const MOST_REASONS: usize = 20;

/// What the run is worth, in one word, with the reasons.
#[derive(Debug, Serialize)]
pub(in crate::report) struct Standing {
    pub(in crate::report) word: String,
    pub(in crate::report) tone: Tone,
    /// The same for those who read nothing else; `None` without a comparison.
    pub(in crate::report) sentence: Option<String>,
    /// What decided first.
    pub(in crate::report) reasons: Vec<Cell>,
    /// What belongs to the answer: what would settle it, how much it covers.
    pub(in crate::report) facts: Vec<Fact>,
}

/// The most important thing of all: whether the figures may be believed, and what they mean.
pub(in crate::report) fn standing(document: &Document) -> Standing {
    let judgement = &document.judgement;
    match &judgement.ruling {
        Some(ruling) => compared(judgement, ruling),
        None => alone(document),
    }
}

fn alone(document: &Document) -> Standing {
    let (judgement, integrity) = (&document.judgement, &document.integrity);
    let missed = judgement.thresholds.iter().filter(|line| line.fails).count();
    let broken = integrity.iter().filter(|row| row.fails()).count();
    let logs = document.logs.rules.iter().filter(|own| own.status != LogStatus::Informs);
    let (asked, unkept) = (logs.clone().count(), logs.filter(|own| own.fails()).count());
    let sources = &document.logs.sources;
    let absent = sources.iter().filter(|own| own.fails()).count();
    let failed = [
        (missed, judgement.thresholds.len(), "thresholds"),
        (broken, integrity.len(), "assertions"),
        (unkept, asked, "limits for logs"),
        (absent, sources.len(), "logs"),
    ];
    let failed = failed.iter().filter(|(failed, ..)| *failed > 0);
    let failed: Vec<String> =
        failed.map(|(failed, all, what)| format!("{failed} of {all} {what}")).collect();
    let (word, tone) = if !judgement.invalid_reasons.is_empty() {
        ("INVALID".to_owned(), Tone::Bad)
    } else if !failed.is_empty() {
        (format!("FAILED {}", failed.join(", ")), Tone::Bad)
    } else if judgement.thresholds.is_empty() && integrity.is_empty() && asked == 0 {
        ("VALID".to_owned(), Tone::Good)
    } else {
        ("PASSED".to_owned(), Tone::Good)
    };
    let reasons = judgement.invalid_reasons.iter().map(|reason| Cell::toned(reason, Tone::Bad));
    Standing { word, tone, sentence: None, reasons: reasons.collect(), facts: Vec::new() }
}

/// What is answered: the question decides which answer of the gate it is.
#[derive(Clone, Copy)]
enum Answer {
    Verdict(Verdict),
    Equivalence(Equivalence),
}

impl Answer {
    fn of(judgement: &Judgement, ruling: &Ruling) -> Self {
        let verdict = judgement.verdict().unwrap_or(Verdict::Invalid);
        match judgement.question {
            Question::AreWeBack if verdict != Verdict::Invalid => {
                Self::Equivalence(ruling.equivalence)
            }
            Question::AreWeBack | Question::MayItGo => Self::Verdict(verdict),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.word(),
            Self::Equivalence(answer) => words::equivalence(answer),
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Verdict(verdict) => verdict_tone(verdict),
            Self::Equivalence(answer) => equivalence_tone(answer),
        }
    }

    fn sentence(self, ruling: &Ruling) -> String {
        let (candidate, baseline) = (candidate(ruling), baseline(ruling));
        match self {
            Self::Verdict(Verdict::Go) => format!(
                "{candidate} may go to production: compared with {baseline}, nothing got worse \
                 beyond the limits."
            ),
            Self::Verdict(Verdict::Hold) if got_worse(ruling) => format!(
                "{candidate} should wait: compared with {baseline}, something got worse, though \
                 not so far that it must stay out."
            ),
            Self::Verdict(Verdict::Hold) => format!(
                "{candidate} should wait: the measurements do not show yet whether it is as good \
                 as {baseline}."
            ),
            Self::Verdict(Verdict::NoGo) => format!(
                "{candidate} should stay out of production: compared with {baseline}, it got worse \
                 beyond the limits."
            ),
            Self::Verdict(Verdict::Rollback) => format!(
                "{candidate} must not be in production: compared with {baseline}, it got far worse. \
                 Where it runs already, take it back."
            ),
            Self::Verdict(Verdict::Invalid) => format!(
                "Nothing can be said of {}: the measurement itself is not sound.",
                lower(&candidate)
            ),
            Self::Equivalence(Equivalence::Equivalent) => format!(
                "{candidate} is as fast as {baseline}: a difference of more than 10 % in any part \
                 is excluded."
            ),
            Self::Equivalence(Equivalence::Undecided) => format!(
                "Whether {} is as fast as {baseline} is open: the measurements neither show nor \
                 exclude a difference of more than 10 %.",
                lower(&candidate)
            ),
            Self::Equivalence(Equivalence::Different) => format!(
                "{candidate} is not as fast as {baseline} was: a difference of more than 10 % is \
                 certain."
            ),
        }
    }
}

fn compared(judgement: &Judgement, ruling: &Ruling) -> Standing {
    let answer = Answer::of(judgement, ruling);
    let mut reasons: Vec<Cell> =
        judgement.invalid_reasons.iter().map(|reason| Cell::toned(reason, Tone::Bad)).collect();
    let ours = match answer {
        Answer::Verdict(verdict) => by_gravity(verdict, &ruling.reasons),
        Answer::Equivalence(_) => apart(ruling),
    };
    reasons.extend(ours.into_iter().filter(|own| !judgement.invalid_reasons.contains(&own.text)));
    let more = reasons.len().saturating_sub(MOST_REASONS);
    if more > 0 {
        reasons.truncate(MOST_REASONS);
        reasons.push(Cell::quiet(format!("and {more} more")));
    }
    Standing {
        word: answer.word().to_owned(),
        tone: answer.tone(),
        sentence: Some(answer.sentence(ruling)),
        reasons,
        facts: settling(ruling),
    }
}

/// The gravest first; what speaks for another verdict than the whole says so.
fn by_gravity(whole: Verdict, reasons: &[Reason]) -> Vec<Cell> {
    let mut sorted: Vec<&Reason> = reasons.iter().collect();
    sorted.sort_by_key(|reason| std::cmp::Reverse(reason.verdict));
    let cell = |reason: &Reason| {
        let word = reason.verdict.word();
        let text = if reason.verdict == whole {
            reason.text.clone()
        } else {
            format!("{word}: {}", reason.text)
        };
        let tone =
            if reason.verdict == Verdict::Go { Tone::Plain } else { verdict_tone(reason.verdict) };
        Cell::toned(text, tone)
    };
    sorted.into_iter().map(cell).collect()
}

/// What keeps both sides from being equal: differences first, then what is open.
fn apart(ruling: &Ruling) -> Vec<Cell> {
    let of = |wanted: Equivalence| {
        let rows = ruling.rows.iter().filter(move |row| {
            row.equivalence == Some(wanted)
                && (row.standing != Said::Coarse || wanted == Equivalence::Different)
        });
        rows.map(move |row| {
            let change = super::compared::change(row);
            let name = words::step(&row.place);
            let text = format!("{name} {}: {change}", words::percentile(row.quantile));
            Cell::toned(text, equivalence_tone(wanted))
        })
    };
    let failing = ruling.errors.iter().filter(|row| row.standing >= Said::Slower);
    let failing = failing.map(|row: &ErrorRow| {
        let name = row.place.as_ref().map_or_else(|| "all requests".to_owned(), words::step);
        let share = super::compared::failed(row);
        Cell::toned(format!("failures of {name}: {share}"), Tone::Bad)
    });
    failing.chain(of(Equivalence::Different)).chain(of(Equivalence::Undecided)).collect()
}

pub(super) fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Go => Tone::Good,
        Verdict::Hold => Tone::Warn,
        Verdict::NoGo | Verdict::Rollback | Verdict::Invalid => Tone::Bad,
    }
}

pub(super) fn equivalence_tone(answer: Equivalence) -> Tone {
    match answer {
        Equivalence::Equivalent => Tone::Good,
        Equivalence::Undecided => Tone::Warn,
        Equivalence::Different => Tone::Bad,
    }
}

/// Whether a HOLD is for something that is seen, and not for want of data.
fn got_worse(ruling: &Ruling) -> bool {
    let rows = ruling.rows.iter().filter(|row| row.weight > 0.0).map(|row| row.standing);
    rows.chain(ruling.errors.iter().map(|row| row.standing)).any(|said| said == Said::Slower)
}

/// The candidate at the start of a sentence.
fn candidate(ruling: &Ruling) -> String {
    match ruling.candidate.versions.as_slice() {
        [version] if ruling.baseline.versions != ruling.candidate.versions => {
            format!("Version {version}")
        }
        _ => "The candidate".to_owned(),
    }
}

fn lower(start: &str) -> String {
    let mut letters = start.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn baseline(ruling: &Ruling) -> String {
    match ruling.baseline.versions.as_slice() {
        [version] => format!("the baseline {} (version {version})", ruling.baseline.name),
        _ => format!("the baseline {}", ruling.baseline.name),
    }
}

fn settling(ruling: &Ruling) -> Vec<Fact> {
    let coverage = &ruling.coverage;
    let share = coverage.requests.map(|share| format!(" ({share} of requests)"));
    let judged = format!(
        "{} of {} endpoints{} in full",
        coverage.endpoints,
        coverage.endpoints_all,
        share.unwrap_or_default()
    );
    let settle = ruling.settle.as_ref().map(|settle| fact("to decide", settle.text.as_str()));
    let accepted = ruling.accepted.iter().map(|own| {
        let (kind, baseline, candidate) = (own.kind.word(), &own.baseline, &own.candidate);
        fact("accepted", format!("another {kind}: {baseline} in the baseline, {candidate} now"))
    });
    let notes = ruling.notes.iter().map(|note| fact("note", note.as_str()));
    settle.into_iter().chain([fact("judged", judged)]).chain(accepted).chain(notes).collect()
}

/// What is compared with what, and how noisy the machine was.
pub(in crate::report) fn sides(document: &Document) -> Vec<Fact> {
    let Some(ruling) = &document.judgement.ruling else {
        return Vec::new();
    };
    let mut facts =
        vec![fact("baseline", side(&ruling.baseline)), fact("candidate", side(&ruling.candidate))];
    facts.extend(ruling.sites.iter().map(|site| {
        let percentile = words::percentile(site.quantile);
        let interval = Some((site.ratio.low, site.ratio.high));
        let noise = figures::share(site.run_noise.is_finite().then_some(Ratio(site.run_noise)));
        let change = words::change(site.ratio.value, interval);
        let of = words::compared(site.of);
        fact("run noise", format!("{noise} ({percentile} of {of}); median change {change}"))
    }));
    for (name, side) in [("baseline", &ruling.baseline), ("candidate", &ruling.candidate)] {
        facts.extend(
            side.left_out
                .iter()
                .map(|(run, reason)| fact("left out", format!("{run} of the {name}: {reason}"))),
        );
    }
    facts
}

/// Name, versions, runs, sessions and when, in one line.
fn side(side: &Side) -> String {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let version = match side.versions.as_slice() {
        [] => "version unknown".to_owned(),
        [version] => format!("version {version}"),
        several => format!("versions {}", several.join(", ")),
    };
    let runs = figures::some(count(side.runs.len()), "run", "runs");
    let sessions = figures::some(u64::from(side.sessions), "session", "sessions");
    let length = format_nanos(side.length);
    let starts: Vec<u64> = side.runs.iter().map(|run| run.started_unix_ns).collect();
    let when = super::facts::started(&starts);
    format!("{}, {version}, {runs} × {length} in {sessions}{when}", side.name)
}
