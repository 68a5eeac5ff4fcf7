//! Rules that come with loadgate: what a staging test looks for in logs, and how Prisma and
//! PostgreSQL say that they can't go on.

use super::{Pattern, Rule};

/// Which built-in rules are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Four searches of a staging test: errors of Prisma, of connections, of migrations, timeouts.
    Guide,
    /// Error codes of Prisma.
    Prisma,
    /// SQLSTATEs of PostgreSQL, with the texts that stand in its log.
    Postgres,
}

/// A built-in rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltInRule {
    /// Its name.
    pub name: &'static str,
    /// What its lines mean.
    pub about: &'static str,
    /// What its lines match; the rarer pattern, where there are two.
    pattern: &'static str,
    /// What they match besides.
    also: Option<&'static str>,
    /// The most lines in a run; `None` where it only informs.
    pub limit: Option<u64>,
}

/// Prisma's codes have a letter and four digits, and are words of their own. Their meanings:
/// Prisma's error reference.
const PRISMA: [BuiltInRule; 7] = [
    code("P1001", "Prisma can't reach the database server", r"(?-u:\bP1001\b)", Some(0)),
    code("P1002", "the database server was reached but timed out", r"(?-u:\bP1002\b)", Some(0)),
    code("P1008", "operations timed out", r"(?-u:\bP1008\b)", Some(0)),
    code("P1017", "the server has closed the connection", r"(?-u:\bP1017\b)", Some(0)),
    code("P2024", "no connection of the pool became free in time", r"(?-u:\bP2024\b)", Some(0)),
    code("P2028", "a transaction failed in Prisma's API", r"(?-u:\bP2028\b)", None),
    code("P2034", "a write conflict or a deadlock ended a transaction", r"(?-u:\bP2034\b)", None),
];

/// The searches of a staging test, in any case of letters. The rarer pattern stands first.
const GUIDE: [BuiltInRule; 4] = [
    BuiltInRule {
        name: "prisma-errors",
        about: "errors of Prisma",
        pattern: "(?i-u)error",
        also: Some("(?i-u)prisma"),
        limit: None,
    },
    BuiltInRule {
        name: "connection-errors",
        about: "connections that failed",
        pattern: "(?i-u)error|fail",
        also: Some("(?i-u)connection"),
        limit: Some(0),
    },
    code("timeouts", "something took too long", "(?i-u)timeout", Some(0)),
    BuiltInRule {
        name: "migration-errors",
        about: "migrations that failed",
        pattern: "(?i-u)error|fail",
        also: Some("(?i-u)migration"),
        limit: None,
    },
];

/// A SQLSTATE is five characters that could be part of anything, so that it counts only behind a
/// word that says what it is: `SQLSTATE 08006`, `code: '08006'`, `ERROR:  08006:`.
macro_rules! sqlstate {
    ($code:literal, $texts:literal) => {
        concat!(
            r#"(?i-u:\b(?:sqlstate|code|error|fatal|panic)["'`\]]{0,2}[\s:=(\[]{1,3}["'`]?)"#,
            "(?-u:",
            $code,
            r"\b)|",
            $texts
        )
    };
}

/// Classes and codes: PostgreSQL's documentation, appendix A. Texts: what its server and libpq
/// write where the code itself is not in the log.
const POSTGRES: [BuiltInRule; 4] = [
    code(
        "pg-connection-lost",
        "SQLSTATE 08*: a connection to PostgreSQL failed or was lost",
        sqlstate!(
            "08(?:00[0-7]|P01)",
            "connection to client lost|unexpected EOF on client connection|could not connect to \
             server|server closed the connection unexpectedly"
        ),
        Some(0),
    ),
    code(
        "pg-too-many-connections",
        "SQLSTATE 53300: PostgreSQL takes no more connections",
        sqlstate!(
            "53300",
            "too many clients already|remaining connection slots are reserved|too many \
             connections for (?:role|database)"
        ),
        Some(0),
    ),
    code(
        "pg-query-cancelled",
        "SQLSTATE 57014: a query was cancelled, mostly because it took too long",
        sqlstate!("57014", "canceling statement due to (?:statement timeout|user request)"),
        Some(0),
    ),
    code(
        "pg-deadlock",
        "SQLSTATE 40P01: two transactions waited for each other",
        sqlstate!("40P01", "deadlock detected"),
        None,
    ),
];

