//! `loadgate observe`: a low load and its monitors for hours or days, whatever happens meanwhile.

use super::args::{LoadArgs, Observe, Windows};
use super::observed::{Kept, tell};
use super::player::Player;
use super::progress::clock;
use super::runs::{open_if_there, started};
use super::settings::{Source, Variant};
use super::terminal::{Terminal, printable};
use super::watcher::Watcher;
use super::{Exit, Failed, settings, simulate};
use crate::gate::identity::{Difference, Kind, differences};
use crate::gate::observation::usual_windows;
use crate::harness::{self, Begin, Observed, Seen};
use crate::histogram::Histogram;
use crate::names::{Metric, SeriesId};
use crate::plan::{Plan, Shape};
use crate::record::{Counts, Header, Observation, StopReason};
use crate::units::{Nanos, Rate, format_nanos, group_thousands};

/// How long an observation lasts when nobody says it: the guide asks for 24 to 48 hours.
const USUAL_LENGTH: Nanos = Nanos::from_secs(48 * 3_600);
/// The highest rate that is taken from a scenario, in starts a second: its own is meant for
/// minutes.
const USUAL_RATE: f64 = 1.0;
/// Most virtual users at a time, if nobody says it: a target that hangs must not fill the memory.
const USUAL_USERS: u64 = 500;
/// How late a start may be made. A process that stood still for an hour must not make the starts of
/// that hour at once.
const LATEST_START: Nanos = Nanos::from_secs(10);

/// Observes: arguments, plan, what is gone on with, segments.
pub(super) async fn observe(mut observe: Observe, terminal: &Terminal) -> Result<Exit, Failed> {
    if let Some(spec) = observe.simulate.take() {
        return simulate::simulate(&spec, &observe, terminal).await;
    }
    refuse_other_loads(&observe.play.load, observe.play.tap.solo)?;
    // A low rate needs one worker, and each has memory for all series.
    observe.play.load.workers.get_or_insert(1);
    let kept = Kept::of(&observe)?;
    let source = settings::source(&observe.play)?;
    let first = settings::plan(&observe.play, &source, &Variant::default(), terminal)?;
    if observe.finish {
        return finish(&observe, (&source, &first), &kept, terminal).await;
    }
    let Observe { play, length, segment, resume, new, zone, windows, store, .. } = observe;
    let player = Player::start(play.clone(), source, &first, &store, terminal).await?;
    let unfinished = player.store.unfinished().await?;
    let of_this = |header: &&Header| is_of(header, &first, player.is_embedded());
    let header = match (&resume, new) {
        (Some(id), _) => Some(named(&unfinished, id)?),
        (None, true) => None,
        (None, false) => unfinished.iter().find(of_this),
    };
    let load = Asked::of(play.load.rate, length, header, &first);
    let mut plan = player.plan(&load.variant(&play.load))?;
    if let Some(header) = header {
        same(header, &player.foresee(&plan)?)?;
        same_days(header, zone.as_deref(), windows.as_ref())?;
    }
    if header.is_none() {
        terminal.note(&load.told(&plan));
    }
    plan.course.interval = segment;
    plan.course.latest_start = Some(LATEST_START);
    let observation = load.observation(zone, windows);
    let own = header.and_then(|header| header.observation.as_ref()).unwrap_or(&observation);
    let mut watcher = Watcher::of(&player.store, header, own, &plan).await?;
    let begin = header.map_or_else(
        || Begin::New(observation.clone()),
        |header| Begin::GoOn(Box::new(header.clone())),
    );
    let lines = player.lines.clone();
    let mut seen = |seen: &Seen<'_>| {
        lines.note(&line(seen));
        lines.show("", || seen.progress());
        let wall = seen.interval.gauges.wall_unix_ns.unwrap_or_default();
        watcher.see(seen.interval, seen.catalogue, (seen.run, wall), &lines)
    };
    let observed = player.observe(plan, begin, &mut seen).await;
    let signal = player.signal();
    if observed.as_ref().is_ok_and(|observed| observed.closed.is_some()) {
        watcher.end(&lines);
    }
    let end = watcher.finish(&lines).await;
    let exit = match &observed {
        Ok(observed) => match tell(observed, (&kept, Some(&end)), signal, terminal) {
            Ok(ended) => kept.write((&observed.id, ended), &player.store, terminal).await,
            Err(failed) => Err(failed),
        },
        // It is told below, once everything is stopped.
        Err(_) => Ok(Exit::CouldNotRun),
    };
    player.stop().await;
    observed.and(exit)
}

