//! The step kinds, one file each.
//!
//! A new kind is a new file and a line in [`KINDS`]: help, schema and "did you mean" follow from
//! the list.

mod group;
mod multipart;
mod parallel;
mod request;
mod sql;
mod think;

use crate::plan::StepKind;

/// All kinds of steps, in the order of the manual.
pub const KINDS: &[&dyn StepKind] =
    &[&request::Kind, &think::Kind, &group::Kind, &parallel::Kind, &sql::Kind];
