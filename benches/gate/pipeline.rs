//! What one comparison costs, from stored intervals to the ruling.

use std::fmt::Write as _;
use std::time::Instant;

use loadgate::engine::peak_rss_bytes;
use loadgate::gate::evidence::{Evidence, Wanted};
use loadgate::gate::judge::{Case, Design, Group, judge};
use loadgate::histogram::Histogram;
use loadgate::names::{Catalogue, Metric, Series, SeriesId, SeriesKind};
use loadgate::record::{
    Cell, Counts, End, FORMAT, Generator, Header, Interval, Load, Origin, PhaseInfo, Policy,
    RunRecord, StopReason, Tally, Totals, ValidityPolicy,
};
use loadgate::units::{Bytes, Nanos};

use crate::target::{Dice, ENDPOINTS, NOISES, Target};

const REPETITIONS: usize = 5;
const SECONDS: u64 = 60;

/// Compares five repetitions of a minute with five, and says what it took.
#[expect(clippy::disallowed_methods, reason = "what it costs is measured here")]
pub(crate) fn timed(seed: u64) -> String {
    let mut dice = Dice::new(seed, 1);
    let target = Target::new(&mut dice);
    let policy = Policy::default();
    let wanted = Wanted::of(&policy, &[]);
    let mut distilling = std::time::Duration::ZERO;
    let mut bytes = 0_usize;
    let mut sides = [Vec::new(), Vec::new()];
    for at in 0..REPETITIONS {
        for (side, later) in sides.iter_mut().zip([0, 1]) {
            let number = u64::try_from(2 * at + later).unwrap_or_default();
            let record = record(&target, number, &mut dice);
            let cells = record.intervals.iter().flat_map(|interval| &interval.cells);
            bytes += cells.map(|cell| cell.bytes.len()).sum::<usize>();
            let started = Instant::now();
            match Evidence::of(&record, &wanted) {
                Ok(evidence) => side.push(evidence),
                Err(error) => unreachable!("its intervals were just made: {error}"),
            }
            distilling += started.elapsed();
        }
    }
    let [baseline, candidate] = &sides;
    let started = Instant::now();
    let ruling = judge(&Case {
        baseline: Group { name: "old", repetitions: baseline },
        candidate: Group { name: "new", repetitions: candidate },
        anchor: &[],
        noise: &[],
        policy: &policy,
        design: Design::Interleaved,
        accepted: &[],
        thresholds: &[],
        baseline_thresholds: &[],
        alarm: None,
    });
    let judging = started.elapsed();
    let mut text = String::new();
    let _written = write!(
        text,
        "one gate, {REPETITIONS} + {REPETITIONS} x {SECONDS} s x {ENDPOINTS} endpoints, {} stored: \
         {:.0} ms to read and distil, {:.1} ms to judge ({}), {} at most in memory",
        Bytes(u64::try_from(bytes).unwrap_or_default()),
        distilling.as_secs_f64() * 1e3,
        judging.as_secs_f64() * 1e3,
        ruling.verdict.word(),
        Bytes(peak_rss_bytes()),
    );
    text
}

/// A repetition as the store gives it.
fn record(target: &Target, number: u64, dice: &mut Dice) -> RunRecord {
    let mut catalogue = Catalogue::new();
    for endpoint in 0..ENDPOINTS {
        let [journey, step] = ["all".to_owned(), format!("step {endpoint}")];
        let name = format!("GET /api/{endpoint}");
        let kind = SeriesKind::Endpoint;
        // A catalogue has room for hundreds.
        let _known = catalogue.intern(&Series {
            kind,
            name,
            journey,
            step,
            endpoint: String::new(),
            tapped: None,
        });
    }
    let intervals = intervals(target, dice);
    let totals = Totals::from_intervals(&intervals).unwrap_or_default();
    let phase = PhaseInfo {
        name: "steady".to_owned(),
        load: "1,000/s".to_owned(),
        start: Nanos::ZERO,
        length: Nanos::from_secs(SECONDS),
        measure: true,
    };
    RunRecord {
        header: Header {
            format: FORMAT,
            id: format!("run-{number}"),
            scenario: "all".to_owned(),
            started_unix_ns: number * (SECONDS + 10) * 1_000_000_000,
            seed: 1,
            load: Load { phases: vec![phase], max_users: None, workers: 1, precision: None },
            leaks: Vec::new(),
            journeys: vec!["all".to_owned()],
            thresholds: Vec::new(),
            integrity: Vec::new(),
            origin: Origin::default(),
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: None,
            logs: loadgate::record::LogsText::default(),
            observation: None,
            features: Vec::new(),
        },
        catalogue,
        totals,
        intervals,
        end: Some(End {
            reason: StopReason::Complete,
            lasted: Nanos::from_secs(SECONDS),
            generator: Generator::default(),
            samples: Vec::new(),
            notes: Vec::new(),
            integrity: Vec::new(),
        }),
    }
}

fn intervals(target: &Target, dice: &mut Dice) -> Vec<Interval> {
    let [_, typical, _] = NOISES;
    let seconds = usize::try_from(SECONDS).unwrap_or_default();
    let mut intervals: Vec<Interval> = (0..SECONDS)
        .map(|at| Interval {
            start: Nanos::from_secs(at),
            length: Nanos::SECOND,
            ..Interval::default()
        })
        .collect();
    let series = (3..).map(SeriesId);
    for (series, tallies) in series.zip(target.intervals(&typical, seconds, dice)) {
        for (interval, values) in intervals.iter_mut().zip(&tallies) {
            let mut histogram = Histogram::new();
            histogram
                .extend(values.values().flat_map(|(value, times)| (0..times).map(move |_| value)));
            let counts = Counts { started: histogram.len(), ..Counts::default() };
            let cell = Cell { phase: 0, series, metric: Metric::Response, histogram };
            interval.cells.push(cell.encode());
            interval.tallies.push(Tally { phase: 0, series, counts });
        }
    }
    intervals
}
