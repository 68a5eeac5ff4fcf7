//! The decision as an answer, facts and tables.

use super::verdict::verdict_tone;
use super::{Cell, Column, Group, Standing as Said, Table, Tone, single};
use crate::gate::decision::{Answer, List, Row, Standing, State};
use crate::gate::ruling::Verdict;
use crate::report::decision::{DecisionDocument, RunSource, SideSource};
use crate::report::figures;
use crate::report::tables::facts::fact;

/// People read this many reasons first; the tables have all.
const MOST_REASONS: usize = 8;

/// A list of the guide as people read it: its name in the data, its title, what it says.
const TITLES: [(&str, &str, &str); 11] = [
    ("go", "GO", "What has to hold for production."),
    ("no_go", "NO-GO", "What keeps it out of production: each has to be no."),
    ("rollback", "Rollback", "What calls for a rollback at once: each has to be no."),
    ("success", "Staging is done", "What has to be so when staging is complete."),
    ("outcome", "Expected outcomes", "What the release is expected to bring."),
    ("target", "Targets", "The figures of the guide."),
    ("pre_deployment", "Before the deployment", "Boxes to be ticked before it."),
    ("feature", "Features", "A box is ticked when its steps passed, and fewer than 1 % failed."),
    ("morning", "Each morning", "Tasks of the observation."),
    ("mid_day", "Each mid-day", "Tasks of the observation."),
    ("evening", "Each evening", "Tasks of the observation."),
];

/// The lists that GO rests on.
const NEEDED: [&str; 5] = ["go", "no_go", "rollback", "success", "outcome"];

