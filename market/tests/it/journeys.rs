//! The three journeys, line by line, on both databases.

use farmers_market::{CITIES, Config, TERMS};
use reqwest::Method;
use serde_json::json;

use crate::client::{Client, list, market, number, text};
use crate::postgres::Postgres;

#[tokio::test]
async fn all_journeys_work_on_sqlite() {
    let (market, client) = market(Config::default()).await;
    all(&client).await;
    market.shutdown().await;
}

#[tokio::test]
async fn all_journeys_work_on_postgresql() {
    let postgres = tokio::task::spawn_blocking(Postgres::start).await.expect("a server");
    let config = Config { database: postgres.url(), ..Config::default() };
    let (first, client) = market(config.clone()).await;
    all(&client).await;
    let orders = number(
        &client.login("admin01@market.test").await.get("/api/admin/dashboard").await["orders"],
        "total",
    );
    first.shutdown().await;
    // The same seed and size: what is there is kept.
    let (second, client) = market(config.clone()).await;
    let kept = client.login("admin01@market.test").await.get("/api/admin/dashboard").await;
    assert_eq!(number(&kept["orders"], "total"), orders);
    second.shutdown().await;
    // Another seed: all is new.
    let (third, client) = market(Config { seed: 7, ..config }).await;
    let fresh = client.login("admin01@market.test").await.get("/api/admin/dashboard").await;
    assert_eq!(number(&fresh["orders"], "total"), 2_000);
    third.shutdown().await;
}

async fn all(client: &Client) {
    guide(client).await;
    search_data(client).await;
    customer(client).await;
    farmer(client).await;
    admin(client).await;
}

/// The commands of "critical path testing".
async fn guide(client: &Client) {
    let health = client.get("/api/health").await;
    assert_eq!((text(&health, "status"), text(&health, "prisma")), ("healthy", "6.19.0"));
    let db = client.get("/api/health/db").await;
    assert_eq!(text(&db, "status"), "connected");
    assert!(db["latency"].as_f64().expect("ms") > 0.0);
    let metrics = client.get("/api/health/metrics").await;
    assert!(number(&metrics["memory"], "rss") > 1_000_000, "{metrics}");
    assert_eq!(number(&metrics["pool"], "max"), 10);
    let user = client.login("test@example.com").await;
    assert_eq!(list(&client.get("/api/farms?limit=5").await, "farms").len(), 5);
    let farm = json!({
        "name": "Prisma 7 Test Farm", "description": "Testing Prisma 7 in staging",
        "address": "123 Test St", "city": "TestCity", "state": "TS", "zipCode": "12345",
    });
    let made = user.post("/api/farms", farm, 201).await;
    let found = client.get("/api/farms?search=Prisma%207%20Test").await;
    assert_eq!(text(&list(&found, "farms")[0], "id"), text(&made, "id"));
    user.delete(&format!("/api/farms/{}", text(&made, "id"))).await;
    let gone = client.get("/api/farms?search=Prisma%207%20Test").await;
    assert_eq!(number(&gone["pagination"], "total"), 0);
}

async fn search_data(client: &Client) {
    for city in CITIES {
        let farms = client.get(&format!("/api/farms?city={city}&certified=true&limit=20")).await;
        for farm in list(&farms, "farms") {
            assert_eq!((text(farm, "city"), &farm["certified"]), (city, &json!(true)));
        }
    }
    for term in TERMS {
        let products = client.get(&format!("/api/products/search?q={}", term.to_lowercase())).await;
        assert!(
            list(&products, "products").iter().all(|product| text(product, "name").ends_with(term))
        );
    }
}

async fn customer(client: &Client) {
    assert!(client.get("/").await.as_str().expect("HTML").contains("<h1>"));
    let farms = client.get("/api/farms?city=Ashford&certified=true").await;
    let farm_id = text(&list(&farms, "farms")[0], "id");
    let farm = client.get(&format!("/api/farms/{farm_id}")).await;
    assert_eq!((text(&farm, "id"), list(&farm, "products").len()), (farm_id, 20));
    assert!(number(&farm["rating"], "count") > 0 && farm["owner"]["name"].is_string());
    list(&client.get(&format!("/api/farms/{farm_id}/reviews")).await, "reviews");
    let products = client.get(&format!("/api/products?farm={farm_id}&limit=50")).await;
    let product = &list(&products, "products")[0];
    let (product_id, price) = (text(product, "id"), number(product, "price"));
    assert_eq!(text(&client.get(&format!("/api/products/{product_id}")).await, "farmId"), farm_id);

    let user = client.login("customer0001@market.test").await;
    let add = json!({ "productId": product_id, "quantity": 2 });
    let item = user.post("/api/cart/items", add.clone(), 201).await;
    let again = user.post("/api/cart/items", add.clone(), 201).await;
    assert_eq!((text(&again, "id"), number(&again, "quantity")), (text(&item, "id"), 4));
    let path = format!("/api/cart/items/{}", text(&item, "id"));
    assert_eq!(number(&user.patch(&path, json!({ "quantity": 3 })).await, "subtotal"), 3 * price);
    assert_eq!(number(&user.get("/api/cart").await, "total"), 3 * price);
    let checkout = user.post("/api/checkout", json!({}), 201).await;
    let pay = format!("/api/checkout/{}/payment", text(&checkout, "checkoutId"));
    let paid = user.post(&pay, json!({ "method": "test" }), 201).await;
    assert_eq!((text(&paid, "status"), number(&paid, "total")), ("PAID", 3 * price));
    assert_eq!(user.post(&pay, json!({ "method": "test" }), 200).await, paid);
    let order_id = text(&paid, "orderId");
    let confirmation = user.get(&format!("/api/orders/{order_id}/confirmation")).await;
    assert_eq!(number(&confirmation, "total"), 3 * price);
    let orders = user.get("/api/orders").await;
    assert_eq!(text(&list(&orders, "orders")[0], "id"), order_id, "newest first");
    let order = user.get(&format!("/api/orders/{order_id}")).await;
    assert_eq!(text(&order["farm"], "id"), farm_id);
    assert_eq!(number(&list(&order, "items")[0], "quantity"), 3);

    user.post("/api/orders", json!({ "payment": "test" }), 409).await;
    user.post("/api/checkout", json!({}), 409).await;
    user.post("/api/cart/items", add.clone(), 201).await;
    let direct = user.post("/api/orders", json!({ "payment": "test" }), 201).await;
    assert_eq!((number(&direct, "total"), text(&direct, "status")), (2 * price, "PENDING"));
    let item = user.post("/api/cart/items", add, 201).await;
    user.delete(&format!("/api/cart/items/{}", text(&item, "id"))).await;
    assert_eq!(number(&user.get("/api/cart").await, "count"), 0);
    // Nobody else sees the order.
    let other = client.login("customer0002@market.test").await;
    other.send(Method::GET, &format!("/api/orders/{order_id}"), None, 404).await;
}

