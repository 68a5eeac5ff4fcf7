//! The tables, named as Prisma names them.

use sqlx::SqlSafeStr;

use super::{Arg, DbError, Tx};

/// All tables, dependants first.
pub(crate) const TABLES: [&str; 12] = [
    "MarketMeta",
    "Notification",
    "PasswordReset",
    "Session",
    "Upload",
    "CartItem",
    "OrderItem",
    "Order",
    "Review",
    "Product",
    "Farm",
    "User",
];

const CREATE: &[&str] = &[
    r#"CREATE TABLE "MarketMeta" ("key" TEXT PRIMARY KEY, "value" TEXT NOT NULL)"#,
    r#"CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "email" TEXT NOT NULL, "name" TEXT NOT NULL,
        "role" TEXT NOT NULL, "passwordHash" TEXT NOT NULL, "createdAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "Farm" ("id" TEXT PRIMARY KEY, "name" TEXT NOT NULL, "description" TEXT NOT NULL,
        "address" TEXT NOT NULL, "city" TEXT NOT NULL, "state" TEXT NOT NULL, "zipCode" TEXT NOT NULL,
        "certified" BIGINT NOT NULL, "status" TEXT NOT NULL, "ownerId" TEXT NOT NULL,
        "applicant" BIGINT NOT NULL, "decidedAt" TEXT NOT NULL, "createdAt" TEXT NOT NULL,
        "updatedAt" TEXT NOT NULL, "deletedAt" TEXT)"#,
    r#"CREATE TABLE "Product" ("id" TEXT PRIMARY KEY, "farmId" TEXT NOT NULL, "name" TEXT NOT NULL,
        "description" TEXT NOT NULL, "category" TEXT NOT NULL, "price" BIGINT NOT NULL,
        "stock" BIGINT NOT NULL, "createdAt" TEXT NOT NULL, "updatedAt" TEXT NOT NULL,
        "deletedAt" TEXT)"#,
    r#"CREATE TABLE "Review" ("id" TEXT PRIMARY KEY, "farmId" TEXT NOT NULL, "userId" TEXT NOT NULL,
        "rating" BIGINT NOT NULL, "comment" TEXT NOT NULL, "createdAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "CartItem" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL,
        "productId" TEXT NOT NULL, "quantity" BIGINT NOT NULL, "createdAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "Order" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL, "farmId" TEXT,
        "checkoutId" TEXT, "status" TEXT NOT NULL, "paymentStatus" TEXT NOT NULL,
        "total" BIGINT NOT NULL, "createdAt" TEXT NOT NULL, "updatedAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "OrderItem" ("id" TEXT PRIMARY KEY, "orderId" TEXT NOT NULL,
        "productId" TEXT NOT NULL, "farmId" TEXT NOT NULL, "name" TEXT NOT NULL,
        "price" BIGINT NOT NULL, "quantity" BIGINT NOT NULL)"#,
    r#"CREATE TABLE "Upload" ("id" TEXT PRIMARY KEY, "kind" TEXT NOT NULL, "ownerRef" TEXT NOT NULL,
        "contentType" TEXT NOT NULL, "bytes" BIGINT NOT NULL, "createdAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "Notification" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL,
        "orderId" TEXT, "kind" TEXT NOT NULL, "message" TEXT NOT NULL, "read" BIGINT NOT NULL,
        "createdAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "PasswordReset" ("token" TEXT PRIMARY KEY, "userId" TEXT NOT NULL,
        "expiresAt" TEXT NOT NULL)"#,
    r#"CREATE TABLE "Session" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL,
        "expiresAt" TEXT NOT NULL)"#,
];

const INDEXES: &[&str] = &[
    r#"CREATE UNIQUE INDEX "User_email_key" ON "User" ("email")"#,
    r#"CREATE INDEX "User_role_idx" ON "User" ("role", "createdAt", "id")"#,
    r#"CREATE INDEX "User_createdAt_idx" ON "User" ("createdAt", "id")"#,
    r#"CREATE INDEX "Farm_status_idx" ON "Farm" ("status", "deletedAt", "createdAt", "id")"#,
    r#"CREATE INDEX "Farm_city_idx" ON "Farm" ("city", "certified", "status")"#,
    r#"CREATE INDEX "Farm_ownerId_idx" ON "Farm" ("ownerId")"#,
    r#"CREATE INDEX "Product_farmId_idx" ON "Product" ("farmId", "deletedAt", "createdAt", "id")"#,
    r#"CREATE INDEX "Product_category_idx" ON "Product" ("category", "deletedAt", "createdAt", "id")"#,
    r#"CREATE INDEX "Product_createdAt_idx" ON "Product" ("deletedAt", "createdAt", "id", "name")"#,
    r#"CREATE INDEX "Review_farmId_idx" ON "Review" ("farmId", "createdAt", "id")"#,
    r#"CREATE UNIQUE INDEX "CartItem_userId_productId_key" ON "CartItem" ("userId", "productId")"#,
    r#"CREATE INDEX "Order_userId_idx" ON "Order" ("userId", "createdAt", "id")"#,
    r#"CREATE INDEX "Order_createdAt_idx" ON "Order" ("createdAt", "id")"#,
    r#"CREATE INDEX "Order_status_idx" ON "Order" ("status", "createdAt", "id")"#,
    r#"CREATE INDEX "Order_payment_idx" ON "Order" ("paymentStatus", "total")"#,
    r#"CREATE UNIQUE INDEX "Order_checkoutId_key" ON "Order" ("checkoutId")"#,
    r#"CREATE INDEX "OrderItem_orderId_idx" ON "OrderItem" ("orderId")"#,
    r#"CREATE INDEX "OrderItem_farmId_idx" ON "OrderItem" ("farmId", "orderId", "price", "quantity")"#,
    r#"CREATE INDEX "Upload_ownerRef_idx" ON "Upload" ("ownerRef", "createdAt")"#,
    r#"CREATE INDEX "Notification_userId_idx" ON "Notification" ("userId", "createdAt", "id")"#,
    r#"CREATE INDEX "Session_userId_idx" ON "Session" ("userId")"#,
];

/// Makes the tables; a bare database is needed.
pub(crate) async fn create_tables(tx: &mut Tx<'_>) -> Result<(), DbError> {
    each(tx, CREATE).await
}

/// Makes the indexes; after the rows, because that is faster.
pub(crate) async fn create_indexes(tx: &mut Tx<'_>) -> Result<(), DbError> {
    each(tx, INDEXES).await?;
    each(tx, &["ANALYZE"]).await
}

/// Removes the tables of an earlier market.
pub(crate) async fn drop_tables(tx: &mut Tx<'_>) -> Result<(), DbError> {
    for table in TABLES {
        let drop = super::sql(format!(r#"DROP TABLE IF EXISTS "{table}""#));
        tx.all("schema", drop, Vec::<Arg>::new()).await?;
    }
    Ok(())
}

async fn each(tx: &mut Tx<'_>, statements: &[&'static str]) -> Result<(), DbError> {
    for statement in statements {
        tx.all("schema", statement.into_sql_str(), Vec::<Arg>::new()).await?;
    }
    Ok(())
}