const fn code(
    name: &'static str,
    about: &'static str,
    pattern: &'static str,
    limit: Option<u64>,
) -> BuiltInRule {
    BuiltInRule { name, about, pattern, also: None, limit }
}

impl BuiltIn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Guide, Self::Prisma, Self::Postgres];

    /// Its rules, in the order of reports.
    pub fn rules(self) -> &'static [BuiltInRule] {
        match self {
            Self::Guide => &GUIDE,
            Self::Prisma => &PRISMA,
            Self::Postgres => &POSTGRES,
        }
    }
}

impl BuiltInRule {
    /// Its patterns, as they are written.
    pub fn patterns(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.pattern).chain(self.also)
    }

    /// As a rule that can be compiled.
    pub fn rule(&self) -> Rule {
        let read = |text: &str| text.parse::<Pattern>().ok();
        Rule {
            name: self.name.to_owned(),
            all: self.patterns().filter_map(read).collect(),
            except: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::*;

    fn names(line: &str) -> String {
        let all: Vec<Rule> =
            BuiltIn::ALL.into_iter().flat_map(BuiltIn::rules).map(BuiltInRule::rule).collect();
        let rules = Rules::new(&all).unwrap();
        let mut names = Vec::new();
        rules.matching(line.as_bytes(), &mut |at| names.push(rules.names()[at].clone()));
        names.join(" ")
    }

    #[test]
    fn every_built_in_pattern_is_one() {
        for rule in BuiltIn::ALL.into_iter().flat_map(BuiltIn::rules) {
            assert_eq!(rule.rule().all.len(), rule.patterns().count(), "{}", rule.name);
            for text in rule.patterns() {
                text.parse::<Pattern>().unwrap();
            }
        }
    }

    #[test]
    fn the_searches_of_a_staging_test_find_what_grep_finds() {
        for (line, want) in [
            ("PrismaClientKnownRequestError: x", "prisma-errors"),
            ("prisma:query SELECT 1", ""),
            ("Connection FAILED", "connection-errors"),
            ("connection opened", ""),
            ("Query Timeout after 5000 ms", "timeouts"),
            ("Migration failed to apply", "migration-errors"),
            ("error: prisma migration", "prisma-errors migration-errors"),
            ("all is well", ""),
        ] {
            assert_eq!(names(line), want, "{line}");
        }
    }

    #[test]
    fn codes_of_prisma_are_words() {
        assert_eq!(names("code: 'P1001',"), "P1001");
        assert_eq!(names("P2024: Timed out fetching a new connection"), "P2024");
        assert_eq!(names("SKU-P10012 and XP1001"), "");
    }

    #[test]
    fn states_of_postgresql_stand_behind_a_word() {
        for (line, want) in [
            ("FATAL:  53300: sorry, too many clients already", "pg-too-many-connections"),
            ("ERROR:  40P01: deadlock detected", "pg-deadlock"),
            ("ERROR:  canceling statement due to statement timeout", "timeouts pg-query-cancelled"),
            ("ERROR: canceling statement due to user request", "pg-query-cancelled"),
            ("pq: x (SQLSTATE 57014)", "pg-query-cancelled"),
            ("  code: '08006',", "pg-connection-lost"),
            (r#"{"code":"08P01","message":"x"}"#, "pg-connection-lost"),
            ("Raw query failed. Code: `40P01`.", "pg-deadlock"),
            (
                "LOG:  unexpected EOF on client connection with an open transaction",
                "pg-connection-lost",
            ),
            ("order 57014 of customer 08006 for 53300 cents", ""),
            ("zip code of 08006 Barcelona", ""),
            ("took 08001 ms", ""),
        ] {
            assert_eq!(names(line), want, "{line}");
        }
    }
}
