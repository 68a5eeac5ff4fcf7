//! Judging runs by their records: whether one is a measurement, whether it keeps its limits, and
//! whether a candidate may go to production, compared with a baseline.

pub mod decision;
pub mod evidence;
pub mod features;
pub mod identity;
pub mod judge;
pub mod leaks;
pub mod limit;
pub mod live;
pub mod noise;
pub mod observation;
pub mod ruling;
pub mod sessions;
pub mod threshold;
pub mod validity;

#[cfg(test)]
mod tests;
