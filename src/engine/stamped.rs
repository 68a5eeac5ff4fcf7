//! A stream that notes when bytes pass and counts them.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Clock;
use crate::units::Nanos;

/// What has passed over a connection, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    /// Bytes written since the connection was opened.
    pub(super) written: u64,
    /// Bytes read since the connection was opened.
    pub(super) read: u64,
    /// How many bytes, written and read, belong to exchanges that have ended.
    claimed: (u64, u64),
    /// When the last byte was written before the first one was read.
    pub(super) last_write: Nanos,
    /// When the first byte was read since [`Stamps::begin`].
    pub(super) first_read: Option<Nanos>,
}

/// The notes of one connection, shared by the stream and its user.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    clock: Clock,
    passed: Rc<Cell<Passed>>,
}

impl Stamps {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, passed: Rc::default() }
    }

    /// Begins an exchange: forgets its times, keeps the byte counts, and gives these.
    pub(super) fn begin(&self) -> Passed {
        let before = self.passed.get();
        self.passed.set(Passed { last_write: Nanos::ZERO, first_read: None, ..before });
        before
    }

    pub(super) fn passed(&self) -> Passed {
        self.passed.get()
    }

    /// The bytes, written and read, that no exchange has claimed yet. Where several share the
    /// connection nobody knows whose they are, but each byte is counted once.
    pub(super) fn claim(&self) -> (u64, u64) {
        let passed = self.passed.get();
        let (written, read) = passed.claimed;
        self.passed.set(Passed { claimed: (passed.written, passed.read), ..passed });
        (passed.written.saturating_sub(written), passed.read.saturating_sub(read))
    }

    fn wrote(&self, bytes: usize) {
        let mut passed = self.passed.get();
        passed.written += u64::try_from(bytes).unwrap_or_default();
        if passed.first_read.is_none() {
            passed.last_write = self.clock.now();
        }
        self.passed.set(passed);
    }

    fn read(&self, bytes: usize) {
        let mut passed = self.passed.get();
        passed.read += u64::try_from(bytes).unwrap_or_default();
        if passed.first_read.is_none() && bytes > 0 {
            passed.first_read = Some(self.clock.now());
        }
        self.passed.set(passed);
    }
}

/// A stream whose bytes are noted. It stands above TLS, so it counts plain bytes.
#[derive(Debug)]
pub(super) struct Stamped<S> {
    stream: S,
    stamps: Stamps,
}

impl<S> Stamped<S> {
    pub(super) fn new(stream: S, stamps: Stamps) -> Self {
        Self { stream, stamps }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stamped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.stamps.read(buffer.filled().len().saturating_sub(before));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stamped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.stamps.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        self.stamps.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
