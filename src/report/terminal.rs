//! The summary that people read after a run: plain text in columns, with colour if wanted.

use super::document::Document;
use super::foreign::clean;
use super::tables::{self, Cell, Fact, Table, Tone};
use super::{Format, RenderError};

/// The widest line of a table, also where nothing limits it.
pub const WIDEST: usize = 180;

/// Texts are shortened no further than this to make room for numbers.
const NARROWEST: usize = 12;

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
    let mut lines = vec![title(document, style), String::new()];
    lines.extend(tables::overview(document).iter().map(|fact| named(fact, style)));
    lines.push(String::new());
    lines.extend(headlines(document, style));
    for table in tables::all(document) {
        lines.push(String::new());
        let title = paint(&table.title.to_uppercase(), Ink::Strong, style);
        let about = paint(table.about, Ink::Of(Tone::Quiet), style);
        lines.push(format!("{title}{GAP}{about}"));
        lines.extend(table_lines(&table, style, columns.min(WIDEST)));
    }
    lines.push(String::new());
    lines.extend(standing(document, style));
    if let Some(place) = &document.stored_in {
        lines.push(paint(&format!("stored in {}", clean(place)), Ink::Of(Tone::Quiet), style));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn title(document: &Document, style: Style) -> String {
    let name = paint(&clean(&document.run.scenario), Ink::Strong, style);
    format!("{name} · loadgate {}", clean(&document.origin.loadgate))
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

fn standing(document: &Document, style: Style) -> Vec<String> {
    let standing = tables::standing(document);
    let word = paint(&clean(&standing.word), Ink::Loud(standing.tone), style);
    let reasons = standing.reasons.iter().map(|reason| format!("  - {}", clean(reason)));
    std::iter::once(word).chain(reasons).collect()
}

fn table_lines(table: &Table, style: Style, columns: usize) -> Vec<String> {
    let widths = widths(table, columns);
    let heads: Vec<Cell> = table
        .columns
        .iter()
        .map(|column| Cell { text: column.head.to_owned(), tone: Tone::Quiet })
        .collect();
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
            if column.number { format!("{space}{text}") } else { format!("{text}{space}") }
        })
        .collect();
    format!("{GAP}{}", cells.join(GAP)).trim_end().to_owned()
}

/// The width of each column: its longest text. Too wide a table takes from its widest text.
fn widths(table: &Table, columns: usize) -> Vec<usize> {
    let rows = || table.groups.iter().flat_map(|group| &group.rows);
    let mut widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows().filter_map(|row| row.get(at));
            let longest = cells.map(|cell| length(&clean(&cell.text))).max();
            longest.unwrap_or(0).max(length(column.head))
        })
        .collect();
    let gaps = GAP.len() * widths.len();
    while widths.iter().sum::<usize>() + gaps > columns {
        let texts = widths.iter_mut().zip(&table.columns).filter(|(_, column)| !column.number);
        match texts.map(|(width, _)| width).max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            Some(_) | None => break,
        }
    }
    widths
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
        (Style::Colour, Ink::Of(Tone::Bad)) => "31",
        (Style::Colour, Ink::Loud(Tone::Good)) => "1;32",
        (Style::Colour, Ink::Loud(Tone::Bad)) => "1;31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_shortened_and_say_so() {
        assert_eq!(shorten("View farm list", 14), "View farm list");
        assert_eq!(shorten("View farm list", 6), "View…");
        assert_eq!(shorten("äöüß", 3), "äö…");
    }
}
