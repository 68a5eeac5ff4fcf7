//! Checks, captures and conditions made executable.

use http::HeaderName;
use regex::Regex;

use super::{Builder, Catch, Escape, Expectation, Path, Question, Text};
use crate::scenario::{At, Capture, Check, Extract, NodeId, Operand, VariableTest};

impl Builder<'_> {
    /// Makes a condition on variables executable.
    pub fn condition(&mut self, test: &VariableTest, node: NodeId) -> Expectation {
        let left = self.text_at(&test.left, node, Escape::Plain);
        let operands = self.operands(&test.operand, node);
        Expectation::new(Question::Text(left), test.comparison, operands, test.source())
    }

    /// Makes a check executable.
    pub fn check(&mut self, check: &At<Check>) -> Option<Expectation> {
        let question = self.question(&check.extract, check.node)?;
        let operands = self.operands(&check.operand, check.node);
        Some(Expectation::new(question, check.comparison, operands, check.source()))
    }

    /// Makes a capture executable; its variable is known from here on.
    pub fn capture(&mut self, name: &At<String>, capture: &At<Capture>) -> Option<Catch> {
        let question = self.question(&capture.extract, capture.node);
        let default = capture
            .default
            .as_ref()
            .map(|default| self.text_at(default, capture.node, Escape::Plain));
        let slot = self.declare(&name.value);
        self.captured.push(slot);
        Some(Catch {
            slot,
            name: name.value.clone(),
            question: question?,
            picker: capture.picker,
            default,
            source: capture.source().to_owned(),
        })
    }

    fn operands(&mut self, operand: &Operand, node: NodeId) -> Vec<Text> {
        operand.templates().iter().map(|t| self.text_at(t, node, Escape::Plain)).collect()
    }

    /// The grammar has checked paths and patterns; what it let through is a mistake here.
    fn question(&mut self, extract: &Extract, node: NodeId) -> Option<Question> {
        let broken = |message: String, builder: &mut Self| {
            builder.error(node, message, None);
            None
        };
        Some(match extract {
            Extract::Status => Question::Status,
            Extract::Body => Question::Body,
            Extract::Size => Question::Size,
            Extract::Duration => Question::Duration,
            Extract::Rows => Question::Rows,
            Extract::Row(column) => Question::Row(column.clone()),
            Extract::Cookie(name) => Question::Cookie(name.clone()),
            Extract::Length(inner) => Question::Length(Box::new(self.question(inner, node)?)),
            Extract::Header(name) => match name.parse::<HeaderName>() {
                Ok(name) => Question::Header(name),
                Err(_) => return broken(format!("`{name}` is not a header's name"), self),
            },
            Extract::Json(path) => match Path::parse(path.as_str()) {
                Ok(path) => Question::Json(path),
                Err(error) => return broken(format!("not a JSONPath: {error}"), self),
            },
            Extract::Regex(pattern) => match Regex::new(pattern) {
                Ok(pattern) => Question::Regex(pattern),
                Err(error) => return broken(format!("not a pattern: {error}"), self),
            },
        })
    }
}
