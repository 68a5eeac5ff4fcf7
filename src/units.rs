//! Quantities with the unit in the type, how they are written, and how they are read.

mod decimal;
mod duration;
mod numbers;
mod rate;
mod reading;

pub use decimal::Decimal;
pub use duration::{Nanos, format_nanos};
pub use numbers::{Bytes, Ratio, UnitError, count_to_f64, f64_to_u64, group_thousands};
pub use rate::Rate;
pub use reading::ReadingUnit;
