//! Live measurement: a shard for each worker, merged between beats.
//!
//! A worker records into memory that only it touches. Once an interval it hands the full
//! [`Shard`]'s content over as a [`Batch`] and goes on with an empty one; the [`Collector`], on
//! another thread, merges the batches of all workers into one
//! [`Interval`](crate::record::Interval) of the record.
//! `merge` is the only aggregation and is exact, so intervals, workers and runs add up alike.

mod causes;
mod collector;
mod shard;

pub use causes::{Causes, Form, Outcome, Statement};
pub use collector::Collector;
pub use shard::{Batch, Exchanged, MOST_EXCHANGES, QueryCache, Shard};