/// What is told of days must be told by one clock.
fn same_days(begun: &Header, zone: Option<&str>, windows: Option<&Windows>) -> Result<(), Failed> {
    let Some(own) = &begun.observation else { return Ok(()) };
    let zone_fits = zone.is_none_or(|zone| zone == own.zone);
    if zone_fits && windows.is_none_or(|Windows(windows)| *windows == own.windows) {
        return Ok(());
    }
    let what = if zone_fits { "windows are others" } else { "time zone is another one" };
    let hint = format!("leave it out: it has the zone {}; or begin another with `--new`", own.zone);
    let message = format!("can't go on with observation `{}`: its {what}", begun.id);
    Err(Failed::usage(message, Some(hint)))
}

/// An observation has one load: a constant rate.
fn refuse_other_loads(load: &LoadArgs, solo: bool) -> Result<(), Failed> {
    let LoadArgs { users, duration, iterations, .. } = load;
    let given = [
        ("--users", users.is_some()),
        ("--duration", duration.is_some()),
        ("--iterations", iterations.is_some()),
        ("--solo", solo),
    ];
    match given.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => Err(Failed::usage(
            format!("`{flag}` is no load of an observation"),
            Some("an observation has a rate, `-r 1/s`, and a length, `--for 48h`".to_owned()),
        )),
    }
}

/// What the load of an observation is.
struct Asked {
    rate: Option<Rate>,
    length: Nanos,
    /// Where the rate comes from, in words.
    from: &'static str,
}

impl Asked {
    /// As the arguments say it, or as it was begun; else one a second, or less if the scenario's
    /// first measured phase has less.
    fn of(rate: Option<Rate>, length: Option<Nanos>, begun: Option<&Header>, first: &Plan) -> Self {
        let phase = begun.and_then(|header| header.load.phases.first());
        let begun_rate = phase.and_then(|phase| phase.load.split(' ').next()?.parse().ok());
        let planned = begun.and_then(|header| header.observation.as_ref()).map(|o| o.planned);
        let length = length.or(planned).unwrap_or(USUAL_LENGTH);
        let (rate, from) = match (rate, begun_rate) {
            (Some(rate), _) => (Some(rate), "as asked"),
            (None, Some(rate)) => (Some(rate), "as it was begun"),
            (None, None) => usual_rate(first),
        };
        Self { rate, length, from }
    }

    fn variant(&self, load: &LoadArgs) -> Variant<'static> {
        Variant {
            rate: self.rate,
            length: Some(self.length),
            max_users: load.max_users.or(Some(USUAL_USERS)),
            ..Variant::default()
        }
    }

    /// What it is, of one that begins.
    fn observation(&self, zone: Option<String>, windows: Option<Windows>) -> Observation {
        Observation {
            planned: self.length,
            zone: zone.unwrap_or_else(|| "UTC".to_owned()),
            windows: windows.map_or_else(usual_windows, |Windows(windows)| windows),
            simulated: None,
        }
    }

    fn told(&self, plan: &Plan) -> String {
        let load = plan.phases.first().map(|phase| phase.info().load).unwrap_or_default();
        format!(
            "observing `{}` at {} for {}: {load} journeys ({})",
            printable(&plan.name),
            plan.target,
            clock(self.length),
            self.from
        )
    }
}

/// The rate of the first measured phase, if it is a low one.
fn usual_rate(first: &Plan) -> (Option<Rate>, &'static str) {
    let shape = first.phases.iter().find(|phase| phase.measure).map(|phase| phase.shape);
    match shape {
        Some(Shape::Open { from, .. })
            if (f64::MIN_POSITIVE..USUAL_RATE).contains(&from.value()) =>
        {
            (Some(from), "as the scenario's first measured phase")
        }
        Some(Shape::Open { .. } | Shape::Closed { .. }) | None => {
            (Rate::per_second(USUAL_RATE), "the usual rate; `-r` sets another")
        }
    }
}

/// Whether an observation is of the same scenario and target.
fn is_of(header: &Header, plan: &Plan, embedded: bool) -> bool {
    let target = &header.origin.target;
    let same_target = if embedded {
        target.embedded
    } else {
        !target.embedded && target.url == plan.target.to_string()
    };
    header.scenario == plan.name && same_target
}

