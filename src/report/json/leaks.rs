//! Readings that are watched for leaks in the JSON document.

use serde::Serialize;

use crate::gate::leaks::{LeakFinding, LeakRow};

/// Growth is in the unit that the name ends with, an hour.
#[derive(Serialize)]
pub(super) struct LeakJson<'a> {
    name: &'a str,
    finding: &'static str,
    why: Option<&'a str>,
    lasted_ns: u64,
    level: Option<f64>,
    growth_per_h: Option<f64>,
    growth_per_h_low: Option<f64>,
    growth_per_h_high: Option<f64>,
    accepted_per_h: Option<f64>,
    limit: Option<f64>,
    hours_left: Option<f64>,
}

impl<'a> LeakJson<'a> {
    pub(super) fn of(row: &'a LeakRow) -> Self {
        let why = match &row.finding {
            LeakFinding::Open(why) => Some(why.as_str()),
            LeakFinding::Leak | LeakFinding::Clean => None,
        };
        Self {
            name: &row.reading,
            finding: row.finding.word(),
            why,
            lasted_ns: row.lasted.0,
            level: row.level,
            growth_per_h: row.slope.map(|slope| slope.value),
            growth_per_h_low: row.slope.map(|slope| slope.low),
            growth_per_h_high: row.slope.map(|slope| slope.high),
            accepted_per_h: row.accepted,
            limit: row.limit,
            hours_left: row.hours_left,
        }
    }
}
