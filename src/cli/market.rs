//! `loadgate market`.

use super::{Exit, Failed};

/// Runs the farmers market in the foreground, until it is told to stop.
pub(super) async fn market(args: farmers_market::Args) -> Result<Exit, Failed> {
    farmers_market::run(args).await.map_err(|error| Failed::new(error.to_string(), None))?;
    Ok(Exit::Done)
}
