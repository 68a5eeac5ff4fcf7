//! New ids and secrets.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;

/// 64 bits from the operating system's randomness, by way of the standard library's keyed hash.
pub(crate) fn random() -> u64 {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(DRAWN.fetch_add(1, Ordering::Relaxed));
    hasher.finish()
}

/// A secret of 256 bits as text.
pub(crate) fn secret() -> String {
    format!("{:016x}{:016x}{:016x}{:016x}", random(), random(), random(), random())
}

/// An id for a new row, such as `farm_cmb1x2k9f0a1b2c3`: time first, so that indexes grow at one end.
pub(crate) fn new(prefix: &str) -> String {
    let millis = u64::try_from(clock::wall().as_millis()).unwrap_or(u64::MAX);
    let mut id = format!("{prefix}_c");
    base36(millis, 8, &mut id);
    base36(random(), 10, &mut id);
    id
}

/// Appends the last `digits` digits of `number` to the base of 36.
fn base36(mut number: u64, digits: usize, out: &mut String) {
    let at = out.len();
    for _ in 0..digits {
        let digit = u32::try_from(number.rem_euclid(36)).unwrap_or(0);
        out.insert(at, char::from_digit(digit, 36).unwrap_or('0'));
        number = number.div_euclid(36);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_have_one_length() {
        let ids: std::collections::HashSet<String> = (0..10_000).map(|_| new("x")).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 21), "{:?}", ids.iter().next());
    }

    #[test]
    fn base36_keeps_the_last_digits() {
        let mut out = String::from("p");
        base36(36 * 36 + 35, 3, &mut out);
        assert_eq!(out, "p10z");
    }
}
