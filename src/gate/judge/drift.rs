//! Which endpoints send other statements than before, or another number of them.

use super::Findings;
use super::sentences::{list, name};
use crate::gate::evidence::{Evidence, SentEvidence};
use crate::gate::ruling::{Drift, Place, StatementDrift};
use crate::units::count_to_f64;

/// The smallest change of statements per request that is told: one more in twenty requests.
const LEAST: f64 = 0.05;

/// The smallest change that is told, as a share of the larger number.
const SHARE: f64 = 0.1;

/// How many standard deviations of a Poisson count a change has to have: what is put down to an
/// endpoint by estimate varies by chance.
const DEVIATIONS: f64 = 4.0;

/// All repetitions of one side added up.
struct Sum<'a> {
    place: &'a Place,
    requests: u64,
    statements: Vec<(&'a str, u64)>,
}

/// The endpoints whose statements have changed, in the order of the baseline. Nothing where one of
/// the sides had no tap.
pub(super) fn judge(
    baseline: &[&Evidence],
    candidate: &[&Evidence],
    findings: &mut Findings,
) -> Vec<Drift> {
    let (before, now) = (sums(baseline), sums(candidate));
    match (before.is_empty(), now.is_empty()) {
        (false, true) => findings.note("the candidate was measured without a tap".to_owned()),
        (true, false) => findings.note("the baseline was measured without a tap".to_owned()),
        (true, true) | (false, false) => {}
    }
    let pairs = before.iter().filter_map(|before| {
        let now = now.iter().find(|now| now.place == before.place)?;
        drift(before, now)
    });
    let drifts: Vec<Drift> = pairs.collect();
    for drift in &drifts {
        findings.note(told(drift));
    }
    drifts
}

fn sums<'a>(side: &[&'a Evidence]) -> Vec<Sum<'a>> {
    let mut sums: Vec<Sum<'a>> = Vec::new();
    for SentEvidence { place, requests, statements } in side.iter().flat_map(|one| &one.sent) {
        let at = sums.iter().position(|known| known.place == place).unwrap_or_else(|| {
            sums.push(Sum { place, requests: 0, statements: Vec::new() });
            sums.len() - 1
        });
        let Some(sum) = sums.get_mut(at) else { continue };
        sum.requests = sum.requests.saturating_add(*requests);
        for (statement, count) in statements {
            match sum.statements.iter_mut().find(|(known, _)| *known == statement.as_str()) {
                Some((_, all)) => *all = all.saturating_add(*count),
                None => sum.statements.push((statement.as_str(), *count)),
            }
        }
    }
    sums
}

