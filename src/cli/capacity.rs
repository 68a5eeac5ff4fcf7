//! `loadgate capacity`: the highest load that keeps a latency objective.

mod earlier;
mod told;

use std::sync::Arc;

use earlier::{Earlier, Terms};
use told::{Ended, Searched, Tried};

use super::args::{self, LoadArgs};
use super::output::{check_writable, write};
use super::player::Player;
use super::settings::Variant;
use super::terminal::Terminal;
use super::{Exit, Failed, settings};
use crate::gate::validity;
use crate::harness::{self, Circumstances};
use crate::names::{Metric, SeriesKind};
use crate::plan::Plan;
use crate::record::{Bank, Counts, Pick, Repetition, RunRecord, StopReason};
use crate::stats::capacity::{Objective, Observation, Search, Settings};
use crate::units::{Nanos, Rate, Ratio, count_to_f64};

/// Makes trials at the loads that the search names, until it has ended.
pub(super) async fn capacity(args: args::Capacity, terminal: &Terminal) -> Result<Exit, Failed> {
    // What can be wrong is found before anything is sent.
    refuse_load(&args.play.load)?;
    let source = settings::source(&args.play)?;
    let plan =
        settings::plan(&args.play, &source, &variant(&args, args.from, args.lead), terminal)?;
    refuse_without_requests(&plan)?;
    let circumstances = Circumstances {
        scenario_path: source.path.clone(),
        flags: settings::flags(&args.play),
        embedded: source.wants_market(&args.play),
        repetition: None,
    };
    let foreseen = harness::foresee(&plan, circumstances, settings::workers(&args.play.load))?;
    let terms = Terms::of(&foreseen, &args);
    let read = |path| Earlier::read(path, &terms, &foreseen);
    let before = args.against.as_deref().map(read).transpose()?;
    args.json.as_deref().map(check_writable).transpose()?;
    let player = Player::start(args.play.clone(), source, &plan, &args.store, terminal).await?;
    let mut search = Search::new(Settings {
        start: args.from.value() / 2.0,
        ceiling: args.ceiling.value(),
        trials: args.trials.into(),
        ..Settings::default()
    });
    let mut searched = Searched::new(&args, terms, &search);
    let exit = make_trials(&player, &args, &mut search, &mut searched).await;
    player.stop().await;
    // However it ended: an hour of trials is not thrown away for the one that could not be made.
    if exit.is_err() && searched.tried.is_empty() {
        return exit;
    }
    match (exit, tell(&searched, before.as_ref(), &args, terminal)) {
        (exit, Ok(())) => exit,
        (Ok(_), Err(failed)) => Err(failed),
        (Err(first), Err(second)) => {
            second.tell(terminal);
            Err(first)
        }
    }
}

fn tell(
    searched: &Searched,
    before: Option<&Earlier>,
    args: &args::Capacity,
    terminal: &Terminal,
) -> Result<(), Failed> {
    let printed = |error| Failed::could_not("print the result", error);
    let stdout = args.json.as_deref().is_some_and(|path| path.as_os_str() == "-");
    if !stdout {
        terminal.out(&searched.text(before)).map_err(printed)?;
    }
    match &args.json {
        Some(path) => write(path, &searched.json(before), terminal),
        None => Ok(()),
    }
}

async fn make_trials(
    player: &Player<'_>,
    args: &args::Capacity,
    search: &mut Search,
    searched: &mut Searched,
) -> Result<Exit, Failed> {
    while let Some(load) = search.next_load() {
        match trial(player, args, searched, load).await? {
            Trial::Made(tried) => {
                player.terminal.note(&tried.line(searched.tried.len() + 1));
                search.tell(tried.passed);
                searched.add(tried, search);
            }
            Trial::Distorted(reason) => {
                player.terminal.error(
                    &format!("the trial at {load:.1}/s was no measurement, twice: {reason}"),
                    Some(
                        "give loadgate a machine of its own or more `--workers`, and search again; \
                         the trials before this one hold",
                    ),
                );
                searched.ended = Ended::Distorted;
                return Ok(Exit::Invalid);
            }
            Trial::Stopped => {
                searched.ended = Ended::Interrupted;
                return Ok(player.signal().unwrap_or(Exit::Interrupted));
            }
        }
    }
    searched.ended = Ended::Complete;
    Ok(Exit::Done)
}

/// What became of a trial.
enum Trial {
    Made(Tried),
    /// The generator was at its limit, twice.
    Distorted(String),
    /// Somebody ended it.
    Stopped,
}

