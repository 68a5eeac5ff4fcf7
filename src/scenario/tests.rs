//! The language as a whole: a complete scenario, all mistakes at once, limits, hostile texts.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::units::{Nanos, Ratio};

const CUSTOMER: &str = include_str!("tests/customer.yaml");

/// A step of a kind that only these tests know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GetSpec {
    get: At<Template>,
    #[serde(default)]
    check: Vec<At<Check>>,
    #[serde(default)]
    capture: Named<At<Capture>>,
}

const GET_KEYS: [&str; 3] = ["get", "check", "capture"];

fn read(text: &str) -> (Tree, Option<ScenarioSpec>, Diagnostics) {
    let mut tree = Tree::new();
    let mut out = Diagnostics::new();
    let root = tree.add("a.yaml", text, &mut out);
    let spec = root.and_then(|root| tree.read(root, &mut out));
    (tree, spec, out)
}

/// The mistakes as `line:column message | hint`.
fn mistakes(text: &str) -> Vec<String> {
    let (_, _, out) = read(text);
    out.into_vec()
        .into_iter()
        .map(|one| {
            let place = one.place.unwrap_or_default();
            let hint = one.hint.map(|hint| format!(" | {hint}")).unwrap_or_default();
            format!("{}:{} {}{hint}", place.line, place.column, one.message)
        })
        .collect()
}

fn check(text: &str, want: &[&str]) {
    assert_eq!(mistakes(text), want, "{text}");
}

#[test]
fn the_customer_journey_is_read() {
    let (tree, spec, out) = read(CUSTOMER);
    let shown: String = out.iter().map(|one| one.render(false)).collect();
    assert_eq!(shown, "");
    let spec = spec.unwrap();
    assert_eq!(spec.name.as_deref().map(String::as_str), Some("customer"));
    assert_eq!(spec.sessions.names().collect::<Vec<_>>(), ["customer", "farmer", "admin"]);
    let journey = spec.journeys.get("customer").unwrap();
    assert_eq!(journey.weight.map(|at| at.value), Some(80.0));
    assert_eq!(journey.feed.len(), 1);
    let first = journey.steps[0];
    let keys: Vec<&str> = tree.keys(first.node()).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["get", "query", "check", "capture", "slo"]);
    let steady = &spec.load[2];
    assert_eq!(steady.arrivals, ArrivalKind::Poisson);
    assert_eq!(steady.length.value, Nanos::from_secs(600));
    assert!(!spec.load[0].measure && steady.measure);
    let (subject, conditions) = &spec.thresholds.iter().as_slice()[3];
    assert_eq!(
        subject.parse::<ThresholdSubject>().unwrap().selectors[0].pattern,
        "POST /api/orders"
    );
    assert_eq!(conditions[0].threshold.sustained, Some(Nanos::from_secs(120)));
    let gate = spec.gate.unwrap();
    let limit = |relation, limit| Some((relation, limit));
    let change = |band: &BandSpec| band.change.as_ref().map(|at| (at.relation, at.limit));
    assert_eq!(change(&gate.go), limit(Relation::LessOrEqual, Limit::Change(Ratio(0.1))));
    assert_eq!(change(&gate.no_go), limit(Relation::Greater, Limit::Change(Ratio(0.2))));
}

