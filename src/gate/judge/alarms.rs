//! What speaks against the candidate: alarms by their weight, what has vanished, what is missing.

use super::errors::{Errors, Grown};
use super::rows::{Compared, Judged, covers};
use super::sentences::{change, joined, list, name, percent, percentile, plural, signed};
use super::series::{Line, Presence, Table};
use super::{Findings, settle};
use crate::gate::evidence::added;
use crate::gate::ruling::{ErrorRow, Standing, Verdict};
use crate::record::Policy;
use crate::scenario::glob;
use crate::stats::compare;
use crate::units::{Ratio, group_thousands};

/// Weights such as 0.3, 0.3 and 0.4 add up to 1 within this.
const TOLERANCE: f64 = 1e-9;

/// An alarm that waits for its weight.
struct Alarm {
    line: usize,
    standing: Standing,
    text: String,
}

pub(super) fn find(
    table: &Table<'_>,
    compared: &Compared,
    errors: &Errors,
    policy: &Policy,
    findings: &mut Findings,
) {
    must_have(table, policy, findings);
    vanished(table, findings);
    all_errors(errors, findings);
    let slow = slower(table, compared, policy);
    let failing = failing(table, errors, findings);
    let levels = Levels::of(table, slow.iter().chain(&failing));
    for alarm in &slow {
        if let Some((verdict, text)) = levels.weigh(table, alarm) {
            findings.baseline(verdict, text);
        }
    }
    for alarm in &failing {
        if let Some((verdict, text)) = levels.weigh(table, alarm) {
            findings.candidate(verdict, text);
        }
    }
    undecided(table, compared, findings);
    covered(table, compared, policy, findings);
    unmeasured(table, compared, policy, findings);
    cleared(table, compared, policy, findings);
}

/// How much weighs as much as a level or more: each series once, by its gravest alarm.
struct Levels {
    rollback: f64,
    no_go: f64,
}

impl Levels {
    fn of<'a>(table: &Table<'_>, alarms: impl Iterator<Item = &'a Alarm>) -> Self {
        let mut gravest = vec![Standing::NotGated; table.series.len()];
        for alarm in alarms {
            if let Some(known) = gravest.get_mut(alarm.line) {
                *known = (*known).max(alarm.standing);
            }
        }
        let from = |level: Standing| {
            let taken = table.series.iter().zip(&gravest).filter(|(_, own)| **own >= level);
            taken.map(|(line, _)| line.weight()).sum()
        };
        Self { rollback: from(Standing::Rollback), no_go: from(Standing::NoGo) }
    }

    /// What an alarm counts as: one level milder while those that say as much weigh less than 1,
    /// but never less than HOLD. What weighs nothing is only shown.
    fn weigh(&self, table: &Table<'_>, alarm: &Alarm) -> Option<(Verdict, String)> {
        let line = table.series.get(alarm.line).filter(|line| line.counts())?;
        let (level, milder, sum) = match alarm.standing {
            Standing::Rollback => (Verdict::Rollback, Verdict::NoGo, self.rollback),
            Standing::NoGo => (Verdict::NoGo, Verdict::Hold, self.no_go),
            _ => return Some((Verdict::Hold, alarm.text.clone())),
        };
        if sum >= 1.0 - TOLERANCE {
            return Some((level, alarm.text.clone()));
        }
        let (own, word) = (line.weight(), level.word());
        let text = format!(
            "{}; its weight is {own} and {word} needs 1, so it counts as {}",
            alarm.text,
            milder.word()
        );
        Some((milder, text))
    }
}

/// Rows whose change is proved.
fn slower(table: &Table<'_>, compared: &Compared, policy: &Policy) -> Vec<Alarm> {
    let alarm = |judged: &Judged| {
        let row = &judged.row;
        let found = compared.found(judged)?;
        let line = table.series.get(judged.line)?;
        let alarm = matches!(row.standing, Standing::Slower | Standing::NoGo | Standing::Rollback);
        alarm.then(|| Alarm {
            line: judged.line,
            standing: row.standing,
            text: slower_text(line, judged, found, (compared.comparison.comparisons, policy)),
        })
    };
    let mut alarms: Vec<_> = compared
        .rows
        .iter()
        .filter_map(|judged| Some((judged.row.point.unwrap_or(0.0), alarm(judged)?)))
        .collect();
    alarms.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    alarms.into_iter().map(|(_, alarm)| alarm).collect()
}

