//! The files of a scenario: itself, what it includes, what it names.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Compiler;
use crate::scenario::{At, HttpSpec, JourneySpec, Named, ScenarioSpec, StepNode};

impl Compiler<'_> {
    /// Reads the scenario and the files that it includes into one.
    pub(super) fn load_all(&mut self) -> Option<ScenarioSpec> {
        let bytes: Arc<[u8]> = self.inputs.text.as_bytes().into();
        self.files.borrow_mut().insert(self.inputs.path.to_owned(), bytes);
        let mut spec: ScenarioSpec = self.read_text(self.inputs.path, self.inputs.text)?;
        if let Some(version) = spec.version.as_ref().filter(|version| version.value != 1) {
            let message = format!("version {} of the language is not known", version.value);
            self.out.error(&self.tree, version.node, message).hint("this loadgate reads version 1");
        }
        let mut pending: VecDeque<At<String>> = spec.include.iter().cloned().collect();
        let mut seen = vec![self.inputs.path.to_owned()];
        // In the order in which they are written: of two files that say the same, the first counts.
        while let Some(include) = pending.pop_front() {
            let path = beside(&self.tree.place(include.node).file, &include.value);
            if seen.contains(&path) {
                continue;
            }
            seen.push(path.clone());
            if let Some(other) = self.read_included::<ScenarioSpec>(&include, &path) {
                pending.extend(other.include.iter().cloned());
                adopt(&mut spec, other);
            }
        }
        Some(spec)
    }

    fn read_text<T: DeserializeOwned>(&mut self, path: &str, text: &str) -> Option<T> {
        let root = self.tree.add(path, text, &mut self.out)?;
        self.roots.insert(path.to_owned(), root);
        self.tree.read(root, &mut self.out)
    }

    fn read_included<T: DeserializeOwned>(
        &mut self,
        include: &At<String>,
        path: &str,
    ) -> Option<T> {
        let text = match self.read_file(path).map(|bytes| String::from_utf8(bytes.to_vec())) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                self.out.error(&self.tree, include.node, format!("`{path}` is not UTF-8 text"));
                return None;
            }
            Err(why) => {
                self.out.error(&self.tree, include.node, format!("can't read `{path}`: {why}"));
                return None;
            }
        };
        self.read_text(path, &text)
    }

    pub(super) fn read_file(&self, path: &str) -> Result<Arc<[u8]>, String> {
        if let Some(bytes) = self.files.borrow().get(path) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = (self.inputs.read)(path)?;
        self.files.borrow_mut().insert(path.to_owned(), Arc::clone(&bytes));
        Ok(bytes)
    }

    /// A journey with the steps of the file that it includes.
    pub(super) fn with_included(&mut self, journey: &JourneySpec) -> Option<JourneySpec> {
        let Some(include) = &journey.include else { return Some(journey.clone()) };
        let path = beside(&self.tree.place(include.node).file, &include.value);
        let other: JourneySpec = self.read_included(include, &path)?;
        let mut whole = journey.clone();
        let steps: Vec<StepNode> = other.steps.iter().chain(&journey.steps).copied().collect();
        whole.steps = steps;
        whole.cleanup.extend(other.cleanup);
        whole.session = whole.session.or(other.session);
        whole.feed.0.extend(other.feed.0);
        Some(whole)
    }

    /// SHA-256 over names and contents of all files, in the order of their names: of what was
    /// measured, so that two runs with the same can be compared. What only judges it, and the
    /// load, which is compared on its own, are left out, and so is how a scenario is written.
    pub(super) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (path, bytes) in &*self.files.borrow() {
            let name = path.rsplit('/').next().unwrap_or_default();
            let mut part = |bytes: &[u8]| {
                hash.update(u64::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
                hash.update(bytes);
            };
            part(name.as_bytes());
            match self.roots.get(path) {
                Some(root) => self.tree.canonical(*root, &judges, &mut part),
                None => part(bytes),
            }
        }
        hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string can't fail.
            let written = write!(hex, "{byte:02x}");
            debug_assert!(written.is_ok(), "a string takes everything");
            hex
        })
    }
}

/// Whether a key of a scenario says how a run is judged, how much of it is asked, or what is looked
/// at beside it, and not what is done. `path` are the keys above.
fn judges(path: &[&str], key: &str) -> bool {
    let steps = match path {
        [] => {
            return matches!(
                key,
                "thresholds"
                    | "integrity"
                    | "gate"
                    | "validity"
                    | "load"
                    | "precision"
                    | "monitors"
                    | "logs"
            );
        }
        // Which version is expected is known to change with the version.
        ["health"] => return key == "expect",
        ["journeys" | "sessions", _, "steps" | "cleanup", inner @ ..]
        | ["steps" | "cleanup", inner @ ..] => inner,
        _ => return false,
    };
    // A step of a group or beside others is one, too; a body that has such a key is not.
    key == "slo" && steps.iter().all(|key| matches!(*key, "steps" | "parallel"))
}

/// What an included file adds; what the including one says itself stands.
fn adopt(spec: &mut ScenarioSpec, other: ScenarioSpec) {
    let own_http = spec.http != HttpSpec::default();
    if !own_http {
        spec.http = other.http;
    }
    spec.target = spec.target.take().or(other.target);
    spec.health = spec.health.take().or(other.health);
    add_missing(&mut spec.variables, other.variables);
    add_missing(&mut spec.feeders, other.feeders);
    add_missing(&mut spec.sessions, other.sessions);
    add_missing(&mut spec.journeys, other.journeys);
    add_missing(&mut spec.databases, other.databases);
}

/// Adds the entries whose names are new.
fn add_missing<T>(own: &mut Named<T>, more: Named<T>) {
    for (name, value) in more {
        if own.get(&name.value).is_none() {
            own.insert(name, value);
        }
    }
}

/// A path that a file names, relative to the folder of that file.
pub(in crate::plan) fn beside(file: &str, path: &str) -> String {
    match file.rfind('/') {
        Some(at) if !path.starts_with('/') => format!("{}{path}", file.split_at(at + 1).0),
        _ => path.to_owned(),
    }
}
