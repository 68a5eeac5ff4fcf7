//! Assertions on the data of a database, ready to be asked and judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Statement;
use crate::names::{Catalogue, ErrorKind, Metric, SeriesId};
use crate::record::{Answered, Asserted, Counts, Created, Pick, Totals};
use crate::scenario::{
    Diagnostics, Expected, Held, IntegritySpec, ScenarioSpec, Sign, Term, Tree, did_you_mean, glob,
};
use crate::units::{Decimal, group_thousands};

/// The most assertions of a scenario: each is two statements, one after the other.
const MOST: usize = 100;

/// What has to be true of a database when a run is over.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// What it says.
    pub name: String,
    /// Gives the number.
    pub statement: Statement,
    /// What the number has to be.
    pub expect: Expected,
}

/// What was measured of all requests of a run.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// All series.
    pub catalogue: &'a Catalogue,
    /// Everything that was counted.
    pub totals: &'a Totals,
    /// All phases: what was created in the warm-up is there, too.
    pub phases: &'a Pick,
}

impl Assertion {
    /// Holds the numbers before and after a run against each other; an error is the reason why
    /// there is no number.
    pub fn judge(
        &self,
        before: Decimal,
        after: Result<Decimal, String>,
        done: Done<'_>,
    ) -> Asserted {
        let mut created = None;
        let expected = self.expected(before, done, &mut created);
        let found = after.as_ref().ok().copied();
        let mut asserted = Asserted {
            name: self.name.clone(),
            expect: self.expect.source().to_owned(),
            answer: Answered::Unanswered,
            before: Some(before),
            after: found,
            created,
            expected,
            note: after.err(),
        };
        let Some(found) = found else { return asserted };
        let held = match self.expect.held {
            Held::After => Some(found),
            Held::Change => found.minus(before),
        };
        let (Some(held), Some((least, most))) = (held, expected) else {
            asserted.note = Some("the numbers are too large to be added".to_owned());
            return asserted;
        };
        asserted.answer = self.answer(held, (least, most));
        asserted.note = (asserted.answer == Answered::Open).then(|| unsure(created));
        asserted
    }

    /// What is expected: from the least to the most that can have been done.
    fn expected(
        &self,
        before: Decimal,
        done: Done<'_>,
        all: &mut Option<Created>,
    ) -> Option<(Decimal, Decimal)> {
        let mut sum = (Decimal::default(), Decimal::default());
        for (sign, term) in &self.expect.terms {
            let (least, most) = match term {
                Term::Number(number) => (*number, *number),
                Term::Before => (before, before),
                Term::Created(patterns) => {
                    let created = done.created(patterns);
                    all.get_or_insert_default().merge(created);
                    let most = created.surely.saturating_add(created.perhaps);
                    (Decimal::of(created.surely), Decimal::of(most))
                }
            };
            sum = match sign {
                Sign::Plus => (sum.0.plus(least)?, sum.1.plus(most)?),
                Sign::Minus => (sum.0.minus(most)?, sum.1.minus(least)?),
            };
        }
        Some(sum)
    }

    /// The relations are monotonous, so that both ends of the range, and where it is met the value
    /// itself, stand for all that lies between them.
    fn answer(&self, held: Decimal, (least, most): (Decimal, Decimal)) -> Answered {
        let versus = self.expect.versus;
        let candidates = [least, most, held.clamp(least, most)];
        let holding = candidates.iter().filter(|expected| versus.holds(held, **expected)).count();
        match holding {
            0 => Answered::Broken,
            all if all == candidates.len() => Answered::Holds,
            _ => Answered::Open,
        }
    }
}

fn unsure(created: Option<Created>) -> String {
    let perhaps = created.unwrap_or_default().perhaps;
    let requests = if perhaps == 1 { "request" } else { "requests" };
    format!(
        "of {} {requests} that failed it is not known whether the target has done what they asked",
        group_thousands(perhaps)
    )
}

impl Done<'_> {
    /// What requests of these endpoints have done, each request once.
    fn created(&self, patterns: &[String]) -> Created {
        let taken = |name: &str| patterns.iter().any(|pattern| glob(pattern, name));
        let series: BTreeSet<SeriesId> = self
            .catalogue
            .matching(|series| series.kind.is_http() && taken(&series.name))
            .collect();
        let ids = || series.iter().copied();
        let counts = self.totals.counts(self.phases, ids());
        Created {
            surely: self.totals.histogram(self.phases, ids(), Metric::Response).len(),
            perhaps: perhaps(&counts),
        }
    }
}

