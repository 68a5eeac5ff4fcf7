//! Settings of all requests.

use bytes::Bytes;
use http::HeaderValue;

use super::Overrides;
use crate::names::{Catalogue, SeriesKind};
use crate::plan::builder::{Builder, Surroundings};
use crate::plan::{HttpSettings, Limits, Scope, Text};
use crate::scenario::{At, Connections, Diagnostics, NodeId, ScenarioSpec};
use crate::units::{Bytes as Size, Nanos};

/// Settings of all requests: flags first, then the scenario, then what is usual.
pub(super) fn http_settings(
    spec: &ScenarioSpec,
    overrides: &Overrides,
    around: &Surroundings<'_>,
    out: &mut Diagnostics,
    catalogue: &mut Catalogue,
) -> Option<HttpSettings> {
    let http = &spec.http;
    let mut builder =
        Builder::new(around, out, catalogue, Scope::default(), (SeriesKind::Run, "http"));
    let mut headers = Vec::new();
    for (name, value) in &overrides.headers {
        let valid = HeaderValue::try_from(value.as_str()).is_ok();
        match name.parse() {
            Ok(name) if valid => headers.push((name, Text::literal(value))),
            Ok(_) | Err(_) => builder.error(
                NodeId::NOWHERE,
                format!("--header: `{name}` is not a header"),
                Some("write it as `-H 'name: value'`"),
            ),
        }
    }
    headers.extend(builder.headers(&http.headers));
    let roots = match (&overrides.roots, &http.cacert) {
        (Some(roots), _) => Some(Bytes::copy_from_slice(roots)),
        (None, Some(path)) => Some(Bytes::copy_from_slice(&builder.file(path)?)),
        (None, None) => None,
    };
    let shared_connections = match &http.shared_connections {
        None => 1,
        Some(at) => {
            let (message, hint) = match (at.value, http.connections) {
                (0, _) => ("there has to be at least one", "write how many each worker has"),
                (_, Connections::Shared) => ("", ""),
                (_, Connections::Keep | Connections::Fresh) => {
                    ("connections are not shared", "write `connections: shared` beside it")
                }
            };
            if !message.is_empty() {
                builder.error(at.node, message.to_owned(), Some(hint));
            }
            at.value
        }
    };
    let usual = Limits::default();
    let given = |flag: Option<Nanos>, written: &Option<At<Nanos>>, usual: Nanos| {
        flag.or_else(|| written.as_ref().map(|at| at.value)).unwrap_or(usual)
    };
    Some(HttpSettings {
        version: overrides.http.unwrap_or(http.version.value),
        engine: overrides.engine,
        cookies: http.cookies,
        connections: http.connections,
        shared_connections,
        headers,
        decompress: http.decompress,
        insecure: http.insecure || overrides.insecure,
        roots,
        limits: Limits {
            timeout: given(overrides.timeout, &http.timeout, usual.timeout),
            connect_timeout: given(
                overrides.connect_timeout,
                &http.connect_timeout,
                usual.connect_timeout,
            ),
            redirects: http.redirects.value,
            max_body: Size(http.max_body.value.0),
        },
    })
}
