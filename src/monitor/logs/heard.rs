//! What was found, by interval, until it is taken: the one thing that all threads share.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Clock;
use crate::logs::{Masks, Reader, Rules};
use crate::record::{LogCount, LogSourceRead, LogsRead};
use crate::units::Nanos;

/// Intervals that may wait to be taken: an hour of a run whose store refuses them. What comes then
/// is added to the last.
const MAX_WAITING: usize = 3_600;
/// The most reasons that are kept of one log and interval.
const MAX_GAPS: usize = 4;

/// What was found in all logs and has not been taken.
pub(super) struct Heard {
    rules: Arc<Rules>,
    names: Vec<String>,
    interval: Nanos,
    masks: Masks,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<u64, Found>,
    /// How many lines were kept of each rule.
    kept: Vec<usize>,
    /// Whether each log was there when it was told last.
    is_open: Vec<bool>,
}

/// What was found in one interval, by rule and by log.
#[derive(Default)]
struct Found {
    lines: Vec<u64>,
    samples: Vec<(usize, String)>,
    sources: BTreeMap<usize, LogSourceRead>,
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Heard {
    pub(super) fn new(rules: Arc<Rules>, names: Vec<String>, interval: Nanos) -> Self {
        let state = State {
            kept: vec![0; rules.names().len()],
            is_open: vec![false; names.len()],
            waiting: BTreeMap::new(),
        };
        Self { rules, names, interval, masks: Masks::new(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that crashed while it held this has at most added half of one block.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self, until: Nanos) -> LogsRead {
        let until = until.0.div_ceil(self.interval.0.max(1));
        let mut state = self.state();
        let later = state.waiting.split_off(&until);
        let now = std::mem::replace(&mut state.waiting, later);
        drop(state);
        let mut read = LogsRead::default();
        for found in now.into_values() {
            self.add(found, &mut read);
        }
        read
    }

    fn add(&self, found: Found, read: &mut LogsRead) {
        let Found { lines, samples, sources } = found;
        for (at, lines) in lines.into_iter().enumerate().filter(|(_, lines)| *lines > 0) {
            let Some(rule) = self.rules.names().get(at) else { continue };
            let own = samples.iter().filter(|(rule, _)| *rule == at);
            let own: Vec<String> = own.map(|(_, text)| text.clone()).collect();
            match read.counts.iter_mut().find(|count| count.rule == *rule) {
                Some(count) => {
                    count.lines = count.lines.saturating_add(lines);
                    count.samples.extend(own);
                }
                None => read.counts.push(LogCount { rule: rule.clone(), lines, samples: own }),
            }
        }
        for (_, source) in sources {
            match read.sources.iter_mut().find(|known| known.name == source.name) {
                Some(known) => known.merge(source),
                None => read.sources.push(source),
            }
        }
    }
}

impl State {
    /// The interval of this time.
    fn found(&mut self, beat: u64) -> &mut Found {
        let last = self.waiting.last_key_value().map(|(beat, _)| *beat);
        let beat = match last {
            Some(last) if self.waiting.len() >= MAX_WAITING => last,
            Some(_) | None => beat,
        };
        self.waiting.entry(beat).or_default()
    }
}

/// One log's way to what was found.
pub(super) struct Ear {
    heard: Arc<Heard>,
    source: usize,
    clock: Clock,
    /// Lines of the block that is being read, by rule.
    lines: Vec<u64>,
    /// The first lines of each rule in this log, masked, until they are passed on.
    samples: Vec<(usize, String)>,
    /// How many lines of each rule were kept of this log.
    kept: Vec<usize>,
}

impl Ear {
    pub(super) fn new(heard: Arc<Heard>, source: usize, clock: Clock) -> Self {
        let none = heard.rules.names().len();
        let (lines, kept) = (vec![0; none], vec![0; none]);
        Self { heard, source, clock, lines, samples: Vec::new(), kept }
    }

    /// A reader at the beginning of a line.
    pub(super) fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.heard.rules))
    }

    /// The time since the start of the run.
    pub(super) fn now(&self) -> Nanos {
        (self.clock)()
    }

