//! Reading Rust and Markdown as text, as far as the rules need it.

/// The source with comments and literals blanked out; every line stays where it was.
pub(crate) fn code(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    while at < text.len() {
        let len = opaque(&text.as_bytes()[at..], after_word(text, at));
        blank(&mut out[at..at + len]);
        at += len.max(1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The length of the comment or literal at the start of `rest`; 0 if there is none.
fn opaque(rest: &[u8], after_word: bool) -> usize {
    let until = |end: Option<usize>| end.unwrap_or(rest.len());
    let find = |from: usize, what: &[u8]| {
        let at = rest.get(from..)?.windows(what.len()).position(|window| window == what)?;
        Some(from + at + what.len())
    };
    match rest {
        [b'/', b'/', ..] => until(rest.iter().position(|&byte| byte == b'\n')),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => {
            let mut escaped = false;
            until(rest.iter().skip(1).position(|&byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            }))
            .saturating_add(2)
            .min(rest.len())
        }
        [b'\'', b'\\', ..] => until(find(3, b"'")),
        [b'\'', first, ..] => {
            let width = usize::try_from(first.leading_ones().max(1)).unwrap_or(1);
            if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
        }
        _ if after_word => 0,
        _ => {
            let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|p| rest.starts_with(p));
            let Some(prefix) = prefix else { return 0 };
            let hashes = rest[prefix.len()..].iter().take_while(|&&byte| byte == b'#').count();
            let open = prefix.len() + hashes;
            let close = [b"\"", &rest[prefix.len()..open]].concat();
            if rest.get(open) == Some(&b'"') { until(find(open + 1, &close)) } else { 0 }
        }
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

/// `code` without the items under `#[cfg(test)]`.
pub(crate) fn production(code: &str) -> String {
    if code.contains("#![cfg(test)]") {
        return String::new();
    }
    let mut out = code.as_bytes().to_vec();
    for (at, attribute) in code.match_indices("#[cfg(test)]") {
        let item = at + attribute.len();
        blank(&mut out[at..item + span(&code[item..])]);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The length of the item at the start of `text`: through its closing brace or its semicolon.
pub(crate) fn span(text: &str) -> usize {
    let mut depth = 0_i32;
    let end = text.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        depth <= 0 && matches!(byte, b'}' | b';')
    });
    end.map_or(text.len(), |end| end + 1)
}

/// A function with its signature and body.
#[derive(Debug)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

impl Function<'_> {
    /// Lines of code between the braces.
    pub(crate) fn lines(&self) -> usize {
        let body = self.text.split_once('{').map_or("", |(_, body)| body);
        lines(body.trim_end().trim_end_matches('}'))
    }
}

/// All functions that have a body.
pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    let starts = words(code, "fn").into_iter().filter_map(|at| {
        let name = word_at(code[at + 2..].trim_start());
        let text = &code[at..at + span(&code[at..])];
        (!name.is_empty() && text.ends_with('}')).then_some(Function { name, text, at })
    });
    starts.collect()
}

/// Lines that are not blank.
pub(crate) fn lines(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty()).count()
}

