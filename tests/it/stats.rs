//! The mathematics against figures that were computed by other means.
//!
//! `tests/data/stats/` holds cases with the figures and decisions that an independent
//! implementation of the same formulas gives for them; truth (`true_ratio`, `true_capacity`,
//! `allowed`) is that of the generator which made the data.

mod laws;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use loadgate::stats::capacity::{Capacity, Search};
use loadgate::stats::compare::{Comparison, Figures, Layout, Pair, Row, Settings, Tier, Variance};
use loadgate::stats::decision::Decision;
use loadgate::stats::errors::{self, Stretch};
use loadgate::stats::leak::{self, Finding, Reason, Sample};
use loadgate::stats::quantile::{Repetition, RunPercentile, Tally};
use loadgate::units::Nanos;
use serde_json::Value;

const PERCENTILES: [f64; 2] = [0.95, 0.99];

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stats").join(name);
    let bytes = fs::read(path).unwrap();
    if !name.ends_with("gz") {
        return String::from_utf8(bytes).unwrap();
    }
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn decision(value: &Value) -> Decision {
    match value.as_str().unwrap() {
        "NOT_GATED" => Decision::NotGated,
        "COARSE" => Decision::Coarse,
        "GO" => Decision::Go,
        "INCONCLUSIVE" => Decision::Inconclusive,
        "WARN" => Decision::Warn,
        "NO_GO" => Decision::NoGo,
        "ROLLBACK" => Decision::Rollback,
        other => panic!("unknown decision `{other}`"),
    }
}

/// `got` is `want` to `share` of it; what stands near nothing is a difference of large numbers.
#[track_caller]
fn near(got: f64, want: f64, share: f64, what: &str) {
    let off = (got - want).abs();
    assert!(off <= share * want.abs() + 1e-12, "{what}: {got} is not {want}");
}

fn settings(config: &Value) -> Settings {
    let variance = |name: &str| {
        let found = config.get(name).map(list)?;
        Some(Variance { value: number(&found[0]), df: number(&found[1]) })
    };
    Settings {
        layout: if config.get("paired").is_some() { Layout::Paired } else { Layout::Unpaired },
        profile: variance("prior"),
        session: variance("session"),
        ..Settings::default()
    }
}

/// One endpoint at one percentile in all repetitions of a side.
fn side(case: &Value, arm: &str, endpoint: usize, percentile: usize) -> Vec<RunPercentile> {
    let repetitions = list(&case[format!("Y{arm}")]).len();
    let one = |at: usize| RunPercentile {
        ln_value: number(&case[format!("Y{arm}")][at][endpoint][percentile]),
        variance: number(&case[format!("W{arm}")][at][endpoint][percentile]),
        n: case[format!("N{arm}")][at][endpoint].as_u64().unwrap(),
    };
    (0..repetitions).map(one).collect()
}

fn pairs(case: &Value) -> Vec<Pair> {
    let mut all = Vec::new();
    for (endpoint, name) in list(&case["names"]).iter().enumerate() {
        for (at, percentile) in PERCENTILES.into_iter().enumerate() {
            all.push(Pair {
                endpoint: name.as_str().unwrap().to_owned(),
                group: 0,
                percentile,
                lines: None,
                baseline: side(case, "A", endpoint, at),
                candidate: side(case, "B", endpoint, at),
            });
        }
    }
    all
}

/// The figures of a row under the names they have in the cases.
fn named(figures: &Figures) -> Vec<(&'static str, f64)> {
    let mut all = vec![
        ("d", figures.change),
        ("U", figures.high),
        ("L_warn", figures.low_warn),
        ("L_nogo", figures.low_nogo),
        ("se", figures.se),
        ("df", figures.df),
    ];
    if let Some(relative) = figures.relative {
        all.push(("r", relative.change));
        all.push(("Lr_warn", relative.low_warn));
        all.push(("Lr_nogo", relative.low_nogo));
    }
    all
}

