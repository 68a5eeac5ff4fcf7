//! What a threshold is about: `http_req_duration{endpoint:GET /api/*}`.

use std::fmt;
use std::str::FromStr;

use super::condition::{Aggregate, Condition, Limit, Relation};
use super::diagnostic::did_you_mean;
use super::grammar::{GrammarError, written_as_text};
use super::words::{first_word, outside};
use crate::names::{Catalogue, Metric, Series, SeriesId, SeriesKind};
use crate::units::Ratio;

/// Metrics that are no distribution of durations.
const COUNTED: [&str; 8] = [
    "http_req_failed",
    "http_reqs",
    "checks",
    "iterations",
    "dropped_iterations",
    "data_sent",
    "data_received",
    "sql_queries",
];

/// Metrics that are compared with a baseline: what users and queries wait for.
const COMPARED: [Metric; 4] = [Metric::Response, Metric::Duration, Metric::Waiting, Metric::Query];

/// What a selector looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Method and path template; for a query the endpoint that caused it.
    Endpoint,
    /// Name of the journey.
    Journey,
    /// Name of the step.
    Step,
    /// Normal form of the query.
    Query,
    /// Name of the phase.
    Phase,
    /// Name of the session whose login it is.
    Session,
}

impl Tag {
    /// All tags with their words.
    const WORDS: [(&'static str, Self); 6] = [
        ("endpoint", Self::Endpoint),
        ("journey", Self::Journey),
        ("step", Self::Step),
        ("query", Self::Query),
        ("phase", Self::Phase),
        ("session", Self::Session),
    ];

    /// How it is written.
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, tag)| *tag == self);
        known.map(|(word, _)| *word).unwrap_or_default()
    }
}

/// One condition on what is measured: `endpoint:GET /api/*` or `journey!=admin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// What is looked at.
    pub tag: Tag,
    /// A text in which `*` stands for anything.
    pub pattern: String,
    /// Whether what matches is left out.
    pub negated: bool,
}

/// What a threshold is about.
///
/// ```text
/// subject  = metric [ "{" selector { "," selector } "}" ]
/// selector = tag ( ":" | "=" | "!=" ) glob
/// tag      = "endpoint" | "journey" | "step" | "query" | "phase" | "session"
/// ```
/// Without a `session` selector, durations of logins are left out: they have their own series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdSubject {
    /// A word of [`Metric::word`], or one of the counted metrics.
    pub metric: String,
    /// All must hold.
    pub selectors: Vec<Selector>,
}

written_as_text! {
    ThresholdSubject: TEXT, "a metric such as `http_req_duration{endpoint:GET /api/*}`",
        ["http_req_duration", "http_req_failed", "http_req_duration{endpoint:GET /api/*}"];
    SloSpec: TEXT, "a condition such as `p(95) < 500ms` or `http_req_waiting p(95) < 100ms`",
        ["p(95) < 500ms", "http_req_waiting p(95) < 100ms"];
}

