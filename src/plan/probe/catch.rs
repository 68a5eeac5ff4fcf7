//! Captures made executable.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

use super::{Looked, Question, Values};
use crate::names::ErrorKind;
use crate::plan::{Dice, Failure, Slot, Text, View};
use crate::scenario::Picker;

/// A capture made executable.
#[derive(Debug)]
pub struct Catch {
    /// Which variable gets the value.
    pub slot: Slot,
    /// Its name, for messages.
    pub name: String,
    /// What is asked.
    pub question: Question,
    /// Which of several values is taken.
    pub picker: Picker,
    /// What is taken when there is none.
    pub default: Option<Text>,
    /// The capture as its author wrote it.
    pub source: String,
}

impl Catch {
    /// Takes the value out of the answer and gives it to the variable.
    pub fn take(&self, looked: &Looked<'_>, view: &mut View<'_>) -> Result<(), Failure> {
        let values = self.question.values(looked, None);
        let value = match (self.pick(&values, view.dice), &self.default) {
            (Some(value), _) => value,
            (None, Some(default)) => default
                .value(view)
                .map_err(|missing| Failure::new(ErrorKind::Data, missing.to_string()))?,
            (None, None) => {
                view.variables.unset(self.slot);
                let message = format!("capture `{}: {}` found nothing", self.name, self.source);
                return Err(Failure::new(ErrorKind::Capture, message));
            }
        };
        view.variables.set(self.slot, value);
        Ok(())
    }

    fn pick(&self, values: &Values<'_, '_>, dice: &mut Dice) -> Option<Arc<str>> {
        match self.picker {
            Picker::Count => Some(values.count().to_string().into()),
            Picker::All => joined(values),
            Picker::First => nth(values, 0),
            Picker::Last => nth(values, values.count().checked_sub(1)?),
            Picker::Nth(at) => nth(values, at),
            Picker::Random => {
                let at = dice.below(u64::try_from(values.count()).ok()?);
                nth(values, usize::try_from(at).ok()?)
            }
        }
    }
}

/// The value with this number, counted from 0.
fn nth(values: &Values<'_, '_>, at: usize) -> Option<Arc<str>> {
    if let Values::Nodes(nodes) = values {
        return nodes.iter().nth(at).map(|node| node.show(|value| value.text().into()));
    }
    let (mut skip, mut found) = (at, None);
    let _rest = values.each(&mut |value| {
        if skip > 0 {
            skip -= 1;
            return Continue(());
        }
        found = Some(value.text().into());
        Break(())
    });
    found
}

/// All values with commas between them, if there are any.
fn joined(values: &Values<'_, '_>) -> Option<Arc<str>> {
    let mut joined = None;
    let _all = values.each(&mut |value| {
        let text = value.text();
        match &mut joined {
            None => joined = Some(text.into_owned()),
            Some(joined) => {
                joined.push(',');
                joined.push_str(&text);
            }
        }
        Continue(())
    });
    joined.map(Arc::from)
}
