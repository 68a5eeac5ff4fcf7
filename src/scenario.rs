//! The scenario as it is written: text with places, the language's grammars, and all mistakes at once.
//!
//! A [`Tree`] holds the text of all files and knows where every word stands. Structs are read from
//! it with serde; a value that must be able to say where it came from is an [`At`]. Nothing here
//! opens a file: whoever does gives the text.

mod at;
mod build;
mod canonical;
mod check;
mod checks;
mod condition;
mod diagnostic;
mod extract;
mod gate;
mod grammar;
mod http;
mod integrity;
mod load;
mod logs;
mod monitor;
mod named;
mod reader;
mod reading;
mod render;
mod schema;
mod selector;
mod simulation;
mod spec;
mod step;
mod subject;
mod template;
mod test;
mod think;
mod tree;
mod words;

pub use at::{At, StepNode};
pub use check::{Check, Comparison, Operand};
pub use checks::{
    CHECK_KINDS, CheckCommonSpec, CheckNode, ChecksSpec, ExecSpec, FileSpec, HttpCheckSpec,
    JourneyCheckSpec, LogSpec, ManualSpec, ProfileSpec, ResultsSpec, SqlCheckSpec, checks_schema,
};
pub use condition::{Aggregate, Condition, ConditionSpec, Limit, LimitTest, Relation};
pub use diagnostic::{Diagnostic, Diagnostics, Excerpt, MAX_DIAGNOSTICS, did_you_mean};
pub use extract::{Capture, Extract, JsonPath, Picker};
pub use gate::{
    BandSpec, ChangeSpec, CompareSpec, GateSpec, PolicySpec, ReactionSpec, RollbackSpec,
    SeriesSpec, ShareSpec, ValiditySpec,
};
pub use grammar::{Grammar, GrammarError, Written};
pub use http::{Connections, HttpSpec, HttpVersion};
pub use integrity::{Expected, Held, IntegritySpec, Sign, Term, Versus};
pub use load::{ArrivalKind, LoadShape, PhaseSpec, PrecisionSpec, RateRange, UserRange};
pub use logs::{BuiltInSpec, JournalSpec, LogLimit, LogRuleSpec, LogSourceSpec, LogsSpec};
pub use monitor::{MonitorSpec, ProcessSpec};
pub use named::{Named, OneOrMany};
pub use reading::{LimitSpec, ReadingLimit, ReadingSpec, ReadingTest, ReadingsSpec};
pub use schema::schema;
pub use selector::MetricSelector;
pub use simulation::{
    Amount, DailySpec, FaultSpec, GapSpec, JumpSpec, QueriesSpec, Shift, SimulatedReadingSpec,
    SimulationSpec, TimeSpec,
};
pub use spec::{
    FeederPick, FeederSpec, HealthSpec, JourneySpec, ScenarioSpec, SessionSpec, TapPostgresSpec,
    TapSpec, UseSpec,
};
pub use step::{CommonSpec, OnFail, Repeat};
pub use subject::{Selector, SloSpec, Tag, ThresholdSubject, glob};
pub use template::{Part, Template};
pub use test::VariableTest;
pub use think::{ThinkDistribution, ThinkSpec};
pub use tree::{MAX_DEPTH, MAX_FILES, MAX_NODES, MAX_TEXT, MAX_VISITED, NodeId, Place, Tree};

#[cfg(test)]
mod tests;
