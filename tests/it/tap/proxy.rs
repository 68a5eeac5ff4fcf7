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
