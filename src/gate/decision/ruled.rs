//! What the gate's ruling says of rows of the guide: failures, response times, data.

use super::known::Known;
use super::measured::{Finding, Measure, joined};
use super::{Answer, Source};
use crate::gate::judge::{name, percent, percentile};
use crate::gate::ruling::{Place, Row, Ruling, Standing, Verdict};
use crate::record::{Answered, Asserted, Lines};
use crate::units::{Ratio, group_thousands};

/// Weights such as 0.3, 0.3 and 0.4 add up to 1 within this.
const TOLERANCE: f64 = 1e-9;

/// Most series that are named; what is beyond is counted.
const MOST_NAMED: usize = 3;

/// The candidate, for people.
pub(super) fn candidate(known: &Known) -> Option<Source> {
    let side = &known.ruling.as_ref()?.candidate;
    Some(Source::of(format!("run {}", side.name)))
}

/// The ruling, unless it says that nothing can be said.
fn sound<'a>(known: &'a Known, part: &str) -> Option<Result<(&'a Ruling, Source), Measure>> {
    let ruling = known.ruling.as_ref()?;
    let source = Source::part(format!("run {}", ruling.candidate.name), part);
    if ruling.verdict == Verdict::Invalid {
        let figure = "nothing can be said: the measurement is not sound";
        return Some(Err(Measure::open(figure, source)));
    }
    Some(Ok((ruling, source)))
}

/// The share of requests that fail: as the gate judges it, and over the observation.
pub(super) fn errors(known: &Known) -> Option<Measure> {
    let compared = match sound(known, "failures-compared")? {
        Ok((ruling, source)) => all_failures(ruling, source),
        Err(open) => Some(open),
    };
    joined(compared, observed_errors(known))
}

fn all_failures(ruling: &Ruling, source: Source) -> Option<Measure> {
    let row = ruling.errors.iter().find(|row| row.place.is_none())?;
    let Some(share) = row.candidate else {
        return Some(Measure::open("no request was measured", source));
    };
    let [value, low, high] = [share.value, share.low, share.high].map(|share| share * 100.0);
    let figure = format!(
        "{value:.2} % [{low:.2}, {high:.2}] of {} requests failed, limit {}",
        group_thousands(share.n),
        row.lines.go
    );
    let below = |line: Ratio| if share.high <= line.0 { Answer::No } else { Answer::Open };
    let (no_go, rollback) = (below(row.lines.no_go), below(row.lines.rollback));
    let (go, no_go, rollback) = match row.standing {
        Standing::Rollback => (Answer::No, Answer::Yes, Answer::Yes),
        Standing::NoGo => (Answer::No, Answer::Yes, rollback),
        Standing::Slower => (Answer::No, no_go, rollback),
        Standing::Go => (Answer::Yes, no_go, rollback),
        Standing::NotGated
        | Standing::Coarse
        | Standing::New
        | Standing::Undecided
        | Standing::Vanished => (Answer::Open, no_go, rollback),
    };
    Some(Measure { go, no_go, rollback, figure, source })
}

/// The share over the whole observation; without any there is nothing to say.
fn observed_errors(known: &Known) -> Option<Measure> {
    let observed = known.observation.as_ref()?;
    let source = observed.source();
    let own = known.figures.iter().find(|own| own.source.what == source.what)?;
    let share = Ratio::of(own.errors, own.requests)?;
    let lines = known.policy.errors;
    let beyond = |line: Ratio| if share > line { Answer::Yes } else { Answer::No };
    let figure =
        format!("{share} of {} requests of the observation failed", group_thousands(own.requests));
    let go = if share <= lines.go { Answer::Yes } else { Answer::No };
    let (no_go, rollback) = (beyond(lines.no_go), beyond(lines.rollback));
    let measure = Measure { go, no_go, rollback, figure, source };
    let open = |told: Measure| Measure::open(told.figure, told.source);
    Some(if observed.simulated.is_some() { open(measure) } else { measure })
}

