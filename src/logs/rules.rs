//! Rules, compiled once: which of them a line matches, and where in a block any could.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use thiserror::Error;

use super::Pattern;
use super::loose::loose;

/// The most rules at a time: each has a row in reports, and a count in every interval.
pub const MAX_RULES: usize = 64;
/// The most memory that all patterns together may take.
const MAX_SIZE: usize = 32 << 20;
/// The most memory for what the search has learnt of its patterns. Where it fills up it starts
/// anew, which costs time: sixty patterns in any case of letters need about a third of it.
const MAX_LEARNT: usize = 8 << 20;

/// Lines that are meant: those that match all of some patterns and none of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, for people.
    pub name: String,
    /// A line has to match each of them, as with `grep … | grep …`. The first should be the one
    /// that the fewest lines match: it is looked for in whole blocks.
    pub all: Vec<Pattern>,
    /// A line may match none of them, as with `grep -v …`.
    pub except: Vec<Pattern>,
}

/// Why rules can't be compiled.
#[derive(Debug, Error)]
pub enum RulesError {
    /// There are more than a run may have: leave some out, or join patterns with `|`.
    #[error("there are more than {MAX_RULES} rules for logs")]
    TooMany,
    /// Together the patterns are too large: leave out counts such as `{{500}}`.
    #[error("the patterns for logs are too large together")]
    TooLarge(#[source] Box<regex::Error>),
}

/// All rules at once.
pub struct Rules {
    names: Vec<String>,
    /// Where in a block any rule could match; `None` without rules.
    anywhere: Option<Regex>,
    /// Each pattern once.
    patterns: RegexSet,
    /// Of each rule, the patterns by their place in the set.
    rules: Vec<Places>,
}

#[derive(Debug)]
struct Places {
    all: Vec<usize>,
    except: Vec<usize>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Rules {
    /// Compiles rules; a rule without a pattern matches nothing.
    pub fn new(rules: &[Rule]) -> Result<Self, RulesError> {
        if rules.len() > MAX_RULES {
            return Err(RulesError::TooMany);
        }
        let mut known = Known(Vec::new());
        let places: Vec<Places> = rules.iter().map(|rule| known.places(rule)).collect();
        let quick: Vec<String> = rules.iter().filter_map(quick).collect();
        let too_large = |error| RulesError::TooLarge(Box::new(error));
        let patterns = RegexSetBuilder::new(&known.0)
            .size_limit(MAX_SIZE)
            .dfa_size_limit(MAX_LEARNT)
            .build()
            .map_err(too_large)?;
        let anywhere = (!quick.is_empty()).then(|| {
            let any = quick.join("|");
            RegexBuilder::new(&any).size_limit(MAX_SIZE).dfa_size_limit(MAX_LEARNT).build()
        });
        Ok(Self {
            names: rules.iter().map(|rule| rule.name.clone()).collect(),
            anywhere: anywhere.transpose().map_err(too_large)?,
            patterns,
            rules: places,
        })
    }

    /// The names of the rules, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Tells the place of each rule that `line` matches; `line` has no end of line.
    pub fn matching(&self, line: &[u8], found: &mut dyn FnMut(usize)) {
        let matched = self.patterns.matches(line);
        if !matched.matched_any() {
            return;
        }
        for (at, Places { all, except }) in self.rules.iter().enumerate() {
            let has = |pattern: &usize| matched.matched(*pattern);
            if !all.is_empty() && all.iter().all(has) && !except.iter().any(has) {
                found(at);
            }
        }
    }

    /// A place in the first line of `block` from `from` on that could match a rule: the lines
    /// before that match none.
    pub(super) fn candidate(&self, block: &[u8], from: usize) -> Option<usize> {
        let end = self.anywhere.as_ref()?.shortest_match_at(block, from)?;
        // The end of a match is behind its last byte, and may be behind the last of its line.
        Some(end.saturating_sub(1).max(from))
    }
}

/// Patterns, each once.
struct Known<'a>(Vec<&'a str>);

impl<'a> Known<'a> {
    fn places(&mut self, rule: &'a Rule) -> Places {
        let mut place = |pattern: &'a Pattern| {
            let text = pattern.as_str();
            self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
                self.0.push(text);
                self.0.len() - 1
            })
        };
        Places {
            all: rule.all.iter().map(&mut place).collect(),
            except: rule.except.iter().map(&mut place).collect(),
        }
    }
}

/// What is looked for in whole blocks.
fn quick(rule: &Rule) -> Option<String> {
    let parsed = rule.all.first()?.parsed()?;
    Some(format!("(?:{})", loose(&parsed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, all: &[&str], except: &[&str]) -> Rule {
        let read = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Rule { name: name.to_owned(), all: read(all), except: read(except) }
    }

    #[test]
    fn a_rule_needs_all_of_its_patterns_and_none_of_the_others() {
        let rules = Rules::new(&[
            rule("errors", &["(?i)error", "prisma"], &["harmless"]),
            rule("prisma", &["prisma"], &[]),
            rule("nothing", &[], &["prisma"]),
        ])
        .unwrap();
        let names = |line: &str| {
            let mut names = Vec::new();
            rules.matching(line.as_bytes(), &mut |at| names.push(rules.names()[at].clone()));
            names
        };
        assert_eq!(names("prisma: ERROR x"), ["errors", "prisma"]);
        assert_eq!(names("prisma: error, harmless"), ["prisma"]);
        assert_eq!(names("an error"), Vec::<String>::new());
        assert_eq!(Rules::new(&[]).unwrap().candidate(b"prisma", 0), None);
    }

    #[test]
    fn there_is_an_end_to_the_rules() {
        let many = vec![rule("x", &["x"], &[]); MAX_RULES + 1];
        let told = Rules::new(&many).unwrap_err().to_string();
        assert_eq!(told, "there are more than 64 rules for logs");
    }
}
