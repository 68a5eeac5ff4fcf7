//! The short name of a normal form: what people call the query.

use super::Kind;
use super::token::{Token, render};

/// Most characters of a name.
pub const MAX_NAME: usize = 80;
/// Most tables and columns of each sort that a name lists.
const MAX_LISTED: usize = 4;

/// Words that a name goes on with after the first one, as `TABLE` after `CREATE`.
const NOUNS: &[&str] = &[
    "aggregate",
    "characteristics",
    "database",
    "domain",
    "extension",
    "function",
    "index",
    "materialized",
    "policy",
    "prepared",
    "procedure",
    "publication",
    "role",
    "rule",
    "savepoint",
    "schema",
    "sequence",
    "server",
    "session",
    "subscription",
    "time",
    "transaction",
    "trigger",
    "type",
    "unique",
    "view",
    "zone",
];

/// Words that say nothing about which object is meant.
const FILLERS: &[&str] = &["cascade", "if", "local", "replace", "temp", "temporary", "unlogged"];

/// The kind and the name of the first statement of `tokens`.
pub(super) fn of(tokens: &[Token<'_>]) -> (Kind, String) {
    let end = tokens.iter().position(|token| *token == Token::Mark(b';'));
    let statement = tokens.get(..end.unwrap_or(tokens.len())).unwrap_or_default();
    let brackets = statement.iter().take_while(|token| **token == Token::Mark(b'(')).count();
    let body = statement.get(brackets..).unwrap_or_default();
    let Some(Token::Keyword(head)) = body.first() else {
        return (Kind::Other, shortened(&render(statement)));
    };
    let (kind, name) = match *head {
        "SELECT" | "WITH" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
            query(body)
        }
        "COPY" => (Kind::Copy, copy(body)),
        "BEGIN" | "START" => (Kind::Transaction, "BEGIN".to_owned()),
        "COMMIT" | "END" => (Kind::Transaction, phrase("COMMIT", body)),
        "ROLLBACK" | "ABORT" => (Kind::Transaction, phrase("ROLLBACK", body)),
        "SAVEPOINT" | "RELEASE" => (Kind::Transaction, phrase(head, body)),
        "PREPARE" if matches!(body.get(1), Some(Token::Name(name)) if name == "transaction") => {
            (Kind::Transaction, phrase(head, body))
        }
        "EXPLAIN" | "DECLARE" => (Kind::Utility, wrapped(head, body)),
        "AND" | "OR" | "NOT" | "FROM" | "WHERE" | "NULL" => {
            (Kind::Other, shortened(&render(statement)))
        }
        _ => (Kind::Utility, phrase(head, body)),
    };
    (kind, shortened(&name))
}

