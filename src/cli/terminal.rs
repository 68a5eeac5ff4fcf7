//! The only place that prints.

use std::collections::VecDeque;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use terminal_size::{Width, terminal_size_of};

use super::args::Common;
use crate::report::terminal::{Style, WIDEST};

/// Columns of a terminal that does not tell.
const USUAL_WIDTH: usize = 80;

/// Messages that are kept while something else has the whole terminal; older ones are dropped.
const MAX_HELD: usize = 1_000;

/// Messages that wait until the terminal is free again; `None` while it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(Arc<Mutex<Option<VecDeque<String>>>>);

impl Held {
    /// Keeps messages from now on.
    fn hold(&self) {
        self.with(|held| _ = held.get_or_insert_default());
    }

    /// Takes what was kept, and keeps no more.
    fn release(&self) -> VecDeque<String> {
        self.with(Option::take).unwrap_or_default()
    }

    /// Keeps a message, or gives it back if none are kept.
    fn keep(&self, text: String) -> Option<String> {
        self.with(|held| {
            let Some(held) = held else { return Some(text) };
            if held.len() >= MAX_HELD {
                held.pop_front();
            }
            held.push_back(text);
            None
        })
    }

    fn is_holding(&self) -> bool {
        self.with(|held| held.is_some())
    }

    /// The newest `number` messages, the oldest of them first.
    pub(super) fn newest(&self, number: usize) -> Vec<String> {
        self.with(|held| {
            let held = held.iter().flatten();
            let mut newest: Vec<String> = held.rev().take(number).cloned().collect();
            newest.reverse();
            newest
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<VecDeque<String>>) -> T) -> T {
        // Whoever panicked meanwhile left whole messages.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What may be written where, and in which colours.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    quiet: bool,
    verbose: u8,
    /// Whether the terminal knows no control sequences.
    dumb: bool,
    out: Style,
    err: Style,
    held: Held,
}

#[expect(clippy::unused_self, reason = "only who was given the terminal prints")]
impl Terminal {
    /// Looks at the flags, the environment (<https://no-color.org>, `CLICOLOR_FORCE`) and at
    /// whether somebody looks.
    pub(super) fn new(common: &Common) -> Self {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let forbidden = common.no_color || set("NO_COLOR");
        let forced = set("CLICOLOR_FORCE") && !forbidden;
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let style = |is_terminal: bool| {
            let coloured = forced || (is_terminal && !forbidden && !dumb);
            if coloured { Style::Colour } else { Style::Plain }
        };
        Self {
            quiet: common.quiet,
            verbose: common.verbose,
            dumb,
            out: style(io::stdout().is_terminal()),
            err: style(io::stderr().is_terminal()),
            held: Held::default(),
        }
    }

    /// Whether somebody looks at the progress.
    pub(super) fn shows_progress(&self) -> bool {
        !self.quiet && self.can_draw() && !self.held.is_holding()
    }

    /// Whether there is a terminal that can show a picture, for somebody who looks.
    pub(super) fn can_draw(&self) -> bool {
        !self.dumb && io::stderr().is_terminal()
    }

    /// Keeps messages back while something else has the whole terminal.
    pub(super) fn hold(&self) -> Held {
        self.held.hold();
        self.held.clone()
    }

    /// Writes what was kept back.
    pub(super) fn release(&self) {
        for text in self.held.release() {
            self.err(&text);
        }
    }

    /// Whether somebody can press keys.
    pub(super) fn has_keys(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// The width of the terminal that shows the progress.
    pub(super) fn columns(&self) -> usize {
        terminal_size_of(io::stderr()).map_or(USUAL_WIDTH, |(Width(width), _)| width.into())
    }

    /// The width for tables on stdout: what is no terminal has room for whole names.
    pub(super) fn table_columns(&self) -> usize {
        terminal_size_of(io::stdout()).map_or(WIDEST, |(Width(width), _)| width.into())
    }

    /// Writes control sequences to the terminal that shows the progress.
    pub(super) fn draw(&self, sequences: &str) {
        let mut stderr = io::stderr().lock();
        drop(stderr.write_all(sequences.as_bytes()).and_then(|()| stderr.flush()));
    }

    /// Whether only results are wanted.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// How text on stdout may look.
    pub(super) fn style(&self) -> Style {
        self.out
    }

    /// Whether messages may be coloured.
    pub(super) fn colours_messages(&self) -> bool {
        self.err == Style::Colour
    }

    /// Writes results. A reader that has gone away (`| head`) is no error.
    pub(super) fn out(&self, text: &str) -> io::Result<()> {
        self.out_bytes(text.as_bytes())
    }

    /// The same for what is no text.
    pub(super) fn out_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes a message for people. If stderr is gone there is nobody to tell.
    pub(super) fn err(&self, text: &str) {
        let Some(text) = self.held.keep(text.to_owned()) else { return };
        let mut stderr = io::stderr().lock();
        drop(writeln!(stderr, "{text}"));
    }

    /// A message that is wanted only with `-v`.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose > 0 {
            self.err(text);
        }
    }

    /// A message that is wanted unless `-q` says otherwise.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.err(text);
        }
    }

    pub(super) fn error(&self, message: &str, hint: Option<&str>) {
        self.labelled("error", "31", message, hint);
    }

    pub(super) fn warning(&self, message: &str) {
        self.labelled("warning", "33", message, None);
    }

    /// A warning with what to do about it.
    pub(super) fn advice(&self, message: &str, hint: &str) {
        self.labelled("warning", "33", message, Some(hint));
    }

    fn labelled(&self, label: &str, code: &str, message: &str, hint: Option<&str>) {
        let paint = |code: &str, text: &str| {
            if self.colours_messages() {
                format!("\x1b[1;{code}m{text}\x1b[0m")
            } else {
                text.to_owned()
            }
        };
        self.err(&format!("{}: {}", paint(code, label), printable(message)));
        if let Some(hint) = hint {
            self.err(&format!("{}: {}", paint("36", "hint"), printable(hint)));
        }
    }
}

/// Text that can hold bytes of strangers: control characters but line feeds are shown escaped.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| -> String {
        if c.is_control() && c != '\n' { c.escape_default().collect() } else { c.to_string() }
    };
    text.chars().map(shown).collect()
}