/// Failures that leave open what the target has done. It has done nothing where nothing was sent,
/// and where it refused the request with a status of 4xx.
fn perhaps(counts: &Counts) -> u64 {
    let open = ErrorKind::ALL.into_iter().filter(|kind| match kind {
        ErrorKind::Dns
        | ErrorKind::Connect
        | ErrorKind::ConnectTimeout
        | ErrorKind::Tls
        | ErrorKind::Status4xx
        | ErrorKind::Data
        | ErrorKind::Sql
        | ErrorKind::Generator => false,
        ErrorKind::Timeout
        | ErrorKind::Reset
        | ErrorKind::Protocol
        | ErrorKind::BodyTooLarge
        | ErrorKind::Redirect
        | ErrorKind::Status5xx
        | ErrorKind::Check
        | ErrorKind::Capture
        | ErrorKind::Interrupted => true,
    });
    open.map(|kind| counts.failed_by(kind)).sum()
}

/// Makes the assertions of a scenario; `known` are its series, where all of them are known.
pub(super) fn assertions(
    spec: &ScenarioSpec,
    databases: &[(String, String)],
    (tree, known): (&Tree, Option<&Catalogue>),
    out: &mut Diagnostics,
) -> Vec<Assertion> {
    if let Some(beyond) = spec.integrity.get(MOST) {
        out.error(tree, beyond.name.node, format!("more than {MOST} assertions"));
    }
    let mut made: Vec<Assertion> = Vec::new();
    for assertion in spec.integrity.iter().take(MOST) {
        let name = &assertion.name;
        if name.trim().is_empty() {
            out.error(tree, name.node, "the assertion has no name")
                .hint("say what holds, for example `name: no orphans`");
        } else if made.iter().any(|known| known.name == name.value) {
            out.error(tree, name.node, format!("two assertions are named `{}`", name.value))
                .hint("say in the name what is different");
        }
        if let Some(known) = known {
            endpoints(assertion, known, tree, out);
        }
        let database = database(assertion, spec, databases, (tree, &mut *out));
        made.push(Assertion {
            name: name.value.clone(),
            statement: Statement {
                // What has no database is never asked: it is a mistake.
                database: database.unwrap_or(usize::MAX),
                sql: Arc::from(assertion.sql.as_str()),
                parameters: Vec::new(),
                allow_write: false,
            },
            expect: assertion.expect.value.clone(),
        });
    }
    made
}

/// The place of the database among those that have an address.
fn database(
    assertion: &IntegritySpec,
    spec: &ScenarioSpec,
    databases: &[(String, String)],
    (tree, out): (&Tree, &mut Diagnostics),
) -> Option<usize> {
    let wanted = assertion.database.as_ref().map_or("default", |name| name.value.as_str());
    if spec.databases.get(wanted).is_none() {
        let hint = did_you_mean(wanted, spec.databases.names()).map_or_else(
            || format!("add it: `databases: {{ {wanted}: \"${{DATABASE_URL}}\" }}`"),
            |near| format!("did you mean `{near}`?"),
        );
        let node = assertion.database.as_ref().map_or(assertion.sql.node, |name| name.node);
        out.error(tree, node, format!("there is no database `{wanted}`")).hint(hint);
    }
    databases.iter().position(|(known, _)| known == wanted)
}