    /// Reads a block that has just come.
    pub(super) fn read(&mut self, reader: &mut Reader, block: &[u8]) {
        let bytes = u64::try_from(block.len()).unwrap_or(u64::MAX);
        self.hear(reader, bytes, |reader, found| reader.read(block, found));
    }

    /// The end of what this reader read.
    pub(super) fn finish(&mut self, reader: &mut Reader) {
        self.hear(reader, 0, Reader::finish);
    }

    fn hear(
        &mut self,
        reader: &mut Reader,
        bytes: u64,
        work: impl FnOnce(&mut Reader, &mut dyn FnMut(usize, &[u8])),
    ) {
        let Self { heard, lines, samples, kept, .. } = self;
        let (all, cut) = (reader.lines(), reader.cut());
        work(reader, &mut |rule, line| {
            if let (Some(count), Some(kept)) = (lines.get_mut(rule), kept.get_mut(rule)) {
                *count += 1;
                if *kept < LogCount::MAX_SAMPLES {
                    *kept += 1;
                    samples.push((rule, heard.masks.sample(line)));
                }
            }
        });
        let (all, cut) = (reader.lines() - all, reader.cut() - cut);
        self.tell(|read| {
            read.bytes = read.bytes.saturating_add(bytes);
            read.lines = read.lines.saturating_add(all);
            read.cut = read.cut.saturating_add(cut);
        });
    }

    /// The log is there.
    pub(super) fn opened(&mut self) {
        self.tell(|read| read.is_open = true);
    }

    /// The log is not there, for this reason.
    pub(super) fn away(&mut self, why: &str) {
        self.tell(|read| {
            read.is_open = false;
            read.gap(why);
        });
    }

    /// For so long lines may have been written that were not read.
    pub(super) fn lost(&mut self, length: Nanos, why: &str) {
        self.tell(|read| {
            read.lost = read.lost + length;
            read.gap(why);
        });
    }

    /// Adds to what was found in the interval of this moment.
    fn tell(&mut self, change: impl FnOnce(&mut LogSourceRead)) {
        let beat = self.now().0.checked_div(self.heard.interval.0).unwrap_or_default();
        let mut state = self.heard.state();
        let State { kept, is_open, .. } = &mut *state;
        let mut samples = Vec::new();
        for (rule, sample) in self.samples.drain(..) {
            match kept.get_mut(rule) {
                Some(kept) if *kept < LogCount::MAX_SAMPLES => {
                    *kept += 1;
                    samples.push((rule, sample));
                }
                Some(_) | None => {}
            }
        }
        let was_open = is_open.get(self.source).copied().unwrap_or_default();
        let found = state.found(beat);
        found.samples.extend(samples);
        found.lines.resize(self.lines.len(), 0);
        for (sum, own) in found.lines.iter_mut().zip(&mut self.lines) {
            *sum = sum.saturating_add(std::mem::take(own));
        }
        let name = self.heard.names.get(self.source);
        let read = found.sources.entry(self.source).or_insert_with(|| LogSourceRead {
            name: name.cloned().unwrap_or_default(),
            is_open: was_open,
            ..LogSourceRead::default()
        });
        change(read);
        let is_open = read.is_open;
        if let Some(own) = state.is_open.get_mut(self.source) {
            *own = is_open;
        }
    }
}

impl LogSourceRead {
    /// Adds what was read of the same log later.
    pub(super) fn merge(&mut self, later: Self) {
        let Self { name: _, lines, bytes, cut, is_open, lost, gaps } = later;
        self.lines = self.lines.saturating_add(lines);
        self.bytes = self.bytes.saturating_add(bytes);
        self.cut = self.cut.saturating_add(cut);
        self.is_open = is_open;
        self.lost = self.lost + lost;
        gaps.iter().for_each(|why| self.gap(why));
    }

    /// Keeps a reason, once.
    fn gap(&mut self, why: &str) {
        if self.gaps.len() < MAX_GAPS && !self.gaps.iter().any(|known| known == why) {
            self.gaps.push(why.to_owned());
        }
    }
}
