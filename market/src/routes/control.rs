//! Counters and faults, for who sits on the same machine.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::parse_fault;
use crate::app::App;
use crate::error::ApiError;
use crate::stats::Reading;

/// What the paths begin with.
pub(crate) const PREFIX: &str = "/__market/";
/// The longest list of faults in one request.
const MOST_SPECS: usize = 16 << 10;

/// Marks requests from this machine.
#[derive(Debug, Clone, Copy)]
struct Local;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/__market/stats", get(stats))
        .route("/__market/stats/reset", post(reset))
        .route("/__market/faults", get(faults).post(begin).delete(end))
}

/// Notes whether the peer is on the loopback interface.
pub(crate) async fn mark_local(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Request {
    if peer.ip().to_canonical().is_loopback() {
        request.extensions_mut().insert(Local);
    }
    request
}

/// 404 for others: to them there is nothing here.
fn local_only(request: &Request) -> Result<(), ApiError> {
    match request.extensions().get::<Local>() {
        Some(Local) => Ok(()),
        None => Err(ApiError::not_found("page")),
    }
}

async fn stats(State(app): State<App>, request: Request) -> Result<Json<Reading>, ApiError> {
    local_only(&request)?;
    Ok(Json(app.stats.read()))
}

async fn reset(State(app): State<App>, request: Request) -> Result<StatusCode, ApiError> {
    local_only(&request)?;
    app.stats.reset();
    Ok(StatusCode::NO_CONTENT)
}

async fn faults(State(app): State<App>, request: Request) -> Result<Json<Value>, ApiError> {
    local_only(&request)?;
    Ok(Json(json!({ "faults": app.faults.texts() })))
}

async fn begin(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    local_only(&request)?;
    let body = axum::body::to_bytes(request.into_body(), MOST_SPECS)
        .await
        .map_err(|error| ApiError::too_large(error.to_string()))?;
    let text = std::str::from_utf8(&body)
        .map_err(|error| ApiError::bad_request("INVALID_BODY", error.to_string()))?
        .trim();
    let texts = if text.starts_with(['[', '"']) { read_json(text)? } else { vec![text.to_owned()] };
    let specs = texts
        .iter()
        .map(|text| parse_fault(text))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    app.faults
        .begin(specs, &app.db)
        .map_err(|error| ApiError::conflict("TOO_MANY_FAULTS", error.to_string()))?;
    Ok((StatusCode::CREATED, Json(json!({ "faults": app.faults.texts() }))))
}

fn read_json(text: &str) -> Result<Vec<String>, ApiError> {
    let wrong = |error: serde_json::Error| ApiError::bad_request("INVALID_JSON", error.to_string());
    if text.starts_with('[') {
        serde_json::from_str(text).map_err(wrong)
    } else {
        serde_json::from_str(text).map(|one| vec![one]).map_err(wrong)
    }
}

async fn end(State(app): State<App>, request: Request) -> Result<StatusCode, ApiError> {
    local_only(&request)?;
    app.faults.end_all();
    Ok(StatusCode::NO_CONTENT)
}
