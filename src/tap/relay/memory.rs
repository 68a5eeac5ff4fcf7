//! What was passed on and has not been looked at yet.

use std::ops::Range;

use crate::tap::pump::{BUFFER, Passing, Way};
use crate::units::Nanos;

/// Bytes that one connection can pass on in one turn: a full buffer in each direction.
pub(super) const MAX_TURN: usize = 2 * BUFFER;
/// Bytes that are kept until they are looked at. With more than a buffer of them another turn might
/// not fit in, so they are looked at before it.
const KEPT: usize = MAX_TURN + BUFFER;

/// As many pieces as are looked at together, unless somebody asks earlier. With sixteen a look costs
/// a third of what it does alone, and takes a few microseconds, in which nothing is passed on.
const MUCH: usize = 16;

/// Memory that all connections use in turn.
pub(super) struct Memory {
    bytes: Vec<u8>,
    filled: usize,
    passed: Vec<Passed>,
}

/// Bytes that have been passed on.
struct Passed {
    line: usize,
    way: Way,
    place: Range<usize>,
    read: Nanos,
    written: Nanos,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; KEPT], filled: 0, passed: Vec::new() }
    }

    /// Whether a whole turn of a connection still fits in.
    pub(super) fn has_room(&self) -> bool {
        self.filled.saturating_add(MAX_TURN) <= self.bytes.len()
    }

    /// Whether it is time to look.
    pub(super) fn is_much(&self) -> bool {
        self.passed.len() >= MUCH
    }

    /// Where a buffer's worth of bytes can be read to.
    pub(super) fn free(&mut self) -> &mut [u8] {
        let end = self.filled.saturating_add(BUFFER);
        self.bytes.get_mut(self.filled..end).unwrap_or_default()
    }

    /// The first bytes of [`Memory::free`].
    pub(super) fn fresh(&self, length: usize) -> &[u8] {
        self.bytes.get(self.filled..self.filled.saturating_add(length)).unwrap_or_default()
    }

    /// The first bytes of [`Memory::free`] were passed on, with the times at which they had been
    /// read and written.
    pub(super) fn keep(&mut self, (line, way): (usize, Way), length: usize, times: [Nanos; 2]) {
        if length == 0 {
            return;
        }
        let [read, written] = times;
        let place = self.filled..self.filled.saturating_add(length);
        self.filled = place.end;
        self.passed.push(Passed { line, way, place, read, written });
    }

    /// Bytes from elsewhere, as long as a buffer at most, were passed on.
    pub(super) fn copy(&mut self, from: (usize, Way), bytes: &[u8], times: [Nanos; 2]) {
        if let Some(free) = self.free().get_mut(..bytes.len()) {
            free.copy_from_slice(bytes);
            self.keep(from, bytes.len(), times);
        }
    }

    /// Which way each piece went, and how long it was held.
    pub(super) fn held(&self) -> impl Iterator<Item = (Way, Nanos)> + '_ {
        self.passed.iter().map(|passed| (passed.way, passed.written.since(passed.read)))
    }

    /// Shows all of it, in the order in which it was passed on, and forgets it.
    pub(super) fn look(&mut self, mut look: impl FnMut(usize, Way, Passing<'_>)) {
        let Self { bytes, filled, passed } = self;
        for Passed { line, way, place, read, written } in passed.drain(..) {
            let bytes = bytes.get(place).unwrap_or_default();
            look(line, way, Passing { bytes, read, written });
        }
        *filled = 0;
    }
}
