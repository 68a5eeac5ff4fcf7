//! One word from all rows, and why.

use super::known::Known;
use super::{Because, LISTS, List, NOBODY, Row, Standing, State, is_needed, speaks_against};
use crate::gate::ruling::Verdict;
use crate::record::Group;

/// The word and its reasons, the gravest first.
///
/// ROLLBACK and NO-GO follow from a row of their lists that is bad, INVALID from runs that are no
/// measurement. GO needs every row of the five lists that it rests on to be good, and no row of
/// any other list to be bad; everything else is HOLD.
pub(super) fn of(known: &Known, lists: &[List]) -> (Verdict, Vec<Because>) {
    let mut reasons: Vec<(Verdict, String)> = Vec::new();
    match &known.ruling {
        Some(ruling) => {
            let ours = ruling.reasons.iter().filter(|reason| reason.verdict != Verdict::Go);
            reasons.extend(ours.map(|reason| (reason.verdict, reason.text.clone())));
            if ruling.verdict != Verdict::Go && reasons.is_empty() {
                reasons.push((ruling.verdict, "the gate does not say GO".to_owned()));
            }
        }
        None => {
            reasons.push((Verdict::Hold, "the candidate was compared with no baseline".to_owned()))
        }
    }
    for (group, list) in groups(lists) {
        reasons.extend(list.rows.iter().filter_map(|row| reason(group, row)));
    }
    reasons.extend(nothing_known(lists));
    let ruled = known.ruling.as_ref().map_or(Verdict::Hold, |ruling| ruling.verdict);
    let verdict = reasons.iter().map(|(verdict, _)| *verdict).fold(ruled, Ord::max);
    // Stable, so that what is of one gravity stays in the order of the document.
    reasons.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let told =
        |(verdict, text): (Verdict, String)| Because { verdict: verdict.word().to_owned(), text };
    (verdict, reasons.into_iter().map(told).collect())
}

/// The lists of criteria; figures with targets count by way of the criterion that names them all.
fn groups(lists: &[List]) -> impl Iterator<Item = (Group, &List)> {
    lists.iter().filter_map(|list| {
        let (group, _) = LISTS.iter().find(|(_, name)| *name == list.name)?;
        Some((*group, list))
    })
}

/// What a row keeps back, if it does.
fn reason(group: Group, row: &Row) -> Option<(Verdict, String)> {
    let verdict = match (row.standing, group) {
        (Standing::Good, _) => return None,
        (Standing::Bad, Group::Rollback) => Verdict::Rollback,
        (Standing::Bad, Group::NoGo) => Verdict::NoGo,
        (Standing::Bad, _) => Verdict::Hold,
        (Standing::Open | Standing::Missing, group) if is_needed(group) => Verdict::Hold,
        (Standing::Open | Standing::Missing, _) => return None,
    };
    let text = match (&row.state, row.standing) {
        // Of many rows there is nothing more to say: they are told together.
        (State::Missing { why, .. }, _) if why == NOBODY => return None,
        (State::Missing { why, .. }, _) => format!("`{}` is missing: {why}", row.id),
        (State::Measured { figure, .. }, Standing::Open) => {
            format!("`{}` is open: {figure}", row.id)
        }
        (State::Measured { figure, .. }, _) if speaks_against(group) => {
            format!("{} (`{}`): {figure}", row.text, row.id)
        }
        (State::Measured { figure, .. }, _) => {
            format!("not so: {} (`{}`): {figure}", row.text, row.id)
        }
        (State::Attested { by, note, .. }, _) if speaks_against(group) => {
            format!("{} (`{}`), says {by}: {note}", row.text, row.id)
        }
        (State::Attested { by, note, .. }, _) => {
            format!("not so: {} (`{}`), says {by}: {note}", row.text, row.id)
        }
    };
    Some((verdict, text))
}

/// Rows on which GO rests and of which nothing at all is known, in one sentence.
fn nothing_known(lists: &[List]) -> Option<(Verdict, String)> {
    let needed = groups(lists).filter(|(group, _)| is_needed(*group));
    let unknown = needed.flat_map(|(_, list)| &list.rows).filter(|row| match &row.state {
        State::Missing { why, .. } => why == NOBODY,
        State::Measured { .. } | State::Attested { .. } => false,
    });
    let ids: Vec<&str> = unknown.map(|row| row.id.as_str()).collect();
    if ids.is_empty() {
        return None;
    }
    let verb = if ids.len() == 1 { "is" } else { "are" };
    Some((Verdict::Hold, format!("{NOBODY} {verb} {}", ids.join(", "))))
}

/// Commands that would answer what GO waits for, each once, in the order of the document.
pub(super) fn next(lists: &[List]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (group, list) in groups(lists) {
        for row in &list.rows {
            let State::Missing { how, .. } = &row.state else { continue };
            if is_needed(group) && !commands.contains(how) {
                commands.push(how.clone());
            }
        }
    }
    commands
}
