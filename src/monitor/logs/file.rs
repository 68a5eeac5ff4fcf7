//! A file that is followed by its position, whatever is done to it meanwhile.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::chain::{self, Id, Link};
use super::heard::Ear;
use crate::logs::Reader;
use crate::units::Nanos;

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;
/// Bytes before the position by which a file is known again. Lines of logs have a time in them;
/// so many bytes have several, and not only the end of a long line that is always the same.
const MARK: usize = 4 << 10;
/// Bytes by which a copy of a file is known of which nothing was read.
const HEAD: usize = 4 << 10;
/// How long a file that was moved away is still read: its writer may be told of it late.
const GRACE: Nanos = Nanos::from_secs(10);
/// Files that were moved away and are still read; of more the oldest is left.
const MAX_DRAINING: usize = 16;

/// How often a file may be cut during one look.
const MAX_CUTS: usize = 8;

/// One file by its name.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    /// What has the name now, or had it last.
    current: Option<Followed>,
    /// What had it before, the oldest first.
    draining: VecDeque<Followed>,
    /// When it was looked at last.
    looked: Nanos,
    /// Why it was not there when that was told last.
    away: Option<String>,
    block: Vec<u8>,
}

/// One file by its inode.
#[derive(Debug)]
struct Followed {
    link: Link,
    position: u64,
    reader: Reader,
    /// The bytes before the position.
    mark: Vec<u8>,
    /// The newest predecessor when nothing had been read of it. A newer one is a copy of what
    /// stood in it and was cut before anybody looked.
    before: Option<Id>,
    /// When it was found without anything new, since it was moved away.
    quiet: Option<Nanos>,
}

/// What stood beside a file before its first bytes were read. They are those of the file only if
/// it has not changed meanwhile.
#[derive(Debug, Default)]
struct Start {
    /// The newest predecessor.
    newest: Option<Id>,
    /// A copy of what stands in the file.
    twin: Option<Link>,
}

/// What came of reading a file to its end.
enum Read {
    /// So many bytes.
    New(u64),
    /// It is not what it was: it was cut, and perhaps written to since.
    Cut,
}

impl Follower {
    /// Follows a file from where it ends now; one that is made later, from its beginning.
    pub(super) fn new(path: PathBuf, ear: &mut Ear) -> Self {
        let before = chain::newest(&path);
        let mut follower = Self {
            path,
            current: None,
            draining: VecDeque::new(),
            looked: ear.now(),
            away: None,
            block: vec![0; BLOCK],
        };
        match Link::open(&follower.path) {
            Ok(Some(link)) => {
                ear.opened();
                let mut file = Followed::new(link, before, ear);
                if let Err(error) = file.skip() {
                    ear.lost(Nanos::ZERO, &unreadable(&error));
                }
                follower.current = Some(file);
            }
            Ok(None) => follower.away(MISSING.to_owned(), ear),
            Err(error) => follower.away(unreadable(&error), ear),
        }
        follower
    }

    fn away(&mut self, why: String, ear: &mut Ear) {
        if self.away.as_ref() != Some(&why) {
            ear.away(&why);
            self.away = Some(why);
        }
    }

    /// Reads what is new, and gives how many bytes that was.
    pub(super) fn look(&mut self, ear: &mut Ear) -> u64 {
        let mut bytes = self.drain(ear);
        if let Some(mut current) = self.current.take() {
            bytes += self.advance(&mut current, ear);
            self.current = Some(current);
        }
        bytes += self.find(ear);
        self.looked = ear.now();
        bytes
    }

    /// The end: lines without an end are lines.
    pub(super) fn finish(mut self, ear: &mut Ear) {
        let all = std::mem::take(&mut self.draining).into_iter().chain(self.current.take());
        all.for_each(|mut file| ear.finish(&mut file.reader));
    }

    /// Something may be missing that was written since the last look.
    fn lost(&self, why: &str, ear: &mut Ear) {
        ear.lost(ear.now().since(self.looked), why);
    }

    /// Reads on in files that were moved away, until nothing has come for a while.
    fn drain(&mut self, ear: &mut Ear) -> u64 {
        let (mut bytes, now) = (0, ear.now());
        for mut file in std::mem::take(&mut self.draining) {
            // Whoever cuts what was moved away cuts what was read.
            let new = match file.read(&mut self.block, ear, &|_, _| true) {
                Ok(Read::New(new)) => new,
                Ok(Read::Cut) | Err(_) => 0,
            };
            bytes += new;
            let quiet = file.quiet.filter(|_| new == 0).unwrap_or(now);
            file.quiet = Some(quiet);
            if now.since(quiet) < GRACE {
                self.draining.push_back(file);
            } else {
                ear.finish(&mut file.reader);
            }
        }
        while self.draining.len() > MAX_DRAINING {
            if let Some(mut oldest) = self.draining.pop_front() {
                ear.finish(&mut oldest.reader);
            }
        }
        bytes
    }

