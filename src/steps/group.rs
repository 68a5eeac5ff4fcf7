//! `group`: several steps as one, to be repeated, sampled or done on a condition together.
//!
//! ```yaml
//! - group: fill the cart
//!   repeat: 1..3
//!   steps:
//!     - { get: "/api/products/${productId}" }
//!     - { post: /api/cart/items, json: { productId: "${productId}" } }
//! ```

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::plan::{Builder, StepKind};
use crate::scenario::{At, NodeId, StepNode};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "a group", deny_unknown_fields)]
#[schemars(rename = "GroupStep")]
struct Spec {
    /// What the steps are together.
    group: At<String>,
    /// The steps, one after the other.
    steps: Vec<StepNode>,
}

pub(super) struct Kind;

impl StepKind for Kind {
    fn words(&self) -> &'static [&'static str] {
        &["group"]
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Spec>()
    }

    fn read(&self, node: NodeId, builder: &mut Builder<'_>) {
        let Some(spec) = builder.read::<Spec>(node) else { return };
        builder.holds_others(node);
        if spec.steps.is_empty() {
            builder.error(spec.group.node, "the group has no steps", None);
        }
        builder.steps(&spec.steps);
    }
}
