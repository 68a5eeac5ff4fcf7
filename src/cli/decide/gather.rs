//! Everything that a decision rests on, from the store.

use std::path::Path;

use crate::cli::Failed;
use crate::cli::args::{Decide, Judging, StoreArg};
use crate::cli::compare::{Asked, Weighed};
use crate::cli::gathered::{Gathered, Named};
use crate::cli::output::{Results, Said};
use crate::cli::project::Project;
use crate::cli::runs::{open, started};
use crate::cli::terminal::Terminal;
use crate::engine::unix_now;
use crate::gate::decision::{
    Feature, Figures, Known, Leak, LogRule, Observed, Task, decide as decide_on,
};
use crate::gate::evidence::Evidence;
use crate::gate::ruling::Side;
use crate::record::{
    Asserted, Attestation, CheckOutcome, CheckReport, RunRecord, Stand, archive, fingerprint,
};
use crate::report::Question;
use crate::report::decision::{
    self, AttestationSource, CheckSource, Contact, DecisionDocument, FORMAT, RunSource, SideSource,
    hash_of,
};
use crate::store::{LATEST, RunLine, Store};

/// So many of the newest runs are looked at for one that is wanted.
const MOST_LOOKED_AT: usize = 500;

/// What is decided on, and by what.
pub(super) struct Wanted {
    pub(super) baseline: String,
    pub(super) candidate: String,
    pub(super) observation: Observation,
    pub(super) title: Option<String>,
    pub(super) judging: Judging,
    /// Where the report is to which figures link.
    pub(super) report: Option<String>,
    /// Whom to call.
    pub(super) contacts: Vec<Contact>,
    /// When a document was made that is made again.
    pub(super) made: Option<String>,
}

/// Which observation is taken.
pub(super) enum Observation {
    /// The newest of the candidate's version, if there is one.
    Newest,
    /// This one.
    Named(String),
    /// None.
    Nothing,
}

/// What was decided.
pub(super) struct Decided {
    pub(super) document: DecisionDocument,
    /// The page with the report of the comparison, if it is wanted.
    pub(super) report: Option<String>,
}

impl Wanted {
    /// What the arguments want.
    pub(super) fn of(decide: &Decide, project: &Project) -> Self {
        let report = decide.files.report.as_deref();
        let page = decide.files.html.as_deref().unwrap_or(Path::new(""));
        Self {
            baseline: decide.baseline.clone().unwrap_or_default(),
            candidate: decide.candidate.clone(),
            observation: match &decide.observation {
                Some(id) => Observation::Named(id.clone()),
                None => Observation::Newest,
            },
            title: decide.title.clone().or_else(|| project.document.title.clone()),
            contacts: contacts(project),
            judging: decide.judging.clone(),
            report: report.map(|report| link(report, page)),
            made: None,
        }
    }
}

/// Whom the project's file names; the guide's roles where it names nobody.
fn contacts(project: &Project) -> Vec<Contact> {
    let placeholder = |text: Option<&String>, placeholder: &str| {
        text.map_or_else(|| placeholder.to_owned(), Clone::clone)
    };
    let named = project.contacts.iter().map(|own| Contact {
        role: own.role.clone(),
        name: placeholder(own.name.as_ref(), "[Name]"),
        availability: placeholder(own.availability.as_ref(), "[Hours]"),
    });
    if project.contacts.is_empty() { Contact::of_guide() } else { named.collect() }
}

/// A file as an address, seen from a page: relative where both are in one folder. It never has a
/// scheme, so that it names nothing but a file.
fn link(file: &Path, page: &Path) -> String {
    let beside = file.parent().unwrap_or(Path::new("")) == page.parent().unwrap_or(Path::new(""));
    let name = file.file_name().map(Path::new).filter(|_| beside).unwrap_or(file);
    let mut link = if name.is_absolute() { String::new() } else { "./".to_owned() };
    for byte in name.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.extend(format!("%{byte:02X}").chars());
        }
    }
    link
}

/// Reads all of it and decides.
pub(super) async fn decide(
    wanted: &Wanted,
    argument: &StoreArg,
    terminal: &Terminal,
) -> Result<Decided, Failed> {
    let store = open(argument, &wanted.candidate).await?;
    let decided = decide_in(wanted, &store, terminal).await;
    store.close().await;
    decided
}

