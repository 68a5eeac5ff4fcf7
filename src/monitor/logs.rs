//! Logs that are read while a run goes on: files, journals and containers, each by a thread of its
//! own.
//!
//! A file is read from where it ended when the run began. Whatever is done to it meanwhile (moved
//! away, copied and cut, made anew), its lines are read once; of what can't be found again it is
//! told for how long lines may be missing.

mod chain;
mod file;
mod heard;
mod piped;
mod program;
mod scan;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use file::Follower;
use heard::{Ear, Heard};
use program::Program;
pub use scan::{ScanError, Scanned, scan};

use crate::plan::{LogSource, LogsPlan};
use crate::record::LogsRead;
use crate::units::Nanos;

/// The pause after a look that found something: at 50 MB/s half a megabyte is read at a time.
const BUSY: Duration = Duration::from_millis(10);
/// The longest pause. A log that is moved away twice between two looks costs a search.
const IDLE: Duration = Duration::from_millis(100);

/// What tells the time since the start of the run.
pub type Clock = Arc<dyn Fn() -> Nanos + Send + Sync>;

/// Logs while they are read.
#[derive(Debug)]
pub struct Logs {
    heard: Arc<Heard>,
    threads: Vec<(String, JoinHandle<()>)>,
    /// Gone when reading is to end.
    stops: Vec<SyncSender<()>>,
}

/// Ends a thread between two looks.
pub(crate) type Stop = std::sync::mpsc::Receiver<()>;

impl Logs {
    /// Begins to read: what comes from now on belongs to the run. `interval` is the length of the
    /// run's intervals. An error is a system that gives no thread.
    pub fn start(plan: &LogsPlan, clock: &Clock, interval: Nanos) -> std::io::Result<Self> {
        let names = plan.text.sources.iter().map(|source| source.name.clone()).collect();
        let heard = Arc::new(Heard::new(Arc::clone(&plan.rules), names, interval));
        let mut logs = Self { heard, threads: Vec::new(), stops: Vec::new() };
        let now = SystemTime::now();
        for (at, source) in plan.sources.iter().enumerate() {
            let ear = Ear::new(Arc::clone(&logs.heard), at, Arc::clone(clock));
            let (sender, stop) = sync_channel(1);
            let work: Box<dyn FnOnce() + Send> = match source {
                LogSource::File(path) => {
                    let mut ear = ear;
                    // Where the file ends is looked at before anything is sent to the target.
                    let follower = Follower::new(path.clone(), &mut ear);
                    Box::new(move || follow(follower, ear, &stop))
                }
                LogSource::Journal { .. } | LogSource::Docker { .. } => {
                    let program = Program::new(source.clone(), now);
                    Box::new(move || program.run(ear, &stop))
                }
            };
            let name = format!("log-{at}");
            let thread = std::thread::Builder::new().name(name).spawn(work)?;
            logs.threads.push((source.name(), thread));
            logs.stops.push(sender);
        }
        Ok(logs)
    }

    /// What was found in the intervals that begin before `until`, since it was taken last.
    pub fn take(&self, until: Nanos) -> LogsRead {
        self.heard.take(until)
    }

    /// Tells all threads to read what is there now, and to end.
    pub fn stop(&mut self) -> Ending {
        self.stops.clear();
        Ending(std::mem::take(&mut self.threads))
    }
}

/// Threads that read for the last time.
#[derive(Debug)]
pub struct Ending(Vec<(String, JoinHandle<()>)>);

impl Ending {
    /// Waits for all; what they found can be taken then. What is given back are the names of logs
    /// whose thread has crashed, which is a fault of loadgate. It blocks, for less than a second
    /// where the logs themselves don't.
    pub fn wait(self) -> Vec<String> {
        let ended = self.0.into_iter().map(|(name, thread)| (name, thread.join()));
        ended.filter_map(|(name, ended)| ended.is_err().then_some(name)).collect()
    }
}

/// Looks at a file again and again.
fn follow(mut follower: Follower, mut ear: Ear, stop: &Stop) {
    let mut pause = BUSY;
    loop {
        let has_read = follower.look(&mut ear) > 0;
        pause = if has_read { BUSY } else { IDLE.min(pause * 2) };
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    follower.look(&mut ear);
    follower.finish(&mut ear);
}
