//! One side of a comparison: repetitions gathered from the store, from a file, or as they are
//! measured.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Failed;
use crate::gate::evidence::{Evidence, Wanted};
use crate::record::archive::{self, ArchiveError};
use crate::record::{BaselineName, Header, RunRecord, fingerprint, pool};
use crate::report::Curve;
use crate::store::{Store, StoreError};

/// The largest file of a baseline.
const MAX_FILE: u64 = 1 << 30;

/// Repetitions of one side, as far as judging and reporting need them.
#[derive(Default)]
pub(super) struct Gathered {
    /// Name of the baseline, or id of the run or of its set.
    pub(super) name: String,
    /// Each repetition, distilled.
    pub(super) evidence: Vec<Evidence>,
    /// What tells the record of each repetition from every other.
    pub(super) fingerprints: Vec<String>,
    /// Those that are measurements as one record.
    pooled: Option<RunRecord>,
    /// The first that is none: what is shown when there is nothing else.
    distorted: Option<RunRecord>,
}

impl Gathered {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a repetition. Its record is not kept: tens of them would not fit into memory. What has
    /// no name yet is called as the first one's set.
    pub(super) fn add(&mut self, record: RunRecord, wanted: &Wanted) -> Result<(), Failed> {
        let unreadable = |error| Failed::could_not("read the record", error);
        if self.name.is_empty() {
            let header = &record.header;
            let set = header.repetition.as_ref().map(|place| &place.set);
            self.name.clone_from(set.unwrap_or(&header.id));
        }
        let evidence = Evidence::of(&record, wanted).map_err(unreadable)?;
        self.fingerprints.push(fingerprint(&record));
        // The judge leaves these out, so limits and reports must not rest on them either.
        if evidence.faults().iter().any(|fault| fault.kind.is_of_generator()) {
            self.distorted.get_or_insert(record);
        } else {
            self.pooled = pool(self.pooled.take().into_iter().chain([record]).collect());
        }
        self.evidence.push(evidence);
        Ok(())
    }

    /// All repetitions that are measurements as one record, for limits and reports; of a side that
    /// has none the first that is no measurement. `None` as long as there is nothing.
    pub(super) fn record(&self) -> Option<&RunRecord> {
        self.pooled.as_ref().or(self.distorted.as_ref())
    }

    /// The percentiles of all its requests.
    pub(super) fn curve(&self) -> Option<Curve> {
        self.record().map(Curve::of)
    }

    /// The heads of all repetitions.
    pub(super) fn headers(&self) -> Vec<&Header> {
        self.evidence.iter().map(Evidence::header).collect()
    }
}

/// What somebody named: a baseline, an exported file, or runs.
pub(super) enum Named {
    /// Runs in the store, with the name of the baseline if they are one.
    Stored { name: String, runs: Vec<String> },
    /// A file with the runs themselves.
    File(BaselineFile),
}

impl Named {
    /// Finds what `text` names: first a baseline, then a file, then a run with its set.
    pub(super) async fn find(store: Option<&Store>, text: &str) -> Result<Self, Failed> {
        let known = match store {
            Some(store) => store.baselines().await?,
            None => Vec::new(),
        };
        if known.iter().any(|line| line.name == text) {
            return Self::baseline(store, text).await;
        }
        if Path::new(text).is_file() {
            return read(Path::new(text)).map(Self::File);
        }
        let runs = match store {
            Some(store) => store.set_of(text).await,
            None => Err(StoreError::UnknownRun { wanted: text.to_owned(), nearest: None }),
        };
        runs.map(|runs| Self::Stored { name: String::new(), runs }).map_err(|error| {
            if !matches!(error, StoreError::UnknownRun { .. }) {
                return Failed::from(error);
            }
            let names: Vec<&str> = known.iter().map(|line| line.name.as_str()).collect();
            let hint = match crate::scenario::did_you_mean(text, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`loadgate baseline list` and `loadgate runs list` show what there is; \
                         `loadgate baseline capture NAME` measures a baseline"
                    .to_owned(),
            };
            Failed::usage(format!("there is no baseline, file or run `{text}`"), Some(hint))
        })
    }

