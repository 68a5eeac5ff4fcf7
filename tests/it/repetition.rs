//! The load of a repetition: short, and the same from its first second to its last.

use std::fmt::Write as _;

use loadgate::plan::{Inputs, LoadOverrides, Overrides, Phase, compile};
use loadgate::steps::KINDS;
use loadgate::units::Nanos;

const LEAD: Nanos = Nanos::from_secs(5);

fn repeated() -> LoadOverrides {
    LoadOverrides { lead: Some(LEAD), ..LoadOverrides::default() }
}

/// The phases of a scenario with this load, one a line, or what is wrong with them.
fn phases(load: &str, overrides: LoadOverrides) -> String {
    let text =
        format!("target: http://shop\njourneys: {{ j: {{ steps: [ {{ get: / }} ] }} }}\n{load}");
    let none = |_: &str| Err("there is no such file".to_owned());
    let inputs = Inputs { path: "test.yaml", text: &text, read: &none, environment: &|_| None };
    let overrides = Overrides { load: overrides, ..Overrides::default() };
    match compile(&inputs, KINDS, &overrides) {
        Ok(plan) => plan.phases.iter().fold(String::new(), |mut lines, phase| {
            let Phase { iterations, max_users, .. } = phase;
            let info = phase.info();
            let (name, start, length) = (info.name, info.start, info.length);
            let kind = if info.measure { "measured" } else { "not measured" };
            write!(lines, "{start} {name}: {} for {length}, {kind}", info.load).unwrap();
            for (word, most) in [("iterations", iterations), ("max_users", max_users)] {
                write!(
                    lines,
                    "{}",
                    most.map(|most| format!(", {word} {most}")).unwrap_or_default()
                )
                .unwrap();
            }
            lines + "\n"
        }),
        Err(all) => all.iter().map(|mistake| mistake.render(false)).collect(),
    }
}

fn check(load: &str, overrides: LoadOverrides, want: &str) {
    assert_eq!(phases(load, overrides), want, "{load}");
}

#[test]
fn a_repetition_is_the_last_measured_phase_but_short() {
    let load = "load:\n- { phase: ramp, rate: 5/s..50/s, for: 1m, measure: false }\n\
                - { phase: steady, rate: 50/s, arrivals: poisson, for: 10m, iterations: 9, max_users: 70 }";
    check(
        load,
        repeated(),
        "0 warm-up: 50/s poisson for 5.00 s, not measured, max_users 70\n\
         5.00 s steady: 50/s poisson for 30.0 s, measured, max_users 70\n",
    );
    check(
        "load: [ { phase: p, users: 3, for: 1s } ]",
        repeated(),
        "0 warm-up: 3 users for 5.00 s, not measured\n5.00 s p: 3 users for 30.0 s, measured\n",
    );
    check(
        "",
        repeated(),
        "0 warm-up: 10/s for 5.00 s, not measured\n5.00 s steady: 10/s for 30.0 s, measured\n",
    );
}

#[test]
fn without_a_lead_in_it_is_one_phase() {
    let none = LoadOverrides { lead: Some(Nanos::ZERO), ..LoadOverrides::default() };
    check("load: [ { phase: p, users: 3, for: 1m } ]", none, "0 p: 3 users for 30.0 s, measured\n");
}

#[test]
fn flags_stand_before_the_file() {
    let two = "load: [ { phase: a, rate: 5/s, for: 1m, max_users: 9 }, { phase: b, rate: 1/s..6/s, for: 1m, max_users: 8 } ]";
    let rate = LoadOverrides { rate: "20/s".parse().ok(), ..repeated() };
    check(
        two,
        rate,
        "0 warm-up: 20/s for 5.00 s, not measured\n5.00 s b: 20/s for 30.0 s, measured\n",
    );
    let users = LoadOverrides { users: Some(4), duration: Some(Nanos::from_secs(8)), ..repeated() };
    check(
        two,
        users,
        "0 warm-up: 4 users for 5.00 s, not measured, max_users 8\n\
         5.00 s b: 4 users for 8.00 s, measured, max_users 8\n",
    );
    let most = LoadOverrides { max_users: Some(2), ..repeated() };
    check(
        "load: [ { phase: p, rate: 3/s, for: 1m, max_users: 9 } ]",
        most,
        "0 warm-up: 3/s for 5.00 s, not measured, max_users 2\n\
         5.00 s p: 3/s for 30.0 s, measured, max_users 2\n",
    );
}

#[test]
fn a_load_that_is_not_one_load_is_refused_with_what_to_give() {
    let hint = "hint: give `-r` (a rate, for example `50/s`) or `-u` (a number of users)\n";
    let refused = |load: &str, message: &str| {
        let said = phases(load, repeated());
        assert!(said.contains(message) && said.ends_with(hint), "{load}: {said}");
        said
    };
    let said = refused(
        "load: [ { phase: a, rate: 5/s..9/s, for: 1m } ]",
        "the load of this phase changes, and a repetition has one load",
    );
    assert!(said.contains("test.yaml:3:9"), "{said}");
    refused(
        "load: [ { phase: a, users: 1..2, for: 1m } ]",
        "the load of this phase changes, and a repetition has one load",
    );
    refused(
        "load: [ { phase: a, rate: 5/s, for: 1m }, { phase: b, rate: 6/s, for: 1m } ]",
        "the measured phases have different loads, and a repetition has one load",
    );
    refused(
        "load: [ { phase: a, rate: 5/s, for: 1m, measure: false } ]",
        "no phase is measured, so that a repetition has no load",
    );
    let alike = "load: [ { phase: a, rate: 5/s, for: 1m }, { phase: b, rate: 5/s, for: 2m } ]";
    assert!(phases(alike, repeated()).contains("b: 5/s for 30.0 s"));
}

#[test]
fn a_repetition_has_a_length() {
    let said = phases("", LoadOverrides { iterations: Some(5), ..repeated() });
    let want = "error: --iterations: a repetition is a length of time, not a number of journeys\n\
                \x20= hint: give `--duration`, for example `30s`\n";
    assert_eq!(said, want);
    let said = phases("", LoadOverrides { duration: Some(Nanos::ZERO), ..repeated() });
    assert_eq!(said, "error: --duration: a repetition needs a length above zero\n");
}
