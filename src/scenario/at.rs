//! Values that know where they were written.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use super::grammar::Written;
use super::tree::NodeId;

/// Asks the tree's reader for the node's number before the value.
pub(super) const AT: &str = "$loadgate::scenario::At";
/// Asks the tree's reader for the node's number instead of a value.
pub(super) const STEP: &str = "$loadgate::scenario::StepNode";

/// A value with the place where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it was written; [`NodeId::NOWHERE`] for a default.
    pub node: NodeId,
}

impl<T> At<T> {
    /// A value that was not written.
    pub fn default_value(value: T) -> Self {
        Self { value, node: NodeId::NOWHERE }
    }

    /// Whether the value stands in a file.
    pub fn is_written(&self) -> bool {
        self.node != NodeId::NOWHERE
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Written> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(AT, AtVisitor(PhantomData))
    }
}

struct AtVisitor<T>(PhantomData<T>);

impl<'de, T: Written> Visitor<'de> for AtVisitor<T> {
    type Value = At<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<At<T>, D::Error> {
        T::read(inner).map(At::default_value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<At<T>, A::Error> {
        let missing = || A::Error::custom("a value is missing");
        let node: u32 = pair.next_element()?.ok_or_else(missing)?;
        let Inner(value) = pair.next_element()?.ok_or_else(missing)?;
        Ok(At { value, node: NodeId(node) })
    }
}

/// Makes serde read a [`Written`] value.
struct Inner<T>(T);

impl<'de, T: Written> Deserialize<'de> for Inner<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

impl<T: Written> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("At")
    }

    fn schema_id() -> Cow<'static, str> {
        Cow::Owned(format!("loadgate::At<{}>", std::any::type_name::<T>()))
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }
}

/// A step that has not been read: the step kinds read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepNode(pub(super) NodeId);

impl StepNode {
    /// The step's mapping.
    pub fn node(self) -> NodeId {
        self.0
    }

    /// The step that is written at `node`.
    pub fn new(node: NodeId) -> Self {
        Self(node)
    }
}

impl<'de> Deserialize<'de> for StepNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(STEP, StepVisitor)
    }
}

struct StepVisitor;

impl Visitor<'_> for StepVisitor {
    type Value = StepNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step such as `{ get: /api/farms }`")
    }

    fn visit_u32<E>(self, node: u32) -> Result<StepNode, E> {
        Ok(StepNode(NodeId(node)))
    }
}

impl JsonSchema for StepNode {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Step")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}
