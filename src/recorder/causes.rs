//! Which request caused a statement that the tap saw.
//!
//! A statement that names its request (`traceparent` in its comment) belongs to it. One that was
//! sent while requests of a single endpoint were under way belongs to that. Where requests of
//! several endpoints were, one of them is drawn, with the rates at which each is known to send such
//! statements as weights: the rates of a mixture of Poisson processes, learnt as the run goes on
//! (one step of expectation and maximisation a statement; Dempster, Laird, Rubin 1977). So every
//! statement is counted once, and the counts of endpoints add up to those of the database.

use std::collections::{BTreeSet, HashMap};

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};

use super::Shard;
use super::shard::Exchanged;
use crate::names::{
    Catalogue, Cause, ErrorKind, Metric, Series, SeriesId, SeriesKind, Tapped, Together,
};
use crate::units::{Nanos, count_to_f64};

/// What an endpoint is believed to have sent before anything is known, in statements.
const PRIOR: f64 = 0.5;

/// What is the same statement, whatever its values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The short name of it.
    pub name: String,
    /// The whole normal form.
    pub text: String,
}

/// One statement that the tap saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its form, as it was numbered by [`Causes::meet`].
    pub form: usize,
    /// When its request had been passed on, since the start of the run.
    pub sent: Nanos,
    /// How long its client waited.
    pub duration: Nanos,
    /// What came of it.
    pub outcome: Outcome,
    /// The endpoint's series, if the statement says it.
    pub named: Option<SeriesId>,
}

/// What came of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// The server refused it.
    Failed,
}

/// Finds the causes of statements. Lives where the workers' measurements are merged.
#[derive(Debug)]
pub struct Causes {
    together: Together,
    forms: Vec<Form>,
    requests: Vec<Exchanged>,
    statements: Vec<Statement>,
    /// Series of statements that have one.
    ids: HashMap<(usize, Option<SeriesId>, Cause), SeriesId>,
    /// Statements that each endpoint is believed to have sent, by form.
    sent: HashMap<(usize, SeriesId), f64>,
    /// Seconds that requests of each endpoint were under way, in all.
    under_way: HashMap<SeriesId, f64>,
    dice: Pcg64Mcg,
}

impl Causes {
    /// Nothing is known yet. The same seed draws the same causes.
    pub fn new(together: Together, seed: u64) -> Self {
        Self {
            together,
            forms: Vec::new(),
            requests: Vec::new(),
            statements: Vec::new(),
            ids: HashMap::new(),
            sent: HashMap::new(),
            under_way: HashMap::new(),
            dice: Pcg64Mcg::seed_from_u64(seed),
        }
    }

    /// Gives a form that was met its number: they count up from 0.
    pub fn meet(&mut self, form: Form) {
        self.forms.push(form);
    }

    /// Takes exchanges that have ended.
    pub fn exchanges(&mut self, exchanges: impl IntoIterator<Item = Exchanged>) {
        for exchange in exchanges {
            let took = exchange.ended.since(exchange.begun).as_secs_f64();
            *self.under_way.entry(exchange.series).or_default() += took;
            self.requests.push(exchange);
        }
    }

