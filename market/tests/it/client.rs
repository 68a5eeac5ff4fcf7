//! A small HTTP client that talks JSON and says what went wrong.

use farmers_market::{Config, Market, PASSWORD};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A client, logged in or not.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// Starts a small market.
pub(crate) async fn market(config: Config) -> (Market, Client) {
    let market = Market::start(config).await.unwrap_or_else(|error| panic!("{error}"));
    let client = Client::new(&market);
    (market, client)
}

impl Client {
    pub(crate) fn new(market: &Market) -> Self {
        // Whoever builds with the whole workspace gets a client that asks for a TLS library. A
        // second call finds that there is one, which is as good.
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let base = format!("http://{}", market.address());
        Self { http: reqwest::Client::new(), base, token: None }
    }

    /// The same client, logged in by the line of the guide.
    pub(crate) async fn login(&self, email: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = self.send(Method::POST, "/api/auth/login", Some(body), 200).await;
        let token = answer["token"].as_str().expect("a token").to_owned();
        Self { token: Some(token), ..self.clone() }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request, wants this status and gives the JSON back.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        want: u16,
    ) -> Value {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap_or_else(|e| panic!("{method} {path}: {e:?}"));
        let (status, text) = (response.status(), response.text().await.expect("a body"));
        assert_eq!(status.as_u16(), want, "{method} {path}: {text}");
        if text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None, 200).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value, want: u16) -> Value {
        self.send(Method::POST, path, Some(body), want).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(Method::PATCH, path, Some(body), 200).await
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.send(Method::DELETE, path, None, 204).await;
    }

    /// Uploads an image of so many bytes.
    pub(crate) async fn upload(
        &self,
        fields: &[(&'static str, &str)],
        size: usize,
    ) -> (StatusCode, Value) {
        let file = reqwest::multipart::Part::bytes(vec![0x42; size]);
        let file = file.file_name("farm.jpg").mime_str("image/jpeg").expect("a type");
        let mut form = reqwest::multipart::Form::new().part("file", file);
        for (name, value) in fields {
            form = form.text(*name, (*value).to_owned());
        }
        let request = self.request(Method::POST, "/api/upload").multipart(form);
        let response = request.send().await.expect("an answer");
        (response.status(), response.json().await.expect("JSON"))
    }
}

/// A text of an answer.
pub(crate) fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    answer[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text in {answer}"))
}

/// A number of an answer.
pub(crate) fn number(answer: &Value, key: &str) -> i64 {
    answer[key].as_i64().unwrap_or_else(|| panic!("`{key}` is no number in {answer}"))
}

/// The things of a list; never none.
pub(crate) fn list<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    let list = answer[key].as_array().unwrap_or_else(|| panic!("no `{key}` in {answer}"));
    assert!(!list.is_empty(), "`{key}` is empty");
    list
}
