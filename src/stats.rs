//! Comparing samples: estimates with their intervals, and the decisions that follow from them.
//!
//! Mathematics alone: it knows neither histograms nor records. What is measured comes in as plain
//! figures, what is concluded goes out with its interval and the count behind it. The caller says
//! what a decision means for a release.

pub mod capacity;
pub mod compare;
pub mod decision;
pub mod equivalence;
pub mod errors;
pub mod estimate;
pub mod leak;
pub mod quantile;
