//! The catalogue.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{farmer, farms, found};
use crate::app::App;
use crate::auth::{Identity, Role};
use crate::db::{Filter, Listed, Listing, args, contains, list, sql};
use crate::error::ApiError;
use crate::input::{Body, Params, field, optional_field, within};
use crate::model::{FARM, Farm, ImageLink, PRODUCT, PRODUCT_FROM, Product};
use crate::{clock, ids};

/// The highest price, in cents.
const MOST_PRICE: i64 = 100_000_000;
/// The biggest stock.
const MOST_STOCK: i64 = 1_000_000_000;

pub(super) fn routes() -> Router<App> {
    let product = get(detail).put(update).patch(update).delete(delete);
    Router::new()
        .route("/api/products", get(browse).post(create))
        .route("/api/products/search", get(search))
        .route("/api/products/{id}", product)
}

/// Products that a filter leaves, newest first.
pub(super) async fn products(
    app: &App,
    params: &Params,
    filter: Filter,
) -> Result<Json<Listed<Product>>, ApiError> {
    let listing = Listing {
        names: ("product.findMany", "product.count"),
        columns: PRODUCT,
        from: PRODUCT_FROM,
        count_from: r#""Product" p"#,
        order: r#"p."createdAt" DESC, p."id" DESC"#,
        filter: filter.always(r#"p."deletedAt" IS NULL"#),
        page: params.page()?,
    };
    Ok(Json(list(&app.db, "products", listing, Product::read).await?))
}

const NAME_CONTAINS: &str = r#"LOWER(p."name") LIKE ? ESCAPE '\'"#;

async fn browse(State(app): State<App>, params: Params) -> Result<Json<Listed<Product>>, ApiError> {
    let farm = params.text("farmId")?.or(params.text("farm")?);
    let filter = Filter::default()
        .maybe(r#"p."farmId" = ?"#, farm)
        .maybe(r#"p."category" = ?"#, params.text("category")?.map(str::to_uppercase))
        .maybe(NAME_CONTAINS, params.text("search")?.map(contains));
    products(&app, &params, filter).await
}

async fn search(State(app): State<App>, params: Params) -> Result<Json<Listed<Product>>, ApiError> {
    let term = params.text("q")?;
    let term = term.ok_or_else(|| ApiError::bad_request("INVALID_QUERY", "`q` is missing"))?;
    let filter = Filter::default().bind(NAME_CONTAINS, contains(term));
    products(&app, &params, filter).await
}

#[derive(Serialize)]
struct Detail {
    #[serde(flatten)]
    product: Product,
    images: Vec<ImageLink>,
}

async fn detail(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Detail>, ApiError> {
    let select = format!(
        r#"SELECT {PRODUCT} FROM {PRODUCT_FROM} WHERE p."id" = $1 AND p."deletedAt" IS NULL"#
    );
    let row = app.db.read_one("product.findUnique", sql(select), args![&id]).await?;
    let product = Product::read(&mut found(row, "product")?)?;
    let images = farms::images(&app.db, &id).await?;
    Ok(Json(Detail { product, images }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewProduct {
    farm_id: Option<String>,
    name: String,
    description: Option<String>,
    category: Option<String>,
    price: i64,
    stock: Option<i64>,
}

async fn create(
    State(app): State<App>,
    user: Identity,
    Body(new): Body<NewProduct>,
) -> Result<(StatusCode, Json<Product>), ApiError> {
    user.require(Role::Farmer)?;
    let farm = match &new.farm_id {
        None => farmer::own_farm(&app, &user).await?,
        Some(id) => {
            let select = format!(
                r#"SELECT {FARM} FROM "Farm" f WHERE f."id" = $1 AND f."deletedAt" IS NULL"#
            );
            let row = app.db.read_one("farm.findUnique", sql(select), args![id]).await?;
            Farm::read(&mut found(row, "farm")?)?
        }
    };
    user.require_owner(&farm.owner_id)?;
    let now = clock::wall_text();
    let product = Product {
        id: ids::new("prod"),
        farm_id: farm.id,
        farm_name: farm.name,
        name: field("name", &new.name)?,
        description: optional_field("description", new.description.as_deref())?.unwrap_or_default(),
        category: category(new.category.as_deref())?.unwrap_or_else(|| "PANTRY".to_owned()),
        price: within("price", new.price, 0, MOST_PRICE)?,
        stock: within("stock", new.stock.unwrap_or(1_000), 0, MOST_STOCK)?,
        created_at: now.clone(),
        updated_at: now.clone(),
    };
    let insert = r#"INSERT INTO "Product" ("id", "farmId", "name", "description", "category", "price", "stock",
        "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"#;
    let args = args![
        &product.id,
        &product.farm_id,
        &product.name,
        &product.description,
        &product.category,
        product.price,
        product.stock,
        now,
    ];
    app.db.write("product.create", insert, args).await?;
    Ok((StatusCode::CREATED, Json(product)))
}

fn category(text: Option<&str>) -> Result<Option<String>, ApiError> {
    Ok(optional_field("category", text)?.map(|category| category.to_uppercase()))
}

/// A product for changing it.
async fn owned(app: &App, id: &str, user: &Identity) -> Result<Product, ApiError> {
    let select = format!(
        r#"SELECT {PRODUCT}, f."ownerId" FROM {PRODUCT_FROM} WHERE p."id" = $1 AND p."deletedAt" IS NULL"#
    );
    let row = app.db.read_one("product.findUnique", sql(select), args![id]).await?;
    let mut row = found(row, "product")?;
    let product = Product::read(&mut row)?;
    user.require_owner(&row.text()?)?;
    Ok(product)
}

#[derive(Deserialize)]
struct ProductChange {
    name: Option<String>,
    description: Option<String>,
    category: Option<String>,
    price: Option<i64>,
    stock: Option<i64>,
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
    Body(change): Body<ProductChange>,
) -> Result<Json<Product>, ApiError> {
    let old = owned(&app, &id, &user).await?;
    let description = optional_field("description", change.description.as_deref())?;
    let product = Product {
        name: optional_field("name", change.name.as_deref())?.unwrap_or(old.name),
        description: description.unwrap_or(old.description),
        category: category(change.category.as_deref())?.unwrap_or(old.category),
        price: within("price", change.price.unwrap_or(old.price), 0, MOST_PRICE)?,
        stock: within("stock", change.stock.unwrap_or(old.stock), 0, MOST_STOCK)?,
        updated_at: clock::wall_text(),
        ..old
    };
    let update = r#"UPDATE "Product" SET "name" = $2, "description" = $3, "category" = $4, "price" = $5,
        "stock" = $6, "updatedAt" = $7 WHERE "id" = $1 AND "deletedAt" IS NULL RETURNING "id""#;
    let args = args![
        &product.id,
        &product.name,
        &product.description,
        &product.category,
        product.price,
        product.stock,
        &product.updated_at,
    ];
    found(app.db.write_one("product.update", update, args).await?, "product")?;
    Ok(Json(product))
}

async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    user: Identity,
) -> Result<StatusCode, ApiError> {
    owned(&app, &id, &user).await?;
    let update = r#"UPDATE "Product" SET "deletedAt" = $2 WHERE "id" = $1 AND "deletedAt" IS NULL RETURNING "id""#;
    let row = app.db.write_one("product.update", update, args![&id, clock::wall_text()]).await?;
    found(row, "product")?;
    Ok(StatusCode::NO_CONTENT)
}
