//! Folding: a text becomes the tokens of its normal form while it is read.
//!
//! Everything is decided by the tokens that are there already, never by what comes, so a list of
//! a million values takes the room of one, and the tokens that come out are the same when they
//! are read again.

use std::borrow::Cow;

use super::lexer::Piece;
use super::token::Token;
use super::value::{element, is_row, is_value};
use super::words;

/// Brackets within brackets in which lists are still folded. Each level looks once more at what
/// it holds, so this is what keeps the work in proportion to the text; people write five.
const MAX_DEPTH: usize = 32;

/// The tokens so far.
#[derive(Debug)]
pub(super) struct Folder<'t> {
    out: Vec<Token<'t>>,
    /// Bytes that the tokens take at most.
    size: usize,
    /// Bytes that they may take.
    limit: usize,
    /// Brackets that are open.
    groups: Vec<Group>,
    /// Where the statement begins.
    head: usize,
    /// Whether the last token ends a row of `VALUES`, or the comma after one.
    row: Row,
    skip: Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    None,
    Ended,
    Comma,
}

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    Nothing,
    /// The rest of the statement.
    Statement,
    /// A row, with as many brackets open.
    Row(usize),
}

/// An open bracket.
#[derive(Debug)]
struct Group {
    kind: Kind,
    /// The mark that ends it.
    end: u8,
    /// Where its last item begins.
    item: usize,
    /// Where the item before that begins.
    before: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `x IN (…)`, with the place of `IN`, or of `NOT`.
    In(usize),
    /// `= ANY (…)`, `<> ALL (…)`, with the place of the word.
    Any(usize),
    /// `ARRAY[…]`.
    Array,
    /// The first row of `VALUES`.
    Row,
    Plain,
}

