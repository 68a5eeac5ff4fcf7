//! The run over time in bounded memory: the last ten minutes as they were measured, what is older
//! in coarser points.
//!
//! Points are merged as distributions, so that the percentiles of a coarse one are exact. They are
//! kept in the stored form: about a kilobyte each.

use std::collections::VecDeque;

use super::frame::{Points, Quantiles};
use crate::histogram::{Encoder, Histogram};
use crate::units::Nanos;

/// Intervals that are kept as they were measured: ten minutes of seconds.
pub const RECENT: usize = 600;

/// The most coarser points. When there are as many, each two become one: a run of 48 hours has
/// points of 640 s then.
pub const OLDER: usize = 300;

/// Intervals in the first coarser points.
const FIRST_WIDTH: u64 = 10;

/// What is known of one stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stretch {
    pub(super) start: Nanos,
    pub(super) length: Nanos,
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) dropped: u64,
    pub(super) users: u64,
    pub(super) response: Histogram,
    pub(super) lag: Histogram,
}

impl Stretch {
    /// Adds the stretch that follows.
    fn merge(&mut self, next: &Self) {
        let Self { start: _, length, requests, errors, dropped, users, response, lag } = next;
        self.length = self.length + *length;
        self.requests += requests;
        self.errors += errors;
        self.dropped += dropped;
        self.users = self.users.max(*users);
        self.response.merge(response);
        self.lag.merge(lag);
    }

    fn point(&self) -> Point {
        Point {
            start: self.start,
            length: self.length,
            counts: [self.requests, self.errors, self.dropped, self.users],
            response: Quantiles::of(&self.response),
            lag_p99: self.lag.at(0.99),
        }
    }
}

/// What is drawn of a stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    start: Nanos,
    length: Nanos,
    /// Requests, errors, dropped starts, users.
    counts: [u64; 4],
    response: Quantiles,
    lag_p99: Option<Nanos>,
}

/// A stretch with its distributions in the stored form.
#[derive(Clone, Debug)]
struct Kept {
    point: Point,
    response: (Vec<u8>, u64),
    lag: (Vec<u8>, u64),
}

impl Kept {
    fn new(stretch: &Stretch, encoder: &mut Encoder) -> Self {
        let mut stored = |histogram: &Histogram| {
            let bytes = if histogram.is_empty() { Vec::new() } else { encoder.encode(histogram) };
            (bytes, histogram.beyond())
        };
        let (response, lag) = (stored(&stretch.response), stored(&stretch.lag));
        Self { point: stretch.point(), response, lag }
    }

    fn stretch(&self) -> Stretch {
        let read = |(bytes, beyond): &(Vec<u8>, u64)| match bytes.as_slice() {
            [] => Histogram::new(),
            // What was encoded here is readable; were it not, the point would have no percentile.
            bytes => Histogram::decode(bytes, *beyond).unwrap_or_default(),
        };
        let [requests, errors, dropped, users] = self.point.counts;
        Stretch {
            start: self.point.start,
            length: self.point.length,
            requests,
            errors,
            dropped,
            users,
            response: read(&self.response),
            lag: read(&self.lag),
        }
    }
}

/// The run over time.
#[derive(Debug)]
pub(super) struct Rolling {
    recent: VecDeque<Kept>,
    older: Vec<Kept>,
    /// The coarse point that is not full yet, and its intervals.
    filling: Option<(Stretch, u64)>,
    /// Intervals of a coarse point.
    width: u64,
    encoder: Encoder,
}

impl Rolling {
    pub(super) fn new() -> Self {
        Self {
            recent: VecDeque::new(),
            older: Vec::new(),
            filling: None,
            width: FIRST_WIDTH,
            encoder: Encoder::new(),
        }
    }

    /// Adds the next interval.
    pub(super) fn push(&mut self, stretch: &Stretch) {
        self.recent.push_back(Kept::new(stretch, &mut self.encoder));
        if self.recent.len() > RECENT
            && let Some(oldest) = self.recent.pop_front()
        {
            self.age(&oldest.stretch());
        }
    }

    /// Adds an interval to the coarse points.
    fn age(&mut self, interval: &Stretch) {
        let (filling, intervals) = match self.filling.take() {
            None => (interval.clone(), 1),
            Some((mut filling, intervals)) => {
                filling.merge(interval);
                (filling, intervals + 1)
            }
        };
        if intervals < self.width {
            self.filling = Some((filling, intervals));
            return;
        }
        self.older.push(Kept::new(&filling, &mut self.encoder));
        if self.older.len() >= OLDER {
            self.coarsen();
        }
    }

