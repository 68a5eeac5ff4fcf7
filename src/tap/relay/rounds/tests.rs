//! Rounds one by one, with sockets of both ends in hand.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use proptest::prelude::*;

use super::*;
use crate::tap::clock::Clock;
use crate::tap::pump::BUFFER;
use crate::tap::tls::{ClientTls, Keys};
use crate::tap::{Settings, Statements};

/// Rounds, and who brings them errands.
struct Stage {
    rounds: Rounds,
    ready: Ready,
    bell: Arc<Bell>,
    errands: mpsc::Sender<Errand>,
    world: Arc<World>,
}

/// The ends of a connection that are not the tap's.
struct Ends {
    client: UnixStream,
    server: UnixStream,
    end: oneshot::Receiver<Infallible>,
}

impl Stage {
    fn new() -> Self {
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            upstream: "postgres://127.0.0.1".parse().unwrap(),
            tls: ClientTls::Pass,
            statements: Statements::Sum,
        };
        let keys = Keys::new(&settings.tls, &settings.upstream).unwrap();
        let world = Arc::new(World::new(settings, keys, Clock::start()));
        let bell = Arc::new(Bell::new().unwrap());
        let (errands, coming) = mpsc::channel(16);
        let poll = Poll::new(&bell).unwrap();
        let rounds = Rounds::new(poll, Arc::clone(&bell), coming, Arc::clone(&world));
        Self { rounds, ready: Ready::new(), bell, errands, world }
    }

    /// Opens a connection, which is taken over within a round.
    fn open(&mut self) -> Ends {
        let ((client, one), (server, other)) =
            (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        for socket in [&client, &one, &server, &other] {
            socket.set_nonblocking(true).unwrap();
        }
        let watch = Watch::new(Arc::clone(&self.world), 0);
        let (tell, end) = oneshot::channel();
        let arrival = Arrival { client: one.into(), server: other.into(), watch, end: tell };
        assert!(self.errands.try_send(Errand::Carry(arrival)).is_ok());
        self.round();
        Ends { client, server, end }
    }

    /// One round, which never waits: the bell rings.
    fn round(&mut self) {
        self.bell.ring();
        assert_eq!(self.rounds.round(&mut self.ready).unwrap(), Then::Another);
    }

    fn open_now(&self) -> u64 {
        self.world.measured().counts().open
    }
}

impl Ends {
    fn is_over(&mut self) -> bool {
        self.end.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }
}

/// Writes until nothing more is taken, and says how much was.
fn stuff(socket: &mut UnixStream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    loop {
        match socket.write(&bytes[sent..]) {
            Ok(length) => sent += length,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return sent;
            }
        }
        assert!(sent < bytes.len(), "the system takes all of it");
    }
}

/// All that there is now, and whether it ends there.
fn all(socket: &mut UnixStream) -> (Vec<u8>, bool) {
    let (mut seen, mut piece) = (Vec::new(), vec![0; 4 * BUFFER]);
    loop {
        match socket.read(&mut piece) {
            Ok(0) => return (seen, true),
            Ok(length) => seen.extend_from_slice(&piece[..length]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return (seen, false);
            }
        }
    }
}

/// Bytes that show where they stood.
fn pattern(length: usize) -> Vec<u8> {
    let piece: Vec<u8> = (0..251).collect();
    piece.repeat(length.div_ceil(piece.len()))[..length].to_vec()
}

#[test]
fn a_message_waits_for_no_more_than_one_turn_of_those_that_stream() {
    let mut stage = Stage::new();
    let mut streams: Vec<Ends> = (0..3).map(|_| stage.open()).collect();
    let mut other = stage.open();
    let much = pattern(4 << 20);
    for _ in 0..8 {
        for stream in &mut streams {
            stuff(&mut stream.server, &much);
        }
        other.client.write_all(b"a message").unwrap();
        stage.round();
        assert_eq!(all(&mut other.server), (b"a message".to_vec(), false));
        other.server.write_all(b"its answer").unwrap();
        stage.round();
        assert_eq!(all(&mut other.client), (b"its answer".to_vec(), false));
        for stream in &mut streams {
            // Two rounds, and no more than a buffer in each.
            let (moved, _) = all(&mut stream.client);
            assert!((1..=2 * BUFFER).contains(&moved.len()), "{}", moved.len());
        }
    }
}

#[test]
fn who_does_not_read_holds_only_the_own_server_back() {
    let mut stage = Stage::new();
    let (mut slow, mut other) = (stage.open(), stage.open());
    let much = pattern(16 << 20);
    let mut sent = 0;
    loop {
        let more = stuff(&mut slow.server, &much[sent..]);
        if more == 0 {
            break;
        }
        sent += more;
        stage.round();
    }
    // It is not asked again and again: nothing is to be done for it.
    assert_eq!(stage.rounds.due, [0; 0]);
    let line = stage.rounds.lines[0].as_ref().unwrap();
    assert!(!line.down.is_due(&line.server, &line.client));
    other.client.write_all(b"a message").unwrap();
    stage.round();
    assert_eq!(all(&mut other.server), (b"a message".to_vec(), false));
    let mut seen = Vec::new();
    while seen.len() < sent {
        let (more, _) = all(&mut slow.client);
        assert!(!more.is_empty(), "{} of {sent}", seen.len());
        seen.extend(more);
        stage.round();
    }
    assert!(seen == much[..sent]);
}

