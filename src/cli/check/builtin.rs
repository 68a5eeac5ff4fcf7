//! The checks that are done where there is no check file: the guide's first hour.

use serde_json::{Map, Value, json};

use crate::cli::builtin::LEFTOVERS;
use crate::plan::Plan;

/// The profiles that are built in.
pub(super) const PROFILES: [&str; 2] = ["immediate", "critical"];

/// The text of a check file for a scenario. JSON is YAML.
///
/// Of a built-in scenario's target it is known what its health endpoints say; of any other only
/// where the scenario says that the version stands.
pub(super) fn text(plan: &Plan, built_in: bool, expect: &[(Option<String>, String)]) -> String {
    let health = plan.health.as_ref();
    let path = health.map_or("/api/health", |health| health.path.as_str());
    let place = health.map_or_else(|| "$.prisma".to_owned(), |health| health.version.to_string());
    let own = health.and_then(|health| health.expect.clone());
    let mut versions = Map::new();
    if let Some(own) = own.filter(|_| expect.is_empty()) {
        versions.insert(place.clone(), Value::String(literal(&own)));
    }
    for (key, version) in expect {
        let key = key.clone().unwrap_or_else(|| place.clone());
        versions.insert(key, Value::String(literal(version)));
    }
    let mut well = json!({
        "name": "The system is well",
        "health": literal(path),
        "expect": versions,
        "proves": ["pre.staging"],
    });
    let mut immediate = Vec::new();
    if built_in {
        well["check"] = json!(["status == 200", "$.status == healthy"]);
    }
    immediate.push(well);
    if built_in {
        immediate.push(json!({
            "name": "The database answers within 10 ms",
            "http": "/api/health/db",
            "check": ["status == 200", "$.status == connected", "$.latency < 10"],
        }));
    }
    let journey = |journey: &crate::plan::Journey| json!({ "journey": journey.name });
    let critical: Vec<Value> = plan.journeys.iter().map(journey).collect();
    let cleanup =
        if built_in { json!([{ "journey": LEFTOVERS, "scenario": LEFTOVERS }]) } else { json!([]) };
    // As text, because the order of the profiles is that of the deployment.
    format!(
        "{{\"version\": 1, \"cleanup\": {cleanup}, \"profiles\": {{\n\
         \"immediate\": {{ \"checks\": {} }},\n\"critical\": {{ \"checks\": {} }} }} }}\n",
        Value::from(immediate),
        Value::from(critical),
    )
}

/// Text that is meant as it stands: `${` would begin a variable.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
