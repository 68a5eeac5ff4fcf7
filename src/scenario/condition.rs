//! Conditions of thresholds: `p(95) < 500ms`.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};

use super::at::At;
use super::diagnostic::did_you_mean;
use super::grammar::{Grammar, GrammarError, Written, written_as_text, written_by_serde};
use super::words::cut;
use crate::units::{Nanos, Ratio};

/// What is made of all values of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregate {
    /// `avg`
    Average,
    /// `min`
    Minimum,
    /// `max`
    Maximum,
    /// `med`
    Median,
    /// `p(95)`: 95 per cent of all values are at most this large.
    Percentile(f64),
    /// `rate`: a share.
    Rate,
    /// `count`
    Count,
    /// `count/s`
    PerSecond,
}

impl Aggregate {
    /// Whether it is made of durations.
    pub fn is_duration(self) -> bool {
        match self {
            Self::Average | Self::Minimum | Self::Maximum | Self::Median | Self::Percentile(_) => {
                true
            }
            Self::Rate | Self::Count | Self::PerSecond => false,
        }
    }
}

impl Aggregate {
    /// The percentile that it is, from 0 to 100; the others are none.
    pub fn percent(self) -> Option<f64> {
        match self {
            Self::Percentile(percent) => Some(percent),
            Self::Median => Some(50.0),
            Self::Average
            | Self::Minimum
            | Self::Maximum
            | Self::Rate
            | Self::Count
            | Self::PerSecond => None,
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Average => f.write_str("avg"),
            Self::Minimum => f.write_str("min"),
            Self::Maximum => f.write_str("max"),
            Self::Median => f.write_str("med"),
            Self::Percentile(percent) => write!(f, "p({percent})"),
            Self::Rate => f.write_str("rate"),
            Self::Count => f.write_str("count"),
            Self::PerSecond => f.write_str("count/s"),
        }
    }
}

impl FromStr for Aggregate {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        match text {
            "avg" => return Ok(Self::Average),
            "min" => return Ok(Self::Minimum),
            "max" => return Ok(Self::Maximum),
            "med" => return Ok(Self::Median),
            "rate" => return Ok(Self::Rate),
            "count" => return Ok(Self::Count),
            "count/s" => return Ok(Self::PerSecond),
            _ => {}
        }
        let inner = text.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
        let Some(number) = inner.or_else(|| text.strip_prefix('p')) else {
            let known = ["avg", "min", "max", "med", "p(95)", "rate", "count", "count/s"];
            let advice = match did_you_mean(text, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known are {}", known.join(", ")),
            };
            return Err(GrammarError::new(format!("`{text}` is no aggregate; {advice}")));
        };
        match number.trim().parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self::Percentile(percent)),
            Ok(_) | Err(_) => {
                let message = format!("`{text}`: a percentile is above 0 and at most 100");
                Err(GrammarError::new(message))
            }
        }
    }
}

/// How a value and its limit are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
}

impl Relation {
    /// All, longer ones before those that they begin with. k6 also knows `===`.
    const WORDS: [(&'static str, Self); 6] = [
        ("===", Self::Equal),
        ("==", Self::Equal),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// How it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
        }
    }

    /// Whether `value` and `limit` stand in this relation; never with what is no number.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::Greater => value > limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Equal => (value - limit).abs() <= f64::EPSILON * limit.abs(),
        }
    }
}

/// What a value is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// `500ms`
    Duration(Nanos),
    /// `1%`
    Share(Ratio),
    /// `1000`
    Number(f64),
    /// `+10%`: relative to the baseline.
    Change(Ratio),
}

/// What a metric must be.
///
/// ```text
/// condition = aggregate relation limit [ "for" duration ]
/// aggregate = "avg" | "min" | "max" | "med" | "p(" number ")" | "rate" | "count" | "count/s"
/// relation  = "<" | "<=" | ">" | ">=" | "=="
/// limit     = duration | number | share | ( "+" | "-" ) share "%"
/// ```
/// A bare number after a duration's aggregate is milliseconds, as in k6; a signed percentage is
/// relative to the baseline. With `for` the limit must be broken that long without a pause.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is made of all values.
    pub aggregate: Aggregate,
    /// How it is compared.
    pub relation: Relation,
    /// With what.
    pub limit: Limit,
    /// How long the limit must be broken without a pause.
    pub sustained: Option<Nanos>,
    source: String,
}

/// A comparison with a limit, without what is compared: `<= +10%`, `< 1%`.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitTest {
    /// How it is compared.
    pub relation: Relation,
    /// With what: a change when signed, else a share.
    pub limit: Limit,
    source: String,
}

written_as_text! {
    Condition: TEXT, "a condition such as `p(95) < 500ms`, `rate < 1%` or `count > 100`",
        ["p(95) < 500ms", "avg < 200ms", "rate < 1%", "count/s > 50", "p(99) < 500ms for 2m"];
    LimitTest: TEXT, "a limit such as `<= +10%` or `< 1%`", ["<= +10%", "> 2%"];
}

