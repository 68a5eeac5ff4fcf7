//! The rules for pages and other text files.

use std::collections::BTreeMap;

use super::text;

/// Whether a path ends in this extension.
pub(crate) fn is(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == extension)
}

/// Links of a page that lead nowhere in the repository; `pages` are all text files by path.
pub(crate) fn dead_links(path: &str, pages: &BTreeMap<String, String>) -> Vec<String> {
    let prose = text::prose(&pages[path]);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let judge = |(at, target): (usize, &str)| {
        if target.contains(':') {
            return None;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let full = if file.is_empty() { path.to_owned() } else { resolve(folder, file) };
        let under = format!("{full}/");
        let found = pages.contains_key(&full) || pages.keys().any(|page| page.starts_with(&under));
        let what = match pages.get(&full) {
            _ if !found => "points to no file",
            Some(page)
                if !anchor.is_empty() && !text::anchors(page).iter().any(|a| a == anchor) =>
            {
                "points to no heading"
            }
            _ => return None,
        };
        Some(format!("{path}:{}: `{target}` {what}", text::line(&prose, at)))
    };
    text::links(&prose).into_iter().filter_map(judge).collect()
}

fn resolve(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// What belongs to a machine or a conversation and not to the project.
pub(crate) fn strangers(path: &str, page: &str) -> Vec<String> {
    let mut problems = Vec::new();
    // In halves, so that this file does not find itself.
    for folder in [concat!("/wo", "rk/"), concat!("/ro", "ot/")] {
        let starts =
            |at: usize| !page[..at].ends_with(|c: char| c.is_alphanumeric() || "_-.})".contains(c));
        if let Some((at, _)) = page.match_indices(folder).find(|(at, _)| starts(*at)) {
            problems.push(format!(
                "{path}:{}: a path of one machine: name it relative to the repository",
                text::line(page, at)
            ));
        }
    }
    let foreign = |line: &&str| {
        line.starts_with("source = ")
            && !line.contains("+https://github.com/rust-lang/crates.io-index\"")
    };
    if path.ends_with("Cargo.lock") && page.lines().any(|line| foreign(&line)) {
        problems.push(format!("{path}: a package that does not come from crates.io"));
    }
    if !is(path, "md") {
        return problems;
    }
    let prose = text::prose(page);
    let number = |at: usize| {
        prose[at + 1..].starts_with(|c: char| c.is_ascii_digit())
            && !prose[..at].ends_with(|c: char| c.is_alphanumeric() || "/(&".contains(c))
    };
    if let Some((at, _)) = prose.match_indices('#').find(|(at, _)| number(*at)) {
        problems.push(format!(
            "{path}:{}: an issue's number: say what it was about",
            text::line(&prose, at)
        ));
    }
    if prose.to_lowercase().contains(concat!("session's ", "notes")) {
        problems.push(format!("{path}: notes of one conversation: say what holds for the project"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_file_and_a_heading() {
        let page = "# Top\n[a](../README.md) [b](c.md#d-e) [f](#top) [g](https://h.example/#i)\n\
                    [j](k.md) [l](#m) [n](../docs)";
        let all = BTreeMap::from([
            ("README.md".to_owned(), String::new()),
            ("docs/c.md".to_owned(), "## D e".to_owned()),
            ("docs/p.md".to_owned(), page.to_owned()),
        ]);
        let want =
            ["docs/p.md:3: `k.md` points to no file", "docs/p.md:3: `#m` points to no heading"];
        assert_eq!(dead_links("docs/p.md", &all), want);
    }

    #[test]
    fn a_page_names_no_machine_and_no_issue() {
        let told = |path: &str, page: &str| strangers(path, page).join(" | ");
        let folder = concat!("/wo", "rk/x");
        assert_eq!(
            told("a.rs", &format!("\"{folder}\"")),
            "a.rs:1: a path of one machine: name it relative to the repository"
        );
        assert_eq!(told("a.rs", &format!("net{folder} ${{HOME}}{folder}")), "");
        assert_eq!(told("a.md", "see\n#12"), "a.md:2: an issue's number: say what it was about");
        assert_eq!(told("a.md", "## 1\n`#12` [b](#1-c) other/project#3"), "");
        let foreign = "source = \"registry+https://mirror.example/index\"";
        assert_eq!(
            told("Cargo.lock", foreign),
            "Cargo.lock: a package that does not come from crates.io"
        );
    }
}
