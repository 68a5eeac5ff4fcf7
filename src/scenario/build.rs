//! YAML text made into nodes: events of the parser in, nodes with their bytes out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::tree::{
    Content, MAX_DEPTH, MAX_FILES, MAX_NODES, MAX_TEXT, MAX_VISITED, Node, NodeId, SourceFile,
    Style, Tree,
};

/// The most duplicate keys that are reported of one file.
const MAX_DUPLICATES: usize = 20;

/// Adds a file; see [`Tree::add`].
pub(super) fn add(
    tree: &mut Tree,
    path: &str,
    text: &str,
    out: &mut Diagnostics,
) -> Option<NodeId> {
    if text.len() > MAX_TEXT {
        let message = format!("`{path}` has {} bytes, the most is {MAX_TEXT} (1 MiB)", text.len());
        out.push(Diagnostic::new(message).with_hint("put data into a CSV feeder"));
        return None;
    }
    if tree.files.len() >= MAX_FILES {
        out.push(Diagnostic::new(format!("more than {MAX_FILES} files")));
        return None;
    }
    let file = tree.files.len();
    tree.files.push(SourceFile::new(path, text));
    let first = tree.nodes.len();
    let mut builder = Builder {
        bytes: ByteIndex::new(text),
        nodes: Vec::new(),
        first,
        file,
        open: Vec::new(),
        anchors: HashMap::new(),
        measures: HashMap::new(),
        root: None,
        problems: Vec::new(),
        duplicates: Vec::new(),
    };
    let mut parser = Parser::new_from_str(text);
    builder.consume(&mut parser);
    builder.finish(tree, out)
}

/// Where characters of a text stand, because the parser counts characters.
struct ByteIndex {
    /// Byte of each character; empty when all are ASCII.
    starts: Vec<usize>,
    length: usize,
}

impl ByteIndex {
    fn new(text: &str) -> Self {
        let starts = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).collect()
        };
        Self { starts, length: text.len() }
    }

    fn byte(&self, char: usize) -> usize {
        if self.starts.is_empty() {
            return char.min(self.length);
        }
        self.starts.get(char).copied().unwrap_or(self.length)
    }
}

/// How deep and how large a node is with all its aliases expanded.
#[derive(Clone, Copy)]
struct Measure {
    height: usize,
    size: usize,
}

/// A sequence or mapping that has not ended.
struct Open {
    id: NodeId,
    is_mapping: bool,
    anchor: usize,
    children: Vec<NodeId>,
    measure: Measure,
}

/// A mistake at a range of bytes.
struct Problem {
    start: usize,
    end: usize,
    message: String,
    hint: Option<&'static str>,
}

struct Builder {
    bytes: ByteIndex,
    nodes: Vec<Node>,
    /// Nodes of the tree before this file.
    first: usize,
    file: usize,
    open: Vec<Open>,
    /// Finished nodes with an anchor.
    anchors: HashMap<usize, NodeId>,
    /// Of nodes with an anchor only; all others are measured on the way.
    measures: HashMap<NodeId, Measure>,
    root: Option<NodeId>,
    /// Mistakes after which the file can't be used.
    problems: Vec<Problem>,
    /// Keys that were written before. The first one counts, so that the rest of the file can be
    /// looked at, too.
    duplicates: Vec<Problem>,
}

impl Builder {
    /// Takes all events, to the end or the first mistake after which nothing can be understood.
    fn consume(&mut self, parser: &mut Parser<'_, StrInput<'_>>) {
        while let Some(event) = parser.next_event() {
            match event {
                Ok((event, span)) => {
                    if self.take(event, span).is_none() {
                        return;
                    }
                }
                Err(error) => {
                    let at = self.bytes.byte(error.marker().index());
                    let message = format!("not YAML: {}", error.info());
                    return self.problem((at, at), message, Some(syntax_hint(error.info())));
                }
            }
        }
    }

