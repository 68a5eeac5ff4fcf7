//! A folder and a store of its own for each test, and the program in it.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Longest time that anything here may take; a machine under load is slow, not wrong.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

const PROGRAM: &str = env!("CARGO_BIN_EXE_loadgate");

/// Whether tests that have a short and a long form take the long one, which may take ten minutes:
/// `LOADGATE_TEST_LONG=1`.
pub(crate) fn is_long() -> bool {
    std::env::var_os("LOADGATE_TEST_LONG").is_some_and(|word| word == "1")
}

/// A folder that the program runs in; its store is `store.db`.
pub(crate) struct Stage {
    folder: TempDir,
}

/// What the program left when it ended.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::Builder::new().prefix("loadgate-cli-").tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program with these arguments, and nothing of its environment but the store.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.through(Path::new(PROGRAM), args)
    }

    /// A shell that has `$LOADGATE`.
    pub(crate) fn shell(&self, script: &str) -> Command {
        let mut command = self.through(Path::new("sh"), ["-c", script]);
        command.env("LOADGATE", PROGRAM);
        command
    }

    fn through<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "LOADGATE_SCENARIO", "LOADGATE_TARGET"] {
            command.env_remove(name);
        }
        for name in ["LOADGATE_SEED", "LOADGATE_WORKERS", "GITHUB_ACTIONS"] {
            command.env_remove(name);
        }
        command.env("LOADGATE_STORE", self.path("store.db"));
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Done {
        done(self.command(args).output().unwrap())
    }

    /// Runs the program to its end, which must be a good one, and reads its JSON.
    pub(crate) fn json<A: AsRef<OsStr> + Debug>(&self, args: impl IntoIterator<Item = A>) -> Value {
        let done = self.run(args).expect(0);
        serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out))
    }

    /// Whether a store was made.
    pub(crate) fn has_store(&self) -> bool {
        self.path("store.db").exists()
    }
}

pub(crate) fn done(output: Output) -> Done {
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    // A signal's number shows as a shell would show it.
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    let code = output.status.code().or(signal.map(|signal| 128 + signal)).unwrap();
    Done { code, out, err }
}

impl Done {
    /// This, if it ended with `code`.
    ///
    /// A machine that has much other work to do makes no valid run: then 6 stands for what would
    /// have been 0 or 99, and everything else is the same.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let busy = self.code == 6 && [0, 99].contains(&code);
        assert!(busy || self.code == code, "{}, not {code}: {}\n{}", self.code, self.out, self.err);
        self
    }

    /// This, if the messages have all of `parts`.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is missing in: {}", self.err);
        }
        self
    }
}

/// The program while it runs. It is killed when this is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    out: Option<BufReader<ChildStdout>>,
    err: Option<BufReader<ChildStderr>>,
    /// Messages that were read already.
    said: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = child.stdout.take().map(BufReader::new);
        let err = child.stderr.take().map(BufReader::new);
        Self { child, out, err, said: String::new() }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child.id().to_string());
    }

    /// The first line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// The next line of its messages.
    pub(crate) fn error_line(&mut self) -> String {
        let mut line = String::new();
        self.err.as_mut().unwrap().read_line(&mut line).unwrap();
        self.said.push_str(&line);
        line
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Done {
        let mut out = self.out.take().unwrap();
        let mut err = self.err.take().unwrap();
        let mut text = std::mem::take(&mut self.said).into_bytes();
        let errors = std::thread::spawn(move || {
            err.read_to_end(&mut text).unwrap();
            text
        });
        let mut stdout = Vec::new();
        out.read_to_end(&mut stdout).unwrap();
        let status = self.child.wait().unwrap();
        done(Output { status, stdout, stderr: errors.join().unwrap() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a signal to a process, or with a minus to a group.
pub(crate) fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").args(["-s", name, "--", process]).status().unwrap();
    assert!(sent.success(), "kill -s {name} {process}");
}

/// Processes that `parent` has started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// Waits until `found` finds something.
#[expect(clippy::disallowed_methods, reason = "a test waits for another process")]
#[track_caller]
pub(crate) fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(waited < LIMIT, "{what} does not happen");
        std::thread::sleep(step);
        waited += step;
    }
}

/// Does `work`, and panics if it takes longer than `limit`.
#[track_caller]
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (tell, told) = mpsc::sync_channel(1);
    std::thread::spawn(move || drop(tell.send(work())));
    told.recv_timeout(limit).expect("it takes too long")
}

/// A farmers market as a process of its own.
pub(crate) struct Market {
    running: Running,
    pub(crate) url: String,
}

impl Market {
    pub(crate) fn start(stage: &Stage, args: &[&str]) -> Self {
        Self::of(stage, "small", args)
    }

    /// The same with so much data.
    pub(crate) fn of(stage: &Stage, size: &str, args: &[&str]) -> Self {
        let head = ["market", "--listen", "127.0.0.1:0", "--size", size];
        let mut running = Running::start(stage.command(head.iter().chain(args)));
        let line = running.line();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("the market says `{line}`")).to_owned();
        Self { running, url }
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.running.child.id()
    }

    /// What it has counted.
    pub(crate) fn stats(&self) -> Value {
        serde_json::from_str(&get(&self.url, "/__market/stats")).unwrap()
    }

    /// Ends it as an accident would.
    pub(crate) fn kill(&mut self) {
        self.running.child.kill().unwrap();
    }
}

/// The body of the answer to one request.
pub(crate) fn get(url: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").expect("an answer has a head").1.to_owned()
}
