//! Every box and every figure of the staging guide has its row in the decision.

use loadgate::gate::decision::{Known, decide};

/// The guide of the user, as it is.
const GUIDE: &str = include_str!("../../data/staging-guide.md");

/// The lines between two headings.
fn section(from: &str, until: &str) -> Vec<&'static str> {
    let (_, rest) = GUIDE.split_once(from).unwrap_or_else(|| panic!("the guide has no {from}"));
    let (section, _) = rest.split_once(until).unwrap_or_else(|| panic!("there is no {until}"));
    section.lines().collect()
}

/// What follows `start` in the lines that begin with it, however far they are set in.
fn items(lines: &[&'static str], start: &str) -> Vec<&'static str> {
    lines.iter().filter_map(|line| line.trim_start().strip_prefix(start)).collect()
}

/// The rows of a list of the decision: id and text.
fn rows(list: &str) -> Vec<(String, String)> {
    let decision = decide(&Known::default());
    let rows = &decision.list(list).unwrap().rows;
    rows.iter().map(|row| (row.id.clone(), row.text.clone())).collect()
}

/// Figures with the sign or the unit that makes them limits.
fn figures(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let digits: String = letters[at..].iter().take_while(|c| c.is_ascii_digit()).collect();
        let before = letters[..at].iter().rev().find(|c| **c != ' ');
        let after = letters[at + digits.len()..].iter().find(|c| **c != ' ');
        let is_limit = matches!(before, Some('<' | '>')) || matches!(after, Some('%'));
        if !digits.is_empty() && is_limit {
            found.push(digits.clone());
        }
        at += digits.len().max(1);
    }
    found
}

/// Each line of the guide has the row at its place, with a word and every figure of it.
#[track_caller]
fn check(list: &str, lines: &[&str], words: &[&str]) {
    let rows = rows(list);
    assert_eq!(rows.len(), lines.len(), "{list}: {lines:#?}");
    assert_eq!(rows.len(), words.len(), "{list}: a word for each");
    for (((id, text), line), word) in rows.iter().zip(lines).zip(words) {
        let has = |text: &str| text.to_lowercase().contains(&word.to_lowercase());
        assert!(has(line), "the guide's \"{line}\" is another than {id}: no `{word}`");
        assert!(has(text) || has(id), "{id}, \"{text}\", does not say `{word}`");
        for figure in figures(line) {
            assert!(figures(text).contains(&figure), "{id}: {figure} of \"{line}\" is missing");
        }
    }
}

#[test]
fn go_no_go_and_rollback_are_the_guides() {
    let go = section("#### ✅ GO Criteria", "#### ❌ NO-GO");
    check(
        "go",
        &items(&go, "- ✅ "),
        &[
            "features",
            "error",
            "performance",
            "corrupt",
            "migrations",
            "E2E",
            "memory leak",
            "pool",
            "feedback",
            "confiden",
        ],
    );
    let no_go = section("#### ❌ NO-GO Criteria", "## 📞");
    check(
        "no_go",
        &items(&no_go, "- ❌ "),
        &[
            "features",
            "error",
            "performance",
            "corrupt",
            "database",
            "memory leak",
            "rollback",
            "bugs",
            "concerns",
        ],
    );
    let rollback = section("### When to Rollback", "### Rollback Steps");
    check(
        "rollback",
        &items(&rollback, "- ❌ "),
        &["features", "data corruption", "database connection", "error", "performance", "security"],
    );
}

#[test]
fn boxes_before_and_after_are_the_guides() {
    let before = section("### Pre-Deployment Checklist", "## 🗄️");
    check(
        "pre_deployment",
        &items(&before, "- [ ] "),
        &[
            "tests",
            "TypeScript",
            "build",
            "commits",
            "staging environment",
            "back",
            "rollback plan",
            "team",
            "monitoring",
            "environment variables",
        ],
    );
    let done = section("### Phase 6 is Complete When:", "### Expected Outcomes");
    check(
        "success",
        &items(&done, "- [ ] "),
        &[
            "deployment",
            "features",
            "48 hour",
            "metrics",
            "critical issue",
            "rollback",
            "confidence",
            "stakeholder",
            "plan",
            "documentation",
        ],
    );
    let outcomes = section("### Expected Outcomes", "---");
    let numbered: Vec<&str> =
        outcomes.iter().filter_map(|line| line.split_once(". ")).map(|(_, text)| text).collect();
    check(
        "outcome",
        &numbered,
        &["stability", "performance", "functionality", "data", "experience", "confidence"],
    );
}

#[test]
fn features_are_the_guides() {
    let features = section("### Feature Validation Checklist", "## 📊 MONITORING");
    let boxes: Vec<&str> =
        items(&features, "- [ ] ").into_iter().filter(|text| !text.starts_with("**")).collect();
    check(
        "feature",
        &boxes,
        &[
            "login",
            "session",
            "JWT",
            "reset",
            "list",
            "details",
            "create",
            "update",
            "delete",
            "list",
            "details",
            "create",
            "update",
            "delete",
            "search",
            "create",
            "details",
            "status",
            "payment",
            "history",
            "farm",
            "product",
            "view",
            "user",
            "farm",
            "order",
            "dashboard",
        ],
    );
}

#[test]
fn daily_tasks_are_the_guides() {
    let morning = section("#### Morning Check", "#### Mid-Day");
    check(
        "morning",
        &items(&morning, "- [ ] "),
        &["logs", "error rate", "pool", "slow query", "memory", "backup"],
    );
    let mid_day = section("#### Mid-Day Check", "#### Evening");
    check(
        "mid_day",
        &items(&mid_day, "- [ ] "),
        &["response times", "error rate", "latencies", "CPU", "pool"],
    );
    let evening = section("#### Evening Check", "### Metrics to Track");
    check(
        "evening",
        &items(&evening, "- [ ] "),
        &["metrics", "memory leaks", "data", "feedback", "issues"],
    );
}

/// Targets of the guide that are rows of another list.
const ELSEWHERE: [(&str, &str); 1] = [("No memory leaks", "go.memory")];

#[test]
fn every_target_metric_has_its_row() {
    let lines = section("## 📊 MONITORING & METRICS", "## 🧪 STAGING TEST EXECUTION");
    let mut targets: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in lines {
        match line {
            line if line.starts_with("**Target Metrics**") => inside = true,
            line if inside && line.starts_with("- ") => targets.push(line.trim_start_matches("- ")),
            "" => {}
            _ => inside = false,
        }
    }
    let rows = rows("target");
    assert_eq!(targets.len(), 13, "{targets:#?}");
    for target in &targets {
        if let Some((_, id)) = ELSEWHERE.iter().find(|(text, _)| target.starts_with(text)) {
            assert!(decide(&Known::default()).row(id).is_some(), "{id}");
            continue;
        }
        let (name, limit) = target.split_once(':').unwrap();
        // "Average query time: < 50ms" is "Average query time < 50 ms".
        let name = name.to_lowercase();
        let row = rows.iter().find(|(_, text)| text.to_lowercase().starts_with(&name));
        let (id, text) = row.unwrap_or_else(|| panic!("\"{target}\" has no row"));
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let own = text.to_lowercase().replace(&name, "");
        assert_eq!(digits(&own), digits(limit), "{id}: \"{text}\" and \"{target}\"");
    }
    // The table of the daily log has one figure more.
    let table = section("## Daily Metrics Log", "**Issues Found**");
    let cells = table.iter().filter(|line| line.starts_with("| ")).skip(2);
    let metrics: Vec<(&str, String)> = cells
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1], cells[2].chars().filter(char::is_ascii_digit).collect())
        })
        .collect();
    let known = [
        ("Error Rate", "target.errors"),
        ("Avg Response Time", "target.response-mean"),
        ("P95 Response Time", "target.response-p95"),
        ("DB Query Avg", "target.query-mean"),
        ("Connection Pool", "target.pool"),
        ("Memory Usage", "target.memory"),
        ("CPU Usage", "target.cpu"),
    ];
    assert_eq!(metrics.len(), known.len(), "{metrics:?}");
    for ((name, limit), (title, id)) in metrics.iter().zip(known) {
        assert_eq!(*name, title);
        let (_, text) = rows.iter().find(|(own, _)| own == id).unwrap();
        let (_, own) = text.split_once('<').unwrap();
        let own: String = own.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(*limit, own, "{id}: \"{text}\"");
    }
}

