//! Orders, seen and moved on.

use axum::extract::{Path, State};
use axum::routing::{get, patch};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::checkout::check_method;
use super::place::place;
use super::{found, notifications};
use crate::app::App;
use crate::auth::{Identity, Role};
use crate::clock;
use crate::db::{Filter, Listed, Listing, args, list, sql};
use crate::error::ApiError;
use crate::input::{Body, Params};
use crate::model::{Named, ORDER, ORDER_WITH_CUSTOMER, ORDER_WITH_CUSTOMER_FROM, Order, OrderItem};

const STATUSES: [&str; 5] = ["PENDING", "CONFIRMED", "READY", "COMPLETED", "CANCELLED"];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/orders", get(history).post(create))
        .route("/api/orders/{id}", get(detail))
        .route("/api/orders/{id}/confirmation", get(confirmation))
        .route("/api/orders/{id}/status", patch(set_status))
}

/// Reads a status in any spelling.
pub(super) fn read_status(text: &str) -> Result<&'static str, ApiError> {
    STATUSES.into_iter().find(|status| status.eq_ignore_ascii_case(text)).ok_or_else(|| {
        ApiError::invalid(format!("`status` is one of {}, not `{text}`", STATUSES.join(", ")))
    })
}

async fn history(
    State(app): State<App>,
    user: Identity,
    params: Params,
) -> Result<Json<Listed<Order>>, ApiError> {
    let listing = Listing {
        names: ("order.findMany", "order.count"),
        columns: ORDER,
        from: r#""Order" o"#,
        count_from: r#""Order" o"#,
        order: r#"o."createdAt" DESC, o."id" DESC"#,
        filter: Filter::default().bind(r#"o."userId" = ?"#, user.id),
        page: params.page()?,
    };
    Ok(Json(list(&app.db, "orders", listing, Order::read).await?))
}

#[derive(Serialize)]
struct WithItems {
    #[serde(flatten)]
    order: Order,
    items: Vec<OrderItem>,
}

#[derive(Deserialize)]
struct NewOrder {
    payment: String,
}

async fn create(
    State(app): State<App>,
    user: Identity,
    Body(new): Body<NewOrder>,
) -> Result<(StatusCode, Json<WithItems>), ApiError> {
    check_method(&new.payment)?;
    let placed = place(&app, &user.id, None).await?;
    Ok((StatusCode::CREATED, Json(WithItems { order: placed.order, items: placed.items })))
}

#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    order: Order,
    items: Vec<OrderItem>,
    farm: Option<Named>,
    customer: Named,
}

async fn detail(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
) -> Result<Json<Detail>, ApiError> {
    let select = format!(
        r#"SELECT {ORDER_WITH_CUSTOMER} FROM {ORDER_WITH_CUSTOMER_FROM} WHERE o."id" = $1"#
    );
    let row = app.db.read_one("order.findUnique", sql(select), args![&id]).await?;
    let mut row = found(row, "order")?;
    let (order, customer) = (Order::read(&mut row)?, Named::read(&mut row)?);
    if order.user_id != user.id && user.role != Role::Admin {
        let owners = farmers(&app, &id).await?;
        if !owners.contains(&user.id) {
            // Not 403: whose orders there are is nobody's business.
            return Err(ApiError::not_found("order"));
        }
    }
    let select = r#"SELECT "id", "productId", "farmId", "name", "price", "quantity" FROM "OrderItem"
        WHERE "orderId" = $1 ORDER BY "id""#;
    let mut rows = app.db.read("orderItem.findMany", select, args![&id]).await?;
    let items = rows.iter_mut().map(OrderItem::read).collect::<Result<_, _>>()?;
    let mut farm = None;
    if let Some(farm_id) = &order.farm_id {
        let select = r#"SELECT "id", "name" FROM "Farm" WHERE "id" = $1"#;
        let row = app.db.read_one("farm.findUnique", select, args![farm_id]).await?;
        farm = row.map(|mut row| Named::read(&mut row)).transpose()?;
    }
    Ok(Json(Detail { order, items, farm, customer }))
}

/// The owners of the farms that an order concerns.
async fn farmers(app: &App, order: &str) -> Result<Vec<String>, ApiError> {
    let select = r#"SELECT DISTINCT f."ownerId" FROM "OrderItem" i JOIN "Farm" f ON f."id" = i."farmId"
        WHERE i."orderId" = $1 ORDER BY f."ownerId""#;
    let mut rows = app.db.read("farm.findMany", select, args![order]).await?;
    Ok(rows.iter_mut().map(crate::db::Row::text).collect::<Result<_, _>>()?)
}

async fn confirmation(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
) -> Result<Json<Value>, ApiError> {
    let select = r#"SELECT o."status", o."paymentStatus", o."total", o."createdAt",
        (SELECT COUNT(*) FROM "OrderItem" i WHERE i."orderId" = o."id")
        FROM "Order" o WHERE o."id" = $1 AND o."userId" = $2"#;
    let row = app.db.read_one("order.findUnique", select, args![&id, user.id]).await?;
    let mut row = found(row, "order")?;
    let (status, payment) = (row.text()?, row.text()?);
    if payment == "UNPAID" {
        return Err(ApiError::conflict("NOT_PAID", "the order is not paid"));
    }
    let number = id.rsplit('_').next().unwrap_or_default().to_uppercase();
    Ok(Json(json!({
        "orderId": id, "confirmation": format!("FM-{number}"), "status": status, "paymentStatus": payment,
        "total": row.int()?, "createdAt": row.text()?, "items": row.int()?,
    })))
}

#[derive(Deserialize)]
struct NewStatus {
    status: String,
}

async fn set_status(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
    Body(new): Body<NewStatus>,
) -> Result<Json<Order>, ApiError> {
    user.require(Role::Farmer)?;
    let status = read_status(&new.status)?;
    let farmers = farmers(&app, &id).await?;
    if farmers.is_empty() {
        return Err(ApiError::not_found("order"));
    }
    if user.role != Role::Admin && !farmers.contains(&user.id) {
        return Err(ApiError::forbidden("NOT_OWNER", "this belongs to somebody else"));
    }
    let mut tx = app.db.begin().await?;
    let update = format!(
        r#"UPDATE "Order" AS o SET "status" = $2, "updatedAt" = $3 WHERE "id" = $1 RETURNING {}"#,
        ORDER.replace("o.", "")
    );
    let args = args![&id, status, clock::wall_text()];
    let mut row = found(tx.one("order.update", sql(update), args).await?, "order")?;
    let order = Order::read(&mut row)?;
    let mut readers = farmers;
    if !readers.contains(&order.user_id) {
        readers.insert(0, order.user_id.clone());
    }
    notifications::tell(&mut tx, &readers, &order).await?;
    tx.commit().await?;
    Ok(Json(order))
}
