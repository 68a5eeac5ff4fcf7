//! A log that is read once, as it stands.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;

use crate::logs::{Masks, Reader, Rules};
use crate::record::LogCount;

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;

/// What stands in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Lines.
    pub lines: u64,
    /// Where it ended, in bytes: from where a later look goes on.
    pub end: u64,
    /// Lines that were too long to be looked at as a whole.
    pub cut: u64,
    /// Each rule in its order, also those of which there is no line; at most
    /// [`LogCount::MAX_SAMPLES`] samples.
    pub counts: Vec<LogCount>,
}

/// A log that can't be read.
#[derive(Debug, Error)]
pub enum ScanError {
    /// There is none: name the path of a file, or wait until it is made.
    #[error("there is no file `{0}`")]
    Missing(String),
    /// It is a folder or a pipe: name a file.
    #[error("`{0}` is no file")]
    NoFile(String),
    /// The system refuses it.
    #[error("can't read `{0}`")]
    Unreadable(String, #[source] io::Error),
}

/// Reads a log from the byte `from` on; one that is shorter was begun anew, and is read as a
/// whole. It blocks while it reads.
pub fn scan(path: &Path, rules: &Arc<Rules>, from: u64) -> Result<Scanned, ScanError> {
    let name = || path.display().to_string();
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ScanError::Missing(name()),
        _ => ScanError::Unreadable(name(), error),
    };
    let found = std::fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() {
        return Err(ScanError::NoFile(name()));
    }
    let mut file = File::open(path).map_err(unreadable)?;
    let from = if from > found.len() { 0 } else { from };
    file.seek(SeekFrom::Start(from)).map_err(unreadable)?;
    let none = |rule: &String| LogCount { rule: rule.clone(), lines: 0, samples: Vec::new() };
    let mut counts: Vec<LogCount> = rules.names().iter().map(none).collect();
    let masks = Masks::new();
    let mut count = |rule: usize, line: &[u8]| {
        if let Some(own) = counts.get_mut(rule) {
            own.lines += 1;
            if own.samples.len() < LogCount::MAX_SAMPLES {
                own.samples.push(masks.sample(line));
            }
        }
    };
    let (mut reader, mut block, mut end) = (Reader::new(Arc::clone(rules)), vec![0; BLOCK], from);
    loop {
        let new = match file.read(&mut block) {
            Ok(new) => new,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let Some(new) = block.get(..new).filter(|new| !new.is_empty()) else { break };
        reader.read(new, &mut count);
        end = end.saturating_add(u64::try_from(new.len()).unwrap_or_default());
    }
    reader.finish(&mut count);
    Ok(Scanned { lines: reader.lines(), end, cut: reader.cut(), counts })
}
