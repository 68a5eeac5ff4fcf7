//! The check file: what is looked at once, before, during and after a deployment.

use std::fmt;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::{Value, json};

use super::at::{At, STEP};
use super::check::Check;
use super::named::{Named, OneOrMany};
use super::template::Template;
use super::tree::NodeId;
use crate::units::{Bytes, Nanos, Ratio};

/// A check file: lists of checks, each for a time of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a check file", deny_unknown_fields, default)]
#[schemars(rename = "Checks")]
pub struct ChecksSpec {
    /// Version of the language; 1.
    pub version: Option<At<u32>>,
    /// The scenario whose target, health endpoint, databases and journeys the checks use: a
    /// built-in name, or a file seen from here.
    pub scenario: Option<At<String>>,
    /// Address of the system that is checked, in place of the scenario's.
    pub target: Option<At<Template>>,
    /// Programs that `exec` may start, by the first word of the command. Nothing else is started.
    pub allow: OneOrMany<At<String>>,
    /// Addresses of databases for `sql`; `default` is the one that is meant without a name.
    pub databases: Named<At<Template>>,
    /// Lists of checks: `pre`, `immediate`, `critical`, and names of your own.
    pub profiles: Named<ProfileSpec>,
    /// Journeys that find and delete what a run that was killed has left behind, for
    /// `check --cleanup`.
    pub cleanup: Vec<At<JourneyCheckSpec>>,
}

/// A list of checks for one time of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a profile", deny_unknown_fields, default)]
#[schemars(rename = "Profile")]
pub struct ProfileSpec {
    /// The checks, in the order in which they are done.
    pub checks: Vec<CheckNode>,
}

/// What every check has, whatever its kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a check", deny_unknown_fields, default)]
#[schemars(rename = "CheckCommon")]
pub struct CheckCommonSpec {
    /// Its name in reports; without it the check is named after what it does.
    pub name: Option<At<String>>,
    /// Tries again until it holds, at most this long. Without it, it is tried once.
    pub wait_for: Option<At<Nanos>>,
    /// The pause between two tries; `2s` where it is not given.
    pub every: Option<At<Nanos>>,
    /// Rows of the staging guide that it shows when it holds, for example `go.migrations`.
    pub proves: OneOrMany<At<String>>,
    /// Names of checks above it without which this one means nothing: it is skipped when one of
    /// them does not hold.
    pub needs: OneOrMany<At<String>>,
}

impl CheckCommonSpec {
    /// All keys, for [`super::Tree::read_beside`].
    pub const KEYS: &[&str] = &["name", "wait_for", "every", "proves", "needs"];
}

/// A program, what it has to print, and how it has to end.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an exec check", deny_unknown_fields)]
#[schemars(rename = "ExecCheck")]
pub struct ExecSpec {
    /// The program and its arguments, a word each. No shell reads them.
    pub exec: Vec<At<Template>>,
    /// The exit code that it has to end with; 0 where it is not given.
    #[serde(default)]
    pub exit: Option<At<u32>>,
    /// A pattern that what it prints on stdout has to match.
    #[serde(default)]
    pub stdout: Option<At<String>>,
    /// A pattern that what it prints on stdout must not match.
    #[serde(default)]
    pub not_stdout: Option<At<String>>,
    /// Longest time that it may take; `5m` where it is not given. Then it is killed.
    #[serde(default)]
    pub timeout: Option<At<Nanos>>,
    /// The folder that it is started in, seen from the check file.
    #[serde(default)]
    pub cwd: Option<At<String>>,
}

/// Files that have to be there.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a file check", deny_unknown_fields)]
#[schemars(rename = "FileCheck")]
pub struct FileSpec {
    /// Their path, seen from the check file; `*` and `?` stand for anything but `/`.
    pub file: At<Template>,
    /// How large each of them has to be.
    #[serde(default)]
    pub min_size: Option<At<Bytes>>,
    /// How old each of them may be.
    #[serde(default)]
    pub max_age: Option<At<Nanos>>,
    /// How many such files there have to be; 1 where it is not given.
    #[serde(default)]
    pub min_count: Option<At<u32>>,
}

/// A statement to a database, which only reads.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an sql check", deny_unknown_fields)]
#[schemars(rename = "SqlCheck")]
pub struct SqlCheckSpec {
    /// The statement.
    pub sql: At<String>,
    /// Name of the database in `databases`; `default` if left out.
    #[serde(default)]
    pub database: Option<At<String>>,
    /// What has to be true of the answer, for example `row.pending == 0`.
    #[serde(default)]
    pub check: OneOrMany<At<Check>>,
}

/// A request to the target.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "an http check", deny_unknown_fields, default)]
#[schemars(rename = "HttpCheck")]
pub struct HttpCheckSpec {
    /// Path of a GET request to the health endpoint, which tells the version.
    pub health: Option<At<Template>>,
    /// Path of a GET request.
    pub http: Option<At<Template>>,
    /// Headers of the request.
    pub headers: Named<At<Template>>,
    /// Versions that the answer has to tell, by the key of its JSON or by a JSONPath:
    /// `{ prisma: 7.0.1 }`.
    pub expect: Named<At<Template>>,
    /// What has to be true of the answer; `status == 200` where it is not given.
    pub check: OneOrMany<At<Check>>,
    /// Longest time from sending to the last byte.
    pub timeout: Option<At<Nanos>>,
}

