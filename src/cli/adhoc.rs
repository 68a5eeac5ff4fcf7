//! `run --url`: a scenario of one request.

use std::fs;

use serde_json::{Map, Value, json};

use super::Failed;
use super::args::What;
use crate::plan::Address;

/// Methods that a step can have.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The text of a scenario that sends one request again and again. JSON is YAML.
pub(super) fn scenario(what: &What) -> Result<String, Failed> {
    let url = what.url.as_deref().unwrap_or_default();
    let wrong = |error: crate::plan::AddressError| {
        let hint = "give scheme and host: `--url http://127.0.0.1:8080/path`".to_owned();
        Failed::usage(format!("--url: {error}"), Some(hint))
    };
    let (address, path) = Address::split(url).map_err(wrong)?;
    let data = what.data.as_deref().map(body).transpose()?;
    let usual = if data.is_some() { "post" } else { "get" };
    let method = what.method.as_deref().unwrap_or(usual).to_ascii_lowercase();
    if !METHODS.contains(&method.as_str()) {
        let hint = format!("known are {}", METHODS.join(", "));
        return Err(Failed::usage(format!("-X: unknown method `{method}`"), Some(hint)));
    }
    let mut step = Map::new();
    step.insert(method, Value::String(literal(&path)));
    if let Some(data) = data {
        step.insert("body".to_owned(), Value::String(literal(&data)));
    }
    let scenario = json!({
        "version": 1,
        "name": "url",
        "target": literal(&address.to_string()),
        "http": { "cookies": false, "redirects": 0 },
        "journeys": { "url": { "steps": [step] } },
    });
    Ok(scenario.to_string())
}

/// The body as it was given, or the content of the file that it names.
fn body(data: &str) -> Result<String, Failed> {
    match data.strip_prefix('@') {
        None => Ok(data.to_owned()),
        Some(path) => fs::read_to_string(path)
            .map_err(|error| Failed::usage(format!("--data: can't read `{path}`: {error}"), None)),
    }
}

/// Text that is meant as it stands: `${` would begin a variable.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
