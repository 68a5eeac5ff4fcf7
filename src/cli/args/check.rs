//! `loadgate check`.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::StoreArg;
use super::play::{HttpArgs, some_time};
use crate::units::Nanos;

/// `loadgate check`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Which list of checks: pre, immediate, critical, one of the file's own, or all of them
    /// [default: immediate and critical]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) profile: Vec<String>,
    /// The check file [default: checks.yaml, or the built-in checks where there is none]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Scenario whose target, health endpoint and journeys are checked, in place of the file's
    #[arg(short, long, env = "LOADGATE_SCENARIO", value_name = "NAME|FILE")]
    #[arg(hide_env_values = true)]
    pub(in crate::cli) scenario: Option<String>,
    /// Address of the target, in place of the file's and the scenario's
    #[arg(long, env = "LOADGATE_TARGET", value_name = "URL", hide_env_values = true)]
    pub(in crate::cli) target: Option<String>,
    /// Scenario and target of the project's file, before which those of the check file go.
    #[arg(skip)]
    pub(in crate::cli) project: OfProject,
    /// Version that the health endpoint has to tell, such as `prisma=7.0.1`
    #[arg(long, value_name = "[KEY=]VERSION")]
    pub(in crate::cli) expect: Vec<String>,
    /// Try requests again until they are as they should be, at most this long
    #[arg(long, value_name = "5m", value_parser = some_time)]
    pub(in crate::cli) wait_for: Option<Nanos>,
    /// Find and delete what runs that were killed have left behind, in place of checking
    #[arg(long, conflicts_with_all = ["profile", "expect"])]
    pub(in crate::cli) cleanup: bool,
    #[command(flatten)]
    pub(in crate::cli) http: HttpArgs,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    /// Write what was found as JSON; `-` is stdout, in place of the table
    #[arg(long, value_name = "FILE|-", help_heading = "Results")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write it as Markdown
    #[arg(long, value_name = "FILE|-", help_heading = "Results")]
    pub(in crate::cli) md: Option<PathBuf>,
    /// Write it as JUnit XML: a case for each check and each step of a journey
    #[arg(long, value_name = "FILE|-", help_heading = "Results")]
    pub(in crate::cli) junit: Option<PathBuf>,
}

/// What the project's file gives where nobody else does.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct OfProject {
    /// The scenario.
    pub(in crate::cli) scenario: Option<String>,
    /// The target.
    pub(in crate::cli) target: Option<String>,
}

impl Check {
    /// Tells what was typed from what the project's file has: the check file stands between both.
    pub(in crate::cli) fn settle(&mut self, matches: &ArgMatches) {
        let of_project = |id: &str| matches.value_source(id) == Some(ValueSource::DefaultValue);
        if of_project("scenario") {
            self.project.scenario = self.scenario.take();
        }
        if of_project("target") {
            self.project.target = self.target.take();
        }
    }
}
