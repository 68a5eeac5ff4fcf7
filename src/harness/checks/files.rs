//! `file`: a backup that was taken, is not empty, and is not of last week.

use super::place::{self, Found};
use super::{Tried, some, time};
use crate::plan::checks::FileCheck;
use crate::units::{Bytes, Nanos};

/// What is wanted.
pub(super) fn expected(check: &FileCheck) -> String {
    let mut parts = vec![format!("at least {}", some(check.min_count.into(), "file", "files"))];
    parts.extend(check.min_size.map(|size| format!("each of {size} or more")));
    parts.extend(check.max_age.map(|age| format!("not older than {age}")));
    parts.join(", ")
}

/// Looks for files that are large and new enough.
pub(super) fn look(check: &FileCheck, now_unix_ns: u64) -> Tried {
    let found = match place::find(&check.pattern) {
        Ok(found) => found,
        Err(why) => return Tried::failed(why),
    };
    let age = |file: &Found| Nanos(now_unix_ns.saturating_sub(file.written_unix_ns));
    let good = found.iter().filter(|file| {
        let large = check.min_size.is_none_or(|Bytes(least)| file.bytes >= least);
        large && check.max_age.is_none_or(|most| age(file) <= most)
    });
    let good = u64::try_from(good.count()).unwrap_or(u64::MAX);
    let told = match found.first() {
        None => return Tried::failed("no file is there"),
        Some(newest) => format!(
            "{} of {}, the newest `{}` with {}, {} old",
            good,
            some(u64::try_from(found.len()).unwrap_or(u64::MAX), "file", "files"),
            newest.path.display(),
            Bytes(newest.bytes),
            time(age(newest)),
        ),
    };
    if good >= u64::from(check.min_count) { Tried::passed(told) } else { Tried::failed(told) }
}

/// Why a file is too old to say anything.
pub(super) fn stale(file: &Found, max_age: Option<Nanos>, now_unix_ns: u64) -> Option<String> {
    let age = Nanos(now_unix_ns.saturating_sub(file.written_unix_ns));
    let most = max_age.filter(|most| age > *most)?;
    Some(format!("`{}` is {} old, more than {most}", file.path.display(), time(age)))
}
