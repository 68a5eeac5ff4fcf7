//! Judgements on repetitions made by hand: one test a rule.

mod alarm;
mod bad_input;
mod cleared;
mod continued;
mod equal;
mod errors;
mod fewer;
mod integrity;
mod laws;
mod open;
mod sides;
mod slower;
mod thresholds;

use super::{Case, Design, Group, judge};
use crate::gate::evidence::{Evidence, SeriesEvidence};
use crate::gate::live::Alarm;
use crate::gate::ruling::{Place, Row, RowKind, Ruling, Standing, Verdict};
use crate::gate::threshold::Outcome;
use crate::gate::validity::{Fault, FaultKind};
use crate::names::SeriesKind;
use crate::record::{
    FORMAT, Header, Load, Origin, Policy, SeriesRule, ThresholdText, ValidityPolicy,
};
use crate::stats::errors::Stretch;
use crate::stats::quantile::RunPercentile;
use crate::units::Nanos;

const MINUTE: u64 = 60_000_000_000;

/// Requests of an endpoint in one repetition: five of them are enough for P99.
const REQUESTS: u64 = 4_400;

/// What a repetition adds to the logarithm of all its percentiles: some per cent of run noise.
const MOOD: [f64; 10] = [0.01, -0.02, 0.0, 0.015, -0.005, -0.01, 0.02, 0.005, -0.015, 0.0];

/// Endpoints of the site with their P95 in milliseconds.
const SITE: [(&str, f64); 4] = [
    ("GET /api/farms", 40.0),
    ("GET /api/products", 60.0),
    ("POST /api/orders", 90.0),
    ("GET /api/cart", 30.0),
];

fn header(number: usize) -> Header {
    let started = u64::try_from(number).unwrap() * 2 * MINUTE;
    Header {
        format: FORMAT,
        id: format!("run-{number}"),
        scenario: "customer".to_owned(),
        started_unix_ns: started,
        seed: 1,
        load: Load { phases: Vec::new(), max_users: None, workers: 1, precision: None },
        leaks: Vec::new(),
        journeys: vec!["customer".to_owned()],
        thresholds: Vec::new(),
        integrity: Vec::new(),
        origin: Origin::default(),
        policy: ValidityPolicy::default(),
        gate: Policy::default(),
        repetition: None,
        logs: crate::record::LogsText::default(),
        observation: None,
        features: Vec::new(),
    }
}

fn cell(milliseconds: f64, mood: f64, requests: u64) -> RunPercentile {
    let ln_value = (milliseconds * 1e6).ln() + mood;
    RunPercentile { ln_value, variance: 2e-4, n: requests }
}

fn series(name: &str, p95: f64, mood: f64) -> SeriesEvidence {
    let (kind, row) = if name.starts_with("SELECT") {
        (SeriesKind::ServerQuery, RowKind::Query)
    } else {
        (SeriesKind::Endpoint, RowKind::Endpoint)
    };
    let own = |text: &str| if row == RowKind::Query { String::new() } else { text.to_owned() };
    let place =
        Place { kind: row, name: name.to_owned(), journey: own("customer"), step: own("Look") };
    SeriesEvidence {
        kind,
        place,
        requests: REQUESTS,
        figures: vec![
            (0.95, cell(p95, mood, REQUESTS)),
            (0.99, cell(1.8 * p95, 1.1 * mood, REQUESTS)),
        ],
        stretches: vec![Stretch { errors: 0, requests: REQUESTS >> 1 }; 2],
    }
}

/// The repetition with this number of a sound site.
fn repetition(number: usize) -> Evidence {
    let mood = |at: usize| MOOD[number % 10] + 0.4 * MOOD[(number + 3 * at + 1) % 10];
    let all = SITE.iter().enumerate().map(|(at, (name, p95))| series(name, *p95, mood(at)));
    let length = Nanos(MINUTE);
    Evidence {
        header: header(number),
        lasted: length,
        measured: length,
        faults: Vec::new(),
        series: all.collect(),
        sent: Vec::new(),
        integrity: Vec::new(),
        relative: Vec::new(),
    }
}

/// Five repetitions.
fn side(first: usize) -> Vec<Evidence> {
    (first..first + 5).map(repetition).collect()
}

