//! What a scenario says of logs, as it is executed.

use loadgate::plan::{Inputs, LogSource, LogsPlan, Overrides, Plan, compile};
use loadgate::steps::KINDS;

fn compiled(logs: &str) -> Plan {
    let text = format!(
        "target: http://127.0.0.1:1\njourneys: {{ j: {{ steps: [ {{ get: / }} ] }} }}\n{logs}\n"
    );
    let inputs = Inputs {
        path: "staging/a.yaml",
        text: &text,
        read: &|path| Err(format!("there is no {path}")),
        environment: &|name| (name == "LOGS").then(|| "/var/log".to_owned()),
    };
    compile(&inputs, KINDS, &Overrides::default()).unwrap()
}

fn made(logs: &str) -> LogsPlan {
    compiled(&format!("logs: {logs}")).logs.unwrap()
}

#[test]
fn a_list_alone_is_the_logs() {
    let plan = made("[ staging.log, \"${LOGS}/app.log\", { docker: web, optional: true } ]");
    let names: Vec<_> =
        plan.text.sources.iter().map(|one| (one.name.as_str(), one.optional)).collect();
    let want = [("staging/staging.log", false), ("/var/log/app.log", false), ("docker web", true)];
    assert_eq!(names, want);
    assert_eq!(plan.text.rules.len(), 15, "all that is built in");
    assert_eq!(plan.rules.names().len(), 15);
    let timeouts = plan.text.rules.iter().find(|rule| rule.name == "timeouts").unwrap();
    assert_eq!(timeouts.limit, Some(0));
}

#[test]
fn a_rule_with_the_name_of_a_built_in_one_changes_it() {
    let plan = made(
        "{ sources: [ { journal: { unit: web } } ], built_in: guide, must_see: 'Client 7', \
         must_not_see: [ panic ], rules: { timeouts: { limit: none, per_minute: 5, except: \
         [ idle ] }, slow: { match: 'slow query', limit: 3 } } }",
    );
    assert_eq!(plan.sources, [LogSource::Journal { unit: "web".to_owned() }]);
    let rules = plan.text.rules.iter();
    let limits: Vec<_> =
        rules.map(|rule| (rule.name.as_str(), rule.limit, rule.per_minute)).collect();
    assert_eq!(
        limits,
        [
            ("must see: Client 7", None, None),
            ("must not see: panic", Some(0), None),
            ("timeouts", None, Some(5)),
            ("slow", Some(3), None),
            ("prisma-errors", None, None),
            ("connection-errors", Some(0), None),
            ("migration-errors", None, None),
        ]
    );
    let mut found = Vec::new();
    plan.rules.matching(b"Timeout: a slow query", &mut |at| found.push(at));
    plan.rules.matching(b"idle timeout", &mut |at| found.push(at));
    assert_eq!(found, [2, 3]);
    assert!(plan.text.rules[0].must_see && !plan.text.rules[1].must_see);
    assert_eq!(made("{ sources: [ a ], built_in: none }").text.rules, []);
}

#[test]
fn logs_do_not_change_what_is_measured() {
    let with = compiled("logs: [ a.log ]");
    let without = compiled("");
    assert_eq!(with.sha256, without.sha256);
    assert!(without.logs.is_none());
}
