//! The decision as a document: what was decided, on what it rests, and the hash that binds both.
//!
//! The document carries its own data. What it shows is made from them and from nothing else, so
//! that a document that was edited can be told from one that was written.

mod canonical;
mod compare;
mod html;
mod read;

pub use canonical::canonical;
pub use compare::{Change, Changes};
pub use read::{Kind, ReadError, read};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::terminal::{self, Style};
use super::{RenderError, markdown, tables};
use crate::gate::decision::Decision;

/// Version of the data. Raised when a key goes or changes its meaning.
pub const FORMAT: u32 = 1;

/// Everything that the document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionDocument {
    /// [`FORMAT`] of whoever wrote it.
    pub loadgate_decision: u32,
    /// What is decided on, for people.
    pub title: String,
    /// When it was decided: RFC 3339, UTC.
    pub made: String,
    /// Version of loadgate.
    pub loadgate: String,
    /// Address of the system that was measured.
    pub target: String,
    /// What was asked for, so that it can be asked again.
    pub asked: Question,
    /// What is decided.
    pub decision: Decision,
    /// What the candidate is compared with.
    pub baseline: SideSource,
    /// What is decided on.
    pub candidate: SideSource,
    /// The observation, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<RunSource>,
    /// The newest checks of each profile.
    pub checks: Vec<CheckSource>,
    /// Everything that was ever attested, in the order in which it was.
    pub attestations: Vec<AttestationSource>,
    /// Whom to call.
    pub contacts: Vec<Contact>,
    /// A file with the report of the comparison, to which figures link: a path or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// What a decision was asked for with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The baseline as it was named.
    pub baseline: String,
    /// The file with the rules of the gate, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Differences between the sides that were accepted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// The baseline whose noise was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_from: Option<String>,
}

/// One side of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideSource {
    /// Name of the baseline, or id of the run or of its set.
    pub name: String,
    /// The versions that the target reported.
    pub versions: Vec<String>,
    /// Its runs in the order of time.
    pub runs: Vec<RunSource>,
}

/// A run with what tells its record from every other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSource {
    /// Its id.
    pub id: String,
    /// When it started: RFC 3339, UTC.
    pub started: String,
    /// The record's fingerprint.
    pub sha256: String,
}

/// What checks of one profile found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSource {
    /// The profile.
    pub profile: String,
    /// When they began: RFC 3339, UTC.
    pub started: String,
    /// The version that the target reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many held.
    pub passed: u64,
    /// How many did not.
    pub failed: u64,
    /// How many were not done.
    pub skipped: u64,
    /// SHA-256 of the canonical form of the stored report.
    pub sha256: String,
}

/// Something that was attested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationSource {
    /// Of what.
    pub criterion: String,
    /// `holds`, `fails` or `revoked`.
    pub stand: String,
    /// By whom.
    pub by: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// What there is to say about it.
    pub note: String,
}

/// Somebody to call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// What for.
    pub role: String,
    /// Who.
    pub name: String,
    /// When they can be reached.
    pub availability: String,
}

impl Contact {
    /// The roles of the guide; names that nobody has filled in stay visible.
    pub fn of_guide() -> Vec<Self> {
        let roles = [
            ("Lead Developer", "[Hours]"),
            ("DevOps Engineer", "[Hours]"),
            ("Database Admin", "On-call"),
            ("Project Manager", "Business hours"),
            ("CTO/Technical Lead", "Emergency only"),
        ];
        let contact = |(role, availability): (&str, &str)| Self {
            role: role.to_owned(),
            name: "[Name]".to_owned(),
            availability: availability.to_owned(),
        };
        roles.into_iter().map(contact).collect()
    }
}

impl DecisionDocument {
    /// SHA-256 of the canonical form of everything that the document says, in hexadecimal.
    pub fn sha256(&self) -> Result<String, RenderError> {
        hash_of(self)
    }

