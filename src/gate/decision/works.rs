//! Whether features work: each by its steps, and all together.

use super::known::{Feature, Known};
use super::measured::Measure;
use super::{Answer, Row, Source, Standing, State};
use crate::record::Lines;
use crate::stats::estimate::{normal_quantile, wilson};
use crate::units::{Ratio, count_to_f64, group_thousands};

/// Confidence with which a share of failures is beyond the line before.
const SURE: f64 = 0.99;

/// Most features that are named; what is beyond is counted.
const MOST_NAMED: usize = 5;

/// One feature: its box is ticked when its steps passed at least once, and fewer than 1 % failed.
pub(super) fn one(known: &Known, id: &str) -> Option<Measure> {
    let feature = known.features.iter().find(|feature| feature.id == id)?;
    let tried = feature.passed.saturating_add(feature.failed);
    let share = Ratio::of(feature.failed, tried)?;
    let figure =
        format!("{} of {} steps passed", group_thousands(feature.passed), group_thousands(tried));
    let go = if share < Lines::ERRORS.go && feature.passed > 0 { Answer::Yes } else { Answer::No };
    let [no_go, rollback] = broken(feature);
    let yes = |so: bool| if so { Answer::Yes } else { Answer::No };
    let (no_go, rollback) = (yes(no_go), yes(rollback));
    Some(Measure { go, no_go, rollback, figure, source: feature.source.clone() })
}

/// Whether a feature is broken beyond the lines of NO-GO and of ROLLBACK: as failures of requests
/// are judged, past its own line by best estimate and surely past the one before. What has never
/// worked is beyond both.
fn broken(feature: &Feature) -> [bool; 2] {
    let Some(share) = Ratio::of(feature.failed, feature.passed.saturating_add(feature.failed))
    else {
        return [false, false];
    };
    let tried = count_to_f64(feature.passed.saturating_add(feature.failed));
    let (low, _) = wilson(share.0, tried, normal_quantile(SURE));
    let beyond = |line: Ratio, before: Ratio| share > line && low > before.0;
    let never = feature.passed == 0;
    let lines = Lines::ERRORS;
    [never || beyond(lines.no_go, lines.go), never || beyond(lines.rollback, lines.no_go)]
}

/// All features of the checklist; `None` when nothing is known of any.
pub(super) fn all(rows: &[Row], known: &Known) -> Option<Measure> {
    let of = |standing: Standing| -> Vec<&str> {
        rows.iter().filter(|row| row.standing == standing).map(|row| row.id.as_str()).collect()
    };
    let (good, bad) = (of(Standing::Good), of(Standing::Bad));
    let open: Vec<&str> = of(Standing::Missing).into_iter().chain(of(Standing::Open)).collect();
    if good.is_empty() && bad.is_empty() {
        return None;
    }
    // What a person calls broken is so.
    let said =
        |row: &&Row| row.standing == Standing::Bad && matches!(row.state, State::Attested { .. });
    let by_people = rows.iter().any(|row| said(&row));
    let measured = known.features.iter().map(broken);
    let (no_go, rollback) = measured
        .fold((by_people, by_people), |(no_go, rollback), [more, gravest]| {
            (no_go || more, rollback || gravest)
        });
    let against = |so: bool| match (so, open.is_empty()) {
        (true, _) => Answer::Yes,
        (false, true) => Answer::No,
        (false, false) => Answer::Open,
    };
    let go = match (bad.is_empty(), open.is_empty()) {
        (false, _) => Answer::No,
        (true, false) => Answer::Open,
        (true, true) => Answer::Yes,
    };
    let mut figure = format!("{} of {} features work", good.len(), rows.len());
    for (word, ids) in [("not as they should: ", &bad), ("not known: ", &open)] {
        if !ids.is_empty() {
            figure = format!("{figure}; {word}{}", listed(ids));
        }
    }
    let (no_go, rollback) = (against(no_go), against(rollback));
    Some(Measure { go, no_go, rollback, figure, source: Source::of("the feature checklist") })
}

/// A few names, and how many there are beyond.
fn listed(ids: &[&str]) -> String {
    let more = ids.len().saturating_sub(MOST_NAMED);
    let told = ids.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { told } else { format!("{told} and {more} more") }
}
