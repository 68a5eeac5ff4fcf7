//! The state of a system under observation: GO, HOLD, NO-GO or ROLLBACK, and how it changes.
//!
//! A *look* after each segment holds the last ten against the limits: failures by all of them but
//! the worst, so that one spoilt segment is none of the system's, everything else by the median.
//! The state gets worse after three looks that prove it, and better after ten by whose best
//! estimate it is: it never follows one segment, and what comes and goes leaves it where it is.

use std::collections::VecDeque;

use super::figures::Figures;
use super::target::{Level, Tracked};
use crate::gate::judge::limits;
use crate::gate::ruling::Verdict;
use crate::record::Policy;
use crate::stats::decision::Decision;
use crate::stats::errors::{self, Stretch};

/// So many segments are looked at together.
pub const WINDOW: usize = 10;
/// After so many looks that say the same or worse the state is worse.
pub const LOOKS_TO_WORSEN: usize = 3;
/// After so many looks that say better the state is better.
pub const LOOKS_TO_LEAVE: usize = 10;
/// So many segments in a row without a figure are silence.
const SILENT: usize = 10;
/// A figure must be this much below a line before the state leaves it: what wavers at the line stays
/// beyond it.
const MARGIN: f64 = 1.05;
/// So many segments must have a figure before it is looked at.
const LEAST: usize = 3;

/// The state has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When the segment began after which it is so, in nanoseconds since 1970-01-01 UTC.
    pub at_unix_ns: u64,
    /// What it was; `None` when nothing was known.
    pub from: Option<Verdict>,
    /// What it is: never INVALID.
    pub to: Verdict,
    /// Why, in a sentence for people.
    pub why: String,
    /// Each figure of the segment; `None` when it has none.
    pub figures: Vec<(Tracked, Option<f64>)>,
}

/// What one segment has to say.
#[derive(Clone, Debug)]
struct Sample {
    tried: Stretch,
    values: Vec<(Tracked, Option<f64>)>,
}

/// What is found against the system, and why.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    /// What is proved: with this it gets worse.
    proved: Verdict,
    /// What holds by best estimate: as long as it does it gets no better.
    estimated: Verdict,
    why: String,
}

/// What a look found in all.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    proved: (Verdict, String),
    estimated: (Verdict, String),
}

impl Look {
    fn of(found: &[Found]) -> Self {
        let gravest = |of: fn(&Found) -> Verdict| {
            let verdict = found.iter().map(of).max().unwrap_or(Verdict::Go);
            if verdict == Verdict::Go {
                return (verdict, "all figures are within their targets".to_owned());
            }
            let own = found.iter().filter(|one| of(one) == verdict);
            let why: Vec<&str> = own.map(|one| one.why.as_str()).collect();
            (verdict, why.join("; "))
        };
        Self { proved: gravest(|one| one.proved), estimated: gravest(|one| one.estimated) }
    }
}

/// The state, and what it rests on.
#[derive(Clone, Debug)]
pub(super) struct Health {
    policy: Policy,
    recent: VecDeque<Sample>,
    /// For each figure after how many segments in a row it was missing, once it had been there.
    silent: Vec<(Tracked, usize)>,
    looks: VecDeque<Look>,
    state: Option<Verdict>,
}