#[track_caller]
fn check_rows(rows: &[Row], want: &Value, what: &str, off: impl Fn(f64, f64, &str)) {
    let want = list(want);
    assert_eq!(rows.len(), want.len(), "{what}");
    for (row, want) in rows.iter().zip(want) {
        let name = format!("{what}, {} at {}", row.endpoint, row.percentile);
        assert_eq!(row.decision, decision(&want["verdict"]), "{name}");
        off(row.ratio.unwrap(), number(&want["ratio"]), &name);
        assert_eq!(row.figures.is_some(), want.get("d").is_some(), "{name}");
        let Some(figures) = &row.figures else { continue };
        assert_eq!(figures.relative.is_some(), want.get("r").is_some(), "{name}");
        for (key, got) in named(figures) {
            off(got, number(&want[key]), &format!("{name}, {key}"));
        }
        let estimate = row.estimate().unwrap();
        off(estimate.low, number(&want["ci"][0]), &name);
        off(estimate.high, number(&want["ci"][1]), &name);
    }
}

#[test]
fn every_figure_of_a_comparison_is_the_computed_one() {
    for case in list(&json("numeric.json.gz")) {
        let name = case["name"].as_str().unwrap();
        let found = Comparison::of(&pairs(case), &settings(&case["config"])).unwrap();
        let want = &case["expect"];
        check_rows(&found.rows, &want["rows"], name, |got, want, what| near(got, want, 1e-6, what));
        assert_eq!(found.decision, decision(&want["verdict"]), "{name}");
        assert_eq!(
            found.comparisons,
            list(&want["rows"]).iter().filter(|row| compared(row)).count()
        );
        let sites: Vec<_> = list(&want["families"]).iter().filter(|one| !one.is_null()).collect();
        assert_eq!(found.sites.len(), sites.len(), "{name}");
        for (site, want) in found.sites.iter().zip(sites) {
            near(site.ratio.value, number(&want["site_ratio"]), 1e-6, name);
            near(site.run_noise, number(&want["run_noise"]), 1e-6, name);
        }
    }
}

fn compared(row: &Value) -> bool {
    row["verdict"] != "NOT_GATED"
}

/// The intervals of one endpoint: lists of value in microseconds and count.
fn intervals(repetition: &Value) -> Vec<Tally> {
    let step = |step: &Value| (Nanos(step[0].as_u64().unwrap() * 1_000), step[1].as_u64().unwrap());
    let tally = |interval: &Value| Tally::of(list(interval).iter().map(step));
    list(repetition).iter().map(tally).collect()
}

fn from_histograms(case: &Value) -> Vec<Pair> {
    let seconds = number(&case["interval_s"]);
    let side = |arm: &str, endpoint: &str, percentile: f64| {
        let cell = |repetition: &Value| {
            let found = Repetition::of(&intervals(&repetition[endpoint]), seconds);
            found.percentile(percentile).unwrap_or(RunPercentile::NOTHING)
        };
        list(&case[arm]).iter().map(cell).collect()
    };
    let mut all = Vec::new();
    for name in list(&case["names"]) {
        for percentile in PERCENTILES {
            let name = name.as_str().unwrap();
            all.push(Pair {
                endpoint: name.to_owned(),
                group: 0,
                percentile,
                lines: None,
                baseline: side("baseline", name, percentile),
                candidate: side("candidate", name, percentile),
            });
        }
    }
    all
}

fn check_histograms(name: &str) {
    let case = json(&format!("hist/{name}.json.gz"));
    let found = Comparison::of(&from_histograms(&case), &Settings::default()).unwrap();
    let allowed: Vec<_> = list(&case["allowed_gate_verdicts"]).iter().map(decision).collect();
    assert!(allowed.contains(&found.decision), "{:?}", found.decision);
    for row in &found.rows {
        let slower = number(&case["true_ratio"][&row.endpoint]) > 1.0;
        assert!(slower || !row.decision.is_alarm(), "{} is not slower", row.endpoint);
    }
    for name in list(&case["must_be_flagged"]) {
        let flagged = |row: &Row| name == row.endpoint.as_str() && row.decision.is_alarm();
        assert!(found.rows.iter().any(flagged), "{name} is slower");
    }
    let width = |got: f64, want: f64, what: &str| {
        assert!(what.ends_with("df") || (got - want).abs() < 0.003, "{what}: {got} is not {want}");
    };
    check_rows(&found.rows, &case["reference"]["rows"], name, width);
}

