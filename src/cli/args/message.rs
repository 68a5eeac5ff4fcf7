//! `loadgate message`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::StoreArg;

/// `loadgate message`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Message {
    /// Which message
    #[arg(value_name = "MESSAGE", value_parser = PossibleValuesParser::new(words()))]
    pub(in crate::cli) which: String,
    /// What is upgraded, for people
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) project: Option<String>,
    /// The branch that was deployed [default: that of the work folder]
    #[arg(long, value_name = "BRANCH")]
    pub(in crate::cli) branch: Option<String>,
    /// The baseline, for the version before
    #[arg(long, value_name = "NAME|FILE|RUN")]
    pub(in crate::cli) baseline: Option<String>,
    /// The run that it is about: its id, its beginning, or `latest` [default: what checks saw last]
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Which day of an observation
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) day: Option<u32>,
    /// Whom to ask
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) contact: Option<String>,
    /// Who signs
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) by: Option<String>,
    /// Write it to a file; `-` is stdout [default: stdout, when it is not sent]
    #[arg(long, value_name = "FILE|-")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Post it as `{"text": …}`, as Slack reads it; without a value to the address in
    /// `LOADGATE_WEBHOOK_URL`, which no process list shows. `LOADGATE_WEBHOOK_TOKEN` is sent as a
    /// bearer token
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "")]
    pub(in crate::cli) send: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) store: StoreArg,
}

fn words() -> Vec<&'static str> {
    crate::report::message::MESSAGES.iter().map(|message| message.word()).collect()
}
