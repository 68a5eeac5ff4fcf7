//! Farms and their products.

use super::{Arg, CITIES, Dice, PER_FARM, Plan, TERMS, Table, args, at, cycle, farm_id, int};

const STATES: [&str; 12] = ["OR", "WA", "CA", "OR", "ID", "WA", "CA", "OR", "ID", "WA", "CA", "OR"];
const KINDS: [&str; 10] =
    ["Green", "Sunny", "Old", "Red", "Quiet", "Willow", "Maple", "Stone", "River", "Golden"];
const PLACES: [&str; 10] =
    ["Acre", "Barn", "Field", "Hollow", "Meadow", "Orchard", "Pasture", "Ridge", "Valley", "Creek"];
const STREETS: [&str; 5] =
    ["Mill Road", "Station Road", "Orchard Lane", "Creek Road", "Hill Street"];
const QUALITIES: [&str; 8] =
    ["Heirloom", "Organic", "Fresh", "Baby", "Sweet", "Wild", "Early", "Market"];
const CATEGORIES: [&str; 20] = [
    "FRUIT",
    "VEGETABLES",
    "HERBS",
    "VEGETABLES",
    "FRUIT",
    "VEGETABLES",
    "DAIRY",
    "FRUIT",
    "PANTRY",
    "DAIRY",
    "VEGETABLES",
    "PANTRY",
    "VEGETABLES",
    "VEGETABLES",
    "VEGETABLES",
    "FRUIT",
    "VEGETABLES",
    "VEGETABLES",
    "VEGETABLES",
    "VEGETABLES",
];

/// All farms. The first twelve make sure that every city has a certified one.
pub(super) fn farms(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let settled = plan.counts.farms - plan.counts.applicants;
    let rows = (0..plan.counts.farms).map(move |index| {
        let mut dice = Dice::new(plan, 3, index);
        let applicant = index >= settled;
        let status = match index {
            _ if applicant => "PENDING",
            _ if index.rem_euclid(40) == 39 => "REJECTED",
            _ => "APPROVED",
        };
        let certified = index < 12 || index.rem_euclid(3) != 1;
        let (kind, place) = (dice.pick(&KINDS), dice.pick(&PLACES));
        let city = cycle(&CITIES, index);
        args![
            farm_id(index),
            format!("{kind} {place} Farm"),
            format!("Family farm near {city}, {} acres, open to visitors.", 5 + dice.below(200)),
            format!("{} {}", 1 + dice.below(400), dice.pick(&STREETS)),
            city,
            cycle(&STATES, index),
            format!("{:05}", 10_000 + dice.below(89_999)),
            certified,
            status,
            format!("farmer_{:04}", index + 1),
            applicant,
            at(index),
            at(1_000_000 + index * 3_600),
            at(1_000_000 + index * 3_600),
        ]
    });
    let columns = &[
        "id",
        "name",
        "description",
        "address",
        "city",
        "state",
        "zipCode",
        "certified",
        "status",
        "ownerId",
        "applicant",
        "decidedAt",
        "createdAt",
        "updatedAt",
    ];
    Table { name: "Farm", columns, rows }
}

/// All products, farm after farm.
pub(super) fn products(plan: Plan) -> Table<impl Iterator<Item = Vec<Arg>>> {
    let rows = (0..plan.counts.farms * PER_FARM).map(move |index| {
        let mut dice = Dice::new(plan, 5, index);
        let Product { id, name, price } = product(plan, index);
        args![
            id,
            farm_id(index.div_euclid(PER_FARM)),
            &name,
            format!("{name}, picked on the morning of the market."),
            cycle(&CATEGORIES, term(index)),
            price,
            int(200 + dice.below(2_000)),
            at(1_500_000 + index * 300),
            at(1_500_000 + index * 300),
        ]
    });
    let columns = &[
        "id",
        "farmId",
        "name",
        "description",
        "category",
        "price",
        "stock",
        "createdAt",
        "updatedAt",
    ];
    Table { name: "Product", columns, rows }
}

/// A product as orders know it.
pub(super) struct Product {
    pub(super) id: String,
    pub(super) name: String,
    /// In cents.
    pub(super) price: i64,
}

/// The product with this number.
pub(super) fn product(plan: Plan, index: u64) -> Product {
    let mut dice = Dice::new(plan, 4, index);
    Product {
        id: format!("prod_{:05}", index + 1),
        name: format!("{} {}", dice.pick(&QUALITIES), cycle(&TERMS, term(index))),
        price: int(100 + 5 * dice.below(400)),
    }
}

/// Which term a product has.
fn term(index: u64) -> u64 {
    index.rem_euclid(PER_FARM)
}
