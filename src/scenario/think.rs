//! Pauses of a user who reads and thinks.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

use super::at::At;
use super::condition::SCALAR_OR_MAPPING;
use super::grammar::{Written, written_by_serde};
use crate::units::Nanos;

/// How pauses are spread around their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ThinkDistribution {
    /// All alike.
    #[default]
    Constant,
    /// Memoryless: many short, few long.
    Exponential,
    /// As people are: most near the mean, some much longer.
    Lognormal,
    /// Anything between `min` and `max` alike.
    Uniform,
    /// Around the mean with the standard deviation `sd`.
    Normal,
}

/// A pause: `3s`, or `{ mean: 3s, dist: lognormal, max: 15s }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThinkSpec {
    /// The mean; of a uniform pause the middle.
    pub mean: Nanos,
    /// How pauses are spread.
    pub distribution: ThinkDistribution,
    /// The shortest.
    pub min: Option<Nanos>,
    /// The longest.
    pub max: Option<Nanos>,
    /// The standard deviation; where it is not given, half of the mean.
    pub sd: Option<Nanos>,
}

impl ThinkSpec {
    /// A pause that is always the same.
    pub fn constant(mean: Nanos) -> Self {
        Self { mean, distribution: ThinkDistribution::Constant, min: None, max: None, sd: None }
    }
}

/// The long form of a pause.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename = "a think time", deny_unknown_fields)]
#[schemars(rename = "Think")]
struct LongForm {
    /// The mean.
    mean: Option<At<Nanos>>,
    /// How pauses are spread.
    #[serde(default)]
    dist: ThinkDistribution,
    /// The shortest.
    min: Option<At<Nanos>>,
    /// The longest.
    max: Option<At<Nanos>>,
    /// The standard deviation.
    sd: Option<At<Nanos>>,
}

impl LongForm {
    /// The pause, or what is wrong with it.
    fn resolve(&self) -> Result<ThinkSpec, &'static str> {
        let value = |at: Option<At<Nanos>>| at.map(|at| at.value);
        let (min, max, sd) = (value(self.min), value(self.max), value(self.sd));
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err("`min` is above `max`");
        }
        let mean = match (value(self.mean), self.dist, min, max) {
            (Some(mean), ThinkDistribution::Uniform, Some(_), Some(_)) => mean,
            (None, ThinkDistribution::Uniform, Some(min), Some(max)) => {
                Nanos((min + max).0.div_euclid(2))
            }
            (_, ThinkDistribution::Uniform, _, _) => return Err("`uniform` needs `min` and `max`"),
            (Some(mean), _, _, _) => mean,
            (None, _, _, _) => return Err("a think time needs its `mean`"),
        };
        if min.is_some_and(|min| min > mean) || max.is_some_and(|max| max < mean) {
            return Err("`mean` is not between `min` and `max`");
        }
        Ok(ThinkSpec { mean, distribution: self.dist, min, max, sd })
    }
}

written_by_serde!(ThinkSpec);

impl<'de> Deserialize<'de> for ThinkSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SCALAR_OR_MAPPING, ThinkVisitor)
    }
}

struct ThinkVisitor;

impl<'de> Visitor<'de> for ThinkVisitor {
    type Value = ThinkSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `3s`, or a mapping with `mean:`")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, text: D) -> Result<ThinkSpec, D::Error> {
        Nanos::read(text).map(ThinkSpec::constant)
    }

    fn visit_some<D: Deserializer<'de>>(self, mapping: D) -> Result<ThinkSpec, D::Error> {
        LongForm::deserialize(mapping)?.resolve().map_err(D::Error::custom)
    }
}

impl JsonSchema for ThinkSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("ThinkSpec")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = Nanos::schema(generator);
        let long = generator.subschema_for::<LongForm>();
        json_schema!({ "anyOf": [short, long] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Diagnostics, Tree};

    fn check(input: &str, want: &str) {
        let mut tree = Tree::new();
        let mut out = Diagnostics::new();
        let root = tree.add("a.yaml", input, &mut out).unwrap();
        let got = match tree.read::<ThinkSpec>(root, &mut out) {
            Some(think) => format!("{:?} {}", think.distribution, think.mean),
            None => out.iter().next().unwrap().message.clone(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn pauses_are_read_in_both_forms() {
        check("3s", "Constant 3.00 s");
        check("{ mean: 3s, dist: lognormal, max: 15s }", "Lognormal 3.00 s");
        check("{ dist: uniform, min: 1s, max: 5s }", "Uniform 3.00 s");
    }

    #[test]
    fn mistakes_are_told() {
        check("3", "expected a duration such as `250ms`, `30s` or `1h30m`, found `3`");
        check("[]", "expected a duration such as `3s`, or a mapping with `mean:`, found a list");
        check("{ dist: normal }", "a think time needs its `mean`");
        check("{ dist: uniform, mean: 1s }", "`uniform` needs `min` and `max`");
        check("{ mean: 3s, max: 1s }", "`mean` is not between `min` and `max`");
        check("{ mean: 3s, min: 5s, max: 1s }", "`min` is above `max`");
    }
}
