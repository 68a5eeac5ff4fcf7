//! The daily metrics log: a day with its figures, what was found, and what it comes to.

use jiff::civil::Date;

use super::calendar::Slot;
use super::figures::{Figures, Kind};
use super::observer::Observer;
use super::target::{Level, Tracked};
use super::tasks::Task;
use crate::gate::leaks::{LeakFinding, LeakRow};
use crate::gate::ruling::Verdict;
use crate::units::{Nanos, count_to_f64, f64_to_u64, group_thousands};

/// The most issues of a day that are listed one by one.
const MAX_ISSUES: usize = 40;
/// A part of a day of which less than this share was measured says little of it.
const LEAST_MEASURED: f64 = 0.5;

/// What a row or a day comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every figure is there and within its target.
    Good,
    /// A figure is beyond its target, or rests on too little.
    Warn,
    /// A figure is so far beyond it that it is an issue.
    Bad,
    /// A figure is missing, and none is beyond its target.
    Missing,
}

impl Status {
    /// The sign of it in the guide's table.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Good => "✅",
            Self::Warn => "⚠️",
            Self::Bad => "❌",
            Self::Missing => "—",
        }
    }

    /// Its word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Missing => "missing",
        }
    }
}

/// The status of a day in the guide's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overall {
    /// Everything was measured and is within its target, and nothing was found.
    Healthy,
    /// Something is beyond its target, missing, or was held up.
    Monitoring,
    /// There are issues.
    Issues,
}

impl Overall {
    /// In the guide's words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Healthy => "✅ HEALTHY",
            Self::Monitoring => "⚠️ MONITORING",
            Self::Issues => "❌ ISSUES",
        }
    }

    /// Its word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Monitoring => "monitoring",
            Self::Issues => "issues",
        }
    }
}

/// One figure over one part of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The figure in its unit; `None` when nothing was measured of it.
    pub value: Option<f64>,
    /// What it comes to.
    pub status: Status,
}

/// One figure over the parts of a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which figure.
    pub tracked: Tracked,
    /// One for each of [`Day::parts`].
    pub cells: Vec<Cell>,
    /// What the windows come to; the time outside of them is shown and does not count here.
    pub status: Status,
}

/// One day of an observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Its number: 1 for the day on which the observation began, 0 for the night before it.
    pub number: u32,
    /// Its date by the clock of the place.
    pub date: Date,
    /// Names of the parts; the last is the time that no window takes.
    pub parts: Vec<String>,
    /// How long was measured of each part.
    pub measured: Vec<Nanos>,
    /// The figures.
    pub rows: Vec<Row>,
    /// What was found, in sentences for people.
    pub issues: Vec<String>,
    /// What it comes to.
    pub overall: Overall,
    /// What was to be done in each part that was reached, with what is known of it.
    pub tasks: Vec<(String, Vec<Task>)>,
    /// The figures of the whole day.
    pub whole: Figures,
}

impl Day {
    /// Whether any of its windows was reached: of some only the night before is known.
    pub fn has_windows(&self) -> bool {
        let windows = self.parts.len().saturating_sub(1);
        self.measured.iter().take(windows).any(|measured| *measured > Nanos::ZERO)
    }
}

impl Observer {
    /// All days so far, in order.
    pub fn days(&self) -> Vec<Day> {
        let mut dates: Vec<Date> = self.slots.keys().map(|slot| slot.date).collect();
        dates.dedup();
        dates.into_iter().map(|date| self.day(date)).collect()
    }

    /// One day; all missing when nothing was measured of it.
    pub fn day(&self, date: Date) -> Day {
        let parts = self.calendar.parts().to_vec();
        let figures: Vec<Option<&Figures>> =
            (0..parts.len()).map(|part| self.slots.get(&Slot { date, part })).collect();
        let rows: Vec<Row> = Tracked::ALL.into_iter().map(|of| self.row(of, &figures)).collect();
        let mut whole = Figures::default();
        figures.iter().flatten().for_each(|one| whole.merge(one));
        let issues = self.issues(date, &rows, &whole);
        let reached =
            (0..parts.len()).filter(|part| figures.get(*part).is_some_and(Option::is_some));
        let tasks = reached
            .map(|part| (self.calendar.name(part).to_owned(), self.tasks(Slot { date, part })));
        let tasks: Vec<_> = tasks.filter(|(_, tasks)| !tasks.is_empty()).collect();
        let overall = self.overall(date, &rows, !issues.is_empty());
        Day {
            number: self.number(date),
            date,
            measured: figures
                .iter()
                .map(|one| one.map_or(Nanos::ZERO, |one| one.measured))
                .collect(),
            parts,
            rows,
            issues,
            overall,
            tasks,
            whole,
        }
    }

    pub(super) fn row(&self, of: Tracked, figures: &[Option<&Figures>]) -> Row {
        let cells: Vec<Cell> = figures.iter().map(|one| self.cell(of, *one)).collect();
        let windows = self.calendar.rest();
        Row { tracked: of, status: worst(cells.iter().take(windows)), cells }
    }

    fn cell(&self, of: Tracked, figures: Option<&Figures>) -> Cell {
        let value = figures.and_then(|figures| figures.value(of));
        let Some((value, figures)) = value.zip(figures) else {
            return Cell { value: None, status: Status::Missing };
        };
        let status = match of.level(value, &self.policy) {
            Level::Good if is_thin(figures) => Status::Warn,
            Level::Good => Status::Good,
            Level::Warn => Status::Warn,
            Level::Bad => Status::Bad,
        };
        Cell { value: Some(value), status }
    }

