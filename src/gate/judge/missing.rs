//! What is missing: series, answers, requests.

use super::rows::{Compared, Judged, covers};
use super::sentences::{change, joined, list, name, percent, percentile, plural, signed};
use super::series::{Line, Presence, Table};
use super::{About, Findings, settle};
use crate::gate::evidence::added;
use crate::gate::ruling::{Standing, Verdict};
use crate::record::{Compared as Of, Policy};
use crate::scenario::glob;
use crate::units::group_thousands;

/// Patterns of which nothing at all was done.
pub(super) fn must_have(table: &Table<'_>, policy: &Policy, findings: &mut Findings) {
    for rule in policy.series.iter().filter(|rule| rule.must_have) {
        let mut taken = table.series.iter().filter(|line| glob(&rule.pattern, &line.place.name));
        let there = taken.any(|line| line.requests().1 > 0);
        let told = table.series.iter().any(|line| {
            glob(&rule.pattern, &line.place.name)
                && line.must_have()
                && line.presence() == Presence::Vanished
        });
        if !there && !told {
            let text = format!("nothing of `{}` succeeded, which must be there", rule.pattern);
            findings.candidate(Verdict::NoGo, About::Differs, text);
        }
    }
}

/// Series that only one side has.
pub(super) fn vanished(table: &Table<'_>, findings: &mut Findings) {
    let mut queries = (Vec::new(), Vec::new());
    for line in &table.series {
        let what = name(line.place);
        let presence = line.presence();
        match presence {
            Presence::Both => {}
            Presence::Vanished if line.must_have() => {
                let text = format!("{what} {}, and it must be there", gone(line));
                findings.candidate(Verdict::NoGo, About::Differs, text);
            }
            Presence::Vanished if line.is_query() => queries.0.push(what),
            Presence::New if line.is_query() => queries.1.push(what),
            Presence::Vanished if line.counts() => {
                let text = format!("{what} {}", gone(line));
                findings.baseline(Verdict::Hold, About::Other, text);
            }
            Presence::New if line.counts() => {
                let text = format!("{what} {}: nothing to compare with", fresh(line));
                findings.baseline(Verdict::Hold, About::Other, text);
            }
            Presence::Vanished => findings.note(format!("{what} {}", gone(line))),
            Presence::New => findings.note(format!("{what} {}", fresh(line))),
        }
    }
    for (names, word) in [(queries.0, "only in the baseline"), (queries.1, "only in the candidate")]
    {
        if !names.is_empty() {
            let number = if names.len() == 1 { "1 query" } else { "queries" };
            let count = if names.len() == 1 { String::new() } else { format!("{} ", names.len()) };
            findings.note(format!("{count}{number} {word}: {}", list(&names)));
        }
    }
}

/// Why nothing of it is to be seen in the candidate.
fn gone(line: &Line<'_>) -> String {
    let failed = added(&line.candidate.iter().flatten().map(|one| one.all()).collect::<Vec<_>>());
    match failed.errors {
        0 => "has vanished: the candidate has no such request".to_owned(),
        count => format!("has vanished: all {} requests failed", group_thousands(count)),
    }
}

/// Why nothing of it is to be seen in the baseline.
fn fresh(line: &Line<'_>) -> String {
    let failed = added(&line.baseline.iter().flatten().map(|one| one.all()).collect::<Vec<_>>());
    match failed.errors {
        0 => "is new".to_owned(),
        count => format!("failed in all {} requests of the baseline", group_thousands(count)),
    }
}

/// Rows that are judged in full and stay open.
pub(super) fn undecided(table: &Table<'_>, compared: &Compared, findings: &mut Findings) {
    let open = |judged: &&Judged| {
        let counts = table.series.get(judged.line).is_some_and(Line::counts);
        counts && judged.row.standing == Standing::Undecided
    };
    let open: Vec<_> = compared.rows.iter().filter(open).collect();
    if open.is_empty() {
        return;
    }
    let known = open.iter().filter_map(|judged| Some((judged.row.ratio?, *judged)));
    let worst = known.max_by(|(one, _), (other, _)| one.high.total_cmp(&other.high));
    let Some((ratio, judged)) = worst else {
        let text = match table.repetitions {
            (1, 1) => "one repetition on each side says nothing of the noise".to_owned(),
            _ => format!("nothing is known of the noise of {}", plural(open.len(), "comparison")),
        };
        findings.baseline(Verdict::Hold, About::Open, text);
        return;
    };
    let row = &judged.row;
    let sites = compared.comparison.sites.iter();
    let noise = sites.map(|site| site.run_noise).fold(0.0, f64::max);
    let many = if open.len() == 1 {
        "1 comparison is".to_owned()
    } else {
        format!("{} comparisons are", open.len())
    };
    let hopeless = if settle::noise_is_too_large(compared) {
        ", too large for any sensible number of repetitions"
    } else {
        ""
    };
    findings.baseline(
        Verdict::Hold,
        About::Open,
        format!(
            "{many} undecided, most of all {} {}: {} [{}, {}]; the run-to-run noise is {}{hopeless}",
            name(&row.place),
            percentile(row.quantile),
            change(ratio.value),
            signed(ratio.low),
            signed(ratio.high),
            percent(noise.exp_m1()),
        ),
    );
}

/// Whether enough of the load was judged.
pub(super) fn covered(
    table: &Table<'_>,
    compared: &Compared,
    policy: &Policy,
    findings: &mut Findings,
) {
    let coverage = compared.coverage;
    let what = match covers(table) {
        Of::Http => "requests",
        Of::Sql => "queries",
    };
    if !compared.any_full(table) {
        let text = format!("nothing has {what} enough to be judged in full");
        findings.baseline(Verdict::Hold, About::Open, text);
        return;
    }
    let share = coverage.requests.unwrap_or_default();
    if share < policy.coverage {
        findings.baseline(
            Verdict::Hold,
            About::Open,
            format!(
                "only {share} of all {what} are of {} judged in full, {} are wanted",
                match (covers(table), coverage.endpoints) {
                    (Of::Http, 1) => "the one endpoint",
                    (Of::Http, _) => "endpoints",
                    (Of::Sql, 1) => "the one query",
                    (Of::Sql, _) => "queries",
                },
                policy.coverage
            ),
        );
    }
}

/// What must be judged in full and was not.
pub(super) fn unmeasured(
    table: &Table<'_>,
    compared: &Compared,
    policy: &Policy,
    findings: &mut Findings,
) {
    for (at, line) in table.series.iter().enumerate().filter(|(_, line)| line.is_critical()) {
        let short = |judged: &&Judged| judged.line == at && !judged.full(&compared.comparison);
        let missing: Vec<_> = compared.rows.iter().filter(short).collect();
        let words: Vec<_> = missing.iter().map(|one| percentile(one.row.quantile)).collect();
        if !words.is_empty() && line.presence() == Presence::Both {
            let (before, now) = line.requests();
            findings.baseline(
                Verdict::Hold,
                About::Open,
                format!(
                    "{} is critical, and {} requests are too few for its {}",
                    name(line.place),
                    group_thousands(before.min(now)),
                    joined(&words)
                ),
            );
        }
    }
    for rule in policy.series.iter().filter(|rule| rule.critical && !rule.must_have) {
        if !table.series.iter().any(|line| glob(&rule.pattern, &line.place.name)) {
            let text = format!("`{}` is critical, and nothing of it was measured", rule.pattern);
            findings.baseline(Verdict::Hold, About::Other, text);
        }
    }
}
