//! Connections that the virtual users of a worker have together.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Mutex;

use super::connection::{Connection, Dialer, Resolver};
use crate::plan::{Connections, Failure, HttpSettings, Timing};

/// One connection for all who come, opened by the first of them and again when it is closed.
#[derive(Debug, Default)]
pub(super) struct SharedLine {
    open: Mutex<Option<Connection>>,
    /// How often opening it was tried.
    tries: Cell<u64>,
    /// Why the last try failed, if it did.
    failure: RefCell<Option<Failure>>,
    /// Whether a connection carries one exchange at a time (HTTP/1.1), so that each has its own.
    alone: Cell<bool>,
}

/// A worker's shared connections; none where each user has its own.
pub(super) fn shared_lines(http: &HttpSettings) -> Vec<Rc<SharedLine>> {
    match http.connections {
        Connections::Shared => (0..http.shared_connections).map(|_| Rc::default()).collect(),
        Connections::Keep | Connections::Fresh => Vec::new(),
    }
}

impl SharedLine {
    /// A handle of the connection. Whoever opens it has the parts of that in `timing`; those who
    /// wait meanwhile have none of them, but their response times count the wait.
    pub(super) async fn connect(
        &self,
        dialer: &Dialer,
        resolver: &Resolver,
        timing: &mut Timing,
    ) -> Result<Connection, Failure> {
        let before = self.tries.get();
        let mut open = self.open.lock().await;
        if self.alone.get() {
            drop(open);
            return dialer.open(resolver, timing).await;
        }
        if let Some(connection) = &mut *open
            && connection.ready().await
            && let Some(handle) = connection.share()
        {
            return Ok(handle);
        }
        // What failed while this one waited has failed for all who waited: if each of them tried
        // in turn, the last would know minutes later.
        if self.tries.get() != before
            && let Some(failure) = &*self.failure.borrow()
        {
            return Err(failure.clone());
        }
        let opened = dialer.open(resolver, timing).await;
        self.tries.set(self.tries.get() + 1);
        *open = opened.as_ref().ok().and_then(Connection::share);
        self.alone.set(opened.is_ok() && open.is_none());
        *self.failure.borrow_mut() = opened.as_ref().err().cloned();
        opened
    }
}
