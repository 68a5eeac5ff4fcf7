//! `get`, `post`, `put`, `patch`, `delete`, `head`, `options`: an HTTP request to the target.
//!
//! ```yaml
//! - get: /api/farms/${farmId}
//!   query: { page: 1 }
//!   check: [ status == 200, len($.products) > 0 ]
//!   capture: { productId: "$.products[*].id | random" }
//! - { post: /api/cart/items, json: { productId: "${productId}", quantity: 2 } }
//! ```
//! The series is method and path template: `GET /api/farms/{farmId}`. A status of 400 and more is
//! a failure, unless a check says what the status has to be.

use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{HeaderName, Method};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::Value;

use super::multipart::{Form, PartSpec, form};
use super::sql::captures;
use crate::names::ErrorKind;
use crate::plan::{
    Action, Answer, Builder, Catch, Escape, Expectation, Failure, Looked, Missing, Outcome,
    Question, Request, Step, StepKind, Text, View,
};
use crate::scenario::{At, Capture, Check, Named, NodeId, OneOrMany, Part, Template};
use crate::units::Nanos;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename = "a request", deny_unknown_fields, default)]
#[schemars(rename = "RequestStep")]
struct Spec {
    /// Path of a GET request.
    get: Option<At<Template>>,
    /// Path of a POST request.
    post: Option<At<Template>>,
    /// Path of a PUT request.
    put: Option<At<Template>>,
    /// Path of a PATCH request.
    patch: Option<At<Template>>,
    /// Path of a DELETE request.
    delete: Option<At<Template>>,
    /// Path of a HEAD request.
    head: Option<At<Template>>,
    /// Path of an OPTIONS request.
    options: Option<At<Template>>,
    /// Parameters of the query string.
    query: Named<At<Template>>,
    /// Headers of the request.
    headers: Named<At<Template>>,
    /// A JSON body; texts in it may have variables.
    json: Option<Value>,
    /// A form body, URL-encoded.
    form: Named<At<Template>>,
    /// A body of plain text.
    body: Option<At<Template>>,
    /// A form body with files.
    multipart: Vec<PartSpec>,
    /// Variables that take a value from the answer, for example `{ farmId: "$.farms[0].id" }`.
    capture: Named<At<Capture>>,
    /// What has to be true of the answer, for example `status == 200`.
    check: OneOrMany<At<Check>>,
    /// Longest time from sending to the last byte.
    timeout: Option<At<Nanos>>,
    /// How many redirects are followed.
    redirects: Option<At<u32>>,
}

impl Spec {
    /// The method that is given, with its path.
    fn target(&self) -> Vec<(Method, &At<Template>)> {
        [
            (Method::GET, &self.get),
            (Method::POST, &self.post),
            (Method::PUT, &self.put),
            (Method::PATCH, &self.patch),
            (Method::DELETE, &self.delete),
            (Method::HEAD, &self.head),
            (Method::OPTIONS, &self.options),
        ]
        .into_iter()
        .filter_map(|(method, path)| path.as_ref().map(|path| (method, path)))
        .collect()
    }
}

pub(super) struct Kind;

impl StepKind for Kind {
    fn words(&self) -> &'static [&'static str] {
        &["get", "post", "put", "patch", "delete", "head", "options"]
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Spec>()
    }

    fn read(&self, node: NodeId, builder: &mut Builder<'_>) {
        let Some(spec) = builder.read::<Spec>(node) else { return };
        let targets = spec.target();
        let Some((method, path)) = targets.first() else { return };
        if let Some((_, second)) = targets.get(1) {
            builder.error(second.node, "a step sends one request", Some("make it two steps"));
        }
        check_path(builder, path);
        let template = path.value.path_template();
        let query = queries(builder, &spec.query);
        let body = body(builder, node, &spec);
        let checks: Vec<_> = spec.check.iter().filter_map(|c| builder.check(c)).collect();
        let headers = all_headers(builder.headers(&spec.headers), &body);
        let captures = captures(builder, &spec.capture);
        let asked = checks.iter().map(Expectation::question);
        let caught = captures.iter().map(|catch| &catch.question);
        let step = HttpRequest {
            method: method.clone(),
            path: builder.text(path, Escape::Url),
            query,
            headers,
            body,
            wants_body: asked.chain(caught).any(Question::needs_body),
            captures,
            judges_status: checks.iter().any(asks_for_status),
            checks,
            timeout: spec.timeout.as_ref().map(|timeout| timeout.value),
            redirects: spec.redirects.as_ref().map(|redirects| redirects.value),
        };
        builder.measured(None, &format!("{method} {template}"), path.node, Box::new(step));
    }
}