impl ThresholdSubject {
    /// All metrics that can be named.
    pub fn known_metrics() -> impl Iterator<Item = &'static str> {
        Metric::ALL.into_iter().map(Metric::word).chain(COUNTED)
    }

    /// The metric, if it is a distribution of durations.
    pub fn metric_kind(&self) -> Option<Metric> {
        Metric::from_word(&self.metric)
    }

    /// Whether values of `series` are meant.
    pub fn takes(&self, series: &Series) -> bool {
        self.takes_kind(series.kind) && self.selectors.iter().all(|selector| selector.takes(series))
    }

    /// Ids of the series of a run that are meant. Where a tap saw the statements of the target, those
    /// that the target reports itself are the same once more, and are meant only by name.
    pub fn picks(&self, catalogue: &Catalogue) -> Vec<SeriesId> {
        let by_name = self.selectors.iter().any(|selector| selector.tag == Tag::Query);
        let twice = !by_name && catalogue.is_tapped();
        let told_twice = |series: &Series| twice && series.kind == SeriesKind::ServerQuery;
        catalogue.matching(|series| self.takes(series) && !told_twice(series)).collect()
    }

    /// Whether the phase with this name is meant; all are when no selector names one.
    pub fn takes_phase(&self, name: &str) -> bool {
        let mut phases = self.selectors.iter().filter(|selector| selector.tag == Tag::Phase);
        phases.all(|selector| selector.matches(name))
    }

    /// Whether phases were named, so that warm-up can be meant, too.
    pub fn names_phase(&self) -> bool {
        self.selectors.iter().any(|selector| selector.tag == Tag::Phase)
    }

    /// Whether `condition` can be asked of this metric; the reason if not.
    pub fn accepts(&self, condition: &Condition) -> Result<(), String> {
        let aggregate = condition.aggregate;
        let fits = match self.metric.as_str() {
            "http_req_failed" | "dropped_iterations" => !aggregate.is_duration(),
            "checks" => matches!(aggregate, Aggregate::Rate | Aggregate::Count),
            "http_reqs" | "iterations" | "data_sent" | "data_received" | "sql_queries" => {
                matches!(aggregate, Aggregate::Count | Aggregate::PerSecond)
            }
            _ => aggregate != Aggregate::Rate,
        };
        if let Limit::Change(change) = condition.limit {
            return self.accepts_change(condition, change);
        }
        if fits {
            return Ok(());
        }
        let known = match self.metric.as_str() {
            "http_req_failed" | "dropped_iterations" => "`rate`, `count` and `count/s`",
            "checks" => "`rate` and `count`",
            "http_reqs" | "iterations" | "data_sent" | "data_received" | "sql_queries" => {
                "`count` and `count/s`"
            }
            _ => "`avg`, `min`, `med`, `max`, `p(95)`, `count` and `count/s`",
        };
        Err(format!("`{}` has no `{aggregate}`; it has {known}", self.metric))
    }

    /// Whether a limit relative to the baseline can be asked. It is an estimate with an interval,
    /// which the gate has for percentiles of what was measured.
    fn accepts_change(&self, condition: &Condition, change: Ratio) -> Result<(), String> {
        if !self.metric_kind().is_some_and(|kind| COMPARED.contains(&kind)) {
            let known = COMPARED.map(Metric::word).join("`, `");
            let metric = &self.metric;
            return Err(format!("`{metric}` is not compared with the baseline; `{known}` are"));
        }
        let percent = condition.aggregate.percent();
        let wrong = if percent.is_none() {
            "percentiles are compared with the baseline; take `p(95)` or `med`"
        } else if percent >= Some(100.0) {
            "the largest value says nothing of the others; take `p(99)`"
        } else if !matches!(condition.relation, Relation::Less | Relation::LessOrEqual) {
            "a change has an upper limit; write `<` or `<=`"
        } else if condition.sustained.is_some() {
            "a change is one of whole runs; leave `for` out"
        } else if self.names_phase() {
            "all measured phases are compared; leave `phase` out"
        } else if change.0 <= -1.0 {
            "nothing is faster than by 100 %"
        } else {
            return Ok(());
        };
        Err(format!("`{condition}` can't be judged: {wrong}"))
    }

    /// Whether the metric is kept for new and reused connections, not for each endpoint.
    fn is_of_connections(&self) -> bool {
        matches!(
            self.metric_kind(),
            Some(
                Metric::LookingUp
                    | Metric::Connecting
                    | Metric::TlsHandshaking
                    | Metric::Sending
                    | Metric::Receiving
            )
        )
    }

    /// The tags that series of this metric have.
    fn tags(&self) -> &'static [Tag] {
        match self.metric.as_str() {
            "sql_query_duration" | "sql_queries" => {
                &[Tag::Query, Tag::Endpoint, Tag::Journey, Tag::Step, Tag::Phase]
            }
            "iteration_duration" | "iterations" | "dropped_iterations" => {
                &[Tag::Journey, Tag::Phase]
            }
            "schedule_lag" => &[Tag::Phase],
            _ if self.is_of_connections() => &[Tag::Phase],
            _ => &[Tag::Endpoint, Tag::Journey, Tag::Step, Tag::Session, Tag::Phase],
        }
    }

    /// The first selector that no series of this metric can have is a mistake.
    fn verify(self) -> Result<Self, GrammarError> {
        let tags = self.tags();
        let Some(selector) = self.selectors.iter().find(|one| !tags.contains(&one.tag)) else {
            return Ok(self);
        };
        let known: Vec<&str> = tags.iter().map(|tag| tag.word()).collect();
        let (metric, tag) = (&self.metric, selector.tag.word());
        let message = format!("`{metric}` is not kept by `{tag}`, only by {}", known.join(", "));
        Err(GrammarError::new(message))
    }

    fn takes_kind(&self, kind: SeriesKind) -> bool {
        let wants_session = self.selectors.iter().any(|selector| selector.tag == Tag::Session);
        match self.metric.as_str() {
            "sql_query_duration" | "sql_queries" => kind.is_query(),
            "iteration_duration" | "iterations" => kind == SeriesKind::Journey,
            "schedule_lag" => kind == SeriesKind::Run,
            "dropped_iterations" => matches!(kind, SeriesKind::Run | SeriesKind::Journey),
            _ if self.is_of_connections() => kind == SeriesKind::Connection,
            "checks" => kind.is_http() || kind == SeriesKind::SqlStep,
            "http_req_failed" | "http_reqs" | "data_sent" | "data_received" => kind.is_http(),
            _ if wants_session => kind == SeriesKind::Login,
            _ => kind == SeriesKind::Endpoint,
        }
    }
}

