//! The text of all files of a scenario, and what stands where in it.

use serde::de::DeserializeOwned;

use super::diagnostic::Diagnostics;
use super::{build, reader};

/// The largest file that is read: 1 MiB.
pub const MAX_TEXT: usize = 1_048_576;
/// The most files of one scenario.
pub const MAX_FILES: usize = 100;
/// The most nodes (scalars, sequences, mappings) of one file.
pub const MAX_NODES: usize = 100_000;
/// How deep sequences and mappings may be nested, aliases expanded.
pub const MAX_DEPTH: usize = 64;
/// The most nodes that one file may have when all its aliases are expanded.
pub const MAX_VISITED: usize = 200_000;

/// Stands for one scalar, sequence or mapping in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// Of values that were not written but are defaults; it has no place.
    pub const NOWHERE: Self = Self(u32::MAX);
}

/// A place in a file, counted from 1. Columns are characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as it was named when it was added; empty for what was not written.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes, so that `5` is a number and `true` a truth value.
    Plain,
    /// In quotes, as a block or with the tag `!!str`: a text whatever it looks like.
    Text,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// One word, number or text.
    Scalar(Box<str>, Style),
    /// A list.
    Sequence(Vec<NodeId>),
    /// Keys and values in the order in which they were written.
    Mapping(Vec<(NodeId, NodeId)>),
}

/// One node with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    /// Index of the file.
    pub(super) file: usize,
    /// First byte in the file's text.
    pub(super) start: usize,
    /// The byte after the last one; the same as `start` when the end isn't known.
    pub(super) end: usize,
}

/// One file.
#[derive(Clone, Debug)]
pub(super) struct SourceFile {
    pub(super) path: String,
    pub(super) text: String,
    /// Byte at which each line starts.
    lines: Vec<usize>,
}

impl SourceFile {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { path: path.to_owned(), text: text.to_owned(), lines }
    }

    /// The line (from 0) in which the byte stands, and the byte at which this line starts.
    pub(super) fn line_at(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte).saturating_sub(1);
        (line, self.lines.get(line).copied().unwrap_or_default())
    }

    /// The text of a line (from 0) without its end.
    pub(super) fn line_text(&self, line: usize) -> &str {
        let start = self.lines.get(line).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        rest.split('\n').next().unwrap_or_default().trim_end_matches('\r')
    }

    /// The place of a byte.
    pub(super) fn place(&self, byte: usize) -> Place {
        let (line, start) = self.line_at(byte);
        let before = self.text.get(start..byte).unwrap_or_default();
        Place { file: self.path.clone(), line: line + 1, column: before.chars().count() + 1 }
    }
}

/// Texts of all files, and the nodes of all of them.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(super) files: Vec<SourceFile>,
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    /// A tree without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and gives its root. `path` is only a name for diagnostics.
    ///
    /// Refused are: what is not YAML, and what is beyond [`MAX_TEXT`], [`MAX_NODES`],
    /// [`MAX_DEPTH`] or [`MAX_VISITED`]. Duplicate keys are reported, and the first one counts. The
    /// text stays in the tree either way.
    pub fn add(&mut self, path: &str, text: &str, out: &mut Diagnostics) -> Option<NodeId> {
        build::add(self, path, text, out)
    }

    /// Reads a value from `node` and below, and reports all mistakes in it.
    ///
    /// After a mistake reading goes on as if the mistaken part had not been written, so the value
    /// may be incomplete when something was reported; `None` when nothing is left of it.
    pub fn read<T: DeserializeOwned>(&self, node: NodeId, out: &mut Diagnostics) -> Option<T> {
        reader::read(self, node, &[], out)
    }

    /// As [`Tree::read`], but the keys in `others` belong to another struct that is read from the
    /// same mapping.
    pub fn read_beside<T: DeserializeOwned>(
        &self,
        node: NodeId,
        others: &[&str],
        out: &mut Diagnostics,
    ) -> Option<T> {
        reader::read(self, node, others, out)
    }

    /// Where a node stands.
    pub fn place(&self, node: NodeId) -> Place {
        self.located(node).map(|(node, file)| file.place(node.start)).unwrap_or_default()
    }

    /// Keys of a mapping with their nodes, in the order in which they were written; empty for
    /// anything else.
    pub fn keys(&self, node: NodeId) -> Vec<(&str, NodeId)> {
        self.entries(node).iter().map(|(key, _)| (self.text(*key), *key)).collect()
    }

    /// The value that a mapping has for `key`.
    pub fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        let found = self.entries(node).iter().find(|(at, _)| self.text(*at) == key)?;
        Some(found.1)
    }

    /// Elements of a sequence; empty for anything else.
    pub fn elements(&self, node: NodeId) -> &[NodeId] {
        match self.content(node) {
            Some(Content::Sequence(elements)) => elements,
            Some(Content::Scalar(..) | Content::Mapping(_)) | None => &[],
        }
    }

    /// Whether the node is a mapping.
    pub fn is_mapping(&self, node: NodeId) -> bool {
        matches!(self.content(node), Some(Content::Mapping(_)))
    }

    /// Text of a scalar, without its quotes; empty for anything else.
    pub fn text(&self, node: NodeId) -> &str {
        match self.content(node) {
            Some(Content::Scalar(text, _)) => text,
            Some(Content::Sequence(_) | Content::Mapping(_)) | None => "",
        }
    }

    /// Keys and values of a mapping; empty for anything else.
    pub(super) fn entries(&self, node: NodeId) -> &[(NodeId, NodeId)] {
        match self.content(node) {
            Some(Content::Mapping(entries)) => entries,
            Some(Content::Scalar(..) | Content::Sequence(_)) | None => &[],
        }
    }

    pub(super) fn content(&self, node: NodeId) -> Option<&Content> {
        self.node(node).map(|node| &node.content)
    }

    pub(super) fn node(&self, node: NodeId) -> Option<&Node> {
        self.nodes.get(usize::try_from(node.0).ok()?)
    }

    /// A node with its file.
    pub(super) fn located(&self, node: NodeId) -> Option<(&Node, &SourceFile)> {
        let node = self.node(node)?;
        Some((node, self.files.get(node.file)?))
    }

    /// Whether nothing was written: an empty value, `~` or `null`.
    pub(super) fn is_null(&self, node: NodeId) -> bool {
        match self.content(node) {
            Some(Content::Scalar(text, Style::Plain)) => {
                matches!(&**text, "" | "~" | "null" | "Null" | "NULL")
            }
            Some(Content::Scalar(..) | Content::Sequence(_) | Content::Mapping(_)) | None => false,
        }
    }
}
