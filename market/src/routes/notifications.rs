//! What people are told.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use super::found;
use crate::app::App;
use crate::auth::Identity;
use crate::db::{DbError, Filter, Listed, Listing, Row, Tx, args, list};
use crate::error::ApiError;
use crate::input::Params;
use crate::model::Order;
use crate::{clock, ids};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/api/notifications", get(show))
}

#[derive(Serialize)]
struct Notifications {
    #[serde(flatten)]
    list: Listed<Value>,
    unread: i64,
}

async fn show(
    State(app): State<App>,
    user: Identity,
    params: Params,
) -> Result<Json<Notifications>, ApiError> {
    let listing = Listing {
        names: ("notification.findMany", "notification.count"),
        columns: r#"n."id", n."kind", n."message", n."orderId", n."read", n."createdAt""#,
        from: r#""Notification" n"#,
        count_from: r#""Notification" n"#,
        order: r#"n."createdAt" DESC, n."id" DESC"#,
        filter: Filter::default().bind(r#"n."userId" = ?"#, &user.id),
        page: params.page()?,
    };
    let read = |row: &mut Row| {
        Ok(json!({
            "id": row.text()?, "kind": row.text()?, "message": row.text()?,
            "orderId": row.optional_text()?, "read": row.flag()?, "createdAt": row.text()?,
        }))
    };
    let list = list(&app.db, "notifications", listing, read).await?;
    let select = r#"SELECT COUNT(*) FROM "Notification" WHERE "userId" = $1 AND "read" = 0"#;
    let row = app.db.read_one("notification.count", select, args![user.id]).await?;
    let unread = found(row, "notification")?.int()?;
    Ok(Json(Notifications { list, unread }))
}

/// Tells everybody concerned what has become of an order.
pub(super) async fn tell(tx: &mut Tx<'_>, users: &[String], order: &Order) -> Result<(), DbError> {
    let message = format!("Order {} is {}", order.id, order.status.to_lowercase());
    let insert = r#"INSERT INTO "Notification" ("id", "userId", "orderId", "kind", "message", "read",
        "createdAt") VALUES ($1, $2, $3, 'ORDER_STATUS', $4, 0, $5)"#;
    for user in users {
        let args = args![ids::new("note"), user, &order.id, &message, clock::wall_text()];
        tx.all("notification.create", insert, args).await?;
    }
    Ok(())
}
