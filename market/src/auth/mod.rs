//! Who is asking.

pub(crate) mod cookies;
pub(crate) mod jwt;
pub(crate) mod password;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Serialize;

use self::jwt::Claims;
use crate::app::App;
use crate::clock;
use crate::db::args;
use crate::error::ApiError;

/// The cookie that carries the login token.
pub(crate) const SESSION_COOKIE: &str = "market.session";
/// The cookie that carries the CSRF token.
pub(crate) const CSRF_COOKIE: &str = "market.csrf";

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Role {
    Customer,
    Farmer,
    Admin,
}

impl Role {
    /// As the database and JSON spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "CUSTOMER",
            Self::Farmer => "FARMER",
            Self::Admin => "ADMIN",
        }
    }

    /// From any spelling of it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let all = [Self::Customer, Self::Farmer, Self::Admin];
        all.into_iter().find(|role| role.as_str().eq_ignore_ascii_case(text))
    }
}

/// A logged-in user.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) claims: Claims,
}

impl Identity {
    /// Refuses everybody but these; admins may do all.
    pub(crate) fn require(&self, role: Role) -> Result<(), ApiError> {
        if self.role == role || self.role == Role::Admin {
            return Ok(());
        }
        let message = format!("for {} only", role.as_str());
        Err(ApiError::forbidden("FORBIDDEN", message))
    }

    /// Refuses everybody but the owner and admins.
    pub(crate) fn require_owner(&self, owner: &str) -> Result<(), ApiError> {
        if self.id == owner || self.role == Role::Admin {
            return Ok(());
        }
        Err(ApiError::forbidden("NOT_OWNER", "this belongs to somebody else"))
    }
}

impl FromRequestParts<App> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = token(parts)
            .ok_or_else(|| ApiError::unauthorized("UNAUTHENTICATED", "log in first"))?;
        let claims = jwt::verify(&token, &app.secret, clock::wall().as_secs())
            .map_err(|error| ApiError::unauthorized(error.code(), error.to_string()))?;
        // The user's row is read each time, so that a new role counts at once.
        let row = app
            .db
            .read_one(
                "session.findUnique",
                r#"SELECT u."id", u."email", u."name", u."role" FROM "Session" s
                    JOIN "User" u ON u."id" = s."userId" WHERE s."id" = $1"#,
                args![&claims.sid],
            )
            .await?;
        let mut row = row.ok_or_else(|| ApiError::unauthorized("SESSION_ENDED", "log in again"))?;
        Ok(Self {
            id: row.text()?,
            email: row.text()?,
            name: row.text()?,
            role: Role::read(&row.text()?).unwrap_or(Role::Customer),
            claims,
        })
    }
}

/// The login token: from the header, else from the cookie.
fn token(parts: &Parts) -> Option<String> {
    if let Some(header) = parts.headers.get(AUTHORIZATION) {
        let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned());
    }
    cookies::get(&parts.headers, SESSION_COOKIE).map(str::to_owned)
}
