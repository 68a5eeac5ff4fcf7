//! Sessions, journeys, their data, and the limits that name their series.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builder::{Builder, Surroundings};
use super::compile::journey_series;
use super::{
    Dice, Escape, Feeder, Journey, Program, Scope, Session, Slot, Source, Text, Variables, View,
};
use crate::names::{Catalogue, SeriesId, SeriesKind};
use crate::record::ThresholdText;
use crate::scenario::{
    At, Diagnostic, Diagnostics, FeederPick, JourneySpec, ScenarioSpec, SessionSpec, StepNode,
    ThresholdSubject, Tree, VariableTest, did_you_mean,
};

/// Makes the members of a plan.
pub(super) struct Members<'a> {
    spec: &'a ScenarioSpec,
    around: &'a Surroundings<'a>,
    feeders: BTreeMap<String, Option<Arc<Feeder>>>,
    /// Rows that journeys and sessions draw from.
    pub(super) sources: Vec<Source>,
    /// Limits of single steps.
    pub(super) slos: Vec<ThresholdText>,
}

impl<'a> Members<'a> {
    pub(super) fn new(spec: &'a ScenarioSpec, around: &'a Surroundings<'a>) -> Self {
        Self { spec, around, feeders: BTreeMap::new(), sources: Vec::new(), slos: Vec::new() }
    }

    /// All sessions of the scenario, in its order.
    pub(super) fn sessions(
        &mut self,
        out: &mut Diagnostics,
        catalogue: &mut Catalogue,
    ) -> Vec<Session> {
        let mut sessions = Vec::new();
        for (name, session) in &self.spec.sessions {
            let whole = self.with_model(name, session, out);
            sessions.extend(self.session(name, &whole, out, catalogue));
        }
        sessions
    }

    /// A session with what it takes over from the one that it is like.
    fn with_model(
        &self,
        name: &At<String>,
        session: &SessionSpec,
        out: &mut Diagnostics,
    ) -> SessionSpec {
        let mut whole = session.clone();
        let mut seen = vec![name.value.clone()];
        while let Some(like) = whole.like.take() {
            let Some(model) = self.spec.sessions.get(&like.value) else {
                let near = did_you_mean(&like.value, self.spec.sessions.names());
                unknown(out, self.around.tree, "session", &like, near);
                break;
            };
            if seen.contains(&like.value) {
                out.error(self.around.tree, like.node, "sessions are like each other in a circle");
                break;
            }
            seen.push(like.value.clone());
            whole.like.clone_from(&model.like);
            whole.feed = whole.feed.or_else(|| model.feed.clone());
            whole.r#where = whole.r#where.or_else(|| model.r#where.clone());
            whole.ttl = whole.ttl.or(model.ttl);
            whole.r#use = whole.r#use.or_else(|| model.r#use.clone());
            if whole.steps.is_empty() {
                whole.steps.clone_from(&model.steps);
            }
        }
        whole
    }