/// The step's headers, each name once (the last one counts), and the body's media type unless
/// they name it.
fn all_headers(given: Vec<(HeaderName, Text)>, body: &Body) -> Vec<(HeaderName, Text)> {
    let mut headers: Vec<(HeaderName, Text)> = Vec::with_capacity(given.len() + 1);
    for (name, text) in given {
        headers.retain(|(known, _)| *known != name);
        headers.push((name, text));
    }
    let media_type = body.media_type();
    if let Some(media_type) = media_type.filter(|_| headers.iter().all(|h| h.0 != CONTENT_TYPE)) {
        headers.push((CONTENT_TYPE, Text::literal(&media_type)));
    }
    headers
}

fn asks_for_status(check: &Expectation) -> bool {
    matches!(check.question(), Question::Status)
}

fn queries(builder: &mut Builder<'_>, query: &Named<At<Template>>) -> Vec<(String, Text)> {
    let mut made = Vec::with_capacity(query.len());
    for (name, value) in query {
        let name = At { value: Template::literal(name.value.as_str()), node: name.node };
        let name = builder.component(&name).as_literal().unwrap_or_default().to_owned();
        made.push((name, builder.component(value)));
    }
    made
}

/// Reports a path that no server would understand.
fn check_path(builder: &mut Builder<'_>, path: &At<Template>) {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Variable { .. } => "x".to_owned(),
    };
    let whole: String = path.value.parts().iter().map(part).collect();
    let begins_with_variable = matches!(path.value.parts().first(), Some(Part::Variable { .. }));
    if !whole.starts_with('/') && !begins_with_variable {
        let hint = "the host stands in `target:`; a path begins with `/`";
        builder.error(path.node, format!("`{}` is not a path", path.source()), Some(hint));
    } else if let Err(error) = whole.parse::<PathAndQuery>() {
        let hint = "put values with spaces or umlauts into `query:`, which encodes them";
        let message = format!("`{}` is not a path: {error}", path.source());
        builder.error(path.node, message, Some(hint));
    }
}

/// What a request carries.
#[derive(Debug)]
enum Body {
    None,
    Text(Text, Option<&'static str>),
    Fields(Vec<(String, Text)>),
    Form(Form),
}

impl Body {
    /// What it is, where the step's own headers don't say.
    fn media_type(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Text(_, media_type) => media_type.map(str::to_owned),
            Self::Fields(_) => Some("application/x-www-form-urlencoded".to_owned()),
            Self::Form(form) => Some(form.content_type()),
        }
    }
}

/// Writes the fields of a form body.
fn write_fields(
    fields: &[(String, Text)],
    view: &mut View<'_>,
    out: &mut String,
) -> Result<(), Missing> {
    for (name, value) in fields {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        value.write(view, out)?;
    }
    Ok(())
}

/// The one body of a step.
fn body(builder: &mut Builder<'_>, node: NodeId, spec: &Spec) -> Body {
    let given = [
        spec.json.is_some(),
        !spec.form.is_empty(),
        spec.body.is_some(),
        !spec.multipart.is_empty(),
    ];
    if given.into_iter().filter(|given| *given).count() > 1 {
        let hint = "give one of `json`, `form`, `body`, `multipart`";
        builder.error(node, "the request has two bodies", Some(hint));
    }
    if let Some(json) = &spec.json {
        let at = builder.place_of(node, "json");
        let text = json_text(builder, json, at);
        return Body::Text(text, Some("application/json"));
    }
    if let Some(body) = &spec.body {
        return Body::Text(builder.text(body, Escape::Plain), None);
    }
    if !spec.form.is_empty() {
        return Body::Fields(queries(builder, &spec.form));
    }
    if spec.multipart.is_empty() { Body::None } else { Body::Form(form(builder, &spec.multipart)) }
}

