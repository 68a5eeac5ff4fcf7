//! serde over the tree: every mistake knows its node, and reading goes on after it.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::at::{AT, STEP};
use super::condition::SCALAR_OR_MAPPING;
use super::diagnostic::{Diagnostics, did_you_mean};
use super::named::ONE_OR_MANY;
use super::tree::{Content, NodeId, Style, Tree};

mod access;
mod error;

use access::{Elements, Entries, Pair, Word};
use error::{ReadError, first_of, is_phrase, list};

/// The most nodes that are visited while one value is read with all its mistakes.
const MAX_WORK: u32 = 2_000_000;

/// Reads `T` at `root`, again and again without the parts that were wrong.
pub(super) fn read<T: DeserializeOwned>(
    tree: &Tree,
    root: NodeId,
    others: &[&str],
    out: &mut Diagnostics,
) -> Option<T> {
    let mut state = State {
        tree,
        root,
        others,
        struck: HashSet::new(),
        mistyped: HashSet::new(),
        unknown: RefCell::default(),
        work: Cell::new(0),
    };
    loop {
        let result = T::deserialize(Reader { state: &state, node: root });
        for unknown in state.unknown.take() {
            state.mistyped.extend(unknown.node);
            state.report(unknown, out);
        }
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let node = error.node.unwrap_or(root);
        if !state.follows_from_another(node, &error) {
            state.report(error, out);
        }
        let is_new = state.struck.insert(node);
        if node == root || !is_new || out.is_full() {
            return None;
        }
    }
}

/// What all readers of one value share.
struct State<'t> {
    tree: &'t Tree,
    root: NodeId,
    /// Keys of the root that belong to another struct.
    others: &'t [&'t str],
    /// Nodes that are treated as if they had not been written.
    struck: HashSet<NodeId>,
    /// Unknown keys that were reported.
    mistyped: HashSet<NodeId>,
    /// Unknown keys of this pass; they don't end it.
    unknown: RefCell<Vec<ReadError>>,
    work: Cell<u32>,
}

impl State<'_> {
    fn report(&self, error: ReadError, out: &mut Diagnostics) {
        let node = error.node.unwrap_or(self.root);
        let diagnostic = out.error(self.tree, node, error.message);
        if let Some(hint) = error.hint {
            diagnostic.hint(hint);
        }
    }

    /// Whether a missing key was written, but wrongly, which has been reported.
    fn follows_from_another(&self, node: NodeId, error: &ReadError) -> bool {
        let Some(missing) = error.missing else {
            return false;
        };
        self.tree.entries(node).iter().any(|(key, value)| {
            let struck = self.struck.contains(key) || self.struck.contains(value);
            let word = self.tree.text(*key);
            let mistyped = self.mistyped.contains(key);
            struck && alike(word, missing) || mistyped && did_you_mean(word, [missing]).is_some()
        })
    }

    fn is_struck(&self, node: NodeId) -> bool {
        self.struck.contains(&node)
    }
}

/// Whether two keys are the same but for camel case.
fn alike(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    plain(a) == plain(b)
}

/// Reads one node.
#[derive(Clone, Copy)]
struct Reader<'s, 't> {
    state: &'s State<'t>,
    node: NodeId,
}

/// What a plain scalar means when nothing says what it should be.
enum Plain {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

/// YAML's core schema.
fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    // `007` is a text (a postal code), `1e3` a number, `inf` and `NaN` texts.
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let zero_led = digits.starts_with('0') && digits.len() > 1 && !digits.starts_with("0.");
    if zero_led || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Plain::Text;
    }
    if let Ok(number) = text.parse() {
        return Plain::Unsigned(number);
    }
    if let Ok(number) = text.parse() {
        return Plain::Signed(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Plain::Float(number),
        Ok(_) | Err(_) => Plain::Text,
    }
}

/// Whether a plain scalar is a text, as it would be in quotes.
pub(super) fn is_text(text: &str) -> bool {
    matches!(plain(text), Plain::Text)
}

