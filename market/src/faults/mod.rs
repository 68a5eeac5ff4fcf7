//! The faults that are on.

mod background;
mod spec;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

pub(crate) use self::spec::plain;
pub use self::spec::{Endpoint, FaultKind, FaultSpec, FaultSpecError, Slowdown, StallWhen};
use crate::clock;
use crate::db::Db;

/// Faults at one time.
const MOST_FAULTS: usize = 64;

/// A fault that is on.
#[derive(Debug)]
struct Active {
    spec: FaultSpec,
    began: Instant,
    seen: AtomicU64,
    salt: u64,
}

impl Active {
    /// Whether the next request in turn is hit: by a counter and the seed, so that it repeats.
    fn hits(&self, rate: f64) -> bool {
        let turn = self.seen.fetch_add(1, Ordering::Relaxed);
        let drawn = u32::try_from(mix(self.salt ^ turn) >> 32).unwrap_or(u32::MAX);
        f64::from(drawn) < rate * (f64::from(u32::MAX) + 1.0)
    }
}

/// What happens to an answer on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Half of it, then the end of the connection.
    Close,
    /// All of it, though more was promised.
    Truncate,
    /// Padded to so many bytes.
    Oversize(u64),
}

/// All faults that are on.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    /// Spares a quiet market the lock.
    any: AtomicBool,
    active: RwLock<Arc<[Arc<Active>]>>,
    background: Mutex<JoinSet<()>>,
}

/// There are too many of them.
#[derive(Debug, thiserror::Error)]
#[error("more than {MOST_FAULTS} faults\nhint: end the present ones first")]
pub(crate) struct TooManyFaults;

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            any: AtomicBool::new(false),
            active: RwLock::new(Arc::from([])),
            background: Mutex::default(),
        }
    }

    /// Puts faults beside those that are on.
    pub(crate) fn begin(&self, specs: Vec<FaultSpec>, db: &Arc<Db>) -> Result<(), TooManyFaults> {
        let mut slot = self.active.write().unwrap_or_else(PoisonError::into_inner);
        if slot.len() + specs.len() > MOST_FAULTS {
            return Err(TooManyFaults);
        }
        let began = clock::now();
        let mut all = slot.to_vec();
        let mut background = self.background.lock().unwrap_or_else(PoisonError::into_inner);
        for spec in specs {
            background::begin(&spec, db, &mut background);
            let place = u64::try_from(all.len()).unwrap_or(u64::MAX);
            let salt = mix(self.seed ^ mix(place));
            all.push(Arc::new(Active { spec, began, seen: AtomicU64::new(0), salt }));
        }
        self.any.store(!all.is_empty(), Ordering::Release);
        *slot = all.into();
        Ok(())
    }

    /// Ends all faults.
    pub(crate) fn end_all(&self) {
        let mut slot = self.active.write().unwrap_or_else(PoisonError::into_inner);
        self.background.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        self.any.store(false, Ordering::Release);
        *slot = Arc::from([]);
    }

    /// How the faults were written.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.active().iter().map(|fault| fault.spec.to_string()).collect()
    }

    /// Whether any fault is on.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// How much longer a query that took `own` has to take.
    pub(crate) fn query_delay(&self, name: &str, own: Duration) -> Duration {
        if !self.any() {
            return Duration::ZERO;
        }
        let wait = |fault: &Arc<Active>| {
            let FaultKind::SlowQuery { query, by } = fault.spec.kind() else { return None };
            (query == name).then(|| by.wait(own))
        };
        self.active().iter().filter_map(wait).sum()
    }

    /// Whether a named query is followed by another one for each of its rows.
    pub(crate) fn n_plus_one(&self, name: &str) -> bool {
        self.any()
            && self.active().iter().any(|fault| {
                let FaultKind::NPlusOne { query } = fault.spec.kind() else { return false };
                query == name
            })
    }

    /// How much longer a request that took `own` has to take.
    pub(crate) fn endpoint_delay(&self, route: &str, own: Duration) -> Duration {
        let wait = |fault: &Arc<Active>| {
            let FaultKind::SlowEndpoint { endpoint, by } = fault.spec.kind() else { return None };
            endpoint.matches(route).then(|| by.wait(own))
        };
        self.active().iter().filter_map(wait).sum()
    }

    /// The rest of a stall that is under way.
    pub(crate) fn stall(&self) -> Duration {
        let now = clock::now();
        let rest = |fault: &Arc<Active>| {
            let FaultKind::Stall { length, when } = fault.spec.kind() else { return None };
            Some(stalled(now.saturating_duration_since(fault.began), *length, *when))
        };
        self.active().iter().filter_map(rest).max().unwrap_or_default()
    }

    /// The status that this request is answered with instead of being worked on.
    pub(crate) fn error(&self, route: &str) -> Option<u16> {
        let status = |fault: &Arc<Active>| {
            let FaultKind::Errors { rate, endpoint, status } = fault.spec.kind() else {
                return None;
            };
            (endpoint.matches(route) && fault.hits(*rate)).then_some(*status)
        };
        self.active().iter().find_map(status)
    }

    /// What happens to this answer.
    pub(crate) fn damage(&self, route: &str) -> Option<Damage> {
        let damage = |fault: &Arc<Active>| {
            let (endpoint, rate, damage) = match fault.spec.kind() {
                FaultKind::Close { rate, endpoint } => (endpoint, *rate, Damage::Close),
                FaultKind::Truncate { rate, endpoint } => (endpoint, *rate, Damage::Truncate),
                FaultKind::Oversize { endpoint, bytes } => {
                    (endpoint, 1.0, Damage::Oversize(*bytes))
                }
                FaultKind::SlowEndpoint { .. }
                | FaultKind::SlowQuery { .. }
                | FaultKind::NPlusOne { .. }
                | FaultKind::Errors { .. }
                | FaultKind::Stall { .. }
                | FaultKind::Leak { .. }
                | FaultKind::PoolHold { .. } => return None,
            };
            (endpoint.matches(route) && fault.hits(rate)).then_some(damage)
        };
        self.active().iter().find_map(damage)
    }

    fn active(&self) -> Arc<[Arc<Active>]> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The rest of the stall at a time since the fault began.
