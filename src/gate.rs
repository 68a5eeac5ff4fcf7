//! Judging a run by its record alone: whether it is a measurement, and whether it keeps its limits.

pub mod threshold;
pub mod validity;

#[cfg(test)]
mod tests;
