//! What speaks for GO: which rows were decided so, and by which lines.

use super::rows::{Compared, Judged, covers};
use super::sentences::{joined, name, percentile, plural, set};
use super::series::Table;
use super::{About, Findings};
use crate::gate::ruling::{Row, Standing, Verdict};
use crate::record::{Compared as Of, Lines, Policy};
use crate::units::Ratio;

/// A sentence for the rows that were decided by the lines of the policy, one for each series that
/// has its own, and a note for those that change by less than matters.
pub(super) fn judge(
    table: &Table<'_>,
    compared: &Compared,
    policy: &Policy,
    findings: &mut Findings,
) {
    let go = |judged: &&Judged| judged.row.standing == Standing::Go && judged.row.weight > 0.0;
    let (small, clear): (Vec<_>, Vec<_>) =
        compared.rows.iter().filter(go).partition(|judged| judged.row.below_floor);
    let of = covers(table);
    let clear: Vec<_> =
        clear.into_iter().filter(|judged| judged.row.place.kind.compared() == of).collect();
    let (usual, own): (Vec<_>, Vec<_>) =
        clear.into_iter().partition(|judged| judged.row.lines == policy.change);
    let many = covered(table, &usual);
    if let Some(what) = subject(&many, of) {
        let (verb, them) = match many.as_slice() {
            [one] if one.lines.len() == 1 && one.quantiles.len() == 1 => ("is", "it"),
            [one] if one.lines.len() == 1 => ("are", "it"),
            _ => ("are", "any of them"),
        };
        let text = format!("{what} {verb} {}", within(policy.change, them, policy));
        findings.baseline(Verdict::Go, About::Change, text);
    }
    for (line, lines) in apart(&own) {
        let rows = own.iter().filter(|judged| judged.line == line);
        let rows: Vec<&Row> = rows.map(|judged| &judged.row).collect();
        let Some(first) = rows.first() else { continue };
        let words: Vec<_> = rows.iter().map(|row| percentile(row.quantile)).collect();
        let verb = if rows.len() == 1 { "is" } else { "are" };
        let what = format!("{} of {}", joined(&words), name(&first.place));
        let text = format!("{what} {verb} {}", within(lines, "it", policy));
        findings.baseline(Verdict::Go, About::Change, text);
    }
    below(small.len(), policy, findings);
}

/// Rows that change by more than the lines, and by less than matters.
fn below(small: usize, policy: &Policy, findings: &mut Findings) {
    if small == 0 {
        return;
    }
    let verb = if small == 1 { "changes" } else { "change" };
    let what = plural(small, "comparison");
    let text = format!("{what} {verb} by more, but surely by less than {}", policy.floor);
    if findings.all.is_empty() {
        // Nothing else speaks for the GO.
        findings.baseline(Verdict::Go, About::Change, text.clone());
    }
    findings.note(text);
}

/// What GO says of rows with these lines.
fn within(lines: Lines, them: &str, policy: &Policy) -> String {
    format!(
        "within {} by best estimate; a slow-down above {} in {them} is excluded with {} confidence",
        set(lines.go.0),
        set(lines.no_go.0),
        set(policy.confidence.0),
    )
}

/// The series that some percentiles are GO of.
struct Covered {
    quantiles: Vec<f64>,
    /// Their places in the table, rising.
    lines: Vec<usize>,
    /// Their part of the requests of all that count.
    share: Ratio,
}

/// Percentile by percentile; those of the same series together.
fn covered(table: &Table<'_>, rows: &[&Judged]) -> Vec<Covered> {
    let requests = |at: usize| {
        table.series.get(at).map_or(0, |line| {
            let (before, now) = line.requests();
            before.saturating_add(now)
        })
    };
    let of = covers(table);
    let counting = |at: &usize| {
        let line = table.series.get(*at);
        line.is_some_and(|line| line.counts() && line.place.kind.compared() == of)
    };
    let sum =
        |lines: &[usize]| lines.iter().fold(0_u64, |sum, at| sum.saturating_add(requests(*at)));
    let all: Vec<usize> = (0..table.series.len()).filter(counting).collect();
    let mut found: Vec<Covered> = Vec::new();
    for quantile in table.wanted.quantiles(of) {
        let same = rows.iter().filter(|one| one.row.quantile.to_bits() == quantile.to_bits());
        let lines: Vec<usize> = same.map(|judged| judged.line).collect();
        if lines.is_empty() {
            continue;
        }
        if let Some(known) = found.iter_mut().find(|known| known.lines == lines) {
            known.quantiles.push(*quantile);
        } else {
            let share = Ratio::of(sum(&lines), sum(&all)).unwrap_or_default();
            found.push(Covered { quantiles: vec![*quantile], lines, share });
        }
    }
    found
}

/// `p95 and p99 of 4 endpoints (92 % of requests)`; `None` for nothing.
fn subject(many: &[Covered], of: Of) -> Option<String> {
    let what = match of {
        Of::Http => "requests",
        Of::Sql => "queries",
    };
    let one = |covered: &Covered| {
        let words: Vec<_> = covered.quantiles.iter().map(|one| percentile(*one)).collect();
        let number = match (of, covered.lines.len()) {
            (Of::Http, number) => plural(number, "endpoint"),
            (Of::Sql, 1) => "1 query".to_owned(),
            (Of::Sql, number) => format!("{number} queries"),
        };
        format!("{} of {number} ({} of {what})", joined(&words), covered.share)
    };
    let told: Vec<_> = many.iter().map(one).collect();
    (!told.is_empty()).then(|| joined(&told))
}

/// The series with lines of their own, each once, in the order of the rows.
fn apart(own: &[&Judged]) -> Vec<(usize, Lines)> {
    let mut found: Vec<(usize, Lines)> = Vec::new();
    for judged in own {
        if !found.iter().any(|(line, _)| *line == judged.line) {
            found.push((judged.line, judged.row.lines));
        }
    }
    found
}
