//! One connection through the tap, from its opening to its end.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Settings;
use super::clock::Clock;
use super::measured::Measured;
use super::negotiate::{Ended, Opened, open};
use super::pump::{Hand, Passing, Pump};
use super::stream::Socket;
use super::tls::Keys;
use crate::wire::Machine;

/// How long a connection may take to be opened: PostgreSQL's own `authentication_timeout`.
const OPENING_LIMIT: Duration = Duration::from_mins(1);

/// What all connections share.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) keys: Keys,
    pub(super) clock: Clock,
    pub(super) live: RefCell<Live>,
}

/// What changes as bytes pass.
pub(super) struct Live {
    pub(super) buffer: Vec<u8>,
    pub(super) measured: Measured,
}

/// What is known of one connection. When this goes, the connection has ended.
pub(super) struct Watch {
    pub(super) world: Rc<World>,
    machine: Machine,
    number: u32,
    /// Whether it was counted that the machine does not follow.
    counted: bool,
}

/// Both sides and both directions of an opened connection.
struct Line {
    opened: Opened,
    up: Pump,
    down: Pump,
    watch: Watch,
}

/// Carries a client's connection to its end.
pub(super) async fn carry(socket: Socket, world: Rc<World>, number: u32) {
    let mut watch = Watch { world, machine: Machine::new(), number, counted: false };
    watch.note(|measured| {
        measured.counts().opened += 1;
        measured.counts().open += 1;
    });
    let Ok(opened) = tokio::time::timeout(OPENING_LIMIT, open(socket, &mut watch)).await else {
        return;
    };
    match opened {
        Ok(opened) => {
            // An error ends the connection for both sides, as the drop of their sockets tells
            // them; what it costs is counted there.
            drop(Line { opened, up: Pump::default(), down: Pump::default(), watch }.await);
        }
        Err(Ended::Client) => {}
        Err(Ended::Unreached(error)) => watch.note(|measured| {
            measured.counts().unreached += 1;
            measured.counts().connection_errors += 1;
            measured.counts().last_failure = Some(error.to_string());
        }),
        Err(Ended::Refused { message, .. }) => watch.note(|measured| {
            measured.counts().refused += 1;
            measured.counts().last_failure = Some(message);
        }),
    }
}

impl Watch {
    /// Bytes of the client that have just been passed on.
    pub(super) fn asked(&mut self, bytes: &[u8]) {
        let now = self.world.clock.now();
        let mut live = self.world.live.borrow_mut();
        self.machine.client(bytes, now, live.measured.of(self.number));
    }

    /// Bytes of the server that have just been passed on.
    pub(super) fn answered(&mut self, bytes: &[u8]) {
        let now = self.world.clock.now();
        let mut live = self.world.live.borrow_mut();
        self.machine.server(bytes, now, live.measured.of(self.number));
    }

    fn note(&self, what: impl FnOnce(&mut Measured)) {
        what(&mut self.world.live.borrow_mut().measured);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A connection is never dropped while bytes of another are looked at.
        if let Ok(mut live) = self.world.live.try_borrow_mut() {
            let measured = live.measured.of(self.number);
            self.machine.closed(measured);
            if !self.counted {
                measured.follows(self.machine.state());
            }
            measured.closed();
        }
    }
}

impl Future for Line {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { opened: Opened { client, server }, up, down, watch } = self.get_mut();
        let Watch { world, machine, number, counted } = watch;
        let mut live = world.live.borrow_mut();
        let Live { buffer, measured } = &mut *live;
        let mut hand = Hand { buffer, clock: world.clock };
        let measured = measured.of(*number);
        let asked = up.poll(cx, (&mut *client, &mut *server), &mut hand, &mut |passing| {
            let Passing { bytes, read, written } = passing;
            measured.own().requests.record(written.since(read));
            // A request counts from when the server can have it.
            machine.client(bytes, written, measured);
        });
        if let Poll::Ready(Err(error)) = asked {
            return Poll::Ready(Err(error));
        }
        let answered = down.poll(cx, (server, client), &mut hand, &mut |passing| {
            let Passing { bytes, read, written } = passing;
            measured.own().answers.record(written.since(read));
            // An answer counts to when it came: a client that is slow to take it is not the
            // server's time.
            machine.server(bytes, read, measured);
        });
        if !*counted {
            *counted = !measured.follows(machine.state());
        }
        match answered {
            Poll::Ready(Ok(())) if up.is_done() => Poll::Ready(Ok(())),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}
