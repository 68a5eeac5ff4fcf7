//! The normal form of a query: what is the same statement, and what it is called.
//!
//! [`Normal::of`] reads a statement as PostgreSQL's lexer does and leaves out what differs from
//! one execution to the next: constants, parameters, the length of lists, comments, spaces, and
//! the case of words. Whatever the bytes, it gives a form, in one pass and of bounded length.
//!
//! No constant is ever in a form: what a lexer calls a constant is thrown away where it is read.

mod fold;
mod lexer;
mod name;
mod split;
mod tags;
#[cfg(test)]
mod tests;
mod token;
mod value;
mod words;

use fold::Folder;
use lexer::{Lexer, Piece};
pub use name::MAX_NAME;
pub use split::statements;
pub use tags::{MAX_TAG, MAX_TAGS, traceparent, without_comments};

/// Most bytes of a normal form, about. A longer one ends in `...`: two statements that are alike
/// so far are one. Statements of people and of object mappers have up to 4 KiB.
pub const MAX_FORM: usize = 16 << 10;

/// A statement without what differs from one execution to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    /// The normal form, in full. Its own normal form is itself.
    ///
    /// Each constant and each parameter is `$?`. `IN (…)` with values, `= ANY (value)` and
    /// `= value` are all `= $?`; `NOT IN (…)`, `<> ALL (value)` and `<> value` are all `<> $?`.
    /// `VALUES` keeps its first row. Words of the language are in upper case, names as the server
    /// folds them, without quotes that they do not need and without the schema `public`. The
    /// casts of values, the aliases and the order of everything stay.
    pub text: String,
    /// A short name for people, such as `SELECT farms by id`: at most [`MAX_NAME`] characters,
    /// none of them a control character. Different forms may have the same name.
    pub name: String,
    /// What kind of statement it is.
    pub kind: Kind,
    /// What sqlcommenter wrote into its comments, decoded: `traceparent`, `route` and the like.
    /// These are no part of the form. At most [`MAX_TAGS`].
    pub tags: Vec<(String, String)>,
}

/// What a statement does, by the word that it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `SELECT`, `VALUES`, `TABLE`, also after `WITH`.
    Select,
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `MERGE`.
    Merge,
    /// `COPY`.
    Copy,
    /// What begins, ends and divides transactions.
    Transaction,
    /// Settings, prepared statements, cursors, definitions, maintenance.
    Utility,
    /// Nothing, or a word that PostgreSQL does not begin a statement with.
    Other,
}

impl Normal {
    /// The normal form of `text`, which is one statement.
    ///
    /// Of several statements the form holds all, and the name is that of the first;
    /// [`statements`] takes them apart.
    pub fn of(text: &str) -> Self {
        Self::within(text, MAX_FORM)
    }

    fn within(text: &str, limit: usize) -> Self {
        let mut folder = Folder::new(limit);
        let mut tags = Vec::new();
        let mut has_room = true;
        for piece in Lexer::new(text) {
            if let Piece::Comment(comment) = piece {
                tags::read(comment, &mut tags);
            } else if has_room {
                has_room = folder.take(piece);
            }
        }
        let tokens = folder.finish();
        let (kind, name) = name::of(&tokens);
        Self { text: token::render(&tokens), name, kind, tags }
    }

    /// A number that stands for the form: FNV-1a of 64 bits over the bytes of `text`, the same
    /// in every version of loadgate and on every machine.
    ///
    /// Its last four hexadecimal digits tell series apart whose names are the same:
    /// [`Self::distinct_name`].
    pub fn fingerprint(&self) -> u64 {
        // Offset and prime: Fowler, Noll, Vo, Eastlake, draft-eastlake-fnv, section 5.
        let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
    }

    /// The name where another form has the same: `SELECT farms by id ~3f9a`.
    pub fn distinct_name(&self) -> String {
        distinct(&self.name, self.fingerprint())
    }
}

/// A name with what tells its form from others of that name: the last four hexadecimal digits of
/// its [`Normal::fingerprint`].
pub fn distinct(name: &str, fingerprint: u64) -> String {
    format!("{name} ~{:04x}", fingerprint & 0xffff)
}
