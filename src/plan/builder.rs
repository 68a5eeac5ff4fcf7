//! Making programs of steps: what a step kind has at hand while it reads a step.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::text::{Built, Piece};
use super::{Escape, Leaf, Op, Program, Scope, Slot, Step, Text};
use crate::names::{Catalogue, Series, SeriesId, SeriesKind};
use crate::record::ThresholdText;
use crate::scenario::{
    At, CommonSpec, Diagnostics, NodeId, OnFail, Part, StepNode, Template, Tree, did_you_mean,
};

/// One kind of step: how it is recognised, read and described.
pub trait StepKind: Sync {
    /// The keys that make a step one of this kind; the first is its name.
    fn words(&self) -> &'static [&'static str];

    /// The JSON Schema of such a step.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;

    /// Reads the step at `node` and adds its operations to the program.
    fn read(&self, node: NodeId, builder: &mut Builder<'_>);
}

/// Reads a file by its path.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<Arc<[u8]>, String> + 'a;

/// Reads a file that a node names, relative to the file in which the node stands.
pub(super) type ReadNamed<'a> = dyn Fn(NodeId, &str) -> Result<Arc<[u8]>, String> + 'a;

/// Looks up a variable of the environment.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// What comes from outside while a scenario is compiled.
pub(super) struct Surroundings<'a> {
    pub(super) tree: &'a Tree,
    pub(super) kinds: &'a [&'a dyn StepKind],
    pub(super) environment: &'a Environment<'a>,
    /// Reads a file that the node names.
    pub(super) file: &'a ReadNamed<'a>,
    pub(super) databases: &'a [(String, String)],
}

