//! What a normal form consists of, and how it is written.

use std::borrow::Cow;

use super::lexer::{is_first, is_inside};
use super::words;

/// What stands for every constant and parameter. No SQL has it, so it can't be mistaken.
pub(super) const VALUE: &str = "$?";

/// A piece of a normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A word of the language, in upper case.
    Keyword(&'t str),
    /// A name as the server folds it, without quotes.
    Name(Cow<'t, str>),
    /// A name with Unicode escapes, as written.
    Escaped(&'t str),
    Value,
    Operator(&'t str),
    /// One of `( ) [ ] , ; .`
    Mark(u8),
    Cast,
}

impl Token<'_> {
    /// The most bytes that it takes in a text, with a space before it.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Keyword(word) | Self::Operator(word) | Self::Escaped(word) => word.len() + 1,
            // The quotes, and those inside doubled.
            Self::Name(name) => name.len() + name.matches('"').count() + 3,
            Self::Value | Self::Cast => 3,
            Self::Mark(_) => 2,
        }
    }

    pub(super) fn is_keyword(&self, word: &str) -> bool {
        matches!(self, Self::Keyword(keyword) if *keyword == word)
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Escaped(_))
    }

    fn is_mark(&self, marks: &[u8]) -> bool {
        matches!(self, Self::Mark(mark) if marks.contains(mark))
    }
}

/// Writes tokens so that reading them gives the same tokens.
pub(super) fn render(tokens: &[Token<'_>]) -> String {
    let mut text = String::with_capacity(tokens.iter().map(Token::size).sum());
    let mut last: Option<&Token<'_>> = None;
    let mut after_into = false;
    for token in tokens {
        if last.is_some_and(|last| apart(last, token, after_into)) {
            text.push(' ');
        }
        match token {
            Token::Keyword(word) | Token::Operator(word) | Token::Escaped(word) => {
                text.push_str(word);
            }
            Token::Name(name) => push_name(&mut text, name, last),
            Token::Value => text.push_str(VALUE),
            Token::Mark(mark) => text.push(char::from(*mark)),
            Token::Cast => text.push_str("::"),
        }
        after_into = token.is_keyword("INTO") || after_into && !token.is_mark(b"(");
        last = Some(token);
    }
    text
}

/// Whether a space goes between two tokens.
fn apart(before: &Token<'_>, after: &Token<'_>, after_into: bool) -> bool {
    let name_or_array =
        |token: &Token<'_>| token.is_name() || token.is_mark(b")]") || token.is_keyword("ARRAY");
    match (before, after) {
        // `:` and `::` would be read as `::` and `:`.
        (Token::Operator(":"), Token::Cast) => true,
        (_, Token::Cast) | (Token::Cast, _) => false,
        (before, _) if before.is_mark(b"([.") => false,
        (_, after) if after.is_mark(b"),];.") => false,
        (Token::Keyword(word), Token::Mark(b'(')) => !words::is_call(word),
        (before, Token::Mark(b'(')) => after_into || !before.is_name(),
        (before, Token::Mark(b'[')) => !name_or_array(before),
        _ => true,
    }
}

/// A name, in quotes when it would be read as something else without them.
fn push_name(text: &mut String, name: &str, last: Option<&Token<'_>>) {
    let mut bytes = name.bytes();
    let plain = |byte: u8| !byte.is_ascii_uppercase();
    let is_plain = bytes.next().is_some_and(|byte| is_first(byte) && plain(byte))
        && bytes.all(|byte| is_inside(byte) && plain(byte));
    let is_taken = match last {
        // What follows a dot is always a name.
        Some(Token::Mark(b'.')) => false,
        None | Some(Token::Mark(b';')) => words::head(name).is_some(),
        Some(_) => words::keyword(name).is_some(),
    };
    if is_plain && !is_taken {
        text.push_str(name);
        return;
    }
    text.push('"');
    for (at, part) in name.split('"').enumerate() {
        if at > 0 {
            text.push_str("\"\"");
        }
        text.push_str(part);
    }
    text.push('"');
}
