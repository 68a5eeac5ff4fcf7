//! Logs that are read beside the load, and what is looked for in them.

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::at::At;
use super::condition::SCALAR_OR_MAPPING;
use super::grammar::{GrammarError, Written, written_as_text, written_by_serde};
use super::named::{Named, ONE_OR_MANY, OneOrMany};
use super::template::Template;
use crate::logs::Pattern;

/// Which logs are read beside the load, and what is looked for in them. A list alone is the logs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogsSpec {
    /// The logs.
    pub sources: Vec<At<LogSourceSpec>>,
    /// What is looked for, by name.
    pub rules: Named<LogRuleSpec>,
    /// Of each of these there has to be a line.
    pub must_see: OneOrMany<At<Pattern>>,
    /// Of none of these there may be a line.
    pub must_not_see: OneOrMany<At<Pattern>>,
    /// What loadgate looks for by itself; all where nothing is said.
    pub built_in: OneOrMany<At<BuiltInSpec>>,
}

/// [`LogsSpec`] as a mapping.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename = "`logs`", deny_unknown_fields, default)]
#[schemars(rename = "Logs")]
struct LongForm {
    /// The logs.
    sources: Vec<At<LogSourceSpec>>,
    /// What is looked for, by name. A built-in rule of the same name is changed by it.
    rules: Named<LogRuleSpec>,
    /// Of each of these there has to be a line while the run goes on.
    must_see: OneOrMany<At<Pattern>>,
    /// Of none of these there may be a line.
    must_not_see: OneOrMany<At<Pattern>>,
    /// What loadgate looks for by itself; all where nothing is said.
    built_in: OneOrMany<At<BuiltInSpec>>,
}

/// A log: a path, or a mapping with `file`, `journal` or `docker`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSourceSpec {
    /// A file, seen from the scenario's folder.
    pub file: Option<At<Template>>,
    /// The journal of the system.
    pub journal: Option<JournalSpec>,
    /// The container whose output it is, by name or id.
    pub docker: Option<At<String>>,
    /// Whether it may be missing.
    pub optional: bool,
}

/// [`LogSourceSpec`] as a mapping.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename = "a log", deny_unknown_fields, default)]
#[schemars(rename = "LogSource")]
struct LongSource {
    /// A file, seen from the scenario's folder.
    file: Option<At<Template>>,
    /// The journal of the system.
    journal: Option<JournalSpec>,
    /// The container whose output it is, by name or id.
    docker: Option<At<String>>,
    /// Whether it may be missing.
    optional: bool,
}

/// What is read of the journal: `{ unit: farmers-market }`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "`journal`", deny_unknown_fields)]
#[schemars(rename = "Journal")]
pub struct JournalSpec {
    /// The unit of systemd.
    pub unit: At<String>,
}

/// Lines that are looked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a rule of `logs`", deny_unknown_fields, default)]
#[schemars(rename = "LogRule")]
pub struct LogRuleSpec {
    /// What its lines match; of several patterns each.
    pub r#match: OneOrMany<At<Pattern>>,
    /// What they don't match.
    pub except: OneOrMany<At<Pattern>>,
    /// The most lines in a run; without it the rule only informs.
    pub limit: Option<At<LogLimit>>,
    /// The most lines in any minute.
    pub per_minute: Option<At<LogLimit>>,
}

/// The most lines: a number, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimit(pub Option<u64>);

/// What loadgate looks for by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BuiltInSpec {
    /// Errors of Prisma, connections and migrations, and timeouts.
    Guide,
    /// Error codes of Prisma.
    Prisma,
    /// SQLSTATEs of PostgreSQL.
    Postgres,
    /// Nothing.
    None,
}

written_by_serde!(LogsSpec, LogSourceSpec, BuiltInSpec);

written_as_text! {
    Pattern: SCALAR, "a pattern such as `(?i)connection.*failed`", ["(?i)connection.*failed"];
    LogLimit: TEXT_OR_NUMBER, "a number of lines such as `0`, or `none`", ["0", "none"];
}

impl FromStr for LogLimit {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        use super::grammar::Grammar;
        let unfit =
            |_no_number| GrammarError::new(format!("expected {}, found `{text}`", Self::WANTED));
        match text.trim() {
            "none" => Ok(Self(None)),
            number => number.parse().map(|most| Self(Some(most))).map_err(unfit),
        }
    }
}

impl<'de> Deserialize<'de> for LogsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_MANY, LogsVisitor)
    }
}

struct LogsVisitor;

impl<'de> Visitor<'de> for LogsVisitor {
    type Value = LogsSpec;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of logs, or a mapping with `sources`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<LogsSpec, A::Error> {
        let mut sources = Vec::new();
        // The tree that is read has a limit of its own.
        while let Some(source) = list.next_element()? {
            sources.push(source);
        }
        Ok(LogsSpec { sources, ..LogsSpec::default() })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, long: D) -> Result<LogsSpec, D::Error> {
        let LongForm { sources, rules, must_see, must_not_see, built_in } =
            LongForm::deserialize(long)?;
        Ok(LogsSpec { sources, rules, must_see, must_not_see, built_in })
    }
}

impl JsonSchema for LogsSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("LogsSpec")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let source = generator.subschema_for::<LogSourceSpec>();
        let long = generator.subschema_for::<LongForm>();
        json_schema!({ "anyOf": [{ "type": "array", "items": source }, long] })
    }
}

impl<'de> Deserialize<'de> for LogSourceSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SCALAR_OR_MAPPING, SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = LogSourceSpec;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a log: a path, or a mapping with `file`, `journal` or `docker`")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        path: D,
    ) -> Result<LogSourceSpec, D::Error> {
        let file = Template::read(path).map(At::default_value)?;
        Ok(LogSourceSpec { file: Some(file), ..LogSourceSpec::default() })
    }

    fn visit_some<D: Deserializer<'de>>(self, mapping: D) -> Result<LogSourceSpec, D::Error> {
        let LongSource { file, journal, docker, optional } = LongSource::deserialize(mapping)?;
        Ok(LogSourceSpec { file, journal, docker, optional })
    }
}

impl JsonSchema for LogSourceSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("LogSourceSpec")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = <Template as Written>::schema(generator);
        let long = generator.subschema_for::<LongSource>();
        json_schema!({ "anyOf": [short, long] })
    }
}
