//! Any text, read as a scenario: mistakes are told, nothing panics, nothing takes long.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::plan::{Inputs, policy_file};
use loadgate::scenario::{
    Capture, Check, CommonSpec, CompareSpec, Condition, Diagnostics, ScenarioSpec, SloSpec,
    Template, ThresholdSubject, Tree, VariableTest,
};

fuzz_target!(|text: &str| {
    scenario(text);
    policy(text);
    grammars(text);
});

/// The text as a policy: its lines rise, whatever is written.
fn policy(text: &str) {
    let none = |_: &str| Err("there is no such file".to_owned());
    let inputs = Inputs { path: "fuzz.yaml", text, read: &none, environment: &|_| None };
    if let Ok(gate) = policy_file(&inputs) {
        for lines in [gate.policy.change, gate.policy.errors] {
            assert!(lines.go <= lines.no_go && lines.no_go <= lines.rollback);
        }
    }
}

/// The text as a file.
fn scenario(text: &str) {
    let mut tree = Tree::new();
    let mut out = Diagnostics::new();
    if let Some(root) = tree.add("fuzz.yaml", text, &mut out)
        && let Some(spec) = tree.read::<ScenarioSpec>(root, &mut out)
    {
        let journeys = spec.journeys.iter().flat_map(|(_, journey)| &journey.steps);
        for step in journeys {
            tree.read_beside::<CommonSpec>(step.node(), &["get"], &mut out);
        }
    }
    for diagnostic in &out {
        assert!(!diagnostic.render(true).is_empty());
    }
}

/// The text as a value of each grammar; what is shown is read as the same again.
fn grammars(text: &str) {
    if let Ok(template) = text.parse::<Template>() {
        assert_eq!(template.to_string().parse(), Ok(template));
    }
    if let Ok(condition) = text.parse::<Condition>() {
        assert_eq!(condition.to_string().parse(), Ok(condition));
    }
    drop(text.parse::<ThresholdSubject>());
    drop(text.parse::<Check>());
    drop(text.parse::<Capture>());
    drop(text.parse::<SloSpec>());
    if let Ok(compare) = text.parse::<CompareSpec>() {
        assert_eq!(compare.to_string().parse(), Ok(compare));
    }
    drop(text.parse::<VariableTest>());
}