/// The verdict, what it means, and why.
pub(in crate::report) fn standing(document: &DecisionDocument) -> Said {
    let decision = &document.decision;
    let verdict = decision.verdict().unwrap_or(Verdict::Invalid);
    let count = |standing: Standing| counted(document, standing);
    let mut reasons: Vec<Cell> = decision
        .reasons
        .iter()
        .filter(|reason| reason.verdict == decision.verdict)
        .map(|reason| Cell::toned(reason.text.as_str(), verdict_tone(verdict)))
        .collect();
    let more = decision.reasons.len() - reasons.len().min(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    if more > 0 {
        reasons.push(Cell::quiet(format!("and {}", figures::some(whole(more), "more", "more"))));
    }
    let answered = format!(
        "{} of {} rows are well, {} are not, {} open, {} missing",
        count(Standing::Good),
        all_needed(document).map(|list| list.rows.len()).sum::<usize>(),
        count(Standing::Bad),
        count(Standing::Open),
        count(Standing::Missing)
    );
    let mut facts = vec![
        fact("decided", format!("{} by loadgate {}", document.made, document.loadgate)),
        fact("answered", answered),
        fact("candidate", side(&document.candidate)),
        fact("baseline", side(&document.baseline)),
    ];
    facts.extend(document.observation.as_ref().map(|own| fact("observed", run(own))));
    facts.push(fact("target", document.target.as_str()));
    Said {
        word: decision.verdict.clone(),
        tone: verdict_tone(verdict),
        sentence: Some(sentence(document, verdict)),
        reasons,
        facts,
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn all_needed(document: &DecisionDocument) -> impl Iterator<Item = &List> {
    let lists = document.decision.lists.iter();
    lists.filter(|list| NEEDED.contains(&list.name.as_str()))
}

fn counted(document: &DecisionDocument, standing: Standing) -> usize {
    all_needed(document).map(|list| list.count(standing)).sum()
}

fn sentence(document: &DecisionDocument, verdict: Verdict) -> String {
    let candidate = match document.candidate.versions.as_slice() {
        [version] => format!("Version {version}"),
        _ => "The candidate".to_owned(),
    };
    let bad = counted(document, Standing::Bad);
    let unknown = counted(document, Standing::Open) + counted(document, Standing::Missing);
    let rows = |count: usize| figures::some(whole(count), "row", "rows");
    match verdict {
        Verdict::Go => format!(
            "{candidate} may go to production: everything that decides was measured or attested, \
             and all of it is well."
        ),
        Verdict::Hold if bad == 0 && unknown > 0 => format!(
            "{candidate} should wait: nothing that is known keeps it out, but {} of the guide \
             {} not answered.",
            rows(unknown),
            if unknown == 1 { "is" } else { "are" }
        ),
        Verdict::Hold => format!(
            "{candidate} should wait: something is not as it has to be, though not so far that it \
             must stay out."
        ),
        Verdict::NoGo => format!(
            "{candidate} should stay out of production: what the guide names as a reason is there."
        ),
        Verdict::Rollback => {
            format!("{candidate} must not be in production: where it runs already, take it back.")
        }
        Verdict::Invalid => {
            "Nothing can be said of the candidate: the measurement itself is not sound.".to_owned()
        }
    }
}

fn side(side: &SideSource) -> String {
    let version = match side.versions.as_slice() {
        [] => "version unknown".to_owned(),
        versions => format!("version {}", versions.join(", ")),
    };
    let runs = figures::some(whole(side.runs.len()), "run", "runs");
    let since = side.runs.first().map(|run| format!(" since {}", run.started));
    format!("{}, {version}, {runs}{}", side.name, since.unwrap_or_default())
}

fn run(run: &RunSource) -> String {
    format!("{}, started {}", run.id, run.started)
}

/// Every list of the guide, then what it rests on, and whom to call.
pub(in crate::report) fn all(document: &DecisionDocument) -> Vec<Table> {
    let mut tables = lists(document);
    tables.extend([
        next(document),
        attestations(document),
        runs(document),
        checks(document),
        contacts(document),
        sign_off(document),
    ]);
    tables.retain(Table::has_rows);
    tables
}

/// The lists of the guide.
pub(in crate::report) fn lists(document: &DecisionDocument) -> Vec<Table> {
    let list = |(name, title, about): &(&str, &'static str, &str)| {
        Some(table(title, about, document.decision.list(name)?, document))
    };
    TITLES.iter().filter_map(list).collect()
}

/// Those that GO rests on, without what is well: for where there is little room.
pub(in crate::report) fn needed(document: &DecisionDocument) -> Vec<Table> {
    let mut tables: Vec<Table> = lists(document).into_iter().take(NEEDED.len()).collect();
    let well = |row: &[Cell]| row.first().is_some_and(|mark| mark.tone == Tone::Good);
    for group in tables.iter_mut().skip(1).flat_map(|table| &mut table.groups) {
        group.rows.retain(|row| !well(row));
    }
    tables.retain(Table::has_rows);
    tables
}

/// The list that has this title.
pub(in crate::report) fn name_of(title: &str) -> Option<&'static str> {
    TITLES.iter().find(|(_, own, _)| *own == title).map(|(name, _, _)| *name)
}

fn table(title: &'static str, about: &str, list: &List, document: &DecisionDocument) -> Table {
    let columns = vec![
        Column::word(""),
        Column::text("what the guide says"),
        Column::word("known by"),
        Column::text("what is known"),
        Column::text("where that is, or what would say it"),
    ];
    let rows = list.rows.iter().map(|own| row(own, document)).collect();
    Table::new(title, about, columns, single(rows))
}

fn row(row: &Row, document: &DecisionDocument) -> Vec<Cell> {
    let (mark, tone) = match row.standing {
        Standing::Good => ("✓", Tone::Good),
        Standing::Open => ("?", Tone::Warn),
        Standing::Missing => ("–", Tone::Warn),
        Standing::Bad => ("✗", Tone::Bad),
    };
    let word = |answer: Answer| match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Open => "open",
    };
    let (answer, how, known, place) = match &row.state {
        State::Measured { answer, figure, source } => {
            let part = source.part.as_ref().map(|part| format!(", {}", part.replace('-', " ")));
            let part = part.filter(|_| document.report.is_some()).unwrap_or_default();
            (word(*answer), "measured", figure.clone(), format!("{}{part}", source.what))
        }
        State::Attested { answer, by, at, note, of, beside } => {
            let of = if *of == row.id { String::new() } else { format!(" (of {of})") };
            let beside = beside.as_ref().map(|figure| format!("; measured, and open: {figure}"));
            let known = format!("{note}{}", beside.unwrap_or_default());
            (word(*answer), "attested", known, format!("{by}, {at}{of}"))
        }
        State::Missing { why, how } => ("missing", figures::NOTHING, why.clone(), how.clone()),
    };
    vec![
        Cell::toned(format!("{mark} {answer}"), tone),
        Cell::new(row.text.as_str()),
        Cell::quiet(how),
        Cell::toned(known, known_tone(row.standing)),
        Cell::quiet(place),
    ]
}

/// What is bad stands out; that nothing is known needs no more than the mark.
fn known_tone(standing: Standing) -> Tone {
    match standing {
        Standing::Bad => Tone::Bad,
        Standing::Missing => Tone::Quiet,
        Standing::Good | Standing::Open => Tone::Plain,
    }
}

fn next(document: &DecisionDocument) -> Table {
    let rows = document.decision.next.iter().map(|command| vec![Cell::new(command.as_str())]);
    Table::new(
        "What would answer the rest",
        "Commands for the rows that are missing, each once.",
        vec![Column::text("command")],
        single(rows.collect()),
    )
}

fn attestations(document: &DecisionDocument) -> Table {
    let rows = document.attestations.iter().map(|one| {
        [&one.at, &one.criterion, &one.stand, &one.by, &one.note]
            .into_iter()
            .map(|text| Cell::new(text.as_str()))
            .collect()
    });
    let columns = vec![
        Column::word("when"),
        Column::word("of"),
        Column::word("it"),
        Column::text("says"),
        Column::text("with the note"),
    ];
    let about = "Everything that was attested; of one criterion the newest counts.";
    Table::new("Attestations", about, columns, single(rows.collect()))
}

fn runs(document: &DecisionDocument) -> Table {
    let of = |name: &'static str, runs: &[RunSource]| {
        let row = |run: &RunSource| {
            let texts = [&run.id, &run.started, &run.sha256];
            texts.into_iter().map(|text| Cell::new(text.as_str())).collect()
        };
        Group { title: Some(name.to_owned()), rows: runs.iter().map(row).collect() }
    };
    let mut groups = vec![
        of("baseline", &document.baseline.runs),
        of("candidate", &document.candidate.runs),
        of("observation", document.observation.as_slice()),
    ];
    groups.retain(|group| !group.rows.is_empty());
    let columns = vec![Column::word("run"), Column::word("started"), Column::text("SHA-256")];
    Table::new("Records", "The runs that it rests on, and their fingerprints.", columns, groups)
}

