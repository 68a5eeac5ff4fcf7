//! What any proxy of TCP does: half-closing, back-pressure, many connections, servers that go and
//! come again.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::*;

/// A server of our own, and a tap before it.
fn stage() -> (TcpListener, Tap) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("postgres://{}", server.local_addr().unwrap());
    let tap = tap(&address, ClientTls::Pass);
    (server, tap)
}

fn connect(tap: &Tap) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port(tap))).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn accept(server: &TcpListener) -> TcpStream {
    let (stream, _) = server.accept().unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

/// The beginning of a session, so that what follows is looked at.
const OPENING: &[u8] = b"\0\0\0\x11\0\x03\0\0user\0me\0\0";
const READY: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

#[test]
fn one_side_may_end_before_the_other() {
    let (server, tap) = stage();
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    client.write_all(OPENING).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut asked = Vec::new();
    behind.read_to_end(&mut asked).unwrap();
    assert_eq!(asked, OPENING);
    behind.write_all(READY).unwrap();
    drop(behind);
    let mut answered = Vec::new();
    client.read_to_end(&mut answered).unwrap();
    assert_eq!(answered, READY);
    assert_eq!(stop(tap).counts.open, 0);
}

#[test]
fn a_client_that_does_not_read_holds_its_server_back() {
    let (server, tap) = stage();
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    client.write_all(OPENING).unwrap();
    behind.write_all(READY).unwrap();
    client.write_all(b"Q\0\0\0\x0dSELECT 1\0").unwrap();
    let row = [&b"D"[..], &1_004_i32.to_be_bytes(), &[b'x'; 1_000]].concat();
    // Until nothing more is taken for a while, the buffers of the system fill.
    behind.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let total = 100 << 20;
    let (all, mut sent) = (row.repeat(1_000), 0);
    let blocked = loop {
        match behind.write(&all[sent % all.len()..]) {
            Ok(length) => sent += length,
            Err(error) => break error.kind(),
        }
        assert!(sent < total, "nobody holds the server back");
    };
    assert_eq!(blocked, ErrorKind::WouldBlock);
    // What was sent arrives, to the byte, as soon as the client reads.
    let whole = READY.len() + sent;
    let mut seen = vec![0; whole];
    client.read_exact(&mut seen).unwrap();
    assert_eq!(&seen[..READY.len()], READY);
    let same = seen[READY.len()..].iter().zip(all.iter().cycle()).all(|(one, other)| one == other);
    assert!(same);
}

#[test]
fn a_server_that_does_not_read_holds_its_client_back() {
    let (server, tap) = stage();
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    client.write_all(OPENING).unwrap();
    client.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let message = [&b"d"[..], &1_004_i32.to_be_bytes(), &[b'x'; 1_000]].concat().repeat(1_000);
    let (total, mut sent) = (100 << 20, 0);
    while let Ok(length) = client.write(&message[sent % message.len()..]) {
        sent += length;
        assert!(sent < total, "nobody holds the client back");
    }
    client.shutdown(Shutdown::Write).unwrap();
    let mut seen = Vec::new();
    behind.read_to_end(&mut seen).unwrap();
    assert_eq!(seen.len(), OPENING.len() + sent);
    let same =
        seen[OPENING.len()..].iter().zip(message.iter().cycle()).all(|(one, other)| one == other);
    assert!(same);
}

#[test]
fn a_server_may_end_before_its_client() {
    let (server, tap) = stage();
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    client.write_all(OPENING).unwrap();
    behind.read_exact(&mut [0; OPENING.len()]).unwrap();
    behind.write_all(READY).unwrap();
    behind.shutdown(Shutdown::Write).unwrap();
    let mut answered = Vec::new();
    client.read_to_end(&mut answered).unwrap();
    assert_eq!(answered, READY);
    client.write_all(b"X\0\0\0\x04").unwrap();
    drop(client);
    let mut asked = Vec::new();
    behind.read_to_end(&mut asked).unwrap();
    assert_eq!(asked, b"X\0\0\0\x04");
    assert_eq!(stop(tap).counts.open, 0);
}

#[test]
fn a_connection_that_streams_leaves_room_for_the_others() {
    let (server, tap) = stage();
    let mut streaming = connect(&tap);
    let mut source = accept(&server);
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    std::thread::scope(|scope| {
        let (ended, end) = std::sync::mpsc::sync_channel::<()>(0);
        scope.spawn(move || {
            let much = vec![b'x'; 1 << 20];
            // Until nobody reads any more.
            while source.write_all(&much).is_ok() {}
        });
        scope.spawn(move || {
            let mut much = vec![0; 1 << 20];
            while end.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                streaming.read_exact(&mut much).unwrap();
            }
        });
        let mut seen = [0; 14];
        for _ in 0..200 {
            client.write_all(b"Q\0\0\0\x0dSELECT 1\0").unwrap();
            behind.read_exact(&mut seen).unwrap();
            behind.write_all(&seen).unwrap();
            client.read_exact(&mut seen).unwrap();
        }
        drop(ended);
    });
    assert_eq!(&take(&tap).counts.open, &1);
}

