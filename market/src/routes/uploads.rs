//! Images of farms and products.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde_json::{Value, json};

use super::{farmer, found};
use crate::app::App;
use crate::auth::{Identity, Role};
use crate::db::args;
use crate::error::ApiError;
use crate::input::{MOST_TEXT, field};
use crate::uploads::Image;
use crate::{clock, ids};

/// The biggest image.
const MOST_IMAGE: usize = 5 << 20;
/// What is read, and thrown away, of a body that is too big: a client that is still sending when the answer
/// comes would see a broken connection and not the 413.
const MOST_BODY: usize = 32 << 20;
/// What browsers show and what cannot carry scripts.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

pub(super) fn routes() -> Router<App> {
    let upload = post(upload).layer(DefaultBodyLimit::max(MOST_BODY));
    Router::new().route("/api/upload", upload).route("/uploads/{id}", get(serve))
}

/// The form as it came.
#[derive(Debug, Default)]
struct Form {
    kind: Option<String>,
    farm: Option<String>,
    product: Option<String>,
    image: Option<Image>,
}

async fn upload(
    State(app): State<App>,
    user: Identity,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    user.require(Role::Farmer)?;
    let form = form.map_err(|error| ApiError::bad_request("INVALID_FORM", error.to_string()))?;
    let form = read(form).await?;
    let Some(kind @ ("farm" | "product")) = form.kind.as_deref() else {
        return Err(ApiError::invalid("`kind` is `farm` or `product`"));
    };
    let image = form.image.ok_or_else(|| ApiError::invalid("`file` is missing"))?;
    let owner = owner(&app, &user, form.farm, form.product).await?;
    let id = ids::new("img");
    let size = image.bytes.len();
    let insert = r#"INSERT INTO "Upload" ("id", "kind", "ownerRef", "contentType", "bytes", "createdAt")
        VALUES ($1, $2, $3, $4, $5, $6)"#;
    let bytes = i64::try_from(size).unwrap_or(i64::MAX);
    let args = args![&id, kind, owner, &image.content_type, bytes, clock::wall_text()];
    app.db.write("upload.create", insert, args).await?;
    let content_type = image.content_type.clone();
    for fallen in app.shelf.put(&id, image) {
        app.db
            .write("upload.delete", r#"DELETE FROM "Upload" WHERE "id" = $1"#, args![fallen])
            .await?;
    }
    let answer = json!({
        "id": id, "url": format!("/uploads/{id}"), "kind": kind, "contentType": content_type,
        "bytes": size,
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn read(mut multipart: Multipart) -> Result<Form, ApiError> {
    let mut form = Form::default();
    while let Some(part) = multipart.next_field().await.map_err(|error| broken(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            let content_type = part.content_type().unwrap_or_default().to_ascii_lowercase();
            let bytes = collect(part, MOST_IMAGE).await?;
            if !TYPES.contains(&content_type.as_str()) {
                return Err(ApiError::invalid(format!("`file` is one of {}", TYPES.join(", "))));
            }
            form.image = Some(Image { content_type, bytes });
            continue;
        }
        let bytes = collect(part, MOST_TEXT).await?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| ApiError::bad_request("INVALID_FORM", error.to_string()))?;
        let text = field(&name, text)?;
        match name.as_str() {
            "kind" => form.kind = Some(text),
            "farmId" => form.farm = Some(text),
            "productId" => form.product = Some(text),
            _ => return Err(ApiError::invalid(format!("unknown field `{name}`"))),
        }
    }
    Ok(form)
}

/// A field's bytes, of which more than `most` are read but not kept.
async fn collect(mut part: Field<'_>, most: usize) -> Result<Bytes, ApiError> {
    let mut kept = Vec::new();
    let mut fits = true;
    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
        fits = fits && kept.len().saturating_add(chunk.len()) <= most;
        if fits {
            kept.extend_from_slice(&chunk);
        } else {
            kept = Vec::new();
        }
    }
    if fits { Ok(kept.into()) } else { Err(ApiError::too_large(format!("at most {most} bytes"))) }
}

fn broken(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::too_large("the form is too big");
    }
    ApiError::bad_request("INVALID_FORM", error.body_text())
}

/// What the image shows, if it belongs to the user.
async fn owner(
    app: &App,
    user: &Identity,
    farm: Option<String>,
    product: Option<String>,
) -> Result<String, ApiError> {
    let (what, name, select, id) = match (product, farm) {
        (Some(id), _) => (
            "product",
            "product.findUnique",
            r#"SELECT f."ownerId" FROM "Product" p JOIN "Farm" f ON f."id" = p."farmId"
                WHERE p."id" = $1 AND p."deletedAt" IS NULL"#,
            id,
        ),
        (None, Some(id)) => (
            "farm",
            "farm.findUnique",
            r#"SELECT "ownerId" FROM "Farm" WHERE "id" = $1 AND "deletedAt" IS NULL"#,
            id,
        ),
        (None, None) => return Ok(farmer::own_farm(app, user).await?.id),
    };
    let row = app.db.read_one(name, select, args![&id]).await?;
    user.require_owner(&found(row, what)?.text()?)?;
    Ok(id)
}

async fn serve(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let select = r#"SELECT "id" FROM "Upload" WHERE "id" = $1"#;
    found(app.db.read_one("upload.findUnique", select, args![&id]).await?, "image")?;
    let image = app.shelf.get(&id).ok_or_else(|| ApiError::not_found("image"))?;
    let headers = [
        (CONTENT_TYPE, image.content_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, image.bytes).into_response())
}