/// Makes the program of one journey or login.
#[expect(missing_debug_implementations, reason = "it holds closures")]
pub struct Builder<'a> {
    around: &'a Surroundings<'a>,
    out: &'a mut Diagnostics,
    catalogue: &'a mut Catalogue,
    /// Variables that are known so far.
    pub(super) scope: Scope,
    kind: SeriesKind,
    owner: String,
    default_on_fail: OnFail,
    program: Program,
    common: Vec<CommonSpec>,
    /// Variables that captures of the steps set.
    pub(super) captured: Vec<Slot>,
    /// Limits of single steps.
    pub(super) slos: Vec<ThresholdText>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        around: &'a Surroundings<'a>,
        out: &'a mut Diagnostics,
        catalogue: &'a mut Catalogue,
        scope: Scope,
        (kind, owner): (SeriesKind, &str),
    ) -> Self {
        Self {
            around,
            out,
            catalogue,
            scope,
            kind,
            owner: owner.to_owned(),
            default_on_fail: if kind == SeriesKind::Login { OnFail::End } else { OnFail::Continue },
            program: Program::default(),
            common: Vec::new(),
            captured: Vec::new(),
            slos: Vec::new(),
        }
    }

    /// The program made so far, and the variables that it knows at its end.
    pub(super) fn finish(self) -> (Program, Scope) {
        (self.program, self.scope)
    }

    /// Reads a struct from a step's mapping; keys that all steps have are left alone.
    pub fn read<T: DeserializeOwned>(&mut self, node: NodeId) -> Option<T> {
        self.around.tree.read_beside(node, CommonSpec::KEYS, self.out)
    }

    /// Reports a mistake.
    pub fn error(&mut self, node: NodeId, message: impl Into<String>, hint: Option<&str>) {
        let diagnostic = self.out.error(self.around.tree, node, message);
        if let Some(hint) = hint {
            diagnostic.hint(hint);
        }
    }

    /// The node behind a key of a mapping, for places of mistakes.
    pub fn place_of(&self, node: NodeId, key: &str) -> NodeId {
        self.around.tree.get(node, key).unwrap_or(node)
    }

    /// Reports keys that mean nothing on a step that only holds others.
    pub fn holds_others(&mut self, node: NodeId) {
        for key in ["feature", "eventually", "slo"] {
            if let Some(at) = self.around.tree.get(node, key) {
                let message = format!("`{key}` belongs to one of the steps inside");
                self.error(at, message, None);
            }
        }
    }

    /// Adds steps, each with what it has in common with all others around it.
    pub fn steps(&mut self, steps: &[StepNode]) {
        for step in steps {
            self.step(step.node());
        }
    }

    fn step(&mut self, node: NodeId) {
        let tree = self.around.tree;
        let keys: Vec<&str> = tree.keys(node).into_iter().map(|(key, _)| key).collect();
        let kinds = self.around.kinds;
        let kind = kinds.iter().find(|kind| kind.words().iter().any(|word| keys.contains(word)));
        let Some(kind) = kind else {
            self.unknown_kind(node, &keys);
            return;
        };
        // Keys of the kind are the kind's business; all others have to be known here.
        let of_kind: Vec<&str> =
            keys.into_iter().filter(|key| !CommonSpec::KEYS.contains(key)).collect();
        let Some(common) = tree.read_beside::<CommonSpec>(node, &of_kind, self.out) else {
            return;
        };
        let mut jumps = Vec::new();
        if let Some(test) = &common.r#if {
            let test = self.condition(&test.value, test.node);
            jumps.push(self.emit(Op::Unless { test, to: 0 }));
        }
        if let Some(share) = &common.sample {
            jumps.push(self.emit(Op::Sample { share: share.value, to: 0 }));
        }
        let body = common.repeat.as_ref().map(|repeat| {
            let (least, most) = (repeat.from, repeat.to);
            jumps.push(self.emit(Op::Repeat { least, most, to: 0 }));
            self.place()
        });
        self.common.push(common);
        kind.read(node, self);
        self.common.pop();
        if let Some(to) = body {
            self.emit(Op::Next { to });
        }
        for jump in jumps {
            self.land(jump);
        }
    }

    fn unknown_kind(&mut self, node: NodeId, keys: &[&str]) {
        let words = || self.around.kinds.iter().flat_map(|kind| kind.words()).copied();
        let near = keys.iter().find_map(|key| did_you_mean(key, words()).map(|word| (*key, word)));
        let hint = match near {
            Some((_, word)) => format!("did you mean `{word}`?"),
            None => format!("a step has one of {}", words().collect::<Vec<_>>().join(", ")),
        };
        let at = near.map_or(node, |(key, _)| self.key_place(node, key));
        self.error(at, "this step says not what to do", Some(&hint));
    }

    fn key_place(&self, node: NodeId, key: &str) -> NodeId {
        self.around.tree.get(node, key).unwrap_or(node)
    }

    /// Adds an operation and tells its place.
    pub fn emit(&mut self, op: Op) -> usize {
        self.program.ops.push(op);
        self.program.ops.len() - 1
    }

    /// The place of the next operation.
    pub fn place(&self) -> usize {
        self.program.ops.len()
    }

    /// Lets the jump at `jump` lead to the next operation.
    pub fn land(&mut self, jump: usize) {
        let here = self.place();
        if let Some(
            Op::Unless { to, .. }
            | Op::Sample { to, .. }
            | Op::Repeat { to, .. }
            | Op::Fork { to, .. },
        ) = self.program.ops.get_mut(jump)
        {
            *to = here;
        }
    }

    /// Sets the branches of the fork at `fork`.
    pub fn branches(&mut self, fork: usize, ranges: Vec<std::ops::Range<usize>>) {
        if let Some(Op::Fork { branches, .. }) = self.program.ops.get_mut(fork) {
            *branches = ranges;
        }
    }

    /// Adds a step that sends something: it gets a series named `name`.
    pub fn measured(
        &mut self,
        kind: Option<SeriesKind>,
        name: &str,
        node: NodeId,
        step: Box<dyn Step>,
    ) {
        let about = Series {
            kind: kind.unwrap_or(self.kind),
            name: name.to_owned(),
            journey: self.owner.clone(),
            step: self.name_of_step().unwrap_or_else(|| name.to_owned()),
            endpoint: String::new(),
            tapped: None,
        };
        self.note_slos(&about);
        let series = self.catalogue.intern(&about);
        if series.is_none() {
            let hint = "put ids into variables: `/api/farms/${farmId}`";
            self.error(node, "the scenario has too many series", Some(hint));
        }
        self.leaf(name, series, Some(about), step);
    }

    /// A step's own limits are thresholds on its series.
    fn note_slos(&mut self, about: &Series) {
        let tag = if about.kind == SeriesKind::Login { "session" } else { "journey" };
        let metric = if about.kind.is_query() { "sql_query_duration" } else { "http_req_duration" };
        for slo in self.common.last().iter().flat_map(|common| common.slo.iter()) {
            let metric = slo.metric.as_deref().unwrap_or(metric);
            let (owner, step) = (quoted(&about.journey), quoted(&about.step));
            self.slos.push(ThresholdText {
                subject: format!("{metric}{{{tag}:{owner},step:{step}}}"),
                condition: slo.condition.source().to_owned(),
                optional: false,
            });
        }
    }

    /// Adds a step that sends nothing.
    pub fn unmeasured(&mut self, name: &str, step: Box<dyn Step>) {
        self.leaf(name, None, None, step);
    }

    fn name_of_step(&self) -> Option<String> {
        self.common.last()?.name.as_ref().map(|name| name.value.clone())
    }

    fn leaf(
        &mut self,
        name: &str,
        series: Option<SeriesId>,
        about: Option<Series>,
        step: Box<dyn Step>,
    ) {
        let common = self.common.last();
        // What a group says holds for its steps, unless they say something else themselves.
        let said = self.common.iter().rev().map(|common| common.on_fail);
        let on_fail = said
            .into_iter()
            .find(|said| *said != OnFail::default())
            .unwrap_or(self.default_on_fail);
        let leaf = Leaf {
            name: self.name_of_step().unwrap_or_else(|| name.to_owned()),
            feature: common.and_then(|c| c.feature.as_ref()).map(|feature| feature.value.clone()),
            series,
            about,
            on_fail,
            eventually: common.and_then(|c| c.eventually.as_ref()).map(|patience| patience.value),
            step,
        };
        self.program.steps.push(leaf);
        let at = self.program.steps.len() - 1;
        self.emit(Op::Leaf(at));
    }

    /// Makes a template executable; unknown variables are mistakes.
    pub fn text(&mut self, template: &At<Template>, escape: Escape) -> Text {
        self.text_at(&template.value, template.node, escape)
    }

    /// Makes a template executable that is a value in a query string or a form: all of it is
    /// percent-encoded, not only its variables.
    pub fn component(&mut self, template: &At<Template>) -> Text {
        let encoded = |part: &Part| match part {
            Part::Text(text) => Part::Text(escaped(text, Escape::Url)),
            Part::Variable { name, default } => {
                Part::Variable { name: name.clone(), default: default.clone() }
            }
        };
        let parts: Vec<Part> = template.value.parts().iter().map(encoded).collect();
        self.pieces(&parts, template.node, Escape::Url)
    }

    /// Makes a template executable that stands at `node`.
    pub fn text_at(&mut self, template: &Template, node: NodeId, escape: Escape) -> Text {
        self.pieces(template.parts(), node, escape)
    }

    fn pieces(&mut self, parts: &[Part], node: NodeId, escape: Escape) -> Text {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Literal(text.as_str().into())),
                Part::Variable { name, default } => {
                    pieces.extend(self.variable(name, default.as_deref(), node, escape));
                }
            }
        }
        Text::new(pieces, escape)
    }

    fn variable(
        &mut self,
        name: &str,
        default: Option<&str>,
        node: NodeId,
        escape: Escape,
    ) -> Option<Piece> {
        if let Some(slot) = self.scope.find(name) {
            return Some(Piece::Slot(slot, name.into(), default.map(Into::into)));
        }
        if let Some((_, built)) = Built::ALL.iter().find(|(known, _)| *known == name) {
            return Some(Piece::Built(*built));
        }
        match from_environment(name, default, self.around.environment) {
            Ok(value) => Some(Piece::Literal(escaped(&value, escape).into())),
            Err(Unknown::Environment) => {
                let hint = format!("set it, or give a default: `${{{name}:-value}}`");
                self.error(node, format!("environment variable `{name}` is not set"), Some(&hint));
                None
            }
            Err(Unknown::Variable) => {
                let mut known: Vec<&str> = self.scope.names().collect();
                known.extend(Built::ALL.iter().map(|(name, _)| *name));
                let hint = match did_you_mean(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `${{{near}}}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                self.error(node, format!("unknown variable `{name}`"), Some(&hint));
                None
            }
        }
    }

    /// The slot of a variable that is known from here on.
    pub fn declare(&mut self, name: &str) -> Slot {
        self.scope.declare(name)
    }

    /// Makes headers executable.
    pub fn headers<'t>(
        &mut self,
        headers: impl IntoIterator<Item = &'t (At<String>, At<Template>)>,
    ) -> Vec<(HeaderName, Text)> {
        let mut made = Vec::new();
        for (name, value) in headers {
            let text = self.text(value, Escape::Header);
            let valid = text.as_literal().is_none_or(|text| HeaderValue::try_from(text).is_ok());
            match name.value.parse::<HeaderName>() {
                Ok(name) if valid => made.push((name, text)),
                Ok(_) => {
                    self.error(value.node, "a header's value has no control characters", None);
                }
                Err(_) => {
                    let message = format!("`{}` is not a header's name", name.value);
                    self.error(name.node, message, None);
                }
            }
        }
        made
    }

    /// The content of a file that the scenario names, relative to the file that names it.
    pub fn file(&mut self, path: &At<String>) -> Option<Arc<[u8]>> {
        match (self.around.file)(path.node, &path.value) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                self.error(path.node, format!("can't read `{}`: {why}", path.value), None);
                None
            }
        }
    }

    /// The index of a database; without a name it is the one called `default`.
    pub fn database(&mut self, name: Option<&At<String>>, node: NodeId) -> Option<usize> {
        let wanted = name.map_or("default", |name| name.value.as_str());
        let databases = self.around.databases;
        let found = databases.iter().position(|(known, _)| known == wanted);
        if found.is_none() {
            let known = databases.iter().map(|(name, _)| name.as_str());
            let hint = did_you_mean(wanted, known).map_or_else(
                || format!("add it: `databases: {{ {wanted}: \"${{DATABASE_URL}}\" }}`"),
                |near| format!("did you mean `{near}`?"),
            );
            let at = name.map_or(node, |name| name.node);
            self.error(at, format!("there is no database `{wanted}`"), Some(&hint));
        }
        found
    }
}

/// A selector's value that may hold commas and braces.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Why a name has no value.
pub(super) enum Unknown {
    Environment,
    Variable,
}

/// The value of a name that is not a variable of the scenario: upper case is the environment.
pub(super) fn from_environment(
    name: &str,
    default: Option<&str>,
    environment: &Environment<'_>,
) -> Result<String, Unknown> {
    let upper = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    let set = if upper { environment(name).filter(|value| !value.is_empty()) } else { None };
    let value = set.or_else(|| default.map(str::to_owned));
    value.ok_or(if upper { Unknown::Environment } else { Unknown::Variable })
}

fn escaped(value: &str, escape: Escape) -> String {
    let mut out = String::new();
    match escape {
        Escape::Url => super::text::encode_url(value, &mut out),
        Escape::Json => super::text::encode_json(value, &mut out),
        Escape::Plain | Escape::Header => out.push_str(value),
    }
    out
}