    /// Takes one event; `None` when reading must end.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let range = (self.bytes.byte(span.start.index()), self.bytes.byte(span.end.index()));
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                if self.root.is_some() {
                    self.problem(range, "a second document in one file", None);
                    return None;
                }
            }
            Event::Alias(anchor) => return self.alias(anchor, range),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !self.is_text(tag.as_deref(), range);
                let style = if plain { Style::Plain } else { Style::Text };
                let id = self.node(Content::Scalar(text.into(), style), range)?;
                self.done(id, anchor, Measure { height: 1, size: 1 }, range)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.is_text(tag.as_deref(), range);
                self.start(false, anchor, range)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.is_text(tag.as_deref(), range);
                self.start(true, anchor, range)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range)?,
        }
        Some(())
    }

    /// Whether the tag makes a text of it. Tags other than YAML's own are a mistake.
    fn is_text(&mut self, tag: Option<&Tag>, range: (usize, usize)) -> bool {
        let Some(tag) = tag else { return false };
        let known = ["str", "int", "float", "bool", "null", "seq", "map"];
        if !tag.is_yaml_core_schema() || !known.contains(&tag.suffix.as_str()) {
            self.problem(range, format!("the tag `{tag}` has no meaning here"), None);
        }
        tag.suffix == "str"
    }

    /// Makes a node; `None` when there are too many.
    fn node(&mut self, content: Content, (start, end): (usize, usize)) -> Option<NodeId> {
        if self.nodes.len() >= MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file");
            self.problem((start, start), message, None);
            return None;
        }
        let id = u32::try_from(self.first + self.nodes.len()).ok().map(NodeId)?;
        self.nodes.push(Node { content, file: self.file, start, end: end.max(start) });
        Some(id)
    }

    fn start(&mut self, is_mapping: bool, anchor: usize, range: (usize, usize)) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            return self.too_deep(range);
        }
        let content =
            if is_mapping { Content::Mapping(Vec::new()) } else { Content::Sequence(Vec::new()) };
        let id = self.node(content, range)?;
        let measure = Measure { height: 1, size: 1 };
        self.open.push(Open { id, is_mapping, anchor, children: Vec::new(), measure });
        Some(())
    }

    fn too_deep(&mut self, range: (usize, usize)) -> Option<()> {
        self.problem(range, format!("nested deeper than {MAX_DEPTH}"), None);
        None
    }

    /// Ends the innermost sequence or mapping.
    fn end(&mut self, range: (usize, usize)) -> Option<()> {
        let open = self.open.pop()?;
        let content = if open.is_mapping {
            Content::Mapping(self.pairs(&open.children))
        } else {
            Content::Sequence(open.children)
        };
        let start = self.local(open.id).map(|node| node.start).unwrap_or_default();
        if let Some(node) = self.local_mut(open.id) {
            node.content = content;
            // The end of a block has no text of its own; the end of a flow is its bracket.
            if range.1 > range.0 {
                node.end = range.1;
            }
        }
        self.done(open.id, open.anchor, open.measure, (start, start))
    }

    /// Keys with values. Duplicates are reported, keys that are no scalars too, and `<<` merged.
    fn pairs(&mut self, children: &[NodeId]) -> Vec<(NodeId, NodeId)> {
        let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
        let mut merged = Vec::new();
        let mut known: HashMap<Box<str>, NodeId> = HashMap::new();
        for pair in children.chunks_exact(2) {
            let &[key, value] = pair else { continue };
            let Some(word) = self.scalar(key) else {
                self.problem(
                    self.range(key),
                    "a key must be one word, not a list or mapping",
                    None,
                );
                continue;
            };
            if &*word == "<<" {
                merged.push(value);
            } else if let Some(first) = known.get(&word).copied() {
                self.duplicate(&word, first, key);
            } else {
                known.insert(word, key);
                pairs.push((key, value));
            }
        }
        for source in merged {
            for (key, value) in self.merge_source(source) {
                let Some(word) = self.scalar(key) else {
                    continue;
                };
                if let Entry::Vacant(free) = known.entry(word) {
                    free.insert(key);
                    pairs.push((key, value));
                }
            }
        }
        pairs
    }

    /// What a merge key brings: one mapping, or a list of them.
    fn merge_source(&mut self, source: NodeId) -> Vec<(NodeId, NodeId)> {
        let content = self.local(source).map(|node| node.content.clone());
        match content {
            Some(Content::Mapping(entries)) => entries,
            Some(Content::Sequence(sources))
                if sources.iter().all(|id| {
                    let node = self.local(*id);
                    node.is_some_and(|node| matches!(node.content, Content::Mapping(_)))
                }) =>
            {
                sources.into_iter().flat_map(|id| self.merge_source(id)).collect()
            }
            Some(Content::Scalar(..) | Content::Sequence(_)) | None => {
                let hint = "write `<<: *anchor` where `anchor` names a mapping";
                self.problem(self.range(source), "`<<` takes a mapping", Some(hint));
                Vec::new()
            }
        }
    }

    fn duplicate(&mut self, word: &str, first: NodeId, second: NodeId) {
        if self.duplicates.len() < MAX_DUPLICATES {
            let at = self.range(first).0;
            // The line of the first one is filled in where the text is known.
            let message =
                format!("duplicate key `{word}`, first written in {AT_MARK}{at}{AT_MARK}");
            let (start, end) = self.range(second);
            self.duplicates.push(Problem { start, end, message, hint: Some("remove one of them") });
        }
    }

    /// Puts a finished node where it belongs; `None` when reading must end.
    fn done(
        &mut self,
        id: NodeId,
        anchor: usize,
        measure: Measure,
        range: (usize, usize),
    ) -> Option<()> {
        if anchor > 0 {
            self.anchors.insert(anchor, id);
            self.measures.insert(id, measure);
        }
        let depth = self.open.len();
        if depth + measure.height > MAX_DEPTH + 1 {
            return self.too_deep(range);
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(id);
            return Some(());
        };
        parent.children.push(id);
        parent.measure.height = parent.measure.height.max(measure.height + 1);
        parent.measure.size = parent.measure.size.saturating_add(measure.size);
        if parent.measure.size > MAX_VISITED {
            let message = format!("aliases make more than {MAX_VISITED} values of this file");
            self.problem(range, message, None);
            return None;
        }
        Some(())
    }

    fn alias(&mut self, anchor: usize, range: (usize, usize)) -> Option<()> {
        let known = self.anchors.get(&anchor).copied();
        let Some((id, measure)) = known.and_then(|id| Some((id, *self.measures.get(&id)?))) else {
            self.problem(range, "an alias inside of what it stands for", None);
            return None;
        };
        self.done(id, 0, measure, range)
    }

    fn scalar(&self, id: NodeId) -> Option<Box<str>> {
        match &self.local(id)?.content {
            Content::Scalar(text, _) => Some(text.clone()),
            Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    fn range(&self, id: NodeId) -> (usize, usize) {
        self.local(id).map(|node| (node.start, node.end)).unwrap_or_default()
    }

    fn local(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(usize::try_from(id.0).ok()?.checked_sub(self.first)?)
    }

    fn local_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(id.0).ok()?.checked_sub(self.first)?)
    }

    fn problem(
        &mut self,
        (start, end): (usize, usize),
        message: impl Into<String>,
        hint: Option<&'static str>,
    ) {
        self.problems.push(Problem { start, end, message: message.into(), hint });
    }

    /// Gives the nodes to the tree, unless they can't be used, and tells the mistakes.
    fn finish(self, tree: &mut Tree, out: &mut Diagnostics) -> Option<NodeId> {
        let Self { nodes, root, problems, duplicates, file, .. } = self;
        let source = tree.files.get(file)?;
        let usable = problems.is_empty();
        out.extend(duplicates.into_iter().chain(problems).map(|problem| problem.report(source)));
        if !usable {
            return None;
        }
        if root.is_none() {
            let hint = "a scenario has at least `journeys:` and `load:`";
            let message = format!("`{}` is empty", source.path);
            out.push(Diagnostic::new(message).with_hint(hint));
        }
        tree.nodes.extend(nodes);
        root
    }
}

/// Encloses the byte of a second place in a message until the text is at hand.
const AT_MARK: char = '\u{1}';

impl Problem {
    fn report(self, file: &SourceFile) -> Diagnostic {
        let mut message = self.message;
        let mut parts = message.splitn(3, AT_MARK);
        if let (Some(before), Some(byte), Some(after)) = (parts.next(), parts.next(), parts.next())
        {
            let place = file.place(byte.parse().unwrap_or_default());
            message = format!("{before}line {}, column {}{after}", place.line, place.column);
        }
        let diagnostic = Diagnostic::in_file(file, (self.start, self.end), message);
        match self.hint {
            Some(hint) => diagnostic.with_hint(hint),
            None => diagnostic,
        }
    }
}

/// What to look for, by the parser's message.
fn syntax_hint(info: &str) -> &'static str {
    if info.contains("tab") {
        "indent with spaces"
    } else if info.contains("':'") || info.contains("key") {
        "put a text with `: ` or ` #` in it into quotes, and indent keys of one mapping alike"
    } else if info.contains("quote") || info.contains("scalar") {
        "a quoted text must end with the quote it began with"
    } else {
        "look at the indentation, quotes and brackets here and in the line above"
    }
}
