//! Telling others of an alarm: programs that are started, addresses that are posted to.
//!
//! loadgate itself never rolls anything back. Whoever can do so is told what was seen, and what
//! they answer is a note, never the end of a run.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::plan::Reaction;

/// How long a program may take: it is told something, and not waited for forever.
const PROGRAM_LIMIT: Duration = Duration::from_mins(1);

/// How long one post may take.
const POST_LIMIT: Duration = Duration::from_secs(10);

/// How often a post is tried. Whoever is to be told of a failing system may be part of it.
const POST_TRIES: u32 = 3;

/// What became of a reaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who was told, without what could be a secret.
    pub who: String,
    /// Why it went wrong, if it did.
    pub failure: Option<String>,
}

/// Tells everybody at once and waits for all; `body` is JSON.
///
/// A program reads it from its standard input, an address is sent it as `application/json`.
pub async fn tell(reactions: &[Reaction], body: &str) -> Vec<Told> {
    let all = reactions.iter().map(|reaction| async move {
        let (who, done) = match reaction {
            // Arguments can hold tokens.
            Reaction::Exec(command) => {
                (command.first().cloned().unwrap_or_default(), exec(command, body).await)
            }
            Reaction::Webhook(url) => (place_of(url), post(url, body, None).await),
        };
        Told { who, failure: done.err() }
    });
    futures_util::future::join_all(all).await
}

/// Posts `body`, which is JSON, to one address, with a bearer token if there is one. Neither the
/// path of the address nor the token is in what comes back.
pub async fn send(url: &str, body: &str, token: Option<&str>) -> Told {
    let done = match reqwest::Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => post(url, body, token).await,
        Ok(_) | Err(_) => Err("its address is none of http or https".to_owned()),
    };
    Told { who: place_of(url), failure: done.err() }
}

/// Starts a program, gives it `body`, and waits for it.
async fn exec(command: &[String], body: &str) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("there is no program to start".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        // What it prints is for its own log; the results of the run stand on stdout.
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("can't be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that reads nothing is told all the same: it was started.
        drop(stdin.write_all(body.as_bytes()).await);
    }
    match timeout(PROGRAM_LIMIT, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("ended with {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_elapsed) => Err(format!("has not ended within {PROGRAM_LIMIT:?} and was stopped")),
    }
}

/// Posts `body`, again after a pause when that fails.
async fn post(url: &str, body: &str, token: Option<&str>) -> Result<(), String> {
    let client = client()?;
    let mut pause = Duration::from_secs(1);
    let mut failure = String::new();
    for again in 0..POST_TRIES {
        if again > 0 {
            sleep(pause).await;
            pause *= 2;
        }
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .timeout(POST_LIMIT);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => failure = format!("answered with status {}", answer.status().as_u16()),
            // The address is taken out: its path is what makes many webhooks secret.
            Err(error) => failure = innermost(&error.without_url()),
        }
    }
    Err(format!("{failure}, {POST_TRIES} times"))
}

fn client() -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut trusted = rustls::RootCertStore::empty();
    // Without any the handshake fails and says so; an address without TLS needs none.
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = versions.with_root_certificates(trusted).with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
}

/// The last cause, which says what happened: "connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// Scheme and host of an address: the rest may be secret.
fn place_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(parsed) => {
            let host = parsed.host_str().unwrap_or_default();
            let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{host}{port}/…", parsed.scheme())
        }
        Err(_unreadable) => "a webhook".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_part_of_an_address_is_not_shown() {
        let shown = place_of("https://user:pw@hooks.example:8443/services/T0/B0/secret?key=1");
        assert_eq!(shown, "https://hooks.example:8443/…");
        assert_eq!(place_of("no address"), "a webhook");
    }
}
