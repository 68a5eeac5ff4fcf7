//! Conditions over variables: `if:` of a step and `where:` of a session.

use std::fmt;
use std::str::FromStr;

use super::check::{Comparison, Operand, operand, split};
use super::grammar::{Grammar, GrammarError, written_as_text};
use super::template::Template;
use super::words::unquote;

/// A condition over variables.
///
/// ```text
/// test = template comparison [ operand ]
/// ```
/// with the comparisons and operands of a [`super::Check`]: `${role} == admin`,
/// `${city} in Berlin Hamburg`, `${orderId} exists`. In `where:` a bare word on the left is a
/// column: `role == customer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableTest {
    /// What is looked at.
    pub left: Template,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub operand: Operand,
    source: String,
}

written_as_text! {
    VariableTest: TEXT, "a condition such as `${role} == admin` or `${orderId} exists`",
        ["${role} == admin", "${city} in Berlin Hamburg", "${orderId} exists"];
}

impl VariableTest {
    /// The condition as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for VariableTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for VariableTest {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let (left, comparison, right) = split(source, Self::WANTED)?;
        if left.is_empty() {
            return Err(GrammarError::new(format!(
                "nothing stands before `{}`",
                comparison.word()
            )));
        }
        let left = unquote(left)?.parse()?;
        let operand = operand(comparison, right)?;
        Ok(Self { left, comparison, operand, source: source.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: Result<&str, &str>) {
        let got = input.parse::<VariableTest>();
        let got = got
            .map(|test| format!("{}|{}|{:?}", test.left, test.comparison.word(), texts(&test)))
            .map_err(|error| error.to_string());
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{input}");
    }

    fn texts(test: &VariableTest) -> Vec<&str> {
        test.operand.templates().iter().map(Template::source).collect()
    }

    #[test]
    fn tests_are_read() {
        check("${a} == x", Ok(r#"${a}|==|["x"]"#));
        check("${a:-n one} in x 'y z'", Ok(r#"${a:-n one}|in|["x", "y z"]"#));
        check("${a} exists", Ok("${a}|exists|[]"));
        check("role == customer", Ok(r#"role|==|["customer"]"#));
    }

    #[test]
    fn mistakes_are_told() {
        check("== x", Err("nothing stands before `==`"));
        check("${a} = x", Err("`=` in `${a} = x` must be `==`"));
        check(
            "${a",
            Err(
                "expected a condition such as `${role} == admin` or `${orderId} exists`, found `${a`",
            ),
        );
    }
}