fn slower_text(
    line: &Line<'_>,
    judged: &Judged,
    found: &compare::Row,
    (comparisons, policy): (usize, &Policy),
) -> String {
    let row = &judged.row;
    let Some(figures) = found.figures else { return String::new() };
    let what = format!("{} {}", name(line.place), percentile(row.quantile));
    let slower = percent(figures.change.exp_m1());
    let alpha = 1.0 - policy.confidence.0;
    let lines = line.rule.and_then(|rule| rule.change).unwrap_or(policy.change);
    let over = match comparisons {
        0 | 1 => String::new(),
        many => format!(" over all {many} comparisons"),
    };
    let (bound, chance) = match row.standing {
        Standing::Rollback => (Some(lines.no_go), alpha / 5.0),
        Standing::NoGo => (Some(lines.go), alpha / 5.0),
        _ => (None, alpha),
    };
    let chance = percent(chance);
    let beside = match figures.relative {
        Some(relative) if row.relative => {
            let more = percent(relative.change.exp_m1());
            return match bound {
                Some(bound) => format!(
                    "{what} is {slower} slower; beside the rest of the site {more}, certainly \
                     more than {} (chance below {chance}{over})",
                    percent(bound.0)
                ),
                None => format!(
                    "{what} is {slower} slower; beside the rest of the site {more} (at least {}); \
                     that this is chance{over} has a probability below {chance}",
                    percent(relative.low_warn.exp_m1())
                ),
            };
        }
        _ => what,
    };
    match bound {
        Some(bound) => format!(
            "{beside} is {slower} slower, certainly more than {} (chance below {chance}{over})",
            percent(bound.0)
        ),
        None => format!(
            "{beside} is {slower} slower (at least {}, at most {}); that this is chance{over} has a \
             probability below {chance}",
            percent(figures.low_warn.exp_m1().max(0.0)),
            percent(figures.high.exp_m1()),
        ),
    }
}

/// Patterns of which nothing at all was done.
fn must_have(table: &Table<'_>, policy: &Policy, findings: &mut Findings) {
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
            findings.candidate(Verdict::NoGo, text);
        }
    }
}

