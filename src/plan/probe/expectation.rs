//! Checks and conditions made executable.

use std::cmp::Ordering;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

use regex::Regex;

use super::found::{Found, Operand};
use super::{Looked, Question, Values};
use crate::names::ErrorKind;
use crate::plan::{Failure, Missing, Text, View};
use crate::scenario::Comparison;
use crate::units::{Nanos, format_nanos};

/// A check or condition made executable.
///
/// What can be known before the run is: patterns are compiled, and texts without variables read as
/// numbers. A check that holds makes no text of its own.
#[derive(Debug)]
pub struct Expectation {
    question: Question,
    comparison: Comparison,
    operands: Operands,
    pattern: Option<Regex>,
    source: String,
}

/// With what is compared.
#[derive(Debug)]
enum Operands {
    /// Texts without variables, or none.
    Fixed(Box<[Operand]>),
    One(Text),
    Several(Box<[Text]>),
}

impl Expectation {
    /// A check as its author wrote it in `source`: what is asked, how it is compared, and with
    /// what. The operand of [`Comparison::Matches`] is a pattern; one with variables or mistakes
    /// matches nothing.
    pub fn new(
        question: Question,
        comparison: Comparison,
        operands: Vec<Text>,
        source: &str,
    ) -> Self {
        let pattern = operands.first().and_then(Text::as_literal);
        let pattern = pattern.filter(|_| comparison == Comparison::Matches);
        Self {
            pattern: pattern.and_then(|pattern| Regex::new(pattern).ok()),
            operands: Operands::of(operands, &question),
            question,
            comparison,
            source: source.to_owned(),
        }
    }

    /// The same condition on another text.
    pub(in crate::plan) fn on(self, text: Text) -> Self {
        Self { question: Question::Text(text), ..self }
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Whether the answer is as expected; if not, the failure says what was there instead.
    pub fn check(&self, looked: &Looked<'_>, view: &mut View<'_>) -> Result<(), Failure> {
        let text = self.text(view);
        let found = self.question.values(looked, text.as_deref());
        match self.test(&found, view) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let was = self.describe(&found);
                let message = format!("check `{}` failed: {was}", self.source);
                Err(Failure::new(ErrorKind::Check, message))
            }
            Err(missing) => {
                let message = format!("check `{}`: {missing}", self.source);
                Err(Failure::new(ErrorKind::Data, message))
            }
        }
    }

    /// Whether a condition on variables holds; one that can't be decided does not.
    pub fn holds(&self, view: &mut View<'_>) -> bool {
        let text = self.text(view);
        let looked = Looked::nothing();
        let found = self.question.values(&looked, text.as_deref());
        self.test(&found, view).unwrap_or(false)
    }

    /// What stands left of a condition on variables.
    fn text(&self, view: &mut View<'_>) -> Option<Arc<str>> {
        let Question::Text(text) = &self.question else { return None };
        text.value(view).ok()
    }

    fn test(&self, found: &Values<'_, '_>, view: &mut View<'_>) -> Result<bool, Missing> {
        let mut read = |text: &Text| Ok(Operand::of(text.value(view)?, &self.question));
        Ok(match &self.operands {
            Operands::Fixed(operands) => self.compare(found, operands),
            Operands::One(text) => self.compare(found, &[read(text)?]),
            Operands::Several(texts) => {
                let operands: Vec<_> = texts.iter().map(read).collect::<Result<_, _>>()?;
                self.compare(found, &operands)
            }
        })
    }

    fn compare(&self, found: &Values<'_, '_>, wanted: &[Operand]) -> bool {
        let one = wanted.first();
        let equals = |value: Found<'_>| one.is_some_and(|one| value.equals(one));
        let contains = |value: Found<'_>| one.is_some_and(|one| value.text().contains(&*one.text));
        let ordered = |fits: fn(Ordering) -> bool| {
            all(found, |value| one.and_then(|one| value.order(one)).is_some_and(fits))
        };
        match self.comparison {
            Comparison::Exists => any(found, |value| !value.is_empty()),
            Comparison::Missing => !any(found, |_| true),
            Comparison::Equal => all(found, equals),
            Comparison::NotEqual => all(found, |value| !equals(value)),
            Comparison::In => all(found, |value| wanted.iter().any(|one| value.equals(one))),
            Comparison::Contains => any(found, contains),
            Comparison::NotContains => !any(found, contains),
            Comparison::Matches => self
                .pattern
                .as_ref()
                .is_some_and(|pattern| all(found, |value| pattern.is_match(&value.text()))),
            Comparison::Less => ordered(Ordering::is_lt),
            Comparison::LessOrEqual => ordered(Ordering::is_le),
            Comparison::Greater => ordered(Ordering::is_gt),
            Comparison::GreaterOrEqual => ordered(Ordering::is_ge),
        }
    }

    fn describe(&self, found: &Values<'_, '_>) -> String {
        let cut = |text: &str| {
            let short: String = text.chars().take(80).collect();
            if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
        };
        let mut first = None;
        let _first = found.each(&mut |value| {
            first = Some(value.text().into_owned());
            Break(())
        });
        let Some(first) = first else { return "found nothing".to_owned() };
        match (found.count(), &self.question) {
            (1, Question::Duration) => {
                let took = first.parse().map_or(Nanos::ZERO, Nanos);
                format!("it took {}", format_nanos(took))
            }
            (_, question) if question.is_secret() => "found something else".to_owned(),
            (1, _) => format!("found {}", cut(&first)),
            (count, _) => format!("found {count} values, the first {}", cut(&first)),
        }
    }
}

impl Operands {
    fn of(texts: Vec<Text>, question: &Question) -> Self {
        let fixed = |text: &Text| Some(Operand::of(text.as_literal()?.into(), question));
        if let Some(operands) = texts.iter().map(fixed).collect() {
            return Self::Fixed(operands);
        }
        match <[Text; 1]>::try_from(texts) {
            Ok([one]) => Self::One(one),
            Err(several) => Self::Several(several.into()),
        }
    }
}

/// Whether there is a value that passes.
fn any(found: &Values<'_, '_>, test: impl Fn(Found<'_>) -> bool) -> bool {
    let see = &mut |value: Found<'_>| if test(value) { Break(()) } else { Continue(()) };
    found.each(see).is_break()
}

/// Whether there are values, and all pass.
fn all(found: &Values<'_, '_>, test: impl Fn(Found<'_>) -> bool) -> bool {
    let mut some = false;
    let failed = found.each(&mut |value| {
        some = true;
        if test(value) { Continue(()) } else { Break(()) }
    });
    some && failed.is_continue()
}
