//! `loadgate tap`: a proxy before PostgreSQL, in the foreground, and what it measured at the end.

mod told;

use std::path::Path;

use told::Told;

use super::args::{Tap as Args, TapTls};
use super::output::{check_writable, write};
use super::signals::Incoming;
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::engine::process_cpu;
use crate::tap::{AddressError, Certificate, ClientTls, Settings, Statements, Tap};

/// Runs a tap until it is told to stop, and tells what it measured.
pub(super) async fn tap(args: Args, terminal: &Terminal) -> Result<Exit, Failed> {
    let settings = settings(&args)?;
    if let Some(path) = &args.json {
        check_writable(path)?;
    }
    let upstream = settings.upstream.place.to_string();
    let mut signals =
        Incoming::register().map_err(|error| Failed::could_not("listen for signals", error))?;
    let tap = Tap::start(settings)?;
    let listen = tap.place().to_string();
    let cpu = process_cpu();
    terminal.note(&format!("listening on {listen}, passing to {upstream}; Ctrl-C ends it"));
    // Its end by a signal is the end that it has.
    signals.next().await;
    let batch = tap.stop().await?;
    let told = Told { batch: &batch, cpu: process_cpu() - cpu, listen, upstream };
    if let Some(path) = &args.json {
        write(path, &told.json(), terminal)?;
    }
    if args.json.as_deref() != Some(Path::new("-")) {
        let printed = terminal.out(&told.table());
        printed.map_err(|error| Failed::could_not("print what was measured", error))?;
    }
    for warning in told.warnings() {
        terminal.warning(&warning);
    }
    Ok(Exit::Done)
}

fn settings(args: &Args) -> Result<Settings, Failed> {
    let refused =
        |error: AddressError| Failed::usage(error.to_string(), Some(error.hint().to_owned()));
    let certificate = match (&args.tls_cert, &args.tls_key) {
        (Some(chain), Some(key)) => Certificate::Files { chain: chain.clone(), key: key.clone() },
        // One is not given without the other.
        (None, _) | (_, None) => Certificate::Generated,
    };
    let tls = match args.tls {
        TapTls::Refuse => ClientTls::Refuse,
        TapTls::Pass => ClientTls::Pass,
        TapTls::Terminate => ClientTls::Terminate(certificate),
    };
    if args.tls_cert.is_some() && args.tls != TapTls::Terminate {
        let hint = "add `--tls terminate`".to_owned();
        return Err(Failed::usage("`--tls-cert` is for a tap that ends TLS", Some(hint)));
    }
    Ok(Settings {
        listen: args.listen.parse().map_err(refused)?,
        upstream: args.upstream.parse().map_err(refused)?,
        tls,
        // Nobody here asks what caused a statement.
        statements: Statements::Sum,
    })
}
