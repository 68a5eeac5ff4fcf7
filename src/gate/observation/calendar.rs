//! Days and their parts, by the clock of a place.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use thiserror::Error;

use crate::record::{Observation, WindowText};
use crate::scenario::did_you_mean;
use crate::units::Nanos;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// What the time is called that no window takes.
const REST: &str = "night";
/// The most windows of a day: an hour each.
const MAX_WINDOWS: usize = 24;
/// The longest name of a window.
const LONGEST_NAME: usize = 40;
/// What windows without a name are called, in the order of the day.
const USUAL: [(&str, u16, u16); 3] =
    [("morning", 7 * 60, 11 * 60), ("mid-day", 11 * 60, 16 * 60), ("evening", 16 * 60, 22 * 60)];
/// Time that nothing is known of is walked through in so many steps at most, so that a wrong clock
/// takes no time.
const MAX_STEPS: u64 = 50_000;

/// Days and windows that can't be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// No time zone has this name.
    #[error("there is no time zone `{name}`")]
    Zone {
        /// What was written.
        name: String,
        /// What to do.
        hint: String,
    },
    /// A window that is none.
    #[error("`{text}` is no window of a day: {why}")]
    Window {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two windows take the same time.
    #[error("the windows `{one}` and `{other}` overlap")]
    Overlap {
        /// The name of one.
        one: String,
        /// The name of the other.
        other: String,
    },
}

impl CalendarError {
    /// What to do about it.
    pub fn hint(&self) -> &str {
        match self {
            Self::Zone { hint, .. } => hint,
            Self::Window { .. } => "write for example `07-11,11-16,16-22`, or `noon=11:30-14:00`",
            Self::Overlap { .. } => "let each begin where the one before it ends",
        }
    }
}

/// Which part of which day a moment is of.
///
/// A window that goes past midnight belongs to the day on which it begins, and so does the night.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The day by the calendar of the place.
    pub date: Date,
    /// The place of the part in [`Calendar::parts`].
    pub part: usize,
}

/// Days and their parts, by the clock of a place: where clocks are changed a day has 23 or 25
/// hours.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    windows: Vec<WindowText>,
    /// Names of all parts; the last is the time that no window takes.
    parts: Vec<String>,
}

impl Calendar {
    /// The days of a place, cut into `windows`.
    ///
    /// # Errors
    ///
    /// A zone that nobody knows, and windows that are none or overlap.
    pub fn new(zone: &str, windows: &[WindowText]) -> Result<Self, CalendarError> {
        let zone = time_zone(zone)?;
        verify(windows)?;
        Ok(Self::cut(zone, windows))
    }

    /// The days of an observation.
    ///
    /// # Errors
    ///
    /// As [`Calendar::new`].
    pub fn of(observation: &Observation) -> Result<Self, CalendarError> {
        Self::new(&observation.zone, &observation.windows)
    }

    /// The usual windows by UTC, for a record whose own can't be had.
    pub fn usual() -> Self {
        Self::cut(TimeZone::UTC, &usual_windows())
    }

    fn cut(zone: TimeZone, windows: &[WindowText]) -> Self {
        let names = windows.iter().map(|window| window.name.clone());
        let parts = names.chain([REST.to_owned()]).collect();
        Self { zone, windows: windows.to_vec(), parts }
    }

    /// The parts of a day, by name; the last is the time that no window takes.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// The part that is called so.
    pub fn part(&self, name: &str) -> Option<usize> {
        self.parts.iter().position(|known| known == name)
    }

    /// The time that no window takes.
    pub fn rest(&self) -> usize {
        self.windows.len()
    }

    /// The name of a part.
    pub fn name(&self, part: usize) -> &str {
        self.parts.get(part).map_or(REST, String::as_str)
    }

    /// What the clock of the place shows at a moment, in nanoseconds since 1970-01-01 UTC; `None`
    /// beyond the year 9999.
    pub fn local(&self, unix_ns: u64) -> Option<DateTime> {
        let seconds = i64::try_from(unix_ns.div_euclid(Nanos::SECOND.0)).ok()?;
        Some(self.zone.to_datetime(Timestamp::from_second(seconds).ok()?))
    }

    /// When the clock of the place shows this; of a time that it shows twice the first, of one
    /// that it leaves out the moment at which it does. `None` before 1970.
    pub fn unix_ns(&self, local: DateTime) -> Option<u64> {
        let moment = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        u64::try_from(moment.as_nanosecond()).ok()
    }

    /// Which part of which day a moment is of.
    pub fn slot(&self, unix_ns: u64) -> Option<Slot> {
        let local = self.local(unix_ns)?;
        let minute = minute_of(local);
        let today = local.date();
        let yesterday = || today.yesterday().unwrap_or(today);
        for (part, window) in self.windows.iter().enumerate() {
            let (from, to) = (window.from_minute, window.to_minute);
            match () {
                () if from < to && (from..to).contains(&minute) => {
                    return Some(Slot { date: today, part });
                }
                () if to <= from && minute >= from => return Some(Slot { date: today, part }),
                () if to <= from && minute < to => return Some(Slot { date: yesterday(), part }),
                () => {}
            }
        }
        // The rest begins where the window before it ends.
        let ends = self.windows.iter().map(|window| window.to_minute.rem_euclid(DAY));
        let is_of_today = self.windows.is_empty() || ends.min().is_some_and(|end| end <= minute);
        let date = if is_of_today { today } else { yesterday() };
        Some(Slot { date, part: self.rest() })
    }

