//! Orders of the past.

use super::goods::product;
use super::{Arg, Dice, PER_FARM, Plan, Table, args, at, customer_id, farm_id, int};

/// Orders whose customers were notified.
const NOTIFIED: u64 = 500;

/// An order before it becomes rows.
struct Order {
    id: String,
    user: String,
    farm: String,
    status: &'static str,
    created: String,
    items: Vec<Item>,
}

struct Item {
    product: u64,
    quantity: i64,
}

/// The order with this number: one to four different products of one farm.
fn order(plan: Plan, index: u64) -> Order {
    let mut dice = Dice::new(plan, 6, index);
    let settled = plan.counts.farms - plan.counts.applicants;
    let farm = dice.below(settled);
    let first = dice.below(PER_FARM);
    let items = (0..=dice.below(4))
        .map(|step| Item {
            // Steps of 7 never meet within 25 products.
            product: farm * PER_FARM + (first + 7 * step).rem_euclid(PER_FARM),
            quantity: int(1 + dice.below(5)),
        })
        .collect();
    let status = match dice.below(100) {
        0..10 => "PENDING",
        10..20 => "CONFIRMED",
        20..30 => "READY",
        30..35 => "CANCELLED",
        _ => "COMPLETED",
    };
    Order {
        id: format!("order_{:05}", index + 1),
        user: customer_id(dice.below(plan.counts.customers)),
        farm: farm_id(farm),
        status,
        // Some 230 days in full size.
        created: at(3_000_000 + index * 1_000),
        items,
    }
}

/// All orders.
pub(super) fn orders(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let rows = (0..plan.counts.orders).map(move |index| {
        let order = order(plan, index);
        let total: i64 =
            order.items.iter().map(|item| product(plan, item.product).price * item.quantity).sum();
        let payment = if order.status == "CANCELLED" { "REFUNDED" } else { "PAID" };
        let created = order.created;
        args![
            order.id,
            order.user,
            order.farm,
            None::<&str>,
            order.status,
            payment,
            total,
            &created,
            &created
        ]
    });
    let columns = &[
        "id",
        "userId",
        "farmId",
        "checkoutId",
        "status",
        "paymentStatus",
        "total",
        "createdAt",
        "updatedAt",
    ];
    Table { name: "Order", columns, rows }
}

/// The items of all orders.
pub(super) fn items(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let rows = (0..plan.counts.orders).flat_map(move |index| {
        let order = order(plan, index);
        let (order_id, farm) = (order.id, order.farm);
        (1..).zip(order.items).map(move |(place, item): (u64, Item)| {
            let product = product(plan, item.product);
            let id = format!("{order_id}_{place}");
            args![id, &order_id, product.id, &farm, product.name, product.price, item.quantity]
        })
    });
    let columns = &["id", "orderId", "productId", "farmId", "name", "price", "quantity"];
    Table { name: "OrderItem", columns, rows }
}

/// What customers of the last orders were told.
pub(super) fn notifications(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let orders = plan.counts.orders;
    let rows = (orders.saturating_sub(NOTIFIED)..orders).map(move |index| {
        let order = order(plan, index);
        let message = format!("Order {} is {}", order.id, order.status.to_lowercase());
        let id = format!("note_{:05}", index + 1);
        args![id, order.user, order.id, "ORDER_STATUS", message, false, order.created]
    });
    let columns = &["id", "userId", "orderId", "kind", "message", "read", "createdAt"];
    Table { name: "Notification", columns, rows }
}
