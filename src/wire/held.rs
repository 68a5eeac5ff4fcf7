//! Prepared statements and portals of one connection, by name.

use std::collections::HashMap;

use super::sample::TextId;

/// The most named statements of a connection that are remembered. Drivers keep 100 to 500.
pub const MAX_STATEMENTS: usize = 4_096;
/// The most named portals of a connection that are remembered.
pub const MAX_PORTALS: usize = 256;

/// Bytes by which PostgreSQL tells names apart (`NAMEDATALEN` without the zero).
const NAME: usize = 63;

/// What names stand for at the moment, as far as the client's messages have been seen.
#[derive(Debug, Default)]
pub(super) struct Held {
    unnamed: Option<TextId>,
    statements: HashMap<Box<[u8]>, Entry>,
    unnamed_portal: Option<TextId>,
    portals: HashMap<Box<[u8]>, (Option<TextId>, u64)>,
    /// Counts messages, so that a later one can be told from an earlier one.
    stamp: u64,
}

/// A named statement.
#[derive(Clone, Copy, Debug)]
struct Entry {
    text: TextId,
    stamp: u64,
}

/// How a name is put back when the server skips the message that changed it.
#[derive(Debug)]
pub(super) struct Undo {
    name: Box<[u8]>,
    before: Option<Entry>,
    /// The stamp that the change left, if it left an entry.
    after: Option<u64>,
}

impl Held {
    /// The time of names: one more with each message that changes them.
    pub(super) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// `Parse`: the name stands for the text from now on.
    pub(super) fn parse(&mut self, name: &[u8], text: TextId) -> Option<Box<Undo>> {
        self.stamp += 1;
        if name.is_empty() {
            self.unnamed = Some(text);
            return None;
        }
        let name = short(name);
        let entry = Entry { text, stamp: self.stamp };
        let after = Some(self.stamp);
        if let Some(known) = self.statements.get_mut(name) {
            let before = Some(std::mem::replace(known, entry));
            return Some(Box::new(Undo { name: name.into(), before, after }));
        }
        if self.statements.len() >= MAX_STATEMENTS {
            return None;
        }
        self.statements.insert(name.into(), entry);
        Some(Box::new(Undo { name: name.into(), before: None, after }))
    }

    /// `Close` of a statement.
    pub(super) fn close(&mut self, name: &[u8]) -> Option<Box<Undo>> {
        if name.is_empty() {
            self.unnamed = None;
            return None;
        }
        let name = short(name);
        let before = Some(self.statements.remove(name)?);
        Some(Box::new(Undo { name: name.into(), before, after: None }))
    }

    /// The server has skipped a `Parse` or `Close`. What was said of the name since stays.
    pub(super) fn undo(&mut self, undo: Undo) {
        let now = self.statements.get(&undo.name).map(|entry| entry.stamp);
        if now != undo.after {
            return;
        }
        match undo.before {
            Some(entry) => drop(self.statements.insert(undo.name, entry)),
            None => drop(self.statements.remove(&undo.name)),
        }
    }

    /// `Bind`: the portal executes the statement. Returns the statement's text.
    pub(super) fn bind(&mut self, portal: &[u8], statement: &[u8]) -> Option<TextId> {
        let text = if statement.is_empty() {
            self.unnamed
        } else {
            self.statements.get(short(statement)).map(|entry| entry.text)
        };
        if portal.is_empty() {
            self.unnamed_portal = text;
            return text;
        }
        self.stamp += 1;
        let portal = short(portal);
        if let Some(known) = self.portals.get_mut(portal) {
            *known = (text, self.stamp);
        } else if self.portals.len() < MAX_PORTALS {
            self.portals.insert(portal.into(), (text, self.stamp));
        }
        text
    }

    /// The text that a portal executes.
    pub(super) fn portal(&self, portal: &[u8]) -> Option<TextId> {
        if portal.is_empty() {
            return self.unnamed_portal;
        }
        self.portals.get(short(portal)).and_then(|(text, _)| *text)
    }

    /// `Close` of a portal.
    pub(super) fn close_portal(&mut self, portal: &[u8]) {
        if portal.is_empty() {
            self.unnamed_portal = None;
        } else {
            self.portals.remove(short(portal));
        }
    }

    /// A transaction has ended: its portals are gone, but for those bound after `stamp`, which
    /// the server has not come to yet.
    pub(super) fn end_portals(&mut self, stamp: u64) {
        if !self.portals.is_empty() {
            self.portals.retain(|_, (_, bound)| *bound > stamp);
        }
    }
}

fn short(name: &[u8]) -> &[u8] {
    name.get(..NAME).unwrap_or(name)
}
