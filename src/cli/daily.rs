//! The texts of an observation: the Daily Metrics Log and the Daily Status Update.

use super::args::DailyFiles;
use super::terminal::Terminal;
use super::{Failed, output};
use crate::report::Document;
use crate::report::daily::{Columns, log, status};

/// Writes the texts that were asked for. Whether any was.
pub(super) fn write(
    files: &DailyFiles,
    document: &Document,
    terminal: &Terminal,
) -> Result<bool, Failed> {
    let DailyFiles { daily, night, daily_status, day } = files;
    if daily.is_none() && daily_status.is_none() {
        return Ok(false);
    }
    let Some(observed) = &document.observation else {
        let message = format!("the run {} is no observation, so it has no days", document.run.id);
        let hint = "name an observation: `loadgate runs list` shows what there is";
        return Err(Failed::usage(message, Some(hint.to_owned())));
    };
    if let Some(path) = daily {
        let columns = if *night { Columns::WithNight } else { Columns::Windows };
        output::write(path, &log(observed, columns), terminal)?;
    }
    if let Some(path) = daily_status {
        let last = observed.days.last().map_or(1, |day| day.number);
        let number = day.unwrap_or(last);
        let text = status(document, observed, number).ok_or_else(|| {
            let days = observed.days.iter().map(|day| day.number.to_string());
            let known = days.collect::<Vec<_>>().join(", ");
            let hint = if known.is_empty() {
                "wait for its first segment".to_owned()
            } else {
                format!("it has these: {known}")
            };
            Failed::usage(format!("the observation has no day {number}"), Some(hint))
        })?;
        output::write(path, &text, terminal)?;
    }
    Ok(true)
}
