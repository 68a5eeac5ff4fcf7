//! Thousands of simulated comparisons: how often the gate is right, and how often wrong.
//!
//! `cargo bench --bench gate -- [--gates N] [--seed S]` prints the table of
//! `docs/gate-simulation.md`; it fails when a bar is missed. The gate under test is
//! `stats::compare`, fed with the percentiles that `stats::quantile` takes of simulated seconds.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod goals;
mod pipeline;
mod target;
mod trial;

use std::num::NonZero;
use std::ops::Range;
use std::process::ExitCode;
use std::thread;

use goals::{Event, GOALS, Rate};
use loadgate::stats::decision::Decision;
use target::{Dice, NOISES, Noise, Target};
use trial::{Design, Trial, Who};

/// Quick mode and default of a comparison.
const DESIGNS: [Design; 2] =
    [Design { repetitions: 5, seconds: 60 }, Design { repetitions: 20, seconds: 30 }];

/// Drift of the machine from one sitting to another, of the logarithm.
const DRIFT: f64 = 0.05;

/// How fast it drifts: the mean reverts within so many seconds.
const DRIFT_TAU_S: f64 = 1_200.0;

/// Seconds before each repetition that are thrown away.
const LEAD_S: f64 = 10.0;

/// Gates in a cell when nothing is said: a rate of 0.1 % is then one gate.
const GATES: u64 = 1_000;

/// Any number would do; this one was used for the page.
const SEED: u64 = 20_261_122;

/// Requests on a side from which on P95 is judged in full, and a little for what is left of a
/// second. The one endpoint that becomes slower is any that has them.
const FULL: f64 = 4_030.0;

/// Requests a minute of a rarer one: ten minutes hold enough of them, five don't.
const RARER: Range<f64> = 403.0..797.0;

/// What one cell of the table came to: one noise, one design.
#[derive(Clone, Debug, Default)]
struct Counted {
    goals: [Rate; GOALS.len()],
    /// Alarm, NO-GO and GO of the same build when an undecided gate measures as much again.
    second_look: [Rate; 3],
    /// Alarm of the same build against a baseline of another sitting, and measured in turns.
    drifting: [Rate; 2],
    /// Alarm and NO-GO of a rarer endpoint that is 25 % slower.
    rarer: [Rate; 2],
}

impl Counted {
    fn rates(&mut self) -> impl Iterator<Item = &mut Rate> {
        let Self { goals, second_look, drifting, rarer } = self;
        goals.iter_mut().chain(second_look).chain(drifting).chain(rarer)
    }

