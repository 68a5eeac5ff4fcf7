//! Is the market well?

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::{clock, timing};

/// Ticks of `/proc/self/stat` in a second; 100 on all Linux systems of today.
const TICKS_PER_SECOND: f64 = 100.0;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(landing))
        .route("/api/health", get(health))
        .route("/api/health/db", get(database))
        .route("/api/health/metrics", get(metrics))
}

async fn landing() -> Html<&'static str> {
    Html(include_str!("landing.html"))
}

/// In the order in which people compare it with what their guide says.
#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    prisma: &'a str,
    version: &'static str,
    uptime: f64,
}

async fn health(State(app): State<App>) -> Response {
    Json(Health {
        status: "healthy",
        prisma: &app.prisma_version,
        version: env!("CARGO_PKG_VERSION"),
        uptime: app.started.elapsed().as_secs_f64(),
    })
    .into_response()
}

#[derive(Serialize)]
struct Connected {
    status: &'static str,
    latency: f64,
}

async fn database(State(app): State<App>) -> Response {
    let began = clock::now();
    match app.db.read("health.queryRaw", "SELECT 1", Vec::new()).await {
        Ok(_) => {
            let latency = timing::millis(began.elapsed());
            Json(Connected { status: "connected", latency }).into_response()
        }
        Err(error) => {
            let body = json!({ "status": "disconnected", "message": error.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn metrics(State(app): State<App>) -> Json<Value> {
    let (status, stat) = (proc("status").await, proc("stat").await);
    Json(json!({
        "memory": { "rss": kilobytes(&status, "VmRSS:"), "heapUsed": kilobytes(&status, "RssAnon:") },
        "cpu": { "seconds": cpu_seconds(&stat) },
        "pool": app.db.usage(),
        "uptime": app.started.elapsed().as_secs_f64(),
    }))
}

/// What the kernel says of this process; nothing where there is no `/proc`.
async fn proc(file: &'static str) -> String {
    let read = move || std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}

/// A line of `/proc/self/status`, in bytes.
fn kilobytes(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// User and system time: the 14th and 15th field, counted behind the name in brackets, which is the second.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<f64>().ok()?, fields.next()?.parse::<f64>().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_understood() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12_288));
        let stat = "1 (a) b) S 1 1 1 0 -1 4194304 1 0 0 0 250 150 0 0 20 0";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(cpu_seconds(""), None);
    }
}
