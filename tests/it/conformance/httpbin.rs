//! httpbin, served by gunicorn: a server that was written to try out clients.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::nginx::comes;

/// A running httpbin on a free port, in a folder of its own.
pub(super) struct Httpbin {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Httpbin {
    #[expect(clippy::disallowed_methods, reason = "the test's Python is named by the environment")]
    pub(super) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("loadgate-httpbin-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let python = std::env::var("LOADGATE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(python);
        command.args(["-m", "gunicorn", "--workers", "1", "--no-control-socket"]);
        // With threads a connection is kept; one for each of those that a test may have open.
        command.args(["--worker-class", "gthread", "--threads", "8", "--keep-alive", "60"]);
        command.args(["--graceful-timeout", "1", "--bind", &format!("127.0.0.1:{port}")]);
        command.arg("--worker-tmp-dir").arg(folder.path()).arg("httpbin:app");
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        let server = Self { child, folder, port };
        let answers = comes(|| TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(()));
        assert!(
            answers,
            "this test needs a Python with `pip install httpbin gunicorn`, named by \
             LOADGATE_TEST_PYTHON: {:?}",
            fs::read_to_string(server.folder.path().join("log"))
        );
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Httpbin {
    fn drop(&mut self) {
        // SIGTERM, so that it stops its worker.
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap_or_default();
        drop(self.child.wait());
    }
}
