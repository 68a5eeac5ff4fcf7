//! `loadgate run --repeat`, `--baseline` and `--duet`: repetitions, and what is said of them.

use std::cell::RefCell;

use super::alarm::Guard;
use super::args::{Play, Repeating, Run};
use super::gathered::{Gathered, Named};
use super::judging::{self, Rules};
use super::output::{Results, Said, Sinks};
use super::player::Player;
use super::repeat::{Arm, Repeater};
use super::settings::{Source, Variant};
use super::viewers::Viewers;
use super::{Exit, Failed};
use crate::gate::identity::Difference;
use crate::gate::judge::Design;
use crate::gate::live::{Alarm, Watch};
use crate::gate::ruling::Ruling;
use crate::plan::{Gate, Plan, PrecisionSpec};
use crate::record::{Header, PhaseInfo};
use crate::report::{Curve, Question};
use crate::units::Nanos;

/// Lead-in of a repetition when nothing says it.
const LEAD: Nanos = Nanos::from_secs(10);

/// Repetitions when nothing says how many.
const REPETITIONS: u32 = 20;

/// Fewest repetitions of the old version that stand for the machine as it is now.
const ANCHORS: u32 = 3;

/// Plays repetitions; compares them when there is something to compare them with.
pub(super) async fn run(
    run: Run,
    source: Source,
    gate: Option<Gate>,
    viewers: &Viewers,
) -> Result<Exit, Failed> {
    let terminal = &viewers.terminal;
    let sinks = Sinks::of(&run.files)?;
    let first = Variant::repetition(lead_of(&run));
    let plan = super::settings::plan(&run.play, &source, &first, terminal)?;
    let player = Player::start(run.play.clone(), source, &plan, &run.store, terminal).await?;
    let player = player.ruled(gate).viewed(viewers);
    let exit = played(&run, &player, (&sinks, viewers)).await;
    player.stop().await;
    exit
}

async fn played(
    run: &Run,
    player: &Player<'_>,
    (sinks, viewers): (&Sinks, &Viewers),
) -> Result<Exit, Failed> {
    let plan = player.plan(&Variant::repetition(lead_of(run)))?;
    let stored = match baseline_name(&run.repeating, &plan)? {
        Some(name) => Some(Named::baseline(Some(&player.store), &name).await?),
        None => None,
    };
    let like = match &stored {
        Some(stored) => Some(stored.first(Some(&player.store)).await?),
        None => None,
    };
    let load = like.as_ref().map_or_else(Variant::default, |like| load_of(like, &run.play));
    let plan = player.plan(&Variant { lead: Some(lead_of(run)), ..load })?;
    let foreseen = player.foresee(&plan)?;
    let rules = Rules::of(&run.judging, &foreseen, Some(&player.store)).await?;
    let mut baseline = None;
    if let Some(stored) = &stored {
        let gathered = stored.gather(Some(&player.store), &rules.wanted).await?;
        // Before anything is sent: what can't be compared need not be measured.
        rules.comparable(&gathered.headers(), &[&foreseen])?;
        baseline = Some(gathered);
    }
    let watch = (baseline.is_some() || !plan.gate.on_rollback.is_empty())
        .then(|| Watch::new(&rules.policy, baseline.as_ref().map(|side| side.evidence.as_slice())));
    let guard = RefCell::new(Guard::new(watch, &plan.name, plan.gate.on_rollback.clone()));
    let repeater = Repeater {
        player,
        wanted: &rules.wanted,
        load,
        lead: lead_of(run),
        length: measured_length(&foreseen),
        every: None,
        guard: &guard,
    };
    let session = Session { run, rules: &rules, repeater: &repeater };
    let outcome = match (baseline, &run.repeating.duet) {
        (Some(baseline), _) => session.against(&baseline).await,
        (None, Some(targets)) => session.duet(targets).await,
        (None, None) => session.alone().await,
    };
    let alarm = guard.into_inner().finish(&player.lines).await;
    let outcome = outcome?;
    let Some(record) = outcome.candidate.record() else {
        return Ok(outcome.stopped.unwrap_or(Exit::Interrupted));
    };
    let place = player.location().to_string();
    let (results, found) = if let Some(ruling) = outcome.ruling {
        let found = judging::exit(&ruling, Question::MayItGo, &run.judging);
        let said = Said { ruling, question: Question::MayItGo, curve: outcome.baseline_curve };
        (Results::compared(record, place, said)?, found)
    } else {
        let results = Results::of(record, place)?.objected(alarm.as_ref().map(Alarm::objection));
        let found = results.exit_after(alarm.as_ref());
        (results, found.reported(run.judging.exit_zero))
    };
    let stopped = outcome.stopped.map(|_signal| "its repetitions were interrupted".to_owned());
    let results = results.objected(stopped);
    viewers.say(&results.document);
    let told = results.tell(sinks, player.terminal);
    let ended = outcome.stopped.unwrap_or(found).unless(told);
    sinks.announce(&results, ended, player.terminal);
    Ok(ended)
}

