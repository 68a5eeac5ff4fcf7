//! The document made once from a record, and the formats that lay it out.
//!
//! Every number is chosen in [`Document::new`]; a format only decides where it stands. What has
//! no data is shown as a dash and written as `null`, never as zero.

mod band;
pub mod baseline;
mod chart;
pub mod checks;
mod csv;
pub mod daily;
pub mod decision;
mod document;
mod figure;
mod figures;
mod foreign;
mod gather;
pub mod github;
pub mod hlog;
mod html;
mod json;
pub mod live;
mod junit;
mod markdown;
pub mod message;
pub mod picture;
mod tables;
pub mod terminal;
mod words;

pub use document::{
    AssertionRow, Checks, ConnectionRow, Curve, Document, ErrorRow, GeneratorFacts, Heat,
    JourneyRow, Judgement, Latency, LoadRow, Observed, QueryRow, Question, ReadingRow, RequestKind,
    RequestRow, RunFacts, ThresholdLine, TimelinePoint, TotalFacts,
};
use thiserror::Error;

/// A file or text that a document can be laid out as.
pub trait Format: Sync {
    /// Its name on the command line.
    fn word(&self) -> &'static str;

    /// How the names of its files end, without the dot.
    fn extension(&self) -> &'static str;

    /// The whole text.
    fn render(&self, document: &Document) -> Result<String, RenderError>;
}

/// Every format, in the order of the manual.
pub const FORMATS: &[&dyn Format] =
    &[&terminal::Text, &json::Json, &markdown::Markdown, &html::Html, &csv::Csv, &junit::Junit];

/// A format that could not be written, which is a fault of ours.
#[derive(Debug, Error)]
#[error("cannot make the {format} report: {detail}")]
pub struct RenderError {
    /// The format's word.
    pub format: &'static str,
    /// What its writer said.
    pub detail: String,
}

impl RenderError {
    fn new(format: &dyn Format, detail: &impl ToString) -> Self {
        Self { format: format.word(), detail: detail.to_string() }
    }

    fn picture(detail: &impl ToString) -> Self {
        Self { format: "picture", detail: detail.to_string() }
    }
}

/// The format whose [`Format::word`] is `word`.
pub fn format(word: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.word() == word)
}