    /// Finds a baseline by name or file; a run will not do.
    pub(super) async fn baseline(store: Option<&Store>, text: &str) -> Result<Self, Failed> {
        let found = match store {
            Some(store) => store.baseline(text).await.map(Some),
            None => Ok(None),
        };
        match found {
            Ok(Some(runs)) => Ok(Self::Stored { name: text.to_owned(), runs }),
            Ok(None) | Err(StoreError::UnknownBaseline { .. }) if Path::new(text).is_file() => {
                read(Path::new(text)).map(Self::File)
            }
            // The store knows what names are near.
            Err(error @ StoreError::UnknownBaseline { .. }) => {
                Err(Failed::usage(error.to_string(), error.hint()))
            }
            Err(error) => Err(error.into()),
            Ok(None) => Err(Failed::usage(
                format!("there is no baseline `{text}`"),
                Some(format!("measure one: loadgate baseline capture {text} --scenario …")),
            )),
        }
    }

    /// Several runs as one side, each standing for its whole set.
    pub(super) async fn runs(store: &Store, wanted: &[String]) -> Result<Self, Failed> {
        let mut runs: Vec<String> = Vec::new();
        for one in wanted {
            for id in store.set_of(one).await? {
                if !runs.contains(&id) {
                    runs.push(id);
                }
            }
        }
        Ok(Self::Stored { name: String::new(), runs })
    }

    /// The head of the first run, which says by which rules it is judged.
    pub(super) async fn first(&self, store: Option<&Store>) -> Result<Header, Failed> {
        let empty = || self.empty();
        match self {
            Self::File(file) => file.headers.first().cloned().ok_or_else(empty),
            Self::Stored { runs, .. } => {
                let (Some(store), Some(first)) = (store, runs.first()) else { return Err(empty()) };
                Ok(store.load_part(first, &[]).await?.header)
            }
        }
    }

    /// Reads all repetitions, one after the other.
    pub(super) async fn gather(
        &self,
        store: Option<&Store>,
        wanted: &Wanted,
    ) -> Result<Gathered, Failed> {
        let mut gathered = Gathered::new(self.name());
        match self {
            Self::File(file) => {
                for record in file.records()? {
                    gathered.add(record?, wanted)?;
                }
            }
            Self::Stored { runs, .. } => {
                for run in runs {
                    let Some(store) = store else { break };
                    gathered.add(store.load_part(run, &archive::KEPT).await?, wanted)?;
                }
            }
        }
        if gathered.evidence.is_empty() { Err(self.empty()) } else { Ok(gathered) }
    }

    fn name(&self) -> &str {
        match self {
            Self::Stored { name, .. } => name,
            Self::File(file) => file.name.as_str(),
        }
    }

    fn empty(&self) -> Failed {
        let hint = format!("add runs to it: loadgate baseline add {} RUN", self.name());
        Failed::usage(format!("the baseline `{}` has no runs", self.name()), Some(hint))
    }
}

/// A baseline in a file that is known to be whole.
pub(super) struct BaselineFile {
    pub(super) name: BaselineName,
    /// The heads of its runs.
    pub(super) headers: Vec<Header>,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl BaselineFile {
    /// Its runs, one after the other: all of them would not fit into memory.
    pub(super) fn records(
        &self,
    ) -> Result<impl Iterator<Item = Result<RunRecord, Failed>>, Failed> {
        let records = archive::records(&self.bytes).map_err(|error| unfit(&self.path, &error))?;
        Ok(records.map(|record| record.map_err(|error| unfit(&self.path, &error))))
    }
}

/// Reads a baseline from a file, to its end.
pub(super) fn read(path: &Path) -> Result<BaselineFile, Failed> {
    let unreadable = |why: String| {
        let hint = "name a file that `loadgate baseline export` has written";
        refused(path, &why, hint)
    };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    let size = read.map_err(|error| unreadable(error.to_string()))?;
    if u64::try_from(size).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(unreadable(format!("it has more than {MAX_FILE} bytes")));
    }
    let mut headers = Vec::new();
    let mut records = archive::records(&bytes).map_err(|error| unfit(path, &error))?;
    for record in records.by_ref() {
        headers.push(record.map_err(|error| unfit(path, &error))?.header);
    }
    let name = records.name;
    Ok(BaselineFile { name, headers, path: path.to_owned(), bytes })
}

fn unfit(path: &Path, error: &ArchiveError) -> Failed {
    refused(path, &error.to_string(), error.hint())
}

fn refused(path: &Path, why: &str, hint: &str) -> Failed {
    let message = format!("can't read the baseline `{}`: {why}", path.display());
    Failed::usage(message, Some(hint.to_owned()))
}
