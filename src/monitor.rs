//! Readings beside the load: what a server says of itself while it works.
//!
//! A monitor that can't read something says so, with what to change, and reads the rest.

pub mod logs;
pub mod postgres;