    /// Reads a file to its end; one that was cut, from its beginning, after what had been written
    /// to it and not read.
    fn advance(&mut self, file: &mut Followed, ear: &mut Ear) -> u64 {
        let mut bytes = 0;
        for _ in 0..MAX_CUTS {
            let is_new = file.position == 0;
            let start = if is_new { self.copies(file, ear, &mut bytes) } else { Start::default() };
            let path = &self.path;
            let begins = |own: &File, block: &[u8]| {
                // What was copied and cut after the block was read, or while it was, shows now.
                !is_new
                    || start.twin.as_ref().is_none_or(|twin| is_alike(&head(&twin.file), block))
                        && is_alike(&head(own), block)
                        && chain::newest(path) == start.newest
            };
            match file.read(&mut self.block, ear, &begins) {
                Ok(Read::New(new)) => return bytes + new,
                Ok(Read::Cut) if is_new => {}
                Ok(Read::Cut) => bytes += self.rest_of_cut(file, ear),
                Err(error) => {
                    self.lost(&unreadable(&error), ear);
                    return bytes;
                }
            }
        }
        bytes
    }

    /// What was written to a file before it was cut and not read: it stands in the copy that was
    /// made of it, which is known by what was read last. The file begins anew then.
    fn rest_of_cut(&mut self, file: &mut Followed, ear: &mut Ear) -> u64 {
        let newest = chain::newest(&self.path);
        let own = file.link.id;
        let copy = RefCell::new(None);
        let is_copy = |link: &Link| {
            let is_copy = link.id != own && chain::has_mark(&link.file, file.position, &file.mark);
            if is_copy {
                copy.replace(link.file.try_clone().ok().map(|file| (link.id, file)));
            }
            is_copy
        };
        let found = chain::after(&self.path, &is_copy).and(copy.into_inner());
        let bytes = if let Some((_, copy)) = &found {
            file.read_rest_of(copy, &mut self.block, ear)
        } else {
            self.lost(CUT, ear);
            0
        };
        ear.finish(&mut file.reader);
        file.before = found.map_or(newest, |(id, _)| Some(id));
        file.position = 0;
        file.mark.clear();
        bytes
    }

    /// Reads the copies that were made of a file of which nothing has been read: it was written
    /// to, copied and cut between two looks. The newest of them may be of what stands in the file
    /// still, as it is copied first and cut then.
    fn copies(&mut self, file: &mut Followed, ear: &mut Ear, bytes: &mut u64) -> Start {
        let newest = chain::newest(&self.path);
        let own = file.link.id;
        let start = Start { newest, twin: None };
        if newest == file.before || newest == Some(own) {
            return start;
        }
        let newer = match file.before {
            None => chain::all(&self.path),
            Some(known) => chain::after(&self.path, &|link| link.id == known),
        };
        let Some(mut newer) = newer.and_then(|newer| older_than(own, newer)) else {
            // Which of them are copies is not known any more.
            file.before = newest;
            self.lost(CUT, ear);
            return start;
        };
        newer.retain(|link| self.draining.iter().all(|file| file.link.id != link.id));
        let twin = newer.pop_if(|last| is_twin(last, &file.link));
        for link in newer {
            file.before = Some(link.id);
            *bytes += self.whole(link, ear);
        }
        Start { twin, ..start }
    }

    /// Reads a file from its beginning to its end.
    fn whole(&mut self, link: Link, ear: &mut Ear) -> u64 {
        let mut file = Followed::new(link, None, ear);
        let read = file.read(&mut self.block, ear, &|_, _| true);
        ear.finish(&mut file.reader);
        match read {
            Ok(Read::New(bytes)) => bytes,
            Ok(Read::Cut) | Err(_) => {
                self.lost(CUT, ear);
                0
            }
        }
    }

    /// Looks who has the name, and reads what had it meanwhile.
    fn find(&mut self, ear: &mut Ear) -> u64 {
        let before = self.current.is_none().then(|| chain::newest(&self.path)).flatten();
        let named = match Link::open(&self.path) {
            Ok(Some(link)) => link,
            // Between two files of one log there may be none; what is open is read on.
            Ok(None) => return 0,
            Err(error) if self.current.is_none() => {
                self.away(unreadable(&error), ear);
                return 0;
            }
            Err(error) => {
                self.lost(&unreadable(&error), ear);
                return 0;
            }
        };
        let Some(current) = &self.current else {
            ear.opened();
            let mut file = Followed::new(named, before, ear);
            let bytes = self.advance(&mut file, ear);
            self.current = Some(file);
            return bytes;
        };
        let old = current.link.id;
        if named.id == old {
            return 0;
        }
        let links = chain::after(&self.path, &|link| link.id == old).unwrap_or_else(|| {
            self.lost(MOVED, ear);
            vec![named]
        });
        let mut bytes = 0;
        for link in links {
            let before = self.current.as_ref().map(|old| old.link.id);
            let next = Followed::new(link, before, ear);
            if let Some(mut old) = self.current.replace(next) {
                // Now nothing is called so any more: this is the rest, but for late writers.
                match old.read(&mut self.block, ear, &|_, _| true) {
                    Ok(Read::New(new)) => bytes += new,
                    Ok(Read::Cut) | Err(_) => self.lost(CUT, ear),
                }
                self.draining.push_back(old);
            }
        }
        if let Some(mut newest) = self.current.take() {
            bytes += self.advance(&mut newest, ear);
            self.current = Some(newest);
        }
        bytes
    }
}

