//! A running market: start, stop, and the foreground program around it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::app::{App, Shared};
use crate::args::{Args, Config};
use crate::db::{Db, DbError};
use crate::faults::{FaultSpecError, Faults};
use crate::seed::SeedError;
use crate::stats::Stats;
use crate::uploads::Shelf;
use crate::{clock, ids, routes, seed};

/// How long requests under way may take when the market stops.
const GRACE: Duration = Duration::from_secs(2);

/// Why the market could not start or run.
#[derive(Debug, thiserror::Error)]
pub enum MarketError {
    /// The address is taken or not ours.
    #[error(
        "cannot listen on `{address}`: {cause}\nhint: choose another address, or port 0 for a free one"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database `{url}`: {cause}\nhint: {hint}")]
    Database {
        /// Which, without its password.
        url: String,
        /// Why not.
        cause: DbError,
        /// What to look at.
        hint: &'static str,
    },
    /// The database cannot be filled.
    #[error("cannot fill the database: {0}")]
    Seed(#[from] SeedError),
    /// A fault that makes no sense here.
    #[error(transparent)]
    Fault(#[from] FaultSpecError),
    /// Too many faults at once.
    #[error("more faults than can be on at a time\nhint: give fewer `--fault`")]
    TooManyFaults,
    /// Signals or standard output failed.
    #[error("cannot run: {0}")]
    Io(#[from] std::io::Error),
}

/// A running market. Dropped, it ends at once; [`Market::shutdown`] lets requests end first.
#[derive(Debug)]
pub struct Market {
    address: SocketAddr,
    app: App,
    stop: oneshot::Sender<()>,
    server: JoinSet<std::io::Result<()>>,
}

impl Market {
    /// Opens and fills the database and begins to listen.
    pub async fn start(config: Config) -> Result<Self, MarketError> {
        for fault in &config.faults {
            routes::check_fault(fault)?;
        }
        // First, so that a taken port does not cost a seeded database.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr()?;
        let app = open(&config).await?;
        app.faults.begin(config.faults, &app.db).map_err(|_many| MarketError::TooManyFaults)?;

        let service = routes::all(Arc::clone(&app), config.compress)
            .into_make_service_with_connect_info::<SocketAddr>();
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let (stop, stopped) = oneshot::channel::<()>();
        let mut server = JoinSet::new();
        server.spawn(async move {
            // An error means that the sender is gone: then it is time to stop, too.
            let stopped = async { drop(stopped.await) };
            axum::serve(listener, service).with_graceful_shutdown(stopped).await
        });
        Ok(Self { address, app, stop, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What database it has, for people.
    pub fn database(&self) -> &'static str {
        self.app.db.kind()
    }

    /// Stops listening and gives requests under way a moment.
    pub async fn shutdown(mut self) {
        self.app.faults.end_all();
        let _already_gone = self.stop.send(());
        if tokio::time::timeout(GRACE, self.server.join_next()).await.is_err() {
            self.server.shutdown().await;
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, MarketError> {
    TcpListener::bind(address).await.map_err(|cause| MarketError::Listen { address, cause })
}

async fn open(config: &Config) -> Result<App, MarketError> {
    let faults = Arc::new(Faults::new(config.seed));
    let db = Db::open(&config.database, config.pool, Arc::clone(&faults)).await.map_err(|cause| {
        let hint = if config.database.starts_with("postgres") {
            "is the server running, and do user, password and database exist?"
        } else {
            "`sqlite::memory:`, `sqlite:///path/file.db` in a folder that can be written, or `postgres://…`"
        };
        MarketError::Database { url: masked(&config.database), cause, hint }
    })?;
    seed::prepare(&db, config.seed, config.size).await?;
    // Images live in memory: those of an earlier market are gone.
    db.write("upload.deleteMany", r#"DELETE FROM "Upload""#, Vec::new())
        .await
        .map_err(SeedError::from)?;
    Ok(Arc::new(Shared {
        db: Arc::new(db),
        faults,
        stats: Stats::default(),
        shelf: Shelf::default(),
        secret: ids::secret().into_bytes(),
        started: clock::now(),
        prisma_version: config.prisma_version.clone(),
        token_ttl: config.token_ttl,
        least_pending: seed::least_pending(config.size),
        sql_comments: config.sql_comments,
    }))
}

/// A URL without its password.
fn masked(url: &str) -> String {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (login, place) = rest.rsplit_once('@')?;
        let (user, _password) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{place}"))
    });
    parts.unwrap_or_else(|| url.to_owned())
}

/// Runs a market in the foreground until SIGINT or SIGTERM.
pub async fn run(args: Args) -> Result<(), MarketError> {
    let until_stdin_closes = args.until_stdin_closes;
    let config = Config::from(args);
    let (size, version) = (config.size.as_str(), config.prisma_version.clone());
    // Before the first line is out: who reads it may send the signal at once.
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let market = Market::start(config).await?;
    let (address, database) = (market.address(), market.database());
    say(&format!(
        "farmers-market listening on http://{address} ({database}, size {size}, prisma {version})"
    ))?;
    let stdin = stdin_closes(until_stdin_closes);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = stdin => {}
    }
    market.shutdown().await;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Ends when standard input does; never when nobody asked for it.
async fn stdin_closes(wanted: bool) {
    if !wanted {
        return std::future::pending().await;
    }
    let (closed, closing) = oneshot::channel::<()>();
    // A thread of its own, which the end of the process may cut off: a read of standard input cannot be
    // cancelled, and the runtime would wait for it.
    std::thread::spawn(move || {
        let mut buffer = [0; 1_024];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut buffer).is_ok_and(|length| length > 0) {}
        drop(closed);
    });
    drop(closing.await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(masked("postgres://me:secret@host/db"), "postgres://me:***@host/db");
        assert_eq!(masked("postgres://me@host/db"), "postgres://me@host/db");
        assert_eq!(masked("sqlite:///x.db"), "sqlite:///x.db");
    }
}
