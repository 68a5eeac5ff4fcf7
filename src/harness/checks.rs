//! Checks of a file, one after the other: each is tried until it holds or its time is up.

mod exec;
mod files;
mod journey;
mod log;
mod place;
mod requests;
mod results;

use std::collections::BTreeMap;

pub use journey::remove;
use requests::Requests;
use tokio::sync::watch as channel;

use crate::engine::{Clock, Databases, Single, TlsError, is_local, unix_now};
use crate::plan::Plan;
use crate::plan::checks::{Check, CheckFile, CheckKind, Profile};
use crate::record::{Attestation, CheckOutcome, CheckReport, CheckRow, Stand, TargetInfo};
use crate::units::{Nanos, format_nanos};
use crate::walk::Stop;

/// What checks need beside their file.
#[expect(missing_debug_implementations, reason = "it holds a closure")]
pub struct Checking<'a> {
    /// The file.
    pub file: &'a CheckFile,
    /// Target, health endpoint and settings of requests.
    pub plan: &'a Plan,
    /// Whether the target is the embedded market.
    pub embedded: bool,
    /// What people have attested.
    pub attested: &'a [Attestation],
    /// Ends the checks: whoever holds a clone can.
    pub control: &'a channel::Sender<Option<Stop>>,
    /// Is told how it goes.
    pub told: &'a mut dyn FnMut(&CheckNews<'_>),
}

/// How it goes.
#[derive(Debug)]
pub enum CheckNews<'a> {
    /// A check begins.
    Begins {
        /// Its name.
        name: &'a str,
    },
    /// It does not hold, and is tried again after a pause.
    Again {
        /// Its name.
        name: &'a str,
        /// What was found.
        found: &'a str,
        /// How often it was tried.
        attempts: u32,
        /// How long it may still take.
        left: Nanos,
    },
    /// It has ended.
    Ended(&'a CheckRow),
    /// Something that people should know.
    Note(&'a str),
}

/// What one try of a check has shown.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) outcome: Option<CheckOutcome>,
    pub(super) found: String,
    /// The version that the target tells.
    pub(super) version: Option<String>,
    /// The steps of a journey.
    pub(super) steps: Vec<CheckRow>,
}

impl Tried {
    pub(super) fn passed(found: impl Into<String>) -> Self {
        let outcome = Some(CheckOutcome::Passed);
        Self { outcome, found: found.into(), ..Self::default() }
    }

    pub(super) fn failed(found: impl Into<String>) -> Self {
        let outcome = Some(CheckOutcome::Failed);
        Self { outcome, found: found.into(), ..Self::default() }
    }

    pub(super) fn skipped(found: impl Into<String>) -> Self {
        let outcome = Some(CheckOutcome::Skipped);
        Self { outcome, found: found.into(), ..Self::default() }
    }

    fn outcome(&self) -> CheckOutcome {
        // What nobody has looked at has not passed.
        self.outcome.unwrap_or(CheckOutcome::Failed)
    }
}

/// Does all checks of a profile, in their order. Must run in a `LocalSet`.
///
/// # Errors
///
/// TLS can't be set up. What does not hold, and what can't be looked at, is a row that failed.
pub async fn check(
    profile: &Profile,
    checking: &mut Checking<'_>,
) -> Result<CheckReport, TlsError> {
    let clock = Clock::start();
    let started_unix_ns = unix_now();
    let mut looking = Looking {
        requests: Requests { plan: checking.plan, single: Single::new(checking.plan)? },
        databases: Databases::of(checking.file.databases.iter().cloned()),
        clock,
        version: None,
    };
    let mut rows: Vec<CheckRow> = Vec::new();
    let mut outcomes: BTreeMap<usize, CheckOutcome> = BTreeMap::new();
    for (at, check) in profile.checks.iter().enumerate() {
        let missing = check.needs.iter().find(|need| {
            outcomes.get(*need).is_none_or(|outcome| *outcome != CheckOutcome::Passed)
        });
        let missing = missing.and_then(|need| profile.checks.get(*need));
        let done = match missing {
            Some(missing) => {
                let found = format!("not done: it needs `{}`, which does not hold", missing.name);
                vec![row(check, &Tried::skipped(found), Nanos::ZERO, 0)]
            }
            None => looking.until_it_holds(check, checking).await,
        };
        for row in done {
            let row = masked(row, checking);
            if row.step.is_none() {
                outcomes.insert(at, row.outcome);
            }
            (checking.told)(&CheckNews::Ended(&row));
            rows.push(row);
        }
    }
    let target = TargetInfo { version: looking.version, ..target(checking) };
    let (profile, lasted) = (profile.name.clone(), clock.now());
    Ok(CheckReport { profile, started_unix_ns, lasted, target, rows })
}

/// The system that is checked, as far as it is known without asking it.
fn target(checking: &Checking<'_>) -> TargetInfo {
    TargetInfo {
        url: checking.plan.target.to_string(),
        version: None,
        embedded: checking.embedded,
        local: is_local(&checking.plan.target),
    }
}

