//! `loadgate init`: the first files of a project, with comments that teach.

use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::args::Init;
use super::terminal::Terminal;
use super::{Exit, Failed, output, project};

/// A file to be written: its name, and its text with `{{names}}` of answers.
struct Template {
    path: &'static str,
    text: &'static str,
}

const TEMPLATES: [Template; 3] = [
    Template { path: project::NAME, text: include_str!("init/loadgate.toml") },
    Template { path: "scenarios/staging.yaml", text: include_str!("init/scenario.yaml") },
    Template { path: "checks.yaml", text: include_str!("init/checks.yaml") },
];

/// What is asked: its name in templates, the question, and the answer of whoever gives none.
struct Question {
    name: &'static str,
    text: &'static str,
    usual: &'static str,
}

const QUESTIONS: [Question; 7] = [
    Question { name: "title", text: "What is upgraded?", usual: "Prisma 7 upgrade" },
    Question { name: "target", text: "Where is staging?", usual: "http://127.0.0.1:3000" },
    Question { name: "health", text: "Its health endpoint?", usual: "/api/health" },
    Question { name: "version_key", text: "Which key of it tells the version?", usual: "prisma" },
    Question { name: "version", text: "The version after the upgrade?", usual: "7.0.1" },
    Question { name: "before", text: "And the one before?", usual: "6.19.0" },
    Question { name: "branch", text: "The branch of the upgrade?", usual: "upgrade/prisma-7" },
];

/// Longest answer that is taken.
const MAX_ANSWER: usize = 1_000;

/// What was answered.
struct Answers(Vec<(&'static str, String)>);

/// Asks, and writes what is not there yet.
pub(super) fn init(init: &Init, terminal: &Terminal) -> Result<Exit, Failed> {
    let there: Vec<String> = TEMPLATES
        .iter()
        .map(|template| init.folder.join(template.path))
        .filter(|path| path.exists())
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if !there.is_empty() && !init.force {
        let message = format!("{} is there already", there.join(", "));
        let hint = "nothing was written; `--force` writes it anew".to_owned();
        return Err(Failed::usage(message, Some(hint)));
    }
    let answers = Answers::ask(init, terminal)?;
    for template in &TEMPLATES {
        let path = init.folder.join(template.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                Failed::could_not(&format!("make `{}`", folder.display()), error)
            })?;
        }
        output::write(&path, &answers.fill(template.text), terminal)?;
    }
    let name = answers.baseline();
    let told = format!(
        "wrote {}\n\nnext:\n  loadgate check                      is staging up, and the right \
         version?\n  loadgate run                        a first run\n  loadgate baseline capture \
         {name} --repeat 20   before the upgrade\n  loadgate run --baseline {name} --repeat 20     \
         after it\n",
        listed(&init.folder)
    );
    terminal.out(&told).map_err(|error| Failed::could_not("print what was written", error))?;
    Ok(Exit::Done)
}

fn listed(folder: &Path) -> String {
    let paths: Vec<PathBuf> = TEMPLATES.iter().map(|template| folder.join(template.path)).collect();
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Answers {
    /// Asks on the terminal. Without one, or with `--yes`, everybody gives the usual answers.
    fn ask(init: &Init, terminal: &Terminal) -> Result<Self, Failed> {
        let asks = !init.yes;
        if asks && !terminal.has_keys() {
            let hint = "add `--yes` for the usual answers".to_owned();
            return Err(Failed::usage("there is no terminal to ask on", Some(hint)));
        }
        let mut answers = Vec::with_capacity(QUESTIONS.len());
        for Question { name, text, usual } in QUESTIONS {
            let given = (name == "target").then(|| init.target.clone()).flatten();
            let answer = match given {
                Some(given) => given,
                None if asks => asked(text, usual)?,
                None => usual.to_owned(),
            };
            answers.push((name, answer));
        }
        Ok(Self(answers))
    }

    fn of(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, answer)| answer.as_str()).unwrap_or_default()
    }

    /// The name of the baseline: `prisma-6.19.0`.
    fn baseline(&self) -> String {
        let name = format!("{}-{}", self.of("version_key"), self.of("before"));
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
    }

    /// Puts the answers where their names stand. Quoted, they are text to TOML and to YAML alike.
    fn fill(&self, template: &str) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let pattern = format!("^{}$", regex::escape(self.of("branch")));
        let values = [
            ("target", quoted(self.of("target"))),
            ("plain_target", self.of("target").to_owned()),
            ("baseline", quoted(&self.baseline())),
            ("title", quoted(self.of("title"))),
            ("branch", quoted(self.of("branch"))),
            ("branch_pattern", quoted(&pattern)),
            ("health", quoted(self.of("health"))),
            ("version_path", quoted(&format!("$.{}", self.of("version_key")))),
            ("version_key", quoted(self.of("version_key"))),
            ("version", quoted(self.of("version"))),
        ];
        values.iter().fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
    }
}

/// One answer from the terminal; an empty one is the usual one.
fn asked(question: &str, usual: &str) -> Result<String, Failed> {
    let unread = |error: io::Error| Failed::could_not("read the answer", error);
    write!(io::stderr(), "{question} [{usual}] ").map_err(unread)?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).map_err(unread)? == 0 {
        return Err(Failed::usage("no more answers came", Some("nothing was written".to_owned())));
    }
    let line = line.trim();
    if line.len() > MAX_ANSWER || line.contains(char::is_control) {
        return Err(Failed::usage("that is no answer", Some("nothing was written".to_owned())));
    }
    Ok(if line.is_empty() { usual.to_owned() } else { line.to_owned() })
}
