//! The state of a system under observation: GO, HOLD, NO-GO or ROLLBACK, and how it changes.
//!
//! A *look* after each segment holds the last ten against the limits: failures by all of them but
//! the worst, so that one spoilt segment is none of the system's, everything else by the median.
//! The state gets worse after three looks that say so, and better after ten: it never follows one
//! segment, and what comes and goes leaves it where it is.

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

/// What a look found.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    verdict: Verdict,
    why: String,
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
        let look = match alarm {
            Some(why) => Look { verdict: Verdict::Rollback, why: why.to_owned() },
            None => self.look()?,
        };
        self.looks.push_back(look.clone());
        if self.looks.len() > LOOKS_TO_LEAVE {
            self.looks.pop_front();
        }
        let to = if alarm.is_some() { Some(look) } else { self.next() }?;
        if self.state == Some(to.verdict) {
            return None;
        }
        let from = self.state.replace(to.verdict);
        self.looks.clear();
        Some(Change { at_unix_ns, from, to: to.verdict, why: to.why, figures: values })
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
    fn next(&self) -> Option<Look> {
        let last = |many: usize| {
            let skipped = self.looks.len().checked_sub(many)?;
            Some(self.looks.iter().skip(skipped))
        };
        let gravest =
            |looks: &mut dyn Iterator<Item = &Look>| looks.max_by_key(|look| look.verdict).cloned();
        let mildest = last(LOOKS_TO_WORSEN)?.min_by_key(|look| look.verdict)?;
        let Some(state) = self.state else { return Some(mildest.clone()) };
        if mildest.verdict > state {
            return Some(mildest.clone());
        }
        let mut better = last(LOOKS_TO_LEAVE)?;
        let gravest = gravest(&mut better)?;
        (gravest.verdict < state).then_some(gravest)
    }

    fn look(&self) -> Option<Look> {
        if self.recent.len() < LEAST {
            return None;
        }
        let mut found: Vec<Look> = self.silence().into_iter().collect();
        found.extend(self.failures());
        let others = Tracked::ALL.into_iter().filter(|of| *of != Tracked::ErrorRate);
        found.extend(others.filter_map(|of| self.median(of)));
        let gravest = found.iter().map(|look| look.verdict).max();
        let Some(verdict) = gravest else {
            return Some(Look {
                verdict: Verdict::Go,
                why: "all figures are within their targets".to_owned(),
            });
        };
        let why: Vec<_> = found
            .iter()
            .filter(|look| look.verdict == verdict)
            .map(|look| look.why.as_str())
            .collect();
        Some(Look { verdict, why: why.join("; ") })
    }

    /// Failures of all segments but the worst.
    fn failures(&self) -> Option<Look> {
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
        let verdict = match found.decision {
            Decision::Rollback => Verdict::Rollback,
            Decision::NoGo => Verdict::NoGo,
            Decision::Warn => Verdict::Hold,
            Decision::NotGated | Decision::Coarse | Decision::Go | Decision::Inconclusive => {
                return None;
            }
        };
        let share = Tracked::ErrorRate.text(found.share.value, &self.policy);
        let target = Tracked::ErrorRate.target_text(&self.policy);
        let why = format!(
            "{share} of the requests failed over the last {} segments, the worst left out \
             (target {target})",
            self.recent.len()
        );
        Some(Look { verdict, why })
    }

    /// The median of a figure over the segments that have it.
    fn median(&self, of: Tracked) -> Option<Look> {
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
        let verdict = match of.level(median, &self.policy) {
            Level::Good => return None,
            Level::Warn => Verdict::Hold,
            Level::Bad => Verdict::NoGo,
        };
        let why = format!(
            "{} is {} in the median of the last {} segments (target {})",
            of.title(),
            of.text(median, &self.policy),
            values.len(),
            of.target_text(&self.policy)
        );
        Some(Look { verdict, why })
    }

    /// What was there and has been missing for long. Without a request nothing is known of the
    /// system, whether there was one before or not.
    fn silence(&self) -> Option<Look> {
        if self.recent.iter().all(|one| one.tried.requests == 0) {
            let why = format!("no request was made in the last {} segments", self.recent.len());
            return Some(Look { verdict: Verdict::Hold, why });
        }
        let silent = self.silent.iter().filter(|(_, many)| *many >= SILENT);
        let silent: Vec<_> = silent.map(|(of, _)| of.title()).collect();
        (!silent.is_empty()).then(|| Look {
            verdict: Verdict::Hold,
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