impl Selector {
    fn takes(&self, series: &Series) -> bool {
        let value = match (self.tag, series.kind) {
            (Tag::Phase, _) => return true,
            (Tag::Endpoint, kind) if kind.is_query() => &series.endpoint,
            (Tag::Endpoint, kind) if kind.is_http() => &series.name,
            (Tag::Query, kind) if kind.is_query() => &series.name,
            (Tag::Session, SeriesKind::Login) => &series.journey,
            (Tag::Journey, kind) if kind != SeriesKind::Login => &series.journey,
            (Tag::Step, _) => &series.step,
            // The series has no such thing, so that only "everything but …" takes it.
            (Tag::Session | Tag::Journey | Tag::Endpoint | Tag::Query, _) => return self.negated,
        };
        self.matches(value)
    }

    fn matches(&self, value: &str) -> bool {
        glob(&self.pattern, value) != self.negated
    }
}

/// Whether `text` is like `pattern`, in which `*` stands for any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

impl fmt::Display for ThresholdSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        for (at, selector) in self.selectors.iter().enumerate() {
            f.write_str(if at == 0 { "{" } else { "," })?;
            let tag = selector.tag.word();
            let sign = if selector.negated { "!=" } else { ":" };
            let pattern = &selector.pattern;
            if pattern.contains([',', '"', '\'', '\\', '{', '[', '(']) {
                let inside = pattern.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "{tag}{sign}\"{inside}\"")?;
            } else {
                write!(f, "{tag}{sign}{pattern}")?;
            }
        }
        f.write_str(if self.selectors.is_empty() { "" } else { "}" })
    }
}

impl FromStr for ThresholdSubject {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let text = text.trim();
        let (metric, inner) = match text.split_once('{') {
            Some((metric, rest)) => match rest.strip_suffix('}') {
                Some(inner) => (metric.trim(), Some(inner)),
                None => return Err(GrammarError::new(format!("`{{` of `{text}` is not closed"))),
            },
            None => (text, None),
        };
        known_metric(metric)?;
        let mut selectors = Vec::new();
        if let Some(inner) = inner {
            let mut from = 0;
            let commas = outside(inner).into_iter().filter(|(_, char)| *char == ',');
            for end in commas.map(|(at, _)| at).chain([inner.len()]) {
                selectors.push(inner.get(from..end).unwrap_or_default().parse()?);
                from = end + 1;
            }
        }
        Self { metric: metric.to_owned(), selectors }.verify()
    }
}

