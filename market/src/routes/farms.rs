//! Farms in public, and their owners' changes.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::found;
use crate::app::App;
use crate::auth::{Identity, Role};
use crate::db::{Db, DbError, Filter, Listed, Listing, args, contains, list, sql};
use crate::error::ApiError;
use crate::input::{Body, Params, field, optional_field};
use crate::model::{FARM, Farm, ImageLink, Named, PRODUCT, PRODUCT_FROM, Product};
use crate::{clock, ids};

/// Products and images that come with a farm.
const WITH_FARM: &str = "20";

pub(super) fn routes() -> Router<App> {
    let farm = get(detail).put(update).patch(update).delete(delete);
    Router::new()
        .route("/api/farms", get(browse).post(create))
        .route("/api/farms/{id}", farm)
        .route("/api/farms/{id}/reviews", get(reviews))
}

async fn browse(State(app): State<App>, params: Params) -> Result<Json<Listed<Farm>>, ApiError> {
    let search = params.text("search")?;
    let shown = if search.is_some() {
        r#"f."status" IN ('APPROVED', 'PENDING')"#
    } else {
        r#"f."status" = 'APPROVED'"#
    };
    let filter = Filter::default()
        .always(shown)
        .always(r#"f."deletedAt" IS NULL"#)
        .maybe(r#"f."city" = ?"#, params.text("city")?)
        .maybe(r#"f."certified" = ?"#, params.flag("certified")?)
        .maybe(
            r#"(LOWER(f."name") LIKE ? ESCAPE '\' OR LOWER(f."city") LIKE ? ESCAPE '\')"#,
            search.map(contains),
        );
    let listing = Listing {
        names: ("farm.findMany", "farm.count"),
        columns: FARM,
        from: r#""Farm" f"#,
        count_from: r#""Farm" f"#,
        order: r#"f."createdAt" DESC, f."id" DESC"#,
        filter,
        page: params.page()?,
    };
    Ok(Json(list(&app.db, "farms", listing, Farm::read).await?))
}

#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    farm: Farm,
    owner: Named,
    products: Vec<Product>,
    images: Vec<ImageLink>,
    rating: Rating,
}

#[derive(Serialize)]
struct Rating {
    average: f64,
    count: i64,
}

async fn detail(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Detail>, ApiError> {
    let select = format!(
        r#"SELECT {FARM}, u."id", u."name" FROM "Farm" f JOIN "User" u ON u."id" = f."ownerId"
            WHERE f."id" = $1 AND f."deletedAt" IS NULL"#
    );
    let mut row =
        found(app.db.read_one("farm.findUnique", sql(select), args![&id]).await?, "farm")?;
    let (farm, owner) = (Farm::read(&mut row)?, Named::read(&mut row)?);
    let select = format!(
        r#"SELECT {PRODUCT} FROM {PRODUCT_FROM} WHERE p."farmId" = $1 AND p."deletedAt" IS NULL
            ORDER BY p."createdAt" DESC, p."id" DESC LIMIT {WITH_FARM}"#
    );
    let mut rows = app.db.read("product.findMany", sql(select), args![&id]).await?;
    let products = rows.iter_mut().map(Product::read).collect::<Result<_, _>>()?;
    let images = images(&app.db, &id).await?;
    let select = r#"SELECT COALESCE(CAST(AVG("rating") AS DOUBLE PRECISION), CAST(0 AS DOUBLE PRECISION)),
        COUNT(*) FROM "Review" WHERE "farmId" = $1"#;
    let row = app.db.read_one("review.aggregate", select, args![&id]).await?;
    let mut row = found(row, "farm")?;
    let rating = Rating { average: row.real()?, count: row.int()? };
    Ok(Json(Detail { farm, owner, products, images, rating }))
}

/// The newest images of a farm or product.
pub(super) async fn images(db: &Db, owner: &str) -> Result<Vec<ImageLink>, DbError> {
    let select = format!(
        r#"SELECT "id" FROM "Upload" WHERE "ownerRef" = $1 ORDER BY "createdAt" DESC LIMIT {WITH_FARM}"#
    );
    let mut rows = db.read("upload.findMany", sql(select), args![owner]).await?;
    rows.iter_mut().map(|row| row.text().map(ImageLink::new)).collect()
}

async fn reviews(
    State(app): State<App>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Listed<Value>>, ApiError> {
    let page = params.page()?;
    let select = r#"SELECT "id" FROM "Farm" WHERE "id" = $1 AND "deletedAt" IS NULL"#;
    found(app.db.read_one("farm.findUnique", select, args![&id]).await?, "farm")?;
    let listing = Listing {
        names: ("review.findMany", "review.count"),
        columns: r#"r."id", r."rating", r."comment", u."name", r."createdAt""#,
        from: r#""Review" r JOIN "User" u ON u."id" = r."userId""#,
        count_from: r#""Review" r"#,
        order: r#"r."createdAt" DESC, r."id" DESC"#,
        filter: Filter::default().bind(r#"r."farmId" = ?"#, id),
        page,
    };
    let read = |row: &mut crate::db::Row| {
        Ok(json!({
            "id": row.text()?, "rating": row.int()?, "comment": row.text()?,
            "author": row.text()?, "createdAt": row.text()?,
        }))
    };
    Ok(Json(list(&app.db, "reviews", listing, read).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewFarm {
    name: String,
    description: Option<String>,
    address: String,
    city: String,
    state: String,
    zip_code: String,
    #[serde(default)]
    certified: bool,
}

async fn create(
    State(app): State<App>,
    user: Identity,
    Body(new): Body<NewFarm>,
) -> Result<(StatusCode, Json<Farm>), ApiError> {
    user.require(Role::Farmer)?;
    let now = clock::wall_text();
    let farm = Farm {
        id: ids::new("farm"),
        name: field("name", &new.name)?,
        description: optional_field("description", new.description.as_deref())?.unwrap_or_default(),
        address: field("address", &new.address)?,
        city: field("city", &new.city)?,
        state: field("state", &new.state)?,
        zip_code: field("zipCode", &new.zip_code)?,
        certified: new.certified,
        status: if user.role == Role::Admin { "APPROVED" } else { "PENDING" }.to_owned(),
        owner_id: user.id,
        created_at: now.clone(),
        updated_at: now.clone(),
    };
    let insert = r#"INSERT INTO "Farm" ("id", "name", "description", "address", "city", "state", "zipCode",
        "certified", "status", "ownerId", "applicant", "decidedAt", "createdAt", "updatedAt")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $11, $11)"#;
    let args = args![
        &farm.id,
        &farm.name,
        &farm.description,
        &farm.address,
        &farm.city,
        &farm.state,
        &farm.zip_code,
        farm.certified,
        &farm.status,
        &farm.owner_id,
        now,
    ];
    app.db.write("farm.create", insert, args).await?;
    Ok((StatusCode::CREATED, Json(farm)))
}

/// A farm for changing it.
async fn owned(app: &App, id: &str, user: &Identity) -> Result<Farm, ApiError> {
    let select =
        format!(r#"SELECT {FARM} FROM "Farm" f WHERE f."id" = $1 AND f."deletedAt" IS NULL"#);
    let mut row = found(app.db.read_one("farm.findUnique", sql(select), args![id]).await?, "farm")?;
    let farm = Farm::read(&mut row)?;
    user.require_owner(&farm.owner_id)?;
    Ok(farm)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FarmChange {
    name: Option<String>,
    description: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip_code: Option<String>,
    certified: Option<bool>,
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
    Body(change): Body<FarmChange>,
) -> Result<Json<Farm>, ApiError> {
    let mut farm = owned(&app, &id, &user).await?;
    let set = |name: &str, new: Option<&str>, old: &mut String| -> Result<(), ApiError> {
        if let Some(new) = optional_field(name, new)? {
            *old = new;
        }
        Ok(())
    };
    set("name", change.name.as_deref(), &mut farm.name)?;
    set("description", change.description.as_deref(), &mut farm.description)?;
    set("address", change.address.as_deref(), &mut farm.address)?;
    set("city", change.city.as_deref(), &mut farm.city)?;
    set("state", change.state.as_deref(), &mut farm.state)?;
    set("zipCode", change.zip_code.as_deref(), &mut farm.zip_code)?;
    farm.certified = change.certified.unwrap_or(farm.certified);
    farm.updated_at = clock::wall_text();
    let update = r#"UPDATE "Farm" SET "name" = $2, "description" = $3, "address" = $4, "city" = $5, "state" = $6,
        "zipCode" = $7, "certified" = $8, "updatedAt" = $9 WHERE "id" = $1 AND "deletedAt" IS NULL
        RETURNING "id""#;
    let args = args![
        &farm.id,
        &farm.name,
        &farm.description,
        &farm.address,
        &farm.city,
        &farm.state,
        &farm.zip_code,
        farm.certified,
        &farm.updated_at,
    ];
    found(app.db.write_one("farm.update", update, args).await?, "farm")?;
    Ok(Json(farm))
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
) -> Result<StatusCode, ApiError> {
    owned(&app, &id, &user).await?;
    let now = clock::wall_text();
    let mut tx = app.db.begin().await?;
    let farm = r#"UPDATE "Farm" SET "deletedAt" = $2 WHERE "id" = $1 AND "deletedAt" IS NULL"#;
    tx.all("farm.update", farm, args![&id, &now]).await?;
    let products =
        r#"UPDATE "Product" SET "deletedAt" = $2 WHERE "farmId" = $1 AND "deletedAt" IS NULL"#;
    tx.all("product.updateMany", products, args![&id, &now]).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