#[test]
fn contacts_and_sign_off_stay_visible_placeholders() {
    let table = section("## 🚨 EMERGENCY CONTACTS", "## 📊 PHASE 6");
    let roles: Vec<&str> = table
        .iter()
        .filter(|line| line.starts_with("| "))
        .skip(2)
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .collect();
    let contacts = loadgate::report::decision::Contact::of_guide();
    let own: Vec<&str> = contacts.iter().map(|contact| contact.role.as_str()).collect();
    assert_eq!(own, roles);
    let html = super::document::document(&Known::default()).html().unwrap();
    assert!(html.contains("[Signature]") && html.contains("[Name]"));
}

#[test]
fn the_deployment_notification_is_the_guides() {
    use loadgate::report::message::{MessageFacts, message};
    let guide = section("### Deployment Notification Template", "### Daily Status Update Template");
    let text = message("deployment").unwrap().render(&MessageFacts::default()).unwrap();
    let heads = guide.iter().filter_map(|line| line.strip_prefix("**")?.split("**").next());
    let details = items(&guide, "- ").into_iter().map(|item| item.split(':').next().unwrap());
    let mut parts = 0;
    for part in heads.chain(details) {
        // The guide's own project names its version.
        let part = if part == "Prisma Version" { "Version" } else { part };
        assert!(text.contains(part), "{part} is missing in {text}");
        parts += 1;
    }
    assert_eq!(parts, 18, "details, areas and headings");
}
