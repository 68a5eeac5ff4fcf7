//! Splitting a line of a grammar, with quotes and brackets kept together.

use super::grammar::GrammarError;

/// Characters with their byte offset that stand outside of quotes and brackets.
///
/// Brackets are `()`, `[]` and `{}`; in quotes a backslash takes the next character along.
pub(super) fn outside(text: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, char) in text.char_indices() {
        if let Some(mark) = quote {
            if escaped {
                escaped = false;
            } else if char == '\\' {
                escaped = true;
            } else if char == mark {
                quote = None;
            }
            continue;
        }
        match char {
            '"' | '\'' if depth > 0 || starts_word(text, at) => quote = Some(char),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => found.push((at, char)),
            _ => {}
        }
    }
    found
}

/// A quote begins a quoted text only where a word begins, so `it's` is one word.
fn starts_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(|c| c.is_whitespace() || "=<>,[|(:".contains(c))
}

/// The text in two at a byte offset.
pub(super) fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The first word and what follows it.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

/// The text without the quotes around it. A backslash takes the quote in; before anything else it
/// stays, because patterns are full of them.
pub(super) fn unquote(text: &str) -> Result<String, GrammarError> {
    let Some(mark) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Ok(text.to_owned());
    };
    let unclosed = || GrammarError::new(format!("the quotes of `{text}` don't match"));
    let inner =
        text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).ok_or_else(unclosed)?;
    let (mut plain, mut chars) = (String::new(), inner.chars().peekable());
    while let Some(char) = chars.next() {
        let escaped =
            char == '\\' && chars.peek().is_some_and(|next| *next == mark || *next == '\\');
        match chars.next_if(|_| escaped) {
            Some('\\') => plain.push_str("\\\\"),
            Some(next) => plain.push(next),
            None if char == mark => return Err(unclosed()),
            None => plain.push(char),
        }
    }
    Ok(plain)
}

/// Words separated by spaces or commas, quotes removed; brackets around the whole are ignored.
pub(super) fn words(text: &str) -> Result<Vec<String>, GrammarError> {
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let mut words = Vec::new();
    let mut from = 0;
    for (at, char) in outside(text) {
        if char.is_whitespace() || char == ',' {
            words.push(text.get(from..at).unwrap_or_default());
            from = at + char.len_utf8();
        }
    }
    words.push(text.get(from..).unwrap_or_default());
    words.into_iter().filter(|word| !word.is_empty()).map(unquote).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_quotes_together() {
        assert_eq!(words("200 201").unwrap(), ["200", "201"]);
        assert_eq!(words("[a, 'b c', \"d\\\"e\"]").unwrap(), ["a", "b c", "d\"e"]);
        assert_eq!(words("it's ${x}").unwrap(), ["it's", "${x}"]);
        assert!(words("'a b").is_err());
        assert!(words("").unwrap().is_empty());
    }

    #[test]
    fn operators_in_brackets_are_not_outside() {
        let text: String = outside("$..[?(@.a=='b c')] == x").into_iter().map(|(_, c)| c).collect();
        assert_eq!(text, "$.. == x");
    }
}
