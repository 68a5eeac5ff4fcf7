//! What is said of a baseline: how it was measured, whether it agrees with itself, what it shows.

use super::compared::{grouped, step_and_request};
use super::facts::{fact, started};
use super::verdict::verdict_tone;
use super::{Cell, Column, Standing, Table, Tone};
use crate::gate::noise::{Detectable, Reach, SelfCheck};
use crate::gate::ruling::{Place, RowKind, Ruling, Verdict};
use crate::record::{Header, Policy};
use crate::report::figures::{self, NOTHING};
use crate::report::words;
use crate::units::{Nanos, Ratio, format_nanos};

/// The repetitions of a baseline, summed up.
pub(in crate::report) struct Told {
    pub(in crate::report) scenario: String,
    pub(in crate::report) loadgate: String,
    /// The versions that the target reported, each once.
    pub(in crate::report) versions: Vec<String>,
    /// Measured length of one repetition.
    pub(in crate::report) length: Nanos,
    /// Id and start of each.
    pub(in crate::report) runs: Vec<(String, u64)>,
    policy: Policy,
}

impl Told {
    pub(in crate::report) fn of(headers: &[&Header]) -> Self {
        let mut versions: Vec<String> = Vec::new();
        for version in headers.iter().filter_map(|own| own.origin.target.version.as_ref()) {
            if !versions.contains(version) {
                versions.push(version.clone());
            }
        }
        let first = headers.first();
        let measured = |own: &&Header| {
            let phases = own.load.phases.iter().filter(|phase| phase.measure);
            phases.fold(Nanos::ZERO, |sum, phase| sum + phase.length)
        };
        Self {
            scenario: first.map(|own| own.scenario.clone()).unwrap_or_default(),
            loadgate: first.map(|own| own.origin.loadgate.clone()).unwrap_or_default(),
            versions,
            length: first.map(measured).unwrap_or_default(),
            runs: headers.iter().map(|own| (own.id.clone(), own.started_unix_ns)).collect(),
            policy: first.map(|own| own.gate.clone()).unwrap_or_default(),
        }
    }
}

/// Whether it agrees with itself, the facts, and the table of what it could show.
pub(in crate::report) fn checked(told: &Told, check: &SelfCheck) -> (Standing, Table) {
    let mut facts = vec![
        fact("scenario", told.scenario.as_str()),
        fact(
            "versions",
            if told.versions.is_empty() { NOTHING.to_owned() } else { told.versions.join(", ") },
        ),
        fact("runs", runs(told)),
    ];
    facts.extend(check.noise.iter().map(|noise| {
        let share = noise.run_noise.is_finite().then_some(Ratio(noise.run_noise));
        let of = format!("{} of {}", words::percentile(noise.quantile), words::compared(noise.of));
        fact("run noise", format!("{} ({of})", figures::share(share)))
    }));
    facts.push(fact("in full", in_full(&check.detectable)));
    (
        Standing { facts, ..agreement(check.split.as_ref()) },
        smallest(&check.detectable, &told.policy),
    )
}

fn runs(told: &Told) -> String {
    let count = u64::try_from(told.runs.len()).unwrap_or(u64::MAX);
    let starts: Vec<u64> = told.runs.iter().map(|(_, started)| *started).collect();
    let (count, length) = (figures::some(count, "run", "runs"), format_nanos(told.length));
    format!("{count} × {length}{}", started(&starts))
}