/// Lines of a log.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a log check", deny_unknown_fields)]
#[schemars(rename = "LogCheck")]
pub struct LogSpec {
    /// Path of the log, seen from the check file; `*` and `?` stand for anything but `/`.
    pub log: At<Template>,
    /// Looks only at what stands after the last line with this pattern: the start of the server.
    #[serde(default)]
    pub after: Option<At<String>>,
    /// Patterns, each of which has to be in some line.
    #[serde(default)]
    pub must_see: OneOrMany<At<String>>,
    /// Patterns that may be in no line.
    #[serde(default)]
    pub must_not_see: OneOrMany<At<String>>,
}

/// A journey of a scenario, played once by one user.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a journey check", deny_unknown_fields)]
#[schemars(rename = "JourneyCheck")]
pub struct JourneyCheckSpec {
    /// Name of the journey.
    pub journey: At<String>,
    /// The scenario that has it, in place of the file's.
    #[serde(default)]
    pub scenario: Option<At<String>>,
}

/// What a test runner has written.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a results check", deny_unknown_fields)]
#[schemars(rename = "ResultsCheck")]
pub struct ResultsSpec {
    /// Path of the files, seen from the check file: JUnit XML, or JSON of Playwright, Vitest or
    /// Jest. `*` and `?` stand for anything but `/`.
    pub results: At<Template>,
    /// The share of tests that has to pass, of those that were not skipped; `95%` where it is not
    /// given.
    #[serde(default)]
    pub pass_rate: Option<At<Ratio>>,
    /// How many tests have to be in them, skipped ones left out; 1 where it is not given.
    #[serde(default)]
    pub min_count: Option<At<u32>>,
    /// How old each of the files may be.
    #[serde(default)]
    pub max_age: Option<At<Nanos>>,
}

/// Something that people have to see to.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename = "a manual check", deny_unknown_fields)]
#[schemars(rename = "ManualCheck")]
pub struct ManualSpec {
    /// What it is. It stays open until somebody attests what it `proves`.
    pub manual: At<String>,
}

super::grammar::written_by_serde!(JourneyCheckSpec);

/// A check that has not been read: its kind says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckNode(NodeId);

impl CheckNode {
    /// The check's mapping.
    pub fn node(self) -> NodeId {
        self.0
    }
}

impl<'de> Deserialize<'de> for CheckNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(STEP, CheckVisitor)
    }
}

struct CheckVisitor;

impl Visitor<'_> for CheckVisitor {
    type Value = CheckNode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a check such as `{ health: /api/health }`")
    }

    fn visit_u32<E>(self, node: u32) -> Result<CheckNode, E> {
        Ok(CheckNode(NodeId(node)))
    }
}

impl JsonSchema for CheckNode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("Check")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}

/// The words that say what kind a check is, in the order of the manual.
pub const CHECK_KINDS: [&str; 9] =
    ["exec", "file", "sql", "health", "http", "log", "journey", "results", "manual"];

/// The JSON Schema (2020-12) of check files.
pub fn checks_schema() -> Value {
    let mut generator = SchemaGenerator::from(SchemaSettings::draft2020_12());
    let common = generator.subschema_for::<CheckCommonSpec>();
    let kinds = CHECK_KINDS.map(|word| {
        let kind = match word {
            "exec" => generator.subschema_for::<ExecSpec>(),
            "file" => generator.subschema_for::<FileSpec>(),
            "sql" => generator.subschema_for::<SqlCheckSpec>(),
            "log" => generator.subschema_for::<LogSpec>(),
            "journey" => generator.subschema_for::<JourneyCheckSpec>(),
            "results" => generator.subschema_for::<ResultsSpec>(),
            "manual" => generator.subschema_for::<ManualSpec>(),
            _ => generator.subschema_for::<HttpCheckSpec>(),
        };
        // A key that neither half knows is misspelt.
        json!({ "allOf": [kind, common], "required": [word], "unevaluatedProperties": false })
    });
    let mut halves = generator.take_definitions(true);
    // A check's mapping is read twice, so neither half may refuse the other's keys.
    for (name, half) in &mut halves {
        if let Some(object) = half.as_object_mut().filter(|_| name.contains("Check")) {
            object.remove("additionalProperties");
        }
    }
    halves.insert("Check".to_owned(), json!({ "anyOf": kinds }));
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut root = generator.into_root_schema_for::<ChecksSpec>().to_value();
    if let Some(root) = root.as_object_mut() {
        let definitions = root.entry("$defs").or_insert_with(|| json!({}));
        if let Some(definitions) = definitions.as_object_mut() {
            definitions.extend(halves);
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_every_kind_and_refuses_keys_that_no_half_knows() {
        let schema = checks_schema();
        let kinds = schema["$defs"]["Check"]["anyOf"].as_array().unwrap();
        assert_eq!(kinds.len(), CHECK_KINDS.len());
        for (kind, word) in kinds.iter().zip(CHECK_KINDS) {
            assert_eq!(kind["required"], json!([word]));
            assert_eq!(kind["unevaluatedProperties"], json!(false));
            let half = kind["allOf"][0]["$ref"].as_str().unwrap().trim_start_matches("#/$defs/");
            let half = &schema["$defs"][half];
            assert!(half["properties"][word].is_object(), "{word}: {half}");
            assert!(half.get("additionalProperties").is_none(), "{word}");
        }
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["$defs"]["Profile"]["additionalProperties"], json!(false));
        let common = schema["$defs"]["CheckCommon"]["properties"].as_object().unwrap();
        let mut keys: Vec<&str> = CheckCommonSpec::KEYS.to_vec();
        keys.sort_unstable();
        let mut known: Vec<&str> = common.keys().map(String::as_str).collect();
        known.sort_unstable();
        assert_eq!(known, keys);
    }
}
