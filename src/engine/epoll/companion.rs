//! The thread beside a worker for what is not worth doing by hand: host names, databases, and
//! being told to stop.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};

use crate::engine::handover::Control;
use crate::engine::received::Came;
use crate::engine::{Clock, Databases};
use crate::plan::Statement;
use crate::walk::{Stop, Task};

/// Errands that may wait: the companion only takes them up, so it is never behind by many.
const ERRANDS: usize = 1_024;

/// Tidings that may wait. More of them wait with the companion, one for each errand at most, while
/// it goes on taking errands: neither thread ever waits for the other to wait for it.
const TIDINGS: usize = 1_024;

/// What the worker asks for.
#[derive(Debug)]
pub(super) enum Errand {
    /// Send a statement to a database.
    Query(Task, Statement),
    /// Look up the addresses of a host.
    LookUp(String, u16),
}

/// What the worker is told.
#[derive(Debug)]
pub(super) enum Tidings {
    /// What came of a statement.
    Answered(Task, Box<Came>),
    /// The addresses of a host, or why there are none.
    Found(io::Result<Vec<SocketAddr>>),
    /// The run ends before its time.
    Stop(Stop),
}

/// The worker's end of it.
#[derive(Debug)]
pub(super) struct Companion {
    errands: Option<mpsc::Sender<Errand>>,
    tidings: mpsc::Receiver<Tidings>,
    bell: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Companion {
    /// Starts the thread, which ends with the worker.
    pub(super) fn start(clock: Clock, databases: Databases, control: Control) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let (errands, asked) = mpsc::channel(ERRANDS);
        let (tidings, told) = mpsc::channel(TIDINGS);
        let worker = Worker { tidings, bell: Arc::clone(&bell) };
        let serve = move || {
            LocalSet::new().block_on(&runtime, serve((clock, databases), asked, control, worker));
        };
        let thread = std::thread::Builder::new().name("companion".to_owned()).spawn(serve)?;
        Ok(Self { errands: Some(errands), tidings: told, bell, thread: Some(thread) })
    }

    /// Readable when there are tidings.
    pub(super) fn bell(&self) -> &OwnedFd {
        &self.bell
    }

    /// Asks for something. A companion that is gone has told the worker to stop.
    pub(super) fn ask(&self, errand: Errand) {
        if let Some(errands) = &self.errands {
            errands.blocking_send(errand).unwrap_or_default();
        }
    }

    /// The next tidings. The bell is quiet when there are no more.
    pub(super) fn tidings(&mut self) -> Option<Tidings> {
        self.tidings.try_recv().ok()
    }

    /// Quiets the bell; to be called before the tidings are taken.
    pub(super) fn quiet(&self) {
        let mut count = [0; 8];
        // Empty or not, it is quiet afterwards.
        rustix::io::read(&self.bell, &mut count).unwrap_or_default();
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        self.errands = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been shown; the worker that asked it has no answer and says so.
            thread.join().unwrap_or_default();
        }
    }
}

/// The way to the worker.
#[derive(Clone, Debug)]
struct Worker {
    tidings: mpsc::Sender<Tidings>,
    bell: Arc<OwnedFd>,
}

impl Worker {
    /// Tells the worker something and wakes it.
    async fn tell(self, tidings: Tidings) {
        if self.tidings.send(tidings).await.is_ok() {
            // A bell that can't count further rings already.
            rustix::io::write(&self.bell, &1_u64.to_ne_bytes()).unwrap_or_default();
        }
    }
}

/// Does errands until the worker is gone.
async fn serve(
    (clock, databases): (Clock, Databases),
    mut errands: mpsc::Receiver<Errand>,
    mut control: Control,
    worker: Worker,
) {
    let databases = Rc::new(databases);
    let mut under_way = JoinSet::new();
    let mut told = None;
    let mut controlled = true;
    loop {
        let asked = *control.borrow_and_update();
        if let Some(stop) = asked.filter(|_| asked != told) {
            under_way.spawn_local(worker.clone().tell(Tidings::Stop(stop)));
            told = asked;
        }
        tokio::select! {
            changed = control.changed(), if controlled => {
                // Whoever could tell us to stop is gone: nobody will take the results.
                if changed.is_err() {
                    controlled = false;
                    under_way.spawn_local(worker.clone().tell(Tidings::Stop(Stop::AtOnce)));
                }
            }
            Some(_done) = under_way.join_next(), if !under_way.is_empty() => {}
            errand = errands.recv() => match errand {
                None => return,
                Some(Errand::Query(task, statement)) => {
                    let (databases, worker) = (Rc::clone(&databases), worker.clone());
                    under_way.spawn_local(async move {
                        let came = databases.query(&statement, clock).await;
                        worker.tell(Tidings::Answered(task, Box::new(came))).await;
                    });
                }
                Some(Errand::LookUp(host, port)) => {
                    let worker = worker.clone();
                    under_way.spawn_local(async move {
                        let found = tokio::net::lookup_host((host.as_str(), port)).await;
                        worker.tell(Tidings::Found(found.map(Iterator::collect))).await;
                    });
                }
            }
        }
    }
}
