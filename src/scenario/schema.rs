//! The JSON Schema of scenario files, for editors.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::spec::ScenarioSpec;

/// The JSON Schema (2020-12) of a scenario, with `step` as the schema of a step.
///
/// `$defs` of `step` join those of the scenario.
pub fn schema(mut step: Value) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = generator.into_root_schema_for::<ScenarioSpec>().to_value();
    let inner = step.as_object_mut().and_then(|step| {
        step.remove("$schema");
        step.remove("$defs")
    });
    if let Some(root) = root.as_object_mut() {
        let definitions = root.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
        if let Some(definitions) = definitions.as_object_mut() {
            if let Some(Value::Object(inner)) = inner {
                definitions.extend(inner);
            }
            definitions.insert("Step".to_owned(), step);
        }
    }
    root
}
