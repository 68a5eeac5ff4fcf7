//! The embedded market: a process of its own, so that its CPU time is not the generator's.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::Failed;
use crate::plan::Address;

/// How long the market may take to fill its database.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A market that lives as long as this value, and ends with this process however it ends.
pub(super) struct EmbeddedMarket {
    child: Child,
    /// The market ends when this closes, even if we are killed.
    stdin: Option<ChildStdin>,
    /// Where it listens.
    pub(super) address: Address,
}

impl EmbeddedMarket {
    /// Starts a market on a free loopback port and waits until it is ready.
    ///
    /// `database` is its PostgreSQL server; without one it has a database of its own.
    pub(super) async fn start(database: Option<&str>) -> Result<Self, Failed> {
        let failed = |why: String| Failed::could_not("start the embedded market", why);
        let program = env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut child = Command::new(program)
            .args(["market", "--listen", "127.0.0.1:0", "--until-stdin-closes"])
            // An address with a password belongs into no list of processes.
            .envs(database.map(|database| ("MARKET_DATABASE", database)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C reaches all processes of the terminal's group. The market has to go on until
            // the journeys under way have ended, so it is in a group of its own.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| failed("it has no output".to_owned()))?;
        let mut lines = BufReader::new(stdout).lines();
        let line = timeout(START_LIMIT, lines.next_line()).await;
        let line =
            line.map_err(|_elapsed| failed(format!("it said nothing in {START_LIMIT:?}")))?;
        let line = line.map_err(|error| failed(error.to_string()))?;
        let line = line.ok_or_else(|| failed("it ended at once".to_owned()))?;
        let address = line.split_whitespace().find_map(|word| Address::target(word).ok());
        let address = address.ok_or_else(|| failed(format!("it says `{line}`")))?;
        Ok(Self { child, stdin, address })
    }

    /// Ends the market and waits for it.
    pub(super) async fn stop(mut self) {
        drop(self.stdin.take());
        // It was told to end; whether it did so well is of no interest to the run.
        drop(self.child.wait().await);
    }
}
