//! What shows a run while it goes on.

use std::net::SocketAddr;

use clap::Args;

/// Live views.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Live view")]
pub(in crate::cli) struct ViewArgs {
    /// Show the run on a page for browsers on this machine while it goes on
    #[arg(long)]
    pub(in crate::cli) live: bool,
    /// Where the page is [default: 127.0.0.1:5665, or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS:PORT", requires = "live", value_parser = address)]
    pub(in crate::cli) live_listen: Option<SocketAddr>,
    /// Show the run on the whole terminal while it goes on; `q` ends it as Ctrl-C does
    #[arg(long)]
    pub(in crate::cli) tui: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_fault| "give an address and a port: 127.0.0.1:5665".to_owned())
}
