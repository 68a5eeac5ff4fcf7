//! What is read of an answer, and what a reading must keep to.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::at::At;
use super::condition::{Aggregate, Relation, SCALAR_OR_MAPPING, relation};
use super::grammar::{Grammar, GrammarError, written_as_text, written_by_serde};
use crate::units::ReadingUnit;

/// The most readings of one monitor.
const MAX_READINGS: usize = 64;

/// What a reading must be, in the unit that its name ends with.
///
/// ```text
/// limit     = "no leak" | [ aggregate ] relation value
/// aggregate = "avg" | "min" | "max" | "med" | "p(" number ")"; "max" if left out
/// relation  = "<" | "<=" | ">" | ">=" | "=="
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingLimit {
    /// What is asked.
    pub test: ReadingTest,
    source: String,
}

/// What is asked of a reading.
#[derive(Clone, Debug, PartialEq)]
pub enum ReadingTest {
    /// It does not grow without end.
    NoLeak,
    /// It keeps to a limit.
    Compare {
        /// What is made of all its values.
        aggregate: Aggregate,
        /// How that is compared.
        relation: Relation,
        /// With what, as written.
        value: String,
    },
}

written_as_text! {
    ReadingLimit: TEXT, "a limit such as `< 2GB`, `avg < 50%`, `p(95) < 200ms` or `no leak`",
        ["< 2GB", "avg < 50%", "p(95) < 200ms", "no leak"];
}

impl ReadingLimit {
    /// The limit as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl ReadingTest {
    /// The number that is compared with, in the unit of the reading; `None` for a test without one.
    ///
    /// # Errors
    ///
    /// When what was written is not of this unit.
    pub fn value(&self, unit: ReadingUnit) -> Result<Option<f64>, GrammarError> {
        match self {
            Self::NoLeak => Ok(None),
            Self::Compare { value, .. } => {
                let read = unit.read(value).map(Some);
                read.map_err(|error| GrammarError::new(error.to_string()))
            }
        }
    }
}

impl FromStr for ReadingLimit {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let source = source.trim();
        if source == "no leak" {
            return Ok(Self { test: ReadingTest::NoLeak, source: source.to_owned() });
        }
        let (aggregate, relation, value) = relation(source, Self::WANTED)?;
        let aggregate =
            if aggregate.is_empty() { Aggregate::Maximum } else { aggregate.parse()? };
        if !aggregate.is_duration() {
            let message = format!(
                "`{source}`: a reading has `avg`, `min`, `max`, `med` and `p(95)`, no `{aggregate}`"
            );
            return Err(GrammarError::new(message));
        }
        let test = ReadingTest::Compare { aggregate, relation, value: value.to_owned() };
        Ok(Self { test, source: source.to_owned() })
    }
}

/// A limit with what is to happen when there is no data: the limit alone, or `{ limit, optional }`.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitSpec {
    /// The limit.
    pub limit: ReadingLimit,
    /// Whether missing data is accepted.
    pub optional: bool,
}

/// The long form of a limit.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename = "a limit", deny_unknown_fields)]
#[schemars(rename = "ReadingLimit")]
struct LongLimit {
    /// The limit, such as `< 2GB`.
    limit: At<ReadingLimit>,
    /// Accepts that there is no data; otherwise no data is a failure.
    #[serde(default)]
    optional: bool,
}

/// One reading of an answer: where it stands, and whether it is watched for leaks.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadingSpec {
    /// A JSONPath, or a metric of Prometheus with its labels.
    pub from: String,
    /// Whether it is something that must not grow without end.
    pub leak: bool,
}

/// The long form of a reading.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename = "a reading", deny_unknown_fields)]
#[schemars(rename = "Reading")]
struct LongReading {
    /// A JSONPath, or a metric of Prometheus with its labels.
    from: String,
    /// Watches it for leaks, as memory and open files are watched without being asked.
    #[serde(default)]
    leak: bool,
}

/// Readings by name, or a list of them, each of which is its own name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingsSpec(pub Vec<(Option<At<String>>, At<ReadingSpec>)>);

written_by_serde!(LimitSpec, ReadingSpec, ReadingsSpec);

