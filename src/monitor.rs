//! Readings beside the load: what systems say of themselves while they work.
//!
//! A monitor that can't read something says so, with what to change, and reads the rest. A
//! [`Watch`] is any of them, looked at again and again.

mod container;
mod fetch;
mod gaps;
mod host;
mod json;
pub mod logs;
pub mod postgres;
mod process;
mod procfs;
pub mod prometheus;
mod watch;

pub use watch::Watch;
