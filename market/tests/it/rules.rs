//! What must hold whatever the journey: who may do what, counters, limits, soft delete.

use std::time::Duration;

use farmers_market::Config;
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::json;

use crate::client::{Client, list, market, number, text};

#[tokio::test]
async fn every_request_is_counted_exactly_once_under_concurrency() {
    let (market, client) = market(Config::default()).await;
    let user = client.login("customer0003@market.test").await;
    client.send(Method::POST, "/__market/stats/reset", None, 204).await;
    let mut tasks = tokio::task::JoinSet::new();
    for turn in 0..16 {
        let (client, user) = (client.clone(), user.clone());
        tasks.spawn(async move {
            for step in 0..25 {
                client.get(&format!("/api/farms/farm_{:04}", 1 + (turn + step) % 12)).await;
                client.send(Method::GET, "/api/farms/none", None, 404).await;
                client.send(Method::GET, "/nowhere", None, 404).await;
                client.send(Method::DELETE, "/api/farms", None, 405).await;
                user.post("/api/cart/items", json!({ "productId": "prod_00001" }), 201).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a task");
    }
    let stats = client.get("/__market/stats").await;
    assert_eq!(
        stats,
        json!({
            "requests": 2_000,
            "by_route": {
                "GET /api/farms/{id}": 800, "GET (unmatched)": 400, "DELETE /api/farms": 400,
                "POST /api/cart/items": 400,
            },
            "by_status": { "200": 400, "201": 400, "404": 800, "405": 400 },
        })
    );
    // And every quantity arrived in the one item.
    assert_eq!(number(&user.get("/api/cart").await["items"][0], "quantity"), 400);
    market.shutdown().await;
}

#[tokio::test]
async fn orders_of_one_cart_at_a_time_never_share_an_item() {
    let (market, client) = market(Config::default()).await;
    let user = client.login("customer0004@market.test").await;
    for product in ["prod_00001", "prod_00030", "prod_00060"] {
        user.post("/api/cart/items", json!({ "productId": product }), 201).await;
    }
    let total = number(&user.get("/api/cart").await, "total");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let user = user.clone();
        tasks.spawn(async move {
            let body = json!({ "payment": "test" });
            let answer = user.request(Method::POST, "/api/orders").json(&body).send().await;
            let answer = answer.expect("an answer");
            let status = answer.status().as_u16();
            (status, answer.json::<serde_json::Value>().await.expect("JSON"))
        });
    }
    let answers = tasks.join_all().await;
    let made: Vec<_> = answers.iter().filter(|(status, _)| *status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    assert_eq!(number(&made[0].1, "total"), total);
    assert!(made[0].1["farmId"].is_null(), "items of several farms");
    assert!(answers.iter().all(|(_, answer)| {
        answer["error"]["code"] == "CART_EMPTY" || answer["id"].is_string()
    }));
    market.shutdown().await;
}

#[tokio::test]
async fn who_is_not_allowed_is_told_why() {
    let (market, client) = market(Config::default()).await;
    let refused = |client: Client,
                   method: Method,
                   path: &'static str,
                   status,
                   code: &'static str| async move {
        let answer = client.send(method, path, Some(json!({ "name": "x" })), status).await;
        assert_eq!(answer["error"]["code"], code, "{path}");
        assert!(answer["error"]["message"].is_string());
    };
    let bad = json!({ "email": "test@example.com", "password": "wrong" });
    client.post("/api/auth/login", bad, 401).await;
    let customer = client.login("customer0001@market.test").await;
    let farmer = client.login("farmer0002@market.test").await;
    let forged = client.with_token("a.b.c");
    refused(client.clone(), Method::GET, "/api/cart", 401, "UNAUTHENTICATED").await;
    refused(forged, Method::GET, "/api/cart", 401, "INVALID_TOKEN").await;
    refused(customer.clone(), Method::GET, "/api/admin/users", 403, "FORBIDDEN").await;
    refused(customer.clone(), Method::GET, "/api/farmer/farm", 403, "FORBIDDEN").await;
    refused(farmer.clone(), Method::PATCH, "/api/farms/farm_0001", 403, "NOT_OWNER").await;
    refused(farmer.clone(), Method::DELETE, "/api/products/prod_00001", 403, "NOT_OWNER").await;
    refused(farmer.clone(), Method::POST, "/api/farms", 422, "INVALID").await;
    refused(farmer, Method::POST, "/api/products", 422, "INVALID").await;
    let test = client.login("test@example.com").await;
    refused(test, Method::GET, "/api/farmer/farm", 404, "FARM_NOT_FOUND").await;
    for path in [
        "/api/farms?limit=101",
        "/api/farms?limit=0",
        "/api/farms?page=x",
        "/api/farms?certified=maybe",
    ] {
        client.send(Method::GET, path, None, 400).await;
    }
    let broken = customer.request(Method::POST, "/api/cart/items").body("{").send().await;
    assert_eq!(broken.expect("an answer").status(), 400);
    let huge =
        customer.request(Method::POST, "/api/cart/items").body(vec![b' '; 70_000]).send().await;
    assert_eq!(huge.expect("an answer").status(), 413);
    // A session that was ended stays ended, though its token has not expired.
    customer.send(Method::POST, "/api/auth/logout", None, 204).await;
    refused(customer, Method::GET, "/api/cart", 401, "SESSION_ENDED").await;
    market.shutdown().await;
}

#[tokio::test]
async fn a_csrf_cookie_needs_its_token_and_no_cookie_needs_none() {
    let (market, client) = market(Config::default()).await;
    let page = client.request(Method::GET, "/api/auth/csrf").send().await.expect("an answer");
    let cookie = page.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let page: serde_json::Value = page.json().await.expect("JSON");
    let login = async |token: Option<&str>| {
        let body = json!({
            "email": "test@example.com", "password": "TestPassword123", "csrfToken": token,
        });
        let request = client.request(Method::POST, "/api/auth/login").header(COOKIE, &cookie);
        request.json(&body).send().await.expect("an answer")
    };
    assert_eq!(login(None).await.status(), 403);
    assert_eq!(login(Some("other")).await.status(), 403);
    let answer = login(Some(text(&page, "csrfToken"))).await;
    assert_eq!(answer.status(), 200);
    // The session's cookie is as good as the token.
    let session = answer.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    let session = session.split(';').next().expect("a pair").to_owned();
    let request = client.request(Method::GET, "/api/auth/session").header(COOKIE, session);
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    market.shutdown().await;
}

#[tokio::test]
async fn a_token_expires_and_a_new_login_helps() {
    let config = Config { token_ttl: Duration::from_secs(1), ..Config::default() };
    let (market, client) = market(config).await;
    let user = client.login("customer0005@market.test").await;
    // At most a second: wait for the answer, not for a time.
    let mut last = serde_json::Value::Null;
    for _ in 0..100 {
        let answer = user.request(Method::GET, "/api/cart").send().await.expect("an answer");
        if answer.status() == 401 {
            last = answer.json().await.expect("JSON");
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(last["error"]["code"], "TOKEN_EXPIRED");
    client.login("customer0005@market.test").await;
    market.shutdown().await;
}

#[tokio::test]
async fn a_password_is_reset_once_per_token() {
    let (market, client) = market(Config::default()).await;
    let email = "member0009@market.test";
    let sent = client.post("/api/auth/forgot-password", json!({ "email": email }), 202).await;
    let reset = json!({ "token": sent["resetToken"], "password": "Another456" });
    client.post("/api/auth/reset-password", reset.clone(), 200).await;
    client.post("/api/auth/reset-password", reset, 400).await;
    let login = |password: &str| json!({ "email": email, "password": password });
    client.post("/api/auth/login", login("TestPassword123"), 401).await;
    client.post("/api/auth/login", login("Another456"), 200).await;
    let unknown = json!({ "email": "nobody@market.test" });
    let sent = client.post("/api/auth/forgot-password", unknown, 202).await;
    assert!(sent["resetToken"].is_null());
    market.shutdown().await;
}

#[tokio::test]
async fn a_deleted_farm_leaves_lists_but_not_orders() {
    let (market, client) = market(Config::default()).await;
    let farmer = client.login("farmer0003@market.test").await;
    let orders = farmer.get("/api/farmer/orders").await;
    let order = text(&list(&orders, "orders")[0], "id").to_owned();
    farmer.delete("/api/farms/farm_0003").await;
    client.send(Method::GET, "/api/farms/farm_0003", None, 404).await;
    let left = client.get("/api/products?farmId=farm_0003").await;
    assert_eq!(number(&left["pagination"], "total"), 0);
    client.send(Method::GET, "/api/products/prod_00051", None, 404).await;
    let admin = client.login("admin01@market.test").await;
    let kept = admin.get(&format!("/api/orders/{order}")).await;
    assert_eq!(text(&kept["farm"], "id"), "farm_0003");
    market.shutdown().await;
}

#[tokio::test]
async fn pending_farms_never_run_out() {
    let (market, client) = market(Config::default()).await;
    let admin = client.login("admin01@market.test").await;
    for turn in 0..60 {
        let pending = admin.get("/api/admin/farms?status=pending&limit=1").await;
        let id = text(&list(&pending, "farms")[0], "id").to_owned();
        let word = if turn % 2 == 0 { "approve" } else { "reject" };
        let path = format!("/api/admin/farms/{id}/{word}");
        admin.send(Method::POST, &path, None, 200).await;
    }
    market.shutdown().await;
}

#[tokio::test]
async fn uploads_have_limits() {
    let (market, client) = market(Config::default()).await;
    let farmer = client.login("farmer0004@market.test").await;
    assert_eq!(farmer.upload(&[("kind", "farm")], 5 << 20).await.0, 201);
    let (status, answer) = farmer.upload(&[("kind", "farm")], (5 << 20) + 1).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (413, &json!("TOO_LARGE")));
    assert_eq!(farmer.upload(&[("kind", "pig")], 10).await.0, 422);
    assert_eq!(farmer.upload(&[("kind", "farm"), ("farmId", "farm_0001")], 10).await.0, 403);
    let customer = client.login("customer0001@market.test").await;
    assert_eq!(customer.upload(&[("kind", "farm")], 10).await.0, 403);
    market.shutdown().await;
}

#[tokio::test]
async fn every_api_answer_names_its_queries() {
    let (market, client) = market(Config::default()).await;
    let timing = async |path: &str| {
        let answer = client.request(Method::GET, path).send().await.expect("an answer");
        answer.headers()["server-timing"].to_str().expect("text").to_owned()
    };
    let names = |header: &str| {
        let entries = header.split(", ").map(|entry| entry.split(";dur=").next().expect("a name"));
        entries.map(str::to_owned).collect::<Vec<_>>()
    };
    let db = |name: &str| format!("db;desc=\"{name}\"");
    let list = timing("/api/farms?limit=1").await;
    assert_eq!(names(&list), [db("farm.findMany"), db("farm.count"), "app".to_owned()]);
    let detail = timing("/api/farms/farm_0001").await;
    let want =
        ["farm.findUnique", "product.findMany", "upload.findMany", "review.aggregate"].map(db);
    assert_eq!(names(&detail)[..4], want);
    assert_eq!(names(&timing("/api/nothing").await), ["app"]);
    market.shutdown().await;
}

#[tokio::test]
async fn a_market_on_a_file_survives_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = format!("sqlite://{}/market.db", folder.path().display());
    let config = Config { database, ..Config::default() };
    let (first, client) = market(config.clone()).await;
    let user = client.login("customer0001@market.test").await;
    let before = number(&user.get("/api/orders").await["pagination"], "total");
    user.post("/api/cart/items", json!({ "productId": "prod_00001" }), 201).await;
    user.post("/api/orders", json!({ "payment": "test" }), 201).await;
    first.shutdown().await;
    let (second, client) = market(config).await;
    let user = client.login("customer0001@market.test").await;
    assert_eq!(number(&user.get("/api/orders").await["pagination"], "total"), before + 1);
    second.shutdown().await;
}

#[tokio::test]
async fn a_market_that_cannot_start_says_what_to_do() {
    for (database, want) in [
        (
            "postgres://me:secret@127.0.0.1:1/x",
            "cannot open the database `postgres://me:***@127.0.0.1:1/x`: ",
        ),
        ("sqlite:///nowhere/at/all.db", "cannot open the database `sqlite:///nowhere/at/all.db`: "),
        ("mysql://x", "cannot open the database `mysql://x`: "),
    ] {
        let config = Config { database: database.to_owned(), ..Config::default() };
        let error = farmers_market::Market::start(config).await.expect_err(database).to_string();
        assert!(error.starts_with(want) && error.contains("\nhint: "), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    let (market, _client) = market(Config::default()).await;
    let config = Config { listen: market.address(), ..Config::default() };
    let error = farmers_market::Market::start(config).await.expect_err("taken").to_string();
    assert!(error.starts_with(&format!("cannot listen on `{}`", market.address())), "{error}");
    market.shutdown().await;
}