#[test]
fn a_step_is_read_by_its_kind_and_by_what_all_steps_have() {
    let (tree, spec, _) = read(
        "journeys:\n  a:\n    steps:\n      - { get: '/x?${q}', checks: [], on_fail: end, slo: p(95)<500 }\n",
    );
    let step = spec.unwrap().journeys.get("a").unwrap().steps[0].node();
    let mut out = Diagnostics::new();
    let common: CommonSpec = tree.read_beside(step, &GET_KEYS, &mut out).unwrap();
    let get: GetSpec = tree.read_beside(step, CommonSpec::KEYS, &mut out).unwrap();
    assert_eq!(common.on_fail, OnFail::End);
    assert_eq!(common.slo[0].condition.limit, Limit::Duration(Nanos::from_millis(500)));
    assert_eq!(get.get.path_template(), "/x");
    assert!(get.check.is_empty() && get.capture.is_empty());
    let shown: Vec<String> = out.iter().map(|one| one.render(false)).collect();
    insta::assert_snapshot!(shown.concat(), @r"
    error: unknown key `checks`
     --> a.yaml:4:27
      |
    4 |       - { get: '/x?${q}', checks: [], on_fail: end, slo: p(95)<500 }
      |                           ^^^^^^
      = hint: did you mean `check`?
    ");
}

#[test]
fn all_mistakes_are_found_at_once() {
    let text = "\
versoin: 1
http: { timeout: 5x, redirects: many, cookies: maybe }
feeders:
  users: { csv: a.csv, pick: uniqe }
  search: { pick: random }
  other: data.csv
sessions: [ a ]
journeys:
  a:
    weight: heavy
    steps:
      - get: /a
      - think
load:
  - { phase: one, rate: 5/s, for: 10 }
  - { phase: two, rates: 5/s, for: 10s }
  - { phase: three, users: -3, fro: 10s }
thresholds:
  http_req_duration: [ p(95) < 500xs, avg < 200ms, p(0) < 1 ]
  http_req_failed: { threshold: rate < 1%, abortOnFail: true }
";
    check(
        text,
        &[
            "1:1 unknown key `versoin` in a scenario | did you mean `version`?",
            "2:18 expected a duration such as `250ms`, `30s` or `1h30m`, found `5x`",
            "2:33 expected a whole number, found `many`",
            "2:48 expected `true` or `false`, found `maybe`",
            "4:30 expected `sequential`, `random`, `shuffle` or `unique`, found `uniqe` | did you mean `unique`?",
            "5:11 missing key `csv` in a feeder",
            "6:10 expected a feeder: a mapping with `csv` or `pick`, found `data.csv`",
            "7:11 expected a mapping of names to values, found a list",
            "10:13 expected a number, found `heavy`",
            "13:9 expected a step such as `{ get: /api/farms }`, found `think`",
            "15:35 expected a duration such as `250ms`, `30s` or `1h30m`, found `10`",
            "16:19 unknown key `rates` in a phase | did you mean `rate`?",
            "17:28 expected a number of users such as `30` or a ramp such as `0..30`, found `-3`",
            "17:32 unknown key `fro` in a phase | did you mean `for`?",
            "19:24 `p(95)` is held against a duration such as `250ms`, `30s` or `1h30m`, found `500xs`",
            "19:52 `p(0)`: a percentile is above 0 and at most 100",
        ],
    );
}

#[test]
fn what_is_right_beside_a_mistake_is_kept() {
    let (_, spec, out) =
        read("name: x\nhttp: { timeout: 5x, redirects: 3 }\njourneys: { a: {}, b: 5 }\n");
    let spec = spec.unwrap();
    assert_eq!(out.len(), 2);
    assert_eq!(spec.http.redirects.value, 3);
    assert_eq!(spec.http.timeout, None);
    assert_eq!(spec.journeys.names().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn an_empty_value_is_not_written() {
    let (_, spec, out) = read("name: x\nload:\njourneys:\n  a:\n    weight: ~\n    steps: []\n");
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(spec.unwrap().journeys.get("a").unwrap().weight, None);
    check("load: [ { phase: a, for: } ]", &["1:9 missing key `for` in a phase"]);
    check("name: []", &["1:7 expected a text, found a list"]);
    check(
        "- a",
        &[
            "1:1 expected a scenario: a mapping with `version`, `name`, `include`, `target`, `health`, …, found a list",
        ],
    );
}

#[test]
fn numbers_out_of_range_and_lists_for_structs_are_told() {
    check("version: -1", &["1:10 `-1` is out of range"]);
    check("http: { redirects: 5000000000 }", &["1:20 `5000000000` is out of range"]);
    check(
        "http: []",
        &[
            "1:7 expected `http`: a mapping with `version`, `cookies`, `timeout`, `connect_timeout`, `headers`, …, found a list",
        ],
    );
}

#[test]
fn windows_line_ends_and_letters_beyond_ascii_move_no_place() {
    check(
        "\u{feff}name: Höfe 🌾\r\nhttp: { headers: { ü: [] } }\r\nlaod: []\r\n",
        &[
            "2:23 expected a text, with variables as `${name}` or `${NAME:-default}`, found a list",
            "3:1 unknown key `laod` in a scenario | did you mean `load`?",
        ],
    );
}

#[test]
fn duplicate_keys_name_both_places() {
    check(
        "name: a\nhttp: {}\nname: b\n",
        &["3:1 duplicate key `name`, first written in line 1, column 1 | remove one of them"],
    );
}

#[test]
fn a_duplicate_key_hides_no_other_mistake() {
    check(
        "name: a\nname: b\nlaod: []\n",
        &[
            "2:1 duplicate key `name`, first written in line 1, column 1 | remove one of them",
            "3:1 unknown key `laod` in a scenario | did you mean `load`?",
        ],
    );
}

#[test]
fn what_is_not_yaml_has_a_place() {
    for (text, line) in [
        ("a: [1, 2\nb: 3\n", 2),
        ("a:\n\t- x\n", 2),
        ("a: \"x\n", 2),
        ("a: b: c\n", 1),
        ("a: 1\n  b: 2\n", 2),
        ("a: *nowhere\n", 1),
        ("a: {{x}: 1}\n", 1),
        ("a: !secret x\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
    ] {
        let (_, _, out) = read(text);
        let first = out.iter().next().unwrap_or_else(|| panic!("{text:?} is refused"));
        let place = first.place.as_ref().unwrap();
        assert!(place.line.abs_diff(line) <= 1, "{text:?}: {}", first.render(false));
    }
    assert_eq!(
        mistakes("")[0],
        "0:0 `a.yaml` is empty | a scenario has at least `journeys:` and `load:`"
    );
}

#[test]
fn anchors_aliases_and_merge_keys_share_what_was_written() {
    let (tree, spec, out) = read(
        "feeders:\n  a: &a { csv: x.csv, pick: random }\n  b: *a\n  c: { <<: *a, pick: shuffle }\n",
    );
    assert!(out.is_empty(), "{out:?}");
    let feeders = spec.unwrap().feeders;
    assert_eq!(feeders.get("b"), feeders.get("a"));
    let c = feeders.get("c").unwrap();
    assert_eq!((c.csv.as_str(), c.pick), ("x.csv", FeederPick::Shuffle));
    assert_eq!(tree.place(c.csv.node).line, 2);
    check(
        "feeders:\n  c: { <<: 3 }",
        &["2:12 `<<` takes a mapping | write `<<: *anchor` where `anchor` names a mapping"],
    );
    check("a: &a [ *a ]", &["1:9 an alias inside of what it stands for"]);
}

#[test]
fn texts_beyond_the_limits_are_refused_at_once() {
    let first = |text: &str| mistakes(text).into_iter().next().unwrap_or_default();
    let large = first(&"a".repeat(10 * MAX_TEXT));
    assert!(large.contains("the most is 1048576 (1 MiB)"), "{large}");
    for open in ["[", "- ", "{a: ", "? "] {
        let deep = first(&open.repeat(200));
        assert!(deep.contains("nested deeper than 64"), "{deep}");
        assert!(!first(&open.repeat(100_000)).is_empty());
    }
    let many = format!("a: [{}]", "1,".repeat(MAX_NODES));
    assert!(first(&many).contains("more than 100000 values"), "{}", first(&many));
    let bomb = |width: usize, levels: usize| {
        let level = |at: usize| match at {
            0 => format!("a0: &a0 [{}]\n", "x, ".repeat(width)),
            _ => format!("a{at}: &a{at} [{}]\n", format!("*a{}, ", at - 1).repeat(width)),
        };
        first(&(0..levels).map(level).collect::<String>())
    };
    assert!(bomb(10, 12).contains("aliases make more than 200000 values"), "{}", bomb(10, 12));
    assert!(bomb(1, 200).contains("nested deeper than 64"), "{}", bomb(1, 200));
}

#[test]
fn a_thousand_mistakes_are_a_hundred_and_the_rest_is_soon_given_up() {
    let wrong = "  - { phase: 1, for: x, rate: y }\n".repeat(10_000);
    assert_eq!(read(&format!("load:\n{wrong}")).2.len(), MAX_DIAGNOSTICS);
    // Behind much that is right, each mistake costs as much as all of that.
    let right = "  - { phase: 1, for: 1s }\n".repeat(15_000);
    let (_, _, out) = read(&format!("load:\n{right}{}", "  - { phase: 1, for: x }\n".repeat(200)));
    let last = out.iter().map(|one| &one.message).find(|text| text.contains("to look for more"));
    assert!(last.is_some() && out.len() > 5, "{}", out.len());
}

#[test]
fn the_schema_describes_the_language() {
    let step = json!({ "type": "object", "$defs": { "Get": { "type": "string" } } });
    let schema = schema(step);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["$defs"]["Step"], json!({ "type": "object" }));
    assert_eq!(schema["$defs"]["Get"], json!({ "type": "string" }));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["load"]["items"]["$ref"], "#/$defs/Phase");
    let phase = &schema["$defs"]["Phase"];
    assert_eq!(phase["required"], json!(["phase", "for"]));
    assert_eq!(phase["properties"]["for"]["examples"][0], "250ms");
    let steps = &schema["$defs"]["Journey"]["properties"]["steps"];
    assert_eq!(steps["items"]["$ref"], "#/$defs/Step");
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn walk(value: &Value, path: &str, bare: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (key, property) in properties {
                if property.get("description").is_none() {
                    bare.push(format!("{path}/{key}"));
                }
            }
        }
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, inner)| walk(inner, &format!("{path}/{key}"), bare));
            }
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, path, bare)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut bare = Vec::new();
    walk(&schema(json!(true)), "", &mut bare);
    assert!(bare.is_empty(), "{bare:?}");
}