    /// The document for machines, indented, with its hash.
    pub fn json(&self) -> Result<String, RenderError> {
        #[derive(Serialize)]
        struct Bound<'a> {
            sha256: String,
            data: &'a DecisionDocument,
        }
        let bound = Bound { sha256: self.sha256()?, data: self };
        let text = serde_json::to_string_pretty(&bound).map_err(|error| fault(&error))?;
        Ok(text + "\n")
    }

    /// The document as a page: a single file that loads nothing from anywhere.
    pub fn html(&self) -> Result<String, RenderError> {
        html::page(self, &self.sha256()?).map_err(|error| fault(&error))
    }

    /// The document as Markdown.
    pub fn markdown(&self) -> Result<String, RenderError> {
        let sha256 = self.sha256()?;
        let standing = tables::decision::standing(self);
        let title =
            format!("# {}: {}", markdown::escape(&self.title), markdown::escape(&standing.word));
        let mut blocks = vec![title];
        blocks.extend(standing.sentence.as_deref().map(markdown::escape));
        let reasons = standing.reasons.iter().map(|reason| markdown::escape(&reason.text));
        blocks.push(markdown::list(reasons));
        blocks.push(markdown::list(standing.facts.iter().map(markdown::named)));
        let all = tables::decision::all(self);
        blocks.extend(all.iter().flat_map(markdown::table_blocks));
        blocks.push(format!("## Data\n\n{}", markdown::escape(&bound_by(&sha256))));
        blocks.push(format!("{MARKDOWN_START}\n{}\n{MARKDOWN_END}", self.embedded()?));
        blocks.retain(|block| !block.is_empty());
        Ok(format!("{}\n", blocks.join("\n\n")))
    }

    /// What people read on a terminal of so many columns.
    pub fn text(&self, style: Style, columns: usize) -> String {
        let standing = tables::decision::standing(self);
        let mut lines = vec![terminal::titled(&self.title, &self.loadgate, style), String::new()];
        let shown = tables::decision::needed(self);
        lines.extend(terminal::tables_lines(shown, style, columns));
        lines.push(String::new());
        let facts = standing.facts.iter();
        lines.extend(facts.flat_map(|fact| terminal::named_within(fact, style, columns)));
        lines.push(String::new());
        // Who is at a terminal sees the end first.
        lines.extend(terminal::answered(&standing, style, columns));
        lines.push(String::new());
        lines.join("\n")
    }

    /// The canonical form as it stands in documents: no character of it ends the block or the
    /// comment that it stands in, or is taken for markup. Read as JSON it is the same.
    fn embedded(&self) -> Result<String, RenderError> {
        let value = serde_json::to_value(self).map_err(|error| fault(&error))?;
        let mut text = String::new();
        for character in canonical(&value).chars() {
            let plain = character.is_ascii_graphic() || character == ' ';
            if plain && !matches!(character, '<' | '>' | '&' | '`' | '@') {
                text.push(character);
            } else {
                let mut units = [0; 2];
                let units = character.encode_utf16(&mut units);
                text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
        Ok(text)
    }
}

/// What stands before the data in Markdown.
const MARKDOWN_START: &str = "```json";
/// What stands behind them.
const MARKDOWN_END: &str = "```";
/// What stands before the data in a page.
const HTML_START: &str = "<script type=\"application/json\" id=\"decision\">";
/// What stands behind them.
const HTML_END: &str = "</script>";

/// What people are told of the hash.
fn bound_by(sha256: &str) -> String {
    format!(
        "Everything above is made from the data below. The SHA-256 of their canonical form is \
         {sha256}; `loadgate decide --verify FILE` says whether anything was changed since."
    )
}

/// SHA-256 of the canonical form of a document, in hexadecimal.
pub fn hash_of(document: &impl Serialize) -> Result<String, RenderError> {
    let value = serde_json::to_value(document).map_err(|error| fault(&error))?;
    let bytes = Sha256::digest(canonical(&value).as_bytes());
    Ok(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn fault(detail: &impl ToString) -> RenderError {
    RenderError { format: "decision", detail: detail.to_string() }
}
