//! What a decision rests on, a row each, with a mark and without jargon: the first page.

use super::compared::failed;
use super::{Cell, Column, Table, Tone, single};
use crate::gate::leaks::{LeakFinding, LeakRow};
use crate::gate::ruling::{Row, Ruling, Standing};
use crate::gate::threshold::Status;
use crate::report::document::{Document, Question};
use crate::report::figures::{self, NOTHING};
use crate::report::words;

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Good,
    Open,
    Bad,
}

impl Mark {
    fn cell(self) -> Cell {
        match self {
            Self::Good => Cell::toned("✓ yes", Tone::Good),
            Self::Open => Cell::toned("? open", Tone::Warn),
            Self::Bad => Cell::toned("✗ no", Tone::Bad),
        }
    }

    fn of(standing: Standing) -> Self {
        match standing {
            Standing::Go | Standing::NotGated | Standing::Coarse => Self::Good,
            Standing::New | Standing::Undecided | Standing::Vanished => Self::Open,
            Standing::Slower | Standing::NoGo | Standing::Rollback => Self::Bad,
        }
    }
}

/// A row for each thing that was asked and measured; none where nothing was asked.
pub(in crate::report) fn glance(document: &Document) -> Option<Table> {
    let judgement = &document.judgement;
    let mut rows = vec![sound(document)];
    if let Some(ruling) = &judgement.ruling {
        rows.push(enough(ruling));
        rows.push(as_fast(ruling, judgement.question));
        rows.extend(fails(ruling));
    }
    rows.extend(limits(document));
    rows.extend(readings(document));
    rows.extend(leaks(document));
    rows.extend(data(document));
    let asked = rows.len() > 1 || !judgement.invalid_reasons.is_empty();
    asked.then(|| {
        Table::new(
            "At a glance",
            "What was asked, and what was measured.",
            vec![Column::word(""), Column::text("asked"), Column::text("measured")],
            single(rows),
        )
    })
}

fn row(mark: Mark, asked: impl Into<String>, measured: impl Into<String>) -> Vec<Cell> {
    vec![mark.cell(), Cell::new(asked), Cell::quiet(measured)]
}

fn sound(document: &Document) -> Vec<Cell> {
    let reasons = &document.judgement.invalid_reasons;
    let (mark, told) = match reasons.as_slice() {
        [] => (Mark::Good, "the generator kept up, and nothing disturbed it".to_owned()),
        [first, ..] => (Mark::Bad, first.clone()),
    };
    row(mark, "The measurement itself is sound", told)
}

/// Whether it is data that is wanted, and nothing else.
fn enough(ruling: &Ruling) -> Vec<Cell> {
    let mark = if ruling.only_open { Mark::Open } else { Mark::Good };
    let own = &ruling.coverage;
    let share = own.requests.map(|share| format!(", {share} of the requests"));
    let all = figures::some(
        u64::try_from(own.endpoints_all).unwrap_or(u64::MAX),
        "endpoint",
        "endpoints",
    );
    let told = format!("{} of {all}{} judged in full", own.endpoints, share.unwrap_or_default());
    row(mark, "Enough was measured to decide", told)
}

/// All that was judged, and what did worst of it.
fn as_fast(ruling: &Ruling, question: Question) -> Vec<Cell> {
    let judged = || {
        let all = ruling.rows.iter();
        all.filter(|row| !matches!(row.standing, Standing::NotGated | Standing::Coarse))
    };
    let mark = judged().map(|row| Mark::of(row.standing)).max();
    // Rows of which little is known hold nothing up; nor do they show anything.
    let mark = mark.unwrap_or(Mark::Open);
    let good = judged().filter(|row| Mark::of(row.standing) == Mark::Good).count();
    let counted = format!("{good} of {} comparisons", judged().count());
    let estimate = |row: &&Row| row.ratio.as_ref().map_or(f64::NEG_INFINITY, |own| own.value);
    let told = judged().filter(|row| !row.below_floor);
    let worst =
        told.max_by(|a, b| a.standing.cmp(&b.standing).then(estimate(a).total_cmp(&estimate(b))));
    let worst = worst.and_then(|row| {
        let ratio = row.ratio.as_ref()?;
        let change = words::change(ratio.value, Some((ratio.low, ratio.high)));
        let step = words::step(&row.place);
        Some(format!("; furthest: {step} {} {change}", words::percentile(row.quantile)))
    });
    let small = judged().filter(|row| row.below_floor).count();
    let small = (small > 0).then(|| format!("; {small} changes are surely too small to matter"));
    let asked = match question {
        Question::MayItGo => "Endpoints and queries are as fast as before, within the limits",
        Question::AreWeBack => "Endpoints and queries are as fast as before, neither more nor less",
    };
    row(mark, asked, format!("{counted}{}{}", worst.unwrap_or_default(), small.unwrap_or_default()))
}