impl Sum<'_> {
    fn count(&self, statement: &str) -> u64 {
        let found = self.statements.iter().find(|(known, _)| *known == statement);
        found.map_or(0, |(_, count)| *count)
    }

    fn all(&self) -> u64 {
        self.statements.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// How often for each request, on both sides; `None` where it is the same.
fn changed((before, of): (u64, u64), (now, of_now): (u64, u64)) -> Option<(f64, f64)> {
    let [requests, requests_now] = [of, of_now].map(|count| count_to_f64(count.max(1)));
    let [count, count_now] = [before, now].map(count_to_f64);
    let (each, each_now) = (count / requests, count_now / requests_now);
    let change = (each_now - each).abs();
    let variance = count / (requests * requests) + count_now / (requests_now * requests_now);
    let least = (each.max(each_now) * SHARE).max(LEAST).max(DEVIATIONS * variance.sqrt());
    // What is always sent, or never, does not vary: it needs no many requests to have changed.
    let sure = whole(each) && whole(each_now);
    (change > least || (sure && change >= SHARE)).then_some((each, each_now))
}

fn whole(each: f64) -> bool {
    each.fract() == 0.0
}

fn drift(before: &Sum<'_>, now: &Sum<'_>) -> Option<Drift> {
    let mut names: Vec<&str> = before.statements.iter().map(|(name, _)| *name).collect();
    let fresh = now.statements.iter().map(|(name, _)| *name);
    names.extend(fresh.filter(|name| before.count(name) == 0));
    let statements = names.iter().filter_map(|name| {
        let [was, is] = [(before.count(name), before.requests), (now.count(name), now.requests)];
        let (baseline, candidate) = changed(was, is)?;
        Some(StatementDrift { name: (*name).to_owned(), baseline, candidate })
    });
    let statements: Vec<StatementDrift> = statements.collect();
    let each = |sum: &Sum<'_>| count_to_f64(sum.all()) / count_to_f64(sum.requests.max(1));
    (!statements.is_empty()).then(|| Drift {
        place: before.place.clone(),
        baseline: each(before),
        candidate: each(now),
        statements,
    })
}

/// "`GET /api/farms/{farmId}` (View farm details) now sends 7 statements for a request instead of
/// 3; 2 new: …"
fn told(drift: &Drift) -> String {
    let Drift { place, baseline, candidate, statements } = drift;
    let of = |wanted: fn(&&StatementDrift) -> bool| -> Vec<String> {
        statements.iter().filter(wanted).map(|one| format!("`{}`", one.name)).collect()
    };
    let counted = |one: &StatementDrift| {
        format!("`{}` {} instead of {}", one.name, digits(one.candidate), digits(one.baseline))
    };
    let changed: Vec<String> =
        statements.iter().filter(|one| !one.is_new() && !one.is_gone()).map(counted).collect();
    let groups = [
        ("new", of(|one| one.is_new())),
        ("gone", of(|one| one.is_gone())),
        ("in another number", changed),
    ];
    let groups = groups.iter().filter(|(_, names)| !names.is_empty());
    let groups: Vec<String> =
        groups.map(|(word, names)| format!("{} {word}: {}", names.len(), list(names))).collect();
    let total = if digits(*baseline) == digits(*candidate) {
        format!("still sends {} statements for a request, but others", digits(*candidate))
    } else {
        let (now, before) = (digits(*candidate), digits(*baseline));
        format!("now sends {now} statements for a request instead of {before}")
    };
    format!("{} {total}; {}", name(place), groups.join("; "))
}

/// `7`, `3.2`, `0.25`.
fn digits(each: f64) -> String {
    let hundredths = (each * 100.0).round() / 100.0;
    format!("{hundredths}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::ruling::RowKind;

    fn place() -> Place {
        let name = "GET /api/farms/{farmId}".to_owned();
        let (journey, step) = ("customer".to_owned(), "View farm".to_owned());
        Place { kind: RowKind::Endpoint, name, journey, step }
    }

    fn sum<'a>(place: &'a Place, requests: u64, statements: &[(&'a str, u64)]) -> Sum<'a> {
        Sum { place, requests, statements: statements.to_vec() }
    }

    #[test]
    fn an_endpoint_with_more_statements_is_named_with_them() {
        let place = place();
        let before = sum(&place, 100, &[("SELECT farms by id", 100), ("SELECT products", 200)]);
        let now = sum(
            &place,
            50,
            &[("SELECT farms by id", 50), ("SELECT products", 100), ("SELECT reviews", 200)],
        );
        let drift = drift(&before, &now).unwrap();
        assert_eq!((drift.baseline, drift.candidate), (3.0, 7.0));
        assert_eq!(
            told(&drift),
            "`GET /api/farms/{farmId}` (View farm) now sends 7 statements for a request instead \
             of 3; 1 new: `SELECT reviews`"
        );
        assert_eq!(super::drift(&before, &before), None);
    }

    #[test]
    fn what_changed_its_number_and_what_is_gone_is_told() {
        let place = place();
        let before = sum(&place, 10, &[("a", 10), ("b", 10)]);
        let now = sum(&place, 10, &[("a", 20)]);
        let text = told(&drift(&before, &now).unwrap());
        assert!(text.contains("still sends 2 statements for a request, but others"), "{text}");
        assert!(text.contains("1 gone: `b`; 1 in another number: `a` 2 instead of 1"), "{text}");
    }

    #[test]
    fn chance_is_no_drift() {
        // 0.50 and 0.55 for each request, with standard deviations of 0.07 each.
        assert_eq!(changed((50, 100), (55, 100)), None);
        assert_eq!(changed((50_000, 100_000), (60_000, 100_000)), Some((0.5, 0.6)));
        assert_eq!(changed((0, 1), (1, 1)), Some((0.0, 1.0)));
    }
}
