//! What the guide wants to be checked in each part of a day, and what was measured of it.

use super::calendar::Slot;
use super::day::Status;
use super::figures::{Figures, Kind};
use super::observer::Observer;
use super::target::{Level, Tracked};
use crate::gate::leaks::{LeakFinding, LeakRow};
use crate::record::{Criterion, Group};
use crate::units::{Nanos, Ratio, group_thousands};

/// The 95th percentile of statements has to be below this.
const QUERY_P95: Nanos = Nanos::from_millis(200);
/// The 99th.
const QUERY_P99: Nanos = Nanos::from_millis(500);
/// The mean of the slowest statement, in milliseconds.
const SLOWEST_MEAN_MS: f64 = 50.0;

/// One box of the guide.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What is to be checked.
    pub criterion: &'static Criterion,
    /// What is known of it.
    pub answer: Answer,
    /// What was found, or what is missing, for people.
    pub found: String,
}

/// What is known of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was measured, and is as it has to be.
    Holds,
    /// It was measured, and is not.
    Fails,
    /// It was not measured: people have to look.
    Open,
}

impl Answer {
    /// The box in Markdown, and its word for machines.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Open => "open",
        }
    }
}

type Found = (Answer, String);

impl Observer {
    /// The boxes of a part of a day; none for a part of which the guide says nothing.
    pub fn tasks(&self, slot: Slot) -> Vec<Task> {
        let group = match self.calendar.name(slot.part) {
            "morning" => Group::Morning,
            "mid-day" => Group::MidDay,
            "evening" => Group::Evening,
            _ => return Vec::new(),
        };
        let answer = |criterion: &'static Criterion| {
            let (answer, found) = self.answer(criterion.id, slot);
            Task { criterion, answer, found }
        };
        Criterion::in_group(group).map(answer).collect()
    }

    fn answer(&self, id: &str, slot: Slot) -> Found {
        let own = self.slots.get(&slot);
        let since_night = || self.since_night(slot);
        match id {
            "morning.errors" => self.targets(&[Tracked::ErrorRate], Some(&since_night())),
            "morning.pool" => self.targets(&[Tracked::Pool], Some(&since_night())),
            "morning.slow-queries" => slow_queries(&since_night()),
            "morning.memory" | "evening.memory" => self.memory(),
            "mid-day.response" => {
                self.targets(&[Tracked::AverageResponse, Tracked::P95Response], own)
            }
            "mid-day.errors" => self.targets(&[Tracked::ErrorRate], own),
            "mid-day.endpoints" => self.endpoints(slot),
            "mid-day.database-cpu" => database_cpu(own),
            "mid-day.pool" => self.targets(&[Tracked::Pool], own),
            "evening.metrics" => self.whole_day(slot),
            "morning.logs" => open("the logs are read beside this: look at the report's logs"),
            "morning.backups" => open("not measured: look at the backups, and attest it"),
            "evening.data" => open("assertions on data are asked at the end of the observation"),
            "evening.feedback" => open("not measured: ask the users, and attest it"),
            "evening.issues" => {
                open("what was found stands in the log of the day: add what is not")
            }
            _ => open("not measured"),
        }
    }

    /// The night before a morning with the morning itself.
    fn since_night(&self, slot: Slot) -> Figures {
        let mut both = Figures::default();
        let night = slot.date.yesterday().ok();
        let night = night.map(|date| Slot { date, part: self.calendar.rest() });
        let night = night.and_then(|night| self.slots.get(&night));
        night.into_iter().chain(self.slots.get(&slot)).for_each(|one| both.merge(one));
        both
    }

    /// Figures against their targets; one that is missing leaves it open.
    fn targets(&self, wanted: &[Tracked], figures: Option<&Figures>) -> Found {
        let mut answer = Answer::Holds;
        let mut told = Vec::new();
        for of in wanted {
            let value = figures.and_then(|figures| figures.value(*of));
            let (title, target) = (of.title(), of.target_text(&self.policy));
            let Some(value) = value else {
                told.push(format!("{title} not measured"));
                answer = if answer == Answer::Fails { answer } else { Answer::Open };
                continue;
            };
            if of.level(value, &self.policy) != Level::Good {
                answer = Answer::Fails;
            }
            told.push(format!("{title} {} (target {target})", of.text(value, &self.policy)));
        }
        (answer, told.join(", "))
    }

    fn memory(&self) -> Found {
        let found = self.growth();
        let told: Vec<String> = found.iter().map(LeakRow::text).collect();
        let told = told.join("; ");
        match () {
            () if found.is_empty() => open("no memory was read"),
            () if found.iter().any(|row| row.finding == LeakFinding::Leak) => (Answer::Fails, told),
            () if found.iter().all(|row| row.finding == LeakFinding::Clean) => {
                (Answer::Holds, told)
            }
            () => (Answer::Open, told),
        }
    }

    fn endpoints(&self, slot: Slot) -> Found {
        let Some(slowest) = self.slowest(slot) else {
            return open("no request succeeded");
        };
        let value = slowest.p95.as_millis_f64();
        let (of, policy) = (Tracked::P95Response, &self.policy);
        let is_good = of.level(value, policy) == Level::Good;
        let found = format!(
            "the slowest is {} with a P95 of {} over {} requests (target {})",
            slowest.name,
            of.text(value, policy),
            group_thousands(slowest.n),
            of.target_text(policy)
        );
        (if is_good { Answer::Holds } else { Answer::Fails }, found)
    }

    fn whole_day(&self, slot: Slot) -> Found {
        let day = (0..self.calendar.parts().len())
            .map(|part| self.slots.get(&Slot { date: slot.date, part }))
            .collect::<Vec<_>>();
        let rows: Vec<_> = Tracked::ALL.into_iter().map(|of| self.row(of, &day)).collect();
        let named = |status: Status| {
            let own = rows.iter().filter(move |row| row.status == status);
            own.map(|row| row.tracked.title()).collect::<Vec<_>>().join(", ")
        };
        let missed: Vec<_> = [named(Status::Bad), named(Status::Warn)]
            .into_iter()
            .filter(|one| !one.is_empty())
            .collect();
        match () {
            () if !missed.is_empty() => {
                (Answer::Fails, format!("beyond their targets: {}", missed.join(", ")))
            }
            () if rows.iter().all(|row| row.status == Status::Good) => {
                (Answer::Holds, "all metrics of the day are within their targets".to_owned())
            }
            () => (Answer::Open, format!("not measured throughout: {}", named(Status::Missing))),
        }
    }
}