impl Condition {
    /// The condition as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for Condition {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let source = source.trim();
        let (aggregate, relation, rest) = relation(source, Self::WANTED)?;
        let aggregate: Aggregate = aggregate.parse()?;
        let (limit, sustained) = match rest.split_once(" for ") {
            Some((limit, length)) => (limit.trim(), Some(sustained(length.trim())?)),
            None => (rest, None),
        };
        for word in [" within ", " over ", ","] {
            if limit.contains(word) {
                let message = format!(
                    "`{}` in `{source}` is not known here; a condition ends with its limit or `for 2m`",
                    word.trim()
                );
                return Err(GrammarError::new(message));
            }
        }
        let limit = limit_of(aggregate, limit)?;
        Ok(Self { aggregate, relation, limit, sustained, source: source.to_owned() })
    }
}

impl LimitTest {
    /// The comparison as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Display for LimitTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl FromStr for LimitTest {
    type Err = GrammarError;

    fn from_str(source: &str) -> Result<Self, GrammarError> {
        let source = source.trim();
        let (before, relation, limit) = relation(source, Self::WANTED)?;
        if !before.is_empty() {
            let message = format!("expected {}, found `{source}`", Self::WANTED);
            return Err(GrammarError::new(message));
        }
        let limit = limit_of(Aggregate::Rate, limit)?;
        Ok(Self { relation, limit, source: source.to_owned() })
    }
}

/// What stands left and right of the relation.
pub(super) fn relation<'a>(
    source: &'a str,
    wanted: &str,
) -> Result<(&'a str, Relation, &'a str), GrammarError> {
    let unfit = || GrammarError::new(format!("expected {wanted}, found `{source}`"));
    let at = source.find(['<', '>', '=', '!']).ok_or_else(unfit)?;
    let (left, rest) = cut(source, at);
    let known = Relation::WORDS.iter().find(|(word, _)| rest.starts_with(word));
    let (word, relation) = known.ok_or_else(unfit)?;
    let right = rest.strip_prefix(word).unwrap_or_default().trim();
    if right.is_empty() {
        return Err(GrammarError::new(format!("`{source}` has no limit after `{word}`")));
    }
    Ok((left.trim(), *relation, right))
}

fn sustained(length: &str) -> Result<Nanos, GrammarError> {
    match length.parse() {
        Ok(Nanos::ZERO) => Err(GrammarError::new("`for` takes a duration above zero")),
        Ok(length) => Ok(length),
        Err(_) => Err(GrammarError::new(format!(
            "expected {} after `for`, found `{length}`",
            Nanos::WANTED
        ))),
    }
}

/// The limit as it fits the aggregate.
fn limit_of(aggregate: Aggregate, text: &str) -> Result<Limit, GrammarError> {
    if text.starts_with(['+', '-']) {
        let share = text.parse::<Ratio>().ok().filter(|_| text.ends_with('%'));
        let message = || format!("`{text}` is not a change such as `+10%`");
        return share.map(Limit::Change).ok_or_else(|| GrammarError::new(message()));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let limit = match aggregate {
        Aggregate::Rate => text.parse().ok().map(Limit::Share),
        Aggregate::Count => number.map(Limit::Number),
        Aggregate::PerSecond => {
            let bare = text.strip_suffix("/s").unwrap_or(text).trim();
            bare.parse().ok().filter(|number: &f64| number.is_finite()).map(Limit::Number)
        }
        Aggregate::Average
        | Aggregate::Minimum
        | Aggregate::Maximum
        | Aggregate::Median
        | Aggregate::Percentile(_) => match number {
            Some(milliseconds) => Some(Nanos::from_secs_f64(milliseconds / 1e3)),
            None => text.parse().ok(),
        }
        .map(Limit::Duration),
    };
    let wanted = match aggregate {
        Aggregate::Rate => Ratio::WANTED,
        Aggregate::Count | Aggregate::PerSecond => "a number",
        Aggregate::Average
        | Aggregate::Minimum
        | Aggregate::Maximum
        | Aggregate::Median
        | Aggregate::Percentile(_) => Nanos::WANTED,
    };
    let message = || format!("`{aggregate}` is held against {wanted}, found `{text}`");
    limit.ok_or_else(|| GrammarError::new(message()))
}

/// A condition with what is to happen when it does not hold.
///
/// In the file either the condition alone, `p(95) < 500ms`, or a mapping with `threshold:`.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionSpec {
    /// The condition.
    pub threshold: Condition,
    /// Whether the run ends as soon as it does not hold.
    pub abort_on_fail: bool,
    /// How long after the start it is not looked at for this.
    pub delay_abort_eval: Option<Nanos>,
    /// Whether missing data is accepted.
    pub optional: bool,
    /// What to tell people when it does not hold.
    pub message: Option<String>,
}

