//! In how many sittings repetitions were measured.

use super::evidence::Evidence;
use crate::units::Nanos;

/// After a longer pause a new session begins: the machine may have other neighbours by then.
const PAUSE: Nanos = Nanos::from_secs(15 * 60);

/// For each repetition the session that it belongs to, from 0 on in the order of time. A new one
/// begins when more than 15 minutes lie between the end of one and the start of the next.
pub fn labels(repetitions: &[&Evidence]) -> Vec<u32> {
    let span = |one: &&Evidence| (one.header().started_unix_ns, one.ended_unix_ns());
    of_spans(&repetitions.iter().map(span).collect::<Vec<_>>())
}

/// How many sessions there are among some labels.
pub fn count(labels: &[u32]) -> u32 {
    let mut known = labels.to_vec();
    known.sort_unstable();
    known.dedup();
    u32::try_from(known.len()).unwrap_or(u32::MAX)
}

/// The same for starts and ends in any order.
fn of_spans(spans: &[(u64, u64)]) -> Vec<u32> {
    let mut order: Vec<_> = spans.iter().enumerate().collect();
    order.sort_by_key(|(_, span)| **span);
    let mut labels = vec![0; spans.len()];
    let mut session = 0;
    let mut ended: Option<u64> = None;
    for (at, (start, end)) in order {
        if ended.is_some_and(|ended| start.saturating_sub(ended) > PAUSE.0) {
            session += 1;
        }
        ended = Some(ended.unwrap_or(0).max(*end));
        if let Some(label) = labels.get_mut(at) {
            *label = session;
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000_000_000;

    fn check(minutes: &[(u64, u64)], want: &[u32]) {
        let spans: Vec<_> =
            minutes.iter().map(|(start, end)| (start * MINUTE, end * MINUTE)).collect();
        assert_eq!(of_spans(&spans), want, "{minutes:?}");
    }

    #[test]
    fn a_long_pause_begins_a_new_session() {
        check(&[(0, 1), (2, 3), (18, 19), (35, 36)], &[0, 0, 0, 1]);
        check(&[(100, 101), (0, 1), (2, 3)], &[1, 0, 0]);
        check(&[(0, 60), (5, 6), (70, 71)], &[0, 0, 0]);
        check(&[], &[]);
    }

    #[test]
    fn sessions_are_counted_once() {
        assert_eq!(count(&[1, 0, 0, 2, 1]), 3);
        assert_eq!(count(&[]), 0);
    }
}
