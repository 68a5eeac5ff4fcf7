//! The gate as it is written, in a scenario and in a file of its own: what becomes of it, and
//! every mistake with its place and remedy.

use loadgate::plan::{Gate, Inputs, Overrides, Reaction, compile, policy_file};
use loadgate::record::{Compared, Figure, Lines, Policy, SeriesRule};
use loadgate::scenario::Diagnostic;
use loadgate::steps::KINDS;
use loadgate::units::{Nanos, Ratio};

/// What this language has for the gate.
const WHOLE: &str = r#"
gate:
  baseline: prisma-6.19
  compare:  [ http p95, http med, sql p99.9 ]
  go:       { change: "<= +12%", error_rate: "< 0.5%" }
  no_go:    { change: "> +25%",  error_rate: ">= 2%" }
  rollback: { change: "> +60%",  error_rate: "> 4%", sustained: 3m }
  confidence: 90%
  floor: 0
  must_have: 1000
  coverage: 75%
  series:
    "POST /api/orders": { critical: true, must_have: true, change: +5%, error_budget: 0.1% }
    "GET /api/uploads/*": { weight: 0 }
    "GET /api/search*": { weight: 0.5, go: "<= +20%", no_go: "> +40%", rollback: "> +80%" }
    "SELECT*": { error_budget: 30%, no_go: "> +30%" }
  on_rollback:
    - exec: [ ./page-on-call.sh, "${PLACE:-staging}" ]
    - webhook: "${ROLLBACK_WEBHOOK}"
    - webhook: "${NOT_SET:-}"
  on_change:
    - exec: ./tell.sh
"#;

const JOURNEYS: &str = r#"
target: http://shop
journeys:
  shop:
    steps:
      - { get: "/api/farms/${seq}", name: View farm }
      - { get: /api/uploads/logo }
      - { get: /api/search, query: { q: x } }
      - { get: /api/search/near }
      - { post: /api/orders }
  other: { steps: [ { get: /other } ] }
"#;

fn environment(name: &str) -> Option<String> {
    match name {
        "ROLLBACK_WEBHOOK" => Some("https://hooks.example/T0/secret?x=1".to_owned()),
        "NONSENSE" => Some("secret words".to_owned()),
        _ => None,
    }
}

