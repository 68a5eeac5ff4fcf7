//! Text from strangers: names from a scenario, messages from a server. None of it may give orders
//! to a terminal, or turn the direction of the text around it.

/// `text` in one line of visible characters: line ends and tabs become spaces, other control
/// characters are spelled out.
pub(super) fn clean(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' | '\n' | '\r' => visible.push(' '),
            _ if character.is_control() || steers(character) => {
                visible.extend(character.escape_unicode());
            }
            _ => visible.push(character),
        }
    }
    visible
}

/// Characters that are not seen and change how others are: line and paragraph separators, marks
/// and overrides of direction, joiners and the byte order mark.
fn steers(character: char) -> bool {
    matches!(
        character,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(clean("\x1b[31mred\x07"), "\\u{1b}[31mred\\u{7}");
        assert_eq!(clean("a\r\nb\tc"), "a  b c");
        assert_eq!(clean("\u{9b}31m\u{202e}txt"), "\\u{9b}31m\\u{202e}txt");
        assert_eq!(clean("Höfe ✓ 農場"), "Höfe ✓ 農場");
    }
}