/// The lead-in of each repetition.
fn lead_of(run: &Run) -> Nanos {
    run.repeating.lead.unwrap_or(LEAD)
}

/// The baseline that the arguments name, or the scenario when they leave it to it.
fn baseline_name(repeating: &Repeating, plan: &Plan) -> Result<Option<String>, Failed> {
    match (repeating.baseline.as_deref(), &plan.gate.baseline) {
        (None, _) => Ok(None),
        (Some(""), Some(name)) => Ok(Some(name.clone())),
        (Some(""), None) => Err(Failed::usage(
            "--baseline: the scenario names no baseline",
            Some("name one: `--baseline NAME`, or `gate: { baseline: NAME }`".to_owned()),
        )),
        (Some(name), _) => Ok(Some(name.to_owned())),
    }
}

/// Load and length of the baseline's repetitions, for what the arguments do not say.
fn load_of(like: &Header, play: &Play) -> Variant<'static> {
    let Some(phase) = like.load.phases.iter().find(|phase| phase.measure) else {
        return Variant::default();
    };
    let own = play.load.rate.is_some() || play.load.users.is_some();
    let word = phase.load.split_whitespace().next().unwrap_or_default();
    let is_users = phase.load.ends_with("users");
    let precision = like.load.precision.as_ref();
    let precision = precision.and_then(|own| PrecisionSpec::of_word(&own.word));
    Variant {
        rate: (!own && !is_users).then(|| word.parse().ok()).flatten(),
        users: (!own && is_users).then(|| word.parse().ok()).flatten(),
        length: play.load.duration.is_none().then_some(phase.length),
        max_users: like.load.max_users.filter(|_| !own),
        precision: precision.filter(|_| !own),
        ..Variant::default()
    }
}

/// How long a repetition counts.
pub(super) fn measured_length(header: &Header) -> Nanos {
    let measured = header.load.phases.iter().filter(|phase| phase.measure);
    measured.map(|phase: &PhaseInfo| phase.length).fold(Nanos::ZERO, |sum, length| sum + length)
}

/// What was measured, and what is said of it.
struct Outcome {
    candidate: Gathered,
    ruling: Option<Ruling>,
    /// Percentiles of what it was compared with.
    baseline_curve: Option<Curve>,
    /// The exit code of a signal that ended it.
    stopped: Option<Exit>,
}

/// Judges what the arms have until now; `None` when one of them has nothing.
type Judged<'a> = &'a dyn Fn(&[Arm]) -> Result<Option<Ruling>, Failed>;

/// Repetitions of one command.
struct Session<'a> {
    run: &'a Run,
    rules: &'a Rules,
    repeater: &'a Repeater<'a>,
}