fn with_inputs<T>(text: &str, read: impl FnOnce(&Inputs<'_>) -> T) -> T {
    let none = |_: &str| Err("there is no such file".to_owned());
    read(&Inputs { path: "p.yaml", text, read: &none, environment: &environment })
}

/// Mistakes as `line:column message | hint`.
fn told(mistakes: &[Diagnostic]) -> Vec<String> {
    let told = mistakes.iter().map(|one| {
        let place = one.place.clone().unwrap_or_default();
        let hint = one.hint.as_ref().map(|hint| format!(" | {hint}")).unwrap_or_default();
        format!("{}:{} {}{hint}", place.line, place.column, one.message)
    });
    told.collect()
}

fn of_file(text: &str) -> Result<Gate, Vec<String>> {
    with_inputs(text, policy_file).map_err(|mistakes| told(&mistakes))
}

fn of_scenario(text: &str, overrides: &Overrides) -> Result<Gate, Vec<String>> {
    with_inputs(text, |inputs| compile(inputs, KINDS, overrides))
        .map(|plan| plan.gate)
        .map_err(|mistakes| told(&mistakes))
}

/// The mistakes of a policy file.
fn check(text: &str, want: &[&str]) {
    let got = of_file(text).err().unwrap_or_default();
    assert_eq!(got, want, "{text}");
}

/// The mistakes of a scenario with these rules for series, which begin in line 3.
fn check_series(series: &str, want: &[&str]) {
    let text = format!("gate:\n  series:\n    {series}{JOURNEYS}");
    let got = of_scenario(&text, &Overrides::default()).err().unwrap_or_default();
    assert_eq!(got, want, "{series}");
}

fn lines([go, no_go, rollback]: [f64; 3]) -> Lines {
    Lines { go: Ratio(go), no_go: Ratio(no_go), rollback: Ratio(rollback) }
}

/// What [`WHOLE`] means.
fn whole() -> Gate {
    let figure = |of, quantile| Figure { of, quantile };
    let rule = |pattern: &str| SeriesRule { pattern: pattern.to_owned(), ..SeriesRule::default() };
    let policy = Policy {
        figures: vec![
            figure(Compared::Http, 0.95),
            figure(Compared::Http, 0.5),
            figure(Compared::Sql, 0.999),
        ],
        change: lines([0.12, 0.25, 0.6]),
        errors: lines([0.005, 0.02, 0.04]),
        confidence: Ratio(0.9),
        floor: Nanos::ZERO,
        least: 1_000,
        coverage: Ratio(0.75),
        sustained: Nanos::from_secs(180),
        series: vec![
            SeriesRule {
                critical: true,
                must_have: true,
                change: Some(lines([0.05, 0.1, 0.25])),
                errors: Some(lines([0.001, 0.002, 0.005])),
                ..rule("POST /api/orders")
            },
            SeriesRule { weight: 0.0, ..rule("GET /api/uploads/*") },
            SeriesRule {
                weight: 0.5,
                change: Some(lines([0.2, 0.4, 0.8])),
                ..rule("GET /api/search*")
            },
            SeriesRule {
                change: Some(lines([0.12, 0.3, 0.6])),
                errors: Some(lines([0.3, 0.6, 1.0])),
                ..rule("SELECT*")
            },
        ],
    };
    let words = ["./page-on-call.sh", "staging"].map(str::to_owned);
    let webhook = "https://hooks.example/T0/secret?x=1".to_owned();
    Gate {
        policy,
        baseline: Some("prisma-6.19".to_owned()),
        on_rollback: vec![Reaction::Exec(words.into()), Reaction::Webhook(webhook)],
        on_change: vec![Reaction::Exec(vec!["./tell.sh".to_owned()])],
    }
}

#[test]
fn a_whole_policy_is_read_from_a_scenario_and_from_a_file() {
    let scenario = format!("{JOURNEYS}{WHOLE}");
    assert_eq!(of_scenario(&scenario, &Overrides::default()), Ok(whole()));
    assert_eq!(of_file(WHOLE), Ok(whole()));
    let bare = WHOLE.lines().skip(2).collect::<Vec<_>>().join("\n");
    assert_eq!(of_file(&bare), Ok(whole()));
}

#[test]
fn what_is_not_written_is_the_staging_guides() {
    assert_eq!(of_scenario(JOURNEYS, &Overrides::default()), Ok(Gate::default()));
    let spelled = "compare: [ http p95, http p99, sql p95, sql p99 ]\n\
                   go: { change: \"<= +10%\", error_rate: \"<= 1%\" }\n\
                   no_go: { change: \"> +20%\", error_rate: \"> 2%\" }\n\
                   rollback: { change: \"> +50%\", error_rate: \"> 5%\", sustained: 2m }\n\
                   confidence: 95%\nfloor: 2ms\nmust_have: 0\ncoverage: 50%\nseries: {}\n\
                   on_rollback: []\n";
    assert_eq!(of_file(spelled), Ok(Gate::default()));
    assert_eq!(of_file("gate: {}"), Ok(Gate::default()));
}

#[test]
fn a_policy_survives_the_record() {
    let policy = whole().policy;
    let text = serde_json::to_string(&policy).unwrap();
    assert!(!text.contains("hooks.example"), "{text}");
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
}

#[test]
fn a_file_that_is_no_policy_is_refused() {
    check("", &["0:0 `p.yaml` is empty | write for example `go: { change: \"<= +10%\" }`"]);
    check(
        "# nothing yet\n",
        &["0:0 `p.yaml` is empty | write for example `go: { change: \"<= +10%\" }`"],
    );
    check(
        "- go",
        &[
            "1:1 expected `gate`: a mapping with `baseline`, `compare`, `go`, `no_go`, `rollback`, …, found a list",
        ],
    );
    check(
        "cofidence: 95%",
        &["1:1 unknown key `cofidence` in `gate` | did you mean `confidence`?"],
    );
    check(
        "version: 1\ngate: { flor: 2ms }",
        &[
            "1:1 unknown key `version` in a policy | known keys: gate",
            "2:9 unknown key `flor` in `gate` | did you mean `floor`?",
        ],
    );
    check(
        "floor: 2ms\nfloor: 3ms",
        &["2:1 duplicate key `floor`, first written in line 1, column 1 | remove one of them"],
    );
}

#[test]
fn only_percentiles_are_compared() {
    check("compare: [ http avg ]", &["1:12 `avg`: the gate compares percentiles below 100"]);
    check("compare: [ sql max ]", &["1:12 `max`: the gate compares percentiles below 100"]);
    check("compare: [ sql p100 ]", &["1:12 `p(100)`: the gate compares percentiles below 100"]);
    check("compare: [ http rate ]", &["1:12 `rate`: the gate compares percentiles below 100"]);
    check("compare: [ http p0 ]", &["1:12 `p0`: a percentile is above 0 and at most 100"]);
    check(
        "compare: [ htpp p95, p95 ]",
        &[
            "1:12 expected a figure to compare such as `http p95` or `sql p99`, found `htpp p95`",
            "1:22 expected a figure to compare such as `http p95` or `sql p99`, found `p95`",
        ],
    );
    check(
        "compare: [ http p50, sql p50, http med ]",
        &["1:31 `http p50` is compared twice | remove one of them"],
    );
    check(
        "compare: []",
        &["1:10 nothing is compared | name percentiles, for example `[ http p95 ]`"],
    );
}

#[test]
fn lines_have_one_spelling() {
    check(
        "go: { change: \"<= 10%\", error_rate: \"<= +1%\" }",
        &[
            "1:15 expected the change up to which it is GO, found `<= 10%` | write `<= +10%`",
            "1:37 expected the share of failed requests up to which it is GO, found `<= +1%` | write `<= 1%`",
        ],
    );
    check(
        "no_go: { change: \"<= +20%\", error_rate: \"> 0.02\" }",
        &[
            "1:18 expected the change beyond which it is NO-GO, found `<= +20%` | write `> +20%`",
            "1:41 expected the share of failed requests beyond which it is NO-GO, found `> 0.02` | write `> 2%`",
        ],
    );
    check(
        "rollback: { change: \"== +50%\" }",
        &["1:21 expected the change beyond which it is ROLLBACK, found `== +50%` | write `> +50%`"],
    );
    check(
        "go: { change: \"<= +0%\" }",
        &["1:15 the change can't be +0% | give one above +0% and up to +1000%"],
    );
    check(
        "go: { change: \"<= -5%\" }\nrollback: { change: \"> +2000%\", error_rate: \"> 101%\" }",
        &[
            "1:15 the change can't be -5% | give one above +0% and up to +1000%",
            "2:21 the change can't be +2000% | give one above +0% and up to +1000%",
            "2:45 the share of failed requests can't be 101% | give one from 0% to 100%",
        ],
    );
    check(
        "go: { change: +10% }",
        &["1:15 expected a limit such as `<= +10%` or `< 1%`, found `+10%`"],
    );
    check(
        "go: { sustained: 1m }",
        &["1:7 unknown key `sustained` in a band of the gate | known keys: change, error_rate"],
    );
}

#[test]
fn lines_rise() {
    let hint = " | give all three; what is not written has its usual line";
    let rise = |place: &str, key: &str, [go, no_go, rollback]: [&str; 3]| {
        format!(
            "{place} the lines of `{key}` must rise, and `go` is {go}, `no_go` {no_go}, `rollback` {rollback}{hint}"
        )
    };
    check("go: { change: \"<= +30%\" }", &[&rise("1:15", "change", ["30%", "20%", "50%"])]);
    check(
        "go: { error_rate: \"<= 1.5%\" }\nno_go: { error_rate: \"> 1%\" }",
        &[&rise("2:22", "error_rate", ["1.5%", "1%", "5%"])],
    );
    check("rollback: { change: \"> +15%\" }", &[&rise("1:21", "change", ["10%", "20%", "15%"])]);
    check(
        "series: { a: { change: +30%, no_go: \"> +40%\", rollback: \"> +35%\" } }",
        &[&rise("1:57", "change", ["30%", "40%", "35%"])],
    );
    check("go: { change: \"<= +20%\" }\nrollback: { change: \"> +20%\" }", &[]);
}

#[test]
fn shares_have_their_sign_and_their_range() {
    check(
        "confidence: 0.95\ncoverage: 50\nseries: { a: { error_budget: 0.1 } }",
        &[
            "1:13 expected a share with its percent sign such as `0.1%`, found `0.95`",
            "2:11 expected a share with its percent sign such as `0.1%`, found `50`",
            "3:30 expected a share with its percent sign such as `0.1%`, found `0.1`",
        ],
    );
    check(
        "confidence: 49.9%\ncoverage: 101%",
        &[
            "1:13 the confidence can't be 49.9% | give a share from 50% to 99.9%",
            "2:11 the coverage can't be 101% | give a share from 0% to 100%",
        ],
    );
    check("confidence: 99.9%\ncoverage: 0%", &[]);
    check(
        "confidence: 100%",
        &["1:13 the confidence can't be 100% | give a share from 50% to 99.9%"],
    );
    check(
        "series: { a: { error_budget: 0% }, b: { error_budget: 101% } }",
        &[
            "1:30 an error budget can't be 0% | give a share above 0% and up to 100%, for example `0.1%`",
            "1:55 an error budget can't be 101% | give a share above 0% and up to 100%, for example `0.1%`",
        ],
    );
    check(
        "floor: -2ms",
        &["1:8 expected a duration such as `250ms`, `30s` or `1h30m`, found `-2ms`"],
    );
    check("must_have: some", &["1:12 expected a whole number, found `some`"]);
    check(
        "baseline: ' '",
        &[
            "1:11 the baseline has no name | name one, for example `baseline: prisma-6.19`, or leave it out",
        ],
    );
}

#[test]
fn rules_of_series_are_consistent() {
    check(
        "series: { a: { weight: -1 }, b: { weight: 1001 }, c: { weight: heavy } }",
        &[
            "1:24 a weight can't be -1 | give a weight from 0 (only shown) to 1000; 1 is the usual one",
            "1:43 a weight can't be 1001 | give a weight from 0 (only shown) to 1000; 1 is the usual one",
            "1:64 expected a number, found `heavy`",
        ],
    );
    check(
        "series: { a: { weight: 0, critical: true } }",
        &[
            "1:24 a series of weight 0 is only shown, so that it can't be critical | remove `critical` or `weight`",
        ],
    );
    check(
        "series: { a: { change: +5%, go: \"<= +5%\" } }",
        &["1:24 `change` and `go` say the same of this series | remove one of them"],
    );
    check(
        "series: { a: { change: 5% }, b: { change: +0% }, c: { must_have: 7 } }",
        &[
            "1:24 expected a change such as `+5%`, found `5%`",
            "1:43 the change can't be +0% | give one above +0% and up to +1000%",
            "1:66 expected `true` or `false`, found `7`",
        ],
    );
    check(
        "series: { \"\": { weight: 0 } }",
        &["1:11 the pattern is empty | name endpoints or queries, for example `GET /api/farms*`"],
    );
    check(
        "series: { a: {}, a: {} }",
        &["1:18 duplicate key `a`, first written in line 1, column 11 | remove one of them"],
    );
}

#[test]
fn patterns_take_something_of_the_scenario() {
    check_series(
        "{ \"POST /api/order\": {}, \"GET /api/farms/${seq}\": {}, \"GET /nowhere/*\": {} }",
        &[
            "3:7 no endpoint of this scenario is `POST /api/order` | did you mean `POST /api/orders`?",
            "3:30 no endpoint of this scenario is `GET /api/farms/${seq}` | did you mean `GET /api/farms/{seq}`?",
            "3:59 no endpoint of this scenario is `GET /nowhere/*` | write it as reports do, with `*` for what may be anything: `GET /api/farms/{farmId}`, `GET /api/farms*`",
        ],
    );
    check_series(
        "{ View farm: { critical: true } }",
        &[
            "3:7 `View farm` is a step, and patterns are held against endpoints | write `GET /api/farms/{seq}`",
        ],
    );
    check_series(
        "{ \"GET /api/s*\": {}, \"GET /api/search\": { critical: true } }",
        &[
            "3:26 `GET /api/s*` above takes all series of `GET /api/search` | move it up: the first pattern counts",
        ],
    );
    check_series(
        "{ \"GET /api/search\": {}, \"GET /api/s*\": {}, \"* /other\": {}, \"*\": {} }",
        &[],
    );
    check_series("{ \"SELECT *\": {}, \"DELETE FROM x\": { weight: 0 } }", &[]);
}

#[test]
fn a_scenario_that_is_played_in_part_misses_no_other_part() {
    let text = format!("{JOURNEYS}gate: {{ series: {{ GET /other: {{ critical: true }} }} }}");
    let part = Overrides { journeys: vec!["shop".to_owned()], ..Overrides::default() };
    let gate = of_scenario(&text, &part).unwrap();
    assert!(gate.policy.series[0].critical);
}

#[test]
fn what_is_done_on_rollback_is_whole_and_tells_no_secret() {
    let hint = "write each as an entry of its own, `- exec: […]` or `- webhook: …`";
    let either = format!("an entry has either `exec` or `webhook` | {hint}");
    check(
        "on_rollback:\n- {}\n- { exec: a, webhook: http://b }",
        &[&format!("2:3 {either}"), &format!("3:3 {either}")],
    );
    check(
        "on_rollback: [ { exec: [] }, { exec: [ '', x ] } ]",
        &[
            "1:16 `exec` has no program | name it first, for example `exec: [ ./page-on-call.sh, staging ]`",
            "1:30 `exec` has no program | name it first, for example `exec: [ ./page-on-call.sh, staging ]`",
        ],
    );
    check(
        "on_rollback: [ { webhook: \"${NONSENSE}\" } ]",
        &[
            "1:27 the webhook is no address | it has the form `https://host/path`, without a user name",
        ],
    );
    check(
        "on_rollback: [ { webhook: \"${GONE}/x\" }, { exec: [ a, \"${b}\" ] } ]",
        &[
            "1:27 environment variable `GONE` is not set",
            "1:55 `b` can't be used here | only variables of the environment (`${UPPER_CASE}`) can",
        ],
    );
    check(
        "on_rollback: [ { exce: a } ]",
        &[
            "1:18 unknown key `exce` in an entry of `on_rollback` or `on_change` | did you mean `exec`?",
        ],
    );
    check("on_rollback: [ { exec: ~ } ]", &[&format!("1:16 {either}")]);
}

#[test]
fn all_mistakes_of_a_gate_are_told_beside_those_of_its_scenario() {
    let text = "target: http://shop\n\
                journeys: { j: { steps: [ { gte: / } ] } }\n\
                gate: { confidence: 5%, go: { change: \"< 1%\" }, series: { \"GET /x\": { weight: -1 } } }\n";
    let got = of_scenario(text, &Overrides::default()).unwrap_err();
    let places: Vec<&str> = got.iter().filter_map(|one| one.split(' ').next()).collect();
    assert_eq!(places, ["2:34", "3:21", "3:39", "3:79"], "{got:#?}");
}

#[test]
fn a_threshold_relative_to_the_baseline_is_carried_or_refused_with_its_place() {
    let compiled = |condition: &str| {
        let text = format!("{JOURNEYS}thresholds:\n  http_req_response: [ {condition} ]\n");
        with_inputs(&text, |inputs| compile(inputs, KINDS, &Overrides::default()))
    };
    let plan = compiled("p(95) <= +10%").unwrap();
    assert_eq!(plan.thresholds[0].condition, "p(95) <= +10%");
    let want = "13:24 `avg <= +10%` can't be judged: percentiles are compared with the baseline; \
                take `p(95)` or `med`";
    assert_eq!(told(&compiled("avg <= +10%").unwrap_err()), [want]);
}