impl FromStr for Selector {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let text = text.trim();
        let unfit = || {
            GrammarError::new(format!("`{text}` is not a selector such as `endpoint:GET /api/*`"))
        };
        let at = text.find([':', '=', '!']).ok_or_else(unfit)?;
        let (word, rest) = super::words::cut(text, at);
        let (negated, pattern) = match rest.strip_prefix("!=") {
            Some(pattern) => (true, pattern),
            None => (false, rest.strip_prefix([':', '=']).ok_or_else(unfit)?),
        };
        let word = word.trim();
        let Some((_, tag)) = Tag::WORDS.iter().find(|(known, _)| *known == word) else {
            let known = Tag::WORDS.iter().map(|(known, _)| *known);
            let advice = match did_you_mean(word, known.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
            };
            return Err(GrammarError::new(format!("`{word}` is no tag; {advice}")));
        };
        let plain = super::words::unquote(pattern.trim())?;
        let is_quoted = plain != pattern.trim();
        let pattern = if is_quoted { plain.replace("\\\\", "\\") } else { plain };
        if pattern.is_empty() {
            return Err(unfit());
        }
        Ok(Self { tag: *tag, pattern, negated })
    }
}

fn known_metric(metric: &str) -> Result<(), GrammarError> {
    if ThresholdSubject::known_metrics().any(|known| known == metric) {
        return Ok(());
    }
    let advice = match did_you_mean(metric, ThresholdSubject::known_metrics()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            format!(
                "known are {}",
                ThresholdSubject::known_metrics().collect::<Vec<_>>().join(", ")
            )
        }
    };
    Err(GrammarError::new(format!("`{metric}` is no metric; {advice}")))
}

/// What one step must keep to.
///
/// ```text
/// slo = [ metric ] condition
/// ```
/// Without a metric it is `http_req_duration`, of an `sql` step `sql_query_duration`.
#[derive(Clone, Debug, PartialEq)]
pub struct SloSpec {
    /// The metric, if one was named.
    pub metric: Option<String>,
    /// The condition.
    pub condition: Condition,
}

impl FromStr for SloSpec {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let text = text.trim();
        let (word, rest) = first_word(text);
        let is_name = word.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        if !is_name || word.parse::<Aggregate>().is_ok() || rest.starts_with(['<', '>', '=', '(']) {
            let condition: Condition = text.parse()?;
            // What an `sql` step measures takes the same conditions.
            let metric = Metric::Duration.word().to_owned();
            let subject = ThresholdSubject { metric, selectors: Vec::new() };
            subject.accepts(&condition).map_err(GrammarError::new)?;
            return Ok(Self { metric: None, condition });
        }
        known_metric(word)?;
        let condition: Condition = rest.parse()?;
        let subject = ThresholdSubject { metric: word.to_owned(), selectors: Vec::new() };
        subject.accepts(&condition).map_err(GrammarError::new)?;
        if !subject.tags().contains(&Tag::Step) {
            return Err(GrammarError::new(format!("`{word}` is not kept by step")));
        }
        Ok(Self { metric: Some(subject.metric), condition })
    }
}

