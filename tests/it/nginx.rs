//! The program against a web server that is not ours: it has the last word on what was sent.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// How often a start is looked for, 10 ms apart.
const LOOKS: u32 = 1_000;

/// An nginx on a free port, in a folder of its own.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
}

impl Nginx {
    fn start() -> Self {
        let json = "location / { default_type application/json; return 200 '{\"ok\":true}'; }";
        Self::with(&[], json)
    }

    /// With files below `static/` of its folder, and these locations.
    pub(crate) fn with(files: &[(&str, &str)], locations: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("loadgate-nginx-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = folder.path().display();
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
            .join(" ");
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
             events {{ worker_connections 512; }}
             http {{ {paths} access_log {at}/access.log combined buffer=64k flush=50ms;
               server {{ listen 127.0.0.1:{port}; root {at}; {locations} }} }}"
        );
        fs::create_dir(folder.path().join("static")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join("static").join(name), text).unwrap();
        }
        fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let program =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|p| Path::new(p).exists());
        let program = program.expect("nginx is not installed: run ./test, which installs it");
        let mut command = Command::new(program);
        command.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let nginx = Self { child, folder, port };
        nginx.wait_for("a listening port", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok().then_some(())
        });
        nginx
    }

    fn wait_for(&self, what: &str, look: impl FnMut() -> Option<()>) {
        let log = self.folder.path().join("error.log");
        assert!(comes(look), "no {what} of nginx: {:?}", fs::read_to_string(log));
    }

    /// Waits until the access log has so many lines, and gives a little time for one more.
    fn requests(&self, wanted: u64) -> u64 {
        let count = || {
            let log = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
            u64::try_from(log.lines().count()).unwrap()
        };
        self.wait_for("log lines", || (count() >= wanted).then_some(()));
        count()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Looks until something is there, but not for ever; whether it came.
#[expect(clippy::disallowed_methods, reason = "waits for another process, with a limit")]
pub(crate) fn comes(mut look: impl FnMut() -> Option<()>) -> bool {
    for _ in 0..LOOKS {
        if look().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn measured(nginx: &Nginx, load: &[&str]) -> Value {
    let url = format!("http://127.0.0.1:{}/x", nginx.port);
    let output = Command::new(env!("CARGO_BIN_EXE_loadgate"))
        .args(["run", "--url", &url, "--json", "-"])
        .args(load)
        .env("LOADGATE_STORE", nginx.folder.path().join("store.db"))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    // 6 says that this machine was too busy, which changes no count.
    assert!(matches!(output.status.code(), Some(0 | 6)), "{out:?} {err:?}");
    serde_json::from_str(&out.unwrap()).unwrap()
}

#[test]
fn nginx_has_logged_every_request_that_was_counted() {
    let nginx = Nginx::start();
    let mut counted = 0;
    for load in [["-r", "500/s", "-d", "2s"], ["-u", "16", "-n", "3000"]] {
        let document = measured(&nginx, &load);
        let requests = document["totals"]["requests"].as_u64().unwrap();
        assert_eq!(document["totals"]["errors"], 0);
        assert_eq!(document["generator"]["requests_sent"].as_u64(), Some(requests));
        counted += requests;
        assert_eq!(nginx.requests(counted), counted);
    }
    assert_eq!(counted, 4_000);
}
