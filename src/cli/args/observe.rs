//! `loadgate observe`.

use std::path::PathBuf;

use clap::Args;

use super::play::some_time;
use super::{DailyFiles, Files, Play, StoreArg};
use crate::gate::observation::{Calendar, read_windows};
use crate::record::WindowText;
use crate::units::Nanos;

/// Above the options that no other command has.
const HEADING: &str = "Observation";

/// `loadgate observe`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Observe {
    #[command(flatten)]
    pub(in crate::cli) play: Play,
    /// How long to observe [default: 48h, or what is left of the observation that is gone on with]
    #[arg(help_heading = HEADING, long = "for", value_name = "48h", value_parser = some_time)]
    pub(in crate::cli) length: Option<Nanos>,
    /// How much is stored together: what is lost at most when the process is killed
    #[arg(help_heading = HEADING, long, value_name = "1m", default_value = "1m", value_parser = segment)]
    pub(in crate::cli) segment: Nanos,
    /// The time zone by whose clock its days are: an IANA name, or an offset such as +02:00
    /// [default: UTC, or as it was begun]
    #[arg(help_heading = HEADING, long, value_name = "ZONE", value_parser = zone)]
    pub(in crate::cli) zone: Option<String>,
    /// The parts of a day [default: 07-11,11-16,16-22 as morning, mid-day and evening]
    #[arg(help_heading = HEADING, long, value_name = "07-11,…", value_parser = Windows::read)]
    pub(in crate::cli) windows: Option<Windows>,
    /// Begin a new observation, though one of this scenario and target is unfinished
    #[arg(help_heading = HEADING, long, conflicts_with_all = ["resume", "finish"])]
    pub(in crate::cli) new: bool,
    /// Go on with this observation [default: the newest unfinished one of scenario and target]
    #[arg(help_heading = HEADING, long, value_name = "ID")]
    pub(in crate::cli) resume: Option<String>,
    /// End the unfinished observation as it is, and send nothing
    #[arg(help_heading = HEADING, long)]
    pub(in crate::cli) finish: bool,
    /// Simulate what this file describes, in seconds instead of days, and send nothing
    #[arg(help_heading = HEADING, long, value_name = "SPEC", conflicts_with_all = ["scenario", "length", "zone", "windows", "new", "resume", "finish"])]
    pub(in crate::cli) simulate: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
    #[command(flatten)]
    pub(in crate::cli) daily: DailyFiles,
    #[command(flatten)]
    pub(in crate::cli) files: Files,
}

/// The parts of a day, as they are given.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Windows(pub(in crate::cli) Vec<WindowText>);

impl Windows {
    fn read(text: &str) -> Result<Self, String> {
        read_windows(text).map(Self).map_err(|error| format!("{error}; {}", error.hint()))
    }
}

fn zone(text: &str) -> Result<String, String> {
    match Calendar::new(text, &[]) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => Err(format!("{error}; {}", error.hint())),
    }
}

/// The length of a segment: shorter ones take more disk than they tell, longer ones lose too much.
fn segment(text: &str) -> Result<Nanos, String> {
    let length: Nanos = text.parse().map_err(|error| format!("{error}"))?;
    if (Nanos::SECOND..=Nanos::from_secs(3_600)).contains(&length) {
        Ok(length)
    } else {
        Err("a segment takes 1s to 1h".to_owned())
    }
}
