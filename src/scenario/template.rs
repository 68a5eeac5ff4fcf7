//! Texts with variables in them.

use std::fmt;
use std::str::FromStr;

use super::grammar::{GrammarError, written_as_text};

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What stands there as it is.
    Text(String),
    /// What is filled in.
    Variable {
        /// Name of the variable.
        name: String,
        /// Taken when the variable has no value.
        default: Option<String>,
    },
}

/// A text with variables: `/api/farms/${farmId}`.
///
/// ```text
/// template = { variable | "$$" | any other text }
/// variable = "${" name [ ":-" default ] "}"
/// name     = ( letter | "_" ) { letter | digit | "_" | "." | "-" }
/// default  = any text without "}" and "${"
/// ```
/// `$$` is one `$`; a `$` before anything but `{` and `$` stands for itself, so `$.id`, `$[0]` and
/// `$1` are plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    source: String,
}

written_as_text! {
    Template: SCALAR, "a text, with variables as `${name}` or `${NAME:-default}`",
        ["/api/farms/${farmId}", "${LOADGATE_TARGET:-http://127.0.0.1:3000}"];
}

impl Template {
    /// A text without variables, whatever it looks like.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        let source = text.replace('$', "$$");
        let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] };
        Self { parts, source }
    }

    /// The pieces in order; two texts never follow each other.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, if there is no variable in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            [Part::Variable { .. }] | [_, _, ..] => None,
        }
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Names of the variables, each as often as it occurs.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable { name, .. } => Some(name.as_str()),
        })
    }

    /// Names of the variables that must have a value because there is no default.
    pub fn required_variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, default: None } => Some(name.as_str()),
            Part::Text(_) | Part::Variable { .. } => None,
        })
    }

    /// The name of a series: `/api/farms/${farmId}?x=1` becomes `/api/farms/{farmId}`.
    pub fn path_template(&self) -> String {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => match text.split_once(['?', '#']) {
                    Some((before, _)) => return path + before,
                    None => path.push_str(text),
                },
                Part::Variable { name, .. } => {
                    path.push('{');
                    path.push_str(name);
                    path.push('}');
                }
            }
        }
        path
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Template {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            if let Some(tail) = after.strip_prefix('$') {
                text.push('$');
                rest = tail;
            } else if let Some(tail) = after.strip_prefix('{') {
                let offset = source.len() - tail.len() - 2;
                let (inner, tail) = tail.split_once('}').ok_or_else(|| {
                    let message = format!("`${{` at offset {offset} of `{source}` has no `}}`");
                    GrammarError::new(message)
                })?;
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(variable(inner, offset)?);
                rest = tail;
            } else {
                text.push('$');
                rest = after;
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { parts, source: source.to_owned() })
    }
}

/// What stands between `${` and `}`.
fn variable(inner: &str, offset: usize) -> Result<Part, GrammarError> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    if !is_name(name) {
        return Err(GrammarError::new(format!(
            "`{name}` at offset {offset} is no name of a variable: letters, digits, `_`, `.` and \
             `-`, with a letter or `_` first"
        )));
    }
    if default.is_some_and(|text| text.contains("${")) {
        let message = format!("the default of `{name}` can't have a variable in it");
        return Err(GrammarError::new(message));
    }
    Ok(Part::Variable { name: name.to_owned(), default: default.map(str::to_owned) })
}

/// Whether `text` can be the name of a variable.
fn is_name(text: &str) -> bool {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    text.starts_with(starts)
        && text.chars().all(|c| starts(c) || c.is_alphanumeric() || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<Template>() {
            Ok(template) => template
                .parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => format!("'{text}'"),
                    Part::Variable { name, default: None } => format!("<{name}>"),
                    Part::Variable { name, default: Some(text) } => format!("<{name}|{text}>"),
                })
                .collect::<String>(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn variables_are_found() {
        check("", "");
        check("plain", "'plain'");
        check("/api/farms/${farmId}/x", "'/api/farms/'<farmId>'/x'");
        check("${a}${b}", "<a><b>");
        check("${URL:-http://[::1]:3000}", "<URL|http://[::1]:3000>");
        check("${A:-}", "<A|>");
        check("${expect.prisma}", "<expect.prisma>");
    }

    #[test]
    fn a_dollar_alone_is_text() {
        check("$.id and $[0] and $1 and $", "'$.id and $[0] and $1 and $'");
        check("5 $$ ${x} $${x}", "'5 $ '<x>' ${x}'");
    }

    #[test]
    fn mistakes_say_where() {
        check("ab ${x", "`${` at offset 3 of `ab ${x` has no `}`");
        check(
            "${}",
            "`` at offset 0 is no name of a variable: letters, digits, `_`, `.` and `-`, with a letter or `_` first",
        );
        check(
            "${ a }",
            "` a ` at offset 0 is no name of a variable: letters, digits, `_`, `.` and `-`, with a letter or `_` first",
        );
        check("${a:-${b}}", "the default of `a` can't have a variable in it");
    }

    #[test]
    fn a_series_has_the_path_without_values() {
        let path = |text: &str| text.parse::<Template>().unwrap().path_template();
        assert_eq!(path("/api/farms/${farmId}?x=1"), "/api/farms/{farmId}");
        assert_eq!(path("/api/farms?city=${city}"), "/api/farms");
        assert_eq!(path("${base}/x#y"), "{base}/x");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[$\\{\\}a:.\\- ]{0,20}") {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.source(), &text);
                prop_assert_eq!(template.to_string().parse::<Template>().unwrap(), template);
            }
        }

        #[test]
        fn a_literal_stays_what_it_is(text in "\\PC{0,20}") {
            let literal = Template::literal(text.clone());
            prop_assert_eq!(literal.as_literal(), Some(text.as_str()));
            prop_assert_eq!(literal.to_string().parse::<Template>().unwrap(), literal);
        }
    }
}
