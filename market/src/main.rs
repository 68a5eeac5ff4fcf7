//! The market as a program of its own.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

/// A small farmers market server to practise load testing on
#[derive(Debug, Parser)]
#[command(name = "farmers-market", version)]
struct Cli {
    #[command(flatten)]
    market: farmers_market::Args,

    /// Threads that work on requests; one a core if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = cli.workers {
        builder.worker_threads(usize::from(workers));
    }
    let result = match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(farmers_market::run(cli.market)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed as well.
            drop(writeln!(std::io::stderr(), "error: {error}"));
            ExitCode::FAILURE
        }
    }
}
