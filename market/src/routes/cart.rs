//! The cart, one for each user. Several sessions of one user share it.

use axum::extract::{Path, State};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::found;
use crate::app::App;
use crate::auth::Identity;
use crate::db::{DbError, Row, args};
use crate::error::ApiError;
use crate::input::{Body, field, within};
use crate::{clock, ids};

/// The most of one product in a cart.
const MOST_QUANTITY: i64 = 1_000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/cart", get(show))
        .route("/api/cart/items", post(add))
        .route("/api/cart/items/{id}", patch(change).delete(remove))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    product_id: String,
    name: String,
    price: i64,
    quantity: i64,
    subtotal: i64,
}

impl Item {
    fn read(row: &mut Row) -> Result<Self, DbError> {
        let (id, product_id, name) = (row.text()?, row.text()?, row.text()?);
        let (price, quantity) = (row.int()?, row.int()?);
        let subtotal = price.saturating_mul(quantity);
        Ok(Self { id, product_id, name, price, quantity, subtotal })
    }
}

async fn show(State(app): State<App>, user: Identity) -> Result<Json<Value>, ApiError> {
    let select = r#"SELECT c."id", p."id", p."name", p."price", c."quantity" FROM "CartItem" c
        JOIN "Product" p ON p."id" = c."productId" WHERE c."userId" = $1 AND p."deletedAt" IS NULL
        ORDER BY c."createdAt", c."id""#;
    let mut rows = app.db.read("cartItem.findMany", select, args![user.id]).await?;
    let items = rows.iter_mut().map(Item::read).collect::<Result<Vec<_>, _>>()?;
    let total: i64 = items.iter().map(|item| item.subtotal).sum();
    Ok(Json(json!({ "total": total, "count": items.len(), "items": items })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewItem {
    product_id: String,
    #[serde(default = "one")]
    quantity: i64,
}

fn one() -> i64 {
    1
}

async fn add(
    State(app): State<App>,
    user: Identity,
    Body(new): Body<NewItem>,
) -> Result<(StatusCode, Json<Item>), ApiError> {
    let product_id = field("productId", &new.product_id)?;
    let quantity = within("quantity", new.quantity, 1, MOST_QUANTITY)?;
    let select = r#"SELECT "name", "price" FROM "Product" WHERE "id" = $1 AND "deletedAt" IS NULL"#;
    let row = app.db.read_one("product.findUnique", select, args![&product_id]).await?;
    let mut row = found(row, "product")?;
    let (name, price) = (row.text()?, row.int()?);
    // One statement, so that two sessions of one user add up and never collide. A cart holds 200 products:
    // it is emptied in one transaction, which must not become endless.
    let upsert = r#"INSERT INTO "CartItem" ("id", "userId", "productId", "quantity", "createdAt")
        SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM "CartItem" WHERE "userId" = $2) < 200
        ON CONFLICT ("userId", "productId") DO UPDATE SET "quantity" =
            CASE WHEN "CartItem"."quantity" + excluded."quantity" > $6 THEN $6
            ELSE "CartItem"."quantity" + excluded."quantity" END
        RETURNING "id", "quantity""#;
    let args =
        args![ids::new("item"), user.id, &product_id, quantity, clock::wall_text(), MOST_QUANTITY];
    let row = app.db.write_one("cartItem.upsert", upsert, args).await?;
    let mut row = row.ok_or_else(|| ApiError::conflict("CART_FULL", "the cart is full"))?;
    let (id, quantity) = (row.text()?, row.int()?);
    let subtotal = price.saturating_mul(quantity);
    Ok((StatusCode::CREATED, Json(Item { id, product_id, name, price, quantity, subtotal })))
}

#[derive(Deserialize)]
struct Change {
    quantity: i64,
}

async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
    Body(change): Body<Change>,
) -> Result<Json<Item>, ApiError> {
    let quantity = within("quantity", change.quantity, 1, MOST_QUANTITY)?;
    let update = r#"UPDATE "CartItem" SET "quantity" = $3 WHERE "id" = $1 AND "userId" = $2
        RETURNING "productId""#;
    let row = app.db.write_one("cartItem.update", update, args![&id, user.id, quantity]).await?;
    let product_id = found(row, "cart item")?.text()?;
    let select = r#"SELECT "name", "price" FROM "Product" WHERE "id" = $1"#;
    let row = app.db.read_one("product.findUnique", select, args![&product_id]).await?;
    let mut row = found(row, "product")?;
    let (name, price) = (row.text()?, row.int()?);
    let subtotal = price.saturating_mul(quantity);
    Ok(Json(Item { id, product_id, name, price, quantity, subtotal }))
}

async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
) -> Result<StatusCode, ApiError> {
    let delete = r#"DELETE FROM "CartItem" WHERE "id" = $1 AND "userId" = $2 RETURNING "id""#;
    found(app.db.write_one("cartItem.delete", delete, args![id, user.id]).await?, "cart item")?;
    Ok(StatusCode::NO_CONTENT)
}
