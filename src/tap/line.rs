//! One connection through the tap, from its opening to its end.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::Settings;
use super::clock::Clock;
use super::measured::Measured;
use super::negotiate::{Ended, Opened, open};
use super::pump::{BUFFER, Hand, Passing, Pump, Way};
use super::relay::Relay;
use super::stream::{Socket, Stream};
use super::tls::Keys;
use crate::wire::Machine;

/// How long a connection may take to be opened: PostgreSQL's own `authentication_timeout`.
const OPENING_LIMIT: Duration = Duration::from_mins(1);

/// What all connections share, whichever thread carries them.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) keys: Keys,
    pub(super) clock: Clock,
    measured: Mutex<Measured>,
}

/// What the connections of the runtime's thread share.
pub(super) struct Room {
    pub(super) world: Arc<World>,
    /// Who carries what is not encrypted; `None` where only the runtime can.
    pub(super) relay: Option<Relay>,
    buffer: RefCell<Vec<u8>>,
}

/// What is known of one connection. When this goes, the connection has ended.
pub(super) struct Watch {
    pub(super) world: Arc<World>,
    known: Known,
}

/// What was seen of it.
struct Known {
    machine: Machine,
    number: u32,
    /// Whether it was counted that the machine does not follow.
    counted: bool,
}

/// Both sides and both directions of an opened connection that the runtime carries.
struct Line {
    opened: Opened,
    up: Pump,
    down: Pump,
    watch: Watch,
    room: Rc<Room>,
}

/// Carries a client's connection to its end.
pub(super) async fn carry(socket: Socket, room: Rc<Room>, number: u32) {
    let mut watch = Watch::new(Arc::clone(&room.world), number);
    let Ok(opened) = tokio::time::timeout(OPENING_LIMIT, open(socket, &mut watch)).await else {
        return;
    };
    match opened {
        Ok(opened) => pass(opened, watch, room).await,
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

async fn pass(opened: Opened, watch: Watch, room: Rc<Room>) {
    match (opened, &room.relay) {
        (Opened { client: Stream::Plain(client), server: Stream::Plain(server) }, Some(relay)) => {
            relay.carry(client, server, watch).await;
        }
        (opened, _) => {
            let (up, down) = (Pump::default(), Pump::default());
            // An error ends the connection for both sides, as the drop of their sockets tells
            // them; what it costs is counted there.
            drop(Line { opened, up, down, watch, room: Rc::clone(&room) }.await);
        }
    }
}

impl World {
    pub(super) fn new(settings: Settings, keys: Keys, clock: Clock) -> Self {
        let measured = Mutex::new(Measured::new(settings.statements));
        Self { settings, keys, clock, measured }
    }

    /// What was measured, for as long as somebody looks: never while bytes are waited for or
    /// passed on.
    pub(super) fn measured(&self) -> MutexGuard<'_, Measured> {
        // Counts are whole after each statement, also if a thread died at the next one.
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    pub(super) fn new(world: Arc<World>) -> io::Result<Self> {
        let relay = Relay::start(&world)?;
        Ok(Self { world, relay, buffer: RefCell::new(vec![0; BUFFER]) })
    }

    /// Waits until all has been looked at that was passed on before.
    pub(super) async fn looked(&self) {
        if let Some(relay) = &self.relay {
            relay.looked().await;
        }
    }

    /// Waits until there is nobody any more to carry what should be carried.
    pub(super) async fn broken(&self) {
        match &self.relay {
            Some(relay) => relay.ended().await,
            None => std::future::pending().await,
        }
    }
}

impl Watch {
    /// A connection that has just been accepted.
    pub(super) fn new(world: Arc<World>, number: u32) -> Self {
        let mut watch =
            Self { world, known: Known { machine: Machine::new(), number, counted: false } };
        watch.note(|measured| {
            measured.counts().opened += 1;
            measured.counts().open += 1;
        });
        watch
    }

    /// Bytes of the client that have just been passed on.
    pub(super) fn asked(&mut self, bytes: &[u8]) {
        let now = self.world.clock.now();
        let Self { world, known } = self;
        known.machine.client(bytes, now, world.measured().of(known.number));
    }

    /// Bytes of the server that have just been passed on.
    pub(super) fn answered(&mut self, bytes: &[u8]) {
        let now = self.world.clock.now();
        let Self { world, known } = self;
        known.machine.server(bytes, now, world.measured().of(known.number));
    }

    /// Looks at bytes that have passed; `measured` is that of its world. What the tap added is told
    /// it elsewhere.
    pub(super) fn look(&mut self, way: Way, passing: Passing<'_>, measured: &mut Measured) {
        self.known.look(way, passing, measured);
    }

    fn note(&mut self, what: impl FnOnce(&mut Measured)) {
        what(&mut self.world.measured());
    }
}

impl Known {
    fn look(&mut self, way: Way, passing: Passing<'_>, measured: &mut Measured) {
        let Passing { bytes, read, written } = passing;
        let measured = measured.of(self.number);
        match way {
            // A request counts from when the server can have it.
            Way::Up => self.machine.client(bytes, written, measured),
            // An answer counts to when it came: a client that is slow to take it is not the
            // server's time.
            Way::Down => self.machine.server(bytes, read, measured),
        }
        if !self.counted {
            self.counted = !measured.follows(self.machine.state());
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A connection is never dropped while bytes of another are looked at.
        let Self { world, known } = self;
        let mut measured = world.measured();
        let measured = measured.of(known.number);
        known.machine.closed(measured);
        if !known.counted {
            measured.follows(known.machine.state());
        }
        measured.closed();
    }
}

impl Future for Line {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { opened: Opened { client, server }, up, down, watch, room } = self.get_mut();
        let world = &room.world;
        let mut buffer = room.buffer.borrow_mut();
        let mut hand = Hand { buffer: &mut buffer, clock: world.clock };
        let asked = up.poll(cx, (&mut *client, &mut *server), &mut hand, &mut |passing| {
            let mut measured = world.measured();
            measured.own().add(Way::Up, passing.held());
            watch.look(Way::Up, passing, &mut measured);
        });
        if let Poll::Ready(Err(error)) = asked {
            return Poll::Ready(Err(error));
        }
        let answered = down.poll(cx, (server, client), &mut hand, &mut |passing| {
            let mut measured = world.measured();
            measured.own().add(Way::Down, passing.held());
            watch.look(Way::Down, passing, &mut measured);
        });
        match answered {
            Poll::Ready(Ok(())) if up.is_done() => Poll::Ready(Ok(())),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}