/// Half of the repetitions against the other half, as if they were two versions.
fn agreement(split: Option<&Ruling>) -> Standing {
    let (word, tone, sentence) = match split.map(|ruling| ruling.verdict) {
        None => (
            "UNCHECKED",
            Tone::Warn,
            "Fewer than four repetitions can't be compared with each other.",
        ),
        Some(Verdict::Go) => {
            ("AGREES", Tone::Good, "Compared with itself, half against half, it is GO.")
        }
        Some(Verdict::Hold) => (
            "UNSURE",
            Tone::Warn,
            "Compared with itself, half against half, it is not GO: measure longer or more often, \
             or on a quieter machine.",
        ),
        Some(Verdict::NoGo | Verdict::Rollback) => (
            "DISAGREES",
            Tone::Bad,
            "Compared with itself, half against half, one half is worse, although both are the \
             same: something else was at work while it was measured.",
        ),
        Some(Verdict::Invalid) => {
            ("INVALID", Tone::Bad, "Its repetitions are no measurement that can be compared.")
        }
    };
    let whole = split.map_or(Verdict::Go, |ruling| ruling.verdict);
    let reasons = split.into_iter().flat_map(|ruling| &ruling.reasons);
    let reasons = reasons
        .filter(|_| whole != Verdict::Go)
        .map(|reason| Cell::toned(reason.text.as_str(), verdict_tone(reason.verdict)));
    Standing {
        word: word.to_owned(),
        tone,
        sentence: Some(sentence.to_owned()),
        reasons: reasons.collect(),
        facts: Vec::new(),
    }
}

/// How many series can be judged in full at one percentile at least.
fn in_full(detectable: &[Detectable]) -> String {
    let count = |wanted: fn(&Detectable) -> bool, kind: fn(RowKind) -> bool| {
        let mut places: Vec<&Place> = Vec::new();
        let rows = detectable.iter().filter(|row| wanted(row) && kind(row.place.kind));
        for row in rows {
            if !places.contains(&&row.place) {
                places.push(&row.place);
            }
        }
        places.len()
    };
    let said = |kind: fn(RowKind) -> bool, word: &str| {
        let all = count(|_| true, kind);
        let full = count(|row| row.reach == Reach::Full, kind);
        (all > 0).then(|| format!("{full} of {all} {word}"))
    };
    let said = [
        said(|kind| kind == RowKind::Endpoint, "endpoints"),
        said(|kind| kind == RowKind::Login, "logins"),
        said(|kind| kind == RowKind::Query, "queries"),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One line for each series: the smallest slow-down at each percentile, and how much it says.
fn smallest(detectable: &[Detectable], policy: &Policy) -> Table {
    let quantiles = words::rising(detectable.iter().map(|row| row.quantile));
    let mut heads = vec![Column::text("step"), Column::text("request")];
    for quantile in &quantiles {
        heads.extend([Column::number(words::percentile(*quantile)), Column::word("judged")]);
    }
    let mut places: Vec<&Place> = Vec::new();
    for row in detectable {
        if !places.contains(&&row.place) {
            places.push(&row.place);
        }
    }
    let lines = places.into_iter().map(|place| {
        let own: Vec<&Detectable> = detectable.iter().filter(|row| row.place == *place).collect();
        let quiet = own.iter().all(|row| row.reach == Reach::Shown);
        let tone = if quiet { Tone::Quiet } else { Tone::Plain };
        let mut line: Vec<Cell> = step_and_request(place, tone).into();
        for quantile in &quantiles {
            let row = own.iter().find(|row| row.quantile.total_cmp(quantile).is_eq());
            line.extend(shown(row.copied(), policy));
        }
        (place, vec![line])
    });
    Table::new(
        "Smallest slow-down it can show",
        "Found 9 times of 10 in a candidate that is measured alike. Full: must be decided for GO. \
         Coarse: can raise an alarm. Beyond the line of NO-GO it stands out.",
        heads,
        grouped(lines),
    )
}

fn shown(row: Option<&Detectable>, policy: &Policy) -> [Cell; 2] {
    let Some(row) = row else {
        return [Cell::quiet(NOTHING), Cell::quiet(NOTHING)];
    };
    let reach = words::reach(row.reach);
    let reach = if row.reach == Reach::Full { Cell::new(reach) } else { Cell::quiet(reach) };
    let ratio = row.ratio.map(|ratio| {
        let blunt = ratio - 1.0 > policy.change.no_go.0;
        Cell::toned(words::percent_of(ratio), if blunt { Tone::Warn } else { Tone::Plain })
    });
    [ratio.unwrap_or_else(|| Cell::quiet(NOTHING)), reach]
}