async fn farmer(client: &Client) {
    let farmer = client.login("farmer0001@market.test").await;
    let dashboard = farmer.get("/api/farmer/dashboard").await;
    let farm_id = text(&dashboard["farm"], "id");
    assert!(number(&dashboard, "revenue") > 0 && number(&dashboard["counts"], "products") == 25);
    list(&dashboard, "recentOrders");
    assert_eq!(text(&farmer.get("/api/farmer/farm").await, "id"), farm_id);
    let path = format!("/api/farms/{farm_id}");
    let changed = farmer.patch(&path, json!({ "description": "New \"words\" <b>&</b> ü" })).await;
    assert_eq!(text(&changed, "description"), "New \"words\" <b>&</b> ü");
    let (status, image) = farmer.upload(&[("kind", "farm"), ("farmId", farm_id)], 50_000).await;
    assert_eq!(status.as_u16(), 201, "{image}");
    let saved = client.get(&path).await;
    assert_eq!(text(&saved, "description"), text(&changed, "description"));
    assert_eq!(list(&saved, "images")[0]["url"], image["url"]);
    let bytes = client.request(Method::GET, text(&image, "url")).send().await.expect("an image");
    assert_eq!(bytes.headers()["content-type"], "image/jpeg");
    assert_eq!(bytes.bytes().await.expect("bytes").len(), 50_000);

    let new = json!({ "name": "Purple Carrots", "category": "vegetables", "price": 350 });
    let product = farmer.post("/api/products", new, 201).await;
    let path = format!("/api/products/{}", text(&product, "id"));
    let put = farmer.send(Method::PUT, &path, Some(json!({ "price": 375 })), 200).await;
    assert_eq!((number(&put, "price"), text(&put, "name")), (375, "Purple Carrots"));
    let (status, _) =
        farmer.upload(&[("kind", "product"), ("productId", text(&product, "id"))], 10).await;
    assert_eq!(status.as_u16(), 201);
    assert_eq!(list(&client.get(&path).await, "images").len(), 1);
    farmer.delete(&path).await;
    client.send(Method::GET, &path, None, 404).await;
    farmer.send(Method::DELETE, &path, None, 404).await;
    list(&farmer.get("/api/farmer/products").await, "products");

    let orders = farmer.get("/api/farmer/orders?status=pending").await;
    let order = &list(&orders, "orders")[0];
    let path = format!("/api/orders/{}/status", text(order, "id"));
    let moved = farmer.patch(&path, json!({ "status": "CONFIRMED" })).await;
    assert_eq!(text(&moved, "status"), "CONFIRMED");
    let told = farmer.get("/api/notifications").await;
    assert_eq!(list(&told, "notifications")[0]["orderId"], order["id"]);
    assert!(number(&told, "unread") > 0);
}

async fn admin(client: &Client) {
    let admin = client.login("admin01@market.test").await;
    let dashboard = admin.get("/api/admin/dashboard").await;
    assert_eq!(number(&dashboard["users"], "total"), 2_001);
    assert!(number(&dashboard, "revenue") > 0);
    let users = admin.get("/api/admin/users?search=member&limit=100").await;
    let member = &list(&users, "users")[0];
    assert_eq!(number(&users["pagination"], "total"), 50);
    let path = format!("/api/admin/users/{}", text(member, "id"));
    let token = client.login(text(member, "email")).await;
    for role in ["FARMER", "CUSTOMER"] {
        admin.patch(&format!("{path}/role"), json!({ "role": role })).await;
        assert_eq!(text(&admin.get(&path).await, "role"), role);
        // The login made before the change still counts, with the new role.
        assert_eq!(text(&token.get("/api/auth/session").await["user"], "role"), role);
    }
    let pending = admin.get("/api/admin/farms?status=pending").await;
    let farm = format!("/api/admin/farms/{}", text(&list(&pending, "farms")[0], "id"));
    for (word, status) in [("approve", "APPROVED"), ("approve", "APPROVED"), ("reject", "REJECTED")]
    {
        let decided = admin.send(Method::POST, &format!("{farm}/{word}"), None, 200).await;
        assert_eq!(text(&decided, "status"), status);
        assert_eq!(text(&admin.get(&farm).await, "status"), status);
    }
    list(&admin.get("/api/admin/orders?status=completed").await, "orders");
}
