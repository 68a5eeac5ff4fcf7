//! What the candidate does far less often than the baseline, so that it can't be compared.

use super::rows::{Compared, Judged, pair};
use super::sentences::{joined, name, percentile};
use super::series::{Line, Presence, Table, requests as successful};
use super::{About, Findings};
use crate::gate::evidence::SeriesEvidence;
use crate::gate::ruling::Verdict;
use crate::names::SeriesKind;
use crate::record::{Compared as Of, Policy};
use crate::stats::compare::{Tier, tier};
use crate::units::{count_to_f64, f64_to_u64, group_thousands};

/// A repetition of the candidate with less than this part of the baseline's successful requests is
/// far less: at the least counts that are compared, chance alone is beyond four standard deviations.
const PART: f64 = 0.5;

/// Series that the candidate's own lack of successful requests takes out of the comparison, or
/// leaves less to say: what hardly answers any more must not drop out in silence. One repetition
/// with few of them suffices, as it does for the comparison. Queries are what the target makes of
/// requests: of them it is a note, as is one that has vanished.
pub(super) fn requests(
    table: &Table<'_>,
    compared: &Compared,
    policy: &Policy,
    findings: &mut Findings,
) {
    for (at, line) in table.series.iter().enumerate() {
        let Some(lack) = Lack::of(line) else { continue };
        let rows = compared.rows.iter().filter(|judged| judged.line == at);
        let lost = rows.filter(|judged| {
            judged.tier(compared) < by_baseline(line, judged.row.quantile, compared, policy)
        });
        let words: Vec<_> = lost.map(|judged| percentile(judged.row.quantile)).collect();
        if words.is_empty() {
            continue;
        }
        let text =
            format!("{}: {}, too few for its {}", name(line.place), lack.told(), joined(&words));
        if line.counts() && !line.is_query() {
            findings.baseline(Verdict::Hold, About::Other, text);
        } else {
            findings.note(text);
        }
    }
}

/// Queries are missing altogether: nobody reported them, so nothing of them was judged.
pub(super) fn queries(
    table: &Table<'_>,
    compared: &Compared,
    policy: &Policy,
    findings: &mut Findings,
) {
    if table.repetitions.1 == 0 {
        return;
    }
    let of = |kind: SeriesKind| table.series.iter().filter(move |line| line.kind() == Some(kind));
    for (kind, text) in [
        (SeriesKind::ServerQuery, "the candidate reports no queries"),
        (SeriesKind::SqlStep, "no query of the candidate's own steps succeeded"),
        (SeriesKind::TapQuery, "no tap saw a statement of the candidate"),
    ] {
        let full = |line: &Line<'_>| {
            let mut quantiles = table.wanted.quantiles(Of::Sql).iter();
            line.counts()
                && quantiles.any(|one| by_baseline(line, *one, compared, policy) == Tier::Full)
        };
        if of(kind).any(full) && of(kind).all(|line| line.requests().1 == 0) {
            let text = format!("{text}, and the baseline has enough to judge them");
            findings.baseline(Verdict::Hold, About::Other, text);
        }
    }
}

impl Judged {
    /// How much it has to say.
    fn tier(&self, compared: &Compared) -> Tier {
        compared.found(self).map_or(Tier::NotGated, |found| found.tier)
    }
}

/// How much a row would have to say if the candidate had what the baseline has.
fn by_baseline(line: &Line<'_>, quantile: f64, compared: &Compared, policy: &Policy) -> Tier {
    if line.baseline.is_empty() || line.requests().0 < policy.least {
        return Tier::NotGated;
    }
    let mut pair = pair(0, line, quantile);
    pair.candidate.clone_from(&pair.baseline);
    tier(&pair, &compared.settings)
}

/// Successful requests of a candidate that has far fewer, and what the baseline has in as many
/// repetitions.
enum Lack {
    All { now: u64, before: u64 },
    Repetition { now: u64, before: u64 },
}

impl Lack {
    /// `None` where there are about as many, or one side has none at all.
    fn of(line: &Line<'_>) -> Option<Self> {
        if line.presence() != Presence::Both || line.candidate.is_empty() {
            return None;
        }
        let number = |side: &[Option<&SeriesEvidence>]| {
            count_to_f64(u64::try_from(side.len()).unwrap_or(u64::MAX))
        };
        let all = successful(&line.candidate);
        let usual = count_to_f64(successful(&line.baseline)) / number(&line.baseline);
        let expected = usual * number(&line.candidate);
        if count_to_f64(all) < PART * expected {
            return Some(Self::All { now: all, before: f64_to_u64(expected.round()) });
        }
        let each = line.candidate.iter().map(|one| one.map_or(0, |one| one.requests));
        let least = each.min()?;
        (count_to_f64(least) < PART * usual)
            .then(|| Self::Repetition { now: least, before: f64_to_u64(usual.round()) })
    }

    fn told(&self) -> String {
        match self {
            Self::All { now, before } => format!(
                "the candidate has {} of {} successful requests",
                group_thousands(*now),
                group_thousands(*before)
            ),
            Self::Repetition { now, before } => format!(
                "a repetition of the candidate has {} of {} successful requests",
                group_thousands(*now),
                group_thousands(*before)
            ),
        }
    }
}