/// One trial at `load`; one that loadgate itself distorted is made once more.
async fn trial(
    player: &Player<'_>,
    args: &args::Capacity,
    before: &Searched,
    rate: f64,
) -> Result<Trial, Failed> {
    let unfit = || Failed::new(format!("a load of {rate}/s can't be made"), None);
    let rate = Rate::per_second(rate).ok_or_else(unfit)?;
    // After an overload queues and caches need longer to be as they were.
    let overloaded = before.tried.last().is_some_and(|last| !last.passed);
    let longer = args.lead + args.lead;
    let mut lead = if overloaded { longer } else { args.lead };
    let mut reason = String::new();
    for _ in 0..2 {
        // A signal that came after the last request of a trial stopped nothing yet.
        if player.signal().is_some() {
            return Ok(Trial::Stopped);
        }
        let plan = Arc::new(player.plan(&variant(args, rate, lead))?);
        let place = Repetition {
            set: before.set.clone(),
            number: u32::try_from(before.tried.len() + 1).unwrap_or(u32::MAX),
            of: args.trials.into(),
        };
        let lines = player.lines.clone();
        let head = format!("trial {} at {rate}", place.number);
        let mut seen = |seen: &harness::Seen<'_>| {
            lines.show(&head, || seen.progress());
            None
        };
        let finished = player.run(plan, Some(place), &mut seen).await?;
        if let Some(error) = &finished.unstored {
            let message = format!("the record of a trial is not complete in the store: {error}");
            return Err(Failed::new(message, error.hint()));
        }
        match finished.record.end.as_ref().map(|end| end.reason) {
            Some(StopReason::Complete) => {}
            Some(StopReason::Aborted) => {
                let hint = "the step says `on_fail: abort`";
                return Err(Failed::new("a failed step aborted a trial", Some(hint.to_owned())));
            }
            Some(StopReason::Interrupted | StopReason::Killed) | None => return Ok(Trial::Stopped),
        }
        let tried = observe(&finished.record, rate, args);
        // Dropped starts are the target's doing here: they are what `achieved` counts.
        let faults = validity::faults(&finished.record);
        match faults.into_iter().find(|fault| fault.kind.is_of_generator()) {
            None => return Ok(Trial::Made(tried)),
            Some(_) if tried.passed => return Ok(Trial::Made(tried)),
            // Too much for the generator was mostly too much for the target as well.
            Some(fault) => (reason, lead) = (fault.text, longer),
        }
    }
    Ok(Trial::Distorted(reason))
}

fn variant(args: &args::Capacity, rate: Rate, lead: Nanos) -> Variant<'static> {
    Variant { lead: Some(lead), rate: Some(rate), length: Some(args.trial), ..Variant::default() }
}

/// Holds a trial against the objective.
fn observe(record: &RunRecord, rate: Rate, args: &args::Capacity) -> Tried {
    let pick = Pick::of(&record.header.load.phases, Bank::Measured);
    let of = |wanted: fn(SeriesKind) -> bool| {
        record.catalogue.matching(move |series| wanted(series.kind)).collect::<Vec<_>>()
    };
    let http = of(SeriesKind::is_http);
    let response = record.totals.histogram(&pick, http.iter().copied(), Metric::Response);
    let requests: Counts = record.totals.counts(&pick, http);
    let starts = |kind| matches!(kind, SeriesKind::Run | SeriesKind::Journey);
    let journeys = record.totals.counts(&pick, of(starts));
    let kept = Ratio::of(journeys.started, journeys.started + journeys.dropped);
    let errors = Ratio::of(requests.failed(), requests.tried());
    let p95 = response.at(0.95);
    let objective =
        Objective { errors: args.errors.0, ..Objective::of_p95(count_to_f64(args.p95.0)) };
    let achieved = rate.value() * kept.map_or(0.0, |share| share.0);
    let seen = Observation {
        // Without a request nothing was kept.
        p95: p95.map_or(f64::NAN, |p95| count_to_f64(p95.0)),
        errors: errors.map_or(f64::NAN, |share| share.0),
        offered: rate.value(),
        achieved,
    };
    Tried {
        run: record.header.id.clone(),
        set: record.header.repetition.as_ref().map(|place| place.set.clone()).unwrap_or_default(),
        version: record.header.origin.target.version.clone(),
        rate,
        achieved,
        requests: requests.started,
        p95,
        errors,
        passed: objective.is_kept_by(&seen),
    }
}

/// The objective is about HTTP requests: where none can be made, no trial would keep it.
fn refuse_without_requests(plan: &Plan) -> Result<(), Failed> {
    if plan.catalogue.iter().any(|(_, series)| series.kind.is_http()) {
        return Ok(());
    }
    let message =
        format!("`{}` makes no HTTP request, and the objective is about requests", plan.name);
    let hint = "search with journeys that make requests".to_owned();
    Err(Failed::usage(message, Some(hint)))
}

/// The search sets the load; one of the arguments would contradict it.
fn refuse_load(load: &LoadArgs) -> Result<(), Failed> {
    let LoadArgs {
        rate,
        users,
        duration,
        iterations,
        max_users: _,
        seed: _,
        precision: _,
        workers: _,
    } = load;
    let given = [
        ("--rate", rate.is_some(), "`--from` is the load that the search begins with"),
        ("--users", users.is_some(), "the search changes the rate"),
        ("--duration", duration.is_some(), "`--trial` is the length of a trial"),
        ("--iterations", iterations.is_some(), "`--trial` is the length of a trial"),
    ];
    match given.iter().find(|(_, given, _)| *given) {
        Some((flag, _, hint)) => {
            let message = format!("`{flag}` can't be used with `loadgate capacity`");
            Err(Failed::usage(message, Some((*hint).to_owned())))
        }
        None => Ok(()),
    }
}