fn fails(ruling: &Ruling) -> Option<Vec<Cell>> {
    let all = ruling.errors.iter().find(|row| row.place.is_none())?;
    let worst = ruling.errors.iter().map(|row| Mark::of(row.standing)).max()?;
    let other = ruling
        .errors
        .iter()
        .filter(|row| row.place.is_some() && Mark::of(row.standing) > Mark::of(all.standing));
    let other = other.max_by_key(|row| row.standing).and_then(|row| {
        let step = words::step(row.place.as_ref()?);
        Some(format!("; {step}: {}", failed(row)))
    });
    let asked = format!("Fewer than {} of the requests fail", figures::share(Some(all.lines.go)));
    Some(row(worst, asked, format!("{}{}", failed(all), other.unwrap_or_default())))
}

fn limits(document: &Document) -> Option<Vec<Cell>> {
    let told = document.judgement.told();
    let decided = |status: Status| told.iter().filter(move |line| line.status == status);
    let missed = told.iter().find(|line| line.fails && line.status != Status::Undecided);
    let open = told.iter().find(|line| line.fails);
    let kept = decided(Status::Passed).count();
    let counted = format!("{kept} of {} hold", told.len());
    let first = missed.or(open).map(|line| {
        let measured = if line.measured.is_empty() { NOTHING } else { line.measured.as_str() };
        format!("; {} {}: {measured}", line.subject, line.condition)
    });
    let mark = match (missed, open) {
        (Some(_), _) => Mark::Bad,
        (None, Some(_)) => Mark::Open,
        (None, None) => Mark::Good,
    };
    let any = !told.is_empty();
    any.then(|| {
        row(
            mark,
            "The scenario's thresholds hold",
            format!("{counted}{}", first.unwrap_or_default()),
        )
    })
}

fn readings(document: &Document) -> Option<Vec<Cell>> {
    let limited: Vec<_> = document.readings.iter().filter(|row| row.limit.is_some()).collect();
    let kept = limited.iter().filter(|row| row.holds == Some(true)).count();
    let missed = limited.iter().find(|row| row.holds == Some(false));
    let mark = match missed {
        Some(_) => Mark::Bad,
        None if kept == limited.len() => Mark::Good,
        None => Mark::Open,
    };
    let first = missed.map(|row| {
        let limit = row.limit.as_deref().unwrap_or_default();
        let judged = row.judged.as_deref().unwrap_or(NOTHING);
        format!("; {} {judged}, wanted {limit}", row.name)
    });
    let counted = format!("{kept} of {} hold{}", limited.len(), first.unwrap_or_default());
    let any = !limited.is_empty();
    any.then(|| row(mark, "What the monitors read stays within its limits", counted))
}

/// Whether anything grows without end, where that was looked at for long enough.
fn leaks(document: &Document) -> Option<Vec<Cell>> {
    if document.leaks.iter().all(|row| row.slope.is_none()) {
        return None;
    }
    let of = |row: &&LeakRow| match row.finding {
        LeakFinding::Leak => Mark::Bad,
        LeakFinding::Open(_) => Mark::Open,
        LeakFinding::Clean => Mark::Good,
    };
    let mark = document.leaks.iter().map(|row| of(&row)).max()?;
    let clean = document.leaks.iter().filter(|row| of(row) == Mark::Good).count();
    let first = document.leaks.iter().find(|row| of(row) == mark && mark != Mark::Good);
    let first = first.map(|row| match &row.finding {
        LeakFinding::Open(why) => format!("; {}: {why}", row.reading),
        LeakFinding::Leak | LeakFinding::Clean => {
            format!("; {} grows by {}", row.reading, row.growth_text())
        }
    });
    let told = format!(
        "{clean} of {} readings don't grow{}",
        document.leaks.len(),
        first.unwrap_or_default()
    );
    Some(row(mark, "No memory leak", told))
}

fn data(document: &Document) -> Option<Vec<Cell>> {
    let all = &document.integrity;
    let broken = all.iter().filter(|row| row.fails()).count();
    let mark = if broken == 0 { Mark::Good } else { Mark::Bad };
    let told = format!("{} of {} assertions hold", all.len() - broken, all.len());
    (!all.is_empty()).then(|| row(mark, "No data was lost or damaged", told))
}
