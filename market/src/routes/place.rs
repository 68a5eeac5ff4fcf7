//! From cart to order, in one transaction.

use crate::app::App;
use crate::db::{Arg, DbError, Tx, args, sql};
use crate::error::ApiError;
use crate::model::{Order, OrderItem};
use crate::{clock, ids};

/// An order just made.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) order: Order,
    pub(super) items: Vec<OrderItem>,
}

/// Makes an order of all that is in the user's cart. With a checkout it still has to be paid.
pub(super) async fn place(
    app: &App,
    user: &str,
    checkout: Option<String>,
) -> Result<Placed, ApiError> {
    let mut tx = app.db.begin().await?;
    // What is deleted here nobody else can order: of two orders at a time one gets the cart.
    let take = r#"DELETE FROM "CartItem" WHERE "userId" = $1 RETURNING "productId", "quantity""#;
    let rows = tx.all("cartItem.deleteMany", take, args![user]).await?;
    let mut wanted = rows
        .into_iter()
        .map(|mut row| Ok((row.text()?, row.int()?)))
        .collect::<Result<Vec<(String, i64)>, DbError>>()?;
    // In one order for everybody, so that transactions do not wait for each other in a circle.
    wanted.sort();
    let mut items = Vec::with_capacity(wanted.len());
    for (product, quantity) in wanted {
        items.extend(reserve(&mut tx, product, quantity).await?);
    }
    if items.is_empty() {
        tx.rollback().await?;
        return Err(ApiError::conflict("CART_EMPTY", "the cart is empty"));
    }
    let now = clock::wall_text();
    let order = Order {
        id: ids::new("order"),
        user_id: user.to_owned(),
        farm_id: only_farm(&items),
        payment_status: if checkout.is_some() { "UNPAID" } else { "PAID" }.to_owned(),
        checkout_id: checkout,
        status: "PENDING".to_owned(),
        total: items.iter().map(|item| item.subtotal).sum(),
        created_at: now.clone(),
        updated_at: now,
    };
    insert(&mut tx, &order, &items).await?;
    tx.commit().await?;
    Ok(Placed { order, items })
}

/// Takes a product from the stock; nothing when it is not sold any more.
async fn reserve(
    tx: &mut Tx<'_>,
    product_id: String,
    quantity: i64,
) -> Result<Option<OrderItem>, DbError> {
    // A market that can be sold out would end every long load test with errors; so the farm delivers.
    let update = r#"UPDATE "Product" SET "stock" = CASE WHEN "stock" > $2 THEN "stock" - $2
        ELSE "stock" - $2 + 1000 END WHERE "id" = $1 AND "deletedAt" IS NULL
        RETURNING "farmId", "name", "price""#;
    let Some(mut row) = tx.one("product.update", update, args![&product_id, quantity]).await?
    else {
        return Ok(None);
    };
    let (farm_id, name, price) = (row.text()?, row.text()?, row.int()?);
    let subtotal = price.saturating_mul(quantity);
    Ok(Some(OrderItem { id: ids::new("oi"), product_id, farm_id, name, price, quantity, subtotal }))
}

/// The farm, when all comes from one.
fn only_farm(items: &[OrderItem]) -> Option<String> {
    let (first, rest) = items.split_first()?;
    rest.iter().all(|item| item.farm_id == first.farm_id).then(|| first.farm_id.clone())
}

async fn insert(tx: &mut Tx<'_>, order: &Order, items: &[OrderItem]) -> Result<(), DbError> {
    let text = r#"INSERT INTO "Order" ("id", "userId", "farmId", "checkoutId", "status", "paymentStatus",
        "total", "createdAt", "updatedAt") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"#;
    let args = args![
        &order.id,
        &order.user_id,
        order.farm_id.as_ref(),
        order.checkout_id.as_ref(),
        &order.status,
        &order.payment_status,
        order.total,
        &order.created_at,
    ];
    tx.all("order.create", text, args).await?;
    let mut rows = Vec::with_capacity(items.len());
    let mut args: Vec<Arg> = Vec::with_capacity(7 * items.len());
    for item in items {
        let numbers: Vec<String> = (1..=7).map(|n| format!("${}", args.len() + n)).collect();
        rows.push(format!("({})", numbers.join(",")));
        args.extend(args![
            &item.id,
            &order.id,
            &item.product_id,
            &item.farm_id,
            &item.name,
            item.price,
            item.quantity
        ]);
    }
    let text = format!(
        r#"INSERT INTO "OrderItem" ("id", "orderId", "productId", "farmId", "name", "price", "quantity")
            VALUES {}"#,
        rows.join(",")
    );
    tx.all("orderItem.createMany", sql(text), args).await?;
    Ok(())
}
