//! The kinds of checks: what each of them reads from the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderName;
use regex::Regex;
use serde_json_path::JsonPath;

use super::{
    CheckKind, ExecCheck, FileCheck, HttpCheck, JourneyCheck, LogCheck, ResultsCheck, SqlCheck,
};
use crate::names::{Catalogue, SeriesKind};
use crate::plan::builder::{Builder, Environment, Surroundings};
use crate::plan::compile::{beside, fixed};
use crate::plan::{Escape, Expectation, Path, Question, Scope, Statement, Text};
use crate::scenario::{
    At, CheckCommonSpec, Comparison, Diagnostic, Diagnostics, ExecSpec, FileSpec, HttpCheckSpec,
    JourneyCheckSpec, LogSpec, ManualSpec, NodeId, OneOrMany, ResultsSpec, SqlCheckSpec, Template,
    Tree, did_you_mean,
};
use crate::units::{Nanos, Ratio};

/// Longest time of a program, where the file does not say it: a production build takes minutes.
const EXEC_LIMIT: Nanos = Nanos::from_secs(300);

/// The share of tests that has to pass, where the file does not say it: the guide's.
const PASS_RATE: Ratio = Ratio(0.95);

/// The most characters of a statement or command that name its check.
const MAX_NAME: usize = 80;

/// Reads what is particular to one check.
pub(super) struct Kinds<'a> {
    pub(super) tree: &'a Tree,
    pub(super) out: &'a mut Diagnostics,
    pub(super) environment: &'a Environment<'a>,
    pub(super) path: &'a str,
    pub(super) allow: &'a [At<String>],
    pub(super) databases: &'a [(String, String)],
    pub(super) overridden: &'a BTreeMap<String, String>,
}

/// A check and the name that it has where the file gives it none.
type Named = Option<(CheckKind, String)>;

