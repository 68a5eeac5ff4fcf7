//! The tests that need more than one module, or the world outside, linked once.
#![cfg(test)]

mod archive;
mod baselines;
mod engine_real;
mod engine_sim;
mod cli;
mod compared;
mod database;
mod decision;
mod conformance;
mod browser;
mod fixture;
mod github;
mod golden;
mod identity;
mod live;
mod junit;
mod logs;
mod nginx;
mod observation;
mod observations;
mod peers;
mod pictures;
mod policy;
mod pool;
mod postgres;
mod repetition;
mod sample;
mod reports;
mod scenarios;
mod server;
mod stats;
mod store;
mod suites;
mod tap;
