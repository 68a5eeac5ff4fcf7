//! What the market received, counted so that a load generator can be checked against it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// All counters. One lock for all of them, so that a reading is consistent.
#[derive(Debug, Default)]
pub(crate) struct Stats(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    /// Counts resets: a request that came before one is not settled after it.
    era: u64,
    requests: u64,
    by_route: HashMap<String, u64>,
    by_status: BTreeMap<u16, u64>,
    aborted: u64,
}

/// A reading of the counters.
#[derive(Debug, Serialize)]
pub(crate) struct Reading {
    requests: u64,
    by_route: BTreeMap<String, u64>,
    by_status: BTreeMap<String, u64>,
}

/// A request that was counted and not answered yet. Dropped unanswered it counts as aborted.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    stats: &'a Stats,
    era: u64,
    open: bool,
}

impl Stats {
    /// Counts a request whose head has arrived.
    pub(crate) fn arrive(&self, route: &str) -> Ticket<'_> {
        let mut tally = self.lock();
        tally.requests += 1;
        if let Some(count) = tally.by_route.get_mut(route) {
            *count += 1;
        } else {
            tally.by_route.insert(route.to_owned(), 1);
        }
        Ticket { stats: self, era: tally.era, open: true }
    }

    /// The counters as they are.
    pub(crate) fn read(&self) -> Reading {
        let tally = self.lock();
        let mut by_status: BTreeMap<String, u64> =
            tally.by_status.iter().map(|(status, count)| (status.to_string(), *count)).collect();
        if tally.aborted > 0 {
            by_status.insert("aborted".to_owned(), tally.aborted);
        }
        let by_route = tally.by_route.iter().map(|(route, count)| (route.clone(), *count));
        Reading { requests: tally.requests, by_route: by_route.collect(), by_status }
    }

    /// Begins again at zero.
    pub(crate) fn reset(&self) {
        let mut tally = self.lock();
        *tally = Tally { era: tally.era + 1, ..Tally::default() };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket<'_> {
    /// The request was answered.
    pub(crate) fn answered(mut self, status: u16) {
        self.open = false;
        let mut tally = self.stats.lock();
        if tally.era == self.era {
            *tally.by_status.entry(status).or_default() += 1;
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.open {
            let mut tally = self.stats.lock();
            if tally.era == self.era {
                tally.aborted += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_request_counts_once_and_as_aborted() {
        let stats = Stats::default();
        stats.arrive("GET /a").answered(200);
        drop(stats.arrive("GET /a"));
        let read = stats.read();
        assert_eq!((read.requests, read.by_route["GET /a"]), (2, 2));
        assert_eq!((read.by_status["200"], read.by_status["aborted"]), (1, 1));
    }

    #[test]
    fn a_reset_forgets_requests_under_way() {
        let stats = Stats::default();
        let ticket = stats.arrive("GET /a");
        stats.reset();
        ticket.answered(200);
        let read = stats.read();
        assert_eq!((read.requests, read.by_status.len()), (0, 0));
    }
}