    /// Makes one point of each two.
    fn coarsen(&mut self) {
        let encoder = &mut self.encoder;
        let merged = self.older.chunks(2).filter_map(|pair| {
            let (first, rest) = pair.split_first()?;
            let mut merged = first.stretch();
            for next in rest {
                merged.merge(&next.stretch());
            }
            Some(Kept::new(&merged, encoder))
        });
        self.older = merged.collect();
        self.width = self.width.saturating_mul(2);
    }

    /// All points in the order of time.
    pub(super) fn points(&self) -> Points {
        let filling = self.filling.as_ref().map(|(stretch, _)| stretch.point());
        let older = self.older.iter().map(|kept| kept.point);
        let recent = self.recent.iter().map(|kept| kept.point);
        let mut points = Points::default();
        for point in older.chain(filling).chain(recent) {
            let [requests, errors, dropped, users] = point.counts;
            points.start_ns.push(point.start.0);
            points.length_ns.push(point.length.0);
            points.requests.push(requests);
            points.errors.push(errors);
            points.dropped.push(dropped);
            points.users.push(users);
            points.p50_ns.push(point.response.p50_ns);
            points.p95_ns.push(point.response.p95_ns);
            points.p99_ns.push(point.response.p99_ns);
            points.lag_p99_ns.push(point.lag_p99.map(|lag| lag.0));
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(at: u64, values: &[u64]) -> Stretch {
        let mut stretch = Stretch {
            start: Nanos::from_secs(at),
            length: Nanos::SECOND,
            requests: u64::try_from(values.len()).unwrap(),
            errors: at % 3,
            dropped: at % 2,
            users: at % 7,
            ..Stretch::default()
        };
        stretch.response.extend(values.iter().copied().map(Nanos));
        stretch.lag.record(Nanos(at + 1));
        stretch
    }

    fn rolled(seconds: u64) -> Points {
        let mut rolling = Rolling::new();
        for at in 0..seconds {
            rolling.push(&second(at, &[at + 1]));
        }
        rolling.points()
    }

    #[test]
    fn two_days_have_few_points_without_gaps_and_lose_nothing() {
        let seconds = 48 * 3_600;
        let points = rolled(seconds);
        assert!(points.start_ns.len() <= RECENT + OLDER + 1, "{}", points.start_ns.len());
        let mut next = 0;
        for (start, length) in points.start_ns.iter().zip(&points.length_ns) {
            assert_eq!(*start, next);
            next = start + length;
        }
        assert_eq!(next, Nanos::from_secs(seconds).0);
        assert_eq!(points.requests.iter().sum::<u64>(), seconds);
        let errors: u64 = (0..seconds).map(|at| at % 3).sum();
        assert_eq!(points.errors.iter().sum::<u64>(), errors);
        assert_eq!(points.dropped.iter().sum::<u64>(), seconds.div_euclid(2));
        let longest = points.length_ns.iter().max().unwrap();
        assert_eq!(*longest, Nanos::from_secs(640).0);
        assert!(points.length_ns.iter().rev().take(RECENT).all(|length| *length == 1_000_000_000));
    }

    #[test]
    fn ten_minutes_are_as_they_were_measured() {
        let points = rolled(600);
        assert_eq!(points.start_ns.len(), 600);
        assert!(points.length_ns.iter().all(|length| *length == 1_000_000_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn a_coarse_point_has_the_percentiles_of_its_time(
            values in prop::collection::vec(prop::collection::vec(1_u64..1_000_000_000, 0..4), 700..900),
        ) {
            let mut rolling = Rolling::new();
            for (at, values) in (0_u64..).zip(&values) {
                rolling.push(&second(at, values));
            }
            let points = rolling.points();
            let mut seen = 0;
            for (at, length) in points.length_ns.iter().enumerate() {
                let seconds = usize::try_from(length / 1_000_000_000).unwrap();
                let mut all = Histogram::new();
                let own = values[seen..seen + seconds].iter().flatten();
                all.extend(own.copied().map(Nanos));
                prop_assert_eq!(points.p99_ns[at], all.at(0.99).map(|value| value.0));
                prop_assert_eq!(points.p50_ns[at], all.at(0.5).map(|value| value.0));
                seen += seconds;
            }
            prop_assert_eq!(seen, values.len());
        }
    }
}
