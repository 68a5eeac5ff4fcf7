//! Reading a check file: its head, its profiles, and what all checks have.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::kinds::{Kinds, journey_of, scenario_of};
use super::{Check, CheckFile, EVERY, Profile, Secrets};
use crate::plan::Address;
use crate::plan::builder::Environment;
use crate::plan::compile::fixed;
use crate::record::Criterion;
use crate::scenario::{
    CHECK_KINDS, CheckCommonSpec, ChecksSpec, Diagnostic, Diagnostics, MAX_TEXT, NodeId, Tree,
    did_you_mean,
};
use crate::units::Nanos;

/// The most checks of one profile.
const MOST: usize = 200;

/// The shortest pause between two tries: what is asked more often is a load.
const SHORTEST_PAUSE: Nanos = Nanos::from_millis(100);

/// The longest time that a check may wait.
const LONGEST_WAIT: Nanos = Nanos::from_secs(24 * 3_600);

/// What a check file needs from outside.
#[expect(missing_debug_implementations, reason = "it holds closures")]
pub struct CheckInputs<'a> {
    /// Path of the file, for messages and for files named in it.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The environment.
    pub environment: &'a Environment<'a>,
    /// Versions in place of those that the checks expect, by their key; one without a key is for
    /// the only key that there is.
    pub expect: &'a [(Option<String>, String)],
}

/// Reads a check file, or reports everything that is wrong with it.
pub fn check_file(inputs: &CheckInputs<'_>) -> Result<CheckFile, Vec<Diagnostic>> {
    let (mut tree, mut out) = (Tree::new(), Diagnostics::new());
    let Some(root) = tree.add(inputs.path, inputs.text, &mut out) else {
        let mut mistakes = out.into_vec();
        let is_empty = inputs.text.len() <= MAX_TEXT;
        for mistake in mistakes.iter_mut().filter(|one| is_empty && one.place.is_none()) {
            mistake.hint("write for example `profiles: { immediate: { checks: [ { health: /api/health } ] } }`");
        }
        return Err(mistakes);
    };
    let spec = tree.read::<ChecksSpec>(root, &mut out);
    let noted = RefCell::new(Secrets::default());
    let environment = |name: &str| {
        let value = (inputs.environment)(name)?;
        noted.borrow_mut().note(name, &value);
        Some(value)
    };
    let file = spec.and_then(|spec| {
        let mut reader = Reader {
            tree: &tree,
            out: &mut out,
            environment: &environment,
            path: inputs.path,
            expect: inputs.expect,
        };
        reader.file(&spec)
    });
    match file {
        Some(file) if out.is_empty() => Ok(CheckFile { secrets: noted.into_inner(), ..file }),
        Some(_) | None => Err(out.into_vec()),
    }
}

struct Reader<'a> {
    tree: &'a Tree,
    out: &'a mut Diagnostics,
    environment: &'a Environment<'a>,
    path: &'a str,
    expect: &'a [(Option<String>, String)],
}

