//! A simple query as its statements.

use super::lexer::{Lexer, Piece};

/// The statements of a simple query, which may hold several: each without the space around it,
/// with its comments, and without its semicolon. What is nothing but comments is no statement.
///
/// Borders are where psql sees them: not within strings, brackets, or the body of a function
/// that is written as `BEGIN ATOMIC … END`.
pub fn statements(text: &str) -> impl Iterator<Item = &str> {
    let mut lexer = Lexer::new(text);
    std::iter::from_fn(move || {
        loop {
            let start = lexer.at();
            let found = next(&mut lexer);
            let statement = text.get(start..found.end).unwrap_or_default().trim();
            if !found.is_empty {
                return Some(statement);
            }
            if found.is_last {
                return None;
            }
        }
    })
}

struct Found {
    /// Where the statement ends.
    end: usize,
    is_empty: bool,
    is_last: bool,
}

/// Goes behind the semicolon that ends the statement.
fn next(lexer: &mut Lexer<'_>) -> Found {
    let mut found = Found { end: lexer.at(), is_empty: true, is_last: false };
    let mut brackets = 0_usize;
    let mut body = Body::default();
    loop {
        found.end = lexer.at();
        let Some(piece) = lexer.next() else {
            found.is_last = true;
            found.end = lexer.at();
            return found;
        };
        match piece {
            Piece::Comment(_) => continue,
            Piece::Mark(b';') if brackets == 0 && body.depth == 0 => return found,
            Piece::Mark(b'(') => brackets += 1,
            Piece::Mark(b')') => brackets = brackets.saturating_sub(1),
            Piece::Word(word) if brackets == 0 => body.word(word),
            Piece::Word(_)
            | Piece::Quoted(_)
            | Piece::Escaped(_)
            | Piece::Value
            | Piece::Operator(_)
            | Piece::Mark(_)
            | Piece::Cast => {}
        }
        found.is_empty = false;
    }
}

/// Whether the text is inside the body of a function, as psql finds it out.
#[derive(Default)]
struct Body {
    /// Words of the statement so far, as far as they matter.
    words: usize,
    /// Whether the words so far begin `CREATE [OR REPLACE] FUNCTION` or `PROCEDURE`.
    create: bool,
    function: bool,
    depth: usize,
}

impl Body {
    fn word(&mut self, word: &str) {
        let is = |wanted: &str| word.eq_ignore_ascii_case(wanted);
        match self.words {
            0 => self.create = is("create"),
            1..4 => {
                self.function |= self.create && (is("function") || is("procedure"));
            }
            _ => {}
        }
        self.words = self.words.saturating_add(1);
        if !self.function {
            return;
        }
        if is("begin") || is("case") && self.depth > 0 {
            self.depth += 1;
        } else if is("end") {
            self.depth = self.depth.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        assert_eq!(statements(text).collect::<Vec<_>>(), want, "{text}");
    }

    #[test]
    fn a_query_is_split_where_its_statements_end() {
        check("", &[]);
        check(" ; ; -- nothing\n;", &[]);
        check("SELECT 1", &["SELECT 1"]);
        check("BEGIN; SELECT 1 ;COMMIT;", &["BEGIN", "SELECT 1", "COMMIT"]);
        check("SELECT ';' ; SELECT $$;$$", &["SELECT ';'", "SELECT $$;$$"]);
        check("SELECT 1 /* ; */; -- ;\nSELECT 2", &["SELECT 1 /* ; */", "-- ;\nSELECT 2"]);
        check("SELECT \"a;b\"", &["SELECT \"a;b\""]);
        check(
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
            &["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"],
        );
        check("SELECT 1); SELECT 2", &["SELECT 1)", "SELECT 2"]);
    }

    #[test]
    fn the_body_of_a_function_is_not_split() {
        let function = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT \
                        CASE WHEN true THEN 1 END; END";
        check(&format!("{function}; SELECT 2"), &[function, "SELECT 2"]);
        check("BEGIN; SELECT 1; END; SELECT 2", &["BEGIN", "SELECT 1", "END", "SELECT 2"]);
    }
}
