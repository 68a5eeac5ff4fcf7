//! The rules for source files.

use super::{APART, BANNED, BANNED_FILES, FLOORS, FROM_FLOOR, MAX_FILE, MAX_FUNCTION, OWNED, text};

/// One file of `src/`.
pub(crate) struct Source {
    path: String,
    raw: String,
    code: String,
    production: String,
}

impl Source {
    pub(crate) fn new(path: &str, raw: &str) -> Self {
        let code = text::code(raw);
        let production = text::production(&code);
        Self { path: path.to_owned(), raw: raw.to_owned(), code, production }
    }

    /// The modules from the root to this file.
    fn modules(&self) -> Vec<&str> {
        let inside = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inside.split('/').filter(|name| !matches!(*name, "lib" | "main")).collect()
    }

    pub(crate) fn top(&self) -> &str {
        self.modules().first().copied().unwrap_or_default()
    }

    fn problem(&self, at: usize, what: &str) -> String {
        format!("{}:{}: {what}", self.path, text::line(&self.code, at))
    }
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Where `code` names `what`, written out or through a `use` tree.
fn named(code: &str, what: &str) -> Option<usize> {
    let by_tree = what.split_once("::").and_then(|(root, rest)| {
        let under = |path: &str| {
            path.strip_prefix(rest).is_some_and(|more| more.is_empty() || more.starts_with("::"))
        };
        text::paths(code, root).into_iter().find(|(_, path)| under(path)).map(|(at, _)| at)
    });
    by_tree.or_else(|| text::words(code, what).first().copied())
}

pub(crate) fn floors(source: &Source) -> Vec<String> {
    let (top, depth) = (source.top(), source.modules().len());
    let Some(own) = floor(top) else {
        let known = top.is_empty();
        return (!known)
            .then(|| source.problem(0, &format!("`{top}` stands on no floor: enter it in FLOORS")))
            .into_iter()
            .collect();
    };
    let judge = |(at, name): (usize, String)| {
        let apart = APART.iter().find(|(from, to, _)| *from == top && *to == name);
        let what = match floor(&name) {
            _ if name == top => return None,
            None => format!("`{name}` is no module of the root: name what is meant by its module"),
            Some(other) if other < own => format!("`{top}` does not know `{name}`: {}", apart?.2),
            Some(other) => format!(
                "`{top}` (floor {own}) must not know `{name}` (floor {other}): move what both need to a floor below, \
                 or hand it in as an argument; a test that needs both belongs in tests/it"
            ),
        };
        Some(source.problem(at, &what))
    };
    text::root_names(&source.code, depth).into_iter().filter_map(judge).collect()
}

pub(crate) fn root_file(source: &Source) -> Vec<String> {
    if source.path != "src/lib.rs" {
        return Vec::new();
    }
    let mut problems = Vec::new();
    if let Some(at) = text::words(&source.production, "use").first() {
        problems.push(
            source.problem(*at, "the root declares modules only: import a name from its module"),
        );
    }
    let mut last = 0;
    for at in text::words(&source.production, "mod") {
        let name = text::word_at(&source.code[at + 4..]);
        match floor(name) {
            None => problems.push(
                source.problem(at, &format!("`{name}` stands on no floor: enter it in FLOORS")),
            ),
            Some(own) if own < last => problems.push(source.problem(
                at,
                &format!(
                    "`{name}` (floor {own}) is declared after floor {last}: declare floor by floor"
                ),
            )),
            Some(own) => last = own,
        }
    }
    problems
}

pub(crate) fn names(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let mut forbid = |code: &str, what: &str, instead: &str| {
        if let Some(at) = named(code, what) {
            problems.push(source.problem(at, &format!("`{what}`: {instead}")));
        }
    };
    let top = source.top();
    let own = floor(top).unwrap_or(FLOORS.len());
    for (all, _, instead) in FROM_FLOOR.iter().filter(|(_, from, _)| own < *from) {
        all.iter().for_each(|what| forbid(&source.production, what, instead));
    }
    for (what, _, instead) in OWNED.iter().filter(|(_, owners, _)| !owners.contains(&top)) {
        forbid(&source.production, what, instead);
    }
    for (what, instead) in BANNED {
        forbid(&source.code, what, instead);
    }
    problems
}

pub(crate) fn file_names(source: &Source) -> Vec<String> {
    let hit = |(name, _): &&(&str, &str)| {
        source.path == *name || source.path.ends_with(&format!("/{name}"))
    };
    BANNED_FILES
        .iter()
        .filter(hit)
        .map(|(_, instead)| format!("{}: {instead}", source.path))
        .collect()
}

pub(crate) fn module_docs(source: &Source) -> Vec<String> {
    if source.raw.starts_with("//! ") {
        return Vec::new();
    }
    vec![source.problem(0, "begin the file with `//! ` and one sentence on what it is for")]
}

pub(crate) fn attributes(source: &Source) -> Vec<String> {
    let judge = |(at, attribute): (usize, &str)| {
        let has = |word: &str| !text::words(attribute, word).is_empty();
        let what = match () {
            () if has("allow(") => "`allow` outlives its cause: use `#[expect(…, reason = \"…\")]`",
            () if has("expect(") && !has("reason") => "say why: `#[expect(…, reason = \"…\")]`",
            () => return None,
        };
        Some(source.problem(at, what))
    };
    text::attributes(&source.code).into_iter().filter_map(judge).collect()
}

/// A `merge` that skips a field would lose what that field counts.
pub(crate) fn merges(source: &Source) -> Vec<String> {
    let skips =
        |body: &str| body.split("..").skip(1).any(|rest| rest.trim_start().starts_with('}'));
    let functions = text::functions(&source.production).into_iter();
    let bad = functions.filter(|function| function.name == "merge" && skips(function.text));
    bad.map(|function| {
        source.problem(
            function.at,
            "name every field in `merge`; with `..` a new field would not be added",
        )
    })
    .collect()
}

pub(crate) fn sizes(source: &Source) -> Vec<(String, usize, usize)> {
    let functions = text::functions(&source.production).into_iter().map(|function| {
        (format!("{}::{}", source.path, function.name), function.lines(), MAX_FUNCTION)
    });
    let file = (source.path.clone(), text::lines(&source.production), MAX_FILE);
    functions.chain([file]).collect()
}

/// Sizes above their limit, held against what is listed.
pub(crate) fn too_long(sizes: &[(String, usize, usize)], ratchet: &[(&str, usize)]) -> Vec<String> {
    let listed = |name: &str| ratchet.iter().find(|(key, _)| *key == name).map(|(_, lines)| *lines);
    let mut problems = Vec::new();
    for (name, lines, limit) in sizes.iter().filter(|(_, lines, limit)| lines > limit) {
        match listed(name) {
            None => problems.push(format!(
                "{name}: {lines} lines of code, at most {limit}: split it by what it does"
            )),
            Some(then) if *lines > then => {
                problems.push(format!("{name}: grew from {then} to {lines} lines of code"));
            }
            Some(then) if *lines < then => problems.push(format!("{name}: set RATCHET to {lines}")),
            Some(_) => {}
        }
    }
    let long = |key: &str| sizes.iter().any(|(name, lines, limit)| name == key && lines > limit);
    problems.extend(
        ratchet
            .iter()
            .filter(|(key, _)| !long(key))
            .map(|(key, _)| format!("{key}: take it from RATCHET")),
    );
    problems
}

/// Files that a `#[cfg(test)] mod name;` declares hold no production code.
pub(crate) fn set_tests_apart(sources: &mut [Source]) {
    let mut tests = Vec::new();
    for source in sources.iter() {
        for (at, attribute) in source.code.match_indices("#[cfg(test)]") {
            let item = &source.code[at + attribute.len()..];
            let item = item[..text::span(item)].trim();
            if let Some(name) = item.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                let folder = source.path.trim_end_matches(".rs").trim_end_matches("/lib");
                tests.push(format!("{folder}/{name}"));
            }
        }
    }
    let is_test = |path: &str| {
        let path = path.trim_end_matches(".rs");
        tests.iter().any(|test| path == test || path.starts_with(&format!("{test}/")))
    };
    for source in sources.iter_mut().filter(|source| is_test(&source.path)) {
        source.production.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: fn(&Source) -> Vec<String>, path: &str, text: &str, want: &[&str]) {
        let got = rule(&Source::new(path, text));
        let holds = got.len() == want.len() && got.iter().zip(want).all(|(g, w)| g.contains(w));
        assert!(holds, "want {want:?}, got {got:?}");
    }

