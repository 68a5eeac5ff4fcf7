//! Any monitor, looked at again and again.

use std::path::Path;

use super::container::Container;
use super::gaps::{Gaps, Look};
use super::host::Host;
use super::json::Document;
use super::postgres;
use super::process::Processes;
use super::prometheus::Scrape;
use crate::plan::MonitorSource;
use crate::record::Reading;
use crate::units::Nanos;

/// What is watched, and what was seen of it before.
///
/// Whatever goes wrong is a note, and the next look tries again.
#[derive(Debug)]
pub struct Watch(Kind);

#[derive(Debug)]
enum Kind {
    Postgres(Box<postgres::Watch>),
    Other(Box<Other>),
}

#[derive(Debug)]
struct Other {
    source: Source,
    gaps: Gaps,
}

#[derive(Debug)]
enum Source {
    /// `None` when a look has crashed.
    Files(Option<Box<dyn Files>>),
    Container(Container),
    Json(Document),
    Prometheus(Scrape),
    /// What can't be watched at all, and why.
    Broken(String),
}

/// What is read from files of the kernel. That may take a while, so it is done beside the run.
pub(super) trait Files: std::fmt::Debug + Send {
    /// What can be read at `now`, which is the time since the start of the run.
    fn look(&mut self, now: Nanos) -> Result<Look, String>;
}

impl Watch {
    /// Looks for the first time, so that what happens from now on can be counted. `folder` is where
    /// the store is.
    pub async fn start(source: &MonitorSource, folder: &Path) -> Self {
        let made = match source {
            MonitorSource::Postgres(monitor) => {
                let watch = postgres::Watch::start(monitor.clone()).await;
                return Self(Kind::Postgres(Box::new(watch)));
            }
            MonitorSource::Process(wanted) => {
                Processes::new(wanted).map(|found| Source::Files(Some(Box::new(found))))
            }
            MonitorSource::Loadgate => Ok(Source::Files(Some(Box::new(Processes::own())))),
            MonitorSource::Host => Ok(Source::Files(Some(Box::new(Host::new(folder))))),
            MonitorSource::Container(monitor) => {
                Ok(Source::Container(Container::new(monitor.clone())))
            }
            MonitorSource::Json(asked, readings) => {
                Document::new(asked, readings).map(Source::Json)
            }
            MonitorSource::Prometheus(asked, readings) => {
                Scrape::new(asked, readings).map(Source::Prometheus)
            }
        };
        let source = made.unwrap_or_else(Source::Broken);
        let mut watch = Self(Kind::Other(Box::new(Other { source, gaps: Gaps::default() })));
        // Its readings are of the time before the run.
        drop(watch.look(Nanos::ZERO).await);
        watch
    }

    /// What can be read at `now`, which is the time since the start of the run.
    pub async fn look(&mut self, now: Nanos) -> Vec<Reading> {
        match &mut self.0 {
            Kind::Postgres(watch) => watch.look(now).await,
            Kind::Other(other) => {
                let look = other.source.look(now).await;
                other.gaps.keep(now, look)
            }
        }
    }

    /// What is known only at the end, and what people should know of all.
    pub async fn finish(self) -> (Vec<Reading>, Vec<String>) {
        match self.0 {
            Kind::Postgres(watch) => watch.finish().await,
            Kind::Other(other) => (Vec::new(), other.gaps.told()),
        }
    }

    /// What people should know so far.
    pub fn notes(&self) -> Vec<String> {
        match &self.0 {
            Kind::Postgres(watch) => watch.notes(),
            Kind::Other(other) => other.gaps.told(),
        }
    }
}

impl Source {
    async fn look(&mut self, now: Nanos) -> Result<Look, String> {
        match self {
            Self::Files(files) => beside(files, now).await,
            Self::Container(container) => container.look(now).await,
            Self::Json(document) => document.look().await,
            Self::Prometheus(scrape) => scrape.look().await,
            Self::Broken(why) => Err(why.clone()),
        }
    }
}

/// Reads files on a thread that may wait.
pub(super) async fn beside(files: &mut Option<Box<dyn Files>>, now: Nanos) -> Result<Look, String> {
    let crashed = || "it crashed, which is a fault of loadgate".to_owned();
    let mut own = files.take().ok_or_else(crashed)?;
    let done = tokio::task::spawn_blocking(move || {
        let look = own.look(now);
        (own, look)
    });
    let (own, look) = done.await.map_err(|_panic| crashed())?;
    *files = Some(own);
    look
}
