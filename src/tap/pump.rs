//! One direction of a connection: what is read from one side is written to the other.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clock::Clock;
use super::stream::Stream;
use crate::units::Nanos;

/// Bytes that are read at once. One buffer serves all connections: a connection has memory of its
/// own only for what its other side did not take.
pub(super) const BUFFER: usize = 64 << 10;

/// What one direction still has to do.
#[derive(Debug, Default)]
pub(super) struct Pump {
    /// What was read and not taken by the other side yet. Nothing more is read before it is gone.
    pending: Vec<u8>,
    /// How much of it has been written.
    written: usize,
    /// When it was read.
    read: Nanos,
    /// Whether what was written may still be in the memory of TLS.
    unflushed: bool,
    end: End,
}

/// How far a direction has come to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// No more comes from the one side; the other does not know yet.
    Came,
    /// The other side has been told.
    Passed,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// Bytes that have passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing<'a> {
    pub(super) bytes: &'a [u8],
    /// When they had been read.
    pub(super) read: Nanos,
    /// When they had been written.
    pub(super) written: Nanos,
}

/// What a pump needs to know of the world.
#[derive(Debug)]
pub(super) struct Hand<'a> {
    pub(super) buffer: &'a mut [u8],
    pub(super) clock: Clock,
}

impl Passing<'_> {
    /// How long the tap had them.
    pub(super) fn held(&self) -> Nanos {
        self.written.since(self.read)
    }
}

impl Pump {
    /// Whether everything has passed that ever will.
    pub(super) fn is_done(&self) -> bool {
        self.end == End::Passed
    }

    /// Moves what can be moved until one of the sides has to be waited for, and shows what has
    /// passed. Ready when all has passed, or with the error that ends the connection.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        (from, to): (&mut Stream, &mut Stream),
        hand: &mut Hand<'_>,
        seen: &mut dyn FnMut(Passing<'_>),
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.drain(cx, to, hand.clock, seen))?;
            match self.end {
                End::Open => {}
                End::Came => {
                    // Who has gone altogether needs not to be told.
                    match ready!(Pin::new(&mut *to).poll_shutdown(cx)) {
                        Err(error) if error.kind() != io::ErrorKind::NotConnected => {
                            return Poll::Ready(Err(error));
                        }
                        Ok(()) | Err(_) => self.end = End::Passed,
                    }
                }
                End::Passed => return Poll::Ready(Ok(())),
            }
            if self.end == End::Open {
                ready!(self.fill(cx, (&mut *from, &mut *to), hand, seen))?;
            }
        }
    }

    /// Writes what is left of an earlier time.
    fn drain(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut Stream,
        clock: Clock,
        seen: &mut dyn FnMut(Passing<'_>),
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.pending.get(self.written..).filter(|rest| !rest.is_empty()) {
            let length = ready!(Pin::new(&mut *to).poll_write(cx, rest))?;
            if length == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let bytes = rest.get(..length).unwrap_or(rest);
            seen(Passing { bytes, read: self.read, written: clock.now() });
            self.written += length;
            self.unflushed = true;
        }
        if !self.pending.is_empty() {
            (self.pending, self.written) = (Vec::new(), 0);
        }
        if self.unflushed {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once, and writes as much of it as the other side takes.
    fn fill(
        &mut self,
        cx: &mut Context<'_>,
        (from, to): (&mut Stream, &mut Stream),
        hand: &mut Hand<'_>,
        seen: &mut dyn FnMut(Passing<'_>),
    ) -> Poll<io::Result<()>> {
        let mut buffer = ReadBuf::new(hand.buffer);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        if bytes.is_empty() {
            self.end = End::Came;
            return Poll::Ready(Ok(()));
        }
        let read = hand.clock.now();
        let written = match Pin::new(to).poll_write(cx, bytes) {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(length) => length?,
            Poll::Pending => 0,
        };
        self.unflushed = written > 0;
        let (passed, rest) = bytes.split_at(written.min(bytes.len()));
        if !rest.is_empty() {
            (self.pending, self.written, self.read) = (rest.to_vec(), 0, read);
        }
        if !passed.is_empty() {
            seen(Passing { bytes: passed, read, written: hand.clock.now() });
        }
        Poll::Ready(Ok(()))
    }
}
