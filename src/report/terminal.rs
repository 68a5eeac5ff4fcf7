//! The summary that people read after a run: plain text in columns, with colour if wanted.

use super::document::Document;
use super::foreign::clean;
use super::tables::{self, Cell, Column, Fact, Kind, Standing, Table, Tone};
use super::{Format, RenderError};

/// The widest line of a table, also where nothing limits it.
pub const WIDEST: usize = 180;

/// Texts are shortened no further than this to make room for numbers.
const NARROWEST: usize = 12;

/// A table in long rows is worth it where its texts have at least so much room.
const TOLD_APART: usize = 18;

/// Between two columns.
const GAP: &str = "  ";

/// Whether colours are used; whoever knows the terminal decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Characters only.
    Plain,
    /// ANSI colours.
    Colour,
}

/// The summary as a file: the same without colours.
#[derive(Debug)]
pub struct Text;

impl Format for Text {
    fn word(&self) -> &'static str {
        "text"
    }

    fn extension(&self) -> &'static str {
        "txt"
    }

    fn render(&self, document: &Document) -> Result<String, RenderError> {
        Ok(render(document, Style::Plain))
    }
}

/// The summary of a run.
pub fn render(document: &Document, style: Style) -> String {
    render_within(document, style, WIDEST)
}

/// The summary of a run for a terminal of so many columns: names are shortened as far as they may
/// be, numbers never.
pub fn render_within(document: &Document, style: Style, columns: usize) -> String {
    let columns = columns.min(WIDEST);
    let (standing, sides) = (tables::standing(document), tables::sides(document));
    let mut lines = vec![title(document, style), String::new()];
    if standing.sentence.is_some() {
        lines.extend(answered(&standing, style, columns));
        lines.push(String::new());
        let facts = standing.facts.iter().chain(&sides);
        lines.extend(facts.flat_map(|fact| named_within(fact, style, columns)));
        lines.extend(tables_lines(tables::compared(document), style, columns));
        lines.extend([String::new(), paint("THE RUN", Ink::Strong, style)]);
    }
    lines.extend(tables::overview(document).iter().map(|fact| named(fact, style)));
    lines.push(String::new());
    lines.extend(headlines(document, style));
    lines.extend(tables_lines(tables::all(document), style, columns));
    lines.push(String::new());
    // Who is at a terminal sees the end first.
    lines.push(answer(&standing, style));
    match &standing.sentence {
        Some(sentence) => lines.extend(wrapped(&clean(sentence), columns)),
        None => lines.extend(reasons(&standing, style, columns)),
    }
    if let Some(place) = &document.stored_in {
        lines.push(paint(&format!("stored in {}", clean(place)), Ink::Of(Tone::Quiet), style));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn title(document: &Document, style: Style) -> String {
    titled(&document.run.scenario, &document.origin.loadgate, style)
}

pub(super) fn titled(name: &str, loadgate: &str, style: Style) -> String {
    let name = paint(&clean(name), Ink::Strong, style);
    format!("{name} · loadgate {}", clean(loadgate))
}

fn named(fact: &Fact, style: Style) -> String {
    let name = paint(&format!("{:<10}", fact.name), Ink::Of(Tone::Quiet), style);
    format!("  {name}{}", clean(&fact.value))
}

/// What was done in one line, how long it took in the next.
fn headlines(document: &Document, style: Style) -> Vec<String> {
    let named = |fact: &Fact| {
        let name = paint(fact.name, Ink::Of(Tone::Quiet), style);
        format!("{name} {}", paint(&clean(&fact.value), Ink::Strong, style))
    };
    let line = |facts: &[Fact]| facts.iter().map(named).collect::<Vec<_>>().join("   ");
    let (amounts, times) = (tables::amounts(document), tables::times(document));
    vec![format!("  {}", line(&amounts)), format!("  {}", line(&times))]
}

/// Word, sentence and reasons.
pub(super) fn answered(standing: &Standing, style: Style, columns: usize) -> Vec<String> {
    let mut lines = vec![answer(standing, style)];
    let sentence = standing.sentence.iter();
    lines.extend(sentence.flat_map(|sentence| wrapped(&clean(sentence), columns)));
    lines.extend(reasons(standing, style, columns));
    lines
}

fn answer(standing: &Standing, style: Style) -> String {
    paint(&clean(&standing.word), Ink::Loud(standing.tone), style)
}

fn reasons(standing: &Standing, style: Style, columns: usize) -> Vec<String> {
    let told = standing.reasons.iter().flat_map(|reason| {
        let bullet = format!("  {} ", paint("-", Ink::Of(reason.tone), style));
        hanging((&bullet, 4), wrapped(&clean(&reason.text), columns.saturating_sub(4)))
    });
    told.collect()
}

pub(super) fn named_within(fact: &Fact, style: Style, columns: usize) -> Vec<String> {
    let name = paint(&format!("{:<10}", fact.name), Ink::Of(Tone::Quiet), style);
    let value = wrapped(&clean(&fact.value), columns.saturating_sub(12));
    hanging((&format!("  {name}"), 12), value)
}

/// The first line after `start`, the others below it; `start` is seen as so many characters.
fn hanging((start, width): (&str, usize), lines: Vec<String>) -> Vec<String> {
    let space = " ".repeat(width);
    let starts = std::iter::once(start).chain(std::iter::repeat(space.as_str()));
    starts.zip(lines).map(|(start, line)| format!("{start}{line}")).collect()
}

/// `text` in lines of at most so many characters; a word that is longer has a line of its own.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if length(line) + 1 + length(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Tables with their titles; of two shapes the one with fewer rows, where there is room for it.
pub(super) fn tables_lines(tables: Vec<Table>, style: Style, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for table in tables {
        let roomy = |beside: &Table| least(beside) <= columns;
        let table = match table.beside {
            Some(beside) if roomy(&beside) => *beside,
            Some(_) | None => table,
        };
        lines.push(String::new());
        lines.extend(heading(&table, style, columns));
        lines.extend(table_lines(&table, style, columns));
    }
    lines
}

/// The title, and beside it or below it what the numbers are.
fn heading(table: &Table, style: Style, columns: usize) -> Vec<String> {
    let title = paint(&table.title.to_uppercase(), Ink::Strong, style);
    let quiet = |text: &str| paint(text, Ink::Of(Tone::Quiet), style);
    if length(table.title) + GAP.len() + length(&table.about) <= columns {
        return vec![format!("{title}{GAP}{}", quiet(&table.about))];
    }
    let about = wrapped(&table.about, columns.saturating_sub(GAP.len()));
    let about = about.iter().map(|line| format!("{GAP}{}", quiet(line)));
    std::iter::once(title).chain(about).collect()
}

/// How wide a table is when its texts are as short as can still be told apart.
fn least(table: &Table) -> usize {
    let widths = natural(table);
    let texts = widths.iter().zip(&table.columns);
    let short =
        texts.map(
            |(width, column)| {
                if column.kind == Kind::Text { (*width).min(TOLD_APART) } else { *width }
            },
        );
    short.sum::<usize>() + GAP.len() * widths.len()
}

fn table_lines(table: &Table, style: Style, columns: usize) -> Vec<String> {
    let widths = widths(table, columns);
    let head = |column: &Column| Cell::toned(column.head.as_str(), Tone::Quiet);
    let heads: Vec<Cell> = table.columns.iter().map(head).collect();
    let mut lines = vec![line(table, &widths, &heads, style)];
    for group in &table.groups {
        lines.extend(group.title.as_deref().map(|title| paint(&clean(title), Ink::Strong, style)));
        lines.extend(group.rows.iter().map(|row| line(table, &widths, row, style)));
    }
    lines
}

fn line(table: &Table, widths: &[usize], cells: &[Cell], style: Style) -> String {
    let cells: Vec<String> = table
        .columns
        .iter()
        .zip(widths)
        .zip(cells)
        .map(|((column, width), cell)| {
            let text = shorten(&clean(&cell.text), *width);
            let space = " ".repeat(width.saturating_sub(length(&text)));
            let text = paint(&text, Ink::Of(cell.tone), style);
            if column.kind == Kind::Number {
                format!("{space}{text}")
            } else {
                format!("{text}{space}")
            }
        })
        .collect();
    format!("{GAP}{}", cells.join(GAP)).trim_end().to_owned()
}

/// The width of each column. Too wide a table takes from its widest text.
fn widths(table: &Table, columns: usize) -> Vec<usize> {
    let mut widths = natural(table);
    let gaps = GAP.len() * widths.len();
    while widths.iter().sum::<usize>() + gaps > columns {
        let texts =
            widths.iter_mut().zip(&table.columns).filter(|(_, column)| column.kind == Kind::Text);
        match texts.map(|(width, _)| width).max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            Some(_) | None => break,
        }
    }
    widths
}

/// The longest text of each column.
fn natural(table: &Table) -> Vec<usize> {
    let rows = || table.groups.iter().flat_map(|group| &group.rows);
    let longest = |(at, column): (usize, &Column)| {
        let cells = rows().filter_map(|row| row.get(at));
        let longest = cells.map(|cell| length(&clean(&cell.text))).max();
        longest.unwrap_or(0).max(length(&column.head))
    };
    table.columns.iter().enumerate().map(longest).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// At most `width` characters; what is missing shows as `…`.
fn shorten(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// How a text is drawn.
#[derive(Clone, Copy)]
enum Ink {
    Strong,
    Of(Tone),
    Loud(Tone),
}

fn paint(text: &str, ink: Ink, style: Style) -> String {
    let code = match (style, ink) {
        (Style::Plain, _) | (Style::Colour, Ink::Of(Tone::Plain)) => return text.to_owned(),
        (Style::Colour, Ink::Strong | Ink::Loud(Tone::Plain | Tone::Quiet)) => "1",
        (Style::Colour, Ink::Of(Tone::Quiet)) => "2",
        (Style::Colour, Ink::Of(Tone::Good)) => "32",
        (Style::Colour, Ink::Of(Tone::Warn)) => "33",
        (Style::Colour, Ink::Of(Tone::Bad)) => "31",
        (Style::Colour, Ink::Loud(Tone::Good)) => "1;32",
        (Style::Colour, Ink::Loud(Tone::Warn)) => "1;33",
        (Style::Colour, Ink::Loud(Tone::Bad)) => "1;31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_between_words() {
        assert_eq!(wrapped("it got far worse", 8), ["it got", "far", "worse"]);
        assert_eq!(wrapped("a SELECT-of-many-words b", 6), ["a", "SELECT-of-many-words", "b"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn long_texts_are_shortened_and_say_so() {
        assert_eq!(shorten("View farm list", 14), "View farm list");
        assert_eq!(shorten("View farm list", 6), "View…");
        assert_eq!(shorten("äöüß", 3), "äö…");
    }
}