#[test]
fn what_has_passed_is_in_what_is_taken_next() {
    let (server, tap) = stage();
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    let mut pass = |asked: &[u8], answered: &[u8]| {
        client.write_all(asked).unwrap();
        behind.read_exact(&mut vec![0; asked.len()]).unwrap();
        behind.write_all(answered).unwrap();
        client.read_exact(&mut vec![0; answered.len()]).unwrap();
    };
    pass(OPENING, READY);
    take(&tap);
    for _ in 0..20 {
        pass(b"Q\0\0\0\x0dSELECT 1\0", b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I");
        let batch = take(&tap);
        assert_eq!((batch.own.requests.len(), batch.queries.len()), (1, 1));
        assert_eq!((batch.queries[0].count(), batch.statements.len()), (1, 1));
    }
}

#[test]
fn an_upstream_that_is_gone_ends_its_connections_and_may_come_again() {
    let (server, tap) = stage();
    let place = server.local_addr().unwrap();
    let mut client = connect(&tap);
    let mut behind = accept(&server);
    client.write_all(OPENING).unwrap();
    behind.write_all(READY).unwrap();
    client.write_all(b"Q\0\0\0\x0dSELECT 1\0").unwrap();
    let mut asked = vec![0; OPENING.len() + 14];
    behind.read_exact(&mut asked).unwrap();
    drop((behind, server));
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, READY);
    drop(client);
    // While nobody is there, who comes is sent away.
    let mut early = connect(&tap);
    assert_eq!(early.read(&mut [0]).unwrap_or_default(), 0);
    let server = TcpListener::bind(place).unwrap();
    let mut late = connect(&tap);
    let mut behind = accept(&server);
    late.write_all(OPENING).unwrap();
    behind.read_exact(&mut asked[..OPENING.len()]).unwrap();
    let batch = stop(tap);
    assert_eq!(batch.counts.unreached, 1, "{:?}", batch.counts);
    assert_eq!(batch.counts.lost.values().sum::<u64>(), 1);
}

fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes << 10
}

#[test]
fn a_thousand_idle_connections_take_little_memory() {
    let (server, tap) = stage();
    // The tap raises the limit of open files when it serves its first.
    drop((connect(&tap), accept(&server)));
    let mut both = Vec::new();
    let before = resident();
    for _ in 0..1_000 {
        let mut client = connect(&tap);
        let mut behind = accept(&server);
        client.write_all(OPENING).unwrap();
        behind.write_all(READY).unwrap();
        client.read_exact(&mut [0; 15]).unwrap();
        // A large answer, which leaves nothing behind.
        client.write_all(b"Q\0\0\0\x0dSELECT 1\0").unwrap();
        behind.write_all(&[&b"N\0\0\xff\0"[..], &vec![b'x'; 0xff00 - 4]].concat()).unwrap();
        client.read_exact(&mut vec![0; 0xff01]).unwrap();
        both.push((client, behind));
    }
    let batch = take(&tap);
    assert_eq!((batch.counts.opened, batch.counts.open), (1_001, 1_000));
    let each = resident().saturating_sub(before).div_euclid(1_000);
    assert!(each <= 64 << 10, "{each} bytes a connection");
    for (client, behind) in &mut both {
        behind.write_all(b"Z\0\0\0\x05I").unwrap();
        client.read_exact(&mut [0; 6]).unwrap();
    }
}
