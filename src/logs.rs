//! Lines of logs as bytes: which rules they match, and what of them may be shown.
//!
//! [`Rules`] are compiled once. A [`Reader`] takes a log in blocks of any size, puts its lines
//! together, and tells which rules each matches: [`Rules`] look over a whole block at once for
//! where anything could match, and only the lines there are looked at one by one. [`Masks`] take
//! the secrets out of a line that is kept as a sample.

mod builtin;
mod loose;
mod mask;
mod pattern;
mod reader;
mod rules;

pub use builtin::{BuiltIn, BuiltInRule};
pub use mask::{MAX_SAMPLE, Masks};
pub use pattern::{Pattern, PatternError};
pub use reader::{MAX_LINE, Reader};
pub use rules::{MAX_RULES, Rule, Rules, RulesError};