impl fmt::Display for SloSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.metric {
            Some(metric) => write!(f, "{metric} {}", self.condition),
            None => write!(f, "{}", self.condition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(kind: SeriesKind, name: &str, journey: &str, step: &str) -> Series {
        let [name, journey, step] = [name, journey, step].map(str::to_owned);
        Series { kind, name, journey, step, endpoint: "GET /e".to_owned(), tapped: None }
    }

    fn takes(subject: &str, series: &Series) -> bool {
        subject.parse::<ThresholdSubject>().unwrap().takes(series)
    }

    #[test]
    fn subjects_are_shown_as_they_are_read() {
        for text in [
            "http_req_failed",
            "http_req_duration{endpoint:\"GET /api/farms/{farmId}\",journey!=admin}",
            "sql_query_duration{endpoint:POST /api/orders}",
            "http_req_response{phase:warmup*}",
        ] {
            assert_eq!(text.parse::<ThresholdSubject>().unwrap().to_string(), text);
        }
        let spaced: ThresholdSubject = "checks{ step=a , journey != \"b c\" }".parse().unwrap();
        assert_eq!(spaced.to_string(), "checks{step:a,journey!=b c}");
    }

    #[test]
    fn mistakes_say_what_would_be_right() {
        let error = |text: &str| text.parse::<ThresholdSubject>().unwrap_err().to_string();
        assert_eq!(
            error("http_req_duratoin"),
            "`http_req_duratoin` is no metric; did you mean `http_req_duration`?"
        );
        assert_eq!(error("checks{jorney:a}"), "`jorney` is no tag; did you mean `journey`?");
        assert_eq!(error("checks{a"), "`{` of `checks{a` is not closed");
        assert_eq!(error("checks{}"), "`` is not a selector such as `endpoint:GET /api/*`");
        assert!(error("checks{step:}").contains("is not a selector"));
        assert_eq!(
            error("http_req_connecting{endpoint:GET /}"),
            "`http_req_connecting` is not kept by `endpoint`, only by phase"
        );
        assert!(error("checks{status:200}").contains("known are endpoint, journey, step"));
    }

    #[test]
    fn series_are_taken_by_metric_and_selectors() {
        let farms = series(SeriesKind::Endpoint, "GET /api/farms", "customer", "browse");
        let login = series(SeriesKind::Login, "POST /api/login", "customer", "");
        let query = series(SeriesKind::ServerQuery, "SELECT 1", "customer", "browse");
        assert!(takes("http_req_duration", &farms));
        assert!(!takes("http_req_duration", &login) && takes("http_req_failed", &login));
        assert!(takes("http_req_duration{session:cust*}", &login));
        assert!(!takes("http_req_duration{session:cust*}", &farms));
        assert!(takes("http_req_duration{endpoint:GET *}", &farms));
        assert!(!takes("http_req_duration{endpoint:POST *}", &farms));
        assert!(!takes("http_req_failed{journey:customer}", &login));
        assert!(takes("http_req_failed{journey!=admin}", &login));
        assert!(takes("sql_query_duration{endpoint:GET /e,query:*1}", &query));
        assert!(!takes("sql_query_duration", &farms) && !takes("http_reqs", &query));
        assert!(takes("http_req_duration{phase:x}", &farms));
    }

    #[test]
    fn what_the_tap_saw_is_not_meant_twice() {
        let mut catalogue = Catalogue::new();
        let mut join =
            |kind, name: &str| catalogue.intern(&series(kind, name, "customer", "browse")).unwrap();
        let reported = join(SeriesKind::ServerQuery, "farm.findMany");
        let own = join(SeriesKind::SqlStep, "SELECT 1");
        let picks = |catalogue: &Catalogue, subject: &str| {
            subject.parse::<ThresholdSubject>().unwrap().picks(catalogue)
        };
        assert_eq!(picks(&catalogue, "sql_queries"), [reported, own]);
        let tapped = series(SeriesKind::TapQuery, "SELECT farms by id ~3f9a", "customer", "browse");
        let tapped = catalogue.intern(&tapped).unwrap();
        for subject in ["sql_queries", "sql_query_duration", "sql_queries{journey:customer}"] {
            assert_eq!(picks(&catalogue, subject), [own, tapped], "{subject}");
        }
        assert_eq!(picks(&catalogue, "sql_query_duration{query:farm.*}"), [reported]);
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, want) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("*a*", "bab", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn a_condition_must_fit_the_metric() {
        let fits = |subject: &str, condition: &str| {
            let subject: ThresholdSubject = subject.parse().unwrap();
            subject.accepts(&condition.parse().unwrap())
        };
        assert!(fits("http_req_failed", "rate < 1%").is_ok());
        assert_eq!(
            fits("http_req_failed", "p(95) < 1"),
            Err("`http_req_failed` has no `p(95)`; it has `rate`, `count` and `count/s`".to_owned())
        );
        assert!(fits("http_reqs", "rate > 1").is_err() && fits("checks", "rate > 99%").is_ok());
        assert!(fits("checks", "count > 99").is_ok() && fits("checks", "count/s > 9").is_err());
        assert!(fits("sql_query_duration", "rate < 1%").is_err());
    }

    #[test]
    fn a_limit_relative_to_the_baseline_is_asked_of_percentiles() {
        let says = |subject: &str, condition: &str| {
            let subject: ThresholdSubject = subject.parse().unwrap();
            subject.accepts(&condition.parse().unwrap()).err().unwrap_or_default()
        };
        for subject in ["http_req_response", "http_req_duration{journey:a}", "sql_query_duration"] {
            for condition in ["p(95) <= +10%", "p99.9 < +5%", "med <= -3%"] {
                assert_eq!(says(subject, condition), "", "{subject} {condition}");
            }
        }
        let compared = "`http_req_response`, `http_req_duration`, `http_req_waiting`, `sql_query_duration` are";
        for subject in ["http_req_failed", "http_reqs", "iteration_duration", "schedule_lag"] {
            let want = format!("`{subject}` is not compared with the baseline; {compared}");
            assert_eq!(says(subject, "p(95) <= +10%"), want);
        }
        let says = |condition: &str| says("http_req_duration", condition);
        let percentiles = "percentiles are compared with the baseline; take `p(95)` or `med`";
        for condition in ["avg <= +10%", "max < +10%", "count < +10%"] {
            assert_eq!(says(condition), format!("`{condition}` can't be judged: {percentiles}"));
        }
        for (condition, want) in [
            ("p(95) > +10%", "a change has an upper limit; write `<` or `<=`"),
            ("med == +0%", "a change has an upper limit; write `<` or `<=`"),
            ("p(95) <= +10% for 2m", "a change is one of whole runs; leave `for` out"),
            ("p(100) <= +10%", "the largest value says nothing of the others; take `p(99)`"),
            ("p(95) <= -100%", "nothing is faster than by 100 %"),
        ] {
            assert_eq!(says(condition), format!("`{condition}` can't be judged: {want}"));
        }
        let steady: ThresholdSubject = "http_req_response{phase:steady}".parse().unwrap();
        assert!(steady.accepts(&"p(95) <= +10%".parse().unwrap()).is_err());
    }

    #[test]
    fn goals_of_a_step_may_name_their_metric() {
        let read = |text: &str| text.parse::<SloSpec>().map(|slo| slo.to_string());
        assert_eq!(read("p(95) < 500ms").as_deref(), Ok("p(95) < 500ms"));
        assert_eq!(read("avg<5").as_deref(), Ok("avg<5"));
        assert_eq!(
            read("http_req_waiting p(95) < 100ms").as_deref(),
            Ok("http_req_waiting p(95) < 100ms")
        );
        assert_eq!(read("p(95) <= +10%").as_deref(), Ok("p(95) <= +10%"));
        let error = read("avg <= +10%").unwrap_err().to_string();
        assert!(error.contains("percentiles are compared"), "{error}");
        let error = read("rate < 1%").unwrap_err().to_string();
        assert!(error.starts_with("`http_req_duration` has no `rate`"), "{error}");
        let error = read("http_req_wait p(95) < 1").unwrap_err().to_string();
        assert!(error.starts_with("`http_req_wait` is no metric"), "{error}");
        let error = read("http_req_connecting p(95) < 1").unwrap_err().to_string();
        assert_eq!(error, "`http_req_connecting` is not kept by step");
    }
}