fn stalled(since: Duration, length: Duration, when: StallWhen) -> Duration {
    match when {
        StallWhen::At(at) => {
            let end = at.saturating_add(length);
            if since >= at { end.saturating_sub(since) } else { Duration::ZERO }
        }
        StallWhen::Every(every) if since >= every => {
            let into = since.as_nanos().rem_euclid(every.as_nanos().max(1));
            length.saturating_sub(Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX)))
        }
        StallWhen::Every(_) => Duration::ZERO,
    }
}

/// A number that looks random (the finalizer of `SplitMix64`).
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(seed: u64) -> Active {
        let spec = "errors:rate=5%".parse().unwrap();
        Active { spec, began: clock::now(), seen: AtomicU64::new(0), salt: mix(seed) }
    }

    #[test]
    fn the_same_seed_hits_the_same_requests() {
        let (one, two, other) = (active(1), active(1), active(2));
        let turns = |fault: &Active| (0..20_000).map(|_| fault.hits(0.05)).collect::<Vec<_>>();
        let (one, two, other) = (turns(&one), turns(&two), turns(&other));
        assert_eq!(one, two);
        assert_ne!(one, other);
        let hits = one.iter().filter(|hit| **hit).count();
        assert!((900..1_100).contains(&hits), "{hits} of 20000 at 5 %");
    }

    #[test]
    fn all_and_none_are_exact() {
        let fault = active(3);
        assert!((0..1_000).all(|_| fault.hits(1.0)));
        assert!((0..1_000).all(|_| !fault.hits(0.0)));
    }

    #[test]
    fn a_stall_ends_when_it_said() {
        let ms = Duration::from_millis;
        let every = StallWhen::Every(ms(10_000));
        assert_eq!(stalled(ms(500), ms(1_000), every), ms(0), "not before its time");
        assert_eq!(stalled(ms(10_000), ms(1_000), every), ms(1_000));
        assert_eq!(stalled(ms(20_400), ms(1_000), every), ms(600));
        assert_eq!(stalled(ms(21_000), ms(1_000), every), ms(0));
        let at = StallWhen::At(ms(2_000));
        assert_eq!(stalled(ms(1_999), ms(1_000), at), ms(0));
        assert_eq!(stalled(ms(2_250), ms(1_000), at), ms(750));
        assert_eq!(stalled(ms(9_000), ms(1_000), at), ms(0));
    }
}