/// What is used for one check after the other.
struct Looking<'a> {
    requests: Requests<'a>,
    databases: Databases,
    clock: Clock,
    version: Option<String>,
}

impl Looking<'_> {
    /// Tries a check until it holds or its time is up.
    async fn until_it_holds(
        &mut self,
        check: &Check,
        checking: &mut Checking<'_>,
    ) -> Vec<CheckRow> {
        let begun = self.clock.now();
        (checking.told)(&CheckNews::Begins { name: &check.name });
        let mut attempts = 0;
        loop {
            let tried = if checking.control.borrow().is_some() {
                Tried::skipped("not done: it was interrupted")
            } else {
                attempts += 1;
                self.attempt(check, checking).await
            };
            let took = self.clock.now().since(begun);
            let left = check.wait_for.unwrap_or_default().since(took + check.every);
            let again = tried.outcome() == CheckOutcome::Failed && left > Nanos::ZERO;
            if !again {
                if tried.version.is_some() {
                    self.version.clone_from(&tried.version);
                }
                let head = row(check, &tried, took, attempts);
                return std::iter::once(head).chain(tried.steps).collect();
            }
            let found = checking.file.secrets.mask(&tried.found);
            let name = check.name.as_str();
            (checking.told)(&CheckNews::Again { name, found: &found, attempts, left });
            pause(check.every, checking.control).await;
        }
    }

    async fn attempt(&mut self, check: &Check, checking: &mut Checking<'_>) -> Tried {
        match &check.kind {
            CheckKind::Exec(exec) => exec::run(exec, checking.control).await,
            CheckKind::File(file) => files::look(file, unix_now()),
            CheckKind::Sql(sql) => self.requests.ask(sql, &self.databases).await,
            CheckKind::Http(http) => self.requests.send(http).await,
            CheckKind::Log(log) => log::scan(log).await,
            CheckKind::Journey(journey) => journey::play(journey, checking).await,
            CheckKind::Results(results) => results::read(results, unix_now()),
            CheckKind::Manual(_) => attested(&check.proves, checking.attested),
        }
    }
}

/// Waits, and not longer than until everything is to end.
async fn pause(length: Nanos, control: &channel::Sender<Option<Stop>>) {
    let mut told = control.subscribe();
    tokio::select! {
        () = tokio::time::sleep(length.into()) => {}
        // The sender is borrowed, so that it lives longer.
        _ended = told.wait_for(Option::is_some) => {}
    }
}

fn row(check: &Check, tried: &Tried, took: Nanos, attempts: u32) -> CheckRow {
    CheckRow {
        name: check.name.clone(),
        kind: check.kind.word().to_owned(),
        outcome: tried.outcome(),
        expected: expected(&check.kind),
        found: tried.found.clone(),
        took,
        attempts,
        proves: check.proves.clone(),
        step: None,
    }
}

/// The same row without what must not be shown.
fn masked(row: CheckRow, checking: &Checking<'_>) -> CheckRow {
    let secrets = &checking.file.secrets;
    let (expected, found) = (secrets.mask(&row.expected), secrets.mask(&row.found));
    CheckRow { name: secrets.mask(&row.name), expected, found, ..row }
}

/// What is wanted, for people.
fn expected(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Exec(exec) => exec::expected(exec),
        CheckKind::File(file) => files::expected(file),
        CheckKind::Sql(sql) => sql.expected.clone(),
        CheckKind::Http(http) => http.expected.clone(),
        CheckKind::Log(log) => log::expected(log),
        CheckKind::Journey(_) => "every step of the journey succeeds".to_owned(),
        CheckKind::Results(results) => results::expected(results),
        CheckKind::Manual(what) => what.clone(),
    }
}

/// What people say of the criteria that a manual check shows: the newest word of each counts.
fn attested(proves: &[String], said: &[Attestation]) -> Tried {
    let newest = |id: &String| said.iter().rev().find(|one| one.criterion == *id);
    let mut by = Vec::new();
    for id in proves {
        match newest(id) {
            Some(Attestation { stand: Stand::Holds, by: who, .. }) => by.push(who.as_str()),
            Some(Attestation { stand: Stand::Fails, by: who, note, .. }) => {
                return Tried::failed(format!("`{id}` does not hold, says {who}: {note}"));
            }
            Some(Attestation { stand: Stand::Revoked, .. }) | None => {
                return Tried::skipped(format!("open: nobody has attested `{id}`"));
            }
        }
    }
    by.dedup();
    match by.as_slice() {
        [] => Tried::skipped("open: it names no row of the guide that can be attested"),
        who => Tried::passed(format!("attested by {}", who.join(", "))),
    }
}

/// `1 file`, `2 files`.
fn some(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A time as people read it.
fn time(nanos: Nanos) -> String {
    format_nanos(nanos)
}
