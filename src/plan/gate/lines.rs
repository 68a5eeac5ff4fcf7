//! The lines between GO, HOLD, NO-GO and ROLLBACK: each as it must be written, and in order.

use super::{Resolver, percent};
use crate::record::Lines;
use crate::scenario::{At, Limit, LimitTest, NodeId, Relation};
use crate::units::Ratio;

/// What lines are drawn for.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// The key that they have in the file.
    key: &'static str,
    /// What the number is.
    what: &'static str,
    /// What stands before the number.
    sign: &'static str,
    /// Whether the number can be a line.
    fits: fn(f64) -> bool,
    /// Which numbers can.
    range: &'static str,
}

/// Change of a percentile relative to the baseline. At +0% every second run of the same system
/// would be beyond the line; ten times slower is beyond everything.
pub(super) const CHANGE: Kind = Kind {
    key: "change",
    what: "change",
    sign: "+",
    fits: |line| line > 0.0 && line <= 10.0,
    range: "above +0% and up to +1000%",
};
/// Share of requests that fail.
pub(super) const ERRORS: Kind = Kind {
    key: "error_rate",
    what: "share of failed requests",
    sign: "",
    fits: |line| (0.0..=1.0).contains(&line),
    range: "from 0% to 100%",
};

/// Lines as they are written, where they are.
#[derive(Clone, Copy)]
pub(super) struct Written<'s> {
    pub(super) go: Option<&'s At<LimitTest>>,
    pub(super) no_go: Option<&'s At<LimitTest>>,
    pub(super) rollback: Option<&'s At<LimitTest>>,
}

impl Written<'_> {
    pub(super) fn is_any(&self) -> bool {
        self.go.is_some() || self.no_go.is_some() || self.rollback.is_some()
    }
}

/// One of the three lines.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Go,
    NoGo,
    Rollback,
}

impl Line {
    /// What it says.
    fn meaning(self) -> &'static str {
        match self {
            Self::Go => "up to which it is GO",
            Self::NoGo => "beyond which it is NO-GO",
            Self::Rollback => "beyond which it is ROLLBACK",
        }
    }

    /// The relations that it can be written with; the first is the usual one.
    fn relations(self) -> [Relation; 2] {
        match self {
            Self::Go => [Relation::LessOrEqual, Relation::Less],
            Self::NoGo | Self::Rollback => [Relation::Greater, Relation::GreaterOrEqual],
        }
    }
}

/// The lines that are written, and those of `usual` for the others. They must rise.
pub(super) fn read_lines(
    resolver: &mut Resolver<'_>,
    written: &Written<'_>,
    kind: Kind,
    usual: Lines,
) -> Lines {
    let mut is_right = true;
    let mut line = |line: Line, test: Option<&At<LimitTest>>, usual: Ratio| {
        let Some(test) = test else { return usual };
        let read = kind.read(resolver, line, test);
        is_right &= read.is_some();
        read.unwrap_or(usual)
    };
    let lines = Lines {
        go: line(Line::Go, written.go, usual.go),
        no_go: line(Line::NoGo, written.no_go, usual.no_go),
        rollback: line(Line::Rollback, written.rollback, usual.rollback),
    };
    let Lines { go, no_go, rollback } = lines;
    let culprits = if go > no_go {
        [written.no_go, written.go]
    } else if no_go > rollback {
        [written.rollback, written.no_go]
    } else {
        return lines;
    };
    // A line that could not be read has the usual value, which is not to blame.
    if let Some(at) = culprits.into_iter().flatten().next().filter(|_| is_right) {
        let [go, no_go, rollback] = [go, no_go, rollback].map(|Ratio(line)| percent(line));
        let message = format!(
            "the lines of `{}` must rise, and `go` is {go}, `no_go` {no_go}, `rollback` {rollback}",
            kind.key
        );
        let hint = "give all three; what is not written has its usual line";
        resolver.error(at.node, message, hint);
    }
    lines
}

impl Kind {
    fn read(self, resolver: &mut Resolver<'_>, line: Line, test: &At<LimitTest>) -> Option<Ratio> {
        let (Ratio(value), is_change) = match test.limit {
            Limit::Change(change) => (change, true),
            Limit::Share(share) => (share, false),
            // A limit that stands alone is read as a share or a change.
            Limit::Duration(_) | Limit::Number(_) => return None,
        };
        let is_signed = self.sign == "+";
        let fits = line.relations().contains(&test.relation)
            && is_change == is_signed
            && test.source().ends_with('%');
        if !fits {
            let [relation, _] = line.relations();
            let (sign, number) = (self.sign, percent(value.abs()));
            let right = format!("{} {sign}{number}", relation.word());
            let (what, meaning, found) = (self.what, line.meaning(), test.source());
            let message = format!("expected the {what} {meaning}, found `{found}`");
            resolver.error(test.node, message, &format!("write `{right}`"));
            return None;
        }
        self.verify(resolver, test.node, value).then_some(Ratio(value))
    }

    /// Whether a number can be a line; reports it if not.
    pub(super) fn verify(self, resolver: &mut Resolver<'_>, node: NodeId, value: f64) -> bool {
        let fits = (self.fits)(value);
        if !fits {
            let sign = if value < 0.0 { "" } else { self.sign };
            let message = format!("the {} can't be {sign}{}", self.what, percent(value));
            resolver.error(node, message, &format!("give one {}", self.range));
        }
        fits
    }
}
