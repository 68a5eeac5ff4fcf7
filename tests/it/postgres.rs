//! A PostgreSQL server of our own for the length of a test.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How long the server may take to answer its first question.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A port that was free may be taken when the server comes to it.
const START_TRIES: u32 = 5;

/// The password of the server's only user, who is called `loadgate`.
pub(crate) const PASSWORD: &str = "pw-of-the-test";

/// A running server. It stops, and its files go, when this is dropped.
pub(crate) struct Postgres {
    // Dropped in this order: the server ends before its files go.
    _server: Server,
    folder: TempDir,
    port: u16,
}

/// The server's process, which ends when this is dropped.
struct Server(Child);

impl Postgres {
    /// Makes a database cluster in a temporary folder and starts a server on a free port.
    pub(crate) fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// The same with settings, and with files that lie in the data folder and only the server can
    /// read.
    pub(crate) fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Self {
        let bin = binaries();
        let folder = tempfile::Builder::new().prefix("loadgate-pg-").tempdir().unwrap();
        let user = other_user();
        if let Some(user) = &user {
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap();
        }
        let data = folder.path().join("data");
        let password_file = folder.path().join("password");
        fs::write(&password_file, PASSWORD).unwrap();
        let output = command(user.as_ref(), &bin.join("initdb"))
            .args(["--username=loadgate", "--auth=scram-sha-256", "--no-sync", "--no-locale"])
            .arg("--encoding=UTF8")
            .arg(format!("--pwfile={}", password_file.display()))
            .arg(&data)
            .output()
            .unwrap();
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));

        for (name, content) in files {
            let path = data.join(name);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some(user) = &user {
                chown(&path, Some(user.uid), Some(user.gid)).unwrap();
            }
        }
        for _ in 0..START_TRIES {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let log = fs::File::create(folder.path().join("log")).unwrap();
            let server = command(user.as_ref(), &bin.join("postgres"))
                .arg("-D")
                .arg(&data)
                .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
                .args(["-c", &format!("port={port}")])
                .args(["-c", &format!("unix_socket_directories={}", folder.path().display())])
                .args(settings.iter().flat_map(|setting| ["-c", *setting]))
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap();
            let mut server = Server(server);
            if server.is_ready(&bin, folder.path(), port) {
                return Self { _server: server, port, folder };
            }
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("postgres did not start: {log}");
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of its only database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://loadgate:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Server {
    /// Waits until the server answers; false when it has ended, as it does when somebody else
    /// has taken the port meanwhile.
    ///
    /// Asks over the socket in the folder, where no other server can answer.
    fn is_ready(&mut self, bin: &Path, folder: &Path, port: u16) -> bool {
        let step = Duration::from_millis(100);
        let mut waited = Duration::ZERO;
        while waited < START_LIMIT && self.0.try_wait().unwrap().is_none() {
            let ready = Command::new(bin.join("pg_isready"))
                .args(["-q", "-p", &port.to_string(), "-h"])
                .arg(folder)
                .status()
                .unwrap();
            if ready.success() {
                return true;
            }
            pause(step);
            waited += step;
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT: the data goes with the folder, so there is nothing to shut down in order.
        let stopped = Command::new("kill").args(["-QUIT", &self.0.id().to_string()]).status();
        if stopped.is_ok_and(|status| status.success()) {
            drop(self.0.wait());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test waits for another process")]
fn pause(step: Duration) {
    std::thread::sleep(step);
}

/// The newest installed PostgreSQL.
pub(crate) fn binaries() -> PathBuf {
    let root = Path::new("/usr/lib/postgresql");
    let version = |path: &PathBuf| -> Option<u32> { path.file_name()?.to_str()?.parse().ok() };
    let found = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("bin/postgres").exists())
        .max_by_key(version);
    match found {
        Some(path) => path.join("bin"),
        None => panic!(
            "this test needs PostgreSQL under {}: `apt-get install postgresql`",
            root.display()
        ),
    }
}

/// A user who is not root.
struct User {
    uid: u32,
    gid: u32,
}

/// PostgreSQL refuses to run as root; then the user of its package runs it.
fn other_user() -> Option<User> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = |name: &str| users.lines().find(|line| line.starts_with(name));
    let line = line("postgres:").or_else(|| line("nobody:")).expect("a user other than root");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    Some(User { uid: fields.next().unwrap(), gid: fields.next().unwrap() })
}

fn command(user: Option<&User>, program: &Path) -> Command {
    let Some(user) = user else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", &user.uid.to_string(), "--regid", &user.gid.to_string()])
        .arg("--clear-groups")
        .arg(program)
        .current_dir("/");
    command
}