#[test]
fn the_same_build_is_go_on_a_quiet_machine() {
    check_histograms("aa_quiet");
}

#[test]
fn the_same_build_raises_no_alarm() {
    check_histograms("aa_typical");
}

#[test]
fn a_faster_site_raises_no_alarm() {
    check_histograms("all_faster20");
}

#[test]
fn a_slower_site_raises_an_alarm() {
    check_histograms("all_plus15_quiet");
    check_histograms("all_plus30");
}

#[test]
fn one_slower_endpoint_is_found() {
    check_histograms("one_plus25_quiet");
    check_histograms("one_plus100");
}

#[test]
fn too_few_requests_raise_no_alarm_and_are_not_go() {
    check_histograms("low_traffic");
}

#[test]
fn one_repetition_of_the_baseline_suffices() {
    check_histograms("single_rep_baseline");
}

/// Gates by number; each with the endpoint of every pair.
fn ensemble() -> BTreeMap<u64, Vec<(u64, Pair)>> {
    let table = text("ensemble.csv.gz");
    let mut gates: BTreeMap<u64, Vec<(u64, Pair)>> = BTreeMap::new();
    for row in csv::Reader::from_reader(table.as_bytes()).records() {
        let row = row.unwrap();
        let whole = |at: usize| row[at].parse::<u64>().unwrap();
        let real = |at: usize| row[at].parse::<f64>().unwrap();
        let pairs = gates.entry(whole(0)).or_default();
        for (at, percentile) in PERCENTILES.into_iter().enumerate() {
            let same = |(endpoint, pair): &(u64, Pair)| {
                *endpoint == whole(3) && pair.percentile.to_bits() == percentile.to_bits()
            };
            let place = pairs.iter().position(same).unwrap_or_else(|| {
                let (baseline, candidate) = (Vec::new(), Vec::new());
                let endpoint = row[3].to_owned();
                let (group, lines) = (0, None);
                let pair = Pair { endpoint, group, percentile, lines, baseline, candidate };
                pairs.push((whole(3), pair));
                pairs.len() - 1
            });
            let pair = &mut pairs[place].1;
            let side = if &row[1] == "A" { &mut pair.baseline } else { &mut pair.candidate };
            side.push(RunPercentile {
                ln_value: real(5 + at),
                variance: real(7 + at),
                n: whole(4),
            });
        }
    }
    gates
}

#[test]
fn the_shares_of_decisions_over_many_gates_are_those_computed() {
    let settings = Settings { exceed_repetition: 0.0, ..Settings::default() };
    let gates = ensemble();
    let expected = json("ensemble.expect.json");
    assert_eq!(gates.len(), 120);
    for (scope, only_one) in [("all_endpoints", false), ("one_endpoint", true)] {
        for (label, shares) in expected[scope].as_object().unwrap() {
            let percent: f64 = label.trim_matches(['+', '%']).parse().unwrap();
            let slower = (1.0 + percent / 100.0).ln();
            let mut seen: BTreeMap<Decision, f64> = BTreeMap::new();
            for (gate, pairs) in &gates {
                let slow = 19 - gate % 8;
                let shifted = |(endpoint, pair): &(u64, Pair)| {
                    let mut pair = pair.clone();
                    if !only_one || *endpoint == slow {
                        pair.candidate.iter_mut().for_each(|cell| cell.ln_value += slower);
                    }
                    pair
                };
                let pairs: Vec<_> = pairs.iter().map(shifted).collect();
                let found = Comparison::of(&pairs, &settings).unwrap();
                // Of one endpoint alone the case asks what is decided of that endpoint.
                let own = found.rows.iter().filter(|row| row.endpoint == slow.to_string());
                let of_endpoint = own.map(|row| row.decision).filter(|one| one.counts()).max();
                let decision = if only_one { of_endpoint.unwrap() } else { found.decision };
                *seen.entry(decision).or_default() += 1.0;
            }
            for (word, share) in shares.as_object().unwrap() {
                let got = seen.get(&decision(&Value::from(word.as_str()))).unwrap_or(&0.0) / 120.0;
                assert!(
                    (got - number(share)).abs() < 0.000_6,
                    "{scope} {label} {word}: {got} is not {share}"
                );
            }
        }
    }
}