/// A name of at most [`MAX_NAME`] characters, in one line.
fn shortened(name: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let mut characters = name.chars().map(printable);
    let mut short: String = characters.by_ref().take(MAX_NAME).collect();
    if characters.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// `EXPLAIN` and `DECLARE` with the query that they hold.
fn wrapped(head: &str, tokens: &[Token<'_>]) -> String {
    let verbs = ["SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"];
    let begin = tokens.iter().position(|token| verbs.iter().any(|verb| token.is_keyword(verb)));
    match begin.and_then(|at| tokens.get(at..)) {
        Some(inner) => format!("{head} {}", query(inner).1),
        None => head.to_owned(),
    }
}

/// The first words of a statement and the object that it is about.
fn phrase(head: &str, tokens: &[Token<'_>]) -> String {
    let mut words = vec![head.to_owned()];
    let mut rest = tokens.get(1..).unwrap_or_default();
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token {
            Token::Keyword("NOT" | "EXISTS" | "OR" | "ONLY" | "CONCURRENTLY" | "VERBOSE") => {}
            Token::Keyword(
                word @ ("TABLE" | "UNIQUE" | "USER" | "TO" | "ALL" | "ANALYZE" | "SELECT"
                | "INSERT" | "UPDATE" | "DELETE" | "AUTHORIZATION"),
            ) => words.push((*word).to_owned()),
            Token::Name(name) if words.len() < 4 && NOUNS.contains(&name.as_ref()) => {
                words.push(name.to_uppercase());
            }
            Token::Name(name) if FILLERS.contains(&name.as_ref()) => {}
            Token::Name(_) | Token::Escaped(_) => {
                let link = |token: &&Token<'_>| token.is_name() || **token == Token::Mark(b'.');
                // A setting may have two parts; a table's schema is no part of its name.
                let chain = 1 + rest.iter().take_while(link).count();
                let object = tokens.get(tokens.len() - rest.len() - 1..).unwrap_or_default();
                let object = last_name(object.get(..chain).unwrap_or_default(), head);
                words.push(object);
                break;
            }
            Token::Keyword(_)
            | Token::Value
            | Token::Operator(_)
            | Token::Mark(_)
            | Token::Cast => break,
        }
    }
    words.join(" ")
}

/// The last name of the dotted names that `tokens` begin with; all of them for settings.
fn last_name(tokens: &[Token<'_>], head: &str) -> String {
    let mut names = Vec::new();
    let mut rest = tokens;
    while let Some((name, after)) = rest.split_first() {
        names.push(plain(name));
        match after {
            [Token::Mark(b'.'), next @ ..] => rest = next,
            _ => break,
        }
    }
    match head {
        "SET" | "SHOW" | "RESET" => names.join("."),
        _ => names.pop().unwrap_or_default(),
    }
}

/// A name without its quotes.
fn plain(token: &Token<'_>) -> String {
    match token {
        Token::Name(name) => name.clone().into_owned(),
        Token::Escaped(name) => (*name).to_owned(),
        Token::Keyword(_) | Token::Value | Token::Operator(_) | Token::Mark(_) | Token::Cast => {
            String::new()
        }
    }
}

fn copy(tokens: &[Token<'_>]) -> String {
    let mut depth = 0_usize;
    let end = tokens.iter().position(|token| {
        match token {
            Token::Mark(b'(') => depth += 1,
            Token::Mark(b')') => depth = depth.saturating_sub(1),
            Token::Mark(_)
            | Token::Keyword(_)
            | Token::Name(_)
            | Token::Escaped(_)
            | Token::Value
            | Token::Operator(_)
            | Token::Cast => {}
        }
        depth == 0 && (token.is_keyword("FROM") || token.is_keyword("TO"))
    });
    let (copied, rest) = tokens.split_at(end.unwrap_or(tokens.len()));
    let direction = match rest.first() {
        Some(token) if token.is_keyword("FROM") => " from",
        Some(_) => " to",
        None => "",
    };
    match copied {
        [_, Token::Mark(b'('), inner @ .., Token::Mark(b')')] => {
            format!("COPY ({}){direction}", query(inner).1)
        }
        _ => format!("{}{direction}", phrase("COPY", copied)),
    }
}

/// What a query touches, found in one pass over its tokens.
#[derive(Debug, Default)]
struct Shape<'t> {
    verb: Option<&'t str>,
    /// Each with whether the query itself reads it, and not a query within it.
    tables: Vec<(String, Depth)>,
    /// Names of `WITH`, which are no tables.
    parts: Vec<String>,
    by: Vec<String>,
    order: Vec<String>,
    /// The aggregate or function that the list begins with.
    function: Option<String>,
    on_conflict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Main,
    Inner,
}

/// The part of a query that a token stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    Start,
    List,
    Table,
    From,
    On,
    Where,
    Order,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    depth: Depth,
    clause: Clause,
    /// Whether a query, and not only brackets.
    query: bool,
}

fn query(tokens: &[Token<'_>]) -> (Kind, String) {
    let shape = Shape::of(tokens);
    let verb = shape.verb.unwrap_or("SELECT");
    let kind = match verb {
        "INSERT" => Kind::Insert,
        "UPDATE" => Kind::Update,
        "DELETE" => Kind::Delete,
        "MERGE" => Kind::Merge,
        _ => Kind::Select,
    };
    (kind, shape.name(verb))
}

impl<'t> Shape<'t> {
    fn of(tokens: &[Token<'t>]) -> Self {
        let mut shape = Self::default();
        let base = Level { depth: Depth::Main, clause: Clause::Start, query: true };
        let mut levels = vec![base];
        for (at, token) in tokens.iter().enumerate() {
            let level = levels.last().copied().unwrap_or(base);
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            let after = tokens.get(at + 1);
            let next = match token {
                Token::Mark(b'(') => {
                    let starts = after.is_some_and(|token| {
                        token.is_keyword("SELECT") || token.is_keyword("WITH")
                    });
                    levels.push(shape.inner(level, starts));
                    continue;
                }
                Token::Mark(b')') => {
                    if levels.len() > 1 {
                        levels.pop();
                    }
                    match levels.last().map(|level| level.clause) {
                        // The brackets were the table; what comes is its alias.
                        Some(Clause::Table) => Clause::From,
                        Some(clause) => clause,
                        None => continue,
                    }
                }
                Token::Mark(b',') if level.clause == Clause::From && level.query => Clause::Table,
                Token::Keyword(word) => shape.keyword(word, level, before),
                Token::Name(_) | Token::Escaped(_) => {
                    shape.name_seen(token, level, (first_of_chain(tokens, at), before, after))
                }
                Token::Mark(_) | Token::Value | Token::Operator(_) | Token::Cast => level.clause,
            };
            if let Some(level) = levels.last_mut() {
                level.clause = next;
            }
        }
        shape
    }

    /// What stands in brackets that are opened in `level`.
    fn inner(&self, level: Level, starts: bool) -> Level {
        if !starts {
            let table = level.clause == Clause::Table;
            return Level { query: table && level.query, ..level };
        }
        // The first table of a query may be a query, which is then looked into.
        let is_first = !self.tables.iter().any(|(_, depth)| *depth == Depth::Main);
        let is_main = level.clause == Clause::Table && is_first;
        let depth = if is_main { level.depth } else { Depth::Inner };
        Level { depth, clause: Clause::Start, query: true }
    }

    /// Where a keyword leads.
    fn keyword(&mut self, word: &'t str, level: Level, before: Option<&Token<'_>>) -> Clause {
        let after = |word: &str| before.is_some_and(|before| before.is_keyword(word));
        if level.depth == Depth::Main && level.query && level.clause == Clause::Start {
            match word {
                "SELECT" | "VALUES" | "TABLE" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" => {
                    self.verb = self.verb.or(Some(word));
                }
                _ => {}
            }
        }
        if !level.query {
            // `FILTER (WHERE …)`, `OVER (ORDER BY …)`, `extract(year FROM …)`.
            return match word {
                "FROM" | "WHERE" | "ORDER" | "PARTITION" => Clause::Other,
                _ => level.clause,
            };
        }
        match word {
            "SELECT" => Clause::List,
            "FROM" if after("DISTINCT") => level.clause,
            "TABLE" | "FROM" | "JOIN" | "INTO" => Clause::Table,
            "UPDATE" if level.clause == Clause::Start => Clause::Table,
            "USING" if matches!(self.verb, Some("DELETE" | "MERGE")) => Clause::Table,
            "ON" if level.clause == Clause::From => Clause::On,
            "WHERE" => Clause::Where,
            "ORDER" => Clause::Order,
            "CONFLICT" => {
                self.on_conflict |= level.depth == Depth::Main;
                Clause::Other
            }
            "SET" | "VALUES" | "GROUP" | "HAVING" | "LIMIT" | "OFFSET" | "FETCH" | "FOR"
            | "RETURNING" | "WINDOW" | "UNION" | "EXCEPT" | "INTERSECT" => Clause::Other,
            _ => level.clause,
        }
    }

    /// Notes a name, which may be the last of several with dots between them.
    fn name_seen(
        &mut self,
        token: &Token<'_>,
        level: Level,
        (ahead, before, after): (Option<&Token<'_>>, Option<&Token<'_>>, Option<&Token<'_>>),
    ) -> Clause {
        let is_call = after == Some(&Token::Mark(b'('));
        let is_type = ahead.is_some_and(|token| {
            *token == Token::Cast || token.is_keyword("AS") || token.is_keyword("COLLATE")
        });
        if after == Some(&Token::Mark(b'.')) {
            return level.clause;
        }
        let main = level.depth == Depth::Main;
        match level.clause {
            Clause::Table => {
                self.tables.push((plain(token), level.depth));
                return Clause::From;
            }
            Clause::Start if after.is_some_and(|token| token.is_keyword("AS") || is_call) => {
                self.parts.push(plain(token));
            }
            Clause::List if main && is_call && self.function.is_none() => {
                let first = before.is_some_and(|token| {
                    matches!(token, Token::Keyword("SELECT" | "DISTINCT") | Token::Mark(b'.'))
                });
                self.function = first.then(|| plain(token));
            }
            Clause::Where if main && !is_call && !is_type => listed(&mut self.by, plain(token)),
            Clause::Order if main && !is_call && !is_type => {
                // `NULLS FIRST`
                if !before.is_some_and(|token| token.is_keyword("NULLS")) {
                    listed(&mut self.order, plain(token));
                }
            }
            Clause::Start
            | Clause::List
            | Clause::From
            | Clause::On
            | Clause::Where
            | Clause::Order
            | Clause::Other => {}
        }
        level.clause
    }

    /// The name: verb, tables, columns.
    fn name(&self, verb: &str) -> String {
        let tables = self.tables.iter().filter(|(name, _)| !self.parts.contains(name));
        let first = tables.clone().find(|(_, depth)| *depth == Depth::Main);
        let first = first.or_else(|| tables.clone().next()).map(|(name, _)| name.as_str());
        let mut others = Vec::new();
        for (name, _) in tables.filter(|(name, _)| Some(name.as_str()) != first) {
            listed(&mut others, name.clone());
        }
        let mut name = verb.to_owned();
        let aggregates = ["avg", "count", "max", "min", "sum"];
        let shown = self
            .function
            .as_deref()
            .filter(|function| first.is_none() || aggregates.contains(function));
        for word in [shown, first].into_iter().flatten() {
            name.push(' ');
            name.push_str(word);
        }
        let from = if verb == "INSERT" { "from" } else { "join" };
        for (word, list) in [(from, &others), ("by", &self.by), ("order by", &self.order)] {
            if !list.is_empty() {
                name.push_str(&format_list(word, list));
            }
        }
        if self.on_conflict {
            name.push_str(" on conflict");
        }
        name
    }
}

/// The token before the dotted names that end at `at`.
fn first_of_chain<'s, 't>(tokens: &'s [Token<'t>], at: usize) -> Option<&'s Token<'t>> {
    let mut before = at.checked_sub(1)?;
    while tokens.get(before) == Some(&Token::Mark(b'.')) {
        before = before.checked_sub(2)?;
    }
    tokens.get(before)
}

/// Adds a name that is not there yet.
fn listed(list: &mut Vec<String>, name: String) {
    // One more than is shown, so that it is known that there are more.
    if list.len() <= MAX_LISTED && !list.contains(&name) {
        list.push(name);
    }
}

fn format_list(word: &str, list: &[String]) -> String {
    let shown = list.get(..MAX_LISTED.min(list.len())).unwrap_or_default().join(", ");
    let more = if list.len() > MAX_LISTED { ", …" } else { "" };
    format!(" {word} {shown}{more}")
}
