//! The whole terminal as a live view, drawn by a thread of its own.
//!
//! It draws on stderr, where progress goes; results go to stdout afterwards. Whatever ends it, a
//! signal and a panic included, the terminal is given back as it was. Keys do not reach the program
//! as signals while it draws, so Ctrl-C and `q` send the signal themselves: the run ends as it does
//! without this view.

mod draw;
mod tables;

use std::io::{self, BufWriter, Stderr};
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use draw::{Paint, Picture, draw};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use rustix::process::{Signal, getpid, kill_process};

use super::terminal::{Held, Terminal};
use crate::report::live::Frame;

/// Longest time until a new picture, or the end, is noticed.
const PACE: Duration = Duration::from_millis(100);

/// Name of the thread that draws.
const THREAD: &str = "screen";

/// Messages that are shown at a time.
const MESSAGES: usize = 2;

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// The terminal while it is drawn on. It is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    shared: Arc<Shared>,
    terminal: Terminal,
    thread: Option<JoinHandle<()>>,
    /// Puts the panic hook back that was there before.
    hook: Option<RestoreHook>,
}

/// What the thread draws, and whether it may.
#[derive(Debug)]
struct Shared {
    newest: Mutex<Option<Arc<Frame>>>,
    /// Held while something is drawn.
    state: Mutex<State>,
}

/// Whose the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ours,
    GivenBack,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest(&self) -> MutexGuard<'_, Option<Arc<Frame>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the terminal back, once.
    fn give_back(&self) {
        let mut state = self.state();
        if *state == State::Ours {
            *state = State::GivenBack;
            restore();
        }
    }
}

impl Screen {
    /// Takes the terminal. Messages are kept back until it is given back; those that come are shown
    /// on the screen, too, and so is the address of the page, if there is one.
    pub(super) fn open(terminal: &Terminal, url: Option<String>) -> io::Result<Self> {
        let shared = Arc::new(Shared { newest: Mutex::new(None), state: Mutex::new(State::Ours) });
        let hook = RestoreHook::set(Arc::clone(&shared));
        let held = terminal.hold();
        let mut screen =
            Self { shared: Arc::clone(&shared), terminal: terminal.clone(), thread: None, hook };
        enable_raw_mode()?;
        execute!(io::stderr(), EnterAlternateScreen)?;
        let backend = CrosstermBackend::new(BufWriter::new(io::stderr()));
        let canvas = ratatui::Terminal::new(backend)?;
        let paint = if terminal.colours_messages() { Paint::Colour } else { Paint::Plain };
        let painter = Painter { shared, held, canvas, paint, url, offset: 0, messages: Vec::new() };
        let thread = thread::Builder::new().name(THREAD.to_owned());
        screen.thread = Some(thread.spawn(move || painter.paint())?);
        Ok(screen)
    }

    /// Shows this next.
    pub(super) fn show(&self, frame: Frame) {
        *self.shared.newest() = Some(Arc::new(frame));
    }

    /// Whether the terminal is still drawn on: a panic gives it back.
    pub(super) fn is_up(&self) -> bool {
        *self.shared.state() == State::Ours
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.shared.give_back();
        if let Some(thread) = self.thread.take() {
            // What it panicked with has been printed.
            drop(thread.join());
        }
        drop(self.hook.take());
        self.terminal.release();
    }
}

/// Leaves the terminal as it was. There is nobody to tell what can't be done.
fn restore() {
    drop(disable_raw_mode());
    drop(execute!(io::stderr(), LeaveAlternateScreen, Show));
}

/// Gives the terminal back before a panic is told, so that its message can be read.
struct RestoreHook(Arc<Hook>);

impl std::fmt::Debug for RestoreHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RestoreHook")
    }
}

impl RestoreHook {
    /// `None` in a thread that panics, which can't change hooks.
    fn set(shared: Arc<Shared>) -> Option<Self> {
        if thread::panicking() {
            return None;
        }
        let before: Arc<Hook> = Arc::from(panic::take_hook());
        let next = Arc::clone(&before);
        panic::set_hook(Box::new(move |what| {
            if thread::current().name() == Some(THREAD) {
                // This thread may hold the lock, and draws no more.
                restore();
            } else {
                shared.give_back();
            }
            next(what);
        }));
        Some(Self(before))
    }
}

