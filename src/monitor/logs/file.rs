//! A file that is followed by its position, whatever is done to it meanwhile.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::chain::{self, Id, Link};
use super::heard::Ear;
use crate::logs::Reader;
use crate::units::Nanos;

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;
/// Bytes before the position by which a file is known again. Lines of logs have a time in them.
const MARK: usize = 128;
/// Bytes by which a copy of a file is known of which nothing was read.
const HEAD: usize = 4 << 10;
/// How long a file that was moved away is still read: its writer may be told of it late.
const GRACE: Duration = Duration::from_secs(10);
/// Files that were moved away and are still read; of more the oldest is left.
const MAX_DRAINING: usize = 16;

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
    /// As long as nothing was read of it: the newest predecessor.
    before: Option<Id>,
    /// When it was found without anything new, since it was moved away.
    quiet: Option<Instant>,
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
        let looked = ear.now();
        let block = vec![0; BLOCK];
        let mut follower = Self { path, current: None, draining: VecDeque::new(), looked, block };
        match Link::open(&follower.path) {
            Ok(Some(link)) => {
                ear.opened();
                let mut file = Followed::new(link, ear);
                match file.skip() {
                    Ok(()) => {}
                    Err(error) => ear.lost(Nanos::ZERO, &unreadable(&error)),
                }
                follower.settle(&mut file);
                follower.current = Some(file);
            }
            Ok(None) => ear.away(MISSING),
            Err(error) => ear.away(&unreadable(&error)),
        }
        follower
    }

    /// Reads what is new, and gives how many bytes that was.
    pub(super) fn look(&mut self, ear: &mut Ear) -> u64 {
        let before = self.looked;
        let mut bytes = self.drain(ear);
        if let Some(mut current) = self.current.take() {
            if current.position == 0 {
                bytes += self.copies(&mut current, ear);
            }
            bytes += self.read(&mut current, before, ear);
            self.current = Some(current);
        }
        bytes += self.find(before, ear);
        self.looked = ear.now();
        bytes
    }

    /// The end: lines without an end are lines.
    pub(super) fn finish(mut self, ear: &mut Ear) {
        let all = std::mem::take(&mut self.draining).into_iter().chain(self.current.take());
        all.for_each(|mut file| ear.finish(&mut file.reader));
    }

    /// Reads on in files that were moved away, until nothing has come for a while.
    fn drain(&mut self, ear: &mut Ear) -> u64 {
        let mut bytes = 0;
        for mut file in std::mem::take(&mut self.draining) {
            // What is cut now was read before.
            let new = match file.read(&mut self.block, ear) {
                Ok(Read::New(new)) => new,
                Ok(Read::Cut) | Err(_) => 0,
            };
            bytes += new;
            let quiet = if new > 0 { None } else { file.quiet };
            let quiet = *file.quiet.insert(quiet.unwrap_or_else(Instant::now));
            if quiet.elapsed() < GRACE {
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

    /// Reads a file to its end; one that was cut, from its beginning, after what was written to it
    /// before and not read.
    fn read(&mut self, file: &mut Followed, before: Nanos, ear: &mut Ear) -> u64 {
        match file.read(&mut self.block, ear) {
            Ok(Read::New(bytes)) => bytes,
            Ok(Read::Cut) => {
                let mut bytes = self.rest_of_cut(file, before, ear);
                file.begin_anew();
                self.settle(file);
                if let Ok(Read::New(new)) = file.read(&mut self.block, ear) {
                    bytes += new;
                }
                bytes
            }
            Err(error) => {
                ear.lost(ear.now().since(before), &unreadable(&error));
                0
            }
        }
    }

    /// What was written to a file before it was cut and not read: it stands in the copy that was
    /// made of it, and in those that were made after that one.
    fn rest_of_cut(&mut self, file: &mut Followed, before: Nanos, ear: &mut Ear) -> u64 {
        let own = file.link.id;
        let (position, mark) = (file.position, file.mark.clone());
        let found = std::cell::RefCell::new(None);
        let is_copy = |link: &Link| {
            let is_copy = link.id != own && chain::has_mark(&link.file, position, &mark);
            if is_copy {
                found.replace(link.file.try_clone().ok());
            }
            is_copy
        };
        let Some(newer) = chain::after(&self.path, &is_copy) else {
            ear.finish(&mut file.reader);
            ear.lost(ear.now().since(before), CUT);
            return 0;
        };
        let mut bytes = 0;
        if let Some(copy) = found.into_inner() {
            bytes += file.read_rest_of(&copy, &mut self.block, ear);
        }
        ear.finish(&mut file.reader);
        let newer = newer.into_iter().filter(|link| link.id != own);
        bytes + newer.map(|link| self.whole(link, ear)).sum::<u64>()
    }

    /// Copies that were made of a file of which nothing was read: it was written to, copied and
    /// cut between two looks.
    fn copies(&mut self, file: &mut Followed, ear: &mut Ear) -> u64 {
        let newest = chain::newest(&self.path);
        if newest == file.before {
            return 0;
        }
        let own = file.link.id;
        let head = head(&file.link.file);
        let known = std::mem::replace(&mut file.before, newest);
        let is_known = |link: &Link| Some(link.id) == known;
        let newer = chain::after(&self.path, &is_known).unwrap_or_else(|| {
            // There was no predecessor before, so that all are new.
            known.map_or_else(|| chain::all(&self.path), |_| Vec::new())
        });
        let is_draining = |id: Id| self.draining.iter().any(|file| file.link.id == id);
        // A copy that has just been made of what stands here still.
        let is_twin = |link: &Link| !head.is_empty() && self::head(&link.file) == head;
        let unread = newer
            .into_iter()
            .filter(|link| link.id != own && !is_draining(link.id) && !is_twin(link));
        let unread: Vec<Link> = unread.collect();
        unread.into_iter().map(|link| self.whole(link, ear)).sum()
    }

    /// Reads a file from its beginning to its end.
    fn whole(&mut self, link: Link, ear: &mut Ear) -> u64 {
        let mut file = Followed::new(link, ear);
        let read = file.read(&mut self.block, ear);
        ear.finish(&mut file.reader);
        match read {
            Ok(Read::New(bytes)) => bytes,
            Ok(Read::Cut) | Err(_) => 0,
        }
    }

    /// Looks who has the name, and reads what had it meanwhile.
    fn find(&mut self, before: Nanos, ear: &mut Ear) -> u64 {
        let named = match Link::open(&self.path) {
            Ok(Some(link)) => link,
            // Between two files of one log there may be none; what is open is read on.
            Ok(None) => return 0,
            Err(error) => {
                if self.current.is_none() {
                    ear.away(&unreadable(&error));
                } else {
                    ear.lost(ear.now().since(before), &unreadable(&error));
                }
                return 0;
            }
        };
        let Some(current) = &self.current else {
            ear.opened();
            let mut file = Followed::new(named, ear);
            let bytes = self.read(&mut file, before, ear);
            self.settle(&mut file);
            self.current = Some(file);
            return bytes;
        };
        let old = current.link.id;
        if named.id == old {
            return 0;
        }
        let links = chain::after(&self.path, &|link| link.id == old).unwrap_or_else(|| {
            ear.lost(ear.now().since(before), MOVED);
            vec![named]
        });
        let mut bytes = 0;
        for link in links {
            let next = Followed::new(link, ear);
            if let Some(mut old) = self.current.replace(next) {
                // Now nothing is called so any more: this is the rest, but for late writers.
                bytes += self.read(&mut old, before, ear);
                self.draining.push_back(old);
            }
        }
        if let Some(mut newest) = self.current.take() {
            bytes += self.read(&mut newest, before, ear);
            self.settle(&mut newest);
            self.current = Some(newest);
        }
        bytes
    }

    /// Remembers what the newest predecessor is of a file of which nothing was read.
    fn settle(&self, file: &mut Followed) {
        if file.position == 0 {
            file.before = chain::newest(&self.path);
        }
    }
}

const MISSING: &str = "there is no such file";
const CUT: &str = "it was cut, and no copy of it was found: lines from just before may be missing";
const MOVED: &str = "it was moved away and not found again: lines that came between may be missing";

fn unreadable(error: &io::Error) -> String {
    format!("it can't be read: {error}")
}

/// The first bytes of a file.
fn head(file: &File) -> Vec<u8> {
    let mut head = vec![0; HEAD];
    let length = file.read_at(&mut head, 0).unwrap_or_default();
    head.truncate(length);
    head
}

impl Followed {
    fn new(link: Link, ear: &Ear) -> Self {
        let (reader, mark) = (ear.reader(), Vec::new());
        Self { link, position: 0, reader, mark, before: None, quiet: None }
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

    fn begin_anew(&mut self) {
        self.position = 0;
        self.mark.clear();
    }

    /// Reads to where the file ended when it was looked at, so that there is an end to it.
    fn read(&mut self, block: &mut [u8], ear: &mut Ear) -> io::Result<Read> {
        let length = self.link.file.metadata()?.len();
        if length < self.position {
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