/// The unfinished observation that somebody means.
fn named<'a>(unfinished: &'a [Header], id: &str) -> Result<&'a Header, Failed> {
    let mut meant = unfinished.iter().filter(|header| header.id.starts_with(id) && !id.is_empty());
    match (meant.next(), meant.next()) {
        (Some(header), None) => Ok(header),
        (found, _) => {
            let ids: Vec<&str> = unfinished.iter().map(|header| header.id.as_str()).collect();
            let known = if ids.is_empty() { "there is none".to_owned() } else { ids.join(", ") };
            let what = if found.is_some() { "more than one" } else { "no" };
            Err(Failed::usage(
                format!("{what} unfinished observation is named `{}`", printable(id)),
                Some(format!("unfinished are: {known}")),
            ))
        }
    }
}

/// What is measured must be the same before and after, or the figures are of nothing.
fn same(begun: &Header, now: &Header) -> Result<(), Failed> {
    let matters = |difference: &Difference| match difference.kind {
        Kind::Scenario | Kind::Load | Kind::Seed | Kind::Flags => true,
        // The target may be away, and learn another version: that is to be observed, and noted.
        Kind::Machine | Kind::Engine | Kind::Version => false,
    };
    let Some(Difference { kind, baseline, candidate }) =
        differences(begun, now).into_iter().find(matters)
    else {
        return Ok(());
    };
    Err(Failed::usage(
        format!(
            "can't go on with observation `{}`: its {kind} is `{baseline}`, and now it would be \
             `{candidate}`",
            begun.id
        ),
        Some(
            "give what it was begun with; or begin another with `--new`, or end it with `--finish`"
                .to_owned(),
        ),
    ))
}

/// Ends an unfinished observation.
async fn finish(
    observe: &Observe,
    (source, plan): (&Source, &Plan),
    kept: &Kept,
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    let store = open_if_there(&observe.store).await?;
    let unfinished = match &store {
        Some(store) => store.unfinished().await?,
        None => Vec::new(),
    };
    let embedded = source.wants_market(&observe.play);
    let header = match &observe.resume {
        Some(id) => named(&unfinished, id)?,
        None => {
            unfinished.iter().find(|header| is_of(header, plan, embedded)).ok_or_else(|| {
                let name = printable(&plan.name);
                let hint = "`loadgate runs` lists what there is".to_owned();
                Failed::usage(format!("there is no unfinished observation of `{name}`"), Some(hint))
            })?
        }
    };
    let Some(store) = &store else { return Ok(Exit::Done) };
    let observed = harness::close(store, header.clone()).await?;
    let observed = Observed { reason: StopReason::Complete, ..observed };
    // Whoever ends it knows why: what it shows is in its report, and no verdict.
    let ended = tell(&observed, (kept, None), None, terminal)?;
    kept.write((&observed.id, ended), store, terminal).await
}

/// One segment in a line: when, how far, what was seen.
fn line(seen: &Seen<'_>) -> String {
    let interval = seen.interval;
    let http = |id: SeriesId| seen.catalogue.get(id).is_some_and(|series| series.kind.is_http());
    let (mut counts, mut response) = (Counts::default(), Histogram::new());
    let tallies = interval.tallies.iter().filter(|tally| http(tally.series));
    tallies.for_each(|tally| counts.merge(&tally.counts));
    let cells = interval.cells.iter();
    for cell in cells.filter(|cell| cell.metric == Metric::Response && http(cell.series)) {
        // What was encoded a moment ago can be decoded.
        if let Ok(cell) = cell.decode() {
            response.merge(&cell.histogram);
        }
    }
    let p95 = response.at(0.95).map_or_else(|| "–".to_owned(), format_nanos);
    let missing = interval
        .gauges
        .gap
        .as_ref()
        .map(|gap| format!("; before it {} are missing: {}", gap.length, gap.why));
    format!(
        "{} {} · {} requests · {} errors · p95 {p95}{}",
        started(interval.gauges.wall_unix_ns.unwrap_or_default()),
        clock(interval.start + interval.length),
        group_thousands(counts.started),
        group_thousands(counts.failed()),
        missing.unwrap_or_default()
    )
}