impl Kinds<'_> {
    /// Reads a check of the kind that `word` says.
    pub(super) fn read(&mut self, word: &str, node: NodeId) -> Named {
        match word {
            "exec" => self.exec(node),
            "file" => self.file(node),
            "sql" => self.sql(node),
            "log" => self.log(node),
            "journey" => self.journey(node),
            "results" => self.results(node),
            "manual" => {
                let spec: ManualSpec = self.spec(node)?;
                Some((CheckKind::Manual(spec.manual.value.clone()), spec.manual.value))
            }
            _ => self.http(node),
        }
    }

    fn spec<T: serde::de::DeserializeOwned>(&mut self, node: NodeId) -> Option<T> {
        self.tree.read_beside(node, CheckCommonSpec::KEYS, self.out)
    }

    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.tree, node, message).hint(hint);
    }

    fn fixed(&mut self, template: &At<Template>) -> Option<String> {
        fixed(template, self.tree, self.environment, self.out)
    }

    fn exec(&mut self, node: NodeId) -> Named {
        let spec: ExecSpec = self.spec(node)?;
        let command: Vec<String> = spec.exec.iter().filter_map(|word| self.fixed(word)).collect();
        let shown = words(spec.exec.iter().map(|word| word.source()));
        let (Some(first), Some(program)) = (spec.exec.first(), command.first()) else {
            if spec.exec.is_empty() {
                let at = self.tree.get(node, "exec").unwrap_or(node);
                let hint = "name it first, for example `exec: [git, status, --porcelain]`";
                self.error(at, "`exec` has no program", hint);
            }
            return None;
        };
        if !self.allow.iter().any(|allowed| allowed.value == *program) {
            let names = self.allow.iter().map(|allowed| allowed.value.as_str());
            let hint = match did_you_mean(program, names.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let all: Vec<&str> = names.chain([first.source()]).collect();
                    format!("if this file may start it, write `allow: [{}]`", all.join(", "))
                }
            };
            let message = format!("`{}` is not among the programs of `allow`", first.source());
            self.error(first.node, message, &hint);
        }
        let exec = ExecCheck {
            command,
            shown: shown.clone(),
            exit: spec.exit.as_ref().map_or(0, |exit| exit.value),
            stdout: self.pattern(spec.stdout.as_ref()),
            not_stdout: self.pattern(spec.not_stdout.as_ref()),
            timeout: spec.timeout.as_ref().map_or(EXEC_LIMIT, |timeout| timeout.value),
            folder: beside(self.path, spec.cwd.as_ref().map_or("", |cwd| cwd.value.as_str())),
        };
        Some((CheckKind::Exec(exec), cut(&shown)))
    }

    fn file(&mut self, node: NodeId) -> Named {
        let spec: FileSpec = self.spec(node)?;
        let file = FileCheck {
            pattern: self.place(&spec.file)?,
            min_size: spec.min_size.as_ref().map(|size| size.value),
            max_age: spec.max_age.as_ref().map(|age| age.value),
            min_count: self.count(spec.min_count.as_ref()),
        };
        Some((CheckKind::File(file), spec.file.source().to_owned()))
    }

    fn sql(&mut self, node: NodeId) -> Named {
        let spec: SqlCheckSpec = self.spec(node)?;
        if spec.check.is_empty() {
            let hint = "add for example `check: row.pending == 0` or `check: rows == 1`";
            self.error(spec.sql.node, "the check says not what the answer has to be", hint);
        }
        let expected = sources(spec.check.iter().map(|check| check.source()));
        let (database, expectations) = self.built(|builder| {
            let checks = spec.check.iter().filter_map(|check| builder.check(check));
            let expectations: Vec<Expectation> = checks.collect();
            (builder.database(spec.database.as_ref(), spec.sql.node), expectations)
        });
        let statement = Statement {
            database: database?,
            sql: spec.sql.value.as_str().into(),
            parameters: Vec::new(),
            allow_write: false,
        };
        let name = words(spec.sql.value.split_whitespace());
        Some((CheckKind::Sql(SqlCheck { statement, expectations, expected }), cut(&name)))
    }

    fn http(&mut self, node: NodeId) -> Named {
        let spec: HttpCheckSpec = self.spec(node)?;
        let path = spec.health.as_ref().or(spec.http.as_ref())?;
        self.path_of(path);
        let mut said: Vec<String> = spec.check.iter().map(|c| c.source().to_owned()).collect();
        let (text, headers, mut expectations) = self.built(|builder| {
            let checks = spec.check.iter().filter_map(|check| builder.check(check));
            let expectations: Vec<Expectation> = checks.collect();
            let headers: Vec<(HeaderName, Text)> = builder.headers(&spec.headers);
            (builder.text(path, Escape::Url), headers, expectations)
        });
        if !expectations.iter().any(|one| matches!(one.question(), Question::Status)) {
            said.insert(0, "status == 200".to_owned());
            let ok = Text::literal("200");
            let source = "status == 200";
            let status = Expectation::new(Question::Status, Comparison::Equal, vec![ok], source);
            expectations.insert(0, status);
        }
        let mut versions = Vec::new();
        for (key, version) in &spec.expect {
            let Some((path, place)) = self.version_path(key) else { continue };
            let written = self.fixed(version);
            let wanted = self.overridden.get(&key.value).cloned().or(written);
            let Some(wanted) = wanted else { continue };
            let source = format!("{} == {wanted}", key.value);
            let question = Question::Json(path);
            let operand = vec![Text::literal(&wanted)];
            expectations.push(Expectation::new(question, Comparison::Equal, operand, &source));
            said.push(source);
            versions.push((key.value.clone(), place));
        }
        let http = HttpCheck {
            path: text,
            headers,
            expectations,
            expected: said.join(", "),
            versions,
            tells_version: spec.health.is_some(),
            timeout: spec.timeout.as_ref().map(|timeout| timeout.value),
        };
        Some((CheckKind::Http(http), format!("GET {}", path.source())))
    }

    /// Where a version stands: `prisma` is `$.prisma`.
    fn version_path(&mut self, key: &At<String>) -> Option<(Path, JsonPath)> {
        let word = key.value.as_str();
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let path = if word.starts_with('$') {
            word.to_owned()
        } else if is_plain {
            format!("$.{word}")
        } else {
            format!("$[{}]", serde_json::Value::from(word))
        };
        match (Path::parse(&path), JsonPath::parse(&path)) {
            (Ok(path), Ok(place)) => Some((path, place)),
            (Err(error), _) | (_, Err(error)) => {
                let hint = "write the key of the answer's JSON, or a JSONPath such as `$.version`";
                self.error(key.node, format!("not a JSONPath: {error}"), hint);
                None
            }
        }
    }

    fn path_of(&mut self, path: &At<Template>) {
        let begins = path.value.parts().first().is_some_and(|part| match part {
            crate::scenario::Part::Text(text) => text.starts_with('/'),
            crate::scenario::Part::Variable { .. } => true,
        });
        if !begins {
            let hint = "the host stands in `target:`; a path begins with `/`";
            self.error(path.node, format!("`{}` is not a path", path.source()), hint);
        }
    }

    fn log(&mut self, node: NodeId) -> Named {
        let spec: LogSpec = self.spec(node)?;
        if spec.must_see.is_empty() && spec.must_not_see.is_empty() {
            let hint = "add `must_see: [ … ]` or `must_not_see: [ … ]`";
            self.error(spec.log.node, "the check says not what to look for", hint);
        }
        let log = LogCheck {
            pattern: self.place(&spec.log)?,
            after: self.pattern(spec.after.as_ref()),
            must_see: self.patterns(&spec.must_see),
            must_not_see: self.patterns(&spec.must_not_see),
        };
        Some((CheckKind::Log(log), spec.log.source().to_owned()))
    }

    fn journey(&mut self, node: NodeId) -> Named {
        let spec: JourneyCheckSpec = self.spec(node)?;
        let name = format!("journey {}", spec.journey.value);
        let journey = journey_of(&spec, self.tree, self.path);
        Some((CheckKind::Journey(journey), name))
    }

    fn results(&mut self, node: NodeId) -> Named {
        let spec: ResultsSpec = self.spec(node)?;
        let rate = spec.pass_rate.as_ref();
        if let Some(at) = rate.filter(|at| !(0.0..=1.0).contains(&at.value.0) || at.value.0 == 0.0)
        {
            let hint = "give a share above 0% and up to 100%, for example `95%`";
            self.error(at.node, format!("`pass_rate` can't be {}", at.value), hint);
        }
        let results = ResultsCheck {
            pattern: self.place(&spec.results)?,
            pass_rate: rate.map_or(PASS_RATE, |rate| rate.value),
            min_count: self.count(spec.min_count.as_ref()),
            max_age: spec.max_age.as_ref().map(|age| age.value),
        };
        Some((CheckKind::Results(results), spec.results.source().to_owned()))
    }

    /// A path seen from where loadgate runs.
    fn place(&mut self, template: &At<Template>) -> Option<String> {
        let path = self.fixed(template)?;
        if path.trim().is_empty() {
            self.error(template.node, "the path is empty", "name a file, for example `a/*.sql`");
            return None;
        }
        if path.contains("**") {
            let hint = "write a `*` for each folder in between: `a/*/*.xml`";
            self.error(template.node, "`**` is not known", hint);
        }
        Some(beside(self.path, &path))
    }

    fn count(&mut self, count: Option<&At<u32>>) -> u32 {
        if let Some(at) = count.filter(|at| at.value == 0) {
            let hint = "nothing is no evidence: give at least 1, or leave it out";
            self.error(at.node, "`min_count` can't be 0", hint);
        }
        count.map_or(1, |at| at.value)
    }

    fn pattern(&mut self, pattern: Option<&At<String>>) -> Option<Regex> {
        let at = pattern?;
        match Regex::new(&at.value) {
            Ok(regex) => Some(regex),
            Err(error) => {
                // The library shows the pattern again, over several lines; the last says why.
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default().trim();
                let why = why.strip_prefix("error: ").unwrap_or(why).to_owned();
                let hint = "a backslash takes a sign's meaning away: `\\.`, `\\(`";
                self.error(at.node, format!("not a pattern: {why}"), hint);
                None
            }
        }
    }

    fn patterns(&mut self, patterns: &OneOrMany<At<String>>) -> Vec<Regex> {
        patterns.iter().filter_map(|pattern| self.pattern(Some(pattern))).collect()
    }

    /// What a builder of steps makes of this check, in which only the environment is known.
    fn built<T>(&mut self, make: impl FnOnce(&mut Builder<'_>) -> T) -> T {
        let file = |_: NodeId, path: &str| -> Result<Arc<[u8]>, String> {
            Err(format!("`{path}` can't be read here"))
        };
        let around = Surroundings {
            tree: self.tree,
            kinds: &[],
            environment: self.environment,
            file: &file,
            databases: self.databases,
        };
        let (mut nothing, owner) = (Catalogue::new(), (SeriesKind::Run, "checks"));
        let mut builder = Builder::new(&around, self.out, &mut nothing, Scope::default(), owner);
        make(&mut builder)
    }
}

/// A journey that a file names, not yet looked for.
pub(super) fn journey_of(spec: &JourneyCheckSpec, tree: &Tree, path: &str) -> JourneyCheck {
    JourneyCheck {
        scenario: spec.scenario.as_ref().map(|at| scenario_of(path, &at.value)),
        journey: spec.journey.value.clone(),
        written: Diagnostic::at(tree, spec.journey.node, ""),
        plan: None,
    }
}

/// A scenario that a file names: a built-in one, or a file seen from where loadgate runs.
pub(super) fn scenario_of(path: &str, name: &str) -> String {
    let is_path = name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
    if is_path { beside(path, name) } else { name.to_owned() }
}

fn words<'a>(words: impl Iterator<Item = impl AsRef<str> + 'a>) -> String {
    words.map(|word| word.as_ref().to_owned()).collect::<Vec<_>>().join(" ")
}

fn sources<'a>(sources: impl Iterator<Item = &'a str>) -> String {
    sources.collect::<Vec<_>>().join(", ")
}

fn cut(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}