/// The long form of a threshold.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(rename = "a threshold", deny_unknown_fields)]
#[schemars(rename = "Threshold")]
struct LongForm {
    /// The condition, such as `p(95) < 500ms`.
    threshold: At<Condition>,
    /// Ends the run as soon as the condition does not hold.
    #[serde(default, alias = "abortOnFail")]
    abort_on_fail: bool,
    /// How long after the start the run is not ended for it.
    #[serde(alias = "delayAbortEval")]
    delay_abort_eval: Option<At<Nanos>>,
    /// Accepts that there is no data; otherwise no data is a failure.
    #[serde(default)]
    optional: bool,
    /// What to tell people when the condition does not hold.
    message: Option<String>,
}

written_by_serde!(ConditionSpec);

impl From<Condition> for ConditionSpec {
    fn from(threshold: Condition) -> Self {
        Self {
            threshold,
            abort_on_fail: false,
            delay_abort_eval: None,
            optional: false,
            message: None,
        }
    }
}

impl<'de> Deserialize<'de> for ConditionSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SCALAR_OR_MAPPING, ConditionVisitor)
    }
}

/// Asks the tree's reader to call `visit_newtype_struct` for a scalar and `visit_some` for a
/// mapping.
pub(super) const SCALAR_OR_MAPPING: &str = "$loadgate::scenario::ScalarOrMapping";

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = ConditionSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a condition such as `p(95) < 500ms`, or a mapping with `threshold:`")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        text: D,
    ) -> Result<ConditionSpec, D::Error> {
        Condition::read(text).map(ConditionSpec::from)
    }

    fn visit_some<D: Deserializer<'de>>(self, mapping: D) -> Result<ConditionSpec, D::Error> {
        let long = LongForm::deserialize(mapping)?;
        Ok(ConditionSpec {
            threshold: long.threshold.value,
            abort_on_fail: long.abort_on_fail,
            delay_abort_eval: long.delay_abort_eval.map(|at| at.value),
            optional: long.optional,
            message: long.message,
        })
    }
}

impl JsonSchema for ConditionSpec {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("ConditionSpec")
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let short = generator.subschema_for::<Condition>();
        let long = generator.subschema_for::<LongForm>();
        json_schema!({ "anyOf": [short, long] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, want: &str) {
        let got = match input.parse::<Condition>() {
            Ok(Condition { aggregate, relation, limit, sustained, .. }) => {
                let sustained = sustained.map(|at| format!(" for {at}")).unwrap_or_default();
                format!("{aggregate} {} {limit:?}{sustained}", relation.word())
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{input}");
    }

    #[test]
    fn conditions_are_read_as_k6_writes_them_and_with_units() {
        check("p(95)<500", "p(95) < Duration(Nanos(500000000))");
        check("p(99.9) < 1s", "p(99.9) < Duration(Nanos(1000000000))");
        check("p95<=1.5", "p(95) <= Duration(Nanos(1500000))");
        check("avg < 200ms", "avg < Duration(Nanos(200000000))");
        check("rate<0.01", "rate < Share(Ratio(0.01))");
        check("rate < 1%", "rate < Share(Ratio(0.01))");
        check("count>=100", "count >= Number(100.0)");
        check("count/s > 50", "count/s > Number(50.0)");
        check("count/s > 50/s", "count/s > Number(50.0)");
        check("rate===0", "rate == Share(Ratio(0.0))");
        check("p(95) <= +10%", "p(95) <= Change(Ratio(0.1))");
        check("p(99) < 500ms for 2m", "p(99) < Duration(Nanos(500000000)) for 2m");
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let wanted = Condition::WANTED;
        check("", &format!("expected {wanted}, found ``"));
        check("p(95) 500", &format!("expected {wanted}, found `p(95) 500`"));
        check("p(95) != 500", &format!("expected {wanted}, found `p(95) != 500`"));
        check("p(95) <", "`p(95) <` has no limit after `<`");
        check("p(101) < 5", "`p(101)`: a percentile is above 0 and at most 100");
        check("agv < 5", "`agv` is no aggregate; did you mean `avg`?");
        check("rate < 5ms", &format!("`rate` is held against {}, found `5ms`", Ratio::WANTED));
        check("count < 5%", "`count` is held against a number, found `5%`");
        check("avg < 5%", &format!("`avg` is held against {}, found `5%`", Nanos::WANTED));
        check("avg < +5", "`+5` is not a change such as `+10%`");
        check("avg < 5 for x", &format!("expected {} after `for`, found `x`", Nanos::WANTED));
        check("avg < 5 for 0", "`for` takes a duration above zero");
        check(
            "avg < 5 within 1m",
            "`within` in `avg < 5 within 1m` is not known here; a condition ends with its limit or `for 2m`",
        );
    }

    #[test]
    fn a_limit_alone_is_read() {
        let read = |text: &str| text.parse::<LimitTest>().map(|test| (test.relation, test.limit));
        assert_eq!(read("<= +10%"), Ok((Relation::LessOrEqual, Limit::Change(Ratio(0.1)))));
        assert_eq!(read("> 2%"), Ok((Relation::Greater, Limit::Share(Ratio(0.02)))));
        assert!(read("p95 > 2%").is_err() && read("> 2ms").is_err() && read("2%").is_err());
    }
}