#[test]
fn one_side_may_end_long_before_the_other() {
    for first in [Way::Up, Way::Down] {
        let mut stage = Stage::new();
        let mut ends = stage.open();
        let (one, other) = match first {
            Way::Up => (&mut ends.client, &mut ends.server),
            Way::Down => (&mut ends.server, &mut ends.client),
        };
        one.write_all(b"the last").unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        // The end may take a round of its own.
        stage.round();
        stage.round();
        assert_eq!(all(other), (b"the last".to_vec(), true));
        for _ in 0..3 {
            other.write_all(b"still here").unwrap();
            stage.round();
            assert_eq!(all(one), (b"still here".to_vec(), false));
        }
        other.shutdown(Shutdown::Write).unwrap();
        stage.round();
        assert_eq!(all(one), (Vec::new(), true));
        assert!(ends.is_over());
        assert_eq!(stage.open_now(), 0);
    }
}

#[test]
fn who_leaves_with_bytes_under_way_ends_the_connection_and_its_place_is_used_again() {
    let mut stage = Stage::new();
    let mut ends = stage.open();
    let much = pattern(16 << 20);
    let mut sent = 0;
    while let more @ 1.. = stuff(&mut ends.server, &much[sent..]) {
        sent += more;
        stage.round();
    }
    drop(mem::replace(&mut ends.client, UnixStream::pair().unwrap().0));
    stage.round();
    assert!(ends.is_over());
    let gone = ends.server.write(&much).unwrap_err().kind();
    assert_eq!(gone, ErrorKind::BrokenPipe);
    assert_eq!(stage.open_now(), 0);
    let mut ends = stage.open();
    assert_eq!(stage.rounds.lines.len(), 1);
    ends.client.write_all(b"a message").unwrap();
    stage.round();
    assert_eq!(all(&mut ends.server), (b"a message".to_vec(), false));
}

#[test]
fn what_was_passed_on_is_looked_at_when_somebody_asks() {
    let mut stage = Stage::new();
    let mut ends = stage.open();
    let seen = |stage: &Stage| stage.world.measured().own().requests.len();
    for _ in 0..3 {
        ends.client.write_all(b"a message").unwrap();
        stage.round();
    }
    assert_eq!(all(&mut ends.server).0.len(), 27);
    assert_eq!(seen(&stage), 0);
    let (tell, mut told) = oneshot::channel();
    stage.errands.try_send(Errand::Look(tell)).unwrap();
    stage.round();
    assert_eq!(told.try_recv(), Ok(()));
    assert_eq!(seen(&stage), 3);
    // With much to look at nobody needs to ask.
    for _ in 0..100 {
        ends.client.write_all(b"a message").unwrap();
        stage.round();
        all(&mut ends.server);
    }
    assert!((80..103).contains(&seen(&stage)), "{}", seen(&stage));
}

#[test]
fn rounds_end_when_nobody_can_bring_connections() {
    let mut stage = Stage::new();
    let mut ends = stage.open();
    ends.client.write_all(b"a message").unwrap();
    stage.errands = mpsc::channel(1).0;
    stage.bell.ring();
    assert_eq!(stage.rounds.round(&mut stage.ready).unwrap(), Then::Stop);
    let Stage { rounds, world, .. } = stage;
    drop(rounds);
    assert!(ends.is_over());
    assert_eq!(world.measured().counts().open, 0);
    // What had been passed on by then has come and was counted.
    assert_eq!(all(&mut ends.server), (b"a message".to_vec(), true));
    assert_eq!(world.measured().own().requests.len(), 1);
}

/// What happens to a connection between two rounds.
#[derive(Clone, Debug)]
enum Act {
    Ask(usize),
    Answer(usize),
    ReadAsked,
    ReadAnswered,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_comes_out_is_what_went_in(acts in prop::collection::vec(prop_oneof![
        (1..300_000_usize).prop_map(Act::Ask),
        (1..300_000_usize).prop_map(Act::Answer),
        Just(Act::ReadAsked),
        Just(Act::ReadAnswered),
    ], 0..30)) {
        let mut stage = Stage::new();
        let mut ends = stage.open();
        let whole = pattern(30 * 300_000);
        let [mut asked, mut answered] = [0; 2];
        let [mut up, mut down] = [Vec::new(), Vec::new()];
        for act in acts {
            match act {
                // What is not taken is not sent.
                Act::Ask(length) => {
                    let piece = &whole[asked..asked + length];
                    asked += ends.client.write(piece).unwrap_or_default();
                }
                Act::Answer(length) => {
                    let piece = &whole[answered..answered + length];
                    answered += ends.server.write(piece).unwrap_or_default();
                }
                Act::ReadAsked => up.extend(all(&mut ends.server).0),
                Act::ReadAnswered => down.extend(all(&mut ends.client).0),
            }
            stage.round();
        }
        ends.client.shutdown(Shutdown::Write).unwrap();
        ends.server.shutdown(Shutdown::Write).unwrap();
        // No more than the buffers that can be under way.
        for _ in 0..(asked + answered).div_ceil(BUFFER) + 8 {
            stage.round();
            up.extend(all(&mut ends.server).0);
            down.extend(all(&mut ends.client).0);
        }
        prop_assert!(up == whole[..asked]);
        prop_assert!(down == whole[..answered]);
        prop_assert!(ends.is_over());
        let mut measured = stage.world.measured();
        prop_assert_eq!(measured.own().requests.is_empty(), asked == 0);
    }
}
