//! The files that a log was before: `x.log.1`, `x.log.2`, or `x.log-20260102`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The most predecessors that are looked at: a log that was moved away more often between two
/// looks is told as a gap.
const MAX_LINKS: usize = 512;
/// A log may be moved while its predecessors are looked at, so that one is searched for again.
const TRIES: u32 = 4;
/// Words by which programs call the only predecessor that they keep.
const WORDS: [&str; 3] = ["old", "bak", "prev"];
/// A number of so many digits is a date, and rises with time: 20260102.
const FIRST_DATE: u32 = 100_000;

/// What tells a file from all others that exist at the same time: device and inode.
pub(super) type Id = (u64, u64);

/// A file of the chain, open.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) file: File,
    pub(super) id: Id,
}

impl Link {
    /// Opens a regular file; `None` where there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        // To open a pipe would wait for whoever writes to it.
        match fs::metadata(path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(io::Error::other("it is no file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let id = id(&file.metadata()?);
        Ok(Some(Self { file, id }))
    }
}

pub(super) fn id(found: &fs::Metadata) -> Id {
    (found.dev(), found.ino())
}

/// The files that came after one that is known, the oldest first; the last may be the log itself.
/// `None` when the known one is not found.
pub(super) fn after(path: &Path, is_known: &dyn Fn(&Link) -> bool) -> Option<Vec<Link>> {
    for again in 0..TRIES {
        if again > 0 {
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
        if let Some(links) = search(path, is_known) {
            return Some(links);
        }
    }
    None
}

/// From the newest to the oldest, because that is the way on which files are moved: one that is
/// moved meanwhile is seen twice and never missed. Where it was seen last counts. One that can't
/// be opened may be what is searched for, or have lines that nobody read: nothing is found then.
fn search(path: &Path, is_known: &dyn Fn(&Link) -> bool) -> Option<Vec<Link>> {
    let mut links: Vec<Link> = Vec::new();
    for name in std::iter::once(path.to_owned()).chain(predecessors(path)).take(MAX_LINKS) {
        let Some(link) = Link::open(&name).ok()? else { continue };
        if is_known(&link) {
            links.reverse();
            return Some(links);
        }
        links.retain(|seen| seen.id != link.id);
        links.push(link);
    }
    None
}

/// The newest predecessor. While files are moved, the first name may have none.
pub(super) fn newest(path: &Path) -> Option<Id> {
    let opened = predecessors(path).into_iter().filter_map(|name| Link::open(&name).ok().flatten());
    opened.take(1).last().map(|link| link.id)
}

/// Names of predecessors, the newest first.
fn predecessors(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(own)) = (path.parent(), path.file_name().and_then(|own| own.to_str()))
    else {
        return Vec::new();
    };
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let (mut numbered, mut others) = (Vec::new(), Vec::new());
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        match name.strip_prefix(own).and_then(kind) {
            Some(Kind::Number(number)) => numbered.push((number, entry.path())),
            Some(Kind::Other) => {
                let changed = entry.metadata().map(|found| (found.mtime(), found.mtime_nsec()));
                others.push((changed.unwrap_or_default(), entry.path()));
            }
            None => {}
        }
    }
    others.sort_unstable();
    let mut names = filled(numbered, &|number| folder.join(format!("{own}.{number}")));
    names.extend(others.into_iter().rev().map(|(_, path)| path));
    names
}

/// Names with numbers, the lowest first, and those between and after them that a folder did not
/// show because files were moved while it was read: they may have one when they are looked at.
fn filled(mut numbered: Vec<(u32, PathBuf)>, name: &dyn Fn(u32) -> PathBuf) -> Vec<PathBuf> {
    numbered.sort_unstable();
    let most = u32::try_from(MAX_LINKS).unwrap_or(u32::MAX);
    let mut names = Vec::with_capacity(numbered.len());
    let mut next = 1;
    for (number, path) in numbered {
        if number <= most {
            names.extend((next..number).map(name));
        }
        next = number + 1;
        names.push(path);
    }
    if !names.is_empty() {
        names.push(name(next));
    }
    names
}

/// How a predecessor is called.
enum Kind {
    /// By a number that rises each time.
    Number(u32),
    /// By a date, or a word.
    Other,
}

/// What stands behind the log's own name, if that is how predecessors are called. Files that are
/// called otherwise belong to other programs, and compressed ones were read before.
fn kind(rest: &str) -> Option<Kind> {
    let rest = rest.strip_prefix(['.', '-', '_'])?;
    let is_date = |own: char| own.is_ascii_digit() || "-._:T".contains(own);
    let number = rest.parse().ok().filter(|number| *number < FIRST_DATE);
    let begins_with_digit = rest.starts_with(|own: char| own.is_ascii_digit());
    let is_other = WORDS.contains(&rest) || begins_with_digit && rest.chars().all(is_date);
    number.map(Kind::Number).or(is_other.then_some(Kind::Other))
}

/// Whether the bytes before `position` are `mark`.
pub(super) fn has_mark(file: &File, position: u64, mark: &[u8]) -> bool {
    let length = u64::try_from(mark.len()).unwrap_or(u64::MAX);
    let Some(start) = position.checked_sub(length) else { return false };
    let mut found = vec![0; mark.len()];
    file.read_exact_at(&mut found, start).is_ok() && found == mark
}

/// All predecessors and the log itself, the oldest first; `None` when one can't be opened.
pub(super) fn all(path: &Path) -> Option<Vec<Link>> {
    let mut links: Vec<Link> = Vec::new();
    for name in std::iter::once(path.to_owned()).chain(predecessors(path)).take(MAX_LINKS) {
        if let Some(link) = Link::open(&name).ok()? {
            links.retain(|seen| seen.id != link.id);
            links.push(link);
        }
    }
    links.reverse();
    Some(links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rest: &str, want: &str) {
        let got = match kind(rest) {
            Some(Kind::Number(number)) => number.to_string(),
            Some(Kind::Other) => "other".to_owned(),
            None => "none".to_owned(),
        };
        assert_eq!(got, want, "{rest}");
    }

    #[test]
    fn predecessors_are_told_from_files_of_others() {
        check(".1", "1");
        check("-12", "12");
        for other in ["-20260102", ".2026-01-02", "-2026-01-02T03:04:05", ".20260102.1", ".old"] {
            check(other, "other");
        }
        for none in ["", ".gz", ".1.gz", "-20260102.gz", ".pos", ".1.tmp", "x.1", ".offset2", "."] {
            check(none, "none");
        }
    }

    #[test]
    fn names_that_a_folder_did_not_show_are_looked_at() {
        let name = |number: u32| PathBuf::from(number.to_string());
        let all = |numbers: &[u32]| {
            let numbered = numbers.iter().map(|number| (*number, name(*number))).collect();
            let names = filled(numbered, &name).into_iter();
            names.map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(all(&[]), "");
        assert_eq!(all(&[5, 2]), "1 2 3 4 5 6");
        assert_eq!(all(&[0, 1]), "0 1 2");
        // So many are not the predecessors of a log that are moved on one by one.
        assert_eq!(all(&[1, 4_242]), "1 4242 4243");
    }
}
