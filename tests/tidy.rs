//! The rules of the house, as far as a machine can hold them. Each message says what to do instead.
//!
//! This file holds the tables and looks at the repository; the rules and their own tests stand in
//! `tidy/`. What no machine can hold is in `STYLE.md`.

#![cfg(test)]
#![expect(clippy::string_slice, reason = "borders come from searching for ASCII text")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/pages.rs"]
mod pages;

use rules::Source;

/// The top-level modules by floor. A module imports only floors below its own; a new module is
/// entered here and in `ARCHITECTURE.md`.
const FLOORS: [&[&str]; 8] = [
    &["names", "units"],
    &["histogram", "http1", "logs", "stats", "sql", "suites", "wire"],
    &["scenario", "record"],
    &["plan", "recorder", "gate"],
    &["steps", "walk", "report", "simulation"],
    &["engine", "live", "notify", "store", "tap", "monitor", "sink"],
    &["harness"],
    &["cli"],
];

/// What may be named only from a floor upwards, and what to do below it.
const FROM_FLOOR: &[(&[&str], usize, &str)] = &[
    (
        &["Instant", "SystemTime", "Timestamp::now", "Zoned::now"],
        5,
        "take the time as an argument (`Nanos`)",
    ),
    (&["std::fs"], 5, "take the text or the bytes as an argument"),
    (&["std::thread"], 5, "the engine owns the threads"),
    (
        &["std::net", "std::process", "tokio", "hyper", "reqwest", "sqlx", "rustix"],
        5,
        "say what is wanted as a command; a driver on floor 5 carries it out",
    ),
    (
        &["rand::rng", "rand::random", "rand::make_rng", "thread_rng", "OsRng", "SysRng"],
        6,
        "take a generator made from the seed in the record",
    ),
    (&["std::env"], 5, "take the value as an argument; `cli` reads the environment"),
    (
        &["env::var", "env::vars", "env::var_os", "env::args"],
        7,
        "take the value as an argument; `cli` reads the environment",
    ),
    (&["clap"], 7, "only `cli` knows how arguments are spelled; take the value itself"),
    (&["ExitCode"], 7, "return an error or a verdict; `cli` turns it into a code"),
    (&["indicatif"], 7, "hand the figures up; `cli` draws the progress"),
    (&["io::stdin"], 7, "take a reader; only `cli` knows the terminal"),
    (
        &["io::stdout", "io::stderr", "print!", "println!", "eprint!", "eprintln!"],
        7,
        "return the text; `cli` prints",
    ),
];

/// What has one owner.
const OWNED: &[(&str, &[&str], &str)] = &[
    ("hdrhistogram", &["histogram"], "add what is missing to `histogram`"),
    ("saphyr_parser", &["scenario"], "only `scenario` reads YAML; take its types"),
    ("minijinja", &["report"], "pages are laid out by `report`"),
    ("farmers_market", &["cli", "harness"], "the market is a target like any other: use HTTP"),
];

/// Imports that point down and are still wrong.
const APART: &[(&str, &str, &str)] = &[
    ("report", "recorder", "a report is made from a `RunRecord`, never from live state"),
    ("report", "plan", "a report is made from a `RunRecord`, never from live state"),
    ("store", "recorder", "only a `RunRecord` or an interval of it is stored"),
    ("store", "plan", "only a `RunRecord` or an interval of it is stored"),
    ("engine", "gate", "measuring does not judge"),
    ("engine", "report", "measuring does not judge"),
];

/// What is named nowhere.
const BANNED: &[(&str, &str)] = &[
    ("todo!", "finish it, or return an error that says what is missing"),
    ("unimplemented!", "finish it, or return an error that says what is missing"),
    ("unbounded_channel", "give the queue a bound with a name"),
    ("std::sync::mpsc::channel", "give the queue a bound with a name: `sync_channel`"),
];

/// File names that say nothing, or that gather what belongs elsewhere.
const BANNED_FILES: &[(&str, &str)] = &[
    ("mod.rs", "name the file after its module: `gate.rs` beside `gate/`"),
    ("utils.rs", "name the file after what it holds"),
    ("util.rs", "name the file after what it holds"),
    ("helpers.rs", "name the file after what it holds"),
    ("common.rs", "name the file after what it holds"),
    ("prelude.rs", "import the names where they are used"),
    ("src/error.rs", "keep an error beside the operation that fails"),
    ("src/errors.rs", "keep an error beside the operation that fails"),
    ("src/types.rs", "keep a type beside the functions that are about it"),
];