    /// Takes a statement that has ended.
    pub fn statement(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    /// Records all statements that were sent before `until`. Requests that were under way then have
    /// to be known by now; those of an endpoint slower than that are not considered.
    pub fn settle(
        &mut self,
        until: Nanos,
        catalogue: &Catalogue,
        phase_at: impl Fn(Nanos) -> u8,
        shard: &mut Shard,
    ) {
        self.requests.sort_by_key(|request| request.begun);
        let (mut due, later): (Vec<Statement>, Vec<Statement>) =
            self.statements.drain(..).partition(|statement| statement.sent < until);
        self.statements = later;
        due.sort_by_key(|statement| statement.sent);
        let requests = std::mem::take(&mut self.requests);
        let mut next = requests.iter().copied().peekable();
        let (mut under_way, mut last): (Vec<Exchanged>, Option<Exchanged>) = (Vec::new(), None);
        for statement in due {
            while let Some(begun) = next.next_if(|request| request.begun <= statement.sent) {
                under_way.push(begun);
                last = Some(begun);
            }
            under_way.retain(|request| request.ended >= statement.sent);
            let alone = last.filter(|_| self.together == Together::Alone);
            let (cause, endpoint) = match (statement.named, alone) {
                (Some(named), _) => (Cause::Exact, Some(named)),
                (None, Some(last)) => (Cause::Solo, Some(last.series)),
                (None, None) => self.cause(statement.form, &under_way),
            };
            if let Some(endpoint) = endpoint.filter(|_| cause != Cause::Estimated) {
                *self.sent.entry((statement.form, endpoint)).or_default() += 1.0;
            }
            let id = self.series((statement.form, endpoint, cause), catalogue, shard);
            record(&statement, phase_at(statement.sent), id, shard);
        }
        // The last one stays, for what it still sends after its answer.
        let stays = |request: &Exchanged| request.ended >= until || Some(*request) == last;
        self.requests = requests.into_iter().filter(stays).collect();
    }

    /// The endpoint that a statement is put down to, when these requests were under way.
    fn cause(&mut self, form: usize, under_way: &[Exchanged]) -> (Cause, Option<SeriesId>) {
        let endpoints: BTreeSet<SeriesId> = under_way.iter().map(|one| one.series).collect();
        let mut endpoints = endpoints.into_iter();
        match (endpoints.next(), endpoints.len()) {
            (None, _) => return (Cause::Unknown, None),
            (Some(only), 0) => return (Cause::Solo, Some(only)),
            (Some(_), _) => {}
        }
        let weight = |request: &Exchanged| {
            let sent = self.sent.get(&(form, request.series)).copied().unwrap_or_default();
            let time = self.under_way.get(&request.series).copied().unwrap_or_default();
            (request.series, (sent + PRIOR) / (time + PRIOR))
        };
        let weights: Vec<(SeriesId, f64)> = under_way.iter().map(weight).collect();
        let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut left = all * unit(self.dice.next_u64());
        let mut drawn = None;
        for (endpoint, weight) in weights {
            *self.sent.entry((form, endpoint)).or_default() += weight / all;
            if left >= 0.0 {
                drawn = Some(endpoint);
            }
            left -= weight;
        }
        (Cause::Estimated, drawn)
    }

    /// The series of a form, an endpoint and how that is known.
    fn series(
        &mut self,
        key: (usize, Option<SeriesId>, Cause),
        catalogue: &Catalogue,
        shard: &mut Shard,
    ) -> SeriesId {
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let (form, endpoint, cause) = key;
        let about = endpoint.and_then(|endpoint| catalogue.get(endpoint));
        let form = self.forms.get(form);
        let of = |part: fn(&Series) -> &String| about.map(part).cloned().unwrap_or_default();
        let series = form.map_or_else(
            || Series::other(SeriesKind::TapQuery),
            |form| Series {
                kind: SeriesKind::TapQuery,
                name: form.name.clone(),
                journey: of(|about| &about.journey),
                step: of(|about| &about.step),
                endpoint: of(|about| &about.name),
                tapped: Some(Tapped { text: form.text.clone(), cause }),
            },
        );
        let id = shard.meet(series);
        self.ids.insert(key, id);
        id
    }
}

fn record(statement: &Statement, phase: u8, id: SeriesId, shard: &mut Shard) {
    let metric = match statement.outcome {
        Outcome::Done => Metric::Query,
        Outcome::Failed => Metric::Failed,
    };
    shard.record(phase, id, metric, statement.duration);
    if let Some(counts) = shard.counts(phase, id) {
        counts.started += 1;
        if statement.outcome == Outcome::Failed {
            counts.fail(ErrorKind::Sql);
        }
    }
}

/// A number from 0 to 1, from the upper bits of a random one.
fn unit(bits: u64) -> f64 {
    count_to_f64(bits >> 11) / count_to_f64(1 << 53)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Bank, PhaseInfo, Pick};
    use crate::recorder::Collector;

