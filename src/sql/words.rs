//! The words that PostgreSQL keeps for itself, as far as the normal form tells them from names.

/// Words that are never a bare name, in upper case and sorted.
///
/// PostgreSQL's reserved words and those that may only name a function or a type (appendix C of
/// its manual), and a few free ones that hold a statement together. Names of types are left out:
/// they are written like any other name. A name that is one of these keeps its quotes.
const KEYWORDS: &[&str] = &[
    "ALL",
    "ANALYSE",
    "ANALYZE",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "ASYMMETRIC",
    "AUTHORIZATION",
    "BETWEEN",
    "BINARY",
    "BOTH",
    "BY",
    "CASE",
    "CAST",
    "CHECK",
    "COALESCE",
    "COLLATE",
    "COLLATION",
    "COLUMN",
    "CONCURRENTLY",
    "CONFLICT",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "CURRENT_CATALOG",
    "CURRENT_DATE",
    "CURRENT_ROLE",
    "CURRENT_SCHEMA",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "DEFAULT",
    "DEFERRABLE",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DO",
    "ELSE",
    "END",
    "EXCEPT",
    "EXISTS",
    "FALSE",
    "FETCH",
    "FOR",
    "FOREIGN",
    "FREEZE",
    "FROM",
    "FULL",
    "GRANT",
    "GREATEST",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INITIALLY",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "LATERAL",
    "LEADING",
    "LEAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "MERGE",
    "NATURAL",
    "NOT",
    "NOTHING",
    "NOTNULL",
    "NULL",
    "NULLIF",
    "NULLS",
    "OFFSET",
    "ON",
    "ONLY",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "OVERLAPS",
    "PARTITION",
    "PLACING",
    "PRIMARY",
    "RECURSIVE",
    "REFERENCES",
    "RETURNING",
    "RIGHT",
    "ROW",
    "SELECT",
    "SESSION_USER",
    "SET",
    "SIMILAR",
    "SOME",
    "SYMMETRIC",
    "SYSTEM_USER",
    "TABLE",
    "TABLESAMPLE",
    "THEN",
    "TO",
    "TRAILING",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USER",
    "USING",
    "VALUES",
    "VARIADIC",
    "VERBOSE",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
];

/// Words that begin a statement and are free names elsewhere, in upper case and sorted.
const HEADS: &[&str] = &[
    "ABORT",
    "ALTER",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DECLARE",
    "DISCARD",
    "DROP",
    "EXECUTE",
    "EXPLAIN",
    "IMPORT",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "VACUUM",
];

/// The longest word of both lists, in bytes: what is longer is not looked for.
const LONGEST: usize = 17;

/// The keyword that `word` is in any case, in upper case.
pub(super) fn keyword(word: &str) -> Option<&'static str> {
    find(KEYWORDS, word)
}

/// The word that `word` is in any case where a statement begins, in upper case.
pub(super) fn head(word: &str) -> Option<&'static str> {
    keyword(word).or_else(|| find(HEADS, word))
}

fn find(list: &[&'static str], word: &str) -> Option<&'static str> {
    if word.len() > LONGEST {
        return None;
    }
    let upper = || word.bytes().map(|byte| byte.to_ascii_uppercase());
    let at = list.binary_search_by(|entry| entry.bytes().cmp(upper())).ok()?;
    list.get(at).copied()
}

/// Whether a keyword stands for a value: what follows it is an operator between two values.
pub(super) fn is_value(keyword: &str) -> bool {
    keyword.starts_with("CURRENT_")
        || keyword.starts_with("LOCALTIME")
        || matches!(keyword, "END" | "NULL" | "TRUE" | "FALSE" | "USER" | "SESSION_USER")
}

/// Whether a keyword is followed by its arguments, as a function is.
pub(super) fn is_call(keyword: &str) -> bool {
    matches!(
        keyword,
        "ANY"
            | "CAST"
            | "COALESCE"
            | "CURRENT_TIME"
            | "CURRENT_TIMESTAMP"
            | "EXISTS"
            | "GREATEST"
            | "LEAST"
            | "LOCALTIME"
            | "LOCALTIMESTAMP"
            | "NULLIF"
            | "ROW"
            | "SOME"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_no_word_is_longer_than_the_limit() {
        for list in [KEYWORDS, HEADS] {
            assert!(list.is_sorted());
            assert!(list.iter().all(|word| word.len() <= LONGEST));
            assert!(list.iter().all(|word| head(&word.to_lowercase()) == Some(word)));
        }
        assert_eq!(keyword("begin"), None);
        assert_eq!(head("farm"), None);
    }
}
