//! What speaks against the candidate: what became slower, and what fails.

use super::errors::{Errors, Grown};
use super::rows::{Compared, Judged};
use super::sentences::{name, percent, percentile, set};
use super::series::{Line, Table};
use super::weights::{Alarm, Level, Levels};
use super::{About, Finding, Findings, Ground, cleared, fewer, missing};
use crate::gate::live::{self, AlarmKind};
use crate::gate::ruling::{Row, Standing, Verdict};
use crate::record::{Lines, Policy};
use crate::stats::compare;
use crate::units::{Ratio, group_thousands};

pub(super) fn find(
    table: &Table<'_>,
    compared: &Compared,
    errors: &Errors,
    policy: &Policy,
    findings: &mut Findings,
) {
    missing::must_have(table, policy, findings);
    missing::vanished(table, findings);
    all_errors(errors, findings);
    let slow = slower(table, compared, policy);
    let failing = failing(table, errors, findings);
    let levels = Levels::of(table, slow.iter().chain(&failing));
    for alarm in &slow {
        if let Some((verdict, text)) = levels.weigh(table, alarm) {
            findings.baseline(verdict, About::Change, text);
        }
    }
    for alarm in &failing {
        if let Some((verdict, text)) = levels.weigh(table, alarm) {
            findings.candidate(verdict, differs(verdict), text);
        }
    }
    fewer::requests(table, compared, policy, findings);
    fewer::queries(table, compared, policy, findings);
    missing::undecided(table, compared, findings);
    missing::covered(table, compared, policy, findings);
    missing::unmeasured(table, compared, policy, findings);
    cleared::judge(table, compared, policy, findings);
}

/// The alarm that went off while the candidate was measured. A change is one in the environment of
/// the baseline, as all that rests on a comparison; of an INVALID comparison it decides nothing.
pub(super) fn live(alarm: Option<&live::Alarm>, findings: &mut Findings) {
    let Some(alarm) = alarm else { return };
    if findings.verdict() == Verdict::Invalid {
        findings.note(format!("an alarm went off: {}", alarm.what));
        return;
    }
    let (ground, about) = match alarm.kind {
        AlarmKind::Errors => (Ground::Candidate, About::Differs),
        AlarmKind::Change => (Ground::Baseline, About::Other),
    };
    let (verdict, text) = (Verdict::Rollback, alarm.what.clone());
    findings.all.insert(0, Finding { verdict, ground, about, text });
}

/// Failures that are no more than HOLD prove no difference.
fn differs(verdict: Verdict) -> About {
    if verdict > Verdict::Hold { About::Differs } else { About::Other }
}

/// Rows whose change is proved.
fn slower(table: &Table<'_>, compared: &Compared, policy: &Policy) -> Vec<Alarm> {
    let alarm = |judged: &Judged| {
        let row = &judged.row;
        let found = compared.found(judged)?;
        let line = table.series.get(judged.line)?;
        let level = Level::of(row.standing)?;
        let text = slower_text(
            line,
            (&judged.row, level),
            found,
            (compared.comparison.comparisons, policy),
        );
        Some(Alarm { line: judged.line, level, text })
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
    (row, level): (&Row, Level),
    found: &compare::Row,
    (comparisons, policy): (usize, &Policy),
) -> String {
    let Some(figures) = found.figures else { return String::new() };
    let what = format!("{} {}", name(line.place), percentile(row.quantile));
    let slower = percent(figures.change.exp_m1());
    let alpha = 1.0 - policy.confidence.0;
    let lines = line.rule.and_then(|rule| rule.change).unwrap_or(policy.change);
    let over = match comparisons {
        0 | 1 => String::new(),
        many => format!(" over all {many} comparisons"),
    };
    let (bound, chance) = match level {
        Level::Rollback => (Some(lines.no_go), alpha / 5.0),
        Level::NoGo => (Some(lines.go), alpha / 5.0),
        Level::Slower => (None, alpha),
    };
    let chance = set(chance);
    let beside = match figures.relative {
        Some(relative) if row.relative => {
            let more = percent(relative.change.exp_m1());
            return match bound {
                Some(bound) => format!(
                    "{what} is {slower} slower; beside the rest of the site {more}, certainly \
                     more than {} (chance below {chance}{over})",
                    set(bound.0)
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
            set(bound.0)
        ),
        None => format!(
            "{beside} is {slower} slower (at least {}, at most {}); that this is chance{over} has a \
             probability below {chance}",
            percent(figures.low_warn.exp_m1().max(0.0)),
            percent(figures.high.exp_m1()),
        ),
    }
}

/// Failures of all requests, which count by themselves.
fn all_errors(errors: &Errors, findings: &mut Findings) {
    let Some(row) = errors.rows.first() else { return };
    let Some(found) = row.candidate else { return };
    let share = Ratio(found.value);
    let of = format!("{share} of {} requests failed", group_thousands(found.n));
    let from = row.baseline.map_or(String::new(), |before| format!(" (baseline: {before})"));
    if let Some(level) = Level::of(row.standing) {
        let verdict = level.verdict();
        // The lines are absolute: a baseline that fails as often is no different.
        let about = match row.baseline {
            Some(before) if found.low <= before.0 => About::Other,
            _ => differs(verdict),
        };
        let text = format!("{of}{from}, {}", above(level, row.lines));
        findings.candidate(verdict, about, text);
    } else if row.standing == Standing::Go {
        let text = format!("{of}, surely no more than {}", set(row.lines.no_go.0));
        findings.candidate(Verdict::Go, About::Change, text);
    } else if row.standing == Standing::Undecided {
        let text = format!(
            "{of} [{}, {}]: too few to say whether it stays below {}",
            Ratio(found.low),
            Ratio(found.high),
            set(row.lines.no_go.0)
        );
        findings.candidate(Verdict::Hold, About::Open, text);
    }
}

/// Which line is surely crossed, and which by best estimate.
fn above(level: Level, lines: Lines) -> String {
    let (line, surely) = match level {
        Level::Rollback => (lines.rollback, lines.no_go),
        Level::NoGo => (lines.no_go, lines.go),
        Level::Slower => (lines.go, Ratio(lines.go.0 / 2.0)),
    };
    format!("more than {} and surely more than {}", set(line.0), set(surely.0))
}

/// Series that fail more often than they did.
fn failing(table: &Table<'_>, errors: &Errors, findings: &mut Findings) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for (row, series) in errors.rows.iter().zip(&errors.series) {
        let (Some((line, grown)), Some(found)) = (series, row.candidate) else { continue };
        let Some(own) = table.series.get(*line) else { continue };
        let Some(level) = Level::of(row.standing) else { continue };
        let before = row.baseline.map_or("nothing".to_owned(), |before| before.to_string());
        let text = format!(
            "{}: {} of {} requests failed, {}; of the baseline {before}",
            name(own.place),
            Ratio(found.value),
            group_thousands(found.n),
            above(level, row.lines),
        );
        match grown {
            Grown::More => alarms.push(Alarm { line: *line, level, text }),
            Grown::Alike => findings.note(text),
        }
    }
    alarms
}
