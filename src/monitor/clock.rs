//! The clock of a monitor, by which it counts what happened between two looks.

use std::time::Instant;

use crate::units::Nanos;

/// Time since a monitor was made ready; monotonic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub(super) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    pub(super) fn now(&self) -> Nanos {
        self.origin.elapsed().into()
    }
}