    /// What was found on a day.
    fn issues(&self, date: Date, rows: &[Row], whole: &Figures) -> Vec<String> {
        let mut issues = Vec::new();
        for change in self.changes.iter().filter(|change| self.is_of(change.at_unix_ns, date)) {
            if change.to != Verdict::Go {
                let from = change.from.map_or("the start", Verdict::word);
                let (at, to) = (self.time(change.at_unix_ns), change.to.word());
                issues.push(format!("{at} {from} → {to}: {}", change.why));
            }
        }
        for row in rows {
            let target = row.tracked.target_text(&self.policy);
            let text = |value: f64| row.tracked.text(value, &self.policy);
            for (part, cell) in row.cells.iter().enumerate() {
                let missed = cell
                    .value
                    .filter(|value| row.tracked.level(*value, &self.policy) != Level::Good);
                let Some(value) = missed else { continue };
                let (name, part) = (row.tracked.title(), self.calendar.name(part));
                issues.push(format!("{name} {} in the {part} (target {target})", text(value)));
            }
        }
        for (kind, what) in [
            (Kind::ConnectionErrors, "database connections failed"),
            (Kind::Timeouts, "statements were cancelled because they took too long"),
        ] {
            if let Some(many) = whole.sum(kind).filter(|many| *many > 0.0) {
                issues.push(format!("{} {what} (target 0)", group_thousands(f64_to_u64(many))));
            }
        }
        for missed in self.missed.iter().filter(|one| self.is_of(one.until_unix_ns, date)) {
            let at = self.time(missed.until_unix_ns);
            issues.push(format!("until {at} {} are missing: {}", missed.length, missed.why));
        }
        issues.extend(self.absent(date, rows));
        let leaks = self.leaks(date);
        issues.extend(leaks.iter().map(|leak| format!("grows without end: {leak}")));
        if issues.len() > MAX_ISSUES {
            let more = issues.len() - MAX_ISSUES;
            issues.truncate(MAX_ISSUES);
            issues.push(format!("and {more} more"));
        }
        issues
    }

    /// What was not measured, of windows that were reached.
    fn absent(&self, date: Date, rows: &[Row]) -> Vec<String> {
        let mut told = Vec::new();
        let reached = |part: usize| self.slots.get(&Slot { date, part });
        let windows = || (0..self.calendar.rest()).filter(|part| reached(*part).is_some());
        let never: Vec<&str> = rows
            .iter()
            .filter(|row| {
                windows().next().is_some() && row.cells.iter().all(|one| one.value.is_none())
            })
            .map(|row| row.tracked.title())
            .collect();
        if !never.is_empty() {
            told.push(format!("not measured: {}", never.join(", ")));
        }
        for part in windows() {
            let of_part = |row: &&Row| row.cells.get(part).is_some_and(|one| one.value.is_none());
            let missing: Vec<&str> = rows
                .iter()
                .filter(of_part)
                .map(|row| row.tracked.title())
                .filter(|title| !never.contains(title))
                .collect();
            if !missing.is_empty() {
                let part = self.calendar.name(part);
                told.push(format!("not measured in the {part}: {}", missing.join(", ")));
            }
            if let Some(figures) = reached(part).filter(|figures| is_thin(figures)) {
                let all = figures.measured + figures.missing;
                let part = self.calendar.name(part);
                told.push(format!(
                    "only {} of {all} were measured in the {part}",
                    figures.measured
                ));
            }
        }
        told
    }

    fn overall(&self, date: Date, rows: &[Row], has_issues: bool) -> Overall {
        let is_grave = |verdict: Verdict| verdict >= Verdict::NoGo;
        let here = self.changes.iter().filter(|change| self.is_of(change.at_unix_ns, date));
        // The state in which the day began, which may be one of the day before.
        let before = self.changes.iter().rev().find(|change| {
            self.calendar.slot(change.at_unix_ns).is_some_and(|slot| slot.date < date)
        });
        let mut states = here.chain(before).map(|change| change.to);
        let leaks = !self.leaks(date).is_empty();
        let any = |status: Status| rows.iter().any(|row| row.status == status);
        let all_good = rows.iter().all(|row| row.status == Status::Good);
        if any(Status::Bad) || leaks || states.any(is_grave) {
            Overall::Issues
        } else if all_good && !has_issues {
            Overall::Healthy
        } else {
            Overall::Monitoring
        }
    }

    /// What grows without end, told of the last day: it takes the whole observation to say so.
    fn leaks(&self, date: Date) -> Vec<String> {
        if self.slots.keys().next_back().is_none_or(|slot| slot.date != date) {
            return Vec::new();
        }
        let found = self.growth();
        let leaks = found.iter().filter(|row| row.finding == LeakFinding::Leak);
        leaks.map(LeakRow::text).collect()
    }

    fn is_of(&self, unix_ns: u64, date: Date) -> bool {
        self.calendar.slot(unix_ns).is_some_and(|slot| slot.date == date)
    }

    /// The time of the day by the clock of the place.
    pub fn time(&self, unix_ns: u64) -> String {
        let local = self.calendar.local(unix_ns);
        local.map_or_else(|| "—".to_owned(), |at| format!("{:02}:{:02}", at.hour(), at.minute()))
    }
}

/// The worst; missing is worse than good, and not as bad as what was measured and is beyond.
fn worst<'a>(cells: impl Iterator<Item = &'a Cell>) -> Status {
    let statuses: Vec<Status> = cells.map(|cell| cell.status).collect();
    let order = [Status::Bad, Status::Warn, Status::Missing, Status::Good];
    order.into_iter().find(|one| statuses.contains(one)).unwrap_or(Status::Missing)
}

/// Whether too little was measured of a part of a day.
fn is_thin(figures: &Figures) -> bool {
    let all = figures.measured + figures.missing;
    count_to_f64(figures.measured.0) < LEAST_MEASURED * count_to_f64(all.0)
}