/// Series that only one side has.
fn vanished(table: &Table<'_>, findings: &mut Findings) {
    let mut queries = (Vec::new(), Vec::new());
    for line in &table.series {
        let what = name(line.place);
        let presence = line.presence();
        match presence {
            Presence::Both => {}
            Presence::Vanished if line.must_have() => {
                let text = format!("{what} {}, and it must be there", gone(line));
                findings.candidate(Verdict::NoGo, text);
            }
            Presence::Vanished if line.is_query() => queries.0.push(what),
            Presence::New if line.is_query() => queries.1.push(what),
            Presence::Vanished if line.counts() => {
                findings.baseline(Verdict::Hold, format!("{what} {}", gone(line)));
            }
            Presence::New if line.counts() => {
                let text = format!("{what} {}: nothing to compare with", fresh(line));
                findings.baseline(Verdict::Hold, text);
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

/// Failures of all requests, which count by themselves.
fn all_errors(errors: &Errors, findings: &mut Findings) {
    let Some(row) = errors.rows.first() else { return };
    let Some(found) = row.candidate else { return };
    let share = Ratio(found.value);
    let of = format!("{share} of {} requests failed", group_thousands(found.n));
    let from = row.baseline.map_or(String::new(), |before| format!(" (baseline: {before})"));
    match row.standing {
        Standing::Go => findings
            .candidate(Verdict::Go, format!("{of}, surely no more than {}", row.lines.no_go)),
        Standing::Undecided => findings.candidate(
            Verdict::Hold,
            format!(
                "{of} [{}, {}]: too few to say whether it stays below {}",
                Ratio(found.low),
                Ratio(found.high),
                row.lines.no_go
            ),
        ),
        Standing::Slower | Standing::NoGo | Standing::Rollback => {
            findings.candidate(verdict(row.standing), format!("{of}{from}, {}", above(row)));
        }
        _ => {}
    }
}

fn verdict(standing: Standing) -> Verdict {
    match standing {
        Standing::Rollback => Verdict::Rollback,
        Standing::NoGo => Verdict::NoGo,
        Standing::Slower => Verdict::Hold,
        _ => Verdict::Go,
    }
}

/// Which line is surely crossed, and which by best estimate.
fn above(row: &ErrorRow) -> String {
    let lines = row.lines;
    let (line, surely) = match row.standing {
        Standing::Rollback => (lines.rollback, lines.no_go),
        Standing::NoGo => (lines.no_go, lines.go),
        _ => (lines.go, Ratio(lines.go.0 / 2.0)),
    };
    format!("more than {line} and surely more than {surely}")
}

/// Series that fail more often than they did.
fn failing(table: &Table<'_>, errors: &Errors, findings: &mut Findings) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for (row, series) in errors.rows.iter().zip(&errors.series) {
        let (Some((line, grown)), Some(found)) = (series, row.candidate) else { continue };
        let Some(own) = table.series.get(*line) else { continue };
        if !matches!(row.standing, Standing::Slower | Standing::NoGo | Standing::Rollback) {
            continue;
        }
        let before = row.baseline.map_or("nothing".to_owned(), |before| before.to_string());
        let text = format!(
            "{}: {} of {} requests failed, {}; of the baseline {before}",
            name(own.place),
            Ratio(found.value),
            group_thousands(found.n),
            above(row),
        );
        match grown {
            Grown::More => alarms.push(Alarm { line: *line, standing: row.standing, text }),
            Grown::Alike => findings.note(text),
        }
    }
    alarms
}

/// Rows that are judged in full and stay open.
fn undecided(table: &Table<'_>, compared: &Compared, findings: &mut Findings) {
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
        findings.baseline(Verdict::Hold, text);
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
    let hopeless = match settle::noise_is_too_large(compared) {
        true => ", too large for any sensible number of repetitions",
        false => "",
    };
    findings.baseline(
        Verdict::Hold,
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
fn covered(table: &Table<'_>, compared: &Compared, policy: &Policy, findings: &mut Findings) {
    let coverage = compared.coverage;
    let what = match covers(table) {
        crate::record::Compared::Http => "requests",
        crate::record::Compared::Sql => "queries",
    };
    if !compared.any_full() {
        let text = format!("nothing has {what} enough to be judged in full");
        findings.baseline(Verdict::Hold, text);
        return;
    }
    let share = coverage.requests.unwrap_or_default();
    if share < policy.coverage {
        findings.baseline(
            Verdict::Hold,
            format!(
                "only {share} of all {what} are of {} judged in full, {} are wanted",
                if coverage.endpoints == 1 { "the one endpoint" } else { "endpoints" },
                policy.coverage
            ),
        );
    }
}

/// What must be judged in full and was not.
fn unmeasured(table: &Table<'_>, compared: &Compared, policy: &Policy, findings: &mut Findings) {
    for (at, line) in table.series.iter().enumerate().filter(|(_, line)| line.is_critical()) {
        let short = |judged: &&Judged| judged.line == at && !judged.full(&compared.comparison);
        let missing: Vec<_> = compared.rows.iter().filter(short).collect();
        let words: Vec<_> = missing.iter().map(|one| percentile(one.row.quantile)).collect();
        if !words.is_empty() && line.presence() == Presence::Both {
            let (before, now) = line.requests();
            findings.baseline(
                Verdict::Hold,
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
            findings.baseline(Verdict::Hold, text);
        }
    }
}

/// What speaks for GO.
fn cleared(table: &Table<'_>, compared: &Compared, policy: &Policy, findings: &mut Findings) {
    let of = covers(table);
    let words: Vec<_> = table.wanted.quantiles(of).iter().map(|one| percentile(*one)).collect();
    let coverage = compared.coverage;
    let share = coverage.requests.unwrap_or_default();
    let (noun, what) = match of {
        crate::record::Compared::Http => ("endpoint", "requests"),
        crate::record::Compared::Sql => ("query", "queries"),
    };
    let many = match (coverage.endpoints, noun) {
        (1, _) => format!("1 {noun}"),
        (many, "query") => format!("{many} queries"),
        (many, _) => format!("{many} {noun}s"),
    };
    findings.baseline(
        Verdict::Go,
        format!(
            "{} of {many} ({share} of {what}) are within {} by best estimate; a slow-down above {} \
             in any of them is excluded with {} confidence",
            joined(&words),
            percent(policy.change.go.0),
            percent(policy.change.no_go.0),
            percent(policy.confidence.0),
        ),
    );
    let small = compared.rows.iter().filter(|judged| judged.row.below_floor).count();
    if small > 0 {
        let verb = if small == 1 { "changes" } else { "change" };
        findings.note(format!(
            "{} {verb} by more, but surely by less than {}",
            plural(small, "comparison"),
            policy.floor
        ));
    }
}
