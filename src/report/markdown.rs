//! GitHub-flavoured Markdown, for pull requests and job summaries.

use super::document::Document;
use super::foreign::clean;
use super::tables::{self, Cell, Fact, Group, Kind, Table};
use super::{Format, RenderError};

/// Markdown as GitHub shows it.
#[derive(Debug)]
pub(super) struct Markdown;

impl Format for Markdown {
    fn word(&self) -> &'static str {
        "markdown"
    }

    fn extension(&self) -> &'static str {
        "md"
    }

    fn render(&self, document: &Document) -> Result<String, RenderError> {
        let standing = tables::standing(document);
        let title = format!("# {}: {}", escape(&document.run.scenario), escape(&standing.word));
        let reasons = list(standing.reasons.iter().map(|reason| escape(&reason.text)));
        let mut blocks = vec![title];
        blocks.extend(standing.sentence.as_deref().map(escape));
        blocks.push(reasons);
        blocks.push(list(standing.facts.iter().map(named)));
        blocks.push(list(tables::sides(document).iter().map(named)));
        let compared = tables::compared(document);
        blocks.extend(compared.iter().flat_map(table_blocks));
        if standing.sentence.is_some() {
            blocks.push("## The run".to_owned());
        }
        blocks.push(list(tables::overview(document).iter().map(named)));
        blocks.push(summary(document));
        blocks.extend(tables::all(document).iter().flat_map(table_blocks));
        blocks.push("## Origin".to_owned());
        blocks.push(list(tables::origin(document).iter().map(named)));
        blocks.retain(|block| !block.is_empty());
        Ok(format!("{}\n", blocks.join("\n\n")))
    }
}

pub(super) fn named(fact: &Fact) -> String {
    format!("**{}**: {}", fact.name, escape(&fact.value))
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| format!("- {item}")).collect();
    items.join("\n")
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn summary(document: &Document) -> String {
    let facts = tables::summary(document);
    let heads = row(facts.iter().map(|fact| fact.name.to_owned()));
    let rule = row(facts.iter().map(|_| "--:".to_owned()));
    let values = row(facts.iter().map(|fact| escape(&fact.value)));
    [heads, rule, values].join("\n")
}

pub(super) fn table_blocks(table: &Table) -> Vec<String> {
    let head = [format!("## {}", table.title), escape(&table.about)];
    head.into_iter()
        .chain(table.groups.iter().flat_map(|group| group_blocks(table, group)))
        .collect()
}

fn group_blocks(table: &Table, group: &Group) -> Vec<String> {
    let heads = row(table.columns.iter().map(|column| escape(&column.head)));
    let rule = |kind: Kind| if kind == Kind::Number { "--:" } else { ":--" }.to_owned();
    let rule = row(table.columns.iter().map(|column| rule(column.kind)));
    let cells = |cells: &Vec<Cell>| row(cells.iter().map(|cell| escape(&cell.text)));
    let lines: Vec<String> =
        [heads, rule].into_iter().chain(group.rows.iter().map(cells)).collect();
    let title = group.title.as_ref().map(|title| format!("### {}", escape(title)));
    title.into_iter().chain([lines.join("\n")]).collect()
}

/// `text` as itself: nothing in it is taken for markup, a link, a mention or HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A mention would send mail to a stranger; the invisible joiner breaks it.
            '@' => escaped.push_str("@&#8288;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("a|b `c` <d> *e*"), "a\\|b \\`c\\` &lt;d&gt; \\*e\\*");
        assert_eq!(escape("ask @team & [x](y)"), "ask @&#8288;team &amp; \\[x\\](y)");
        assert_eq!(escape("one\ntwo"), "one two");
    }
}
