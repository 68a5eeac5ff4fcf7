//! `loadgate message`: the guide's messages, filled in from the store, written and sent.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::args::Message;
use super::gathered::Named;
use super::output::{Results, check_writable, write};
use super::project::Project;
use super::runs::{open_if_there, started};
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::notify;
use crate::record::{Attestation, CheckOutcome, CheckReport, CheckRow, RunRecord, Stand};
use crate::report::message::{self as messages, MessageFacts, Shown};
use crate::store::Store;

/// Where messages are posted to, when the command line does not say it.
const ADDRESS: &str = "LOADGATE_WEBHOOK_URL";
/// What is sent as a bearer token.
const TOKEN: &str = "LOADGATE_WEBHOOK_TOKEN";

/// Writes a message and sends it.
pub(super) async fn message(
    asked: Message,
    project: &Project,
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    let Some(message) = messages::message(&asked.which) else {
        return Err(Failed::usage(format!("there is no message `{}`", asked.which), None));
    };
    if let Some(path) = &asked.out {
        check_writable(path)?;
    }
    let address = asked.send.as_deref().map(address).transpose()?;
    let own = &project.document;
    let found = Stored::read(&asked).await?;
    let results = found.run.as_ref().map(|run| Results::of(run, String::new())).transpose()?;
    let facts = MessageFacts {
        project: asked.project.clone().or_else(|| own.title.clone()),
        branch: asked.branch.clone().or_else(|| own.branch.clone()).or_else(branch),
        contact: asked.contact.clone().or_else(|| own.contact.clone()),
        by: asked.by.clone().or_else(|| own.author.clone()),
        day: asked.day,
        document: results.as_ref().map(|results| &results.document),
        ..found.facts()
    };
    let text = message.render(&facts).map_err(|why| Failed::usage(why, None))?;
    match (&asked.out, &address) {
        (Some(path), _) => write(path, &text, terminal)?,
        (None, None) => write(Path::new("-"), &text, terminal)?,
        (None, Some(_)) => {}
    }
    if let Some(address) = address {
        send(&address, &text, terminal).await?;
    }
    Ok(Exit::Done)
}

/// The address that was typed, or that of the environment.
fn address(typed: &str) -> Result<String, Failed> {
    if !typed.is_empty() {
        return Ok(typed.to_owned());
    }
    secret(ADDRESS).ok_or_else(|| {
        let hint = format!("set `{ADDRESS}`, or name an address: --send URL");
        Failed::usage("there is no address to send to", Some(hint))
    })
}

fn secret(name: &str) -> Option<String> {
    let value = env::var_os(name)?.into_string().ok()?;
    (!value.is_empty()).then_some(value)
}

async fn send(address: &str, text: &str, terminal: &Terminal) -> Result<(), Failed> {
    let body = json!({ "text": text }).to_string();
    let told = notify::send(address, &body, secret(TOKEN).as_deref()).await;
    match told.failure {
        None => {
            terminal.note(&format!("sent to {}", told.who));
            Ok(())
        }
        Some(why) => Err(Failed::new(
            format!("{} was not told: {why}", told.who),
            Some("the message can be written with `--out FILE` and sent by hand".to_owned()),
        )),
    }
}

/// The branch of the work folder, if it is one of git.
fn branch() -> Option<String> {
    let mut command = Command::new("git");
    command.args(["branch", "--show-current"]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// What the store has for messages.
#[derive(Default)]
struct Stored {
    checks: Vec<CheckReport>,
    attestations: Vec<Attestation>,
    /// The version of the baseline.
    before: Option<String>,
    run: Option<RunRecord>,
}

impl Stored {
    async fn read(asked: &Message) -> Result<Self, Failed> {
        let Some(store) = open_if_there(&asked.store).await? else {
            if let Some(wanted) = asked.run.as_ref().or(asked.baseline.as_ref()) {
                let hint = "there is no store yet: `loadgate run` makes it".to_owned();
                let message = format!("there is no baseline or run `{wanted}`");
                return Err(Failed::usage(message, Some(hint)));
            }
            return Ok(Self::default());
        };
        let read = Self::read_from(&store, asked).await;
        store.close().await;
        read
    }

    async fn read_from(store: &Store, asked: &Message) -> Result<Self, Failed> {
        let before = match &asked.baseline {
            Some(name) => {
                let head = Named::find(Some(store), name).await?.first(Some(store)).await?;
                head.origin.target.version
            }
            None => None,
        };
        let run = match &asked.run {
            Some(id) => Some(store.load(id).await?),
            None => None,
        };
        Ok(Self {
            checks: store.checks().await?,
            attestations: store.attestations().await?,
            before,
            run,
        })
    }

    fn facts(&self) -> MessageFacts<'_> {
        let of_run = self.run.as_ref().map(|run| &run.header.origin.target);
        let newest = self.checks.iter().rev().find(|report| report.target.version.is_some());
        let target = of_run.or(newest.map(|report| &report.target));
        let after = target.and_then(|target| target.version.clone());
        MessageFacts {
            before: self.before.clone(),
            deployed: after.as_deref().and_then(|version| self.deployed(version)),
            after,
            backup: self.shown("pre.backup"),
            migrations: self.shown("go.migrations"),
            tests: self.tests(),
            url: target.map(|target| target.url.clone()).filter(|url| !url.is_empty()),
            ..MessageFacts::default()
        }
    }

    /// When a version was first seen to be there: the first check of it after the last of another.
    fn deployed(&self, version: &str) -> Option<String> {
        let is = |report: &&CheckReport| report.target.version.as_deref() == Some(version);
        let other =
            self.checks.iter().rposition(|report| report.target.version.is_some() && !is(&report));
        let first = self.checks.iter().skip(other.map_or(0, |at| at + 1)).find(is)?;
        Some(started(first.started_unix_ns))
    }

    /// What checks or people have shown of a row, the newest of each: what failed counts first.
    fn shown(&self, id: &str) -> Option<Shown> {
        let proves = |row: &&CheckRow| row.proves.iter().any(|proved| proved == id);
        let newest = self.checks.iter().rev().find_map(|report| report.rows.iter().find(proves));
        let checked = newest.and_then(|row| match row.outcome {
            CheckOutcome::Passed => Some(Shown::Yes),
            CheckOutcome::Failed => Some(Shown::No(row.found.clone())),
            CheckOutcome::Skipped => None,
        });
        let said = self.attestations.iter().rev().find(|said| said.criterion == id);
        let attested = said.and_then(|said| match said.stand {
            Stand::Holds => Some(Shown::Yes),
            Stand::Fails => Some(Shown::No(said.note.clone())),
            Stand::Revoked => None,
        });
        match (checked, attested) {
            (Some(Shown::No(why)), _) | (_, Some(Shown::No(why))) => Some(Shown::No(why)),
            (checked, attested) => checked.or(attested),
        }
    }

    /// Whether the checks of the critical path have passed, or those right after the deployment.
    fn tests(&self) -> Option<Shown> {
        let of = |profile: &str| self.checks.iter().rev().find(|own| own.profile == profile);
        let report = of("critical").or_else(|| of("immediate"))?;
        let failed = report.rows.iter().find(|row| row.outcome == CheckOutcome::Failed);
        let all = report.rows.iter().all(|row| row.outcome == CheckOutcome::Passed);
        match failed {
            Some(row) => Some(Shown::No(format!("{}: {}", row.name, row.found))),
            None if all && !report.rows.is_empty() => Some(Shown::Yes),
            None => None,
        }
    }
}
