//! `parallel`: several steps at the same time, as a browser loads a page.
//!
//! ```yaml
//! - parallel:
//!     - { get: "/api/products?farm=${farmId}" }
//!     - { get: "/api/farms/${farmId}/reviews" }
//! ```
//! All are meant to start at the same time; the journey goes on when the last one has ended. Over
//! HTTP/1.1 each takes a connection of its own.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::plan::{Builder, Op, StepKind};
use crate::scenario::{NodeId, StepNode};

/// The most steps at a time, which is the most connections of one virtual user.
const MAX_BRANCHES: usize = 32;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "a parallel step", deny_unknown_fields)]
#[schemars(rename = "ParallelStep")]
struct Spec {
    /// Steps that are done at the same time.
    parallel: Vec<StepNode>,
}

pub(super) struct Kind;

impl StepKind for Kind {
    fn words(&self) -> &'static [&'static str] {
        &["parallel"]
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Spec>()
    }

    fn read(&self, node: NodeId, builder: &mut Builder<'_>) {
        let Some(spec) = builder.read::<Spec>(node) else { return };
        builder.holds_others(node);
        let count = spec.parallel.len();
        if count == 0 || count > MAX_BRANCHES {
            let message = format!("1 to {MAX_BRANCHES} steps can be done at the same time");
            builder.error(builder.place_of(node, "parallel"), message, None);
        }
        let fork = builder.emit(Op::Fork { branches: Vec::new(), to: 0 });
        let mut branches = Vec::with_capacity(count);
        for step in &spec.parallel {
            let start = builder.place();
            builder.steps(std::slice::from_ref(step));
            branches.push(start..builder.place());
        }
        builder.branches(fork, branches);
        builder.land(fork);
    }
}
