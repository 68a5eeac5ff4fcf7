//! `exec`: a program that the file allows, started without a shell.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use regex::Regex;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::watch as channel;

use super::Tried;
use crate::plan::checks::ExecCheck;
use crate::walk::Stop;

/// The most bytes of an output that are looked at; the rest is read and dropped, so that the
/// program does not wait for a reader.
const MAX_OUTPUT: usize = 1 << 20;

/// The most characters of an output that are told.
const MAX_TOLD: usize = 200;

/// How long the outputs of a program that has ended may stay open: a child of its own may hold
/// them, and is not waited for.
const AFTER_ITS_END: Duration = Duration::from_secs(1);

/// What is wanted.
pub(super) fn expected(check: &ExecCheck) -> String {
    let mut parts = vec![format!("`{}` ends with {}", check.shown, check.exit)];
    let pattern = |pattern: &Regex| format!("`{}`", pattern.as_str());
    parts.extend(check.stdout.as_ref().map(|one| format!("stdout matches {}", pattern(one))));
    parts.extend(
        check.not_stdout.as_ref().map(|one| format!("stdout does not match {}", pattern(one))),
    );
    parts.join(", ")
}

/// What a program has left.
struct Left {
    status: ExitStatus,
    out: String,
    err: String,
}

/// Starts the program and waits for its end, its time, or the end of everything.
pub(super) async fn run(check: &ExecCheck, control: &channel::Sender<Option<Stop>>) -> Tried {
    let Some((program, arguments)) = check.command.split_first() else {
        return Tried::failed("there is no program to start");
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !check.folder.is_empty() {
        command.current_dir(&check.folder);
    }
    // A group of its own, so that what it has started ends with it.
    command.process_group(0).kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Tried::failed(format!("can't be started: {error}")),
    };
    let group = Group::of(&child);
    let mut told = control.subscribe();
    let limit = Duration::from(check.timeout);
    let ended = tokio::select! {
        ended = tokio::time::timeout(limit, left(&mut child)) => ended,
        _stopped = told.wait_for(Option::is_some) => {
            group.kill();
            return Tried::skipped("not done: it was interrupted");
        }
    };
    match ended {
        Ok(Ok(left)) => judge(check, &left),
        Ok(Err(error)) => Tried::failed(error.to_string()),
        Err(_elapsed) => {
            group.kill();
            Tried::failed(format!("has not ended within {} and was stopped", check.timeout))
        }
    }
}

/// The processes of a program.
struct Group(Option<rustix::process::Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }

    /// Ends all of them; those that are gone already need no end.
    fn kill(&self) {
        if let Some(id) = self.0 {
            let killed = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
            killed.unwrap_or_default();
        }
    }
}

async fn left(child: &mut Child) -> std::io::Result<Left> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (mut heard_out, mut heard_err) = (Vec::new(), Vec::new());
    let status = {
        let hearing = async {
            tokio::join!(hear(out, &mut heard_out), hear(err, &mut heard_err));
        };
        tokio::pin!(hearing);
        tokio::select! {
            status = child.wait() => {
                // What it wrote last may still be on its way.
                drop(tokio::time::timeout(AFTER_ITS_END, &mut hearing).await);
                status?
            }
            () = &mut hearing => child.wait().await?,
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Left { status, out: text(&heard_out), err: text(&heard_err) })
}

async fn hear(stream: Option<impl AsyncRead + Unpin>, heard: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut piece = vec![0; 8 << 10];
    while let Ok(length) = stream.read(&mut piece).await {
        let room = MAX_OUTPUT.saturating_sub(heard.len()).min(length);
        heard.extend(piece.get(..room).unwrap_or_default());
        if length == 0 {
            break;
        }
    }
}

fn judge(check: &ExecCheck, left: &Left) -> Tried {
    let ended = left.status.code();
    if ended.and_then(|code| u32::try_from(code).ok()) != Some(check.exit) {
        let code =
            ended.map_or_else(|| left.status.to_string(), |code| format!("exit code {code}"));
        let said = first_of(&[&left.err, &left.out]);
        return Tried::failed(if said.is_empty() { code } else { format!("{code}: {said}") });
    }
    let said = first_of(&[&left.out]);
    let shown = if said.is_empty() { "nothing".to_owned() } else { format!("`{said}`") };
    if check.stdout.as_ref().is_some_and(|pattern| !pattern.is_match(left.out.trim_end())) {
        return Tried::failed(format!("it printed {shown}"));
    }
    let forbidden = check.not_stdout.as_ref().and_then(|pattern| pattern.find(&left.out));
    if let Some(found) = forbidden {
        return Tried::failed(format!("it printed `{}`", cut(found.as_str())));
    }
    let quiet = check.stdout.is_none() && check.not_stdout.is_none();
    Tried::passed(if quiet { format!("exit code {}", check.exit) } else { shown })
}

/// The first line with text in it.
fn first_of(texts: &[&str]) -> String {
    let mut lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
    cut(lines.find(|line| !line.is_empty()).unwrap_or_default())
}

fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MAX_TOLD).collect();
    if short.len() < line.len() { format!("{short}…") } else { short }
}
