//! Logging in and out.

use std::time::Duration;

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::found;
use crate::app::App;
use crate::auth::jwt::{self, Claims};
use crate::auth::{CSRF_COOKIE, Identity, SESSION_COOKIE, cookies, password};
use crate::db::{DbError, args};
use crate::error::ApiError;
use crate::input::{Body, field};
use crate::{clock, ids};

/// How long a CSRF cookie stays.
const CSRF_SECONDS: u64 = 24 * 3_600;
/// How long a reset token counts.
const RESET: Duration = Duration::from_hours(1);
/// The shortest password.
const LEAST_PASSWORD: usize = 8;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/auth/csrf", get(csrf))
        .route("/api/auth/login", post(login))
        .route("/api/auth/session", get(session))
        .route("/api/auth/logout", post(logout))
        .route("/api/auth/forgot-password", post(forgot))
        .route("/api/auth/reset-password", post(reset))
}

/// An answer that also sets a cookie.
fn with_cookie(cookie: Option<HeaderValue>, answer: impl IntoResponse) -> Response {
    (AppendHeaders(cookie.map(|cookie| (SET_COOKIE, cookie))), answer).into_response()
}

async fn csrf() -> Response {
    let token = format!("{:016x}{:016x}", ids::random(), ids::random());
    let cookie = cookies::set(CSRF_COOKIE, &token, CSRF_SECONDS);
    with_cookie(cookie, Json(json!({ "csrfToken": token })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    email: String,
    password: String,
    csrf_token: Option<String>,
}

async fn login(
    State(app): State<App>,
    headers: HeaderMap,
    Body(login): Body<Login>,
) -> Result<Response, ApiError> {
    // Who has the cookie is a browser and must show that the page was ours; curl has none.
    if let Some(cookie) = cookies::get(&headers, CSRF_COOKIE)
        && login.csrf_token.as_deref() != Some(cookie)
    {
        return Err(ApiError::forbidden("CSRF_MISMATCH", "the csrf token does not fit its cookie"));
    }
    let wrong = || ApiError::unauthorized("INVALID_CREDENTIALS", "e-mail or password is wrong");
    let email = field("email", &login.email)?.to_lowercase();
    let select =
        r#"SELECT "id", "email", "name", "role", "passwordHash" FROM "User" WHERE "email" = $1"#;
    let row = app.db.read_one("user.findUnique", select, args![email]).await?;
    let mut row = row.ok_or_else(wrong)?;
    let (id, email, name, role) = (row.text()?, row.text()?, row.text()?, row.text()?);
    if !password::matches(&login.password, &row.text()?) {
        return Err(wrong());
    }
    let (token, seconds) = new_session(&app, &id).await?;
    let cookie = cookies::set(SESSION_COOKIE, &token, seconds);
    let user = json!({ "id": id, "email": email, "name": name, "role": role });
    let answer = json!({ "token": token, "expiresIn": seconds, "user": user });
    Ok(with_cookie(cookie, Json(answer)))
}

/// Begins a session: its row and its token.
async fn new_session(app: &App, user: &str) -> Result<(String, u64), ApiError> {
    let (now, ttl) = (clock::wall(), app.token_ttl);
    // A token for less than a second would be void at once: expiry is counted in seconds.
    let (iat, seconds) = (now.as_secs(), ttl.as_secs().max(1));
    let sid = ids::new("session");
    let insert = r#"INSERT INTO "Session" ("id", "userId", "expiresAt") VALUES ($1, $2, $3)"#;
    app.db.write("session.create", insert, args![&sid, user, clock::iso(now + ttl)]).await?;
    let claims = Claims { sub: user.to_owned(), sid, iat, exp: iat.saturating_add(seconds) };
    let token = jwt::sign(&claims, &app.secret)
        .map_err(|_token| ApiError::from(DbError::Shape("a token")))?;
    Ok((token, seconds))
}

async fn session(user: Identity) -> Json<Value> {
    let expires = clock::iso(Duration::from_secs(user.claims.exp));
    Json(json!({
        "user": { "id": user.id, "email": user.email, "name": user.name, "role": user.role },
        "expires": expires,
    }))
}

async fn logout(State(app): State<App>, user: Identity) -> Result<Response, ApiError> {
    let delete = r#"DELETE FROM "Session" WHERE "id" = $1"#;
    app.db.write("session.delete", delete, args![user.claims.sid]).await?;
    Ok(with_cookie(cookies::set(SESSION_COOKIE, "", 0), StatusCode::NO_CONTENT))
}

#[derive(Deserialize)]
struct Forgot {
    email: String,
}

async fn forgot(
    State(app): State<App>,
    Body(forgot): Body<Forgot>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let email = field("email", &forgot.email)?.to_lowercase();
    let select = r#"SELECT "id" FROM "User" WHERE "email" = $1"#;
    let mut token = None;
    if let Some(mut row) = app.db.read_one("user.findUnique", select, args![email]).await? {
        let new = ids::secret();
        let expires = clock::iso(clock::wall() + RESET);
        let insert =
            r#"INSERT INTO "PasswordReset" ("token", "userId", "expiresAt") VALUES ($1, $2, $3)"#;
        app.db.write("passwordReset.create", insert, args![&new, row.text()?, expires]).await?;
        token = Some(new);
    }
    // A real market would send a mail and say the same to everybody.
    Ok((StatusCode::ACCEPTED, Json(json!({ "status": "sent", "resetToken": token }))))
}

#[derive(Deserialize)]
struct Reset {
    token: String,
    password: String,
}

async fn reset(State(app): State<App>, Body(reset): Body<Reset>) -> Result<Json<Value>, ApiError> {
    let password = field("password", &reset.password)?;
    if password.len() < LEAST_PASSWORD {
        return Err(ApiError::invalid(format!("`password` has at least {LEAST_PASSWORD} letters")));
    }
    let token = field("token", &reset.token)?;
    let mut tx = app.db.begin().await?;
    // Deleting it is using it: a token works once, also when it comes twice at a time.
    let take = r#"DELETE FROM "PasswordReset" WHERE "token" = $1 AND "expiresAt" > $2
        RETURNING "userId""#;
    let row = tx.one("passwordReset.delete", take, args![token, clock::wall_text()]).await?;
    let Some(mut row) = row else {
        tx.rollback().await?;
        return Err(ApiError::bad_request("INVALID_TOKEN", "the reset token does not count"));
    };
    let salt = format!("{:016x}", ids::random());
    let update = r#"UPDATE "User" SET "passwordHash" = $2 WHERE "id" = $1 RETURNING "id""#;
    let hash = password::hash(&password, &salt);
    found(tx.one("user.update", update, args![row.text()?, hash]).await?, "user")?;
    tx.commit().await?;
    Ok(Json(json!({ "status": "changed" })))
}
