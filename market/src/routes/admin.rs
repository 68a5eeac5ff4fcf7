//! The market's own desk.

use axum::extract::{Path, State};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{farmer, found};
use crate::app::App;
use crate::auth::{Identity, Role};
use crate::clock;
use crate::db::{DbError, Filter, Listed, Listing, Row, args, contains, list, sql};
use crate::error::ApiError;
use crate::input::{Body, Params};
use crate::model::{Farm, OrderWithCustomer};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/admin/dashboard", get(dashboard))
        .route("/api/admin/users", get(users))
        .route("/api/admin/users/{id}", get(user))
        .route("/api/admin/users/{id}/role", patch(set_role))
        .route("/api/admin/farms", get(farms))
        .route("/api/admin/farms/{id}", get(farm))
        .route("/api/admin/farms/{id}/approve", post(approve))
        .route("/api/admin/farms/{id}/reject", post(reject))
        .route("/api/admin/orders", get(orders))
}

/// One query's counts, by the value that it groups by.
async fn groups(
    app: &App,
    name: &'static str,
    select: &'static str,
) -> Result<Vec<(String, i64)>, ApiError> {
    let rows = app.db.read(name, select, Vec::new()).await?;
    let pairs = rows.into_iter().map(|mut row| Ok((row.text()?, row.int()?)));
    Ok(pairs.collect::<Result<_, DbError>>()?)
}

fn of(groups: &[(String, i64)], key: &str) -> i64 {
    groups.iter().find_map(|(name, count)| (name == key).then_some(*count)).unwrap_or(0)
}

fn total(groups: &[(String, i64)]) -> i64 {
    groups.iter().map(|(_, count)| count).sum()
}

async fn dashboard(State(app): State<App>, admin: Identity) -> Result<Json<Value>, ApiError> {
    admin.require(Role::Admin)?;
    let select = r#"SELECT "role", COUNT(*) FROM "User" GROUP BY "role""#;
    let users = groups(&app, "user.groupBy", select).await?;
    let select =
        r#"SELECT "status", COUNT(*) FROM "Farm" WHERE "deletedAt" IS NULL GROUP BY "status""#;
    let farms = groups(&app, "farm.groupBy", select).await?;
    let select = r#"SELECT COUNT(*) FROM "Product" WHERE "deletedAt" IS NULL"#;
    let row = app.db.read_one("product.count", select, Vec::new()).await?;
    let products = found(row, "count")?.int()?;
    let select = r#"SELECT "status", COUNT(*) FROM "Order" GROUP BY "status""#;
    let orders = groups(&app, "order.groupBy", select).await?;
    let select = r#"SELECT CAST(COALESCE(SUM("total"), 0) AS BIGINT) FROM "Order"
        WHERE "paymentStatus" = 'PAID'"#;
    let row = app.db.read_one("order.aggregate", select, Vec::new()).await?;
    let revenue = found(row, "sum")?.int()?;
    Ok(Json(json!({
        "users": {
            "total": total(&users), "customers": of(&users, "CUSTOMER"),
            "farmers": of(&users, "FARMER"), "admins": of(&users, "ADMIN"),
        },
        "farms": {
            "total": total(&farms), "approved": of(&farms, "APPROVED"),
            "pending": of(&farms, "PENDING"), "rejected": of(&farms, "REJECTED"),
        },
        "products": products,
        "orders": {
            "total": total(&orders), "pending": of(&orders, "PENDING"),
            "completed": of(&orders, "COMPLETED"),
        },
        "revenue": revenue,
    })))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    email: String,
    name: String,
    role: String,
    created_at: String,
}

const USER: &str = r#"u."id", u."email", u."name", u."role", u."createdAt""#;

impl User {
    fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.text()?,
            email: row.text()?,
            name: row.text()?,
            role: row.text()?,
            created_at: row.text()?,
        })
    }
}

fn read_role(text: &str) -> Result<Role, ApiError> {
    let wrong = || ApiError::invalid(format!("`role` is CUSTOMER, FARMER or ADMIN, not `{text}`"));
    Role::read(text).ok_or_else(wrong)
}

async fn users(
    State(app): State<App>,
    admin: Identity,
    params: Params,
) -> Result<Json<Listed<User>>, ApiError> {
    admin.require(Role::Admin)?;
    let role = params.text("role")?.map(read_role).transpose()?;
    let filter = Filter::default().maybe(r#"u."role" = ?"#, role.map(Role::as_str)).maybe(
        r#"(LOWER(u."email") LIKE ? ESCAPE '\' OR LOWER(u."name") LIKE ? ESCAPE '\')"#,
        params.text("search")?.map(contains),
    );
    let listing = Listing {
        names: ("user.findMany", "user.count"),
        columns: USER,
        from: r#""User" u"#,
        count_from: r#""User" u"#,
        order: r#"u."createdAt" DESC, u."id" DESC"#,
        filter,
        page: params.page()?,
    };
    Ok(Json(list(&app.db, "users", listing, User::read).await?))
}

#[derive(Serialize)]
struct UserDetail {
    #[serde(flatten)]
    user: User,
    orders: i64,
    farms: i64,
}

async fn user(
    State(app): State<App>,
    Path(id): Path<String>,
    admin: Identity,
) -> Result<Json<UserDetail>, ApiError> {
    admin.require(Role::Admin)?;
    let select = format!(
        r#"SELECT {USER}, (SELECT COUNT(*) FROM "Order" o WHERE o."userId" = u."id"),
            (SELECT COUNT(*) FROM "Farm" f WHERE f."ownerId" = u."id" AND f."deletedAt" IS NULL)
            FROM "User" u WHERE u."id" = $1"#
    );
    let row = app.db.read_one("user.findUnique", sql(select), args![id]).await?;
    let mut row = found(row, "user")?;
    Ok(Json(UserDetail { user: User::read(&mut row)?, orders: row.int()?, farms: row.int()? }))
}