    fn merge(&mut self, mut other: Self) {
        self.rates().zip(other.rates()).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// One gate of a cell; its dice are its own, so that threads change nothing.
    fn gate(&mut self, target: &Target, (noise, design): (&Noise, Design), mut dice: Dice) {
        let mut trial = Trial::new(target, noise, design, &mut dice);
        let full = FULL / design.minutes();
        let one = any(&target.with(full..f64::INFINITY), &mut dice);
        let mut known = Vec::new();
        for (goal, rate) in GOALS.iter().zip(&mut self.goals) {
            let (who, ratio) = goal.change;
            let same = |(change, _): &&((Who, f64), _)| *change == goal.change;
            let outcome = match known.iter().find(same) {
                Some((_, outcome)) => *outcome,
                None => trial.outcome(who, ratio, one),
            };
            known.push((goal.change, outcome));
            rate.count(goal.event.happened(outcome));
        }
        let found = trial.outcome(Who::One, 1.25, any(&target.with(RARER), &mut dice));
        for (rate, event) in self.rarer.iter_mut().zip([Event::OneAlarm, Event::OneNoGo]) {
            rate.count(event.happened(found));
        }
        let [stored, turns] = &mut self.drifting;
        stored.count(trial.drifted(&stored_drift(design, &mut dice)).is_alarm());
        turns.count(trial.drifted(&turns_drift(design, &mut dice)).is_alarm());
        let mut found = trial.outcome(Who::One, 1.0, one);
        if found.gate == Decision::Inconclusive {
            trial.measure(target, noise, design, &mut dice);
            found = trial.outcome(Who::One, 1.0, one);
        }
        let events = [Event::Alarm, Event::NoGo, Event::Go];
        for (rate, event) in self.second_look.iter_mut().zip(events) {
            rate.count(event.happened(found));
        }
    }
}

/// One of some endpoints.
fn any(endpoints: &[usize], dice: &mut Dice) -> usize {
    endpoints.get(dice.below(endpoints.len())).copied().unwrap_or_default()
}

/// The machine's drift at the given times in seconds (Ornstein and Uhlenbeck).
fn drift(times: impl IntoIterator<Item = f64>, dice: &mut Dice) -> Vec<f64> {
    let mut state = DRIFT * dice.normal();
    let mut last = None;
    let mut at = |time: f64| {
        let passed = last.map_or(0.0, |last: f64| time - last);
        last = Some(time);
        let keep = (-passed / DRIFT_TAU_S).exp();
        state = keep * state + (1.0 - keep * keep).sqrt() * DRIFT * dice.normal();
        state
    };
    times.into_iter().map(&mut at).collect()
}

/// When each of so many repetitions starts that follow each other.
fn times(number: usize, design: Design) -> impl Iterator<Item = f64> {
    let length = 60.0 * Design { repetitions: 1, ..design }.minutes() + LEAD_S;
    (0_u32..).take(number).map(move |at| f64::from(at) * length)
}

/// A baseline of one sitting and a candidate of another.
fn stored_drift(design: Design, dice: &mut Dice) -> Vec<[f64; 2]> {
    let baseline = drift(times(design.repetitions, design), dice);
    let candidate = drift(times(design.repetitions, design), dice);
    baseline.into_iter().zip(candidate).map(|(before, now)| [before, now]).collect()
}

/// Both in turns: A B B A.
fn turns_drift(design: Design, dice: &mut Dice) -> Vec<[f64; 2]> {
    let all = drift(times(2 * design.repetitions, design), dice);
    let mut pairs: Vec<[f64; 2]> = Vec::new();
    for pair in all.as_chunks::<2>().0 {
        let [first, second] = *pair;
        let swapped = pairs.len() & 1 == 1;
        pairs.push(if swapped { [second, first] } else { [first, second] });
    }
    pairs
}

/// All gates of a cell, over all processors.
fn cell(target: &Target, (noise, design): (&Noise, Design), asked: &Asked, number: u64) -> Counted {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = |first: u64| {
        let mut counted = Counted::default();
        for gate in (first..asked.gates).step_by(threads) {
            let stream = number << 32 | gate;
            counted.gate(target, (noise, design), Dice::new(asked.seed, stream));
        }
        counted
    };
    let mut all = Counted::default();
    thread::scope(|scope| {
        let handles: Vec<_> =
            (0..).take(threads).map(|first| scope.spawn(move || share(first))).collect();
        for handle in handles {
            match handle.join() {
                Ok(counted) => all.merge(counted),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all
}

/// What was asked on the command line.
struct Asked {
    gates: u64,
    seed: u64,
}

impl Asked {
    fn of(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut asked = Self { gates: GATES, seed: SEED };
        let mut arguments = arguments.filter(|word| word != "--bench");
        while let Some(word) = arguments.next() {
            let number = arguments.next().and_then(|text| text.parse().ok());
            let number = number.ok_or_else(|| format!("`{word}` wants a number"))?;
            match word.as_str() {
                "--gates" => asked.gates = number,
                "--seed" => asked.seed = number,
                _ => return Err(format!("unknown `{word}`: known are --gates N and --seed S")),
            }
        }
        Ok(asked)
    }
}

fn main() -> ExitCode {
    let asked = match Asked::of(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(problem) => {
            println!("error: {problem}");
            return ExitCode::from(2);
        }
    };
    println!("{}", pipeline::timed(asked.seed));
    println!("{} gates a cell, seed {}\n", asked.gates, asked.seed);
    let target = Target::new(&mut Dice::new(asked.seed, u64::MAX));
    println!("{}", noise_table(asked.seed));
    let mut bars = Rate::default();
    for (design, column) in DESIGNS.into_iter().zip(0_u64..) {
        let counted: Vec<(Noise, Counted)> = NOISES
            .into_iter()
            .zip(0_u64..)
            .map(|(noise, row)| (noise, cell(&target, (&noise, design), &asked, column << 8 | row)))
            .collect();
        println!("{}", table(design, usize::from(column > 0), &counted, &mut bars));
    }
    println!("{} of {} bars reached", bars.happened, bars.of);
    if bars.happened == bars.of { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The error that a percentile of a large endpoint has within a repetition: what the simulation
/// is made to have.
fn noise_table(seed: u64) -> String {
    const REPETITIONS: usize = 400;
    let mut lines =
        vec!["| noise | run | within 60 s: P95 | P99 |".to_owned(), "|---|---|---|---|".to_owned()];
    for noise in NOISES {
        let mut dice = Dice::new(seed, u64::MAX - 1);
        let still = Noise { run: 0.0, ..noise };
        let mut values = [Vec::new(), Vec::new()];
        for _ in 0..REPETITIONS {
            let large = Target::large(&mut dice);
            let [two, other] = [(); 2].map(|()| large.repetition(&still, 60, &mut dice));
            for (one, another) in two.iter().zip(&other) {
                for ((values, a), b) in values.iter_mut().zip(one).zip(another) {
                    values.push((a.ln_value - b.ln_value).powi(2) / 2.0);
                }
            }
        }
        let number = f64::from(u32::try_from(REPETITIONS).unwrap_or_default());
        let [p95, p99] = values.map(|squares| (squares.iter().sum::<f64>() / number).sqrt());
        lines.push(format!(
            "| {} | {:.0} % | {:.1} % | {:.1} % |",
            noise.name,
            noise.run * 100.0,
            p95 * 100.0,
            p99 * 100.0
        ));
    }
    lines.join("\n") + "\n"
}

/// The table of one design.
fn table(design: Design, column: usize, cells: &[(Noise, Counted)], bars: &mut Rate) -> String {
    let Design { repetitions, seconds } = design;
    let heads: Vec<String> = cells
        .iter()
        .map(|(noise, _)| format!("{} {:.0} %", noise.name, noise.run * 100.0))
        .collect();
    let mut lines = vec![
        format!("| {repetitions} x {seconds} s | bar | {} |", heads.join(" | ")),
        format!("|---|---|{}", "---|".repeat(cells.len())),
    ];
    for (at, goal) in GOALS.iter().enumerate() {
        let Some(bar) = goal.bars.get(column) else { continue };
        let held = |(noise, counted): &(Noise, Counted)| {
            let rate = counted.goals.get(at).copied().unwrap_or_default();
            let asked = noise.run <= goal.up_to;
            let word = match asked.then(|| bar.holds(rate.share())) {
                Some(holds) => {
                    bars.count(holds);
                    if holds { " reached" } else { " **missed**" }
                }
                None => "",
            };
            format!("{}{word}", rate.text())
        };
        let held: Vec<_> = cells.iter().map(held).collect();
        lines.push(format!("| {} | {} | {} |", goal.text, bar.text(), held.join(" | ")));
    }
    let drift = "same build, machine drifts 5 %";
    let shown: [(String, Take); 7] = [
        ("same build, second look: any alarm".to_owned(), |one| &one.second_look[0]),
        ("same build, second look: NO-GO or worse".to_owned(), |one| &one.second_look[1]),
        ("same build, second look: GO".to_owned(), |one| &one.second_look[2]),
        ("one endpoint of 400 to 800 requests a minute +25 %: alarm".to_owned(), |one| {
            &one.rarer[0]
        }),
        ("one endpoint of 400 to 800 requests a minute +25 %: NO-GO".to_owned(), |one| {
            &one.rarer[1]
        }),
        (format!("{drift}, baseline of another sitting: any alarm"), |one| &one.drifting[0]),
        (format!("{drift}, measured in turns: any alarm"), |one| &one.drifting[1]),
    ];
    for (text, take) in shown {
        let rates: Vec<_> = cells.iter().map(|(_, counted)| take(counted).text()).collect();
        lines.push(format!("| {text} | | {} |", rates.join(" | ")));
    }
    lines.join("\n") + "\n"
}

type Take = fn(&Counted) -> &Rate;