const MAX_FILE: usize = 400;
const MAX_FUNCTION: usize = 70;

/// What was too long when its limit came: `src/x.rs` or `src/x.rs::function` with its lines of
/// code. A figure may only fall; nothing is added.
const RATCHET: &[(&str, usize)] = &[];

/// Folders that hold nothing of the project's.
const NOT_OURS: &[&str] = &[".git", ".loadgate", ".venv", "node_modules", "target"];

/// All text files of the repository by their path.
fn repository() -> BTreeMap<String, String> {
    let root = PathBuf::from(option_env!("CARGO_MANIFEST_DIR").unwrap_or("."));
    let mut pages = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository is readable") {
            let path = entry.expect("a folder of the repository is readable").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if name.is_some_and(|name| NOT_OURS.contains(&name.as_str())) || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                // A picture is no text, but a page may show it.
                let text = fs::read_to_string(&path).unwrap_or_default();
                pages.insert(relative(&root, &path), text);
            }
        }
    }
    pages
}

fn relative(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).expect("the walk stays in the repository");
    inside.to_string_lossy().replace('\\', "/")
}

/// The files of the package's `src/`, without those that are only compiled for tests.
fn sources() -> Vec<Source> {
    let all = repository();
    let files = all.iter().filter(|(path, _)| path.starts_with("src/") && pages::is(path, "rs"));
    let mut sources: Vec<_> = files.map(|(path, raw)| Source::new(path, raw)).collect();
    assert!(!sources.is_empty(), "the test is run in the repository");
    rules::set_tests_apart(&mut sources);
    sources
}

#[track_caller]
fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n\n{}\n", problems.join("\n"));
}

#[track_caller]
fn hold(rule: fn(&Source) -> Vec<String>) {
    report(&sources().iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn modules_import_only_floors_below_their_own() {
    hold(rules::floors);
}

#[test]
fn the_root_declares_modules_floor_by_floor() {
    hold(rules::root_file);
}

#[test]
fn each_name_is_used_only_where_it_belongs() {
    hold(rules::names);
}

#[test]
fn file_names_say_what_the_file_holds() {
    hold(rules::file_names);
}

#[test]
fn every_file_says_what_it_is_for() {
    hold(rules::module_docs);
}

#[test]
fn lints_are_silenced_with_a_reason_and_only_while_needed() {
    hold(rules::attributes);
}

#[test]
fn merging_names_every_field() {
    hold(rules::merges);
}

#[test]
fn files_and_functions_stay_short() {
    let sizes: Vec<_> = sources().iter().flat_map(rules::sizes).collect();
    report(&rules::too_long(&sizes, RATCHET));
}

#[test]
fn every_module_is_on_the_map() {
    let map = &repository()["ARCHITECTURE.md"];
    let modules: BTreeSet<_> = sources().iter().map(|source| source.top().to_owned()).collect();
    let missing = modules.iter().filter(|name| !map.contains(&format!("`{name}`")));
    let told = missing.filter(|name| !name.is_empty());
    report(&told.map(|name| format!("ARCHITECTURE.md: enter `{name}`")).collect::<Vec<_>>());
}

#[test]
fn the_market_knows_nothing_of_loadgate() {
    let all = repository();
    let files = all.iter().filter(|(path, _)| {
        path.starts_with("market/") && (pages::is(path, "rs") || pages::is(path, "toml"))
    });
    let named = files.filter(|(_, text)| !text::words(&text::code(text), "loadgate").is_empty());
    let told = named.map(|(path, _)| format!("{path}: the market is a target like any other"));
    report(&told.collect::<Vec<_>>());
}

#[test]
fn links_between_pages_lead_somewhere() {
    let all = repository();
    let written = all.keys().filter(|path| pages::is(path, "md"));
    report(&written.flat_map(|path| pages::dead_links(path, &all)).collect::<Vec<_>>());
}

#[test]
fn the_files_speak_of_the_project_alone() {
    let all = repository();
    report(&all.iter().flat_map(|(path, page)| pages::strangers(path, page)).collect::<Vec<_>>());
}
