//! `loadgate gate` and `loadgate compare`: judging what is stored.

use super::args::{self, Judging};
use super::gathered::{Gathered, Named};
use super::judging::{self, Rules};
use super::output::{Results, Said, Sinks};
use super::runs::open_if_there;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::gate::evidence::Evidence;
use crate::gate::judge::Design;
use crate::gate::ruling::Ruling;
use crate::report::Question;
use crate::store::Store;

/// Judges runs against a baseline.
pub(super) async fn gate(gate: args::Gate, terminal: &Terminal) -> Result<Exit, Failed> {
    let sinks = Sinks::of(&gate.files)?;
    let store =
        super::runs::open(&gate.store, gate.runs.first().map_or("", String::as_str)).await?;
    let baseline = Named::find(Some(&store), &gate.baseline).await?;
    let candidate = Named::runs(&store, &gate.runs).await?;
    let anchor = match gate.anchor.as_slice() {
        [] => None,
        runs => Some(Named::runs(&store, runs).await?),
    };
    let asked =
        Asked { baseline, candidate, anchor, judging: &gate.judging, question: Question::MayItGo };
    let answer = asked.answer(Some(&store), terminal).await;
    store.close().await;
    let (results, exit) = answer?;
    Ok(tell(&results, exit, &sinks, terminal))
}

/// Compares two sides.
pub(super) async fn compare(compare: args::Compare, terminal: &Terminal) -> Result<Exit, Failed> {
    let sinks = Sinks::of(&compare.files)?;
    let store = open_if_there(&compare.store).await?;
    let question = if compare.equivalent { Question::AreWeBack } else { Question::MayItGo };
    let sides = [compare.baseline.as_str(), compare.candidate.as_str()];
    let answer = both(sides, store.as_ref(), (&compare.judging, question), terminal).await;
    if let Some(store) = store {
        store.close().await;
    }
    let (results, exit) = answer?;
    let exit = match (exit, question) {
        // Without a question the comparison is shown, and nothing is judged.
        (Exit::Hold | Exit::NoGo | Exit::Rollback, Question::MayItGo) => Exit::Done,
        (exit, _) => exit,
    };
    Ok(tell(&results, exit, &sinks, terminal))
}

/// What is said of the second side beside the first, and the exit code that answers.
pub(super) async fn both(
    [baseline, candidate]: [&str; 2],
    store: Option<&Store>,
    (judging, question): (&Judging, Question),
    terminal: &Terminal,
) -> Result<(Results, Exit), Failed> {
    let asked = Asked {
        baseline: Named::find(store, baseline).await?,
        candidate: Named::find(store, candidate).await?,
        anchor: None,
        judging,
        question,
    };
    asked.answer(store, terminal).await
}

fn tell(results: &Results, exit: Exit, sinks: &Sinks, terminal: &Terminal) -> Exit {
    let ended = exit.unless(results.tell(sinks, terminal));
    sinks.announce(results, ended, terminal);
    ended
}

/// Two sides and what is asked of them.
pub(super) struct Asked<'a> {
    pub(super) baseline: Named,
    pub(super) candidate: Named,
    pub(super) anchor: Option<Named>,
    pub(super) judging: &'a Judging,
    pub(super) question: Question,
}

/// What the gate says of two sides, with what it was said of.
pub(super) struct Weighed {
    pub(super) ruling: Ruling,
    pub(super) baseline: Gathered,
    pub(super) candidate: Gathered,
}

impl Asked<'_> {
    async fn answer(
        self,
        store: Option<&Store>,
        terminal: &Terminal,
    ) -> Result<(Results, Exit), Failed> {
        let (question, judging) = (self.question, self.judging);
        let Weighed { ruling, baseline, candidate } = self.weigh(store, terminal).await?;
        let exit = judging::exit(&ruling, question, judging);
        let Some(record) = candidate.record() else {
            return Err(Failed::new("the candidate has no runs", None));
        };
        let place = store.map(|store| store.location().to_string()).unwrap_or_default();
        let said = Said { ruling, question, curve: baseline.curve() };
        let results = Results::compared(record, place, said)?;
        Ok((results, exit))
    }

    /// Gathers both sides and judges one by the other.
    pub(super) async fn weigh(
        self,
        store: Option<&Store>,
        terminal: &Terminal,
    ) -> Result<Weighed, Failed> {
        let mut first = self.candidate.first(store).await?;
        if let Some(path) = &self.judging.policy {
            first.gate = judging::policy(path, terminal)?.policy;
        }
        let rules = Rules::of(self.judging, &first, store).await?;
        let baseline = self.baseline.gather(store, &rules.wanted).await?;
        let candidate = self.candidate.gather(store, &rules.wanted).await?;
        let anchor: Vec<Evidence> = match &self.anchor {
            Some(anchor) => anchor.gather(store, &rules.wanted).await?.evidence,
            None => Vec::new(),
        };
        let accepted = rules.comparable(&baseline.headers(), &candidate.headers())?;
        let heads: Vec<_> = anchor.iter().map(Evidence::header).collect();
        rules.anchored(&baseline.headers(), &candidate.headers(), &heads)?;
        let ruling = rules.judge((&baseline, &candidate), &anchor, Design::Stored, &accepted, None);
        Ok(Weighed { ruling, baseline, candidate })
    }
}
