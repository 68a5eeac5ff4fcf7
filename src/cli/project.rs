//! `loadgate.toml`: what all commands of a project have in common.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::Command;
use serde::Deserialize;

use super::Failed;

/// The file's name, in the folder in which loadgate is started.
pub(super) const NAME: &str = "loadgate.toml";

/// The variable that names another file.
const VARIABLE: &str = "LOADGATE_CONFIG";

/// The largest file: more is no settings.
const MAX_FILE: u64 = 1 << 20;

/// What the file says. Arguments and variables go before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Project {
    /// The scenario that is played.
    pub(super) scenario: Option<String>,
    /// Address of the system under test, for scenarios that name none themselves.
    pub(super) target: Option<String>,
    /// Where records are kept.
    pub(super) store: Option<String>,
    /// The baseline that is compared with.
    pub(super) baseline: Option<String>,
    /// The file with checks.
    pub(super) checks: Option<PathBuf>,
    /// What documents say of the project.
    pub(super) document: DocumentKeys,
    /// Who is called in an emergency.
    pub(super) contacts: Vec<Contact>,
}

/// What documents say of the project; what is not there stays a placeholder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DocumentKeys {
    /// What is upgraded: `Prisma 7 upgrade`.
    pub(super) title: Option<String>,
    /// Its branch.
    pub(super) branch: Option<String>,
    /// Who writes.
    pub(super) author: Option<String>,
    /// Whom to ask.
    pub(super) contact: Option<String>,
    /// Where the figures can be seen.
    pub(super) dashboard: Option<String>,
}

/// Who is called in an emergency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    /// What they do: `Database Admin`.
    pub(super) role: String,
    /// Their name.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// When they can be reached.
    #[serde(default)]
    pub(super) availability: Option<String>,
}

/// An argument of commands, by its id, that the file gives where nobody else does.
type Fallback<'a> = (&'static str, Option<&'a str>, &'static [&'static str]);

/// Commands that play a scenario.
const PLAYERS: &[&str] = &["run", "capture", "capacity", "observe", "check"];
/// Commands that judge against a baseline. `run` without `--baseline` compares with nothing.
const JUDGES: &[&str] = &["gate", "decide"];

impl Project {
    /// Reads the file, if there is one.
    pub(super) fn read() -> Result<Self, Failed> {
        let named = env::var_os(VARIABLE).filter(|path| !path.is_empty());
        let path = named.as_ref().map_or(Path::new(NAME), Path::new);
        let size = match fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(unreadable(path, &error.to_string())),
        };
        if size > MAX_FILE {
            return Err(unreadable(path, &format!("it has more than {MAX_FILE} bytes")));
        }
        let text =
            fs::read_to_string(path).map_err(|error| unreadable(path, &error.to_string()))?;
        toml::from_str(&text).map_err(|error| {
            let told = error.to_string();
            unreadable(path, &format!("\n{}", told.trim_end()))
        })
    }

    /// The command line with what the file says in place of what is not given.
    pub(super) fn settle(&self, command: Command) -> Command {
        let checks = self.checks.as_deref().and_then(Path::to_str);
        let all: [Fallback<'_>; 5] = [
            ("scenario", self.scenario.as_deref(), PLAYERS),
            ("target", self.target.as_deref(), PLAYERS),
            ("store", self.store.as_deref(), &[]),
            ("baseline", self.baseline.as_deref(), JUDGES),
            ("file", checks, &["check"]),
        ];
        all.into_iter().fold(command, |command, (id, value, commands)| match value {
            Some(value) => with_default(command, id, value, commands),
            None => command,
        })
    }
}

/// Gives an argument of some commands (of all, when none is named) a value for where it is missing.
fn with_default(command: Command, id: &str, value: &str, commands: &[&str]) -> Command {
    let is_one = commands.is_empty() || commands.contains(&command.get_name());
    let has_it = command.get_arguments().any(|known| known.get_id() == id);
    let command = if is_one && has_it {
        let value = value.to_owned();
        command.mut_arg(id, |known| {
            known.required(false).default_value(value).hide_default_value(true)
        })
    } else {
        command
    };
    command.mut_subcommands(|inner| with_default(inner, id, value, commands))
}

fn unreadable(path: &Path, why: &str) -> Failed {
    let hint = "scenario, target, store, baseline, checks, [document] and [[contacts]] stand there";
    Failed::usage(format!("can't read `{}`: {why}", path.display()), Some(hint.to_owned()))
}