fn open(why: &str) -> Found {
    (Answer::Open, why.to_owned())
}

/// The slow queries of a time: by the tap's percentiles, else by the slowest statement's mean.
fn slow_queries(figures: &Figures) -> Found {
    let both = figures.query.at(0.95).zip(figures.query.at(0.99));
    if let Some((p95, p99)) = both {
        let n = group_thousands(figures.query.len());
        let found = format!(
            "P95 {p95} (target <{QUERY_P95}), P99 {p99} (target <{QUERY_P99}) over {n} statements"
        );
        let is_good = p95 < QUERY_P95 && p99 < QUERY_P99;
        return (if is_good { Answer::Holds } else { Answer::Fails }, found);
    }
    let Some(slowest) = figures.max(Kind::Slowest) else {
        return open("no statement was seen: a tap or a PostgreSQL monitor sees them");
    };
    let found = format!("the slowest statement takes {slowest:.1} ms in the mean (target <50 ms)");
    (if slowest < SLOWEST_MEAN_MS { Answer::Holds } else { Answer::Fails }, found)
}

/// The processors of the database, which have no target of their own but that of all.
fn database_cpu(figures: Option<&Figures>) -> Found {
    let own = figures.map(|figures| figures.means(Kind::DatabaseCpu).collect::<Vec<_>>());
    let highest =
        own.unwrap_or_default().into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
    let Some((name, mean)) = highest else {
        return open("not measured: give the database's process or container a monitor");
    };
    let found = format!("{name} is {} in the mean (target <50 %)", Ratio(mean));
    (if mean < 0.5 { Answer::Holds } else { Answer::Fails }, found)
}
