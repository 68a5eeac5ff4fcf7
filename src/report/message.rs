//! Messages to the people who wait: the guide's texts, filled in from what is known.
//!
//! What is not known stays a placeholder in brackets, so that it is seen.

mod deployment;

use super::document::Document;
use super::foreign::clean;
use super::markdown::escape;

/// A message that can be written.
pub trait Message: Sync {
    /// Its name on the command line.
    fn word(&self) -> &'static str;

    /// What it is, in a line.
    fn about(&self) -> &'static str;

    /// The whole text, as Markdown; `Err` says what there has to be first.
    fn render(&self, known: &MessageFacts<'_>) -> Result<String, String>;
}

/// Every message, in the order of the manual.
pub const MESSAGES: &[&dyn Message] = &[&deployment::Deployment];

/// What is known for a message.
#[derive(Clone, Debug, Default)]
pub struct MessageFacts<'a> {
    /// What is upgraded, for people.
    pub project: Option<String>,
    /// The branch that was deployed.
    pub branch: Option<String>,
    /// The version before.
    pub before: Option<String>,
    /// The version that was deployed.
    pub after: Option<String>,
    /// When it was first seen to be there: RFC 3339, UTC.
    pub deployed: Option<String>,
    /// Whether the database was backed up.
    pub backup: Option<Shown>,
    /// Whether migrations have completed.
    pub migrations: Option<Shown>,
    /// Whether the first tests have passed.
    pub tests: Option<Shown>,
    /// Address of the system.
    pub url: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// Who signs.
    pub by: Option<String>,
    /// The observation, or the run, that the message is about.
    pub document: Option<&'a Document>,
    /// Which day of the observation, from 1 on.
    pub day: Option<u32>,
}

/// What checks or people showed of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is so.
    Yes,
    /// It is not so, for this reason.
    No(String),
}

/// The message whose word is `word`.
pub fn message(word: &str) -> Option<&'static dyn Message> {
    MESSAGES.iter().copied().find(|message| message.word() == word)
}

/// A value from somewhere else, or the placeholder that stays in its place.
fn filled(value: Option<&String>, placeholder: &str) -> String {
    value.map_or_else(|| placeholder.to_owned(), |value| escape(&clean(value)))
}

/// `Backed up ✅`, `❌ not so: …`, or the placeholder.
fn shown(value: Option<&Shown>, yes: &str, placeholder: &str) -> String {
    match value {
        Some(Shown::Yes) => format!("{yes} ✅"),
        Some(Shown::No(why)) => format!("❌ {}", escape(&clean(why))),
        None => placeholder.to_owned(),
    }
}
