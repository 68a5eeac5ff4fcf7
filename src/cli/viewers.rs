//! Who looks at a run while it goes on: a page for browsers, and the whole terminal.

use std::cell::RefCell;

use super::Failed;
use super::args::ViewArgs;
use super::terminal::Terminal;
use super::tui::Screen;
use crate::harness::Seen;
use crate::live::{Listen, Live, LiveError};
use crate::names::Catalogue;
use crate::plan::{Phase, Plan};
use crate::record::{Repetition, RunRecord, Totals};
use crate::report::Document;
use crate::report::live::{Frame, Said, SoFar, Stage, Subject, View};
use crate::walk::Stop;

/// The live views of a command. Without any, nothing is kept for them.
#[derive(Debug)]
pub(super) struct Viewers {
    pub(super) terminal: Terminal,
    live: Option<Live>,
    wanted: Wanted,
    screen: RefCell<Option<Screen>>,
    view: RefCell<Option<View>>,
    /// The last picture of a run that is over.
    last: RefCell<Option<Frame>>,
}

/// Whether the run is to be shown on the whole terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Screen,
    NoScreen,
}

impl Viewers {
    /// Starts the page, and looks whether the terminal can be drawn on; nothing is sent before.
    pub(super) fn open(arguments: ViewArgs, terminal: &Terminal) -> Result<Self, Failed> {
        let wanted = if arguments.tui { Wanted::Screen } else { Wanted::NoScreen };
        if arguments.tui {
            can_show(terminal)?;
        }
        let mut live = None;
        if arguments.live {
            let started = Live::start(arguments.live_listen.map_or(Listen::Usual, Listen::At));
            let started = started.map_err(|error| refused(&error))?;
            terminal.err(&format!("live view: {}", started.url()));
            if !started.address().ip().is_loopback() {
                terminal.warning("whoever reaches this address can watch the run");
            }
            live = Some(started);
        }
        let (screen, view, last) = (RefCell::default(), RefCell::default(), RefCell::default());
        Ok(Self { terminal: terminal.clone(), live, wanted, screen, view, last })
    }

    /// A run of `plan` begins. Signals must be listened to: whoever presses `q` sends one.
    pub(super) fn begin(&self, plan: &Plan, place: Option<&Repetition>) -> Result<(), Failed> {
        if self.wanted == Wanted::Screen && self.screen.borrow().is_none() {
            let url = self.live.as_ref().map(Live::url);
            let screen = Screen::open(&self.terminal, url);
            let screen =
                screen.map_err(|error| Failed::could_not("draw on the terminal", error))?;
            self.screen.replace(Some(screen));
        }
        if !self.is_any() {
            return Ok(());
        }
        let which = place.map(|place| format!("repetition {} of {}", place.number, place.of));
        let subject = Subject {
            scenario: plan.name.clone(),
            target: plan.target.to_string(),
            which: which.unwrap_or_default(),
        };
        let phases = plan.phases.iter().map(Phase::info).collect();
        let view = View::new(&subject, phases, plan.end());
        let nothing =
            SoFar { catalogue: &Catalogue::new(), totals: &Totals::default(), samples: &[] };
        let frame = view.frame(Stage::Starting, &nothing);
        self.view.replace(Some(view));
        self.show(frame);
        Ok(())
    }

    /// Takes an interval; draws it if somebody looks.
    pub(super) fn see(&self, seen: &Seen<'_>, stop: Option<Stop>) {
        let mut view = self.view.borrow_mut();
        let Some(view) = view.as_mut() else { return };
        view.take(seen.interval, seen.catalogue);
        // A panic has given the terminal back: the progress line goes on there.
        self.screen.replace_with(|screen| screen.take().filter(Screen::is_up));
        let watched = self.live.as_ref().is_some_and(Live::is_watched);
        if !watched && let Some(live) = &self.live {
            live.forget();
        }
        if watched || self.screen.borrow().is_some() {
            let stage = if stop.is_some() { Stage::Stopping } else { Stage::Running };
            let (catalogue, totals, samples) = (seen.catalogue, seen.totals, seen.samples);
            self.show(view.frame(stage, &SoFar { catalogue, totals, samples }));
        }
    }

    /// A run is over.
    pub(super) fn measured(&self, record: &RunRecord) {
        let view = self.view.borrow();
        let Some(view) = view.as_ref() else { return };
        let samples = record.end.as_ref().map(|end| end.samples.as_slice()).unwrap_or_default();
        let (catalogue, totals) = (&record.catalogue, &record.totals);
        let frame = view.frame(Stage::Measured, &SoFar { catalogue, totals, samples });
        self.last.replace(Some(frame.clone()));
        self.show(frame);
    }

    /// Shows what came of it, and gives the terminal back for the report.
    pub(super) fn say(&self, document: &Document) {
        self.end(Said::of(document));
    }

    /// Ends the views, whatever came of the run. The port is free and the terminal as it was.
    pub(super) async fn close(self) {
        if self.last.borrow().is_some() {
            self.end(Said::without_results("ended without a result"));
        }
        drop(self.screen.take());
        if let Some(live) = self.live {
            live.stop().await;
        }
    }

    fn end(&self, said: Said) {
        drop(self.screen.take());
        if let Some(frame) = self.last.take() {
            self.show(Frame { stage: Stage::Ended, said: Some(said), ..frame });
        }
    }

    fn show(&self, frame: Frame) {
        if let Some(screen) = self.screen.borrow().as_ref() {
            screen.show(frame.clone());
        }
        if let Some(live) = &self.live {
            live.show(frame);
        }
    }

    fn is_any(&self) -> bool {
        self.live.is_some() || self.screen.borrow().is_some()
    }
}

/// Whether the whole terminal can be taken.
fn can_show(terminal: &Terminal) -> Result<(), Failed> {
    let why = if terminal.is_quiet() {
        "`--quiet` shows nothing while it runs"
    } else if !terminal.can_draw() {
        "stderr is no terminal that can be drawn on"
    } else if !terminal.has_keys() {
        "stdin is no terminal"
    } else {
        return Ok(());
    };
    let hint = "leave `--tui` away, or use `--live` and a browser; nothing was started";
    Err(Failed::usage(format!("--tui: {why}"), Some(hint.to_owned())))
}

fn refused(error: &LiveError) -> Failed {
    match error {
        LiveError::Listen { .. } => Failed::usage(error.to_string(), Some(error.hint())),
        LiveError::Thread(_) => Failed::new(error.to_string(), Some(error.hint())),
    }
}
