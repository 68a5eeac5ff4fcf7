//! `loadgate run --tap` from outside: a market on PostgreSQL, and what it is said to have sent.

mod counts;
mod drifts;
mod ends;
pub(super) mod shop;
mod slower;
