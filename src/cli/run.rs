//! `loadgate run`.

use std::sync::Arc;

use tokio::sync::watch;

use super::args::Run;
use super::embedded::EmbeddedMarket;
use super::output::{Results, write};
use super::progress::Lines;
use super::signals::Signals;
use super::terminal::Terminal;
use super::{Exit, Failed, settings};
use crate::harness::{self, Circumstances, Finished, Parts};
use crate::report::terminal::render;
use crate::store::Store;

/// Plays a scenario: arguments, plan, run, record, results.
pub(super) async fn run(run: Run, terminal: &Terminal) -> Result<Exit, Failed> {
    let source = settings::source(&run)?;
    let wants_market = source.wants_market(&run);
    // A scenario with mistakes must not start anything, not even the market.
    let placeholder = wants_market.then(|| "http://127.0.0.1:1".to_owned());
    drop(settings::plan(&run, &source, placeholder, terminal)?);
    let location = settings::store(&run.keep.store)?;
    let store = Store::open(&location).await?;
    let market = if wants_market { Some(EmbeddedMarket::start().await?) } else { None };
    let target = market.as_ref().map(|market| market.url.clone());
    let plan = Arc::new(settings::plan(&run, &source, target, terminal)?);
    let circumstances = Circumstances {
        scenario_path: source.path,
        flags: settings::flags(&run),
        embedded: market.is_some(),
    };
    terminal.detail(&format!("target {}, store {location}", plan.target));
    let (control, _told) = watch::channel(None);
    let signals = Signals::listen(control.clone(), terminal.clone());
    let lines = Lines::new(terminal);
    let finished = harness::run(
        Arc::clone(&plan),
        Parts {
            store: &store,
            circumstances,
            workers: settings::workers(&run.load),
            control: &control,
            progress: &mut |progress| lines.show(progress),
            warn: &mut |text| lines.above(text, terminal),
        },
    )
    .await;
    lines.close();
    if let Some(market) = market {
        market.stop().await;
    }
    store.close().await;
    let finished = finished?;
    let results = Results::of(&finished.record, location.to_string())?;
    tell(&run, &results, terminal)?;
    Ok(exit(&finished, &results, &signals, terminal))
}

/// Prints the summary and writes the files that were asked for.
fn tell(run: &Run, results: &Results, terminal: &Terminal) -> Result<(), Failed> {
    let keep = &run.keep;
    let json_on_stdout = keep.json.as_deref().is_some_and(|path| path.as_os_str() == "-");
    if !json_on_stdout && !terminal.is_quiet() {
        let summary = render(&results.document, terminal.style());
        terminal.out(&summary).map_err(|error| Failed::could_not("print the summary", error))?;
    }
    if terminal.is_quiet() && !json_on_stdout {
        let id = format!("{}\n", results.document.run.id);
        terminal.out(&id).map_err(|error| Failed::could_not("print the id", error))?;
    }
    for (path, word) in [(&keep.json, "json"), (&keep.html, "html"), (&keep.md, "markdown")] {
        if let Some(path) = path {
            write(path, &results.render(word)?, terminal)?;
        }
    }
    Ok(())
}

/// What the shell is told: a signal first, then what was lost, then what was found.
fn exit(finished: &Finished, results: &Results, signals: &Signals, terminal: &Terminal) -> Exit {
    if let Some(error) = &finished.unstored {
        let message = format!("the record is not complete in the store: {error}");
        terminal.error(&message, error.hint().as_deref());
    }
    match (signals.exit(), &finished.unstored) {
        (Some(exit), _) => exit,
        (None, Some(_)) => Exit::CouldNotRun,
        (None, None) if !results.valid => Exit::Invalid,
        (None, None) if results.missed => Exit::Thresholds,
        (None, None) => Exit::Done,
    }
}
