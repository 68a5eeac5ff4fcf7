//! Naming requests to the target, so that it can name them to its database.
//!
//! Every request bears a `traceparent` header (W3C Trace Context, section 3.2) while a tap looks at
//! the statements. A target that writes it into its SQL (sqlcommenter) tells which request each
//! statement belongs to. The trace itself says which endpoint that is, so nobody has to remember
//! the requests; spans that the target makes of its own keep the trace.

use std::fmt::Write as _;

use super::Request;
use crate::names::SeriesId;

/// The name of the header.
const HEADER: &str = "traceparent";

/// The first sixteen bits of every trace of ours: `lg`.
const MARK: u128 = 0x6c67;

/// The traces of one worker.
#[derive(Debug)]
pub struct Traces {
    worker: u16,
    requests: u64,
}

impl Traces {
    /// The traces of the worker with this index.
    pub fn new(worker: usize) -> Self {
        Self { worker: u16::try_from(worker).unwrap_or(u16::MAX), requests: 0 }
    }

    /// Gives a request for `series` a trace of its own, unless the step gave it one.
    pub fn name(&mut self, request: &mut Request, series: SeriesId) {
        if request.header(HEADER).is_some() {
            return;
        }
        self.requests += 1;
        let (worker, number) = (self.worker, self.requests);
        request.add_line(HEADER, |_target, line| {
            // 16 bits each: mark, series, zeros, worker; then 64 bits that count.
            let series = series.0;
            let written =
                write!(line, "00-6c67{series:04x}0000{worker:04x}{number:016x}-{number:016x}-01");
            debug_assert!(written.is_ok(), "a string takes everything");
        });
    }
}

/// The series of the endpoint that a trace context belongs to; `None` if it is not one of ours.
pub fn series_of(traceparent: &str) -> Option<SeriesId> {
    let trace = traceparent.split('-').nth(1).filter(|trace| trace.len() == 32)?;
    let trace = u128::from_str_radix(trace, 16).ok()?;
    let ours = trace >> 112 == MARK;
    let series = u16::try_from((trace >> 96) & 0xffff).ok()?;
    ours.then_some(SeriesId(series))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn a_trace_says_which_endpoint_it_belongs_to() {
        let mut request = Request::default();
        request.begin(&Method::GET);
        let mut traces = Traces::new(3);
        traces.name(&mut request, SeriesId(0x0142));
        let trace = request.header(HEADER).unwrap();
        assert_eq!(trace, "00-6c670142000000030000000000000001-0000000000000001-01");
        assert_eq!(series_of(trace), Some(SeriesId(0x0142)));
        // A span of the target's own.
        let inner = "00-6c670142000000030000000000000001-b7ad6b7169203331-01";
        assert_eq!(series_of(inner), Some(SeriesId(0x0142)));
        for foreign in ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "", "00-6c67-1"]
        {
            assert_eq!(series_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_step_can_name_its_own_trace() {
        let mut request = Request::default();
        request.begin(&Method::GET);
        request.add_line(HEADER, |_, line| line.push_str("mine"));
        Traces::new(0).name(&mut request, SeriesId(7));
        assert_eq!(request.header(HEADER), Some("mine"));
    }
}
