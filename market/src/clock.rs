//! The one place that looks at a clock or waits.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longer waits go to the runtime's timer, whose grain of 1 ms is then below 5 %.
const COARSE_FROM: Duration = Duration::from_millis(20);

/// The monotonic time.
#[expect(clippy::disallowed_methods, reason = "this is the place the lint points to")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time of day since 1970.
#[expect(clippy::disallowed_methods, reason = "this is the place the lint points to")]
pub(crate) fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time of day as the database keeps it.
pub(crate) fn wall_text() -> String {
    iso(wall())
}

/// `2026-01-31T12:00:00.000Z`: sorts as text in the order of time.
pub(crate) fn iso(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, rest) = (rest.div_euclid(3_600), rest.rem_euclid(3_600));
    let (minute, second) = (rest.div_euclid(60), rest.rem_euclid(60));
    let millis = since_epoch.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Days since 1970 to year, month and day, after Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let leap_days =
        of_era.div_euclid(1_460) + of_era.div_euclid(146_096) - of_era.div_euclid(36_524);
    let year_of_era = (of_era - leap_days).div_euclid(365);
    let of_year =
        of_era - (365 * year_of_era + year_of_era.div_euclid(4) - year_of_era.div_euclid(100));
    let from_march = (5 * of_year + 2).div_euclid(153);
    let day = of_year - (153 * from_march + 2).div_euclid(5) + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Waits, to within some 0.1 ms also when the wait is short.
pub(crate) async fn wait(length: Duration) {
    if length.is_zero() {
        return;
    }
    if length >= COARSE_FROM {
        tokio::time::sleep(length).await;
        return;
    }
    // The runtime's timer rounds up to whole milliseconds, which would turn "twice 0.3 ms" into 2 ms.
    #[expect(clippy::disallowed_methods, reason = "on a thread that is there to be blocked")]
    let slept = tokio::task::spawn_blocking(move || std::thread::sleep(length)).await;
    if slept.is_err() {
        tokio::time::sleep(length).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_agrees_with_known_days() {
        let check = |seconds, want: &str| assert_eq!(iso(Duration::from_secs(seconds)), want);
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400, "2000-02-29T00:00:00.000Z");
        check(1_732_665_599, "2024-11-26T23:59:59.000Z");
        check(4_102_444_800, "2100-01-01T00:00:00.000Z");
    }
}
