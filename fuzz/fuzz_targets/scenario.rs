//! Any text, read as a scenario: mistakes are told, nothing panics, nothing takes long.

#![no_main]

use libfuzzer_sys::fuzz_target;
use loadgate::scenario::{
    Capture, Check, CommonSpec, Condition, Diagnostics, ScenarioSpec, SloSpec, Template,
    ThresholdSubject, Tree, VariableTest,
};

fuzz_target!(|text: &str| {
    scenario(text);
    grammars(text);
});

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
    drop(text.parse::<VariableTest>());
}
