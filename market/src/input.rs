//! What requests bring: query strings and bodies, each with its limits and its error answers.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::db::Page;
use crate::error::ApiError;

/// The biggest body of JSON.
const MOST_JSON: usize = 64 << 10;
/// The longest text in a query string or a field.
pub(crate) const MOST_TEXT: usize = 2_000;
/// The biggest page.
const MOST_LIMIT: i64 = 100;
/// The last page anybody asks for; keeps offsets far from overflowing.
const LAST_PAGE: i64 = 1_000_000;

/// The query string.
#[derive(Debug)]
pub(crate) struct Params(HashMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(query)
            .map(Self)
            .map_err(|error| ApiError::bad_request("INVALID_QUERY", error.to_string()))
    }
}

impl Params {
    /// A parameter that is there and not empty.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, ApiError> {
        let value = self.0.get(key).map(String::as_str).filter(|value| !value.is_empty());
        if value.is_some_and(|value| value.len() > MOST_TEXT || value.contains('\0')) {
            return Err(ApiError::bad_request("INVALID_QUERY", format!("`{key}` is too long")));
        }
        Ok(value)
    }

    /// `true`, `false`, `1` or `0`.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, ApiError> {
        match self.text(key)? {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => {
                let message = format!("`{key}` is true or false, not `{other}`");
                Err(ApiError::bad_request("INVALID_QUERY", message))
            }
        }
    }

    /// `page` and `limit`.
    pub(crate) fn page(&self) -> Result<Page, ApiError> {
        Ok(Page {
            page: self.number("page", 1, LAST_PAGE)?,
            limit: self.number("limit", 20, MOST_LIMIT)?,
        })
    }

    fn number(&self, key: &str, default: i64, most: i64) -> Result<i64, ApiError> {
        let Some(text) = self.text(key)? else { return Ok(default) };
        text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            let message = format!("`{key}` is a number from 1 to {most}, not `{text}`");
            ApiError::bad_request("INVALID_QUERY", message)
        })
    }
}

/// A body of JSON.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let bytes = to_bytes(request.into_body(), MOST_JSON).await.map_err(|error| {
            let source = std::error::Error::source(&error);
            if source.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>) {
                ApiError::too_large(format!("a body has at most {MOST_JSON} bytes"))
            } else {
                ApiError::bad_request("INVALID_BODY", "the body did not arrive")
            }
        })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            if error.is_data() {
                ApiError::invalid(error.to_string())
            } else {
                ApiError::bad_request("INVALID_JSON", error.to_string())
            }
        })
    }
}

/// Checks a text field: not empty, not too long.
pub(crate) fn field(name: &str, text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    if text.is_empty() || text.len() > MOST_TEXT || text.contains('\0') {
        return Err(ApiError::invalid(format!("`{name}` has 1 to {MOST_TEXT} characters")));
    }
    Ok(text.to_owned())
}

/// Checks a text field that may be missing.
pub(crate) fn optional_field(name: &str, text: Option<&str>) -> Result<Option<String>, ApiError> {
    text.map(|text| field(name, text)).transpose()
}

/// Checks a number.
pub(crate) fn within(name: &str, number: i64, least: i64, most: i64) -> Result<i64, ApiError> {
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(ApiError::invalid(format!("`{name}` is from {least} to {most}, not {number}")))
}
