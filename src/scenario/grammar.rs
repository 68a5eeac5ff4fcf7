//! How values are written: a small grammar for each, and what to say when it doesn't fit.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use thiserror::Error;

use crate::units::{Bytes, Nanos, Rate, Ratio};

/// A value that can be read from a scenario and described in its JSON Schema.
pub trait Written: Sized {
    /// Reads it.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Describes it.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A value that is written as one scalar with a grammar of its own.
pub trait Grammar: FromStr<Err: fmt::Display> {
    /// What it is, with an example in backticks.
    const WANTED: &'static str;
    /// Texts that are right.
    const EXAMPLES: &'static [&'static str];
    /// As what YAML may see it, in the words of JSON Schema.
    const TYPES: &'static [&'static str] = TEXT;
}

/// What has a unit or a sign in it.
pub(super) const TEXT: &[&str] = &["string"];
/// What may be a bare number.
pub(super) const TEXT_OR_NUMBER: &[&str] = &["string", "number"];
/// What takes any scalar.
pub(super) const SCALAR: &[&str] = &["string", "number", "boolean"];

/// A text that doesn't fit a grammar.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct GrammarError(String);

impl GrammarError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl<T: Grammar> Written for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": T::TYPES,
            "description": T::WANTED,
            "examples": T::EXAMPLES,
        })
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Grammar> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error: T::Err| {
            // A unit's own message says no more than what was wanted.
            let message = error.to_string();
            if message.contains(T::WANTED) {
                E::custom(format_args!("expected {}, found `{text}`", T::WANTED))
            } else {
                E::custom(message)
            }
        })
    }
}

impl Grammar for Nanos {
    const WANTED: &'static str = "a duration such as `250ms`, `30s` or `1h30m`";
    const EXAMPLES: &'static [&'static str] = &["250ms", "30s", "1h30m"];
}

impl Grammar for Ratio {
    const WANTED: &'static str = "a share such as `5%` or `0.05`";
    const EXAMPLES: &'static [&'static str] = &["5%", "0.05"];
    const TYPES: &'static [&'static str] = TEXT_OR_NUMBER;
}

impl Grammar for Bytes {
    const WANTED: &'static str = "a size such as `512KB` or `5MiB`";
    const EXAMPLES: &'static [&'static str] = &["512KB", "5MiB"];
}

impl Grammar for Rate {
    const WANTED: &'static str = "a rate such as `50/s` or `300/m`";
    const EXAMPLES: &'static [&'static str] = &["50/s", "300/m"];
    const TYPES: &'static [&'static str] = TEXT_OR_NUMBER;
}

/// Gives a grammar's type the traits with which it is read without its place.
macro_rules! written_as_text {
    ($($type:ty: $types:ident, $wanted:literal, $examples:expr;)+) => {$(
        impl $crate::scenario::grammar::Grammar for $type {
            const WANTED: &'static str = $wanted;
            const EXAMPLES: &'static [&'static str] = &$examples;
            const TYPES: &'static [&'static str] = $crate::scenario::grammar::$types;
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                <Self as $crate::scenario::grammar::Written>::read(deserializer)
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($type))
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <Self as $crate::scenario::grammar::Written>::schema(generator)
            }
        }
    )+};
}
pub(super) use written_as_text;

/// Makes what serde reads already readable as [`Written`].
macro_rules! written_by_serde {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::scenario::grammar::Written for $type {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<Self>()
            }
        }
    )+};
}
pub(super) use written_by_serde;

written_by_serde!(String, bool, u32, u64, f64);
