//! `loadgate check`: is the system up, is it the right version, does the critical path work.

mod builtin;
mod prepared;
mod told;

use prepared::Prepared;
use tokio::sync::watch;

use super::args::Check;
use super::embedded::EmbeddedMarket;
use super::output::{check_writable, write};
use super::progress::Lines;
use super::signals::Signals;
use super::terminal::Terminal;
use super::{Exit, Failed, settings};
use crate::engine::machine;
use crate::gate::features::features;
use crate::harness::checks::{CheckNews, Checking, check as check_profile, remove};
use crate::record::TargetInfo;
use crate::report::checks::{self, Checked, Sum};
use crate::store::Store;

/// Does the checks of the chosen profiles, keeps what they found, and shows it.
pub(super) async fn check(args: Check, terminal: &Terminal) -> Result<Exit, Failed> {
    // What can be wrong is found before anything starts.
    for path in [&args.json, &args.md, &args.junit].into_iter().flatten() {
        check_writable(path)?;
    }
    let mut prepared = Prepared::of(&args, terminal)?;
    let location = settings::store(&args.store)?;
    let store = Store::open(&location).await?;
    let lines = Lines::new(terminal);
    let (control, _told) = watch::channel(None);
    let says = lines.clone();
    let signals = Signals::listen(control.clone(), move |_| says.stopping("stopping"))
        .map_err(|error| Failed::could_not("listen to signals", error))?;
    let market = if prepared.wants_market {
        lines.prepare("starting the embedded market");
        let started = EmbeddedMarket::start(None).await;
        Some(started.inspect_err(|_failed| lines.close())?)
    } else {
        None
    };
    prepared.aim(market.as_ref().map(|market| &market.address));
    let done = all(&prepared, market.is_some(), &store, (&control, &lines)).await;
    lines.close();
    if let Some(market) = market {
        market.stop().await;
    }
    store.close().await;
    let checked = done?;
    tell(&args, &checked, terminal)?;
    Ok(signals.exit().unwrap_or_else(|| exit(checked.sum())))
}

/// What all chosen profiles found.
async fn all(
    prepared: &Prepared,
    embedded: bool,
    store: &Store,
    (control, lines): (&watch::Sender<Option<crate::walk::Stop>>, &Lines),
) -> Result<Checked, Failed> {
    let attested = store.attestations().await?;
    let cleans = prepared.chosen().next().is_none();
    let cleanup = prepared.file.cleanup.iter().filter(|_| cleans);
    let mut news = told::News::new(lines);
    let mut reports = Vec::new();
    let mut told = |heard: &CheckNews<'_>| news.hear(heard);
    let mut checking = Checking {
        file: &prepared.file,
        plan: &prepared.plan,
        embedded,
        attested: &attested,
        control,
        told: &mut told,
    };
    for journey in cleanup {
        let report = remove(journey, &mut checking).await;
        store.add_check(&report).await?;
        reports.push(report);
    }
    for profile in prepared.chosen() {
        let report = check_profile(profile, &mut checking).await;
        let mut report = report
            .map_err(|error| Failed::new(error.to_string(), Some(error.hint().to_owned())))?;
        if !prepared.has_target {
            report.target = TargetInfo::default();
        }
        store.add_check(&report).await?;
        reports.push(report);
    }
    let features = features([], &reports);
    Ok(Checked { reports, features })
}

/// Prints the table and writes the files that were asked for.
fn tell(args: &Check, checked: &Checked, terminal: &Terminal) -> Result<(), Failed> {
    let failed = |error: &dyn std::fmt::Display| Failed::could_not("write the checks", error);
    let mut on_stdout = false;
    if let Some(path) = &args.json {
        on_stdout |= path.as_os_str() == "-";
        let text = checks::json(checked).map_err(|error| failed(&error))?;
        write(path, &text, terminal)?;
    }
    if let Some(path) = &args.md {
        on_stdout |= path.as_os_str() == "-";
        write(path, &checks::markdown(checked), terminal)?;
    }
    if let Some(path) = &args.junit {
        on_stdout |= path.as_os_str() == "-";
        let text = checks::junit(checked, &machine().host).map_err(|error| failed(&error))?;
        write(path, &text, terminal)?;
    }
    if on_stdout {
        return Ok(());
    }
    let text = checks::text(checked, terminal.style());
    terminal.out(&text).map_err(|error| Failed::could_not("print the checks", error))
}

/// What does not hold fails; what nobody can say yet holds the release up.
fn exit(sum: Sum) -> Exit {
    match sum {
        Sum { failed: 1.., .. } => Exit::Thresholds,
        Sum { open: 1.., .. } | Sum { passed: 0, .. } => Exit::Hold,
        Sum { .. } => Exit::Done,
    }
}
