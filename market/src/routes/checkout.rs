//! The two steps to the till.

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::found;
use super::place::place;
use crate::app::App;
use crate::auth::Identity;
use crate::db::args;
use crate::error::ApiError;
use crate::input::Body;
use crate::{clock, ids};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/checkout", post(begin)).route("/api/checkout/{id}/payment", post(pay))
}

async fn begin(
    State(app): State<App>,
    user: Identity,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let id = ids::new("checkout");
    let placed = place(&app, &user.id, Some(id.clone())).await?;
    let answer = json!({
        "checkoutId": id, "total": placed.order.total, "items": placed.items.len(),
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

#[derive(Deserialize)]
struct Payment {
    method: String,
}

/// Refuses to take real money.
pub(super) fn check_method(method: &str) -> Result<(), ApiError> {
    if method == "test" {
        return Ok(());
    }
    Err(ApiError::invalid(format!("the only payment is `test`, not `{method}`")))
}

async fn pay(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
    Body(payment): Body<Payment>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    check_method(&payment.method)?;
    let update = r#"UPDATE "Order" SET "paymentStatus" = 'PAID', "updatedAt" = $3
        WHERE "checkoutId" = $1 AND "userId" = $2 AND "paymentStatus" = 'UNPAID'
        RETURNING "id", "total""#;
    let args = args![&id, &user.id, clock::wall_text()];
    let paid = app.db.write_one("order.update", update, args).await?;
    let (status, mut row) = if let Some(row) = paid {
        (StatusCode::CREATED, row)
    } else {
        // Paid before: who asks again, because the answer was lost, gets the same answer.
        let select = r#"SELECT "id", "total" FROM "Order" WHERE "checkoutId" = $1 AND "userId" = $2
                AND "paymentStatus" = 'PAID'"#;
        let row = app.db.read_one("order.findUnique", select, args![&id, &user.id]).await?;
        (StatusCode::OK, found(row, "checkout")?)
    };
    let answer = json!({
        "orderId": row.text()?, "checkoutId": id, "status": "PAID", "total": row.int()?,
    });
    Ok((status, Json(answer)))
}
