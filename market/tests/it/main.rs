//! The market from outside: over HTTP, on SQLite and on PostgreSQL.
#![cfg(test)]

mod client;
mod faults;
mod journeys;
mod postgres;
mod rules;
