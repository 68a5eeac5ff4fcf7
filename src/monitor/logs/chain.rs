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
/// What programs append to the names of files that they have compressed.
const COMPRESSED: [&str; 8] = ["gz", "bz2", "xz", "zst", "lz4", "lzma", "zip", "Z"];

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
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        if let Some(links) = search(path, is_known) {
            return Some(links);
        }
    }
    None
}

/// From the newest to the oldest, because that is the way on which files are moved: one that is
/// moved meanwhile is seen twice and never missed. Where it was seen last counts.
fn search(path: &Path, is_known: &dyn Fn(&Link) -> bool) -> Option<Vec<Link>> {
    let mut links: Vec<Link> = Vec::new();
    for name in std::iter::once(path.to_owned()).chain(predecessors(path)).take(MAX_LINKS) {
        let Ok(Some(link)) = Link::open(&name) else { continue };
        if is_known(&link) {
            links.reverse();
            return Some(links);
        }
        links.retain(|seen| seen.id != link.id);
        links.push(link);
    }
    None
}

/// The newest predecessor.
pub(super) fn newest(path: &Path) -> Option<Id> {
    let first = predecessors(path).into_iter().next()?;
    Link::open(&first).ok().flatten().map(|link| link.id)
}

/// Names of predecessors, the newest first.
fn predecessors(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(own)) = (path.parent(), path.file_name().and_then(|own| own.to_str()))
    else {
        return Vec::new();
    };
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let (mut numbered, mut dated) = (Vec::new(), Vec::new());
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Some(rest) = name.strip_prefix(own).filter(|rest| rest.starts_with(['.', '-', '_']))
        else {
            continue;
        };
        if COMPRESSED.iter().any(|end| rest.ends_with(&format!(".{end}"))) {
            continue;
        }
        match rest.trim_start_matches(['.', '-', '_']).parse::<u32>() {
            // A date is a number, too, and rises with time.
            Ok(number) if number < 1_000_000 => numbered.push(number),
            Ok(_) | Err(_) => {
                let changed = entry.metadata().map(|found| (found.mtime(), found.mtime_nsec()));
                dated.push((changed.unwrap_or_default(), entry.path()));
            }
        }
    }
    numbered.sort_unstable();
    // While it is looked at, the last may be moved on by one.
    numbered.extend(numbered.last().map(|last| last + 1));
    dated.sort();
    let named = |number| folder.join(format!("{own}.{number}"));
    let numbered = numbered.into_iter().map(named);
    numbered.chain(dated.into_iter().rev().map(|(_, path)| path)).collect()
}

/// Whether the bytes before `position` are `mark`.
pub(super) fn has_mark(file: &File, position: u64, mark: &[u8]) -> bool {
    let length = u64::try_from(mark.len()).unwrap_or(u64::MAX);
    let Some(start) = position.checked_sub(length) else { return false };
    let mut found = vec![0; mark.len()];
    file.read_exact_at(&mut found, start).is_ok() && found == mark
}

/// All predecessors and the log itself, the oldest first.
pub(super) fn all(path: &Path) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for name in std::iter::once(path.to_owned()).chain(predecessors(path)).take(MAX_LINKS) {
        if let Ok(Some(link)) = Link::open(&name) {
            links.retain(|seen| seen.id != link.id);
            links.push(link);
        }
    }
    links.reverse();
    links
}
