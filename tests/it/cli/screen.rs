//! `run --tui` in a pseudo-terminal: what it draws, and that it leaves the terminal as it was.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use super::server::{Answer, Server};
use super::stage::{Stage, signal, until, within};

/// What takes the whole terminal, and what gives it back.
const TAKEN: &str = "\x1b[?1049h";
const GIVEN_BACK: &str = "\x1b[?1049l";

/// A terminal with the program in it, which is killed when this is dropped.
struct Seat {
    keys: File,
    /// Keeps the terminal alive, so that its modes can be looked at.
    terminal: OwnedFd,
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    before: Termios,
}

impl Seat {
    fn start(stage: &Stage, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let keys = openpt(flags).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let terminal = ioctl_tiocgptpeer(&keys, flags).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let keys = File::from(keys);
        resize(&keys, 100, 30);
        let program = stage.command(args);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program.get_program()).args(program.get_args());
        command.current_dir(program.get_current_dir().unwrap());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("TERM", "xterm-256color").envs(environment.iter().copied());
        let side = || Stdio::from(terminal.try_clone().unwrap());
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, sink) = (keys.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        });
        Self { keys, terminal, child, shown, before }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until all of `parts` were drawn.
    fn wait(&self, parts: &[&str]) {
        until(&format!("{parts:?}"), || {
            let shown = self.shown();
            parts.iter().all(|part| shown.contains(part)).then_some(())
        });
    }

    /// Waits for the end: what was on the screen, and what was written after it. The terminal has
    /// to be as it was.
    #[track_caller]
    fn end(mut self, code: i32) -> (String, String) {
        let mut child = std::mem::replace(&mut self.child, Command::new("true").spawn().unwrap());
        let status = within(Duration::from_secs(40), move || child.wait().unwrap());
        assert!(
            status.code() == Some(code) || (code == 0 && status.code() == Some(6)),
            "{status}, not {code}: {}",
            self.shown()
        );
        // The report ends with where it is stored; it may still be on its way to the reader.
        until("the report", || self.shown().contains("stored in ").then_some(()));
        let shown = self.shown();
        assert_eq!(shown.matches(TAKEN).count(), 1, "{shown}");
        assert_eq!(shown.matches(GIVEN_BACK).count(), 1, "{shown}");
        let (screen, after) = shown.split_once(GIVEN_BACK).unwrap();
        let hidden = shown.rfind("\x1b[?25l");
        assert!(hidden < shown.rfind("\x1b[?25h"), "the cursor is left hidden");
        let now = tcgetattr(&self.terminal).unwrap();
        assert_eq!(now.local_modes, self.before.local_modes);
        assert_eq!(now.input_modes, self.before.input_modes);
        assert_eq!(now.output_modes, self.before.output_modes);
        (screen.to_owned(), after.to_owned())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn resize(keys: &File, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(keys, size).unwrap();
}

/// An endless run that is drawn.
fn endless(stage: &Stage, server: &Server) -> Seat {
    let args = ["run", "--url", &server.url, "-r", "50/s", "-d", "1h", "--tui"];
    let seat = Seat::start(stage, &args, &[]);
    seat.wait(&[TAKEN, "req/s", "GET", "q stops the run"]);
    let raw = tcgetattr(&seat.terminal).unwrap();
    assert!(!raw.local_modes.contains(LocalModes::ICANON), "keys come one by one meanwhile");
    seat
}

#[test]
fn q_and_ctrl_c_end_the_run_in_order_and_give_the_terminal_back() {
    for key in ["q", "\x03"] {
        let stage = Stage::new();
        let server = Server::start(Answer::Json("{}"));
        let mut seat = endless(&stage, &server);
        seat.press(key);
        let (_, after) = seat.end(130);
        assert!(after.contains("stopping: journeys under way may end"), "{after}");
        assert!(after.contains("interrupted"), "{after}");
        assert_eq!(stage.json(["runs", "list", "--json"])["runs"][0]["state"], "interrupted");
    }
}

#[test]
fn a_second_key_ends_the_run_at_once() {
    let stage = Stage::new();
    // Nothing ever answers, so a graceful end would wait.
    let server = Server::start(Answer::Silence);
    let args = ["run", "--url", &server.url, "-u", "3", "-t", "10m", "-d", "1h", "--tui"];
    let mut seat = Seat::start(&stage, &args, &[]);
    seat.wait(&[TAKEN, "q stops the run"]);
    until("requests", || (server.requests() == 3).then_some(()));
    seat.press("q");
    seat.wait(&["press Ctrl-C again"]);
    seat.press("q");
    let (_, after) = seat.end(130);
    assert!(after.contains("stopping at once") && after.contains("killed"), "{after}");
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let seat = endless(&stage, &server);
    signal("TERM", &seat.child.id().to_string());
    let (_, after) = seat.end(143);
    assert!(after.contains("interrupted"), "{after}");
}

#[test]
fn the_report_follows_on_the_usual_screen_without_colours_where_they_are_not_wanted() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let args = ["run", "--url", &server.url, "-r", "20/s", "-d", "2s", "--tui"];
    for (environment, coloured) in [(vec![], true), (vec![("NO_COLOR", "1")], false)] {
        let (screen, after) = Seat::start(&stage, &args, &environment).end(0);
        assert!(after.contains("complete"), "{after}");
        assert!(!screen.contains("complete"), "{screen}");
        assert_eq!(screen.contains("\x1b[38;5;"), coloured, "{screen}");
    }
}

#[test]
fn a_terminal_that_changes_its_size_is_drawn_anew() {
    let stage = Stage::new();
    let server = Server::start(Answer::Json("{}"));
    let mut seat = endless(&stage, &server);
    let shown = |seat: &Seat| seat.shown.lock().unwrap().len();
    // The charts' heads are drawn only where they have room.
    seat.wait(&["response"]);
    for (columns, rows) in [(60, 15), (20, 4), (160, 50)] {
        let before = shown(&seat);
        resize(&seat.keys, columns, rows);
        // A new size is a new picture from its first line on.
        until("a new picture", || {
            let shown = seat.shown.lock().unwrap();
            String::from_utf8_lossy(&shown[before..]).contains("\x1b[1;1H").then_some(())
        });
    }
    seat.wait(&["p99 all"]);
    seat.press("q");
    seat.end(130);
}
