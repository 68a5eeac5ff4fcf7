//! Logs that another program gives: `journalctl` and `docker logs`.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant, SystemTime};

use super::Stop;
use super::heard::Ear;
use super::piped::{Piped, Stream};
use crate::plan::LogSource;
use crate::units::Nanos;

/// How long a program may take to say whether there is such a log.
const ASKING: Duration = Duration::from_secs(10);
/// How long the last lines of a run may be on their way.
const LAST: Duration = Duration::from_millis(300);
/// The pause before a program is started again, which doubles each time …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How much of what a program says is kept, in bytes.
const MAX_MESSAGE: usize = 1_024;

/// A log and the program that gives it.
#[derive(Debug)]
pub(super) struct Program {
    source: LogSource,
    /// What was written before does not count.
    since: SystemTime,
}

/// How one start of a program ended.
enum Ended {
    /// The run is over.
    Stopped,
    /// The program has ended, for this reason.
    Failed(String),
}

impl Program {
    pub(super) fn new(source: LogSource, since: SystemTime) -> Self {
        Self { source, since }
    }

    /// Starts the program, again whenever it ends, until the run does.
    pub(super) fn run(mut self, mut ear: Ear, stop: &Stop) {
        let mut pause = FIRST_PAUSE;
        // When it ended that was reading, and why: from then on lines may be missing.
        let mut down: Option<(Nanos, String)> = None;
        loop {
            match self.start(stop) {
                Ok(piped) => {
                    ear.opened();
                    if let Some((from, why)) = down.take() {
                        ear.lost(ear.now().since(from), &why);
                    }
                    let started = Instant::now();
                    let Ended::Failed(why) = self.listen(piped, &mut ear, stop) else { return };
                    ear.away(&why);
                    down = Some((ear.now(), why));
                    // What is written from now on is asked for again.
                    self.since = SystemTime::now();
                    if started.elapsed() > LONGEST_PAUSE {
                        pause = FIRST_PAUSE;
                    }
                }
                Err(why) => ear.away(&why),
            }
            match stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        if let Some((from, why)) = down {
            ear.lost(ear.now().since(from), &why);
        }
    }

    /// Starts the program, if it says that there is such a log.
    fn start(&self, stop: &Stop) -> Result<Piped, String> {
        let (program, question) = self.question()?;
        let said = ask(program, &question, stop).map_err(|why| format!("`{program}` {why}"))?;
        match &self.source {
            // It waits for a unit that does not exist as for one that is silent.
            LogSource::Journal { unit } if said.is_empty() => {
                return Err(format!("the journal has nothing of a unit `{unit}`"));
            }
            LogSource::Docker { container } if said != "running" => {
                return Err(format!("the container `{container}` is {said}"));
            }
            LogSource::Journal { .. } | LogSource::Docker { .. } | LogSource::File(_) => {}
        }
        Piped::start(program, &self.reading()).map_err(|error| unstarted(program, &error))
    }

    /// What is asked first, and of which program.
    fn question(&self) -> Result<(&'static str, Vec<String>), String> {
        let (program, arguments) = match &self.source {
            LogSource::Journal { unit } => {
                let one = ["--quiet", "--no-pager", "--output=cat", "--lines=1", "--unit", unit];
                ("journalctl", one.map(str::to_owned).to_vec())
            }
            LogSource::Docker { container } => {
                let state = "--format={{.State.Status}}";
                let inspect = ["inspect", "--type=container", state, "--", container];
                ("docker", inspect.map(str::to_owned).to_vec())
            }
            LogSource::File(_) => return Err("a file needs no program".to_owned()),
        };
        Ok((program, arguments))
    }

    /// How the program is told to give the log, as it is written. Of the journal that is only what
    /// the unit itself wrote: no rule is meant for the names of hosts and units.
    fn reading(&self) -> Vec<String> {
        let since = self.since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (seconds, nanos) = (since.as_secs(), since.subsec_nanos());
        match &self.source {
            LogSource::Journal { unit } => {
                let since = format!("--since=@{seconds}.{:06}", since.subsec_micros());
                let flags = ["--quiet", "--no-pager", "--output=cat", "--follow", "--no-tail"];
                let all = flags.into_iter().chain([since.as_str(), "--unit", unit]);
                all.map(str::to_owned).collect()
            }
            LogSource::Docker { container } => {
                let since = format!("--since={seconds}.{nanos:09}");
                let all = ["logs", "--follow", &since, "--", container];
                all.map(str::to_owned).to_vec()
            }
            LogSource::File(_) => Vec::new(),
        }
    }

    /// Reads until the program ends, or the run does.
    fn listen(&self, mut piped: Piped, ear: &mut Ear, stop: &Stop) -> Ended {
        // What a container writes to its standard error comes as such.
        let is_docker = matches!(self.source, LogSource::Docker { .. });
        let (mut output, mut errors) = (ear.reader(), ear.reader());
        let mut complaint = Vec::new();
        let mut over: Option<Instant> = None;
        let mut failure = None;
        while piped.is_open() {
            let waited = piped.wait(&mut |stream, part| match stream {
                Stream::Output => ear.read(&mut output, part),
                Stream::Errors => {
                    last_of(&mut complaint, part);
                    if is_docker {
                        ear.read(&mut errors, part);
                    }
                }
            });
            match waited {
                // Lines may be on their way, but not for ever.
                Ok(has_come) => {
                    if over.is_none() && is_over(stop) {
                        over = Some(Instant::now());
                    }
                    let late = over.is_some_and(|since| since.elapsed() > LAST);
                    if late && (!has_come || over.is_some_and(|since| since.elapsed() > ASKING)) {
                        break;
                    }
                }
                Err(error) => {
                    failure = Some(error.to_string());
                    break;
                }
            }
        }
        ear.finish(&mut output);
        ear.finish(&mut errors);
        if over.is_some() && failure.is_none() {
            return Ended::Stopped;
        }
        let ended = failure.unwrap_or_else(|| match piped.ended() {
            Ok(status) => message(&complaint).unwrap_or_else(|| status.to_string()),
            Err(error) => error.to_string(),
        });
        Ended::Failed(format!("the program that reads it has ended: {ended}"))
    }
}

fn unstarted(program: &str, error: &std::io::Error) -> String {
    format!("`{program}` can't be started: {error}")
}

/// Whether the run is over.
fn is_over(stop: &Stop) -> bool {
    !matches!(stop.try_recv(), Err(TryRecvError::Empty))
}

/// Asks a program something short; the answer, or why there is none.
fn ask(program: &str, arguments: &[String], stop: &Stop) -> Result<String, String> {
    let unstarted = |error: std::io::Error| format!("can't be started: {error}");
    let mut piped = Piped::start(program, arguments).map_err(unstarted)?;
    let (mut said, mut complaint) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while piped.is_open() {
        let waited = piped.wait(&mut |stream, part| match stream {
            Stream::Output => last_of(&mut said, part),
            Stream::Errors => last_of(&mut complaint, part),
        });
        waited.map_err(|error| error.to_string())?;
        if began.elapsed() > ASKING || is_over(stop) {
            return Err(format!("gave no answer within {:.1?}", began.elapsed()));
        }
    }
    let status = piped.ended().map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(message(&said).unwrap_or_default());
    }
    let why = message(&complaint).unwrap_or_else(|| status.to_string());
    Err(format!("says: {why}"))
}

/// Keeps the last bytes of what came.
fn last_of(kept: &mut Vec<u8>, part: &[u8]) {
    kept.extend_from_slice(part);
    let surplus = kept.len().saturating_sub(MAX_MESSAGE);
    kept.drain(..surplus);
}

/// The last line of what a program said, without secrets; `None` when it said nothing.
fn message(said: &[u8]) -> Option<String> {
    let last = said.split(|byte| *byte == b'\n').rfind(|line| !line.trim_ascii().is_empty())?;
    Some(crate::logs::Masks::new().sample(last))
}
