//! Playing runs of one scenario: what all of them need, made once.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::args::{Play, StoreArg};
use super::embedded::EmbeddedMarket;
use super::progress::Lines;
use super::settings::Source;
use super::signals::Signals;
use super::terminal::Terminal;
use super::viewers::Viewers;
use super::{Exit, Failed, between, settings};
use crate::harness::{self, Begin, Circumstances, Finished, Observed, Parts, Seen, Watch};
use crate::plan::{Gate, Plan};
use crate::record::{Header, Repetition};
use crate::store::{Store, StoreLocation};
use crate::walk::Stop;

/// Plays runs of one scenario.
pub(super) struct Player<'a> {
    pub(super) terminal: &'a Terminal,
    pub(super) lines: Lines,
    pub(super) store: Store,
    play: Play,
    source: Source,
    /// Rules of a file of their own, in place of the scenario's.
    gate: Option<Gate>,
    /// Who looks at the runs as they go on, beside the progress line.
    viewers: Option<&'a Viewers>,
    control: watch::Sender<Option<Stop>>,
    signals: Signals,
    market: Option<EmbeddedMarket>,
    /// One run at a time looks at it.
    tap: Mutex<Option<Watch>>,
}

impl<'a> Player<'a> {
    /// Opens the store, and starts the embedded market when there is no other target. What can be
    /// wrong with the scenario has been found before, when `first` was made of it.
    pub(super) async fn start(
        play: Play,
        source: Source,
        first: &Plan,
        store: &StoreArg,
        terminal: &'a Terminal,
    ) -> Result<Self, Failed> {
        let location = settings::store(store)?;
        let wants_market = source.wants_market(&play);
        let tap = first.tap.as_ref().map(|tap| between::start(tap, wants_market)).transpose()?;
        let store = Store::open(&location).await?;
        let lines = Lines::new(terminal);
        if let Some((tap, _)) = &tap {
            lines.detail(&format!("the tap listens on {}", tap.place()));
        }
        let mut market = None;
        if wants_market {
            lines.prepare("starting the embedded market");
            let database = tap.as_ref().map(|(_, database)| database.as_str());
            let started = EmbeddedMarket::start(database).await;
            market = Some(started.inspect_err(|_failed| lines.close())?);
        }
        let tap = Mutex::new(tap.map(|(tap, _)| Watch::new(tap)));
        let (control, _told) = watch::channel(None);
        let says = lines.clone();
        let signals = Signals::listen(control.clone(), move |text| says.stopping(text))
            .map_err(|error| Failed::could_not("listen to signals", error))?;
        Ok(Self {
            terminal,
            lines,
            store,
            play,
            source,
            gate: None,
            viewers: None,
            control,
            signals,
            market,
            tap,
        })
    }

    /// The same with rules of their own, if there are any.
    pub(super) fn ruled(self, gate: Option<Gate>) -> Self {
        Self { gate, ..self }
    }

    /// The same with people who look.
    pub(super) fn viewed(self, viewers: &'a Viewers) -> Self {
        Self { viewers: Some(viewers), ..self }
    }

    /// Where the records go.
    pub(super) fn location(&self) -> &StoreLocation {
        self.store.location()
    }

    /// The plan of a run, as the arguments say it.
    pub(super) fn plan(&self, variant: &settings::Variant<'_>) -> Result<Plan, Failed> {
        let mut plan = settings::plan(&self.play, &self.source, variant, self.terminal)?;
        if let Some(market) = self.market.as_ref().filter(|_| variant.target.is_none()) {
            plan.target = market.address.clone();
        }
        if let Some(gate) = &self.gate {
            plan.gate = gate.clone();
        }
        Ok(plan)
    }

    /// The head of the record that a run of `plan` would have.
    pub(super) fn foresee(&self, plan: &Plan) -> Result<Header, Failed> {
        let circumstances = self.circumstances(None);
        Ok(harness::foresee(plan, circumstances, settings::workers(&self.play.load))?)
    }

    /// Plays one run.
    pub(super) async fn run(
        &self,
        plan: Arc<Plan>,
        place: Option<Repetition>,
        seen: &mut dyn FnMut(&Seen<'_>) -> Option<String>,
    ) -> Result<Finished, Failed> {
        self.lines.prepare(&format!("looking for {}", plan.target));
        self.lines.detail(&format!("target {}, store {}", plan.target, self.location()));
        self.lines.detail(&format!("precision {}", plan.precision_text()));
        if let Some(viewers) = self.viewers {
            viewers.begin(&plan, place.as_ref())?;
        }
        let mut shown = |interval: &Seen<'_>| {
            if let Some(viewers) = self.viewers {
                viewers.see(interval, *self.control.borrow());
            }
            seen(interval)
        };
        let mut tap = self.tap.lock().await;
        let parts = Parts {
            store: &self.store,
            tap: tap.as_mut(),
            circumstances: self.circumstances(place),
            workers: settings::workers(&self.play.load),
            control: &self.control,
            seen: &mut shown,
            warn: &mut |text| self.lines.warning(text),
        };
        let finished = harness::run(plan, parts).await;
        self.lines.close();
        let finished = finished?;
        if let Some(viewers) = self.viewers {
            viewers.measured(&finished.record);
        }
        self.lines.detail(&format!("engine {}", finished.record.header.origin.engine));
        Ok(finished)
    }

    /// Begins an observation, or goes on with one.
    pub(super) async fn observe(
        &self,
        plan: Plan,
        begin: Begin,
        seen: &mut dyn FnMut(&Seen<'_>) -> Option<String>,
    ) -> Result<Observed, Failed> {
        self.lines.prepare(&format!("looking for {}", plan.target));
        self.lines.detail(&format!("target {}, store {}", plan.target, self.location()));
        let mut tap = self.tap.lock().await;
        let parts = Parts {
            store: &self.store,
            tap: tap.as_mut(),
            circumstances: self.circumstances(None),
            workers: settings::workers(&self.play.load),
            control: &self.control,
            seen,
            warn: &mut |text| self.lines.warning(text),
        };
        let observed = harness::observe(plan, parts, begin).await;
        self.lines.close();
        Ok(observed?)
    }

    /// Whether the target is the embedded market.
    pub(super) fn is_embedded(&self) -> bool {
        self.market.is_some()
    }

    /// The exit code of the first signal, if one has come.
    pub(super) fn signal(&self) -> Option<Exit> {
        self.signals.exit()
    }

    /// Waits, and not longer than until a signal comes.
    pub(super) async fn pause(&self, length: std::time::Duration) {
        let mut told = self.control.subscribe();
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            // The sender lives as long as this value.
            _ended = told.wait_for(Option::is_some) => {}
        }
    }

    /// Ends market and tap, and closes the store.
    pub(super) async fn stop(self) {
        self.lines.close();
        if let Some(market) = self.market {
            market.stop().await;
        }
        if let Some(tap) = self.tap.into_inner()
            && let Err(error) = tap.stop().await
        {
            self.lines.warning(&error.to_string());
        }
        self.store.close().await;
    }

    fn circumstances(&self, repetition: Option<Repetition>) -> Circumstances {
        Circumstances {
            scenario_path: self.source.path.clone(),
            flags: settings::flags(&self.play),
            embedded: self.market.is_some(),
            repetition,
        }
    }
}
