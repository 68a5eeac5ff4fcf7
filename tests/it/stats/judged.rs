//! The cases of histograms once more, as records that are distilled and judged.

use loadgate::gate::evidence::{Evidence, Wanted};
use loadgate::gate::judge::{Case, Design, Group, judge};
use loadgate::gate::ruling::{Row, Ruling, Standing, Verdict};
use loadgate::histogram::Histogram;
use loadgate::names::{Catalogue, Metric, Series, SeriesKind};
use loadgate::record::{
    Cell, Counts, End, FORMAT, Generator, Header, Interval, Load, Origin, PhaseInfo, Policy,
    RunRecord, StopReason, Tally, Totals, ValidityPolicy,
};
use loadgate::units::{Nanos, Ratio};
use serde_json::Value;

use super::{decision, json, list, number};

/// Judged as the reference does it: without a floor, whatever the coverage.
fn policy() -> Policy {
    Policy { floor: Nanos::ZERO, coverage: Ratio(0.0), ..Policy::default() }
}

fn header(id: String, length: Nanos) -> Header {
    let phase = PhaseInfo {
        name: "steady".to_owned(),
        load: "50/s".to_owned(),
        start: Nanos::ZERO,
        length,
        measure: true,
    };
    Header {
        format: FORMAT,
        id,
        scenario: "case".to_owned(),
        started_unix_ns: 0,
        seed: 1,
        load: Load { phases: vec![phase], max_users: None, workers: 1, precision: None },
        leaks: Vec::new(),
        journeys: vec!["all".to_owned()],
        thresholds: Vec::new(),
        integrity: Vec::new(),
        origin: Origin::default(),
        policy: ValidityPolicy::default(),
        gate: policy(),
        repetition: None,
        logs: loadgate::record::LogsText::default(),
        observation: None,
        features: Vec::new(),
    }
}

/// A repetition of a case as a record: for each endpoint its intervals of values and counts.
fn record(case: &Value, arm: &str, at: usize) -> RunRecord {
    let seconds = number(&case["interval_s"]);
    let repetition = &case[arm][at];
    let mut catalogue = Catalogue::new();
    let mut intervals: Vec<Interval> = Vec::new();
    let mut histogram = Histogram::new();
    for name in list(&case["names"]) {
        let name = name.as_str().unwrap();
        let [series_name, journey, step] = [name, "all", ""].map(str::to_owned);
        let (kind, endpoint) = (SeriesKind::Endpoint, String::new());
        let series = Series { kind, name: series_name, journey, step, endpoint, tapped: None };
        let series = catalogue.intern(&series).unwrap();
        for (number, steps) in list(&repetition[name]).iter().enumerate() {
            if intervals.len() <= number {
                let start =
                    Nanos::from_secs_f64(seconds * f64::from(u32::try_from(number).unwrap()));
                let length = Nanos::from_secs_f64(seconds);
                intervals.push(Interval { start, length, ..Interval::default() });
            }
            histogram.reset();
            for step in list(steps) {
                let value = Nanos::from_micros(step[0].as_u64().unwrap());
                let times = usize::try_from(step[1].as_u64().unwrap()).unwrap();
                histogram.extend(std::iter::repeat_n(value, times));
            }
            if histogram.is_empty() {
                continue;
            }
            let counts = Counts { started: histogram.len(), ..Counts::default() };
            let (phase, metric) = (0, Metric::Response);
            let cell = Cell { phase, series, metric, histogram };
            intervals[number].cells.push(cell.encode());
            histogram = cell.histogram;
            intervals[number].tallies.push(Tally { phase, series, counts });
        }
    }
    // Whether anything was measured is told by the counts; distributions are read from intervals.
    let mut totals = Totals::default();
    let tallies = intervals.iter().flat_map(|interval| &interval.tallies);
    tallies.for_each(|tally| totals.add_tally(tally));
    let last = intervals.last().unwrap();
    let lasted = last.start + last.length;
    RunRecord {
        header: header(format!("{arm}-{at}"), lasted),
        catalogue,
        totals,
        intervals,
        end: Some(End {
            reason: StopReason::Complete,
            lasted,
            generator: Generator::default(),
            samples: Vec::new(),
            notes: Vec::new(),
            integrity: Vec::new(),
        }),
    }
}

fn ruling(case: &Value) -> Ruling {
    let policy = policy();
    let wanted = Wanted::of(&policy, &[]);
    let side = |arm: &str| -> Vec<Evidence> {
        let repetitions = 0..list(&case[arm]).len();
        repetitions.map(|at| Evidence::of(&record(case, arm, at), &wanted).unwrap()).collect()
    };
    let (baseline, candidate) = (side("baseline"), side("candidate"));
    judge(&Case {
        baseline: Group { name: "baseline", repetitions: &baseline },
        candidate: Group { name: "candidate", repetitions: &candidate },
        anchor: &[],
        noise: &[],
        policy: &policy,
        design: Design::Interleaved,
        accepted: &[],
        thresholds: &[],
        baseline_thresholds: &[],
        alarm: None,
    })
}

fn is_alarm(row: &Row) -> bool {
    matches!(row.standing, Standing::Slower | Standing::NoGo | Standing::Rollback)
}

fn verdict(value: &Value) -> Verdict {
    use loadgate::stats::decision::Decision;
    match decision(value) {
        Decision::Go => Verdict::Go,
        Decision::NoGo => Verdict::NoGo,
        Decision::Rollback => Verdict::Rollback,
        Decision::NotGated | Decision::Coarse | Decision::Inconclusive | Decision::Warn => {
            Verdict::Hold
        }
    }
}

#[track_caller]
fn check(name: &str) {
    let case = json(&format!("hist/{name}.json.gz"));
    let ruling = ruling(&case);
    let allowed: Vec<_> = list(&case["allowed_gate_verdicts"]).iter().map(verdict).collect();
    assert!(allowed.contains(&ruling.verdict), "{:?} {:?}", ruling.verdict, ruling.reasons);
    for row in &ruling.rows {
        let slower = number(&case["true_ratio"][&row.place.name]) > 1.0;
        assert!(slower || !is_alarm(row), "{} is not slower", row.place.name);
    }
    for name in list(&case["must_be_flagged"]) {
        let flagged = |row: &Row| name == row.place.name.as_str() && is_alarm(row);
        assert!(ruling.rows.iter().any(flagged), "{name} is slower");
    }
    let want = list(&case["reference"]["rows"]);
    assert_eq!(ruling.rows.len(), want.len());
    for row in &ruling.rows {
        let same = |want: &&Value| {
            want["endpoint"].as_str() == Some(row.place.name.as_str())
                && want["pct"] == format!("P{:.0}", row.quantile * 100.0)
        };
        let want = want.iter().find(same).unwrap();
        let what = format!("{name} {} {}", row.place.name, row.quantile);
        // Histograms keep three digits.
        assert!((row.point.unwrap() - number(&want["ratio"])).abs() < 0.003, "{what}");
        if let Some(ratio) = row.ratio {
            assert!((ratio.low - number(&want["ci"][0])).abs() < 0.005, "{what}: {ratio:?}");
            assert!((ratio.high - number(&want["ci"][1])).abs() < 0.005, "{what}: {ratio:?}");
        }
    }
}

#[test]
fn records_are_judged_as_their_figures_are() {
    check("aa_quiet");
    check("aa_typical");
    check("all_faster20");
    check("low_traffic");
    check("single_rep_baseline");
}

#[test]
fn records_of_slower_builds_raise_an_alarm() {
    check("all_plus15_quiet");
    check("all_plus30");
    check("one_plus25_quiet");
    check("one_plus100");
}
