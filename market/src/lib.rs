//! A farmers market to practise load testing on: JSON over HTTP, on SQLite or PostgreSQL, with faults that
//! can be switched on. The README describes its data, routes and faults.

mod clock;
mod units;
mod ids;
mod timing;
mod faults;
mod db;
mod auth;
mod seed;
mod stats;
mod uploads;
mod app;
mod error;
mod input;
mod model;
mod front;
mod routes;
mod args;
mod market;

pub use self::args::{Args, Config};
pub use self::db::DbError;
pub use self::faults::{Endpoint, FaultKind, FaultSpec, FaultSpecError, Slowdown, StallWhen};
pub use self::market::{Market, MarketError, run};
pub use self::seed::{CITIES, PASSWORD, SeedError, Size, TERMS};
