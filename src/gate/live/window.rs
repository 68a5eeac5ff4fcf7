//! The last minutes of measured time, cut into pieces.

use std::collections::VecDeque;

use crate::gate::evidence::added;
use crate::stats::errors::Stretch;
use crate::stats::quantile::{Repetition, Tally};
use crate::units::{Nanos, count_to_f64};

/// The window is looked at no more often than this.
const STEP: Nanos = Nanos::from_secs(5);

/// Into how many parts it is cut of which each must say the same.
const QUARTERS: u64 = 4;

/// What was measured of all series over the last so many seconds of measured time.
///
/// Memory is bounded by the window: about two dozen pieces, each with the values of each series
/// counted.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// How long it is.
    sustained: Nanos,
    /// Length of a piece: a whole part of a quarter, and [`STEP`] or little more where the window
    /// allows it.
    slot: Nanos,
    pieces: VecDeque<Piece>,
    /// All pieces together.
    length: Nanos,
    open: Open,
    /// Everything that went by.
    measured: Nanos,
    /// When the window was looked at last.
    looked: Nanos,
}

/// Some seconds of all series, each at its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    length: Nanos,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    values: Tally,
    tried: Option<Stretch>,
}

/// The piece that is still growing.
#[derive(Clone, Debug, Default)]
struct Open {
    length: Nanos,
    values: Vec<Vec<(Nanos, u64)>>,
    tried: Vec<Option<Stretch>>,
}

impl Window {
    pub(super) fn new(sustained: Nanos) -> Self {
        let sustained = sustained.max(Nanos::SECOND);
        let quarter = sustained.0.div_euclid(QUARTERS);
        let parts = quarter.div_euclid(STEP.0).max(1);
        Self {
            sustained,
            slot: Nanos(quarter.div_euclid(parts)),
            pieces: VecDeque::new(),
            length: Nanos::ZERO,
            open: Open::default(),
            measured: Nanos::ZERO,
            looked: Nanos::ZERO,
        }
    }

    /// Adds successful requests of a series.
    pub(super) fn answered(&mut self, series: usize, values: Vec<(Nanos, u64)>) {
        let all = &mut self.open.values;
        all.resize(all.len().max(series + 1), Vec::new());
        if let Some(own) = all.get_mut(series) {
            own.extend(values);
        }
    }

    /// Adds what was tried of a series, and what of it failed.
    pub(super) fn tried(&mut self, series: usize, tried: Stretch) {
        let all = &mut self.open.tried;
        all.resize(all.len().max(series + 1), None);
        if let Some(own) = all.get_mut(series) {
            *own = Some(own.map_or(tried, |known| added(&[known, tried])));
        }
    }

    /// Lets measured time go by. Whether the window is full and may be looked at.
    pub(super) fn pass(&mut self, length: Nanos) -> bool {
        self.measured = self.measured + length;
        self.open.length = self.open.length + length;
        if length == Nanos::ZERO || self.open.length < self.slot {
            return false;
        }
        let piece = std::mem::take(&mut self.open).close();
        self.length = self.length + piece.length;
        self.pieces.push_back(piece);
        while let Some(oldest) = self.pieces.front().map(|piece| piece.length)
            && self.length.since(oldest) >= self.sustained
        {
            self.pieces.pop_front();
            self.length = self.length.since(oldest);
        }
        let due = self.length >= self.sustained && self.measured.since(self.looked) >= STEP;
        if due {
            self.looked = self.measured;
        }
        due
    }

    /// Everything that was measured since the start.
    pub(super) fn measured(&self) -> Nanos {
        self.measured
    }

    /// How long it is at least.
    pub(super) fn sustained(&self) -> Nanos {
        self.sustained
    }

    /// Whether something holds of the whole window: in its newest piece, in its oldest, and in
    /// each quarter. The pieces at both ends make a spike that is shorter not enough: of a
    /// quarter's 95th percentile, a second and a half of it would be.
    pub(super) fn throughout(&self, holds: impl Fn(&[&Piece]) -> bool) -> bool {
        let end = |piece: Option<&Piece>| piece.is_some_and(|piece| holds(&[piece]));
        end(self.pieces.back())
            && end(self.pieces.front())
            && self.quarters().iter().all(|quarter| holds(quarter))
    }

    /// What was tried in each quarter of some series together.
    pub(super) fn stretches(&self, wanted: impl Fn(usize) -> bool + Copy) -> Vec<Stretch> {
        self.quarters().iter().map(|quarter| tried(quarter, wanted)).collect()
    }

    /// The window as one repetition of a series.
    pub(super) fn repetition(&self, series: usize) -> Repetition {
        let tallies: Vec<_> = self.pieces.iter().map(|piece| piece.values(series)).collect();
        let number = u64::try_from(tallies.len()).unwrap_or(u64::MAX);
        let seconds = self.length.as_secs_f64() / count_to_f64(number.max(1));
        let tallies: Vec<Tally> = tallies.into_iter().cloned().collect();
        Repetition::of(&tallies, seconds)
    }

    /// Pieces by the quarter of the window in which their middle lies. Of few long pieces each is
    /// one of its own.
    fn quarters(&self) -> Vec<Vec<&Piece>> {
        let mut quarters: Vec<(u64, Vec<&Piece>)> = Vec::new();
        let mut before = 0_u64;
        for piece in &self.pieces {
            let middle = before + (piece.length.0 >> 1);
            before += piece.length.0;
            let quarter = (middle * QUARTERS).div_euclid(self.length.0.max(1));
            match quarters.last_mut() {
                Some((last, pieces)) if *last == quarter => pieces.push(piece),
                _ => quarters.push((quarter, vec![piece])),
            }
        }
        quarters.into_iter().map(|(_, pieces)| pieces).collect()
    }

    #[cfg(test)]
    pub(super) fn pieces(&self) -> usize {
        self.pieces.len()
    }
}

impl Open {
    fn close(self) -> Piece {
        let Self { length, values, tried } = self;
        let series = values.len().max(tried.len());
        let mut values = values.into_iter();
        let mut tried = tried.into_iter();
        let part = |_| Part {
            values: Tally::of(values.next().unwrap_or_default()),
            tried: tried.next().flatten(),
        };
        Piece { length, parts: (0..series).map(part).collect() }
    }
}

impl Piece {
    fn values(&self, series: usize) -> &Tally {
        static NOTHING: Tally = Tally::nothing();
        self.parts.get(series).map_or(&NOTHING, |part| &part.values)
    }
}

/// A percentile of a series over some pieces; `None` without requests.
pub(super) fn percentile(pieces: &[&Piece], series: usize, quantile: f64) -> Option<Nanos> {
    match pieces {
        [one] => one.values(series).at(quantile),
        many => Tally::sum(many.iter().map(|piece| piece.values(series))).at(quantile),
    }
}

/// What was tried of some series over some pieces.
pub(super) fn tried(pieces: &[&Piece], wanted: impl Fn(usize) -> bool) -> Stretch {
    let parts = pieces.iter().flat_map(|piece| piece.parts.iter().enumerate());
    let taken: Vec<_> =
        parts.filter(|(at, _)| wanted(*at)).filter_map(|(_, part)| part.tried).collect();
    added(&taken)
}