/// Endpoints that are counted and do not exist.
fn endpoints(assertion: &IntegritySpec, catalogue: &Catalogue, tree: &Tree, out: &mut Diagnostics) {
    let all = || catalogue.iter().map(|(_, series)| series).filter(|one| one.kind.is_http());
    for pattern in assertion.expect.endpoints() {
        if all().any(|series| glob(pattern, &series.name)) {
            continue;
        }
        let hint = match did_you_mean(pattern, all().map(|series| series.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write it as reports do, with `*` for what may be anything: \
                     `POST /api/orders`, `POST /api/*`"
                .to_owned(),
        };
        let message = format!("no endpoint of this scenario is `{pattern}`");
        out.error(tree, assertion.expect.node, message).hint(hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;
    use crate::names::{Series, SeriesKind};
    use crate::record::{Cell, Tally};
    use crate::units::Nanos;

    /// A run in which `POST /orders` was done in two journeys: 3 and 4 times in two phases, and
    /// failed as `errors` says.
    fn judged(expect: &str, before: &str, after: &str, errors: &[ErrorKind]) -> Asserted {
        let mut catalogue = Catalogue::new();
        let mut totals = Totals::default();
        for (phase, journey, times) in [(0, "buyer", 3), (1, "admin", 4)] {
            let mut about = Series::of(SeriesKind::Endpoint, "POST /orders");
            about.journey = journey.to_owned();
            let series = catalogue.intern(&about).unwrap();
            let mut histogram = Histogram::new();
            histogram.extend((0..times).map(|_| Nanos::SECOND));
            let metric = Metric::Response;
            totals.add_cell(&Cell { phase, series, metric, histogram });
            let mut counts = Counts::default();
            errors.iter().filter(|_| phase == 0).for_each(|kind| counts.fail(*kind));
            totals.add_tally(&Tally { phase, series, counts });
        }
        let phases = Pick::all(&[info("warm-up"), info("steady")]);
        let assertion = Assertion {
            name: "orders".to_owned(),
            statement: Statement {
                database: 0,
                sql: Arc::from(""),
                parameters: Vec::new(),
                allow_write: false,
            },
            expect: expect.parse().unwrap(),
        };
        let after = after.parse().map_err(|_none| "gone".to_owned());
        let done = Done { catalogue: &catalogue, totals: &totals, phases: &phases };
        assertion.judge(before.parse().unwrap(), after, done)
    }

    fn info(name: &str) -> crate::record::PhaseInfo {
        crate::record::PhaseInfo {
            name: name.to_owned(),
            load: "1/s".to_owned(),
            start: Nanos::ZERO,
            length: Nanos::SECOND,
            measure: name == "steady",
        }
    }

    #[test]
    fn what_was_created_is_counted_in_all_phases_and_once() {
        let conserved = "after == before + created(\"POST /orders\", \"POST *\")";
        for (after, want) in [
            ("107", Answered::Holds),
            ("106", Answered::Broken),
            ("108", Answered::Broken),
            ("", Answered::Unanswered),
        ] {
            let got = judged(conserved, "100", after, &[]);
            assert_eq!(got.answer, want, "{after}");
            assert_eq!(got.created, Some(Created { surely: 7, perhaps: 0 }));
            let expected = Decimal::of(107);
            assert_eq!(got.expected, Some((expected, expected)));
            assert_eq!(got.note.is_some(), want == Answered::Unanswered);
        }
    }

    #[test]
    fn a_request_without_an_answer_leaves_open_only_what_depends_on_it() {
        let conserved = "change == created(\"POST /orders\")";
        let errors =
            [ErrorKind::Timeout, ErrorKind::Status5xx, ErrorKind::Status4xx, ErrorKind::Connect];
        for (after, want) in [
            ("16", Answered::Broken),
            ("17", Answered::Open),
            ("18", Answered::Open),
            ("19", Answered::Open),
            ("20", Answered::Broken),
        ] {
            let got = judged(conserved, "10", after, &errors);
            assert_eq!((got.answer, got.note.is_some()), (want, want == Answered::Open), "{after}");
            assert_eq!(got.created, Some(Created { surely: 7, perhaps: 2 }));
        }
        let least = "after >= before + created(\"POST /orders\")";
        for (after, want) in
            [("16", Answered::Broken), ("18", Answered::Open), ("19", Answered::Holds)]
        {
            assert_eq!(judged(least, "10", after, &errors).answer, want, "{after}");
        }
        let other = "after != before - created(\"POST /orders\")";
        for (after, want) in [
            ("0", Answered::Holds),
            ("1", Answered::Open),
            ("3", Answered::Open),
            ("4", Answered::Holds),
        ] {
            assert_eq!(judged(other, "10", after, &errors).answer, want, "{after}");
        }
        assert_eq!(judged("after == 0", "5", "0", &errors).answer, Answered::Holds);
    }

    #[test]
    fn a_difference_may_be_expected_of_any_number() {
        assert_eq!(judged("change < 0.5", "9.75", "10.24", &[]).answer, Answered::Holds);
        assert_eq!(judged("change < 0.5", "9.75", "10.25", &[]).answer, Answered::Broken);
        let large = "99999999999999999999999999";
        let got = judged("change == before", large, &format!("-{large}"), &[]);
        assert_eq!(got.answer, Answered::Unanswered);
        assert!(got.note.unwrap().contains("too large"));
    }
}