impl Reader<'_> {
    fn file(&mut self, spec: &ChecksSpec) -> Option<CheckFile> {
        if let Some(version) = spec.version.as_ref().filter(|version| version.value != 1) {
            let message = format!("version {} of the language is not known", version.value);
            self.error(version.node, message, "this loadgate reads version 1");
        }
        let databases = spec.databases.iter().filter_map(|(name, url)| {
            Some((name.value.clone(), fixed(url, self.tree, self.environment, self.out)?))
        });
        let databases: Vec<(String, String)> = databases.collect();
        let target = spec.target.as_ref().and_then(|target| {
            let text = fixed(target, self.tree, self.environment, self.out)?;
            if let Err(error) = Address::target(&text) {
                self.out.error(self.tree, target.node, error.to_string());
            }
            Some(text)
        });
        self.allow(spec);
        let overridden = self.overridden(spec);
        let mut profiles = Vec::new();
        for (name, profile) in &spec.profiles {
            if name.value == "all" {
                let hint = "`--profile all` does all profiles of the file";
                self.error(name.node, "no profile can be called `all`", hint);
            }
            if profile.checks.is_empty() {
                let hint = "add for example `checks: [ { health: /api/health } ]`, or remove it";
                self.error(name.node, "the profile has no checks", hint);
            }
            if profile.checks.len() > MOST {
                let message = format!("the profile has more than {MOST} checks");
                self.error(name.node, message, "make it two profiles");
                continue;
            }
            let nodes: Vec<NodeId> = profile.checks.iter().map(|check| check.node()).collect();
            let checks = self.checks(&nodes, spec, &databases, &overridden);
            profiles.push(Profile { name: name.value.clone(), checks });
        }
        let cleanup =
            spec.cleanup.iter().map(|entry| journey_of(&entry.value, self.tree, self.path));
        Some(CheckFile {
            path: self.path.to_owned(),
            scenario: spec.scenario.as_ref().map(|at| scenario_of(self.path, &at.value)),
            target,
            databases,
            profiles,
            cleanup: cleanup.collect(),
            secrets: Secrets::default(),
        })
    }

    fn error(&mut self, node: NodeId, message: impl Into<String>, hint: &str) {
        self.out.error(self.tree, node, message).hint(hint);
    }

    fn allow(&mut self, spec: &ChecksSpec) {
        for program in &spec.allow {
            if program.value.trim().is_empty() {
                let hint = "name programs, for example `allow: [git, npx, npm]`";
                self.error(program.node, "a program without a name", hint);
            }
        }
    }

    /// The versions of the command line by the key that they belong to.
    fn overridden(&mut self, spec: &ChecksSpec) -> BTreeMap<String, String> {
        let nodes = spec.profiles.iter().flat_map(|(_, profile)| &profile.checks);
        let expected = nodes.filter_map(|check| self.tree.get(check.node(), "expect"));
        let mut keys: Vec<&str> =
            expected.flat_map(|node| self.tree.keys(node)).map(|(key, _)| key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut by_key = BTreeMap::new();
        for (key, version) in self.expect {
            let found = match (key, keys.as_slice()) {
                (Some(key), keys) => keys.iter().find(|known| **known == key.as_str()).copied(),
                (None, [only]) => Some(*only),
                (None, _) => None,
            };
            if let Some(key) = found {
                by_key.insert(key.to_owned(), version.clone());
                continue;
            }
            let wanted = key.as_deref().unwrap_or("a version without a key");
            let message = format!("--expect: no check expects `{wanted}`");
            let hint = match did_you_mean(wanted, keys.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if keys.is_empty() => {
                    "write `expect: { prisma: 7.0.1 }` at the check of the health endpoint"
                        .to_owned()
                }
                None => format!("the file has `{}=…`", keys.join("=…`, `")),
            };
            self.out.push(Diagnostic::new(message).with_hint(hint));
        }
        by_key
    }

    fn checks(
        &mut self,
        nodes: &[NodeId],
        spec: &ChecksSpec,
        databases: &[(String, String)],
        overridden: &BTreeMap<String, String>,
    ) -> Vec<Check> {
        let mut checks: Vec<Check> = Vec::new();
        let all: Vec<String> = nodes.iter().filter_map(|node| self.name_at(*node)).collect();
        for node in nodes {
            let Some((common, word)) = self.common(*node) else { continue };
            let mut kinds = Kinds {
                tree: self.tree,
                out: self.out,
                environment: self.environment,
                path: self.path,
                allow: &spec.allow.0,
                databases,
                overridden,
            };
            let Some((kind, usual_name)) = kinds.read(word, *node) else { continue };
            let name = common.name.as_ref().map_or(usual_name, |name| name.value.clone());
            if let Some(first) = checks.iter().position(|known| known.name == name) {
                let at = common.name.as_ref().map_or(*node, |name| name.node);
                let message = format!("check {} of the profile is called `{name}`, too", first + 1);
                self.error(at, message, "give each check of a profile a name of its own");
            }
            let needs = self.needs(&common, &checks, &all);
            let (wait_for, every) = self.patience(&common);
            let proves = self.proves(&common);
            checks.push(Check { name, wait_for, every, proves, needs, kind });
        }
        checks
    }

    /// The name that is written at a check.
    fn name_at(&self, node: NodeId) -> Option<String> {
        self.tree.get(node, "name").map(|name| self.tree.text(name).to_owned())
    }

    /// What all checks have, and the word of the kind.
    fn common(&mut self, node: NodeId) -> Option<(CheckCommonSpec, &'static str)> {
        let keys: Vec<&str> = self.tree.keys(node).into_iter().map(|(key, _)| key).collect();
        let mut words = CHECK_KINDS.into_iter().filter(|word| keys.contains(word));
        let (first, second) = (words.next(), words.next());
        let Some(word) = first else {
            let near = keys.iter().find_map(|key| Some((*key, did_you_mean(key, CHECK_KINDS)?)));
            let at = near.and_then(|(key, _)| self.key_of(node, key)).unwrap_or(node);
            let hint = match near {
                Some((_, word)) => format!("did you mean `{word}`?"),
                None => format!("a check has one of {}", CHECK_KINDS.join(", ")),
            };
            self.error(at, "this check says not what to look at", &hint);
            return None;
        };
        if let Some(other) = second {
            let at = self.key_of(node, other).unwrap_or(node);
            let message =
                format!("a check looks at one thing, and this has `{word}` and `{other}`");
            self.error(at, message, "make it two checks");
            return None;
        }
        let of_kind: Vec<&str> =
            keys.into_iter().filter(|key| !CheckCommonSpec::KEYS.contains(key)).collect();
        let common = self.tree.read_beside::<CheckCommonSpec>(node, &of_kind, self.out)?;
        Some((common, word))
    }

    /// The node of a key itself.
    fn key_of(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.tree.keys(node).into_iter().find(|(known, _)| *known == key).map(|(_, node)| node)
    }

    fn needs(&mut self, common: &CheckCommonSpec, above: &[Check], all: &[String]) -> Vec<usize> {
        let mut needs = Vec::new();
        for wanted in &common.needs {
            if let Some(at) = above.iter().position(|check| check.name == wanted.value) {
                needs.push(at);
                continue;
            }
            let message = format!("no check above is called `{}`", wanted.value);
            let hint = if all.contains(&wanted.value) {
                "it stands below; move it up, because checks are done in their order".to_owned()
            } else {
                let names = above.iter().map(|check| check.name.as_str());
                match did_you_mean(&wanted.value, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`needs` names checks of the same profile".to_owned(),
                }
            };
            self.error(wanted.node, message, &hint);
        }
        needs
    }

    fn patience(&mut self, common: &CheckCommonSpec) -> (Option<Nanos>, Nanos) {
        if let Some(at) = common.wait_for.as_ref().filter(|at| at.value > LONGEST_WAIT) {
            self.error(at.node, "no check waits longer than 24h", "give a shorter time");
        }
        if let (Some(at), None) = (&common.every, &common.wait_for) {
            let hint = "add `wait_for`, for example `wait_for: 5m`";
            self.error(at.node, "`every` has no meaning without `wait_for`", hint);
        }
        if let Some(at) = common.every.as_ref().filter(|at| at.value < SHORTEST_PAUSE) {
            let message = format!("`{}` is too short a pause", at.value);
            self.error(at.node, message, &format!("give at least {SHORTEST_PAUSE}"));
        }
        let every = common.every.as_ref().map_or(EVERY, |every| every.value);
        (common.wait_for.as_ref().map(|wait| wait.value), every)
    }

    fn proves(&mut self, common: &CheckCommonSpec) -> Vec<String> {
        for id in &common.proves {
            if Criterion::of(&id.value).is_some() {
                continue;
            }
            let known = || Criterion::ALL.iter().map(|one| one.id);
            let list = id.value.split('.').next().unwrap_or_default();
            let hint = match did_you_mean(&id.value, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    let alike: Vec<&str> =
                        known().filter(|id| id.split('.').next() == Some(list)).collect();
                    if alike.is_empty() {
                        "rows are called for example `pre.build` or `go.migrations`".to_owned()
                    } else {
                        format!("there are {}", alike.join(", "))
                    }
                }
            };
            self.error(id.node, format!("the guide has no row `{}`", id.value), &hint);
        }
        common.proves.iter().map(|id| id.value.clone()).collect()
    }
}