impl Health {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            policy: policy.clone(),
            recent: VecDeque::new(),
            silent: Vec::new(),
            looks: VecDeque::new(),
            state: None,
        }
    }

    pub(super) fn state(&self) -> Option<Verdict> {
        self.state
    }

    /// Takes a segment; `alarm` is what the live watch says of it, and is acted on at once: it has
    /// watched for long enough.
    pub(super) fn take(
        &mut self,
        figures: &Figures,
        at_unix_ns: u64,
        alarm: Option<&str>,
    ) -> Option<Change> {
        let values: Vec<_> = Tracked::ALL.map(|of| (of, figures.value(of))).into();
        self.note_silence(&values);
        let tried = Stretch { errors: figures.failed, requests: figures.tried };
        self.recent.push_back(Sample { tried, values: values.clone() });
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        let (verdict, why) = if let Some(why) = alarm {
            self.looks.clear();
            (Verdict::Rollback, why.to_owned())
        } else {
            let look = self.look()?;
            self.looks.push_back(look);
            if self.looks.len() > LOOKS_TO_LEAVE {
                self.looks.pop_front();
            }
            self.next()?
        };
        if self.state == Some(verdict) {
            return None;
        }
        let from = self.state.replace(verdict);
        self.looks.clear();
        Some(Change { at_unix_ns, from, to: verdict, why, figures: values })
    }

    /// Time of which nothing is known: what was seen before it says nothing of now. Gives the
    /// change, if the state is one that needs data.
    pub(super) fn lost(&mut self, at_unix_ns: u64, why: String) -> Option<Change> {
        self.recent.clear();
        self.looks.clear();
        if self.state != Some(Verdict::Go) {
            return None;
        }
        let from = self.state.replace(Verdict::Hold);
        Some(Change { at_unix_ns, from, to: Verdict::Hold, why, figures: Vec::new() })
    }

    /// What the looks so far make of the state.
    fn next(&self) -> Option<(Verdict, String)> {
        let last = |many: usize| {
            let skipped = self.looks.len().checked_sub(many)?;
            Some(self.looks.iter().skip(skipped))
        };
        let proved = last(LOOKS_TO_WORSEN)?.map(|look| &look.proved);
        let mildest = proved.min_by_key(|(verdict, _)| *verdict)?;
        if self.state.is_none_or(|state| mildest.0 > state) {
            return Some(mildest.clone());
        }
        let estimated = last(LOOKS_TO_LEAVE)?.map(|look| &look.estimated);
        let gravest = estimated.max_by_key(|(verdict, _)| *verdict)?;
        (Some(gravest.0) < self.state).then(|| gravest.clone())
    }

    fn look(&self) -> Option<Look> {
        if self.recent.len() < LEAST {
            return None;
        }
        let mut found: Vec<Found> = self.silence().into_iter().collect();
        found.extend(self.failures());
        let others = Tracked::ALL.into_iter().filter(|of| *of != Tracked::ErrorRate);
        found.extend(others.filter_map(|of| self.median(of)));
        Some(Look::of(&found))
    }

    /// Failures of all segments but the worst.
    fn failures(&self) -> Option<Found> {
        let mut tried: Vec<Stretch> =
            self.recent.iter().map(|one| one.tried).filter(|one| one.requests > 0).collect();
        tried.sort_by(|one, other| {
            // Shares by their products: the worst last.
            let share =
                |one: &Stretch, by: &Stretch| u128::from(one.errors) * u128::from(by.requests);
            share(one, other).cmp(&share(other, one))
        });
        tried.pop();
        let found = errors::judge(&tried, &limits(self.policy.errors))?;
        let proved = match found.decision {
            Decision::Rollback => Verdict::Rollback,
            Decision::NoGo => Verdict::NoGo,
            Decision::Warn => Verdict::Hold,
            Decision::NotGated | Decision::Coarse | Decision::Go | Decision::Inconclusive => {
                Verdict::Go
            }
        };
        let (lines, share) = (&self.policy.errors, found.share.value * MARGIN);
        let estimated = match () {
            () if share > lines.rollback.0 => Verdict::Rollback,
            () if share > lines.no_go.0 => Verdict::NoGo,
            () if share > lines.go.0 => Verdict::Hold,
            () => Verdict::Go,
        };
        let share = Tracked::ErrorRate.text(found.share.value, &self.policy);
        let target = Tracked::ErrorRate.target_text(&self.policy);
        let why = format!(
            "{share} of the requests failed over the last {} segments, the worst left out \
             (target {target})",
            self.recent.len()
        );
        Some(Found { proved, estimated, why })
    }

    /// The median of a figure over the segments that have it.
    fn median(&self, of: Tracked) -> Option<Found> {
        let own = |sample: &Sample| {
            sample.values.iter().find(|(known, _)| *known == of).and_then(|(_, value)| *value)
        };
        let mut values: Vec<f64> = self.recent.iter().filter_map(own).collect();
        values.sort_by(f64::total_cmp);
        if values.len() < LEAST {
            return None;
        }
        // Of an even number the lower one: half of the segments are not yet most of them.
        let median = *values.get((values.len() - 1) >> 1)?;
        let verdict = |value: f64| match of.level(value, &self.policy) {
            Level::Good => Verdict::Go,
            Level::Warn => Verdict::Hold,
            Level::Bad => Verdict::NoGo,
        };
        let (proved, estimated) = (verdict(median), verdict(median * MARGIN));
        let why = format!(
            "{} is {} in the median of the last {} segments (target {})",
            of.title(),
            of.text(median, &self.policy),
            values.len(),
            of.target_text(&self.policy)
        );
        Some(Found { proved, estimated, why })
    }

    /// What was there and has been missing for long. Without a request nothing is known of the
    /// system, whether there was one before or not.
    fn silence(&self) -> Option<Found> {
        if self.recent.iter().all(|one| one.tried.requests == 0) {
            let why = format!("no request was made in the last {} segments", self.recent.len());
            return Some(Found { proved: Verdict::Hold, estimated: Verdict::Hold, why });
        }
        let silent = self.silent.iter().filter(|(_, many)| *many >= SILENT);
        let silent: Vec<_> = silent.map(|(of, _)| of.title()).collect();
        (!silent.is_empty()).then(|| Found {
            proved: Verdict::Hold,
            estimated: Verdict::Hold,
            why: format!("nothing was measured for {SILENT} segments: {}", silent.join(", ")),
        })
    }

    fn note_silence(&mut self, values: &[(Tracked, Option<f64>)]) {
        for (of, value) in values {
            let known = self.silent.iter_mut().find(|(known, _)| known == of);
            match (known, value) {
                (Some((_, many)), Some(_)) => *many = 0,
                (Some((_, many)), None) => *many = many.saturating_add(1),
                (None, Some(_)) => self.silent.push((*of, 0)),
                (None, None) => {}
            }
        }
    }
}
