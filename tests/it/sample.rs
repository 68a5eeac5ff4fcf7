//! The sample of a report in `reports/sample/`: a comparison in simulated time, made from seeds.
//!
//! `LOADGATE_SAMPLE=write cargo nextest run sample` writes it anew; without that the test says
//! whether it is still what is made.

use std::path::Path;
use std::sync::Arc;

use http::HeaderMap;
use loadgate::engine::{Received, simulate};
use loadgate::gate::evidence::{Evidence, Wanted};
use loadgate::gate::judge::{Case, Design, Group, judge};
use loadgate::plan::{Failure, Inputs, Overrides, Phase, Plan, Request, compile};
use loadgate::record::{
    End, FORMAT, Generator, Header, Load, Machine, Origin, Policy, Repetition, RunRecord,
    StopReason, TargetInfo, ValidityPolicy, pool,
};
use loadgate::report::{Curve, Document, Judgement, format, picture};
use loadgate::steps::KINDS;
use loadgate::units::Nanos;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Repetitions of each side.
const REPETITIONS: u64 = 8;

const SCENARIO: &str = "
name: farm shop
target: http://shop.staging
load:
  - { phase: warm-up, rate: 0..40/s, for: 5s, measure: false }
  - { phase: steady, rate: 40/s, for: 60s }
thresholds:
  http_req_failed: [ rate < 1% ]
  http_req_response: [ p(95) < 200ms, p(99) < 500ms ]
journeys:
  customer:
    steps:
      - { name: See the farms, get: /api/farms }
      - { name: Search a product, get: '/api/products/search?q=carrots' }
      - { name: Look at a product, get: /api/products/17 }
      - { name: Put it into the cart, post: /api/cart/items, json: { productId: 17 } }
      - { name: Pay, post: /api/checkout }
      - { name: See the order, get: /api/orders/4711 }
";

/// What a page takes at the median, in milliseconds, and how much longer in the new version.
fn costs(path: &str) -> (f64, f64) {
    match path {
        path if path.starts_with("/api/farms") => (24.0, 1.02),
        path if path.starts_with("/api/products/search") => (38.0, 1.42),
        path if path.starts_with("/api/products") => (9.0, 0.97),
        path if path.starts_with("/api/cart") => (14.0, 1.05),
        path if path.starts_with("/api/checkout") => (61.0, 1.04),
        _ => (18.0, 1.0),
    }
}

fn plan() -> Arc<Plan> {
    let none = |_: &str| Err("there are no files".to_owned());
    let inputs =
        Inputs { path: "farm-shop.yaml", text: SCENARIO, read: &none, environment: &|_| None };
    match compile(&inputs, KINDS, &Overrides { seed: 11, ..Overrides::default() }) {
        Ok(plan) => Arc::new(plan),
        Err(all) => panic!("{}", all.iter().map(|one| one.render(false)).collect::<String>()),
    }
}