/// The number of the line at a byte offset.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where `what` stands as a word of its own.
pub(crate) fn words(code: &str, what: &str) -> Vec<usize> {
    let ends = |at: usize| !code[at + what.len()..].starts_with(is_word);
    code.match_indices(what)
        .map(|(at, _)| at)
        .filter(|&at| !after_word(code, at) && (!what.ends_with(is_word) || ends(at)))
        .collect()
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn after_word(text: &str, at: usize) -> bool {
    text.as_bytes()[..at].last().is_some_and(|&byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

pub(crate) fn word_at(text: &str) -> &str {
    text.split(|letter| !is_word(letter)).next().unwrap_or_default()
}

/// Every path below `root` with its place: `use std::{fs, io::Read}` gives `fs` and `io::Read`.
pub(crate) fn paths(code: &str, root: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(code, &format!("{root}::")) {
        let mut leaves = Vec::new();
        use_tree(&code[at + root.len() + 2..], "", &mut leaves);
        found.extend(leaves.into_iter().map(|leaf| (at, leaf)));
    }
    found
}

/// Writes out the `use` tree at the start of `text`.
fn use_tree(text: &str, prefix: &str, leaves: &mut Vec<String>) {
    let text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        let (mut depth, mut from) = (0_i32, 0);
        for (at, letter) in group.char_indices() {
            if depth == 0 && matches!(letter, ',' | '}') {
                if !group[from..at].trim().is_empty() {
                    use_tree(&group[from..at], prefix, leaves);
                }
                from = at + 1;
            }
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            if depth < 0 {
                return;
            }
        }
        return;
    }
    let name = if text.starts_with('*') { "*" } else { word_at(text) };
    match text[name.len()..].strip_prefix("::") {
        Some(rest) if rest.starts_with(|c| is_word(c) || matches!(c, '{' | '*')) => {
            use_tree(rest, &format!("{prefix}{name}::"), leaves);
        }
        _ => leaves.push(format!("{prefix}{name}")),
    }
}

/// Every name of the crate's root that a file names, with its place, by `crate::` or by enough
/// `super::`s. `depth` is how many modules deep the file stands.
pub(crate) fn root_names(code: &str, depth: usize) -> Vec<(usize, String)> {
    let mut found = paths(code, "crate");
    let inline: Vec<_> = words(code, "mod")
        .into_iter()
        .map(|at| (at, &code[at..at + span(&code[at..])]))
        .filter(|(_, item)| item.ends_with('}'))
        .map(|(at, item)| at..at + item.len())
        .collect();
    for (at, path) in paths(code, "super") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let around = inline.iter().filter(|block| block.contains(&at)).count();
        let ups = path.matches("super::").count() + 1;
        if ups >= depth + around {
            found.push((at, path.replace("super::", "")));
        }
    }
    for (_, path) in &mut found {
        path.truncate(path.find("::").unwrap_or(path.len()));
    }
    found
}

/// The attributes of a file with their places.
pub(crate) fn attributes(code: &str) -> Vec<(usize, &str)> {
    let starts = code.match_indices("#[").chain(code.match_indices("#!["));
    starts.map(|(at, _)| (at, code[at..].split(']').next().unwrap_or_default())).collect()
}

/// Markdown without fenced blocks and code spans; every line stays where it was.
pub(crate) fn prose(markdown: &str) -> String {
    let mut fenced = false;
    let mut out = String::new();
    for line in markdown.lines() {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        if !fenced && !fence {
            out.extend(line.split('`').step_by(2));
        }
        out.push('\n');
    }
    out
}

/// The targets of the inline links with their places.
pub(crate) fn links(prose: &str) -> Vec<(usize, &str)> {
    let target = |(at, open): (usize, &str)| {
        let (target, _) = prose[at + open.len()..].split_once(')')?;
        Some((at, target.split_whitespace().next().unwrap_or_default()))
    };
    prose.match_indices("](").filter_map(target).collect()
}

/// The anchors that headings get.
pub(crate) fn anchors(markdown: &str) -> Vec<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    let slug = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|&letter| is_word(letter) || matches!(letter, ' ' | '-'));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    headings.map(slug).collect()
}

#[test]
fn comments_and_literals_are_blanked_and_lines_stay() {
    let blanked = |text: &str| code(text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(blanked("a /* b /* c */ d */ e // f\ng"), "a e g");
    assert_eq!(blanked(r##"a("\"x\\", 'y', '\'', r#"z " z"#, b"w") + 'ü'"##), "a( , , , , b ) +");
    assert_eq!(blanked("fn a<'a>(r: &'a str) -> r#type {}"), "fn a<'a>(r: &'a str) -> r#type {}");
    assert_eq!(code("x \"1\n2\" y\n").lines().count(), 2);
    assert_eq!(blanked("\"never closed"), "");
}

#[test]
fn items_under_cfg_test_are_no_production_code() {
    let text = "a;\n#[cfg(test)]\nuse b::{c};\n#[cfg(test)]\nmod tests { fn d() {} }\nfn e() {}";
    let left = production(text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(left, "a; ; fn e() {}");
    assert_eq!(production("#![cfg(test)]\nfn a() {}"), "");
}

#[test]
fn functions_are_counted_without_declarations_and_types() {
    let text = "trait T { fn a(&self, b: [u8; 2]); fn b(&self) {\n x\n\n y\n} }\ntype F = fn(u8);";
    let found: Vec<_> = functions(text).iter().map(|f| (f.name, f.lines())).collect();
    assert_eq!(found, [("b", 2)]);
}

#[test]
fn use_trees_are_written_out() {
    let found = |text: &str| {
        paths(text, "std").into_iter().map(|(_, path)| path).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        found("use std::{self, fs, io::{Read, Write as W}, fmt};"),
        "self fs io::Read io::Write fmt"
    );
    assert_eq!(found("a(std::mem::take::<T>(b)); nostd::fs; use std::net::*;"), "mem::take net::*");
}

#[test]
fn names_of_the_root_are_found_by_crate_and_by_super() {
    let found = |text: &str, depth| {
        root_names(text, depth).into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("use crate::{gate::Policy, record};", 1), "gate record");
    assert_eq!(found("use super::{gate, plan::Plan};", 1), "gate plan");
    assert_eq!(found("use super::Cell; use super::super::plan::Plan;", 2), "plan");
    assert_eq!(found("mod tests { use super::*; use super::super::gate; }", 1), "gate");
}

#[test]
fn links_and_anchors_of_markdown() {
    let text = "# One: `two` & 3\n[a](b.md#c) `[no](d)`\n```\n[no](e)\n```\n![i](f.png \"t\")";
    let prose = prose(text);
    let targets: Vec<_> = links(&prose).into_iter().map(|(_, target)| target).collect();
    assert_eq!(targets, ["b.md#c", "f.png"]);
    assert_eq!(anchors(text), ["one-two--3"]);
}