impl<'t> Reader<'_, 't> {
    fn content(self) -> Result<&'t Content, ReadError> {
        let work = self.state.work.get() + 1;
        self.state.work.set(work);
        if work > MAX_WORK {
            let message = "too many mistakes in too long a text to look for more";
            return Err(ReadError::custom(message).at(self.state.root));
        }
        let missing = || ReadError::custom("nothing is written here").at(self.node);
        self.state.tree.content(self.node).ok_or_else(missing)
    }

    /// Reads a node of the same tree.
    fn other(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    /// What was found, for a message.
    fn found(self) -> String {
        error::found(self.state.tree, self.node)
    }

    fn unlike(self, wanted: &dyn serde::de::Expected) -> ReadError {
        ReadError::custom(format_args!("expected {wanted}, found {}", self.found())).at(self.node)
    }

    /// The text of a scalar that is not null.
    fn scalar(self, wanted: &dyn serde::de::Expected) -> Result<&'t str, ReadError> {
        match self.content()? {
            Content::Scalar(text, _) if !self.state.tree.is_null(self.node) => Ok(text),
            Content::Scalar(..) | Content::Sequence(_) | Content::Mapping(_) => {
                Err(self.unlike(wanted))
            }
        }
    }

    fn number<V: Visitor<'t>>(self, visitor: V, whole: bool) -> Result<V::Value, ReadError> {
        let wanted = if whole { "a whole number" } else { "a number" };
        let text = self.scalar(&wanted)?;
        let read = match plain(text) {
            Plain::Unsigned(number) => visitor.visit_u64(number),
            Plain::Signed(number) => visitor.visit_i64(number),
            Plain::Float(number) if !whole => visitor.visit_f64(number),
            Plain::Float(_) | Plain::Null | Plain::Bool(_) | Plain::Text => {
                return Err(self.unlike(&wanted));
            }
        };
        read.map_err(|error: ReadError| error.in_range(text).at(self.node))
    }

    /// Entries that are read: struck ones are skipped.
    fn open_entries(self, entries: &'t [(NodeId, NodeId)]) -> Vec<(NodeId, NodeId)> {
        let state = self.state;
        let mut open = entries.to_vec();
        open.retain(|(key, value)| !state.is_struck(*key) && !state.is_struck(*value));
        open
    }

    fn sequence<V: Visitor<'t>>(
        self,
        elements: &'t [NodeId],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let state = self.state;
        let open = elements.iter().copied().filter(|node| !state.is_struck(*node)).collect();
        let list = Elements { reader: self, open, at: 0 };
        visitor.visit_seq(list).map_err(|error| error.at(self.node))
    }

    fn mapping<V: Visitor<'t>>(
        self,
        open: Vec<(NodeId, NodeId)>,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let entries = Entries { reader: self, open, at: 0 };
        visitor.visit_map(entries).map_err(|error| error.at(self.node))
    }

    /// Entries of a struct: unknown keys are reported and skipped, empty values are not written.
    fn fields(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        entries: &'t [(NodeId, NodeId)],
    ) -> Vec<(NodeId, NodeId)> {
        let tree = self.state.tree;
        let others = if self.node == self.state.root { self.state.others } else { &[] };
        let mut open = self.open_entries(entries);
        open.retain(|(key, value)| {
            let word = tree.text(*key);
            if others.contains(&word) {
                return false;
            }
            if !fields.contains(&word) {
                let known = fields.iter().chain(others).copied();
                let context = if others.is_empty() && is_phrase(name) { name } else { "" };
                let unknown = ReadError::unknown_key(word, context, known).at(*key);
                self.state.unknown.borrow_mut().push(unknown);
                return false;
            }
            !tree.is_null(*value)
        });
        open
    }
}

impl<'de> Deserializer<'de> for Reader<'_, 'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let read = match self.content()? {
            Content::Scalar(text, Style::Text) => visitor.visit_str(text),
            Content::Scalar(text, Style::Plain) => match plain(text) {
                Plain::Null => visitor.visit_unit(),
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Unsigned(number) => visitor.visit_u64(number),
                Plain::Signed(number) => visitor.visit_i64(number),
                Plain::Float(number) => visitor.visit_f64(number),
                Plain::Text => visitor.visit_str(text),
            },
            Content::Sequence(elements) => return self.sequence(elements, visitor),
            Content::Mapping(entries) => return self.mapping(self.open_entries(entries), visitor),
        };
        read.map_err(|error: ReadError| error.found_at(self.state.tree, self.node))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let wanted = "`true` or `false`";
        match plain(self.scalar(&wanted)?) {
            Plain::Bool(value) => visitor.visit_bool(value),
            Plain::Null | Plain::Unsigned(_) | Plain::Signed(_) | Plain::Float(_) | Plain::Text => {
                Err(self.unlike(&wanted))
            }
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, true)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, true)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, true)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, true)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, true)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, true)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number(visitor, false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = self.scalar(&visitor)?;
        visitor.visit_str(text).map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let text = self.scalar(&"a text")?;
        visitor.visit_str(text).map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.state.tree.is_null(self.node) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let read = match name {
            AT => visitor.visit_seq(Pair { reader: self, number_given: false }),
            STEP if !self.state.tree.is_mapping(self.node) => return Err(self.unlike(&visitor)),
            STEP => visitor.visit_u32(self.node.0),
            SCALAR_OR_MAPPING => match self.content()? {
                Content::Scalar(..) => visitor.visit_newtype_struct(self),
                Content::Mapping(_) => visitor.visit_some(self),
                Content::Sequence(_) => return Err(self.unlike(&visitor)),
            },
            ONE_OR_MANY => match self.content()? {
                Content::Sequence(elements) => return self.sequence(elements, visitor),
                Content::Scalar(..) | Content::Mapping(_) => visitor.visit_newtype_struct(self),
            },
            _ => visitor.visit_newtype_struct(self),
        };
        read.map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.content()? {
            Content::Sequence(elements) => self.sequence(elements, visitor),
            Content::Scalar(..) | Content::Mapping(_) => Err(self.unlike(&"a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.content()? {
            Content::Mapping(entries) => self.mapping(self.open_entries(entries), visitor),
            Content::Scalar(..) | Content::Sequence(_) => Err(self.unlike(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.content()? {
            Content::Mapping(entries) => {
                let read = self.mapping(self.fields(name, fields, entries), visitor);
                read.map_err(|error| error.in_struct(name))
            }
            Content::Scalar(..) | Content::Sequence(_) if is_phrase(name) => {
                let wanted = format!("{name}: a mapping with {}", first_of(fields));
                Err(self.unlike(&wanted.as_str()))
            }
            Content::Scalar(..) | Content::Sequence(_) => Err(self.unlike(&visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let text = self.scalar(&list(words).as_str())?;
        if !words.contains(&text) {
            let mut error = self.unlike(&list(words).as_str());
            error.hint = did_you_mean(text, words.iter().copied())
                .map(|word| format!("did you mean `{word}`?"));
            return Err(error);
        }
        visitor.visit_enum(Word(text)).map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}