#[derive(Deserialize)]
struct NewRole {
    role: String,
}

async fn set_role(
    State(app): State<App>,
    Path(id): Path<String>,
    admin: Identity,
    Body(new): Body<NewRole>,
) -> Result<Json<User>, ApiError> {
    admin.require(Role::Admin)?;
    let role = read_role(&new.role)?;
    let update = r#"UPDATE "User" SET "role" = $2 WHERE "id" = $1
        RETURNING "id", "email", "name", "role", "createdAt""#;
    let row = app.db.write_one("user.update", update, args![id, role.as_str()]).await?;
    Ok(Json(User::read(&mut found(row, "user")?)?))
}

#[derive(Serialize)]
struct FarmWithOwner {
    #[serde(flatten)]
    farm: Farm,
    owner: Owner,
}

#[derive(Serialize)]
struct Owner {
    id: String,
    name: String,
    email: String,
}

const OWNED_FARM: &str = r#"f."id", f."name", f."description", f."address", f."city", f."state", f."zipCode",
    f."certified", f."status", f."ownerId", f."createdAt", f."updatedAt", u."id", u."name", u."email""#;
const OWNED_FARM_FROM: &str = r#""Farm" f JOIN "User" u ON u."id" = f."ownerId""#;

impl FarmWithOwner {
    fn read(row: &mut Row) -> Result<Self, DbError> {
        let farm = Farm::read(row)?;
        let owner = Owner { id: row.text()?, name: row.text()?, email: row.text()? };
        Ok(Self { farm, owner })
    }
}

async fn farms(
    State(app): State<App>,
    admin: Identity,
    params: Params,
) -> Result<Json<Listed<FarmWithOwner>>, ApiError> {
    admin.require(Role::Admin)?;
    let status = params.text("status")?.map(str::to_uppercase);
    if status.as_deref() == Some("PENDING") {
        refill_pending(&app).await?;
    }
    let filter = Filter::default()
        .always(r#"f."deletedAt" IS NULL"#)
        .maybe(r#"f."status" = ?"#, status)
        .maybe(r#"LOWER(f."name") LIKE ? ESCAPE '\'"#, params.text("search")?.map(contains));
    let listing = Listing {
        names: ("farm.findMany", "farm.count"),
        columns: OWNED_FARM,
        from: OWNED_FARM_FROM,
        count_from: r#""Farm" f"#,
        order: r#"f."createdAt" DESC, f."id" DESC"#,
        filter,
        page: params.page()?,
    };
    Ok(Json(list(&app.db, "farms", listing, FarmWithOwner::read).await?))
}

/// Lets applicants come back when hardly any farm is pending: an admin's journey must always find one to
/// decide on. Those decided longest ago come first, so that nobody's fresh decision is undone.
async fn refill_pending(app: &App) -> Result<(), ApiError> {
    let select =
        r#"SELECT COUNT(*) FROM "Farm" WHERE "status" = 'PENDING' AND "deletedAt" IS NULL"#;
    let row = app.db.read_one("farm.count", select, Vec::new()).await?;
    let short = app.least_pending - found(row, "count")?.int()?;
    if short > 0 {
        let update = r#"UPDATE "Farm" SET "status" = 'PENDING' WHERE "id" IN (SELECT "id" FROM "Farm"
            WHERE "applicant" = 1 AND "status" <> 'PENDING' AND "deletedAt" IS NULL
            ORDER BY "decidedAt", "id" LIMIT $1)"#;
        app.db.write("farm.updateMany", update, args![short]).await?;
    }
    Ok(())
}

async fn farm(
    State(app): State<App>,
    Path(id): Path<String>,
    admin: Identity,
) -> Result<Json<FarmWithOwner>, ApiError> {
    admin.require(Role::Admin)?;
    one_farm(&app, &id).await
}

async fn one_farm(app: &App, id: &str) -> Result<Json<FarmWithOwner>, ApiError> {
    let select = format!(
        r#"SELECT {OWNED_FARM} FROM {OWNED_FARM_FROM} WHERE f."id" = $1 AND f."deletedAt" IS NULL"#
    );
    let row = app.db.read_one("farm.findUnique", sql(select), args![id]).await?;
    Ok(Json(FarmWithOwner::read(&mut found(row, "farm")?)?))
}

async fn approve(
    State(app): State<App>,
    Path(id): Path<String>,
    admin: Identity,
) -> Result<Json<FarmWithOwner>, ApiError> {
    decide(&app, &admin, &id, "APPROVED").await
}

async fn reject(
    State(app): State<App>,
    Path(id): Path<String>,
    admin: Identity,
) -> Result<Json<FarmWithOwner>, ApiError> {
    decide(&app, &admin, &id, "REJECTED").await
}

async fn decide(
    app: &App,
    admin: &Identity,
    id: &str,
    status: &'static str,
) -> Result<Json<FarmWithOwner>, ApiError> {
    admin.require(Role::Admin)?;
    let update = r#"UPDATE "Farm" SET "status" = $2, "decidedAt" = $3, "updatedAt" = $3
        WHERE "id" = $1 AND "deletedAt" IS NULL RETURNING "id""#;
    let row =
        app.db.write_one("farm.update", update, args![id, status, clock::wall_text()]).await?;
    found(row, "farm")?;
    one_farm(app, id).await
}

async fn orders(
    State(app): State<App>,
    admin: Identity,
    params: Params,
) -> Result<Json<Listed<OrderWithCustomer>>, ApiError> {
    admin.require(Role::Admin)?;
    farmer::incoming(&app, &params, Filter::default()).await
}
