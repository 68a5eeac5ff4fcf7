//! `loadgate db`: what the database itself says.

mod pool;
mod top;

use serde_json::{Value, json};

use super::args::{By, DatabaseArg, Db, DbCommand};
use super::output::{check_writable, write};
use super::terminal::Terminal;
use super::{Exit, Failed};
use crate::monitor::postgres::{Check, Delta, MonitorError, Order, Server};
use crate::units::Nanos;

/// Shows statements or connections.
pub(super) async fn db(db: Db, terminal: &Terminal) -> Result<Exit, Failed> {
    match db.command {
        DbCommand::Top { database, lasting, by, limit } => {
            let order = match by {
                By::Mean => Order::Mean,
                By::Total => Order::Total,
                By::Calls => Order::Calls,
            };
            top(&database, lasting, (order, limit.into()), terminal).await
        }
        DbCommand::Pool { database, pool_size } => pool(&database, pool_size, terminal).await,
    }
}

async fn top(
    asked: &DatabaseArg,
    lasting: Option<Nanos>,
    (order, limit): (Order, usize),
    terminal: &Terminal,
) -> Result<Exit, Failed> {
    let mut server = open(asked, terminal).await?;
    let before = server.statements().await?;
    let delta = match lasting {
        None => Delta::since_reset(&before),
        Some(lasting) => {
            terminal.note(&format!("counting what happens in the next {lasting} …"));
            tokio::time::sleep(lasting.into()).await;
            Delta::between(&before, &server.statements().await?)
        }
    };
    let right = server.missing_right().await?.filter(|_| delta.hidden > 0);
    let shown = top::Shown {
        database: server.database().to_owned(),
        version: server.version(),
        reset: before.info.and_then(|info| info.reset),
        is_interval: lasting.is_some(),
        delta: &delta,
        order,
        limit,
    };
    for gap in &delta.gaps {
        terminal.warning(gap);
    }
    if let Some(right) = right {
        hidden(terminal, &format!("{} statements of other users", delta.hidden), &right);
    }
    tell(asked, (&shown.text(), shown.json()), terminal)?;
    server.close().await;
    Ok(Exit::Done)
}

async fn pool(asked: &DatabaseArg, size: Option<u64>, terminal: &Terminal) -> Result<Exit, Failed> {
    let mut server = open(asked, terminal).await?;
    let activity = server.activity().await?;
    let right = server.missing_right().await?.filter(|_| activity.hidden() > 0);
    if let Some(right) = right {
        hidden(terminal, &format!("the states of {} connections", activity.hidden()), &right);
    }
    let shown = pool::Shown { activity: &activity, size, version: server.version() };
    tell(asked, (&shown.text(), shown.json()), terminal)?;
    server.close().await;
    Ok(Exit::Done)
}

async fn open(asked: &DatabaseArg, terminal: &Terminal) -> Result<Server, Failed> {
    asked.json.as_deref().map(check_writable).transpose()?;
    let server = Server::connect(&asked.database).await?;
    terminal.detail(&format!("PostgreSQL {}", server.version()));
    Ok(server)
}

/// Says what may not be seen, and which right is missing.
fn hidden(terminal: &Terminal, what: &str, right: &str) {
    let message = format!("{what} may not be seen: the rest goes on");
    terminal.advice(&message, &format!("as a superuser: `{right}`"));
}

fn tell(
    asked: &DatabaseArg,
    (text, document): (&str, Value),
    terminal: &Terminal,
) -> Result<(), Failed> {
    let mut in_place = false;
    if let Some(path) = &asked.json {
        in_place = path.as_os_str() == "-";
        write(path, &format!("{document:#}\n"), terminal)?;
    }
    if in_place {
        return Ok(());
    }
    terminal.out(text).map_err(|error| Failed::could_not("print", error))
}

impl From<MonitorError> for Failed {
    fn from(error: MonitorError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

/// Limits as lines with ticks.
fn lines(checks: &[Check]) -> String {
    let line = |check: &Check| format!("{} {}: {}\n", check.mark.sign(), check.limit, check.found);
    checks.iter().map(line).collect()
}

fn checks_as_json(checks: &[Check]) -> Value {
    let one = |check: &Check| json!({ "limit": check.limit, "result": check.mark.word(), "found": check.found });
    checks.iter().map(one).collect()
}

/// A moment of the server's clock as a page shows it.
fn moment(seconds: f64) -> String {
    super::runs::started(Nanos::from_secs_f64(seconds).0)
}
