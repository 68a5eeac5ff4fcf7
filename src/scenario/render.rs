//! A mistake as text for the terminal.

use std::fmt::Write as _;

use super::diagnostic::{Diagnostic, Excerpt};
use super::tree::Place;

/// The most columns of an offending line that are shown.
const MAX_COLUMNS: usize = 120;

/// How many columns before the place are shown of a line that has to be cut.
const BEFORE: usize = 40;

const RED: &str = "\x1b[1;31m";
const BLUE: &str = "\x1b[1;34m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

impl Diagnostic {
    /// The mistake with its place, the offending line and the hint; ends with a line end.
    pub fn render(&self, colour: bool) -> String {
        let paint = |code: &str, text: &str| {
            if colour { format!("{code}{text}{PLAIN}") } else { text.to_owned() }
        };
        let mut text = String::new();
        let message = paint(BOLD, &format!(": {}", escape(&self.message)));
        line(&mut text, format_args!("{}{message}", paint(RED, "error")));
        let mut gutter = String::new();
        if let Some(place) = &self.place {
            gutter = " ".repeat(place.line.to_string().len());
            let arrow = paint(BLUE, &format!("{gutter}-->"));
            let file = escape(&place.file);
            line(&mut text, format_args!("{arrow} {file}:{}:{}", place.line, place.column));
            if let Some(excerpt) = &self.excerpt {
                let (shown, carets) = cut(place, excerpt);
                let bar = paint(BLUE, &format!("{gutter} |"));
                line(&mut text, format_args!("{bar}"));
                let number = paint(BLUE, &format!("{} |", place.line));
                line(&mut text, format_args!("{number} {shown}"));
                line(&mut text, format_args!("{bar} {}", paint(RED, &carets)));
            }
        }
        if let Some(hint) = &self.hint {
            let mark = paint(BLUE, &format!("{gutter} ="));
            line(&mut text, format_args!("{mark} hint: {}", escape(hint)));
        }
        text
    }
}

/// Adds one line without spaces at its end.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    if write!(text, "{content}").is_ok() {
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
}

/// The part of the line that is shown, and the carets under the place.
fn cut(place: &Place, excerpt: &Excerpt) -> (String, String) {
    let column = place.column.saturating_sub(1);
    let count = excerpt.line.chars().count();
    let from = if count > MAX_COLUMNS { column.saturating_sub(BEFORE) } else { 0 };
    let (mut shown, mut carets) = (String::new(), String::new());
    if from > 0 {
        shown.push('…');
        carets.push(' ');
    }
    for (at, char) in excerpt.line.chars().enumerate().skip(from).take(MAX_COLUMNS) {
        let piece = escape_char(char);
        let mark = if at >= column && at < column + excerpt.length { '^' } else { ' ' };
        carets.extend(std::iter::repeat_n(mark, piece.chars().count()));
        shown.push_str(&piece);
    }
    if count > from + MAX_COLUMNS {
        shown.push('…');
    }
    if column >= count {
        // The place is the end of the line.
        let width = shown.chars().count();
        carets = format!("{}^", " ".repeat(width));
    }
    (shown, carets.trim_end().to_owned())
}

fn escape(text: &str) -> String {
    text.chars().map(escape_char).collect()
}

/// Control characters and those that turn the direction of writing are shown by their number.
fn escape_char(char: char) -> String {
    let turns =
        matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match char {
        '\t' => " ".to_owned(),
        _ if char.is_control() || turns => char.escape_unicode().to_string(),
        _ => char.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str, column: usize, length: usize) -> Diagnostic {
        Diagnostic {
            message: "unknown key `thinks` in a step".to_owned(),
            hint: Some("did you mean `think`?".to_owned()),
            place: Some(Place { file: "scenarios/customer.yaml".to_owned(), line: 24, column }),
            excerpt: Some(Excerpt { line: line.to_owned(), length }),
        }
    }

    #[test]
    fn a_mistake_is_shown_with_its_line() {
        let want = "\
error: unknown key `thinks` in a step
  --> scenarios/customer.yaml:24:9
   |
24 |       - thinks: 3s
   |         ^^^^^^
   = hint: did you mean `think`?
";
        assert_eq!(at("      - thinks: 3s", 9, 6).render(false), want);
    }

    #[test]
    fn a_mistake_without_a_place_is_one_line() {
        assert_eq!(Diagnostic::new("no file").render(false), "error: no file\n");
    }

    #[test]
    fn colour_changes_no_word() {
        let shown = at("      - thinks: 3s", 9, 6);
        let mut plain = shown.render(true);
        for code in [RED, BLUE, BOLD, PLAIN] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, shown.render(false));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let long = format!("{}thinks{}", "x".repeat(5_000), "y".repeat(5_000));
        let shown = at(&long, 5_001, 6).render(false);
        assert!(shown.lines().all(|line| line.chars().count() < MAX_COLUMNS + 10), "{shown}");
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[3].find("thinks").map(|at| at - 2), lines[4].find('^'));
    }

    #[test]
    fn control_characters_are_shown_by_number() {
        let shown = at("a\x1b[31m\u{202e}b", 9, 1).render(false);
        assert!(shown.contains(r"a\u{1b}[31m\u{202e}b"), "{shown}");
        let mut hostile = at("a", 1, 1);
        hostile.message = "\x1b[2J".to_owned();
        assert!(!hostile.render(false).contains('\x1b'));
    }
}
