//! Counts of the steps, of which only those pages exist that have been counted on.
//!
//! One list of all steps would be 250 KiB for each of the thousands of distributions of a run. What
//! a second holds lies on a few pages, wherever in the range that is.

use super::steps::STEPS;

/// Steps on a page, as a power of two: 32 of them, 256 bytes. The twenty different values of an
/// endpoint that is seldom asked then need 5 KiB; pages of 64 would need 10, and pages of 16 a
/// directory of 4.
const POWER: u32 = 5;
const PAGE: usize = 1 << POWER;

/// Pages that there can be.
const PAGES: usize = STEPS.div_ceil(PAGE);

/// The place of a page that does not exist.
const NONE: u16 = u16::MAX;

/// A count for each step.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    /// For each page of the range, its place in `kept`. Empty until something is counted.
    places: Vec<u16>,
    kept: Vec<[u64; PAGE]>,
}

impl Pages {
    /// Counts one at `step`, which is one of [`STEPS`].
    #[inline]
    pub(super) fn count(&mut self, step: usize) {
        let place = self.place(step >> POWER);
        let page = self.kept.get_mut(place);
        if let Some(count) = page.and_then(|page| page.get_mut(step & (PAGE - 1))) {
            *count += 1;
        }
    }

    /// Counts `times` at `step`; false, and nothing is counted, when there is no such step.
    pub(super) fn add(&mut self, step: usize, times: u64) -> bool {
        if step >= STEPS {
            return false;
        }
        let place = self.place(step >> POWER);
        let page = self.kept.get_mut(place);
        if let Some(count) = page.and_then(|page| page.get_mut(step & (PAGE - 1))) {
            *count = count.saturating_add(times);
        }
        true
    }

    /// Adds the counts of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        for (at, theirs) in other.pages() {
            let place = self.place(at);
            let ours = self.kept.get_mut(place).into_iter().flatten();
            ours.zip(theirs).for_each(|(count, more)| *count = count.saturating_add(*more));
        }
    }

    /// Forgets all counts and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.places.fill(NONE);
        self.kept.clear();
    }

    /// The steps that were counted with their counts, rising.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> + '_ {
        self.pages().flat_map(|(at, page)| {
            let steps = (at << POWER)..((at + 1) << POWER);
            steps.zip(page).filter(|(_, count)| **count > 0).map(|(step, count)| (step, *count))
        })
    }

    /// The pages that exist, rising.
    fn pages(&self) -> impl DoubleEndedIterator<Item = (usize, &[u64; PAGE])> {
        let there = self.places.iter().enumerate().filter(|(_, place)| **place != NONE);
        there.filter_map(|(at, place)| Some((at, self.kept.get(usize::from(*place))?)))
    }

    /// Where the page `at` is among those that are kept; it is made if it does not exist.
    #[inline]
    fn place(&mut self, at: usize) -> usize {
        match self.places.get(at) {
            Some(place) if *place != NONE => usize::from(*place),
            _ => self.make(at),
        }
    }

    #[cold]
    #[inline(never)]
    fn make(&mut self, at: usize) -> usize {
        if self.places.is_empty() {
            self.places.resize(PAGES, NONE);
        }
        let free = self.kept.len();
        if let (Some(place), Ok(number)) = (self.places.get_mut(at), u16::try_from(free)) {
            *place = number;
            self.kept.push([0; PAGE]);
        }
        free
    }
}