    const SLOW: SeriesId = SeriesId(3);
    const QUICK: SeriesId = SeriesId(4);

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::new();
        for name in ["GET /slow", "GET /quick"] {
            let series = Series::of(SeriesKind::Endpoint, name);
            catalogue.intern(&series).unwrap();
        }
        catalogue
    }

    fn causes(together: Together) -> Causes {
        let mut causes = Causes::new(together, 1);
        for name in ["SELECT a", "SELECT b"] {
            causes.meet(Form { name: name.to_owned(), text: name.to_lowercase() });
        }
        causes
    }

    fn request(series: SeriesId, begun: u64, ended: u64) -> Exchanged {
        Exchanged { series, begun: Nanos::from_millis(begun), ended: Nanos::from_millis(ended) }
    }

    fn statement(form: usize, sent: u64) -> Statement {
        Statement {
            form,
            sent: Nanos::from_millis(sent),
            duration: Nanos::from_millis(1),
            outcome: Outcome::Done,
            named: None,
        }
    }

    /// What was recorded: name, endpoint, cause and how often.
    fn recorded(causes: &mut Causes) -> Vec<(String, String, Cause, u64)> {
        let catalogue = catalogue();
        let planned = u16::try_from(catalogue.len()).unwrap();
        let mut shard = Shard::new(planned, 1);
        causes.settle(Nanos::MAX, &catalogue, |_sent| 0, &mut shard);
        let mut collector = Collector::new(catalogue, 1);
        collector.merge(Nanos::ZERO, Nanos::SECOND, &[shard.take()]);
        let phase = PhaseInfo {
            name: "p".to_owned(),
            load: String::new(),
            start: Nanos::ZERO,
            length: Nanos::SECOND,
            measure: true,
        };
        let pick = Pick::of(&[phase], Bank::Measured);
        let (catalogue, totals, _) = collector.freeze();
        let rows = catalogue.iter().filter_map(|(id, series)| {
            let cause = series.tapped.as_ref()?.cause;
            let count = totals.counts(&pick, [id]).started;
            assert_eq!(totals.histogram(&pick, [id], Metric::Query).len(), count);
            Some((series.name.clone(), series.endpoint.clone(), cause, count))
        });
        rows.collect()
    }

    #[test]
    fn a_statement_belongs_to_the_only_endpoint_that_was_under_way() {
        let mut causes = causes(Together::Mixed);
        causes.exchanges([request(SLOW, 0, 50), request(SLOW, 10, 60), request(QUICK, 100, 110)]);
        for sent in [5, 20, 105, 200] {
            causes.statement(statement(0, sent));
        }
        let row = |endpoint: &str, cause, count| {
            ("SELECT a".to_owned(), endpoint.to_owned(), cause, count)
        };
        assert_eq!(
            recorded(&mut causes),
            [
                row("GET /slow", Cause::Solo, 2),
                row("GET /quick", Cause::Solo, 1),
                row("", Cause::Unknown, 1)
            ]
        );
    }

    #[test]
    fn a_statement_that_names_its_request_is_believed() {
        let mut causes = causes(Together::Mixed);
        causes.exchanges([request(SLOW, 0, 50), request(QUICK, 0, 50)]);
        causes.statement(Statement { named: Some(QUICK), ..statement(1, 20) });
        let row = ("SELECT b".to_owned(), "GET /quick".to_owned(), Cause::Exact, 1);
        assert_eq!(recorded(&mut causes), [row]);
    }

    #[test]
    fn alone_a_statement_after_the_answer_still_belongs_to_it() {
        let mut causes = causes(Together::Alone);
        causes.exchanges([request(SLOW, 0, 50), request(QUICK, 100, 110)]);
        causes.statement(statement(0, 70));
        let row = ("SELECT a".to_owned(), "GET /slow".to_owned(), Cause::Solo, 1);
        assert_eq!(recorded(&mut causes), [row]);
    }

    #[test]
    fn a_mixture_is_taken_apart_by_the_rates_that_are_seen() {
        // SLOW sends three statements of form 0 each request, QUICK one of form 1; most of the
        // time both are under way.
        let mut causes = causes(Together::Mixed);
        let mut dice = Pcg64Mcg::seed_from_u64(7);
        for round in 0..2_000_u64 {
            let at = round * 100;
            let shift = dice.next_u64() % 80;
            causes.exchanges([
                request(SLOW, at, at + 60),
                request(QUICK, at + shift, at + shift + 20),
            ]);
            for sent in [5, 25, 45] {
                causes.statement(statement(0, at + sent));
            }
            causes.statement(statement(1, at + shift + 10));
        }
        let rows = recorded(&mut causes);
        let count = |name: &str, endpoint: &str| {
            let own = rows.iter().filter(|row| row.0 == name && row.1 == endpoint);
            own.map(|row| row.3).sum::<u64>()
        };
        assert_eq!(rows.iter().map(|row| row.3).sum::<u64>(), 8_000, "each is counted once");
        assert!(count("SELECT a", "GET /slow") > 5_800, "{rows:?}");
        assert!(count("SELECT b", "GET /quick") > 1_900, "{rows:?}");
    }
}
