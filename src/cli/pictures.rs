//! Pictures of results: one page for chat and slides, and each chart as files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::Failed;
use super::args::PictureFiles;
use super::output::{check_writable, write, write_bytes};
use super::terminal::Terminal;
use crate::report::{Document, RenderError, picture};

/// Where pictures go.
pub(super) struct Pictures {
    page: Option<PathBuf>,
    charts: Option<PathBuf>,
}

impl Pictures {
    /// What the arguments name. That it can't be written is known before anything starts.
    pub(super) fn of(files: &PictureFiles) -> Result<Self, Failed> {
        let PictureFiles { png, charts } = files;
        if png.as_deref() == Some(Path::new("-")) {
            return Err(Failed::usage(
                "a picture is not for stdout",
                Some("name a file: `--png summary.png`".to_owned()),
            ));
        }
        if let Some(path) = png {
            check_writable(path)?;
        }
        if let Some(folder) = charts
            && !folder.is_dir()
        {
            check_new(folder)?;
        }
        Ok(Self { page: png.clone(), charts: charts.clone() })
    }

    /// Whether there is something to write.
    pub(super) fn any(&self) -> bool {
        self.page.is_some() || self.charts.is_some()
    }

    /// Writes what was asked for. A chart of another document that lies in the folder already
    /// stays, unless it has the name of a new one.
    pub(super) fn write(&self, document: &Document, terminal: &Terminal) -> Result<(), Failed> {
        let fault = |error: RenderError| Failed::new(error.to_string(), None);
        if let Some(path) = &self.page {
            write_bytes(path, &picture::summary(document).map_err(fault)?, terminal)?;
        }
        let Some(folder) = &self.charts else { return Ok(()) };
        let what = format!("make the folder `{}`", folder.display());
        fs::create_dir_all(folder).map_err(|error| Failed::could_not(&what, error))?;
        for chart in picture::charts(document).map_err(fault)? {
            write(&folder.join(format!("{}.svg", chart.name)), &chart.svg, terminal)?;
            write_bytes(&folder.join(format!("{}.png", chart.name)), &chart.png, terminal)?;
        }
        Ok(())
    }
}

/// Whether a folder that is not there yet can be made.
fn check_new(folder: &Path) -> Result<(), Failed> {
    let above = folder.parent().filter(|above| *above != Path::new(""));
    let why = if folder.exists() {
        "it is a file"
    } else if above.is_some_and(|above| !above.is_dir()) {
        "the folder above it does not exist"
    } else {
        return Ok(());
    };
    Err(Failed::usage(
        format!("can't write charts to `{}`: {why}", folder.display()),
        Some("name a folder, or a new one in a folder that exists".to_owned()),
    ))
}
