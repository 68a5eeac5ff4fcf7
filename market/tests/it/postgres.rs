//! A PostgreSQL server for one test: private folder, private port, gone afterwards.
//!
//! Needs the server's binaries (Debian: `apt-get install postgresql`); no running server is touched. This
//! file depends on nothing but the standard library and `tempfile`, so that other packages can take it over.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// How often, at intervals of 50 ms, we ask whether it is there.
const PATIENCE: u32 = 1_200;

/// A running server.
pub(crate) struct Postgres {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// Starts a server; panics with the reason when it cannot.
    pub(crate) fn start() -> Self {
        let binaries = binaries();
        let folder = tempfile::Builder::new().prefix("market-pg-").tempdir().expect("a folder");
        let data = folder.path().join("data");
        own(folder.path());
        let mut initdb = user_command(&binaries.join("initdb"));
        initdb.arg("-D").arg(&data);
        initdb.args(["-U", "market", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        run(&mut initdb);
        let port = free_port();
        let server = user_command(&binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-F", "-k", ""])
            .args(["-c", "max_connections=50", "-c", "shared_buffers=64MB"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres starts");
        let mut this = Self { server, port, _folder: folder };
        this.wait(&binaries);
        this
    }

    /// The URL of its one database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://market@127.0.0.1:{}/postgres", self.port)
    }

    fn wait(&mut self, binaries: &Path) {
        let mut asked = 0;
        let mut ready = Command::new(binaries.join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        while !ready.status().is_ok_and(|status| status.success()) {
            asked += 1;
            assert!(asked < PATIENCE, "postgres was not ready after {asked} questions");
            let ended = self.server.try_wait().expect("its status");
            assert!(ended.is_none(), "postgres ended at once: {ended:?}");
            #[expect(clippy::disallowed_methods, reason = "no runtime here, a thread of its own")]
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Immediate shutdown: the folder goes anyway.
        let pid = self.server.id().to_string();
        drop(Command::new("kill").args(["-QUIT", &pid]).status());
        drop(self.server.wait());
    }
}

/// The newest server's binaries.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|folder| folder.join("postgres").exists())
        .max_by_key(|folder| {
            let version = folder.parent().and_then(Path::file_name)?;
            version.to_str()?.parse::<u32>().ok()
        })
        .expect("no PostgreSQL server under /usr/lib/postgresql; install it: apt-get install postgresql")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

/// A command as a user that PostgreSQL accepts: it refuses to run as root. `setpriv` replaces itself by
/// the command, so that the process we know is the server.
fn user_command(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

/// Gives the folder to that user.
fn own(folder: &Path) {
    if is_root() {
        run(Command::new("chown").arg("postgres:postgres").arg(folder));
    }
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    output
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}
