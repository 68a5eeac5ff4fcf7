//! The thread's loop: what is ready gets a turn, and what has passed is looked at now and then.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::{io, mem};

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::memory::Memory;
use super::pipe::{Hand, Pipe};
use super::poll::{BELL, Bell, Happened, Poll, Ready, Wait};
use super::side::Side;
use super::{Arrival, Errand};
use crate::tap::line::{Watch, World};
use crate::tap::pump::Way;

/// All connections of the thread.
pub(super) struct Rounds {
    poll: Poll,
    bell: Arc<Bell>,
    coming: mpsc::Receiver<Errand>,
    world: Arc<World>,
    lines: Vec<Option<Box<Line>>>,
    /// Places of `lines` that are empty.
    free: Vec<usize>,
    /// Connections that have something to do, each once.
    due: Vec<usize>,
    /// Connections that have ended in this round.
    over: Vec<usize>,
    memory: Memory,
}

/// Whether there will be another round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Another,
    /// Nobody can bring connections any more.
    Stop,
}

/// One connection.
struct Line {
    client: Side,
    server: Side,
    up: Pipe,
    down: Pipe,
    /// Whether it is in the list of those that have something to do.
    due: bool,
    watch: Watch,
    _end: oneshot::Sender<Infallible>,
}

impl Rounds {
    pub(super) fn new(
        poll: Poll,
        bell: Arc<Bell>,
        coming: mpsc::Receiver<Errand>,
        world: Arc<World>,
    ) -> Self {
        let (lines, free, due, over) = Default::default();
        Self { poll, bell, coming, world, lines, free, due, over, memory: Memory::new() }
    }

    /// Carries connections until nobody can bring any more.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut ready = Ready::new();
        while self.round(&mut ready)? == Then::Another {}
        Ok(())
    }

    /// Waits for something to do, and gives each connection that has something to do one turn.
    ///
    /// A connection of which more is ready than a turn moves has its next one in the next round,
    /// so that one that streams does not keep the others waiting for longer than a turn.
    pub(super) fn round(&mut self, ready: &mut Ready) -> io::Result<Then> {
        let wait = if self.due.is_empty() { Wait::ForSomething } else { Wait::ForNothing };
        self.poll.wait(ready, wait)?;
        let mut then = Then::Another;
        for happened in ready.iter() {
            if happened.token == BELL {
                then = self.answer();
            } else {
                self.note(happened);
            }
        }
        let mut due = mem::take(&mut self.due);
        for place in due.drain(..) {
            if !self.memory.has_room() {
                self.look();
            }
            self.turn(place);
        }
        // Those of the next round are few, if any: the larger memory is kept.
        due.append(&mut self.due);
        self.due = due;
        if self.memory.is_much() || !self.over.is_empty() || then == Then::Stop {
            self.look();
        }
        for place in self.over.drain(..) {
            if let Some(line) = self.lines.get_mut(place) {
                *line = None;
                self.free.push(place);
            }
        }
        Ok(then)
    }

    /// Does the errands that have come.
    fn answer(&mut self) -> Then {
        self.bell.quiet();
        loop {
            match self.coming.try_recv() {
                // What can't be watched ends.
                Ok(Errand::Carry(arrival)) => drop(self.adopt(arrival)),
                Ok(Errand::Look(tell)) => {
                    self.look();
                    // Who did not wait need not be told.
                    tell.send(()).unwrap_or_default();
                }
                Err(TryRecvError::Empty) => return Then::Another,
                Err(TryRecvError::Disconnected) => return Then::Stop,
            }
        }
    }

    fn adopt(&mut self, arrival: Arrival) -> io::Result<()> {
        let Arrival { client, server, watch, end } = arrival;
        let place = self.free.last().copied().unwrap_or(self.lines.len());
        let [one, other] = tokens(place);
        let client = Side::new(client, one, &self.poll)?;
        let server = Side::new(server, other, &self.poll)?;
        let (up, down) = Default::default();
        let line = Box::new(Line { client, server, up, down, due: false, watch, _end: end });
        self.free.pop();
        match self.lines.get_mut(place) {
            Some(empty) => *empty = Some(line),
            None => self.lines.push(Some(line)),
        }
        Ok(())
    }

    /// Remembers what happened to a connection. Of one that ended in the same batch it is nothing.
    fn note(&mut self, happened: Happened) {
        let Some((place, way)) = place_of(happened.token) else { return };
        let Some(Some(line)) = self.lines.get_mut(place) else { return };
        match way {
            Way::Up => line.client.note(happened),
            Way::Down => line.server.note(happened),
        }
        if !line.due && line.is_due() {
            line.due = true;
            self.due.push(place);
        }
    }

    /// Passes on what a connection has ready, in both directions, but no more than a turn of it.
    fn turn(&mut self, place: usize) {
        let Some(Some(line)) = self.lines.get_mut(place) else { return };
        let (poll, clock, memory) = (&self.poll, self.world.clock, &mut self.memory);
        let outcome = line.pass(place, &mut Hand { poll, clock, memory });
        line.due = outcome.is_ok() && line.is_due();
        if line.due {
            self.due.push(place);
        } else if outcome.is_err() || line.is_done() {
            // An error ends the connection for both sides, as the end of their sockets tells them.
            self.over.push(place);
        }
    }

    /// Looks at all that has been passed on since the last time.
    fn look(&mut self) {
        let Self { memory, lines, world, .. } = self;
        let mut measured = world.measured();
        // One behind the other, so that the memory of several counts is fetched at a time.
        for (way, held) in memory.held() {
            measured.own().add(way, held);
        }
        memory.look(|place, way, passing| {
            if let Some(Some(line)) = lines.get_mut(place) {
                line.watch.look(way, passing, &mut measured);
            }
        });
    }
}

impl Line {
    fn is_due(&self) -> bool {
        self.up.is_due(&self.client, &self.server) || self.down.is_due(&self.server, &self.client)
    }

    fn is_done(&self) -> bool {
        self.up.is_done() && self.down.is_done()
    }

    fn pass(&mut self, place: usize, hand: &mut Hand<'_>) -> io::Result<()> {
        let Self { client, server, up, down, .. } = self;
        up.step((&mut *client, &mut *server), (place, Way::Up), hand)?;
        down.step((server, client), (place, Way::Down), hand)
    }
}

/// The tokens of a connection's sockets: of the client's and of the server's.
fn tokens(place: usize) -> [u64; 2] {
    let even = u64::try_from(place).unwrap_or(u64::MAX) << 1;
    [even, even | 1]
}

/// The connection of a token, and the direction that begins at its socket.
fn place_of(token: u64) -> Option<(usize, Way)> {
    let way = if token & 1 == 0 { Way::Up } else { Way::Down };
    Some((usize::try_from(token >> 1).ok()?, way))
}