impl<'t> Folder<'t> {
    /// Room for tokens that take at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            out: Vec::new(),
            size: 0,
            limit,
            groups: Vec::new(),
            head: 0,
            row: Row::None,
            skip: Skip::Nothing,
        }
    }

    /// Takes the next piece; false when there is no room for more.
    pub(super) fn take(&mut self, piece: Piece<'t>) -> bool {
        match (self.skip, piece) {
            (Skip::Statement, Piece::Mark(b';')) => self.skip = Skip::Nothing,
            (Skip::Row(depth), Piece::Mark(b'(')) => {
                self.skip = Skip::Row(depth + 1);
                return true;
            }
            (Skip::Row(1), Piece::Mark(b')')) => {
                self.skip = Skip::Nothing;
                self.row = Row::Ended;
                return true;
            }
            (Skip::Row(depth), Piece::Mark(b')')) => {
                self.skip = Skip::Row(depth - 1);
                return true;
            }
            (Skip::Statement | Skip::Row(_), _) => return true,
            (Skip::Nothing, _) => {}
        }
        match piece {
            Piece::Comment(_) => {}
            Piece::Value => self.value(),
            Piece::Word(word) => self.word(word),
            Piece::Quoted(name) if name.contains("\"\"") => {
                self.name(Token::Name(Cow::Owned(name.replace("\"\"", "\""))));
            }
            Piece::Quoted(name) => self.name(Token::Name(Cow::Borrowed(name))),
            Piece::Escaped(name) => self.name(Token::Escaped(name)),
            Piece::Operator("=") if self.is_setting() => self.setting(),
            Piece::Operator(operator) => self.push(Token::Operator(operator)),
            Piece::Cast => self.push(Token::Cast),
            Piece::Mark(mark) => self.mark(mark),
        }
        self.size <= self.limit
    }

    /// The tokens. Those of a text that is too long end in three dots.
    pub(super) fn finish(mut self) -> Vec<Token<'t>> {
        if self.size > self.limit {
            while self.size > self.limit || self.takes_dots() {
                if self.pop() == Some(Token::Mark(b';')) {
                    let ends = |token: &Token<'t>| *token == Token::Mark(b';');
                    self.head = self.out.iter().rposition(ends).map_or(0, |at| at + 1);
                }
            }
            self.out.extend([Token::Mark(b'.'), Token::Mark(b'.'), Token::Mark(b'.')]);
        } else if self.out.last() == Some(&Token::Mark(b';')) {
            self.out.pop();
        }
        self.out
    }

    /// Whether dots behind the tokens would not be read again as they are: behind dots, and as
    /// the value of a setting or a part of it.
    fn takes_dots(&self) -> bool {
        let sign = Some(&Token::Operator("="));
        let value = self.back(1) == Some(&Token::Value) && self.back(2) == sign;
        self.back(1) == Some(&Token::Mark(b'.'))
            || (value || self.back(1) == sign) && self.is_setting()
    }

    fn push(&mut self, token: Token<'t>) {
        self.row = Row::None;
        self.size += token.size();
        self.out.push(token);
    }

    fn pop(&mut self) -> Option<Token<'t>> {
        let token = self.out.pop();
        self.size -= token.as_ref().map_or(0, Token::size);
        token
    }

    fn truncate(&mut self, length: usize) {
        while self.out.len() > length {
            self.pop();
        }
    }

    /// The token so many places before the end; the last is at 1.
    fn back(&self, places: usize) -> Option<&Token<'t>> {
        self.out.get(self.out.len().checked_sub(places)?)
    }

    fn head_word(&self) -> &'t str {
        match self.out.get(self.head) {
            Some(Token::Keyword(word)) => word,
            Some(_) | None => "",
        }
    }

    /// A constant or a parameter. Its sign belongs to it, and so does a second part of it.
    fn value(&mut self) {
        while let Some(Token::Operator("-" | "+")) = self.back(1)
            && self.is_before_value(2)
        {
            self.pop();
        }
        if self.back(1) != Some(&Token::Value) {
            self.push(Token::Value);
        }
    }

    /// Whether a value, and not an operator between two of them, comes after the token so many
    /// places before the end.
    fn is_before_value(&self, places: usize) -> bool {
        match self.back(places) {
            None | Some(Token::Operator(_)) => true,
            Some(Token::Keyword(word)) => !words::is_value(word),
            Some(Token::Mark(mark)) => b"([,;".contains(mark),
            Some(Token::Name(_) | Token::Escaped(_) | Token::Value | Token::Cast) => false,
        }
    }

    fn word(&mut self, word: &'t str) {
        if self.back(1) != Some(&Token::Mark(b'.')) {
            let at_head = self.out.len() == self.head;
            let keyword = if at_head { words::head(word) } else { words::keyword(word) };
            match keyword {
                Some("NULL" | "TRUE" | "FALSE") if self.is_among_values() => return self.value(),
                Some("TO") if self.is_setting() => return self.setting(),
                Some(keyword) => return self.push(Token::Keyword(keyword)),
                None => {}
            }
        }
        let folded = if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(word.to_ascii_lowercase())
        } else {
            Cow::Borrowed(word)
        };
        self.name(Token::Name(folded));
    }

    /// Whether `NULL` and the truth values are constants here, and not part of a test such as
    /// `IS NULL` or of a join `ON TRUE`.
    fn is_among_values(&self) -> bool {
        match self.back(1) {
            Some(Token::Operator(_)) => true,
            Some(Token::Mark(mark)) => b"([,".contains(mark),
            Some(Token::Keyword(word)) => matches!(*word, "THEN" | "ELSE"),
            Some(Token::Name(_) | Token::Escaped(_) | Token::Value | Token::Cast) | None => false,
        }
    }

    fn name(&mut self, name: Token<'t>) {
        if self.is_throwaway(&name) {
            return self.value();
        }
        // The schema that every unqualified name is looked for in; Prisma always writes it.
        if let (Some(Token::Name(schema)), Some(Token::Mark(b'.'))) = (self.back(2), self.back(1))
            && schema == "public"
            && self.back(3) != Some(&Token::Mark(b'.'))
        {
            self.truncate(self.out.len() - 2);
        }
        self.push(name);
    }

    /// Whether a name is made up by a driver for a moment, as those of savepoints are, or is the
    /// value of a setting. They are as many as there are transactions.
    fn is_throwaway(&self, name: &Token<'t>) -> bool {
        let noise: &[&str] = match self.head_word() {
            "SAVEPOINT" | "CLOSE" => &[],
            "RELEASE" => &["savepoint"],
            "ROLLBACK" => &["savepoint", "work", "transaction", "prepared", "chain", "no"],
            "DEALLOCATE" => &["prepare"],
            "FETCH" | "MOVE" => {
                &["absolute", "backward", "first", "forward", "last", "next", "prior", "relative"]
            }
            "DECLARE" => return self.out.len() == self.head + 1,
            "SET" => return self.is_role(),
            _ => return false,
        };
        !matches!(name, Token::Name(name) if noise.contains(&name.as_ref()))
    }

    /// Whether what comes is the role that is set: `SET [LOCAL | SESSION] ROLE …`, `SET SESSION
    /// AUTHORIZATION …`.
    fn is_role(&self) -> bool {
        let scope = |token: &Token<'t>| matches!(token, Token::Name(name) if matches!(name.as_ref(), "local" | "session"));
        let words = self.out.get(self.head + 1..).unwrap_or_default();
        match words {
            [Token::Name(name)] | [_, Token::Name(name)] if name == "role" => {
                words.len() == 1 || words.first().is_some_and(scope)
            }
            [first, Token::Keyword("AUTHORIZATION")] => scope(first),
            _ => false,
        }
    }

    /// Whether this is `SET name`, and the value comes.
    fn is_setting(&self) -> bool {
        self.head_word() == "SET" && self.groups.is_empty()
    }

    /// The value of a setting: words, strings, a list of them.
    fn setting(&mut self) {
        self.push(Token::Operator("="));
        self.push(Token::Value);
        self.skip = Skip::Statement;
    }

    fn mark(&mut self, mark: u8) {
        match mark {
            b'(' | b'[' => self.open(mark),
            b',' => self.comma(),
            b')' | b']' => self.close(mark),
            b';' => {
                if self.out.len() > self.head {
                    self.push(Token::Mark(b';'));
                    self.head = self.out.len();
                }
            }
            _ => self.push(Token::Mark(mark)),
        }
    }

    fn open(&mut self, mark: u8) {
        if mark == b'(' && self.row == Row::Comma {
            self.pop();
            self.skip = Skip::Row(1);
            return;
        }
        let length = self.out.len();
        let inner = self.groups.last().map(|group| group.kind);
        let kind = match (self.back(3), self.back(2), self.back(1), mark) {
            (_, Some(Token::Keyword("NOT")), Some(Token::Keyword("IN")), b'(') => {
                Kind::In(length - 2)
            }
            (_, _, Some(Token::Keyword("IN")), b'(') => Kind::In(length - 1),
            (_, Some(Token::Operator("=")), Some(Token::Keyword("ANY" | "SOME")), b'(')
            | (_, Some(Token::Operator("<>")), Some(Token::Keyword("ALL")), b'(') => {
                Kind::Any(length - 1)
            }
            (_, _, Some(Token::Keyword("VALUES")), b'(') => Kind::Row,
            (_, _, Some(Token::Keyword("ARRAY")), b'[') => Kind::Array,
            (_, _, _, b'[') if inner == Some(Kind::Array) => Kind::Array,
            _ => Kind::Plain,
        };
        let kind = if self.groups.len() < MAX_DEPTH { kind } else { Kind::Plain };
        self.push(Token::Mark(mark));
        let end = if mark == b'(' { b')' } else { b']' };
        self.groups.push(Group { kind, end, item: self.out.len(), before: None });
    }

    fn comma(&mut self) {
        let row = self.row;
        if self.repeats() {
            self.truncate(self.groups.last().map_or(0, |group| group.item));
            return;
        }
        self.push(Token::Mark(b','));
        if row == Row::Ended {
            // It is taken back when another row comes, so no item of a list begins here.
            self.row = Row::Comma;
            return;
        }
        let length = self.out.len();
        if let Some(group) = self.groups.last_mut() {
            group.before = Some(group.item);
            group.item = length;
        }
    }

    /// Whether the item that ends here in a list of values is like the one before it.
    fn repeats(&self) -> bool {
        let Some(Group { kind: Kind::In(_) | Kind::Array, end: _, item, before: Some(before) }) =
            self.groups.last()
        else {
            return false;
        };
        // Between them is a comma.
        let earlier = self.out.get(*before..item - 1).unwrap_or_default();
        let later = self.out.get(*item..).unwrap_or_default();
        earlier == later && later.contains(&Token::Value)
    }

    fn close(&mut self, mark: u8) {
        let repeats = self.repeats();
        let Some(group) = self.groups.pop_if(|group| group.end == mark) else {
            return self.push(Token::Mark(mark));
        };
        let mut first = group.item;
        if repeats {
            self.truncate(group.item - 1);
            first = group.before.unwrap_or_default();
        }
        self.push(Token::Mark(mark));
        match group.kind {
            Kind::In(word) => self.fold_in(word, first),
            Kind::Any(word) => self.fold_any(word),
            Kind::Row => self.row = Row::Ended,
            Kind::Array | Kind::Plain => {}
        }
    }

    /// `IN (value)` is `= value`, when the list holds one item that begins at `item`.
    fn fold_in(&mut self, word: usize, item: usize) {
        let negated = self.out.get(word).is_some_and(|token| token.is_keyword("NOT"));
        let open = word + if negated { 2 } else { 1 };
        let end = self.out.len() - 1;
        let inside = self.out.get(item..end).unwrap_or_default();
        if item == open + 1 && (is_value(inside) || is_row(inside)) {
            let inside = inside.to_vec();
            self.truncate(word);
            self.push(Token::Operator(if negated { "<>" } else { "=" }));
            for token in inside {
                self.push(token);
            }
        }
    }

    /// `= ANY (value)` is `= value`; the value's type is that of an element.
    fn fold_any(&mut self, word: usize) {
        let end = self.out.len() - 1;
        let inside = self.out.get(word + 2..end).unwrap_or_default();
        let Some(element) = element(inside) else { return };
        self.truncate(word);
        for token in element {
            self.push(token);
        }
    }
}