/// A JSON value as a template: variables stand inside its texts.
fn json_text(builder: &mut Builder<'_>, json: &Value, node: NodeId) -> Text {
    let source = json.to_string();
    match source.parse::<Template>() {
        Ok(template) => builder.text_at(&template, node, Escape::Json),
        Err(error) => {
            builder.error(node, error.to_string(), None);
            Text::literal("")
        }
    }
}

#[derive(Debug)]
struct HttpRequest {
    method: Method,
    path: Text,
    query: Vec<(String, Text)>,
    headers: Vec<(HeaderName, Text)>,
    body: Body,
    checks: Vec<Expectation>,
    captures: Vec<Catch>,
    /// Whether a check or capture looks at the answer's body.
    wants_body: bool,
    judges_status: bool,
    timeout: Option<Nanos>,
    redirects: Option<u32>,
}

impl HttpRequest {
    fn write(&self, view: &mut View<'_>, request: &mut Request) -> Result<(), Missing> {
        request.begin(&self.method);
        let target = request.target_text();
        self.path.write(view, target)?;
        let mut separator = if target.contains('?') { '&' } else { '?' };
        for (name, value) in &self.query {
            target.push(separator);
            target.push_str(name);
            target.push('=');
            value.write(view, target)?;
            separator = '&';
        }
        for (name, text) in &self.headers {
            request.write_header(name, text, view)?;
        }
        match &self.body {
            Body::None => {}
            Body::Text(text, _) => text.write(view, request.text_body())?,
            Body::Fields(fields) => write_fields(fields, view, request.text_body())?,
            Body::Form(form) => request.set_body(form.body(view)?),
        }
        request.wants_body = self.wants_body;
        (request.timeout, request.redirects) = (self.timeout, self.redirects);
        request.end_own();
        Ok(())
    }

    /// What a status means when no check asks for it.
    fn status_failure(&self, answer: &Answer<'_>) -> Option<Failure> {
        let kind = Looked::at(answer).status_class().filter(|_| !self.judges_status)?;
        let Answer::Http(answer) = answer else { return None };
        Some(Failure::new(kind, format!("status {}", answer.status)))
    }
}

impl Step for HttpRequest {
    fn action(&self, view: &mut View<'_>, request: &mut Request) -> Result<Action, Failure> {
        let written = self.write(view, request);
        written.map_err(|why| Failure::new(ErrorKind::Data, why.to_string()))?;
        Ok(Action::Send)
    }

    fn settle(&self, answer: &Answer<'_>, view: &mut View<'_>) -> Outcome {
        let failure = self.status_failure(answer);
        checked(&Looked::at(answer), &self.checks, &self.captures, failure, view)
    }
}

/// Asks all checks and, if nothing was wrong, takes all captures.
///
/// A status that failed (`failure`) is the reason of what follows from it, so it stands. A check
/// of the status that fails on a 4xx or 5xx is a failure of that class.
pub(super) fn checked(
    looked: &Looked<'_>,
    checks: &[Expectation],
    captures: &[Catch],
    failure: Option<Failure>,
    view: &mut View<'_>,
) -> Outcome {
    let mut outcome = Outcome { failure, ..Outcome::default() };
    for check in checks {
        match check.check(looked, view) {
            Ok(()) => outcome.checks_passed += 1,
            Err(mut failure) => {
                outcome.checks_failed += 1;
                if asks_for_status(check) {
                    failure.kind = looked.status_class().unwrap_or(failure.kind);
                }
                outcome.failure.get_or_insert(failure);
            }
        }
    }
    if outcome.failure.is_none() {
        for capture in captures {
            if let Err(failure) = capture.take(looked, view) {
                outcome.failure.get_or_insert(failure);
            }
        }
    }
    outcome
}