/// Whether more fails than did before.
pub(super) fn stability(known: &Known) -> Option<Finding> {
    let (ruling, source) = match sound(known, "failures-compared")? {
        Ok(sound) => sound,
        Err(open) => return Some(open.at(super::measured::Line::Go)),
    };
    let row = ruling.errors.iter().find(|row| row.place.is_none())?;
    let (Some(share), Some(before)) = (row.candidate, row.baseline) else {
        let figure = "one side has no requests".to_owned();
        return Some(Finding { answer: Answer::Open, figure, source });
    };
    let [value, low, high] = [share.value, share.low, share.high].map(|share| share * 100.0);
    let figure = format!("{value:.2} % [{low:.2}, {high:.2}] failed, {before} in the baseline");
    let answer = match row.standing {
        _ if share.low > before.0 => Answer::No,
        Standing::Undecided | Standing::NotGated | Standing::Coarse | Standing::New => Answer::Open,
        Standing::Go
        | Standing::Slower
        | Standing::Vanished
        | Standing::NoGo
        | Standing::Rollback => Answer::Yes,
    };
    Some(Finding { answer, figure, source })
}

/// Response times of everything that the gate judges.
pub(super) fn performance(known: &Known) -> Option<Measure> {
    let (ruling, source) = match sound(known, "compared-with-the-baseline")? {
        Ok(sound) => sound,
        Err(open) => return Some(open),
    };
    let judged: Vec<&Row> = ruling.rows.iter().filter(|row| row.weight > 0.0).collect();
    let is_full = |row: &&&Row| !matches!(row.standing, Standing::NotGated | Standing::Coarse);
    let full: Vec<&Row> = judged.iter().filter(is_full).copied().collect();
    let covered = ruling.coverage.requests.is_some_and(|share| share >= known.policy.coverage);
    if full.is_empty() || !covered {
        let share = ruling.coverage.requests.map_or("no".to_owned(), |share| share.to_string());
        let figure = format!(
            "{share} of the requests are in endpoints with enough of them to be judged, {} are \
             needed",
            known.policy.coverage
        );
        // What is beyond a line is so however little else was judged.
        let alarms = alarmed(&full, known);
        return Some(Measure { figure, source, ..alarms });
    }
    let figure = performance_figure(&full);
    Some(Measure { figure, source, ..alarmed(&full, known) }).map(|found| settled(found, &full))
}

/// What the alarms say: beyond a line are series whose weights add up to 1; all else is open.
fn alarmed(full: &[&Row], known: &Known) -> Measure {
    let slower = weight(full, Standing::Slower, Standing::is_alarm) > 0.0;
    let enough = |from: Standing| weight(full, from, Standing::is_alarm) >= 1.0 - TOLERANCE;
    let answer = |yes: bool| if yes { Answer::Yes } else { Answer::Open };
    Measure {
        go: if slower { Answer::No } else { Answer::Open },
        no_go: answer(enough(Standing::NoGo)),
        rollback: answer(enough(Standing::Rollback)),
        ..Measure::open("", candidate(known).unwrap_or_default())
    }
}

/// What no row leaves open is so, or is not.
fn settled(found: Measure, full: &[&Row]) -> Measure {
    let go = match found.go {
        Answer::Open if full.iter().all(|row| row.standing == Standing::Go) => Answer::Yes,
        go @ (Answer::Open | Answer::Yes | Answer::No) => go,
    };
    let below = |line: fn(&Lines) -> Ratio| {
        full.iter().all(|row| {
            let within = |own: f64| own - 1.0 <= line(&row.lines).0 + TOLERANCE;
            row.standing == Standing::Go || row.ratio.is_some_and(|ratio| within(ratio.high))
        })
    };
    let no = |answer: Answer, excluded: bool| match answer {
        Answer::Open if excluded => Answer::No,
        Answer::Open | Answer::Yes | Answer::No => answer,
    };
    Measure {
        go,
        no_go: no(found.no_go, below(|lines| lines.no_go)),
        rollback: no(found.rollback, below(|lines| lines.rollback)),
        ..found
    }
}

