//! Clients that break the protocol before a real server: the tap stays up and counts.

use std::io::{Read, Write};
use std::net::TcpStream;

use loadgate::wire::{Loss, Lost};

use super::*;

/// Sends bytes and reads until the other side ends the connection, or enough has come.
fn send(port: u16, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    for piece in pieces {
        // Who has been sent away already can't say more.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    drop(stream.shutdown(std::net::Shutdown::Write));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    answer
}

/// A server that asks for no password.
fn trusting() -> Postgres {
    let trust = "host all all 127.0.0.1/32 trust\nlocal all all trust\n";
    Postgres::start_with(&[], &[("pg_hba.conf", trust)])
}

const OPENING: &[u8] = b"\0\0\0\x29\0\x03\0\0user\0loadgate\0database\0postgres\0\0";

#[test]
fn what_breaks_the_protocol_gets_the_servers_answer() {
    let postgres = trusting();
    let tap = tap(&postgres.url(), ClientTls::Pass);
    let wrong: [&[&[u8]]; 11] = [
        &[b"GET / HTTP/1.1\r\n\r\n"],
        &[b"\0\0\0\x04"],
        &[b"\0\0\0\x08\0\x09\0\0"],
        &[b"\xff\xff\xff\xff\0\x03\0\0"],
        &[&OPENING[..20]],
        &[OPENING, b"Q\0\0\0\x03SELECT 1\0"],
        &[OPENING, b"Q\xff\xff\xff\xffSELECT 1\0"],
        &[OPENING, b"Q\x3f\xff\xff\xffSELECT 1\0"],
        &[OPENING, b"!\0\0\0\x04"],
        &[OPENING, b"Q\0\0\0\x30SELECT 1\0"],
        &[OPENING, b"B\0\0\0\x05\0E\0\0\0\x05\0S\0\0\0\x04"],
    ];
    for pieces in wrong {
        // The numbers of processes and the keys differ; what is said does not.
        let words = |bytes: &[u8]| {
            let said = bytes.windows(6).position(|at| at == b"SFATAL" || at == b"SERROR");
            said.map(|at| String::from_utf8_lossy(&bytes[at..]).into_owned())
        };
        let direct = send(postgres.port(), pieces);
        let tapped = send(port(&tap), pieces);
        assert_eq!(tapped.len(), direct.len(), "{pieces:?}");
        assert_eq!(words(&tapped), words(&direct), "{pieces:?}");
    }
    assert_eq!(asks(port(&tap), "PGSSLMODE=disable", "SELECT 1"), "1");
    let batch = stop(tap);
    assert_eq!(batch.counts.open, 0);
    let lost = &batch.counts.lost_connections;
    assert_eq!(lost.get(&Lost::Length), Some(&5), "{lost:?}");
    assert_eq!(lost.get(&Lost::Type), Some(&1), "{lost:?}");
    assert_eq!(lost.get(&Lost::Version), Some(&1), "{lost:?}");
    assert_eq!(count(&batch, "SELECT $?"), 1);
}

#[test]
fn a_client_that_goes_within_a_copy_is_a_lost_sample() {
    let postgres = trusting();
    asks(postgres.port(), "", "CREATE TABLE a (id int)");
    let tap = tap(&postgres.url(), ClientTls::Refuse);
    let copy = b"Q\0\0\0\x16COPY a FROM STDIN\0";
    let mut stream = TcpStream::connect(("127.0.0.1", port(&tap))).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(OPENING).unwrap();
    stream.write_all(copy).unwrap();
    // `CopyInResponse` with one column of text.
    let wanted = b"G\0\0\0\x09\0\0\x01\0\0";
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(wanted) {
        stream.read_exact(&mut byte).unwrap();
        seen.extend(byte);
    }
    stream.write_all(b"d\0\0\0\x061\n").unwrap();
    drop(stream);
    // The server has given up the copy when its session is gone.
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY a%'";
    while asks(postgres.port(), "", sessions) != "0" {}
    assert_eq!(asks(postgres.port(), "", "SELECT count(*) FROM a"), "0");
    let batch = stop(tap);
    let lost = batch.counts.lost.get(&Loss::Closed).copied().unwrap_or_default();
    // The server may have said that the copy failed before the connection was gone.
    assert_eq!(lost + count(&batch, "COPY a"), 1, "{:?}", batch.counts);
}
