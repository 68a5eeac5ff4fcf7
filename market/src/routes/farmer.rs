//! The farmer's desk.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{found, orders, products};
use crate::app::App;
use crate::auth::{Identity, Role};
use crate::db::{Filter, Listed, Listing, args, list, sql};
use crate::error::ApiError;
use crate::input::Params;
use crate::model::{
    FARM, Farm, ORDER, ORDER_WITH_CUSTOMER, ORDER_WITH_CUSTOMER_FROM, Order, OrderWithCustomer,
    Product,
};

/// Orders of a farm: those with an item of it.
const OF_FARM: &str = r#"o."id" IN (SELECT i."orderId" FROM "OrderItem" i WHERE i."farmId" = ?)"#;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/farmer/dashboard", get(dashboard))
        .route("/api/farmer/farm", get(farm))
        .route("/api/farmer/products", get(own_products))
        .route("/api/farmer/orders", get(own_orders))
}

/// The farmer's farm: the oldest one.
pub(super) async fn own_farm(app: &App, user: &Identity) -> Result<Farm, ApiError> {
    user.require(Role::Farmer)?;
    let select = format!(
        r#"SELECT {FARM} FROM "Farm" f WHERE f."ownerId" = $1 AND f."deletedAt" IS NULL
            ORDER BY f."createdAt", f."id" LIMIT 1"#
    );
    let row = app.db.read_one("farm.findFirst", sql(select), args![&user.id]).await?;
    let mut row = row.ok_or_else(|| ApiError::missing("FARM_NOT_FOUND", "you have no farm yet"))?;
    Ok(Farm::read(&mut row)?)
}

async fn dashboard(State(app): State<App>, user: Identity) -> Result<Json<Value>, ApiError> {
    let farm = own_farm(&app, &user).await?;
    let select = r#"SELECT COUNT(*) FROM "Product" WHERE "farmId" = $1 AND "deletedAt" IS NULL"#;
    let row = app.db.read_one("product.count", select, args![&farm.id]).await?;
    let products = found(row, "count")?.int()?;
    let select = r#"SELECT COUNT(*) FROM "Review" WHERE "farmId" = $1"#;
    let row = app.db.read_one("review.count", select, args![&farm.id]).await?;
    let reviews = found(row, "count")?.int()?;
    let select = r#"SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN o."status" = 'PENDING' THEN 1 ELSE 0 END), 0)
        AS BIGINT) FROM "Order" o
        WHERE o."id" IN (SELECT i."orderId" FROM "OrderItem" i WHERE i."farmId" = $1)"#;
    let row = app.db.read_one("order.groupBy", select, args![&farm.id]).await?;
    let mut row = found(row, "count")?;
    let (orders, pending) = (row.int()?, row.int()?);
    let select = r#"SELECT CAST(COALESCE(SUM(i."price" * i."quantity"), 0) AS BIGINT) FROM "OrderItem" i
        JOIN "Order" o ON o."id" = i."orderId" WHERE i."farmId" = $1 AND o."paymentStatus" = 'PAID'"#;
    let row = app.db.read_one("orderItem.aggregate", select, args![&farm.id]).await?;
    let revenue = found(row, "sum")?.int()?;
    let select = format!(
        r#"SELECT {ORDER} FROM "Order" o
            WHERE o."id" IN (SELECT i."orderId" FROM "OrderItem" i WHERE i."farmId" = $1)
            ORDER BY o."createdAt" DESC, o."id" DESC LIMIT 5"#
    );
    let mut rows = app.db.read("order.findMany", sql(select), args![&farm.id]).await?;
    let recent = rows.iter_mut().map(Order::read).collect::<Result<Vec<_>, _>>()?;
    let counts = json!({
        "products": products, "orders": orders, "pendingOrders": pending, "reviews": reviews,
    });
    Ok(Json(json!({ "farm": farm, "counts": counts, "revenue": revenue, "recentOrders": recent })))
}

async fn farm(State(app): State<App>, user: Identity) -> Result<Json<Farm>, ApiError> {
    Ok(Json(own_farm(&app, &user).await?))
}

async fn own_products(
    State(app): State<App>,
    user: Identity,
    params: Params,
) -> Result<Json<Listed<Product>>, ApiError> {
    let farm = own_farm(&app, &user).await?;
    let filter = Filter::default().bind(r#"p."farmId" = ?"#, farm.id);
    products::products(&app, &params, filter).await
}

async fn own_orders(
    State(app): State<App>,
    user: Identity,
    params: Params,
) -> Result<Json<Listed<OrderWithCustomer>>, ApiError> {
    let farm = own_farm(&app, &user).await?;
    incoming(&app, &params, Filter::default().bind(OF_FARM, farm.id)).await
}

/// Orders that a filter leaves, newest first, with their customers.
pub(super) async fn incoming(
    app: &App,
    params: &Params,
    filter: Filter,
) -> Result<Json<Listed<OrderWithCustomer>>, ApiError> {
    let status = params.text("status")?.map(orders::read_status).transpose()?;
    let listing = Listing {
        names: ("order.findMany", "order.count"),
        columns: ORDER_WITH_CUSTOMER,
        from: ORDER_WITH_CUSTOMER_FROM,
        count_from: r#""Order" o"#,
        order: r#"o."createdAt" DESC, o."id" DESC"#,
        filter: filter.maybe(r#"o."status" = ?"#, status),
        page: params.page()?,
    };
    Ok(Json(list(&app.db, "orders", listing, OrderWithCustomer::read).await?))
}
