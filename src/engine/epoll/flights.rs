//! Exchanges over HTTP/2, many of which are under way on one connection.

use super::deadlines::{Deadline, Deadlines};
use super::line::Exchange;
use super::lines::Token;
use crate::units::Nanos;

/// Exchanges by number, each with a deadline of its own.
#[derive(Debug, Default)]
pub(super) struct Flights {
    places: Vec<Place>,
    free: Vec<usize>,
    deadlines: Deadlines,
}

/// A place stays when its exchange is over, and with it the entry of its deadline: the next one
/// moves that on, so that the heap is touched once a timeout and not once a request.
#[derive(Debug, Default)]
struct Place {
    flight: Option<Flight>,
    deadline: Deadline,
}

/// One exchange.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) exchange: Exchange,
    /// Its connection.
    pub(super) token: Token,
    /// Its stream, once it has one.
    pub(super) stream: Option<u32>,
}

impl Flights {
    /// A new exchange on a connection; its number.
    pub(super) fn add(&mut self, exchange: Exchange, token: Token) -> usize {
        let key = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        if let Some(place) = self.places.get_mut(key) {
            place.flight = Some(Flight { exchange, token, stream: None });
            place.deadline.at = None;
        }
        key
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut Flight> {
        self.places.get_mut(key)?.flight.as_mut()
    }

    /// Takes an exchange away.
    pub(super) fn remove(&mut self, key: usize) -> Option<Flight> {
        let place = self.places.get_mut(key)?;
        let flight = place.flight.take()?;
        place.deadline.at = None;
        self.free.push(key);
        Some(flight)
    }

    /// By when an exchange has to be over.
    pub(super) fn limit(&mut self, key: usize, at: Nanos) {
        if let Some(place) = self.places.get_mut(key) {
            self.deadlines.set(&mut place.deadline, number(key), at);
        }
    }

    /// When to look for exchanges whose time is over.
    pub(super) fn next_deadline(&self) -> Option<Nanos> {
        self.deadlines.next()
    }

    /// An exchange whose time is over.
    pub(super) fn late(&mut self, now: Nanos) -> Option<usize> {
        while let Some(entry) = self.deadlines.due(now) {
            let key = usize::try_from(entry.1).unwrap_or(usize::MAX);
            let Some(place) = self.places.get_mut(key) else { continue };
            if self.deadlines.is_over(&mut place.deadline, entry, now) && place.flight.is_some() {
                return Some(key);
            }
        }
        None
    }

    /// The exchanges of a virtual user.
    pub(super) fn of(&self, user: usize) -> Vec<usize> {
        let own = |place: &Place| {
            place.flight.as_ref().is_some_and(|flight| flight.exchange.task.user == user)
        };
        let numbered = self.places.iter().enumerate();
        numbered.filter(|(_, place)| own(place)).map(|(key, _)| key).collect()
    }
}

fn number(key: usize) -> u64 {
    u64::try_from(key).unwrap_or(u64::MAX)
}