async fn decide_in(wanted: &Wanted, store: &Store, terminal: &Terminal) -> Result<Decided, Failed> {
    let baseline = Named::find(Some(store), &wanted.baseline).await?;
    let lines = store.list().await?;
    let candidate = candidate(wanted, store, &lines).await?;
    let asked = Asked {
        baseline,
        candidate: Named::runs(store, &[candidate]).await?,
        anchor: None,
        judging: &wanted.judging,
        question: Question::MayItGo,
    };
    let weighed = asked.weigh(Some(store), terminal).await?;
    let observation = observation(wanted, store, &lines, &weighed).await?;
    let stored = Stored {
        checks: store.checks().await?,
        attestations: store.attestations().await?,
        observation,
    };
    let known = known(wanted, &weighed, &stored)?;
    let document = document(wanted, &weighed, &stored, &known)?;
    let report = match &wanted.report {
        Some(_) => Some(report(store, weighed)?),
        None => None,
    };
    Ok(Decided { document, report })
}

/// What the store has beside runs of load.
struct Stored {
    checks: Vec<CheckReport>,
    attestations: Vec<Attestation>,
    observation: Option<RunRecord>,
}

/// The run that is decided on: `latest` is the newest that is no observation.
async fn candidate(wanted: &Wanted, store: &Store, lines: &[RunLine]) -> Result<String, Failed> {
    if wanted.candidate != LATEST {
        return Ok(wanted.candidate.clone());
    }
    for line in lines.iter().take(MOST_LOOKED_AT) {
        let head = store.load_part(&line.id, &[]).await?.header;
        if head.observation.is_none() {
            return Ok(line.id.clone());
        }
    }
    Ok(LATEST.to_owned())
}

/// The observation that is looked at, read as a whole.
async fn observation(
    wanted: &Wanted,
    store: &Store,
    lines: &[RunLine],
    weighed: &Weighed,
) -> Result<Option<RunRecord>, Failed> {
    let id = match &wanted.observation {
        Observation::Nothing => return Ok(None),
        Observation::Named(id) => {
            let record = store.load_part(id, &archive::KEPT).await?;
            if record.header.observation.is_none() {
                return Err(Failed::usage(
                    format!("the run `{id}` is no observation"),
                    Some("name one that `loadgate observe` has made".to_owned()),
                ));
            }
            return Ok(Some(record));
        }
        Observation::Newest => {
            newest_observation(store, lines, &weighed.ruling.candidate.versions).await?
        }
    };
    match id {
        Some(id) => Ok(Some(store.load_part(&id, &archive::KEPT).await?)),
        None => Ok(None),
    }
}

async fn newest_observation(
    store: &Store,
    lines: &[RunLine],
    versions: &[String],
) -> Result<Option<String>, Failed> {
    let of_version =
        |line: &&RunLine| line.target_version.as_ref().is_some_and(|own| versions.contains(own));
    for line in lines.iter().filter(of_version).take(MOST_LOOKED_AT) {
        if store.load_part(&line.id, &[]).await?.header.observation.is_some() {
            return Ok(Some(line.id.clone()));
        }
    }
    Ok(None)
}

/// What is known, for the decision. What nobody gives is missing.
fn known(wanted: &Wanted, weighed: &Weighed, stored: &Stored) -> Result<Known, Failed> {
    let Weighed { ruling, baseline, candidate } = weighed;
    let Some(record) = candidate.record() else {
        return Err(Failed::new("the candidate has no runs", None));
    };
    let observation = stored.observation.as_ref();
    // A simulation is no measurement: it shows nothing of the system.
    let watched = observation.filter(|record| {
        record.header.observation.as_ref().is_some_and(|own| own.simulated.is_none())
    });
    let integrity = |side: &Gathered| -> Vec<Asserted> {
        let end = side.record().and_then(|record| record.end.as_ref());
        end.map(|end| end.integrity.clone()).unwrap_or_default()
    };
    let mut known = Known {
        baseline: wanted.baseline.clone(),
        ruling: Some(ruling.clone()),
        policy: record.header.gate.clone(),
        integrity: integrity(candidate),
        integrity_before: integrity(baseline),
        figures: std::iter::once(record).chain(watched).map(Figures::of).collect(),
        observation: observation.and_then(Observed::of),
        checks: stored.checks.clone(),
        attestations: stored.attestations.clone(),
        logs: std::iter::once(record).chain(watched).flat_map(LogRule::all).collect(),
        tasks: watched.map(Task::all).unwrap_or_default(),
        ..Known::default()
    };
    // A run of minutes is too short to show a leak, or that there is none.
    known.leaks = watched.map(Leak::all).unwrap_or_default();
    if known.leaks.is_empty() {
        known.leaks = Leak::all(record);
    }
    let records: Vec<&RunRecord> = std::iter::once(record).chain(watched).collect();
    let newest = known.newest_checks();
    let own: Vec<_> = newest.into_iter().filter(|own| known.is_of_candidate(own)).collect();
    known.features = Feature::all(&records, &own);
    Ok(known)
}

