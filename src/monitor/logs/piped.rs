//! A program whose output is read as it comes, without waiting for it longer than one likes.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes that are read at a time.
const BLOCK: usize = 64 << 10;
/// How long is waited for a program before whoever waits may look at something else.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Where a program wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// To its standard output.
    Output,
    /// To its standard error.
    Errors,
}

/// A running program. When it is dropped it is ended.
#[derive(Debug)]
pub(super) struct Piped {
    child: Child,
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
    block: Vec<u8>,
}

impl Piped {
    /// Starts a program without a shell. A signal that is meant for loadgate does not reach it:
    /// it is ended when its last lines were read.
    pub(super) fn start(program: &str, arguments: &[String]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        Ok(Self { child, output, errors, block: vec![0; BLOCK] })
    }

    /// Whether it can still write something.
    pub(super) fn is_open(&self) -> bool {
        self.output.is_some() || self.errors.is_some()
    }

    /// Waits for a while, and passes on what has come; gives whether something has.
    pub(super) fn wait(&mut self, took: &mut dyn FnMut(Stream, &[u8])) -> io::Result<bool> {
        let Self { output, errors, block, .. } = self;
        let wanted = PollFlags::IN;
        let mut waiting = Vec::with_capacity(2);
        waiting.extend(output.as_ref().map(|own| PollFd::from_borrowed_fd(own.as_fd(), wanted)));
        waiting.extend(errors.as_ref().map(|own| PollFd::from_borrowed_fd(own.as_fd(), wanted)));
        match poll(&mut waiting, Some(&WAIT)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = waiting.iter().map(|own| !own.revents().is_empty()).collect::<Vec<_>>();
        let errors_ready = errors.is_some() && ready.pop().unwrap_or_default();
        let output_ready = output.is_some() && ready.pop().unwrap_or_default();
        let mut has_come = false;
        if output_ready {
            has_come |= part(output, block, &mut |part| took(Stream::Output, part))?;
        }
        if errors_ready {
            has_come |= part(errors, block, &mut |part| took(Stream::Errors, part))?;
        }
        Ok(has_come)
    }

    /// How it ended, when it has.
    pub(super) fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Reads what is there, once; a pipe that is at its end is closed.
fn part<P: Read>(
    pipe: &mut Option<P>,
    block: &mut [u8],
    took: &mut dyn FnMut(&[u8]),
) -> io::Result<bool> {
    let Some(open) = pipe else { return Ok(false) };
    let count = match open.read(block) {
        Ok(count) => count,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
        Err(error) => return Err(error),
    };
    match block.get(..count) {
        Some(new) if !new.is_empty() => took(new),
        Some(_) | None => *pipe = None,
    }
    Ok(count > 0)
}

impl Drop for Piped {
    fn drop(&mut self) {
        // One that has ended by itself can't be ended again.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
