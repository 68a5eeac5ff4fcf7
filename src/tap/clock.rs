//! The one place of the tap that reads a clock.

use std::time::Instant;

use crate::units::Nanos;

/// Time since the tap was started; monotonic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub(super) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Time since the start.
    pub(super) fn now(self) -> Nanos {
        self.origin.elapsed().into()
    }

    /// The start.
    pub(super) fn origin(self) -> Instant {
        self.origin
    }
}