    #[test]
    fn an_import_points_down() {
        let judge = "src/gate/judge.rs";
        check(floors, judge, "use crate::record::RunRecord; use super::Policy;", &[]);
        check(floors, judge, "// crate::engine", &[]);
        check(
            floors,
            judge,
            "\nuse crate::{record, plan::Plan};",
            &["judge.rs:2: `gate` (floor 3) must not know `plan` (floor 3)"],
        );
        check(floors, judge, "fn a() { super::super::cli::main() }", &["`cli` (floor 7)"]);
        check(floors, judge, "use crate::Nanos;", &["`Nanos` is no module of the root"]);
        check(floors, "src/report.rs", "use crate::recorder::Shard;", &["never from live state"]);
        check(floors, "src/misc/a.rs", "", &["`misc` stands on no floor"]);
    }

    #[test]
    fn the_root_only_declares() {
        check(root_file, "src/lib.rs", "pub mod names;\npub mod record;\npub mod gate;", &[]);
        check(
            root_file,
            "src/lib.rs",
            "pub mod record;\npub mod names;",
            &["lib.rs:2: `names` (floor 0) is declared after floor 2"],
        );
        check(
            root_file,
            "src/lib.rs",
            "pub mod misc; pub use names::A;",
            &["modules only", "no floor"],
        );
    }