impl Session<'_> {
    fn rounds(&self, usual: usize) -> u32 {
        let usual = u32::try_from(usual).unwrap_or(REPETITIONS);
        self.run.repeating.repeat.unwrap_or(usual)
    }

    /// Nothing to compare with.
    async fn alone(&self) -> Result<Outcome, Failed> {
        let mut arms = [Arm::new("", None).watched()];
        let stopped = self.repeater.measure(&mut arms, self.rounds(1)).await?;
        let [candidate] = arms;
        let (ruling, baseline_curve) = (None, None);
        Ok(Outcome { candidate: candidate.gathered, ruling, baseline_curve, stopped })
    }

    /// Against what is stored.
    async fn against(&self, baseline: &Gathered) -> Result<Outcome, Failed> {
        let mut anchor = Vec::new();
        let mut stopped = None;
        if let Some(old) = &self.run.repeating.anchor {
            let mut arms = [Arm::new(" of the anchor", Some(old.clone()))];
            // Half of the baseline's: what was full there is mostly full in it, too.
            let half = u32::try_from(baseline.evidence.len().div_ceil(2)).unwrap_or(ANCHORS);
            stopped = self.repeater.measure(&mut arms, half.max(ANCHORS)).await?;
            let [arm] = arms;
            self.rules.anchored(&baseline.headers(), &[], &arm.gathered.headers())?;
            anchor = arm.gathered.evidence;
        }
        let mut arms = [Arm::new("", None).watched()];
        let rounds = self.rounds(baseline.evidence.len());
        let judged = |arms: &[Arm]| -> Result<Option<Ruling>, Failed> {
            let Some(arm) = arms.first().filter(|arm| !arm.gathered.evidence.is_empty()) else {
                return Ok(None);
            };
            let accepted = self.comparable(baseline, &arm.gathered)?;
            let sides = (baseline, &arm.gathered);
            let guard = self.repeater.guard.borrow();
            let alarm = guard.alarm();
            Ok(Some(self.rules.judge(sides, &anchor, Design::Stored, &accepted, alarm)))
        };
        let (ruling, stopped) = self.look_twice(&mut arms, rounds, &judged, stopped).await?;
        let [candidate] = arms;
        let baseline_curve = baseline.curve();
        Ok(Outcome { candidate: candidate.gathered, ruling, baseline_curve, stopped })
    }

    /// Two systems in turn.
    async fn duet(&self, targets: &[String]) -> Result<Outcome, Failed> {
        let target = |at: usize| targets.get(at).cloned();
        let mut arms = [Arm::new(" of A", target(0)), Arm::new(" of B", target(1)).watched()];
        let judged = |arms: &[Arm]| -> Result<Option<Ruling>, Failed> {
            let [a, b] = arms else { return Ok(None) };
            if a.gathered.evidence.is_empty() || b.gathered.evidence.is_empty() {
                return Ok(None);
            }
            let accepted = self.comparable(&a.gathered, &b.gathered)?;
            let sides = (&a.gathered, &b.gathered);
            let guard = self.repeater.guard.borrow();
            let alarm = guard.alarm();
            Ok(Some(self.rules.judge(sides, &[], Design::Interleaved, &accepted, alarm)))
        };
        let rounds = self.run.repeating.repeat.unwrap_or(REPETITIONS);
        let (ruling, stopped) = self.look_twice(&mut arms, rounds, &judged, None).await?;
        let [a, candidate] = arms;
        let sets = (&a.gathered.name, &candidate.gathered.name);
        self.repeater
            .player
            .terminal
            .note(&format!("A is the set {}, B the set {}", sets.0, sets.1));
        let baseline_curve = a.gathered.curve();
        Ok(Outcome { candidate: candidate.gathered, ruling, baseline_curve, stopped })
    }

    fn comparable(&self, a: &Gathered, b: &Gathered) -> Result<Vec<Difference>, Failed> {
        self.rules.comparable(&a.headers(), &b.headers())
    }

    /// Measures, judges, and when nothing is decided doubles the repetitions once and judges all
    /// of them. Once and no more: each look is another chance for a false alarm.
    async fn look_twice(
        &self,
        arms: &mut [Arm],
        rounds: u32,
        judged: Judged<'_>,
        mut stopped: Option<Exit>,
    ) -> Result<(Option<Ruling>, Option<Exit>), Failed> {
        if stopped.is_none() {
            stopped = self.repeater.measure(arms, rounds).await?;
        }
        let ruling = judged(arms)?;
        let undecided = ruling.as_ref().is_some_and(is_undecided);
        if stopped.is_some() || !undecided || self.run.repeating.no_second_look {
            return Ok((ruling, stopped));
        }
        self.repeater.player.terminal.note(&format!(
            "undecided after {rounds} repetitions: {rounds} more follow, then all are judged"
        ));
        let stopped = self.repeater.measure(arms, rounds).await?;
        Ok((judged(arms)?, stopped))
    }
}

/// Whether more of the same could decide: nothing is proved against the candidate.
fn is_undecided(ruling: &Ruling) -> bool {
    let more = ruling.settle.as_ref().is_some_and(|settle| settle.more > 0);
    ruling.only_undecided() && more
}
