//! What counts as one value in a list: a constant or parameter, perhaps with a cast.

use super::token::Token;

/// Whether these tokens are one value: `$?`, `$?::type`, `CAST($? AS type)`.
pub(super) fn is_value(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [Token::Value] => true,
        [Token::Value, Token::Cast, rest @ ..] => is_type(rest),
        [Token::Keyword("CAST"), Token::Mark(b'('), inside @ .., Token::Mark(b')')] => {
            let border = inside.iter().position(|token| token.is_keyword("AS"));
            let (value, kind) = inside.split_at(border.unwrap_or(inside.len()));
            is_value(value) && kind.get(1..).is_some_and(is_type)
        }
        _ => false,
    }
}

/// Whether these tokens are a type, or several with casts between them.
fn is_type(tokens: &[Token<'_>]) -> bool {
    !tokens.is_empty()
        && is_balanced(tokens)
        && tokens.iter().all(|token| match token {
            Token::Keyword(word) => *word == "WITH",
            Token::Mark(mark) => *mark != b';',
            Token::Name(_) | Token::Escaped(_) | Token::Value | Token::Cast => true,
            Token::Operator(_) => false,
        })
}

/// Whether these tokens are one row in brackets, with at least one value.
pub(super) fn is_row(tokens: &[Token<'_>]) -> bool {
    let [Token::Mark(b'('), inside @ .., Token::Mark(b')')] = tokens else { return false };
    let queries = ["SELECT", "VALUES", "WITH", "TABLE"];
    let query = inside.iter().any(|token| queries.iter().any(|word| token.is_keyword(word)));
    is_balanced(inside) && !query && inside.contains(&Token::Value)
}

/// Whether each bracket that is opened is closed, and none else.
fn is_balanced(tokens: &[Token<'_>]) -> bool {
    let mut depth = 0_usize;
    for token in tokens {
        match token {
            Token::Mark(b'(' | b'[') => depth += 1,
            Token::Mark(b')' | b']') if depth == 0 => return false,
            Token::Mark(b')' | b']') => depth -= 1,
            Token::Mark(_)
            | Token::Keyword(_)
            | Token::Name(_)
            | Token::Escaped(_)
            | Token::Value
            | Token::Operator(_)
            | Token::Cast => {}
        }
    }
    depth == 0
}

/// The element that an array of values stands for.
pub(super) fn element<'t>(tokens: &[Token<'t>]) -> Option<Vec<Token<'t>>> {
    let [Token::Keyword("ARRAY"), Token::Mark(b'['), rest @ ..] = tokens else {
        return is_value(tokens).then(|| without_array(tokens));
    };
    // In an array of arrays this is not the end of the outer one, and then it is no value.
    let end = rest.iter().position(|token| *token == Token::Mark(b']'))?;
    let (value, casts) = rest.split_at(end);
    let casts = casts.get(1..)?;
    let well_formed = match casts {
        [] => true,
        [Token::Cast, rest @ ..] => is_type(rest),
        _ => false,
    };
    if !is_value(value) || !well_formed {
        return None;
    }
    let mut element = value.to_vec();
    element.extend(without_array(casts));
    Some(element)
}

/// A type without the `[]` at its end.
fn without_array<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    match tokens {
        [rest @ .., Token::Mark(b'['), Token::Mark(b']')] => rest.to_vec(),
        [rest @ .., Token::Mark(b'['), Token::Mark(b']'), Token::Mark(b')')] => {
            let mut rest = rest.to_vec();
            rest.push(Token::Mark(b')'));
            rest
        }
        _ => tokens.to_vec(),
    }
}