    /// The parts of the time of this length before a moment, with how much of it each has.
    pub fn before(&self, unix_ns: u64, length: Nanos) -> Vec<(Slot, Nanos)> {
        let step = length.0.div_ceil(MAX_STEPS).max(Nanos::from_secs(60).0);
        let mut found: Vec<(Slot, Nanos)> = Vec::new();
        let mut left = length.0;
        while left > 0 {
            let part = step.min(left);
            // The oldest first: each piece counts for the part in which it begins.
            let slot = unix_ns.checked_sub(left).and_then(|at| self.slot(at));
            left -= part;
            let Some(slot) = slot else { continue };
            match found.last_mut() {
                Some((known, sum)) if *known == slot => *sum = *sum + Nanos(part),
                Some(_) | None => found.push((slot, Nanos(part))),
            }
        }
        found
    }
}

/// Morning, mid-day and evening, as the staging guide has them.
pub fn usual_windows() -> Vec<WindowText> {
    let window = |(name, from_minute, to_minute): (&str, u16, u16)| WindowText {
        name: name.to_owned(),
        from_minute,
        to_minute,
    };
    USUAL.into_iter().map(window).collect()
}

/// Reads windows: `07-11,11-16,16-22`, with minutes `07:30-11:15`, with a name `noon=11-14`.
/// Without names the first three are morning, mid-day and evening.
///
/// # Errors
///
/// What is no window, and windows that overlap.
pub fn read_windows(text: &str) -> Result<Vec<WindowText>, CalendarError> {
    let mut windows = Vec::new();
    for (at, written) in text.split(',').enumerate() {
        let unfit = |why| CalendarError::Window { text: written.trim().to_owned(), why };
        let (name, times) = if let Some((name, times)) = written.split_once('=') {
            (name.trim().to_owned(), times)
        } else {
            let usual = USUAL.get(at).map(|(name, ..)| (*name).to_owned());
            (usual.ok_or_else(|| unfit("a fourth one needs a name"))?, written)
        };
        let (from, to) = times.split_once('-').ok_or_else(|| unfit("`-` is missing"))?;
        let wrong = || unfit("a time is `07` or `07:30`, up to `24:00`");
        let from_minute = minutes(from).ok_or_else(wrong)?;
        let to_minute = minutes(to).ok_or_else(wrong)?;
        windows.push(WindowText { name, from_minute, to_minute });
    }
    verify(&windows)?;
    Ok(windows)
}

/// A time of the day in minutes: `7`, `07`, `07:30`, `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let number = |text: &str| {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_plain && text.len() <= 2)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let all = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && all <= DAY).then_some(all)
}

fn verify(windows: &[WindowText]) -> Result<(), CalendarError> {
    let told = |window: &WindowText| {
        let time = |minute: u16| format!("{:02}:{:02}", minute.div_euclid(60), minute % 60);
        format!("{}={}-{}", window.name, time(window.from_minute), time(window.to_minute))
    };
    for (at, window) in windows.iter().enumerate() {
        let unfit = |why| Err(CalendarError::Window { text: told(window), why });
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
        match () {
            () if at >= MAX_WINDOWS => return unfit("a day has 24 windows at most"),
            () if window.from_minute >= DAY || window.to_minute > DAY => {
                return unfit("a day has 24 hours");
            }
            () if window.from_minute == window.to_minute => return unfit("it takes no time"),
            () if window.name.is_empty() || window.name.len() > LONGEST_NAME => {
                return unfit("a name has 1 to 40 characters");
            }
            () if !window.name.chars().all(is_word) => {
                return unfit("a name has letters, digits, `-`, `_` and spaces");
            }
            () => {}
        }
        for other in windows.iter().take(at) {
            if other.name == window.name {
                return unfit("another one has this name");
            }
            if (0..DAY).any(|minute| takes(window, minute) && takes(other, minute)) {
                let (one, other) = (other.name.clone(), window.name.clone());
                return Err(CalendarError::Overlap { one, other });
            }
        }
    }
    Ok(())
}

fn takes(window: &WindowText, minute: u16) -> bool {
    let (from, to) = (window.from_minute, window.to_minute);
    if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

fn minute_of(local: DateTime) -> u16 {
    let part = |value: i8| u16::try_from(value).unwrap_or_default();
    part(local.hour()) * 60 + part(local.minute())
}

/// A zone by its IANA name, or by its offset from UTC: `+02:00`.
fn time_zone(name: &str) -> Result<TimeZone, CalendarError> {
    let name = name.trim();
    if matches!(name, "UTC" | "Z" | "utc") {
        return Ok(TimeZone::UTC);
    }
    let known = TimeZoneDatabase::bundled();
    let found = match name.strip_prefix(['+', '-']) {
        Some(rest) => offset(rest).and_then(|seconds| {
            let signed = if name.starts_with('-') { -seconds } else { seconds };
            Some(TimeZone::fixed(Offset::from_seconds(signed).ok()?))
        }),
        None => known.get(name).ok(),
    };
    found.ok_or_else(|| {
        let names: Vec<String> = known.available().map(|name| name.to_string()).collect();
        let hint = match did_you_mean(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write an IANA name such as `Europe/Berlin`, or an offset such as `+02:00`"
                .to_owned(),
        };
        CalendarError::Zone { name: name.to_owned(), hint }
    })
}

/// Seconds of `02:00`, `0200` or `02`; at most fifteen hours.
fn offset(text: &str) -> Option<i32> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        2 if is_plain => (digits.as_str(), "0"),
        4 if is_plain => digits.split_at_checked(2)?,
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 15 && minutes < 60).then_some((hours * 60 + minutes) * 60)
}