/// The series of this name in all repetitions.
fn each<'a>(
    side: &'a mut [Evidence],
    name: &'a str,
) -> impl Iterator<Item = &'a mut SeriesEvidence> {
    let all = side.iter_mut().flat_map(|one| &mut one.series);
    all.filter(move |series| series.place.name == name)
}

fn slow_down(side: &mut [Evidence], name: &str, factor: f64) {
    for series in each(side, name) {
        series.figures.iter_mut().for_each(|(_, cell)| cell.ln_value += factor.ln());
    }
}

/// So many requests of each repetition of a series fail; what fails has no percentile.
fn fail(side: &mut [Evidence], name: &str, errors: u64) {
    for series in each(side, name) {
        for stretch in &mut series.stretches {
            *stretch = Stretch { errors: errors >> 1, requests: REQUESTS >> 1 };
        }
        series.requests = REQUESTS - errors;
        series.figures.iter_mut().for_each(|(_, cell)| cell.n = REQUESTS - errors);
        if errors == REQUESTS {
            series.figures.clear();
        }
    }
}

fn resize(side: &mut [Evidence], name: &str, requests: u64) {
    for series in each(side, name) {
        series.requests = requests;
        series.figures.iter_mut().for_each(|(_, cell)| cell.n = requests);
        series.stretches = vec![Stretch { errors: 0, requests }];
    }
}

fn without(side: &mut [Evidence], name: &str) {
    for one in side {
        one.series.retain(|series| series.place.name != name);
    }
}

fn add(side: &mut [Evidence], name: &str, p95: f64) {
    for (at, one) in side.iter_mut().enumerate() {
        one.series.push(series(name, p95, MOOD[at % 10]));
    }
}

fn fault(side: &mut [Evidence], at: usize, kind: FaultKind, text: &str) {
    side[at].faults.push(Fault { kind, text: text.to_owned() });
}

/// A baseline and a candidate with all that a case has.
#[derive(Debug)]
struct Trial {
    baseline: Vec<Evidence>,
    candidate: Vec<Evidence>,
    anchor: Vec<Evidence>,
    noise: Vec<Evidence>,
    policy: Policy,
    design: Design,
    thresholds: Vec<Outcome>,
    baseline_thresholds: Vec<Outcome>,
    alarm: Option<Alarm>,
}

/// The same build against itself.
fn trial() -> Trial {
    Trial {
        baseline: side(0),
        candidate: side(5),
        anchor: Vec::new(),
        noise: Vec::new(),
        policy: Policy::default(),
        design: Design::Interleaved,
        thresholds: Vec::new(),
        baseline_thresholds: Vec::new(),
        alarm: None,
    }
}

impl Trial {
    fn judge(&self) -> Ruling {
        let group = |name, repetitions| Group { name, repetitions };
        judge(&Case {
            baseline: group("prisma-6.19", &self.baseline),
            candidate: group("candidate", &self.candidate),
            anchor: &self.anchor,
            noise: &self.noise,
            policy: &self.policy,
            design: self.design,
            accepted: &[],
            thresholds: &self.thresholds,
            baseline_thresholds: &self.baseline_thresholds,
            alarm: self.alarm.as_ref(),
        })
    }

    /// The verdict and its reasons, one a line.
    #[track_caller]
    fn check(&self, want: &[&str]) -> Ruling {
        let ruling = self.judge();
        let mut got = vec![ruling.verdict.word().to_owned()];
        got.extend(
            ruling.reasons.iter().map(|one| format!("{}: {}", one.verdict.word(), one.text)),
        );
        assert_eq!(got, want, "notes: {:?}, settle: {:?}", ruling.notes, ruling.settle);
        ruling
    }

    fn rule(&mut self, pattern: &str, rule: SeriesRule) {
        self.policy.series.push(rule);
        self.policy.series.last_mut().unwrap().pattern = pattern.to_owned();
    }
}

#[track_caller]
fn row<'a>(ruling: &'a Ruling, name: &str, quantile: f64) -> &'a Row {
    let mut rows = ruling.rows.iter();
    rows.find(|row| row.place.name == name && row.quantile.to_bits() == quantile.to_bits()).unwrap()
}

const FARMS: &str = "GET /api/farms";
const CART: &str = "GET /api/cart";
