//! What was found in an answer, and what it is compared with.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Number, Value};

use super::Question;
use crate::units::{Bytes, Nanos, count_to_f64};

/// Memory for the first values of a list, so that it rarely has to grow.
const SOME: usize = 32;

/// One value that answers a question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// A text, which may be that of a number.
    Text(&'a str),
    /// A count.
    Whole(u64),
    /// A number of a JSON body.
    Number(&'a Number),
}

impl<'a> Found<'a> {
    /// Its text.
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Whole(count) => Cow::Owned(count.to_string()),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }

    /// Whether there is no text at all.
    pub(super) fn is_empty(self) -> bool {
        matches!(self, Self::Text(""))
    }

    /// Numbers are equal by value (`1.0` is `1`), all else by text.
    pub(super) fn equals(self, wanted: &Operand) -> bool {
        matches!(self, Self::Text(text) if *text == *wanted.text)
            || self.order(wanted).is_some_and(Ordering::is_eq)
    }

    /// How it compares with the wanted one, both being numbers (or durations, or sizes).
    pub(super) fn order(self, wanted: &Operand) -> Option<Ordering> {
        // Whole numbers exactly: ids can be longer than a floating-point number is exact.
        if let Some(wanted) = wanted.whole
            && let Some(value) = self.whole()
        {
            return Some(value.cmp(&wanted));
        }
        let wanted = wanted.number?;
        self.number()?.partial_cmp(&wanted)
    }

    fn whole(self) -> Option<i128> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Whole(count) => Some(count.into()),
            Self::Number(number) => number.as_i128(),
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Whole(count) => Some(count_to_f64(count)),
            Self::Number(number) => number.as_f64(),
        }
    }
}

/// What a value is compared with, read as a number once.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) text: Arc<str>,
    whole: Option<i128>,
    number: Option<f64>,
}

impl Operand {
    /// A text that the answer to a question is compared with.
    pub(super) fn of(text: Arc<str>, question: &Question) -> Self {
        let bytes = || text.parse().ok().map(|Bytes(bytes)| i128::from(bytes));
        let nanos = || text.parse().ok().map(|Nanos(nanos)| count_to_f64(nanos));
        let whole = text.parse().ok();
        let number = || text.parse().ok();
        let (whole, number) = if matches!(question, Question::Size) {
            (whole.or_else(bytes), number())
        } else if matches!(question, Question::Duration) {
            (whole, nanos().or_else(number))
        } else {
            (whole, number())
        };
        Self { text, whole, number }
    }
}

/// One value of a JSON body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    /// A text, without quotes and escapes.
    Text(Cow<'a, str>),
    /// Any value.
    Value(Cow<'a, Value>),
    /// A list with so many elements.
    List(usize),
}

impl Node<'_> {
    /// A value that was made.
    pub(super) fn of(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }

    /// Shows it as it is compared and captured.
    pub(super) fn show<R>(&self, see: impl FnOnce(Found<'_>) -> R) -> R {
        match self {
            Self::Text(text) => see(Found::Text(text)),
            Self::List(length) => see(Found::Text(&length.to_string())),
            Self::Value(value) => match &**value {
                Value::String(text) => see(Found::Text(text)),
                Value::Number(number) => see(Found::Number(number)),
                Value::Null => see(Found::Text("null")),
                Value::Bool(true) => see(Found::Text("true")),
                Value::Bool(false) => see(Found::Text("false")),
                tree @ (Value::Array(_) | Value::Object(_)) => see(Found::Text(&tree.to_string())),
            },
        }
    }

    /// Elements of a list, names of an object, characters of a text; 1 for all else.
    fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.chars().count(),
            Self::List(length) => *length,
            Self::Value(value) => match &**value {
                Value::Array(list) => list.len(),
                Value::Object(map) => map.len(),
                Value::String(text) => text.chars().count(),
                Value::Null | Value::Bool(_) | Value::Number(_) => 1,
            },
        }
    }
}

/// Values of a JSON body in their order; the first one needs no memory of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Nodes<'a> {
    first: Option<Node<'a>>,
    others: Vec<Node<'a>>,
}

impl<'a> Nodes<'a> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// What `len(…)` means: of a single value its own length.
    pub(super) fn length(&self) -> usize {
        match &self.first {
            Some(node) if self.others.is_empty() => node.length(),
            Some(_) | None => self.len(),
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Node<'a>> {
        self.first.iter().chain(&self.others)
    }

    /// One more.
    pub(super) fn push(&mut self, node: Node<'a>) {
        if self.first.is_none() {
            self.first = Some(node);
            return;
        }
        if self.others.is_empty() {
            self.others.reserve(SOME);
        }
        self.others.push(node);
    }

    /// Only the first `length` of them.
    pub(super) fn truncate(&mut self, length: usize) {
        self.others.truncate(length.saturating_sub(1));
        if length == 0 {
            self.first = None;
        }
    }
}