/// One repetition of the old or the new version. The server's times are log-normal, with a mean
/// that differs a little from one repetition to the next; one request in two thousand fails.
fn repetition(plan: &Arc<Plan>, version: &str, at: u64) -> RunRecord {
    let new = version.starts_with('7');
    let mut random = Pcg64::seed_from_u64(2 * at + u64::from(new));
    // The sum of twelve uniform numbers less six is normal enough for a sample.
    let mut normal = move || (0..12).map(|_| random.random_range(0.0..1.0)).sum::<f64>() - 6.0;
    let drift = (0.02 * normal()).exp();
    let server = |request: &Request, now: Nanos| {
        let (median, ratio) = costs(request.target());
        let slower = if new { ratio } else { 1.0 };
        let millis = median * slower * drift * (0.35 * normal()).exp();
        let end = now + Nanos::from_secs_f64(millis / 1e3);
        let status = if normal() > 3.3 { 503 } else { 200 };
        let (headers, body) = (HeaderMap::new(), bytes::Bytes::new());
        (
            end,
            Ok::<_, Failure>(Received {
                status,
                headers,
                body,
                body_bytes: 900,
                duration: end - now,
            }),
        )
    };
    let run = simulate(plan, server);
    let set = format!("20260302-0900{}0-sample", if new { 3 } else { 0 });
    RunRecord {
        header: Header {
            format: FORMAT,
            id: format!("20260302-09{:02}{}0-sample", at, if new { 3 } else { 0 }),
            scenario: plan.name.clone(),
            // The second of March 2026, 9 o'clock; a repetition of each side in turn.
            started_unix_ns: 1_772_442_000_000_000_000
                + (2 * at + u64::from(new)) * 80 * 1_000_000_000,
            seed: 11,
            load: Load {
                phases: plan.phases.iter().map(Phase::info).collect(),
                max_users: Some(100),
                workers: 1,
                precision: None,
            },
            leaks: Vec::new(),
            journeys: vec!["customer".to_owned()],
            thresholds: plan.thresholds.clone(),
            integrity: Vec::new(),
            origin: Origin {
                loadgate: "sample".to_owned(),
                engine: "simulated time".to_owned(),
                scenario_path: "farm-shop.yaml".to_owned(),
                machine: Machine { host: "sample".to_owned(), ..Machine::default() },
                target: TargetInfo {
                    url: "http://shop.staging".to_owned(),
                    version: Some(version.to_owned()),
                    ..TargetInfo::default()
                },
                ..Origin::default()
            },
            policy: ValidityPolicy::default(),
            gate: Policy::default(),
            repetition: Some(Repetition { set, number: u32::try_from(at).unwrap() + 1, of: 8 }),
            logs: loadgate::record::LogsText::default(),
            observation: None,
            features: Vec::new(),
        },
        catalogue: run.catalogue,
        totals: run.totals,
        intervals: run.intervals,
        end: Some(End {
            reason: StopReason::Complete,
            lasted: run.ended,
            generator: Generator::default(),
            samples: run.samples,
            notes: Vec::new(),
            integrity: Vec::new(),
        }),
    }
}

/// The comparison of both versions.
fn document() -> Document {
    let plan = plan();
    let wanted = Wanted::of(&Policy::default(), &[]);
    let side = |version: &str| -> (Vec<Evidence>, RunRecord) {
        let all: Vec<_> = (0..REPETITIONS).map(|at| repetition(&plan, version, at)).collect();
        let evidence = all.iter().map(|record| Evidence::of(record, &wanted).unwrap()).collect();
        (evidence, pool(all).unwrap())
    };
    let ((old, baseline), (new, candidate)) = (side("6.19.0"), side("7.0.1"));
    let ruling = judge(&Case {
        baseline: Group { name: "before", repetitions: &old },
        candidate: Group { name: "20260302-090030-sample", repetitions: &new },
        anchor: &[],
        noise: &[],
        policy: &Policy::default(),
        design: Design::Interleaved,
        accepted: &[],
        thresholds: &[],
        baseline_thresholds: &[],
        alarm: None,
    });
    let judgement = Judgement {
        ruling: Some(ruling),
        baseline_curve: Some(Curve::of(&baseline)),
        ..Judgement::default()
    };
    Document::new(&candidate, &judgement).unwrap()
}

#[test]
fn the_sample_is_what_is_made_from_its_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample");
    let document = document();
    let write = std::env::var_os("LOADGATE_SAMPLE").is_some_and(|word| word == "write");
    let text = |word: &str| format(word).unwrap().render(&document).unwrap();
    for (name, made) in [
        ("report.html", text("html")),
        ("report.md", text("markdown")),
        ("junit.xml", text("junit")),
        ("summary.svg", picture::summary_svg(&document)),
    ] {
        let path = folder.join(name);
        if write {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        let hint = "write it anew: LOADGATE_SAMPLE=write cargo nextest run sample";
        assert!(made == kept, "{name} is not what is made now; {hint}");
    }
}