    #[test]
    fn a_name_belongs_to_its_floor() {
        check(
            names,
            "src/walk.rs",
            "use std::{fmt, time::{Duration, Instant}};",
            &["walk.rs:1: `Instant`"],
        );
        check(names, "src/walk.rs", "use std::{fs, io};", &["`std::fs`"]);
        check(
            names,
            "src/walk.rs",
            "fn a() { println!(); b(\"tokio\") } // tokio",
            &["`println!`"],
        );
        check(names, "src/walk.rs", "#[cfg(test)]\nmod tests { use std::fs; }", &[]);
        check(names, "src/engine/clock.rs", "use std::time::Instant; use tokio::time;", &[]);
        check(
            names,
            "src/engine.rs",
            "use rand::rng; use clap::Parser;",
            &["`rand::rng`", "`clap`"],
        );
        check(names, "src/cli/args.rs", "use clap::Parser; fn a() { todo!() }", &["`todo!`"]);
        check(names, "src/report.rs", "use hdrhistogram::Histogram;", &["add what is missing"]);
    }

    #[test]
    fn a_file_says_what_it_holds() {
        check(file_names, "src/gate/mod.rs", "", &["`gate.rs` beside `gate/`"]);
        check(file_names, "src/error.rs", "", &["beside the operation"]);
        check(file_names, "src/store/error.rs", "", &[]);
        check(module_docs, "src/gate.rs", "use a;", &["gate.rs:1: begin the file"]);
        check(module_docs, "src/gate.rs", "//! The judge.", &[]);
    }

    #[test]
    fn an_attribute_gives_its_reason() {
        check(attributes, "src/a.rs", "\n#![allow(dead_code)]", &["a.rs:2: `allow`"]);
        check(attributes, "src/a.rs", "#[expect(dead_code)] a.expect(\"b\")", &["say why"]);
        check(attributes, "src/a.rs", "#[expect(dead_code, reason = \"b\")]", &[]);
        check(attributes, "src/a.rs", "#[cfg_attr(test, allow(dead_code))]", &["`allow`"]);
    }

    #[test]
    fn a_merge_names_every_field() {
        check(
            merges,
            "src/a.rs",
            "fn merge(&mut self, o: &A) { let A { b, .. } = o; }",
            &["every field"],
        );
        check(
            merges,
            "src/a.rs",
            "fn merge(o: &A) { let A { b } = o; for i in 0..b {} A { b, ..A::new() } }",
            &[],
        );
        check(merges, "src/a.rs", "fn other(o: &A) { let A { b, .. } = o; }", &[]);
    }

    #[test]
    fn a_size_may_only_shrink() {
        let sizes = [("a".to_owned(), 80, 70), ("b".to_owned(), 10, 70)];
        let told = |ratchet: &[(&str, usize)]| too_long(&sizes, ratchet).join(" | ");
        assert_eq!(told(&[]), "a: 80 lines of code, at most 70: split it by what it does");
        assert_eq!(told(&[("a", 80)]), "");
        assert_eq!(told(&[("a", 79)]), "a: grew from 79 to 80 lines of code");
        assert_eq!(told(&[("a", 90), ("b", 75)]), "a: set RATCHET to 80 | b: take it from RATCHET");
    }

    #[test]
    fn tests_in_their_own_file_are_no_production_code() {
        let mut both = [
            Source::new("src/gate.rs", "#[cfg(test)]\nmod tests;\nfn a() {}"),
            Source::new("src/gate/tests.rs", "fn b() {}"),
        ];
        set_tests_apart(&mut both);
        assert_eq!(both.map(|source| text::lines(&source.production)), [1, 0]);
    }
}