#[test]
fn error_shares_are_judged_as_computed() {
    for case in list(&json("errors.json")) {
        let both = list(&case["errors"]).iter().zip(list(&case["requests"]));
        let stretch = |(errors, requests): (&Value, &Value)| Stretch {
            errors: errors.as_u64().unwrap(),
            requests: requests.as_u64().unwrap(),
        };
        let found =
            errors::judge(&both.map(stretch).collect::<Vec<_>>(), &errors::Lines::default());
        assert_eq!(found.unwrap().decision, decision(&case["verdict"]), "{case}");
    }
}

#[test]
fn leaks_are_told_from_what_looks_like_one() {
    for case in list(&json("leak.json")) {
        let name = case["file"].as_str().unwrap();
        let table = text(name);
        let sample = |row: csv::StringRecord| Sample {
            hours: row[0].parse::<f64>().unwrap() / 3_600.0,
            level: row[1].parse().unwrap(),
            load: None,
        };
        let rows = csv::Reader::from_reader(table.as_bytes()).into_records();
        let samples: Vec<_> = rows.map(|row| sample(row.unwrap())).collect();
        let found = leak::judge(&samples, &leak::Settings::default()).unwrap();
        let word = match found.finding {
            Finding::Leak => "LEAK",
            Finding::Clean => "CLEAN",
            Finding::Inconclusive(_) => "INCONCLUSIVE",
        };
        if name == "leak/big_step.csv" {
            assert_eq!(found.finding, Finding::Inconclusive(Reason::OneStep));
        }
        assert_eq!(word, case["reference"], "{name}");
        assert!(list(&case["allowed"]).iter().any(|allowed| word == allowed), "{name}");
        let figures = [
            ("slope", found.slope.value),
            ("lo", found.slope.low),
            ("hi", found.slope.high),
            ("second_half", found.second_half),
            ("limit", found.limit),
            ("z", found.z),
            ("level", found.level),
            ("step", found.step),
            ("growth", found.growth),
        ];
        for (key, got) in figures {
            // The cases are rounded to five decimals.
            let off = (got - number(&case["figures"][key])).abs();
            assert!(off < 1e-4, "{name} {key}: {got} is not {}", case["figures"][key]);
        }
    }
}

#[test]
fn capacities_are_found_where_they_were_computed() {
    for case in list(&json("capacity.json")) {
        let mut search = Search::new(loadgate::stats::capacity::Settings::default());
        for trial in list(&case["trials"]) {
            // The cases are rounded to four decimals.
            let load = search.next_load().unwrap();
            assert!((load - number(&trial[0])).abs() < 1e-4, "{load} is not {trial}");
            search.tell(trial[1].as_bool().unwrap());
        }
        assert_eq!(search.next_load(), None);
        let Some(Capacity::Found(found)) = search.capacity() else { panic!("nothing found") };
        near(found.value, number(&case["estimate"]), 1e-6, "capacity");
        near(found.low, number(&case["ci90"][0]), 1e-6, "lower end");
        near(found.high, number(&case["ci90"][1]), 1e-6, "upper end");
    }
}

#[test]
fn coarse_pairs_alone_clear_nobody() {
    for case in list(&json("numeric.json.gz")).iter().filter(|case| case["name"] == "aa_5x5") {
        let mut few = pairs(case);
        for pair in &mut few {
            pair.baseline.iter_mut().chain(&mut pair.candidate).for_each(|cell| cell.n = 1_000);
        }
        few.retain(|pair| pair.percentile > 0.98);
        let found = Comparison::of(&few, &Settings::default()).unwrap();
        assert!(found.rows.iter().all(|row| row.tier == Tier::Coarse));
        assert!(found.rows.iter().any(|row| row.decision == Decision::Go));
        assert_eq!(found.decision, Decision::Inconclusive);
        assert_eq!(found.coverage.endpoints, 0);
    }
}
