//! A page that shows a run while it goes on, for browsers on this machine.
//!
//! The server has a thread of its own and ends with the run. Who reads gets the newest picture
//! whole: a reader that is slow, or that comes back, skips what it missed, so nothing queues up.
//! While nobody reads, nothing is drawn up and nothing is written as JSON ([`Live::is_watched`]).
//!
//! A page of a stranger in the same browser learns nothing: only requests that name this machine by
//! its address or as `localhost` are answered (a name that was pointed here, as DNS rebinding does,
//! is refused), and none that another site caused.

mod events;
mod guard;
mod page;
mod serve;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

pub use events::MAX_READERS;
use events::Shown;
pub use serve::MAX_CONNECTIONS;
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::report::live::Frame;

/// The port that is taken when none was asked for and it is free: that of k6's dashboard.
pub const USUAL_PORT: u16 = 5_665;

/// Where the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// On loopback, on [`USUAL_PORT`] or, if that is taken, on one that the system chooses.
    Usual,
    /// There and nowhere else; with port 0 the system chooses.
    At(SocketAddr),
}

/// Why there is no page.
#[derive(Debug, Error)]
pub enum LiveError {
    /// Another program listens there, or the address is not one of this machine.
    #[error("can't show the live view on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The system gives no thread or runtime.
    #[error("can't start the live view: {0}")]
    Thread(#[from] io::Error),
}

impl LiveError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::Listen { .. } => {
                "choose another address: `--live-listen 127.0.0.1:0` takes a free port".to_owned()
            }
            Self::Thread(_) => "look at the limits of processes and open files".to_owned(),
        }
    }
}

/// The page. It ends when this is dropped.
#[derive(Debug)]
pub struct Live {
    frames: watch::Sender<Option<Arc<Shown>>>,
    readers: Arc<Semaphore>,
    address: SocketAddr,
    ended: oneshot::Receiver<()>,
}

impl Live {
    /// Starts the page. It can be read when this returns, and waits for its first picture.
    pub fn start(listen: Listen) -> Result<Self, LiveError> {
        let listener = bind(listen)?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (frames, shown) = watch::channel(None);
        let readers = Arc::new(Semaphore::new(MAX_READERS));
        let (tell, ended) = oneshot::channel();
        let places = Arc::clone(&readers);
        std::thread::Builder::new().name("live".to_owned()).spawn(move || {
            runtime.block_on(serve::serve(listener, shown, places));
            // Connections that are still open are cut with it.
            drop(runtime);
            // Who did not wait for the end is not told.
            tell.send(()).unwrap_or_default();
        })?;
        Ok(Self { frames, readers, address, ended })
    }

    /// Where it listens: with the port that the system chose if none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a browser on this machine is given.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{address}/")
    }

    /// Whether somebody reads. Only then a picture is worth its making.
    pub fn is_watched(&self) -> bool {
        self.readers.available_permits() < MAX_READERS
    }

    /// Shows this to all who read, and to those who come.
    pub fn show(&self, frame: Frame) {
        self.frames.send_replace(Some(Arc::new(Shown::new(frame))));
    }

    /// Whoever comes next waits for the next picture: the last one is out of date.
    pub fn forget(&self) {
        self.frames.send_if_modified(|shown| shown.take().is_some());
    }

    /// Ends the page: those who read get the last picture, if they take it in two seconds. The port
    /// is free afterwards.
    pub async fn stop(self) {
        let Self { frames, readers: _, address: _, ended } = self;
        drop(frames);
        // A thread that has crashed has ended, too.
        drop(ended.await);
    }
}

fn bind(listen: Listen) -> Result<TcpListener, LiveError> {
    let at = |address: SocketAddr| {
        TcpListener::bind(address).map_err(|error| LiveError::Listen { address, error })
    };
    match listen {
        Listen::At(address) => at(address),
        Listen::Usual => at((Ipv4Addr::LOCALHOST, USUAL_PORT).into())
            .or_else(|_taken| at((Ipv4Addr::LOCALHOST, 0).into())),
    }
}