/// Reads a scalar alone or a mapping with more.
macro_rules! scalar_or_mapping {
    ($type:ident, $visitor:ident, $scalar:ty, $long:ty, $wanted:literal, $of:expr, $from:expr) => {
        struct $visitor;

        impl<'de> Visitor<'de> for $visitor {
            type Value = $type;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($wanted)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                text: D,
            ) -> Result<$type, D::Error> {
                <$scalar>::deserialize(text).map($of)
            }

            fn visit_some<D: Deserializer<'de>>(self, mapping: D) -> Result<$type, D::Error> {
                <$long>::deserialize(mapping).map($from)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_newtype_struct(SCALAR_OR_MAPPING, $visitor)
            }
        }

        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let short = generator.subschema_for::<$scalar>();
                let long = generator.subschema_for::<$long>();
                json_schema!({ "anyOf": [short, long] })
            }
        }
    };
}

scalar_or_mapping!(
    LimitSpec,
    LimitVisitor,
    ReadingLimit,
    LongLimit,
    "a limit such as `< 2GB`, or a mapping with `limit:`",
    |limit| LimitSpec { limit, optional: false },
    |long: LongLimit| LimitSpec { limit: long.limit.value, optional: long.optional }
);
scalar_or_mapping!(
    ReadingSpec,
    ReadingVisitor,
    String,
    LongReading,
    "where a reading stands, such as `$.memory.rss`, or a mapping with `from:`",
    |from| ReadingSpec { from, leak: false },
    |long: LongReading| ReadingSpec { from: long.from, leak: long.leak }
);

struct ReadingsVisitor;

impl<'de> Visitor<'de> for ReadingsVisitor {
    type Value = ReadingsSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("readings by name (`{ rss_bytes: $.memory.rss }`) or a list of metrics")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadingsSpec, A::Error> {
        let mut all = Vec::new();
        while let Some(name) = map.next_key()? {
            all.push((Some(name), map.next_value()?));
        }
        few(all)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ReadingsSpec, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = list.next_element()? {
            all.push((None, one));
        }
        few(all)
    }
}

type Entry = (Option<At<String>>, At<ReadingSpec>);

fn few<E: serde::de::Error>(all: Vec<Entry>) -> Result<ReadingsSpec, E> {
    if all.len() > MAX_READINGS {
        return Err(E::custom(format_args!("more than {MAX_READINGS} readings of one monitor")));
    }
    Ok(ReadingsSpec(all))
}

impl<'de> Deserialize<'de> for ReadingsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadingsVisitor)
    }
}

impl JsonSchema for ReadingsSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("ReadingsSpec")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<ReadingSpec>();
        json_schema!({ "anyOf": [
            { "type": "object", "additionalProperties": one },
            { "type": "array", "items": one },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<ReadingLimit>() {
            Ok(ReadingLimit { test: ReadingTest::NoLeak, .. }) => "no leak".to_owned(),
            Ok(ReadingLimit {
                test: ReadingTest::Compare { aggregate, relation, value }, ..
            }) => {
                format!("{aggregate} {} {value}", relation.word())
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn a_limit_is_of_the_largest_value_unless_it_says_another() {
        check("< 2GB", "max < 2GB");
        check("avg<50%", "avg < 50%");
        check(" p(95) <= 200ms ", "p(95) <= 200ms");
        check("no leak", "no leak");
        check(
            "rate < 1%",
            "`rate < 1%`: a reading has `avg`, `min`, `max`, `med` and `p(95)`, no `rate`",
        );
        check("agv < 1", "`agv` is no aggregate; did you mean `avg`?");
        check("<", "`<` has no limit after `<`");
        check("2GB", &format!("expected {}, found `2GB`", ReadingLimit::WANTED));
    }

    #[test]
    fn a_limit_is_read_in_the_unit_of_its_reading() {
        let limit: ReadingLimit = "< 2GB".parse().unwrap();
        assert_eq!(limit.test.value(ReadingUnit::of("rss_bytes")).unwrap(), Some(2e9));
        let error = limit.test.value(ReadingUnit::of("cpu")).unwrap_err().to_string();
        assert!(error.contains("`2GB` is not a share"), "{error}");
        let none: ReadingLimit = "no leak".parse().unwrap();
        assert_eq!(none.test.value(ReadingUnit::Bytes).unwrap(), None);
    }
}