fn checks(document: &DecisionDocument) -> Table {
    let rows = document.checks.iter().map(|check| {
        let mut row = vec![
            Cell::new(check.profile.as_str()),
            Cell::new(check.started.as_str()),
            Cell::new(check.version.as_deref().unwrap_or(figures::NOTHING)),
        ];
        let counts = [check.passed, check.failed, check.skipped];
        row.extend(counts.map(|count| Cell::new(figures::count(count))));
        row.push(Cell::quiet(check.sha256.as_str()));
        row
    });
    let mut columns =
        vec![Column::word("profile"), Column::word("started"), Column::word("version")];
    columns.extend(["passed", "failed", "skipped"].map(Column::number));
    columns.push(Column::text("SHA-256"));
    let about = "The newest of each profile.";
    Table::new("Checks", about, columns, single(rows.collect()))
}

fn contacts(document: &DecisionDocument) -> Table {
    let rows = document.contacts.iter().map(|contact| {
        let texts = [&contact.role, &contact.name, &contact.availability];
        texts.into_iter().map(|text| Cell::new(text.as_str())).collect()
    });
    let columns = ["role", "contact", "availability"].map(Column::text).into();
    Table::new("Emergency contacts", "Whom to call.", columns, single(rows.collect()))
}

/// Lines to sign by those who decide; the approval fills in its own.
fn sign_off(document: &DecisionDocument) -> Table {
    let approval = document.decision.row("done.approval").map(|row| &row.state);
    let approved = match approval {
        Some(State::Attested { answer: Answer::Yes, by, at, .. }) => [by.clone(), at.clone()],
        _ => ["[Name]".to_owned(), "[Date]".to_owned()],
    };
    let row = |role: &str, [name, date]: [String; 2]| {
        vec![Cell::new(role), Cell::new(name), Cell::new(date), Cell::quiet("[Signature]")]
    };
    let open = || ["[Name]".to_owned(), "[Date]".to_owned()];
    let rows = vec![
        row("Decided by", open()),
        row("Technical lead", open()),
        row("Approved by stakeholders", approved),
    ];
    let columns = ["for", "name", "date", "signature"].map(Column::text).into();
    Table::new("Sign-off", "Who answers for the decision.", columns, single(rows))
}
