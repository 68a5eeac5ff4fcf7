//! The JSON Schema of scenario files.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::StepKind;

/// The JSON Schema of scenarios, with the steps of `kinds`.
pub fn schema(kinds: &[&dyn StepKind]) -> Value {
    let mut generator = SchemaGenerator::from(SchemaSettings::draft2020_12());
    let common = generator.subschema_for::<crate::scenario::CommonSpec>();
    let variants: Vec<Value> = kinds
        .iter()
        .flat_map(|kind| {
            let schema = kind.schema(&mut generator).to_value();
            let common = common.clone();
            kind.words().iter().map(move |word| {
                json!({
                    "allOf": [schema, common],
                    "required": [word],
                    // A key that neither half knows is misspelt.
                    "unevaluatedProperties": false,
                })
            })
        })
        .collect();
    let mut definitions = generator.take_definitions(true);
    // A step's mapping is read twice, so neither half may refuse the other's keys.
    for definition in definitions.values_mut() {
        if let Some(object) = definition.as_object_mut() {
            let is_step = object.get("title").and_then(Value::as_str).is_none();
            if is_step {
                object.remove("additionalProperties");
            }
        }
    }
    crate::scenario::schema(json!({ "anyOf": variants, "$defs": definitions }))
}