impl Drop for RestoreHook {
    fn drop(&mut self) {
        if !thread::panicking() {
            let before = Arc::clone(&self.0);
            panic::set_hook(Box::new(move |what| before(what)));
        }
    }
}

/// The thread that draws.
struct Painter {
    shared: Arc<Shared>,
    held: Held,
    canvas: ratatui::Terminal<CrosstermBackend<BufWriter<Stderr>>>,
    paint: Paint,
    url: Option<String>,
    /// Rows of the table of endpoints that are above the screen.
    offset: usize,
    messages: Vec<String>,
}

/// Whether the picture is out of date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drawn {
    Current,
    Stale,
}

impl Painter {
    /// Draws until the terminal is given back.
    fn paint(mut self) {
        let mut drawn = Drawn::Stale;
        let mut frame = Arc::new(Frame::default());
        loop {
            if let Some(newest) = self.shared.newest().take() {
                (frame, drawn) = (newest, Drawn::Stale);
            }
            let messages = self.held.newest(MESSAGES);
            if messages != self.messages {
                (self.messages, drawn) = (messages, Drawn::Stale);
            }
            let state = self.shared.state();
            if *state == State::GivenBack {
                return;
            }
            if drawn == Drawn::Stale {
                let picture = Picture {
                    frame: &frame,
                    messages: &self.messages,
                    url: self.url.as_deref(),
                    offset: self.offset,
                    paint: self.paint,
                };
                // A terminal that has gone away is drawn on no more; the run goes on.
                drop(self.canvas.draw(|area| draw(area, &picture)));
            }
            drop(state);
            drawn = self.look_at_keys(&frame);
        }
    }

    /// Waits for a key, and not longer than [`PACE`].
    fn look_at_keys(&mut self, frame: &Frame) -> Drawn {
        let event = match event::poll(PACE) {
            Ok(true) => event::read().ok(),
            Ok(false) => None,
            Err(_gone) => {
                // Without keys it still draws.
                thread::park_timeout(PACE);
                None
            }
        };
        match event {
            Some(Event::Resize(..)) => Drawn::Stale,
            Some(Event::Key(key)) if key.kind != KeyEventKind::Release => self.key(key, frame),
            Some(_) | None => Drawn::Current,
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most keys do nothing")]
    fn key(&mut self, key: KeyEvent, frame: &Frame) -> Drawn {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let last = frame.endpoints.len().saturating_sub(1);
        match key.code {
            KeyCode::Char('c' | 'C') if control => stop(),
            KeyCode::Char('l' | 'L') if control => drop(self.canvas.clear()),
            KeyCode::Char('q' | 'Q') => stop(),
            KeyCode::Up | KeyCode::Char('k') => self.offset = self.offset.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.offset = (self.offset + 1).min(last),
            KeyCode::PageUp => self.offset = self.offset.saturating_sub(10),
            KeyCode::PageDown => self.offset = (self.offset + 10).min(last),
            KeyCode::Home => self.offset = 0,
            KeyCode::End => self.offset = last,
            _ => return Drawn::Current,
        }
        Drawn::Stale
    }
}

/// Tells the program what Ctrl-C tells it without this view.
fn stop() {
    // A process can always send itself a signal.
    kill_process(getpid(), Signal::INT).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_anywhere_gives_the_terminal_back_before_it_is_told() {
        let shared = Arc::new(Shared { newest: Mutex::new(None), state: Mutex::new(State::Ours) });
        let told = Arc::new(Mutex::new(Vec::new()));
        let (seen, teller) = (Arc::clone(&shared), Arc::clone(&told));
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |_| teller.lock().unwrap().push(*seen.state())));
        let hook = RestoreHook::set(Arc::clone(&shared));
        assert!(thread::spawn(|| panic!("a worker")).join().is_err());
        assert_eq!(*told.lock().unwrap(), [State::GivenBack]);
        // Afterwards a panic is told as before, and the terminal is nobody's business.
        *shared.state() = State::Ours;
        drop(hook);
        assert!(thread::spawn(|| panic!("another")).join().is_err());
        assert_eq!(*told.lock().unwrap(), [State::GivenBack, State::Ours]);
        panic::set_hook(usual);
    }
}
