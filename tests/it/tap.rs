//! The tap before a real PostgreSQL, with clients as people use them; and before servers and
//! clients that do what they should not.

mod clients;
mod proxy;
mod secure;
mod wrong;

use std::process::{Command, Output};
use std::time::Duration;

use loadgate::tap::{Batch, ClientTls, Listen, Place, Query, Settings, Statements, Tap, Upstream};

use crate::postgres::{PASSWORD, Postgres, binaries};

/// Longest time that anything here may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Starts a tap on a free port.
fn tap(upstream: &str, tls: ClientTls) -> Tap {
    let upstream: Upstream = upstream.parse().unwrap();
    start(Listen(Place::Tcp("127.0.0.1".to_owned(), 0)), upstream, tls)
}

fn start(listen: Listen, upstream: Upstream, tls: ClientTls) -> Tap {
    Tap::start(Settings { listen, upstream, tls, statements: Statements::List }).unwrap()
}

fn port(tap: &Tap) -> u16 {
    match tap.place() {
        Place::Tcp(_, port) => *port,
        Place::Unix(path) => panic!("a socket at {}", path.display()),
    }
}

/// Ends a tap.
fn stop(tap: Tap) -> Batch {
    wait(tap.stop()).unwrap()
}

fn take(tap: &Tap) -> Batch {
    wait(tap.take()).unwrap()
}

fn wait<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
}

/// A program of PostgreSQL that is told to go to this port with this connection string.
fn program(name: &str, port: u16, more: &str) -> Command {
    let mut command = Command::new(binaries().join(name));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("PGPASSWORD", PASSWORD)
        .env("PGUSER", "loadgate")
        .env("PGDATABASE", "postgres")
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", port.to_string())
        .env("PGCONNECT_TIMEOUT", "20");
    for (name, value) in more.split_whitespace().filter_map(|pair| pair.split_once('=')) {
        command.env(name, value);
    }
    command
}

fn psql(port: u16, more: &str, sql: &str) -> Output {
    program("psql", port, more).args(["-X", "-A", "-t", "-c", sql]).output().unwrap()
}

/// What psql prints for a statement that works.
#[track_caller]
fn asks(port: u16, more: &str, sql: &str) -> String {
    let output = psql(port, more, sql);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// How many statements there were of each form, by its text.
fn counts(batch: &Batch) -> Vec<(&str, u64, u64)> {
    let mut all: Vec<_> = batch
        .queries
        .iter()
        .map(|query| {
            let form = &batch.forms[usize::try_from(query.form.0).unwrap()];
            (form.text.as_str(), query.count(), query.failed.len())
        })
        .collect();
    all.sort_unstable();
    all
}

/// Statements of the form whose text begins so.
fn count(batch: &Batch, text: &str) -> u64 {
    let of = counts(batch).into_iter().filter(|(form, ..)| form.starts_with(text));
    of.map(|(_, count, _)| count).sum()
}
