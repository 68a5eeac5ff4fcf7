//! What answers are made of, and how rows become it.

use serde::Serialize;

use crate::db::{DbError, Row};

/// A farm in the public's eyes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Farm {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) address: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip_code: String,
    pub(crate) certified: bool,
    pub(crate) status: String,
    pub(crate) owner_id: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// The columns of a [`Farm`], of a table called `f`.
pub(crate) const FARM: &str = r#"f."id", f."name", f."description", f."address", f."city", f."state", f."zipCode",
    f."certified", f."status", f."ownerId", f."createdAt", f."updatedAt""#;

impl Farm {
    pub(crate) fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.text()?,
            name: row.text()?,
            description: row.text()?,
            address: row.text()?,
            city: row.text()?,
            state: row.text()?,
            zip_code: row.text()?,
            certified: row.flag()?,
            status: row.text()?,
            owner_id: row.text()?,
            created_at: row.text()?,
            updated_at: row.text()?,
        })
    }
}

/// A product with the name of its farm.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) farm_id: String,
    pub(crate) farm_name: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) category: String,
    pub(crate) price: i64,
    pub(crate) stock: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// The columns of a [`Product`].
pub(crate) const PRODUCT: &str = r#"p."id", p."farmId", f."name", p."name", p."description", p."category", p."price",
    p."stock", p."createdAt", p."updatedAt""#;
/// Where they come from.
pub(crate) const PRODUCT_FROM: &str = r#""Product" p JOIN "Farm" f ON f."id" = p."farmId""#;

impl Product {
    pub(crate) fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.text()?,
            farm_id: row.text()?,
            farm_name: row.text()?,
            name: row.text()?,
            description: row.text()?,
            category: row.text()?,
            price: row.int()?,
            stock: row.int()?,
            created_at: row.text()?,
            updated_at: row.text()?,
        })
    }
}

/// An order without its items.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) farm_id: Option<String>,
    pub(crate) checkout_id: Option<String>,
    pub(crate) status: String,
    pub(crate) payment_status: String,
    pub(crate) total: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// The columns of an [`Order`], of a table called `o`.
pub(crate) const ORDER: &str = r#"o."id", o."userId", o."farmId", o."checkoutId", o."status", o."paymentStatus", o."total",
    o."createdAt", o."updatedAt""#;

impl Order {
    pub(crate) fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.text()?,
            user_id: row.text()?,
            farm_id: row.optional_text()?,
            checkout_id: row.optional_text()?,
            status: row.text()?,
            payment_status: row.text()?,
            total: row.int()?,
            created_at: row.text()?,
            updated_at: row.text()?,
        })
    }
}

/// Somebody or something by name.
#[derive(Debug, Serialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Named {
    pub(crate) fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self { id: row.text()?, name: row.text()? })
    }
}

/// An order in the eyes of who has to work on it.
#[derive(Debug, Serialize)]
pub(crate) struct OrderWithCustomer {
    #[serde(flatten)]
    order: Order,
    customer: Named,
}

/// The columns of an [`OrderWithCustomer`].
pub(crate) const ORDER_WITH_CUSTOMER: &str = r#"o."id", o."userId", o."farmId", o."checkoutId", o."status", o."paymentStatus",
    o."total", o."createdAt", o."updatedAt", u."id", u."name""#;
/// Where they come from.
pub(crate) const ORDER_WITH_CUSTOMER_FROM: &str =
    r#""Order" o JOIN "User" u ON u."id" = o."userId""#;

impl OrderWithCustomer {
    pub(crate) fn read(row: &mut Row) -> Result<Self, DbError> {
        Ok(Self { order: Order::read(row)?, customer: Named::read(row)? })
    }
}

/// An item of an order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderItem {
    pub(crate) id: String,
    pub(crate) product_id: String,
    pub(crate) farm_id: String,
    pub(crate) name: String,
    pub(crate) price: i64,
    pub(crate) quantity: i64,
    pub(crate) subtotal: i64,
}

impl OrderItem {
    pub(crate) fn read(row: &mut Row) -> Result<Self, DbError> {
        let id = row.text()?;
        let (product_id, farm_id, name) = (row.text()?, row.text()?, row.text()?);
        let (price, quantity) = (row.int()?, row.int()?);
        let subtotal = price.saturating_mul(quantity);
        Ok(Self { id, product_id, farm_id, name, price, quantity, subtotal })
    }
}

/// An image by its address.
#[derive(Debug, Serialize)]
pub(crate) struct ImageLink {
    id: String,
    url: String,
}

impl ImageLink {
    pub(crate) fn new(id: String) -> Self {
        let url = format!("/uploads/{id}");
        Self { id, url }
    }
}