    fn session(
        &mut self,
        name: &At<String>,
        session: &SessionSpec,
        out: &mut Diagnostics,
        catalogue: &mut Catalogue,
    ) -> Option<Session> {
        let mut scope = Scope::default();
        self.declare_constants(&mut scope);
        let mut feed = None;
        if let Some(feeder) = &session.feed {
            let source = self.source(feeder, session.r#where.as_ref(), out)?;
            feed = Some((source, self.declare_columns(source, &mut scope)));
        }
        let around = self.around;
        let owner = (SeriesKind::Login, name.value.as_str());
        let mut builder = Builder::new(around, out, catalogue, scope, owner);
        builder.steps(&session.steps);
        let empty = crate::scenario::Named::default();
        let used = session.r#use.as_ref().map_or(&empty, |used| &used.headers);
        let headers = builder.headers(used);
        self.slos.append(&mut builder.slos);
        let mut gives = std::mem::take(&mut builder.captured);
        gives.extend(feed.iter().flat_map(|(_, columns)| columns));
        let (program, scope) = builder.finish();
        let ttl = session.ttl.as_ref().map(|ttl| ttl.value);
        Some(Session { name: name.value.clone(), feed, ttl, program, headers, scope, gives })
    }

    /// The chosen journeys.
    pub(super) fn journeys(
        &mut self,
        chosen: &[(&At<String>, JourneySpec, f64)],
        sessions: &[Session],
        out: &mut Diagnostics,
        catalogue: &mut Catalogue,
    ) -> Vec<Journey> {
        let mut journeys = Vec::new();
        for (name, journey, weight) in chosen {
            let Some(series) = catalogue.intern(&journey_series(&name.value)) else { continue };
            let head = (*name, series, *weight);
            journeys.extend(self.journey(head, journey, sessions, out, catalogue));
        }
        journeys
    }

    fn journey(
        &mut self,
        (name, series, weight): (&At<String>, SeriesId, f64),
        journey: &JourneySpec,
        sessions: &[Session],
        out: &mut Diagnostics,
        catalogue: &mut Catalogue,
    ) -> Option<Journey> {
        let session = match &journey.session {
            None => None,
            Some(wanted) => {
                let found = sessions.iter().position(|session| session.name == wanted.value);
                if found.is_none() && self.spec.sessions.get(&wanted.value).is_none() {
                    let near = did_you_mean(&wanted.value, self.spec.sessions.names());
                    unknown(out, self.around.tree, "session", wanted, near);
                }
                Some(found?)
            }
        };
        let of_session = session.and_then(|at| sessions.get(at)).map(|s| s.scope.clone());
        let mut scope = of_session.unwrap_or_default();
        self.declare_constants(&mut scope);
        let mut feeds = Vec::new();
        for feeder in &journey.feed.0 {
            let source = self.source(feeder, None, out)?;
            feeds.push((source, self.declare_columns(source, &mut scope)));
        }
        if journey.steps.is_empty() {
            out.error(self.around.tree, name.node, "the journey has no steps");
        }
        let owner = name.value.as_str();
        let constants = self.constants(&scope, out, catalogue);
        let (program, scope) =
            self.program(&journey.steps, scope, (SeriesKind::Endpoint, owner), out, catalogue);
        let (cleanup, scope) =
            self.program(&journey.cleanup, scope, (SeriesKind::Endpoint, owner), out, catalogue);
        let name = name.value.clone();
        Some(Journey { name, weight, series, session, feeds, program, cleanup, scope, constants })
    }

    fn program(
        &mut self,
        steps: &[StepNode],
        scope: Scope,
        owner: (SeriesKind, &str),
        out: &mut Diagnostics,
        catalogue: &mut Catalogue,
    ) -> (Program, Scope) {
        let mut builder = Builder::new(self.around, out, catalogue, scope, owner);
        builder.steps(steps);
        self.slos.append(&mut builder.slos);
        builder.finish()
    }

    fn declare_constants(&self, scope: &mut Scope) {
        for name in self.spec.variables.names() {
            scope.declare(name);
        }
    }

    /// The start values of the scenario's variables; each may use the ones before it.
    fn constants(
        &self,
        scope: &Scope,
        out: &mut Diagnostics,
        catalogue: &mut Catalogue,
    ) -> Vec<(Slot, Text)> {
        let owner = (SeriesKind::Run, "variables");
        let mut builder = Builder::new(self.around, out, catalogue, scope.clone(), owner);
        let mut constants = Vec::new();
        for (name, template) in &self.spec.variables {
            let text = builder.text(template, Escape::Plain);
            constants.push((builder.declare(&name.value), text));
        }
        constants
    }

    fn declare_columns(&self, source: usize, scope: &mut Scope) -> Vec<Slot> {
        let feeder = self.sources.get(source).map(|source| Arc::clone(&source.feeder));
        let columns = feeder.iter().flat_map(|feeder| &feeder.columns);
        columns.map(|column| scope.declare(column)).collect()
    }

    /// Rows of a feeder, by the feeder's own order of drawing.
    fn source(
        &mut self,
        name: &At<String>,
        test: Option<&At<VariableTest>>,
        out: &mut Diagnostics,
    ) -> Option<usize> {
        let feeder = self.feeder(name, out)?;
        let pick = self.spec.feeders.get(&name.value).map(|feeder| feeder.pick)?;
        let rows: Arc<[usize]> = match test {
            None => (0..feeder.rows.len()).collect(),
            Some(test) => matching(&feeder, test, self.around, out)?,
        };
        if rows.is_empty() {
            let (node, message) = match test {
                Some(test) => (test.node, format!("no row of `{}` is so", name.value)),
                None => (name.node, format!("`{}` has no rows", name.value)),
            };
            out.error(self.around.tree, node, message);
            return None;
        }
        let shared = |source: &Source| {
            pick == FeederPick::Unique
                && source.pick == pick
                && Arc::ptr_eq(&source.feeder, &feeder)
                && source.rows == rows
        };
        // Whoever wants rows for itself must not meet another one who was promised the same.
        if let Some(known) = self.sources.iter().position(shared) {
            return Some(known);
        }
        self.sources.push(Source { feeder, rows, pick });
        Some(self.sources.len() - 1)
    }

    /// A feeder's table, read once.
    fn feeder(&mut self, name: &At<String>, out: &mut Diagnostics) -> Option<Arc<Feeder>> {
        if let Some(known) = self.feeders.get(&name.value) {
            return known.clone();
        }
        let read = self.read_feeder(name, out).map(Arc::new);
        self.feeders.insert(name.value.clone(), read.clone());
        read
    }

    fn read_feeder(&self, name: &At<String>, out: &mut Diagnostics) -> Option<Feeder> {
        let tree = self.around.tree;
        let Some(spec) = self.spec.feeders.get(&name.value) else {
            let near = did_you_mean(&name.value, self.spec.feeders.names());
            unknown(out, tree, "feeder", name, near);
            return None;
        };
        let csv = &spec.csv;
        let bytes = match (self.around.file)(csv.node, &csv.value) {
            Ok(bytes) => bytes,
            Err(why) => {
                out.error(tree, csv.node, format!("can't read `{}`: {why}", csv.value));
                return None;
            }
        };
        match Feeder::parse(&bytes) {
            Ok(feeder) => Some(feeder),
            Err(errors) => {
                for error in errors {
                    let message = format!("{}:{}: {}", csv.value, error.line, error.message);
                    out.error(tree, csv.node, message);
                }
                None
            }
        }
    }
}

/// The rows of a feeder for which a condition on its columns holds.
fn matching(
    feeder: &Feeder,
    test: &At<VariableTest>,
    around: &Surroundings<'_>,
    out: &mut Diagnostics,
) -> Option<Arc<[usize]>> {
    let mut scope = Scope::default();
    let slots: Vec<Slot> = feeder.columns.iter().map(|column| scope.declare(column)).collect();
    let mut nothing = Catalogue::new();
    let mistakes = out.len();
    let mut builder =
        Builder::new(around, out, &mut nothing, scope.clone(), (SeriesKind::Run, "where"));
    let mut condition = builder.condition(&test.value, test.node);
    // `role == customer`: a bare word on the left is a column.
    if let Some(word) = test.left.as_literal() {
        let Some(slot) = scope.find(word) else {
            let near = did_you_mean(word, scope.names());
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            builder.error(test.node, format!("there is no column `{word}`"), hint.as_deref());
            return None;
        };
        condition = condition.on(Text::slot(slot, word));
    }
    if out.len() > mistakes {
        return None;
    }
    let mut dice = Dice::new(0, 0);
    let mut holds = |row: usize| {
        let mut variables = Variables::default();
        for (column, slot) in slots.iter().enumerate() {
            if let Some(value) = feeder.value(row, column) {
                variables.set(*slot, Arc::clone(value));
            }
        }
        let mut view = View { variables: &mut variables, dice: &mut dice, sequence: 0, user: 0 };
        condition.holds(&mut view)
    };
    Some((0..feeder.rows.len()).filter(|row| holds(*row)).collect())
}

fn unknown(out: &mut Diagnostics, tree: &Tree, what: &str, name: &At<String>, near: Option<&str>) {
    let diagnostic = out.error(tree, name.node, format!("there is no {what} `{}`", name.value));
    if let Some(near) = near {
        diagnostic.hint(format!("did you mean `{near}`?"));
    }
}

/// The scenario's thresholds; one on a series that can't exist is a mistake. Without a catalogue
/// it is not known which series there are. Where only a part is played, the second is missing, and
/// a threshold on the other part is left out: it would have no data.
pub(super) fn thresholds(
    spec: &ScenarioSpec,
    tree: &Tree,
    (catalogue, whole): (Option<&Catalogue>, Option<&Catalogue>),
    out: &mut Diagnostics,
) -> Vec<ThresholdText> {
    let mut made = Vec::new();
    for (name, conditions) in &spec.thresholds {
        let subject: ThresholdSubject = match name.value.parse() {
            Ok(subject) => subject,
            Err(error) => {
                out.error(tree, name.node, format!("{error}"));
                continue;
            }
        };
        if let Some(Err(missing)) = catalogue.map(|catalogue| exists(&subject, catalogue)) {
            if whole.is_none() {
                continue;
            }
            let mut diagnostic = Diagnostic::at(tree, name.node, missing.message);
            diagnostic.hint = missing.hint;
            out.push(diagnostic);
        }
        for condition in &conditions.0 {
            if let Err(why) = subject.accepts(&condition.threshold) {
                out.error(tree, condition.node, why);
            }
            made.push(ThresholdText {
                subject: name.value.clone(),
                condition: condition.threshold.source().to_owned(),
                optional: condition.optional,
            });
        }
    }
    made
}

/// Whether a threshold's series can exist. Queries are only known when the target tells them.
fn exists(subject: &ThresholdSubject, catalogue: &Catalogue) -> Result<(), Diagnostic> {
    if subject.metric.starts_with("sql_") {
        return Ok(());
    }
    if catalogue.iter().any(|(_, series)| subject.takes(series)) {
        return Ok(());
    }
    let wanted = subject.selectors.iter().filter(|selector| !selector.negated);
    let names = || {
        catalogue.iter().flat_map(|(_, series)| {
            [series.name.as_str(), series.step.as_str(), series.journey.as_str()]
        })
    };
    let near = wanted.clone().find_map(|selector| did_you_mean(&selector.pattern, names()));
    let message = format!("no series of this scenario is `{subject}`");
    let mut diagnostic = Diagnostic::new(message);
    diagnostic.hint = near.map(|near| format!("did you mean `{near}`?"));
    Err(diagnostic)
}
