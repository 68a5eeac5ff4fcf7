//! The market's data, the same for the same seed and size.

mod goods;
mod people;
mod trade;

use std::time::Duration;

use crate::clock;
use crate::db::{
    Arg, Db, DbError, TABLES, Tx, args, create_indexes, create_tables, drop_tables, sql,
};
use crate::faults::mix;

/// How much data there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// About a tenth; starts at once.
    Small,
    /// 200 farms, 5,000 products, 2,001 users, 20,000 orders.
    Full,
}

impl Size {
    /// As it is written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Full => "full",
        }
    }
}

/// The cities; each has approved and certified farms in both sizes.
pub const CITIES: [&str; 12] = [
    "Ashford",
    "Brookfield",
    "Cedarville",
    "Dunmore",
    "Eastwick",
    "Fairview",
    "Glenwood",
    "Hillcrest",
    "Ironton",
    "Juniper",
    "Kingsley",
    "Lakeside",
];

/// The terms by which products are found; every farm has each.
pub const TERMS: [&str; 20] = [
    "Apples",
    "Asparagus",
    "Basil",
    "Beets",
    "Blueberries",
    "Carrots",
    "Cheese",
    "Cherries",
    "Cider",
    "Eggs",
    "Garlic",
    "Honey",
    "Kale",
    "Lettuce",
    "Mushrooms",
    "Peaches",
    "Potatoes",
    "Pumpkin",
    "Spinach",
    "Tomatoes",
];

/// The password of all seeded accounts.
pub const PASSWORD: &str = "TestPassword123";

/// Products of each seeded farm: every term once, a quarter of them twice.
const PER_FARM: u64 = 25;
/// 2025-01-01, when the seeded market began.
const EPOCH_SECONDS: u64 = 1_735_689_600;
/// Parameters of one `INSERT`. SQLite would take 32,766, but looks each `$n` up in a list from its beginning.
const PARAMETERS: usize = 400;

/// How many of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) farms: u64,
    /// The last of the farms: pending, and again after a while.
    pub(crate) applicants: u64,
    customers: u64,
    admins: u64,
    members: u64,
    orders: u64,
}

/// What is to be made.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seed: u64,
    counts: Counts,
}

/// A table and its rows.
struct Table<I> {
    name: &'static str,
    columns: &'static [&'static str],
    rows: I,
}

/// Which seed made the data, kept in the database; the number changes when the data does.
fn label(seed: u64, size: Size) -> String {
    format!("2 {seed} {}", size.as_str())
}

/// The small market has the accounts, farms and products of the full one, so that the same
/// journeys fit both, and a tenth of its orders.
const SMALL: Counts =
    Counts { farms: 200, applicants: 40, customers: 1_730, admins: 20, members: 50, orders: 2_000 };

/// How many of everything there are in a size.
pub(crate) fn counts(size: Size) -> Counts {
    match size {
        Size::Full => Counts { orders: 20_000, ..SMALL },
        Size::Small => SMALL,
    }
}

/// How many farms wait for a decision at least.
pub(crate) fn least_pending(size: Size) -> i64 {
    int(counts(size).applicants.div_euclid(4))
}

/// Why there is no data.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A query failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Somebody else's tables.
    #[error(
        "the database has a table `User` that the market did not make\nhint: name an empty database; the market would replace its tables"
    )]
    Foreign,
}

/// Brings the database to the wanted data, unless it has it already.
pub(crate) async fn prepare(db: &Db, seed: u64, size: Size) -> Result<(), SeedError> {
    let select = r#"SELECT "value" FROM "MarketMeta" WHERE "key" = 'seed'"#;
    let known = match db.read_one("meta.findUnique", select, Vec::new()).await {
        Ok(row) => row.map(|mut row| row.text()).transpose()?,
        Err(DbError::Sql(sqlx::Error::Database(_))) => {
            let user = db.read(r"user.count", r#"SELECT COUNT(*) FROM "User""#, Vec::new()).await;
            if user.is_ok() {
                return Err(SeedError::Foreign);
            }
            None
        }
        Err(error) => return Err(error.into()),
    };
    let label = label(seed, size);
    if known.as_ref() == Some(&label) {
        return Ok(());
    }
    let plan = Plan { seed, counts: counts(size) };
    let mut tx = db.begin().await?;
    drop_tables(&mut tx).await?;
    create_tables(&mut tx).await?;
    fill(&mut tx, plan).await?;
    create_indexes(&mut tx).await?;
    let insert = r#"INSERT INTO "MarketMeta" ("key", "value") VALUES ('seed', $1)"#;
    tx.all("meta.create", insert, args![label]).await?;
    tx.commit().await?;
    Ok(())
}

async fn fill(tx: &mut Tx<'_>, plan: Plan) -> Result<(), DbError> {
    insert(tx, people::users(plan)).await?;
    insert(tx, goods::farms(plan)).await?;
    insert(tx, goods::products(plan)).await?;
    insert(tx, people::reviews(plan)).await?;
    insert(tx, trade::orders(plan)).await?;
    insert(tx, trade::items(plan)).await?;
    insert(tx, trade::notifications(plan)).await
}

async fn insert(
    tx: &mut Tx<'_>,
    Table { name, columns, rows }: Table<impl Iterator<Item = Vec<Arg>>>,
) -> Result<(), DbError> {
    let per_batch = PARAMETERS.div_euclid(columns.len().max(1));
    let mut batch: Vec<Arg> = Vec::with_capacity(PARAMETERS);
    let mut rows = rows.peekable();
    while let Some(row) = rows.next() {
        batch.extend(row);
        if rows.peek().is_none() || batch.len() >= per_batch * columns.len() {
            let statement = insert_text(name, columns, batch.len());
            tx.all("seed", sql(statement), std::mem::take(&mut batch)).await?;
        }
    }
    Ok(())
}

fn insert_text(table: &str, columns: &[&str], parameters: usize) -> String {
    let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    let numbers: Vec<String> = (1..=parameters).map(|number| format!("${number}")).collect();
    let rows: Vec<String> =
        numbers.chunks(columns.len().max(1)).map(|row| format!("({})", row.join(","))).collect();
    debug_assert!(TABLES.contains(&table));
    format!("INSERT INTO \"{table}\" ({}) VALUES {}", names.join(","), rows.join(","))
}

/// Random numbers that depend on the seed, on what they are for and on which one it is, and on nothing
/// else: each row can be made without those before it.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new(plan: Plan, purpose: u64, index: u64) -> Self {
        Self(mix(plan.seed ^ mix(purpose)) ^ mix(index))
    }

    /// From 0 to below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = mix(self.0);
        (self.0 >> 16).rem_euclid(end.max(1))
    }

    /// One of these.
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let length = u64::try_from(from.len()).unwrap_or(u64::MAX);
        let at = usize::try_from(self.below(length)).unwrap_or(0);
        from.get(at).copied().unwrap_or_default()
    }
}

/// One of a list, around and around.
fn cycle<'a>(from: &[&'a str], index: u64) -> &'a str {
    let length = u64::try_from(from.len()).unwrap_or(u64::MAX).max(1);
    let at = usize::try_from(index.rem_euclid(length)).unwrap_or(0);
    from.get(at).copied().unwrap_or_default()
}

/// A time since the seeded market began.
fn at(seconds: u64) -> String {
    clock::iso(Duration::from_secs(EPOCH_SECONDS.saturating_add(seconds)))
}

/// A number for the database.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn farm_id(index: u64) -> String {
    format!("farm_{:04}", index + 1)
}

fn customer_id(index: u64) -> String {
    format!("customer_{:04}", index + 1)
}

#[cfg(test)]
mod tests;
