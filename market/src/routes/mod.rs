//! The routes, a file for each part of the market.

mod admin;
mod auth;
mod cart;
mod checkout;
pub(crate) mod control;
mod farmer;
mod farms;
mod health;
mod notifications;
mod orders;
mod place;
mod products;
mod uploads;

use axum::middleware::from_fn_with_state;
use axum::{Router, middleware};
use tower_http::compression::CompressionLayer;

use crate::app::App;
use crate::db::Row;
use crate::error::ApiError;
use crate::faults::{FaultKind, FaultSpec, FaultSpecError, plain};
use crate::front::front;

/// Every endpoint; what a fault may name.
const ENDPOINTS: [&str; 57] = [
    "GET /",
    "GET /api/health",
    "GET /api/health/db",
    "GET /api/health/metrics",
    "GET /api/auth/csrf",
    "POST /api/auth/login",
    "GET /api/auth/session",
    "POST /api/auth/logout",
    "POST /api/auth/forgot-password",
    "POST /api/auth/reset-password",
    "GET /api/farms",
    "POST /api/farms",
    "GET /api/farms/{id}",
    "PUT /api/farms/{id}",
    "PATCH /api/farms/{id}",
    "DELETE /api/farms/{id}",
    "GET /api/farms/{id}/reviews",
    "GET /api/products",
    "POST /api/products",
    "GET /api/products/search",
    "GET /api/products/{id}",
    "PUT /api/products/{id}",
    "PATCH /api/products/{id}",
    "DELETE /api/products/{id}",
    "GET /api/cart",
    "POST /api/cart/items",
    "PATCH /api/cart/items/{id}",
    "DELETE /api/cart/items/{id}",
    "POST /api/checkout",
    "POST /api/checkout/{id}/payment",
    "GET /api/orders",
    "POST /api/orders",
    "GET /api/orders/{id}",
    "GET /api/orders/{id}/confirmation",
    "PATCH /api/orders/{id}/status",
    "GET /api/notifications",
    "POST /api/upload",
    "GET /uploads/{id}",
    "GET /api/farmer/dashboard",
    "GET /api/farmer/farm",
    "GET /api/farmer/products",
    "GET /api/farmer/orders",
    "GET /api/admin/dashboard",
    "GET /api/admin/users",
    "GET /api/admin/users/{id}",
    "PATCH /api/admin/users/{id}/role",
    "GET /api/admin/farms",
    "GET /api/admin/farms/{id}",
    "POST /api/admin/farms/{id}/approve",
    "POST /api/admin/farms/{id}/reject",
    "GET /api/admin/orders",
    // Answers to HEAD come from the GET routes.
    "HEAD /",
    "HEAD /api/health",
    "HEAD /api/farms",
    "HEAD /api/farms/{id}",
    "HEAD /api/products",
    "HEAD /api/products/{id}",
];

/// The whole market.
pub(crate) fn all(app: App, compress: bool) -> Router {
    let mut router = Router::new()
        .merge(health::routes())
        .merge(auth::routes())
        .merge(farms::routes())
        .merge(products::routes())
        .merge(cart::routes())
        .merge(checkout::routes())
        .merge(orders::routes())
        .merge(notifications::routes())
        .merge(uploads::routes())
        .merge(farmer::routes())
        .merge(admin::routes())
        .merge(control::routes())
        .fallback(async || ApiError::not_found("page"))
        .method_not_allowed_fallback(async || ApiError::method_not_allowed());
    if compress {
        router = router.layer(CompressionLayer::new());
    }
    router
        .layer(from_fn_with_state(App::clone(&app), front))
        .layer(middleware::map_request(control::mark_local))
        .with_state(app)
}

/// Reads a fault that makes sense here.
pub(crate) fn parse_fault(text: &str) -> Result<FaultSpec, FaultSpecError> {
    let fault: FaultSpec = text.parse()?;
    check_fault(&fault)?;
    Ok(fault)
}

/// Refuses a fault for an endpoint that there is not: it would never do anything.
pub(crate) fn check_fault(fault: &FaultSpec) -> Result<(), FaultSpecError> {
    let (FaultKind::SlowEndpoint { endpoint, .. }
    | FaultKind::Errors { endpoint, .. }
    | FaultKind::Close { endpoint, .. }
    | FaultKind::Truncate { endpoint, .. }
    | FaultKind::Oversize { endpoint, .. }) = fault.kind()
    else {
        return Ok(());
    };
    match endpoint.name() {
        Some(name) if !ENDPOINTS.iter().any(|known| plain(known) == name) => {
            Err(FaultSpecError::UnknownEndpoint(name.to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// The row, or 404.
fn found(row: Option<Row>, what: &str) -> Result<Row, ApiError> {
    row.ok_or_else(|| ApiError::not_found(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_must_name_an_endpoint_that_is_there() {
        assert!(parse_fault("slow:endpoint=GET /api/farms/{farmId},factor=2").is_ok());
        let error = parse_fault("slow:endpoint=GET /api/farm,factor=2").unwrap_err().to_string();
        assert!(error.starts_with("unknown endpoint `GET /api/farm`\nhint: "), "{error}");
    }
}