fn document(
    wanted: &Wanted,
    weighed: &Weighed,
    stored: &Stored,
    known: &Known,
) -> Result<DecisionDocument, Failed> {
    let Weighed { ruling, baseline, candidate } = weighed;
    let target = candidate.headers().first().map(|head| head.origin.target.url.clone());
    let scenario = candidate.headers().first().map(|head| head.scenario.clone());
    let title = wanted.title.clone().unwrap_or_else(|| {
        let versions = |side: &Side| match side.versions.as_slice() {
            [] => side.name.clone(),
            versions => versions.join(", "),
        };
        let scenario = scenario.unwrap_or_default();
        format!("{scenario}: {} → {}", versions(&ruling.baseline), versions(&ruling.candidate))
    });
    let checks = known.newest_checks().into_iter().map(check).collect::<Result<_, _>>()?;
    Ok(DecisionDocument {
        loadgate_decision: FORMAT,
        title,
        made: wanted.made.clone().unwrap_or_else(|| started(unix_now())),
        loadgate: env!("CARGO_PKG_VERSION").to_owned(),
        target: target.unwrap_or_default(),
        asked: asked(wanted),
        decision: decide_on(known),
        baseline: side(&ruling.baseline, baseline),
        candidate: side(&ruling.candidate, candidate),
        observation: stored.observation.as_ref().map(|record| RunSource {
            id: record.header.id.clone(),
            started: started(record.header.started_unix_ns),
            sha256: fingerprint(record),
        }),
        checks,
        attestations: stored.attestations.iter().map(attestation).collect(),
        contacts: wanted.contacts.clone(),
        report: wanted.report.clone(),
    })
}

/// What was asked for, so that it can be asked again.
fn asked(wanted: &Wanted) -> decision::Question {
    let Judging { policy, accept_difference, noise_from, exit_zero: _ } = &wanted.judging;
    decision::Question {
        baseline: wanted.baseline.clone(),
        policy: policy.as_ref().map(|path| path.display().to_string()),
        accepted: accept_difference.iter().map(ToString::to_string).collect(),
        noise_from: noise_from.clone(),
    }
}

/// Every run of a side, those that were left out, too: that they were is part of the decision.
fn side(told: &Side, gathered: &Gathered) -> SideSource {
    let runs = gathered.evidence.iter().map(Evidence::header).zip(&gathered.fingerprints);
    let mut runs: Vec<RunSource> = runs
        .map(|(head, sha256)| RunSource {
            id: head.id.clone(),
            started: started(head.started_unix_ns),
            sha256: sha256.clone(),
        })
        .collect();
    runs.sort_by(|one, other| (&one.started, &one.id).cmp(&(&other.started, &other.id)));
    SideSource { name: told.name.clone(), versions: told.versions.clone(), runs }
}

fn check(report: &CheckReport) -> Result<CheckSource, Failed> {
    let count = |outcome: CheckOutcome| {
        let rows = report.rows.iter().filter(|row| row.outcome == outcome).count();
        u64::try_from(rows).unwrap_or(u64::MAX)
    };
    Ok(CheckSource {
        profile: report.profile.clone(),
        started: started(report.started_unix_ns),
        version: report.target.version.clone(),
        passed: count(CheckOutcome::Passed),
        failed: count(CheckOutcome::Failed),
        skipped: count(CheckOutcome::Skipped),
        sha256: hash_of(report).map_err(|error| Failed::could_not("read the checks", error))?,
    })
}

fn attestation(said: &Attestation) -> AttestationSource {
    let stand = match said.stand {
        Stand::Holds => "holds",
        Stand::Fails => "fails",
        Stand::Revoked => "revoked",
    };
    AttestationSource {
        criterion: said.criterion.clone(),
        stand: stand.to_owned(),
        by: said.by.clone(),
        at: started(said.at_unix_ns),
        note: said.note.clone(),
    }
}

/// The report of the comparison, to which the document's figures link.
fn report(store: &Store, weighed: Weighed) -> Result<String, Failed> {
    let Weighed { ruling, baseline, candidate } = weighed;
    let Some(record) = candidate.record() else {
        return Err(Failed::new("the candidate has no runs", None));
    };
    let said = Said { ruling, question: Question::MayItGo, curve: baseline.curve() };
    Results::compared(record, store.location().to_string(), said)?.render("html")
}