const MISSING: &str = "there is no such file";
const CUT: &str = "it was cut, and no copy of it was found: lines from just before may be missing";
const MOVED: &str = "it was moved away and not found again: lines that came between may be missing";

fn unreadable(error: &io::Error) -> String {
    format!("it can't be read: {error}")
}

/// Those of a chain that come before the file itself; `None` when that is not among them, so that
/// it can't be said which they are.
fn older_than(own: Id, mut links: Vec<Link>) -> Option<Vec<Link>> {
    let at = links.iter().position(|link| link.id == own)?;
    links.truncate(at);
    Some(links)
}

/// Whether `copy` is, or is becoming, a copy of what stands in `file` still.
fn is_twin(copy: &Link, file: &Link) -> bool {
    let length = |link: &Link| link.file.metadata().map(|found| found.len()).unwrap_or_default();
    // In this order, because the file may grow.
    let (shorter, longer) = (length(copy), length(file));
    let (copied, own) = (head(&copy.file), head(&file.file));
    // Of one that is still empty nothing can be said yet.
    shorter == 0 || shorter <= longer && own.starts_with(&copied)
}

/// Whether two files that begin so can be the same.
fn is_alike(left: &[u8], right: &[u8]) -> bool {
    left.iter().zip(right).all(|(left, right)| left == right)
}

/// The first bytes of a file.
fn head(file: &File) -> Vec<u8> {
    let mut head = vec![0; HEAD];
    let length = file.read_at(&mut head, 0).unwrap_or_default();
    head.truncate(length);
    head
}

impl Followed {
    fn new(link: Link, before: Option<Id>, ear: &Ear) -> Self {
        Self { link, position: 0, reader: ear.reader(), mark: Vec::new(), before, quiet: None }
    }

    /// Goes to where the file ends now.
    fn skip(&mut self) -> io::Result<()> {
        self.position = self.link.file.metadata()?.len();
        let length = self.position.min(u64::try_from(MARK).unwrap_or(u64::MAX));
        let mut mark = vec![0; usize::try_from(length).unwrap_or(MARK)];
        self.link.file.read_exact_at(&mut mark, self.position - length)?;
        self.mark = mark;
        Ok(())
    }

    /// Reads to where the file ended when it was looked at, so that there is an end to it. The
    /// first bytes of all are taken if they are what the file `begins` with.
    fn read(
        &mut self,
        block: &mut [u8],
        ear: &mut Ear,
        begins: &dyn Fn(&File, &[u8]) -> bool,
    ) -> io::Result<Read> {
        let length = self.link.file.metadata()?.len();
        // One that is as long as it was may have been cut and written to.
        if length < self.position || length == self.position && !self.is_as_it_was() {
            return Ok(Read::Cut);
        }
        let from = self.position;
        while self.position < length {
            let count = match self.link.file.read_at(block, self.position) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // Looked at after the block, it shows that this belongs to what was read before.
            if !self.is_as_it_was() {
                return Ok(Read::Cut);
            }
            let Some(new) = block.get(..count).filter(|new| !new.is_empty()) else {
                break;
            };
            if self.position == 0 && !begins(&self.link.file, new) {
                return Ok(Read::Cut);
            }
            self.take(new, ear);
        }
        Ok(Read::New(self.position - from))
    }

    fn is_as_it_was(&self) -> bool {
        self.mark.is_empty() || chain::has_mark(&self.link.file, self.position, &self.mark)
    }

    /// Reads what a copy has beyond the position.
    fn read_rest_of(&mut self, copy: &File, block: &mut [u8], ear: &mut Ear) -> u64 {
        let from = self.position;
        while let Ok(count) = copy.read_at(block, self.position) {
            match block.get(..count) {
                Some(new) if !new.is_empty() => self.take(new, ear),
                Some(_) | None => break,
            }
        }
        self.position - from
    }

    fn take(&mut self, new: &[u8], ear: &mut Ear) {
        ear.read(&mut self.reader, new);
        self.position += u64::try_from(new.len()).unwrap_or_default();
        let kept = new.len().saturating_sub(MARK);
        if kept > 0 {
            self.mark.clear();
        }
        self.mark.extend_from_slice(new.get(kept..).unwrap_or_default());
        let surplus = self.mark.len().saturating_sub(MARK);
        self.mark.drain(..surplus);
    }
}
