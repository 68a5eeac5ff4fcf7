//! `loadgate attest`: what people say of rows that nothing can measure.

use serde_json::json;

use super::args::{Attest, AttestCommand, StoreArg};
use super::runs::{open_if_there, started};
use super::table::{Column, table};
use super::terminal::{Terminal, printable};
use super::{Exit, Failed, settings};
use crate::engine::unix_now;
use crate::gate::decision::{is_against, is_attestable};
use crate::record::{Attestation, Criterion, Stand};
use crate::scenario::did_you_mean;
use crate::store::Store;

/// The longest name of who says something, in characters.
const LONGEST_NAME: usize = 100;
/// The longest note: more belongs into a document that the note names.
const LONGEST_NOTE: usize = 2_000;

/// Short words for rows that have long ids.
const SHORT: [(&str, &str); 1] = [("approval", "done.approval")];

/// Adds what somebody says, or lists what was said.
pub(super) async fn attest(attest: Attest, terminal: &Terminal) -> Result<Exit, Failed> {
    let text = match attest.command {
        Some(AttestCommand::List { store, json }) => {
            let said = said(&store).await?;
            if json { as_json(&said) } else { as_table(&said) }
        }
        Some(AttestCommand::Ids { json }) => ids(if json { Form::Json } else { Form::Table }),
        None => {
            let (criterion, attestation) = read(&attest.said)?;
            let store = Store::open(&settings::store(&attest.said.store)?).await?;
            let added = store.attest(&attestation).await;
            store.close().await;
            added?;
            if attestation.stand == Stand::Holds && !is_attestable(criterion) {
                terminal.warning(&format!(
                    "`{}` is a matter of figures: it counts as measured only",
                    criterion.id
                ));
            }
            confirmed(criterion, &attestation)
        }
    };
    terminal.out(&text).map_err(|error| Failed::could_not("print", error))?;
    Ok(Exit::Done)
}

async fn said(argument: &StoreArg) -> Result<Vec<Attestation>, Failed> {
    let Some(store) = open_if_there(argument).await? else { return Ok(Vec::new()) };
    let said = store.attestations().await;
    store.close().await;
    Ok(said?)
}

/// What the arguments say, with everything that has to be there.
fn read(said: &super::args::Said) -> Result<(&'static Criterion, Attestation), Failed> {
    let Some(id) = &said.criterion else {
        let hint = "name a row: `loadgate attest ids` lists all of them";
        return Err(Failed::usage("there is nothing to attest", Some(hint.to_owned())));
    };
    let criterion = criterion(id)?;
    let by = text("--by", "NAME", said.by.as_deref(), LONGEST_NAME)?;
    let note = text("--note", "TEXT", said.note.as_deref(), LONGEST_NOTE)?;
    let stand = match (said.stand.holds, said.stand.fails, said.stand.revoke) {
        (_, _, true) => Stand::Revoked,
        (_, true, false) => Stand::Fails,
        // Whoever ticks such a row off may mean either.
        (false, false, false) if is_against(criterion) => {
            let message = format!("`{}` says \"{}\": is that so", criterion.id, criterion.text);
            let hint = "write `--fails` if it is not so, which is good, or `--holds` if it is";
            return Err(Failed::usage(message, Some(hint.to_owned())));
        }
        (_, false, false) => Stand::Holds,
    };
    let criterion_id = criterion.id.to_owned();
    let at_unix_ns = unix_now();
    Ok((criterion, Attestation { criterion: criterion_id, by, note, at_unix_ns, stand }))
}

fn criterion(id: &str) -> Result<&'static Criterion, Failed> {
    let long = SHORT.iter().find(|(short, _)| *short == id).map_or(id, |(_, long)| *long);
    Criterion::of(long).ok_or_else(|| {
        let short = SHORT.iter().map(|(short, _)| *short);
        let known = Criterion::ALL.iter().map(|one| one.id).chain(short);
        // Half of an id is what people remember.
        let part = |one: &&Criterion| !id.is_empty() && one.id.ends_with(&format!(".{id}"));
        let near =
            did_you_mean(id, known).or_else(|| Criterion::ALL.iter().find(part).map(|one| one.id));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`? `loadgate attest ids` lists all rows"),
            None => "`loadgate attest ids` lists all rows".to_owned(),
        };
        Failed::usage(format!("there is no row `{id}`"), Some(hint))
    })
}

/// A text that has to be there, and of a length that fits into a document.
fn text(flag: &str, value: &str, given: Option<&str>, most: usize) -> Result<String, Failed> {
    let given = given.map(str::trim).unwrap_or_default();
    if given.is_empty() {
        let hint = format!("add `{flag} {value}`: an attestation says who, and why");
        return Err(Failed::usage(format!("`{flag}` is missing or empty"), Some(hint)));
    }
    let length = given.chars().count();
    if length > most {
        let message = format!("`{flag}` has {length} characters, {most} are the most");
        return Err(Failed::usage(message, Some("say it shorter, or name a document".to_owned())));
    }
    Ok(given.to_owned())
}

fn stand_word(stand: Stand) -> &'static str {
    match stand {
        Stand::Holds => "holds",
        Stand::Fails => "fails",
        Stand::Revoked => "revoked",
    }
}

/// What was understood: a row that is meant the other way round is seen at once.
fn confirmed(criterion: &Criterion, said: &Attestation) -> String {
    let by = printable(&said.by);
    match said.stand {
        Stand::Holds => format!("{}: \"{}\" is so, says {by}\n", criterion.id, criterion.text),
        Stand::Fails => format!("{}: \"{}\" is not so, says {by}\n", criterion.id, criterion.text),
        Stand::Revoked => format!("{}: nothing is attested any more, says {by}\n", criterion.id),
    }
}

fn as_json(said: &[Attestation]) -> String {
    let line = |one: &Attestation| {
        json!({
            "criterion": one.criterion,
            "stand": stand_word(one.stand),
            "by": one.by,
            "at": started(one.at_unix_ns),
            "note": one.note,
        })
    };
    let document = json!({
        "schema_version": 1, "attestations": said.iter().map(line).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn as_table(said: &[Attestation]) -> String {
    if said.is_empty() {
        return "nothing was attested yet\n".to_owned();
    }
    let columns = ["ROW", "IT", "SAYS", "AT", "NOTE"].map(Column::Text);
    let one_line = |text: &str| printable(&text.replace('\n', " "));
    let row = |one: &Attestation| {
        vec![
            one.criterion.clone(),
            stand_word(one.stand).to_owned(),
            one_line(&one.by),
            started(one.at_unix_ns),
            one_line(&one.note),
        ]
    };
    table(&columns, &said.iter().map(row).collect::<Vec<_>>())
}

/// How a list is printed.
#[derive(Clone, Copy)]
enum Form {
    Table,
    Json,
}

fn ids(form: Form) -> String {
    match form {
        Form::Json => {
            let line = |one: &Criterion| json!({ "id": one.id, "text": one.text });
            let rows: Vec<_> = Criterion::ALL.iter().map(line).collect();
            format!("{:#}\n", json!({ "schema_version": 1, "rows": rows }))
        }
        Form::Table => {
            let row = |one: &Criterion| {
                let meant = if is_against(one) { "no" } else { "yes" };
                vec![one.id.to_owned(), meant.to_owned(), one.text.to_owned()]
            };
            let rows: Vec<_> = Criterion::ALL.iter().map(row).collect();
            table(&["ROW", "GOOD", "SAYS"].map(Column::Text), &rows)
        }
    }
}