/// How much the series weigh that have a row from `from` on, each once.
fn weight(rows: &[&Row], from: Standing, is_alarm: fn(Standing) -> bool) -> f64 {
    let mut told: Vec<(&Place, f64)> = Vec::new();
    for row in rows.iter().filter(|row| is_alarm(row.standing) && row.standing >= from) {
        if !told.iter().any(|(place, _)| *place == &row.place) {
            told.push((&row.place, row.weight));
        }
    }
    told.iter().map(|(_, weight)| weight).sum()
}

impl Standing {
    /// Whether a row says that something is slower.
    fn is_alarm(self) -> bool {
        match self {
            Self::Slower | Self::NoGo | Self::Rollback => true,
            Self::NotGated
            | Self::Coarse
            | Self::Go
            | Self::New
            | Self::Undecided
            | Self::Vanished => false,
        }
    }
}

/// The worst rows by name, or how far the farthest is.
fn performance_figure(full: &[&Row]) -> String {
    let mut worst: Vec<&&Row> = full.iter().filter(|row| row.standing != Standing::Go).collect();
    worst.sort_by_key(|row| std::cmp::Reverse(row.standing));
    if worst.is_empty() {
        let ratio = |row: &&&Row| row.ratio.map_or(f64::NEG_INFINITY, |ratio| ratio.value);
        let farthest = full.iter().max_by(|one, other| ratio(one).total_cmp(&ratio(other)));
        let told = farthest.map(|row| told(row)).unwrap_or_default();
        return match full.len() {
            1 => format!("1 figure is within its lines: {told}"),
            all => format!("{all} figures are within their lines, the farthest is {told}"),
        };
    }
    let named: Vec<String> = worst.iter().take(MOST_NAMED).map(|row| told(row)).collect();
    let more = worst.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join("; "))
}

/// `` `GET /api/farms` (View farm list) p95 +26.0 % [+13.0, +39.0]: NO-GO ``
fn told(row: &Row) -> String {
    let signed = |ratio: f64| {
        let sign = if ratio < 1.0 { "-" } else { "+" };
        if ratio.is_finite() { format!("{sign}{}", percent(ratio - 1.0)) } else { "∞".to_owned() }
    };
    let change = match row.ratio {
        Some(ratio) => {
            format!(" {} [{}, {}]", signed(ratio.value), signed(ratio.low), signed(ratio.high))
        }
        None => String::new(),
    };
    format!("{} {}{change}: {}", name(&row.place), percentile(row.quantile), row.standing.word())
}

/// Assertions on data, of the candidate alone.
pub(super) fn data(known: &Known) -> Option<Measure> {
    let source = Source::part(candidate(known)?.what, "integrity");
    let own = &known.integrity;
    let worst = own.iter().max_by_key(|asserted| asserted.answer)?;
    let holding = own.iter().filter(|asserted| asserted.answer == Answered::Holds).count();
    let held = format!("{holding} of {} assertions on data hold", own.len());
    let before = |worst: &Asserted| {
        let same = |other: &&Asserted| other.name == worst.name && other.answer == worst.answer;
        known.integrity_before.iter().any(|other| same(&other))
    };
    // An assertion that both versions break is no work of the candidate, and another may be.
    let broken = own.iter().filter(|one| one.answer == Answered::Broken);
    let new = broken.clone().find(|one| !before(one));
    let told = |one: &Asserted, more: &str| {
        format!("{held}; `{}` is broken{more}: {}", one.name, one.found())
    };
    let (go, against, figure) = match (new, worst.answer) {
        (Some(one), _) => (Answer::No, Answer::Yes, told(one, "")),
        (None, Answered::Broken) => (Answer::Open, Answer::Open, told(worst, " as before")),
        (None, Answered::Holds) => (Answer::Yes, Answer::No, held),
        (None, Answered::Open | Answered::Unanswered) => {
            let note = worst.note.as_deref().unwrap_or("nothing is known");
            (Answer::Open, Answer::Open, format!("{held}; of `{}`: {note}", worst.name))
        }
    };
    Some(Measure { go, no_go: against, rollback: against, figure, source })
}
