//! A mistake on its way to becoming a diagnostic.

use std::fmt;

use serde::de;

use crate::scenario::diagnostic::did_you_mean;
use crate::scenario::tree::{Content, NodeId, Tree};

/// How much of a text a message shows.
const MAX_SHOWN: usize = 60;

/// What serde found wrong, and at which node.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) node: Option<NodeId>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// The key that a mapping lacks.
    pub(super) missing: Option<&'static str>,
    /// What would have been right, when the value found was only described by its type.
    wanted: Option<String>,
}

impl ReadError {
    fn new(message: String) -> Self {
        Self { node: None, message, hint: None, missing: None, wanted: None }
    }

    pub(super) fn unknown_key<'a>(
        word: &str,
        context: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        let within = if context.is_empty() { String::new() } else { format!(" in {context}") };
        let mut error = Self::new(format!("unknown key `{}`{within}", short(word)));
        error.hint = Some(match did_you_mean(word, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known keys: {}", known.collect::<Vec<_>>().join(", ")),
        });
        error
    }

    /// The same, at `node` unless it is known better.
    pub(super) fn at(mut self, node: NodeId) -> Self {
        self.node = self.node.or(Some(node));
        self
    }

    /// The same, naming what stands at `node` instead of its type.
    pub(super) fn found_at(mut self, tree: &Tree, node: NodeId) -> Self {
        if let Some(wanted) = self.wanted.take() {
            self.message = format!("expected {wanted}, found {}", found(tree, node));
        }
        self.at(node)
    }

    /// The same of a number that its type can't hold.
    pub(super) fn in_range(mut self, text: &str) -> Self {
        if self.wanted.take().is_some() {
            self.message = format!("`{}` is out of range", short(text));
        }
        self
    }

    /// The same, naming the struct that lacks a key.
    pub(super) fn in_struct(mut self, name: &str) -> Self {
        if let Some(missing) = self.missing.filter(|_| is_phrase(name)) {
            let known = format!("missing key `{missing}`");
            if self.message == known {
                self.message = format!("{known} in {name}");
            }
        }
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        let mut error = Self::new(format!("expected {wanted}, found {unexpected}"));
        error.wanted = Some(wanted.to_string());
        error
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, wanted)
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(format!("missing key `{field}`"));
        error.missing = Some(field);
        error
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is written twice, in two spellings"))
    }
}

/// What stands at a node, for a message.
pub(super) fn found(tree: &Tree, node: NodeId) -> String {
    match tree.content(node) {
        Some(Content::Scalar(..)) if tree.is_null(node) => "nothing".to_owned(),
        Some(Content::Scalar(text, _)) => format!("`{}`", short(text)),
        Some(Content::Sequence(_)) => "a list".to_owned(),
        Some(Content::Mapping(_)) => "a mapping".to_owned(),
        None => "nothing".to_owned(),
    }
}

/// The beginning of a text that may be long.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Words for a message: "`a`, `b` or `c`".
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The first keys of a struct, for a message.
pub(super) fn first_of(fields: &[&str]) -> String {
    const SHOWN: usize = 5;
    match fields.split_at_checked(SHOWN) {
        Some((first, [_, ..])) => {
            let quoted: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{}, …", quoted.join(", "))
        }
        Some((_, [])) | None => list(fields),
    }
}

/// Whether a struct's name was written for people: `a phase`, `` `http` ``.
pub(super) fn is_phrase(name: &str) -> bool {
    name.contains([' ', '`'])
}