/// Enough of JSON Schema to tell a scenario that fits from one that doesn't.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(target.trim_start_matches('#')).unwrap();
        return fits(root, target, value);
    }
    let any = |list: &Value| list.as_array().unwrap().iter().any(|one| fits(root, one, value));
    if schema.get("anyOf").is_some_and(|list| !any(list))
        || schema.get("oneOf").is_some_and(|list| !any(list))
        || schema.get("const").is_some_and(|one| one != value)
        || schema.get("enum").is_some_and(|list| !list.as_array().unwrap().contains(value))
    {
        return false;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = |word: &Value| word == kind || (word == "number" && kind == "integer");
    if let Some(kinds) = schema.get("type") {
        let one = kinds.as_array().map_or_else(|| is_kind(kinds), |all| all.iter().any(is_kind));
        if !one {
            return false;
        }
    }
    match value {
        Value::Object(map) => {
            let required = schema.get("required").and_then(Value::as_array);
            required.is_none_or(|all| all.iter().all(|key| map.contains_key(key.as_str().unwrap())))
                && map.iter().all(|(key, inner)| {
                    match schema.pointer(&format!("/properties/{key}")) {
                        Some(property) => fits(root, property, inner),
                        None => schema
                            .get("additionalProperties")
                            .is_none_or(|others| fits(root, others, inner)),
                    }
                })
        }
        Value::Array(list) => {
            schema.get("items").is_none_or(|items| list.iter().all(|one| fits(root, items, one)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            *schema != Value::Bool(false)
        }
    }
}

#[test]
fn the_customer_journey_fits_the_schema_and_an_unknown_key_does_not() {
    let schema = schema(json!({ "type": "object" }));
    let as_json = |text: &str| {
        let mut tree = Tree::new();
        let mut out = Diagnostics::new();
        let root = tree.add("a.yaml", text, &mut out).unwrap();
        tree.read::<Value>(root, &mut out).unwrap()
    };
    assert!(fits(&schema, &schema, &as_json(CUSTOMER)));
    assert!(!fits(&schema, &schema, &as_json(&CUSTOMER.replace("measure:", "measures:"))));
    assert!(!fits(&schema, &schema, &as_json("http: { cookies: 5 }")));
}

/// Texts that look like scenarios.
fn scenario_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "{ ",
        "}",
        "[ ",
        "]",
        ", ",
        "&a ",
        "*a ",
        "<<: ",
        "|",
        ">",
        "\"",
        "'",
        "# ",
        "!!str ",
        "!x ",
        "---",
        "...",
        "%YAML 1.2",
        "? ",
        ": ",
        "\t",
        "\u{feff}",
        "é",
        "load:",
        "journeys:",
        "steps:",
        "http:",
        "thresholds:",
        "phase: x",
        "rate: 5/s..",
        "for: 1m",
        "p(95) < 5",
        "${x",
        "$.a[",
        "\r\n",
        "\u{2028}",
        "\0",
        "feeders:",
        "csv: x",
        "null",
        "~",
        "@",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![scenario_like(), any::<String>()]) {
        let (_, _, out) = read(&text);
        for one in &out {
            prop_assert!(!one.render(false).contains('\0'));
        }
    }

    #[test]
    fn a_damaged_scenario_never_makes_the_reader_panic(at in 0..CUSTOMER.len(), piece in "[ -~\n]{0,3}") {
        let mut text = CUSTOMER.to_owned();
        text.insert_str(at, &piece);
        let (_, _, out) = read(&text);
        for one in &out {
            prop_assert!(one.place.is_some());
        }
    }

    #[test]
    fn a_subject_is_read_as_it_is_shown(
        patterns in prop::collection::vec("[a-zA-Z*/{},' :=\\\\\"-]{0,8}[a-z*\\\\]", 0..4),
        negated: bool,
    ) {
        let selector = |pattern: String| Selector { tag: Tag::Step, pattern: pattern.trim().to_owned(), negated };
        let selectors = patterns.into_iter().map(selector).collect();
        let subject = ThresholdSubject { metric: "checks".to_owned(), selectors };
        prop_assert_eq!(subject.to_string().parse(), Ok(subject));
    }

    #[test]
    fn no_text_makes_a_grammar_panic(text in prop_oneof!["[\\PC]{0,30}", "[a-z$.(){}|<>=!\"' 0-9%/:*,+-]{0,30}"]) {
        let shown = |result: Result<String, GrammarError>| result.is_ok();
        shown(text.parse::<Check>().map(|one| one.to_string()));
        shown(text.parse::<Capture>().map(|one| one.to_string()));
        shown(text.parse::<VariableTest>().map(|one| one.to_string()));
        shown(text.parse::<SloSpec>().map(|one| one.to_string()));
        shown(text.parse::<CompareSpec>().map(|one| one.to_string()));
        if let Ok(condition) = text.parse::<Condition>() {
            prop_assert_eq!(condition.to_string().parse(), Ok(condition));
        }
        shown(text.parse::<ThresholdSubject>().map(|one| one.to_string()));
    }
}
