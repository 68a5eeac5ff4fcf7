//! The database and what could leak: connections, pool, migrations, memory.

use super::figures::{Figures, Values};
use super::known::{Found, Known, Leak, LogRule, LogTopic};
use super::measured::{Finding, Measure, joined};
use super::{Answer, Source};
use crate::record::DatabaseReading;
use crate::units::{Ratio, f64_to_u64, group_thousands};

/// The guide's limit for the share of connections, or of the pool, that is in use.
pub(super) const USE_LIMIT: Ratio = Ratio(0.8);

/// Connections that fail in more than this share of the readings are no accident: the guide's line
/// for failures that call for a rollback.
const FAILING: Ratio = Ratio(0.05);

/// So many readings with failures are no single event.
const FAILING_LEAST: u64 = 2;

/// The readings of one record with one meaning, whatever monitor read them.
pub(super) fn readings(
    figures: &Figures,
    wanted: DatabaseReading,
) -> impl Iterator<Item = &Values> {
    let means =
        move |what: &String| DatabaseReading::of(what).is_some_and(|(_, one)| one == wanted);
    figures.readings.iter().filter(move |(what, _)| means(what)).map(|(_, values)| values)
}

/// Whether the pool is stable: never beyond its limit, and its connections don't grow in number.
pub(super) fn pool(known: &Known) -> Option<Measure> {
    let used = known.figures.iter().filter_map(used).reduce(Measure::and);
    joined(used, leaking(known, is_connection))
}

/// How much of the pool, or of the server's connections, was in use in one record.
fn used(figures: &Figures) -> Option<Measure> {
    let of = |wanted| readings(figures, wanted);
    let read: Vec<&Values> =
        of(DatabaseReading::PoolUse).chain(of(DatabaseReading::ConnectionsUse)).collect();
    let highest = read.iter().map(|values| values.max).max_by(f64::total_cmp)?;
    let mean = read.iter().filter_map(|values| values.mean()).max_by(f64::total_cmp)?;
    let figure =
        format!("{} at most, {} in the mean, limit {USE_LIMIT}", Ratio(highest), Ratio(mean));
    let go = if highest < USE_LIMIT.0 { Answer::Yes } else { Answer::No };
    let source = Source::part(figures.source.what.clone(), "database");
    Some(Measure { go, no_go: Answer::Open, rollback: Answer::Open, figure, source })
}

/// Whether memory grows without end.
pub(super) fn memory(known: &Known) -> Option<Measure> {
    leaking(known, |leak| !is_connection(leak))
}

fn is_connection(leak: &Leak) -> bool {
    leak.reading.contains("connection") || leak.reading.contains("pool")
}

fn leaking(known: &Known, wanted: impl Fn(&Leak) -> bool) -> Option<Measure> {
    let leaks: Vec<&Leak> = known.leaks.iter().filter(|leak| wanted(leak)).collect();
    let gravest = |leak: &&&Leak| match leak.found {
        Found::Clean => 0,
        Found::Open => 1,
        Found::Bad => 2,
    };
    let worst = leaks.iter().max_by_key(gravest)?;
    let (go, no_go) = match worst.found {
        Found::Clean => (Answer::Yes, Answer::No),
        Found::Open => (Answer::Open, Answer::Open),
        Found::Bad => (Answer::No, Answer::Yes),
    };
    let figure = format!("{}: {}", worst.reading, worst.figure);
    let source = worst.source.clone();
    Some(Measure { go, no_go, rollback: Answer::Open, figure, source })
}

/// Whether connections to the database fail: by what monitors count and by what logs say.
pub(super) fn connections(known: &Known) -> Option<Measure> {
    let read = known.figures.iter().filter_map(failing).reduce(Measure::and);
    let logged = known
        .logs
        .iter()
        .filter(|rule| matches!(rule.topic, LogTopic::Connections | LogTopic::Timeouts));
    joined(read, logged.map(logged_measure).reduce(Measure::and))
}

fn failing(figures: &Figures) -> Option<Measure> {
    let sum = |values: &[&Values]| f64_to_u64(values.iter().map(|own| own.sum).sum::<f64>());
    let errors: Vec<&Values> = readings(figures, DatabaseReading::ConnectionErrors).collect();
    let timeouts: Vec<&Values> = readings(figures, DatabaseReading::QueryTimeouts).collect();
    if errors.is_empty() {
        return None;
    }
    let count =
        |part: fn(&Values) -> u64| errors.iter().map(|own| part(own)).fold(0, u64::saturating_add);
    let (with, of) = (count(|own| own.above_zero), count(|own| own.count));
    let (failed, late) = (sum(&errors), sum(&timeouts));
    let told = if timeouts.is_empty() { "unknown".to_owned() } else { group_thousands(late) };
    let figure = format!(
        "{} failed connections in {with} of {} readings, query timeouts: {told}",
        group_thousands(failed),
        group_thousands(of)
    );
    let often = Ratio::of(with, of).is_some_and(|share| share > FAILING) && with >= FAILING_LEAST;
    let yes = |so: bool| if so { Answer::Yes } else { Answer::No };
    let bad = failed > 0 || late > 0;
    let source = Source::part(figures.source.what.clone(), "database");
    Some(Measure { go: yes(!bad), no_go: yes(bad), rollback: yes(often), figure, source })
}

fn logged_measure(rule: &LogRule) -> Measure {
    let (go, no_go) = match rule.found {
        Found::Clean => (Answer::Yes, Answer::No),
        Found::Open => (Answer::Open, Answer::Open),
        Found::Bad => (Answer::No, Answer::Yes),
    };
    // That lines were logged does not say how much failed: monitors count that.
    let rollback = if rule.found == Found::Clean { Answer::No } else { Answer::Open };
    Measure { go, no_go, rollback, figure: logged(rule), source: rule.source.clone() }
}

fn logged(rule: &LogRule) -> String {
    format!("`{}` took {} lines of the logs", rule.name, group_thousands(rule.lines))
}

/// What logs say of migrations. That there are no complaints does not show that they have
/// completed.
pub(super) fn migrations(known: &Known) -> Option<Finding> {
    let rules = known.logs.iter().filter(|rule| rule.topic == LogTopic::Migrations);
    let bad = rules.into_iter().find(|rule| rule.found == Found::Bad)?;
    Some(Finding { answer: Answer::No, figure: logged(bad), source: bad.source.clone() })
}

/// The two statements of the targets about the database: failed connections and query timeouts.
pub(super) fn counted(figures: &[Figures], wanted: DatabaseReading) -> Option<(u64, Source)> {
    let read = figures.iter().flat_map(|own| {
        readings(own, wanted).map(move |values| (f64_to_u64(values.sum), &own.source))
    });
    let worst = read.max_by_key(|(count, _)| *count)?;
    Some((worst.0, worst.1.clone()))
}

#[cfg(test)]
mod tests {
    use super::super::measured::{all, any};
    use super::*;

    #[test]
    fn statements_about_one_figure_go_together() {
        let of = |go, no_go| Measure {
            go,
            no_go,
            rollback: Answer::No,
            figure: String::new(),
            source: Source::default(),
        };
        let both = of(Answer::Yes, Answer::No).and(of(Answer::Open, Answer::Open));
        assert_eq!((both.go, both.no_go, both.rollback), (Answer::Open, Answer::Open, Answer::No));
        assert_eq!(all(&[Answer::Yes, Answer::No, Answer::Open]), Answer::No);
        assert_eq!(any(&[Answer::No, Answer::Yes, Answer::Open]), Answer::Yes);
    }
}
